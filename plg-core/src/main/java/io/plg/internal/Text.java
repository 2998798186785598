package io.plg.internal;

import java.util.Objects;

/** The one rule for the ids and names that plg stores. */
public final class Text {
    private static final int MAX_CHARACTERS = 128;

    private Text() {}

    /**
     * Checks an id.
     *
     * @param field what it is called in the message
     * @param value the text
     * @throws IllegalArgumentException if it is empty, longer than 128 characters, or cannot be stored
     */
    public static void checkId(String field, String value) {
        Objects.requireNonNull(value, () -> field + " must not be null");
        if (value.isEmpty()) {
            throw new IllegalArgumentException(field + " must have 1 to " + MAX_CHARACTERS + " characters, was empty");
        }
        int characters = value.codePointCount(0, value.length());
        if (characters > MAX_CHARACTERS) {
            throw new IllegalArgumentException(field + " must have 1 to " + MAX_CHARACTERS + " characters, had "
                    + characters + ": " + value.substring(0, value.offsetByCodePoints(0, 32)) + "…");
        }
        checkStorable(field, value);
    }

    /**
     * Checks a name: an id that is not blank.
     *
     * @param field what it is called in the message
     * @param name the text
     * @throws IllegalArgumentException if it is blank, longer than 128 characters, or cannot be stored
     */
    public static void checkName(String field, String name) {
        checkId(field, name);
        if (name.isBlank()) {
            throw new IllegalArgumentException(field + " must not be blank, was \"" + name + "\"");
        }
    }

    /**
     * Checks that a database can keep the text: PostgreSQL's text has no NUL and UTF-8 has no lone surrogate.
     *
     * @param field what it is called in the message
     * @param value the text
     * @throws IllegalArgumentException if it has such a character
     */
    public static void checkStorable(String field, String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            boolean lone = Character.isHighSurrogate(c)
                    ? i + 1 == value.length() || !Character.isLowSurrogate(value.charAt(i + 1))
                    : Character.isLowSurrogate(c) && (i == 0 || !Character.isHighSurrogate(value.charAt(i - 1)));
            if (c == 0 || lone) {
                throw new IllegalArgumentException(field + " must not contain the character U+"
                        + String.format("%04X", (int) c) + ", at index " + i);
            }
        }
    }
}
