package io.plg;

/**
 * A transaction lost to another one: a serialization failure or a deadlock. Nothing of it is stored, and doing all of it again may succeed. Where
 * plg owns the transaction it has tried that itself; if the transaction is the host's, the host rolls it back and begins again.
 */
public class TransactionConflict extends StoreFailure {
    private static final long serialVersionUID = 1L;

    /**
     * Creates the error.
     *
     * @param message what the store was asked to do and why it could not
     * @param cause what the database or the host's code said
     */
    public TransactionConflict(String message, Throwable cause) {
        super(message, cause);
    }

    @Override
    public boolean isRetryable() {
        return true;
    }
}
