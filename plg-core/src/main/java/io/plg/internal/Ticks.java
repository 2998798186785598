package io.plg.internal;

import io.plg.plan.Feature;
import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/** Amounts as whole numbers of a feature's smallest step, 10<sup>-decimals</sup>; {@link #UNLIMITED} for no limit. */
final class Ticks {
    static final long UNLIMITED = Long.MAX_VALUE;

    /** More than anybody counts, and little enough that a few of them do not overflow. */
    static final long MOST = 1_000_000_000_000_000_000L;

    private Ticks() {}

    /** An amount that is asked for. */
    static long positive(Feature.Metered feature, String what, long amount) {
        if (amount <= 0) {
            throw new IllegalArgumentException(what + " of " + feature.name() + " must be positive, was " + amount);
        }
        return of(feature, what, amount);
    }

    /** An amount that is asked for. */
    static long positive(Feature.Metered feature, String what, BigDecimal amount) {
        if (amount.signum() <= 0) {
            throw new IllegalArgumentException(what + " of " + feature.name() + " must be positive, was " + amount);
        }
        return of(feature, what, amount);
    }

    /** An amount that may be zero. */
    static long of(Feature.Metered feature, String what, long amount) {
        return feature.decimals() == 0 && amount >= 0 && amount <= MOST
                ? amount
                : of(feature, what, BigDecimal.valueOf(amount));
    }

    /** An amount that may be zero. */
    static long of(Feature.Metered feature, String what, BigDecimal amount) {
        if (amount.signum() < 0) {
            throw new IllegalArgumentException(what + " of " + feature.name() + " must not be negative, was " + amount);
        }
        // Without writing out the zeros of 1E+999999999.
        if ((long) amount.precision() - amount.scale() > 19) {
            throw outOfRange(feature, what, amount);
        }
        BigDecimal steps = amount.stripTrailingZeros();
        if (steps.scale() > feature.decimals()) {
            throw new IllegalArgumentException(what + " of " + feature.name() + " must have at most "
                    + feature.decimals() + " decimals, was " + amount);
        }
        steps = steps.movePointRight(feature.decimals());
        if (steps.compareTo(BigDecimal.valueOf(MOST)) > 0) {
            throw outOfRange(feature, what, amount);
        }
        return steps.longValueExact();
    }

    /** A limit, which may be missing. */
    static long limit(Feature.Metered feature, @Nullable BigDecimal amount) {
        return amount == null ? UNLIMITED : of(feature, "limit", amount);
    }

    static BigDecimal decimal(Feature.Metered feature, long ticks) {
        return BigDecimal.valueOf(ticks, feature.decimals());
    }

    /** The sum, or unlimited if one of them is or it is too much. */
    static long plus(long a, long b) {
        return a >= UNLIMITED - b ? UNLIMITED : a + b;
    }

    /** How much is {@code percent} of a whole, rounded up; unlimited if it is too much. */
    static long percentOf(long whole, int percent) {
        if (whole == UNLIMITED) {
            return UNLIMITED;
        }
        long hundredth = whole / 100;
        return hundredth > MOST / percent ? UNLIMITED : hundredth * percent + (whole % 100 * percent + 99) / 100;
    }

    private static IllegalArgumentException outOfRange(Feature.Metered feature, String what, BigDecimal amount) {
        return new IllegalArgumentException(what + " of " + feature.name() + " must be at most "
                + BigDecimal.valueOf(MOST, feature.decimals())
                        .stripTrailingZeros()
                        .toPlainString() + ", was " + amount);
    }
}
