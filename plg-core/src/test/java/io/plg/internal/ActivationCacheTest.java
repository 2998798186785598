package io.plg.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.ChangeFeed;
import io.plg.OperatorStore;
import io.plg.Plg;
import io.plg.PlgStores;
import io.plg.SettableClock;
import io.plg.StoreFailure;
import io.plg.TransactionWork;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.activation.Activation;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.ActivationReport;
import io.plg.activation.ActivationState;
import io.plg.activation.ActivationStore;
import io.plg.activation.Cohort;
import io.plg.activation.StepCompletion;
import io.plg.event.GrowthEvent;
import io.plg.gate.UsageStore;
import io.plg.idempotency.IdempotencyStore;
import io.plg.memory.InMemoryStores;
import io.plg.prompt.PromptPolicy;
import io.plg.prompt.PromptStore;
import io.plg.referral.ReferralStore;
import io.plg.reward.RewardStore;
import io.plg.tenancy.TenancyStore;
import io.plg.virality.ViralityStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is remembered, for how long, and what is never taken from memory; on stores that count the questions they are asked. */
class ActivationCacheTest {
    private static final ActivationFunnel ONBOARDING = ActivationFunnel.named("onboarding")
            .step("created")
            .step("exported")
            .build();
    private static final ActivationFunnel TEAM =
            ActivationFunnel.named("team").step("invited").step("joined").build();

    // Two seconds are promised; the test's own thread may be kept waiting too.
    private static final Duration A_LITTLE_MORE_THAN_PROMISED = Duration.ofMillis(2_500);

    private final FakeFeed feed = new FakeFeed();
    private final CountingStores stores = new CountingStores(InMemoryStores.create(), feed);
    private final Plg plg = PlgRuntime.assemble(stores, settings(ONBOARDING, TEAM));
    private final Activation onboarding = plg.workspace("acme").activation(ONBOARDING);

    @AfterEach
    void close() {
        plg.close();
    }

    @Test
    void nobodyReadsTheFeedBeforeSomebodyAsks() {
        plg.transact(tx -> tx.workspace("acme").activation(ONBOARDING).state("ada"));
        assertThat(feed.reader).isNull();

        onboarding.state("ada");

        eventually("the feed is read", () -> feed.polls.get() > 0);
        assertThat(feed.reader.isDaemon()).isTrue();
    }

    @Test
    void aStateIsReadOnceAndThenRemembered() {
        onboarding.complete("ada", "created");

        eventually("a hundred questions are answered without one to the store", () -> {
            onboarding.state("ada");
            int before = stores.finds.get();
            for (int i = 0; i < 100; i++) {
                assertThat(onboarding.state("ada").score()).isEqualTo(50);
            }
            return stores.finds.get() == before;
        });
    }

    @Test
    void whatAnotherNodeChangedIsSeenAsSoonAsTheFeedTellsOfIt() {
        Activation team = plg.workspace("acme").activation(TEAM);
        fromMemory(team, "ada");
        fromMemory("ada");
        fromMemory("lin");
        stores.completeOnAnotherNode("acme", ONBOARDING, "ada", "exported");
        stores.completeOnAnotherNode("acme", TEAM, "ada", "joined");
        stores.completeOnAnotherNode("acme", ONBOARDING, "lin", "exported");
        assertThat(fromMemory("ada").activated()).as("nobody told us yet").isFalse();

        long told = System.nanoTime();
        feed.tell("acme", "activation", "ada");

        eventually("the state is read anew", () -> onboarding.state("ada").activated());
        assertThat(Duration.ofNanos(System.nanoTime() - told)).isLessThan(A_LITTLE_MORE_THAN_PROMISED);
        feed.awaitPollAfterNow();
        assertThat(fromMemory(team, "ada").activated())
                .as("the change is the user's in every funnel")
                .isTrue();
        assertThat(fromMemory("lin").activated()).as("nobody told us of lin").isFalse();
    }

    @Test
    void changesOfOtherKindsAndOtherWorkspacesDropNothing() {
        fromMemory("ada");
        stores.completeOnAnotherNode("acme", ONBOARDING, "ada", "exported");

        feed.tell("globex", "activation", "ada");
        feed.tell("acme", "plan", "ada");
        feed.awaitPollAfterNow();

        assertThat(fromMemory("ada").activated()).isFalse();
    }

    @Test
    void everythingIsDroppedWhenTheFeedMayHaveMissedSomething() {
        fromMemory("ada");
        stores.completeOnAnotherNode("acme", ONBOARDING, "ada", "exported");
        assertThat(fromMemory("ada").activated()).isFalse();

        feed.missSomething();

        eventually("the state is read anew", () -> onboarding.state("ada").activated());
    }

    @Test
    void whileTheFeedFailsFromTheBeginningTheStoreIsAsked() {
        feed.fail(true);
        onboarding.state("ada");
        eventually("the feed was tried", () -> feed.polls.get() > 0);

        assertEveryQuestionGoesToTheStore();

        feed.fail(false);
        fromMemory("ada");
    }

    @Test
    void whenTheFeedBeginsToFailWhatIsRememberedIsUsedForLessThanTwoSeconds() {
        fromMemory("ada");
        feed.awaitPollAfterNow();
        feed.fail(true);
        long failing = System.nanoTime();
        stores.completeOnAnotherNode("acme", ONBOARDING, "ada", "exported");

        eventually("the store is asked", () -> onboarding.state("ada").activated());
        assertThat(Duration.ofNanos(System.nanoTime() - failing)).isLessThan(A_LITTLE_MORE_THAN_PROMISED);
        assertEveryQuestionGoesToTheStore();

        feed.tell("acme", "activation", "ada");
        feed.fail(false);
        fromMemory("ada");
        assertThat(onboarding.state("ada").activated())
                .as("what came before the failure was dropped")
                .isTrue();
    }

    @Test
    void whatThisNodeCommittedIsSeenAtOnce() {
        fromMemory("ada");

        onboarding.complete("ada", "created");
        assertThat(onboarding.state("ada").score()).isEqualTo(50);
        onboarding.signedUp("ada", Instant.EPOCH);
        assertThat(onboarding.state("ada").signedUpAt()).contains(Instant.EPOCH);
        onboarding.completeAll(List.of(ONBOARDING.step("exported").by("ada")));
        assertThat(onboarding.state("ada").score()).isEqualTo(100);
    }

    @Test
    void aTransactionReadsTheStoreAndLeavesNothingInMemory() {
        fromMemory("ada");
        ActivationState before = onboarding.state("ada");
        var failure = new IllegalStateException("rolled back");

        assertThatThrownBy(() -> plg.transact(tx -> {
                    tx.workspace("acme").activation(ONBOARDING).complete("ada", "exported");
                    int asked = stores.finds.get();
                    assertThat(tx.workspace("acme")
                                    .activation(ONBOARDING)
                                    .state("ada")
                                    .activated())
                            .isTrue();
                    assertThat(onboarding.state("ada").activated()).isTrue();
                    assertThat(stores.finds).hasValue(asked + 2);
                    throw failure;
                }))
                .isSameAs(failure);
        assertThat(fromMemory("ada")).isEqualTo(before);

        plg.transact(tx -> tx.workspace("acme").activation(ONBOARDING).complete("ada", "exported"));
        assertThat(onboarding.state("ada").activated()).isTrue();
    }

    @Test
    void theRepeatOfARememberedCompletionAsksNobody() {
        onboarding.complete("ada", "created");
        eventually("a repeat is answered from memory", () -> {
            ActivationState remembered = fromMemory("ada");
            int before = stores.completes.get();
            assertThat(onboarding.complete("ada", "created")).isEqualTo(remembered);
            return stores.completes.get() == before;
        });

        int before = stores.completes.get();
        onboarding.complete("ada", "exported");
        assertThat(stores.completes).as("a step that is not remembered").hasValue(before + 1);
        fromMemory("ada");
        plg.transact(tx -> tx.workspace("acme").activation(ONBOARDING).complete("ada", "exported"));
        assertThat(stores.completes).as("in a transaction").hasValue(before + 2);
        fromMemory("ada");
        plg.workspace("globex").activation(ONBOARDING).complete("ada", "created");
        assertThat(stores.completes).as("in another workspace").hasValue(before + 3);
    }

    @Test
    void aRepeatIsNotTakenFromMemoryWhileTheFeedFails() {
        onboarding.complete("ada", "created");
        fromMemory("ada");
        feed.fail(true);
        int before = stores.completes.get();

        eventually("the store is asked", () -> {
            onboarding.complete("ada", "created");
            return stores.completes.get() > before;
        });
    }

    @Test
    void closingEndsTheThread() {
        fromMemory("ada");
        assertThat(feed.reader.isAlive()).isTrue();

        plg.close();

        assertThat(feed.reader.isAlive()).isFalse();
        assertThat(stores.closed).hasValue(1);
    }

    @Test
    void storesWithoutAFeedAreAlwaysAsked() {
        var uncached = new CountingStores(InMemoryStores.create(), null);
        Plg plain = PlgRuntime.assemble(uncached, settings(ONBOARDING));

        for (int i = 1; i <= 3; i++) {
            plain.workspace("acme").activation(ONBOARDING).state("ada");
            assertThat(uncached.finds).hasValue(i);
            plain.workspace("acme").activation(ONBOARDING).complete("ada", "created");
            assertThat(uncached.completes).hasValue(i);
        }
        plain.close();
    }

    private ActivationState fromMemory(String user) {
        return fromMemory(onboarding, user);
    }

    /**
     * Asks for a state until it is answered without a question to the store. On a machine that stands still for a second the feed is
     * not read in time and the store is asked, but what is remembered stays.
     */
    private ActivationState fromMemory(Activation activation, String user) {
        var answer = new AtomicReference<ActivationState>();
        eventually("the state of " + user + " is remembered", () -> {
            int before = stores.finds.get();
            answer.set(activation.state(user));
            return stores.finds.get() == before;
        });
        return answer.get();
    }

    private void assertEveryQuestionGoesToTheStore() {
        for (int i = 0; i < 3; i++) {
            int before = stores.finds.get();
            onboarding.state("ada");
            assertThat(stores.finds).hasValue(before + 1);
        }
    }

    private static void eventually(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadline);
            LockSupport.parkNanos(5_000_000);
        }
    }

    private static final class FakeFeed implements ChangeFeed {
        final AtomicInteger polls = new AtomicInteger();
        volatile Thread reader;
        private final Queue<Change> untold = new ArrayDeque<>();
        private boolean missed = true;
        private boolean failing;

        @Override
        public synchronized boolean poll(Consumer<Change> changed) {
            reader = Thread.currentThread();
            polls.incrementAndGet();
            if (failing) {
                throw new StoreFailure("the feed fails because the test says so", new IllegalStateException("away"));
            }
            while (!untold.isEmpty()) {
                changed.accept(untold.remove());
            }
            boolean complete = !missed;
            missed = false;
            return complete;
        }

        synchronized void tell(String workspace, String kind, String subject) {
            untold.add(new Change(WorkspaceId.of(workspace), kind, subject));
        }

        synchronized void missSomething() {
            missed = true;
        }

        synchronized void fail(boolean fails) {
            failing = fails;
        }

        void awaitPollAfterNow() {
            int before = polls.get();
            eventually("the feed is read", () -> polls.get() > before);
            synchronized (this) {
                assertThat(polls.get()).as("that poll has ended").isGreaterThan(before);
            }
        }
    }

    private static PlgRuntime.Settings settings(ActivationFunnel... funnels) {
        return new PlgRuntime.Settings(
                List.of(funnels),
                List.of(),
                SettableClock.at("2026-04-12T08:00:00Z"),
                PlgRuntime.systemIds(),
                PlgRuntime.jackson(),
                Duration.ZERO,
                null,
                null,
                PlgRuntime.english(),
                Map.of(),
                PromptPolicy.standard(),
                new PlgRuntime.RewardSettings(
                        null, io.plg.fraud.FraudPolicy.standard(), Map.of(), null, Duration.ZERO));
    }

    private static final class CountingStores implements PlgStores {
        final AtomicInteger finds;
        final AtomicInteger completes;
        final AtomicInteger closed = new AtomicInteger();
        private final PlgStores target;
        private final ChangeFeed feed;

        CountingStores(PlgStores target, ChangeFeed feed) {
            this(target, feed, new AtomicInteger(), new AtomicInteger());
        }

        private CountingStores(PlgStores target, ChangeFeed feed, AtomicInteger finds, AtomicInteger completes) {
            this.target = target;
            this.feed = feed;
            this.finds = finds;
            this.completes = completes;
        }

        void completeOnAnotherNode(String workspace, ActivationFunnel funnel, String user, String step) {
            target.activation()
                    .complete(
                            WorkspaceId.of(workspace),
                            funnel,
                            funnel.step(step).by(user).at(Instant.EPOCH),
                            List.of());
        }

        @Override
        public ActivationStore activation() {
            return new Counting(target.activation());
        }

        @Override
        public IdempotencyStore idempotency() {
            return target.idempotency();
        }

        @Override
        public UsageStore usage() {
            return target.usage();
        }

        @Override
        public PromptStore prompts() {
            return target.prompts();
        }

        @Override
        public ReferralStore referrals() {
            return target.referrals();
        }

        @Override
        public RewardStore rewards() {
            return target.rewards();
        }

        @Override
        public ViralityStore virality() {
            return target.virality();
        }

        @Override
        public boolean isCurrent() {
            return target.isCurrent();
        }

        @Override
        public boolean isConflict(Throwable failure) {
            return target.isConflict(failure);
        }

        @Override
        public <H> Optional<H> unwrap(WorkspaceId workspace, Class<H> type) {
            return target.unwrap(workspace, type);
        }

        @Override
        public TenancyStore tenancy() {
            return target.tenancy();
        }

        @Override
        public Optional<OperatorStore> operator() {
            return target.operator();
        }

        @Override
        public <T, X extends Exception> T transact(TransactionWork<PlgStores, T, X> work) throws X {
            return target.transact(bound -> work.run(new CountingStores(bound, feed, finds, completes)));
        }

        @Override
        public boolean inTransaction() {
            return target.inTransaction();
        }

        @Override
        public void afterCommit(Runnable task) {
            target.afterCommit(task);
        }

        @Override
        public Optional<ChangeFeed> changes() {
            return Optional.ofNullable(feed);
        }

        @Override
        public void close() {
            closed.incrementAndGet();
        }

        private final class Counting implements ActivationStore {
            private final ActivationStore counted;

            Counting(ActivationStore counted) {
                this.counted = counted;
            }

            @Override
            public Recorded complete(
                    WorkspaceId workspace,
                    ActivationFunnel funnel,
                    StepCompletion completion,
                    List<GrowthEvent> events) {
                completes.incrementAndGet();
                return counted.complete(workspace, funnel, completion, events);
            }

            @Override
            public List<Boolean> completeAll(
                    WorkspaceId workspace, ActivationFunnel funnel, List<WithEvents> completions) {
                return counted.completeAll(workspace, funnel, completions);
            }

            @Override
            public ActivationState signUp(WorkspaceId workspace, ActivationFunnel funnel, UserId user, Instant at) {
                return counted.signUp(workspace, funnel, user, at);
            }

            @Override
            public ActivationState find(WorkspaceId workspace, ActivationFunnel funnel, UserId user) {
                finds.incrementAndGet();
                return counted.find(workspace, funnel, user);
            }

            @Override
            public ActivationReport report(WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort) {
                return counted.report(workspace, funnel, cohort);
            }

            @Override
            public Map<String, ActivationReport> reportBy(
                    WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort, String metadataKey) {
                return counted.reportBy(workspace, funnel, cohort, metadataKey);
            }
        }
    }
}
