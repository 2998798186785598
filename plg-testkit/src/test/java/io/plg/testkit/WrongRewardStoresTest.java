package io.plg.testkit;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.PlgStores;
import io.plg.TransactionWork;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.event.GrowthEvent;
import io.plg.memory.InMemoryStores;
import io.plg.reward.RewardState;
import io.plg.reward.RewardStore;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** The contract of rewards is worth something only if stores that break it fail: each test here breaks one rule. */
class WrongRewardStoresTest {

    @Test
    void theContractPassesOnStoresThatOnlyForward() {
        run(store -> store, RewardContract::howeverManyComeAtTheSameTimeNoCapIsExceeded);
        run(store -> store, RewardContract::howeverManySpendAtTheSameTimeNothingIsOverdrawn);
        run(store -> store, RewardContract::whatIsGivenOutsideIsToldAfterTheCommitOnceAndAgainAfterAFailure);
    }

    @Test
    void aStoreThatKnowsNoKeyIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Decided decide(
                            WorkspaceId workspace,
                            Row reward,
                            List<Take> takes,
                            List<Entry> entries,
                            List<GrowthEvent> events) {
                        Key key = new Key(
                                reward.key().program(),
                                reward.key().rule(),
                                reward.key().event() + UUID.randomUUID(),
                                reward.key().party());
                        return super.decide(workspace, withKey(reward, key), takes, entries, events);
                    }
                },
                RewardContract::aCampaignGivesEachUserOnceAndNoMoreThanThereIs,
                RewardContract::ofThousandKeysOfOneBeneficiaryOneGrants);
    }

    @Test
    void capsThatAreNotTakenAreFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Decided decide(
                            WorkspaceId workspace,
                            Row reward,
                            List<Take> takes,
                            List<Entry> entries,
                            List<GrowthEvent> events) {
                        return super.decide(workspace, reward, List.of(), entries, events);
                    }
                },
                RewardContract::aCapCountsForWhomItIsAndInItsPeriod,
                RewardContract::aCapOfAWorkspaceOrAProgramCountsOverAllReferrers,
                RewardContract::aCapOfMoneyIsNeverExceededByTheLastOne,
                RewardContract::howeverManyComeAtTheSameTimeNoCapIsExceeded);
    }

    @Test
    void aCapThatIsOneTooHighIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Decided decide(
                            WorkspaceId workspace,
                            Row reward,
                            List<Take> takes,
                            List<Entry> entries,
                            List<GrowthEvent> events) {
                        List<Take> higher = takes.stream()
                                .map(take -> new Take(
                                        take.program(),
                                        take.cap(),
                                        take.scope(),
                                        take.user(),
                                        take.periodStart(),
                                        take.count(),
                                        take.money(),
                                        take.mostCount() < 0 ? -1 : take.mostCount() + 1,
                                        take.mostMoney() < 0 ? -1 : take.mostMoney() + 1_500))
                                .toList();
                        return super.decide(workspace, reward, higher, entries, events);
                    }
                },
                RewardContract::eachPartyIsRewardedOnItsOwn,
                RewardContract::aCapOfMoneyIsNeverExceededByTheLastOne,
                RewardContract::aCampaignGivesEachUserOnceAndNoMoreThanThereIs);
    }

    @Test
    void aCapOfAProgramThatEachWorkspaceHasIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Decided decide(
                            WorkspaceId workspace,
                            Row reward,
                            List<Take> takes,
                            List<Entry> entries,
                            List<GrowthEvent> events) {
                        List<Take> own = takes.stream()
                                .map(take -> new Take(
                                        take.program() + workspace,
                                        take.cap(),
                                        take.scope(),
                                        take.user(),
                                        take.periodStart(),
                                        take.count(),
                                        take.money(),
                                        take.mostCount(),
                                        take.mostMoney()))
                                .toList();
                        return super.decide(workspace, reward, own, entries, events);
                    }
                },
                RewardContract::aCapOfAWorkspaceOrAProgramCountsOverAllReferrers,
                RewardContract::aCampaignGivesEachUserOnceAndNoMoreThanThereIs);
    }

    @Test
    void aCapWithoutPeriodsIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Decided decide(
                            WorkspaceId workspace,
                            Row reward,
                            List<Take> takes,
                            List<Entry> entries,
                            List<GrowthEvent> events) {
                        List<Take> ever = takes.stream()
                                .map(take -> new Take(
                                        take.program(),
                                        take.cap(),
                                        take.scope(),
                                        take.user(),
                                        Instant.EPOCH,
                                        take.count(),
                                        take.money(),
                                        take.mostCount(),
                                        take.mostMoney()))
                                .toList();
                        return super.decide(workspace, reward, ever, entries, events);
                    }
                },
                RewardContract::aCapCountsForWhomItIsAndInItsPeriod);
    }

    @Test
    void capsThatAreNotGivenBackAreFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public void update(
                            WorkspaceId workspace,
                            Row reward,
                            List<Take> returned,
                            List<Entry> entries,
                            List<GrowthEvent> events) {
                        super.update(workspace, reward, List.of(), entries, events);
                    }
                },
                RewardContract::whatIsCanceledOrRefusedGivesItsCapBack);
    }

    @Test
    void anUpdateThatWritesNoEntriesIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public void update(
                            WorkspaceId workspace,
                            Row reward,
                            List<Take> returned,
                            List<Entry> entries,
                            List<GrowthEvent> events) {
                        super.update(workspace, reward, returned, List.of(), events);
                    }
                },
                RewardContract::aRewardIsHeldToTheMicrosecond,
                RewardContract::aRefundAfterwardsWritesANegativeEntryUntilItIsTooLate,
                RewardContract::partsOfARefundAddUp);
    }

    @Test
    void anUpdateThatIsLostIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public void update(
                            WorkspaceId workspace,
                            Row reward,
                            List<Take> returned,
                            List<Entry> entries,
                            List<GrowthEvent> events) {
                        super.append(workspace, entries);
                    }
                },
                RewardContract::aRefundBeforeTheRewardIsGivenCancelsIt,
                RewardContract::aHeldRewardCanBeFlaggedAndLetGoOn);
    }

    @Test
    void aPartThatIsForgottenIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public void update(
                            WorkspaceId workspace,
                            Row reward,
                            List<Take> returned,
                            List<Entry> entries,
                            List<GrowthEvent> events) {
                        super.update(workspace, reward.refunded(BigDecimal.ZERO), returned, entries, events);
                    }
                },
                RewardContract::partsOfARefundAddUp,
                RewardContract::aPartThatIsRefundedWhileTheRewardIsHeldIsTakenOffWhenItIsGiven);
    }

    @Test
    void aRewardThatIsDueTooEarlyIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Optional<Row> lock(WorkspaceId workspace, UUID id) {
                        return super.lock(workspace, id)
                                .map(row -> row.state() == RewardState.PENDING
                                        ? row.to(RewardState.APPROVED, row.dueAt(), "")
                                        : row);
                    }
                },
                RewardContract::aRewardIsHeldToTheMicrosecond);
    }

    @Test
    void whatIsDueAndNotFoundIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public List<Row> due(WorkspaceId workspace, Instant now, int most) {
                        return super.due(workspace, now.minusNanos(1_000), most);
                    }
                },
                RewardContract::aRewardIsHeldToTheMicrosecond);
    }

    @Test
    void aStoreThatHidesWhatIsDueAfterTheFirstHundredIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public List<Row> due(WorkspaceId workspace, Instant now, int most) {
                        return super.due(workspace, now, Math.min(most, 100));
                    }
                },
                RewardContract::whatIsToBeToldOutsideDoesNotHideWhatIsDue,
                RewardContract::aRewardThatCannotBeGivenAtTheEndOfItsHoldKeepsNobodyElseWaiting);
    }

    @Test
    void aCounterThatStandsStillIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public long count(WorkspaceId workspace, String program, String counter, UserId user) {
                        return 1;
                    }
                },
                RewardContract::tiersAndMilestonesGoByTheNumberOfTheReferral);
    }

    @Test
    void anEntryThatIsWrittenTwiceIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public void append(WorkspaceId workspace, List<Entry> entries) {
                        super.append(workspace, entries);
                        super.append(workspace, entries);
                    }
                },
                RewardContract::aBalanceIsNotTakenBelowZeroUnlessTheRuleSaysSo);
    }

    @Test
    void aBalanceThatIsNotTheSumIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Map<String, BigDecimal> balances(WorkspaceId workspace, UserId user) {
                        return Map.of("USD", BigDecimal.valueOf(10_000));
                    }
                },
                RewardContract::theLedgerIsOnlyAddedTo,
                RewardContract::aBalanceIsNotTakenBelowZeroUnlessTheRuleSaysSo);
    }

    @Test
    void rewardsWithoutTheirWorkspaceAreFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    WorkspaceId where(WorkspaceId workspace) {
                        return WorkspaceId.of("everywhere");
                    }
                },
                RewardContract::aRewardToRedeemIsGivenOnceAndInTime,
                RewardContract::aTakeBackIsWhatARefundOfOneRewardIs);
    }

    @Test
    void spendingThatLooksFirstAndTakesThenIsFoundOut() {
        Map<UserId, BigDecimal> before = new ConcurrentHashMap<>();
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Map<String, BigDecimal> balances(WorkspaceId workspace, UserId user) {
                        // What was seen a while ago, as by somebody who does not keep others from changing it.
                        BigDecimal now = super.balances(workspace, user).getOrDefault("USD", BigDecimal.ZERO);
                        return Map.of("USD", now.max(before.merge(user, now, BigDecimal::max)));
                    }
                },
                RewardContract::howeverManySpendAtTheSameTimeNothingIsOverdrawn);
    }

    private static RewardStore.Row withKey(RewardStore.Row row, RewardStore.Key key) {
        return new RewardStore.Row(
                row.id(),
                key,
                row.user(),
                row.state(),
                row.benefit(),
                row.terms(),
                row.decidedAt(),
                row.dueAt(),
                row.issuedAt(),
                row.clawBackUntil(),
                row.reason(),
                row.taken(),
                row.provision(),
                row.fulfilment(),
                row.refunded());
    }

    @SafeVarargs
    private static void assertFails(UnaryOperator<RewardStore> wrong, Consumer<RewardContract>... tests) {
        for (Consumer<RewardContract> test : tests) {
            assertThatThrownBy(() -> run(wrong, test)).isInstanceOf(AssertionError.class);
        }
    }

    private static void run(UnaryOperator<RewardStore> change, Consumer<RewardContract> test) {
        var contract = new RewardContract() {
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
        private final UnaryOperator<RewardStore> change;

        Changed(PlgStores target, UnaryOperator<RewardStore> change) {
            super(target, (stores, activation) -> activation);
            this.change = change;
        }

        @Override
        public RewardStore rewards() {
            return change.apply(super.rewards());
        }

        @Override
        public <T, X extends Exception> T transact(TransactionWork<PlgStores, T, X> work) throws X {
            return super.transact(bound -> work.run(new Changed(bound, change)));
        }
    }

    private static class Forwarding implements RewardStore {
        final RewardStore target;

        Forwarding(RewardStore target) {
            this.target = target;
        }

        WorkspaceId where(WorkspaceId workspace) {
            return workspace;
        }

        @Override
        public Decided decide(
                WorkspaceId workspace, Row reward, List<Take> takes, List<Entry> entries, List<GrowthEvent> events) {
            return target.decide(where(workspace), reward, takes, entries, events);
        }

        @Override
        public long count(WorkspaceId workspace, String program, String counter, UserId user) {
            return target.count(where(workspace), program, counter, user);
        }

        @Override
        public Optional<Row> lock(WorkspaceId workspace, UUID id) {
            return target.lock(where(workspace), id);
        }

        @Override
        public void update(
                WorkspaceId workspace, Row reward, List<Take> returned, List<Entry> entries, List<GrowthEvent> events) {
            target.update(where(workspace), reward, returned, entries, events);
        }

        @Override
        public void append(WorkspaceId workspace, List<Entry> entries) {
            target.append(where(workspace), entries);
        }

        @Override
        public Optional<Row> find(WorkspaceId workspace, UUID id) {
            return target.find(where(workspace), id);
        }

        @Override
        public List<Row> of(WorkspaceId workspace, UserId user, int most) {
            return target.of(where(workspace), user, most);
        }

        @Override
        public List<Row> decidedAt(WorkspaceId workspace, String program, String event) {
            return target.decidedAt(where(workspace), program, event);
        }

        @Override
        public List<Row> in(WorkspaceId workspace, RewardState state, int most) {
            return target.in(where(workspace), state, most);
        }

        @Override
        public List<Row> due(WorkspaceId workspace, Instant now, int most) {
            return target.due(where(workspace), now, most);
        }

        @Override
        public List<WorkspaceId> workspacesDue(Instant now, int most) {
            return target.workspacesDue(now, most);
        }

        @Override
        public void lookedAt(WorkspaceId workspace, Instant now) {
            target.lookedAt(where(workspace), now);
        }

        @Override
        public Map<String, BigDecimal> balances(WorkspaceId workspace, UserId user) {
            return target.balances(where(workspace), user);
        }

        @Override
        public List<Entry> entries(WorkspaceId workspace, UserId user) {
            return target.entries(where(workspace), user);
        }
    }
}
