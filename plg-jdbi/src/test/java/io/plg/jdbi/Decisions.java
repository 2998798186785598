package io.plg.jdbi;

import io.plg.gate.GateDecision;
import io.plg.gate.GateDecision.Amounts;
import io.plg.gate.Reason;
import io.plg.gate.Severity;
import io.plg.gate.Source;
import io.plg.gate.UpgradePrompt;
import io.plg.plan.Feature;
import java.time.Instant;
import java.util.Optional;

/** What a gate would say. */
final class Decisions {
    private Decisions() {}

    static GateDecision blocked() {
        return of("projects", Severity.BLOCKED);
    }

    static GateDecision of(String feature, Severity severity) {
        boolean blocked = severity == Severity.BLOCKED;
        return new GateDecision(
                !blocked,
                blocked ? Reason.LIMIT_REACHED : Reason.WITHIN_LIMIT,
                Feature.cap(feature),
                new Amounts(1, 3, 0, 3, 0, 0),
                severity,
                Optional.empty(),
                Optional.empty(),
                Source.PLAN,
                Optional.empty(),
                Instant.EPOCH,
                "You have used 3 of 3 projects.",
                new UpgradePrompt(
                        Optional.of("pro"), Optional.empty(), "Upgrade to Pro for 10 projects.", Optional.empty()),
                Optional.empty());
    }
}
