package io.plg.gate;

import java.util.Objects;

/**
 * Names one consumption, so that exactly it can be refunded.
 *
 * @param value opaque text of at most 64 characters, unique within the feature and the workspace
 */
public record Receipt(String value) {

    /**
     * Checks the length.
     *
     * @throws IllegalArgumentException if it is empty or longer than 64 characters
     */
    public Receipt {
        Objects.requireNonNull(value, "value");
        if (value.isEmpty() || value.length() > 64) {
            throw new IllegalArgumentException("receipt must have 1 to 64 characters, had " + value.length());
        }
    }

    @Override
    public String toString() {
        return value;
    }
}
