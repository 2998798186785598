package io.plg.reward;

import java.math.BigDecimal;
import java.util.Currency;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a user has been given, less what was taken back and spent: the sums of the ledger's entries.
 *
 * @param amounts by {@linkplain Benefit#unit() unit}; no unit without entries
 */
public record RewardBalance(Map<String, BigDecimal> amounts) {

    /** Copies the amounts. */
    public RewardBalance {
        amounts = java.util.Collections.unmodifiableMap(new TreeMap<>(amounts));
    }

    /**
     * Returns the sum of a unit.
     *
     * @param unit such as that of a {@link Benefit}
     * @return zero if there are no entries
     */
    public BigDecimal of(String unit) {
        return amounts.getOrDefault(unit, BigDecimal.ZERO);
    }

    /**
     * Returns the account credit in a currency.
     *
     * @param currencyCode by ISO 4217, such as {@code USD}
     * @return zero if there are no entries
     * @throws IllegalArgumentException if there is no such currency
     */
    public Money money(String currencyCode) {
        Currency currency = Currency.getInstance(currencyCode);
        return new Money(of(currencyCode).longValueExact(), currency);
    }
}
