package io.plg.gate;

import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/**
 * What became of a reservation that was to be confirmed or released.
 *
 * @param reservation its id
 * @param outcome what became of it
 * @param decision how things stand afterwards; empty if the reservation is unknown
 */
public record Settlement(UUID reservation, Outcome outcome, Optional<GateDecision> decision) {

    /** Checks that nothing is missing. */
    public Settlement {
        Objects.requireNonNull(reservation, "reservation");
        Objects.requireNonNull(outcome, "outcome");
        Objects.requireNonNull(decision, "decision");
    }

    /** What became of a reservation. */
    public enum Outcome {
        /** It is confirmed, by this call or by an earlier one. */
        CONFIRMED,
        /** It is released, by this call or by an earlier one. */
        RELEASED,
        /** It had expired before, and what was held has been let go of. To use it after all, consume it. */
        EXPIRED,
        /** More was used than held, and the rest is denied. The reservation is still there. */
        LIMIT_REACHED,
        /** There is no such reservation in this workspace. */
        UNKNOWN
    }
}
