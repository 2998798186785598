package io.plg.benchmarks;

import io.plg.benchmarks.FunnelPeers.Answer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** What the funnels in SQL have in common: one row with a count per step, then the median time to convert in microseconds, or null. */
final class SqlFunnel {

    private SqlFunnel() {}

    /** A script out of the jar; it runs as it is in the database's own shell. */
    static String script(String name) {
        try (InputStream in = Objects.requireNonNull(SqlFunnel.class.getResourceAsStream(name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Answer answer(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            List<Long> counts = new ArrayList<>();
            for (int k = 1; k <= EventLog.STEPS; k++) {
                counts.add(row.getLong(k));
            }
            double medianMicros = row.getDouble(EventLog.STEPS + 1);
            return new Answer(counts, row.wasNull() ? -1 : Math.round(medianMicros * 1_000));
        }
    }
}
