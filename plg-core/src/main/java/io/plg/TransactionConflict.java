package io.plg;

/**
 * A transaction lost to another one: a serialization failure or a deadlock. Nothing of it is stored, and doing all of it again may succeed. What
 * began its transaction itself, as a single call of plg or {@code execute} does, has tried that; {@code plg.transact} and the host roll back and begin
 * again.
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
