package io.plg.idempotency;

import io.plg.PlgException;

/** The key was used for a request with another fingerprint. Nothing was done. */
public class FingerprintMismatch extends PlgException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates the error.
     *
     * @param scope the key
     */
    public FingerprintMismatch(Scope scope) {
        super(scope + " was used for another request; repeat that request, or use a new key for this one");
    }
}
