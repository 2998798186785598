package io.plg.examples.replay;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool.PoolInitializationException;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.UUID;
import java.util.stream.Stream;
import javax.sql.DataSource;

/** A database to work in, open until closed. The temporary ones leave nothing behind. */
final class Databases implements AutoCloseable {
    private final HikariDataSource pool;
    private final boolean postgres;
    private final Runnable stop;

    private Databases(HikariDataSource pool, boolean postgres, Runnable stop) {
        this.pool = pool;
        this.postgres = postgres;
        this.stop = stop;
    }

    /** An H2 database in memory. */
    static Databases h2() {
        return connect("jdbc:h2:mem:replay-" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1", () -> {});
    }

    /** A PostgreSQL server of our own in a temporary directory, which it deletes when it stops. */
    static Databases postgres() {
        Path directory = temporaryDirectory();
        try {
            EmbeddedPostgres server = EmbeddedPostgres.builder()
                    .setDataDirectory(directory)
                    .setServerConfig("fsync", "off")
                    .setServerConfig("synchronous_commit", "off")
                    .start();
            return connect(server.getJdbcUrl("postgres", "postgres"), () -> stop(server));
        } catch (IOException | IllegalStateException e) {
            delete(directory);
            throw new BadInput("--store postgres: the embedded PostgreSQL does not start: " + e.getMessage(), e);
        }
    }

    /** A database of the user. */
    static Databases at(String jdbcUrl) {
        if (!jdbcUrl.startsWith("jdbc:postgresql:") && !jdbcUrl.startsWith("jdbc:h2:")) {
            throw new BadInput(
                    "--jdbc-url must begin with jdbc:postgresql: or jdbc:h2:, was \"" + withoutSecrets(jdbcUrl) + "\"");
        }
        return connect(jdbcUrl, () -> {});
    }

    private static Databases connect(String jdbcUrl, Runnable stop) {
        var config = new HikariConfig();
        config.setJdbcUrl(jdbcUrl);
        config.setMaximumPoolSize(4);
        config.setInitializationFailTimeout(1);
        try {
            return new Databases(new HikariDataSource(config), jdbcUrl.startsWith("jdbc:postgresql:"), stop);
        } catch (PoolInitializationException e) {
            stop.run();
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new BadInput("--jdbc-url " + withoutSecrets(jdbcUrl) + ": cannot connect: " + firstLine(cause), e);
        }
    }

    private static String firstLine(Throwable error) {
        return String.valueOf(error.getMessage()).lines().findFirst().orElse("");
    }

    private static String withoutSecrets(String jdbcUrl) {
        return jdbcUrl.replaceAll("(?i)(password=)[^&;]*", "$1…").replaceAll("//[^/@]*@", "//…@");
    }

    DataSource dataSource() {
        return pool;
    }

    boolean isPostgres() {
        return postgres;
    }

    @Override
    public void close() {
        try {
            pool.close();
        } finally {
            stop.run();
        }
    }

    private static void stop(EmbeddedPostgres server) {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path temporaryDirectory() {
        try {
            return Files.createTempDirectory("replay-postgres-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path directory) {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
