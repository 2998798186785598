package io.plg.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.UserErased;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.reward.Benefit;
import io.plg.reward.Party;
import io.plg.reward.RewardCap.Scope;
import io.plg.reward.RewardState;
import io.plg.reward.RewardStore;
import io.plg.reward.RewardStore.Decided;
import io.plg.reward.RewardStore.Decided.Outcome;
import io.plg.reward.RewardStore.Entry;
import io.plg.reward.RewardStore.Fulfilment;
import io.plg.reward.RewardStore.Key;
import io.plg.reward.RewardStore.Row;
import io.plg.reward.RewardStore.Take;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class InMemoryRewardStoreTest {
    private static final Instant T0 = Instant.parse("2026-03-01T00:00:00Z");
    private static final WorkspaceId ACME = WorkspaceId.of("acme");
    private static final WorkspaceId OTHER = WorkspaceId.of("other");
    private static final UserId ADA = UserId.of("ada");
    private static final UserId BEN = UserId.of("ben");
    private static final Benefit BENEFIT = new Benefit.TrialDays(Optional.empty(), 14);

    private final InMemoryStores stores = InMemoryStores.create();
    private final RewardStore store = stores.rewards();

    @Test
    void aKeyHasOneReward() {
        assertThat(decide(ACME, row(1, ADA, "e1")).outcome()).isEqualTo(Outcome.STORED);

        Decided again = store.decide(ACME, row(2, ADA, "e1"), List.of(), List.of(entry(1, 2, ADA, "5")), List.of());

        assertThat(again).isEqualTo(new Decided(Outcome.ALREADY, id(1), ""));
        assertThat(store.entries(ACME, null)).isEmpty();
        assertThat(store.find(ACME, id(2))).isEmpty();
        assertThat(decide(OTHER, row(2, ADA, "e1")).outcome()).isEqualTo(Outcome.STORED);
    }

    @Test
    void capsAreTakenAllOrNone() {
        Take mine = take("mine", Scope.REFERRER, ADA, 1, 0, 2, -1);
        Take everybodys = take("all", Scope.PROGRAM, null, 1, 700, -1, 1000);
        assertThat(decide(ACME, row(1, ADA, "e1"), mine, everybodys).outcome()).isEqualTo(Outcome.STORED);

        Decided capped = store.decide(
                OTHER, row(2, ADA, "e2"), List.of(mine, everybodys), List.of(entry(1, 2, ADA, "5")), List.of());

        assertThat(capped).isEqualTo(new Decided(Outcome.CAPPED, id(2), "all"));
        assertThat(store.entries(OTHER, null)).isEmpty();
        assertThat(store.find(OTHER, id(2))).isEmpty();
        assertThat(decide(OTHER, row(3, ADA, "e3"), mine).outcome()).isEqualTo(Outcome.STORED);
        assertThat(decide(OTHER, row(4, ADA, "e4"), mine).outcome()).isEqualTo(Outcome.STORED);
        assertThat(decide(OTHER, row(5, ADA, "e5"), mine)).isEqualTo(new Decided(Outcome.CAPPED, id(5), "mine"));
        assertThat(decide(OTHER, row(6, BEN, "e6"), take("mine", Scope.REFERRER, BEN, 1, 0, 2, -1))
                        .outcome())
                .isEqualTo(Outcome.STORED);
    }

    @Test
    void oneCapTakenTwiceByARewardIsTakenTwice() {
        Take take = take("mine", Scope.REFERRER, ADA, 1, 0, 2, -1);

        assertThat(decide(ACME, row(1, ADA, "e1"), take, take).outcome()).isEqualTo(Outcome.STORED);
        assertThat(decide(ACME, row(2, ADA, "e2"), take).outcome()).isEqualTo(Outcome.CAPPED);
    }

    @Test
    void whatIsReturnedCanBeTakenAgain() {
        Take take = take("all", Scope.PROGRAM, null, 1, 0, 1, -1);
        decide(ACME, row(1, ADA, "e1"), take);

        Row canceled = state(row(1, BEN, "other"), RewardState.CANCELED, null);
        store.update(ACME, canceled, List.of(take, take), List.of(entry(1, 1, ADA, "-5")), List.of());

        Row stored = store.find(ACME, id(1)).orElseThrow();
        assertThat(stored.state()).isEqualTo(RewardState.CANCELED);
        assertThat(stored.user()).isEqualTo(ADA);
        assertThat(stored.key().event()).isEqualTo("e1");
        assertThat(store.balances(ACME, ADA)).isEqualTo(Map.of("USD", new BigDecimal("-5")));
        assertThat(decide(OTHER, row(2, ADA, "e2"), take).outcome()).isEqualTo(Outcome.STORED);
        assertThat(decide(OTHER, row(3, ADA, "e3"), take).outcome()).isEqualTo(Outcome.CAPPED);
    }

    @Test
    void aRolledBackTransactionLeavesNothing() {
        Take take = take("all", Scope.PROGRAM, null, 1, 0, 2, -1);
        decide(ACME, row(1, ADA, "e1"), take);
        Row before = store.find(ACME, id(1)).orElseThrow();

        assertThatThrownBy(() -> stores.transact(tx -> {
                    decide(ACME, row(2, ADA, "e2"), take);
                    store.update(
                            ACME,
                            state(row(1, ADA, "e1"), RewardState.ISSUED, null),
                            List.of(take),
                            List.of(entry(1, 1, ADA, "5")),
                            List.of());
                    store.count(ACME, "p", "c", ADA);
                    throw new IllegalStateException("undo");
                }))
                .hasMessage("undo");

        assertThat(store.find(ACME, id(1))).contains(before);
        assertThat(store.find(ACME, id(2))).isEmpty();
        assertThat(store.entries(ACME, null)).isEmpty();
        assertThat(store.count(ACME, "p", "c", ADA)).isEqualTo(1);
        assertThat(decide(ACME, row(2, ADA, "e2"), take).outcome()).isEqualTo(Outcome.STORED);
        assertThat(decide(ACME, row(3, ADA, "e3"), take).outcome()).isEqualTo(Outcome.CAPPED);
    }

    @Test
    void aCountGoesUpByOneForEachUser() {
        assertThat(store.count(ACME, "p", "c", ADA)).isEqualTo(1);
        assertThat(store.count(ACME, "p", "c", ADA)).isEqualTo(2);
        assertThat(store.count(ACME, "p", "c", BEN)).isEqualTo(1);
        assertThat(store.count(OTHER, "p", "c", ADA)).isEqualTo(1);
        assertThat(store.count(ACME, "p", "d", ADA)).isEqualTo(1);
    }

    @Test
    void rewardsAreFoundInTheirOrder() {
        decide(ACME, due(row(1, ADA, "e1"), T0.plusSeconds(9)));
        decide(ACME, due(row(2, ADA, "e2"), T0.plusSeconds(3)));
        decide(ACME, row(3, BEN, "e3"));
        decide(OTHER, due(row(4, ADA, "e4"), T0.plusSeconds(5)));

        assertThat(ids(store.of(ACME, ADA, 9))).containsExactly(2L, 1L);
        assertThat(ids(store.of(ACME, ADA, 1))).containsExactly(2L);
        assertThat(ids(store.in(ACME, RewardState.PENDING, 2))).containsExactly(1L, 2L);
        assertThat(ids(store.decidedAt(ACME, "p", "e3"))).containsExactly(3L);
        assertThat(ids(store.due(ACME, T0.plusSeconds(9), 9))).containsExactly(2L, 1L);
        assertThat(ids(store.due(ACME, T0.plusSeconds(8), 9))).containsExactly(2L);
        assertThat(store.workspacesDue(T0.plusSeconds(2), 9)).isEmpty();
        assertThat(store.workspacesDue(T0.plusSeconds(3), 9)).containsExactly(ACME);
        assertThat(store.workspacesDue(T0.plusSeconds(5), 9)).containsExactly(ACME, OTHER);
        assertThat(store.workspacesDue(T0.plusSeconds(5), 1)).containsExactly(ACME);
    }

    @Test
    void anErasureTakesTheIdOutAndLeavesTheRows() {
        Take take = take("mine", Scope.REFERRER, ADA, 1, 0, 1, -1);
        store.decide(ACME, with(row(1, BEN, "e1"), take), List.of(take), List.of(entry(1, 1, BEN, "2")), List.of());
        store.decide(ACME, row(2, ADA, "e2"), List.of(), List.of(entry(2, 2, ADA, "3")), List.of());

        stores.tenancy().erase(ADA);

        assertThat(store.find(ACME, id(2)).orElseThrow().user()).isNull();
        assertThat(store.find(ACME, id(1)).orElseThrow().user()).isEqualTo(BEN);
        assertThat(store.find(ACME, id(1)).orElseThrow().taken())
                .extracting(Take::user)
                .containsOnlyNulls();
        assertThat(store.entries(ACME, null)).extracting(Entry::user).containsExactly(BEN, null);
        assertThat(store.entries(ACME, null))
                .extracting(Entry::amount)
                .containsExactly(new BigDecimal("2"), new BigDecimal("3"));
        assertThatThrownBy(() -> store.balances(ACME, ADA)).isInstanceOf(UserErased.class);
    }

    @Test
    void aDeletedWorkspaceKeepsWhatItTookOfAProgramsCap() {
        Take take = take("all", Scope.PROGRAM, null, 1, 0, 1, -1);
        decide(ACME, due(row(1, ADA, "e1"), T0), take);

        stores.tenancy().delete(ACME);

        assertThat(store.workspacesDue(T0, 9)).isEmpty();
        assertThat(decide(OTHER, row(2, ADA, "e2"), take).outcome()).isEqualTo(Outcome.CAPPED);
    }

    private Decided decide(WorkspaceId workspace, Row row, Take... takes) {
        return store.decide(workspace, row, List.of(takes), List.of(), List.of());
    }

    private static List<Long> ids(List<Row> rows) {
        return rows.stream().map(row -> row.id().getLeastSignificantBits()).toList();
    }

    private static UUID id(long id) {
        return new UUID(0, id);
    }

    private static Row row(long id, @Nullable UserId user, String event) {
        return new Row(
                id(id),
                new Key("p", "r", event, Party.REFERRER),
                user,
                RewardState.PENDING,
                BENEFIT,
                "terms",
                T0.plusSeconds(id),
                null,
                null,
                null,
                "",
                List.of(),
                null,
                Fulfilment.NONE,
                BigDecimal.ZERO);
    }

    private static Row due(Row row, Instant dueAt) {
        return state(row, row.state(), dueAt);
    }

    private static Row state(Row row, RewardState state, @Nullable Instant dueAt) {
        return new Row(
                row.id(),
                row.key(),
                row.user(),
                state,
                row.benefit(),
                row.terms(),
                row.decidedAt(),
                dueAt,
                null,
                null,
                "",
                row.taken(),
                null,
                Fulfilment.NONE,
                BigDecimal.ZERO);
    }

    private static Row with(Row row, Take take) {
        return new Row(
                row.id(),
                row.key(),
                row.user(),
                row.state(),
                row.benefit(),
                row.terms(),
                row.decidedAt(),
                null,
                null,
                null,
                "",
                List.of(take),
                null,
                Fulfilment.NONE,
                BigDecimal.ZERO);
    }

    private static Take take(
            String cap, Scope scope, @Nullable UserId user, long count, long money, long mostCount, long mostMoney) {
        return new Take("p", cap, scope, user, Instant.EPOCH, count, money, mostCount, mostMoney);
    }

    private static Entry entry(long id, long reward, UserId user, String amount) {
        return new Entry(id(id), id(reward), user, "USD", new BigDecimal(amount), "issued", T0);
    }
}
