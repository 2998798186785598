package io.plg.idempotency;

import io.plg.PlgException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A result cannot be written as JSON, or what is stored cannot be read as the operation's type. When it cannot be written, the effect was undone;
 * when it cannot be read, an earlier call had the effect, and a version of the host that knows the type can still read it.
 */
public class UnreadableResult extends PlgException {
    private static final long serialVersionUID = 1L;

    private final UUID effectId;

    /**
     * Creates the error.
     *
     * @param message what could not be done
     * @param effectId the id of the effect
     * @param cause what the codec said
     */
    public UnreadableResult(String message, UUID effectId, @Nullable Throwable cause) {
        super(message, cause);
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
