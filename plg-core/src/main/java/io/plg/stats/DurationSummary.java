package io.plg.stats;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Optional;

/**
 * Mean and percentiles of elapsed times, with the number of times they come from.
 *
 * <p>Percentiles are interpolated between the two nearest values, like PostgreSQL's {@code percentile_cont}: with the values
 * sorted as v(0) … v(n−1), the percentile p lies at position p · (n − 1). All results are exact to the nanosecond, rounded
 * towards zero.
 *
 * @param n how many times were summarised, at least 1
 * @param mean the arithmetic mean
 * @param p50 the median
 * @param p75 the 75th percentile
 * @param p90 the 90th percentile
 */
public record DurationSummary(long n, Duration mean, Duration p50, Duration p75, Duration p90) {

    /**
     * Checks that there is something to summarise.
     *
     * @throws IllegalArgumentException if {@code n} is not positive
     */
    public DurationSummary {
        if (n <= 0) {
            throw new IllegalArgumentException("n must be positive, was " + n);
        }
    }

    /**
     * Summarises times in microseconds.
     *
     * @param micros the times in any order; neither kept nor changed
     * @return the summary, or empty if there are no times
     */
    public static Optional<DurationSummary> ofMicros(long... micros) {
        long[] sorted = micros.clone();
        Arrays.sort(sorted);
        return ofSortedMicros(sorted);
    }

    /**
     * Summarises times in microseconds that are sorted already, without copying them.
     *
     * @param sorted the times in ascending order; neither kept nor changed
     * @return the summary, or empty if there are no times
     */
    public static Optional<DurationSummary> ofSortedMicros(long... sorted) {
        if (sorted.length == 0) {
            return Optional.empty();
        }
        return Optional.of(new DurationSummary(
                sorted.length, mean(sorted), percentile(sorted, 50), percentile(sorted, 75), percentile(sorted, 90)));
    }

    private static Duration mean(long[] micros) {
        long seconds = 0; // apart from the fractions: a million times of ten years would overflow a sum in microseconds
        long fractions = 0;
        for (long each : micros) {
            seconds += each / 1_000_000;
            fractions += each % 1_000_000;
        }
        return Duration.ofSeconds(seconds).plus(fractions, ChronoUnit.MICROS).dividedBy(micros.length);
    }

    private static Duration percentile(long[] sorted, int percent) {
        long position = (long) percent * (sorted.length - 1); // in hundredths
        int below = (int) (position / 100);
        long fraction = position % 100;
        Duration value = Duration.of(sorted[below], ChronoUnit.MICROS);
        if (fraction == 0) {
            return value;
        }
        Duration gap = Duration.of(sorted[below + 1], ChronoUnit.MICROS).minus(value);
        return value.plus(gap.multipliedBy(fraction).dividedBy(100));
    }
}
