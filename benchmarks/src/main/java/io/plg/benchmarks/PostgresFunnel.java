package io.plg.benchmarks;

import io.plg.benchmarks.FunnelPeers.Answer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;

/** The funnel in PostgreSQL, in a process of its own, without parallel workers and with all the memory its sort wants. */
final class PostgresFunnel implements AutoCloseable {

    static final String WORK_MEM = "1GB";

    private static final String EXACT = SqlFunnel.script("funnel-postgresql.sql");
    private static final int ROWS_AT_ONCE = 10_000;

    private final Connection connection;

    PostgresFunnel(PostgresServer server) throws SQLException {
        connection = server.owner().getConnection();
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET max_parallel_workers_per_gather = 0");
            statement.execute("SET work_mem = '" + WORK_MEM + "'");
            statement.execute("SET jit = off");
            statement.execute(
                    "CREATE UNLOGGED TABLE event (user_id integer NOT NULL, step smallint NOT NULL, done_at timestamptz NOT NULL)");
        }
    }

    /** Copies a log into the table: the step's number from 1, or 0 for an event that is no step. */
    void load(EventLog log) throws SQLException {
        insert(connection, log, """
                insert into event (user_id, step, done_at)
                select who, case when kind < 6 then kind + 1 else 0 end, timestamptz 'epoch' + at * interval '1 microsecond'
                from unnest(cast(? as integer[]), cast(? as integer[]), cast(? as bigint[])) as e (who, kind, at)
                """);
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE INDEX ON event (user_id, done_at)");
            statement.execute("VACUUM ANALYZE event");
        }
    }

    /** Inserts a log in its order, part by part, by a statement with three arrays: user, kind and microseconds. */
    static void insert(Connection connection, EventLog log, String sql) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int from = 0; from < log.size(); from += ROWS_AT_ONCE) {
                int to = Math.min(log.size(), from + ROWS_AT_ONCE);
                Integer[] user = new Integer[to - from];
                Integer[] kind = new Integer[to - from];
                Long[] micros = new Long[to - from];
                for (int i = from; i < to; i++) {
                    user[i - from] = log.user()[i];
                    kind[i - from] = (int) log.kind()[i];
                    micros[i - from] = log.micros()[i];
                }
                statement.setArray(1, connection.createArrayOf("integer", user));
                statement.setArray(2, connection.createArrayOf("integer", kind));
                statement.setArray(3, connection.createArrayOf("bigint", micros));
                statement.executeUpdate();
            }
        }
    }

    Answer exact() throws SQLException {
        return SqlFunnel.answer(connection, EXACT);
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
