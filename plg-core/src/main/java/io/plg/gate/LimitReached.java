package io.plg.gate;

import io.plg.PlgException;

/** A gate denied what was asked for, and nothing was counted. The answer says why, and what to offer. */
public final class LimitReached extends PlgException {
    private static final long serialVersionUID = 1L;

    private final transient GateDecision decision;

    private LimitReached(GateDecision decision) {
        super(decision.message());
        this.decision = decision;
    }

    /**
     * Throws if an answer denies.
     *
     * @param decision the answer
     * @return the same answer
     * @throws LimitReached if it is denied
     */
    static GateDecision unlessAllowed(GateDecision decision) {
        if (!decision.allowed()) {
            throw new LimitReached(decision);
        }
        return decision;
    }

    /**
     * Returns the answer, with the limit, what is used of it, and the upgrade prompt. It is not there after serialization.
     *
     * @return the answer, which is denied
     */
    public GateDecision decision() {
        return decision;
    }
}
