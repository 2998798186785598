package io.plg.benchmarks;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.zaxxer.hikari.HikariDataSource;
import dev.openfeature.sdk.Client;
import dev.openfeature.sdk.OpenFeatureAPI;
import dev.openfeature.sdk.providers.memory.Flag;
import dev.openfeature.sdk.providers.memory.InMemoryProvider;
import io.github.bucket4j.Bucket;
import io.plg.Plg;
import io.plg.WorkspaceId;
import io.plg.gate.GateDecision;
import io.plg.gate.Gates;
import io.plg.gate.LeasedQuota;
import io.plg.jdbi.JdbiPlg;
import io.plg.plan.Every;
import io.plg.plan.Feature;
import io.plg.plan.PlanCatalog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;
import org.togglz.core.manager.FeatureManager;
import org.togglz.core.manager.FeatureManagerBuilder;
import org.togglz.core.repository.FeatureState;
import org.togglz.core.repository.mem.InMemoryStateRepository;
import org.togglz.core.user.NoOpUserProvider;

/** Gates answered from memory, while the feed of changes is read, beside a bare cache, a rate limiter and two libraries for feature flags. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@Threads(1)
public class GatesBenchmark {

    /** The property that tells a fork where the server is; without it each trial starts one. */
    static final String URL = "plg.benchmarks.url";

    static final int WORKSPACES = 16_384;

    /** Full answers of metered features last a second, in which more workspaces could not be read again. */
    static final int CHECKED = 16;

    private static final int POOL = 8;

    private static final Feature.Flag FLAG = Feature.flag("dashboards");
    private static final Feature.Cap CAP = Feature.cap("projects");
    private static final Feature.Quota QUOTA = Feature.quota("exports", Every.MONTH);
    private static final Feature.Quota CALLS = Feature.quota("calls", Every.MONTH);
    private static final long MANY = 1_000_000_000_000_000L;
    private static final long SLICE = 400_000_000;

    static final PlanCatalog PLANS = PlanCatalog.builder()
            .plan(
                    "team",
                    plan -> plan.price(20, "EUR")
                            .allow(FLAG)
                            .limit(CAP, 100)
                            .limit(QUOTA, 1_000)
                            .limit(CALLS, MANY))
            .build();

    /** Where each thread is in its walk over the workspaces, which it visits in an order of its own. */
    @State(Scope.Thread)
    public static class Walk {
        private final int[] order = new int[WORKSPACES];
        private int at;

        @Setup(Level.Trial)
        public void shuffle() {
            List<Integer> numbers = new ArrayList<>();
            for (int i = 0; i < WORKSPACES; i++) {
                numbers.add(i);
            }
            Collections.shuffle(numbers, new Random(Thread.currentThread().getId()));
            Arrays.setAll(order, numbers::get);
        }

        int next() {
            at = (at + 1) & (WORKSPACES - 1);
            return order[at];
        }
    }

    /** A node whose cache knows all workspaces. */
    @State(Scope.Benchmark)
    public static class Node {
        final String[] texts = new String[WORKSPACES];
        final WorkspaceId[] ids = new WorkspaceId[WORKSPACES];
        final Gates[] views = new Gates[WORKSPACES];
        private @Nullable Open open;
        private @Nullable LeasedQuota slice;
        private long asked;

        /** What is open while a trial runs. */
        private record Open(
                @Nullable PostgresServer server, HikariDataSource pool, CountingDataSource counted, JdbiPlg plg) {}

        @Setup(Level.Trial)
        public void open() throws Exception {
            String url = System.getProperty(URL);
            PostgresServer server = null;
            if (url == null) {
                server = PostgresServer.start();
                server.createPlgSchema();
                url = server.url();
            }
            HikariDataSource pool = PostgresServer.pool(url, POOL);
            CountingDataSource counted = new CountingDataSource(pool);
            open = new Open(
                    server,
                    pool,
                    counted,
                    JdbiPlg.on(counted.dataSource()).plans(PLANS).build());
            for (int i = 0; i < WORKSPACES; i++) {
                texts[i] = "ws_" + (100_000_000 + i);
                ids[i] = WorkspaceId.of(texts[i]);
                views[i] = plg().workspace(ids[i]).gates();
            }
            slice = views[0].lease(CALLS, SLICE);
            remember();
        }

        LeasedQuota slice() {
            if (slice == null) {
                throw new IllegalStateException("the trial is not set up");
            }
            return slice;
        }

        /** Before each iteration, because the cache is not used until the feed of changes has been read lately. */
        @Setup(Level.Iteration)
        public void remember() throws Exception {
            CountingDataSource counted = opened().counted();
            counted.awaitMemory(() -> views[0].allows(FLAG));
            ExecutorService threads = Executors.newFixedThreadPool(POOL);
            try {
                List<Future<?>> running = new ArrayList<>();
                for (int t = 0; t < POOL; t++) {
                    int first = t;
                    running.add(threads.submit(() -> {
                        for (int i = first; i < WORKSPACES; i += POOL) {
                            require(views[i].allows(FLAG) & views[i].allows(CAP) & views[i].allows(QUOTA));
                        }
                    }));
                }
                for (Future<?> each : running) {
                    each.get();
                }
            } finally {
                threads.shutdown();
            }
            System.gc(); // otherwise what is remembered lies as far apart as what was thrown away between lies
            counted.awaitMemory(() -> require(views[0].allows(FLAG) & views[0].allows(CAP)));
            asked = counted.byCallers();
        }

        /** Tells if an iteration was not only answered from memory. */
        @TearDown(Level.Iteration)
        public void tell() {
            long more = askedMeanwhile();
            if (more > 0) {
                System.out.println("(the database was asked " + more + " times) ");
            }
        }

        @TearDown(Level.Trial)
        public void close() throws Exception {
            Open all = opened();
            all.plg().close();
            all.pool().close();
            if (all.server() != null) {
                all.server().close();
            }
        }

        long askedMeanwhile() {
            return opened().counted().byCallers() - asked;
        }

        Plg plg() {
            return opened().plg();
        }

        private Open opened() {
            if (open == null) {
                throw new IllegalStateException("the trial is not set up");
            }
            return open;
        }
    }

    /** The others, none of which asks a database. */
    @State(Scope.Benchmark)
    public static class Peers {
        private enum Toggle implements org.togglz.core.Feature {
            DASHBOARDS
        }

        final String[] texts = new String[WORKSPACES];
        final Cache<String, Boolean> cache =
                Caffeine.newBuilder().maximumSize(100_000).build();
        final Bucket[] buckets = new Bucket[WORKSPACES];
        final OpenFeatureAPI openFeature = OpenFeatureAPI.createIsolated();
        private @Nullable Client client;
        private @Nullable FeatureManager toggles;

        @Setup(Level.Trial)
        public void fill() {
            for (int i = 0; i < WORKSPACES; i++) {
                texts[i] = "ws_" + (100_000_000 + i);
                cache.put(texts[i], Boolean.TRUE);
                buckets[i] = Bucket.builder()
                        .addLimit(limit ->
                                limit.capacity(1_000_000_000L).refillIntervally(1_000_000_000L, Duration.ofDays(30)))
                        .build();
            }
            openFeature.setProviderAndWait(new InMemoryProvider(Map.of(
                    FLAG.name(),
                    Flag.<Boolean>builder()
                            .variant("on", Boolean.TRUE)
                            .variant("off", Boolean.FALSE)
                            .defaultVariant("on")
                            .build())));
            client = openFeature.getClient();
            toggles = FeatureManagerBuilder.begin()
                    .featureEnum(Toggle.class)
                    .stateRepository(new InMemoryStateRepository())
                    .userProvider(new NoOpUserProvider())
                    .build();
            toggles.setFeatureState(new FeatureState(Toggle.DASHBOARDS, true));
        }

        /** As {@link Node#remember()} does. */
        @Setup(Level.Iteration)
        public void tidy() {
            System.gc();
        }

        @TearDown(Level.Trial)
        public void close() {
            openFeature.shutdown();
        }

        Client client() {
            if (client == null) {
                throw new IllegalStateException("the trial is not set up");
            }
            return client;
        }

        FeatureManager toggles() {
            if (toggles == null) {
                throw new IllegalStateException("the trial is not set up");
            }
            return toggles;
        }
    }

    /** As application code calls it. */
    @Benchmark
    public boolean flagFromText(Node node, Walk walk) {
        return node.plg().workspace(node.texts[walk.next()]).gates().allows(FLAG);
    }

    @Benchmark
    public boolean flagFromId(Node node, Walk walk) {
        return node.plg().workspace(node.ids[walk.next()]).gates().allows(FLAG);
    }

    /** With the view at hand. */
    @Benchmark
    public boolean flagFromView(Node node, Walk walk) {
        return node.views[walk.next()].allows(FLAG);
    }

    @Benchmark
    public boolean capFromText(Node node, Walk walk) {
        return node.plg().workspace(node.texts[walk.next()]).gates().allows(CAP);
    }

    @Benchmark
    public boolean capFromView(Node node, Walk walk) {
        return node.views[walk.next()].allows(CAP);
    }

    /** What counts within a period is remembered until its end, so that the clock is asked too. */
    @Benchmark
    public boolean quotaFromView(Node node, Walk walk) {
        return node.views[walk.next()].allows(QUOTA);
    }

    @Benchmark
    public GateDecision checkFlag(Node node, Walk walk) {
        return node.views[walk.next()].check(FLAG);
    }

    /** Of few workspaces: see {@link #CHECKED}. */
    @Benchmark
    public GateDecision checkCap(Node node, Walk walk) {
        return node.views[walk.next() & (CHECKED - 1)].check(CAP);
    }

    /** Counted exactly, out of what this node has leased. */
    @Benchmark
    public boolean leasedSlice(Node node) {
        return node.slice().tryConsume();
    }

    @Benchmark
    public @Nullable Boolean caffeine(Peers peers, Walk walk) {
        return peers.cache.getIfPresent(peers.texts[walk.next()]);
    }

    @Benchmark
    public boolean bucket4j(Peers peers, Walk walk) {
        return peers.buckets[walk.next()].tryConsume(1);
    }

    @Benchmark
    public @Nullable Boolean openFeature(Peers peers) {
        return peers.client().getBooleanValue("dashboards", false);
    }

    @Benchmark
    public boolean togglz(Peers peers) {
        return peers.toggles().isActive(Peers.Toggle.DASHBOARDS);
    }

    private static void require(boolean allowed) {
        if (!allowed) {
            throw new IllegalStateException("a workspace that is clearly below its limits must be allowed, was denied");
        }
    }
}
