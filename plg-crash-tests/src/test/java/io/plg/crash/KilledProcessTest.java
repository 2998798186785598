package io.plg.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.crash.Invariants.Reply;
import io.plg.crash.Rewards.Granted;
import io.plg.crash.StoppingDataSource.Point;
import io.plg.idempotency.Outcome;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** JVMs that die at the worst moments: cases 38, 42 and 44. */
final class KilledProcessTest {
    private static Node node;

    @BeforeAll
    static void start() {
        node = Node.on(CrashServer.app(), 10);
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    @Test
    void wherever_a_process_is_killed_a_retry_leads_to_one_grant() throws Exception {
        int left = Form.times(2, 20);
        while (left > 0) {
            List<Child> children = Child.start(Math.min(2, left), 10);
            left -= children.size();
            for (Child child : children) {
                try (child) {
                    killAtEachPoint(child);
                }
            }
        }
    }

    /** One process, which is at all five points when it dies, in a workspace for each so that they do not wait for one another. */
    private static void killAtEachPoint(Child child) throws Exception {
        Map<Point, String> workspaces = new EnumMap<>(Point.class);
        for (Point point : Point.values()) {
            String workspace = CrashServer.workspace("killed");
            workspaces.put(point, workspace);
            child.call("redeem", workspace, workspace + "-k", point.name()).reaches(point.name());
        }
        child.kill();
        for (Point point : Point.values()) {
            String workspace = workspaces.get(point);
            String key = workspace + "-k";
            long grants = grants(workspace);
            assertThat(grants).as("grants, killed " + point).isEqualTo(point == Point.AFTER_COMMIT ? 1 : 0);

            Outcome<Granted> retry = node.redeem(workspace, key);

            assertThat(retry)
                    .as("killed " + point)
                    .isInstanceOf(point == Point.AFTER_COMMIT ? Outcome.Replayed.class : Outcome.Executed.class);
            assertThat(grants(workspace)).isEqualTo(1);
            Invariants.hold(workspace, Invariants.reply(key, retry));
        }
    }

    @Test
    void a_key_whose_owner_was_killed_can_be_leased_when_the_lease_ends_and_not_before() throws Exception {
        for (int i = 0; i < Form.times(1, 20); i++) {
            String workspace = CrashServer.workspace("dead");
            String key = workspace + "-k";
            try (Child child = Child.start()) {
                child.call("lease", workspace, key, "1000", "effect", "call").reaches("call");
                Invariants.pause(500); // the lease is renewed
                child.kill();
            }
            double until = leasedUntil(workspace);
            assertThat(databaseTime()).isLessThan(until);

            Outcome<Granted> retry;
            do {
                retry = node.redeemLeased(Rewards.REDEEM.failFast(), workspace, key, lease -> "answered");
                Invariants.pause(10);
            } while (retry instanceof Outcome.InFlight && databaseTime() < until + 5);

            assertThat(retry).isInstanceOf(Outcome.Executed.class);
            double taken = leasedUntil(workspace) - Rewards.REDEEM.lease().toSeconds();
            assertThat(taken).isBetween(until, until + 1);
            Invariants.hold(workspace, Invariants.reply(key, retry));
        }
    }

    @Test
    void a_settlement_that_is_killed_at_its_commit_is_there_or_is_done_again() throws Exception {
        for (int i = 0; i < Form.times(1, 20); i++) {
            Map<Point, String> workspaces = new EnumMap<>(Point.class);
            try (Child child = Child.start()) {
                for (Point point : List.of(Point.BEFORE_COMMIT, Point.AFTER_COMMIT)) {
                    String workspace = CrashServer.workspace("settled");
                    workspaces.put(point, workspace);
                    child.call("lease", workspace, workspace + "-k", "1000", "effect", point.name())
                            .reaches(point.name());
                }
                child.kill();
            }
            for (Map.Entry<Point, String> each : workspaces.entrySet()) {
                String workspace = each.getValue();
                String key = workspace + "-k";

                Outcome<Granted> retry = node.redeemLeased(Rewards.REDEEM, workspace, key, lease -> "answered");

                assertThat(retry)
                        .as("killed " + each.getKey())
                        .isInstanceOf(
                                each.getKey() == Point.AFTER_COMMIT ? Outcome.Replayed.class : Outcome.Executed.class);
                assertThat(grants(workspace)).isEqualTo(1);
                Invariants.hold(workspace, Invariants.reply(key, retry));
            }
        }
    }

    @Test
    void a_key_is_free_soon_after_its_owner_was_killed_in_a_statement_if_the_server_looks_after_its_clients()
            throws Exception {
        for (int i = 0; i < Form.times(1, 5); i++) {
            String looked = CrashServer.workspace("looked");
            String unlooked = CrashServer.workspace("unlooked");
            try (Child child = Child.start("client_connection_check_interval=500");
                    Child control = Child.start()) {
                child.call("sleep", looked, looked + "-k", "8").reaches("sleep");
                control.call("sleep", unlooked, unlooked + "-k", "4").reaches("sleep");
                sleeping(2);
                child.kill();
                control.kill();
            }
            long killed = System.nanoTime();

            Outcome<Granted> retry = retried(looked);

            assertThat(Duration.ofNanos(System.nanoTime() - killed)).isLessThan(Duration.ofSeconds(3));
            Invariants.pause(Math.max(
                    0, 1_200 - Duration.ofNanos(System.nanoTime() - killed).toMillis()));
            assertThat(node.redeem(
                            Rewards.REDEEM.failFast(),
                            unlooked,
                            unlooked + "-k",
                            tx -> Rewards.grant(tx, unlooked + "-k")))
                    .as("without it, the statement goes on")
                    .isInstanceOf(Outcome.InFlight.class);
            Outcome<Granted> control = retried(unlooked);
            Invariants.hold(looked, Invariants.reply(looked + "-k", retry));
            Invariants.hold(
                    unlooked, new Reply(unlooked + "-k", control.orThrow().id()));
        }
    }

    /** Until it is a definite answer. */
    private static Outcome<Granted> retried(String workspace) throws Exception {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        String key = workspace + "-k";
        Outcome<Granted> outcome;
        do {
            outcome = node.redeem(Rewards.REDEEM.failFast(), workspace, key, tx -> Rewards.grant(tx, key));
            Invariants.pause(20);
        } while (outcome instanceof Outcome.InFlight && System.nanoTime() < until);
        assertThat(outcome).isInstanceOf(Outcome.Executed.class);
        return outcome;
    }

    private static void sleeping(int howMany) {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
        while (CrashServer.count("select count(*) from pg_stat_activity where wait_event = 'PgSleep'") < howMany) {
            assertThat(System.nanoTime()).isLessThan(until);
            Invariants.pause(10);
        }
    }

    private static long grants(String workspace) {
        return CrashServer.count("select count(*) from host.grants where workspace_id = '" + workspace + "'");
    }

    private static double leasedUntil(String workspace) {
        return Double.parseDouble(CrashServer.text(
                CrashServer.superuser(),
                "select extract(epoch from leased_until) from plg.idempotency_key where workspace_id = '" + workspace
                        + "'"));
    }

    private static double databaseTime() {
        return Double.parseDouble(
                CrashServer.text(CrashServer.superuser(), "select extract(epoch from clock_timestamp())"));
    }
}
