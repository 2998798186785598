package io.plg.funnel;

import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Funnels in any order: the most steps done within one window, each by an event of its own.
 *
 * <p>A subject keeps, per set of steps that its events match, as many of the latest events as that set has steps: nobody ever needs
 * more of a kind. Events after the date range are kept apart, for they can continue a pass but not start one.
 */
final class AnyOrderEngine implements Engine {

    private final Plan plan;
    private final Matching matching;
    private @Nullable Subject[] subjects = {};

    AnyOrderEngine(Plan plan) {
        this.plan = plan;
        this.matching = new Matching(plan.steps);
    }

    /** One subject. */
    private static final class Subject {
        @Nullable
        Window window;

        @Nullable
        Map<String, Window> byHeldValue;

        Collection<Window> all() {
            return byHeldValue != null ? byHeldValue.values() : window != null ? List.of(window) : List.of();
        }
    }

    /** The latest events of one subject with one value of the held property, and what they amounted to. */
    private static final class Window {
        long[] times = new long[4];
        long[] masks = new long[4];
        int size;
        long latestEntry = Chain.NONE;
        /** How large a pass was since the last unwanted event. */
        int largest;
        /** The first pass of each size since then, as long as an unwanted event can void it. */
        Pass[] passes = {};
        /** The largest pass that no unwanted event can void any more. */
        @Nullable
        Pass confirmed;

        void removeFirst(int count) {
            remove(0, count);
        }

        void remove(int index, int count) {
            System.arraycopy(times, index + count, times, index, size - index - count);
            System.arraycopy(masks, index + count, masks, index, size - index - count);
            size -= count;
        }

        void append(long time, long mask) {
            if (size == times.length) {
                times = Arrays.copyOf(times, 2 * size);
                masks = Arrays.copyOf(masks, 2 * size);
            }
            times[size] = time;
            masks[size] = mask;
            size++;
        }

        @Nullable
        Pass best() {
            return largest > sizeOf(confirmed) ? passes[largest] : confirmed;
        }
    }

    /**
     * Steps done within one window, in order of time.
     *
     * @param steps which, from 0
     * @param times when
     */
    private record Pass(int[] steps, long[] times) {

        int size() {
            return times.length;
        }

        long entry() {
            return times[0];
        }

        long last() {
            return times[times.length - 1];
        }
    }

    @Override
    public void process(Batch batch, int end, int count) {
        if (subjects.length < count) {
            subjects = Arrays.copyOf(subjects, count + count / 2);
        }
        for (int i = 0; i < end; i++) {
            int slot = batch.slots[i];
            Subject subject = subjects[slot];
            if (subject == null) {
                subject = new Subject();
                subjects[slot] = subject;
            }
            long time = batch.times[i];
            if (batch.masks[i] != 0) {
                add(windowOf(subject, plan.heldConstant == null ? null : batch.held[i]), time, batch.masks[i]);
            }
            if (plan.hasExclusions && batch.clears[i] != 0) {
                subject.all().forEach(window -> clear(window, time));
            }
        }
    }

    private static Window windowOf(Subject subject, @Nullable String held) {
        if (held != null) {
            if (subject.byHeldValue == null) {
                subject.byHeldValue = new LinkedHashMap<>(4);
            }
            return subject.byHeldValue.computeIfAbsent(held, value -> new Window());
        }
        Window window = subject.window;
        if (window == null) {
            window = new Window();
            subject.window = window;
        }
        return window;
    }

    private void add(Window window, long time, long mask) {
        boolean starts = plan.inRange(time);
        if (window.confirmed != null && window.confirmed.size() == plan.steps) {
            return;
        }
        int expired = 0;
        while (expired < window.size && time - window.times[expired] > plan.window) {
            expired++;
        }
        window.removeFirst(expired);
        if (!starts && (window.size == 0 || !plan.inRange(window.times[0]))) {
            return;
        }
        makeRoom(window, mask, starts);
        window.append(time, mask);
        if (starts) {
            window.latestEntry = time;
        }
        int size = matching.size(window.masks, 0, window.size);
        if (size > window.largest) {
            window.largest = size;
            Pass pass = latestPass(window, size);
            if (!plan.hasExclusions || size == plan.steps) {
                window.confirmed = pass;
            } else {
                window.passes = window.passes.length == 0 ? new Pass[plan.steps] : window.passes;
                window.passes[size] = pass;
            }
        }
    }

    private static int sizeOf(@Nullable Pass pass) {
        return pass == null ? 0 : pass.size();
    }

    /** Drops the oldest event that matches the same steps, if there are as many as steps. */
    private void makeRoom(Window window, long mask, boolean starts) {
        int same = 0;
        int oldest = -1;
        for (int i = window.size - 1; i >= 0; i--) {
            if (window.masks[i] == mask && plan.inRange(window.times[i]) == starts) {
                same++;
                oldest = i;
            }
        }
        if (same == Long.bitCount(mask)) {
            window.remove(oldest, 1);
        }
    }

    /** The pass of the given size with the latest entry. */
    private Pass latestPass(Window window, int size) {
        int entry = 0;
        while (entry + 1 < window.size
                && plan.inRange(window.times[entry + 1])
                && matching.size(window.masks, entry + 1, window.size) == size) {
            entry++;
        }
        int[] eventOf = matching.assign(window.masks, entry, window.size);
        int[] steps = new int[size];
        long[] times = new long[size];
        int length = 0;
        for (int event = entry; event < window.size; event++) {
            for (int step = 0; step < plan.steps; step++) {
                if (eventOf[step] == event) {
                    steps[length] = step;
                    times[length] = window.times[event];
                    length++;
                }
            }
        }
        return new Pass(steps, times);
    }

    /** Voids what an unwanted event comes in between of, and keeps what was over before. */
    private void clear(Window window, long time) {
        for (int size = window.largest; size > sizeOf(window.confirmed); size--) {
            if (time - window.passes[size].entry() > plan.window) {
                window.confirmed = window.passes[size];
            }
        }
        window.largest = 0;
        window.size = 0;
        if (window.latestEntry != Chain.NONE && time - window.latestEntry <= plan.window) {
            window.latestEntry = Chain.NONE;
        }
    }

    @Override
    public boolean read(int slot, Chain into) {
        Subject subject = subjects[slot];
        if (subject == null) {
            return false;
        }
        Pass best = null;
        into.latestEntry = Chain.NONE;
        for (Window window : subject.all()) {
            Pass pass = window.best();
            if (pass != null
                    && (best == null
                            || pass.size() > best.size()
                            || pass.size() == best.size() && pass.last() < best.last())) {
                best = pass;
            }
            into.latestEntry = Math.max(into.latestEntry, window.latestEntry);
        }
        if (best == null) {
            return false;
        }
        into.length = best.size();
        System.arraycopy(best.steps, 0, into.steps, 0, best.size());
        System.arraycopy(best.times, 0, into.times, 0, best.size());
        return true;
    }
}
