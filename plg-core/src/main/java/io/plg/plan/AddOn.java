package io.plg.plan;

import java.math.BigDecimal;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Something that is sold on top of a plan: it turns flags on and adds to limits. Immutable; described in {@link PlanCatalog.Builder#addOn}.
 */
public final class AddOn {
    private final String name;
    private final Optional<Price> price;
    private final Set<Feature.Flag> flags;
    private final Map<Feature.Metered, BigDecimal> limits;

    private AddOn(Builder from) {
        this.name = from.name;
        this.price = Optional.ofNullable(from.price);
        this.flags = Collections.unmodifiableSet(new LinkedHashSet<>(from.flags));
        this.limits = Collections.unmodifiableMap(new LinkedHashMap<>(from.limits));
    }

    /**
     * Returns the name.
     *
     * @return the name
     */
    public String name() {
        return name;
    }

    /**
     * Returns what it costs a month.
     *
     * @return the price, or empty if there is none
     */
    public Optional<Price> price() {
        return price;
    }

    /**
     * Returns the flags that it turns on.
     *
     * @return the flags as they were mentioned; cannot be modified
     */
    public Set<Feature.Flag> flags() {
        return flags;
    }

    /**
     * Returns what it adds to limits.
     *
     * @return a positive amount for each feature, as they were mentioned; cannot be modified
     */
    public Map<Feature.Metered, BigDecimal> limits() {
        return limits;
    }

    /** Two add-ons are equal if everything that they say is. */
    @Override
    public boolean equals(@Nullable Object other) {
        return this == other
                || other instanceof AddOn that
                        && name.equals(that.name)
                        && price.equals(that.price)
                        && flags.equals(that.flags)
                        && limits.equals(that.limits);
    }

    @Override
    public int hashCode() {
        return Objects.hash(name, price, flags, limits);
    }

    /**
     * Returns the name.
     *
     * @return the name
     */
    @Override
    public String toString() {
        return name;
    }

    /** Describes an add-on. Each setting may be made once. */
    public static final class Builder {
        private final String name;
        private final Map<String, Feature> mentioned = new LinkedHashMap<>();
        private final Set<Feature.Flag> flags = new LinkedHashSet<>();
        private final Map<Feature.Metered, BigDecimal> limits = new LinkedHashMap<>();
        private @Nullable Price price;

        Builder(String name) {
            this.name = name;
        }

        /**
         * Sets what the add-on costs a month.
         *
         * @param units whole units of the currency, 0 or more: 5 is 5.00 dollars
         * @param currency its code, such as {@code USD}
         * @return this builder
         * @throws IllegalArgumentException if the amount is negative or above 10^18 in minor units, the code is not of ISO 4217, or there is a price
         */
        public Builder price(long units, String currency) {
            return price(BigDecimal.valueOf(units), currency);
        }

        /**
         * Sets what the add-on costs a month.
         *
         * @param amount units of the currency, such as 4.90
         * @param currency its code, such as {@code USD}
         * @return this builder
         * @throws IllegalArgumentException if the amount is negative, above 10^18 in minor units or has more decimals than the currency, the code is
         *     not of ISO 4217, or there is a price
         */
        public Builder price(BigDecimal amount, String currency) {
            return price(Amounts.price(amount, Amounts.currency(currency)));
        }

        /**
         * Sets what the add-on costs a month.
         *
         * @param price the price
         * @return this builder
         * @throws IllegalArgumentException if there is a price
         */
        public Builder price(Price price) {
            Objects.requireNonNull(price, "price");
            if (this.price != null) {
                throw new IllegalArgumentException("price of add-on \"" + name + "\" was set before, to " + this.price
                        + "; " + price + " cannot be another");
            }
            this.price = price;
            return this;
        }

        /**
         * Adds to the limit of a feature.
         *
         * @param feature which
         * @param amount how much more, in whole units
         * @return this builder
         * @throws IllegalArgumentException if the amount is not positive or above 10^18 in the feature's smallest step, or the add-on has a feature of
         *     this name
         */
        public Builder limit(Feature.Metered feature, long amount) {
            return limit(feature, BigDecimal.valueOf(amount));
        }

        /**
         * Adds to the limit of a feature.
         *
         * @param feature which
         * @param amount how much more
         * @return this builder
         * @throws IllegalArgumentException if the amount is not positive, above 10^18 in the feature's smallest step or has more decimals than the
         *     feature, or the add-on has a feature of this name
         */
        public Builder limit(Feature.Metered feature, BigDecimal amount) {
            Objects.requireNonNull(feature, "feature");
            BigDecimal plain = Amounts.check("limit to add", amount, false);
            Amounts.check("limit to add", plain, feature);
            mention(feature);
            limits.put(feature, plain);
            return this;
        }

        /**
         * Turns flags on.
         *
         * @param flags which
         * @return this builder
         * @throws IllegalArgumentException if the add-on has a feature of this name
         */
        public Builder allow(Feature.Flag... flags) {
            for (Feature.Flag flag : flags) {
                mention(Objects.requireNonNull(flag, "flag"));
                this.flags.add(flag);
            }
            return this;
        }

        private void mention(Feature feature) {
            Feature before = mentioned.putIfAbsent(feature.name(), feature);
            if (before != null) {
                throw new IllegalArgumentException("add-on \"" + name + "\" must mention each feature once, \""
                        + feature.name() + "\" was mentioned before"
                        + (before.equals(feature) ? "" : ", as " + before + " and not as " + feature));
            }
        }

        AddOn build() {
            if (mentioned.isEmpty()) {
                throw new IllegalArgumentException("add-on \"" + name + "\" must add something: a limit or a flag");
            }
            return new AddOn(this);
        }
    }
}
