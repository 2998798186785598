package io.plg.reward;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/** What amounts, lengths and times of rewards must be. */
final class Checks {
    private static final int MAX_DIGITS = 18;
    private static final int MAX_DECIMALS = 6;
    private static final Duration LONGEST = Duration.ofDays(36_500);
    private static final Instant FIRST = Instant.parse("0001-01-01T00:00:00Z");
    private static final Instant LAST = Instant.parse("9999-12-31T23:59:59.999999999Z");

    private Checks() {}

    static void range(String field, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(field + " must be " + least + " to " + most + ", was " + value);
        }
    }

    static void positive(String field, long value) {
        if (value < 1) {
            throw new IllegalArgumentException(field + " must be positive, was " + value);
        }
    }

    static void positive(String field, Money money) {
        if (Objects.requireNonNull(money, field).signum() < 1) {
            throw new IllegalArgumentException(field + " must be positive, was " + money);
        }
    }

    /** Checks an amount, and brings it into the one form in which equal amounts are equal. */
    static BigDecimal amount(String field, BigDecimal amount) {
        if (Objects.requireNonNull(amount, field).signum() < 1) {
            throw new IllegalArgumentException(field + " must be positive, was " + amount);
        }
        if (amount.compareTo(BigDecimal.TEN.pow(MAX_DIGITS)) > 0) {
            throw new IllegalArgumentException(field + " must be at most 10^" + MAX_DIGITS + ", was " + amount);
        }
        BigDecimal plain = amount.stripTrailingZeros();
        if (plain.scale() > MAX_DECIMALS) {
            throw new IllegalArgumentException(
                    field + " must have at most " + MAX_DECIMALS + " decimals, was " + amount);
        }
        return plain.scale() < 0 ? plain.setScale(0, RoundingMode.UNNECESSARY) : plain;
    }

    static Duration positive(String field, Duration length) {
        if (Objects.requireNonNull(length, field).isZero()) {
            throw new IllegalArgumentException(field + " must be positive, was " + length);
        }
        return length(field, length, "positive");
    }

    static Duration notNegative(String field, Duration length) {
        return length(field, length, "zero or more");
    }

    private static Duration length(String field, Duration length, String rule) {
        if (Objects.requireNonNull(length, field).isNegative()) {
            throw new IllegalArgumentException(field + " must be " + rule + ", was " + length);
        }
        if (length.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(field + " must be at most 100 years (" + LONGEST + "), was " + length);
        }
        return length;
    }

    static Instant instant(String field, Instant instant) {
        if (Objects.requireNonNull(instant, field).isBefore(FIRST) || instant.isAfter(LAST)) {
            throw new IllegalArgumentException(field + " must be of the years 0001 to 9999, was " + instant);
        }
        return instant;
    }

    static void order(Optional<Instant> from, Optional<Instant> until) {
        if (from.isPresent() && until.isPresent() && !from.get().isBefore(until.get())) {
            throw new IllegalArgumentException(
                    "until must be later than from, which is " + from.get() + ", was " + until.get());
        }
    }
}
