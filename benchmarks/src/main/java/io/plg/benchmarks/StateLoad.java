package io.plg.benchmarks;

import java.io.PrintStream;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs {@link StateBenchmark} in rounds, one fork per peer and round, so that the peers take turns. */
final class StateLoad {

    static final Set<String> OPTIONS = Set.of("rounds", "iterations", "millis", "threads");

    private static final double PROMISED_NANOS = 1_000;

    private StateLoad() {}

    static void run(String[] args, PrintStream out) throws RunnerException {
        Options options = Options.parse(args, OPTIONS);
        int rounds = options.count("rounds", 5);
        int iterations = options.count("iterations", 3);
        TimeValue time = TimeValue.milliseconds(options.number("millis", 1_000));
        int threads = options.count("threads", 1);
        out.println("## state() from memory\n");
        out.println(Machine.line() + "\n");
        Map<String, String> peers = new LinkedHashMap<>();
        peers.put("plgFromText", "plg.workspace(text).activation(funnel).state(text)");
        peers.put("plgFromView", "view.state(userId)");
        peers.put("caffeineFromText", "Caffeine getIfPresent, new record key from text");
        peers.put("caffeineFromIds", "Caffeine getIfPresent, new record key from ids");
        Samples nanos = new Samples();
        Samples bytes = new Samples();
        for (int round = 0; round < rounds; round++) {
            for (String peer : peers.keySet()) {
                Collection<RunResult> results = new Runner(new OptionsBuilder()
                                .include("\\." + StateBenchmark.class.getSimpleName() + "\\." + peer + "$")
                                .forks(1)
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
                    bytes.add(peer, allocation(result));
                }
            }
        }
        Table table = new Table(
                "threads: " + threads,
                "ns/op (min–max)",
                "bytes/op (min–max)",
                "time ÷ Caffeine from text (min–max)",
                "time ÷ Caffeine from ids (min–max)");
        peers.forEach((peer, name) -> table.row(
                name,
                nanos.of(peer).text(0),
                bytes.of(peer).text(0),
                nanos.ratio(peer, "caffeineFromText").text(2),
                nanos.ratio(peer, "caffeineFromIds").text(2)));
        table.print(out);
        out.println(rounds + " rounds, each peer in a JVM of its own per round, " + iterations
                + " iterations to warm up and as many to measure of "
                + time
                + "; 1 024 users in turn, all remembered; JdbiPlg on H2 in memory, which is not asked. Promised: "
                + Samples.number(PROMISED_NANOS, 0) + " ns.\n");
        double worst = Math.max(
                nanos.of("plgFromText").median(), nanos.of("plgFromView").median());
        if (worst >= PROMISED_NANOS) {
            throw new IllegalStateException("state() must take less than 1 µs, took " + worst + " ns");
        }
    }

    /** Bytes allocated per operation, by the gc profiler. */
    @SuppressWarnings("rawtypes") // JMH's results are
    static double allocation(RunResult result) {
        return result.getSecondaryResults().entrySet().stream()
                .filter(entry -> entry.getKey().endsWith("gc.alloc.rate.norm"))
                .mapToDouble(entry -> entry.getValue().getScore())
                .findFirst()
                .orElse(Double.NaN);
    }
}
