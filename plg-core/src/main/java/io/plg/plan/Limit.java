package io.plg.plan;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a plan gives of a feature that is counted: how much, and what happens beyond it. Each setting returns another limit:
 *
 * <pre>{@code Limit.of(300).atMost(50, Every.DAY).grace(Duration.ofDays(3)).thresholds(50, 80, 100)}</pre>
 *
 * <p>Amounts are exact, at most 10^18 of the smallest step of the feature, with no more decimals than the feature declares; that is checked where
 * the limit meets the feature, in {@link Plan.Builder#limit(Feature.Metered, Limit)}.
 *
 * @param amount how much, 0 or more; {@code null} for unlimited
 * @param overLimit what happens beyond it
 * @param grace how long more is allowed after the limit was first exceeded: positive for {@link OverLimit#GRACE}, otherwise zero
 * @param windows shorter limits within this one, each with another interval
 * @param perMember how much each member of the workspace may use of it, positive; {@code null} for as much as there is
 * @param thresholds the percentages of the limit at which the host is told, ascending, each 1 to 1000
 * @param preservesOverage whether what was used beyond the limit is counted in the next period, instead of being dropped when that begins
 */
public record Limit(
        @Nullable BigDecimal amount,
        OverLimit overLimit,
        Duration grace,
        List<Window> windows,
        @Nullable BigDecimal perMember,
        List<Integer> thresholds,
        boolean preservesOverage) {

    private static final List<Integer> DEFAULT_THRESHOLDS = List.of(80);
    private static final int MAX_THRESHOLD = 1000;

    /**
     * A shorter limit within a limit, such as 50 a day of 300 a month. It follows the calendar of the workspace, whatever the anchor of the longer
     * period is.
     *
     * @param amount how much, positive
     * @param every in which interval
     */
    public record Window(BigDecimal amount, Every every) {

        /**
         * Checks both.
         *
         * @throws IllegalArgumentException if the amount is not positive, above 10^18, or has more than 6 decimals
         */
        public Window {
            amount = Amounts.check("amount of a window", amount, false);
            Objects.requireNonNull(every, "every");
        }

        /**
         * Returns amount and interval.
         *
         * @return for example {@code 50 every day}
         */
        @Override
        public String toString() {
            return amount.toPlainString() + " every " + every;
        }
    }

    /**
     * Checks everything; equal amounts become equal whatever zeros they end in.
     *
     * @throws IllegalArgumentException if something is not as its description says
     */
    public Limit {
        if (amount != null) {
            amount = Amounts.check("limit", amount, true);
        }
        Objects.requireNonNull(overLimit, "overLimit");
        Objects.requireNonNull(grace, "grace");
        if (overLimit == OverLimit.GRACE) {
            Amounts.checkLength("grace", grace);
        } else if (!grace.isZero()) {
            throw new IllegalArgumentException("grace must be zero unless overLimit is GRACE, was " + grace);
        }
        windows = List.copyOf(windows);
        for (int i = 1; i < windows.size(); i++) {
            Every every = windows.get(i).every();
            if (windows.subList(0, i).stream().anyMatch(each -> each.every().equals(every))) {
                throw new IllegalArgumentException(
                        "windows must have different intervals, \"" + every + "\" is there twice");
            }
        }
        if (perMember != null) {
            perMember = Amounts.check("perMember", perMember, false);
        }
        thresholds = List.copyOf(thresholds);
        int last = 0;
        for (int threshold : thresholds) {
            if (threshold < 1 || threshold > MAX_THRESHOLD) {
                throw new IllegalArgumentException(
                        "thresholds must be 1 to " + MAX_THRESHOLD + " percent, was " + threshold);
            }
            if (threshold <= last) {
                throw new IllegalArgumentException(
                        "thresholds must be ascending and distinct, " + threshold + " comes after " + last);
            }
            last = threshold;
        }
    }

    private static Limit make(@Nullable BigDecimal amount) {
        return new Limit(amount, OverLimit.BLOCK, Duration.ZERO, List.of(), null, DEFAULT_THRESHOLDS, false);
    }

    /**
     * Returns a limit beyond which everything is denied and of which the host is told at 80 percent.
     *
     * @param amount how much
     * @return the limit
     * @throws IllegalArgumentException if the amount is negative or above 10^18
     */
    public static Limit of(long amount) {
        return make(BigDecimal.valueOf(amount));
    }

    /**
     * Returns a limit beyond which everything is denied and of which the host is told at 80 percent.
     *
     * @param amount how much
     * @return the limit
     * @throws IllegalArgumentException if the amount is negative, above 10^18, or has more than 6 decimals
     */
    public static Limit of(BigDecimal amount) {
        return make(Objects.requireNonNull(amount, "amount"));
    }

    /**
     * Returns no limit: as much as is wanted, which is counted all the same.
     *
     * @return the limit
     */
    public static Limit unlimited() {
        return make(null);
    }

    /**
     * Tells whether there is no limit. There may still be {@linkplain #windows() windows} and a limit {@linkplain #perMember() per member}.
     *
     * @return {@code true} if the amount is {@code null}
     */
    public boolean isUnlimited() {
        return amount == null;
    }

    /**
     * Allows more than the limit for some time after it was first exceeded.
     *
     * @param length how long, more than zero and at most 100 years
     * @return the limit with this setting
     * @throws IllegalArgumentException if the length is out of that range
     */
    public Limit grace(Duration length) {
        return new Limit(amount, OverLimit.GRACE, length, windows, perMember, thresholds, preservesOverage);
    }

    /**
     * Allows more than the limit; it is counted as overage.
     *
     * @return the limit with this setting
     */
    public Limit warn() {
        return new Limit(amount, OverLimit.WARN, Duration.ZERO, windows, perMember, thresholds, preservesOverage);
    }

    /**
     * Denies more than the limit, which is the default.
     *
     * @return the limit with this setting
     */
    public Limit block() {
        return new Limit(amount, OverLimit.BLOCK, Duration.ZERO, windows, perMember, thresholds, preservesOverage);
    }

    /**
     * Adds a shorter limit within this one.
     *
     * @param amount how much
     * @param every in which interval of the calendar
     * @return the limit with this setting
     * @throws IllegalArgumentException if the amount is not positive or above 10^18, or there is a window with this interval
     */
    public Limit atMost(long amount, Every every) {
        return atMost(BigDecimal.valueOf(amount), every);
    }

    /**
     * Adds a shorter limit within this one.
     *
     * @param amount how much
     * @param every in which interval of the calendar
     * @return the limit with this setting
     * @throws IllegalArgumentException if the amount is not positive, above 10^18 or has more than 6 decimals, or there is a window with this
     *     interval
     */
    public Limit atMost(BigDecimal amount, Every every) {
        var more = new ArrayList<>(windows);
        more.add(new Window(amount, every));
        return new Limit(this.amount, overLimit, grace, more, perMember, thresholds, preservesOverage);
    }

    /**
     * Limits what each member of the workspace may use.
     *
     * @param amount how much
     * @return the limit with this setting
     * @throws IllegalArgumentException if the amount is not positive or above 10^18
     */
    public Limit perMember(long amount) {
        return perMember(BigDecimal.valueOf(amount));
    }

    /**
     * Limits what each member of the workspace may use.
     *
     * @param amount how much
     * @return the limit with this setting
     * @throws IllegalArgumentException if the amount is not positive, above 10^18, or has more than 6 decimals
     */
    public Limit perMember(BigDecimal amount) {
        Objects.requireNonNull(amount, "amount");
        return new Limit(this.amount, overLimit, grace, windows, amount, thresholds, preservesOverage);
    }

    /**
     * Says at which percentages of the limit the host is told. Default: 80.
     *
     * @param percent the percentages, ascending
     * @return the limit with this setting
     * @throws IllegalArgumentException if one is not 1 to 1000, or not more than the one before
     */
    public Limit thresholds(int... percent) {
        List<Integer> all = Arrays.stream(percent).boxed().toList();
        return new Limit(amount, overLimit, grace, windows, perMember, all, preservesOverage);
    }

    /**
     * Tells the host nothing, whatever is used.
     *
     * @return the limit with this setting
     */
    public Limit withoutThresholds() {
        return thresholds(new int[0]);
    }

    /**
     * Keeps what was used beyond the limit when a new period begins: it is counted there first.
     *
     * @return the limit with this setting
     */
    public Limit preservingOverage() {
        return new Limit(amount, overLimit, grace, windows, perMember, thresholds, true);
    }
}
