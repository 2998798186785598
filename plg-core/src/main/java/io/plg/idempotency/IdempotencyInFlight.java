package io.plg.idempotency;

import io.plg.PlgException;
import java.time.Duration;

/** Another call with the same key is under way. Nothing was done; the same call may be tried again. */
public class IdempotencyInFlight extends PlgException {
    private static final long serialVersionUID = 1L;

    private final Duration retryAfter;

    /**
     * Creates the error.
     *
     * @param scope the key
     * @param retryAfter when to try again
     */
    public IdempotencyInFlight(Scope scope, Duration retryAfter) {
        super("another call with " + scope + " is under way; try again in " + retryAfter.toSeconds() + " s");
        this.retryAfter = retryAfter;
    }

    /**
     * Returns when to try again.
     *
     * @return how long to wait
     */
    public Duration retryAfter() {
        return retryAfter;
    }

    @Override
    public boolean isRetryable() {
        return true;
    }
}
