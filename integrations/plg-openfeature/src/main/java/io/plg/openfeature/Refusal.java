package io.plg.openfeature;

import dev.openfeature.sdk.ErrorCode;

/** A question that has no answer, and why. It never leaves this package, and has no stack trace, since asking for unknown keys is normal beside other providers. */
final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;

    Refusal(ErrorCode code, String message) {
        super(message, null, false, false);
        this.code = code;
    }

    ErrorCode code() {
        return code;
    }
}
