package io.plg.plan;

import io.plg.internal.Text;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One version of a plan: a price, the flags that are on, and a limit for each feature that is counted. What a plan does not mention it does not
 * give. Immutable; described in {@link PlanCatalog.Builder#plan}.
 */
public final class Plan {
    private final PlanVersion id;
    private final int rank;
    private final Optional<Price> price;
    private final Optional<Duration> trial;
    private final Set<Feature.Flag> flags;
    private final Map<Feature.Metered, Limit> limits;
    private final Optional<List<String>> upgradesTo;

    private Plan(Builder from) {
        this.id = from.id;
        this.rank = from.rank;
        this.price = Optional.ofNullable(from.price);
        this.trial = Optional.ofNullable(from.trial);
        this.flags = Collections.unmodifiableSet(new LinkedHashSet<>(from.flags));
        this.limits = Collections.unmodifiableMap(new LinkedHashMap<>(from.limits));
        this.upgradesTo = Optional.ofNullable(from.upgradesTo);
    }

    /**
     * Returns the name, which all versions share.
     *
     * @return the name
     */
    public String name() {
        return id.plan();
    }

    /**
     * Returns which version this is.
     *
     * @return 1 or more
     */
    public int version() {
        return id.version();
    }

    /**
     * Returns name and version.
     *
     * @return for example {@code free@1}
     */
    public PlanVersion id() {
        return id;
    }

    /**
     * Returns the position in the catalog, which all versions share.
     *
     * @return 0 for the first plan
     */
    public int rank() {
        return rank;
    }

    /**
     * Returns what it costs a month.
     *
     * @return the price; empty if there is none, because it is free or a matter of negotiation
     */
    public Optional<Price> price() {
        return price;
    }

    /**
     * Returns how long it may be tried.
     *
     * @return the length of a trial; empty if the plan says nothing about it
     */
    public Optional<Duration> trial() {
        return trial;
    }

    /**
     * Returns the flags that are on.
     *
     * @return the flags as they were mentioned; cannot be modified
     */
    public Set<Feature.Flag> flags() {
        return flags;
    }

    /**
     * Returns the limits.
     *
     * @return a limit for each feature that the plan gives, as they were mentioned; cannot be modified
     */
    public Map<Feature.Metered, Limit> limits() {
        return limits;
    }

    /**
     * Tells whether a flag is on.
     *
     * @param flag which
     * @return {@code true} if the plan allows it
     */
    public boolean allows(Feature.Flag flag) {
        return flags.contains(flag);
    }

    /**
     * Returns the limit of a feature.
     *
     * @param feature which
     * @return its limit, or empty if the plan does not give it
     */
    public Optional<Limit> limit(Feature.Metered feature) {
        return Optional.ofNullable(limits.get(feature));
    }

    /**
     * Returns which plans may be offered as an upgrade from this one.
     *
     * @return their names; an empty list if none may; absent if every plan of a higher rank may
     */
    public Optional<List<String>> upgradesTo() {
        return upgradesTo;
    }

    /** Two plans are equal if everything that they say is. */
    @Override
    public boolean equals(@Nullable Object other) {
        return this == other
                || other instanceof Plan that
                        && id.equals(that.id)
                        && rank == that.rank
                        && price.equals(that.price)
                        && trial.equals(that.trial)
                        && flags.equals(that.flags)
                        && limits.equals(that.limits)
                        && upgradesTo.equals(that.upgradesTo);
    }

    @Override
    public int hashCode() {
        return Objects.hash(id, rank, price, trial, flags, limits, upgradesTo);
    }

    /**
     * Returns name and version.
     *
     * @return for example {@code free@1}
     */
    @Override
    public String toString() {
        return id.toString();
    }

    /** Describes a plan. Each setting may be made once. */
    public static final class Builder {
        private final PlanVersion id;
        private final int rank;
        private final Map<String, Feature> mentioned = new LinkedHashMap<>();
        private final Set<Feature.Flag> flags = new LinkedHashSet<>();
        private final Map<Feature.Metered, Limit> limits = new LinkedHashMap<>();
        private @Nullable Price price;
        private @Nullable Duration trial;
        private @Nullable List<String> upgradesTo;

        Builder(PlanVersion id, int rank) {
            this.id = id;
            this.rank = rank;
        }

        /**
         * Sets what the plan costs a month.
         *
         * @param units whole units of the currency, 0 or more: 19 is 19.00 dollars
         * @param currency its code, such as {@code USD}
         * @return this builder
         * @throws IllegalArgumentException if the amount is negative or above 10^18 in minor units, the code is not of ISO 4217, or there is a price
         */
        public Builder price(long units, String currency) {
            return price(BigDecimal.valueOf(units), currency);
        }

        /**
         * Sets what the plan costs a month.
         *
         * @param amount units of the currency, such as 19.90
         * @param currency its code, such as {@code USD}
         * @return this builder
         * @throws IllegalArgumentException if the amount is negative, above 10^18 in minor units or has more decimals than the currency, the code is
         *     not of ISO 4217, or there is a price
         */
        public Builder price(BigDecimal amount, String currency) {
            return price(Amounts.price(amount, Amounts.currency(currency)));
        }

        /**
         * Sets what the plan costs a month.
         *
         * @param price the price
         * @return this builder
         * @throws IllegalArgumentException if there is a price
         */
        public Builder price(Price price) {
            Objects.requireNonNull(price, "price");
            if (this.price != null) {
                throw new IllegalArgumentException("price of plan \"" + id + "\" was set before, to " + this.price
                        + "; " + price + " cannot be another");
            }
            this.price = price;
            return this;
        }

        /**
         * Gives so much of a feature.
         *
         * @param feature which
         * @param amount how much, in whole units
         * @return this builder
         * @throws IllegalArgumentException if the amount is negative or above 10^18 in the feature's smallest step, or the plan has a feature of this
         *     name
         */
        public Builder limit(Feature.Metered feature, long amount) {
            return limit(feature, Limit.of(amount));
        }

        /**
         * Gives so much of a feature.
         *
         * @param feature which
         * @param amount how much
         * @return this builder
         * @throws IllegalArgumentException if the amount is negative, above 10^18 in the feature's smallest step or has more decimals than the
         *     feature, or the plan has a feature of this name
         */
        public Builder limit(Feature.Metered feature, BigDecimal amount) {
            return limit(feature, Limit.of(amount));
        }

        /**
         * Gives a feature within a limit.
         *
         * @param feature which
         * @param limit how much, and what happens beyond it
         * @return this builder
         * @throws IllegalArgumentException if an amount is above 10^18 in the feature's smallest step or has more decimals than the feature, a cap has
         *     windows, a window is not shorter than the period of the quota, or the plan has a feature of this name
         */
        public Builder limit(Feature.Metered feature, Limit limit) {
            Objects.requireNonNull(feature, "feature");
            Objects.requireNonNull(limit, "limit");
            if (limit.amount() != null) {
                Amounts.check("limit", limit.amount(), feature);
            }
            if (limit.perMember() != null) {
                Amounts.check("perMember", limit.perMember(), feature);
            }
            for (Limit.Window window : limit.windows()) {
                checkWindow(feature, window);
            }
            mention(feature);
            limits.put(feature, limit);
            return this;
        }

        static void checkWindow(Feature.Metered feature, Limit.Window window) {
            Amounts.check("amount of a window", window.amount(), feature);
            if (!(feature instanceof Feature.Quota quota)) {
                throw new IllegalArgumentException("\"" + feature.name() + "\" is a cap, which has no windows, was "
                        + window + "; only quotas are used in a period");
            }
            if (window.every().estimate().compareTo(quota.every().estimate()) >= 0) {
                throw new IllegalArgumentException("a window of \"" + feature.name()
                        + "\" must be shorter than its period, which is \"" + quota.every() + "\", was " + window);
            }
        }

        /**
         * Gives as much of a feature as is wanted.
         *
         * @param feature which
         * @return this builder
         * @throws IllegalArgumentException if the plan has a feature of this name
         */
        public Builder unlimited(Feature.Metered feature) {
            return limit(feature, Limit.unlimited());
        }

        /**
         * Turns flags on.
         *
         * @param flags which
         * @return this builder
         * @throws IllegalArgumentException if the plan has a feature of this name
         */
        public Builder allow(Feature.Flag... flags) {
            for (Feature.Flag flag : flags) {
                mention(Objects.requireNonNull(flag, "flag"));
                this.flags.add(flag);
            }
            return this;
        }

        /**
         * Says how long the plan may be tried.
         *
         * @param length how long, more than zero and at most 100 years
         * @return this builder
         * @throws IllegalArgumentException if the length is out of that range, or was set before
         */
        public Builder trial(Duration length) {
            Amounts.checkLength("trial", length);
            if (trial != null) {
                throw new IllegalArgumentException("trial of plan \"" + id + "\" was set before, to " + trial);
            }
            trial = length;
            return this;
        }

        /**
         * Says which plans may be offered as an upgrade from this one, whatever their rank. Without it every plan of a higher rank may.
         *
         * @param plans their names; none if no upgrade may be offered
         * @return this builder
         * @throws IllegalArgumentException if a name is not well-formed, is there twice or is that of this plan, or they were set before
         */
        public Builder upgradesTo(String... plans) {
            if (upgradesTo != null) {
                throw new IllegalArgumentException(
                        "upgradesTo of plan \"" + id + "\" was set before, to " + upgradesTo);
            }
            var names = new LinkedHashSet<String>();
            for (String plan : plans) {
                Text.checkName("plan name", plan);
                if (plan.equals(id.plan())) {
                    throw new IllegalArgumentException("upgradesTo of plan \"" + id + "\" must name other plans, was \""
                            + plan + "\"; no plan is an upgrade from itself");
                }
                if (!names.add(plan)) {
                    throw new IllegalArgumentException("upgradesTo of plan \"" + id + "\" must name each plan once, \""
                            + plan + "\" is there twice");
                }
            }
            upgradesTo = List.copyOf(names);
            return this;
        }

        private void mention(Feature feature) {
            Feature before = mentioned.putIfAbsent(feature.name(), feature);
            if (before != null) {
                throw new IllegalArgumentException("plan \"" + id + "\" must mention each feature once, \""
                        + feature.name() + "\" was mentioned before"
                        + (before.equals(feature) ? "" : ", as " + before + " and not as " + feature));
            }
        }

        Plan build() {
            return new Plan(this);
        }
    }
}
