package io.plg;

/**
 * The store could not do what was asked of it: the database is away, refused a statement, or answered with something that
 * plg does not understand. The driver's own exception is the {@linkplain #getCause() cause}. Nothing of the call that threw
 * it is stored, except with {@link OutcomeUnknown}.
 */
public class StoreFailure extends PlgException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates a failure.
     *
     * @param message what the store was asked to do and why it could not
     * @param cause the driver's exception
     */
    public StoreFailure(String message, Throwable cause) {
        super(message, cause);
    }
}
