package io.plg;

import io.plg.activation.ActivationFunnel;
import io.plg.activation.ActivationReport;
import io.plg.activation.Cohort;
import io.plg.virality.KFactor;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What whoever operates the product may know over all workspaces: aggregates, and nothing else. It reads one workspace after another, bound to
 * each in turn, so that isolation is never lifted; on a database it has a role of its own. Off unless the builder turned it on.
 */
public interface Operator {

    /**
     * Reports on a cohort of a funnel over all workspaces that are not deleted, as
     * {@link io.plg.activation.Activation#report(Cohort)} does for one. A user who is in two workspaces counts in each. Workspaces are read
     * one after another, each as it is when its turn comes.
     *
     * @param funnel one of the funnels that {@link Plg} was built with
     * @param cohort whose sign-ups
     * @return the report
     * @throws io.plg.activation.UnknownFunnel if {@code Plg} was not built with that funnel
     * @throws StoreFailure if the store cannot be read
     */
    ActivationReport activationReport(ActivationFunnel funnel, Cohort cohort);

    /**
     * Returns the viral coefficient of a cohort over all workspaces that are not deleted, as {@link io.plg.virality.Virality#k(Instant, Instant, Duration)} does for one. A user who is in two
     * workspaces is a member of each. What has to do with invitations is empty if a workspace with members has not recorded any.
     *
     * @param program the name of a referral program
     * @param from the start, inclusive
     * @param to the end, exclusive
     * @param window how long after a member's own activation invitations and activations count
     * @return K, or empty if nobody was activated then
     * @throws IllegalArgumentException if there is no such program, {@code from} is not before {@code to}, one of them is outside the years 1 to 9999, or the window is not positive, longer
     *     than 36,500 days or no whole number of microseconds
     * @throws IllegalStateException if {@code Plg} was built without programs or without funnels
     * @throws StoreFailure if the store cannot be read
     */
    Optional<KFactor> virality(String program, Instant from, Instant to, Duration window);
}
