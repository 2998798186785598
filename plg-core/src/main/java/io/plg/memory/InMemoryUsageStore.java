package io.plg.memory;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.gate.UsageStore;
import io.plg.memory.InMemoryStores.TenantRows;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/** What workspaces have and use. The one lock of the store is that of all meters, so there are no lanes: every answer is worked out anew. */
final class InMemoryUsageStore implements UsageStore, TenantRows {
    private final InMemoryStores stores;
    private final InMemoryTenancyStore tenancy;
    private final Map<WorkspaceId, Facts> facts = new HashMap<>();
    private final Map<WorkspaceId, Map<MeterKey, String>> meters = new HashMap<>();
    private final Map<WorkspaceId, List<Entry>> ledger = new HashMap<>();

    InMemoryUsageStore(InMemoryStores stores, InMemoryTenancyStore tenancy) {
        this.stores = stores;
        this.tenancy = tenancy;
    }

    @Override
    public Facts facts(WorkspaceId workspace, Instant endedAfter) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            Facts all = factsOf(workspace);
            return new Facts(
                    all.version(),
                    all.facts().stream()
                            .filter(fact ->
                                    fact.endsAt() == null || fact.endsAt().isAfter(endedAfter))
                            .toList());
        });
    }

    private Facts factsOf(WorkspaceId workspace) {
        return facts.getOrDefault(workspace, new Facts(0, List.of()));
    }

    @Override
    public int change(WorkspaceId workspace, List<Fact> added, List<UUID> ended, Instant at) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            Facts before = factsOf(workspace);
            var after = new ArrayList<Fact>();
            int ends = 0;
            for (Fact fact : before.facts()) {
                boolean ending = ended.contains(fact.id())
                        && (fact.endsAt() == null || fact.endsAt().isAfter(at));
                ends += ending ? 1 : 0;
                after.add(
                        ending
                                ? new Fact(
                                        fact.id(),
                                        fact.kind(),
                                        fact.feature(),
                                        fact.effectiveAt(),
                                        at,
                                        fact.statedAt(),
                                        fact.version(),
                                        fact.body())
                                : fact);
            }
            for (Fact fact : added) {
                after.add(new Fact(
                        fact.id(),
                        fact.kind(),
                        fact.feature(),
                        fact.effectiveAt(),
                        fact.endsAt(),
                        fact.statedAt(),
                        before.version() + 1,
                        fact.body()));
            }
            Facts previous = facts.put(workspace, new Facts(before.version() + 1, after));
            undo.add(previous == null ? () -> facts.remove(workspace) : () -> facts.put(workspace, previous));
            return ends;
        });
    }

    @Override
    public Take take(WorkspaceId workspace, Wish wish) {
        return Take.Undecided.UNDECIDED;
    }

    @Override
    public Opened open(WorkspaceId workspace, @Nullable UserId actor, List<MeterKey> keys, boolean lock) {
        return stores.operation(undo -> {
            if (actor == null) {
                tenancy.check(workspace);
            } else {
                tenancy.check(workspace, actor);
            }
            Map<MeterKey, String> stored = meters.getOrDefault(workspace, Map.of());
            return new Opened(
                    factsOf(workspace),
                    keys.stream()
                            .map(key -> new Meter(key, stored.get(place(key)), 0))
                            .toList(),
                    null);
        });
    }

    @Override
    public void store(WorkspaceId workspace, Changes changes) {
        stores.operation(undo -> {
            tenancy.check(workspace);
            Map<MeterKey, String> stored = meters.computeIfAbsent(workspace, id -> new HashMap<>());
            for (MeterChange each : changes.meters()) {
                String before = stored.put(place(each.key()), each.state());
                undo.add(
                        before == null
                                ? () -> stored.remove(place(each.key()))
                                : () -> stored.put(place(each.key()), before));
            }
            List<Entry> entries = ledger.computeIfAbsent(workspace, id -> new ArrayList<>());
            int size = entries.size();
            entries.addAll(changes.entries());
            undo.add(() -> entries.subList(size, entries.size()).clear());
            return changes;
        });
    }

    /** A feature that is given other decimals stays the same. */
    private static MeterKey place(MeterKey key) {
        return new MeterKey(key.feature(), 0, key.member());
    }

    @Override
    public List<Entry> entry(WorkspaceId workspace, MeterKey key, int slot, long sequence) {
        String place = slot + "." + sequence;
        return entries(workspace, key).stream()
                .filter(entry -> entry.place().equals(place) || place.equals(entry.refersTo()))
                .toList();
    }

    @Override
    public List<Entry> entriesOf(WorkspaceId workspace, UUID hold) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            return ledger.getOrDefault(workspace, List.of()).stream()
                    .filter(entry -> hold.equals(entry.hold()))
                    .toList();
        });
    }

    @Override
    public List<Entry> entries(WorkspaceId workspace, MeterKey key) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            return ledger.getOrDefault(workspace, List.of()).stream()
                    .filter(entry -> entry.key().feature().equals(key.feature()))
                    .toList();
        });
    }

    @Override
    public long remove(BiPredicate<WorkspaceId, @Nullable UserId> whose) {
        long rows = 0;
        for (WorkspaceId workspace : List.copyOf(facts.keySet())) {
            if (whose.test(workspace, null)) {
                rows += Objects.requireNonNull(facts.remove(workspace)).facts().size();
            }
        }
        for (var each : meters.entrySet()) {
            int before = each.getValue().size();
            each.getValue().keySet().removeIf(key -> whose.test(each.getKey(), key.member()));
            rows += before - each.getValue().size();
        }
        meters.values().removeIf(Map::isEmpty);
        for (var each : ledger.entrySet()) {
            if (whose.test(each.getKey(), null)) {
                rows += each.getValue().size();
                each.getValue().clear();
            } else {
                each.getValue()
                        .replaceAll(entry -> entry.actor() != null && whose.test(each.getKey(), entry.actor())
                                ? anonymous(entry)
                                : entry);
            }
        }
        ledger.values().removeIf(List::isEmpty);
        return rows;
    }

    private static Entry anonymous(Entry entry) {
        return new Entry(
                entry.key(),
                entry.slot(),
                entry.sequence(),
                entry.kind(),
                entry.amount(),
                entry.held(),
                entry.parts(),
                null,
                entry.hold(),
                entry.refersTo(),
                entry.at(),
                entry.periodStart());
    }
}
