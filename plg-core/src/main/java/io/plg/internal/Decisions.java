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
import io.plg.plan.OverLimit;
import io.plg.plan.Plan;
import io.plg.plan.PlanCatalog;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
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
                Optional.empty());
    }

    /** While the store cannot be reached. */
    GateDecision fallback(Feature feature, long requested) {
        return fallback(feature, requested, catalog.fallback(feature) == Fallback.OPEN);
    }

    /** While the store cannot be reached, of what is never done without it. */
    GateDecision closed(Feature feature, long requested) {
        return fallback(feature, requested, false);
    }

    private GateDecision fallback(Feature feature, long requested, boolean open) {
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
                Optional.empty());
    }

    GateDecision flag(Feature.Flag feature, WorkspaceFacts.FlagAnswer answer, Plan plan, Predicate<Plan> would) {
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
                plan,
                would);
    }

    /** Of a meter as it is, and of the member's part if members have a limit. */
    GateDecision metered(
            Meter meter,
            @Nullable Meter member,
            Reason reason,
            long requested,
            Plan plan,
            @Nullable String receipt,
            Predicate<Plan> would) {
        Meter told = reason == Reason.MEMBER_LIMIT_REACHED && member != null ? member : meter;
        Terms terms = meter.terms();
        Instant resets = reason == Reason.WINDOW_LIMIT_REACHED ? meter.windowEnd() : meter.periodEnd();
        var amounts = new Amounts(
                requested,
                told.used(),
                told.held(),
                told.limit(),
                member == null ? told.remaining() : Math.min(told.remaining(), member.remaining()),
                told.overage());
        int percent = catalog.approachingPercent();
        return metered(
                terms.feature(),
                reason,
                amounts,
                severity(reason, amounts, meter.approaches(percent) || member != null && member.approaches(percent)),
                resets,
                meter.graceEnd(),
                terms.limit() == 0 && meter.limit() > 0 ? Source.GRANT : terms.source(),
                plan,
                receipt,
                would);
    }

    /** Of a lane, after something was taken from it or denied. */
    GateDecision lane(
            Terms terms,
            Lane lane,
            boolean taken,
            long requested,
            Plan plan,
            @Nullable String receipt,
            Predicate<Plan> would) {
        Reason reason = taken
                ? lane.limit() == Ticks.UNLIMITED
                        ? Reason.UNLIMITED
                        : lane.bucket().equals(Meter.OVER) ? Reason.OVER_LIMIT : Reason.WITHIN_LIMIT
                : lane.limit() == 0 && !terms.included() ? Reason.NOT_IN_PLAN : Reason.LIMIT_REACHED;
        var amounts = new Amounts(requested, lane.used(), lane.held(), lane.limit(), lane.remaining(), lane.overage());
        return metered(
                terms.feature(),
                reason,
                amounts,
                severity(
                        reason,
                        amounts,
                        lane.limit() != Ticks.UNLIMITED
                                && lane.used() + lane.held()
                                        >= Ticks.percentOf(lane.limit(), catalog.approachingPercent())),
                lane.periodEnd(),
                null,
                terms.limit() == 0 && lane.limit() > 0 ? Source.GRANT : terms.source(),
                plan,
                receipt,
                would);
    }

    private GateDecision metered(
            Feature.Metered feature,
            Reason reason,
            Amounts amounts,
            Severity severity,
            @Nullable Instant resetsAt,
            @Nullable Instant graceEndsAt,
            Source source,
            Plan plan,
            @Nullable String receipt,
            Predicate<Plan> would) {
        return worded(
                new GateDecision(
                        reason.allows(),
                        reason,
                        feature,
                        amounts,
                        severity,
                        Optional.ofNullable(resetsAt),
                        Optional.ofNullable(graceEndsAt),
                        source,
                        Optional.of(plan.id()),
                        now,
                        "",
                        UpgradePrompt.NONE,
                        Optional.ofNullable(receipt).map(Receipt::new)),
                plan,
                would);
    }

    private static Severity severity(Reason reason, Amounts amounts, boolean approaches) {
        if (!reason.allows()) {
            return Severity.BLOCKED;
        }
        if (amounts.overage() > 0) {
            return Severity.GRACE;
        }
        if (amounts.remaining() == 0) {
            return Severity.AT_LIMIT;
        }
        return approaches ? Severity.APPROACHING : Severity.OK;
    }

    private GateDecision worded(GateDecision bare, Plan plan, Predicate<Plan> would) {
        return worded(bare, bare.severity() == Severity.OK ? Optional.empty() : catalog.cheapestUpgrade(plan, would));
    }

    private GateDecision worded(GateDecision bare, Optional<Plan> better) {
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
                better.map(to -> new UpgradePrompt(
                                Optional.of(to.name()),
                                to.price(),
                                said(words -> words.upgrade(bare, to), () -> ENGLISH.upgrade(bare, to)),
                                said(words -> words.upgradeUrl(bare, to), Optional::empty)))
                        .orElse(UpgradePrompt.NONE),
                bare.receipt());
    }

    /** Whether a plan on which these terms hold would allow so much more, with so much used and held. */
    static boolean allows(Terms then, long used, long held, long granted, long asked) {
        if (then.overLimit() != OverLimit.BLOCK && then.included()) {
            return true;
        }
        for (Terms.Window window : then.windows()) {
            if (window.amount() < asked) {
                return false;
            }
        }
        return Ticks.plus(then.limit(), granted) >= used + held + asked;
    }

    /** The same answer in the words of this call, which may be those of another language. */
    GateDecision said(GateDecision decision) {
        return messages == ENGLISH
                ? decision
                : worded(decision, decision.upgrade().plan().flatMap(catalog::plan));
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
