package io.plg.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Every program works; sizes are far too small for the figures to mean anything. */
class ProgramsTest {

    private static PostgresServer server;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    @BeforeAll
    static void start() throws Exception {
        server = PostgresServer.start();
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @Test
    @DisplayName("funnel: plg, arrays, HashMap, DuckDB and PostgreSQL give the same counts")
    void funnel() throws Exception {
        String[] sizes = {
            "--events=20_000",
            "--sql-events=5_000",
            "--option-events=5_000",
            "--growth=10_000",
            "--growth-rounds=1",
            "--rounds=1"
        };
        FunnelLoad.run(sizes, out, () -> server.withDatabase("funnel"));
        assertThat(printed())
                .contains(
                        "| plg, long ids ",
                        "| DuckDB, ASOF joins ",
                        "| PostgreSQL, window functions ",
                        "| strict ",
                        "bytes per user")
                .doesNotContain("${");
    }

    @Test
    @DisplayName("complete: all ways of completing a step store the same rows")
    void complete() throws Exception {
        CompleteLoad.run(new String[] {"--rounds=1", "--millis=50"}, out, () -> server.withDatabase("complete"));
        assertThat(printed()).contains("| plg: JdbiPlg, RLS ", "threads: 8", "| state in memory ");
    }

    @Test
    @DisplayName("idempotency: all peers have each effect once and keep its key")
    void idempotency() throws Exception {
        String[] sizes = {
            "--rounds=1", "--millis=50", "--keys=300", "--limits=100", "--bursts=1", "--calls=200",
        };
        IdempotencyLoad.run(sizes, out, () -> server.withDatabase("idempotency"));
        assertThat(printed())
                .contains(
                        "| plg: execute ",
                        "| lock, then check: Redis and a table ",
                        "threads: 8",
                        "| plg, from the table ",
                        "| plg: the others wait for the result ",
                        "| one limit row, plg: execute, financial ")
                .doesNotContain("${");
    }

    @Test
    @DisplayName("gates: every consumption is decided alike and stored once, plg's in one round trip")
    void gates() throws Exception {
        String[] sizes = {"--rounds=1", "--millis=50", "--workspaces=60"};
        GatesLoad.run(sizes, out, () -> server.withDatabase("gates"));
        assertThat(printed())
                .contains(
                        "| plg: consume ",
                        "| Bucket4j tryConsume, no ledger ",
                        "threads: 8",
                        "| plg: consume, 16 slots ",
                        "| plg: consume, refused ",
                        "| the host's INSERT and COMMIT alone ")
                .doesNotContain("${");
    }

    @Test
    @DisplayName("referrals: all that was earned and given is stored once, and every position is that of the arrays")
    void referrals() throws Exception {
        String[] sizes = {
            "--rounds=1",
            "--millis=50",
            "--referrers=60",
            "--campaigns=60",
            "--rewards=4000",
            "--members=5000",
            "--generations=300",
            "--looks=40",
            "--pending=30"
        };
        ReferralsLoad.run(sizes, out, () -> server.withDatabase("referrals"));
        assertThat(printed())
                .contains(
                        "| plg: transact(attribute) ",
                        "| bare: the same rows ",
                        "sign-ups under one root, threads: 8",
                        "| plg: execute, financial, of claim ",
                        "| plg: redeem ",
                        "| plg: visit ",
                        "| preferential, any ",
                        "| depth, with 300 generations, deep ")
                .doesNotContain("${");
    }

    @Test
    @DisplayName("gates-memory: the benchmark answers from memory, and everybody allows")
    void gatesFromMemory() throws Exception {
        GatesBenchmark.Walk walk = new GatesBenchmark.Walk();
        walk.shuffle();
        GatesBenchmark.Node node = new GatesBenchmark.Node();
        GatesBenchmark.Peers peers = new GatesBenchmark.Peers();
        GatesBenchmark benchmark = new GatesBenchmark();
        peers.fill();
        node.open();
        try {
            assertThat(benchmark.flagFromText(node, walk)).isTrue();
            assertThat(benchmark.flagFromView(node, walk)).isTrue();
            assertThat(benchmark.capFromText(node, walk)).isTrue();
            assertThat(benchmark.quotaFromView(node, walk)).isTrue();
            assertThat(benchmark.checkFlag(node, walk).allowed()).isTrue();
            assertThat(node.askedMeanwhile()).isZero();
            assertThat(benchmark.checkCap(node, walk).allowed()).isTrue();
            assertThat(benchmark.caffeine(peers, walk)).isTrue();
            assertThat(benchmark.bucket4j(peers, walk)).isTrue();
            assertThat(benchmark.openFeature(peers)).isTrue();
            assertThat(benchmark.togglz(peers)).isTrue();
        } finally {
            node.close();
            peers.close();
        }
    }

    @Test
    @DisplayName("state: the benchmark answers from memory")
    void state() throws Exception {
        StateBenchmark benchmark = new StateBenchmark();
        StateBenchmark.Walk walk = new StateBenchmark.Walk();
        benchmark.open();
        try {
            assertThat(benchmark.plgFromText(walk).score()).isEqualTo(20);
            assertThat(benchmark.plgFromView(walk).score()).isEqualTo(40);
            assertThat(benchmark.caffeineFromText(walk)).isNotNull();
            assertThat(benchmark.caffeineFromIds(walk)).isNotNull();
        } finally {
            benchmark.close();
        }
    }

    @Test
    @DisplayName("staleness: a node shows what another committed")
    void staleness() throws Exception {
        StalenessLoad.run(new String[] {"--rounds=1"}, out, () -> server.withDatabase("staleness"));
        assertThat(printed()).contains("| B shows what A committed ");
    }

    @Test
    @DisplayName("event-source: the host's table is read row by row")
    void eventSource() throws Exception {
        EventSourceLoad.run(
                new String[] {"--rows=20_000", "--rounds=1"}, out, () -> server.withDatabase("event_source"));
        assertThat(printed()).contains("| JdbcEventSource, text ids ");
    }

    @Test
    @DisplayName("an unknown option is refused")
    void options() {
        assertThatThrownBy(() -> StateLoad.run(new String[] {"--round=1"}, out))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("--round=1");
    }

    private String printed() {
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
