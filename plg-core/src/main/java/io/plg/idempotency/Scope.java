package io.plg.idempotency;

import io.plg.internal.Text;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * Within what a key is looked up, besides the workspace. Two keys with the same text and another principal or operation have nothing to do
 * with each other.
 *
 * @param principal who asks
 * @param operation the name of the operation
 * @param key the key
 */
public record Scope(Principal principal, String operation, IdempotencyKey key) {

    /**
     * Checks the operation's name.
     *
     * @throws IllegalArgumentException if {@code operation} is blank, longer than 128 characters, or has a NUL or a lone surrogate
     */
    public Scope {
        Objects.requireNonNull(principal, "principal");
        Text.checkName("operation", operation);
        Objects.requireNonNull(key, "key");
    }

    /**
     * Returns what stores look a scope up by: the SHA-256 of its parts, the same in every version of plg.
     *
     * @return 32 bytes, new on each call
     */
    public byte[] hash() {
        // No part can hold a NUL, so that no two scopes are one text.
        String text = "plg.idempotency.scope.1\0" + principal.kind().name() + '\0' + principal.name() + '\0' + operation
                + '\0' + key.value();
        return Sha256.of(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Returns the operation and the key, for messages. */
    @Override
    public String toString() {
        return "key \"" + key + "\" of operation \"" + operation + '"';
    }
}
