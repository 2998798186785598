package io.plg.testkit;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.PlgStores;
import io.plg.TransactionWork;
import io.plg.WorkspaceId;
import io.plg.memory.InMemoryStores;
import io.plg.prompt.PromptConversion;
import io.plg.prompt.PromptStore;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** The contract of prompts is worth something only if stores that break it fail: each test here breaks one rule. */
class WrongPromptStoresTest {

    @Test
    void theContractPassesOnStoresThatOnlyForward() {
        run(store -> store, PromptContract::theTimingIsThatOfANaiveModel);
        run(store -> store, contract -> contract.howeverManyAskAtTheSameTimeTheCapHolds(false));
        run(store -> store, PromptContract::anUpgradeOfTheWorkspaceIsNotedForTheLatestPromptOfEachUser);
    }

    @Test
    void aStoreThatLooksFirstAndStoresThenIsFoundOut() {
        Map<Object, Integer> counted = new ConcurrentHashMap<>();
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Optional<Shown> show(WorkspaceId workspace, Candidate candidate) {
                        int before = counted.getOrDefault(candidate.user(), 0);
                        LockSupport.parkNanos(1_000_000);
                        if (before >= candidate.timing().atMost()) {
                            return Optional.empty();
                        }
                        counted.merge(candidate.user(), 1, Integer::sum);
                        return super.show(workspace, with(candidate, atMost(candidate.timing(), 1_000_000)));
                    }
                },
                contract -> contract.howeverManyAskAtTheSameTimeTheCapHolds(false));
    }

    @Test
    void oneMoreThanTheCapIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Optional<Shown> show(WorkspaceId workspace, Candidate candidate) {
                        return super.show(
                                workspace,
                                with(
                                        candidate,
                                        atMost(
                                                candidate.timing(),
                                                candidate.timing().atMost() + 1)));
                    }
                },
                PromptContract::noUserIsShownMoreThanTheCapOfAllFeaturesAndTheWindowRolls,
                PromptContract::theTimingIsThatOfANaiveModel);
    }

    @Test
    void aCoolDownThatIsForgottenIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Optional<Shown> show(WorkspaceId workspace, Candidate candidate) {
                        Timing timing = candidate.timing();
                        return super.show(
                                workspace,
                                with(
                                        candidate,
                                        new Timing(
                                                timing.always(),
                                                timing.atMost(),
                                                timing.windowStart(),
                                                candidate.at(),
                                                timing.dismissedStart())));
                    }
                },
                PromptContract::theNextPromptForAFeatureWaitsForTheCoolDown,
                PromptContract::whoIsBlockedIsAlwaysToldAndByTheSamePromptWithinTheCoolDown);
    }

    @Test
    void aDismissalThatIsForgottenIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Optional<Shown> show(WorkspaceId workspace, Candidate candidate) {
                        Timing timing = candidate.timing();
                        return super.show(
                                workspace,
                                with(
                                        candidate,
                                        new Timing(
                                                timing.always(),
                                                timing.atMost(),
                                                timing.windowStart(),
                                                timing.coolDownStart(),
                                                candidate.at())));
                    }
                },
                PromptContract::aDismissalHoldsBackWhatIsNoWorse);
    }

    @Test
    void aBoundThatIsOffByAMicrosecondIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Optional<Shown> show(WorkspaceId workspace, Candidate candidate) {
                        Timing timing = candidate.timing();
                        return super.show(
                                workspace,
                                with(
                                        candidate,
                                        new Timing(
                                                timing.always(),
                                                timing.atMost(),
                                                timing.windowStart().minusNanos(1_000),
                                                timing.coolDownStart().minusNanos(1_000),
                                                timing.dismissedStart())));
                    }
                },
                PromptContract::noUserIsShownMoreThanTheCapOfAllFeaturesAndTheWindowRolls,
                PromptContract::theNextPromptForAFeatureWaitsForTheCoolDown);
    }

    @Test
    void aSnoozeThatCanBeShortenedIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public boolean snooze(WorkspaceId workspace, UUID prompt, Instant until) {
                        super.snooze(workspace, prompt, until);
                        return true;
                    }
                },
                PromptContract::aSnoozeHoldsBackEverythingAboutTheFeatureUntilItEnds);
    }

    @Test
    void promptsWithoutTheirWorkspaceAreFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    WorkspaceId where(WorkspaceId workspace) {
                        return WorkspaceId.of("everywhere");
                    }
                },
                PromptContract::anIdThatIsUnknownOrOfAnotherWorkspaceIsNoNews);
    }

    @Test
    void anUpgradeThatIsAttributedToOlderPromptsIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public long markUpgraded(WorkspaceId workspace, Instant shownSince, Instant at) {
                        return super.markUpgraded(workspace, shownSince.minus(Duration.ofDays(1)), at);
                    }
                },
                PromptContract::anUpgradeOfTheWorkspaceIsNotedForTheLatestPromptOfEachUser,
                PromptContract::theTimingIsThatOfANaiveModel);
    }

    @Test
    void anOutcomeThatIsNotedTwiceIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public boolean mark(WorkspaceId workspace, UUID prompt, Outcome outcome, Instant at) {
                        super.mark(workspace, prompt, outcome, at);
                        return true;
                    }
                },
                PromptContract::whatBecameOfAPromptIsNotedOnceAndNothingAfterAnUpgrade);
    }

    private static PromptStore.Candidate with(PromptStore.Candidate candidate, PromptStore.Timing timing) {
        return new PromptStore.Candidate(
                candidate.id(),
                candidate.user(),
                candidate.feature(),
                candidate.severity(),
                candidate.plan(),
                candidate.variant(),
                candidate.at(),
                timing);
    }

    private static PromptStore.Timing atMost(PromptStore.Timing timing, int atMost) {
        return new PromptStore.Timing(
                timing.always(), atMost, timing.windowStart(), timing.coolDownStart(), timing.dismissedStart());
    }

    @SafeVarargs
    private static void assertFails(UnaryOperator<PromptStore> wrong, Consumer<PromptContract>... tests) {
        for (Consumer<PromptContract> test : tests) {
            assertThatThrownBy(() -> run(wrong, test)).isInstanceOf(AssertionError.class);
        }
    }

    private static void run(UnaryOperator<PromptStore> change, Consumer<PromptContract> test) {
        var contract = new PromptContract() {
            @Override
            protected PlgStores newStores() {
                return new Changed(InMemoryStores.create(), change);
            }
        };
        contract.open();
        try {
            test.accept(contract);
        } finally {
            contract.close();
        }
    }

    private static final class Changed extends ForwardingStores {
        private final UnaryOperator<PromptStore> change;

        Changed(PlgStores target, UnaryOperator<PromptStore> change) {
            super(target, (stores, activation) -> activation);
            this.change = change;
        }

        @Override
        public PromptStore prompts() {
            return change.apply(super.prompts());
        }

        @Override
        public <T, X extends Exception> T transact(TransactionWork<PlgStores, T, X> work) throws X {
            return super.transact(bound -> work.run(new Changed(bound, change)));
        }
    }

    private static class Forwarding implements PromptStore {
        private final PromptStore target;

        Forwarding(PromptStore target) {
            this.target = target;
        }

        WorkspaceId where(WorkspaceId workspace) {
            return workspace;
        }

        @Override
        public Optional<Shown> show(WorkspaceId workspace, Candidate candidate) {
            return target.show(where(workspace), candidate);
        }

        @Override
        public boolean mark(WorkspaceId workspace, UUID prompt, Outcome outcome, Instant at) {
            return target.mark(where(workspace), prompt, outcome, at);
        }

        @Override
        public boolean snooze(WorkspaceId workspace, UUID prompt, Instant until) {
            return target.snooze(where(workspace), prompt, until);
        }

        @Override
        public long markUpgraded(WorkspaceId workspace, Instant shownSince, Instant at) {
            return target.markUpgraded(where(workspace), shownSince, at);
        }

        @Override
        public List<PromptConversion> conversions(WorkspaceId workspace, Instant from, Instant to) {
            return target.conversions(where(workspace), from, to);
        }
    }
}
