package io.plg.activation;

import io.plg.stats.DurationSummary;
import io.plg.stats.Rate;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * How a cohort has come along in a funnel.
 *
 * @param signedUp how many users belong to the cohort
 * @param steps for each step of the funnel, in its order, how many of them completed it, before or after others
 * @param activated how many of them completed the aha step
 * @param timeToActivation aha completion − sign-up of those who completed it; empty if nobody did. It is negative for a user
 *     whose aha step was completed before the sign-up
 */
public record ActivationReport(
        long signedUp, List<StepCount> steps, long activated, Optional<DurationSummary> timeToActivation) {

    /**
     * Checks that the counts fit together and copies the steps.
     *
     * @throws IllegalArgumentException if a count is negative or larger than the cohort
     */
    public ActivationReport {
        steps = List.copyOf(steps);
        Objects.requireNonNull(timeToActivation, "timeToActivation");
        if (activated < 0 || activated > signedUp) {
            throw new IllegalArgumentException("activated must be 0 to signedUp=" + signedUp + ", was " + activated);
        }
    }

    /**
     * Returns the share of the cohort that was activated, with its 95 % interval.
     *
     * @return activated ÷ signedUp
     */
    public Rate activationRate() {
        return new Rate(activated, signedUp);
    }

    /**
     * How many users of a cohort completed a step.
     *
     * @param step the step
     * @param completed how many completed it
     * @param rate how many of the cohort that is, with its 95 % interval
     */
    public record StepCount(Step step, long completed, Rate rate) {}
}
