package io.plg;

/**
 * The store cannot be reached: there is no connection to be had, or the database is going down. Nothing of the call is stored, and it may succeed when the database is
 * back.
 */
public final class StoreUnreachable extends StoreFailure {
    private static final long serialVersionUID = 1L;

    /**
     * Creates the error.
     *
     * @param message what the store was asked to do and why it could not
     * @param cause the driver's exception
     */
    public StoreUnreachable(String message, Throwable cause) {
        super(message, cause);
    }

    @Override
    public boolean isRetryable() {
        return true;
    }
}
