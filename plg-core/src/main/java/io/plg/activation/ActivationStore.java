package io.plg.activation;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.event.GrowthEvent;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * Keeps the completions of every workspace. Applications use {@link Activation}; this is what an adapter implements, and its
 * contract test is {@code ActivationStoreContract} of plg-testkit.
 *
 * <pre>
 * per (workspace, funnel, user, step):   absent ──complete──▶ completed        (final; a repeat changes nothing)
 * per (workspace, funnel, user):         sign-up unknown ──signUp──▶ known     (final; a repeat changes nothing)
 * </pre>
 *
 * <p>Rules for implementers: whether a completion is the first is decided by one atomic statement, never by reading before
 * writing; the completion, the score kept beside it ({@link ActivationState#score()} of the user after it) and the events are
 * stored together or not at all; each call keeps to the workspace that it is handed; times are kept to the microsecond; reports are
 * computed from the stored completions and the funnel that is handed in.
 */
public interface ActivationStore {

    /**
     * Stores a completion and its events unless the user has completed the step.
     *
     * @param workspace where
     * @param funnel the funnel as it is now
     * @param completion what was completed, with its time set
     * @param events stored with it if it is the first
     * @return whether it was the first, and what is stored for the user afterwards
     */
    Recorded complete(
            WorkspaceId workspace, ActivationFunnel funnel, StepCompletion completion, List<GrowthEvent> events);

    /**
     * Stores many completions, each as {@link #complete} would, all or none.
     *
     * @param workspace where
     * @param funnel the funnel as it is now
     * @param completions what was completed, with times set
     * @return for each completion, in order, whether it was the first
     */
    List<Boolean> completeAll(WorkspaceId workspace, ActivationFunnel funnel, List<WithEvents> completions);

    /**
     * Stores the sign-up time of a user unless one is stored.
     *
     * @param workspace where
     * @param funnel the funnel
     * @param user who signed up
     * @param at when
     * @return what is stored for the user afterwards
     */
    ActivationState signUp(WorkspaceId workspace, ActivationFunnel funnel, UserId user, Instant at);

    /**
     * Returns what is stored for a user.
     *
     * @param workspace where
     * @param funnel the funnel
     * @param user whom to look up
     * @return the state; without any completion if nothing is stored
     */
    ActivationState find(WorkspaceId workspace, ActivationFunnel funnel, UserId user);

    /**
     * Reports on a cohort.
     *
     * @param workspace where
     * @param funnel the funnel as it is now
     * @param cohort whose sign-ups
     * @return the report
     */
    ActivationReport report(WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort);

    /**
     * Reports on a cohort, split by a metadata entry of the completions of the funnel's first step.
     *
     * @param workspace where
     * @param funnel the funnel as it is now
     * @param cohort whose sign-ups
     * @param metadataKey the key of the entry
     * @return a report for each value; users without the entry under the empty text
     */
    Map<String, ActivationReport> reportBy(
            WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort, String metadataKey);

    /**
     * What {@link #complete} did.
     *
     * @param first whether this call stored the completion
     * @param state what is stored for the user afterwards
     */
    record Recorded(boolean first, ActivationState state) {}

    /**
     * A completion and the events that are stored with it.
     *
     * @param completion what was completed, with its time set
     * @param events stored with it if it is the first
     */
    record WithEvents(StepCompletion completion, List<GrowthEvent> events) {

        /** Copies the events. */
        public WithEvents {
            events = List.copyOf(events);
        }
    }
}
