package io.plg.examples.replay;

import io.plg.Plg;
import io.plg.PlgBuilder;
import io.plg.jdbi.JdbiPlg;
import io.plg.jdbi.PlgSchema;
import java.util.function.Consumer;

/** A {@code Plg} together with what it works in; both end when closed. */
interface PlgStore extends AutoCloseable {

    Plg plg();

    @Override
    void close();

    static PlgStore inMemory(Consumer<PlgBuilder<?>> product) {
        var builder = Plg.inMemory();
        product.accept(builder);
        return new InMemory(builder.build());
    }

    /** Makes plg's schema where it is missing. */
    static PlgStore in(Databases database, Consumer<PlgBuilder<?>> product) {
        PlgSchema.on(database.dataSource()).migrate();
        var builder = JdbiPlg.on(database.dataSource());
        product.accept(builder);
        return new InDatabase(database, builder.build());
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
