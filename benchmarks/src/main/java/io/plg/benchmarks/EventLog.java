package io.plg.benchmarks;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Events of a made-up product in order of time, in arrays. The same size and seed always give the same events.
 *
 * <p>Users sign up evenly over the first 80 of 90 days. Three of four events come from users who signed up lately, the rest from anybody.
 * Most users enter by the first step; then each of their events is the next step, an earlier step again, a step out of order, or one that
 * belongs to no step. All times differ, so that every way of counting sees the same order.
 *
 * @param users how many users there are; their numbers are 0 … users − 1
 * @param user who did it, per event
 * @param kind what was done, per event: an index into {@link #NAMES}, a step of the funnel if below {@link #STEPS}
 * @param micros when, per event, in microseconds since 1970
 */
record EventLog(int users, int[] user, byte[] kind, long[] micros) {

    /** How many of the names are steps, in their order. */
    static final int STEPS = 6;

    static final String[] NAMES = {
        "account_created",
        "first_project_created",
        "first_collaborator_invited",
        "first_report_built",
        "first_export_completed",
        "checkout_completed",
        "page_viewed",
        "search_performed",
        "settings_opened",
        "file_uploaded",
        "comment_added",
        "logged_in"
    };

    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
    private static final long SPAN = Duration.ofDays(90).toNanos() / 1_000;
    private static final long SIGN_UP_SPAN = Duration.ofDays(80).toNanos() / 1_000;
    private static final double RECENT_DAYS = 2.5;

    /** How likely the next event of a user is the next step, by the number of steps done. */
    private static final double[] ADVANCE = {0.85, 0.40, 0.30, 0.32, 0.28, 0.35, 0};

    static EventLog generate(int events, int users, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int[] user = new int[events];
        byte[] kind = new byte[events];
        long[] micros = new long[events];
        byte[] done = new byte[users];
        long start = START.getEpochSecond() * 1_000_000;
        long meanGap = SPAN / events;
        double recent = RECENT_DAYS / 80 * users;
        long elapsed = 0;
        for (int i = 0; i < events; i++) {
            elapsed += 1 + random.nextLong(2 * meanGap - 1);
            int signedUp = 1 + (int) ((users - 1) * Math.min(1, (double) elapsed / SIGN_UP_SPAN));
            int who = random.nextInt(4) < 3
                    ? signedUp - 1 - (int) (-Math.log(1 - random.nextDouble()) * recent)
                    : random.nextInt(signedUp);
            if (who < 0) {
                who = random.nextInt(signedUp);
            }
            user[i] = who;
            micros[i] = start + elapsed;
            kind[i] = (byte) nextKind(random, done, who);
        }
        return new EventLog(users, user, kind, micros);
    }

    private static int nextKind(SplittableRandom random, byte[] done, int who) {
        int before = done[who];
        double dice = random.nextDouble();
        if (dice < ADVANCE[before]) {
            done[who]++;
            return before;
        }
        dice = random.nextDouble();
        if (before > 0 && dice < 0.25) {
            return random.nextInt(before);
        }
        return dice < 0.30 ? random.nextInt(STEPS) : STEPS + random.nextInt(NAMES.length - STEPS);
    }

    int size() {
        return user.length;
    }

    /** The same log with times cut off to whole seconds, so that many events share an instant. */
    EventLog inWholeSeconds() {
        return new EventLog(
                users,
                user,
                kind,
                Arrays.stream(micros).map(t -> t - t % 1_000_000).toArray());
    }

    long distinctUsers() {
        boolean[] seen = new boolean[users];
        long n = 0;
        for (int each : user) {
            if (!seen[each]) {
                seen[each] = true;
                n++;
            }
        }
        return n;
    }

    /** A text id as products have them, with the number in it. */
    static String textId(int user) {
        return "usr_" + (100_000_000L + user);
    }

    /** The number of a user spread over all 64 bits, one to one, as random keys would be. */
    static long scatteredId(int user) {
        long z = (user + 1L) * 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
