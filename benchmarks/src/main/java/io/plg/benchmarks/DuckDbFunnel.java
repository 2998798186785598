package io.plg.benchmarks;

import io.plg.benchmarks.FunnelPeers.Answer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;

/** The funnel in DuckDB, in the same process, with one thread and a table in memory. */
final class DuckDbFunnel implements AutoCloseable {

    private static final String EXACT = SqlFunnel.script("funnel-duckdb.sql");
    private static final String BY_WINDOWS = SqlFunnel.script("funnel-duckdb-windows.sql");
    private static final String FIRST_TOUCH = SqlFunnel.script("funnel-duckdb-first-touch.sql");

    private final Connection connection;

    DuckDbFunnel() throws SQLException {
        connection = DriverManager.getConnection("jdbc:duckdb:");
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET threads = 1");
            statement.execute(
                    "CREATE TABLE event (user_id INTEGER NOT NULL, step TINYINT NOT NULL, done_at TIMESTAMP NOT NULL)");
        }
    }

    /** Copies a log into the table: the step's number from 1, or 0 for an event that is no step. */
    void load(EventLog log) throws SQLException {
        try (DuckDBAppender rows = connection.unwrap(DuckDBConnection.class).createAppender("main", "event")) {
            for (int i = 0; i < log.size(); i++) {
                byte kind = log.kind()[i];
                rows.beginRow();
                rows.append(log.user()[i]);
                rows.append(kind < EventLog.STEPS ? (byte) (kind + 1) : (byte) 0);
                rows.appendEpochMicros(log.micros()[i]);
                rows.endRow();
            }
        }
    }

    Answer exact() throws SQLException {
        return SqlFunnel.answer(connection, EXACT);
    }

    Answer byWindows() throws SQLException {
        return SqlFunnel.answer(connection, BY_WINDOWS);
    }

    Answer firstTouch() throws SQLException {
        return SqlFunnel.answer(connection, FIRST_TOUCH);
    }

    String version() throws SQLException {
        return connection.getMetaData().getDatabaseProductVersion();
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
