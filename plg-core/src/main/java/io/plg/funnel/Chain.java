package io.plg.funnel;

/** The reported chain of one subject; reused from subject to subject. */
final class Chain {

    /** {@link #latestEntry} of a subject that has no entry left from which it could convert. */
    static final long NONE = Long.MIN_VALUE;

    /** How many steps the chain has, at least 1. */
    int length;
    /** Which step comes at each position, from 0. */
    final int[] steps;
    /** When. */
    final long[] times;
    /** The subject's latest entry within the date range, from which it may still convert. */
    long latestEntry;

    Chain(int capacity) {
        steps = new int[capacity];
        times = new long[capacity];
    }

    long entry() {
        return times[0];
    }
}
