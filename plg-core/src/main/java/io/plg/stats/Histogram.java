package io.plg.stats;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Elapsed times counted in bins of equal width between the smallest and the largest.
 *
 * <p>There are {@code clamp(ceil(cbrt n), 1, 60)} bins for n times. Each bin holds its lower edge and not its upper one, except
 * the last, which holds both. Empty bins are included. Edges are rounded up to the microsecond, so that a count always agrees
 * with the edges beside it. If all times are equal there is one bin without width.
 *
 * @param bins the bins in ascending order, at least one, without gaps
 */
public record Histogram(List<Bin> bins) {

    private static final int MOST_BINS = 60;

    /**
     * One bin.
     *
     * @param from the lower edge, inclusive
     * @param to the upper edge, exclusive but for the last bin
     * @param count how many times fell into it
     */
    public record Bin(Duration from, Duration to, long count) {}

    /** Copies the bins. */
    public Histogram {
        bins = List.copyOf(bins);
    }

    /**
     * Counts times in microseconds.
     *
     * @param micros the times in any order; neither kept nor changed
     * @return the histogram, or empty if there are no times
     */
    public static Optional<Histogram> ofMicros(long... micros) {
        long[] sorted = micros.clone();
        Arrays.sort(sorted);
        return ofSortedMicros(sorted);
    }

    /**
     * Counts times in microseconds that are sorted already, without copying them.
     *
     * @param sorted the times in ascending order; neither kept nor changed
     * @return the histogram, or empty if there are no times
     */
    public static Optional<Histogram> ofSortedMicros(long... sorted) {
        int n = sorted.length;
        if (n == 0) {
            return Optional.empty();
        }
        long min = sorted[0];
        long range = sorted[n - 1] - min;
        int size = range == 0 ? 1 : binsFor(n);
        List<Bin> bins = new ArrayList<>(size);
        int next = 0;
        for (int bin = 0; bin < size; bin++) {
            int first = next;
            long upper = edge(min, range, bin + 1, size);
            while (next < n && (sorted[next] < upper || bin == size - 1)) {
                next++;
            }
            bins.add(new Bin(micros(edge(min, range, bin, size)), micros(upper), next - first));
        }
        return Optional.of(new Histogram(bins));
    }

    /** The smallest whole number whose cube is not below n, at most 60. */
    private static int binsFor(int n) {
        int bins = 1;
        while (bins < MOST_BINS && bins * bins * bins < n) {
            bins++;
        }
        return bins;
    }

    /** {@code ceil(min + range · index / size)} without overflow. */
    private static long edge(long min, long range, int index, int size) {
        return min + range / size * index + (range % size * index + size - 1) / size;
    }

    private static Duration micros(long micros) {
        return Duration.of(micros, ChronoUnit.MICROS);
    }
}
