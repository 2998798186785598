package io.plg.reward;

import io.plg.internal.Text;
import io.plg.plan.Feature;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What somebody gets as a reward: days of a trial, more of a feature, a feature for some time, a discount, money on the account, or something
 * that only the host knows.
 *
 * <pre>{@code
 * Benefit.trialDays(30)
 * Benefit.credit(EXPORTS, 100).validFor(Duration.ofDays(90))
 * Benefit.accountCredit(20, "USD")
 * Benefit.custom("t-shirt", Map.of("size", "M"))
 * }</pre>
 *
 * <p>Every benefit is a positive {@link #amount()} of a {@link #unit()}; a ledger sums amounts of the same unit. Benefits are equal if everything
 * about them is.
 */
public sealed interface Benefit {

    /**
     * Returns what a ledger sums: {@code USD} for money, {@code trial_days} or {@code trial_days:} and the plan, {@code credit:} and the feature,
     * {@code unlock_seconds:} and the feature, {@code discount_percent_months}, {@code custom:} and the type.
     *
     * @return the unit, 1 to 160 characters; how long a credit is valid and the details of a custom benefit are no part of it
     */
    String unit();

    /**
     * Returns how much of the unit it is: minor units of money, days, the amount of the feature, seconds, percent times months, or 1.
     *
     * @return the amount, positive, with at most 6 decimals
     */
    BigDecimal amount();

    /**
     * Returns the money.
     *
     * @return the money of an {@link AccountCredit}, empty for every other benefit
     */
    default Optional<Money> money() {
        return Optional.empty();
    }

    /**
     * Returns days of a trial of whichever plan is on trial.
     *
     * @param days how many, 1 to 36500
     * @return the benefit
     * @throws IllegalArgumentException if it is out of that range
     */
    static TrialDays trialDays(int days) {
        return new TrialDays(Optional.empty(), days);
    }

    /**
     * Returns days of a trial of a plan.
     *
     * @param plan the plan's name
     * @param days how many, 1 to 36500
     * @return the benefit
     * @throws IllegalArgumentException if the name is not well-formed or the days are out of that range
     */
    static TrialDays trialDays(String plan, int days) {
        return new TrialDays(Optional.of(plan), days);
    }

    /**
     * Returns more of a feature, for as long as it lasts; see {@link Credit#validFor(Duration)}.
     *
     * @param feature which
     * @param amount how much, positive
     * @return the benefit
     * @throws IllegalArgumentException if the amount is not positive, or above 10^18 in the smallest step of the feature
     */
    static Credit credit(Feature.Metered feature, long amount) {
        return credit(feature, BigDecimal.valueOf(amount));
    }

    /**
     * Returns more of a feature, for as long as it lasts; see {@link Credit#validFor(Duration)}.
     *
     * @param feature which
     * @param amount how much, positive
     * @return the benefit
     * @throws IllegalArgumentException if the amount is not positive, above 10^18 in the smallest step of the feature, or has more decimals than the
     *     feature declares
     */
    static Credit credit(Feature.Metered feature, BigDecimal amount) {
        var credit = new Credit(feature.name(), amount, Optional.empty());
        int decimals = feature.decimals();
        if (credit.amount.scale() > decimals) {
            throw new IllegalArgumentException("amount of \"" + feature.name() + "\" must "
                    + (decimals == 0
                            ? "be whole (the feature declares no decimals)"
                            : "have at most " + decimals + " decimals")
                    + ", was " + credit.amount.toPlainString());
        }
        Checks.amount(
                "amount of \"" + feature.name() + "\" in its smallest steps", credit.amount.movePointRight(decimals));
        return credit;
    }

    /**
     * Returns a feature for some time.
     *
     * @param feature which
     * @param length how long, whole seconds, more than zero and at most 100 years
     * @return the benefit
     * @throws IllegalArgumentException if the length is out of that range or has a fraction of a second
     */
    static Unlock unlock(Feature.Flag feature, Duration length) {
        return new Unlock(feature.name(), length);
    }

    /**
     * Returns a discount on what is paid.
     *
     * @param percent how much, 1 to 100
     * @param months for how many months, 1 to 1200
     * @return the benefit
     * @throws IllegalArgumentException if one is out of its range
     */
    static Discount discount(int percent, int months) {
        return new Discount(percent, months);
    }

    /**
     * Returns money on the account.
     *
     * @param units how much in units of the currency, positive: 20 of USD are dollars
     * @param currencyCode the code of ISO 4217
     * @return the benefit
     * @throws IllegalArgumentException if the amount is not positive or above 10^18 minor units, or there is no such currency
     */
    static AccountCredit accountCredit(long units, String currencyCode) {
        return new AccountCredit(Money.of(units, currencyCode));
    }

    /**
     * Returns money on the account.
     *
     * @param money how much, positive
     * @return the benefit
     * @throws IllegalArgumentException if it is not positive
     */
    static AccountCredit accountCredit(Money money) {
        return new AccountCredit(money);
    }

    /**
     * Returns something that the host knows how to give.
     *
     * @param type what, 1 to 128 characters
     * @param details what else there is to know of it
     * @return the benefit
     * @throws IllegalArgumentException if the type or a name in the details is not well-formed, or a detail cannot be stored
     */
    static Custom custom(String type, Map<String, String> details) {
        return new Custom(type, details);
    }

    /**
     * Writes the benefit as JSON, which a store keeps with a reward: it stays what it was when the rule that promised it changes.
     *
     * @return one line, from which {@link #parse(String)} reads an equal benefit
     */
    default String toText() {
        return RewardText.write(this);
    }

    /**
     * Reads what {@link #toText()} writes, one of these:
     *
     * <pre>{@code
     * {"kind": "trial_days", "plan": "pro", "days": 30}
     * {"kind": "credit", "feature": "exports", "amount": 100, "validFor": "P90D"}
     * {"kind": "unlock", "feature": "api_access", "length": "P30D"}
     * {"kind": "discount", "percent": 20, "months": 3}
     * {"kind": "account_credit", "money": "USD 20.00"}
     * {"kind": "custom", "type": "t-shirt", "details": {"size": "M"}}
     * }</pre>
     *
     * <p>The plan, {@code validFor} and the details may be left out. Amounts with decimals are text.
     *
     * @param json the text
     * @return the benefit
     * @throws IllegalArgumentException if it is not JSON, something is missing, unknown, there twice or of the wrong type, or a rule of the benefit
     *     does not hold; the message is the first problem with its path, further ones are {@linkplain Throwable#getSuppressed() suppressed}
     */
    static Benefit parse(String json) {
        return RewardText.readBenefit(json);
    }

    /**
     * Days of a trial.
     *
     * @param plan the plan to try; empty for whichever is on trial
     * @param days how many, 1 to 36500
     */
    record TrialDays(Optional<String> plan, int days) implements Benefit {
        private static final int MAX_DAYS = 36_500;

        /**
         * Checks both.
         *
         * @throws IllegalArgumentException if the plan's name is not well-formed or the days are out of that range
         */
        public TrialDays {
            plan.ifPresent(name -> Text.checkName("plan", name));
            Checks.range("days", days, 1, MAX_DAYS);
        }

        @Override
        public String unit() {
            return plan.map(name -> "trial_days:" + name).orElse("trial_days");
        }

        @Override
        public BigDecimal amount() {
            return BigDecimal.valueOf(days);
        }
    }

    /**
     * More of a feature that is counted.
     *
     * @param feature the feature's name
     * @param amount how much, positive, at most 10^18, with at most 6 decimals
     * @param validFor how long from the issue on; empty for as long as it lasts
     */
    record Credit(String feature, BigDecimal amount, Optional<Duration> validFor) implements Benefit {

        /**
         * Checks everything; equal amounts become equal whatever zeros they end in.
         *
         * @throws IllegalArgumentException if something is not as its description says
         */
        public Credit {
            Text.checkName("feature", feature);
            amount = Checks.amount("amount", amount);
            validFor.ifPresent(length -> Checks.positive("validFor", length));
        }

        /**
         * Makes the credit expire.
         *
         * @param length how long after the issue, more than zero and at most 100 years
         * @return the credit with this setting
         * @throws IllegalArgumentException if the length is out of that range
         */
        public Credit validFor(Duration length) {
            return new Credit(feature, amount, Optional.of(length));
        }

        @Override
        public String unit() {
            return "credit:" + feature;
        }
    }

    /**
     * A feature for some time.
     *
     * @param feature the feature's name
     * @param length how long, whole seconds, more than zero and at most 100 years
     */
    record Unlock(String feature, Duration length) implements Benefit {

        /**
         * Checks both.
         *
         * @throws IllegalArgumentException if something is not as its description says
         */
        public Unlock {
            Text.checkName("feature", feature);
            Checks.positive("length", length);
            if (length.getNano() != 0) {
                throw new IllegalArgumentException("length must be whole seconds, was " + length);
            }
        }

        @Override
        public String unit() {
            return "unlock_seconds:" + feature;
        }

        @Override
        public BigDecimal amount() {
            return BigDecimal.valueOf(length.getSeconds());
        }
    }

    /**
     * A discount on what is paid.
     *
     * @param percent how much, 1 to 100
     * @param months for how many months, 1 to 1200
     */
    record Discount(int percent, int months) implements Benefit {
        private static final int MAX_PERCENT = 100;
        private static final int MAX_MONTHS = 1200;

        /**
         * Checks both.
         *
         * @throws IllegalArgumentException if one is out of its range
         */
        public Discount {
            Checks.range("percent", percent, 1, MAX_PERCENT);
            Checks.range("months", months, 1, MAX_MONTHS);
        }

        @Override
        public String unit() {
            return "discount_percent_months";
        }

        @Override
        public BigDecimal amount() {
            return BigDecimal.valueOf((long) percent * months);
        }
    }

    /**
     * Money on the account, to be set off against what is to be paid.
     *
     * @param credit how much, positive
     */
    record AccountCredit(Money credit) implements Benefit {

        /**
         * Checks the money.
         *
         * @throws IllegalArgumentException if it is not positive
         */
        public AccountCredit {
            Checks.positive("money", credit);
        }

        @Override
        public Optional<Money> money() {
            return Optional.of(credit);
        }

        @Override
        public String unit() {
            return credit.currency().getCurrencyCode();
        }

        @Override
        public BigDecimal amount() {
            return BigDecimal.valueOf(credit.minorUnits());
        }
    }

    /**
     * Something that the host knows how to give. It is counted by the piece.
     *
     * @param type what, 1 to 128 characters
     * @param details what else there is to know of it; sorted by name, cannot be modified
     */
    record Custom(String type, Map<String, String> details) implements Benefit {

        /**
         * Checks both and copies the details.
         *
         * @throws IllegalArgumentException if the type or a name in the details is not well-formed, or a detail cannot be stored
         */
        public Custom {
            Text.checkName("type", type);
            var sorted = new TreeMap<String, String>();
            details.forEach((name, detail) -> {
                Text.checkName("name of a detail", name);
                Text.checkStorable("detail \"" + name + "\"", Objects.requireNonNull(detail, name));
                sorted.put(name, detail);
            });
            details = Collections.unmodifiableMap(sorted);
        }

        @Override
        public String unit() {
            return "custom:" + type;
        }

        @Override
        public BigDecimal amount() {
            return BigDecimal.ONE;
        }
    }
}
