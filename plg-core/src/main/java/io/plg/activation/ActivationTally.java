package io.plg.activation;

import io.plg.activation.ActivationReport.StepCount;
import io.plg.stats.DurationSummary;
import io.plg.stats.Rate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What a report is made of, so that the tallies of several workspaces make one report. For adapters; applications read
 * {@link ActivationReport}.
 */
public final class ActivationTally {
    private final long signedUp;
    private final Map<String, Long> completed;
    private final long[] micros;

    /**
     * Makes a tally.
     *
     * @param signedUp how many users the cohort has
     * @param completed by the name of a step, how many of them completed it; a step that is missing counts 0
     * @param micros for each of them who completed the aha step, the time from sign-up to it in microseconds, in any order; not copied
     */
    public ActivationTally(long signedUp, Map<String, Long> completed, long[] micros) {
        this.signedUp = signedUp;
        this.completed = Map.copyOf(completed);
        this.micros = Objects.requireNonNull(micros, "micros");
    }

    /**
     * Returns the report on all users of several tallies.
     *
     * @param funnel the funnel that they were made for
     * @param tallies the tallies
     * @return the report
     */
    public static ActivationReport report(ActivationFunnel funnel, Collection<ActivationTally> tallies) {
        long signedUp = 0;
        var completed = new HashMap<String, Long>();
        int activated = 0;
        for (ActivationTally each : tallies) {
            signedUp += each.signedUp;
            each.completed.forEach((step, n) -> completed.merge(step, n, Long::sum));
            activated = Math.addExact(activated, each.micros.length);
        }
        var all = new long[activated];
        int at = 0;
        for (ActivationTally each : tallies) {
            System.arraycopy(each.micros, 0, all, at, each.micros.length);
            at += each.micros.length;
        }
        var steps = new ArrayList<StepCount>();
        for (Step step : funnel.steps()) {
            long n = completed.getOrDefault(step.name(), 0L);
            steps.add(new StepCount(step, n, new Rate(n, signedUp)));
        }
        return new ActivationReport(signedUp, steps, activated, DurationSummary.ofMicros(all));
    }

    /**
     * Returns the report on the users of this tally.
     *
     * @param funnel the funnel that it was made for
     * @return the report
     */
    public ActivationReport report(ActivationFunnel funnel) {
        return report(funnel, List.of(this));
    }
}
