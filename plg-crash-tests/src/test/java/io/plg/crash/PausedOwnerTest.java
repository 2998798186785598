package io.plg.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.StoreFailure;
import io.plg.crash.Rewards.Granted;
import io.plg.idempotency.LeaseLost;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Outcome;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Owners that are slow, asleep, or think it is another time: cases 41, 43 and 45. */
final class PausedOwnerTest {
    private static Node node;
    private static ExecutorService executor;

    @BeforeAll
    static void start() {
        node = Node.on(CrashServer.app(), 12);
        executor = Executors.newCachedThreadPool();
    }

    @AfterAll
    static void stop() {
        executor.shutdownNow();
        node.close();
    }

    @Test
    void an_owner_who_was_paused_beyond_its_lease_stores_nothing_when_it_wakes_up() throws Exception {
        takeOver("fresh");
    }

    @Test
    void an_owner_who_was_paused_beyond_its_lease_is_told_so_also_if_its_rows_collide_with_those_of_its_follower()
            throws Exception {
        takeOver("effect");
    }

    private static void takeOver(String grant) throws Exception {
        int takeovers = Form.times(2, 100);
        int atOnce = Math.min(10, takeovers);
        try (Child child = Child.start()) {
            for (int done = 0; done < takeovers; done += atOnce) {
                List<String> workspaces = new ArrayList<>();
                List<Child.Call> owners = new ArrayList<>();
                for (int i = 0; i < atOnce; i++) {
                    String workspace = CrashServer.workspace("paused");
                    workspaces.add(workspace);
                    owners.add(child.call("lease", workspace, workspace + "-k", "1000", grant, "call"));
                    owners.get(i).reaches("call");
                }
                child.pause();
                List<Future<Outcome<Granted>>> followers = new ArrayList<>();
                for (String each : workspaces) {
                    followers.add(executor.submit(() -> node.redeemLeased(Rewards.REDEEM, each, each + "-k", lease -> {
                        assertThat(lease.token()).isGreaterThan(1);
                        return "answered";
                    })));
                }
                for (Future<Outcome<Granted>> each : followers) {
                    assertThat(each.get(20, TimeUnit.SECONDS)).isInstanceOf(Outcome.Executed.class);
                }
                child.resume();
                for (Child.Call each : owners) {
                    each.goOn();
                    assertThat(each.next()).startsWith("failed " + LeaseLost.class.getName());
                }
                for (int i = 0; i < atOnce; i++) {
                    String workspace = workspaces.get(i);
                    Invariants.hold(
                            workspace,
                            Invariants.reply(workspace + "-k", followers.get(i).get()));
                }
            }
        }
    }

    @Test
    void a_node_whose_clock_is_wrong_neither_steals_nor_forgets() throws Exception {
        Operation<Granted> leased = Rewards.REDEEM.lease(Duration.ofSeconds(2));
        try (Node fast = Node.withClock(CrashServer.app(), off(Duration.ofHours(1)));
                Node slow = Node.withClock(CrashServer.app(), off(Duration.ofHours(-1)))) {
            for (Node owner : List.of(node, fast, slow)) {
                String workspace = CrashServer.workspace("clock");
                String key = workspace + "-k";
                var calling = new CountDownLatch(1);
                var answered = new CountDownLatch(1);
                Future<Outcome<Granted>> owned = executor.submit(() -> owner.redeemLeased(leased, workspace, key, l -> {
                    calling.countDown();
                    answered.await();
                    return "answered";
                }));
                assertThat(calling.await(10, TimeUnit.SECONDS)).isTrue();
                for (Node other : List.of(node, fast, slow)) {
                    if (other != owner) {
                        assertThat(other.redeemLeased(leased.failFast(), workspace, key, lease -> "stolen"))
                                .isInstanceOf(Outcome.InFlight.class);
                        assertThat(other.redeem(leased.failFast(), workspace, key, tx -> Rewards.grant(tx, key)))
                                .isInstanceOf(Outcome.InFlight.class);
                    }
                }
                answered.countDown();
                Outcome<Granted> outcome = owned.get(10, TimeUnit.SECONDS);
                assertThat(outcome).isInstanceOf(Outcome.Executed.class);

                String row = " where workspace_id = '" + workspace + "'";
                CrashServer.execute(
                        CrashServer.superuser(),
                        "update plg.idempotency_key set expires_at = clock_timestamp() + interval '30 minutes'" + row);
                fast.plg().removeExpired();
                assertThat(CrashServer.count("select count(*) from plg.idempotency_key" + row))
                        .as("kept until it expires")
                        .isEqualTo(1);
                Invariants.hold(workspace, Invariants.reply(key, outcome));
                CrashServer.execute(
                        CrashServer.superuser(),
                        "update plg.idempotency_key set expires_at = clock_timestamp() - interval '30 minutes'" + row);
                slow.plg().removeExpired();
                assertThat(CrashServer.count("select count(*) from plg.idempotency_key" + row))
                        .as("gone when it has expired")
                        .isZero();
                // The key is financial: there is no second grant, also when its result is gone.
                try (Node later = Node.on(CrashServer.app(), 1)) {
                    assertThat(later.redeem(workspace, key)).isInstanceOf(Outcome.Replayed.class);
                }
            }
        }
    }

    @Test
    void an_owner_who_idles_in_its_transaction_loses_it_and_the_key() throws Exception {
        String workspace = CrashServer.workspace("idle");
        String key = workspace + "-k";
        try (Node idler = Node.on(CrashServer.app("idle_in_transaction_session_timeout=300"), 2)) {
            var granted = new CountDownLatch(1);
            var woken = new CountDownLatch(1);
            Future<Outcome<Granted>> idling = executor.submit(() -> idler.redeem(Rewards.REDEEM, workspace, key, tx -> {
                Granted grant = Rewards.grant(tx, key);
                granted.countDown();
                woken.await();
                return grant;
            }));
            assertThat(granted.await(10, TimeUnit.SECONDS)).isTrue();
            long start = System.nanoTime();

            Outcome<Granted> other = node.redeem(workspace, key);

            assertThat(other).isInstanceOf(Outcome.Executed.class);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(3));
            woken.countDown();
            assertThatThrownBy(() -> idling.get(10, TimeUnit.SECONDS)).hasCauseInstanceOf(StoreFailure.class);
            Invariants.hold(workspace, Invariants.reply(key, other));
        }
    }

    private static InstantSource off(Duration by) {
        return () -> InstantSource.system().instant().plus(by);
    }
}
