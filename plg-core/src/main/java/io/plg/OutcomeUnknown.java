package io.plg;

/**
 * The connection broke while a commit was under way: it may have been stored or not. Repeating the call is safe, because plg's operations are
 * idempotent, and tells.
 */
public class OutcomeUnknown extends StoreFailure {
    private static final long serialVersionUID = 1L;

    /**
     * Creates the error.
     *
     * @param message what the store was asked to do and what happened
     * @param cause the driver's exception
     */
    public OutcomeUnknown(String message, Throwable cause) {
        super(message, cause);
    }

    @Override
    public boolean isRetryable() {
        return true;
    }
}
