package io.plg.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.crash.Invariants.Reply;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The same cases find the mistakes of {@link WrongKeys} and none in plg: case 62. */
final class NegativeControlTest {
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
    void check_then_insert_fails_identical_requests_at_one_barrier() throws Exception {
        List<String> violations = List.of();
        for (int round = 0; round < 10 && violations.isEmpty(); round++) {
            String workspace = CrashServer.workspace("wrongcheck");
            var wrong = new WrongKeys(node.connections(), workspace);
            violations = identical(workspace, key -> wrong.checkThenInsert(key, () -> Invariants.pause(20)));
        }
        assertThat(violations).anyMatch(each -> each.matches("I1: \\d+ grants for key .*"));

        String workspace = CrashServer.workspace("rightcheck");
        assertThat(identical(
                        workspace,
                        key -> node.redeem(Rewards.REDEEM, workspace, key, tx -> {
                                    Invariants.pause(20);
                                    return Rewards.grant(tx, key);
                                })
                                .orThrow()
                                .id()))
                .isEmpty();
    }

    @Test
    void a_lease_without_a_fencing_token_fails_the_paused_owner() throws Exception {
        String workspace = CrashServer.workspace("wronglease");
        String key = workspace + "-k";
        var owner = new WrongKeys(node.connections(), workspace);
        var follower = new WrongKeys(node.connections(), workspace);
        assertThat(owner.lease(key, 200)).isTrue();
        assertThat(follower.lease(key, 200)).isFalse();
        Invariants.pause(250); // the owner is paused, and PausedOwnerTest does this to plg
        assertThat(follower.lease(key, 200)).isTrue();
        String second = follower.complete(key);

        String first = owner.complete(key);

        assertThat(Invariants.ofGrants(workspace, List.of(new Reply(key, first), new Reply(key, second))))
                .containsExactly("I1: 2 grants for key " + key);
    }

    @Test
    void a_key_without_the_workspace_fails_the_same_key_in_two_workspaces() throws Exception {
        assertThat(sameKeyInTwo(workspace -> new WrongKeys(node.connections(), workspace)::sharedKey))
                .containsExactly("case 20: the request of the second workspace has vanished");

        assertThat(sameKeyInTwo(workspace ->
                        key -> Optional.of(node.redeem(workspace, key).orThrow().id())))
                .isEmpty();
    }

    @Test
    void a_reply_in_a_transaction_of_its_own_fails_the_kill_between_the_two() throws Exception {
        String workspace = CrashServer.workspace("wrongtwo");
        String key = workspace + "-k";
        try (Child child = Child.start()) {
            child.call("inTwo", workspace, key).reaches("between");
            child.kill();
        }

        String reply = new WrongKeys(node.connections(), workspace).inTwoTransactions(key, () -> {});

        assertThat(Invariants.ofGrants(workspace, List.of(new Reply(key, reply))))
                .containsExactly("I1: 2 grants for key " + key);
    }

    @Test
    void the_invariants_find_a_lost_grant_a_wrong_count_and_a_key_in_the_wrong_workspace() throws Exception {
        String workspace = CrashServer.workspace("found");
        String other = CrashServer.workspace("found");
        String key = workspace + "-k";
        var lost = new Reply(key, "01a203d9-b34b-7898-9026-b768a3511900");
        CrashServer.execute(
                CrashServer.superuser(),
                "update host.limit_row set used = 1 where workspace_id = '" + workspace + "'",
                "insert into host.grants values ('" + other + "', '" + lost.grant() + "', '" + key + "', 'ann')");

        assertThat(Invariants.ofGrants(workspace, List.of(lost)))
                .containsExactly(
                        "I1: limit used 1, grants 0",
                        "I5: key " + key + " in workspace " + other,
                        "I2: " + lost + " was told, and is not stored");
    }

    /** Case 29. */
    private static List<String> identical(String workspace, Redemption redemption) throws Exception {
        String key = workspace + "-k";
        int clients = 10;
        ExecutorService executor = Executors.newFixedThreadPool(clients);
        try {
            var barrier = new CyclicBarrier(clients);
            List<Future<Reply>> replies = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                replies.add(executor.submit(() -> {
                    barrier.await();
                    return new Reply(key, redemption.redeem(key));
                }));
            }
            List<Reply> answered = new ArrayList<>();
            for (Future<Reply> each : replies) {
                answered.add(each.get(30, TimeUnit.SECONDS));
            }
            return Invariants.ofGrants(workspace, answered);
        } finally {
            executor.shutdownNow();
        }
    }

    /** Case 20. */
    private static List<String> sameKeyInTwo(Function<String, PerhapsRedemption> keys) throws Exception {
        String one = CrashServer.workspace("one");
        String two = CrashServer.workspace("two");
        String key = "shared by " + one + " and " + two;
        Optional<String> first = keys.apply(one).redeem(key);
        Optional<String> second = keys.apply(two).redeem(key);
        var violations = new ArrayList<String>();
        violations.addAll(Invariants.ofGrants(one, List.of(new Reply(key, first.orElseThrow()))));
        if (second.isEmpty()) {
            violations.add("case 20: the request of the second workspace has vanished");
        } else {
            violations.addAll(Invariants.ofGrants(two, List.of(new Reply(key, second.get()))));
        }
        return violations;
    }

    private interface Redemption {
        String redeem(String key) throws Exception;
    }

    private interface PerhapsRedemption {
        Optional<String> redeem(String key) throws Exception;
    }
}
