package io.plg.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import io.plg.activation.ActivationFunnel;
import io.plg.audit.IsolationAudit;
import io.plg.jdbi.IsolationMode;
import io.plg.jdbi.JdbiPlg;
import io.plg.tenancy.AuditReport;
import java.io.PrintStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What row level security costs: the same statements of the same role, bound in the same way, on two databases of one server that differ only
 * in whether the tables of plg are guarded. And how long the audit takes.
 */
final class IsolationLoad {
    static final Set<String> OPTIONS = Set.of("rounds", "millis", "threads", "workspaces", "users", "tables");

    private static final int POOL = 8;
    private static final double AIM = 0.8;
    private static final ActivationFunnel FUNNEL = ActivationFunnel.named("onboarding")
            .step("account_created")
            .aha("first_export_completed")
            .build();

    private static final String BIND = "select set_config('plg.workspace_id', ?, true)";

    private final PrintStream out;
    private final Options options;
    private final int workspaces;
    private final int users;
    private final AtomicLong next = new AtomicLong(1_000_000);

    private IsolationLoad(PrintStream out, Options options) {
        this.out = out;
        this.options = options;
        this.workspaces = options.count("workspaces", 100);
        this.users = options.count("users", 1_000);
    }

    static void run(String[] args, PrintStream out, PostgresServer.Source servers) throws Exception {
        Options options = Options.parse(args, OPTIONS);
        out.println("## What row level security costs\n");
        out.println(Machine.line() + "\n");
        try (PostgresServer server = servers.open()) {
            var load = new IsolationLoad(out, options);
            load.statements(server);
            load.audit(server);
        }
    }

    /** One statement, or one call of plg, on behalf of a user of a workspace. */
    private interface Operation {
        void run(Side side, String workspace, String user) throws SQLException;
    }

    /** One of the two databases. */
    private record Side(String name, HikariDataSource pool, JdbiPlg plg) implements AutoCloseable {
        @Override
        public void close() {
            plg.close();
            pool.close();
        }
    }

    private void statements(PostgresServer server) throws Exception {
        int rounds = options.count("rounds", 7);
        int millis = options.count("millis", 1_500);
        int most = options.count("threads", POOL);
        var operations = new LinkedHashMap<String, Operation>();
        operations.put(
                "read one user's steps by key",
                (side, workspace, user) -> bound(side, workspace, connection -> {
                    query(
                            connection,
                            "select step, completed_at from plg.activation_step where workspace_id = ? and funnel = ? and user_id = ?",
                            workspace,
                            FUNNEL.name(),
                            user);
                }));
        operations.put(
                "count a workspace of " + users + " users",
                (side, workspace, user) -> bound(side, workspace, connection -> {
                    query(
                            connection,
                            "select count(*), avg(score) from plg.activation_user where workspace_id = ? and funnel = ?",
                            workspace,
                            FUNNEL.name());
                }));
        operations.put(
                "insert a step",
                (side, workspace, user) -> bound(side, workspace, connection -> {
                    update(
                            connection,
                            "insert into plg.activation_step (workspace_id, funnel, user_id, step, completed_at, metadata, recorded_at)"
                                    + " values (?, ?, ?, 's', now(), '{}', now())",
                            workspace,
                            FUNNEL.name(),
                            "n" + next.getAndIncrement());
                }));
        operations.put(
                "update a user",
                (side, workspace, user) -> bound(side, workspace, connection -> {
                    update(
                            connection,
                            "update plg.activation_user set score = score where workspace_id = ? and funnel = ? and user_id = ?",
                            workspace,
                            FUNNEL.name(),
                            user);
                }));
        operations.put(
                "plg: complete a step",
                (side, workspace, user) -> side.plg()
                        .workspace(workspace)
                        .activation(FUNNEL)
                        .complete("c" + next.getAndIncrement(), "account_created"));

        try (Side guarded = side(server, "guarded", true);
                Side open = side(server, "open", false)) {
            requireDifference(server);
            for (int threads : new int[] {1, most}) {
                var samples = new LinkedHashMap<String, Samples>();
                for (int round = 0; round <= rounds; round++) {
                    for (var operation : operations.entrySet()) {
                        var turn = new ArrayList<>(List.of(guarded, open));
                        Collections.rotate(turn, round);
                        for (Side side : turn) {
                            double perSecond = burst(operation.getValue(), side, threads, millis);
                            if (round > 0) {
                                samples.computeIfAbsent(operation.getKey(), name -> new Samples())
                                        .add(side.name(), perSecond);
                            }
                        }
                    }
                }
                var table = new Table(
                        "threads: " + threads,
                        "with RLS /s (min–max)",
                        "without /s (min–max)",
                        "with ÷ without (min–max)");
                double worst = 1;
                for (Map.Entry<String, Samples> each : samples.entrySet()) {
                    Samples of = each.getValue();
                    table.row(
                            each.getKey(),
                            of.of("guarded").text(0),
                            of.of("open").text(0),
                            of.ratio("guarded", "open").percent());
                    worst = Math.min(worst, of.ratio("guarded", "open").median());
                }
                table.print(out);
                out.println("Least of the medians: " + Samples.number(100 * worst, 0) + " %, aim "
                        + Samples.number(100 * AIM, 0) + " %.\n");
            }
            out.println(workspaces + " workspaces of " + users + " users; " + rounds + " rounds of " + millis
                    + " ms per side after one to warm up, sides taking turns; statements run as BEGIN, binding, statement, COMMIT on both"
                    + " sides; HikariCP with " + POOL + " connections. " + server.version() + ", " + server.durability()
                    + ".\n");
        }
    }

    private Side side(PostgresServer server, String name, boolean guarded) throws SQLException {
        PostgresServer database = server.withDatabase(name);
        database.createPlgSchema();
        database.execute(
                "insert into plg_directory.workspace (workspace_id) select 'ws_' || w from generate_series(0, "
                        + (workspaces - 1) + ") w",
                "insert into plg.activation_user select 'ws_' || w, 'onboarding', 'u' || u, null, 2, 100 from generate_series(0, "
                        + (workspaces - 1) + ") w, generate_series(1, " + users + ") u",
                "insert into plg.activation_step select 'ws_' || w, 'onboarding', 'u' || u, s, now(), '{}', now() from generate_series(0, "
                        + (workspaces - 1) + ") w, generate_series(1, " + users
                        + ") u, unnest(array['account_created', 'first_export_completed']) s");
        if (!guarded) {
            for (String table : List.of("activation_step", "activation_user", "growth_event")) {
                database.execute("alter table plg." + table + " disable row level security");
            }
        }
        database.execute("vacuum analyze");
        HikariDataSource pool = database.pool(POOL);
        return new Side(
                name,
                pool,
                JdbiPlg.on(pool).isolation(IsolationMode.OFF).funnel(FUNNEL).build());
    }

    private static void requireDifference(PostgresServer server) throws SQLException {
        for (String name : List.of("guarded", "open")) {
            try (Connection superuser = server.named(name).getConnection();
                    ResultSet row = superuser
                            .createStatement()
                            .executeQuery("select bool_and(relrowsecurity) from pg_class where relkind = 'r'"
                                    + " and relnamespace = 'plg'::regnamespace")) {
                row.next();
                if (row.getBoolean(1) != name.equals("guarded")) {
                    throw new IllegalStateException("row level security of " + name + " was " + row.getBoolean(1));
                }
            }
        }
    }

    private double burst(Operation operation, Side side, int threads, int millis) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            var start = new CyclicBarrier(threads + 1);
            var running = new ArrayList<Future<Long>>();
            for (int t = 0; t < threads; t++) {
                running.add(executor.submit(() -> {
                    start.await();
                    ThreadLocalRandom random = ThreadLocalRandom.current();
                    long end = System.nanoTime() + millis * 1_000_000L;
                    long n = 0;
                    while (System.nanoTime() < end) {
                        operation.run(side, "ws_" + random.nextInt(workspaces), "u" + (1 + random.nextInt(users)));
                        n++;
                    }
                    return n;
                }));
            }
            start.await();
            long from = System.nanoTime();
            long operations = 0;
            for (Future<Long> each : running) {
                operations += each.get();
            }
            return operations * 1e9 / (System.nanoTime() - from);
        } finally {
            executor.shutdownNow();
        }
    }

    private interface Statements {
        void run(Connection connection) throws SQLException;
    }

    private static void bound(Side side, String workspace, Statements statements) throws SQLException {
        try (Connection connection = side.pool().getConnection()) {
            connection.setAutoCommit(false);
            query(connection, BIND, workspace);
            statements.run(connection);
            connection.commit();
            connection.setAutoCommit(true);
        }
    }

    private static void query(Connection connection, String sql, String... parameters) throws SQLException {
        try (PreparedStatement statement = prepared(connection, sql, parameters);
                ResultSet rows = statement.executeQuery()) {
            if (!rows.next()) {
                throw new IllegalStateException("no row was found by " + sql);
            }
        }
    }

    private static void update(Connection connection, String sql, String... parameters) throws SQLException {
        try (PreparedStatement statement = prepared(connection, sql, parameters)) {
            if (statement.executeUpdate() != 1) {
                throw new IllegalStateException("one row must be written by " + sql);
            }
        }
    }

    private static PreparedStatement prepared(Connection connection, String sql, String... parameters)
            throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        for (int i = 0; i < parameters.length; i++) {
            statement.setString(i + 1, parameters[i]);
        }
        return statement;
    }

    /** The audit of many tables of a host, all guarded, with foreign keys between them. */
    private void audit(PostgresServer server) throws SQLException {
        int tables = options.count("tables", 100);
        int rounds = options.count("rounds", 7);
        PostgresServer database = server.withDatabase("audited");
        database.createPlgSchema();
        database.execute(
                "create schema app; grant usage on schema app to plg_app; alter schema app owner to plg_owner");
        for (int i = 0; i < tables; i++) {
            database.execute(
                    "create table app.t" + i
                            + " (tenant_id text not null, id bigint not null, parent bigint, name text not null, at timestamptz not null default now(),"
                            + " primary key (tenant_id, id)"
                            + (i % 5 == 4 ? ", foreign key (tenant_id, parent) references app.t" + (i - 1) : "") + ")",
                    "alter table app.t" + i + " owner to plg_owner",
                    "grant select, insert, update, delete on app.t" + i + " to plg_app");
        }
        database.execute(
                IsolationAudit.of(database.owner()).schema("app", "tenant_id").guardScript());
        try (HikariDataSource pool = database.pool(2)) {
            IsolationAudit audit = IsolationAudit.of(pool).schema("app", "tenant_id");
            var samples = new Samples();
            for (int round = 0; round <= rounds; round++) {
                for (boolean probe : new boolean[] {false, true}) {
                    long start = System.nanoTime();
                    AuditReport report = (probe ? audit : audit.withoutProbe()).run();
                    double millis = (System.nanoTime() - start) / 1e6;
                    if (!report.isolated()
                            || !report.notProbed().isEmpty()
                            || report.tables().size() < tables) {
                        throw new IllegalStateException(
                                "the audit must find " + tables + " tables and no fault: " + report);
                    }
                    if (round > 0) {
                        samples.add(probe ? "catalog and active probe" : "catalog alone", millis);
                    }
                }
            }
            var table = new Table("audit of " + tables + " tables of a host and those of plg", "ms (min–max)");
            for (String peer : samples.peers()) {
                table.row(peer, samples.of(peer).text(0));
            }
            table.print(out);
            out.println("Aim: 2 000 ms.\n");
        }
    }
}
