package io.plg.memory;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.ActivationReport;
import io.plg.activation.ActivationState;
import io.plg.activation.ActivationStore;
import io.plg.activation.ActivationTally;
import io.plg.activation.Cohort;
import io.plg.activation.CompletedStep;
import io.plg.activation.Step;
import io.plg.activation.StepCompletion;
import io.plg.event.GrowthEvent;
import io.plg.memory.InMemoryStores.TenantRows;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/** What is stored for a user is one immutable state without the funnel's view on it; replacing it is undone by putting it back. */
final class InMemoryActivationStore implements ActivationStore, TenantRows {
    private final InMemoryStores stores;
    private final InMemoryTenancyStore tenancy;
    private final Map<FunnelKey, Map<UserId, Facts>> facts = new HashMap<>();

    InMemoryActivationStore(InMemoryStores stores, InMemoryTenancyStore tenancy) {
        this.stores = stores;
        this.tenancy = tenancy;
    }

    @Override
    public Recorded complete(
            WorkspaceId workspace, ActivationFunnel funnel, StepCompletion completion, List<GrowthEvent> events) {
        return stores.operation(undo -> {
            tenancy.check(workspace, completion.user());
            boolean first = put(users(workspace, funnel), completion, undo);
            return new Recorded(first, stateOf(workspace, funnel, completion.user()));
        });
    }

    @Override
    public List<Boolean> completeAll(WorkspaceId workspace, ActivationFunnel funnel, List<WithEvents> completions) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            completions.forEach(
                    each -> tenancy.check(workspace, each.completion().user()));
            Map<UserId, Facts> users = users(workspace, funnel);
            var first = new ArrayList<Boolean>(completions.size());
            for (WithEvents each : completions) {
                first.add(put(users, each.completion(), undo));
            }
            return first;
        });
    }

    @Override
    public ActivationState signUp(WorkspaceId workspace, ActivationFunnel funnel, UserId user, Instant at) {
        return stores.operation(undo -> {
            tenancy.check(workspace, user);
            Map<UserId, Facts> users = users(workspace, funnel);
            Facts before = users.getOrDefault(user, Facts.NONE);
            if (before.hostSignUp().isEmpty()) {
                replace(users, user, new Facts(Optional.of(at), before.completed()), undo);
            }
            return stateOf(workspace, funnel, user);
        });
    }

    @Override
    public ActivationState find(WorkspaceId workspace, ActivationFunnel funnel, UserId user) {
        return stores.operation(undo -> {
            tenancy.check(workspace, user);
            return stateOf(workspace, funnel, user);
        });
    }

    @Override
    public ActivationReport report(WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            return tally(members(workspace, funnel, cohort)).report(funnel);
        });
    }

    @Override
    public Map<String, ActivationReport> reportBy(
            WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort, String metadataKey) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            Step firstStep = funnel.steps().get(0);
            var groups = new TreeMap<String, List<ActivationState>>();
            for (ActivationState member : members(workspace, funnel, cohort)) {
                CompletedStep signUp = member.completed().get(firstStep);
                String value = signUp == null ? "" : signUp.metadata().getOrDefault(metadataKey, "");
                groups.computeIfAbsent(value, v -> new ArrayList<>()).add(member);
            }
            var reports = new LinkedHashMap<String, ActivationReport>();
            groups.forEach((value, members) -> reports.put(value, tally(members).report(funnel)));
            return reports;
        });
    }

    /** Those that hold something, after one of them. */
    List<WorkspaceId> workspacesAfter(@Nullable WorkspaceId last, int limit) {
        return stores.operation(undo -> facts.entrySet().stream()
                .filter(each -> !each.getValue().isEmpty())
                .map(each -> each.getKey().workspace())
                .distinct()
                .filter(workspace -> last == null || workspace.value().compareTo(last.value()) > 0)
                .sorted(Comparator.comparing(WorkspaceId::value))
                .limit(limit)
                .toList());
    }

    /** What a report on a cohort is made of. */
    ActivationTally tally(WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort) {
        return stores.operation(undo -> tally(members(workspace, funnel, cohort)));
    }

    @Override
    public long remove(BiPredicate<WorkspaceId, @Nullable UserId> whose) {
        long rows = 0;
        for (var each : facts.entrySet()) {
            long before = rowsOf(each.getValue());
            each.getValue().keySet().removeIf(user -> whose.test(each.getKey().workspace(), user));
            rows += before - rowsOf(each.getValue());
        }
        facts.values().removeIf(Map::isEmpty);
        return rows;
    }

    /** Who has completed a step, and when. To be asked within an operation. */
    Map<UserId, Instant> completed(WorkspaceId workspace, String funnel, Step step) {
        var completed = new HashMap<UserId, Instant>();
        facts.getOrDefault(new FunnelKey(workspace, funnel), Map.of()).forEach((user, stored) -> {
            CompletedStep completion = stored.completed().get(step);
            if (completion != null) {
                completed.put(user, completion.at());
            }
        });
        return completed;
    }

    private static long rowsOf(Map<UserId, Facts> users) {
        return users.values().stream()
                .mapToLong(each -> 1 + each.completed().size())
                .sum();
    }

    private Map<UserId, Facts> users(WorkspaceId workspace, ActivationFunnel funnel) {
        return facts.computeIfAbsent(new FunnelKey(workspace, funnel.name()), key -> new HashMap<>());
    }

    private ActivationState stateOf(WorkspaceId workspace, ActivationFunnel funnel, UserId user) {
        return users(workspace, funnel).getOrDefault(user, Facts.NONE).state(funnel, user);
    }

    private List<ActivationState> members(WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort) {
        var members = new ArrayList<ActivationState>();
        users(workspace, funnel).forEach((user, stored) -> {
            ActivationState state = stored.state(funnel, user);
            if (state.signedUpAt().map(cohort::contains).orElse(false)) {
                members.add(state);
            }
        });
        return members;
    }

    private static boolean put(Map<UserId, Facts> users, StepCompletion completion, List<Runnable> undo) {
        Facts before = users.getOrDefault(completion.user(), Facts.NONE);
        if (before.completed().containsKey(completion.step())) {
            return false;
        }
        var completed = new HashMap<>(before.completed());
        completed.put(
                completion.step(),
                new CompletedStep(completion.step(), completion.time().orElseThrow(), completion.metadata()));
        replace(users, completion.user(), new Facts(before.hostSignUp(), completed), undo);
        return true;
    }

    private static void replace(Map<UserId, Facts> users, UserId user, Facts facts, List<Runnable> undo) {
        Facts before = users.put(user, facts);
        undo.add(before == null ? () -> users.remove(user) : () -> users.put(user, before));
    }

    private static ActivationTally tally(Collection<ActivationState> members) {
        var completed = new HashMap<String, Long>();
        members.forEach(
                member -> member.completed().keySet().forEach(step -> completed.merge(step.name(), 1L, Long::sum)));
        long[] micros = members.stream()
                .filter(ActivationState::activated)
                .mapToLong(m -> micros(Duration.between(
                        m.signedUpAt().orElseThrow(), m.activatedAt().orElseThrow())))
                .toArray();
        return new ActivationTally(members.size(), completed, micros);
    }

    // ChronoUnit.MICROS.between goes through nanoseconds and overflows after 292 years.
    private static long micros(Duration elapsed) {
        return elapsed.getSeconds() * 1_000_000 + elapsed.getNano() / 1_000;
    }

    private record FunnelKey(WorkspaceId workspace, String funnel) {}

    private record Facts(Optional<Instant> hostSignUp, Map<Step, CompletedStep> completed) {
        static final Facts NONE = new Facts(Optional.empty(), Map.of());

        ActivationState state(ActivationFunnel funnel, UserId user) {
            return new ActivationState(funnel, user, completed, hostSignUp);
        }
    }
}
