package io.plg.memory;

import io.plg.OperatorStore;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.ActivationTally;
import io.plg.activation.Cohort;
import io.plg.virality.ViralCounts;
import io.plg.virality.ViralityStore;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Aggregates of each workspace. */
final class InMemoryOperatorStore implements OperatorStore {
    private final InMemoryActivationStore activation;
    private final InMemoryViralityStore virality;

    InMemoryOperatorStore(InMemoryActivationStore activation, InMemoryViralityStore virality) {
        this.activation = activation;
        this.virality = virality;
    }

    @Override
    public List<WorkspaceId> workspacesAfter(@Nullable WorkspaceId last, int limit) {
        return activation.workspacesAfter(last, limit);
    }

    @Override
    public ActivationTally activation(WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort) {
        return activation.tally(workspace, funnel, cohort);
    }

    @Override
    public ViralCounts virality(
            WorkspaceId workspace, ViralityStore.Loop loop, Instant from, Instant to, Duration window) {
        return virality.count(workspace, loop, from, to, window);
    }
}
