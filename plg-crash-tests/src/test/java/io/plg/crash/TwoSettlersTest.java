package io.plg.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.UserId;
import io.plg.reward.RewardState;
import io.plg.reward.Stage;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** JVMs that let the same rewards go on, tell another system about them, die in that or take them back meanwhile. */
final class TwoSettlersTest {
    private static final int OF_EACH = 3;

    private static List<Child> children;
    private static Node node;

    @BeforeAll
    static void start() {
        children = Child.start(2, 6);
        node = Node.on(CrashServer.app(), 4);
    }

    @AfterAll
    static void stop() {
        children.forEach(Child::close);
        node.close();
    }

    @Test
    void two_that_settle_the_same_rewards_issue_each_once_and_tell_of_each_once() throws Exception {
        for (int round = 0; round < Form.times(1, 10); round++) {
            String workspace = CrashServer.workspace("settled");
            List<String> users = due(workspace, 20);

            settleInBoth(workspace, "1");

            assertThat(states(workspace)).isEqualTo("ISSUED " + OF_EACH * users.size());
            ReferralInvariants.holdWithRows(workspace);
            // A call that was under way with the one is left alone by the other.
            assertThat(ReferralInvariants.calls(workspace))
                    .hasSize(users.size())
                    .containsOnly("give begins, give ends");
            assertThat(untold(workspace)).isZero();
            for (String user : users) {
                assertThat(cents(workspace, user)).isEqualTo(Friends.CENTS);
            }
        }
    }

    @Test
    void what_a_node_was_telling_when_it_died_is_told_by_another_with_the_same_key() throws Exception {
        for (int round = 0; round < Form.times(1, 10); round++) {
            String kept = CrashServer.workspace("dying");
            String refunded = CrashServer.workspace("dying");
            due(kept, 1);
            String user = due(refunded, 1).get(0);
            String key;
            try (Child dying = Child.start()) {
                key = giving(dying.call("friends", "settle", kept, "stop"));
                giving(dying.call("friends", "settle", refunded, "stop"));
                dying.kill();
            }
            ReferralInvariants.ended();
            assertThat(refund(user, refunded)).isEqualTo(OF_EACH);

            // As long as the lease is not over, the call may be under way.
            for (String workspace : List.of(kept, refunded)) {
                assertThat(isFoundDue(workspace)).isTrue();
                settle(workspace);
                assertThat(ReferralInvariants.calls(workspace)).containsExactly("give begins");
                leaseEnds(workspace);
                settle(workspace);
                dueAgain(workspace);
                settle(workspace);
                node.plg().workspace(workspace).rewards().settle();
            }

            assertThat(ReferralInvariants.calls(kept)).containsExactly("give begins, give begins, give ends");
            assertThat(CrashServer.count("select count(*) from host.told where key = '" + key + "'"))
                    .isEqualTo(3);
            assertThat(untold(kept)).isZero();
            assertThat(states(kept)).isEqualTo("ISSUED " + OF_EACH);
            ReferralInvariants.holdWithRows(kept);
            assertThat(ReferralInvariants.calls(refunded)).containsExactly("give begins, back begins, back ends");
            isTakenBack(refunded, List.of(user));
        }
    }

    @Test
    void what_is_taken_back_while_another_node_gives_it_is_not_given_afterwards() throws Exception {
        for (int round = 0; round < Form.times(1, 10); round++) {
            String workspace = CrashServer.workspace("overtaken");
            List<String> users = due(workspace, 2);
            // It has read both, is giving the one and has yet to give the other.
            Child.Call settling = children.get(0).call("friends", "settle", workspace, "stop");
            giving(settling);

            for (String user : users) {
                assertThat(refund(user, workspace)).isEqualTo(OF_EACH);
            }
            assertThat(states(workspace)).isEqualTo("CLAWED_BACK " + OF_EACH * users.size());
            settle(workspace);
            assertThat(ReferralInvariants.calls(workspace))
                    .as("while one call is under way")
                    .containsExactlyInAnyOrder("give begins", "back begins, back ends");

            settling.goOn();
            assertThat(settling.next()).startsWith("moved");
            dueAgain(workspace);
            settle(workspace);
            assertThat(ReferralInvariants.calls(workspace))
                    .containsExactlyInAnyOrder(
                            "give begins, give ends, back begins, back ends", "back begins, back ends");
            isTakenBack(workspace, users);
        }
    }

    @Test
    void refunds_on_one_node_while_another_settles_leave_nothing_to_anybody() throws Exception {
        for (int round = 0; round < Form.times(1, 10); round++) {
            String workspace = CrashServer.workspace("refunded");
            List<String> users = due(workspace, 20);
            Child.Call settling = children.get(0).call("friends", "settle", workspace, "3");
            Child.Call refunding = children.get(1).call("friends", "refund", workspace, String.join(",", users));
            assertThat(settling.next()).startsWith("moved");
            assertThat(refunding.next()).isEqualTo("changed " + OF_EACH * users.size());
            dueAgain(workspace);
            settleInBoth(workspace, "0");

            assertThat(ReferralInvariants.calls(workspace))
                    .allMatch(each -> each.equals("back begins, back ends")
                            || each.equals("give begins, give ends, back begins, back ends"));
            isTakenBack(workspace, users);
        }
    }

    /** Users who have joined a fortnight ago, each referred by somebody else, and whose rewards are due now. */
    private static List<String> due(String workspace, int howMany) throws Exception {
        InstantSource before = InstantSource.offset(
                InstantSource.system(), Friends.HOLD.plusHours(2).negated());
        var users = new ArrayList<String>();
        try (Node then = Node.withClock(CrashServer.app(), before)) {
            for (int i = 0; i < howMany; i++) {
                String user = "lin" + i + "-" + workspace;
                Friends.join(then, Friends.code(then.plg(), workspace, Friends.HELD, referrer(user)), workspace, user);
                users.add(user);
            }
        }
        assertThat(states(workspace)).isEqualTo("PENDING " + OF_EACH * howMany);
        return users;
    }

    private static String referrer(String user) {
        return "ada-" + user;
    }

    private static void settleInBoth(String workspace, String millis) {
        List<Child.Call> calls = children.stream()
                .map(each -> each.call("friends", "settle", workspace, millis))
                .toList();
        calls.forEach(each -> assertThat(each.next()).startsWith("moved"));
    }

    private static void settle(String workspace) {
        assertThat(children.get(1).call("friends", "settle", workspace, "0").next())
                .startsWith("moved");
    }

    /** Waits until it is about to give something outside; returns the key. */
    private static String giving(Child.Call settling) {
        String answer = settling.next();
        assertThat(answer).startsWith("AT plg-give-");
        return answer.substring("AT ".length());
    }

    private static int refund(String user, String workspace) {
        return node.plg().workspace(workspace).referrals(Friends.HELD).refunded(UserId.of(user), Stage.ACTIVATION);
    }

    /** Nobody has anything, here or outside. */
    private static void isTakenBack(String workspace, List<String> users) throws Exception {
        assertThat(CrashServer.count("select count(*) from plg.reward where workspace_id = '" + workspace
                        + "' and state not in ('" + RewardState.CANCELED + "', '" + RewardState.CLAWED_BACK + "')"))
                .isZero();
        assertThat(untold(workspace)).isZero();
        assertThat(CrashServer.count("select count(*) from plg.reward where workspace_id = '" + workspace
                        + "' and fulfilment not in (0, 4)"))
                .isZero();
        for (String user : users) {
            assertThat(cents(workspace, user)).isZero();
            assertThat(cents(workspace, referrer(user))).isZero();
        }
        ReferralInvariants.holdWithRows(workspace);
    }

    private static long cents(String workspace, String user) {
        return node.plg()
                .workspace(workspace)
                .rewards()
                .balanceOf(user)
                .money("USD")
                .minorUnits();
    }

    /** How many there are in which states. */
    private static String states(String workspace) {
        return CrashServer.text(
                CrashServer.superuser(),
                "select string_agg(state || ' ' || n, ', ' order by state) from (select state, count(*) as n from plg.reward where workspace_id = '"
                        + workspace + "' group by state) x");
    }

    /** Whether a node that looks for what is due comes to the workspace. */
    private static boolean isFoundDue(String workspace) {
        return CrashServer.count(
                        "select count(*) from plg_directory.workspaces_due('reward', now(), 1000000) w where w = '"
                                + workspace + "'")
                == 1;
    }

    private static long untold(String workspace) {
        return CrashServer.count(
                "select count(*) from plg.reward where workspace_id = '" + workspace + "' and fulfilment in (1, 3)");
    }

    /** As if the time had passed. */
    private static void leaseEnds(String workspace) {
        CrashServer.execute(
                CrashServer.superuser(),
                "update plg.idempotency_key set leased_until = clock_timestamp() where finished_at is null and workspace_id = '"
                        + workspace + "'");
    }

    /** As if the minute had passed after which what has failed is tried again. */
    private static void dueAgain(String workspace) {
        CrashServer.execute(
                CrashServer.superuser(),
                "update plg.reward set due_at = now() - interval '1 second' where fulfilment in (1, 3) and workspace_id = '"
                        + workspace + "'");
    }
}
