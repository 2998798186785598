package io.plg.gate;

import io.plg.plan.Feature;
import io.plg.plan.PlanVersion;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * The answer of a gate: whether what was asked for is allowed, why, and how things stand.
 *
 * <p>For {@code check} the numbers are those before, for {@code consume} those after what was asked for, if it was allowed. They fit together:
 * {@code limit = used + held - overage + remaining}, wherever overage is of this period and no shorter window or member's share leaves less.
 *
 * <p>The amounts of a feature that declares decimals are read from {@link #decimal()}; {@link #used()} and the others refuse, so that nobody takes
 * one for the other.
 *
 * @param allowed whether the amount asked for is allowed
 * @param reason why
 * @param feature which feature
 * @param amounts the numbers
 * @param severity how close to the limit; {@link Severity#BLOCKED} if and only if what was asked for is denied
 * @param resetsAt when counting begins anew: the end of the period of a quota; empty for what has no period
 * @param graceEndsAt until when the limit may be exceeded, if it is being exceeded
 * @param source where the limit comes from
 * @param planVersion the plan of the workspace; empty if it was not known
 * @param evaluatedAt the business time of the answer
 * @param message what to say about it, such as "You have used 4 of 5 exports this month."; plain text, never HTML
 * @param upgrade what to offer
 * @param receipt by which exactly this consumption can be refunded; empty if nothing was counted
 */
public record GateDecision(
        boolean allowed,
        Reason reason,
        Feature feature,
        Amounts amounts,
        Severity severity,
        Optional<Instant> resetsAt,
        Optional<Instant> graceEndsAt,
        Source source,
        Optional<PlanVersion> planVersion,
        Instant evaluatedAt,
        String message,
        UpgradePrompt upgrade,
        Optional<Receipt> receipt) {

    /** What {@link #limit()} and {@link #remaining()} are without a limit. */
    public static final long UNLIMITED = Long.MAX_VALUE;

    /** Checks that nothing is missing. */
    public GateDecision {
        Objects.requireNonNull(reason, "reason");
        Objects.requireNonNull(feature, "feature");
        Objects.requireNonNull(amounts, "amounts");
        Objects.requireNonNull(severity, "severity");
        Objects.requireNonNull(resetsAt, "resetsAt");
        Objects.requireNonNull(graceEndsAt, "graceEndsAt");
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(planVersion, "planVersion");
        Objects.requireNonNull(evaluatedAt, "evaluatedAt");
        Objects.requireNonNull(message, "message");
        Objects.requireNonNull(upgrade, "upgrade");
        Objects.requireNonNull(receipt, "receipt");
    }

    /**
     * Returns the amount that was asked for.
     *
     * @return units
     * @throws IllegalStateException if the feature has decimals
     */
    public long requested() {
        return whole(amounts.requested());
    }

    /**
     * Returns how much is used: in this period for a quota, at present for a cap.
     *
     * @return units
     * @throws IllegalStateException if the feature has decimals
     */
    public long used() {
        return whole(amounts.used());
    }

    /**
     * Returns how much is reserved and neither confirmed nor released.
     *
     * @return units
     * @throws IllegalStateException if the feature has decimals
     */
    public long held() {
        return whole(amounts.held());
    }

    /**
     * Returns the limit, with all add-ons and grants.
     *
     * @return units, or {@link #UNLIMITED}
     * @throws IllegalStateException if the feature has decimals
     */
    public long limit() {
        return whole(amounts.limit());
    }

    /**
     * Returns how much may still be asked for.
     *
     * @return units, or {@link #UNLIMITED}
     * @throws IllegalStateException if the feature has decimals
     */
    public long remaining() {
        return whole(amounts.remaining());
    }

    /**
     * Returns how much is used beyond the limit.
     *
     * @return units
     * @throws IllegalStateException if the feature has decimals
     */
    public long overage() {
        return whole(amounts.overage());
    }

    /**
     * Tells whether there is a limit.
     *
     * @return {@code false} if there is one
     */
    public boolean unlimited() {
        return amounts.limit() == UNLIMITED;
    }

    /**
     * Returns the same numbers as decimals, for every feature.
     *
     * @return the numbers, in the feature's unit
     */
    public Decimals decimal() {
        return new Decimals(
                decimal(amounts.requested()),
                decimal(amounts.used()),
                decimal(amounts.held()),
                amounts.limit() == UNLIMITED ? Optional.empty() : Optional.of(decimal(amounts.limit())),
                amounts.remaining() == UNLIMITED ? Optional.empty() : Optional.of(decimal(amounts.remaining())),
                decimal(amounts.overage()));
    }

    private long whole(long amount) {
        if (feature instanceof Feature.Metered metered && metered.decimals() > 0) {
            throw new IllegalStateException("\"" + feature.name() + "\" has " + metered.decimals()
                    + " decimals; its amounts are read from decimal()");
        }
        return amount;
    }

    private BigDecimal decimal(long amount) {
        return BigDecimal.valueOf(amount, feature instanceof Feature.Metered metered ? metered.decimals() : 0);
    }

    /**
     * The numbers of a decision, in the smallest step of the feature: whole units, or 10<sup>-d</sup> of one if it has d decimals.
     *
     * @param requested see {@link GateDecision#requested()}
     * @param used see {@link GateDecision#used()}
     * @param held see {@link GateDecision#held()}
     * @param limit see {@link GateDecision#limit()}
     * @param remaining see {@link GateDecision#remaining()}
     * @param overage see {@link GateDecision#overage()}
     */
    public record Amounts(long requested, long used, long held, long limit, long remaining, long overage) {

        /** Nothing of anything. */
        public static final Amounts NONE = new Amounts(0, 0, 0, 0, 0, 0);
    }

    /**
     * The numbers of a decision in the unit of the feature.
     *
     * @param requested see {@link GateDecision#requested()}
     * @param used see {@link GateDecision#used()}
     * @param held see {@link GateDecision#held()}
     * @param limit see {@link GateDecision#limit()}; empty without a limit
     * @param remaining see {@link GateDecision#remaining()}; empty without a limit
     * @param overage see {@link GateDecision#overage()}
     */
    public record Decimals(
            BigDecimal requested,
            BigDecimal used,
            BigDecimal held,
            Optional<BigDecimal> limit,
            Optional<BigDecimal> remaining,
            BigDecimal overage) {}
}
