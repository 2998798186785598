package io.plg.audit;

import io.plg.tenancy.Severity;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Rights on tables and sequences that policies do not hold back, and whom they were given to. */
final class Grants {
    private static final Set<String> OF_ROWS = Set.of("SELECT", "INSERT", "UPDATE", "DELETE");
    private static final Set<String> WRITING = Set.of("INSERT", "UPDATE", "DELETE");

    private final Catalog catalog;
    private final Findings findings;
    private final Map<Long, Guarded> tables;
    private final List<Catalog.Around> around;
    private final List<Catalog.Grant> grants;

    Grants(Catalog catalog, Findings findings, Map<Long, Guarded> tables, List<Catalog.Around> around)
            throws SQLException {
        this.catalog = catalog;
        this.findings = findings;
        this.tables = tables;
        this.around = around;
        var ids = new ArrayList<Long>(tables.keySet());
        around.forEach(each -> ids.add(each.oid()));
        grants = catalog.grants(ids);
    }

    List<Catalog.Around> around() {
        return around;
    }

    /** Whether the role may write any of the audited tables. */
    boolean write() {
        return grants.stream()
                .anyMatch(each -> tables.containsKey(each.relation()) && WRITING.contains(each.privilege()));
    }

    void run() {
        Map<Long, Catalog.Around> others =
                around.stream().collect(Collectors.toMap(Catalog.Around::oid, each -> each, (a, b) -> a));
        var collected = new LinkedHashMap<List<Long>, List<String>>();
        for (Catalog.Grant grant : grants) {
            collected
                    .computeIfAbsent(List.of(grant.relation(), grant.grantee()), key -> new ArrayList<>())
                    .add(grant.privilege());
        }
        collected.forEach((key, privileges) -> {
            Guarded table = tables.get(key.get(0));
            Catalog.Around other = others.get(key.get(0));
            if (table != null) {
                ofTable(table.name(), key.get(1), privileges);
            } else if (other != null) {
                ofOther(other, key.get(1), privileges);
            }
        });
    }

    private void ofTable(String table, long grantee, List<String> privileges) {
        String name = catalog.roleName(grantee);
        dangerous(
                table,
                name,
                privileges,
                "TRUNCATE",
                Severity.CRITICAL,
                Check.GRANT_TRUNCATE,
                "remove the rows of all tenants");
        dangerous(
                table,
                name,
                privileges,
                "REFERENCES",
                Severity.HIGH,
                Check.GRANT_REFERENCES,
                "ask with a foreign key which rows exist");
        dangerous(
                table,
                name,
                privileges,
                "TRIGGER",
                Severity.HIGH,
                Check.GRANT_TRIGGER,
                "have code run on rows that others write");
        List<String> ofRows = privileges.stream().filter(OF_ROWS::contains).toList();
        if (grantee == Catalog.PUBLIC && !ofRows.isEmpty()) {
            findings.add(
                    Severity.MEDIUM,
                    Check.PUBLIC_GRANT,
                    table,
                    "every role has the right to " + words(ofRows),
                    "revoke " + words(ofRows) + " on " + table + " from public;");
        }
    }

    private void dangerous(
            String table,
            String grantee,
            List<String> privileges,
            String privilege,
            Severity severity,
            Check check,
            String can) {
        if (privileges.contains(privilege)) {
            findings.add(
                    severity,
                    check,
                    table,
                    grantee + " has the right to " + words(List.of(privilege)) + ", and with it can " + can,
                    "revoke " + words(List.of(privilege)) + " on " + table + " from " + grantee + ";");
        }
    }

    private void ofOther(Catalog.Around other, long grantee, List<String> privileges) {
        String name = catalog.roleName(grantee);
        if (other.kind().equals("S")) {
            findings.add(
                    Severity.MEDIUM,
                    Check.SEQUENCE_GRANT,
                    other.qualified(),
                    name + " has the right to " + words(privileges)
                            + " on the sequence, whose numbers tell how many rows all tenants write",
                    "revoke all on sequence " + other.qualified() + " from " + name
                            + ";\n-- a column whose default takes numbers from it must become an identity column, which needs no such right");
        } else if (other.schema().equals("plg_directory")) {
            findings.add(
                    Severity.CRITICAL,
                    Check.DIRECTORY_GRANT,
                    other.qualified(),
                    name + " has the right to " + words(privileges) + " what is known across workspaces",
                    "revoke all on " + other.qualified() + " from " + name + ";");
        }
    }

    String revokeAll(String relation, List<Catalog.Grant> given) {
        if (given.isEmpty()) {
            return "-- " + CatalogChecks.comment(catalog.role)
                    + " owns it or may read everything: give it to another role";
        }
        return "revoke all on " + relation + " from "
                + given.stream()
                        .map(Catalog.Grant::grantee)
                        .distinct()
                        .map(catalog::roleName)
                        .collect(Collectors.joining(", "))
                + ";";
    }

    private static String words(List<String> privileges) {
        return privileges.stream().map(each -> each.toLowerCase(Locale.ROOT)).collect(Collectors.joining(", "));
    }
}
