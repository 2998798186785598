package io.plg.gate;

import java.math.BigDecimal;
import java.util.Objects;

/**
 * What was given back.
 *
 * @param refunded how much, 0 if there was nothing to give back
 * @param decision how things stand afterwards
 */
public record Refund(BigDecimal refunded, GateDecision decision) {

    /** Checks that nothing is missing. */
    public Refund {
        Objects.requireNonNull(refunded, "refunded");
        Objects.requireNonNull(decision, "decision");
    }
}
