package io.plg.examples.replay;

import java.util.Arrays;

/**
 * Puts times into order without moving them: a merge sort that uses the runs which are in order already, so that several sorted
 * files are only merged. Equal times stay as they came.
 */
final class TimeOrder {

    private TimeOrder() {}

    /** Returns the indices of the first {@code size} times in order of time. */
    static int[] of(long[] times, int size) {
        int[] order = new int[size];
        Arrays.setAll(order, i -> i);
        int[] starts = runs(times, size);
        int[] other = new int[size];
        while (starts.length > 2) {
            int[] merged = new int[starts.length / 2 + 1];
            int count = 0;
            for (int run = 0; run + 1 < starts.length; run += 2) {
                int end = run + 2 < starts.length ? starts[run + 2] : starts[run + 1];
                merge(times, order, other, starts[run], starts[run + 1], end);
                merged[count++] = starts[run];
            }
            merged[count++] = size;
            starts = Arrays.copyOf(merged, count);
            int[] swap = order;
            order = other;
            other = swap;
        }
        return order;
    }

    /** Where each ascending run starts, and at the end where the last one ends. */
    private static int[] runs(long[] times, int size) {
        int[] starts = new int[16];
        int count = 1;
        for (int i = 1; i <= size; i++) {
            if (i == size || times[i] < times[i - 1]) {
                if (count == starts.length) {
                    starts = Arrays.copyOf(starts, count * 2);
                }
                starts[count++] = i;
            }
        }
        return Arrays.copyOf(starts, count);
    }

    private static void merge(long[] times, int[] from, int[] to, int start, int middle, int end) {
        int left = start;
        int right = middle;
        for (int i = start; i < end; i++) {
            boolean takeLeft = right == end || (left < middle && times[from[left]] <= times[from[right]]);
            to[i] = takeLeft ? from[left++] : from[right++];
        }
    }
}
