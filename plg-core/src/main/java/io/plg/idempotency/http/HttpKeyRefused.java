package io.plg.idempotency.http;

import io.plg.PlgException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A request has no idempotency key although it needs one, or one that is no key. Nothing was done, and no key is used up.
 * {@link HttpIdempotency#answer(PlgException)} is the answer to it.
 */
public class HttpKeyRefused extends PlgException {
    private static final long serialVersionUID = 1L;

    private final Reason reason;

    /**
     * Creates the error.
     *
     * @param reason why the key is refused
     * @param message what is wrong with it and what to send instead
     * @param cause what reading it threw, or {@code null} if it was not read
     */
    public HttpKeyRefused(Reason reason, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.reason = Objects.requireNonNull(reason, "reason");
    }

    /**
     * Returns why the key is refused.
     *
     * @return the reason
     */
    public Reason reason() {
        return reason;
    }

    /** Why a key is refused. */
    public enum Reason {
        /** There is no header, or nothing in it. */
        MISSING,
        /** There is one that is not well-formed, or more than one. */
        INVALID
    }
}
