package io.plg.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import io.plg.Execution;
import io.plg.Plg;
import io.plg.benchmarks.HostTables.Granted;
import io.plg.benchmarks.LockThenCheck.Answer;
import io.plg.benchmarks.LockThenCheck.Status;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Outcome;
import io.plg.idempotency.Principal;
import io.plg.jdbi.JdbiPlg;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Effects that happen once per key: through plg, by a bare transaction that writes the effect and a row for the key and promises nothing else, and by a lock in
 * Redis with a look into a table. New keys, replays, a thousand simultaneous calls with one key, and redemptions against a limit.
 */
final class IdempotencyLoad {
    static final Set<String> OPTIONS =
            Set.of("rounds", "millis", "threads", "workspaces", "keys", "limits", "bursts", "calls");

    private static final int POOL = 8;
    private static final int BURST_POOL = 20;
    private static final double AIM = 0.7;
    private static final double BURST_AIM_MILLIS = 500;
    private static final long BURST_STATEMENTS = 50;
    private static final double AIM_MANY_LIMITS = 1_000;
    private static final double AIM_ONE_LIMIT = 400;
    private static final int BATCH = 200;

    private static final Operation<Granted> REWARD = Operation.of("grant-reward", Granted.class);
    private static final Operation<Granted> REWARD_FOR_GOOD =
            Operation.financial("grant-reward-for-good", Granted.class);
    private static final Operation<Boolean> REDEEM = Operation.financial("redeem", Boolean.class);

    /** Made once for all peers: that of a request depends on the request. */
    private static final Fingerprint REQUEST =
            Fingerprint.ofBytes("{\"reward\":\"welcome\"}".getBytes(StandardCharsets.UTF_8));

    private static final String BARE = "bare: effect and key, one transaction";
    private static final String OURS = "plg: execute";
    private static final String FINANCIAL = "plg: execute, financial";

    private final PrintStream out;
    private final Options options;
    private final PostgresServer server;
    private final RedisProcess redis;
    private final HikariDataSource pool;
    private final JdbiPlg plg;
    private final int rounds;
    private final int millis;
    private final int most;
    private final int workspaces;

    private IdempotencyLoad(
            PrintStream out,
            Options options,
            PostgresServer server,
            RedisProcess redis,
            HikariDataSource pool,
            JdbiPlg plg) {
        this.out = out;
        this.options = options;
        this.server = server;
        this.redis = redis;
        this.pool = pool;
        this.plg = plg;
        this.rounds = options.count("rounds", 7);
        this.millis = options.count("millis", 2_000);
        this.most = options.count("threads", POOL);
        this.workspaces = options.count("workspaces", 50);
    }

    static void run(String[] args, PrintStream out, PostgresServer.Source servers) throws Exception {
        Options options = Options.parse(args, OPTIONS);
        out.println("## Effects that happen once\n");
        out.println(Machine.line() + "\n");
        try (PostgresServer server = servers.open();
                RedisProcess redis = RedisProcess.start()) {
            server.createPlgSchema();
            server.execute(HostTables.SCHEMA);
            try (HikariDataSource pool = server.pool(POOL);
                    JdbiPlg plg = JdbiPlg.on(pool).build()) {
                var load = new IdempotencyLoad(out, options, server, redis, pool, plg);
                load.executions();
                load.replays();
                load.bursts();
                load.redemptions();
            }
        }
    }

    /** One call; the number is new for each call of a turn. */
    private interface Call {
        void run(long number) throws SQLException;
    }

    /** Who takes part, and how many calls there are to make, if not any number. */
    private record Peer(String name, Call call, long calls) {
        Peer(String name, Call call) {
            this(name, call, Long.MAX_VALUE);
        }
    }

    /** Makes a peer before its turn, where each turn wants a new one. */
    private interface Turn {
        Peer begin() throws Exception;

        default void end() {}
    }

    // ---- new keys

    private void executions() throws Exception {
        var lockThenCheck = new LockThenCheck(pool, redis, true);
        List<Peer> peers = List.of(
                new Peer(OURS, number -> byPlg(plg, REWARD, number)),
                new Peer(FINANCIAL, number -> byPlg(plg, REWARD_FOR_GOOD, number)),
                new Peer("plg: execute in the host's transaction", this::joined),
                new Peer(BARE, this::bare),
                new Peer("lock, then check: Redis and a table", number -> {
                    Answer answer =
                            lockThenCheck.execute(workspace(number), user(number), HostTables.newKey(), REQUEST.hex());
                    require(answer.status() == Status.EXECUTED, "a new key must be executed");
                }));
        out.println("New keys: " + workspaces + " workspaces; " + rounds + " rounds of " + millis
                + " ms per peer after one to warm up; HikariCP with " + POOL + " connections. " + server.version()
                + ", " + server.durability() + "; " + redis.version()
                + " without persistence; clients and servers on this machine; 8 kB written and synced by Java: "
                + server.syncMicros() + " µs (median).\n");
        var told = new AtomicLong();
        Map<Integer, Samples> perThreads =
                inTurn(peers.stream().map(IdempotencyLoad::always).toList(), told);
        requireStored("effects", "host.effect", told.get());
        requireStored("keys", "(select from plg.idempotency_key union all select from host.used_key)", told.get());
        for (Map.Entry<Integer, Samples> entry : perThreads.entrySet()) {
            Samples samples = entry.getValue();
            Table table = new Table("threads: " + entry.getKey(), "effects/s (min–max)", "plg: execute ÷ it (min–max)");
            for (Peer peer : peers) {
                table.row(
                        peer.name(),
                        samples.of(peer.name()).text(0),
                        samples.ratio(OURS, peer.name()).percent());
            }
            table.print(out);
            out.println("plg ÷ bare: "
                    + percent(samples.ratio(OURS, BARE).median()) + ", financial "
                    + percent(samples.ratio(FINANCIAL, BARE).median()) + "; aim " + percent(AIM) + ".\n");
        }
        out.println("Effects and keys, stored and acknowledged: " + told + ".\n");
    }

    private void byPlg(Plg by, Operation<Granted> operation, long number) throws SQLException {
        Outcome<Granted> outcome = execute(by, operation, workspace(number), user(number), HostTables.newKey());
        require(outcome instanceof Outcome.Executed, "a new key must be executed");
    }

    private void joined(long number) throws SQLException {
        try (Connection connection = pool.getConnection()) {
            connection.setAutoCommit(false);
            try {
                byPlg(plg.in(connection), REWARD, number);
                connection.commit();
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        }
    }

    private void bare(long number) throws SQLException {
        try (Connection connection = pool.getConnection()) {
            LockThenCheck.inOneTransaction(
                    connection, workspace(number), user(number), HostTables.newKey(), REQUEST.hex());
        }
    }

    private static Outcome<Granted> execute(
            Plg by, Operation<Granted> operation, String workspace, String user, String key) throws SQLException {
        return by.workspace(workspace)
                .idempotency()
                .execute(
                        operation,
                        Principal.by(user),
                        IdempotencyKey.of(key),
                        REQUEST,
                        tx -> effect(tx, workspace, user));
    }

    private static Granted effect(Execution tx, String workspace, String user) throws SQLException {
        return HostTables.effect(tx.unwrap(Connection.class), workspace, tx.effectId(), user);
    }

    // ---- keys that were used before

    private void replays() throws Exception {
        int keys = options.count("keys", 20_000);
        String workspace = "ws_replay";
        String user = "usr_replay";
        storeKeys(workspace, user, keys);
        var inRedis = new LockThenCheck(pool, redis, true);
        var inTable = new LockThenCheck(pool, redis, false);
        for (int number = 0; number < keys; number++) {
            replayed(inRedis.execute(workspace, user, "redis-" + number, REQUEST.hex()));
        }
        String ours = "plg, from the table";
        List<Turn> turns = List.of(
                new Turn() {
                    private @Nullable JdbiPlg node;

                    @Override
                    public Peer begin() {
                        // Of what others executed a new node has nothing in memory; each key is asked for once.
                        JdbiPlg fresh = JdbiPlg.on(pool).build();
                        node = fresh;
                        return new Peer(ours, number -> replayed(fresh, workspace, user, "key-" + number), keys);
                    }

                    @Override
                    public void end() {
                        Objects.requireNonNull(node).close();
                    }
                },
                always(new Peer(
                        "plg, from this node's memory (asked for in the last 2 s)",
                        number -> replayed(plg, workspace, user, "key-" + number % Math.min(keys, 100)))),
                always(new Peer("bare: one select by key", number -> {
                    try (Connection connection = pool.getConnection()) {
                        require(
                                HostTables.stored(connection, workspace, "key-" + number % keys) != null,
                                "a key that was stored must be found");
                    }
                })),
                always(new Peer(
                        "lock, then check: answer in Redis (SET NX, GET)",
                        number -> replayed(inRedis.execute(workspace, user, "redis-" + number % keys, REQUEST.hex())))),
                always(new Peer(
                        "lock, then check: answer in the table only (SET NX, select, DEL)",
                        number -> replayed(inTable.execute(workspace, user, "key-" + number % keys, REQUEST.hex())))));
        Map<Integer, Samples> perThreads = inTurn(turns, new AtomicLong());
        out.println("Replays: " + keys + " keys that another node executed.\n");
        for (Map.Entry<Integer, Samples> entry : perThreads.entrySet()) {
            Samples samples = entry.getValue();
            Table table = new Table("threads: " + entry.getKey(), "replays/s (min–max)", ours + " ÷ it (min–max)");
            for (String peer : samples.peers()) {
                table.row(
                        peer,
                        samples.of(peer).text(0),
                        samples.ratio(ours, peer).percent());
            }
            table.print(out);
        }
    }

    private static void replayed(Plg by, String workspace, String user, String key) throws SQLException {
        Outcome<Granted> outcome = execute(by, REWARD, workspace, user, key);
        require(outcome instanceof Outcome.Replayed, "a used key must be replayed");
    }

    private static void replayed(Answer answer) {
        require(answer.status() == Status.REPLAYED, "a used key must be replayed");
    }

    /** Uses keys up: those of plg by another node, those of the host as it would have written them. */
    private void storeKeys(String workspace, String user, int keys) throws Exception {
        try (JdbiPlg other = JdbiPlg.on(pool).build()) {
            for (int first = 0; first < keys; first += BATCH) {
                int from = first;
                other.<Integer, SQLException>inTransaction(tx -> {
                    int number = from;
                    for (; number < Math.min(keys, from + BATCH); number++) {
                        execute(tx, REWARD, workspace, user, "key-" + number);
                    }
                    return number;
                });
            }
        }
        for (String prefix : List.of("key-", "redis-")) {
            server.execute(
                    "insert into host.used_key (workspace_id, request_key, user_id, fingerprint, effect_id, response) "
                            + "select '" + workspace + "', '" + prefix + "' || n, '" + user + "', '" + REQUEST.hex()
                            + "', gen_random_uuid(), '"
                            + Granted.of(HostTables.newId()).json()
                            + "' from generate_series(0, " + (keys - 1) + ") n");
        }
        server.execute("vacuum analyze plg.idempotency_key", "vacuum analyze host.used_key");
    }

    // ---- simultaneous calls with one key

    /** What a call in a burst came to. */
    private enum Told {
        RESULT,
        CONFLICT
    }

    private interface Simultaneous {
        Told run(String workspace, String key) throws SQLException;
    }

    private record Many(String name, Simultaneous call) {}

    private void bursts() throws Exception {
        int bursts = options.count("bursts", 20);
        int calls = options.count("calls", 1_000);
        Operation<Granted> failFast = REWARD.failFast();
        String user = "usr_burst";
        ExecutorService threads = Executors.newFixedThreadPool(calls);
        try (HikariDataSource wide = server.pool(BURST_POOL)) {
            var counter = new StatementCounter(wide);
            try (JdbiPlg node = JdbiPlg.on(counter.dataSource()).build()) {
                var lockThenCheck = new LockThenCheck(counter.dataSource(), redis, true);
                String ours = "plg: the others wait for the result";
                List<Many> peers = List.of(
                        new Many(ours, (workspace, key) -> told(execute(node, REWARD, workspace, user, key))),
                        new Many(
                                "plg, failFast(): the others are told that it is under way",
                                (workspace, key) -> told(execute(node, failFast, workspace, user, key))),
                        new Many("lock, then check: the others get 409", (workspace, key) -> {
                            Answer answer = lockThenCheck.execute(workspace, user, key, REQUEST.hex());
                            require(answer.status() != Status.MISMATCH, "the request is the same");
                            return answer.status() == Status.CONFLICT ? Told.CONFLICT : Told.RESULT;
                        }));
                Samples wall = new Samples();
                Samples slowest = new Samples();
                Samples statements = new Samples();
                Samples results = new Samples();
                for (int burst = 0; burst <= bursts; burst++) {
                    List<Many> turn = new ArrayList<>(peers);
                    Collections.rotate(turn, burst);
                    for (Many peer : turn) {
                        String name = peer.name();
                        String workspace = "ws_burst_" + burst + "_" + peers.indexOf(peer);
                        long before = counter.sent();
                        Simultaneously done = simultaneously(threads, calls, peer.call(), workspace);
                        long sent = counter.sent() - before;
                        long effects = Long.parseLong(server.text(
                                "select count(*) from host.effect where workspace_id = '" + workspace + "'"));
                        require(effects == 1, name + ": there must be one effect, were " + effects);
                        require(
                                !name.equals(ours) || done.results() == calls && sent <= BURST_STATEMENTS,
                                "all must get the result with at most " + BURST_STATEMENTS + " statements, were "
                                        + done.results() + " with " + sent);
                        if (burst > 0) {
                            wall.add(name, done.wallNanos() / 1e6);
                            slowest.add(name, done.p99Nanos() / 1e6);
                            statements.add(name, sent);
                            results.add(name, done.results());
                        }
                    }
                }
                Table table = new Table(
                        Samples.number(calls, 0) + " simultaneous calls, one key",
                        "ms until all have ended (min–max)",
                        "ms of the 99th percentile of the calls (min–max)",
                        "statements (min–max)",
                        "calls that got the result (min–max)",
                        "effects");
                for (Many peer : peers) {
                    table.row(
                            peer.name(),
                            wall.of(peer.name()).text(1),
                            slowest.of(peer.name()).text(1),
                            statements.of(peer.name()).text(0),
                            results.of(peer.name()).text(0),
                            "1");
                }
                table.print(out);
                out.println(bursts + " bursts per peer after one to warm up, from " + calls
                        + " threads at a barrier; HikariCP with " + BURST_POOL + " connections. Aim for plg: ≤ "
                        + Samples.number(BURST_AIM_MILLIS, 0) + " ms, median was "
                        + Samples.number(wall.of(ours).median(), 0) + " ms, and ≤ " + BURST_STATEMENTS
                        + " statements. Commands to Redis are not counted as statements.\n");
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static Told told(Outcome<Granted> outcome) {
        require(!(outcome instanceof Outcome.Mismatch), "the request is the same");
        return outcome instanceof Outcome.InFlight ? Told.CONFLICT : Told.RESULT;
    }

    private record Simultaneously(long wallNanos, long p99Nanos, long results) {}

    private static Simultaneously simultaneously(
            ExecutorService threads, int calls, Simultaneous call, String workspace) throws Exception {
        String key = HostTables.newKey();
        var from = new AtomicLong();
        var start = new CyclicBarrier(calls, () -> from.set(System.nanoTime()));
        var results = new AtomicLong();
        List<Future<long[]>> running = new ArrayList<>();
        for (int n = 0; n < calls; n++) {
            running.add(threads.submit(() -> {
                start.await();
                long begun = System.nanoTime();
                if (call.run(workspace, key) == Told.RESULT) {
                    results.incrementAndGet();
                }
                return new long[] {begun, System.nanoTime()};
            }));
        }
        long[] nanos = new long[calls];
        long end = from.get();
        for (int n = 0; n < calls; n++) {
            long[] each = running.get(n).get();
            nanos[n] = each[1] - each[0];
            end = n == 0 ? each[1] : Math.max(end, each[1]);
        }
        Arrays.sort(nanos);
        return new Simultaneously(end - from.get(), nanos[(int) Math.ceil(0.99 * calls) - 1], results.get());
    }

    // ---- redemptions against a limit

    private void redemptions() throws Exception {
        int limits = options.count("limits", 10_000);
        String workspace = "ws_redeem";
        server.execute(
                "insert into host.reward_limit (workspace_id, id, used, max) select '" + workspace
                        + "', 'limit_' || n, 0, 1000000000 from generate_series(0, " + limits + ") n",
                "vacuum analyze host.reward_limit");
        String ours = "plg: execute, financial";
        String bare = "bare: effect and key, one transaction";
        var table = new Table(
                "redemptions, threads: " + most, "redemptions/s (min–max)", "plg ÷ bare (min–max)", "aim for plg");
        var told = new AtomicLong();
        for (boolean one : new boolean[] {false, true}) {
            List<Turn> turns = List.of(
                    always(new Peer(ours, number -> redeemByPlg(workspace, limit(one, number, limits), user(number)))),
                    always(new Peer(bare, number -> redeemBare(workspace, limit(one, number, limits), user(number)))));
            Samples samples = Objects.requireNonNull(inTurn(turns, told, most).get(most));
            String rows = one ? "one limit row, " : "distinct limit rows, ";
            double aim = one ? AIM_ONE_LIMIT : AIM_MANY_LIMITS;
            table.row(
                    rows + ours,
                    samples.of(ours).text(0),
                    samples.ratio(ours, bare).percent(),
                    "≥ " + Samples.number(aim, 0) + "/s");
            table.row(rows + bare, samples.of(bare).text(0), "", "");
        }
        requireStored("grants", "host.reward_grant", told.get());
        long used = Long.parseLong(server.text("select sum(used) from host.reward_limit"));
        require(used == told.get(), "every redemption must be counted once, were " + told + " and are " + used);
        table.print(out);
        out.println("Redemptions, counted at the limits, granted and acknowledged: " + told + ".\n");
    }

    /** One row that all want, or one of many that nobody else wants at this moment. */
    private static String limit(boolean one, long number, int limits) {
        return "limit_" + (one ? 0 : 1 + number % limits);
    }

    private void redeemByPlg(String workspace, String limit, String user) throws SQLException {
        Outcome<Boolean> outcome = plg.workspace(workspace)
                .idempotency()
                .execute(
                        REDEEM,
                        Principal.by(user),
                        IdempotencyKey.of(HostTables.newKey()),
                        REQUEST,
                        tx -> HostTables.redeem(tx.unwrap(Connection.class), workspace, tx.effectId(), limit, user));
        require(outcome instanceof Outcome.Executed<Boolean> executed && executed.value(), "must be granted");
    }

    private void redeemBare(String workspace, String limit, String user) throws SQLException {
        try (Connection connection = pool.getConnection()) {
            connection.setAutoCommit(false);
            try {
                var id = HostTables.newId();
                require(HostTables.redeem(connection, workspace, id, limit, user), "must be granted");
                HostTables.key(connection, workspace, HostTables.newKey(), user, REQUEST.hex(), id, "true");
                connection.commit();
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        }
    }

    // ---- what all have in common

    private static Turn always(Peer peer) {
        return () -> peer;
    }

    private Map<Integer, Samples> inTurn(List<Turn> turns, AtomicLong told) throws Exception {
        return inTurn(turns, told, 1, most);
    }

    /** Lets all take turns, one round to warm up and then those that count: calls per second, per number of threads. */
    private Map<Integer, Samples> inTurn(List<Turn> turns, AtomicLong told, int... threads) throws Exception {
        Map<Integer, Samples> perThreads = new LinkedHashMap<>();
        for (int each : threads) {
            perThreads.put(each, new Samples());
        }
        for (int round = 0; round <= rounds; round++) {
            for (Map.Entry<Integer, Samples> entry : perThreads.entrySet()) {
                String[] names = new String[turns.size()];
                double[] perSecond = new double[turns.size()];
                for (int n = 0; n < turns.size(); n++) {
                    int at = (n + round) % turns.size(); // nobody is always first
                    Peer peer = turns.get(at).begin();
                    try {
                        names[at] = peer.name();
                        perSecond[at] = callsPerSecond(peer, entry.getKey(), told);
                    } finally {
                        turns.get(at).end();
                    }
                }
                if (round > 0) {
                    for (int n = 0; n < names.length; n++) {
                        entry.getValue().add(names[n], perSecond[n]);
                    }
                }
            }
        }
        return perThreads;
    }

    private double callsPerSecond(Peer peer, int threads, AtomicLong told) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            var next = new AtomicLong();
            var start = new CyclicBarrier(threads + 1);
            List<Future<Long>> running = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                running.add(executor.submit(() -> {
                    start.await();
                    long end = System.nanoTime() + millis * 1_000_000L;
                    long done = 0;
                    while (System.nanoTime() < end) {
                        long number = next.getAndIncrement();
                        if (number >= peer.calls()) {
                            break;
                        }
                        peer.call().run(number);
                        done++;
                    }
                    return done;
                }));
            }
            start.await();
            long from = System.nanoTime();
            long calls = 0;
            for (Future<Long> each : running) {
                calls += each.get();
            }
            told.addAndGet(calls);
            return calls * 1e9 / (System.nanoTime() - from);
        } finally {
            executor.shutdownNow();
        }
    }

    private void requireStored(String what, String table, long told) throws SQLException {
        long stored = Long.parseLong(server.text("select count(*) from " + table));
        require(stored == told, "all " + what + " must be stored once, were " + told + " and are " + stored);
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalStateException(otherwise);
        }
    }

    private String workspace(long number) {
        return "ws_" + number % workspaces;
    }

    private static String user(long number) {
        return "usr_" + (100_000 + number % 100_000);
    }

    private static String percent(double ratio) {
        return Samples.number(100 * ratio, 0) + " %";
    }
}
