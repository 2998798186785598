package io.plg.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.OutcomeUnknown;
import io.plg.UserId;
import io.plg.crash.CuttingProxy.Cut;
import io.plg.idempotency.Outcome;
import io.plg.reward.Redemption;
import io.plg.reward.Redemption.Status;
import io.plg.reward.Reward;
import io.plg.reward.RewardState;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** JVMs that die between any two statements of a sign-up that is rewarded, or of a redemption: nothing is half done, and doing it again does it once. */
final class KilledReferralTest {
    private static Node node;

    @BeforeAll
    static void start() {
        node = Node.on(CrashServer.app(), 6);
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    @Test
    void wherever_a_process_is_killed_a_sign_up_with_all_it_earns_is_done_or_not() throws Exception {
        for (int i = 0; i < Form.times(1, 20); i++) {
            var joined = new ArrayList<SignUp>();
            var stepped = new ArrayList<SignUp>();
            try (Child child = Child.start(1, 100).get(0)) {
                stopBetweenAnyTwoStatements(child, "host", joined);
                stopBetweenAnyTwoStatements(child, "own", stepped);
                child.kill();
            }
            ReferralInvariants.ended();
            isDoneOrNot(joined);
            eachStepIsDoneOrNot(stepped);
        }
    }

    /** The negative control: what is half done is found. */
    @Test
    void a_missing_reward_a_wrong_directory_and_a_missing_activation_are_found() throws Exception {
        List<SignUp> all = List.of(SignUp.of(0), SignUp.of(0), SignUp.of(0));
        for (SignUp each : all) {
            Friends.join(node, each.code(), each.referred(), each.user());
        }
        ReferralInvariants.holdWithRows(workspaces(all));
        CrashServer.execute(
                CrashServer.superuser(),
                "delete from plg.reward where rule = 'money' and workspace_id = '"
                        + all.get(0).referred() + "'",
                "update plg_directory.referral set workspace_id = 'elsewhere' where workspace_id = '"
                        + all.get(1).referrers() + "'",
                "delete from plg.activation_step where workspace_id = '"
                        + all.get(2).referred() + "'");

        assertThat(ReferralInvariants.violations(workspaces(all)))
                .hasSize(5)
                .anyMatch(each -> each.endsWith("is told 2000, the entries of the rewards add up to 0"))
                .anyMatch(each -> each.endsWith("has 3 rewards, 3 of them different and 3 in the right place"))
                .anyMatch(each -> each.endsWith("is of no reward"))
                .anyMatch(each -> each.equals("directory and graph of at-once differ about "
                        + all.get(1).user()))
                .anyMatch(each -> each.equals("referral of " + all.get(2).user() + " and the activation differ"));
    }

    /** Anywhere: also within a statement or a commit. */
    @Test
    void whatever_a_process_has_told_when_it_is_killed_has_been_done() throws Exception {
        var random = new Random(11);
        for (int i = 0; i < Form.times(1, 20); i++) {
            String workspace = CrashServer.workspace("joins");
            var codes = new ArrayList<String>();
            for (int each = 0; each < 100; each++) {
                codes.add(Friends.code(node.plg(), workspace, Friends.AT_ONCE, "ada" + each + "-" + workspace));
            }
            var told = new ArrayList<String>();
            try (Child child = Child.start()) {
                Child.Call joins = child.call("friends", "joins", workspace, String.join(",", codes));
                told.add(joins.next());
                Invariants.pause(random.nextInt(200));
                child.kill();
                told.addAll(joins.rest());
            }
            ReferralInvariants.ended();
            told.remove("done");
            ReferralInvariants.holdWithRows(workspace);
            List<String> issued = issued(workspace);
            assertThat(issued).containsAll(told);
            // On each thread one may have been committed that nobody was told of.
            assertThat(issued).hasSizeBetween(told.size(), told.size() + 3);
        }
    }

    /** The users who have all that they earn by their activation. */
    private static List<String> issued(String workspace) {
        String users = CrashServer.text(
                CrashServer.superuser(),
                "select string_agg(actor_id, ' ') from (select actor_id from plg.reward where party = 'REFERRED' and state = 'ISSUED' and workspace_id = '"
                        + workspace + "' group by actor_id having count(*) = 2) x");
        return users == null ? List.of() : List.of(users.split(" "));
    }

    /** In a transaction of the host, only the last has committed. */
    private static void isDoneOrNot(List<SignUp> all) throws Exception {
        SignUp last = all.get(all.size() - 1);
        for (SignUp each : all) {
            assertThat(each.rewards())
                    .as("rewards, killed before statement %s of %s", each.stop(), all.size())
                    .isEqualTo(each == last ? 4 : 0);
        }
        ReferralInvariants.holdWithRows(workspaces(all));
        for (SignUp each : all) {
            Friends.join(node, each.code(), each.referred(), each.user());
            Friends.join(node, each.code(), each.referred(), each.user());
            each.isGiven();
        }
        ReferralInvariants.holdWithRows(workspaces(all));
    }

    /** Also the negative control: what the host has committed on its own is found. */
    private static void eachStepIsDoneOrNot(List<SignUp> all) throws Exception {
        for (SignUp each : all) {
            assertThat(each.rewards())
                    .as("killed before statement %s", each.stop())
                    .isIn(0L, 4L);
        }
        ReferralInvariants.hold(workspaces(all));
        assertThat(ReferralInvariants.unlikeRows(workspaces(all)))
                .isNotEmpty()
                .allMatch(each -> each.startsWith("the host has lin") && each.endsWith(", the graph nobody"));
        for (SignUp each : all) {
            Friends.joinBySteps(node, each.code(), each.referred(), each.user());
            Friends.joinBySteps(node, each.code(), each.referred(), each.user());
            each.isGiven();
        }
        ReferralInvariants.holdWithRows(workspaces(all));
    }

    private static void stopBetweenAnyTwoStatements(Child child, String in, List<SignUp> all) {
        int statements = done(SignUp.of(FriendsWork.NOWHERE).start(child, in));
        assertThat(statements).isBetween(5, 45);
        for (int stop = 1; stop <= statements; stop++) {
            SignUp each = SignUp.of(stop);
            all.add(each);
            each.start(child, in).reaches("statement");
        }
    }

    private static String[] workspaces(List<SignUp> all) {
        return all.stream()
                .flatMap(each -> Stream.of(each.referrers(), each.referred()))
                .toArray(String[]::new);
    }

    /** How many statements it took. */
    private static int done(Child.Call call) {
        String[] words = call.next().split(" ");
        assertThat(words[0]).as(String.join(" ", words)).isEqualTo("done");
        return Integer.parseInt(words[1]);
    }

    /**
     * Somebody who signs up in a workspace, referred by somebody of another one.
     *
     * @param stop before which statement the process is killed
     */
    private record SignUp(String referrers, String referred, String code, int stop) {
        static SignUp of(int stop) {
            String referrers = CrashServer.workspace("referrers");
            return new SignUp(
                    referrers,
                    CrashServer.workspace("referred"),
                    Friends.code(node.plg(), referrers, Friends.AT_ONCE, "ada-" + referrers),
                    stop);
        }

        String user() {
            return "lin-" + referred;
        }

        Child.Call start(Child child, String in) {
            return child.call("friends", "join", in, code, referred, user(), String.valueOf(stop));
        }

        long rewards() {
            return CrashServer.count(
                    "select count(*) from plg.reward where workspace_id in ('" + referrers + "', '" + referred + "')");
        }

        /** Both have their money, and both workspaces have what is for the gates. */
        void isGiven() {
            assertThat(rewards()).isEqualTo(4);
            for (String workspace : List.of(referrers, referred)) {
                String who = workspace.equals(referrers) ? "ada-" + referrers : user();
                assertThat(node.plg()
                                .workspace(workspace)
                                .rewards()
                                .balanceOf(who)
                                .money("USD")
                                .minorUnits())
                        .isEqualTo(Friends.CENTS);
                assertThat(node.gates(workspace).check(Exports.MILLIONS).limit())
                        .isEqualTo(Exports.LIMIT_OF_MILLIONS + 10);
            }
        }
    }

    @Test
    void wherever_a_process_is_killed_a_reward_is_redeemed_once() throws Exception {
        for (int i = 0; i < Form.times(1, 20); i++) {
            var all = new ArrayList<Redeeming>();
            try (Child child = Child.start(1, 50).get(0)) {
                int statements = done(Redeeming.approved().start(child, FriendsWork.NOWHERE));
                assertThat(statements).isBetween(3, 45);
                for (int stop = 1; stop <= statements; stop++) {
                    Redeeming each = Redeeming.approved();
                    all.add(each);
                    each.start(child, stop).reaches("statement");
                }
                child.kill();
            }
            ReferralInvariants.ended();
            List<RewardState> states = all.stream().map(Redeeming::state).toList();
            assertThat(states).startsWith(RewardState.APPROVED).endsWith(RewardState.ISSUED);
            assertThat(states).isSortedAccordingTo(Comparator.comparing(state -> state == RewardState.ISSUED));
            ReferralInvariants.hold(Redeeming.workspaces(all));
            for (int each = 0; each < all.size(); each++) {
                Outcome<Redemption> again = all.get(each).redeem("k");
                assertThat(again)
                        .isInstanceOf(
                                states.get(each) == RewardState.ISSUED
                                        ? Outcome.Replayed.class
                                        : Outcome.Executed.class);
                all.get(each).isRedeemedOnce(again);
            }
            ReferralInvariants.holdWithRows(Redeeming.workspaces(all));
        }
    }

    @Test
    void a_redemption_whose_reply_is_lost_is_replayed_and_one_that_never_arrives_is_executed() throws Exception {
        try (var proxy = new CuttingProxy();
                Node behind = Node.on(Node.connections(CrashServer.url(proxy.port())), 2)) {
            var all = new ArrayList<Redeeming>();
            for (int i = 0; i < Form.times(10, 100); i++) {
                Cut where = i % 4 == 3 ? Cut.BEFORE_COMMIT : Cut.AFTER_COMMIT;
                Redeeming each = Redeeming.approved();
                all.add(each);
                proxy.cutNextCommit(where);
                assertThatThrownBy(() -> FriendsWork.redeem(behind, each.workspace(), each.id(), each.key("k")))
                        .isInstanceOf(OutcomeUnknown.class);
                assertThat(proxy.hasCut()).isTrue();
                assertThat(proxy.cutAfterCommit()).isEqualTo(where == Cut.AFTER_COMMIT);
                ReferralInvariants.ended();
                assertThat(each.state())
                        .isEqualTo(where == Cut.AFTER_COMMIT ? RewardState.ISSUED : RewardState.APPROVED);
                Outcome<Redemption> again = FriendsWork.redeem(behind, each.workspace(), each.id(), each.key("k"));
                assertThat(again)
                        .isInstanceOf(where == Cut.AFTER_COMMIT ? Outcome.Replayed.class : Outcome.Executed.class);
                each.isRedeemedOnce(again);
            }
            ReferralInvariants.holdWithRows(Redeeming.workspaces(all));
        }
    }

    /** A reward that can be redeemed. */
    private record Redeeming(String workspace, Reward reward) {
        static Redeeming approved() throws Exception {
            String workspace = CrashServer.workspace("claimed");
            String code = Friends.code(node.plg(), workspace, Friends.CLAIMED, "ada-" + workspace);
            Friends.join(node, code, workspace, "lin-" + workspace);
            return new Redeeming(
                    workspace,
                    node.plg()
                            .workspace(workspace)
                            .rewards()
                            .of("lin-" + workspace)
                            .get(0));
        }

        static String[] workspaces(List<Redeeming> all) {
            return all.stream().map(Redeeming::workspace).toArray(String[]::new);
        }

        String id() {
            return reward.id().toString();
        }

        String key(String name) {
            return workspace + "-" + name;
        }

        RewardState state() {
            return node.plg()
                    .workspace(workspace)
                    .rewards()
                    .find(reward.id())
                    .orElseThrow()
                    .state();
        }

        Child.Call start(Child child, int stop) {
            return child.call("friends", "redeem", workspace, id(), key("k"), String.valueOf(stop));
        }

        Outcome<Redemption> redeem(String key) {
            return FriendsWork.redeem(node, workspace, id(), key(key));
        }

        void isRedeemedOnce(Outcome<Redemption> outcome) throws Exception {
            assertThat(outcome.orThrow().status()).isEqualTo(Status.REDEEMED);
            assertThat(redeem("k")).isInstanceOf(Outcome.Replayed.class);
            assertThat(redeem("other").orThrow().status()).isEqualTo(Status.ALREADY_REDEEMED);
            assertThat(node.plg().workspace(workspace).rewards().entriesOf(UserId.of("lin-" + workspace)))
                    .hasSize(1);
        }
    }
}
