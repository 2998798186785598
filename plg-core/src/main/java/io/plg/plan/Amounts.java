package io.plg.plan;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.Currency;
import java.util.Objects;

/** The rules for amounts, of features and of money. */
final class Amounts {
    private static final int MAX_DIGITS = 18;
    private static final BigDecimal MAX = BigDecimal.TEN.pow(MAX_DIGITS);
    private static final Duration LONGEST = Duration.ofDays(36_500);

    private Amounts() {}

    /** Checks an amount of whatever feature, and brings it into the one form in which equal amounts are equal. */
    static BigDecimal check(String field, BigDecimal amount, boolean zeroAllowed) {
        Objects.requireNonNull(amount, field);
        if (amount.signum() < 0 || (amount.signum() == 0 && !zeroAllowed)) {
            throw new IllegalArgumentException(
                    field + " must " + (zeroAllowed ? "not be negative" : "be positive") + ", was " + amount);
        }
        if (amount.compareTo(MAX) > 0) {
            throw new IllegalArgumentException(field + " must be at most 10^" + MAX_DIGITS + ", was " + amount);
        }
        BigDecimal plain = amount.stripTrailingZeros();
        if (plain.scale() > Feature.Metered.MAX_DECIMALS) {
            throw new IllegalArgumentException(
                    field + " must have at most " + Feature.Metered.MAX_DECIMALS + " decimals, was " + amount);
        }
        return plain.scale() < 0 ? plain.setScale(0, RoundingMode.UNNECESSARY) : plain;
    }

    /** Checks that an amount, which has passed the other check, is one of this feature: it is kept as a long, in its smallest steps. */
    static void check(String field, BigDecimal amount, Feature.Metered feature) {
        if (amount.scale() > feature.decimals()) {
            throw new IllegalArgumentException(field + " of \"" + feature.name() + "\" must "
                    + (feature.decimals() == 0
                            ? "be whole (the feature declares no decimals)"
                            : "have at most " + feature.decimals() + " decimals")
                    + ", was " + amount.toPlainString());
        }
        if (amount.movePointRight(feature.decimals()).compareTo(MAX) > 0) {
            throw new IllegalArgumentException(field + " of \"" + feature.name() + "\" must be at most 10^"
                    + (MAX_DIGITS - feature.decimals()) + ", was " + amount.toPlainString());
        }
    }

    static Currency currency(String code) {
        try {
            return Currency.getInstance(Objects.requireNonNull(code, "currency"));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "currency must be a code of ISO 4217 such as \"USD\", was \"" + code + "\"", e);
        }
    }

    static Price price(BigDecimal amount, Currency currency) {
        int decimals = Math.max(0, currency.getDefaultFractionDigits());
        BigDecimal plain = check("price", amount, true);
        if (plain.scale() > decimals) {
            throw new IllegalArgumentException("price in " + currency + " must "
                    + (decimals == 0 ? "be whole" : "have at most " + decimals + " decimals") + ", was " + amount);
        }
        BigDecimal minor = plain.movePointRight(decimals);
        if (minor.compareTo(MAX) > 0) {
            throw new IllegalArgumentException(
                    "price in " + currency + " must be at most 10^" + (MAX_DIGITS - decimals) + ", was " + amount);
        }
        return new Price(minor.longValueExact(), currency);
    }

    static Duration checkLength(String field, Duration length) {
        if (Objects.requireNonNull(length, field).isNegative() || length.isZero()) {
            throw new IllegalArgumentException(field + " must be positive, was " + length);
        }
        if (length.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(field + " must be at most 100 years (" + LONGEST + "), was " + length);
        }
        return length;
    }
}
