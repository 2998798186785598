package io.plg.funnel;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Events that were taken but do not count yet, as parallel arrays in source order. They wait for two reasons: what belongs to one
 * instant must be put into order first, and work on many events at a time lets the processor fetch their memory side by side.
 */
final class Batch {

    private static final int RANKS = Long.SIZE + 1;
    /** Up to so many events the simplest sort is the fastest. */
    private static final int SMALL = 32;

    int size;
    String[] texts = {};
    long[] numbers = {};
    long[] times;
    long[] masks;
    int[] slots;
    /** Which depths each event clears; only with exclusions. */
    long[] clears = {};
    /** The held value of each event; only if a property is held constant. */
    @Nullable
    String[] held = {};
    /** The breakdown value of each event; only with a breakdown. */
    int[] groups = {};

    private final Plan plan;

    Batch(int capacity, Plan plan) {
        this.plan = plan;
        this.times = new long[capacity];
        this.masks = new long[capacity];
        this.slots = new int[capacity];
        this.clears = new long[plan.hasExclusions ? capacity : 0];
        this.held = new @Nullable String[plan.heldConstant != null ? capacity : 0];
        this.groups = new int[plan.breakdown != null ? capacity : 0];
    }

    int capacity() {
        return times.length;
    }

    /** How many events belong to instants that are over, if the newest event's instant is not. */
    int closed() {
        int end = size;
        while (end > 0 && times[end - 1] == times[size - 1]) {
            end--;
        }
        return end;
    }

    void grow() {
        int capacity = 2 * capacity();
        texts = texts.length == 0 ? texts : Arrays.copyOf(texts, capacity);
        numbers = numbers.length == 0 ? numbers : Arrays.copyOf(numbers, capacity);
        times = Arrays.copyOf(times, capacity);
        masks = Arrays.copyOf(masks, capacity);
        slots = Arrays.copyOf(slots, capacity);
        clears = clears.length == 0 ? clears : Arrays.copyOf(clears, capacity);
        held = held.length == 0 ? held : Arrays.copyOf(held, capacity);
        groups = groups.length == 0 ? groups : Arrays.copyOf(groups, capacity);
    }

    /** Forgets the first events. */
    void removeFirst(int count) {
        size -= count;
        if (size > 0) {
            shift(texts, count);
            shift(numbers, count);
            shift(times, count);
            shift(masks, count);
            shift(clears, count);
            shift(held, count);
            shift(groups, count);
        }
    }

    private void shift(Object array, int count) {
        if (java.lang.reflect.Array.getLength(array) > 0) {
            System.arraycopy(array, count, array, 0, size);
        }
    }

    /** Puts the events of each instant into order: by the lowest step they match, those without a step last, equals as they came. */
    void sortInstants(int end) {
        int i = 1;
        while (i < end) {
            if (times[i] == times[i - 1] && rank(i) < rank(i - 1)) {
                int from = i - 1;
                while (from > 0 && times[from - 1] == times[i]) {
                    from--;
                }
                int to = i + 1;
                while (to < end && times[to] == times[i]) {
                    to++;
                }
                sort(from, to);
                i = to;
            }
            i++;
        }
    }

    private int rank(int event) {
        return Long.numberOfTrailingZeros(masks[event]);
    }

    private void sort(int from, int to) {
        if (to - from > SMALL) {
            sortByCounting(from, to);
            return;
        }
        for (int i = from + 1; i < to; i++) {
            for (int j = i; j > from && rank(j) < rank(j - 1); j--) {
                swap(j, j - 1);
            }
        }
    }

    private void swap(int a, int b) {
        int slot = slots[a];
        slots[a] = slots[b];
        slots[b] = slot;
        long mask = masks[a];
        masks[a] = masks[b];
        masks[b] = mask;
        if (plan.hasExclusions) {
            long clear = clears[a];
            clears[a] = clears[b];
            clears[b] = clear;
        }
        if (plan.heldConstant != null) {
            String value = held[a];
            held[a] = held[b];
            held[b] = value;
        }
        if (plan.breakdown != null) {
            int group = groups[a];
            groups[a] = groups[b];
            groups[b] = group;
        }
    }

    private void sortByCounting(int from, int to) {
        int[] starts = new int[RANKS + 1];
        for (int i = from; i < to; i++) {
            starts[rank(i) + 1]++;
        }
        for (int rank = 0; rank < RANKS; rank++) {
            starts[rank + 1] += starts[rank];
        }
        int[] origin = new int[to - from];
        for (int i = from; i < to; i++) {
            origin[starts[rank(i)]++] = i;
        }
        int[] oldSlots = Arrays.copyOfRange(slots, from, to);
        long[] oldMasks = Arrays.copyOfRange(masks, from, to);
        for (int i = from; i < to; i++) {
            slots[i] = oldSlots[origin[i - from] - from];
            masks[i] = oldMasks[origin[i - from] - from];
        }
        if (plan.hasExclusions) {
            long[] old = Arrays.copyOfRange(clears, from, to);
            for (int i = from; i < to; i++) {
                clears[i] = old[origin[i - from] - from];
            }
        }
        if (plan.heldConstant != null) {
            @Nullable String[] old = Arrays.copyOfRange(held, from, to);
            for (int i = from; i < to; i++) {
                held[i] = old[origin[i - from] - from];
            }
        }
        if (plan.breakdown != null) {
            int[] old = Arrays.copyOfRange(groups, from, to);
            for (int i = from; i < to; i++) {
                groups[i] = old[origin[i - from] - from];
            }
        }
    }
}
