package io.plg.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.crash.Rewards.Granted;
import io.plg.idempotency.Outcome;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** What must hold in a workspace after each case, read from the database: I1 to I5 of the conformance cases. */
final class Invariants {
    private static final String DOUBLE = """
            select 'I1: ' || count(*) || ' grants for key ' || g.key
            from host.grants g where g.workspace_id = ? group by g.key having count(*) > 1
            """;
    private static final String COUNTED = """
            select 'I1: limit used ' || l.used || ', grants ' || (select count(*) from host.grants g where g.workspace_id = l.workspace_id)
            from host.limit_row l
            where l.workspace_id = ? and l.used <> (select count(*) from host.grants g where g.workspace_id = l.workspace_id)
            """;
    private static final String STRANGE = """
            select 'I5: key ' || f.key || ' in workspace ' || f.workspace_id
            from (select workspace_id, key from host.grants
                  union all select workspace_id, request_key from plg.idempotency_key
                  union all select workspace_id, request_key from plg.idempotency_log) f
            where starts_with(f.key, ? || '-') and f.workspace_id <> ?
            """;
    private static final String UNLOGGED = """
            select 'I4: key ' || coalesce(k.request_key, l.request_key) || ' is finished as ' || coalesce(k.effect_id::text, 'nothing')
                   || ' and logged as ' || coalesce(l.effect_id::text, 'nothing')
            from (select * from plg.idempotency_key where workspace_id = ? and finished_at is not null) k
            full join (select * from plg.idempotency_log where workspace_id = ?) l on l.scope = k.scope
            where k.effect_id is distinct from l.effect_id
            """;
    private static final String NOT_LOGGED = """
            select 'I4: grant ' || g.id || ' for key ' || g.key || ' is not in the log'
            from host.grants g
            where g.workspace_id = ?
              and not exists (select from plg.idempotency_log l
                              where l.workspace_id = g.workspace_id and l.request_key = g.key and l.effect_id = g.id)
            """;
    private static final String ABANDONED = """
            select k.request_key from plg.idempotency_key k
            where k.workspace_id = ? and k.finished_at is null and k.leased_until < clock_timestamp()
            """;
    private static final List<String> FORBIDDEN = List.of(
            "update plg.idempotency_log set operation = operation",
            "delete from plg.idempotency_log",
            "truncate plg.idempotency_log");
    private static final String CLAIMS =
            "select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = 'plg')";

    private Invariants() {}

    /**
     * What a client was told.
     *
     * @param key the key
     * @param grant the id of the grant in the reply
     */
    record Reply(String key, String grant) {}

    /** All of them, also for somebody who is told nothing. */
    static void hold(String workspace, Reply... replies) throws SQLException {
        hold(workspace, List.of(replies));
    }

    static void hold(String workspace, Collection<Reply> replies) throws SQLException {
        nothingIsStuck(workspace);
        assertThat(ofGrants(workspace, replies)).isEmpty();
        assertThat(ofLog(workspace)).isEmpty();
    }

    /** I1, I2 and I5, which do not depend on how keys are kept: what is violated. */
    static List<String> ofGrants(String workspace, Collection<Reply> replies) throws SQLException {
        var violations = new ArrayList<String>();
        Set<Reply> stored = new LinkedHashSet<>();
        try (Connection connection = CrashServer.superuser().getConnection()) {
            violations.addAll(lines(connection, DOUBLE, workspace));
            violations.addAll(lines(connection, COUNTED, workspace));
            violations.addAll(lines(connection, STRANGE, workspace, workspace));
            try (PreparedStatement statement =
                    connection.prepareStatement("select key, id from host.grants where workspace_id = ?")) {
                statement.setString(1, workspace);
                ResultSet rows = statement.executeQuery();
                while (rows.next()) {
                    stored.add(new Reply(rows.getString(1), rows.getString(2)));
                }
            }
        }
        for (Reply each : new LinkedHashSet<>(replies)) {
            if (!stored.contains(each)) {
                violations.add("I2: " + each + " was told, and is not stored");
            }
        }
        return violations;
    }

    private static List<String> ofLog(String workspace) throws SQLException {
        var violations = new ArrayList<String>();
        try (Connection connection = CrashServer.superuser().getConnection()) {
            violations.addAll(lines(connection, UNLOGGED, workspace, workspace));
            violations.addAll(lines(connection, NOT_LOGGED, workspace));
        }
        try (Connection connection = CrashServer.app().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("set plg.workspace_id = '" + workspace + "'");
            for (String each : FORBIDDEN) {
                try {
                    statement.execute(each);
                    violations.add("I4: the application may " + each);
                } catch (SQLException e) {
                    if (!"42501".equals(e.getSQLState())) {
                        violations.add("I4: " + each + " gave " + e.getSQLState());
                    }
                }
            }
        }
        return violations;
    }

    /** I3: claims end with their owners within a second, and a key whose lease has ended can be had. */
    private static void nothingIsStuck(String workspace) throws SQLException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
        while (CrashServer.count(CLAIMS) > 0) {
            assertThat(System.nanoTime()).as("I3: claims are held").isLessThan(until);
            pause(20);
        }
        List<String> abandoned;
        try (Connection connection = CrashServer.superuser().getConnection()) {
            abandoned = lines(connection, ABANDONED, workspace);
        }
        if (abandoned.isEmpty()) {
            return;
        }
        try (Node node = Node.on(CrashServer.app(), 1)) {
            for (String key : abandoned) {
                assertThat(node.redeemLeased(Rewards.REDEEM.failFast(), workspace, key, lease -> "answered"))
                        .as("I3: " + key)
                        .isInstanceOf(Outcome.Executed.class);
            }
        } catch (SQLException e) {
            throw e;
        } catch (Exception e) {
            throw new AssertionError("I3: an abandoned key cannot be had", e);
        }
    }

    /** What a client was told by an outcome. */
    static Reply reply(String key, Outcome<Granted> outcome) {
        return new Reply(key, outcome.orThrow().id());
    }

    static void pause(long millis) {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<String> lines(Connection connection, String sql, String... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setString(i + 1, values[i]);
            }
            var lines = new ArrayList<String>();
            ResultSet rows = statement.executeQuery();
            while (rows.next()) {
                lines.add(rows.getString(1));
            }
            return lines;
        }
    }
}
