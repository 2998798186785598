package io.plg.funnel;

import java.util.Arrays;

/**
 * The most steps that a run of events can stand for, each event for one step: a maximum bipartite matching by augmenting paths
 * (H. W. Kuhn, "The Hungarian method", 1955). Once matched, an event stays matched, though perhaps to another step.
 */
final class Matching {

    private final int[] eventOf;
    private long untried;

    Matching(int steps) {
        this.eventOf = new int[steps];
    }

    /** How many steps the events from..to−1 can stand for. */
    int size(long[] masks, int from, int to) {
        long all = 0;
        boolean single = true;
        for (int i = from; i < to; i++) {
            all |= masks[i];
            single &= Long.bitCount(masks[i]) == 1;
        }
        if (single) {
            return Long.bitCount(all);
        }
        int size = 0;
        for (int event : assign(masks, from, to)) {
            size += event < 0 ? 0 : 1;
        }
        return size;
    }

    /**
     * Which event stands for each step, or −1. The first event is among them, and otherwise later ones are preferred.
     *
     * @return an array that is valid until the next call
     */
    int[] assign(long[] masks, int from, int to) {
        Arrays.fill(eventOf, -1);
        for (int i = to; i > from; i--) {
            untried = -1L;
            place(masks, i == to ? from : i);
        }
        return eventOf;
    }

    /** Finds a step for the event among those not tried yet, moving other events to other steps if need be. */
    private boolean place(long[] masks, int event) {
        for (long rest = masks[event] & untried; rest != 0; rest = masks[event] & untried) {
            int step = Long.numberOfTrailingZeros(rest);
            untried &= ~(1L << step);
            if (eventOf[step] < 0 || place(masks, eventOf[step])) {
                eventOf[step] = event;
                return true;
            }
        }
        return false;
    }
}
