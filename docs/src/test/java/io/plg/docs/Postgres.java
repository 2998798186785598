package io.plg.docs;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;

/** One PostgreSQL for all tests of a JVM that need a real one. */
final class Postgres {
    private static final EmbeddedPostgres SERVER = start();

    private Postgres() {}

    /** A new database, as its superuser. */
    static DataSource database(String name) {
        execute(SERVER.getPostgresDatabase(), "create database " + name);
        return as("postgres", name);
    }

    static DataSource as(String role, String database) {
        return SERVER.getDatabase(role, database);
    }

    static void execute(DataSource dataSource, String... statements) {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            for (String each : statements) {
                statement.execute(each);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static EmbeddedPostgres start() {
        try {
            return EmbeddedPostgres.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
