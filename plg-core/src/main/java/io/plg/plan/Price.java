package io.plg.plan;

import java.math.BigDecimal;
import java.util.Currency;
import java.util.Objects;

/**
 * What a plan or an add-on costs a month, in minor units.
 *
 * @param minorUnits cents and the like, not negative
 * @param currency in what
 */
public record Price(long minorUnits, Currency currency) {

    /**
     * Checks both.
     *
     * @throws IllegalArgumentException if the amount is negative
     */
    public Price {
        Objects.requireNonNull(currency, "currency");
        if (minorUnits < 0) {
            throw new IllegalArgumentException("price must not be negative, was " + minorUnits);
        }
    }

    /**
     * Returns the price in units of the currency.
     *
     * @return for example 19.00
     */
    public BigDecimal amount() {
        return BigDecimal.valueOf(minorUnits, Math.max(0, currency.getDefaultFractionDigits()));
    }

    /**
     * Returns currency and amount.
     *
     * @return for example {@code USD 19.00}
     */
    @Override
    public String toString() {
        return currency.getCurrencyCode() + " " + amount().toPlainString();
    }
}
