package io.plg.idempotency;

import java.util.Objects;
import java.util.UUID;

/**
 * Whether something that may happen once happens now.
 *
 * @param first whether this is the one time
 * @param effectId the id of the effect that was first: of this one, or of the earlier
 */
public record Once(boolean first, UUID effectId) {

    /** Checks that there is an id. */
    public Once {
        Objects.requireNonNull(effectId, "effectId");
    }
}
