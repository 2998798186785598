package io.plg.examples.replay;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;

/** The stores that every figure is compared on. PostgreSQL is one server for all tests, reached as a host's would be. */
enum Store {
    MEMORY {
        @Override
        String options() {
            return "--store memory";
        }
    },
    H2 {
        @Override
        String options() {
            return "--store h2";
        }
    },
    POSTGRES {
        @Override
        String options() {
            return "--jdbc-url " + Server.INSTANCE.getJdbcUrl("postgres", "postgres");
        }
    };

    abstract String options();

    private static final class Server {
        private static final EmbeddedPostgres INSTANCE = start();

        private static EmbeddedPostgres start() {
            try {
                return EmbeddedPostgres.builder()
                        .setServerConfig("fsync", "off")
                        .start();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
