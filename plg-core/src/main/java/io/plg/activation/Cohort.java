package io.plg.activation;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.Optional;

/**
 * The users who signed up in a range of time. Sign-up is the time that the host gave by
 * {@link Activation#signedUp(io.plg.UserId, Instant)}, else the completion of the funnel's first step.
 *
 * @param from the start, inclusive, in microseconds; empty for no bound
 * @param to the end, exclusive, in microseconds; empty for no bound
 */
public record Cohort(Optional<Instant> from, Optional<Instant> to) {
    private static final Cohort EVERYONE = new Cohort(Optional.empty(), Optional.empty());

    /**
     * Checks the range.
     *
     * @throws IllegalArgumentException if {@code from} is not before {@code to}, or a bound is outside the years 1 to 9999
     */
    public Cohort {
        from = from.map(StepCompletion::storable);
        to = to.map(StepCompletion::storable);
        if (from.isPresent() && to.isPresent() && !from.get().isBefore(to.get())) {
            throw new IllegalArgumentException("from must be before to, was " + from.get() + " and to was " + to.get());
        }
    }

    /**
     * Returns the users who signed up in [from, to).
     *
     * @param from the start, inclusive
     * @param to the end, exclusive
     * @return the cohort
     * @throws IllegalArgumentException if {@code from} is not before {@code to}, or a bound is outside the years 1 to 9999
     */
    public static Cohort signedUpBetween(Instant from, Instant to) {
        return new Cohort(Optional.of(from), Optional.of(to));
    }

    /**
     * Returns everyone of whom a sign-up is known.
     *
     * @return the cohort without bounds
     */
    public static Cohort everyone() {
        return EVERYONE;
    }

    /**
     * Tells whether a sign-up belongs to this cohort.
     *
     * @param signedUpAt the time of a sign-up
     * @return {@code true} if it lies in the range
     */
    public boolean contains(Instant signedUpAt) {
        Instant time = Objects.requireNonNull(signedUpAt, "signedUpAt").truncatedTo(ChronoUnit.MICROS);
        return from.map(f -> !time.isBefore(f)).orElse(true)
                && to.map(time::isBefore).orElse(true);
    }
}
