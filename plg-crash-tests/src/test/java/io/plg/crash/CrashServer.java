package io.plg.crash;

import com.zaxxer.hikari.HikariDataSource;
import io.plg.jdbi.PlgSchema;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * One PostgreSQL for all tests, which keeps its promises (fsync is on) and may be killed: it starts again on the same data. Beside plg's
 * schema it has the host's tables; {@code app}, as which everything under test logs in, owns none of them.
 */
final class CrashServer {
    private static final List<String> DURABLE = List.of("fsync", "full_page_writes", "synchronous_commit");
    private static final String[] HOST = {
        "create schema host authorization host",
        "set role host",
        """
        create table host.grants (
            workspace_id text not null,
            id           uuid not null,
            key          text not null,
            beneficiary  text not null,
            primary key (workspace_id, id)
        )
        """,
        """
        create table host.limit_row (
            workspace_id text not null primary key,
            used         integer not null,
            max          integer not null,
            check (used <= max)
        )
        """,
        "alter table host.grants enable row level security",
        "alter table host.grants force row level security",
        "create policy workspace on host.grants"
                + " using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))"
                + " with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))",
        "alter table host.limit_row enable row level security",
        "alter table host.limit_row force row level security",
        "create policy workspace on host.limit_row"
                + " using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))"
                + " with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))",
        // What NegativeControlTest is wrong with.
        "create table host.unguarded_key (workspace_id text, key text, reply text)",
        """
        create table host.unfenced_key (
            workspace_id text, key text, leased_until timestamptz, reply text, primary key (workspace_id, key)
        )
        """,
        "create table host.export (workspace_id text not null, id uuid primary key)",
        "create index on host.export (workspace_id)",
        "create table host.shared_key (key text primary key, workspace_id text, reply text)",
        "alter table host.shared_key enable row level security",
        "create policy workspace on host.shared_key"
                + " using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))",
        "create table host.sign_up (workspace_id text not null, user_id text primary key)",
        "create index on host.sign_up (workspace_id)",
        // What another system would say that it was told, and when.
        "create table host.told (n bigint generated always as identity, key text not null, what text not null)",
        "grant usage on schema host to app",
        "grant select, insert, update on host.unguarded_key, host.unfenced_key, host.shared_key to app",
        "grant select, insert on host.grants, host.export, host.sign_up, host.told to app",
        "grant select, update on host.limit_row to app",
        "reset role"
    };

    private static final CrashServer INSTANCE = new CrashServer();

    private final Path data;
    private final AtomicInteger cases = new AtomicInteger();
    private final HikariDataSource superuser;
    private EmbeddedPostgres server;

    private CrashServer() {
        try {
            data = Files.createTempDirectory("plg-crash");
            server = start(0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Runtime.getRuntime().addShutdownHook(new Thread(this::end));
        for (String each : DURABLE) {
            if (!text(connect("postgres", "postgres"), "show " + each).equals("on")) {
                throw new IllegalStateException(each + " must be on");
            }
        }
        execute(
                connect("postgres", "postgres"),
                PlgSchema.postgresqlRoles(),
                "create role migrator login in role plg_owner",
                "create role app login in role plg_app",
                "create role host",
                "create database plg owner migrator");
        execute(connect("postgres", "plg"), "grant create on database plg to plg_owner");
        execute(connect("migrator", "plg"), PlgSchema.postgresqlScript());
        execute(connect("postgres", "plg"), HOST);
        superuser = Node.pool(connect("postgres", "plg"), 2, Duration.ofSeconds(20));
    }

    static int port() {
        return INSTANCE.server.getPort();
    }

    /** Past row level security, for looking at what is stored. */
    static DataSource superuser() {
        return INSTANCE.superuser;
    }

    /** New connections of the application, with settings of its session such as {@code idle_in_transaction_session_timeout=300}. */
    static PGSimpleDataSource app(String... settings) {
        return Node.connections(url(port(), settings));
    }

    /** As {@link #app}, for another process, or through a proxy at another port. */
    static String url(int port, String... settings) {
        var url = new StringBuilder("jdbc:postgresql://localhost:" + port
                + "/plg?user=app&sslmode=disable&gssEncMode=disable&connectTimeout=5&socketTimeout=60");
        if (settings.length > 0) {
            var options = new StringBuilder();
            for (String each : settings) {
                options.append("-c ").append(each).append(' ');
            }
            url.append("&options=").append(URLEncoder.encode(options.toString().strip(), StandardCharsets.UTF_8));
        }
        return url.toString();
    }

    /** A workspace of its own for a case, with a limit. Keys of the case begin with its name and a hyphen. */
    static String workspace(String name) {
        String workspace = name + INSTANCE.cases.incrementAndGet();
        execute(
                superuser(),
                "insert into host.limit_row (workspace_id, used, max) values ('" + workspace + "', 0, 1000000)");
        return workspace;
    }

    /** Kills the server and everything it has started, as if the power had gone, and starts it again on the same data. */
    static void killAndRestart() {
        INSTANCE.kill();
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

    /** The one value of a query. */
    static String text(DataSource dataSource, String sql) {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The one number of a query, past row level security. */
    static long count(String sql) {
        return Long.parseLong(text(superuser(), sql));
    }

    private PGSimpleDataSource connect(String role, String database) {
        var dataSource = new PGSimpleDataSource();
        dataSource.setServerNames(new String[] {"localhost"});
        dataSource.setPortNumbers(new int[] {server.getPort()});
        dataSource.setDatabaseName(database);
        dataSource.setUser(role);
        return dataSource;
    }

    private EmbeddedPostgres start(int port) throws IOException {
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                .setDataDirectory(data.resolve("data"))
                .setCleanDataDirectory(false)
                .setRegisterShutdownHook(false)
                .setPGStartupWait(Duration.ofMinutes(1))
                .setErrorRedirector(ProcessBuilder.Redirect.appendTo(
                        data.resolve("server.log").toFile()))
                .setOutputRedirector(ProcessBuilder.Redirect.appendTo(
                        data.resolve("server.log").toFile()))
                .setPort(port)
                .setServerConfig("max_connections", "150");
        for (String each : DURABLE) {
            builder.setServerConfig(each, "on");
        }
        return builder.start();
    }

    private void kill() {
        try {
            Path file = data.resolve("data").resolve("postmaster.pid");
            long pid = Long.parseLong(Files.readAllLines(file).get(0).strip());
            ProcessHandle postmaster = ProcessHandle.of(pid).orElseThrow();
            List<ProcessHandle> children = postmaster.descendants().toList();
            postmaster.destroyForcibly();
            children.forEach(ProcessHandle::destroyForcibly);
            for (ProcessHandle each :
                    Stream.concat(Stream.of(postmaster), children.stream()).toList()) {
                each.onExit().get(10, TimeUnit.SECONDS);
            }
            int port = server.getPort();
            server.close(); // gives back its lock on the data; there is nothing left to stop
            server = start(port);
            superuser.getHikariPoolMXBean().softEvictConnections();
        } catch (Exception e) {
            throw new IllegalStateException("the server could not be killed and started again", e);
        }
    }

    private void end() {
        try {
            superuser.close();
            server.close();
            try (Stream<Path> files = Files.walk(data)) {
                for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(each);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
