package io.plg.jdbi;

import io.plg.funnel.EventSource;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The events of a funnel analysis, from a query of the host on its own tables.
 *
 * <pre>{@code
 * EventSource events = JdbcEventSource.of(dataSource,
 *         "select user_id as subject, name as event, created_at as time, plan from product_event order by created_at");
 * }</pre>
 *
 * <p>The query must be ordered by time. Its columns are found by label, upper or lower case alike:
 *
 * <ul>
 *   <li>{@code subject}: whole numbers are kept as numbers, everything else as text;
 *   <li>{@code event}: the name of the event;
 *   <li>{@code time}: {@code timestamp with time zone}; {@code timestamp} or {@code date}, which are taken as UTC; or a whole number of
 *       microseconds since 1970;
 *   <li>every other column is a property of the event by its label, as text; {@code null} means that the event does not carry it.
 * </ul>
 *
 * <p>On PostgreSQL the rows stream through a cursor, so that memory does not grow with their number; H2 itself buffers a result. Every
 * {@link #read} runs the query again. Immutable; safe to share as far as the {@code DataSource} or connection is.
 */
public final class JdbcEventSource implements EventSource {
    private static final int ROWS_AT_ONCE = 5_000;

    private final Connections connections;
    private final String sql;
    private final List<@Nullable Object> parameters;
    private final String subject;
    private final String event;
    private final String time;
    private final int fetchSize;

    private JdbcEventSource(
            Connections connections,
            String sql,
            List<@Nullable Object> parameters,
            String subject,
            String event,
            String time,
            int fetchSize) {
        this.connections = connections;
        this.sql = sql;
        this.parameters = parameters;
        this.subject = subject;
        this.event = event;
        this.time = time;
        this.fetchSize = fetchSize;
    }

    /**
     * A source that takes a connection for each reading and returns it afterwards, in a read-only transaction of its own.
     *
     * @param dataSource where connections come from
     * @param sql the query, ordered by time; {@code ?} for each parameter
     * @param parameters their values
     * @return a source that can be read any number of times
     */
    public static JdbcEventSource of(DataSource dataSource, String sql, @Nullable Object... parameters) {
        Objects.requireNonNull(dataSource, "dataSource");
        return of(
                reading -> {
                    try (Connection connection = dataSource.getConnection()) {
                        boolean readOnly = connection.isReadOnly();
                        if (connection.getAutoCommit()) {
                            connection.setReadOnly(true);
                        }
                        try {
                            outsideAutoCommit(connection, reading);
                        } finally {
                            if (connection.getAutoCommit()) {
                                connection.setReadOnly(readOnly);
                            }
                        }
                    }
                },
                sql,
                parameters);
    }

    /**
     * A source on a connection of the host, in its transaction if it is in one: then it sees what that wrote. The connection is not closed.
     *
     * @param connection the connection
     * @param sql the query, ordered by time; {@code ?} for each parameter
     * @param parameters their values
     * @return a source that can be read any number of times while the connection is open
     */
    public static JdbcEventSource of(Connection connection, String sql, @Nullable Object... parameters) {
        Objects.requireNonNull(connection, "connection");
        return of(reading -> outsideAutoCommit(connection, reading), sql, parameters);
    }

    private static JdbcEventSource of(Connections connections, String sql, @Nullable Object... parameters) {
        var values = new ArrayList<@Nullable Object>();
        for (Object parameter : parameters) {
            values.add(parameter instanceof Instant instant ? instant.atOffset(ZoneOffset.UTC) : parameter);
        }
        return new JdbcEventSource(
                connections, Objects.requireNonNull(sql, "sql"), values, "subject", "event", "time", ROWS_AT_ONCE);
    }

    /**
     * Returns a copy that finds its columns under other labels.
     *
     * @param subject the label of the column that says who
     * @param event the label of the column that says what
     * @param time the label of the column that says when
     * @return the copy
     */
    public JdbcEventSource columns(String subject, String event, String time) {
        return new JdbcEventSource(
                connections,
                sql,
                parameters,
                Objects.requireNonNull(subject, "subject"),
                Objects.requireNonNull(event, "event"),
                Objects.requireNonNull(time, "time"),
                fetchSize);
    }

    /**
     * Returns a copy that has another number of rows in memory at a time. Default: 5,000.
     *
     * @param rows how many rows one round trip fetches
     * @return the copy
     * @throws IllegalArgumentException if {@code rows} is not positive
     */
    public JdbcEventSource fetchSize(int rows) {
        if (rows <= 0) {
            throw new IllegalArgumentException("fetchSize must be positive, was " + rows);
        }
        return new JdbcEventSource(connections, sql, parameters, subject, event, time, rows);
    }

    /**
     * Runs the query and pushes its rows.
     *
     * @param sink where the events go
     * @throws IllegalArgumentException if the query lacks a column, the time is of another type, or a row has no subject, event or time
     * @throws io.plg.StoreFailure if the database fails
     */
    @Override
    public void read(Sink sink) {
        try {
            connections.with(connection -> {
                try (PreparedStatement statement =
                        connection.prepareStatement(sql, ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY)) {
                    statement.setFetchSize(fetchSize);
                    for (int i = 0; i < parameters.size(); i++) {
                        statement.setObject(i + 1, parameters.get(i));
                    }
                    try (ResultSet rows = statement.executeQuery()) {
                        push(rows, sink);
                    }
                }
            });
        } catch (SQLException e) {
            throw Database.failure("read events", e);
        }
    }

    private void push(ResultSet rows, Sink sink) throws SQLException {
        ResultSetMetaData columns = rows.getMetaData();
        var properties = new HashMap<String, Integer>();
        for (int i = 1; i <= columns.getColumnCount(); i++) {
            properties.putIfAbsent(lower(columns.getColumnLabel(i)), i);
        }
        int subjectColumn = take(properties, subject, columns);
        int eventColumn = take(properties, event, columns);
        int timeColumn = take(properties, time, columns);
        boolean numbers = isWhole(columns.getColumnType(subjectColumn));
        Clock clock = clock(columns, timeColumn);
        PropertyLookup lookup = key -> {
            Integer column = properties.get(key);
            if (column == null) {
                column = properties.get(lower(key));
            }
            try {
                return column == null ? null : rows.getString(column);
            } catch (SQLException e) {
                throw Database.failure("read property \"" + key + "\" of an event", e);
            }
        };
        if (properties.isEmpty()) {
            lookup = PropertyLookup.NONE;
        }
        for (long row = 1; rows.next(); row++) {
            String name = present(rows.getString(eventColumn), event, row);
            long micros = clock.micros(rows, timeColumn, row);
            if (numbers) {
                long number = rows.getLong(subjectColumn);
                if (rows.wasNull()) {
                    throw missing(subject, row);
                }
                sink.add(number, name, micros, lookup);
            } else {
                sink.add(present(rows.getString(subjectColumn), subject, row), name, micros, lookup);
            }
        }
    }

    private static int take(Map<String, Integer> columns, String label, ResultSetMetaData all) throws SQLException {
        Integer column = columns.remove(lower(label));
        if (column == null) {
            var labels = new ArrayList<String>();
            for (int i = 1; i <= all.getColumnCount(); i++) {
                labels.add(all.getColumnLabel(i));
            }
            throw new IllegalArgumentException(
                    "the query must have a column \"" + label + "\", its columns are " + labels + "; name it with \"as "
                            + label + "\", or say what it is called with columns(subject, event, time)");
        }
        return column;
    }

    private Clock clock(ResultSetMetaData columns, int column) throws SQLException {
        int type = columns.getColumnType(column);
        String typeName = columns.getColumnTypeName(column);
        if (isWhole(type)) {
            return (rows, c, row) -> {
                long micros = rows.getLong(c);
                if (rows.wasNull()) {
                    throw missing(time, row);
                }
                return micros;
            };
        }
        if (type == Types.TIMESTAMP_WITH_TIMEZONE || typeName.equalsIgnoreCase("timestamptz")) {
            return (rows, c, row) -> {
                OffsetDateTime at = present(rows.getObject(c, OffsetDateTime.class), time, row);
                return micros(at.toEpochSecond(), at.getNano());
            };
        }
        if (type == Types.TIMESTAMP) {
            return (rows, c, row) -> {
                LocalDateTime at = present(rows.getObject(c, LocalDateTime.class), time, row);
                return micros(at.toEpochSecond(ZoneOffset.UTC), at.getNano());
            };
        }
        if (type == Types.DATE) {
            return (rows, c, row) -> {
                LocalDate at = present(rows.getObject(c, LocalDate.class), time, row);
                return micros(at.toEpochDay() * 86_400, 0);
            };
        }
        throw new IllegalArgumentException("column \"" + time
                + "\" must be a timestamp, a date or a whole number of microseconds since 1970, was " + typeName);
    }

    private static boolean isWhole(int type) {
        return type == Types.BIGINT || type == Types.INTEGER || type == Types.SMALLINT || type == Types.TINYINT;
    }

    private static long micros(long seconds, int nanos) {
        return Math.addExact(Math.multiplyExact(seconds, 1_000_000L), nanos / 1_000);
    }

    private static <T> T present(@Nullable T value, String label, long row) {
        if (value == null) {
            throw missing(label, row);
        }
        return value;
    }

    private static IllegalArgumentException missing(String label, long row) {
        return new IllegalArgumentException(
                "column \"" + label + "\" must not be null, was in row " + row + " of the query");
    }

    private static String lower(String label) {
        return label.toLowerCase(Locale.ROOT);
    }

    /** PostgreSQL streams only inside a transaction. */
    private static void outsideAutoCommit(Connection connection, Reading reading) throws SQLException {
        if (!connection.getAutoCommit()) {
            reading.on(connection);
            return;
        }
        connection.setAutoCommit(false);
        try {
            reading.on(connection);
        } finally {
            connection.rollback();
            connection.setAutoCommit(true);
        }
    }

    private interface Connections {
        void with(Reading reading) throws SQLException;
    }

    private interface Reading {
        void on(Connection connection) throws SQLException;
    }

    private interface Clock {
        long micros(ResultSet rows, int column, long row) throws SQLException;
    }
}
