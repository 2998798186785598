package io.plg.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.UserErased;
import io.plg.UserId;
import io.plg.WorkspaceDeleted;
import io.plg.WorkspaceId;
import io.plg.referral.ReferralStore;
import io.plg.referral.ReferralStore.Bound;
import io.plg.referral.ReferralStore.Edge;
import io.plg.referral.ReferralStore.Found;
import io.plg.referral.ReferralStore.Generation;
import io.plg.referral.ReferralStore.NewReferral;
import io.plg.referral.ReferralStore.Position;
import io.plg.referral.ReferralStore.Reached;
import io.plg.referral.ReferralStore.Standing;
import io.plg.referral.ReferralStore.Subtree;
import io.plg.referral.ReferralStore.Traces;
import io.plg.referral.ReferralStore.Wish;
import io.plg.reward.Stage;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class InMemoryReferralStoreTest {
    private static final Instant T0 = Instant.parse("2026-03-01T00:00:00Z");
    private static final String PROGRAM = "invite";
    private static final WorkspaceId ACME = WorkspaceId.of("acme");
    private static final WorkspaceId OTHER = WorkspaceId.of("other");

    private final InMemoryStores stores = InMemoryStores.create();
    private final ReferralStore store = stores.referrals();
    private long ids;

    @Property(tries = 300)
    void theGraphIsThatOfANaiveOne(@ForAll @Size(max = 40) List<@IntRange(min = 0, max = 511) Integer> binds) {
        var test = new InMemoryReferralStoreTest();
        var oracle = new HashMap<UserId, UserId>();
        var where = new HashMap<UserId, WorkspaceId>();
        for (int bind : binds) {
            WorkspaceId workspace = bind % 2 == 0 ? ACME : OTHER;
            UserId referrer = user("u" + bind / 2 % 8);
            UserId user = user("u" + bind / 16 % 8);
            boolean undone = bind / 128 == 3;
            Bound expected =
                    referrer.equals(user) || (above(oracle, referrer).contains(user) && !oracle.containsKey(user))
                            ? Bound.LOOP
                            : oracle.containsKey(user) ? Bound.ALREADY : Bound.BOUND;

            Bound bound = undone
                    ? test.rolledBack(() -> test.bind(workspace, referrer, user))
                    : test.bind(workspace, referrer, user);

            assertThat(bound).isEqualTo(expected);
            if (bound == Bound.BOUND && !undone) {
                oracle.put(user, referrer);
                where.put(user, workspace);
            }
        }
        for (WorkspaceId workspace : List.of(ACME, OTHER)) {
            test.assertGraph(workspace, oracle, where);
        }
    }

    private void assertGraph(WorkspaceId workspace, Map<UserId, UserId> overall, Map<UserId, WorkspaceId> where) {
        var parents = new HashMap<UserId, UserId>(overall);
        parents.keySet().removeIf(user -> !workspace.equals(where.get(user)));
        long referrals = 0;
        for (int i = 0; i < 8; i++) {
            UserId user = user("u" + i);
            boolean member = parents.containsKey(user) || parents.containsValue(user);
            long size = 1
                    + parents.keySet().stream()
                            .filter(other -> above(parents, other).contains(user))
                            .count();
            assertThat(store.position(workspace, PROGRAM, user))
                    .isEqualTo(
                            member
                                    ? Optional.of(
                                            new Position(above(parents, user).size(), size))
                                    : Optional.empty());
            assertThat(store.ancestors(workspace, PROGRAM, user, 100))
                    .isEqualTo(above(parents, user).stream().map(Optional::of).toList());
            assertThat(store.depthOverall(PROGRAM, user))
                    .isEqualTo(above(overall, user).size());
            assertThat(store.referrals(workspace, PROGRAM, user, 100))
                    .extracting(Edge::user)
                    .containsExactlyInAnyOrderElementsOf(parents.keySet().stream()
                            .filter(other -> user.equals(parents.get(other)))
                            .toList());
            referrals += parents.containsKey(user) ? 1 : 0;
        }
        assertThat(store.all(workspace, PROGRAM)).hasSize((int) referrals);
        List<Generation> generations = store.generations(workspace, PROGRAM);
        assertThat(generations.stream().skip(1).mapToLong(Generation::members).sum())
                .isEqualTo(referrals);
        assertThat(generations.stream().mapToLong(Generation::referrers).sum())
                .isEqualTo(parents.values().stream().distinct().count());
    }

    private static List<UserId> above(Map<UserId, UserId> parents, UserId user) {
        var above = new ArrayList<UserId>();
        for (UserId up = parents.get(user); up != null; up = parents.get(up)) {
            above.add(up);
        }
        return above;
    }

    @Test
    void aRolledBackTransactionLeavesNothing() {
        bind(ACME, "ada", "ben");
        Edge before = edge("ben");

        rolledBack(() -> {
            bind(ACME, "zoe", "ada");
            bind(ACME, "ben", "cy");
            store.reach(List.of(PROGRAM), user("ben"), OTHER, Stage.ACTIVATION, T0);
            code("ada", "AAAA", "board");
            store.find("AAAA", true);
            return store.invited(ACME, PROGRAM, user("ada"), new UUID(7, 7), T0);
        });

        assertThat(store.position(ACME, PROGRAM, user("ada"))).contains(new Position(0, 2));
        assertThat(store.position(ACME, PROGRAM, user("zoe"))).isEmpty();
        assertThat(edge("ben")).isEqualTo(before);
        assertThat(store.find("AAAA", false)).isEmpty();
        assertThat(store.depthOverall(PROGRAM, user("cy"))).isZero();
        assertThat(store.invited(ACME, PROGRAM, user("ada"), new UUID(7, 7), T0))
                .isTrue();
        assertThat(bind(OTHER, "ben", "cy")).isEqualTo(Bound.BOUND);
    }

    @Test
    void aLoopThroughOtherWorkspacesIsRefused() {
        bind(ACME, "ada", "ben");
        bind(OTHER, "ben", "cy");

        assertThat(bind(ACME, "cy", "ada")).isEqualTo(Bound.LOOP);
        assertThat(bind(ACME, "zoe", "ada")).isEqualTo(Bound.BOUND);
        assertThat(store.depthOverall(PROGRAM, user("cy"))).isEqualTo(3);
    }

    @Test
    void aHundredThousandGenerationsAreNoneTooMany() {
        int depth = 100_000;
        for (int i = depth; i > 0; i--) {
            bind(ACME, "u" + (i - 1), "u" + i);
        }

        assertThat(store.position(ACME, PROGRAM, user("u" + depth))).contains(new Position(depth, 1));
        assertThat(store.generations(ACME, PROGRAM)).hasSize(depth + 1);
        assertThat(store.largest(ACME, PROGRAM, 1)).containsExactly(new Subtree(user("u0"), depth + 1));
        assertThat(bind(ACME, "u" + depth, "u0")).isEqualTo(Bound.LOOP);
    }

    @Test
    void equallyLargeSubtreesAreInTheOrderOfTheBytesOfTheirIds() {
        bind(ACME, "a", "\uFFFD");
        bind(ACME, "a", "\uD83D\uDE00");
        bind(ACME, "a", "b");

        assertThat(store.largest(ACME, PROGRAM, 9))
                .extracting(subtree -> subtree.user().value())
                .containsExactly("a", "b", "\uFFFD", "\uD83D\uDE00");
    }

    @Test
    void anErasedUserKeepsANamelessPlace() {
        code("ben", "BBBB", "");
        bind(ACME, "ada", "ben");
        bind(ACME, "ben", "cy");

        stores.tenancy().erase(user("ben"));

        assertThat(edge("cy").referrer()).isNull();
        assertThat(store.ancestors(ACME, PROGRAM, user("cy"), 9))
                .containsExactly(Optional.empty(), Optional.of(user("ada")));
        assertThat(store.position(ACME, PROGRAM, user("ada"))).contains(new Position(0, 3));
        assertThat(store.largest(ACME, PROGRAM, 9))
                .containsExactly(new Subtree(user("ada"), 3), new Subtree(user("cy"), 1));
        assertThat(bind(ACME, "cy", "ada")).isEqualTo(Bound.LOOP);
        assertThat(store.find("BBBB", true)).isEmpty();
        assertThat(code("zoe", "BBBB", "")).isEmpty();
        assertThatThrownBy(() -> bind(ACME, "ben", "dan")).isInstanceOf(UserErased.class);
        assertThatThrownBy(() -> store.referralOf(PROGRAM, user("ben"))).isInstanceOf(UserErased.class);
    }

    @Test
    void peopleKeepTheirPlacesWhenAWorkspaceIsDeleted() {
        code("ada", "AAAA", "");
        bind(ACME, "ada", "ben");
        bind(OTHER, "ben", "cy");
        store.reach(List.of(PROGRAM), user("cy"), ACME, Stage.ACTIVATION, T0);

        stores.tenancy().delete(ACME);

        assertThat(store.find("AAAA", false)).isEmpty();
        assertThat(store.depthOverall(PROGRAM, user("cy"))).isEqualTo(2);
        assertThat(bind(OTHER, "dan", "ben")).isEqualTo(Bound.ALREADY);
        assertThat(bind(OTHER, "cy", "ada")).isEqualTo(Bound.LOOP);
        assertThat(store.reach(List.of(PROGRAM), user("ben"), null, Stage.ACTIVATION, T0))
                .isEmpty();
        assertThat(store.referralOf(PROGRAM, user("cy")).orElseThrow().referredIn())
                .isNull();
        assertThat(code(OTHER, "zoe", "AAAA", "")).isPresent();
        assertThatThrownBy(() -> store.all(ACME, PROGRAM)).isInstanceOf(WorkspaceDeleted.class);
    }

    @Test
    void aStageIsNewsOnceAndTheFirstWorkspaceStays() {
        bind(ACME, "ada", "ben");

        List<Reached> first = store.reach(List.of("none", PROGRAM), user("ben"), OTHER, Stage.ACTIVATION, T0);
        List<Reached> again = store.reach(List.of(PROGRAM), user("ben"), ACME, Stage.ACTIVATION, T0.plusSeconds(1));
        List<Reached> second = store.reach(List.of(PROGRAM), user("ben"), ACME, Stage.FIRST_PAYMENT, T0.plusSeconds(2));

        assertThat(first).extracting(Reached::referredIn).containsExactly(OTHER);
        assertThat(again).isEmpty();
        assertThat(second).extracting(Reached::referredIn).containsExactly(OTHER);
        assertThat(edge("ben").stages()).isEqualTo(Map.of("activation", T0, "first_payment", T0.plusSeconds(2)));
    }

    @Test
    void aCodeIsTheSameForEverAndOneOwnersOnly() {
        assertThat(code("ada", "AAAA", "").orElseThrow().code()).isEqualTo("AAAA");
        assertThat(code("ada", "CCCC", "").orElseThrow().code()).isEqualTo("AAAA");
        assertThat(code(OTHER, "ben", "AAAA", "")).isEmpty();
        assertThat(store.deactivate(OTHER, "AAAA")).isFalse();
        assertThat(store.deactivate(ACME, "AAAA")).isTrue();
        assertThat(store.deactivate(ACME, "AAAA")).isFalse();
        assertThat(store.find("AAAA", true).map(Found::code))
                .hasValueSatisfying(code -> assertThat(code.active()).isFalse());
    }

    @Test
    void sharesCountViewsAndWhatCameOfThem() {
        code("ada", "AAAA", "board");
        code("ada", "BBBB", "");
        store.find("AAAA", true);
        store.find("AAAA", false);
        store.find("BBBB", true);
        bind(ACME, user("ada"), user("ben"), "AAAA", Standing.FINE, Traces.NONE, T0);
        bind(ACME, user("ada"), user("cy"), "BBBB", Standing.FINE, Traces.NONE, T0);
        store.reach(List.of(PROGRAM), user("ben"), null, Stage.FIRST_PAYMENT, T0);

        assertThat(store.shares(ACME, PROGRAM))
                .containsExactly(new ReferralStore.ShareCounts(user("ada"), "board", "AAAA", 1, 1, 0, 1));
    }

    @Test
    void theHistoryCountsOthersOnTheDeviceAndThoseOfTheChain() {
        var device = new Traces(null, null, "d", null);
        bind(ACME, user("top"), user("ada"), "C", Standing.FINE, device, T0);
        bind(ACME, user("ada"), user("ben"), "C", Standing.FINE, device, T0.minus(Duration.ofHours(1)));
        bind(ACME, user("x"), user("far"), "C", Standing.FINE, device, T0.minus(Duration.ofHours(24)));

        var history = store.history(ACME, new ReferralStore.Question(PROGRAM, user("ada"), user("new"), device, T0));

        assertThat(history.sameDevice()).isTrue();
        assertThat(history.accountsOnDevice()).isEqualTo(3);
        assertThat(history.byDeviceLastDay()).isEqualTo(2);
        assertThat(history.chainOnDevice()).isEqualTo(2);
        assertThat(history.byReferrerLastHour()).isZero();
        assertThat(history.byReferrerLastDay()).isEqualTo(1);
        assertThat(history.accountsOnIp()).isZero();
        assertThat(store.history(ACME, new ReferralStore.Question(PROGRAM, user("ada"), user("far"), device, T0))
                        .accountsOnDevice())
                .isEqualTo(2);
    }

    @Test
    void onlyAHeldReferralIsJudged() {
        bind(ACME, user("ada"), user("ben"), "C", Standing.HELD, Traces.NONE, T0.plusSeconds(1));
        bind(ACME, user("ada"), user("cy"), "C", Standing.HELD, Traces.NONE, T0);
        UUID ben = edge("ben").id();

        assertThat(store.held(ACME, PROGRAM, 9)).extracting(Edge::user).containsExactly(user("cy"), user("ben"));
        assertThat(store.judge(ACME, PROGRAM, ben, Standing.REJECTED, "ring")).isTrue();
        assertThat(store.judge(ACME, PROGRAM, ben, Standing.FINE, "late")).isFalse();
        assertThat(edge("ben").standing()).isEqualTo(Standing.REJECTED);
        assertThat(edge("ben").verdict()).isEqualTo("ring");
        assertThat(store.held(ACME, PROGRAM, 9)).extracting(Edge::user).containsExactly(user("cy"));
    }

    private Edge edge(String user) {
        return store.referralOf(PROGRAM, user(user)).orElseThrow().referral();
    }

    private Optional<ReferralStore.Code> code(String user, String code, String artefact) {
        return code(ACME, user, code, artefact);
    }

    private Optional<ReferralStore.Code> code(WorkspaceId workspace, String user, String code, String artefact) {
        return store.code(workspace, new Wish(PROGRAM, user(user), artefact, code, Traces.NONE, T0));
    }

    private Bound bind(WorkspaceId workspace, String referrer, String user) {
        return bind(workspace, user(referrer), user(user));
    }

    private Bound bind(WorkspaceId workspace, UserId referrer, UserId user) {
        return bind(workspace, referrer, user, "CODE", Standing.FINE, Traces.NONE, T0);
    }

    private Bound bind(
            WorkspaceId workspace,
            UserId referrer,
            UserId user,
            String code,
            Standing standing,
            Traces traces,
            Instant at) {
        return store.bind(
                workspace,
                new NewReferral(
                        new UUID(0, ++ids),
                        new UUID(0, ++ids),
                        PROGRAM,
                        1,
                        referrer,
                        user,
                        code,
                        "",
                        at,
                        at,
                        standing,
                        "",
                        traces),
                List.of());
    }

    private <T> T rolledBack(Supplier<T> work) {
        var result = new ArrayList<T>();
        assertThatThrownBy(() -> stores.transact(tx -> {
                    result.add(work.get());
                    throw new IllegalStateException("undo");
                }))
                .hasMessage("undo");
        return result.get(0);
    }

    private static UserId user(String id) {
        return UserId.of(id);
    }
}
