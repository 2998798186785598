package io.plg.reward;

import io.plg.plan.Every;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How much a {@link RewardRule} gives at most: so many rewards or so much money, to each referrer, to each workspace or in the whole program,
 * altogether or in each period.
 *
 * <pre>{@code
 * RewardCap.perReferrer(10)                                     // ten rewards, ever
 * RewardCap.perReferrer(3, Every.MONTH)                         // three in a month
 * RewardCap.perProgram(Money.of(5_000, "USD"), Every.YEAR)      // 5,000 dollars in a year
 * }</pre>
 *
 * <p>The name says what is counted and not how much is allowed, so that another limit goes on with the same count.
 *
 * @param name what is counted, such as {@code referrer:count:1 month} or {@code program:money:USD}; it follows from the rest
 * @param scope for whom it is counted
 * @param per in which periods; empty for ever
 * @param count how many rewards, positive; either this or the money is there
 * @param money how much money, positive
 */
public record RewardCap(String name, Scope scope, Optional<Every> per, OptionalLong count, Optional<Money> money) {

    /** For whom a cap is counted. */
    public enum Scope {
        /** Each referrer has a count of his own. */
        REFERRER,
        /** The referrers of a workspace have one count. */
        WORKSPACE,
        /** The whole program has one count, across the installation. */
        PROGRAM
    }

    /**
     * Checks everything.
     *
     * @throws IllegalArgumentException if not exactly one of count and money is there, it is not positive, or the name is another one than follows
     *     from the rest
     */
    public RewardCap {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(scope, "scope");
        Objects.requireNonNull(per, "per");
        if (count.isPresent() == money.isPresent()) {
            throw new IllegalArgumentException("a cap must have either a count or money, had "
                    + (count.isPresent() ? "both: " + count.getAsLong() + " and " + money.get() : "neither"));
        }
        count.ifPresent(value -> Checks.positive("count", value));
        money.ifPresent(value -> Checks.positive("money", value));
        String derived = derivedName(scope, per, money);
        if (!name.equals(derived)) {
            throw new IllegalArgumentException("name of this cap must be \"" + derived + "\", was \"" + name + "\"");
        }
    }

    private static String derivedName(Scope scope, Optional<Every> per, Optional<Money> money) {
        String what = money.map(value -> "money:" + value.currency().getCurrencyCode())
                .orElse("count");
        String when =
                per.map(every -> ":" + (every.count() == 1 ? "1 " : "") + every).orElse("");
        return scope.name().toLowerCase(Locale.ROOT) + ":" + what + when;
    }

    /**
     * Returns a cap; its name follows from the rest.
     *
     * @param scope for whom it is counted
     * @param per in which periods; empty for ever
     * @param count how many rewards, positive; either this or the money is there
     * @param money how much money, positive
     * @return the cap
     * @throws IllegalArgumentException if not exactly one of count and money is there, or it is not positive
     */
    static RewardCap of(Scope scope, Optional<Every> per, OptionalLong count, Optional<Money> money) {
        return new RewardCap(derivedName(scope, per, money), scope, per, count, money);
    }

    /**
     * Limits the rewards for each referrer.
     *
     * @param count how many, positive
     * @return the cap
     * @throws IllegalArgumentException if it is not positive
     */
    public static RewardCap perReferrer(long count) {
        return of(Scope.REFERRER, Optional.empty(), OptionalLong.of(count), Optional.empty());
    }

    /**
     * Limits the rewards for each referrer, in each period.
     *
     * @param count how many, positive
     * @param per in which periods
     * @return the cap
     * @throws IllegalArgumentException if it is not positive
     */
    public static RewardCap perReferrer(long count, Every per) {
        return of(Scope.REFERRER, Optional.of(per), OptionalLong.of(count), Optional.empty());
    }

    /**
     * Limits the money for each referrer.
     *
     * @param money how much, positive
     * @return the cap
     * @throws IllegalArgumentException if it is not positive
     */
    public static RewardCap perReferrer(Money money) {
        return of(Scope.REFERRER, Optional.empty(), OptionalLong.empty(), Optional.of(money));
    }

    /**
     * Limits the money for each referrer, in each period.
     *
     * @param money how much, positive
     * @param per in which periods
     * @return the cap
     * @throws IllegalArgumentException if it is not positive
     */
    public static RewardCap perReferrer(Money money, Every per) {
        return of(Scope.REFERRER, Optional.of(per), OptionalLong.empty(), Optional.of(money));
    }

    /**
     * Limits the rewards for the referrers of each workspace together.
     *
     * @param count how many, positive
     * @return the cap
     * @throws IllegalArgumentException if it is not positive
     */
    public static RewardCap perWorkspace(long count) {
        return of(Scope.WORKSPACE, Optional.empty(), OptionalLong.of(count), Optional.empty());
    }

    /**
     * Limits the rewards for the referrers of each workspace together, in each period.
     *
     * @param count how many, positive
     * @param per in which periods
     * @return the cap
     * @throws IllegalArgumentException if it is not positive
     */
    public static RewardCap perWorkspace(long count, Every per) {
        return of(Scope.WORKSPACE, Optional.of(per), OptionalLong.of(count), Optional.empty());
    }

    /**
     * Limits the money for the referrers of each workspace together.
     *
     * @param money how much, positive
     * @return the cap
     * @throws IllegalArgumentException if it is not positive
     */
    public static RewardCap perWorkspace(Money money) {
        return of(Scope.WORKSPACE, Optional.empty(), OptionalLong.empty(), Optional.of(money));
    }

    /**
     * Limits the money for the referrers of each workspace together, in each period.
     *
     * @param money how much, positive
     * @param per in which periods
     * @return the cap
     * @throws IllegalArgumentException if it is not positive
     */
    public static RewardCap perWorkspace(Money money, Every per) {
        return of(Scope.WORKSPACE, Optional.of(per), OptionalLong.empty(), Optional.of(money));
    }

    /**
     * Limits the rewards for the whole program, across the installation.
     *
     * @param count how many, positive
     * @return the cap
     * @throws IllegalArgumentException if it is not positive
     */
    public static RewardCap perProgram(long count) {
        return of(Scope.PROGRAM, Optional.empty(), OptionalLong.of(count), Optional.empty());
    }

    /**
     * Limits the rewards for the whole program, across the installation, in each period.
     *
     * @param count how many, positive
     * @param per in which periods
     * @return the cap
     * @throws IllegalArgumentException if it is not positive
     */
    public static RewardCap perProgram(long count, Every per) {
        return of(Scope.PROGRAM, Optional.of(per), OptionalLong.of(count), Optional.empty());
    }

    /**
     * Limits the money for the whole program, across the installation.
     *
     * @param money how much, positive
     * @return the cap
     * @throws IllegalArgumentException if it is not positive
     */
    public static RewardCap perProgram(Money money) {
        return of(Scope.PROGRAM, Optional.empty(), OptionalLong.empty(), Optional.of(money));
    }

    /**
     * Limits the money for the whole program, across the installation, in each period.
     *
     * @param money how much, positive
     * @param per in which periods
     * @return the cap
     * @throws IllegalArgumentException if it is not positive
     */
    public static RewardCap perProgram(Money money, Every per) {
        return of(Scope.PROGRAM, Optional.of(per), OptionalLong.empty(), Optional.of(money));
    }

    /**
     * Returns limit and name.
     *
     * @return for example {@code at most 3 of referrer:count:1 month}
     */
    @Override
    public String toString() {
        return "at most " + (count.isPresent() ? String.valueOf(count.getAsLong()) : money.orElseThrow()) + " of "
                + name;
    }
}
