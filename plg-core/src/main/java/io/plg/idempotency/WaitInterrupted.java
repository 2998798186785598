package io.plg.idempotency;

import io.plg.PlgException;

/** The thread was interrupted while it waited for another call with the same key. Nothing was done; the thread's interrupt flag is set. */
public class WaitInterrupted extends PlgException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates the error.
     *
     * @param scope the key
     * @param cause what ended the wait
     */
    public WaitInterrupted(Scope scope, InterruptedException cause) {
        super("interrupted while waiting for another call with " + scope, cause);
    }

    @Override
    public boolean isRetryable() {
        return true;
    }
}
