package io.plg.benchmarks;

import java.io.PrintStream;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs {@link GatesBenchmark} in rounds, one fork per peer and round, so that the peers take turns. */
final class GatesMemoryLoad {
    static final Set<String> OPTIONS = Set.of("rounds", "iterations", "millis", "threads");

    private static final String CAFFEINE = "caffeine";
    private static final String LEASED = "leasedSlice";
    private static final double LEASED_NANOS = 200;
    private static final double MOST_OF_CAFFEINE = 3;
    private static final double CHECK_NANOS = 1_000;

    /** The profiler's own allocations are divided by the operations too. */
    private static final double NOTHING = 0.5;

    private static final List<String> FROM_VIEW = List.of("flagFromView", "capFromView", "quotaFromView");

    private GatesMemoryLoad() {}

    static void run(String[] args, PrintStream out, PostgresServer.Source servers) throws Exception {
        Options options = Options.parse(args, OPTIONS);
        int rounds = options.count("rounds", 5);
        int iterations = options.count("iterations", 3);
        TimeValue time = TimeValue.milliseconds(options.number("millis", 1_000));
        int threads = options.count("threads", 1);
        out.println("## Gates from memory\n");
        out.println(Machine.line() + "\n");
        Map<String, String> peers = new LinkedHashMap<>();
        peers.put("flagFromText", "plg.workspace(text).gates().allows(flag)");
        peers.put("flagFromId", "plg.workspace(workspaceId).gates().allows(flag)");
        peers.put("flagFromView", "gates.allows(flag)");
        peers.put("capFromText", "plg.workspace(text).gates().allows(cap)");
        peers.put("capFromView", "gates.allows(cap)");
        peers.put("quotaFromView", "gates.allows(quota)");
        peers.put("checkFlag", "gates.check(flag), the full answer");
        peers.put("checkCap", "gates.check(cap), the full answer, " + GatesBenchmark.CHECKED + " workspaces");
        peers.put(LEASED, "slice.tryConsume(), counted exactly");
        peers.put(CAFFEINE, "Caffeine getIfPresent, text at hand");
        peers.put("bucket4j", "Bucket4j tryConsume, local bucket at hand");
        peers.put("openFeature", "OpenFeature getBooleanValue, provider in memory");
        peers.put("togglz", "Togglz isActive, states in memory, one tenant");
        Samples nanos = new Samples();
        Samples bytes = new Samples();
        String version;
        try (PostgresServer server = servers.open()) {
            version = server.version();
            server.createPlgSchema();
            for (int round = 0; round < rounds; round++) {
                for (String peer : peers.keySet()) {
                    Collection<RunResult> results = new Runner(new OptionsBuilder()
                                    .include("\\." + GatesBenchmark.class.getSimpleName() + "\\." + peer + "$")
                                    .forks(1)
                                    .jvmArgsAppend("-D" + GatesBenchmark.URL + "=" + server.url())
                                    .threads(threads)
                                    .warmupIterations(iterations)
                                    .warmupTime(time)
                                    .measurementIterations(iterations)
                                    .measurementTime(time)
                                    .addProfiler(GCProfiler.class)
                                    .verbosity(VerboseMode.SILENT)
                                    .shouldFailOnError(true)
                                    .build())
                            .run();
                    for (RunResult result : results) {
                        nanos.add(peer, result.getPrimaryResult().getScore());
                        bytes.add(peer, StateLoad.allocation(result));
                    }
                }
            }
        }
        Table table =
                new Table("threads: " + threads, "ns/op (min–max)", "bytes/op (min–max)", "time ÷ Caffeine (min–max)");
        peers.forEach((peer, name) -> table.row(
                name,
                nanos.of(peer).text(0),
                bytes.of(peer).text(0),
                nanos.ratio(peer, CAFFEINE).text(2)));
        table.print(out);
        out.println(rounds + " rounds, each peer in a JVM of its own per round, " + iterations
                + " iterations to warm up and as many to measure of " + time + "; "
                + Samples.number(GatesBenchmark.WORKSPACES, 0)
                + " workspaces in a random order, all remembered and clearly below their limits; JdbiPlg on " + version
                + ", of which only the feed of changes is read.\n");
        for (String view : FROM_VIEW) {
            aim(out, view, "÷ Caffeine", nanos.ratio(view, CAFFEINE).median(), MOST_OF_CAFFEINE);
            aim(out, view, "bytes", bytes.of(view).median(), NOTHING);
            aim(out, view, "÷ Bucket4j", nanos.ratio(view, "bucket4j").median(), 1);
            aim(out, view, "÷ OpenFeature", nanos.ratio(view, "openFeature").median(), 1);
        }
        for (String check : List.of("checkFlag", "checkCap")) {
            aim(out, check, "ns", nanos.of(check).median(), CHECK_NANOS);
        }
        aim(out, LEASED, "ns, which is five million a second", nanos.of(LEASED).median(), LEASED_NANOS);
        out.println();
    }

    private static void aim(PrintStream out, String peer, String what, double was, double most) {
        out.println("- " + peer + " " + what + ": " + Samples.number(was, 2) + ", aim ≤ " + Samples.number(most, 2)
                + (was <= most ? "" : " — MISSED"));
    }
}
