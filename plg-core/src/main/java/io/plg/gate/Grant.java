package io.plg.gate;

import io.plg.plan.Every;
import io.plg.plan.Feature;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * An amount of a feature on top of what the plan gives: bought, won or given away. Of a quota it is a balance that is used up; of a cap it raises the limit for as
 * long as it is active.
 *
 * <p>Of all that is active, what is used up first has the lowest priority number, then the earliest end (without end last, to the second), then the earliest
 * creation, then the smallest id. What the plan gives takes part with priority {@value #DEFAULT_PRIORITY} and ends with its period.
 *
 * @param feature of which
 * @param amount how much, positive
 * @param priority 1 to 255, the lower first
 * @param effectiveAt from when on, inclusive; empty for at once
 * @param expiresAt until when, exclusive; empty for ever
 * @param recurrence the balance returns to the full amount at {@code effectiveAt + k * every}; empty for never. Not for caps
 * @param minRollover the balance after a reset of the period is at least this; empty for 0
 * @param maxRollover the balance after a reset of the period is at most this; empty for no bound: it survives the reset
 * @param note what it is for, at most 200 characters, for people who read the explanation
 */
public record Grant(
        Feature.Metered feature,
        BigDecimal amount,
        int priority,
        Optional<Instant> effectiveAt,
        Optional<Instant> expiresAt,
        Optional<Every> recurrence,
        Optional<BigDecimal> minRollover,
        Optional<BigDecimal> maxRollover,
        String note) {

    /** The priority of what says nothing else, and of what the plan gives. */
    public static final int DEFAULT_PRIORITY = 100;

    private static final int MAX_PRIORITY = 255;
    private static final int MAX_NOTE = 200;

    /**
     * Checks everything.
     *
     * @throws IllegalArgumentException if something is out of range
     */
    public Grant {
        Objects.requireNonNull(feature, "feature");
        Objects.requireNonNull(amount, "amount");
        Objects.requireNonNull(note, "note");
        if (amount.signum() <= 0) {
            throw new IllegalArgumentException(
                    "amount of a grant must be positive, was " + amount + " " + feature.name());
        }
        if (priority < 1 || priority > MAX_PRIORITY) {
            throw new IllegalArgumentException("priority must be 1 to " + MAX_PRIORITY + ", was " + priority);
        }
        if (effectiveAt.isPresent() && expiresAt.isPresent() && !expiresAt.get().isAfter(effectiveAt.get())) {
            throw new IllegalArgumentException(
                    "expiresAt must be after effectiveAt, was " + expiresAt.get() + " and " + effectiveAt.get());
        }
        if (feature instanceof Feature.Cap
                && (recurrence.isPresent() || minRollover.isPresent() || maxRollover.isPresent())) {
            throw new IllegalArgumentException("a grant of the cap \"" + feature.name()
                    + "\" has no balance, so it cannot recur or roll over; leave both out");
        }
        BigDecimal min = minRollover.orElse(BigDecimal.ZERO);
        if (min.signum() < 0) {
            throw new IllegalArgumentException("minRollover must not be negative, was " + min);
        }
        if (maxRollover.isPresent() && maxRollover.get().compareTo(min) < 0) {
            throw new IllegalArgumentException(
                    "maxRollover must not be less than minRollover " + min + ", was " + maxRollover.get());
        }
        if (note.length() > MAX_NOTE) {
            throw new IllegalArgumentException(
                    "note must have at most " + MAX_NOTE + " characters, had " + note.length());
        }
    }

    /**
     * Returns a grant from now on, for ever, of default priority.
     *
     * @param feature of which
     * @param amount how much, positive
     * @return the grant
     * @throws IllegalArgumentException if the amount is not positive
     */
    public static Grant of(Feature.Metered feature, long amount) {
        return of(feature, BigDecimal.valueOf(amount));
    }

    /**
     * Returns a grant from now on, for ever, of default priority.
     *
     * @param feature of which
     * @param amount how much, positive
     * @return the grant
     * @throws IllegalArgumentException if the amount is not positive
     */
    public static Grant of(Feature.Metered feature, BigDecimal amount) {
        return new Grant(
                feature,
                amount,
                DEFAULT_PRIORITY,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                "");
    }

    /**
     * Returns the same grant with a priority.
     *
     * @param priority 1 to 255, the lower is used up first
     * @return the grant
     * @throws IllegalArgumentException if it is out of range
     */
    public Grant priority(int priority) {
        return new Grant(feature, amount, priority, effectiveAt, expiresAt, recurrence, minRollover, maxRollover, note);
    }

    /**
     * Returns the same grant from a time on.
     *
     * @param from when it becomes active, inclusive
     * @return the grant
     * @throws IllegalArgumentException if it expires before
     */
    public Grant from(Instant from) {
        return new Grant(
                feature, amount, priority, Optional.of(from), expiresAt, recurrence, minRollover, maxRollover, note);
    }

    /**
     * Returns the same grant until a time.
     *
     * @param until when it is no longer active
     * @return the grant
     * @throws IllegalArgumentException if it becomes active only then
     */
    public Grant until(Instant until) {
        return new Grant(
                feature, amount, priority, effectiveAt, Optional.of(until), recurrence, minRollover, maxRollover, note);
    }

    /**
     * Returns the same grant with a balance that returns to the full amount again and again.
     *
     * @param every how often, counted from when it becomes active
     * @return the grant
     * @throws IllegalArgumentException for a cap
     */
    public Grant recurring(Every every) {
        return new Grant(
                feature, amount, priority, effectiveAt, expiresAt, Optional.of(every), minRollover, maxRollover, note);
    }

    /**
     * Returns the same grant with bounds for what is left of it after a reset of the quota's period: {@code min(max, max(before, min))}.
     *
     * @param min at least so much
     * @param max at most so much
     * @return the grant
     * @throws IllegalArgumentException if they are out of order, or for a cap
     */
    public Grant rollover(long min, long max) {
        return rollover(BigDecimal.valueOf(min), BigDecimal.valueOf(max));
    }

    /**
     * Returns the same grant with bounds for what is left of it after a reset of the quota's period: {@code min(max, max(before, min))}.
     *
     * @param min at least so much
     * @param max at most so much
     * @return the grant
     * @throws IllegalArgumentException if they are out of order, or for a cap
     */
    public Grant rollover(BigDecimal min, BigDecimal max) {
        return new Grant(
                feature,
                amount,
                priority,
                effectiveAt,
                expiresAt,
                recurrence,
                Optional.of(min),
                Optional.of(max),
                note);
    }

    /**
     * Returns the same grant with a note.
     *
     * @param note what it is for, at most 200 characters
     * @return the grant
     * @throws IllegalArgumentException if it is longer
     */
    public Grant note(String note) {
        return new Grant(feature, amount, priority, effectiveAt, expiresAt, recurrence, minRollover, maxRollover, note);
    }
}
