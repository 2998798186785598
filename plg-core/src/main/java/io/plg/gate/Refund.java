package io.plg.gate;

import java.math.BigDecimal;
import java.util.Objects;

/**
 * What was given back.
 *
 * @param refunded how much is no longer counted as used, 0 if there was nothing to give back; of a period that is over nothing returns to the plan
 * @param decision how things stand afterwards
 */
public record Refund(BigDecimal refunded, GateDecision decision) {

    /** Checks that nothing is missing. */
    public Refund {
        Objects.requireNonNull(refunded, "refunded");
        Objects.requireNonNull(decision, "decision");
    }
}
