package io.plg.jdbi;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * One PostgreSQL for all tests of a JVM, with the roles of {@link PlgSchema#postgresqlRoles()}: {@code migrator} migrates, and everything
 * under test logs in as {@code app}, which is neither owner nor superuser, because row level security holds nobody else.
 */
final class Postgres {
    private static final Postgres INSTANCE = new Postgres();

    private final EmbeddedPostgres server;
    private final HikariDataSource pool;

    private Postgres() {
        try {
            server = EmbeddedPostgres.builder()
                    .setServerConfig("max_connections", "200")
                    .setServerConfig("max_prepared_transactions", "5")
                    .setServerConfig("synchronous_commit", "on")
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        execute(
                server.getPostgresDatabase(),
                PlgSchema.postgresqlRoles(),
                "create role migrator login in role plg_owner",
                "create role app login in role plg_app",
                "create role operator login in role plg_operator",
                "create role other login",
                "create database plg owner migrator",
                "create database plain owner app");
        PlgSchema.on(as("migrator", "plg")).migrate();
        pool = pool(as("app", "plg"), 20);
    }

    /** Connections to the migrated database for the application's role, from a pool. */
    static DataSource app() {
        return INSTANCE.pool;
    }

    /** New connections for a role. */
    static PGSimpleDataSource as(String role) {
        return INSTANCE.as(role, "plg");
    }

    /** New connections for a role to a database that {@link #emptyDatabase} made. */
    static PGSimpleDataSource in(String database, String role) {
        return INSTANCE.as(role, database);
    }

    /** Past row level security. */
    static DataSource superuser() {
        return as("postgres");
    }

    /** A new database without plg's schema, owned by {@code migrator}. */
    static PGSimpleDataSource emptyDatabase(String name) {
        execute(INSTANCE.server.getPostgresDatabase(), "create database " + name + " owner migrator");
        return INSTANCE.as("migrator", name);
    }

    static HikariDataSource pool(DataSource connections, int size) {
        var config = new HikariConfig();
        config.setDataSource(connections);
        config.setMaximumPoolSize(size);
        config.setMinimumIdle(0);
        return new HikariDataSource(config);
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

    private PGSimpleDataSource as(String role, String database) {
        var dataSource = new PGSimpleDataSource();
        dataSource.setServerNames(new String[] {"localhost"});
        dataSource.setPortNumbers(new int[] {server.getPort()});
        dataSource.setDatabaseName(database);
        dataSource.setUser(role);
        dataSource.setPassword("postgres");
        return dataSource;
    }
}
