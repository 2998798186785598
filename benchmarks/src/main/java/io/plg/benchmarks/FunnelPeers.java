package io.plg.benchmarks;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * What somebody would write by hand instead of using plg: the rule for ordered funnels (E[k] of the semantics) for events of which each
 * matches one step at most and no two happen at one instant. There is no input check, no option and no report beyond the answer.
 */
final class FunnelPeers {

    private static final int STEPS = EventLog.STEPS;
    /** A row per depth with the times of the chain that is at this depth: 1 + 2 + … + n of them. */
    private static final int CHAINS = STEPS * (STEPS + 1) / 2;

    private static final long NEVER = Long.MIN_VALUE;

    private FunnelPeers() {}

    /**
     * How many users came how far.
     *
     * @param counts how many users reached each step
     * @param medianNanos the median time from the first step to the last, interpolated; −1 if the peer does not answer that
     */
    record Answer(List<Long> counts, long medianNanos) {}

    /** Hands out the events chunk by chunk; only what happens inside {@link #add} is timed. */
    interface Counter {

        void add(Chunk chunk);

        Answer answer();
    }

    /**
     * A part of the log, with the ids of this part in the form that the peer wants.
     *
     * @param log the whole log
     * @param from the first event of the part
     * @param to the end of the part, exclusive
     * @param numbers the user's id per event, by position within the part; empty unless the peer wants numbers
     * @param texts the user's text id per event, by position within the part; empty unless the peer wants text
     * @param names the event's name per event, by position within the part; empty unless the peer wants names
     */
    record Chunk(EventLog log, int from, int to, long[] numbers, String[] texts, String[] names) {}

    /** The lower bound: users are indexes into an array, events are step numbers, only the depth is answered. */
    static final class BareCounts implements Counter {
        private final long window;
        private final long[] entries;
        private final byte[] depth;

        BareCounts(int users, long window) {
            this.window = window;
            this.entries = new long[users * STEPS];
            this.depth = new byte[users];
            Arrays.fill(entries, NEVER);
        }

        @Override
        public void add(Chunk chunk) {
            int[] user = chunk.log().user();
            byte[] kind = chunk.log().kind();
            long[] micros = chunk.log().micros();
            for (int i = chunk.from(); i < chunk.to(); i++) {
                int step = kind[i];
                if (step < STEPS) {
                    int who = user[i];
                    if (reach(entries, who * STEPS, step, micros[i], window) && step >= depth[who]) {
                        depth[who] = (byte) (step + 1);
                    }
                }
            }
        }

        @Override
        public Answer answer() {
            long[] counts = new long[STEPS];
            for (byte each : depth) {
                for (int k = 0; k < each; k++) {
                    counts[k]++;
                }
            }
            return new Answer(listOf(counts), -1);
        }
    }

    /** The lower bound for the same question: as above, and the times of each user's steps are kept. */
    static final class BareTimes implements Counter {
        private static final int ROW = CHAINS + STEPS;
        private final int users;
        private final long window;
        private final long[] rows;
        private final byte[] depth;

        BareTimes(int users, long window) {
            this.users = users;
            this.window = window;
            this.rows = new long[Math.multiplyExact(users, ROW)];
            this.depth = new byte[users];
            Arrays.fill(rows, NEVER);
        }

        @Override
        public void add(Chunk chunk) {
            int[] user = chunk.log().user();
            byte[] kind = chunk.log().kind();
            long[] micros = chunk.log().micros();
            for (int i = chunk.from(); i < chunk.to(); i++) {
                int step = kind[i];
                if (step < STEPS) {
                    int who = user[i];
                    if (reachWithTimes(rows, who * ROW, step, micros[i], window) && step >= depth[who]) {
                        keep(rows, who * ROW, step);
                        depth[who] = (byte) (step + 1);
                    }
                }
            }
        }

        @Override
        public Answer answer() {
            long[] counts = new long[STEPS];
            long[] times = new long[users];
            int converted = 0;
            for (int who = 0; who < users; who++) {
                for (int k = 0; k < depth[who]; k++) {
                    counts[k]++;
                }
                if (depth[who] == STEPS) {
                    times[converted++] = timeToConvert(rows, who * ROW);
                }
            }
            return new Answer(listOf(counts), median(times, converted));
        }
    }

    /** What most would write first: a map from the user's text id to its entry times, and one from the event's name to the step. */
    static final class MapCounts implements Counter {
        private final long window;
        private final Map<String, Integer> steps = stepsByName();
        private final Map<String, long[]> users = new HashMap<>();

        MapCounts(long window) {
            this.window = window;
        }

        @Override
        public void add(Chunk chunk) {
            long[] micros = chunk.log().micros();
            for (int i = chunk.from(); i < chunk.to(); i++) {
                Integer step = steps.get(chunk.names()[i - chunk.from()]);
                if (step != null) {
                    long[] row = users.computeIfAbsent(chunk.texts()[i - chunk.from()], id -> emptyRow(STEPS));
                    if (reach(row, 0, step, micros[i], window) && step >= row[STEPS]) {
                        row[STEPS] = step + 1;
                    }
                }
            }
        }

        @Override
        public Answer answer() {
            long[] counts = new long[STEPS];
            for (long[] row : users.values()) {
                for (int k = 0; k < row[STEPS]; k++) {
                    counts[k]++;
                }
            }
            return new Answer(listOf(counts), -1);
        }
    }

    /** As above, and the times of each user's steps are kept. */
    static final class MapTimes implements Counter {
        private static final int DEPTH = CHAINS + STEPS;
        private final long window;
        private final Map<String, Integer> steps = stepsByName();
        private final Map<String, long[]> users = new HashMap<>();

        MapTimes(long window) {
            this.window = window;
        }

        @Override
        public void add(Chunk chunk) {
            long[] micros = chunk.log().micros();
            for (int i = chunk.from(); i < chunk.to(); i++) {
                Integer step = steps.get(chunk.names()[i - chunk.from()]);
                if (step != null) {
                    long[] row = users.computeIfAbsent(chunk.texts()[i - chunk.from()], id -> emptyRow(DEPTH));
                    if (reachWithTimes(row, 0, step, micros[i], window) && step >= row[DEPTH]) {
                        keep(row, 0, step);
                        row[DEPTH] = step + 1;
                    }
                }
            }
        }

        @Override
        public Answer answer() {
            long[] counts = new long[STEPS];
            long[] times = new long[users.size()];
            int converted = 0;
            for (long[] row : users.values()) {
                for (int k = 0; k < row[DEPTH]; k++) {
                    counts[k]++;
                }
                if (row[DEPTH] == STEPS) {
                    times[converted++] = timeToConvert(row, 0);
                }
            }
            return new Answer(listOf(counts), median(times, converted));
        }
    }

    /** Moves a user's chains on: E[k] = E[k−1] where that entry is within the window and was not taken over before. */
    private static boolean reach(long[] entries, int base, int step, long micros, long window) {
        if (step == 0) {
            entries[base] = micros;
            return true;
        }
        long entry = entries[base + step - 1];
        if (entry == NEVER || micros - entry > window || entries[base + step] == entry) {
            return false;
        }
        entries[base + step] = entry;
        return true;
    }

    /** The same where a chain is its step times: the chain of the depth before is copied, and this time is put at its end. */
    private static boolean reachWithTimes(long[] rows, int base, int step, long micros, long window) {
        if (step == 0) {
            rows[base] = micros;
            return true;
        }
        int before = base + step * (step - 1) / 2;
        int chain = before + step;
        long entry = rows[before];
        if (entry == NEVER || micros - entry > window || rows[chain] == entry) {
            return false;
        }
        System.arraycopy(rows, before, rows, chain, step);
        rows[chain + step] = micros;
        return true;
    }

    /** Keeps the chain that first reached a depth. */
    private static void keep(long[] rows, int base, int step) {
        System.arraycopy(rows, base + step * (step + 1) / 2, rows, base + CHAINS, step + 1);
    }

    private static long timeToConvert(long[] rows, int base) {
        return rows[base + CHAINS + STEPS - 1] - rows[base + CHAINS];
    }

    private static long[] emptyRow(int depthAt) {
        long[] row = new long[depthAt + 1];
        Arrays.fill(row, 0, depthAt, NEVER);
        return row;
    }

    private static Map<String, Integer> stepsByName() {
        Map<String, Integer> steps = new HashMap<>();
        for (int i = 0; i < STEPS; i++) {
            steps.put(EventLog.NAMES[i], i);
        }
        return steps;
    }

    private static List<Long> listOf(long[] counts) {
        return LongStream.of(counts).boxed().toList();
    }

    /** As percentile_cont(0.5) has it: between the two middle ones if there are two. */
    private static long median(long[] micros, int n) {
        Arrays.sort(micros, 0, n);
        return n == 0 ? 0 : (micros[(n - 1) / 2] + micros[n / 2]) * 500;
    }
}
