package io.plg;

import io.plg.activation.ActivationFunnel;
import io.plg.activation.ActivationReport;
import io.plg.activation.Cohort;

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
}
