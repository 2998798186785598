package io.plg;

import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.temporal.TemporalAmount;
import java.util.Objects;

/**
 * A clock that stands still until a test moves it. One such clock moves everything in plg that depends on business time.
 *
 * <pre>{@code
 * var clock = SettableClock.at("2026-04-12T08:00:00Z");
 * var plg = Plg.inMemory().funnel(ONBOARDING).clock(clock).build();
 * clock.advance(Duration.ofDays(3));
 * }</pre>
 *
 * <p>Safe to use from many threads.
 */
public final class SettableClock implements InstantSource {
    private volatile Instant now;

    private SettableClock(Instant start) {
        now = Objects.requireNonNull(start, "start");
    }

    /**
     * Returns a clock that shows the given time.
     *
     * @param start an ISO-8601 instant such as {@code 2026-04-12T08:00:00Z}
     * @return the clock
     * @throws java.time.format.DateTimeParseException if {@code start} is not an ISO-8601 instant
     */
    public static SettableClock at(String start) {
        return new SettableClock(Instant.parse(start));
    }

    /**
     * Returns a clock that shows the given time.
     *
     * @param start what it shows
     * @return the clock
     */
    public static SettableClock at(Instant start) {
        return new SettableClock(start);
    }

    @Override
    public Instant instant() {
        return now;
    }

    /**
     * Moves the clock by an amount, a {@link java.time.Duration} or a {@link java.time.Period}. Months and years are those of
     * the calendar in UTC: a month after January 31 is the last day of February.
     *
     * @param amount how far; negative amounts move it back
     * @throws java.time.DateTimeException if the result is beyond what {@link Instant} can hold
     */
    public synchronized void advance(TemporalAmount amount) {
        Objects.requireNonNull(amount, "amount");
        now = now.atOffset(ZoneOffset.UTC).plus(amount).toInstant();
    }

    /**
     * Sets the clock.
     *
     * @param time what it shows from now on
     */
    public synchronized void set(Instant time) {
        now = Objects.requireNonNull(time, "time");
    }

    /** Returns what the clock shows, as an ISO-8601 instant. */
    @Override
    public String toString() {
        return now.toString();
    }
}
