package io.plg.benchmarks;

import java.util.Arrays;

/**
 * How long calls took that were made one after the other.
 *
 * @param medianMillis half of them took no longer
 * @param p99Millis 99 of 100 took no longer
 */
record Latency(double medianMillis, double p99Millis) {

    /** Makes calls, a tenth of them before, to warm up. */
    static Latency of(int calls, Turns.Call call) throws Exception {
        for (int i = 0; i < calls / 10; i++) {
            call.run(i);
        }
        long[] nanos = new long[calls];
        for (int i = 0; i < calls; i++) {
            long start = System.nanoTime();
            call.run(i);
            nanos[i] = System.nanoTime() - start;
        }
        return of(nanos);
    }

    static Latency of(long[] nanos) {
        long[] sorted = nanos.clone();
        Arrays.sort(sorted);
        return new Latency(
                sorted[(sorted.length - 1) / 2] / 1e6, sorted[(int) Math.ceil(0.99 * sorted.length) - 1] / 1e6);
    }

    String medianText() {
        return Samples.number(medianMillis, 3);
    }

    String p99Text() {
        return Samples.number(p99Millis, 3);
    }
}
