package io.plg.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.plg.tenancy.AuditReport;
import io.plg.tenancy.Finding;
import io.plg.tenancy.Severity;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

@DisplayName("An isolation audit")
class IsolationAuditTest {
    private static final String UUID_GUARD =
            "tenant_id = (select nullif(current_setting('plg.workspace_id', true), '')::uuid)";
    private static final String DEFINER =
            " returns bigint language sql security definer set search_path = pg_catalog, pg_temp as 'select 1::bigint'";

    private static final String WORKSPACES_AFTER = "plg_directory.workspaces_after(text, integer)";
    private static final String LISTING = "create schema plg_directory authorization plg_owner;"
            + " create function " + WORKSPACES_AFTER + DEFINER + ";"
            + " alter function " + WORKSPACES_AFTER + " owner to plg_owner;"
            + " revoke execute on function " + WORKSPACES_AFTER + " from public;";

    /** A policy lets app_group see the rows of all tenants, and the restrictive one does not hold it back. */
    private static final String OPEN_TO_GROUP = "alter policy workspace_only on app.task to app_user;"
            + " create policy rep on app.task for select to app_group using (id > 0);"
            + " grant select on app.task to app_group;";

    private static String clean = "";

    @BeforeAll
    static void database() {
        clean = HostDatabase.create();
    }

    @AfterAll
    static void dropDatabase() {
        HostDatabase.drop(clean);
    }

    /** One fault: what it is found as, besides which others, and how to undo what outlives the database. */
    record Fault(Check check, String object, String sql, Set<Check> also, String undo) {
        Fault also(Check... more) {
            return new Fault(check, object, sql, Set.of(more), undo);
        }

        Fault undo(String statements) {
            return new Fault(check, object, sql, also, statements);
        }

        @Override
        public String toString() {
            return check.id() + ": " + sql;
        }
    }

    private static Fault fault(Check check, String object, String sql) {
        return new Fault(check, object, sql, Set.of(), "select 1");
    }

    static Stream<Fault> faults() {
        return Stream.of(
                fault(Check.RLS_OFF, "app.project", "alter table app.project disable row level security"),
                fault(
                        Check.RLS_OFF,
                        "\"Other App\".\"Meter \"\" Reading\"",
                        "alter table \"Other App\".\"Meter \"\" Reading\" disable row level security;"
                                + " drop policy workspace on \"Other App\".\"Meter \"\" Reading\";"
                                + " drop policy workspace_only on \"Other App\".\"Meter \"\" Reading\""),
                fault(Check.RLS_OFF, "app.extra", "create table app.extra (tenant_id numeric(20) not null)")
                        .also(Check.NO_TENANT_INDEX),
                fault(Check.RLS_NOT_FORCED, "app.note", "alter table app.note no force row level security"),
                fault(
                        Check.NO_POLICY,
                        "app.task",
                        "drop policy workspace on app.task; drop policy workspace_only on app.task"),
                fault(Check.NO_POLICY, "app.task", "drop policy workspace on app.task"),
                fault(Check.POLICY_ALWAYS_TRUE, "app.task", "alter policy workspace on app.task using (true)"),
                fault(Check.POLICY_ALWAYS_TRUE, "app.task", "alter policy workspace on app.task with check (true)"),
                fault(Check.POLICY_ALWAYS_TRUE, "app.task", "alter policy workspace_only on app.task using (true)"),
                fault(Check.POLICY_ALWAYS_TRUE, "app.task", "create policy more on app.task using (true)"),
                fault(
                        Check.EXTRA_PERMISSIVE_POLICY,
                        "app.task",
                        "create policy more on app.task for select using (id < 5)"),
                fault(
                        Check.POLICY_NOT_CANONICAL,
                        "app.task",
                        "alter policy workspace on app.task using (" + UUID_GUARD + " or id = 0)"),
                fault(
                        Check.POLICY_NOT_CANONICAL,
                        "app.task",
                        "alter policy workspace on app.task using (tenant_id = nullif(current_setting('plg.workspace_id', true), '')::uuid)"),
                fault(
                        Check.POLICY_NOT_CANONICAL,
                        "\"Other App\".\"order\"",
                        "alter policy workspace on \"Other App\".\"order\" using (\"user\" = 7)"),
                fault(
                        Check.POLICY_WITHOUT_CHECK,
                        "app.task",
                        "drop policy workspace on app.task; create policy workspace on app.task using (" + UUID_GUARD
                                + ")"),
                fault(Check.NO_RESTRICTIVE_POLICY, "app.task", "drop policy workspace_only on app.task"),
                fault(
                        Check.NO_RESTRICTIVE_POLICY,
                        "app.task",
                        "alter policy workspace_only on app.task using (" + UUID_GUARD + " or id = 0)"),
                fault(
                        Check.POLICY_NOT_CANONICAL,
                        "app.task",
                        "alter policy workspace on app.task using (tenant_id = current_setting('plg.workspace_id')::uuid)"),
                fault(
                        Check.POLICY_NOT_CANONICAL,
                        "app.note",
                        "drop policy workspace on app.note;"
                                + " create policy mine on app.note for insert to app_user with check (tenant_id = current_setting('plg.workspace_id', true));"
                                + " create policy gone on app.note for delete to app_user using (tenant_id = current_setting('plg.workspace_id', true))"),
                fault(
                        Check.POLICY_WITHOUT_CHECK,
                        "app.task",
                        "drop policy workspace on app.task; create policy mine on app.task to app_user using ("
                                + UUID_GUARD + ")"),
                fault(Check.NO_POLICY, "app.task", "alter policy workspace on app.task to app_group"),
                fault(Check.POLICY_NOT_FOR_ALL, "app.task", "alter policy workspace_only on app.task to app_user"),
                fault(
                        Check.UNGUARDED_PARTITION,
                        "app.event_2025",
                        "alter table app.event_2025 disable row level security"),
                fault(
                        Check.UNGUARDED_PARTITION,
                        "elsewhere.event_2027",
                        "create table elsewhere.event_2027 partition of app.event for values from ('2027-01-01') to ('2028-01-01')"),
                fault(
                        Check.UNGUARDED_PARTITION,
                        "elsewhere.child",
                        "create table elsewhere.child (primary key (tenant_id, id)) inherits (app.note)"),
                fault(
                        Check.BINDING_BY_DEFAULT,
                        "plg.workspace_id",
                        "do $$ begin execute format('alter database %I set plg.workspace_id = ''a''', current_database()); end $$"),
                fault(
                        Check.BINDING_BY_DEFAULT,
                        "elsewhere.f()",
                        "create function elsewhere.f() returns bigint language sql set plg.workspace_id = 'a' as 'select 1::bigint'"),
                fault(Check.BINDING_BY_DEFAULT, "plg.workspace_id", "alter role app_user set plg.workspace_id = 'a'")
                        .undo("alter role app_user reset all"),
                fault(Check.ROLE_SUPERUSER, "app_user", "alter role app_user superuser")
                        .undo("alter role app_user nosuperuser"),
                fault(Check.ROLE_BYPASSRLS, "app_user", "alter role app_user bypassrls")
                        .undo("alter role app_user nobypassrls"),
                fault(Check.ROLE_CREATEROLE, "app_user", "alter role app_user createrole")
                        .undo("alter role app_user nocreaterole"),
                fault(Check.ROLE_REPLICATION, "app_user", "alter role app_user replication")
                        .undo("alter role app_user noreplication"),
                fault(Check.ROLE_OWNER, "app_user", "grant app_owner to app_user")
                        .undo("revoke app_owner from app_user"),
                fault(
                                Check.ROLE_OWNER,
                                "app_user",
                                "grant app_owner to app_group with admin option; grant app_group to app_user")
                        .undo("revoke app_owner from app_group; revoke app_group from app_user"),
                fault(
                                Check.ROLE_OWNER,
                                "app_user",
                                "create role boss createrole; grant app_owner to boss with admin option; set role boss;"
                                        + " grant app_owner to app_user; reset role")
                        .undo("revoke app_owner from app_user; revoke app_owner from boss cascade; drop role boss"),
                fault(
                        Check.ROLE_OWNER,
                        "app_user",
                        "do $$ begin execute format('alter database %I owner to app_user', current_database()); end $$"),
                fault(Check.ROLE_OWNER, "app_user", "alter table app.task owner to app_user"),
                fault(Check.ROLE_OWNER, "app_user", "alter schema app owner to app_user"),
                fault(Check.ROLE_CAN_BECOME, "app_user", "alter role app_group bypassrls; grant app_group to app_user")
                        .undo("alter role app_group nobypassrls; revoke app_group from app_user"),
                fault(Check.ROLE_CAN_BECOME, "app_user", "grant pg_read_server_files to app_user")
                        .undo("revoke pg_read_server_files from app_user"),
                fault(Check.GRANT_TRUNCATE, "app.task", "grant truncate on app.task to app_user"),
                fault(Check.GRANT_TRUNCATE, "app.task", "grant truncate on app.task to public"),
                fault(
                                Check.GRANT_TRUNCATE,
                                "app.task",
                                "grant truncate on app.task to app_group; grant app_group to app_user")
                        .undo("revoke app_group from app_user"),
                fault(Check.GRANT_REFERENCES, "app.task", "grant references (id) on app.task to app_user"),
                fault(Check.GRANT_TRIGGER, "app.task", "grant trigger on app.task to app_user"),
                fault(Check.PUBLIC_GRANT, "app.task", "grant select (id) on app.task to public"),
                fault(
                        Check.SEQUENCE_GRANT,
                        "app.project_id_seq",
                        "grant usage on sequence app.project_id_seq to app_user"),
                fault(Check.SCHEMA_CREATE, "app", "grant create on schema app to app_user"),
                fault(Check.SCHEMA_CREATE, "\"Other App\"", "grant create on schema \"Other App\" to public"),
                fault(
                        Check.VIEW_WITHOUT_SECURITY_INVOKER,
                        "elsewhere.v",
                        "create view elsewhere.v as select id from app.task_id; grant select on elsewhere.v to app_user"),
                fault(
                                Check.VIEW_WITHOUT_SECURITY_INVOKER,
                                "app.v",
                                OPEN_TO_GROUP + "create view app.v as select id from app.task;"
                                        + " alter view app.v owner to app_group; grant select on app.v to app_user")
                        .also(Check.POLICY_NOT_FOR_ALL, Check.EXTRA_PERMISSIVE_POLICY),
                fault(
                        Check.MATERIALIZED_VIEW,
                        "elsewhere.\"M\"",
                        "create materialized view elsewhere.\"M\" as select id from app.task; grant select on elsewhere.\"M\" to app_user"),
                fault(
                        Check.RULE_ON_TABLE,
                        "app.task",
                        "create rule noted as on insert to app.task do also update app.country set code = 'x' where false"),
                fault(
                        Check.RULE_ON_TABLE,
                        "app.country",
                        "create rule leak as on delete to app.country do also delete from app.task"),
                fault(
                        Check.SECURITY_DEFINER_FUNCTION,
                        "elsewhere.all_of_them(n bigint, text)",
                        "create function elsewhere.all_of_them(n bigint, text)" + DEFINER),
                fault(
                        Check.SECURITY_DEFINER_FUNCTION,
                        "elsewhere.\"P\"(IN x bigint)",
                        "create procedure elsewhere.\"P\"(x bigint) language sql security definer set search_path = ''"
                                + " as 'select 1'; alter procedure elsewhere.\"P\" owner to app_owner"),
                fault(
                                Check.SECURITY_DEFINER_FUNCTION,
                                "elsewhere.f()",
                                OPEN_TO_GROUP + "create function elsewhere.f()" + DEFINER
                                        + "; alter function elsewhere.f() owner to app_group")
                        .also(Check.POLICY_NOT_FOR_ALL, Check.EXTRA_PERMISSIVE_POLICY),
                fault(
                        Check.FUNCTION_SEARCH_PATH,
                        "plg_directory.refusal(text, text)",
                        "create schema plg_directory authorization plg_owner; create function plg_directory.refusal(text, text)"
                                + DEFINER
                                + "; alter function plg_directory.refusal(text, text) owner to plg_owner;"
                                + "alter function plg_directory.refusal(text, text) set search_path = app, pg_catalog, pg_temp"),
                fault(
                                Check.FUNCTION_SEARCH_PATH,
                                "elsewhere.f()",
                                "create function elsewhere.f()" + DEFINER
                                        + "; alter function elsewhere.f() reset search_path")
                        .also(Check.SECURITY_DEFINER_FUNCTION),
                fault(
                        Check.LEAKPROOF_FUNCTION,
                        "elsewhere.f(bigint)",
                        "create function elsewhere.f(bigint) returns bigint leakproof language sql as 'select 1::bigint'"),
                fault(
                        Check.DIRECTORY_GRANT,
                        "plg_directory.lookup",
                        "create schema plg_directory; create table plg_directory.lookup (kind text);"
                                + " grant select (kind) on plg_directory.lookup to app_user"),
                fault(
                        Check.OPERATOR_RIGHT,
                        WORKSPACES_AFTER,
                        LISTING + "grant execute on function plg_directory.workspaces_after to app_user"),
                fault(
                        Check.OPERATOR_RIGHT,
                        WORKSPACES_AFTER,
                        LISTING + "grant execute on function plg_directory.workspaces_after to public"),
                fault(
                                Check.OPERATOR_RIGHT,
                                WORKSPACES_AFTER,
                                LISTING + "create role plg_operator; grant plg_operator to app_user;"
                                        + " grant execute on function plg_directory.workspaces_after to plg_operator")
                        .undo("drop role plg_operator"),
                fault(
                        Check.DIRECTORY_UNKNOWN,
                        "plg_directory.other",
                        "create schema plg_directory; create table plg_directory.other (kind text)"),
                fault(
                        Check.DIRECTORY_UNKNOWN,
                        "plg_directory.refusal(text)",
                        "create schema plg_directory authorization plg_owner; grant usage on schema plg_directory to app_user;"
                                + "create function plg_directory.refusal(text)" + DEFINER
                                + "; alter function plg_directory.refusal(text) owner to plg_owner"),
                fault(
                        Check.DEFINER_CAN_LOG_IN,
                        "postgres",
                        "create schema plg_directory; create function plg_directory.refusal(text, text)" + DEFINER),
                fault(
                        Check.UNIQUE_WITHOUT_TENANT,
                        "app.project_name",
                        "create unique index project_name on app.project (name) include (id) where id > 5"),
                fault(
                        Check.UNIQUE_WITHOUT_TENANT,
                        "app.project_name_key",
                        "alter table app.project add constraint project_name_key unique nulls not distinct (name) deferrable"),
                fault(
                                Check.UNIQUE_WITHOUT_TENANT,
                                "app.extra_pkey",
                                "create table app.extra (tenant_id text not null, id bigint primary key, parent bigint references app.extra);"
                                        + "create index on app.extra (tenant_id);"
                                        + "alter table app.extra enable row level security, force row level security;"
                                        + "create policy a on app.extra using (tenant_id = (select nullif(current_setting('plg.workspace_id', true), '')))"
                                        + " with check (tenant_id = (select nullif(current_setting('plg.workspace_id', true), '')));"
                                        + "create policy b on app.extra as restrictive using (tenant_id = (select nullif(current_setting('plg.workspace_id', true), '')))"
                                        + " with check (tenant_id = (select nullif(current_setting('plg.workspace_id', true), '')))")
                        .also(Check.FOREIGN_KEY_WITHOUT_TENANT),
                fault(
                        Check.FOREIGN_KEY_WITHOUT_TENANT,
                        "app.task",
                        "alter table app.project add constraint project_by_id unique (tenant_id, id, name);"
                                + " alter table app.task add column other_tenant uuid, add column other_name text;"
                                + " alter table app.task add constraint borrowed foreign key (other_tenant, project_id, other_name)"
                                + " references app.project (tenant_id, id, name) on delete set null deferrable initially deferred"),
                fault(
                        Check.UNIQUE_WITHOUT_TENANT,
                        "app.one_at_a_time",
                        "alter table app.project add column during daterange;"
                                + " alter table app.project add constraint one_at_a_time exclude using gist (during with &&)"),
                fault(
                        Check.NO_TENANT_INDEX,
                        "app.note",
                        "alter table app.note drop constraint note_pkey; create index on app.note (tenant_id) where id > 5"),
                fault(
                        Check.TENANT_COLUMN_NULLABLE,
                        "app.note.tenant_id",
                        "alter table app.note drop constraint note_pkey; create index on app.note (tenant_id);"
                                + "alter table app.note alter column tenant_id drop not null"),
                fault(
                        Check.TENANT_COLUMN_COLLATION,
                        "app.note.tenant_id",
                        "create collation app.same (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
                                + " drop policy workspace on app.note; drop policy workspace_only on app.note;"
                                + " alter table app.note alter column tenant_id type text collate app.same;"
                                + " create policy workspace on app.note using (tenant_id = (select nullif(current_setting('plg.workspace_id', true), '')))"
                                + " with check (tenant_id = (select nullif(current_setting('plg.workspace_id', true), '')));"
                                + " create policy workspace_only on app.note as restrictive"
                                + " using (tenant_id = (select nullif(current_setting('plg.workspace_id', true), '')))"
                                + " with check (tenant_id = (select nullif(current_setting('plg.workspace_id', true), '')))"),
                fault(
                        Check.FOREIGN_TABLE,
                        "app.away",
                        "create foreign data wrapper nothing; create server nowhere foreign data wrapper nothing;"
                                + " create foreign table app.away (tenant_id uuid) server nowhere; grant select on app.away to app_user"),
                fault(Check.TABLE_WITHOUT_TENANT_COLUMN, "app.extra", "create table app.extra (id bigint)"),
                fault(
                        Check.TENANT_COLUMN_MISSING,
                        "\"Other App\".\"order\"",
                        "alter table \"Other App\".\"order\" drop column \"user\" cascade"),
                fault(Check.TABLE_MISSING, "\"Other App\".\"order\"", "drop table \"Other App\".\"order\""),
                fault(Check.NOTHING_TO_AUDIT, "app", "drop schema app cascade"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("faults")
    @DisplayName("finds each seeded fault on its object and nothing else, and its remedy mends it")
    void fault(Fault fault) {
        String database = HostDatabase.create();
        try {
            HostDatabase.execute(HostDatabase.as("postgres", database), fault.sql());

            AuditReport report = audit(database);

            assertThat(report.findings())
                    .as("%s", report)
                    .anyMatch(found -> found.check().equals(fault.check().id())
                            && found.object().equals(fault.object()));
            Set<Check> expected = EnumSet.of(fault.check());
            expected.addAll(fault.also());
            assertThat(report.findings())
                    .as("%s", report)
                    .extracting(Finding::check)
                    .allMatch(check ->
                            expected.stream().anyMatch(each -> each.id().equals(check)));

            if (report.findings().stream().allMatch(IsolationAuditTest::hasSql)) {
                HostDatabase.execute(HostDatabase.as("postgres", database), report.remedies());
                AuditReport mended = audit(database);
                assertThat(mended.isolated())
                        .as("%s\nafter %s", mended, report.remedies())
                        .isTrue();
            }
        } finally {
            // First, because a role cannot be dropped that has rights in a database.
            HostDatabase.drop(database);
            HostDatabase.execute(HostDatabase.as("postgres", "postgres"), fault.undo());
        }
    }

    /** How bad a fault is depends on what else holds. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "extra-permissive-policy | MEDIUM | create policy more on app.task using (id < 5)",
                "extra-permissive-policy | CRITICAL | create policy more on app.task using (id < 5); drop policy workspace_only on app.task",
                "extra-permissive-policy | MEDIUM | create policy more on app.task to app_owner using (id < 5); drop policy workspace_only on app.task",
                "policy-always-true | CRITICAL | alter policy workspace on app.task using (true); drop policy workspace_only on app.task",
                "policy-not-canonical | MEDIUM | alter policy workspace on app.task using (id < 5)",
                "policy-not-canonical | CRITICAL | alter policy workspace on app.task using (id < 5); drop policy workspace_only on app.task",
                "policy-not-canonical | CRITICAL | alter policy workspace on app.task using (id < 5); alter policy workspace_only on app.task to app_owner",
                "extra-permissive-policy | HIGH | # create view app.v as select id from app.task; alter view app.v owner to app_group; grant select on app.v to app_user",
                "extra-permissive-policy | HIGH | # create function app.f() returns bigint language sql security definer set search_path = '' as 'select 1'; alter function app.f() owner to app_group",
                "extra-permissive-policy | MEDIUM | # create function app.f() returns bigint language sql set search_path = '' as 'select 1'; alter function app.f() owner to app_group",
                "policy-always-true | HIGH | # alter policy rep on app.task using (true); create view app.v as select id from app.task; alter view app.v owner to app_group; grant select on app.v to app_user",
                "policy-not-canonical | MEDIUM | alter policy workspace on app.task using (tenant_id = current_setting('plg.workspace_id')::uuid); drop policy workspace_only on app.task",
                "security-definer-function | HIGH | # create function app.f() returns bigint language sql security definer set search_path = '' as 'select 1'; alter function app.f() owner to app_group",
                "security-definer-function | MEDIUM | create function app.f() returns bigint language sql security definer set search_path = '' as 'select 1'; alter function app.f() owner to app_owner",
                "view-without-security-invoker | CRITICAL | # create view app.v as select id from app.task; alter view app.v owner to app_group; grant select on app.v to app_user",
                "view-without-security-invoker | MEDIUM | # create view app.v as select id from app.note; alter view app.v owner to app_group; grant select on app.v to app_user",
                "rls-not-forced | HIGH | alter table app.task no force row level security",
                "rls-not-forced | CRITICAL | alter table app.task no force row level security; alter table app.task owner to app_user",
                "unguarded-partition | CRITICAL | alter table app.event_2025 disable row level security",
                "unguarded-partition | MEDIUM | alter table app.event_2025 disable row level security; revoke all on app.event_2025 from app_user",
                "view-without-security-invoker | CRITICAL | create view app.v as select id from app.task; grant select on app.v to app_user",
                "view-without-security-invoker | MEDIUM | alter view app.task_id reset (security_invoker)",
            })
    @DisplayName("knows how bad a fault is")
    void severity(String check, Severity severity, String sql) {
        String database = HostDatabase.create();
        try {
            HostDatabase.execute(HostDatabase.as("postgres", database), sql.replace("#", OPEN_TO_GROUP));
            AuditReport report = audit(database);
            assertThat(report.findings())
                    .as("%s", report)
                    .anyMatch(found -> found.check().equals(check) && found.severity() == severity);
            HostDatabase.execute(HostDatabase.as("postgres", database), report.remedies());
            AuditReport mended = audit(database);
            assertThat(mended.isolated()).as("%s", mended).isTrue();
        } finally {
            HostDatabase.drop(database);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "alter table app.project add unique (id, tenant_id); alter table app.task add constraint turned"
                        + " foreign key (project_id, tenant_id) references app.project (id, tenant_id)",
                "create extension btree_gist; alter table app.project add column during daterange;"
                        + " alter table app.project add exclude using gist (during with &&, tenant_id with =)",
                "alter policy workspace on app.task to app_user",
                "alter policy workspace on app.task to app_user; create policy same on app.task using (" + UUID_GUARD
                        + ") with check (" + UUID_GUARD + ")",
                "drop policy workspace on app.task;"
                        + " create policy s on app.task for select to app_user using (" + UUID_GUARD + ");"
                        + " create policy i on app.task for insert to app_user with check (" + UUID_GUARD + ");"
                        + " create policy u on app.task for update to app_user using (" + UUID_GUARD + ") with check ("
                        + UUID_GUARD + ");"
                        + " create policy d on app.task for delete to app_user using (" + UUID_GUARD + ")",
                "create extension btree_gist; create function elsewhere.f()" + DEFINER + ";"
                        + " alter extension btree_gist add function elsewhere.f()",
                "create function elsewhere.f()" + DEFINER + "; alter function elsewhere.f() owner to app_group;"
                        + " grant select on app.task to app_group"
            })
    @DisplayName("raises no alarm at what keeps tenants apart")
    void harmless(String sql) {
        String database = HostDatabase.create();
        try {
            HostDatabase.execute(HostDatabase.as("postgres", database), sql);
            AuditReport report = audit(database);
            assertThat(report.isolated()).as("%s", report).isTrue();
        } finally {
            HostDatabase.drop(database);
        }
    }

    @Test
    @DisplayName("lets operators list workspaces as long as they write nothing")
    void operators() {
        String database = HostDatabase.create();
        try {
            HostDatabase.execute(
                    HostDatabase.as("postgres", database),
                    LISTING + "create role plg_operator; grant plg_operator to app_group;"
                            + " grant execute on function plg_directory.workspaces_after to plg_operator");
            IsolationAudit audit =
                    HostDatabase.audit(HostDatabase.as("postgres", database)).role("app_group");
            AuditReport report = audit.run();
            assertThat(report.isolated()).as("%s", report).isTrue();

            HostDatabase.execute(HostDatabase.as("postgres", database), "grant update (id) on app.task to app_group");
            assertThat(audit.run().findings()).extracting(Finding::check).containsExactly("operator-right");
        } finally {
            HostDatabase.drop(database);
            HostDatabase.execute(HostDatabase.as("postgres", "postgres"), "drop role plg_operator");
        }
    }

    @Test
    @DisplayName("looks at the login, which whoever took on another role can go back to")
    void takenOn() {
        PGSimpleDataSource superuser = HostDatabase.as("postgres", clean);
        superuser.setOptions("-c role=app_user");
        AuditReport report = HostDatabase.audit(superuser).run();
        assertThat(report.findings()).extracting(Finding::check).containsExactly("role-superuser");
        assertThat(report.role()).isEqualTo("postgres");

        AuditReport named = HostDatabase.audit(superuser).role("app_user").run();
        assertThat(named.isolated()).as("%s", named).isTrue();
    }

    @Test
    @DisplayName("accepts a login that can do no more than the role which it takes on, and tries as that role")
    void takenOnWithoutHarm() {
        String database = HostDatabase.create();
        HostDatabase.execute(
                HostDatabase.as("postgres", database),
                "create role app_login login noinherit; grant app_user to app_login; alter role app_login set role = 'app_user'");
        try {
            AuditReport report = IsolationAudit.of(HostDatabase.as("app_login", database))
                    .table("app.note", "tenant_id")
                    .run();
            assertThat(report.isolated()).as("%s", report).isTrue();
            assertThat(report.role()).isEqualTo("app_login");
            assertThat(report.notProbed()).isEmpty();

            HostDatabase.execute(HostDatabase.as("postgres", database), "alter role app_login bypassrls");
            AuditReport bypassing =
                    HostDatabase.audit(HostDatabase.as("app_login", database)).run();
            assertThat(bypassing.findings()).extracting(Finding::check).containsExactly("role-bypassrls");
        } finally {
            HostDatabase.drop(database);
            HostDatabase.execute(HostDatabase.as("postgres", "postgres"), "drop role app_login");
        }
    }

    private static boolean hasSql(Finding finding) {
        return finding.remedy().lines().anyMatch(line -> !line.startsWith("--"));
    }

    @Test
    @DisplayName("has a seeded fault for each check")
    void complete() {
        Set<Check> elsewhere = EnumSet.of(Check.NO_ROW_LEVEL_SECURITY, Check.SERVER_VERSION, Check.CLAIM_USER_EDITABLE);
        Set<Check> seeded = faults().map(Fault::check).collect(Collectors.toSet());
        assertThat(Arrays.stream(Check.values()).filter(check -> !elsewhere.contains(check)))
                .allMatch(seeded::contains);
    }

    @Test
    @DisplayName("finds nothing where everything is guarded")
    void noFalseAlarm() {
        AuditReport report = audit(clean);
        assertThat(report.isolated()).as("%s", report).isTrue();
        assertThat(report.role()).isEqualTo("app_user");
        assertThat(report.database()).startsWith("PostgreSQL 1");
        assertThat(report.tables())
                .containsExactlyInAnyOrder(
                        "app.document",
                        "app.event",
                        "app.event_2025",
                        "app.event_2026",
                        "app.note",
                        "app.project",
                        "app.task",
                        "public.thing",
                        "\"Other App\".\"Meter \"\" Reading\"",
                        "\"Other App\".\"order\"");
        AuditReport ofOther = HostDatabase.audit(HostDatabase.as("postgres", clean))
                .role("app_user")
                .run();
        assertThat(ofOther).isEqualTo(report);
    }

    @Test
    @DisplayName("writes a guard script that may run again and changes nothing then")
    void guardScript() {
        String database = HostDatabase.create();
        try {
            String script =
                    HostDatabase.audit(HostDatabase.as("postgres", database)).guardScript();
            HostDatabase.execute(HostDatabase.as("postgres", database), script, script);
            assertThat(audit(database).isolated()).isTrue();
            assertThat(HostDatabase.audit(HostDatabase.as("app_user", database)).guardScript())
                    .isEqualTo(script)
                    .doesNotContain("create index");
            assertThat(IsolationAudit.of(HostDatabase.as("app_user", database)).guardScript())
                    .isEmpty();
        } finally {
            HostDatabase.drop(database);
        }
    }

    @Test
    @DisplayName("says so when there is nothing to audit")
    void nothing() {
        AuditReport report = IsolationAudit.of(HostDatabase.as("app_user", clean))
                .withoutProbe()
                .run();
        assertThat(report.findings()).extracting(Finding::check).containsExactly("nothing-to-audit");
    }

    @Test
    @DisplayName("refuses a role that does not exist")
    void noSuchRole() {
        IsolationAudit audit =
                HostDatabase.audit(HostDatabase.as("app_user", clean)).role("no\"body");
        assertThatThrownBy(audit::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no\"body");
    }

    @Test
    @DisplayName("leaves the connection's transaction and its settings as they were")
    void joins() throws SQLException {
        try (Connection connection = HostDatabase.as("app_user", clean).getConnection()) {
            connection.setAutoCommit(false);
            connection.createStatement().execute("set local search_path = app");
            AuditReport report =
                    HostDatabase.audit(new OneConnection(connection)).run();
            assertThat(report.isolated()).as("%s", report).isTrue();
            try (var row = connection.createStatement().executeQuery("show search_path")) {
                row.next();
                assertThat(row.getString(1)).isEqualTo("app");
            }
            connection.rollback();
        }
    }

    @Test
    @DisplayName("finds a claim that users can edit, and accepts policies on one that they cannot")
    void claims() {
        String database = HostDatabase.create();
        try {
            IsolationAudit byClaim = HostDatabase.audit(HostDatabase.as("app_user", database))
                    .boundBy(TenantBinding.jwtClaim("app_metadata.org_id"));
            assertThat(byClaim.run().findings()).extracting(Finding::check).contains("policy-not-canonical");
            HostDatabase.execute(HostDatabase.as("postgres", database), byClaim.guardScript());
            AuditReport report = byClaim.run();
            assertThat(report.isolated()).as("%s", report).isTrue();

            IsolationAudit editable = byClaim.boundBy(TenantBinding.jwtClaim("user_metadata.org_id"));
            HostDatabase.execute(HostDatabase.as("postgres", database), editable.guardScript());
            assertThat(editable.run().findings())
                    .extracting(Finding::check, Finding::severity)
                    .containsExactly(tuple("claim-user-editable", Severity.CRITICAL));
        } finally {
            HostDatabase.drop(database);
        }
    }

    @Test
    @DisplayName("finds the one table among a hundred that is not guarded")
    void hundredTables() {
        String database = HostDatabase.create();
        try {
            HostDatabase.execute(HostDatabase.as("postgres", database), """
                    do $$
                    begin
                        for i in 1..100 loop
                            execute format('create table app.t%1$s (tenant_id varchar(40) not null, id bigint, primary key (tenant_id, id))', i);
                            execute format('grant select, insert, update, delete on app.t%1$s to app_user', i);
                        end loop;
                    end $$""");
            IsolationAudit audit = HostDatabase.audit(HostDatabase.as("app_user", database));
            HostDatabase.execute(HostDatabase.as("postgres", database), audit.guardScript());
            HostDatabase.execute(
                    HostDatabase.as("postgres", database), "alter table app.t77 disable row level security");
            AuditReport report = audit.run();
            assertThat(report.findings())
                    .extracting(Finding::check, Finding::object)
                    .containsExactly(tuple("rls-off", "app.t77"));
        } finally {
            HostDatabase.drop(database);
        }
    }

    @Test
    @DisplayName("finds servers whose statistics or views leak")
    void versions() {
        for (int bad : List.of(130022, 140019, 150000, 150013, 160009, 170005)) {
            var findings = new Findings();
            CatalogChecks.serverVersion(bad, findings);
            assertThat(findings.toList()).extracting(Finding::check).containsExactly("server-version");
        }
        for (int good : List.of(150014, 160010, 170006, 180000, 190000)) {
            var findings = new Findings();
            CatalogChecks.serverVersion(good, findings);
            assertThat(findings.toList()).isEmpty();
        }
    }

    @Test
    @DisplayName("says that H2 isolates nobody")
    void h2() {
        var h2 = new JdbcDataSource();
        h2.setURL("jdbc:h2:mem:audit");
        AuditReport report = IsolationAudit.of(h2).run();
        assertThat(report.findings()).singleElement().satisfies(finding -> {
            assertThat(finding.check()).isEqualTo("no-row-level-security");
            assertThat(finding.severity()).isEqualTo(Severity.CRITICAL);
            assertThat(finding.problem()).startsWith("H2 has no row level security");
            assertThat(finding.remedy()).isEqualTo("-- run on PostgreSQL 15 or later");
        });
        assertThat(report).asString().contains("NOT ISOLATED");
    }

    private static AuditReport audit(String database) {
        return HostDatabase.audit(HostDatabase.as("app_user", database)).run();
    }
}
