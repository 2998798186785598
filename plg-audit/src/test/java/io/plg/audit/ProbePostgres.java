package io.plg.audit;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.postgresql.ds.PGSimpleDataSource;

/** A PostgreSQL on which each test has a database of its own; what is under test logs in as {@code host_app}. */
final class ProbePostgres {
    private static final ProbePostgres INSTANCE = new ProbePostgres();
    private static final AtomicInteger DATABASES = new AtomicInteger();

    private final EmbeddedPostgres server;

    private ProbePostgres() {
        try {
            server = EmbeddedPostgres.builder()
                    .setServerConfig("max_locks_per_transaction", "256")
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        execute(connect("postgres", "postgres"), "create role host_app login");
    }

    /** Makes a database with what the statements make; {@code host_app} may do everything with the tables. */
    static String database(String... statements) {
        String name = "probe_" + DATABASES.incrementAndGet();
        execute(INSTANCE.connect("postgres", "postgres"), "create database " + name);
        execute(as("postgres", name), statements);
        return name;
    }

    static PGSimpleDataSource as(String role, String database) {
        return INSTANCE.connect(role, database);
    }

    static void execute(PGSimpleDataSource dataSource, String... statements) {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            for (String each : statements) {
                statement.execute(each);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    static List<String> query(PGSimpleDataSource dataSource, String sql) {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            var rows = new ArrayList<String>();
            while (result.next()) {
                rows.add(result.getString(1));
            }
            return rows;
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
