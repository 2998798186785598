package io.plg.benchmarks;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.plg.jdbi.PlgSchema;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import javax.sql.DataSource;

/**
 * A PostgreSQL server of our own that keeps its promises: fsync, full_page_writes and synchronous_commit are on, which the embedded one
 * turns off unless it is told.
 */
final class PostgresServer implements AutoCloseable {

    private static final List<String> DURABLE = List.of("fsync", "full_page_writes", "synchronous_commit");

    private final EmbeddedPostgres server;
    private final String database;

    private PostgresServer(EmbeddedPostgres server, String database) {
        this.server = server;
        this.database = database;
    }

    /** Where a program takes its server from, to be closed by the program. */
    @FunctionalInterface
    interface Source {
        PostgresServer open() throws IOException, SQLException;
    }

    /** The role that programs log in as: it owns nothing and is bound by row level security. */
    static final String ROLE = "plg_bench";

    static PostgresServer start() throws IOException, SQLException {
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                .setPGStartupWait(Duration.ofMinutes(1))
                .setServerConfig("shared_buffers", "1GB")
                .setServerConfig("max_wal_size", "4GB")
                .setServerConfig("checkpoint_timeout", "30min");
        for (String name : DURABLE) {
            builder.setServerConfig(name, "on");
        }
        PostgresServer started = new PostgresServer(builder.start(), "postgres");
        for (String name : DURABLE) {
            String value = started.text("SHOW " + name);
            if (!value.equals("on")) {
                started.close();
                throw new IllegalStateException(name + " must be on, was " + value);
            }
        }
        started.execute(PlgSchema.postgresqlRoles(), "create role " + ROLE + " login in role plg_app");
        return started;
    }

    /** The same server with an empty database of that name; closing it leaves the server running. */
    PostgresServer withDatabase(String name) throws SQLException {
        execute("create database " + name);
        return new PostgresServer(server, name);
    }

    /** The superuser's connections, each a new one. */
    DataSource owner() {
        return server.getDatabase("postgres", database);
    }

    /** The superuser's connections to another database of the server. */
    DataSource named(String name) {
        return server.getDatabase("postgres", name);
    }

    /** Makes plg's tables, owned by a role that nobody logs in as, and the role of the programs. */
    void createPlgSchema() throws SQLException {
        execute(
                "grant create on database " + database + " to plg_owner",
                "set role plg_owner; " + PlgSchema.postgresqlScript() + "; reset role");
    }

    /** A pool of connections of the programs' role, in autocommit mode, as a host would have it. */
    HikariDataSource pool(int size) {
        return pool(url(), size);
    }

    /** The same from another JVM, which was told the URL. */
    static HikariDataSource pool(String url, int size) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setUsername(ROLE);
        config.setMaximumPoolSize(size);
        return new HikariDataSource(config);
    }

    String url() {
        return "jdbc:postgresql://localhost:" + server.getPort() + "/" + database;
    }

    String version() throws SQLException {
        return "PostgreSQL " + text("SHOW server_version");
    }

    /** What the durability settings are, for the line below a table. */
    String durability() throws SQLException {
        return "fsync " + text("SHOW fsync") + ", synchronous_commit " + text("SHOW synchronous_commit")
                + ", wal_sync_method " + text("SHOW wal_sync_method");
    }

    /** How long this machine takes to make 8 kB durable, by a file beside the server's. */
    long syncMicros() throws IOException {
        Path file = Files.createTempFile(Path.of(System.getProperty("java.io.tmpdir")), "plg-sync", "");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            ByteBuffer page = ByteBuffer.allocate(8_192);
            long[] nanos = new long[101];
            for (int i = 0; i < nanos.length; i++) {
                page.clear();
                long start = System.nanoTime();
                channel.write(page, (i % 16) * 8_192L);
                channel.force(false);
                nanos[i] = System.nanoTime() - start;
            }
            Arrays.sort(nanos);
            return nanos[nanos.length / 2] / 1_000;
        } finally {
            Files.delete(file);
        }
    }

    String text(String sql) throws SQLException {
        try (Connection connection = owner().getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    void execute(String... statements) throws SQLException {
        try (Connection connection = owner().getConnection();
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    @Override
    public void close() throws IOException {
        if (database.equals("postgres")) {
            server.close();
        }
    }
}
