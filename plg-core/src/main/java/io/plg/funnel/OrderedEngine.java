package io.plg.funnel;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * The plain ordered funnel, and the hot spot of the package: nothing is allocated per event.
 *
 * <p>A subject is a row of numbers: the depth reached; the entry S[1] of the chain to report; per step k the entry E[k] of the latest
 * chain of that depth; and from step 2 on, in pairs, the time T[k] at which that chain reached the depth and S[k], the same for the
 * chain to report. What every event needs stands first, so that most touch one cache line. Times are stored with the sign bit
 * flipped, which keeps differences and makes 0 mean "unset".
 *
 * <p>While a chain is at depth k, its earlier times are T[i] as long as E[i] is still its entry. A later try that overwrites such a
 * T[i] while the chain may still advance would lose a time. If S does not hold it anyway, the subject gets an array of times per
 * chain of its own; this is rare.
 */
final class OrderedEngine implements Engine {

    private static final long SIGN = Long.MIN_VALUE;
    private static final int LONGS_PER_PAGE = 1 << 14;
    /** Where S[1] stands in a row. */
    private static final int REPORTED = 1;
    /** Where E[1] stands in a row. */
    private static final int ENTRIES = 2;
    /** Added to the depth of a subject that has an array of times per chain. */
    private static final int OWN_TIMES = 0x100;

    private final int steps;
    private final long window;
    private final long from;
    private final long to;
    /** Where T[1] and S[1] would stand, if they did not stand elsewhere. */
    private final int pairs;

    private final int stride;
    private final int pageShift;
    private final int pageMask;
    private long[][] pages = {};
    /** How many of the pages are there. */
    private int filled;

    private final Map<Integer, long[][]> ownTimes = new HashMap<>();

    OrderedEngine(Plan plan) {
        this.steps = plan.steps;
        this.window = plan.window;
        this.from = plan.from;
        this.to = plan.to;
        this.pairs = steps;
        this.stride = 3 * steps;
        this.pageShift = Integer.numberOfTrailingZeros(Integer.highestOneBit(LONGS_PER_PAGE / stride));
        this.pageMask = (1 << pageShift) - 1;
    }

    @Override
    public void process(Batch batch, int end, int subjects) {
        addPages(subjects);
        long[][] pages = this.pages;
        int[] slots = batch.slots;
        long[] masks = batch.masks;
        long[] times = batch.times;
        for (int i = 0; i < end; i++) {
            int slot = slots[i];
            long[] page = pages[slot >>> pageShift];
            int row = (slot & pageMask) * stride;
            long mask = masks[i];
            if (mask != 0) {
                int step = highest(mask);
                apply(page, row, step, times[i], slot);
                long rest = mask ^ 1L << step;
                if (rest != 0) {
                    applyAll(page, row, rest, times[i], slot);
                }
            }
        }
    }

    private void applyAll(long[] page, int row, long mask, long time, int slot) {
        for (long rest = mask; rest != 0; rest ^= 1L << highest(rest)) {
            apply(page, row, highest(rest), time, slot);
        }
    }

    private static int highest(long mask) {
        return Long.SIZE - 1 - Long.numberOfLeadingZeros(mask);
    }

    /** A subject's event does a step. One method, because the compiler would not inline what only some events need. */
    private void apply(long[] page, int row, int step, long micros, int slot) {
        int at = row + ENTRIES + step;
        long time = micros ^ SIGN;
        if (step == 0) {
            if (micros >= from && micros < to) {
                page[at] = time;
                if (page[row] == 0) {
                    page[row] = 1;
                    page[row + REPORTED] = time;
                }
            }
            return;
        }
        long entry = page[at - 1];
        long overwritten = page[at];
        if (entry == 0 || time - entry > window || overwritten == entry) {
            return;
        }
        long depth = page[row];
        if (depth >= steps || overwritten != 0 && losesTime(page, row, at, time)) {
            advanceWithOwnTimes(page, row, step, time, slot);
            return;
        }
        page[at] = entry;
        int pair = row + pairs + 2 * step;
        page[pair] = time;
        if (step >= depth) {
            if (page[row + REPORTED] != entry) {
                page[row + REPORTED] = entry;
                for (int i = row + pairs + 2; i < pair; i += 2) {
                    page[i + 1] = page[i];
                }
            }
            page[pair + 1] = time;
            page[row] = step + 1;
        }
    }

    /** Whether a chain went on from the step that is about to be overwritten, and still needs its time. */
    private boolean losesTime(long[] page, int row, int at, long time) {
        long entry = page[at];
        return page[at + 1] == entry && time - entry <= window && page[row + REPORTED] != entry;
    }

    private void addPages(int subjects) {
        int needed = (subjects + pageMask) >>> pageShift;
        if (needed > pages.length) {
            pages = Arrays.copyOf(pages, 2 * needed);
        }
        for (; filled < needed; filled++) {
            pages[filled] = new long[stride << pageShift];
        }
    }

    /** Takes the chain of the step before to this one, for a subject that needs more than its row; not if it has converted. */
    private void advanceWithOwnTimes(long[] page, int row, int step, long time, int slot) {
        long depth = page[row];
        if (depth == steps) {
            return;
        }
        long[][] chains = ownTimes.get(slot);
        if (chains == null) {
            chains = chains(page, row);
            ownTimes.put(slot, chains);
            depth += OWN_TIMES;
            page[row] = depth;
        }
        long entry = page[row + ENTRIES + step - 1];
        long[] times = Arrays.copyOf(step == 1 ? new long[] {entry} : chains[step - 1], step + 1);
        times[step] = time;
        chains[step] = times;
        page[row + ENTRIES + step] = entry;
        if (step >= depth - OWN_TIMES) {
            page[row] = step + 1 + OWN_TIMES;
            page[row + REPORTED] = entry;
            for (int i = 1; i <= step; i++) {
                page[row + pairs + 2 * i + 1] = times[i];
            }
            if (step == steps - 1) {
                page[row] = steps;
                ownTimes.remove(slot);
            }
        }
    }

    /** The times of the chain of each depth. Some may be lost already: those that S holds, or of chains whose window is over. */
    private long[][] chains(long[] page, int row) {
        long[][] chains = new long[steps][];
        for (int last = 1; last < steps; last++) {
            long[] times = new long[last + 1];
            times[0] = page[row + ENTRIES + last];
            for (int i = 1; i <= last; i++) {
                times[i] = page[row + pairs + 2 * i];
            }
            chains[last] = times;
        }
        return chains;
    }

    @Override
    public boolean read(int slot, Chain into) {
        long[] page = pages[slot >>> pageShift];
        int row = (slot & pageMask) * stride;
        int depth = (int) page[row] % OWN_TIMES;
        for (int i = 0; i < depth; i++) {
            into.steps[i] = i;
            into.times[i] = page[row + (i == 0 ? REPORTED : pairs + 2 * i + 1)] ^ SIGN;
        }
        into.length = depth;
        into.latestEntry = page[row + ENTRIES] ^ SIGN;
        return depth > 0;
    }
}
