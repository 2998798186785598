package io.plg.audit;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.audit.ProbeScript.Attempt;
import io.plg.audit.ProbeScript.From;
import io.plg.audit.ProbeScript.Kind;
import io.plg.audit.ProbeScript.Outcome;
import io.plg.tenancy.Finding;
import io.plg.tenancy.Severity;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** What the probe reaches on guarded tables (nothing), and on tables with one seeded fault each (exactly what the fault lets through). */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
final class ProbeTest {
    private static final TenantBinding BINDING = TenantBinding.setting("app.tenant");
    private static final String TEXT_RULE = "(tenant = (select nullif(current_setting('app.tenant', true), '')))";
    private static final String NOTE =
            "create table app.note (tenant text not null, id bigint generated always as identity, body text not null,"
                    + " primary key (tenant, id))";

    /** Kinds that only make sense from another tenant: a row of its own is needed. */
    private static final Set<Kind> NEED_AN_OWN_ROW = EnumSet.of(Kind.MOVE_OUT, Kind.ON_CONFLICT_OWN);

    private static final Set<Kind> READS =
            EnumSet.of(Kind.SELECT, Kind.COUNT, Kind.EXISTS, Kind.JOIN, Kind.RECURSIVE_CTE, Kind.COPY_TO);

    @Test
    void guarded_tables_of_all_types_hold_and_all_of_it_is_tried() throws SQLException {
        String database = database(
                "create type app.mood as enum ('happy', 'sad')",
                "create domain app.name as varchar(40) not null check (value <> '')",
                "create domain app.tenant_id as varchar(64)",
                NOTE,
                guard("app.note", TEXT_RULE),
                """
                create table app.everything (
                    tenant app.tenant_id primary key, a varchar(5) not null unique, b char(3) not null, c smallint not null,
                    d integer not null, e bigint not null, f numeric(7, 2) not null, g numeric not null, h boolean not null,
                    i uuid not null, j timestamptz not null, k timestamp not null, l date not null, m time not null,
                    n interval not null, o json not null, p jsonb not null, q bytea not null, r text[] not null,
                    s app.mood not null, t app.name, u inet not null, v real not null, w double precision not null,
                    x int4range not null, y cidr not null, z bit(4) not null, za timetz not null, zb app.mood[] not null,
                    zc "char" not null, zd macaddr not null, ze xml, zf integer generated always as (d / 2) stored,
                    zg timestamptz not null default now(), "Odd 'name'" text not null, exotic int4multirange not null)
                """,
                guard("app.everything", TEXT_RULE),
                "create table app.org (id uuid primary key, title text not null)",
                guard("app.org", "(id = (select nullif(current_setting('app.tenant', true), '')::uuid))"),
                """
                create table app.project (tenant uuid not null references app.org (id), id uuid default gen_random_uuid(),
                    parent uuid, primary key (tenant, id), foreign key (tenant, parent) references app.project (tenant, id))
                """,
                guard("app.project", "(tenant = (select nullif(current_setting('app.tenant', true), '')::uuid))"),
                "create table app.kind (code text primary key)",
                "insert into app.kind values ('bug')",
                """
                create table app.task (tenant uuid not null, project uuid not null, kind text not null references app.kind,
                    id integer not null, primary key (tenant, id), foreign key (tenant, project) references app.project (tenant, id))
                """,
                guard("app.task", "(tenant = (select nullif(current_setting('app.tenant', true), '')::uuid))"),
                """
                create table app.event (tenant bigint not null, id uuid not null, at timestamptz not null, primary key (tenant, at, id))
                    partition by range (at)
                """,
                "create table app.event_1 partition of app.event for values from ('2000-01-01') to ('9999-01-01')",
                guard("app.event", "(tenant = (select nullif(current_setting('app.tenant', true), '')::bigint))"),
                "create table app.\"Odd Table\" (\"the tenant\" integer primary key, \"order\" integer not null, \"user\" text not null)",
                guard(
                        "app.\"Odd Table\"",
                        "(\"the tenant\" = (select nullif(current_setting('app.tenant', true), '')::integer))"));
        var tables = List.of(
                table(database, "task", "tenant"),
                table(database, "everything", "tenant"),
                table(database, "project", "tenant"),
                table(database, "org", "id"),
                table(database, "event", "tenant"),
                table(database, "note", "tenant"),
                table(database, "Odd Table", "the tenant"));

        Probe.Result result = probe(database, "host_app", tables);

        assertThat(result.notProbed()).isEmpty();
        assertThat(result.findings()).isEmpty();
        for (TenantTable table : tables) {
            for (From from : From.values()) {
                Set<Kind> expected = EnumSet.allOf(Kind.class);
                if (from == From.NOBODY) {
                    expected.removeAll(NEED_AN_OWN_ROW);
                } else if (!table.name().equals("everything")) {
                    expected.remove(Kind.ON_CONFLICT_OWN); // all of its keys have the tenant in them
                }
                assertThat(result.attempts())
                        .filteredOn(attempt -> attempt.table().equals(table.qualified()) && attempt.from() == from)
                        .allMatch(attempt -> attempt.outcome() == Outcome.HELD)
                        .extracting(Attempt::kind)
                        .containsExactlyInAnyOrderElementsOf(expected);
            }
        }
    }

    @Test
    void without_row_level_security_everything_leaks() throws SQLException {
        String database = database(NOTE);
        Set<Kind> all = EnumSet.allOf(Kind.class);
        all.remove(Kind.ON_CONFLICT_OWN); // its key has the tenant in it
        assertThat(leaks(database, From.ANOTHER)).isEqualTo(all);
        all.removeAll(NEED_AN_OWN_ROW);
        assertThat(leaks(database, From.NOBODY)).isEqualTo(all);
    }

    @Test
    void a_policy_that_is_always_true_lets_everything_through_but_what_row_level_security_never_does()
            throws SQLException {
        String database = database(NOTE, guard("app.note", TEXT_RULE), "create policy extra on app.note using (true)");
        Set<Kind> all = EnumSet.allOf(Kind.class);
        all.removeAll(Set.of(Kind.ON_CONFLICT_OWN, Kind.COPY_FROM));
        assertThat(leaks(database, From.ANOTHER)).isEqualTo(all);
    }

    @Test
    void a_policy_that_reads_all_lets_all_reads_through() throws SQLException {
        String database =
                database(NOTE, guard("app.note", TEXT_RULE), "create policy extra on app.note for select using (true)");
        assertThat(leaks(database, From.ANOTHER)).isEqualTo(READS);
        assertThat(leaks(database, From.NOBODY)).isEqualTo(READS);
    }

    @Test
    void a_policy_without_a_check_on_what_is_written_lets_rows_be_written_for_others() throws SQLException {
        String database = database(
                NOTE, guard("app.note", TEXT_RULE), "create policy extra on app.note for insert with check (true)");
        Set<Kind> inserts = EnumSet.of(Kind.INSERT, Kind.CTE_INSERT, Kind.ON_CONFLICT_DO_NOTHING, Kind.MERGE_INSERT);
        assertThat(leaks(database, From.ANOTHER)).isEqualTo(inserts);
        assertThat(leaks(database, From.NOBODY)).isEqualTo(inserts);
    }

    @Test
    void a_policy_that_checks_no_update_lets_rows_be_given_to_others() throws SQLException {
        String database = database(
                NOTE,
                guard("app.note", TEXT_RULE),
                "create policy extra on app.note for update using " + TEXT_RULE + " with check (true)");
        assertThat(leaks(database, From.ANOTHER)).isEqualTo(EnumSet.of(Kind.MOVE_OUT));
        assertThat(leaks(database, From.NOBODY)).isEmpty();
    }

    @Test
    void a_policy_that_updates_all_is_found_although_the_rows_cannot_be_read() throws SQLException {
        String database =
                database(NOTE, guard("app.note", TEXT_RULE), "create policy extra on app.note for update using (true)");
        assertThat(leaks(database, From.ANOTHER))
                .contains(Kind.UPDATE_ALL, Kind.MOVE_OUT)
                .doesNotContain(Kind.SELECT, Kind.DELETE_ALL);
        assertThat(leaks(database, From.NOBODY)).contains(Kind.UPDATE_ALL);
    }

    @Test
    void a_policy_that_deletes_all_is_found_although_the_rows_cannot_be_read() throws SQLException {
        String database =
                database(NOTE, guard("app.note", TEXT_RULE), "create policy extra on app.note for delete using (true)");
        assertThat(leaks(database, From.ANOTHER)).isEqualTo(EnumSet.of(Kind.DELETE_ALL));
        assertThat(leaks(database, From.NOBODY)).isEqualTo(EnumSet.of(Kind.DELETE_ALL));
    }

    @Test
    void a_policy_that_reads_and_updates_all_lets_every_update_through() throws SQLException {
        String database = database(
                NOTE,
                guard("app.note", TEXT_RULE),
                "create policy extra on app.note for select using (true)",
                "create policy extra_update on app.note for update using (true)");
        Set<Kind> expected = EnumSet.copyOf(READS);
        expected.addAll(Set.of(
                Kind.UPDATE,
                Kind.UPDATE_RETURNING,
                Kind.UPDATE_ALL,
                Kind.CTE_UPDATE,
                Kind.MERGE_UPDATE,
                Kind.MOVE_IN,
                Kind.MOVE_OUT,
                Kind.FOR_UPDATE));
        assertThat(leaks(database, From.ANOTHER)).isEqualTo(expected);
    }

    @Test
    void a_policy_that_reads_and_deletes_all_lets_every_delete_through() throws SQLException {
        String database = database(
                NOTE,
                guard("app.note", TEXT_RULE),
                "create policy extra on app.note for select using (true)",
                "create policy extra_delete on app.note for delete using (true)");
        Set<Kind> expected = EnumSet.copyOf(READS);
        expected.addAll(
                Set.of(Kind.DELETE, Kind.DELETE_RETURNING, Kind.DELETE_ALL, Kind.CTE_DELETE, Kind.MERGE_DELETE));
        assertThat(leaks(database, From.ANOTHER)).isEqualTo(expected);
    }

    @Test
    void a_key_without_the_tenant_and_a_policy_for_updates_lets_a_row_be_changed_on_conflict() throws SQLException {
        String database = database(
                "create table app.note (id uuid primary key, tenant text not null, body text not null)",
                guard("app.note", TEXT_RULE),
                "create policy extra on app.note for select using (true)",
                "create policy extra_update on app.note for update using (true)");
        assertThat(leaks(database, From.ANOTHER)).contains(Kind.ON_CONFLICT_OWN);
    }

    @Test
    void a_policy_that_lets_all_through_where_no_tenant_is_bound_leaks_to_nobody_only() throws SQLException {
        String database = database(
                NOTE,
                guard(
                        "app.note",
                        "(tenant = current_setting('app.tenant', true) or current_setting('app.tenant', true) = '')"));
        assertThat(leaks(database, From.ANOTHER)).isEmpty();
        assertThat(leaks(database, From.NOBODY)).containsAll(READS).contains(Kind.INSERT, Kind.UPDATE, Kind.DELETE);
    }

    @Test
    void rows_that_a_policy_lets_through_for_another_reason_are_found() throws SQLException {
        String database = database(
                "create table app.note (tenant text not null, id uuid primary key, public boolean not null default false)",
                guard("app.note", TEXT_RULE),
                "insert into app.note values ('globex', gen_random_uuid(), true)",
                "create policy extra on app.note for select using (public)");
        assertThat(leaks(database, From.ANOTHER)).contains(Kind.SELECT, Kind.COPY_TO);
    }

    @Test
    void a_constraint_that_stops_a_statement_after_the_policies_have_let_it_through_does_not_hide_it()
            throws SQLException {
        String database = database(
                NOTE,
                "create table app.comment (tenant text not null, note bigint not null, foreign key (tenant, note) references app.note)",
                guard("app.comment", TEXT_RULE));
        assertThat(leaks(database, From.ANOTHER)).contains(Kind.DELETE, Kind.DELETE_RETURNING);
        assertThat(probe(
                                database,
                                "host_app",
                                List.of(table(database, "note", "tenant"), table(database, "comment", "tenant")))
                        .findings())
                .extracting(Finding::check)
                .contains("probe-delete", "probe-merge-delete");
    }

    @Test
    void a_finding_says_who_can_do_what() throws SQLException {
        String database =
                database(NOTE, guard("app.note", TEXT_RULE), "create policy extra on app.note for delete using (true)");
        Probe.Result result = probe(database, "host_app", List.of(table(database, "note", "tenant")));
        assertThat(result.findings())
                .containsExactly(new Finding(
                        Severity.CRITICAL,
                        "probe-delete-all",
                        "app.note",
                        "another tenant, or none, can delete its rows by a DELETE without a condition",
                        "-- mend the other findings of app.note; if there are none, look at its policies"));
    }

    @Test
    void nothing_of_it_remains_whatever_leaks() throws SQLException {
        String database = database(
                NOTE,
                "insert into app.note (tenant, body) select 'acme', 'x' from generate_series(1, 1000)",
                "create table app.log (tenant text not null, id uuid primary key)",
                "insert into app.log select 'acme', gen_random_uuid() from generate_series(1, 10)");
        String all = "select md5(string_agg(r, ';' order by r)) from (select n::text from app.note n union all"
                + " select l::text from app.log l) as rows (r)";
        List<String> before = ProbePostgres.query(ProbePostgres.as("postgres", database), all);

        try (Connection connection = ProbePostgres.as("host_app", database).getConnection()) {
            var tables = List.of(table(database, "note", "tenant"), table(database, "log", "tenant"));
            assertThat(Probe.run(connection, "host_app", tables).findings()).isNotEmpty();
            assertThat(connection.getAutoCommit()).isTrue();
            connection.setAutoCommit(false);
            Probe.run(connection, "host_app", tables);
            assertThat(connection.getAutoCommit()).isFalse();
            connection.rollback();
        }

        assertThat(ProbePostgres.query(ProbePostgres.as("postgres", database), all))
                .isEqualTo(before);
    }

    @Test
    void a_transaction_that_the_connection_is_in_stays_as_it_was() throws SQLException {
        String database =
                database(NOTE, "create table app.own (x text)", "grant select, insert on app.own to host_app");
        try (Connection connection = ProbePostgres.as("host_app", database).getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("insert into app.own values ('mine')");
            statement.execute("select set_config('plg.workspace_id', 'acme', true)");

            Probe.run(connection, "host_app", List.of(table(database, "note", "tenant")));

            try (ResultSet row = statement.executeQuery(
                    "select current_setting('plg.workspace_id'), current_setting('lock_timeout'), count(*) from app.own")) {
                row.next();
                assertThat(List.of(row.getString(1), row.getString(2), row.getString(3)))
                        .containsExactly("acme", "0", "1");
            }
            connection.commit();
        }
        assertThat(ProbePostgres.query(ProbePostgres.as("postgres", database), "select x from app.own"))
                .containsExactly("mine");
    }

    @Test
    void a_claim_of_a_web_token_binds_too() throws SQLException {
        String rule = "(tenant = (select nullif(current_setting('request.jwt.claims', true), '')::jsonb"
                + " -> 'app_metadata' ->> 'org_id')::uuid)";
        String database = database(
                "create table app.doc (tenant uuid not null, id uuid not null default gen_random_uuid(), primary key (tenant, id))",
                guard("app.doc", rule),
                "create table app.leaky (tenant uuid not null, id uuid not null default gen_random_uuid(), primary key (tenant, id))",
                guard("app.leaky", rule),
                "create policy extra on app.leaky for select using (true)");
        TenantBinding claim = TenantBinding.jwtClaim("app_metadata.org_id");
        Probe.Result result = probe(
                database,
                "host_app",
                List.of(table(database, "doc", "tenant", claim), table(database, "leaky", "tenant", claim)));
        assertThat(result.notProbed()).isEmpty();
        assertThat(result.findings()).extracting(Finding::object).containsOnly("app.leaky");
        assertThat(result.attempts()).extracting(Attempt::table).contains("app.doc", "app.leaky");
    }

    @Test
    void another_role_is_taken_on_and_only_if_it_may_be() throws SQLException {
        String database = database(NOTE, guard("app.note", TEXT_RULE));
        var tables = List.of(table(database, "note", "tenant"));
        try (Connection superuser = ProbePostgres.as("postgres", database).getConnection()) {
            assertThat(Probe.run(superuser, "postgres", tables).findings())
                    .as("nothing holds a superuser")
                    .isNotEmpty();
            Probe.Result asApp = Probe.run(superuser, "host_app", tables);
            assertThat(asApp.findings()).isEmpty();
            assertThat(asApp.attempts()).isNotEmpty();
        }
        Probe.Result refused = probe(database, "postgres", tables);
        assertThat(refused.attempts()).isEmpty();
        assertThat(refused.notProbed())
                .singleElement()
                .asString()
                .contains("may not take on the role postgres", "permission denied");
    }

    @Test
    void what_cannot_be_probed_is_told_with_the_reason() throws SQLException {
        String database = database(
                NOTE,
                guard("app.note", TEXT_RULE),
                "create table app.checked (tenant text not null, n integer not null check (n < 0))",
                "create table app.shape (tenant text not null, n path not null)",
                "create table app.ring_a (tenant text not null, id integer primary key, b integer not null)",
                "create table app.ring_b (tenant text not null, id integer primary key, a integer not null references app.ring_a)",
                "alter table app.ring_a add foreign key (b) references app.ring_b",
                "create table app.unbound (tenant text not null)",
                guard("app.unbound", "(tenant = current_setting('app.other', true))"),
                "create table app.silent (tenant text not null)",
                "create function app.drop_row() returns trigger language plpgsql as 'begin return null; end'",
                "create trigger drop_row before insert on app.silent for each row execute function app.drop_row()",
                "create table app.fixed (tenant text not null)",
                guard("app.fixed", TEXT_RULE),
                "create function app.refuse() returns trigger language plpgsql as $$ begin raise 'append only'; end $$",
                "create trigger refuse before update on app.fixed for each statement execute function app.refuse()");
        ProbePostgres.execute(ProbePostgres.as("postgres", database), "revoke insert on app.note from host_app");
        var tables = new ArrayList<TenantTable>();
        for (String name : List.of("note", "checked", "shape", "ring_a", "ring_b", "unbound", "silent", "fixed")) {
            tables.add(table(database, name, "tenant"));
        }
        assertThat(probe(database, "host_app", tables).notProbed())
                .anyMatch(each -> each.equals("app.note: the role has no INSERT on it"))
                .anyMatch(each -> each.startsWith(
                        "app.checked: no row could be written: new row for relation \"checked\" violates"))
                .anyMatch(each -> each.equals("app.shape: no value can be made for column n of type path"))
                .anyMatch(each -> each.startsWith("app.ring_a: it refers to app.ring_b"))
                .anyMatch(each -> each.startsWith("app.ring_b: it refers to app.ring_a"))
                .anyMatch(each ->
                        each.startsWith("app.unbound: no row could be written: new row violates row-level security"))
                .anyMatch(each -> each.equals("app.silent: a row was written and is not there"))
                .anyMatch(each -> each.startsWith("app.fixed: update, ") && each.endsWith("append only"))
                .hasSize(8);
    }

    @Test
    void a_server_that_takes_no_writes_is_not_probed() throws SQLException {
        String database = database(NOTE, guard("app.note", TEXT_RULE));
        try (Connection connection = ProbePostgres.as("host_app", database).getConnection()) {
            connection.setReadOnly(true);
            Probe.Result result = Probe.run(connection, "host_app", List.of(table(database, "note", "tenant")));
            assertThat(result.attempts()).isEmpty();
            assertThat(result.notProbed()).hasSize(1);
        }
    }

    @Test
    void a_hundred_tables_are_probed() throws SQLException {
        var statements = new ArrayList<String>();
        for (int i = 0; i < 100; i++) {
            String name = "app.t" + i;
            statements.add("create table " + name
                    + " (tenant varchar(128) collate \"C\" not null, id uuid not null, name text not null,"
                    + " at timestamptz not null, data jsonb not null, n integer not null, primary key (tenant, id))");
            statements.add(guard(name, TEXT_RULE));
            statements.add("create policy tenant_only on " + name + " as restrictive using " + TEXT_RULE
                    + " with check " + TEXT_RULE);
        }
        String database = database(statements.toArray(String[]::new));
        var tables = new ArrayList<TenantTable>();
        for (int i = 0; i < 100; i++) {
            tables.add(table(database, "t" + i, "tenant"));
        }
        Probe.Result result = probe(database, "host_app", tables);
        assertThat(result.findings()).isEmpty();
        assertThat(result.notProbed()).isEmpty();
        assertThat(result.attempts()).hasSize(100 * (2 * Kind.values().length - NEED_AN_OWN_ROW.size() - 1));
    }

    private static String database(String... statements) {
        var all = new ArrayList<String>();
        all.add("create schema app");
        all.addAll(Arrays.asList(statements));
        all.add("grant usage on schema app to host_app");
        all.add("grant all on all tables in schema app to host_app");
        return ProbePostgres.database(all.toArray(String[]::new));
    }

    private static String guard(String table, String rule) {
        return "alter table " + table + " enable row level security; alter table " + table
                + " force row level security;" + " create policy tenant on " + table + " using " + rule + " with check "
                + rule;
    }

    private static Set<Kind> leaks(String database, From from) throws SQLException {
        Probe.Result result = probe(database, "host_app", List.of(table(database, "note", "tenant")));
        assertThat(result.notProbed()).isEmpty();
        return result.attempts().stream()
                .filter(attempt -> attempt.from() == from && attempt.outcome() == Outcome.LEAKED)
                .map(Attempt::kind)
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(Kind.class)));
    }

    private static Probe.Result probe(String database, String role, List<TenantTable> tables) throws SQLException {
        try (Connection connection = ProbePostgres.as("host_app", database).getConnection()) {
            return Probe.run(connection, role, tables);
        }
    }

    private static TenantTable table(String database, String name, String column) {
        return table(database, name, column, BINDING);
    }

    private static TenantTable table(String database, String name, String column, TenantBinding binding) {
        List<String> found = ProbePostgres.query(
                ProbePostgres.as("postgres", database),
                "select c.oid || ' ' || format_type(a.atttypid, a.atttypmod) from pg_class c join pg_attribute a on a.attrelid = c.oid"
                        + " where c.relnamespace = 'app'::regnamespace and c.relname = '" + name + "' and a.attname = '"
                        + column + "'");
        String[] parts = found.get(0).split(" ", 2);
        return new TenantTable(Long.parseLong(parts[0]), "app", name, column, parts[1], binding);
    }
}
