package io.plg.audit;

import io.plg.tenancy.Severity;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** What the audited role is, owns and can become, and what code it can run with the rights of others. */
final class RoleChecks {
    private static final String DIRECTORY = "plg_directory";
    private static final String OPERATOR = "plg_operator";
    private static final String OPERATOR_ROUTINE = "workspaces_after(text, integer)";
    private static final Set<String> PLG = Set.of("plg", DIRECTORY);

    /** Predefined roles that reach past row level security: through files and programs, or to tables that have none. */
    private static final Set<String> DANGEROUS = Set.of(
            "pg_execute_server_program",
            "pg_write_server_files",
            "pg_read_server_files",
            "pg_read_all_data",
            "pg_write_all_data");

    private static final Set<String> DIRECTORY_TABLES = Set.of(
            "workspace",
            "deleted_workspace",
            "erased_user",
            "lookup",
            "change_feed",
            "change_feed_trimmed",
            "referral",
            "referral_joins",
            "reward_cap",
            "due_work");

    private static final Set<String> DIRECTORY_ROUTINES = Set.of(
            "note_changes(text, text[])",
            "note_change(text, text)",
            "changes_since(text)",
            "trim_changes(text)",
            "refusal(text, text)",
            "admit(text, text, text)",
            "first_erased(text[])",
            "note_lookup(text, bytea)",
            "forget_lookup(text, bytea)",
            "workspace_of(text, bytea)",
            OPERATOR_ROUTINE,
            "begin_deletion(text, timestamp with time zone)",
            "begin_erasure(text, timestamp with time zone)",
            "tenant_tables()",
            "delete_some(text, integer)",
            "erase_some(text, text, integer)",
            "end_lanes(text)",
            "end_deletion(text)",
            "end_erasure(text)",
            "remove_expired_keys(text, integer)",
            "bind_referral(text, bytea, bytea)",
            "referrer_workspace(text, bytea)",
            "referred_in(text, bytea, text)",
            "referral_depth(text, bytea)",
            "take_reward_cap(text, text, timestamp with time zone, bigint, bigint, bigint, bigint)",
            "note_due(text, timestamp with time zone)",
            "workspaces_due(text, timestamp with time zone, integer)",
            "forget_due(text, timestamp with time zone)",
            "unfinished_deletions()",
            "unfinished_erasures()");

    private final Catalog catalog;
    private final Scope scope;
    private final Findings findings;
    private final Map<Long, Guarded> tables;
    private final Lent lent;
    private final Catalog.Role role;
    private final String name;

    RoleChecks(Catalog catalog, Scope scope, Findings findings, Map<Long, Guarded> tables, Lent lent) {
        this.catalog = catalog;
        this.scope = scope;
        this.findings = findings;
        this.tables = tables;
        this.lent = lent;
        role = catalog.audited();
        name = Sql.identifier(role.name());
    }

    void run(List<Catalog.Schema> schemas, Grants grants, List<Catalog.Routine> routines) throws SQLException {
        List<Catalog.Membership> memberships = List.of();
        if (role.superuser()) {
            findings.add(
                    Severity.CRITICAL,
                    Check.ROLE_SUPERUSER,
                    name,
                    "the role is a superuser, whom no policy holds, so its other rights were not looked at",
                    role.oid() == Catalog.BOOTSTRAP_SUPERUSER
                            ? "-- let the application log in as a role of its own, such as a member of plg_app"
                            : alter("nosuperuser nobypassrls"));
        } else {
            attributes();
            memberships = catalog.memberships();
            canBecome(memberships);
            owned(schemas, grants.around(), routines, memberships);
        }
        for (Catalog.Schema schema : schemas) {
            for (long creator : schema.creators()) {
                findings.add(
                        Severity.MEDIUM,
                        Check.SCHEMA_CREATE,
                        Sql.identifier(schema.name()),
                        catalog.roleName(creator) + " may create tables and functions in the schema",
                        "revoke create on schema " + Sql.identifier(schema.name()) + " from "
                                + catalog.roleName(creator) + ";");
            }
        }
        routines(routines);
        operators(routines, memberships, grants.write());
        definers(routines, grants.around(), schemas);
        directoryTables(grants.around());
        settings(routines);
    }

    private void attributes() {
        if (role.bypass()) {
            findings.add(
                    Severity.CRITICAL,
                    Check.ROLE_BYPASSRLS,
                    name,
                    "the role has BYPASSRLS, so no policy holds it",
                    alter("nobypassrls"));
        }
        if (role.createRole()) {
            findings.add(
                    Severity.HIGH,
                    Check.ROLE_CREATEROLE,
                    name,
                    "the role has CREATEROLE, so it can make itself a member of other roles",
                    alter("nocreaterole"));
        }
        if (role.replication()) {
            findings.add(
                    Severity.HIGH,
                    Check.ROLE_REPLICATION,
                    name,
                    "the role has REPLICATION, so it can read every row from the log",
                    alter("noreplication"));
        }
    }

    private String alter(String attributes) {
        return "alter role " + name + " " + attributes + ";";
    }

    private void canBecome(List<Catalog.Membership> memberships) {
        for (Catalog.Role other : catalog.roles) {
            String why = other.superuser()
                    ? "is a superuser"
                    : other.bypass()
                            ? "has BYPASSRLS"
                            : other.createRole()
                                    ? "has CREATEROLE"
                                    : other.replication()
                                            ? "has REPLICATION"
                                            : DANGEROUS.contains(other.name()) ? "reaches past row level security" : "";
            String revokes = revokes(memberships, other.oid());
            if (!other.audited() && !why.isEmpty() && !revokes.isEmpty()) {
                findings.add(
                        other.superuser() || other.bypass() ? Severity.CRITICAL : Severity.HIGH,
                        Check.ROLE_CAN_BECOME,
                        name,
                        "the role is a member of " + Sql.identifier(other.name()) + ", which " + why,
                        revokes);
            }
        }
    }

    /** Takes a role from the audited one where it comes in: from whichever of its own roles was made a member. */
    private String revokes(List<Catalog.Membership> memberships, long of) {
        return memberships.stream()
                .filter(each -> each.roleId() == of)
                .map(each -> "revoke " + Sql.identifier(each.role()) + " from " + Sql.identifier(each.member())
                        + (catalog.version >= 160000
                                        && each.grantor() != null
                                        && each.grantorId() != Catalog.BOOTSTRAP_SUPERUSER
                                ? " granted by " + Sql.identifier(each.grantor())
                                : "")
                        + ";")
                .distinct()
                .collect(Collectors.joining("\n"));
    }

    /** A thing that has an owner. */
    private record Owned(String kind, String qualified, String schema, boolean plg) {
        String give(String owner) {
            return "alter " + kind + " " + qualified + " owner to " + owner + ";";
        }
    }

    private void owned(
            List<Catalog.Schema> schemas,
            List<Catalog.Around> around,
            List<Catalog.Routine> routines,
            List<Catalog.Membership> memberships) {
        var owners = new LinkedHashMap<Long, List<Owned>>();
        for (Catalog.Schema each : schemas) {
            put(owners, each.owner(), schema(each));
        }
        for (Guarded each : tables.values()) {
            Catalog.Relation relation = each.relation();
            put(owners, relation.owner(), new Owned("table", each.name(), relation.schema(), relation.plg()));
        }
        for (Catalog.Around each : around) {
            if (!each.kind().equals("S")) {
                put(owners, each.owner(), table(each));
            }
        }
        for (Catalog.Routine each : routines) {
            if (PLG.contains(each.schema())) {
                put(owners, each.owner(), routine(each));
            }
        }
        owners.forEach((owner, things) -> {
            if (catalog.grantees.contains(owner)) {
                String revokes = revokes(memberships, owner);
                String first = things.get(things.size() > 1 ? 1 : 0).qualified();
                findings.add(
                        Severity.HIGH,
                        Check.ROLE_OWNER,
                        name,
                        "the role " + (owner == role.oid() ? "owns " : "is a member of the owner of ") + first
                                + (things.size() == 1 ? "" : " and " + (things.size() - 1) + " more")
                                + ", and an owner can lift row level security",
                        revokes.isEmpty() ? giveAway(things) : revokes);
            }
        });
    }

    private static void put(Map<Long, List<Owned>> owners, long owner, Owned thing) {
        owners.computeIfAbsent(owner, key -> new ArrayList<>()).add(thing);
    }

    private static Owned schema(Catalog.Schema each) {
        return new Owned("schema", Sql.identifier(each.name()), each.name(), PLG.contains(each.name()));
    }

    private static Owned table(Catalog.Around each) {
        return new Owned("table", each.qualified(), each.schema(), true);
    }

    private static Owned routine(Catalog.Routine each) {
        return new Owned("routine", each.qualified(), each.schema(), true);
    }

    /** To a role that cannot log in; then the audited one gets back what it needs. */
    private String giveAway(List<Owned> things) {
        var sql = new ArrayList<String>();
        if (things.stream().anyMatch(Owned::plg)) {
            sql.add(createRole("plg_owner"));
            things.stream().filter(Owned::plg).forEach(each -> sql.add(each.give("plg_owner")));
            sql.add("-- run PlgSchema.postgresqlRoles(), then: grant plg_app to " + CatalogChecks.comment(name));
        }
        List<Owned> host = things.stream().filter(each -> !each.plg()).toList();
        if (!host.isEmpty()) {
            String owner = role.name() + "_owner";
            sql.add(createRole(owner));
            host.forEach(each -> sql.add(each.give(Sql.identifier(owner))));
            Set<String> schemas = new LinkedHashSet<>();
            host.forEach(each -> schemas.add(Sql.identifier(each.schema())));
            schemas.forEach(each -> sql.add("grant usage on schema " + each + " to " + name + ";"));
            host.stream()
                    .filter(each -> each.kind().equals("table"))
                    .forEach(each -> sql.add(
                            "grant select, insert, update, delete on " + each.qualified() + " to " + name + ";"));
        }
        return String.join("\n", sql);
    }

    private static String createRole(String role) {
        return """
                do $plg$
                begin
                    if not exists (select from pg_catalog.pg_roles r where r.rolname = %s) then
                        create role %s nologin;
                    end if;
                end
                $plg$;""".formatted(Sql.literal(role), Sql.identifier(role));
    }

    private void routines(List<Catalog.Routine> routines) {
        Set<Long> owners =
                tables.values().stream().map(each -> each.relation().owner()).collect(Collectors.toSet());
        for (Catalog.Routine each : routines) {
            boolean directory = each.schema().equals(DIRECTORY);
            boolean unknown = directory && !DIRECTORY_ROUTINES.contains(each.signature());
            if (unknown) {
                findings.add(
                        each.securityDefiner() && each.reachable() ? Severity.HIGH : Severity.MEDIUM,
                        Check.DIRECTORY_UNKNOWN,
                        each.qualified(),
                        "the function is not plg's, but stands where functions look across workspaces",
                        "drop routine " + each.qualified() + ";");
            }
            boolean letThrough = lent.reads(each.owner());
            boolean notHeld = each.ownerBypasses() || letThrough;
            boolean definer = each.lends() && !directory && (notHeld || owners.contains(each.owner()));
            if (definer) {
                findings.add(
                        notHeld ? Severity.HIGH : Severity.MEDIUM,
                        Check.SECURITY_DEFINER_FUNCTION,
                        each.qualified(),
                        "the function runs with the rights of " + Sql.identifier(each.ownerName())
                                + (each.ownerBypasses()
                                        ? ", whom no policy holds"
                                        : letThrough
                                                ? ", whom another policy lets through"
                                                : ", who owns audited tables"),
                        "alter routine " + each.qualified() + " security invoker;");
            }
            if (each.securityDefiner() && (definer || PLG.contains(each.schema())) && !fixed(each)) {
                findings.add(
                        Severity.HIGH,
                        Check.FUNCTION_SEARCH_PATH,
                        each.qualified(),
                        "the function runs with its owner's rights and looks names up where its caller says",
                        "alter routine " + each.qualified() + " set search_path = pg_catalog, "
                                + (PLG.contains(each.schema()) ? "" : Sql.identifier(each.schema()) + ", ")
                                + "pg_temp;");
            }
            if (each.leakproof()) {
                findings.add(
                        Severity.HIGH,
                        Check.LEAKPROOF_FUNCTION,
                        each.qualified(),
                        "the function is marked leakproof, so it may see rows before the policies have",
                        "alter function " + each.qualified() + " not leakproof;");
            }
        }
    }

    private static boolean fixed(Catalog.Routine each) {
        return PLG.contains(each.schema())
                ? each.searchPath().equals("search_path=pg_catalog, pg_temp")
                : !each.searchPath().isEmpty() && !each.searchPath().contains("$user");
    }

    /** Listing all workspaces is for operators, who write nothing of any tenant's. */
    private void operators(List<Catalog.Routine> routines, List<Catalog.Membership> memberships, boolean writes) {
        boolean operator =
                !writes && catalog.roles.stream().anyMatch(each -> each.name().equals(OPERATOR));
        for (Catalog.Routine each : routines) {
            if (!each.schema().equals(DIRECTORY) || !each.signature().equals(OPERATOR_ROUTINE)) {
                continue;
            }
            for (long executor : each.executors()) {
                if (operator && executor != Catalog.PUBLIC) {
                    continue;
                }
                String grantee = catalog.roleName(executor);
                findings.add(
                        Severity.HIGH,
                        Check.OPERATOR_RIGHT,
                        each.qualified(),
                        grantee + " may list all workspaces, which is for operators who write nothing",
                        grantee.equals(OPERATOR)
                                ? revokeOperator(memberships, executor)
                                : "revoke execute on function " + each.qualified() + " from " + grantee + ";");
            }
        }
    }

    private String revokeOperator(List<Catalog.Membership> memberships, long operator) {
        return operator == role.oid()
                ? "-- take from " + OPERATOR + " the rights to write the audited tables"
                : revokes(memberships, operator);
    }

    /** The owner of the functions that look across workspaces must be nobody's login. */
    private void definers(List<Catalog.Routine> routines, List<Catalog.Around> around, List<Catalog.Schema> schemas) {
        Map<Long, List<Catalog.Routine>> byOwner = routines.stream()
                .filter(each -> each.schema().equals(DIRECTORY) && each.securityDefiner())
                .collect(Collectors.groupingBy(Catalog.Routine::owner, LinkedHashMap::new, Collectors.toList()));
        byOwner.forEach((owner, owned) -> {
            Catalog.Routine first = owned.get(0);
            if (!first.ownerLogsIn() && !first.ownerBypasses()) {
                return;
            }
            var things = new ArrayList<Owned>();
            schemas.stream()
                    .filter(each -> each.owner() == owner && PLG.contains(each.name()))
                    .forEach(each -> things.add(schema(each)));
            tables.values().stream()
                    .map(Guarded::relation)
                    .filter(each -> each.owner() == owner && each.plg())
                    .forEach(each -> things.add(new Owned("table", each.qualified(), each.schema(), true)));
            around.stream()
                    .filter(each -> each.owner() == owner && !each.kind().equals("S"))
                    .forEach(each -> things.add(table(each)));
            routines.stream()
                    .filter(each -> each.owner() == owner && PLG.contains(each.schema()))
                    .forEach(each -> things.add(routine(each)));
            findings.add(
                    first.ownerBypasses() ? Severity.HIGH : Severity.MEDIUM,
                    Check.DEFINER_CAN_LOG_IN,
                    Sql.identifier(first.ownerName()),
                    "the functions of " + DIRECTORY + " run with the rights of a role that "
                            + (first.ownerBypasses() ? "no policy holds" : "can log in"),
                    first.ownerName().equals("plg_owner")
                            ? "alter role plg_owner nologin nosuperuser nobypassrls;"
                            : giveAway(things));
        });
    }

    private void directoryTables(List<Catalog.Around> around) {
        for (Catalog.Around each : around) {
            if (each.schema().equals(DIRECTORY)
                    && !each.kind().equals("S")
                    && !DIRECTORY_TABLES.contains(each.name())) {
                String kind = switch (each.kind()) {
                    case "v" -> "view";
                    case "m" -> "materialized view";
                    case "f" -> "foreign table";
                    default -> "table";
                };
                findings.add(
                        Severity.MEDIUM,
                        Check.DIRECTORY_UNKNOWN,
                        each.qualified(),
                        "the " + kind + " is not plg's, but stands where things are known across workspaces",
                        "drop " + kind + " " + each.qualified() + ";");
            }
        }
    }

    private static boolean assigns(String assignment, String setting) {
        return assignment.toLowerCase(Locale.ROOT).startsWith(setting.toLowerCase(Locale.ROOT) + "=");
    }

    private void boundBy(List<Catalog.Routine> routines, String setting) {
        for (Catalog.Routine each : routines) {
            if (each.config().stream().anyMatch(config -> assigns(config, setting))) {
                findings.add(
                        Severity.HIGH,
                        Check.BINDING_BY_DEFAULT,
                        each.qualified(),
                        "the function works for the one tenant that it is set to, whoever calls it",
                        "alter routine " + each.qualified() + " reset \"" + setting + "\";");
            }
        }
    }

    private void settings(List<Catalog.Routine> routines) throws SQLException {
        var names = new LinkedHashSet<String>();
        names.add(TenantBinding.PLG.settingName());
        names.add(scope.binding().settingName());
        List<Catalog.Setting> settings = catalog.settings();
        for (String setting : names) {
            boundBy(routines, setting);
            boolean explained = false;
            for (Catalog.Setting each : settings) {
                if (!assigns(each.assignment(), setting)) {
                    continue;
                }
                explained = true;
                String database = each.database() == null ? "" : Sql.identifier(each.database());
                String of = each.ofRole() ? "role " + name : each.ofDatabase() ? "database " + database : "role all";
                findings.add(
                        Severity.HIGH,
                        Check.BINDING_BY_DEFAULT,
                        setting,
                        "sessions of " + of + (each.ofRole() && each.ofDatabase() ? " in database " + database : "")
                                + " begin bound to a tenant, so whoever forgets to bind works for that one",
                        "alter " + of + (each.ofRole() && each.ofDatabase() ? " in database " + database : "")
                                + " reset " + setting + ";");
            }
            if (!explained && !catalog.setting(setting).isEmpty()) {
                findings.add(
                        Severity.HIGH,
                        Check.BINDING_BY_DEFAULT,
                        setting,
                        "the connection was bound to a tenant before anybody bound it",
                        "-- take the setting out of postgresql.conf and of the connection's options, and bind with set_config(…, true) only");
            }
        }
    }
}
