package io.plg.internal;

import io.plg.gate.GateDecision;
import io.plg.gate.GateDecision.Amounts;
import io.plg.gate.GateMessages;
import io.plg.gate.Reason;
import io.plg.gate.Receipt;
import io.plg.gate.Severity;
import io.plg.gate.Source;
import io.plg.gate.UpgradePrompt;
import io.plg.gate.UsageStore.Lane;
import io.plg.plan.Fallback;
import io.plg.plan.Feature;
import io.plg.plan.Limit;
import io.plg.plan.Plan;
import io.plg.plan.PlanCatalog;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes the full answers, with words and what to offer. */
final class Decisions {
    private static final Logger LOG = LoggerFactory.getLogger(GateMessages.class);
    private static final EnglishGateMessages ENGLISH = new EnglishGateMessages();

    private final PlanCatalog catalog;
    private final GateMessages messages;
    private final Instant now;

    Decisions(PlanCatalog catalog, GateMessages messages, Instant now) {
        this.catalog = catalog;
        this.messages = messages;
        this.now = now;
    }

    static GateMessages english() {
        return ENGLISH;
    }

    /** Of a feature that nobody knows. */
    GateDecision notFound(Feature feature, long requested) {
        return worded(
                new GateDecision(
                        false,
                        Reason.FEATURE_NOT_FOUND,
                        feature,
                        new Amounts(requested, 0, 0, 0, 0, 0),
                        Severity.BLOCKED,
                        Optional.empty(),
                        Optional.empty(),
                        Source.PLAN,
                        Optional.empty(),
                        now,
                        "",
                        UpgradePrompt.NONE,
                        Optional.empty()),
                null);
    }

    /** While the store cannot be reached. */
    GateDecision fallback(Feature feature, long requested) {
        boolean open = catalog.fallback(feature) == Fallback.OPEN;
        return worded(
                new GateDecision(
                        open,
                        open ? Reason.FALLBACK_OPEN : Reason.FALLBACK_CLOSED,
                        feature,
                        new Amounts(requested, 0, 0, 0, 0, 0),
                        open ? Severity.OK : Severity.BLOCKED,
                        Optional.empty(),
                        Optional.empty(),
                        Source.FALLBACK,
                        Optional.empty(),
                        now,
                        "",
                        UpgradePrompt.NONE,
                        Optional.empty()),
                null);
    }

    GateDecision flag(Feature.Flag feature, WorkspaceFacts.FlagAnswer answer, Plan plan) {
        return worded(
                new GateDecision(
                        answer.on(),
                        answer.on() ? Reason.ENABLED : Reason.NOT_IN_PLAN,
                        feature,
                        Amounts.NONE,
                        answer.on() ? Severity.OK : Severity.BLOCKED,
                        Optional.empty(),
                        Optional.empty(),
                        answer.source(),
                        Optional.of(plan.id()),
                        now,
                        "",
                        UpgradePrompt.NONE,
                        Optional.empty()),
                plan);
    }

    /** Of a meter as it is; {@code memberLeft} is what the member's own limit leaves. */
    GateDecision metered(
            Meter meter, Reason reason, long requested, long memberLeft, Plan plan, @Nullable String receipt) {
        Terms terms = meter.terms();
        Instant resets = reason == Reason.WINDOW_LIMIT_REACHED ? meter.windowEnd() : meter.periodEnd();
        boolean byGrant = terms.limit() == 0 && meter.limit() > 0;
        return metered(
                terms.feature(),
                reason,
                new Amounts(
                        requested,
                        meter.used(),
                        meter.held(),
                        meter.limit(),
                        Math.min(meter.remaining(), memberLeft),
                        meter.overage()),
                resets,
                meter.graceEnd(),
                byGrant ? Source.GRANT : terms.source(),
                plan,
                receipt);
    }

    /** Of a lane, after something was taken from it or denied. */
    GateDecision lane(Terms terms, Lane lane, boolean taken, long requested, Plan plan, @Nullable String receipt) {
        boolean byGrant = terms.limit() == 0 && lane.limit() > 0;
        Reason reason = taken
                ? lane.limit() == Ticks.UNLIMITED
                        ? Reason.UNLIMITED
                        : lane.bucket().equals(Meter.OVER) ? Reason.OVER_LIMIT : Reason.WITHIN_LIMIT
                : lane.limit() == 0 && !terms.included() ? Reason.NOT_IN_PLAN : Reason.LIMIT_REACHED;
        return metered(
                terms.feature(),
                reason,
                new Amounts(requested, lane.used(), lane.held(), lane.limit(), lane.remaining(), lane.overage()),
                lane.periodEnd(),
                null,
                byGrant ? Source.GRANT : terms.source(),
                plan,
                receipt);
    }

    private GateDecision metered(
            Feature.Metered feature,
            Reason reason,
            Amounts amounts,
            @Nullable Instant resetsAt,
            @Nullable Instant graceEndsAt,
            Source source,
            Plan plan,
            @Nullable String receipt) {
        return worded(
                new GateDecision(
                        reason.allows(),
                        reason,
                        feature,
                        amounts,
                        severity(reason, amounts),
                        Optional.ofNullable(resetsAt),
                        Optional.ofNullable(graceEndsAt),
                        source,
                        Optional.of(plan.id()),
                        now,
                        "",
                        UpgradePrompt.NONE,
                        Optional.ofNullable(receipt).map(Receipt::new)),
                plan);
    }

    private Severity severity(Reason reason, Amounts amounts) {
        if (!reason.allows()) {
            return Severity.BLOCKED;
        }
        if (amounts.overage() > 0) {
            return Severity.GRACE;
        }
        if (amounts.limit() == Ticks.UNLIMITED) {
            return Severity.OK;
        }
        if (amounts.remaining() == 0) {
            return Severity.AT_LIMIT;
        }
        return amounts.used() + amounts.held() >= Ticks.percentOf(amounts.limit(), catalog.approachingPercent())
                ? Severity.APPROACHING
                : Severity.OK;
    }

    private GateDecision worded(GateDecision bare, @Nullable Plan plan) {
        UpgradePrompt upgrade = UpgradePrompt.NONE;
        if (plan != null && bare.severity() != Severity.OK) {
            Optional<Plan> better = catalog.cheapestUpgrade(plan, each -> allows(each, bare));
            if (better.isPresent()) {
                Plan to = better.get();
                upgrade = new UpgradePrompt(
                        Optional.of(to.name()),
                        to.price(),
                        said(words -> words.upgrade(bare, to), () -> ENGLISH.upgrade(bare, to)),
                        said(words -> words.upgradeUrl(bare, to), Optional::empty));
            }
        }
        return new GateDecision(
                bare.allowed(),
                bare.reason(),
                bare.feature(),
                bare.amounts(),
                bare.severity(),
                bare.resetsAt(),
                bare.graceEndsAt(),
                bare.source(),
                bare.planVersion(),
                bare.evaluatedAt(),
                said(words -> words.message(bare), () -> ENGLISH.message(bare)),
                upgrade,
                bare.receipt());
    }

    private static boolean allows(Plan plan, GateDecision decision) {
        if (decision.feature() instanceof Feature.Flag flag) {
            return plan.allows(flag);
        }
        var feature = (Feature.Metered) decision.feature();
        Amounts amounts = decision.amounts();
        long limit = plan.limit(feature)
                .map(Limit::amount)
                .map(amount -> Ticks.limit(feature, amount))
                .orElse(plan.limit(feature).isPresent() ? Ticks.UNLIMITED : 0L);
        long asked = decision.receipt().isPresent() ? 1 : amounts.requested();
        return limit >= amounts.used() + amounts.held() + asked;
    }

    private <T> T said(Function<GateMessages, @Nullable T> words, Supplier<T> otherwise) {
        try {
            T said = words.apply(messages);
            if (said != null) {
                return said;
            }
            LOG.warn(
                    "{} returned null; plg's own words are used",
                    messages.getClass().getName());
        } catch (RuntimeException e) {
            LOG.warn("{} failed; plg's own words are used", messages.getClass().getName(), e);
        }
        return otherwise.get();
    }
}
