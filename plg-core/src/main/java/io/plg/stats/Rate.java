package io.plg.stats;

import java.util.Locale;

/**
 * A share of {@code successes} among {@code n} trials, with its 95 % confidence interval.
 *
 * <p>The interval is the Wilson score interval without continuity correction (E. B. Wilson, "Probable inference, the law of
 * succession, and statistical inference", JASA 22, 1927, 209–212), with z = 1.959964. It stays inside [0, 1] and is honest for
 * few trials and for shares near 0 or 1, where the textbook ± formula is not.
 *
 * <p>Without trials the share is unknown: {@link #value()} is {@link Double#NaN} and the interval is all of [0, 1]. Ask
 * {@link #isDefined()} first where NaN would hurt.
 *
 * @param successes how many of the trials succeeded, from 0 to {@code n}
 * @param n how many trials there were, not negative
 */
public record Rate(long successes, long n) {

    private static final double Z = 1.959963984540054;

    /**
     * Checks that {@code 0 <= successes <= n}.
     *
     * @throws IllegalArgumentException if it is not so
     */
    public Rate {
        if (n < 0) {
            throw new IllegalArgumentException("n must not be negative, was " + n);
        }
        if (successes < 0 || successes > n) {
            throw new IllegalArgumentException("successes must be from 0 to n = " + n + ", was " + successes);
        }
    }

    /**
     * Says whether there was any trial at all.
     *
     * @return false if {@code n} is 0
     */
    public boolean isDefined() {
        return n > 0;
    }

    /**
     * The observed share, {@code successes / n}.
     *
     * @return from 0 to 1, or {@link Double#NaN} if {@code n} is 0
     */
    public double value() {
        return (double) successes / n;
    }

    /**
     * The lower end of the 95 % interval.
     *
     * @return from 0 to {@link #value()}; 0 if {@code n} is 0
     */
    public double low() {
        return successes == 0 ? 0 : Math.max(0, center() - margin());
    }

    /**
     * The upper end of the 95 % interval.
     *
     * @return from {@link #value()} to 1; 1 if {@code n} is 0
     */
    public double high() {
        return successes == n ? 1 : Math.min(1, center() + margin());
    }

    private double center() {
        return (successes + Z * Z / 2) / (n + Z * Z);
    }

    private double margin() {
        return Z / (n + Z * Z) * Math.sqrt(successes * (double) (n - successes) / n + Z * Z / 4);
    }

    /**
     * The rate for people, such as {@code 62.0 % (51.0–72.1 %, n = 80)}.
     *
     * @return one line; {@code unknown (n = 0)} without trials
     */
    @Override
    public String toString() {
        return isDefined()
                ? String.format(
                        Locale.ROOT, "%.1f %% (%.1f–%.1f %%, n = %d)", 100 * value(), 100 * low(), 100 * high(), n)
                : "unknown (n = 0)";
    }
}
