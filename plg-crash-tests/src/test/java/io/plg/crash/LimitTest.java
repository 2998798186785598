package io.plg.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.plan.Feature;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A thousand consumers in two JVMs want a hundred at the same time. */
final class LimitTest {
    private static final int LIMIT = 100;
    private static final int CONSUMERS = 500;

    private static List<Child> children;

    @BeforeAll
    static void start() {
        children = Child.start(2, 10);
    }

    @AfterAll
    static void stop() {
        children.forEach(Child::close);
    }

    @Test
    void exactly_the_limit_is_admitted_in_single_steps() throws Exception {
        exactly(Exports.HUNDRED);
    }

    @Test
    void exactly_the_limit_is_admitted_in_single_steps_that_are_counted_in_many_rows() throws Exception {
        exactly(Exports.SPREAD);
    }

    private static void exactly(Feature.Quota feature) throws Exception {
        for (int round = 0; round < Form.times(5, 100); round++) {
            String workspace = CrashServer.workspace("limit");

            Came came = burst(workspace, feature.name(), 0);

            assertThat(came).isEqualTo(new Came(LIMIT, 2 * CONSUMERS - LIMIT));
            assertThat(GateInvariants.used(workspace)).isEqualTo(LIMIT);
            GateInvariants.hold(workspace);
        }
    }

    @Test
    void the_limit_is_not_exceeded_in_steps_of_several() throws Exception {
        for (Feature.Quota feature : List.of(Exports.SPREAD, Exports.MARKED)) {
            for (int round = 0; round < Form.times(1, 20); round++) {
                String workspace = CrashServer.workspace("steps");

                Came came = burst(workspace, feature.name(), round + 1);

                // Single units were wanted too, so that nothing can have been left.
                assertThat(came.admitted()).isEqualTo(LIMIT);
                assertThat(GateInvariants.used(workspace)).isEqualTo(LIMIT);
                GateInvariants.hold(workspace);
            }
        }
    }

    /** The negative control: the same case finds the race. */
    @Test
    void counting_and_inserting_afterwards_exceeds_the_limit() throws Exception {
        String workspace = CrashServer.workspace("wronglimit");

        Came came = burst(workspace, "unguarded", 0);

        assertThat(came.admitted()).isGreaterThan(LIMIT);
        assertThat(CrashServer.count("select count(*) from host.export where workspace_id = '" + workspace + "'"))
                .isEqualTo(came.admitted());
    }

    /** Both processes at the same time. */
    private static Came burst(String workspace, String feature, int seed) {
        var calls = new ArrayList<Child.Call>();
        for (Child each : children) {
            calls.add(each.call("gate", "burst", workspace, feature, String.valueOf(CONSUMERS), String.valueOf(seed)));
        }
        long admitted = 0;
        int denied = 0;
        for (Child.Call each : calls) {
            String[] words = each.next().split(" ");
            assertThat(words[0]).as(String.join(" ", words)).isEqualTo("came");
            admitted += Long.parseLong(words[1]);
            denied += Integer.parseInt(words[2]);
        }
        return new Came(admitted, denied);
    }

    /**
     * What came of a burst.
     *
     * @param admitted how many units
     * @param denied how many consumers
     */
    private record Came(long admitted, int denied) {}
}
