package io.plg.plan;

import io.plg.internal.Text;

/**
 * A version of a plan. A workspace that was put on a version keeps it, whatever newer ones there are, until it is moved.
 *
 * @param plan the name of the plan
 * @param version which version, from 1; 0 for whatever is the latest
 */
public record PlanVersion(String plan, int version) {

    /**
     * Checks both.
     *
     * @throws IllegalArgumentException if the name is blank or too long, or the version is negative
     */
    public PlanVersion {
        Text.checkName("plan name", plan);
        if (version < 0) {
            throw new IllegalArgumentException("plan version must be 1 or more, or 0 for the latest, was " + version);
        }
    }

    /**
     * Returns whatever is the latest version of a plan.
     *
     * @param plan the name of the plan
     * @return the reference
     * @throws IllegalArgumentException if the name is blank or too long
     */
    public static PlanVersion latestOf(String plan) {
        return new PlanVersion(plan, 0);
    }

    /**
     * Returns {@code name@version}, or the name alone for the latest.
     *
     * @return for example {@code free@1}
     */
    @Override
    public String toString() {
        return version == 0 ? plan : plan + "@" + version;
    }
}
