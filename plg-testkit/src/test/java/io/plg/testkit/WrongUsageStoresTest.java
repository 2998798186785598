package io.plg.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.Plg;
import io.plg.PlgBuilder;
import io.plg.PlgStores;
import io.plg.StoreFailure;
import io.plg.StoreUnreachable;
import io.plg.TransactionWork;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.gate.GateDecision;
import io.plg.gate.Gates;
import io.plg.gate.Reason;
import io.plg.gate.Reservation;
import io.plg.gate.Source;
import io.plg.gate.UsageStore;
import io.plg.memory.InMemoryStores;
import io.plg.plan.Every;
import io.plg.plan.Fallback;
import io.plg.plan.Feature;
import io.plg.plan.PlanCatalog;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The contract of the gates is worth something only if stores that break it fail; and what happens if a store is away. */
class WrongUsageStoresTest {

    @Test
    void theContractPassesOnStoresThatOnlyForward() {
        run(store -> store, GateContract::manyAtOnceNeverExceedALimitAndReachIt);
        run(store -> store, GateContract::aRollbackGivesTheUnitsBack);
        run(store -> store, GateContract::grantsAreUsedUpInOrderAndTakeBackWhatCameFromThem);
    }

    @Test
    void aStoreThatDecidesByWhatItSawEarlierIsFoundOut() {
        Map<Object, UsageStore.Opened> seen = new ConcurrentHashMap<>();
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Opened open(
                            WorkspaceId workspace, @Nullable UserId actor, List<MeterKey> keys, boolean lock) {
                        Opened now = super.open(workspace, actor, keys, lock);
                        return lock ? seen.computeIfAbsent(List.of(workspace, keys), key -> now) : now;
                    }
                },
                GateContract::manyAtOnceNeverExceedALimitAndReachIt,
                GateContract::aQuotaIsDeniedWhenItIsUsedUpAndRefillsWithTheNextPeriod);
    }

    @Test
    void aStoreWithoutALedgerIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public void store(WorkspaceId workspace, Changes changes) {
                        super.store(
                                workspace, new Changes(changes.meters(), List.of(), changes.events(), changes.noted()));
                    }
                },
                GateContract::manyAtOnceNeverExceedALimitAndReachIt,
                GateContract::whatIsHeldCountsAgainstTheLimitUntilItIsSettled);
    }

    @Test
    void aStoreThatTakesWithoutLookingIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Take take(WorkspaceId workspace, Wish wish) {
                        return new Take.Decided(
                                true,
                                0,
                                1,
                                new Lane(1, 1, wish.now(), 1, "plan", true, 1, 0, 5, 4, 0, wish.now(), wish.now()));
                    }
                },
                GateContract::aQuotaIsDeniedWhenItIsUsedUpAndRefillsWithTheNextPeriod,
                GateContract::manyAtOnceNeverExceedALimitAndReachIt);
    }

    @Test
    void aStoreThatKeepsWhatWasRolledBackIsFoundOut() {
        Map<Object, String> kept = new ConcurrentHashMap<>();
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Opened open(
                            WorkspaceId workspace, @Nullable UserId actor, List<MeterKey> keys, boolean lock) {
                        Opened now = super.open(workspace, actor, keys, lock);
                        return new Opened(
                                now.facts(),
                                now.meters().stream()
                                        .map(each -> new Meter(
                                                each.key(),
                                                kept.getOrDefault(List.of(workspace, each.key()), each.state()),
                                                each.taken()))
                                        .toList(),
                                now.databaseTime());
                    }

                    @Override
                    public void store(WorkspaceId workspace, Changes changes) {
                        changes.meters().forEach(each -> kept.put(List.of(workspace, each.key()), each.state()));
                        super.store(workspace, changes);
                    }
                },
                GateContract::aRollbackGivesTheUnitsBack);
    }

    // --- a store that is away

    private static final Feature.Quota OPEN = Feature.quota("open", Every.MONTH);
    private static final Feature.Quota CLOSED = Feature.quota("closed", Every.MONTH);
    private static final Feature.Flag FLAG = Feature.flag("flag");
    private static final PlanCatalog PLANS = PlanCatalog.builder()
            .plan("free", p -> p.limit(OPEN, 5).limit(CLOSED, 5).allow(FLAG))
            .whenUnreachable(OPEN, Fallback.OPEN)
            .build();

    @Test
    void whileTheStoreIsAwayEachFeatureIsOpenOrClosedAsTheCatalogSays() {
        try (Plg plg = away(new StoreUnreachable("could not connect", new IllegalStateException("away")))) {
            Gates gates = plg.workspace("acme").gates();
            for (GateDecision open : List.of(gates.check(OPEN), gates.consume(OPEN, 2))) {
                assertThat(open.allowed()).isTrue();
                assertThat(open.reason()).isEqualTo(Reason.FALLBACK_OPEN);
                assertThat(open.source()).isEqualTo(Source.FALLBACK);
                assertThat(open.receipt()).isEmpty();
            }
            assertThat(gates.consume(CLOSED).reason()).isEqualTo(Reason.FALLBACK_CLOSED);
            assertThat(gates.allows(OPEN)).isTrue();
            assertThat(gates.allows(CLOSED)).isFalse();
            assertThat(gates.allows(FLAG)).isFalse();
            assertThat(gates.checkAll()).extracting(GateDecision::allowed).containsExactly(true, false, false);

            Reservation reserved = gates.reserve(OPEN, 1, Duration.ofMinutes(1));
            assertThat(reserved).isInstanceOf(Reservation.Denied.class);
            assertThat(reserved.decision().allowed()).isFalse();
            assertThatThrownBy(() -> gates.refund(OPEN)).isInstanceOf(StoreUnreachable.class);
            assertThatThrownBy(() -> plg.transact(tx -> {
                        tx.workspace("acme").gates().consume(OPEN);
                    }))
                    .isInstanceOf(StoreUnreachable.class);
        }
    }

    @Test
    void aStatementThatTheDatabaseRefusesOpensNothing() {
        try (Plg plg = away(new StoreFailure("could not consume", new IllegalStateException("no such column")))) {
            Gates gates = plg.workspace("acme").gates();
            assertThatThrownBy(() -> gates.consume(OPEN)).isInstanceOf(StoreFailure.class);
            assertThatThrownBy(() -> gates.allows(OPEN)).isInstanceOf(StoreFailure.class);
            assertThatThrownBy(gates::checkAll).isInstanceOf(StoreFailure.class);
        }
    }

    private static Plg away(StoreFailure failure) {
        return new Builder().plans(PLANS).over(new Changed(InMemoryStores.create(), store -> new Forwarding(store) {
            @Override
            public Opened open(WorkspaceId workspace, @Nullable UserId actor, List<MeterKey> keys, boolean lock) {
                throw failure;
            }

            @Override
            public Facts facts(WorkspaceId workspace, Instant endedAfter) {
                throw failure;
            }
        }));
    }

    private static final class Builder extends PlgBuilder<Builder> {
        @Override
        protected Builder self() {
            return this;
        }

        Plg over(PlgStores stores) {
            return assemble(stores);
        }
    }

    @SafeVarargs
    private static void assertFails(UnaryOperator<UsageStore> wrong, Consumer<GateContract>... tests) {
        for (Consumer<GateContract> test : tests) {
            assertThatThrownBy(() -> run(wrong, test)).isInstanceOf(AssertionError.class);
        }
    }

    private static void run(UnaryOperator<UsageStore> change, Consumer<GateContract> test) {
        var contract = new GateContract() {
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
        private final UnaryOperator<UsageStore> change;

        Changed(PlgStores target, UnaryOperator<UsageStore> change) {
            super(target, (stores, activation) -> activation);
            this.change = change;
        }

        @Override
        public UsageStore usage() {
            return change.apply(super.usage());
        }

        @Override
        public <T, X extends Exception> T transact(TransactionWork<PlgStores, T, X> work) throws X {
            return super.transact(bound -> work.run(new Changed(bound, change)));
        }
    }

    private static class Forwarding implements UsageStore {
        private final UsageStore target;

        Forwarding(UsageStore target) {
            this.target = target;
        }

        @Override
        public Facts facts(WorkspaceId workspace, Instant endedAfter) {
            return target.facts(workspace, endedAfter);
        }

        @Override
        public int change(WorkspaceId workspace, List<Fact> added, List<UUID> ended, Instant at) {
            return target.change(workspace, added, ended, at);
        }

        @Override
        public Take take(WorkspaceId workspace, Wish wish) {
            return target.take(workspace, wish);
        }

        @Override
        public Opened open(WorkspaceId workspace, @Nullable UserId actor, List<MeterKey> keys, boolean lock) {
            return target.open(workspace, actor, keys, lock);
        }

        @Override
        public void store(WorkspaceId workspace, Changes changes) {
            target.store(workspace, changes);
        }

        @Override
        public List<Entry> entry(WorkspaceId workspace, MeterKey key, int slot, long sequence) {
            return target.entry(workspace, key, slot, sequence);
        }

        @Override
        public List<Entry> entriesOf(WorkspaceId workspace, UUID hold) {
            return target.entriesOf(workspace, hold);
        }

        @Override
        public List<Entry> entries(WorkspaceId workspace, MeterKey key) {
            return target.entries(workspace, key);
        }
    }
}
