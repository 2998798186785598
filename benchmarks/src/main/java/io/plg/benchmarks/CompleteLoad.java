package io.plg.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import io.plg.Workspace;
import io.plg.activation.Activation;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.Step;
import io.plg.jdbi.JdbiPlg;
import java.io.PrintStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;

/**
 * Completing steps on PostgreSQL through plg, under forced row level security, beside bare transactions that write the same rows into the
 * same tables without it. All peers use one pool and one role, and take turns.
 */
final class CompleteLoad {

    static final Set<String> OPTIONS = Set.of("rounds", "millis", "threads", "workspaces");

    private static final int POOL = 8;
    private static final double AIM = 0.8;

    private static final ActivationFunnel FUNNEL = ActivationFunnel.named("onboarding")
            .step("account_created")
            .step("first_project_created")
            .step("first_collaborator_invited")
            .step("first_report_built")
            .aha("first_export_completed")
            .build();
    private static final int STEPS = FUNNEL.steps().size();

    private static final String BARE_SCHEMA = """
            create schema bare;
            create table bare.activation_step (like plg.activation_step including all);
            create table bare.activation_user (like plg.activation_user including all) with (fillfactor = 75);
            create table bare.growth_event (like plg.growth_event including all);
            create table bare.change_feed (like plg_directory.change_feed including all);
            grant usage on schema bare to plg_bench;
            grant select, insert, update on all tables in schema bare to plg_bench;
            """;

    private final PrintStream out;
    private final PostgresServer server;
    private final HikariDataSource pool;
    private final JdbiPlg plg;
    private final Options options;
    private final int workspaces;
    private final AtomicLong nextUser = new AtomicLong();

    private CompleteLoad(PrintStream out, PostgresServer server, HikariDataSource pool, JdbiPlg plg, Options options) {
        this.out = out;
        this.server = server;
        this.pool = pool;
        this.plg = plg;
        this.options = options;
        this.workspaces = options.count("workspaces", 50);
    }

    static void run(String[] args, PrintStream out, PostgresServer.Source servers) throws Exception {
        Options options = Options.parse(args, OPTIONS);
        out.println("## Completing a step on PostgreSQL\n");
        out.println(Machine.line() + "\n");
        try (PostgresServer server = servers.open()) {
            server.createPlgSchema();
            server.execute(BARE_SCHEMA);
            try (HikariDataSource pool = server.pool(POOL);
                    JdbiPlg plg = JdbiPlg.on(pool).funnel(FUNNEL).build()) {
                CompleteLoad load = new CompleteLoad(out, server, pool, plg, options);
                load.requireIsolation();
                load.completions();
                load.repeats();
            }
        }
    }

    /** Somebody's way of completing a step. */
    private interface Completer {
        void complete(String workspace, String user, int step) throws SQLException;
    }

    /** A way, its schema, and what it is called in the table. */
    private record Peer(String name, String schema, Completer completer) {}

    private void completions() throws Exception {
        int rounds = options.count("rounds", 7);
        int millis = options.count("millis", 3_000);
        int most = options.count("threads", POOL);
        Bare bare = new Bare(pool);
        String ours = "plg: JdbiPlg, RLS";
        String oneStatement = "bare, one statement (CTEs)";
        String oneRoundTrip = "bare, four or five statements in one round trip";
        List<Peer> peers = List.of(
                new Peer(ours, "plg", this::byPlg),
                new Peer(oneStatement, "bare", bare::inOneStatement),
                new Peer(oneRoundTrip, "bare", bare::inOneRoundTrip),
                new Peer("bare, BEGIN … COMMIT, a round trip each", "bare", bare::oneByOne),
                new Peer("plg.complete_step called by plain JDBC, RLS", "plg", bare::byFunction));
        for (Peer peer : peers) {
            requireSameRows(peer, peers.get(0));
        }

        Map<Integer, Samples> perThreads = new LinkedHashMap<>();
        perThreads.put(1, new Samples());
        perThreads.put(most, new Samples());
        Map<String, AtomicLong> acknowledged = new LinkedHashMap<>();
        long stepsBefore = steps("plg") + steps("bare");
        for (int round = 0; round <= rounds; round++) {
            for (Map.Entry<Integer, Samples> entry : perThreads.entrySet()) {
                List<Peer> turn = new ArrayList<>(peers);
                Collections.rotate(turn, round); // nobody is always first
                for (Peer peer : turn) {
                    Burst burst = burst(peer, entry.getKey(), millis);
                    acknowledged
                            .computeIfAbsent(peer.schema(), s -> new AtomicLong())
                            .addAndGet(burst.operations());
                    if (round > 0) {
                        entry.getValue().add(peer.name(), burst.operationsPerSecond());
                    }
                }
            }
        }
        long stored = steps("plg") + steps("bare") - stepsBefore;
        long told = acknowledged.values().stream().mapToLong(AtomicLong::get).sum();
        if (stored != told) {
            throw new IllegalStateException(
                    "every completion must be stored once, were " + told + " and are " + stored);
        }

        out.println("New completions: each user walks through the " + STEPS + " steps, " + workspaces + " workspaces; "
                + rounds
                + " rounds of " + millis + " ms per peer after one to warm up; HikariCP with " + POOL + " connections. "
                + server.version() + ", " + server.durability()
                + ", client and server on this machine; 8 kB written and synced by Java: "
                + server.syncMicros() + " µs (median).\n");
        for (Map.Entry<Integer, Samples> entry : perThreads.entrySet()) {
            Samples samples = entry.getValue();
            Table table = new Table("threads: " + entry.getKey(), "completions/s (min–max)", "plg ÷ it (min–max)");
            for (Peer peer : peers) {
                table.row(
                        peer.name(),
                        samples.of(peer.name()).text(0),
                        samples.ratio(ours, peer.name()).percent());
            }
            table.print(out);
            double ratio = Math.min(
                    samples.ratio(ours, oneStatement).median(),
                    samples.ratio(ours, oneRoundTrip).median());
            out.println("plg ÷ the faster bare one in one round trip: " + Samples.number(100 * ratio, 0) + " %, aim "
                    + Samples.number(100 * AIM, 0) + " %.\n");
        }
        out.println("Stored and acknowledged: " + stored
                + " completions. Per completion all peers write one row each into activation_step, "
                + "activation_user (new or updated), change_feed, and growth_event (two for the aha step).\n");
    }

    /** Repeats of a completed step: with its user's state in memory, and without. */
    private void repeats() throws Exception {
        int rounds = options.count("rounds", 7);
        int millis = Math.max(1, options.count("millis", 3_000) / 3);
        CountingDataSource counted = new CountingDataSource(pool);
        Step step = FUNNEL.steps().get(0);
        Samples nanos = new Samples();
        String memory = "state in memory (asked for before)";
        String store = "state not in memory: one round trip, nothing written";
        try (JdbiPlg other = JdbiPlg.on(counted.dataSource()).funnel(FUNNEL).build()) {
            Activation activation = other.workspace("ws_repeat").activation(FUNNEL);
            activation.complete("known", step);
            activation.complete("unknown", step);
            for (int round = 0; round <= rounds; round++) {
                counted.awaitMemory(() -> activation.state("known"));
                long before = counted.byCallers();
                double known = nanosPerRepeat(activation, "known", step, millis);
                if (counted.byCallers() > before) {
                    out.println("(the database was asked " + (counted.byCallers() - before) + " times)");
                }
                double unknown = nanosPerRepeat(activation, "unknown", step, millis);
                if (round > 0) {
                    nanos.add(memory, known);
                    nanos.add(store, unknown);
                }
            }
        }
        Table table = new Table("repeat of a completed step, 1 thread", "µs (min–max)");
        for (String name : nanos.peers()) {
            table.row(name, nanos.of(name).text(value -> Samples.number(value / 1_000, 3)));
        }
        table.print(out);
    }

    private static double nanosPerRepeat(Activation activation, String user, Step step, int millis) {
        long start = System.nanoTime();
        long end = start + millis * 1_000_000L;
        long n = 0;
        while (System.nanoTime() < end) {
            for (int i = 0; i < 10; i++) {
                activation.complete(user, step);
            }
            n += 10;
        }
        return (double) (System.nanoTime() - start) / n;
    }

    private void byPlg(String workspace, String user, int step) {
        Workspace view = plg.workspace(workspace);
        view.activation(FUNNEL).complete(user, FUNNEL.steps().get(step));
    }

    /** What the threads did in one turn. */
    private record Burst(long operations, double operationsPerSecond) {}

    private Burst burst(Peer peer, int threads, int millis) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            CyclicBarrier start = new CyclicBarrier(threads + 1);
            List<Future<Long>> running = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                running.add(executor.submit(() -> {
                    start.await();
                    long end = System.nanoTime() + millis * 1_000_000L;
                    long n = 0;
                    String workspace = "";
                    String user = "";
                    while (System.nanoTime() < end) {
                        int step = (int) (n % STEPS);
                        if (step == 0) {
                            long id = nextUser.getAndIncrement();
                            workspace = "ws_" + id % workspaces;
                            user = "usr_" + (100_000_000 + id);
                        }
                        peer.completer().complete(workspace, user, step);
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
            return new Burst(operations, operations * 1e9 / (System.nanoTime() - from));
        } finally {
            executor.shutdownNow();
        }
    }

    private long steps(String schema) throws SQLException {
        return Long.parseLong(server.text("select count(*) from " + schema + ".activation_step"));
    }

    /** Walks one user through the funnel and compares all that is stored, save ids and times, with what plg stores. */
    private void requireSameRows(Peer peer, Peer ours) throws SQLException {
        String mine = rowsOf(peer, "check " + peer.name());
        String expected = rowsOf(ours, "check ours for " + peer.name());
        if (!mine.equals(expected)) {
            throw new IllegalStateException(
                    "rows of '" + peer.name() + "' must be those of plg, were\n" + mine + "\ninstead of\n" + expected);
        }
    }

    private String rowsOf(Peer peer, String workspace) throws SQLException {
        for (int step = 0; step < STEPS; step++) {
            peer.completer().complete(workspace, "ada", step);
        }
        String feed = peer.schema().equals("plg") ? "plg_directory.change_feed" : peer.schema() + ".change_feed";
        return server.text(
                """
                select concat_ws(E'\\n',
                    (select string_agg(concat_ws(' ', funnel, user_id, step, metadata), E'\\n' order by step)
                     from SCHEMA.activation_step where workspace_id = 'WORKSPACE'),
                    (select string_agg(concat_ws(' ', funnel, user_id, completed, score, host_signed_up_at), E'\\n')
                     from SCHEMA.activation_user where workspace_id = 'WORKSPACE'),
                    (select string_agg(concat_ws(' ', type, version, user_id, data - 'completedAt' - 'activatedAt',
                                                 data ? 'completedAt', data ? 'activatedAt'), E'\\n' order by type, data ->> 'step')
                     from SCHEMA.growth_event where workspace_id = 'WORKSPACE'),
                    (select string_agg(concat_ws(' ', kind, subject), E'\\n') from FEED where workspace_id = 'WORKSPACE'))
                """.replace("SCHEMA", peer.schema()).replace("FEED", feed).replace("WORKSPACE", workspace));
    }

    private void requireIsolation() throws SQLException {
        String role = server.text("select concat(rolsuper, rolbypassrls, pg_has_role(rolname, 'plg_owner', 'member')) "
                + "from pg_roles where rolname = '" + PostgresServer.ROLE + "'");
        String forced = server.text("select string_agg(concat(relrowsecurity, relforcerowsecurity), ' ') from pg_class "
                + "where relnamespace = 'plg'::regnamespace and relkind = 'r'");
        if (!role.equals("fff") || !forced.matches("tt( tt)*")) {
            throw new IllegalStateException(
                    "the role must be bound by forced RLS, was " + role + ", tables were " + forced);
        }
    }

    /** The same rows by hand. */
    private static final class Bare {
        private static final String STEP = """
                insert into bare.activation_step (workspace_id, funnel, user_id, step, completed_at, metadata, recorded_at)
                values (?, ?, ?, ?, cast(? as timestamptz), '{}', cast(? as timestamptz)) on conflict do nothing
                """;
        private static final String USER = """
                insert into bare.activation_user as u (workspace_id, funnel, user_id, completed, score) values (?, ?, ?, 1, 20)
                on conflict (workspace_id, funnel, user_id) do update
                set completed = u.completed + 1, score = (200 * (u.completed + 1) + 5) / 10
                """;
        private static final String EVENT = """
                insert into bare.growth_event (workspace_id, id, type, version, occurred_at, user_id, data)
                values (?, ?, ?, 1, cast(? as timestamptz), ?, cast(? as jsonb))
                """;
        private static final String FEED = """
                insert into bare.change_feed (workspace_id, kind, subject) values (?, 'activation', ?)
                """;
        private static final String ONE_STATEMENT = oneStatement(false);
        private static final String ONE_STATEMENT_AHA = oneStatement(true);
        private static final String ONE_ROUND_TRIP = String.join(";", STEP, USER, EVENT, FEED);
        private static final String ONE_ROUND_TRIP_AHA = String.join(";", STEP, USER, EVENT, EVENT, FEED);
        private static final String FUNCTION = """
                select * from plg.complete_step(?, ?, ?, ?, cast(? as timestamptz), cast(? as jsonb), cast(? as timestamptz),
                                       cast(? as text[]), cast(? as jsonb))
                """;

        private final DataSource pool;

        Bare(DataSource pool) {
            this.pool = pool;
        }

        private static String oneStatement(boolean aha) {
            String another = " union all select ?, ?, ?, 1, cast(? as timestamptz), ?, cast(? as jsonb) from step";
            return """
                    with step as (
                        insert into bare.activation_step
                            (workspace_id, funnel, user_id, step, completed_at, metadata, recorded_at)
                        values (?, ?, ?, ?, cast(? as timestamptz), '{}', cast(? as timestamptz))
                        on conflict do nothing
                        returning step
                    ), person as (
                        insert into bare.activation_user as u (workspace_id, funnel, user_id, completed, score)
                        select ?, ?, ?, 1, 20 from step
                        on conflict (workspace_id, funnel, user_id) do update
                        set completed = u.completed + 1, score = (200 * (u.completed + 1) + 5) / 10
                    ), event as (
                        insert into bare.growth_event (workspace_id, id, type, version, occurred_at, user_id, data)
                        select ?, cast(? as uuid), ?, 1, cast(? as timestamptz), ?, cast(? as jsonb) from step""" + (aha ? another : "") + """

                    )
                    insert into bare.change_feed (workspace_id, kind, subject) select ?, 'activation', ? from step
                    """;
        }

        void inOneStatement(String workspace, String user, int step) throws SQLException {
            boolean aha = step == STEPS - 1;
            allAtOnce(aha ? ONE_STATEMENT_AHA : ONE_STATEMENT, workspace, user, step);
        }

        void inOneRoundTrip(String workspace, String user, int step) throws SQLException {
            boolean aha = step == STEPS - 1;
            allAtOnce(aha ? ONE_ROUND_TRIP_AHA : ONE_ROUND_TRIP, workspace, user, step);
        }

        /** In autocommit mode: the driver sends all statements and one Sync, which is one transaction. */
        private void allAtOnce(String sql, String workspace, String user, int step) throws SQLException {
            String now = now();
            try (Connection connection = pool.getConnection();
                    PreparedStatement statement = connection.prepareStatement(sql)) {
                int at = step(statement, 1, workspace, user, step, now);
                at = user(statement, at, workspace, user);
                at = event(statement, at, workspace, user, step, now, false);
                if (step == STEPS - 1) {
                    at = event(statement, at, workspace, user, step, now, true);
                }
                feed(statement, at, workspace, user);
                statement.execute();
            }
        }

        void oneByOne(String workspace, String user, int step) throws SQLException {
            String now = now();
            try (Connection connection = pool.getConnection()) {
                connection.setAutoCommit(false);
                try (PreparedStatement first = connection.prepareStatement(STEP);
                        PreparedStatement second = connection.prepareStatement(USER);
                        PreparedStatement third = connection.prepareStatement(EVENT);
                        PreparedStatement fourth = connection.prepareStatement(FEED)) {
                    step(first, 1, workspace, user, step, now);
                    first.executeUpdate();
                    user(second, 1, workspace, user);
                    second.executeUpdate();
                    event(third, 1, workspace, user, step, now, false);
                    third.executeUpdate();
                    if (step == STEPS - 1) {
                        event(third, 1, workspace, user, step, now, true);
                        third.executeUpdate();
                    }
                    feed(fourth, 1, workspace, user);
                    fourth.executeUpdate();
                    connection.commit();
                } finally {
                    connection.rollback();
                    connection.setAutoCommit(true);
                }
            }
        }

        /** What plg sends, without plg around it. */
        void byFunction(String workspace, String user, int step) throws SQLException {
            String now = now();
            String events = eventJson(workspace, user, step, now, false)
                    + (step == STEPS - 1 ? "," + eventJson(workspace, user, step, now, true) : "");
            try (Connection connection = pool.getConnection();
                    PreparedStatement statement = connection.prepareStatement(FUNCTION)) {
                statement.setString(1, workspace);
                statement.setString(2, FUNNEL.name());
                statement.setString(3, user);
                statement.setString(4, FUNNEL.steps().get(step).name());
                statement.setString(5, now);
                statement.setString(6, "{}");
                statement.setString(7, now);
                statement.setArray(
                        8,
                        connection.createArrayOf(
                                "text", FUNNEL.steps().stream().map(Step::name).toArray()));
                statement.setString(9, "[" + events + "]");
                statement.execute();
            }
        }

        private static int step(PreparedStatement to, int at, String workspace, String user, int step, String now)
                throws SQLException {
            to.setString(at, workspace);
            to.setString(at + 1, FUNNEL.name());
            to.setString(at + 2, user);
            to.setString(at + 3, FUNNEL.steps().get(step).name());
            to.setString(at + 4, now);
            to.setString(at + 5, now);
            return at + 6;
        }

        private static int user(PreparedStatement to, int at, String workspace, String user) throws SQLException {
            to.setString(at, workspace);
            to.setString(at + 1, FUNNEL.name());
            to.setString(at + 2, user);
            return at + 3;
        }

        private static int event(
                PreparedStatement to, int at, String workspace, String user, int step, String now, boolean activated)
                throws SQLException {
            to.setString(at, workspace);
            to.setObject(at + 1, newId());
            to.setString(at + 2, type(activated));
            to.setString(at + 3, now);
            to.setString(at + 4, user);
            to.setString(at + 5, data(step, now, activated));
            return at + 6;
        }

        private static void feed(PreparedStatement to, int at, String workspace, String user) throws SQLException {
            to.setString(at, workspace);
            to.setString(at + 1, user);
        }

        private static String eventJson(String workspace, String user, int step, String now, boolean activated) {
            return "{\"id\":\"" + newId() + "\",\"type\":\"" + type(activated) + "\",\"version\":1,\"time\":\"" + now
                    + "\",\"workspaceId\":\"" + workspace + "\",\"userId\":\"" + user + "\",\"data\":"
                    + data(step, now, activated)
                    + "}";
        }

        private static String type(boolean activated) {
            return activated ? "plg.activation.activated" : "plg.activation.step_completed";
        }

        private static String data(int step, String now, boolean activated) {
            return "{\"funnel\":\"" + FUNNEL.name() + "\",\"step\":\""
                    + FUNNEL.steps().get(step).name() + "\",\"" + (activated ? "activatedAt" : "completedAt") + "\":\""
                    + now
                    + "\"}";
        }

        private static String now() {
            return Instant.now().truncatedTo(ChronoUnit.MICROS).toString();
        }

        /** In the order of time like plg's, so that the index is filled alike. */
        private static UUID newId() {
            ThreadLocalRandom random = ThreadLocalRandom.current();
            return new UUID(
                    (System.currentTimeMillis() << 16) | 0x7000L | random.nextInt(0x1000),
                    (random.nextLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L);
        }
    }
}
