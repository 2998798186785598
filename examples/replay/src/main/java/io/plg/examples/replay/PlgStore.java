package io.plg.examples.replay;

import io.plg.Plg;
import io.plg.activation.ActivationFunnel;
import io.plg.jdbi.JdbiPlg;
import io.plg.jdbi.PlgSchema;

/** A {@code Plg} together with what it works in; both end when closed. */
interface PlgStore extends AutoCloseable {

    Plg plg();

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
        public void close() {
            plg.close();
        }
    }

    /** In a database, on connections of this run. */
    record InDatabase(Databases database, Plg plg) implements PlgStore {
        @Override
        public void close() {
            try (database) {
                plg.close();
            }
        }
    }
}
