package io.plg.funnel;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * The plain ordered funnel, and the hot spot of the package: nothing is allocated per event.
 *
 * <p>A subject is a row of three numbers per step k, side by side: the entry E[k] of the latest chain of that depth, the time T[k]
 * at which that chain reached the depth, and S[k], the times of the chain to report. The first step needs no T (it is E), so the
 * depth reached stands there. Times are stored with the sign bit flipped, which keeps differences and makes 0 mean "unset".
 *
 * <p>While a chain is at depth k, its earlier times are T[i] as long as E[i] is still its entry. A later try that overwrites such a
 * T[i] while the chain may still advance would lose a time. If S does not hold it anyway, the subject gets an array of times per
 * chain of its own; this is rare.
 */
final class OrderedEngine implements Engine {

    private static final long SIGN = Long.MIN_VALUE;
    private static final int LONGS_PER_PAGE = 1 << 14;
    private static final int DEPTH = 1;
    private static final int DEPTH_BITS = 0xff;
    private static final int OWN_TIMES = 0x100;

    private final Plan plan;
    private final int steps;
    private final long window;
    private final int stride;
    private final int pageShift;
    private final int pageMask;
    private long[][] pages = {};
    private final Map<Integer, long[][]> ownTimes = new HashMap<>();
    /** Keeps the loads of {@link #touch} from being optimised away. */
    private long touched;

    OrderedEngine(Plan plan) {
        this.plan = plan;
        this.steps = plan.steps;
        this.window = plan.window;
        this.stride = 3 * steps;
        this.pageShift = Integer.numberOfTrailingZeros(Integer.highestOneBit(LONGS_PER_PAGE / stride));
        this.pageMask = (1 << pageShift) - 1;
    }

    @Override
    public void process(Batch batch, int end) {
        int[] slots = batch.slots;
        long[] masks = batch.masks;
        long[] times = batch.times;
        touch(slots, masks, end);
        long from = plan.from;
        long to = plan.to;
        for (int i = 0; i < end; i++) {
            long mask = masks[i];
            long time = times[i] ^ SIGN;
            int slot = slots[i];
            long[] page = pages[slot >>> pageShift];
            int row = (slot & pageMask) * stride;
            while (mask != 0) {
                int step = Long.SIZE - 1 - Long.numberOfLeadingZeros(mask);
                mask ^= 1L << step;
                if (step > 0) {
                    int at = row + 3 * step;
                    long entry = page[at - 3];
                    if (entry != 0 && time - entry <= window && page[at] != entry) {
                        advance(page, row, step, entry, time, slot);
                    }
                } else if (times[i] >= from && times[i] < to) {
                    page[row] = time;
                    if (page[row + DEPTH] == 0) {
                        page[row + DEPTH] = 1;
                        page[row + 2] = time;
                    }
                }
            }
        }
    }

    /** Makes the pages and fetches the rows into the cache, all side by side, before any decision has to wait for one of them. */
    private void touch(int[] slots, long[] masks, int end) {
        long sum = 0;
        for (int i = 0; i < end; i++) {
            int page = slots[i] >>> pageShift;
            if (page >= pages.length || pages[page] == null) {
                addPage(page);
            }
            int row = (slots[i] & pageMask) * stride;
            sum += pages[page][row + DEPTH]
                    + pages[page][row + 3 * Math.min(steps - 1, Long.numberOfTrailingZeros(masks[i]))];
        }
        touched = sum;
    }

    private void addPage(int page) {
        if (page >= pages.length) {
            pages = Arrays.copyOf(pages, Math.max(2 * pages.length, page + 1));
        }
        pages[page] = new long[stride << pageShift];
    }

    /** The subject's event at this time takes the chain of the given entry from the step before to this one. */
    private void advance(long[] page, int row, int step, long entry, long time, int slot) {
        long header = page[row + DEPTH];
        int depth = (int) header & DEPTH_BITS;
        if (depth == steps) {
            return;
        }
        int at = row + 3 * step;
        long overwritten = page[at];
        if (header == depth
                && overwritten != 0
                && page[at + 3] == overwritten
                && time - overwritten <= window
                && page[row + 2] != overwritten) {
            ownTimes.put(slot, chains(page, row));
            page[row + DEPTH] = header |= OWN_TIMES;
        }
        page[at] = entry;
        page[at + 1] = time;
        long[] own = null;
        if (header != depth) {
            long[][] chains = Objects.requireNonNull(ownTimes.get(slot));
            own = Arrays.copyOf(step == 1 ? new long[] {entry} : chains[step - 1], step + 1);
            own[step] = time;
            chains[step] = own;
        }
        if (step >= depth) {
            if (page[row + 2] != entry) {
                page[row + 2] = entry;
                for (int i = 1; i < step; i++) {
                    page[row + 3 * i + 2] = own == null ? page[row + 3 * i + 1] : own[i];
                }
            }
            page[at + 2] = time;
            page[row + DEPTH] = header - depth + step + 1;
            if (step == steps - 1 && own != null) {
                ownTimes.remove(slot);
            }
        }
    }

    /** The times of the chain of each depth. Some may be lost already: those that S holds, or of chains whose window is over. */
    private long[][] chains(long[] page, int row) {
        long[][] chains = new long[steps][];
        for (int last = 1; last < steps; last++) {
            long entry = page[row + 3 * last];
            long[] times = new long[last + 1];
            times[0] = entry;
            for (int i = 1; i <= last; i++) {
                times[i] = page[row + 3 * i + 1];
            }
            chains[last] = times;
        }
        return chains;
    }

    @Override
    public boolean read(int slot, Chain into) {
        int page = slot >>> pageShift;
        if (page >= pages.length || pages[page] == null) {
            return false;
        }
        int row = (slot & pageMask) * stride;
        int depth = (int) pages[page][row + DEPTH] & DEPTH_BITS;
        for (int i = 0; i < depth; i++) {
            into.steps[i] = i;
            into.times[i] = pages[page][row + 3 * i + 2] ^ SIGN;
        }
        into.length = depth;
        into.latestEntry = pages[page][row] ^ SIGN;
        return depth > 0;
    }
}
