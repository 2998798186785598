package io.plg.reward;

import io.plg.internal.Text;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is given when a referral reaches a stage, to whom, and under which conditions. Immutable.
 *
 * <pre>{@code
 * RewardRule.on(Stage.FIRST_PAYMENT)
 *         .referrer(Benefit.accountCredit(20, "USD"))
 *         .referred(Benefit.discount(20, 3))
 *         .tier(5, Benefit.accountCredit(30, "USD"))              // from the fifth on
 *         .milestone(10, Benefit.custom("t-shirt", Map.of()))     // once, on top
 *         .cap(RewardCap.perReferrer(25, Every.YEAR))
 *         .hold(Duration.ofDays(14))
 *         .build()
 * }</pre>
 *
 * <p>Each party gets its reward on its own. Unless it is said otherwise, a reward is issued at once and by itself, within no cap, and taken back
 * if there is a refund within 90 days after it was issued, but never further than to a balance of zero.
 */
public final class RewardRule {
    private final Stage stage;
    private final String name;
    private final Optional<Benefit> referrer;
    private final Optional<Benefit> referred;
    private final List<Tier> tiers;
    private final List<Milestone> milestones;
    private final List<RewardCap> caps;
    private final Duration hold;
    private final boolean needsApproval;
    private final boolean claimed;
    private final Optional<Duration> claimWithin;
    private final Duration clawBackWithin;
    private final boolean mayGoNegative;

    /**
     * Another benefit for the referrer, from a certain referral on.
     *
     * @param fromNth from which qualified referral on, 2 or more
     * @param benefit what the referrer gets instead
     */
    public record Tier(long fromNth, Benefit benefit) {

        /**
         * Checks both.
         *
         * @throws IllegalArgumentException if the number is less than 2
         */
        public Tier {
            Objects.requireNonNull(benefit, "benefit");
            if (fromNth < 2) {
                throw new IllegalArgumentException("fromNth must be 2 or more, was " + fromNth
                        + "; from the first on it is the referrer's benefit");
            }
        }
    }

    /**
     * Something on top for the referrer, at a certain referral.
     *
     * @param nth at which qualified referral, 1 or more
     * @param benefit what the referrer gets once
     */
    public record Milestone(long nth, Benefit benefit) {

        /**
         * Checks both.
         *
         * @throws IllegalArgumentException if the number is less than 1
         */
        public Milestone {
            Objects.requireNonNull(benefit, "benefit");
            Checks.positive("nth", nth);
        }
    }

    private RewardRule(Builder builder) {
        this.stage = builder.stage;
        this.name = builder.name;
        this.referrer = Optional.ofNullable(builder.referrer);
        this.referred = Optional.ofNullable(builder.referred);
        this.tiers = List.copyOf(builder.tiers.values());
        this.milestones = List.copyOf(builder.milestones.values());
        this.caps = List.copyOf(builder.caps);
        this.hold = builder.hold;
        this.needsApproval = builder.needsApproval;
        this.claimed = builder.claimed;
        this.claimWithin = Optional.ofNullable(builder.claimWithin);
        this.clawBackWithin = builder.clawBackWithin;
        this.mayGoNegative = builder.mayGoNegative;
    }

    /**
     * Starts describing a rule.
     *
     * @param stage at which it rewards; also its name unless {@link Builder#named} gives another one
     * @return a builder
     */
    public static Builder on(Stage stage) {
        return new Builder(stage);
    }

    /**
     * Reads what {@link #toText()} writes, for example:
     *
     * <pre>{@code
     * {"on": "first_payment", "name": "paid",
     *  "referrer": {"kind": "account_credit", "money": "USD 20.00"},
     *  "referred": {"kind": "discount", "percent": 20, "months": 3},
     *  "tiers": [{"fromNth": 5, "benefit": {"kind": "account_credit", "money": "USD 30.00"}}],
     *  "milestones": [{"nth": 10, "benefit": {"kind": "custom", "type": "t-shirt"}}],
     *  "caps": [{"scope": "referrer", "count": 25, "per": "year"}, {"scope": "program", "money": "USD 5000.00"}],
     *  "hold": "P14D", "needsApproval": true, "claimed": true, "claimWithin": "P30D",
     *  "clawBackWithin": "P60D", "mayGoNegative": true}
     * }</pre>
     *
     * <p>The stage and something to give are needed, everything else has the default that it has in the builder. {@code claimWithin} is only for
     * rules that are claimed.
     *
     * @param json the text
     * @return the rule
     * @throws IllegalArgumentException if it is not JSON, something is missing, unknown, there twice or of the wrong type, or a rule of the builder
     *     does not hold; the message is the first problem with its path, such as {@code caps[0].count must be positive, was 0}, further ones are
     *     {@linkplain Throwable#getSuppressed() suppressed}
     */
    public static RewardRule parse(String json) {
        return RewardText.readRule(json);
    }

    /**
     * Writes the rule as JSON.
     *
     * @return one line, from which {@link #parse(String)} reads an equal rule
     */
    public String toText() {
        return RewardText.write(this);
    }

    /**
     * Returns at which stage it rewards.
     *
     * @return the stage
     */
    public Stage stage() {
        return stage;
    }

    /**
     * Returns the name, under which its rewards are stored.
     *
     * @return the name, unique in a program
     */
    public String name() {
        return name;
    }

    /**
     * Returns what the referrer gets, up to the first tier.
     *
     * @return the benefit, or empty if the referrer gets nothing there
     */
    public Optional<Benefit> referrer() {
        return referrer;
    }

    /**
     * Returns what the referrer gets for a certain referral: the benefit of the highest tier that it reaches, without milestones.
     *
     * @param nth which qualified referral of the referrer, 1 or more
     * @return the benefit, or empty if the referrer gets nothing for it
     * @throws IllegalArgumentException if the number is less than 1
     */
    public Optional<Benefit> referrer(long nth) {
        Checks.positive("nth", nth);
        Optional<Benefit> reached = referrer;
        for (Tier tier : tiers) {
            if (tier.fromNth() <= nth) {
                reached = Optional.of(tier.benefit());
            }
        }
        return reached;
    }

    /**
     * Returns what the referred user gets.
     *
     * @return the benefit, or empty if the referred user gets nothing
     */
    public Optional<Benefit> referred() {
        return referred;
    }

    /**
     * Returns the tiers.
     *
     * @return the tiers, ascending; cannot be modified
     */
    public List<Tier> tiers() {
        return tiers;
    }

    /**
     * Returns the milestones.
     *
     * @return the milestones, ascending; cannot be modified
     */
    public List<Milestone> milestones() {
        return milestones;
    }

    /**
     * Returns what the referrer gets on top at a certain referral.
     *
     * @param nth which qualified referral of the referrer, 1 or more
     * @return the benefit, or empty if there is no milestone
     * @throws IllegalArgumentException if the number is less than 1
     */
    public Optional<Benefit> milestone(long nth) {
        Checks.positive("nth", nth);
        return milestones.stream()
                .filter(each -> each.nth() == nth)
                .map(Milestone::benefit)
                .findFirst();
    }

    /**
     * Returns the caps.
     *
     * @return the caps in the order in which they were added, all of different names; cannot be modified
     */
    public List<RewardCap> caps() {
        return caps;
    }

    /**
     * Returns how long a reward is pending before it is approved.
     *
     * @return zero if it is approved at once
     */
    public Duration hold() {
        return hold;
    }

    /**
     * Tells whether somebody must approve each reward.
     *
     * @return {@code false} unless it was said so
     */
    public boolean needsApproval() {
        return needsApproval;
    }

    /**
     * Tells whether the user redeems an approved reward.
     *
     * @return {@code false} if it is issued by itself, which is the default
     */
    public boolean isClaimed() {
        return claimed;
    }

    /**
     * Returns how long after its approval a reward can be redeemed.
     *
     * @return how long; empty for ever, and if it is issued by itself
     */
    public Optional<Duration> claimWithin() {
        return claimWithin;
    }

    /**
     * Returns how long after the issue a refund claws the reward back.
     *
     * @return how long; zero if never
     */
    public Duration clawBackWithin() {
        return clawBackWithin;
    }

    /**
     * Tells whether a claw-back may leave a balance below zero.
     *
     * @return {@code false} unless it was said so
     */
    public boolean mayGoNegative() {
        return mayGoNegative;
    }

    private List<Object> parts() {
        return List.of(
                stage,
                name,
                referrer,
                referred,
                tiers,
                milestones,
                caps,
                hold,
                needsApproval,
                claimed,
                claimWithin,
                clawBackWithin,
                mayGoNegative);
    }

    /** Two rules are equal if everything about them is, the order of the caps included. */
    @Override
    public boolean equals(@Nullable Object other) {
        return this == other || other instanceof RewardRule that && parts().equals(that.parts());
    }

    @Override
    public int hashCode() {
        return parts().hashCode();
    }

    /** Returns the rule as JSON. */
    @Override
    public String toString() {
        return toText();
    }

    /** Describes a rule. */
    public static final class Builder {
        private static final Duration DEFAULT_CLAW_BACK = Duration.ofDays(90);

        private final Stage stage;
        private final TreeMap<Long, Tier> tiers = new TreeMap<>();
        private final TreeMap<Long, Milestone> milestones = new TreeMap<>();
        private final List<RewardCap> caps = new ArrayList<>();
        private String name;
        private @Nullable Benefit referrer;
        private @Nullable Benefit referred;
        private Duration hold = Duration.ZERO;
        private boolean needsApproval;
        private boolean claimed;
        private @Nullable Duration claimWithin;
        private Duration clawBackWithin = DEFAULT_CLAW_BACK;
        private boolean mayGoNegative;

        private Builder(Stage stage) {
            this.stage = Objects.requireNonNull(stage, "stage");
            this.name = stage.name();
        }

        /**
         * Sets the name, under which the rewards are stored. Default: the name of the stage.
         *
         * @param name 1 to 128 characters, unique in a program
         * @return this builder
         * @throws IllegalArgumentException if the name is blank, longer than 128 characters, or cannot be stored
         */
        public Builder named(String name) {
            Text.checkName("name", name);
            this.name = name;
            return this;
        }

        /**
         * Sets what the referrer gets for each qualified referral. Default: nothing.
         *
         * @param benefit what
         * @return this builder
         */
        public Builder referrer(Benefit benefit) {
            referrer = Objects.requireNonNull(benefit, "benefit");
            return this;
        }

        /**
         * Sets what the referred user gets. Default: nothing.
         *
         * @param benefit what
         * @return this builder
         */
        public Builder referred(Benefit benefit) {
            referred = Objects.requireNonNull(benefit, "benefit");
            return this;
        }

        /**
         * Gives the referrer something else from a certain qualified referral on, up to the next tier.
         *
         * @param fromNth from which on, 2 or more
         * @param benefit what the referrer gets instead
         * @return this builder
         * @throws IllegalArgumentException if the number is less than 2, or there is a tier from it on
         */
        public Builder tier(long fromNth, Benefit benefit) {
            if (tiers.putIfAbsent(fromNth, new Tier(fromNth, benefit)) != null) {
                throw new IllegalArgumentException(
                        "fromNth must be another one for each tier, " + fromNth + " is there twice");
            }
            return this;
        }

        /**
         * Gives the referrer something on top, once, at a certain qualified referral.
         *
         * @param nth at which one, 1 or more
         * @param benefit what
         * @return this builder
         * @throws IllegalArgumentException if the number is less than 1, or there is a milestone at it
         */
        public Builder milestone(long nth, Benefit benefit) {
            if (milestones.putIfAbsent(nth, new Milestone(nth, benefit)) != null) {
                throw new IllegalArgumentException(
                        "nth must be another one for each milestone, " + nth + " is there twice");
            }
            return this;
        }

        /**
         * Adds a cap. Every cap of a rule must leave room for a reward.
         *
         * @param cap how much is given at most
         * @return this builder
         * @throws IllegalArgumentException if there is a cap of this name, that is, one on the same in the same periods
         */
        public Builder cap(RewardCap cap) {
            if (caps.stream().anyMatch(each -> each.name().equals(cap.name()))) {
                throw new IllegalArgumentException(
                        "caps must count different things, \"" + cap.name() + "\" is there twice");
            }
            caps.add(cap);
            return this;
        }

        /**
         * Sets how long a reward is pending before it is approved. Default: zero, it is approved at once.
         *
         * @param length how long, zero to 100 years
         * @return this builder
         * @throws IllegalArgumentException if the length is out of that range
         */
        public Builder hold(Duration length) {
            hold = Checks.notNegative("hold", length);
            return this;
        }

        /**
         * Makes each reward wait until somebody approves it. Default: it is approved by itself when the hold ends.
         *
         * @return this builder
         */
        public Builder needsApproval() {
            needsApproval = true;
            return this;
        }

        /**
         * Makes each approved reward wait until its user redeems it, for ever. Default: it is issued by itself.
         *
         * @return this builder
         */
        public Builder claimed() {
            claimed = true;
            claimWithin = null;
            return this;
        }

        /**
         * Makes each approved reward wait until its user redeems it, for some time. Default: it is issued by itself.
         *
         * @param within how long after the approval it can be redeemed, more than zero and at most 100 years
         * @return this builder
         * @throws IllegalArgumentException if the length is out of that range
         */
        public Builder claimed(Duration within) {
            claimWithin = Checks.positive("claimWithin", within);
            claimed = true;
            return this;
        }

        /**
         * Sets how long after the issue a refund claws the reward back; a later one does nothing. Default: 90 days. A refund before the issue always
         * cancels the reward.
         *
         * @param length how long, zero to 100 years; zero for never
         * @return this builder
         * @throws IllegalArgumentException if the length is out of that range
         */
        public Builder clawBackWithin(Duration length) {
            clawBackWithin = Checks.notNegative("clawBackWithin", length);
            return this;
        }

        /**
         * Lets a claw-back take back all of a reward, also if the balance is below zero then. Default: it takes what is there.
         *
         * @return this builder
         */
        public Builder mayGoNegative() {
            mayGoNegative = true;
            return this;
        }

        /**
         * Builds the rule.
         *
         * @return the rule
         * @throws IllegalStateException if it gives nothing to anybody, or a cap limits money in a currency that it does not give
         */
        public RewardRule build() {
            if (referrer == null && referred == null && tiers.isEmpty() && milestones.isEmpty()) {
                throw new IllegalStateException("reward rule \"" + name
                        + "\" must give something; say what with referrer(…), referred(…), tier(…) or milestone(…)");
            }
            var rule = new RewardRule(this);
            for (RewardCap cap : caps) {
                cap.money().ifPresent(money -> {
                    if (rule.benefits().stream()
                            .flatMap(each -> each.money().stream())
                            .noneMatch(given -> given.currency().equals(money.currency()))) {
                        throw new IllegalStateException("cap \"" + cap.name() + "\" of reward rule \"" + name
                                + "\" limits money that the rule does not give; give an account credit in "
                                + money.currency() + ", or cap the count");
                    }
                });
            }
            return rule;
        }
    }

    private List<Benefit> benefits() {
        var all = new ArrayList<Benefit>();
        referrer.ifPresent(all::add);
        referred.ifPresent(all::add);
        tiers.forEach(tier -> all.add(tier.benefit()));
        milestones.forEach(milestone -> all.add(milestone.benefit()));
        return all;
    }
}
