package io.plg.gate;

import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Function;

/** What came of the wish to hold an amount: it is {@link Held}, or {@link Denied}. */
public sealed interface Reservation {

    /**
     * Returns the answer of the gate.
     *
     * @return the answer
     */
    GateDecision decision();

    /**
     * Goes on with what it is.
     *
     * @param held what to do if it is held
     * @param denied what to do if it was denied
     * @param <T> the type of the result
     * @return what one of the two returned
     */
    default <T> T fold(Function<? super Held, ? extends T> held, Function<? super Denied, ? extends T> denied) {
        return this instanceof Held h ? held.apply(h) : denied.apply((Denied) this);
    }

    /**
     * Returns what is held or throws.
     *
     * @return what is held
     * @throws LimitReached if it was denied
     */
    default Held orThrow() {
        LimitReached.unlessAllowed(decision());
        return (Held) this;
    }

    /**
     * The amount is held until it is confirmed, released or expires.
     *
     * @param id by which it is confirmed or released
     * @param decision the answer, after holding
     * @param expiresAt when it is let go of by itself
     */
    record Held(UUID id, GateDecision decision, Instant expiresAt) implements Reservation {

        /** Checks that nothing is missing. */
        public Held {
            Objects.requireNonNull(id, "id");
            Objects.requireNonNull(decision, "decision");
            Objects.requireNonNull(expiresAt, "expiresAt");
        }
    }

    /**
     * Nothing is held.
     *
     * @param decision the answer
     */
    record Denied(GateDecision decision) implements Reservation {

        /** Checks that nothing is missing. */
        public Denied {
            Objects.requireNonNull(decision, "decision");
        }
    }
}
