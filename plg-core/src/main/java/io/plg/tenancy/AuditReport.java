package io.plg.tenancy;

import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * What an audit of a database's isolation found.
 *
 * @param database product and version, such as {@code PostgreSQL 18.6}
 * @param role the role that was audited: the one the application's statements run as
 * @param tables the tenant tables that were looked at, as {@code schema.table}
 * @param findings every fault, the worst first
 * @param notProbed what the active probe could not try and why; empty if it tried everything or was not asked to
 */
public record AuditReport(
        String database, String role, List<String> tables, List<Finding> findings, List<String> notProbed) {

    /** Copies the lists and puts the worst findings first. */
    public AuditReport {
        Objects.requireNonNull(database, "database");
        Objects.requireNonNull(role, "role");
        tables = List.copyOf(tables);
        findings = findings.stream()
                .sorted(Comparator.comparing(Finding::severity)
                        .thenComparing(finding -> finding.check().startsWith("probe")) // what explains it comes first
                        .thenComparing(Finding::object)
                        .thenComparing(Finding::check)
                        .thenComparing(Finding::problem))
                .toList();
        notProbed = List.copyOf(notProbed);
    }

    /**
     * Tells whether the audit found nothing.
     *
     * @return {@code true} if there are no findings
     */
    public boolean isolated() {
        return findings.isEmpty();
    }

    /**
     * Returns the remedies of all findings as one script, the worst finding's first.
     *
     * @return SQL, empty if there are no findings
     */
    public String remedies() {
        return findings.stream()
                .map(Finding::remedy)
                .distinct()
                .map(remedy -> remedy + "\n")
                .collect(Collectors.joining());
    }

    /** Returns the report as text: what was audited, the verdict, one line for each finding. */
    @Override
    public String toString() {
        String verdict = isolated()
                ? "isolated"
                : "NOT ISOLATED, " + findings.size() + (findings.size() == 1 ? " finding" : " findings");
        var text = new StringBuilder(database + ", role " + role + ", " + tables.size() + " tenant "
                + (tables.size() == 1 ? "table" : "tables") + ": " + verdict);
        findings.forEach(finding -> text.append("\n  ").append(finding));
        notProbed.forEach(each -> text.append("\n  not probed: ").append(each));
        return text.toString();
    }
}
