package io.plg.testkit;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/** A PostgreSQL on which each test has an empty database of its own; the application's statements run as {@code app}. */
final class ScratchPostgres {
    private static final ScratchPostgres INSTANCE = new ScratchPostgres();
    private static final AtomicInteger DATABASES = new AtomicInteger();

    private final EmbeddedPostgres server;

    private ScratchPostgres() {
        try {
            server = EmbeddedPostgres.builder().start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        execute(connect("postgres", "postgres"), "create role app login", "create role migrator login");
    }

    /** A new database, as its administrator. */
    static DataSource database() {
        String name = "scratch_" + DATABASES.incrementAndGet();
        execute(INSTANCE.connect("postgres", "postgres"), "create database " + name);
        return INSTANCE.connect("postgres", name);
    }

    /** The same database for somebody else. */
    static DataSource as(String role, DataSource database) {
        return INSTANCE.connect(role, ((PGSimpleDataSource) database).getDatabaseName());
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

    private PGSimpleDataSource connect(String role, String database) {
        var dataSource = new PGSimpleDataSource();
        dataSource.setServerNames(new String[] {"localhost"});
        dataSource.setPortNumbers(new int[] {server.getPort()});
        dataSource.setDatabaseName(database);
        dataSource.setUser(role);
        dataSource.setPassword("postgres");
        return dataSource;
    }
}
