package io.plg.virality;

import io.plg.UserId;
import io.plg.WorkspaceId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Counts what the viral coefficient is made of. Applications use {@link Virality}; this is what an adapter implements, and its contract test is {@code ViralityContract} of plg-testkit.
 *
 * <p>It owns no facts: a user is a member from the first completion of the {@linkplain Loop#step() step}, which the store of activations keeps; invitations, and when a referred user
 * reached the stage {@code activation}, are kept by the store of referrals. An adapter may keep sums beside them:
 *
 * <pre>
 * per (workspace, loop, window, day):   unknown ──counts──▶ kept ──changed, for a member of the day──▶ out of date ──counts──▶ kept
 * </pre>
 *
 * <p>Rules for implementers: {@link #counts} always equals {@link #recomputed}, whatever other transactions do meanwhile; sums that are kept were computed from a view of the facts that
 * contains every write whose {@link #changed} they settle. A write and its {@code changed} are one transaction. Neither makes transactions wait for each other. Times are in microseconds and
 * days in UTC. Calls on a deleted workspace throw {@code WorkspaceDeleted}, save for {@code changed}: the write has asked.
 */
public interface ViralityStore {

    /**
     * Counts a cohort: the users who became members in [from, to).
     *
     * @param workspace of the members
     * @param loop what is counted
     * @param from the start, inclusive
     * @param to the end, exclusive
     * @param window how long after becoming a member invitations and activations count, the end included
     * @return the sums; invitations and senders are empty while the workspace has no invitation in the program
     */
    ViralCounts counts(WorkspaceId workspace, Loop loop, Instant from, Instant to, Duration window);

    /**
     * Counts a cohort from the facts only, whatever is kept beside them.
     *
     * @param workspace of the members
     * @param loop what is counted
     * @param from the start, inclusive
     * @param to the end, exclusive
     * @param window how long after becoming a member invitations and activations count, the end included
     * @return what {@link #counts} returns
     */
    ViralCounts recomputed(WorkspaceId workspace, Loop loop, Instant from, Instant to, Duration window);

    /**
     * Counts the graph of referrals.
     *
     * @param workspace whose graph
     * @param program of which program
     * @return all who have a place in the graph, and whom they have referred; without invitations
     */
    ViralCounts countsOfGraph(WorkspaceId workspace, String program);

    /**
     * Measures the time from a member's activation to those of the users whom the member has referred.
     *
     * @param workspace of the members
     * @param loop what is measured
     * @param from the first instant at which a referred user was activated
     * @param to the first instant after
     * @return the cycle, or empty if there is no such referral
     */
    Optional<ViralCycle> cycle(WorkspaceId workspace, Loop loop, Instant from, Instant to);

    /**
     * Notes that what is counted of users has changed or is about to, in this transaction: that they have become members, have invited somebody, or that somebody was activated whom they
     * have referred. To be called whether they are members or not: another transaction may be making them members at the same time.
     *
     * @param workspace of the users
     * @param users whose
     */
    void changed(WorkspaceId workspace, List<UserId> users);

    /**
     * What is counted.
     *
     * @param program the referral program
     * @param funnel the name of the funnel whose activation counts
     * @param step the name of that funnel's aha step
     */
    record Loop(String program, String funnel, String step) {

        /** Checks that nothing is missing. */
        public Loop {
            Objects.requireNonNull(program, "program");
            Objects.requireNonNull(funnel, "funnel");
            Objects.requireNonNull(step, "step");
        }
    }
}
