package io.plg.virality;

import io.plg.stats.DurationSummary;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;

/**
 * How long one turn of the viral loop takes: the time from a referrer's activation to that of a user whom the referrer brought. The
 * viral cycle time is the median, {@link #p50()}.
 *
 * <p>Percentiles are interpolated like those of {@link DurationSummary}. A time is negative if the referred user was activated
 * first. Such times are kept, as the median is that of all referrals, and {@link #negative()} says how many there are: where they are many,
 * referrers bring users before they are activated themselves, and there is no loop to measure.
 *
 * @param n how many referrals were measured, at least 1
 * @param negative in how many of them the referred user was activated before the referrer
 * @param p50 the median, the viral cycle time
 * @param p90 the 90th percentile
 */
public record ViralCycle(long n, long negative, Duration p50, Duration p90) {

    /**
     * Checks that the figures fit together.
     *
     * @throws IllegalArgumentException if {@code n} is not positive, {@code negative} is not from 0 to {@code n}, or {@code p90} is below {@code p50}
     */
    public ViralCycle {
        Objects.requireNonNull(p50, "p50");
        Objects.requireNonNull(p90, "p90");
        if (n <= 0) {
            throw new IllegalArgumentException("n must be positive, was " + n);
        }
        if (negative < 0 || negative > n) {
            throw new IllegalArgumentException("negative must be from 0 to n = " + n + ", was " + negative);
        }
        if (p90.compareTo(p50) < 0) {
            throw new IllegalArgumentException("p90 must not be below p50 = " + p50 + ", was " + p90);
        }
    }

    /**
     * Measures the cycle.
     *
     * @param micros for each referral, the referred user's activation − the referrer's activation in microseconds, in any order; neither
     *     kept nor changed
     * @return the cycle, or empty if there are no referrals
     */
    public static Optional<ViralCycle> ofMicros(long... micros) {
        long[] sorted = micros.clone();
        Arrays.sort(sorted);
        int negative = 0;
        while (negative < sorted.length && sorted[negative] < 0) {
            negative++;
        }
        long early = negative;
        return DurationSummary.ofSortedMicros(sorted)
                .map(times -> new ViralCycle(times.n(), early, times.p50(), times.p90()));
    }
}
