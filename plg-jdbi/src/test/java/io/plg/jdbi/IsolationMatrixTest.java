package io.plg.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.postgresql.PGConnection;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * Every table of schema plg × every kind of statement × {another workspace bound, none bound}: no row of acme is read, changed or counted.
 * Tables and their rows come from the catalog, so that a new table takes part without an edit here.
 *
 * <p>Twice: as {@code app}, with the rights of an application, and as {@code all_rights}, where nothing but row level security can hold.
 */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
final class IsolationMatrixTest {
    private static final String ACME = "acme-of-the-matrix";
    private static final String GLOBEX = "globex-of-the-matrix";
    private static final Map<String, Attack> ATTACKS = attacks();

    private static Database guarded;

    @BeforeAll
    static void a_database_with_rows_of_two_workspaces() throws SQLException {
        try (Database any = new Database("postgres")) {
            if (any.query("select 1 from pg_roles where rolname = 'all_rights'").isEmpty()) {
                any.execute("create role all_rights login");
            }
        }
        guarded = migrated("isolation_matrix");
    }

    @AfterAll
    static void it_is_closed() throws SQLException {
        guarded.close();
    }

    @TestFactory
    Stream<DynamicTest> of_nobody_elses_rows_is_anything_reached() throws SQLException {
        List<Table> tables = guarded.tables();
        assertThat(tables).isNotEmpty();
        return Stream.of("app", "all_rights")
                .flatMap(login -> tables.stream()
                        .flatMap(table -> ATTACKS.keySet().stream()
                                .flatMap(kind -> Stream.of(GLOBEX, "")
                                        .map(bound -> dynamicTest(
                                                table.name() + ": " + kind
                                                        + (bound.isEmpty()
                                                                ? " from no workspace"
                                                                : " from another workspace")
                                                        + " as " + login,
                                                () -> {
                                                    String before = guarded.checksum(table);
                                                    assertThat(reached(guarded, login, table, kind, bound, true))
                                                            .as(table.name() + ": " + kind + " as " + login)
                                                            .isZero();
                                                    assertThat(guarded.checksum(table))
                                                            .isEqualTo(before);
                                                })))));
    }

    @Test
    void without_row_level_security_the_same_attacks_reach_them() throws SQLException {
        try (Database open = migrated("isolation_matrix_control")) {
            for (Table table : open.tables()) {
                open.execute("alter table " + table.name() + " disable row level security");
            }
            assertThat(leaks(open, "all_rights", GLOBEX))
                    .as("from another workspace")
                    .containsExactlyInAnyOrderElementsOf(everything(open));
            assertThat(leaks(open, "all_rights", ""))
                    .as("from none")
                    .containsExactlyInAnyOrderElementsOf(everything(open));
        }
    }

    private static List<String> everything(Database database) throws SQLException {
        var all = new ArrayList<String>();
        for (Table table : database.tables()) {
            for (String kind : ATTACKS.keySet()) {
                all.add(table.name() + ": " + kind);
            }
        }
        return all;
    }

    /** The whole matrix, rolled back: what leaked. */
    private static List<String> leaks(Database database, String login, String bound) throws SQLException {
        var leaks = new ArrayList<String>();
        for (Table table : database.tables()) {
            for (String kind : ATTACKS.keySet()) {
                if (reached(database, login, table, kind, bound, false) > 0) {
                    leaks.add(table.name() + ": " + kind);
                }
            }
        }
        return leaks;
    }

    /** How many rows of acme an attack reached. What it did is committed if asked for, so that a checksum can tell. */
    private static long reached(Database database, String login, Table table, String kind, String bound, boolean commit)
            throws SQLException {
        database.fill(table);
        try (Connection connection = database.as(login).getConnection()) {
            connection.setAutoCommit(false);
            var session = new Session(connection, table, bound);
            session.bind(bound);
            long reached;
            try {
                reached = ATTACKS.get(kind).reach(session);
            } catch (SQLException e) {
                connection.rollback();
                return stopped(e);
            }
            if (commit) {
                connection.commit();
            } else {
                connection.rollback();
            }
            return reached;
        }
    }

    private static long stopped(SQLException e) throws SQLException {
        String state = String.valueOf(e.getSQLState());
        if (state.equals("42501") || state.equals("0A000") && e.getMessage().contains("row-level security")) {
            return 0;
        }
        if (state.startsWith("23")) {
            return 1; // constraints are checked after the policies: they had let it through
        }
        throw e;
    }

    private static Map<String, Attack> attacks() {
        var attacks = new LinkedHashMap<String, Attack>();
        attacks.put("SELECT", s -> s.foreign("select * from %t"));
        attacks.put("SELECT by key", s -> s.foreign("select * from %t where %is"));
        attacks.put("TABLE", s -> s.foreign("table %t"));
        attacks.put("count", s -> s.number("select count(*) from %t where %acme"));
        attacks.put(
                "max",
                s -> s.number(
                        "select count(*) from (select max(workspace_id) m from %t where %acme) x where m is not null"));
        attacks.put(
                "window function",
                s -> s.number("select count(*) from (select min(workspace_id) over () m from %t where %acme) x"));
        attacks.put(
                "EXISTS", s -> s.number("select count(*) from (select 1) x where exists (select from %t where %acme)"));
        attacks.put(
                "NOT IN",
                s -> 1
                        - s.number(
                                "select count(*) from (values ('%a')) v (w) where w not in (select workspace_id from %t)"));
        attacks.put(
                "join", s -> s.number("select count(*) from (values ('%a')) v (w) join %t t on t.workspace_id = v.w"));
        attacks.put(
                "self join",
                s -> s.number(
                        "select count(*) from %t a left join %t b using (workspace_id) where b.workspace_id = '%a'"));
        attacks.put(
                "recursive CTE",
                s -> s.number("with recursive r (w) as (select workspace_id from %t where %acme union"
                        + " select t.workspace_id from %t t join r on t.workspace_id = r.w) select count(*) from r"));
        attacks.put(
                "UNION", s -> s.foreign("select workspace_id from %t union select workspace_id from %t where %acme"));
        attacks.put("TABLESAMPLE", s -> s.foreign("select * from %t tablesample bernoulli (100)"));
        attacks.put(
                "by ctid",
                s -> s.foreign("select * from %t where ctid = any (array['(0,1)', '(0,2)', '(0,3)']::tid[])"));
        attacks.put("FOR UPDATE", s -> s.foreign("select * from %t where %acme for update"));
        attacks.put("FOR KEY SHARE", s -> s.foreign("select * from %t where %acme for key share"));
        attacks.put("cursor", s -> {
            s.run("declare c cursor for select * from %t");
            return s.foreign("fetch all from c");
        });
        attacks.put("view of the attacker", s -> {
            s.run("create or replace view attack.seen as select workspace_id from %t");
            long seen = s.foreign("select * from attack.seen");
            s.run("drop view attack.seen");
            return seen;
        });
        attacks.put("leaky function", s -> {
            s.run("create or replace function attack.leak(v text) returns boolean language plpgsql cost 0.0000001"
                    + " as 'begin raise notice ''leaked %'', v; return true; end'");
            return s.notices("select count(*) from %t where attack.leak(workspace_id) and %acme");
        });
        attacks.put("failing cast", s -> {
            try {
                return s.number("select count(*) from %t where %acme and workspace_id::int > 0");
            } catch (SQLException e) {
                if (e.getMessage().contains(ACME)) {
                    return 1;
                }
                throw e;
            }
        });
        attacks.put(
                "EXPLAIN ANALYZE",
                s -> s.explained("explain (analyze, timing off, summary off) select * from %t where %acme"));
        attacks.put(
                "statistics",
                s -> s.number("select count(*) from pg_stats where schemaname || '.' || tablename = '%t'"));
        attacks.put("plan made for another binding", s -> {
            s.bind(ACME);
            s.run("prepare of_acme as select workspace_id from %t");
            for (int i = 0; i < 6; i++) {
                s.run("execute of_acme");
            }
            s.bind(s.bound());
            return s.foreign("execute of_acme");
        });
        attacks.put("COPY TO", s -> s.copyOut("copy %t (workspace_id) to stdout"));
        attacks.put("COPY of a query", s -> s.copyOut("copy (select workspace_id from %t) to stdout"));
        attacks.put("COPY FROM", s -> s.copyIn("copy %t (%c) from stdin"));

        attacks.put("INSERT", s -> s.changed("insert into %t (%c) values (%new)"));
        attacks.put("INSERT RETURNING", s -> s.foreign("insert into %t (%c) values (%new) returning workspace_id"));
        attacks.put("INSERT of a query", s -> s.changed("insert into %t (%c) select %new"));
        attacks.put(
                "INSERT in a CTE",
                s -> s.number("with w as (insert into %t (%c) values (%new) returning 1) select count(*) from w"));
        attacks.put("ON CONFLICT DO NOTHING", s -> {
            s.run("insert into %t (%c) values (%row) on conflict do nothing");
            return 1; // no error: a policy would have been one
        });
        attacks.put(
                "ON CONFLICT DO UPDATE",
                s -> s.changed("insert into %t (%c) values (%row) on conflict (%k) do update set %u = excluded.%u"));
        attacks.put("UPDATE", s -> s.changed("update %t set %u = %u where %acme"));
        attacks.put("UPDATE by key", s -> s.changed("update %t set %u = %u where %is"));
        attacks.put("UPDATE without a condition", s -> s.changed("update %t set %u = %value") - s.own());
        attacks.put("UPDATE RETURNING", s -> s.foreign("update %t set %u = %u where %acme returning workspace_id"));
        attacks.put(
                "UPDATE FROM",
                s -> s.changed("update %t t set %u = t.%u from (values ('%a')) v (w) where t.workspace_id = v.w"));
        attacks.put(
                "UPDATE in a CTE",
                s -> s.number("with w as (update %t set %u = %u where %acme returning 1) select count(*) from w"));
        attacks.put("moving a row in", s -> s.changed("update %t set workspace_id = '%g', %u = %u where %acme"));
        attacks.put("moving a row out", s -> s.changed("update %t set workspace_id = '%a-too'"));
        attacks.put("DELETE", s -> s.changed("delete from %t where %acme"));
        attacks.put("DELETE without a condition", s -> s.changed("delete from %t") - s.own());
        attacks.put(
                "DELETE USING",
                s -> s.changed("delete from %t t using (values ('%a')) v (w) where t.workspace_id = v.w"));
        attacks.put("DELETE RETURNING", s -> s.foreign("delete from %t where %acme returning workspace_id"));
        attacks.put(
                "DELETE in a CTE",
                s -> s.number("with w as (delete from %t where %acme returning 1) select count(*) from w"));
        attacks.put(
                "MERGE matched, update",
                s -> s.changed("merge into %t t using (values ('%a')) v (w) on t.workspace_id = v.w"
                        + " when matched then update set %u = t.%u"));
        attacks.put(
                "MERGE matched, delete",
                s -> s.changed(
                        "merge into %t t using (values ('%a')) v (w) on t.workspace_id = v.w when matched then delete"));
        attacks.put(
                "MERGE not matched",
                s -> s.changed(
                        "merge into %t t using (values (1)) v (w) on false when not matched then insert (%c) values (%new)"));
        return attacks;
    }

    private static Database migrated(String name) throws SQLException {
        PlgSchema.on(Postgres.emptyDatabase(name)).migrate();
        Database database = new Database(name);
        database.execute(
                "grant usage on schema plg to all_rights",
                "grant all on all tables in schema plg to all_rights",
                // Row level security does not hold TRUNCATE: nobody may be given it.
                "revoke truncate on all tables in schema plg from all_rights",
                "create schema attack",
                "grant usage, create on schema attack to app, all_rights");
        for (Table table : database.tables()) {
            database.fill(table);
            database.execute("analyze " + table.name());
        }
        return database;
    }

    private interface Attack {
        long reach(Session session) throws SQLException;
    }

    /** A table, its columns, and values for them by type: two rows of acme's, one of globex's. */
    private record Table(String name, Map<String, String> types, List<String> key) {

        String columns() {
            return String.join(", ", types.keySet());
        }

        /** A column that is not in the key; if there is none, the last one. */
        String updated() {
            return types.keySet().stream()
                    .filter(column -> !key.contains(column))
                    .findFirst()
                    .orElse(key.get(key.size() - 1));
        }

        String row(String workspace, int n) {
            return types.entrySet().stream()
                    .map(column -> column.getKey().equals("workspace_id")
                            ? "'" + workspace + "'"
                            : "cast('" + value(column.getValue(), n) + "' as " + column.getValue() + ")")
                    .collect(Collectors.joining(", "));
        }

        String line(String workspace, int n) {
            return types.entrySet().stream()
                    .map(column -> column.getKey().equals("workspace_id")
                            ? workspace
                            : value(column.getValue(), n).replace("\\", "\\\\"))
                    .collect(Collectors.joining("\t"));
        }

        static String value(String type, int n) {
            return switch (type.replaceFirst("[(].*", "")) {
                case "text", "character varying" -> "v" + n;
                case "uuid" -> "00000000-0000-0000-0000-00000000000" + n;
                case "smallint", "integer", "bigint", "numeric" -> Integer.toString(n);
                case "boolean" -> "false";
                case "timestamp with time zone" -> "2026-01-0" + n + "T00:00:00Z";
                case "date" -> "2026-01-0" + n;
                case "json", "jsonb" -> "{\"n\": " + n + "}";
                case "bytea" -> "\\x0" + n;
                default -> type.endsWith("[]") ? "{}" : unknown(type);
            };
        }

        private static String unknown(String type) {
            throw new IllegalStateException("this test knows no value of type " + type + ": teach it one");
        }
    }

    /** One database of the server and its catalog, with one connection that nothing holds. */
    private static final class Database implements AutoCloseable {
        private final String name;
        private final Connection superuser;

        Database(String name) throws SQLException {
            this.name = name;
            this.superuser = as("postgres").getConnection();
        }

        @Override
        public void close() throws SQLException {
            superuser.close();
        }

        void execute(String... statements) throws SQLException {
            try (Statement statement = superuser.createStatement()) {
                for (String each : statements) {
                    statement.execute(each);
                }
            }
        }

        PGSimpleDataSource as(String login) {
            PGSimpleDataSource dataSource = Postgres.as(login);
            dataSource.setDatabaseName(name);
            return dataSource;
        }

        List<Table> tables() throws SQLException {
            var tables = new ArrayList<Table>();
            for (String table : query("""
                    select c.oid::regclass::text from pg_class c
                    where c.relnamespace = 'plg'::regnamespace and c.relkind in ('r', 'p')
                      and exists (select from pg_attribute a
                                  where a.attrelid = c.oid and a.attname = 'workspace_id' and not a.attisdropped)
                    order by 1
                    """)) {
                var types = new LinkedHashMap<String, String>();
                for (String column :
                        query("select quote_ident(attname) || ' ' || format_type(atttypid, atttypmod) from pg_attribute"
                                + " where attrelid = '" + table + "'::regclass and attnum > 0 and not attisdropped"
                                + " and attgenerated = '' and attidentity <> 'a' order by attnum")) {
                    int space = column.indexOf(' ');
                    types.put(column.substring(0, space), column.substring(space + 1));
                }
                tables.add(new Table(
                        table,
                        types,
                        query("select quote_ident(a.attname) from pg_index i, unnest(i.indkey) with ordinality"
                                + " as k (n, place) join pg_attribute a on a.attnum = k.n where i.indrelid = '" + table
                                + "'::regclass and a.attrelid = i.indrelid and i.indisprimary order by k.place")));
            }
            return tables;
        }

        /** Makes the rows that are missing, past foreign keys and row level security. */
        void fill(Table table) throws SQLException {
            execute("begin; set local session_replication_role = replica; insert into " + table.name() + " ("
                    + table.columns()
                    + ") values (" + table.row(ACME, 1) + "), (" + table.row(ACME, 2) + "), ("
                    + table.row(GLOBEX, 1)
                    + ") on conflict do nothing; commit");
        }

        String checksum(Table table) throws SQLException {
            return query("select md5(string_agg(t::text, ';' order by t::text)) from " + table.name()
                            + " t where workspace_id like '" + ACME + "%'")
                    .get(0);
        }

        List<String> query(String sql) throws SQLException {
            try (Statement statement = superuser.createStatement();
                    ResultSet result = statement.executeQuery(sql)) {
                var rows = new ArrayList<String>();
                while (result.next()) {
                    rows.add(result.getString(1));
                }
                return rows;
            }
        }
    }

    /** The attacker's transaction. */
    private record Session(Connection connection, Table table, String bound) {

        void bind(String workspace) throws SQLException {
            run("select set_config('plg.workspace_id', '" + workspace + "', true)");
        }

        void run(String sql) throws SQLException {
            try (Statement statement = connection.createStatement()) {
                statement.execute(filled(sql));
            }
        }

        /** How many rows belong to somebody else. */
        long foreign(String sql) throws SQLException {
            try (Statement statement = connection.createStatement();
                    ResultSet result = statement.executeQuery(filled(sql))) {
                long foreign = 0;
                while (result.next()) {
                    if (bound.isEmpty() || !result.getString("workspace_id").equals(bound)) {
                        foreign++;
                    }
                }
                return foreign;
            }
        }

        long number(String sql) throws SQLException {
            try (Statement statement = connection.createStatement();
                    ResultSet result = statement.executeQuery(filled(sql))) {
                result.next();
                return result.getLong(1);
            }
        }

        long changed(String sql) throws SQLException {
            try (Statement statement = connection.createStatement()) {
                return statement.executeUpdate(filled(sql));
            }
        }

        /** How many rows of its own there are. */
        long own() {
            return bound.isEmpty() ? 0 : 1;
        }

        long notices(String sql) throws SQLException {
            try (Statement statement = connection.createStatement()) {
                statement.execute(filled(sql));
                long leaked = 0;
                for (SQLWarning warning = statement.getWarnings();
                        warning != null;
                        warning = warning.getNextWarning()) {
                    if (warning.getMessage().contains("leaked " + ACME)) {
                        leaked++;
                    }
                }
                return leaked;
            }
        }

        /** Rows that a plan returned. PostgreSQL also tells how many a filter took out, which no policy hides. */
        long explained(String sql) throws SQLException {
            try (Statement statement = connection.createStatement();
                    ResultSet result = statement.executeQuery(filled(sql))) {
                result.next();
                return result.getString(1).matches(".*actual rows=0(\\.0+)? .*|.*never executed.*") ? 0 : 1;
            }
        }

        long copyOut(String sql) throws SQLException {
            var out = new StringWriter();
            try {
                connection.unwrap(PGConnection.class).getCopyAPI().copyOut(filled(sql), out);
            } catch (IOException e) {
                throw new SQLException(e);
            }
            return out.toString()
                    .lines()
                    .filter(line -> bound.isEmpty() || !line.equals(bound))
                    .count();
        }

        long copyIn(String sql) throws SQLException {
            try {
                return connection
                        .unwrap(PGConnection.class)
                        .getCopyAPI()
                        .copyIn(filled(sql), new StringReader(table.line(ACME, 3) + "\n"));
            } catch (IOException e) {
                throw new SQLException(e);
            }
        }

        private String filled(String sql) {
            String first = table.key().stream()
                    .map(column -> column + " = "
                            + (column.equals("workspace_id")
                                    ? "'" + ACME + "'"
                                    : "cast('" + Table.value(table.types().get(column), 1) + "' as "
                                            + table.types().get(column) + ")"))
                    .collect(Collectors.joining(" and "));
            String updated = table.updated();
            String type = table.types().get(updated);
            return sql.replace("%acme", "workspace_id = '" + ACME + "'")
                    .replace("%is", first)
                    .replace("%value", "cast('" + Table.value(type, 4) + "' as " + type + ")")
                    .replace("%new", table.row(ACME, 3))
                    .replace("%row", table.row(ACME, 1))
                    .replace("%t", table.name())
                    .replace("%c", table.columns())
                    .replace("%k", String.join(", ", table.key()))
                    .replace("%u", updated)
                    .replace("%a", ACME)
                    .replace("%g", GLOBEX);
        }
    }
}
