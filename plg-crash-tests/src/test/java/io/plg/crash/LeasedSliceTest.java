package io.plg.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.gate.Gates;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** JVMs that lease slices of a quota, and die or are paused meanwhile. */
final class LeasedSliceTest {
    /** How long a lease lasts: what the documentation says. */
    private static final double LEASE_SECONDS = 6;

    private static Node node;

    @BeforeAll
    static void start() {
        node = Node.on(CrashServer.app(), 4);
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    @Test
    void what_a_dead_process_had_not_opened_is_there_for_others_when_its_lease_ends() throws Exception {
        for (int i = 0; i < Form.times(1, 10); i++) {
            String workspace = CrashServer.workspace("deadslice");
            Gates gates = node.gates(workspace);
            long opened;
            double killed;
            try (Child child = Child.start()) {
                child.call("gate", "slice", workspace, "thousand", "800", "150").reaches("used 150");
                opened = GateInvariants.used(workspace);
                child.kill();
                killed = databaseTime();
            }
            assertThat(opened).isBetween(150L, 799L);
            double until = leasedUntil(workspace);
            assertThat(until).isBetween(killed, killed + LEASE_SECONDS);
            gates.consumeOrThrow(Exports.THOUSAND, 1_000 - held(workspace) - opened);
            assertThat(gates.consume(Exports.THOUSAND).allowed()).isFalse();
            long unopened = held(workspace);

            boolean early = true;
            boolean had;
            double asked;
            do {
                asked = databaseTime();
                had = gates.consume(Exports.THOUSAND, unopened).allowed();
                if (databaseTime() < until) {
                    assertThat(had).as("before the lease has ended").isFalse();
                } else {
                    early = false;
                }
                Invariants.pause(20);
            } while (!had && (early || asked < until + 1));

            assertThat(had).as("one second after the lease has ended").isTrue();
            assertThat(gates.consume(Exports.THOUSAND).allowed()).isFalse();
            assertThat(GateInvariants.used(workspace)).isEqualTo(1_000);
            GateInvariants.hold(workspace);
        }
    }

    @Test
    void processes_that_are_killed_or_paused_while_they_use_slices_never_use_more_than_there_is() throws Exception {
        var random = new Random(11);
        for (int i = 0; i < Form.times(1, 10); i++) {
            String workspace = CrashServer.workspace("slices");
            Gates gates = node.gates(workspace);
            long dead;
            long slept;
            long mine = 0;
            try (Child paused = Child.start();
                    Child killed = Child.start()) {
                Child.Call sleeper = slices(paused, workspace, "3000", 2, Long.MAX_VALUE, 200, "silent");
                Child.Call victim = slices(killed, workspace, "3000", 2, Long.MAX_VALUE, 200, "telling");
                Invariants.pause(300 + random.nextInt(200));
                killed.kill();
                dead = victim.rest().size();
                paused.pause();
                assertThat(dead).isPositive();
                // All leases end, and somebody else takes all that there is.
                double until = databaseTime() + LEASE_SECONDS + 1;
                long chunk = 1 << 20;
                while (GateInvariants.used(workspace) < Exports.LIMIT_OF_MILLIONS) {
                    if (gates.consume(Exports.MILLIONS, chunk).allowed()) {
                        mine += chunk;
                    } else if (chunk > 1) {
                        chunk /= 2;
                    } else {
                        assertThat(databaseTime()).as("slices are still held").isLessThan(until + 1);
                        Invariants.pause(100);
                        chunk = 1 << 20;
                    }
                }
                paused.resume();
                Invariants.pause(500);
                sleeper.goOn();
                slept = admitted(sleeper);
                assertThat(slept).isPositive();
            }
            // What the dead one had done after the last that it told of is at most one on each thread.
            assertThat(dead + 2 + slept + mine).isLessThanOrEqualTo(Exports.LIMIT_OF_MILLIONS);
            GateInvariants.hold(workspace);
        }
    }

    @Test
    void two_processes_that_lease_at_the_same_time_use_exactly_what_there_is() throws Exception {
        for (int i = 0; i < Form.times(1, 10); i++) {
            String workspace = CrashServer.workspace("twoslices");
            long admitted = 0;
            List<Child> children = Child.start(2, 10);
            try {
                var calls = new ArrayList<Child.Call>();
                for (Child each : children) {
                    calls.add(slices(each, workspace, "50000", 4, 300_000, 0, "silent"));
                }
                for (int k = 0; k < 20; k++) {
                    if (node.gates(workspace).consume(Exports.MILLIONS, 1_000).allowed()) {
                        admitted += 1_000;
                    }
                }
                for (Child.Call each : calls) {
                    admitted += admitted(each);
                }
            } finally {
                children.forEach(Child::close);
            }
            assertThat(admitted).isLessThanOrEqualTo(Exports.LIMIT_OF_MILLIONS);
            assertThat(GateInvariants.used(workspace)).isEqualTo(admitted);
            GateInvariants.hold(workspace);
            assertThat(held(workspace)).isZero();

            long rest = Exports.LIMIT_OF_MILLIONS - admitted;
            Gates gates = node.gates(workspace);
            if (rest > 0) {
                gates.consumeOrThrow(Exports.MILLIONS, rest);
            }
            assertThat(gates.consume(Exports.MILLIONS).allowed()).isFalse();
            GateInvariants.hold(workspace);
        }
    }

    private static Child.Call slices(
            Child child, String workspace, String size, int threads, long attempts, long pauseMicros, String telling) {
        Child.Call call = child.call(
                "gate",
                "slices",
                workspace,
                "millions",
                size,
                String.valueOf(threads),
                String.valueOf(attempts),
                String.valueOf(pauseMicros),
                telling);
        call.reaches("leased");
        return call;
    }

    private static long admitted(Child.Call call) {
        String answer = call.next();
        assertThat(answer).startsWith("admitted ");
        return Long.parseLong(answer.substring("admitted ".length()));
    }

    private static long held(String workspace) {
        return CrashServer.count(
                "select coalesce(sum(held), 0)::bigint from plg.usage_entry where workspace_id = '" + workspace + "'");
    }

    private static double databaseTime() {
        return Double.parseDouble(
                CrashServer.text(CrashServer.superuser(), "select extract(epoch from clock_timestamp())"));
    }

    private static double leasedUntil(String workspace) {
        return Double.parseDouble(CrashServer.text(
                CrashServer.superuser(),
                "select (state::jsonb -> 'slices' -> 0 ->> 'until')::numeric / 1000000 from plg.usage_meter where workspace_id = '"
                        + workspace + "'"));
    }
}
