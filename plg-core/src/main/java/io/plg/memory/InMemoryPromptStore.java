package io.plg.memory;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.gate.Severity;
import io.plg.memory.InMemoryStores.TenantRows;
import io.plg.prompt.PromptConversion;
import io.plg.prompt.PromptStore;
import io.plg.prompt.Variant;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiPredicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A prompt is an immutable row; replacing it is undone by putting it back. */
final class InMemoryPromptStore implements PromptStore, TenantRows {
    private static final Comparator<Row> LATEST = Comparator.comparing(
                    (Row row) -> row.shown().at())
            .thenComparing(row -> row.shown().id().toString());

    private final InMemoryStores stores;
    private final InMemoryTenancyStore tenancy;
    private final Map<WorkspaceId, Map<UUID, Row>> rows = new HashMap<>();

    InMemoryPromptStore(InMemoryStores stores, InMemoryTenancyStore tenancy) {
        this.stores = stores;
        this.tenancy = tenancy;
    }

    @Override
    public Optional<Shown> show(WorkspaceId workspace, Candidate candidate) {
        return stores.operation(undo -> {
            tenancy.check(workspace, candidate.user());
            Map<UUID, Row> prompts = prompts(workspace);
            Seen seen = seen(prompts, candidate);
            if (!candidate.timing().allows(seen)) {
                return Optional.empty();
            }
            if (seen.same().isPresent()) {
                return seen.same();
            }
            var row = Row.of(candidate);
            prompts.put(candidate.id(), row);
            undo.add(() -> prompts.remove(candidate.id()));
            return Optional.of(row.shown());
        });
    }

    @Override
    public boolean mark(WorkspaceId workspace, UUID prompt, Outcome outcome, Instant at) {
        return replace(workspace, prompt, row -> row.with(outcome, at));
    }

    @Override
    public boolean snooze(WorkspaceId workspace, UUID prompt, Instant until) {
        return replace(workspace, prompt, row -> row.snoozed(until));
    }

    @Override
    public long markUpgraded(WorkspaceId workspace, Instant shownSince, Instant at) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            Map<UUID, Row> prompts = prompts(workspace);
            Map<UserId, List<Row>> byUser = prompts.values().stream().collect(Collectors.groupingBy(Row::user));
            long marked = 0;
            for (List<Row> ofUser : byUser.values()) {
                Optional<Row> latest = ofUser.stream()
                        .filter(row -> row.plan().isPresent())
                        .max(LATEST)
                        .filter(row -> !row.shown().at().isBefore(shownSince))
                        .filter(row -> row.upgradedAt() == null)
                        .filter(row -> ofUser.stream()
                                .allMatch(other ->
                                        isBefore(other.upgradedAt(), row.shown().at())));
                if (latest.isPresent()) {
                    Row row = latest.get();
                    prompts.put(row.shown().id(), row.with(Outcome.UPGRADED, at));
                    undo.add(() -> prompts.put(row.shown().id(), row));
                    marked++;
                }
            }
            return marked;
        });
    }

    @Override
    public List<PromptConversion> conversions(WorkspaceId workspace, Instant from, Instant to) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            var lines = new LinkedHashMap<List<Object>, PromptConversion>();
            for (Row row : prompts(workspace).values()) {
                if (!row.shown().at().isBefore(from) && row.shown().at().isBefore(to)) {
                    lines.merge(
                            List.of(row.feature(), row.plan(), row.variant()), row.line(), InMemoryPromptStore::sum);
                }
            }
            return List.copyOf(lines.values());
        });
    }

    @Override
    public long remove(BiPredicate<WorkspaceId, @Nullable UserId> whose) {
        long before = count();
        rows.forEach((workspace, prompts) -> prompts.values().removeIf(row -> whose.test(workspace, row.user())));
        rows.values().removeIf(Map::isEmpty);
        return before - count();
    }

    private long count() {
        return rows.values().stream().mapToLong(Map::size).sum();
    }

    private Map<UUID, Row> prompts(WorkspaceId workspace) {
        return rows.computeIfAbsent(workspace, key -> new HashMap<>());
    }

    private boolean replace(WorkspaceId workspace, UUID prompt, UnaryOperator<Row> change) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            Map<UUID, Row> prompts = prompts(workspace);
            Row before = prompts.get(prompt);
            if (before == null || before.upgradedAt() != null) {
                return false;
            }
            Row after = change.apply(before);
            if (after.equals(before)) {
                return false;
            }
            prompts.put(prompt, after);
            undo.add(() -> prompts.put(prompt, before));
            return true;
        });
    }

    private static Seen seen(Map<UUID, Row> prompts, Candidate candidate) {
        Timing timing = candidate.timing();
        List<Row> ofUser = prompts.values().stream()
                .filter(row -> row.user().equals(candidate.user()))
                .toList();
        List<Row> ofFeature = ofUser.stream()
                .filter(row -> row.feature().equals(candidate.feature()))
                .toList();
        return new Seen(
                ofUser.stream()
                        .filter(row -> row.shown().at().isAfter(timing.windowStart()))
                        .count(),
                ofFeature.stream()
                        .filter(row -> row.severity().compareTo(candidate.severity()) >= 0)
                        .anyMatch(row -> row.shown().at().isAfter(timing.coolDownStart())
                                || isAfter(row.dismissedAt(), timing.dismissedStart())),
                ofFeature.stream().anyMatch(row -> isAfter(row.snoozedUntil(), candidate.at())),
                ofFeature.stream()
                        .filter(row -> timing.always()
                                && row.severity() == candidate.severity()
                                && row.plan().equals(candidate.plan())
                                && row.variant().equals(candidate.variant())
                                && row.upgradedAt() == null
                                && row.shown().at().isAfter(timing.coolDownStart()))
                        .max(LATEST)
                        .map(Row::shown));
    }

    private static PromptConversion sum(PromptConversion one, PromptConversion other) {
        return new PromptConversion(
                one.feature(),
                one.plan(),
                one.variant(),
                one.shown() + other.shown(),
                one.clicked() + other.clicked(),
                one.dismissed() + other.dismissed(),
                one.upgraded() + other.upgraded());
    }

    private static boolean isAfter(@Nullable Instant instant, Instant start) {
        return instant != null && instant.isAfter(start);
    }

    private static boolean isBefore(@Nullable Instant instant, Instant end) {
        return instant == null || instant.isBefore(end);
    }

    private record Row(
            Shown shown,
            UserId user,
            String feature,
            Severity severity,
            Optional<String> plan,
            Optional<Variant> variant,
            @Nullable Instant clickedAt,
            @Nullable Instant dismissedAt,
            @Nullable Instant snoozedUntil,
            @Nullable Instant upgradedAt) {

        static Row of(Candidate candidate) {
            return new Row(
                    new Shown(candidate.id(), candidate.at()),
                    candidate.user(),
                    candidate.feature(),
                    candidate.severity(),
                    candidate.plan(),
                    candidate.variant(),
                    null,
                    null,
                    null,
                    null);
        }

        Row with(Outcome outcome, Instant at) {
            return with(
                    outcome == Outcome.CLICKED && clickedAt == null ? at : clickedAt,
                    outcome == Outcome.DISMISSED && dismissedAt == null ? at : dismissedAt,
                    snoozedUntil,
                    outcome == Outcome.UPGRADED ? at : upgradedAt);
        }

        Row snoozed(Instant until) {
            return with(clickedAt, dismissedAt, isAfter(snoozedUntil, until) ? snoozedUntil : until, upgradedAt);
        }

        PromptConversion line() {
            return new PromptConversion(
                    feature,
                    plan,
                    variant,
                    1,
                    clickedAt == null ? 0 : 1,
                    dismissedAt == null ? 0 : 1,
                    upgradedAt == null ? 0 : 1);
        }

        private Row with(
                @Nullable Instant clickedAt,
                @Nullable Instant dismissedAt,
                @Nullable Instant snoozedUntil,
                @Nullable Instant upgradedAt) {
            return new Row(
                    shown, user, feature, severity, plan, variant, clickedAt, dismissedAt, snoozedUntil, upgradedAt);
        }
    }
}
