package io.plg.examples.replay;

import io.plg.Plg;
import io.plg.activation.ActivationFunnel;
import io.plg.jdbi.JdbiPlg;
import io.plg.jdbi.PlgSchema;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/** A {@code Plg} together with what it works in; both end when closed. */
interface PlgStore extends AutoCloseable {

    /** Work that records facts. */
    interface Recording {

        /**
         * Records.
         *
         * @param plg bound to the transaction
         * @param started to be run once when some of the facts are recorded and many are to come
         */
        void into(Plg plg, Runnable started);
    }

    /** Outside a transaction. */
    Plg plg();

    /** Records everything or, if it throws, nothing. */
    void record(Recording recording);

    @Override
    void close();

    static PlgStore inMemory(ActivationFunnel funnel) {
        return new InMemory(Plg.inMemory().funnel(funnel).build());
    }

    /** Makes plg's schema where it is missing. */
    static PlgStore in(Databases database, ActivationFunnel funnel) {
        PlgSchema.on(database.dataSource()).migrate();
        return new InDatabase(
                database, JdbiPlg.on(database.dataSource()).funnel(funnel).build());
    }

    /** Without a database. */
    record InMemory(Plg plg) implements PlgStore {
        @Override
        public void record(Recording recording) {
            plg.transact(tx -> recording.into(tx, () -> {}));
        }

        @Override
        public void close() {
            plg.close();
        }
    }

    /** In one transaction of a connection of our own, as a host's import would do it. */
    record InDatabase(Databases database, JdbiPlg jdbiPlg) implements PlgStore {

        // PostgreSQL plans by statistics that nobody gathers while a transaction is open.
        private static final String ANALYZE = "analyze plg.activation_user, plg.activation_step";

        @Override
        public Plg plg() {
            return jdbiPlg;
        }

        @Override
        public void record(Recording recording) {
            try (Connection connection = database.dataSource().getConnection()) {
                connection.setAutoCommit(false);
                try {
                    recording.into(jdbiPlg.in(connection), () -> analyze(connection));
                    connection.commit();
                } finally {
                    connection.rollback();
                }
            } catch (SQLException e) {
                throw new DatabaseFailure("the database refuses the users: " + e.getMessage(), e);
            }
        }

        private void analyze(Connection connection) {
            if (!database.isPostgres()) {
                return;
            }
            try (Statement statement = connection.createStatement()) {
                statement.execute(ANALYZE);
            } catch (SQLException e) {
                throw new DatabaseFailure("the database refuses to analyze plg's tables: " + e.getMessage(), e);
            }
        }

        @Override
        public void close() {
            try (database) {
                jdbiPlg.close();
            }
        }
    }
}
