package io.plg.testkit;

import io.plg.PlgStores;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.ActivationStore;
import io.plg.activation.StepCompletion;
import io.plg.event.GrowthEvent;
import io.plg.memory.InMemoryStores;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/** In-memory stores that keep events and scores beside the completions, as a database does. */
final class InspectedStores extends ForwardingStores implements StoreInspection {
    private final Map<WorkspaceId, List<UUID>> events;
    private final Map<List<Object>, Integer> scores;

    static InspectedStores create() {
        return new InspectedStores(new ConcurrentHashMap<>(), new ConcurrentHashMap<>());
    }

    private InspectedStores(Map<WorkspaceId, List<UUID>> events, Map<List<Object>, Integer> scores) {
        super(InMemoryStores.create(), (stores, activation) -> new Keeping(stores, activation, events, scores));
        this.events = events;
        this.scores = scores;
    }

    @Override
    public List<UUID> eventIds(WorkspaceId workspace) {
        return events.getOrDefault(workspace, List.of());
    }

    @Override
    public OptionalInt score(WorkspaceId workspace, ActivationFunnel funnel, UserId user) {
        Integer score = scores.get(List.of(workspace, funnel.name(), user));
        return score == null ? OptionalInt.empty() : OptionalInt.of(score);
    }

    private static final class Keeping extends ForwardingStores.Activation {
        private final PlgStores stores;
        private final Map<WorkspaceId, List<UUID>> events;
        private final Map<List<Object>, Integer> scores;

        Keeping(
                PlgStores stores,
                ActivationStore target,
                Map<WorkspaceId, List<UUID>> events,
                Map<List<Object>, Integer> scores) {
            super(target);
            this.stores = stores;
            this.events = events;
            this.scores = scores;
        }

        @Override
        public Recorded complete(
                WorkspaceId workspace, ActivationFunnel funnel, StepCompletion completion, List<GrowthEvent> made) {
            Recorded recorded = super.complete(workspace, funnel, completion, made);
            if (recorded.first()) {
                stores.afterCommit(() -> keep(
                        workspace, made, funnel, completion, recorded.state().score()));
            }
            return recorded;
        }

        @Override
        public List<Boolean> completeAll(WorkspaceId workspace, ActivationFunnel funnel, List<WithEvents> completions) {
            List<Boolean> first = super.completeAll(workspace, funnel, completions);
            for (int i = 0; i < first.size(); i++) {
                WithEvents each = completions.get(i);
                if (first.get(i)) {
                    int score =
                            find(workspace, funnel, each.completion().user()).score();
                    stores.afterCommit(() -> keep(workspace, each.events(), funnel, each.completion(), score));
                }
            }
            return first;
        }

        private void keep(
                WorkspaceId workspace,
                List<GrowthEvent> made,
                ActivationFunnel funnel,
                StepCompletion completion,
                int score) {
            events.compute(workspace, (key, before) -> {
                var ids = new ArrayList<>(before == null ? List.of() : before);
                made.forEach(event -> ids.add(event.id()));
                return ids;
            });
            scores.merge(List.of(workspace, funnel.name(), completion.user()), score, Math::max);
        }
    }
}
