package io.plg.examples.replay;

/** The database did not do what was asked of it. The message is the one line that the user reads. */
final class DatabaseFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    DatabaseFailure(String message, Throwable cause) {
        super(message, cause);
    }
}
