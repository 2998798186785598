package io.plg.openfeature;

import dev.openfeature.sdk.ImmutableMetadata;
import dev.openfeature.sdk.MutableStructure;
import dev.openfeature.sdk.Structure;
import dev.openfeature.sdk.Value;
import io.plg.gate.GateDecision;
import io.plg.gate.GateDecision.Amounts;
import io.plg.gate.Reason;
import io.plg.gate.UpgradePrompt;
import io.plg.plan.Feature;
import java.math.BigDecimal;
import java.util.function.BiConsumer;

/** A decision in the words of OpenFeature. Whole amounts are numbers and decimal amounts text, as everywhere in plg, so that they stay exact. */
final class Described {

    private Described() {}

    /** Whether the store was not reached, so that the decision has no numbers. */
    static boolean isFallback(GateDecision decision) {
        return decision.reason() == Reason.FALLBACK_OPEN || decision.reason() == Reason.FALLBACK_CLOSED;
    }

    /** What a hook may want to know. */
    static ImmutableMetadata metadata(GateDecision decision) {
        var metadata = ImmutableMetadata.builder()
                .addString("severity", decision.severity().name())
                .addString("source", decision.source().name())
                .addString("reason", decision.reason().name());
        numbers(decision, false, metadata::addLong, metadata::addString);
        decision.resetsAt().ifPresent(at -> metadata.addString("resetsAt", at.toString()));
        decision.graceEndsAt().ifPresent(at -> metadata.addString("graceEndsAt", at.toString()));
        return metadata.build();
    }

    /** All of it. */
    static Structure structure(GateDecision decision) {
        // Not an ImmutableStructure, which cuts instants to milliseconds.
        var all = new MutableStructure();
        all.add("allowed", decision.allowed());
        all.add("reason", decision.reason().name());
        all.add("feature", decision.feature().name());
        all.add("severity", decision.severity().name());
        all.add("source", decision.source().name());
        numbers(decision, true, (name, amount) -> all.add(name, new Value(amount)), all::add);
        if (decision.feature() instanceof Feature.Metered && !isFallback(decision)) {
            all.add("unlimited", decision.unlimited());
        }
        decision.resetsAt().ifPresent(at -> all.add("resetsAt", at));
        decision.graceEndsAt().ifPresent(at -> all.add("graceEndsAt", at));
        decision.planVersion().ifPresent(plan -> all.add("plan", plan.toString()));
        all.add("evaluatedAt", decision.evaluatedAt());
        all.add("message", decision.message());
        if (!decision.upgrade().equals(UpgradePrompt.NONE)) {
            all.add("upgrade", structure(decision.upgrade()));
        }
        return all;
    }

    private static Structure structure(UpgradePrompt upgrade) {
        var all = new MutableStructure();
        upgrade.plan().ifPresent(plan -> all.add("plan", plan));
        upgrade.price().ifPresent(price -> {
            all.add("price", price.amount().toPlainString());
            all.add("currency", price.currency().getCurrencyCode());
        });
        all.add("message", upgrade.message());
        upgrade.url().ifPresent(url -> all.add("url", url));
        return all;
    }

    private static void numbers(
            GateDecision decision, boolean all, BiConsumer<String, Long> whole, BiConsumer<String, String> decimal) {
        if (!(decision.feature() instanceof Feature.Metered metered) || isFallback(decision)) {
            return;
        }
        int decimals = metered.decimals();
        BiConsumer<String, Long> add = decimals == 0
                ? whole
                : (name, steps) ->
                        decimal.accept(name, BigDecimal.valueOf(steps, decimals).toPlainString());
        Amounts amounts = decision.amounts();
        if (all) {
            add.accept("requested", amounts.requested());
        }
        add.accept("used", amounts.used());
        add.accept("held", amounts.held());
        if (amounts.limit() != GateDecision.UNLIMITED) {
            add.accept("limit", amounts.limit());
        }
        if (amounts.remaining() != GateDecision.UNLIMITED) {
            add.accept("remaining", amounts.remaining());
        }
        add.accept("overage", amounts.overage());
    }
}
