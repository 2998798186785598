package io.plg.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.WorkspaceId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A plan that is changed by another JVM. */
final class DowngradeTest {
    @Test
    void a_downgrade_reaches_consume_at_once_and_what_is_remembered_within_two_seconds() throws Exception {
        try (Node node = Node.on(CrashServer.app(), 4);
                Child child = Child.start()) {
            for (int round = 0; round < Form.times(2, 20); round++) {
                List<String> workspaces = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    String workspace = CrashServer.workspace("downgrade");
                    workspaces.add(workspace);
                    node.gates(workspace).consumeOrThrow(Exports.SEATS, 10);
                    node.gates(workspace).consumeOrThrow(Exports.HUNDRED, 10);
                    for (String feature : List.of("seats", "hundred")) {
                        assertThat(consume(child, workspace, feature)).isEqualTo("allowed");
                        assertThat(consume(child, workspace, feature)).isEqualTo("allowed");
                    }
                }
                Child.Call asks = child.call("gate", "asks", String.join(",", workspaces));
                asks.reaches("remembers true");

                long start = 0;
                for (String each : workspaces) {
                    start = System.nanoTime();
                    node.plg().workspace(WorkspaceId.of(each)).entitlements().assignPlan("small");
                    assertThat(consume(child, each, "seats")).as("at once").isEqualTo("denied");
                    assertThat(consume(child, each, "hundred")).as("at once").isEqualTo("denied");
                }

                assertThat(asks.next()).isEqualTo("denied");
                assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofMillis(2_500));
            }
        }
    }

    private static String consume(Child child, String workspace, String feature) {
        return child.call("gate", "consume", workspace, feature).next();
    }
}
