package io.plg.audit;

import io.plg.tenancy.Finding;
import io.plg.tenancy.Severity;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/** Everything that can be told from the catalog alone. */
final class CatalogChecks {
    private static final String HISTORY = "plg_schema_history";

    private final Catalog catalog;
    private final Scope scope;
    private final Findings findings = new Findings();
    private final Map<Long, Guarded> tables = new LinkedHashMap<>();
    private final List<Catalog.Relation> foreign = new ArrayList<>();
    private final List<Catalog.Relation> withoutColumn = new ArrayList<>();

    private CatalogChecks(Catalog catalog, Scope scope) {
        this.catalog = catalog;
        this.scope = scope;
    }

    /**
     * Which tables the scope covers and which exist, and every fault of theirs. To be called within a transaction, which gets settings of
     * its own.
     *
     * @throws IllegalArgumentException if the role to audit does not exist
     */
    static Result run(Connection connection, Scope scope) throws SQLException {
        Catalog catalog = Catalog.open(connection, scope);
        var checks = new CatalogChecks(catalog, scope);
        serverVersion(catalog.version, checks.findings);
        if (catalog.version >= 150000) {
            checks.run();
        }
        return new Result(
                catalog.role,
                catalog.current,
                checks.tables.values().stream().map(Guarded::table).toList(),
                checks.findings.toList());
    }

    /**
     * The statements that put the host's tables under the guard. To be called as {@link #run}.
     *
     * @throws IllegalArgumentException if the role to audit does not exist
     */
    static String guardScript(Connection connection, Scope scope) throws SQLException {
        Catalog catalog = Catalog.open(connection, scope);
        var checks = new CatalogChecks(catalog, scope);
        checks.findTables();
        Set<Long> indexed = catalog.indexes(checks.tables.keySet()).stream()
                .filter(index -> KeyChecks.leads(index, checks.tables.get(index.table())))
                .map(Catalog.Index::table)
                .collect(Collectors.toSet());
        var script = new StringBuilder();
        for (Guarded each : checks.tables.values()) {
            if (!each.relation().plg()) {
                script.append("-- ")
                        .append(comment(each.name()))
                        .append('\n')
                        .append(each.guard()
                                .script(
                                        each.table(),
                                        !indexed.contains(each.table().oid())
                                                && !each.relation().partition()))
                        .append("\n\n");
            }
        }
        checks.withoutColumn.stream()
                .filter(each -> !each.plg())
                .forEach(each -> script.append("-- ")
                        .append(comment(each.qualified() + " has no column " + Sql.identifier(each.column())))
                        .append(": give it one, or leave it out as shared\n"));
        checks.foreign.stream()
                .filter(each -> !each.plg())
                .forEach(each -> script.append("-- ")
                        .append(comment(each.qualified()))
                        .append(" is a foreign table, which cannot be guarded\n"));
        return script.toString();
    }

    /** On one line, so that no name can end a comment. */
    static String comment(String text) {
        return text.replaceAll("\\R", " ");
    }

    static void serverVersion(int version, Findings findings) {
        int major = version / 10000;
        int minor = version % 10000;
        int needed = switch (major) {
            case 15 -> 14;
            case 16 -> 10;
            case 17 -> 6;
            default -> major < 15 ? Integer.MAX_VALUE : 0;
        };
        if (minor < needed) {
            String target = major < 15 ? "15.14" : major + "." + needed;
            findings.add(
                    Severity.HIGH,
                    Check.SERVER_VERSION,
                    "PostgreSQL " + major + "." + minor,
                    major < 15
                            ? "views cannot be made to respect the policies of their readers before PostgreSQL 15, so nothing else was"
                                    + " looked at"
                            : "planner statistics can show rows that policies hide before " + target,
                    "-- upgrade to PostgreSQL " + target + " or later");
        }
    }

    private void run() throws SQLException {
        findTables();
        Set<Long> ids = tables.keySet();
        Set<String> schemas = tables.values().stream()
                .map(each -> each.table().schema())
                .collect(Collectors.toCollection(LinkedHashSet::new));
        scope.schemas().forEach(each -> schemas.add(each.schema()));

        var grants = new Grants(catalog, findings, tables, catalog.around(schemas, ids));
        List<Catalog.Policy> policies = catalog.policies(ids);
        List<Catalog.Routine> routines = catalog.routines(ids);
        List<Catalog.Reader> readers = catalog.readers(ids);
        Lent lent = lent(policies, routines, readers);
        new RoleChecks(catalog, scope, findings, tables, lent).run(catalog.schemas(schemas), grants, routines);
        grants.run();
        policies(policies, lent);
        List<Catalog.Index> indexes = catalog.indexes(ids);
        new KeyChecks(findings, tables, indexes, catalog.foreignKeys(ids)).run();
        collations(policies);
        readers(readers, grants, lent);
        claim();
    }

    private void findTables() throws SQLException {
        List<Catalog.Relation> relations = catalog.relations(scope);
        var children = relations.stream()
                .filter(Catalog.Relation::child)
                .map(Catalog.Relation::oid)
                .collect(Collectors.toSet());
        Map<Integer, List<Catalog.Relation>> byWanted = relations.stream()
                .collect(Collectors.groupingBy(Catalog.Relation::wanted, LinkedHashMap::new, Collectors.toList()));
        byWanted.values().forEach(this::missing);
        for (Catalog.Relation each : relations) {
            if (!each.exists() || skipped(each) || tables.containsKey(each.oid())) {
                continue;
            }
            if (each.is("f")) {
                foreign.add(each);
            } else if (each.is("rp")) {
                // A child that the scope also covers on its own has its parent's column.
                if (children.contains(each.oid()) && !each.child()) {
                    continue;
                }
                if (each.columnNumber() == 0) {
                    withoutColumn.add(each);
                } else {
                    tables.put(
                            each.oid(),
                            Guarded.of(each, each.column(), each.plg() ? TenantBinding.PLG : scope.binding()));
                }
            }
        }
        withoutColumn.removeIf(each -> tables.containsKey(each.oid()));
        for (Catalog.Relation each : foreign) {
            if (each.reachable()) {
                findings.add(
                        Severity.CRITICAL,
                        Check.FOREIGN_TABLE,
                        each.qualified(),
                        "a foreign table has no row level security, and " + catalog.role + " has rights on it",
                        "revoke all on " + each.qualified() + " from "
                                + catalog.grantees.stream()
                                        .map(catalog::roleName)
                                        .collect(Collectors.joining(", ")) + ";");
            }
        }
        for (Catalog.Relation each : withoutColumn) {
            boolean named = each.wantedName() != null;
            findings.add(
                    Severity.HIGH,
                    named ? Check.TENANT_COLUMN_MISSING : Check.TABLE_WITHOUT_TENANT_COLUMN,
                    each.qualified(),
                    "the table has no column " + Sql.identifier(each.column()) + " that says whose rows they are",
                    "-- give it the column, or name the table as shared");
        }
        if (tables.isEmpty()
                && foreign.isEmpty()
                && withoutColumn.isEmpty()
                && findings.toList().isEmpty()) {
            findings.add(
                    Severity.CRITICAL,
                    Check.NOTHING_TO_AUDIT,
                    Sql.identifier(catalog.database),
                    "there are no tables of plg in this database and no others were named, so nothing was looked at",
                    "-- migrate plg's schema with PlgSchema, or name the tables of the host");
        }
    }

    private boolean skipped(Catalog.Relation each) {
        if (each.plg() && !each.child() && each.name().equals(HISTORY)) {
            return true;
        }
        return !each.plg()
                && !each.child()
                && each.wantedName() == null
                && scope.schemas().stream()
                        .anyMatch(schema -> schema.schema().equals(each.schema())
                                && schema.shared().contains(each.name()));
    }

    private void missing(List<Catalog.Relation> found) {
        Catalog.Relation first = found.get(0);
        if (first.plg()) {
            return;
        }
        String name = first.wantedName();
        if (name == null) {
            boolean some = found.stream().anyMatch(each -> each.exists() && each.is("rpf"));
            if (!some) {
                findings.add(
                        Severity.CRITICAL,
                        Check.NOTHING_TO_AUDIT,
                        Sql.identifier(first.wantedSchema()),
                        first.schemaExists() ? "the schema has no tables" : "there is no such schema",
                        "-- name a schema with tables");
            }
        } else if (!first.exists() || !first.is("rpf")) {
            findings.add(
                    Severity.CRITICAL,
                    Check.TABLE_MISSING,
                    Sql.identifier(first.wantedSchema()) + "." + Sql.identifier(name),
                    first.exists() ? "it is a view and not a table, so it holds no rows" : "there is no such table",
                    "-- name a table that exists, as the database stores its name");
        }
    }

    /** Policies that open a table to the owners of functions and views which the audited role can use. */
    private Lent lent(List<Catalog.Policy> policies, List<Catalog.Routine> routines, List<Catalog.Reader> readers)
            throws SQLException {
        Set<Long> owners = new LinkedHashSet<>();
        routines.stream().filter(Catalog.Routine::lends).forEach(each -> owners.add(each.owner()));
        readers.stream().filter(Catalog.Reader::lends).forEach(each -> owners.add(each.owner()));
        Map<Long, Set<String>> open = new LinkedHashMap<>();
        byTable(policies)
                .forEach((table, own) ->
                        open.put(table, new PolicyChecks(findings, table(table), own, Set.of()).open()));
        return new Lent(catalog.opened(owners, tables.keySet()).stream()
                .filter(each -> open.getOrDefault(each.table(), Set.of()).contains(each.policy()))
                .toList());
    }

    private static Map<Long, List<Catalog.Policy>> byTable(List<Catalog.Policy> policies) {
        return policies.stream().collect(Collectors.groupingBy(Catalog.Policy::table));
    }

    private Guarded table(long oid) {
        return Objects.requireNonNull(tables.get(oid));
    }

    private void policies(List<Catalog.Policy> policies, Lent lent) {
        Map<Long, List<Catalog.Policy>> byTable = byTable(policies);
        for (Guarded each : tables.values()) {
            List<Catalog.Policy> own = byTable.getOrDefault(each.table().oid(), List.of());
            boolean child = each.relation().child();
            if (child && !each.relation().rowSecurity()) {
                findings.add(
                        each.relation().reachable() ? Severity.CRITICAL : Severity.MEDIUM,
                        Check.UNGUARDED_PARTITION,
                        each.name(),
                        "the policies of its parent do not hold for statements that name the "
                                + (each.relation().partition() ? "partition" : "child table"),
                        each.guard().script(each.table(), false));
            } else if (!each.relation().rowSecurity()) {
                findings.add(
                        Severity.CRITICAL,
                        Check.RLS_OFF,
                        each.name(),
                        "row level security is off",
                        own.isEmpty()
                                ? each.guard().script(each.table(), false)
                                : each.guard().enable(each.name()));
                new PolicyChecks(findings, each, own, lent.policies(each.table().oid())).runUnlessNone();
            } else {
                if (!each.relation().forced()) {
                    findings.add(
                            catalog.grantees.contains(each.relation().owner()) ? Severity.CRITICAL : Severity.HIGH,
                            Check.RLS_NOT_FORCED,
                            each.name(),
                            "row level security is not forced, so no policy holds for its owner "
                                    + each.relation().ownerName(),
                            Guard.force(each.name()));
                }
                var checks = new PolicyChecks(
                        findings, each, own, lent.policies(each.table().oid()));
                if (child) {
                    checks.runUnlessNone();
                } else {
                    // Which policies apply to a superuser says nothing: none holds it.
                    checks.run(catalog.audited().superuser());
                }
            }
        }
    }

    private void collations(List<Catalog.Policy> policies) {
        for (Guarded each : tables.values()) {
            if (!each.relation().citext() && each.relation().deterministic()) {
                continue;
            }
            String drops = policies.stream()
                    .filter(policy -> policy.table() == each.table().oid())
                    .map(policy -> "drop policy " + Sql.identifier(policy.name()) + " on " + each.name() + ";\n")
                    .collect(Collectors.joining());
            var mended = new Guard(
                    each.table().column(),
                    each.relation().printedColumn(),
                    "text",
                    true,
                    each.table().binding());
            findings.add(
                    Severity.HIGH,
                    Check.TENANT_COLUMN_COLLATION,
                    each.name() + "." + each.column(),
                    "two ids of tenants that differ can be equal to the column's "
                            + (each.relation().citext() ? "type citext" : "nondeterministic collation"),
                    drops + "alter table " + each.name() + " alter column " + each.column()
                            + " type text collate \"C\";\n" + mended.createPolicies(each.name()));
        }
    }

    private void readers(List<Catalog.Reader> readers, Grants grants, Lent lent) throws SQLException {
        Map<Long, List<Catalog.Grant>> rights =
                catalog.grants(readers.stream().map(Catalog.Reader::oid).collect(Collectors.toSet())).stream()
                        .collect(Collectors.groupingBy(Catalog.Grant::relation));
        for (Catalog.Reader each : readers) {
            boolean rule = !each.rule().equals("_RETURN");
            if (rule) {
                findings.add(
                        Severity.HIGH,
                        Check.RULE_ON_TABLE,
                        each.qualified(),
                        "rule " + Sql.identifier(each.rule()) + " rewrites statements to ones with the rights of "
                                + each.ownerName(),
                        "drop rule " + Sql.identifier(each.rule()) + " on " + each.qualified() + ";");
            } else if (each.kind().equals("m") && each.reachable()) {
                findings.add(
                        Severity.CRITICAL,
                        Check.MATERIALIZED_VIEW,
                        each.qualified(),
                        "a materialized view holds copies of rows and has no row level security, and " + catalog.role
                                + " may read it",
                        grants.revokeAll(each.qualified(), rights.getOrDefault(each.oid(), List.of())));
            } else if (each.lends()) {
                boolean notHeld = each.ownerBypasses() || lent.reads(each.owner(), each.tables());
                findings.add(
                        notHeld ? Severity.CRITICAL : Severity.MEDIUM,
                        Check.VIEW_WITHOUT_SECURITY_INVOKER,
                        each.qualified(),
                        "the view reads with the rights of its owner " + each.ownerName()
                                + (each.ownerBypasses()
                                        ? ", whom no policy holds"
                                        : notHeld ? ", whom another policy lets through" : ""),
                        "alter view " + each.qualified() + " set (security_invoker = true);");
            }
        }
    }

    private void claim() {
        String claim = scope.binding().claim();
        boolean host =
                tables.values().stream().anyMatch(each -> !each.relation().plg());
        if (host && (claim.equals("user_metadata") || claim.startsWith("user_metadata."))) {
            findings.add(
                    Severity.CRITICAL,
                    Check.CLAIM_USER_EDITABLE,
                    claim,
                    "users can change what is under user_metadata, and with it whose rows they see",
                    "-- put the claim under app_metadata, which only the server writes, and name that path");
        }
    }

    /**
     * What the catalog tells.
     *
     * @param role the role that was audited
     * @param current the role that its statements run as, which it may have taken on
     * @param tables the tenant tables
     * @param findings the faults
     */
    record Result(String role, String current, List<TenantTable> tables, List<Finding> findings) {}
}
