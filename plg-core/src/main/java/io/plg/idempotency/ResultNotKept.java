package io.plg.idempotency;

import io.plg.PlgException;
import java.util.UUID;

/** An earlier call had the effect, and its result is not there any more: it was too large to be stored, or its retention is over. */
public class ResultNotKept extends PlgException {
    private static final long serialVersionUID = 1L;

    private final UUID effectId;

    /**
     * Creates the error.
     *
     * @param effectId the id of the effect
     */
    public ResultNotKept(UUID effectId) {
        super("this was done before as effect " + effectId
                + ", whose result is not kept; look the effect up by its id");
        this.effectId = effectId;
    }

    /**
     * Returns the id of the effect.
     *
     * @return the id
     */
    public UUID effectId() {
        return effectId;
    }
}
