package io.plg;

import io.plg.internal.Text;

/**
 * The id of one person who uses the product. It is the host's own id as text, 1 to 128 characters,
 * compared byte by byte, and unique across the installation: a host whose ids are unique only within a workspace
 * prefixes them.
 *
 * @param value the id as the host knows it
 */
public record UserId(String value) {

    /**
     * Checks the id.
     *
     * @throws IllegalArgumentException if {@code value} is empty, longer than 128 characters, or has a NUL or a lone surrogate
     */
    public UserId {
        Text.checkId("userId", value);
    }

    /**
     * Returns the user id with the given text.
     *
     * @param value the id as the host knows it
     * @return the id
     * @throws IllegalArgumentException if {@code value} is empty, longer than 128 characters, or has a NUL or a lone surrogate
     */
    public static UserId of(String value) {
        return new UserId(value);
    }

    /** Returns the text of the id. */
    @Override
    public String toString() {
        return value;
    }
}
