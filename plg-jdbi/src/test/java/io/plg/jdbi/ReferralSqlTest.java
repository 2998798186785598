package io.plg.jdbi;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.PlgStores;
import io.plg.TransactionConflict;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.referral.ReferralStore;
import io.plg.referral.ReferralStore.Bound;
import io.plg.referral.ReferralStore.Edge;
import io.plg.referral.ReferralStore.NewReferral;
import io.plg.referral.ReferralStore.Position;
import io.plg.referral.ReferralStore.Subtree;
import io.plg.referral.ReferralStore.Traces;
import io.plg.referral.ReferralStore.Wish;
import io.plg.reward.RewardCap;
import io.plg.reward.RewardStore.Decided;
import io.plg.reward.RewardStore.Row;
import io.plg.reward.RewardStore.Take;
import io.plg.reward.Stage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What only SQL can get wrong about referrals and rewards: the graph as it is kept, and transactions at the same time. */
final class ReferralSqlTest {
    private static final int MEMBERS = 3_000;

    private final WorkspaceId acme = WorkspaceId.of("acme-" + UUID.randomUUID());
    private final String suffix = "-" + UUID.randomUUID();

    @ParameterizedTest
    @CsvSource({"true, 1", "true, 2", "false, 3"})
    @Timeout(value = 120, unit = TimeUnit.SECONDS)
    void aForestWithLateRootsIsWhatItsEdgesSay(boolean tidied, long seed) {
        PlgStores stores = stores();
        ReferralStore referrals = stores.referrals();
        var random = new Random(seed);
        var parents = new HashMap<String, String>();
        var people = new ArrayList<String>();
        // Transactions of many binds make it fast; what is uncommitted must be seen by its own transaction as well.
        while (parents.size() < MEMBERS) {
            stores.transact(tx -> {
                for (int i = 0; i < 100; i++) {
                    String referrer = pick(random, people, parents.size());
                    String user = random.nextInt(3) == 0 && !people.isEmpty()
                            ? people.get(random.nextInt(people.size()))
                            : "u" + people.size() + "." + i + suffix;
                    Bound expected = referrer.equals(user) || isAbove(parents, user, referrer)
                            ? parents.containsKey(user) ? null : Bound.LOOP
                            : parents.containsKey(user) ? Bound.ALREADY : Bound.BOUND;
                    Bound bound = tx.referrals().bind(acme, Referred.by("p" + suffix, referrer, user), List.of());
                    if (expected == null) {
                        assertThat(bound).isNotEqualTo(Bound.BOUND);
                    } else {
                        assertThat(bound).as("%s by %s", user, referrer).isEqualTo(expected);
                    }
                    if (bound == Bound.BOUND) {
                        parents.put(user, referrer);
                        List.of(referrer, user).stream()
                                .filter(each -> !people.contains(each))
                                .forEach(people::add);
                    }
                }
                return parents;
            });
            if (tidied && random.nextInt(3) == 0) {
                referrals.tidy(acme, "p" + suffix);
            }
        }
        Map<String, Long> sizes = new HashMap<>();
        Map<String, Integer> depths = new HashMap<>();
        for (String each : people) {
            int depth = 0;
            for (String at = each; at != null; at = parents.get(at)) {
                sizes.merge(at, 1L, Long::sum);
                depth++;
            }
            depths.put(each, depth - 1);
        }
        check(referrals, parents, people, sizes, depths, random);
        List<Subtree> largest = people.stream()
                .map(each -> new Subtree(UserId.of(each), sizes.get(each)))
                .sorted(Comparator.comparingLong(Subtree::size)
                        .reversed()
                        .thenComparing(each -> each.user().value()))
                .limit(50)
                .toList();
        assertThat(referrals.largest(acme, "p" + suffix, 50)).isEqualTo(largest);

        int counted = 0;
        for (int now = referrals.tidy(acme, "p" + suffix); now > 0; now = referrals.tidy(acme, "p" + suffix)) {
            assertThat(now).isLessThanOrEqualTo(500);
            counted += now;
        }
        assertThat(counted).as("what was not counted").isGreaterThan(tidied ? -1 : MEMBERS - 1);
        check(referrals, parents, people, sizes, depths, random);
        assertThat(referrals.largest(acme, "p" + suffix, 50)).isEqualTo(largest);
    }

    private void check(
            ReferralStore referrals,
            Map<String, String> parents,
            List<String> people,
            Map<String, Long> sizes,
            Map<String, Integer> depths,
            Random random) {
        String program = "p" + suffix;
        for (int i = 0; i < 100; i++) {
            String each = people.get(random.nextInt(people.size()));
            assertThat(referrals.position(acme, program, UserId.of(each)))
                    .as(each)
                    .contains(new Position(depths.get(each), sizes.get(each)));
            assertThat(referrals.depthOverall(program, UserId.of(each))).isEqualTo(depths.get(each));
            var above = new ArrayList<Optional<UserId>>();
            for (String at = parents.get(each); at != null; at = parents.get(at)) {
                above.add(Optional.of(UserId.of(at)));
            }
            assertThat(referrals.ancestors(acme, program, UserId.of(each), 10_000))
                    .isEqualTo(above);
        }
        assertThat(referrals.all(acme, program))
                .hasSize(parents.size())
                .allSatisfy(edge -> assertThat(parents.get(user(edge.user()))).isEqualTo(user(edge.referrer())));
        var generations = new ArrayList<long[]>();
        people.forEach(each -> {
            while (generations.size() <= depths.get(each)) {
                generations.add(new long[2]);
            }
            generations.get(depths.get(each))[0]++;
        });
        parents.values().stream().distinct().forEach(each -> generations.get(depths.get(each))[1]++);
        assertThat(referrals.generations(acme, program))
                .isEqualTo(generations.stream()
                        .map(each -> new ReferralStore.Generation(each[0], each[1]))
                        .toList());
    }

    private static String user(UserId user) {
        return user.value();
    }

    /** Mostly somebody who is there already, so that trees become deep, and sometimes somebody new, who becomes a root. */
    private String pick(Random random, List<String> people, int n) {
        return people.isEmpty() || random.nextInt(12) == 0
                ? "r" + n + "." + random.nextInt() + suffix
                : people.get(random.nextInt(3) == 0 ? people.size() - 1 : random.nextInt(people.size()));
    }

    private static boolean isAbove(Map<String, String> parents, String above, String from) {
        for (String at = from; at != null; at = parents.get(at)) {
            if (at.equals(above)) {
                return true;
            }
        }
        return false;
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4})
    @Timeout(value = 120, unit = TimeUnit.SECONDS)
    void bindingsThatTogetherWouldCloseALoopNeverDo(int length) throws Exception {
        PlgStores stores = stores();
        ExecutorService threads = Executors.newFixedThreadPool(length);
        var barrier = new CyclicBarrier(length);
        var random = new Random(length);
        try {
            for (int round = 0; round < 60; round++) {
                String at = "." + round + suffix;
                // Who has a place already takes another way than who is new.
                for (int i = 0; i < length; i++) {
                    if (random.nextBoolean()) {
                        stores.referrals()
                                .bind(acme, Referred.by("p" + suffix, "m" + i + at, "leaf" + i + at), List.of());
                    }
                }
                var work = new ArrayList<Callable<Bound>>();
                for (int i = 0; i < length; i++) {
                    NewReferral referral = Referred.by("p" + suffix, "m" + (i + 1) % length + at, "m" + i + at);
                    work.add(() -> {
                        barrier.await();
                        while (true) {
                            try {
                                return stores.referrals().bind(acme, referral, List.of());
                            } catch (TransactionConflict e) {
                                Thread.onSpinWait(); // it is to be begun again
                            }
                        }
                    });
                }
                var outcomes = new ArrayList<Bound>();
                for (Future<Bound> each : threads.invokeAll(work)) {
                    outcomes.add(each.get());
                }
                assertThat(outcomes)
                        .as("round " + round)
                        .containsOnlyOnce(Bound.LOOP)
                        .doesNotContain(Bound.ALREADY);
                for (int i = 0; i < length; i++) {
                    assertThat(stores.referrals().depthOverall("p" + suffix, UserId.of("m" + i + at)))
                            .isLessThan(length);
                    assertThat(stores.referrals().ancestors(acme, "p" + suffix, UserId.of("m" + i + at), 100))
                            .hasSizeLessThan(length);
                }
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    @Timeout(value = 30, unit = TimeUnit.SECONDS)
    void whoIsReferredByOnePersonDoesNotWaitForOthers() {
        PlgStores stores = stores();
        String root = "root" + suffix;
        stores.referrals().bind(acme, Referred.by("p" + suffix, root, "first" + suffix), List.of());
        stores.transact(open -> {
            assertThat(open.referrals().bind(acme, Referred.by("p" + suffix, root, "second" + suffix), List.of()))
                    .isEqualTo(Bound.BOUND);
            long begun = System.nanoTime();
            // Whatever waits for the open transaction is ended after a second.
            assertThat(impatient().referrals().bind(acme, Referred.by("p" + suffix, root, "third" + suffix), List.of()))
                    .isEqualTo(Bound.BOUND);
            assertThat(impatient().referrals().tidy(acme, "p" + suffix)).isEqualTo(2);
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(10));
            return root;
        });
        assertThat(stores.referrals().position(acme, "p" + suffix, UserId.of(root)))
                .contains(new Position(0, 4));
    }

    @Test
    @Timeout(value = 30, unit = TimeUnit.SECONDS)
    void countingGivesUpRatherThanWaitingForAPlaceThatIsLocked() {
        PlgStores stores = stores();
        stores.referrals().bind(acme, Referred.by("p" + suffix, "root" + suffix, "first" + suffix), List.of());
        try (Handle host = Jdbi.create(Postgres.superuser()).open()) {
            host.begin();
            host.execute("select 1 from plg.referral where actor_id = ? for update", "root" + suffix);
            assertThat(stores.referrals().tidy(acme, "p" + suffix)).isZero();
            host.rollback();
        }
        assertThat(stores.referrals().tidy(acme, "p" + suffix)).isEqualTo(1);
    }

    private static PlgStores impatient() {
        var connections = Postgres.as("app");
        connections.setOptions("-c lock_timeout=1s");
        return new JdbiStores(new Database(connections, HostTransactions.NONE), null);
    }

    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS)
    void oneKeyIsDecidedOnceAndTakesFromOneCapWhateverItsCapsAre() throws Exception {
        PlgStores stores = stores();
        ExecutorService threads = Executors.newFixedThreadPool(16);
        var barrier = new CyclicBarrier(16);
        try {
            for (int round = 0; round < 20; round++) {
                String event = "e" + round + suffix;
                var work = new ArrayList<Callable<Decided>>();
                for (int i = 0; i < 16; i++) {
                    Row reward = Referred.reward(
                            event,
                            "ada" + suffix,
                            List.of(Referred.cap(RewardCap.Scope.REFERRER, "r" + i % 4 + event, 1)));
                    work.add(() -> {
                        barrier.await();
                        return stores.rewards()
                                .decide(acme, reward, reward.taken(), List.of(Referred.entry(reward)), List.of());
                    });
                }
                var decided = new ArrayList<Decided>();
                for (Future<Decided> each : threads.invokeAll(work)) {
                    decided.add(each.get());
                }
                assertThat(decided)
                        .filteredOn(each -> each.outcome() == Decided.Outcome.STORED)
                        .hasSize(1);
                assertThat(decided)
                        .filteredOn(each -> each.outcome() != Decided.Outcome.CAPPED)
                        .extracting(Decided::id)
                        .containsOnly(stores.rewards()
                                .decidedAt(acme, Referred.PROGRAM, event)
                                .get(0)
                                .id());
                assertThat(taken("r%" + event)).isEqualTo(1);
            }
            assertThat(stores.rewards().entries(acme, UserId.of("ada" + suffix)))
                    .hasSize(20);
        } finally {
            threads.shutdownNow();
        }
    }

    private static long taken(String users) {
        try (Handle superuser = Jdbi.create(Postgres.superuser()).open()) {
            return superuser
                    .createQuery("select coalesce(sum(taken), 0) from plg.reward_cap where user_id like :users")
                    .bind("users", users)
                    .mapTo(Long.class)
                    .one();
        }
    }

    @Test
    void aCapThatIsGivenBackIsThereForTheNextOne() {
        PlgStores stores = stores();
        Take cap = Referred.cap(RewardCap.Scope.REFERRER, "ada" + suffix, 1);
        Row first = Referred.reward("first" + suffix, "ada" + suffix, List.of(cap));
        Row second = Referred.reward("second" + suffix, "ada" + suffix, List.of(cap));
        stores.rewards().decide(acme, first, first.taken(), List.of(), List.of());
        assertThat(stores.rewards().decide(acme, second, second.taken(), List.of(), List.of()))
                .isEqualTo(new Decided(Decided.Outcome.CAPPED, second.id(), cap.cap()));

        stores.transact(tx -> {
            Row locked = tx.rewards().lock(acme, first.id()).orElseThrow();
            tx.rewards().update(acme, locked, locked.taken(), List.of(), List.of());
            return locked;
        });
        assertThat(stores.rewards()
                        .decide(acme, second, second.taken(), List.of(), List.of())
                        .outcome())
                .isEqualTo(Decided.Outcome.STORED);
    }

    @Test
    void aWorkspaceIsNamedWhileARewardIsDueAlsoIfItWasDecidedSinceTheLastLook() {
        PlgStores stores = stores();
        var later = Referred.NOW.plus(Duration.ofHours(3));
        Row first = Referred.reward("first" + suffix, "ada" + suffix, List.of());
        stores.rewards().decide(acme, first, List.of(), List.of(), List.of());
        try (Handle open = Jdbi.create(Postgres.app()).open();
                JdbiPlg plg = JdbiPlg.on(Postgres.app()).build()) {
            open.begin();
            PlgStores joined = new JdbiStores(new Database(Postgres.app(), HostTransactions.NONE), null)
                    .join(open, Joined.of(open));
            Row second = Referred.reward("second" + suffix, "ada" + suffix, List.of());
            joined.rewards().decide(acme, second, List.of(), List.of(), List.of());
            done(stores, first);

            stores.rewards().lookedAt(acme, later);
            open.commit();
            assertThat(stores.rewards().workspacesDue(later, 10_000))
                    .as("the second was not committed when somebody looked")
                    .contains(acme);

            stores.rewards().lookedAt(acme, later);
            assertThat(stores.rewards().workspacesDue(later, 10_000)).contains(acme);
            done(stores, second);
            stores.rewards().lookedAt(acme, later);
            assertThat(stores.rewards().workspacesDue(later, 10_000)).doesNotContain(acme);
        }
    }

    private void done(PlgStores stores, Row reward) {
        stores.rewards()
                .update(
                        acme,
                        new Row(
                                reward.id(),
                                reward.key(),
                                reward.user(),
                                reward.state(),
                                reward.benefit(),
                                reward.terms(),
                                reward.decidedAt(),
                                null,
                                Referred.NOW,
                                Referred.NOW,
                                "",
                                List.of(),
                                null,
                                reward.fulfilment(),
                                reward.refunded()),
                        List.of(),
                        List.of(),
                        List.of());
    }

    @Test
    void aCodeThatTwoUsersOfAWorkspaceWishForAtOnceStaysTheFirstOnes() throws Exception {
        PlgStores stores = stores();
        String code = UUID.randomUUID().toString().substring(0, 8).toUpperCase(java.util.Locale.ROOT);
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            Future<Optional<ReferralStore.Code>> late = stores.transact(tx -> {
                assertThat(tx.referrals().code(acme, wish("ada", code))).isPresent();
                Future<Optional<ReferralStore.Code>> waits =
                        thread.submit(() -> stores.referrals().code(acme, wish("lin", code)));
                TimeUnit.MILLISECONDS.sleep(300);
                return waits;
            });
            assertThat(late.get()).isEmpty();
            assertThat(stores.referrals().find(code, false))
                    .get()
                    .extracting(found -> found.user().value())
                    .isEqualTo("ada" + suffix);
        } finally {
            thread.shutdownNow();
        }
    }

    private Wish wish(String user, String code) {
        return new Wish("p" + suffix, UserId.of(user + suffix), "", code, Traces.NONE, Referred.NOW);
    }

    @Test
    void whereTheReferredUserGotThereIsKeptOnceAndForgottenWithTheWorkspace() {
        PlgStores stores = stores();
        WorkspaceId globex = WorkspaceId.of("globex" + suffix);
        NewReferral referral = Referred.by("p" + suffix, "ada" + suffix, "lin" + suffix);
        stores.referrals().bind(acme, referral, List.of());
        List<String> programs = List.of("p" + suffix);
        UserId lin = referral.user();

        stores.referrals().reach(programs, lin, null, Stage.SIGN_UP, Referred.NOW);
        assertThat(stores.referrals()
                        .find(acme, "p" + suffix, referral.id())
                        .orElseThrow()
                        .referredIn())
                .isNull();
        assertThat(stores.referrals().reach(programs, lin, globex, Stage.SIGN_UP, Referred.NOW))
                .as("it is no news")
                .isEmpty();
        assertThat(stores.referrals()
                        .reach(programs, lin, acme, Stage.ACTIVATION, Referred.NOW)
                        .get(0)
                        .referredIn())
                .isEqualTo(globex);
        stores.tenancy().delete(globex);
        assertThat(stores.referrals()
                        .find(acme, "p" + suffix, referral.id())
                        .orElseThrow()
                        .referredIn())
                .isNull();
    }

    @Test
    void theReferralOfSomebodyWhoHadAPlaceIsFoundByItsOwnId() {
        PlgStores stores = stores();
        stores.referrals().bind(acme, Referred.by("p" + suffix, "ada" + suffix, "lin" + suffix), List.of());
        NewReferral late = Referred.by("p" + suffix, "eve" + suffix, "ada" + suffix);
        stores.referrals().bind(acme, late, List.of());

        Edge edge = stores.referrals()
                .find(acme, "p" + suffix, late.id())
                .orElseThrow()
                .referral();
        assertThat(edge.id()).isEqualTo(late.id());
        assertThat(edge.user()).isEqualTo(late.user());
        assertThat(stores.referrals()
                        .referralOf("p" + suffix, late.user())
                        .orElseThrow()
                        .referral())
                .isEqualTo(edge);
    }

    private static PlgStores stores() {
        return new JdbiStores(new Database(Postgres.app(), HostTransactions.NONE), null);
    }
}
