package io.plg.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import io.github.bucket4j.BucketConfiguration;
import io.github.bucket4j.distributed.BucketProxy;
import io.github.bucket4j.distributed.proxy.ProxyManager;
import io.github.bucket4j.postgresql.Bucket4jPostgreSQL;
import io.plg.Plg;
import io.plg.benchmarks.Turns.Peer;
import io.plg.gate.GateDecision;
import io.plg.jdbi.JdbiPlg;
import io.plg.plan.Every;
import io.plg.plan.Feature;
import io.plg.plan.Limit;
import io.plg.plan.PlanCatalog;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import javax.sql.DataSource;

/**
 * Consumptions that are counted exactly: through plg, by the bare writes of the same rows, and by Bucket4j on the same server. Many workspaces, thresholds crossed
 * on the way, one workspace that all want, refusals, and inside the host's transaction.
 */
final class GatesLoad {
    static final Set<String> OPTIONS = Set.of("rounds", "millis", "threads", "workspaces");

    private static final int POOL = 8;
    private static final int SLOTS = 16;
    private static final int TRIPS = 100;
    private static final int CROSSING = 50;
    private static final long PLENTY = 1_000_000_000_000L;
    private static final double AIM_OF_BARE = 0.8;
    private static final double AIM_OF_BUCKET4J = 1.5;
    private static final double AIM_HOT = 1_500;
    private static final double AIM_SLOTS = 3;

    private static final Feature.Quota QUOTA = Feature.quota("exports", Every.MONTH);
    private static final Feature.Quota SPREAD = Feature.quota("calls", Every.MONTH);
    private static final Feature.Quota TOLD = Feature.quota("reports", Every.MONTH);
    private static final Feature.Quota SMALL = Feature.quota("audits", Every.MONTH);
    private static final long SMALL_LIMIT = 10;

    /** Every hundredth of {@link #TOLD}, of which 10,000 are allowed, crosses one of these. */
    private static final int[] EVERY_PERCENT = IntStream.rangeClosed(1, 100).toArray();

    private static final PlanCatalog PLANS = PlanCatalog.builder()
            .plan(
                    "team",
                    plan -> plan.price(20, "EUR")
                            .limit(QUOTA, PLENTY)
                            .limit(SPREAD, PLENTY)
                            .limit(TOLD, Limit.of(10_000).thresholds(EVERY_PERCENT))
                            .limit(SMALL, SMALL_LIMIT))
            .build();

    private static final String OURS = "plg: consume";
    private static final String FUNCTION = "bare: UPDATE and INSERT in one function";
    private static final String STATEMENT = "bare: UPDATE and INSERT in one statement";
    private static final String TRANSACTION = "bare: BEGIN, UPDATE, INSERT, COMMIT";
    private static final String COUNTER = "bare: UPDATE alone, no ledger";
    private static final String BUCKET4J = "Bucket4j tryConsume, no ledger";
    private static final String SENT = "plg.usage_take called by plain JDBC, RLS";

    private final PrintStream out;
    private final PostgresServer server;
    private final HikariDataSource pool;
    private final JdbiPlg plg;
    private final Turns turns;
    private final int rounds;
    private final int millis;
    private final int most;
    private final int workspaces;
    private final Map<String, Long> bases = new HashMap<>();

    private GatesLoad(PrintStream out, Options options, PostgresServer server, HikariDataSource pool, JdbiPlg plg) {
        this.out = out;
        this.server = server;
        this.pool = pool;
        this.plg = plg;
        this.rounds = options.count("rounds", 7);
        this.millis = options.count("millis", 2_000);
        this.most = options.count("threads", POOL);
        this.workspaces = options.count("workspaces", 1_000);
        this.turns = new Turns(rounds, millis);
    }

    static void run(String[] args, PrintStream out, PostgresServer.Source servers) throws Exception {
        Options options = Options.parse(args, OPTIONS);
        out.println("## Consumptions, counted exactly\n");
        out.println(Machine.line() + "\n");
        try (PostgresServer server = servers.open()) {
            server.createPlgSchema();
            server.execute(HostTables.SCHEMA, BareUsage.SCHEMA);
            try (HikariDataSource pool = server.pool(POOL);
                    JdbiPlg plg = node(pool)) {
                var load = new GatesLoad(out, options, server, pool, plg);
                load.prepare();
                load.roundTrips();
                load.consumptions();
                load.crossings();
                load.hotRow();
                load.refusals();
                load.inTheHostsTransaction();
            }
        }
    }

    private static JdbiPlg node(DataSource dataSource) {
        return JdbiPlg.on(dataSource).plans(PLANS).slots(SPREAD, SLOTS).build();
    }

    /** A lane for each workspace, and a counter that looks the same for those beside us. */
    private void prepare() throws SQLException {
        for (int i = 0; i < Math.max(workspaces, CROSSING); i++) {
            consume(plg, workspace(i), QUOTA);
        }
        for (int i = 0; i < CROSSING; i++) {
            // Not all at the same time: each begins at another place between two thresholds.
            plg.workspace(workspace(i)).gates().consume(TOLD, 1 + 2L * i % 100);
        }
        String hot = hot();
        consume(plg, hot, QUOTA);
        consume(plg, hot, SPREAD);
        for (int i = 0; i < SMALL_LIMIT; i++) {
            consume(plg, hot, SMALL);
        }
        server.execute(BareUsage.LIKE_LANES, "vacuum analyze");
        try (Connection connection = server.owner().getConnection();
                PreparedStatement select =
                        connection.prepareStatement("select distinct feature, basis from plg.usage_lane");
                ResultSet row = select.executeQuery()) {
            while (row.next()) {
                bases.put(row.getString(1), row.getLong(2));
            }
        }
    }

    private static ProxyManager<Long> buckets(DataSource dataSource) {
        return Bucket4jPostgreSQL.selectForUpdateBasedBuilder(dataSource)
                .table("host.bucket")
                .build();
    }

    private static BucketProxy bucket(ProxyManager<Long> buckets, long id, long capacity) {
        BucketConfiguration configuration = BucketConfiguration.builder()
                .addLimit(limit -> limit.capacity(capacity).refillIntervally(capacity, Duration.ofDays(30)))
                .build();
        return buckets.getProxy(id, () -> configuration);
    }

    private BucketProxy[] buckets(DataSource dataSource, int count) {
        ProxyManager<Long> buckets = buckets(dataSource);
        return IntStream.range(0, count)
                .mapToObj(id -> bucket(buckets, id, PLENTY))
                .toArray(BucketProxy[]::new);
    }

    // ---- many workspaces

    /** Those who consume one of many workspaces' quotas, through these connections. */
    private List<Peer> peers(DataSource dataSource, Plg by) {
        var bare = new BareUsage(dataSource);
        BucketProxy[] buckets = buckets(dataSource, workspaces);
        String feature = QUOTA.name();
        return List.of(
                new Peer(OURS, number -> consume(by, workspace(number), QUOTA)),
                new Peer(SENT, number -> sent(dataSource, workspace(number))),
                new Peer(FUNCTION, number -> require(bare.byFunction(workspace(number), feature))),
                new Peer(STATEMENT, number -> require(bare.byStatement(workspace(number), feature))),
                new Peer(TRANSACTION, number -> require(bare.byTransaction(workspace(number), feature))),
                new Peer(COUNTER, number -> require(bare.counted(workspace(number), feature))),
                new Peer(BUCKET4J, number -> require(buckets[(int) (number % workspaces)].tryConsume(1))));
    }

    private void roundTrips() throws Exception {
        var counter = new StatementCounter(pool);
        try (JdbiPlg node = node(counter.dataSource())) {
            Table table = new Table("consumption of one", "round trips");
            for (Peer peer : peers(counter.dataSource(), node)) {
                for (int number = 0; number < workspaces; number++) {
                    peer.call().run(number); // the first look at each workspace, or the first of each bucket
                }
                long before = counter.sent();
                for (int number = 0; number < TRIPS; number++) {
                    peer.call().run(number);
                }
                double each = (counter.sent() - before) / (double) TRIPS;
                require(!peer.name().equals(OURS) || each == 1, "a consumption must be one round trip, was " + each);
                table.row(peer.name(), Samples.number(each, 2));
            }
            table.print(out);
        }
    }

    private void consumptions() throws Exception {
        long before = ledger(QUOTA);
        List<Peer> peers = peers(pool, plg);
        out.println("Many: " + Samples.number(workspaces, 0) + " workspaces in turn; " + rounds + " rounds of " + millis
                + " ms per peer after one to warm up; HikariCP with " + POOL + " connections. " + server.version()
                + ", " + server.durability() + "; client and server on this machine; 8 kB written and synced by Java: "
                + server.syncMicros() + " µs (median).\n");
        Map<Integer, Samples> perThreads = turns.of(peers, 1, most);
        long made = peers.stream()
                .filter(peer -> peer.name().equals(OURS) || peer.name().equals(SENT))
                .mapToLong(peer -> peer.made().get())
                .sum();
        long stored = ledger(QUOTA) - before;
        require(stored == made, "every consumption must be noted once, were " + made + " and are " + stored);
        perThreads.forEach((threads, samples) -> {
            print("threads: " + threads, samples, OURS);
            double bare = Math.min(
                    samples.ratio(OURS, FUNCTION).median(),
                    samples.ratio(OURS, STATEMENT).median());
            aim("plg ÷ the faster bare write of both rows", bare, AIM_OF_BARE);
            aim("plg ÷ Bucket4j", samples.ratio(OURS, BUCKET4J).median(), threads == 1 ? AIM_OF_BUCKET4J : 1);
            out.println();
        });
        out.println("Consumptions by plg, acknowledged and in the ledger: " + stored + ".\n");
    }

    // ---- thresholds

    private void crossings() throws Exception {
        String crossed = "select count(*) from plg.growth_event where data ->> 'feature' = '" + TOLD.name() + "'";
        var bare = new BareUsage(pool);
        Peer ours = new Peer(
                "plg: consume, every hundredth crosses a threshold",
                number -> consume(plg, workspace(number % CROSSING), TOLD));
        List<Peer> peers = List.of(
                ours,
                new Peer("plg: consume, none does", number -> consume(plg, workspace(number % CROSSING), QUOTA)),
                new Peer(FUNCTION, number -> require(bare.byFunction(workspace(number % CROSSING), QUOTA.name()))));
        Samples samples = Objects.requireNonNull(turns.of(peers, 1).get(1));
        print("thresholds, " + CROSSING + " workspaces, threads: 1", samples, ours.name());
        long events = Long.parseLong(server.text(crossed));
        out.println("Thresholds crossed and stored: " + events + ", one in "
                + Samples.number((double) ours.made().get() / Math.max(1, events), 0) + " consumptions.\n");
    }

    // ---- one workspace that all want

    private void hotRow() throws Exception {
        String hot = hot();
        var bare = new BareUsage(pool);
        BucketProxy bucket = bucket(buckets(pool), -1, PLENTY);
        String one = "plg: consume, 1 slot";
        String spread = "plg: consume, " + SLOTS + " slots";
        List<Peer> peers = List.of(
                new Peer(one, number -> consume(plg, hot, QUOTA)),
                new Peer(spread, number -> consume(plg, hot, SPREAD)),
                new Peer(FUNCTION, number -> require(bare.byFunction(hot, QUOTA.name()))),
                new Peer(COUNTER, number -> require(bare.counted(hot, QUOTA.name()))),
                new Peer(BUCKET4J, number -> require(bucket.tryConsume(1))));
        Samples samples = Objects.requireNonNull(turns.of(peers, most).get(most));
        print("one workspace, one feature, threads: " + most, samples, one);
        aim("1 slot, consumptions/s", samples.of(one).median(), AIM_HOT);
        aim(SLOTS + " slots ÷ 1 slot", samples.ratio(spread, one).median(), AIM_SLOTS);
        out.println();
    }

    // ---- nothing is left

    private void refusals() throws Exception {
        String hot = hot();
        var bare = new BareUsage(pool);
        server.execute("update host.counter set amount = taken where workspace_id = '" + hot + "' and feature = '"
                + SMALL.name() + "'");
        BucketProxy bucket = bucket(buckets(pool), -2, SMALL_LIMIT);
        require(bucket.tryConsume(SMALL_LIMIT));
        String ours = "plg: consume, refused";
        List<Peer> peers = List.of(
                new Peer(
                        ours,
                        number -> require(
                                !plg.workspace(hot).gates().consume(SMALL).allowed(), "a used-up limit must deny")),
                new Peer("bare: UPDATE that finds nothing left", number -> require(!bare.counted(hot, SMALL.name()))),
                new Peer("Bucket4j tryConsume, refused", number -> require(!bucket.tryConsume(1))));
        Map<Integer, Samples> perThreads = turns.of(peers, 1, most);
        perThreads.forEach((threads, samples) -> print("refusals, threads: " + threads, samples, ours));
        require(ledger(SMALL) == SMALL_LIMIT, "no more than " + SMALL_LIMIT + " may be noted, were " + ledger(SMALL));
    }

    // ---- in the host's transaction

    private void inTheHostsTransaction() throws Exception {
        String ours = "plg.in(connection): consume, the host's INSERT, COMMIT";
        var counter = new StatementCounter(pool);
        List<Peer> peers = joined(pool, plg, ours);
        Samples samples = Objects.requireNonNull(turns.of(peers, 1).get(1));
        Table table = new Table(
                "in the host's transaction, threads: 1",
                "round trips",
                "transactions/s (min–max)",
                "plg ÷ it (min–max)");
        try (JdbiPlg node = node(counter.dataSource())) {
            for (Peer peer : joined(counter.dataSource(), node, ours)) {
                for (int number = 0; number < workspaces; number++) {
                    peer.call().run(number);
                }
                long before = counter.sent();
                for (int number = 0; number < TRIPS; number++) {
                    peer.call().run(number);
                }
                table.row(
                        peer.name(),
                        Samples.number((counter.sent() - before) / (double) TRIPS, 2),
                        samples.of(peer.name()).text(0),
                        samples.ratio(ours, peer.name()).percent());
            }
        }
        table.print(out);
    }

    private List<Peer> joined(DataSource dataSource, JdbiPlg by, String ours) {
        return List.of(
                new Peer(
                        ours,
                        number -> hostInserts(dataSource, number, connection -> {
                            consume(by.in(connection), workspace(number), QUOTA);
                        })),
                new Peer("bare: UPDATE, INSERT, the host's INSERT, COMMIT", number -> {
                    hostInserts(
                            dataSource,
                            number,
                            connection -> require(BareUsage.joined(connection, workspace(number), QUOTA.name())));
                }),
                new Peer("the host's INSERT and COMMIT alone", number -> hostInserts(dataSource, number, none -> {})));
    }

    private interface Before {
        void run(Connection connection) throws SQLException;
    }

    private void hostInserts(DataSource dataSource, long number, Before before) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                before.run(connection);
                HostTables.effect(connection, workspace(number), HostTables.newId(), "usr_1");
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

    private static GateDecision consume(Plg by, String workspace, Feature.Metered feature) {
        GateDecision decision = by.workspace(workspace).gates().consume(feature);
        require(decision.allowed(), "there must be enough left of " + feature.name());
        return decision;
    }

    /** What plg sends, without what it does with the answer. */
    private void sent(DataSource dataSource, String workspace) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement take = connection.prepareStatement("select plg.usage_take(?, ?, ?, ?, ?, ?, ?, ?)")) {
            take.setString(1, workspace);
            take.setString(2, QUOTA.name());
            take.setInt(3, 0);
            take.setLong(4, 1);
            take.setBigDecimal(5, BigDecimal.ONE);
            take.setLong(6, Objects.requireNonNull(bases.get(QUOTA.name())));
            take.setObject(7, OffsetDateTime.now(ZoneOffset.UTC));
            take.setString(8, null);
            try (ResultSet row = take.executeQuery()) {
                row.next();
                require(row.getString(1).startsWith("T"));
            }
        }
    }

    private long ledger(Feature feature) throws SQLException {
        return Long.parseLong(
                server.text("select count(*) from plg.usage_entry where feature = '" + feature.name() + "'"));
    }

    private void print(String title, Samples samples, String ours) {
        Table table = new Table(title, "per second (min–max)", ours + " ÷ it (min–max)");
        for (String peer : samples.peers()) {
            table.row(peer, samples.of(peer).text(0), samples.ratio(ours, peer).percent());
        }
        table.print(out);
    }

    private void aim(String what, double was, double least) {
        out.println("- " + what + ": " + Samples.number(was, 2) + ", aim ≥ " + Samples.number(least, 2)
                + (was >= least ? "" : " — MISSED"));
    }

    private static void require(boolean taken) {
        require(taken, "must be decided as plg decides it");
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalStateException(otherwise);
        }
    }

    private String workspace(long number) {
        return "ws_" + number % workspaces;
    }

    private static String hot() {
        return "ws_hot";
    }
}
