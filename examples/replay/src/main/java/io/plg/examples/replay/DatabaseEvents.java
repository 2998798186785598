package io.plg.examples.replay;

import io.plg.funnel.EventSource;
import io.plg.jdbi.JdbcEventSource;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.ZoneOffset;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.PGCopyOutputStream;

/**
 * Events in a table like the ones that hosts have, read back by a query. The table is a temporary one of a single connection, so
 * that nothing of it is left in the database however the run ends.
 */
final class DatabaseEvents implements EventStore {
    private static final int BATCH = 5_000;

    private static final String TABLE = """
            create local temporary table replay_event (
                number      bigint,
                user_id     varchar,
                event       varchar,
                occurred_at timestamp with time zone,
                segment     varchar,
                entered_in  varchar
            )""";

    private static final String COPY = "copy replay_event from stdin (encoding 'UTF8')";

    private static final String INSERT = "insert into replay_event values (?, ?, ?, ?, ?, ?)";

    private static final String IN_ORDER_OF_TIME = """
            select user_id as subject, event, occurred_at as time, segment, entered_in
            from replay_event
            order by occurred_at, number""";

    private final Databases database;
    private final Connection connection;
    private final Loader loader;
    private long number;

    DatabaseEvents(Databases database) {
        this.database = database;
        try {
            connection = database.dataSource().getConnection();
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.execute(TABLE);
            }
            loader = database.isPostgres() ? new Copy(connection) : new Inserts(connection);
        } catch (SQLException | IOException e) {
            throw failure(e);
        }
    }

    @Override
    public void add(String user, String event, long micros, @Nullable String segment, @Nullable String enteredIn) {
        try {
            loader.add(number++, user, event, micros, segment, enteredIn);
        } catch (SQLException | IOException e) {
            throw failure(e);
        }
    }

    @Override
    public EventSource events() {
        try {
            loader.finish();
        } catch (SQLException | IOException e) {
            throw failure(e);
        }
        return JdbcEventSource.of(connection, IN_ORDER_OF_TIME);
    }

    @Override
    public void close() {
        try (database;
                connection) {
            loader.abandon();
            connection.rollback();
        } catch (SQLException e) {
            throw failure(e);
        }
    }

    private static DatabaseFailure failure(Exception error) {
        return new DatabaseFailure("the database refuses the events: " + error.getMessage(), error);
    }

    /** How rows get into the table. */
    private interface Loader {
        void add(
                long number,
                String user,
                String event,
                long micros,
                @Nullable String segment,
                @Nullable String enteredIn)
                throws SQLException, IOException;

        void finish() throws SQLException, IOException;

        /** Forgets what is not finished; the transaction is rolled back next. */
        void abandon();
    }

    /** PostgreSQL's COPY. */
    private static final class Copy implements Loader {
        private final PGCopyOutputStream copy;
        private final Writer rows;

        Copy(Connection connection) throws SQLException, IOException {
            copy = new PGCopyOutputStream(connection.unwrap(PGConnection.class), COPY, 1 << 16);
            rows = new OutputStreamWriter(copy, StandardCharsets.UTF_8);
        }

        @Override
        public void add(
                long number,
                String user,
                String event,
                long micros,
                @Nullable String segment,
                @Nullable String enteredIn)
                throws IOException {
            rows.write(number + "\t" + text(user) + "\t" + text(event) + "\t" + Micros.toInstant(micros) + "\t"
                    + text(segment) + "\t" + text(enteredIn) + "\n");
        }

        private static String text(@Nullable String text) {
            if (text == null) {
                return "\\N";
            }
            return text.replace("\\", "\\\\")
                    .replace("\t", "\\t")
                    .replace("\n", "\\n")
                    .replace("\r", "\\r");
        }

        @Override
        public void finish() throws IOException {
            rows.close();
        }

        @Override
        public void abandon() {
            try {
                if (copy.isActive()) {
                    copy.cancelCopy();
                }
            } catch (SQLException e) {
                throw failure(e);
            }
        }
    }

    /** Inserts in batches. */
    private static final class Inserts implements Loader {
        private final PreparedStatement insert;
        private int waiting;

        Inserts(Connection connection) throws SQLException {
            insert = connection.prepareStatement(INSERT);
        }

        @Override
        public void add(
                long number,
                String user,
                String event,
                long micros,
                @Nullable String segment,
                @Nullable String enteredIn)
                throws SQLException {
            insert.setLong(1, number);
            insert.setString(2, user);
            insert.setString(3, event);
            insert.setObject(4, Micros.toInstant(micros).atOffset(ZoneOffset.UTC));
            insert.setString(5, segment);
            insert.setString(6, enteredIn);
            insert.addBatch();
            if (++waiting == BATCH) {
                insert.executeBatch();
                waiting = 0;
            }
        }

        @Override
        public void finish() throws SQLException {
            insert.executeBatch();
            insert.close();
        }

        @Override
        public void abandon() {}
    }
}
