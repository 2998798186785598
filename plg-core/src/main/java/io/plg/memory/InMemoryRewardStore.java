package io.plg.memory;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.event.GrowthEvent;
import io.plg.memory.InMemoryStores.TenantRows;
import io.plg.reward.RewardCap;
import io.plg.reward.RewardState;
import io.plg.reward.RewardStore;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The one lock of the store is that of every reward and cap; a reward is an immutable row, and replacing it is undone by putting it back. */
final class InMemoryRewardStore implements RewardStore, TenantRows {
    private static final Comparator<Row> OLDEST =
            Comparator.comparing(Row::decidedAt).thenComparing(row -> row.id().toString());
    private static final Comparator<Row> EARLIEST = Comparator.comparing(InMemoryRewardStore::dueAt)
            .thenComparing(row -> row.id().toString());

    private final InMemoryStores stores;
    private final InMemoryTenancyStore tenancy;
    private final Map<WorkspaceId, Rewards> rewards = new HashMap<>();
    private final Map<CapKey, Taken> caps = new HashMap<>();

    InMemoryRewardStore(InMemoryStores stores, InMemoryTenancyStore tenancy) {
        this.stores = stores;
        this.tenancy = tenancy;
    }

    @Override
    public Decided decide(
            WorkspaceId workspace, Row reward, List<Take> takes, List<Entry> entries, List<GrowthEvent> events) {
        return stores.operation(undo -> {
            check(workspace, reward.user());
            Rewards all = rewards(workspace);
            UUID before = all.byKey.get(reward.key());
            if (before != null) {
                return new Decided(Decided.Outcome.ALREADY, before, "");
            }
            if (all.byId.containsKey(reward.id())) {
                throw new IllegalArgumentException("id of a reward must be new, was " + reward.id() + " of "
                        + all.byId.get(reward.id()) + "; give each reward an id of its own");
            }
            var after = new HashMap<CapKey, Taken>();
            for (Take take : takes) {
                CapKey key = CapKey.of(workspace, take);
                Taken taken = Objects.requireNonNullElseGet(after.get(key), () -> taken(key))
                        .plus(take);
                if (!taken.fits(take)) {
                    return new Decided(Decided.Outcome.CAPPED, reward.id(), take.cap());
                }
                after.put(key, taken);
            }
            after.forEach((key, taken) -> InMemoryStores.put(caps, key, taken, undo));
            InMemoryStores.put(all.byId, reward.id(), reward, undo);
            InMemoryStores.put(all.byKey, reward.key(), reward.id(), undo);
            add(all, entries, undo);
            return new Decided(Decided.Outcome.STORED, reward.id(), "");
        });
    }

    @Override
    public long count(WorkspaceId workspace, String program, String counter, UserId user) {
        return stores.operation(undo -> {
            tenancy.check(workspace, user);
            var key = new CapKey(workspace, program, counter, user, Instant.EPOCH);
            Taken before = taken(key);
            var after = new Taken(before.count() + 1, before.money());
            InMemoryStores.put(caps, key, after, undo);
            return after.count();
        });
    }

    @Override
    public Optional<Row> lock(WorkspaceId workspace, UUID id) {
        return find(workspace, id);
    }

    @Override
    public void update(
            WorkspaceId workspace, Row reward, List<Take> returned, List<Entry> entries, List<GrowthEvent> events) {
        stores.operation(undo -> {
            tenancy.check(workspace);
            Rewards all = rewards(workspace);
            Row before = all.byId.get(reward.id());
            if (before == null) {
                throw new IllegalStateException("reward " + reward.id() + " is not there any more");
            }
            InMemoryStores.put(all.byId, reward.id(), became(before, reward), undo);
            for (Take take : returned) {
                CapKey key = CapKey.of(workspace, take);
                if (caps.containsKey(key)) {
                    InMemoryStores.put(caps, key, taken(key).minus(take), undo);
                }
            }
            add(all, entries, undo);
            return reward;
        });
    }

    @Override
    public void append(WorkspaceId workspace, List<Entry> entries) {
        stores.operation(undo -> {
            for (Entry entry : entries) {
                check(workspace, entry.user());
            }
            add(rewards(workspace), entries, undo);
            return entries;
        });
    }

    /** What was decided stays as it was. */
    private static Row became(Row before, Row after) {
        return new Row(
                before.id(),
                before.key(),
                before.user(),
                after.state(),
                before.benefit(),
                before.terms(),
                before.decidedAt(),
                after.dueAt(),
                after.issuedAt(),
                after.clawBackUntil(),
                after.reason(),
                after.taken(),
                after.provision(),
                after.fulfilment(),
                after.refunded());
    }

    @Override
    public Optional<Row> find(WorkspaceId workspace, UUID id) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            return Optional.ofNullable(rewards(workspace).byId.get(id));
        });
    }

    @Override
    public List<Row> of(WorkspaceId workspace, UserId user, int most) {
        return stores.operation(undo -> {
            tenancy.check(workspace, user);
            return rows(workspace, row -> user.equals(row.user()), OLDEST.reversed(), most);
        });
    }

    @Override
    public List<Row> decidedAt(WorkspaceId workspace, String program, String event) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            return rows(
                    workspace,
                    row -> row.key().program().equals(program)
                            && row.key().event().equals(event),
                    OLDEST,
                    Integer.MAX_VALUE);
        });
    }

    @Override
    public List<Row> in(WorkspaceId workspace, RewardState state, int most) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            return rows(workspace, row -> row.state() == state, OLDEST, most);
        });
    }

    @Override
    public List<Row> due(WorkspaceId workspace, Instant now, int most) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            return rows(workspace, row -> isDue(row, now), EARLIEST, most);
        });
    }

    @Override
    public List<WorkspaceId> workspacesDue(Instant now, int most) {
        return stores.operation(undo -> {
            var earliest = new HashMap<WorkspaceId, Instant>();
            rewards.forEach((workspace, all) -> all.byId.values().stream()
                    .filter(row -> isDue(row, now))
                    .map(InMemoryRewardStore::dueAt)
                    .min(Comparator.naturalOrder())
                    .ifPresent(dueAt -> earliest.put(workspace, dueAt)));
            return earliest.entrySet().stream()
                    .sorted(Map.Entry.<WorkspaceId, Instant>comparingByValue()
                            .thenComparing(each -> each.getKey().value()))
                    .limit(most)
                    .map(Map.Entry::getKey)
                    .toList();
        });
    }

    /** What is due is looked up anew each time. */
    @Override
    public void lookedAt(WorkspaceId workspace, Instant now) {
        stores.operation(undo -> {
            tenancy.check(workspace);
            return workspace;
        });
    }

    @Override
    public Map<String, BigDecimal> balances(WorkspaceId workspace, UserId user) {
        return stores.operation(undo -> {
            tenancy.check(workspace, user);
            var sums = new HashMap<String, BigDecimal>();
            for (Entry entry : rewards(workspace).ledger) {
                if (user.equals(entry.user())) {
                    sums.merge(entry.unit(), entry.amount(), BigDecimal::add);
                }
            }
            return Map.copyOf(sums);
        });
    }

    @Override
    public List<Entry> entries(WorkspaceId workspace, @Nullable UserId user) {
        return stores.operation(undo -> {
            check(workspace, user);
            return rewards(workspace).ledger.stream()
                    .filter(entry -> user == null || user.equals(entry.user()))
                    .toList();
        });
    }

    private void check(WorkspaceId workspace, @Nullable UserId user) {
        if (user == null) {
            tenancy.check(workspace);
        } else {
            tenancy.check(workspace, user);
        }
    }

    private Rewards rewards(WorkspaceId workspace) {
        return rewards.computeIfAbsent(workspace, key -> new Rewards());
    }

    private Taken taken(CapKey key) {
        return caps.getOrDefault(key, Taken.NOTHING);
    }

    private List<Row> rows(WorkspaceId workspace, Predicate<Row> wanted, Comparator<Row> order, int most) {
        return rewards(workspace).byId.values().stream()
                .filter(wanted)
                .sorted(order)
                .limit(most)
                .toList();
    }

    private static boolean isDue(Row row, Instant now) {
        return row.dueAt() != null && !row.dueAt().isAfter(now);
    }

    private static Instant dueAt(Row row) {
        return Objects.requireNonNull(row.dueAt(), "dueAt");
    }

    private static void add(Rewards all, List<Entry> entries, List<Runnable> undo) {
        int size = all.ledger.size();
        all.ledger.addAll(entries);
        undo.add(() -> all.ledger.subList(size, all.ledger.size()).clear());
    }

    // ---- ends

    @Override
    public long remove(BiPredicate<WorkspaceId, @Nullable UserId> whose) {
        long rows = caps.size();
        caps.keySet().removeIf(key -> key.workspace() != null && whose.test(key.workspace(), key.user()));
        rows -= caps.size();
        for (var each : rewards.entrySet()) {
            Rewards all = each.getValue();
            rows += whose.test(each.getKey(), null)
                    ? all.clear()
                    : all.forget(user -> user != null && whose.test(each.getKey(), user));
        }
        rewards.values().removeIf(all -> all.byId.isEmpty() && all.ledger.isEmpty());
        return rows;
    }

    /** The rewards of a workspace. */
    private static final class Rewards {
        final Map<UUID, Row> byId = new LinkedHashMap<>();
        final Map<Key, UUID> byKey = new HashMap<>();
        final List<Entry> ledger = new ArrayList<>();

        long clear() {
            long rows = byId.size() + ledger.size();
            byId.clear();
            byKey.clear();
            ledger.clear();
            return rows;
        }

        long forget(Predicate<@Nullable UserId> unwanted) {
            long rows = byId.values().stream()
                            .filter(row -> unwanted.test(row.user()))
                            .count()
                    + ledger.stream()
                            .filter(entry -> unwanted.test(entry.user()))
                            .count();
            byId.replaceAll((id, row) -> withoutUser(row, unwanted));
            ledger.replaceAll(entry -> unwanted.test(entry.user())
                    ? new Entry(
                            entry.id(), entry.reward(), null, entry.unit(), entry.amount(), entry.kind(), entry.at())
                    : entry);
            return rows;
        }

        /** A cap may be that of another user than the one who gets the reward. */
        private static Row withoutUser(Row row, Predicate<@Nullable UserId> unwanted) {
            return new Row(
                    row.id(),
                    row.key(),
                    unwanted.test(row.user()) ? null : row.user(),
                    row.state(),
                    row.benefit(),
                    row.terms(),
                    row.decidedAt(),
                    row.dueAt(),
                    row.issuedAt(),
                    row.clawBackUntil(),
                    row.reason(),
                    row.taken().stream()
                            .map(take -> unwanted.test(take.user())
                                    ? new Take(
                                            take.program(),
                                            take.cap(),
                                            take.scope(),
                                            null,
                                            take.periodStart(),
                                            take.count(),
                                            take.money(),
                                            take.mostCount(),
                                            take.mostMoney())
                                    : take)
                            .toList(),
                    row.provision(),
                    row.fulfilment(),
                    row.refunded());
        }
    }

    /** What is counted together; without a workspace, over all of them. */
    private record CapKey(
            @Nullable WorkspaceId workspace,
            String program,
            String cap,
            @Nullable UserId user,
            Instant periodStart) {

        static CapKey of(WorkspaceId workspace, Take take) {
            return take.scope() == RewardCap.Scope.PROGRAM
                    ? new CapKey(null, take.program(), take.cap(), null, take.periodStart())
                    : new CapKey(workspace, take.program(), take.cap(), take.user(), take.periodStart());
        }
    }

    private record Taken(long count, long money) {
        static final Taken NOTHING = new Taken(0, 0);

        Taken plus(Take take) {
            return new Taken(Math.addExact(count, take.count()), Math.addExact(money, take.money()));
        }

        Taken minus(Take take) {
            return new Taken(Math.max(count - take.count(), 0), Math.max(money - take.money(), 0));
        }

        boolean fits(Take take) {
            return (take.mostCount() < 0 || count <= take.mostCount())
                    && (take.mostMoney() < 0 || money <= take.mostMoney());
        }
    }
}
