package io.plg;

import io.plg.activation.ActivationFunnel;
import io.plg.activation.ActivationTally;
import io.plg.activation.Cohort;
import io.plg.virality.ViralCounts;
import io.plg.virality.ViralityStore;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What an adapter provides for {@link Operator}. Applications do not call it. */
public interface OperatorStore {

    /**
     * Returns workspaces in the order of their ids: those that anything was ever stored for and that are not deleted.
     *
     * @param last the last one that is known, or {@code null} to begin
     * @param limit how many at most
     * @return those that follow; empty at the end
     */
    List<WorkspaceId> workspacesAfter(@Nullable WorkspaceId last, int limit);

    /**
     * Counts a cohort of one workspace.
     *
     * @param workspace where
     * @param funnel the funnel as it is now
     * @param cohort whose sign-ups
     * @return what a report is made of
     */
    ActivationTally activation(WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort);

    /**
     * Counts how the users of one workspace bring users, as {@link ViralityStore#counts} does.
     *
     * @param workspace where
     * @param loop what is counted
     * @param from the start of the cohort, inclusive
     * @param to its end, exclusive
     * @param window how long after becoming a member invitations and activations count
     * @return the sums
     */
    ViralCounts virality(WorkspaceId workspace, ViralityStore.Loop loop, Instant from, Instant to, Duration window);
}
