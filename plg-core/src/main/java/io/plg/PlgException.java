package io.plg;

import org.jspecify.annotations.Nullable;

/**
 * The base of every error that plg reports by itself. Subclasses are named after what happened and carry their data in
 * accessors, so that a handler reads fields and never parses a message.
 *
 * <p>Wrong arguments of a value or a builder are {@link IllegalArgumentException} and a missing argument is
 * {@link NullPointerException}, as everywhere on the JVM.
 */
public class PlgException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates an error.
     *
     * @param message what happened: the value, the field, the rule and, if there is one, the next step
     */
    public PlgException(String message) {
        super(message);
    }

    /**
     * Creates an error with its cause.
     *
     * @param message what happened: the value, the field, the rule and, if there is one, the next step
     * @param cause what made it happen, or {@code null} if nothing else did
     */
    public PlgException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /**
     * Tells whether the same call may succeed when it is tried again a little later, without any other change.
     *
     * @return {@code false} unless a subclass says otherwise
     */
    public boolean isRetryable() {
        return false;
    }
}
