package io.plg.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.OutcomeUnknown;
import io.plg.crash.CuttingProxy.Cut;
import io.plg.gate.Gates;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Connections that break when a consumption is being committed: what was told is there, and what may be there or not is said to be unknown. */
final class CutConsumptionTest {
    private static final String SHORT_WAY = "usage_take";

    private static CuttingProxy proxy;
    private static Node node;

    @BeforeAll
    static void start() throws Exception {
        proxy = new CuttingProxy();
        node = Node.on(Node.connections(CrashServer.url(proxy.port())), 4);
    }

    @AfterAll
    static void stop() throws Exception {
        node.close();
        proxy.close();
    }

    @Test
    void a_consumption_whose_reply_is_lost_is_an_unknown_outcome_and_is_counted() throws Exception {
        for (int i = 0; i < Form.times(5, 100); i++) {
            String workspace = CrashServer.workspace("cutconsume");
            Gates gates = node.gates(workspace);
            proxy.cutNextCommit(Cut.AFTER_COMMIT);
            assertThatThrownBy(() -> gates.consume(Exports.HUNDRED)).isInstanceOf(OutcomeUnknown.class);
            assertThat(proxy.cutAfterCommit()).isTrue();
            assertThat(GateInvariants.used(workspace)).isEqualTo(1);
            GateInvariants.hold(workspace);

            gates.consumeOrThrow(Exports.HUNDRED, 3);
            proxy.cutNextAlone(SHORT_WAY, Cut.AFTER_COMMIT);
            assertThatThrownBy(() -> gates.consume(Exports.HUNDRED)).isInstanceOf(OutcomeUnknown.class);
            assertThat(proxy.cutAfterCommit()).isTrue();
            assertThat(GateInvariants.used(workspace)).isEqualTo(5);
            GateInvariants.hold(workspace);
        }
    }

    @Test
    void a_consumption_that_never_arrives_is_an_unknown_outcome_and_is_not_counted() throws Exception {
        for (int i = 0; i < Form.times(5, 100); i++) {
            String workspace = CrashServer.workspace("uncutconsume");
            Gates gates = node.gates(workspace);
            gates.consumeOrThrow(Exports.HUNDRED, 4);
            proxy.cutNextAlone(SHORT_WAY, Cut.BEFORE_COMMIT);
            assertThatThrownBy(() -> gates.consume(Exports.HUNDRED)).isInstanceOf(OutcomeUnknown.class);
            assertThat(proxy.hasCut()).isTrue();
            assertThat(GateInvariants.used(workspace)).isEqualTo(4);

            proxy.cutNextCommit(Cut.BEFORE_COMMIT);
            // Beyond the threshold, so that it is the longer way.
            assertThatThrownBy(() -> gates.consume(Exports.HUNDRED, 90)).isInstanceOf(OutcomeUnknown.class);
            assertThat(proxy.hasCut()).isTrue();
            assertThat(GateInvariants.used(workspace)).isEqualTo(4);
            GateInvariants.hold(workspace);
            gates.consumeOrThrow(Exports.HUNDRED, 96);
            GateInvariants.hold(workspace);
        }
    }

    @Test
    void while_connections_break_all_the_time_what_was_told_is_counted_and_the_ledger_adds_up() throws Exception {
        for (int i = 0; i < Form.times(1, 20); i++) {
            String workspace = CrashServer.workspace("cutall");
            var told = new AtomicInteger();
            var unknown = new AtomicInteger();
            var over = new AtomicBoolean();
            ExecutorService executor = Executors.newFixedThreadPool(4);
            try {
                List<Future<?>> consumers = new ArrayList<>();
                for (int t = 0; t < 4; t++) {
                    consumers.add(executor.submit(() -> {
                        while (!over.get()) {
                            try {
                                if (node.gates(workspace)
                                        .consume(Exports.THOUSAND)
                                        .allowed()) {
                                    told.incrementAndGet();
                                }
                            } catch (OutcomeUnknown e) {
                                unknown.incrementAndGet();
                            }
                        }
                    }));
                }
                for (int cut = 0; cut < 30; cut++) {
                    Cut where = cut % 2 == 0 ? Cut.AFTER_COMMIT : Cut.BEFORE_COMMIT;
                    proxy.cutNextAlone(SHORT_WAY, where);
                    Invariants.pause(20);
                }
                over.set(true);
                for (Future<?> each : consumers) {
                    each.get(20, TimeUnit.SECONDS);
                }
            } finally {
                executor.shutdownNow();
            }
            assertThat(unknown.get()).isPositive();
            assertThat(GateInvariants.used(workspace))
                    .isBetween((long) told.get(), (long) told.get() + unknown.get())
                    .isLessThanOrEqualTo(1_000);
            GateInvariants.hold(workspace);
        }
    }
}
