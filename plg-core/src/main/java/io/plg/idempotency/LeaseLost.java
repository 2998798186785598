package io.plg.idempotency;

import io.plg.PlgException;

/**
 * The lease of a call ended before its result was stored, and another call has taken the key over. What this call wanted to store in plg's
 * database is not stored. What it did elsewhere was done with the same {@link Lease#key()} as the other call's.
 */
public class LeaseLost extends PlgException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates the error.
     *
     * @param scope the key
     */
    public LeaseLost(Scope scope) {
        super("the lease on " + scope + " was lost to another call; ask again with the same key for its result");
    }

    @Override
    public boolean isRetryable() {
        return true;
    }
}
