package io.plg.reward;

import java.math.BigDecimal;
import java.util.Currency;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An amount of money, exact, in minor units of its currency. It may be negative, as entries of a ledger are.
 *
 * <p>How many minor units a unit has is what ISO 4217 says: 100 for USD, 1 for JPY, 1000 for KWD. A currency without minor units is counted in
 * whole units.
 *
 * @param minorUnits cents and the like, -10^18 to 10^18
 * @param currency in what
 */
public record Money(long minorUnits, Currency currency) {
    private static final int MAX_DIGITS = 18;
    private static final long MAX = BigDecimal.TEN.pow(MAX_DIGITS).longValueExact();
    private static final int SHOWN_CHARACTERS = 60;
    private static final Pattern TEXT = Pattern.compile("([A-Z]{3}) (-?[0-9]{1,19}(?:\\.[0-9]{1,9})?)");

    /**
     * Checks both.
     *
     * @throws IllegalArgumentException if the amount is out of that range
     */
    public Money {
        Objects.requireNonNull(currency, "currency");
        if (minorUnits < -MAX || minorUnits > MAX) {
            throw new IllegalArgumentException("money must be at most 10^" + MAX_DIGITS + " minor units, was "
                    + minorUnits + " of " + currency.getCurrencyCode());
        }
    }

    /**
     * Returns an amount of minor units.
     *
     * @param currencyCode the code of ISO 4217, such as {@code "USD"}
     * @param minorUnits how many, for USD cents
     * @return the money; {@code of("USD", 1900)} is USD 19.00
     * @throws IllegalArgumentException if there is no such currency or the amount is beyond 10^18 minor units
     */
    public static Money minor(String currencyCode, long minorUnits) {
        return new Money(minorUnits, currency(currencyCode));
    }

    /**
     * Returns an amount of whole units.
     *
     * @param units how many, for USD dollars
     * @param currencyCode the code of ISO 4217, such as {@code "USD"}
     * @return the money; {@code of(19, "USD")} is USD 19.00
     * @throws IllegalArgumentException if there is no such currency or the amount is beyond 10^18 minor units
     */
    public static Money of(long units, String currencyCode) {
        return exact(BigDecimal.valueOf(units), currency(currencyCode));
    }

    /**
     * Reads what {@link #toString()} writes; decimals at the end may be left out, as in {@code USD 19}.
     *
     * @param text the text
     * @return the money
     * @throws IllegalArgumentException if it is anything else, there is no such currency, it has more decimals than the currency, or it is beyond
     *     10^18 minor units
     */
    public static Money parse(String text) {
        Matcher matcher = TEXT.matcher(Objects.requireNonNull(text, "text"));
        if (!matcher.matches()) {
            String shown = text.length() <= SHOWN_CHARACTERS ? text : text.substring(0, SHOWN_CHARACTERS) + "…";
            throw new IllegalArgumentException(
                    "money must be a currency and an amount such as \"USD 19.00\", was \"" + shown + "\"");
        }
        return exact(new BigDecimal(matcher.group(2)), currency(matcher.group(1)));
    }

    private static Money exact(BigDecimal amount, Currency currency) {
        int decimals = decimals(currency);
        if (amount.stripTrailingZeros().scale() > decimals) {
            throw new IllegalArgumentException("money in " + currency + " must "
                    + (decimals == 0 ? "be whole" : "have at most " + decimals + " decimals") + ", was "
                    + amount.toPlainString());
        }
        BigDecimal minor = amount.movePointRight(decimals);
        if (minor.abs().compareTo(BigDecimal.valueOf(MAX)) > 0) {
            throw new IllegalArgumentException("money in " + currency + " must be at most 10^" + (MAX_DIGITS - decimals)
                    + ", was " + amount.toPlainString());
        }
        return new Money(minor.longValueExact(), currency);
    }

    private static Currency currency(String code) {
        try {
            return Currency.getInstance(Objects.requireNonNull(code, "currencyCode"));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "currency must be a code of ISO 4217 such as \"USD\", was \"" + code + "\"", e);
        }
    }

    private static int decimals(Currency currency) {
        return Math.max(0, currency.getDefaultFractionDigits());
    }

    /**
     * Returns the sum.
     *
     * @param other money in the same currency
     * @return this and that
     * @throws IllegalArgumentException if it is in another currency or the sum is beyond 10^18 minor units
     */
    public Money plus(Money other) {
        checkCurrency("add", other);
        return new Money(minorUnits + other.minorUnits, currency); // no overflow: neither is beyond 10^18
    }

    /**
     * Returns the difference.
     *
     * @param other money in the same currency
     * @return this without that; may be negative
     * @throws IllegalArgumentException if it is in another currency or the difference is beyond 10^18 minor units
     */
    public Money minus(Money other) {
        checkCurrency("subtract", other);
        return new Money(minorUnits - other.minorUnits, currency);
    }

    private void checkCurrency(String verb, Money other) {
        if (!currency.equals(other.currency)) {
            throw new IllegalArgumentException("currency must be " + currency + " to " + verb + " it to or from " + this
                    + ", was " + other + "; convert it first");
        }
    }

    /**
     * Tells whether it is negative, nothing or positive.
     *
     * @return -1, 0 or 1
     */
    public int signum() {
        return Long.signum(minorUnits);
    }

    /**
     * Returns the amount in units of the currency.
     *
     * @return for example 19.00, with all decimals of the currency
     */
    public BigDecimal amount() {
        return BigDecimal.valueOf(minorUnits, decimals(currency));
    }

    /**
     * Returns currency and amount.
     *
     * @return for example {@code USD 19.00} or {@code USD -0.50}
     */
    @Override
    public String toString() {
        return currency.getCurrencyCode() + " " + amount().toPlainString();
    }
}
