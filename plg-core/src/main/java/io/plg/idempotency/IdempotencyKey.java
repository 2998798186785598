package io.plg.idempotency;

import java.util.Objects;

/**
 * The key by which a caller says that two requests are the same one: 1 to 255 printable ASCII characters, compared byte by byte and
 * otherwise opaque. Nothing is cut off silently.
 *
 * <p>What a client sent is read with {@link #parse}, where the quoted form of the header and the bare one are the same key; a key that
 * the host makes itself is made with {@link #of}.
 *
 * @param value the key without quotes
 */
public record IdempotencyKey(String value) {
    private static final int MAX_CHARACTERS = 255;
    private static final double STRICT_BITS = 64;

    /**
     * Checks the key.
     *
     * @throws IllegalArgumentException if {@code value} is empty, longer than 255 characters, begins or ends with a space, or has a
     *     character outside of printable ASCII (U+0020 to U+007E)
     */
    public IdempotencyKey {
        Objects.requireNonNull(value, "idempotency key must not be null");
        if (value.isEmpty()) {
            throw new IllegalArgumentException(
                    "idempotency key must have 1 to " + MAX_CHARACTERS + " characters, was empty");
        }
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c < ' ' || c > '~') {
                throw new IllegalArgumentException("idempotency key must be printable ASCII, has "
                        + String.format("U+%04X", (int) c) + " at index " + i);
            }
        }
        if (value.length() > MAX_CHARACTERS) {
            throw new IllegalArgumentException("idempotency key must have 1 to " + MAX_CHARACTERS + " characters, had "
                    + value.length() + ": " + value.substring(0, 32) + "…");
        }
        if (value.charAt(0) == ' ' || value.charAt(value.length() - 1) == ' ') {
            throw new IllegalArgumentException(
                    "idempotency key must not begin or end with a space, was \"" + value + "\"");
        }
    }

    /**
     * Returns a key that the host makes itself, such as {@code "order-4711"}.
     *
     * @param value the key without quotes
     * @return the key
     * @throws IllegalArgumentException if the value is not a key, see {@link #IdempotencyKey}, or begins with a quote, which is how a
     *     header begins that nobody has {@linkplain #parse parsed}
     */
    public static IdempotencyKey of(String value) {
        var key = new IdempotencyKey(value);
        if (value.charAt(0) == '"') {
            throw new IllegalArgumentException("idempotency key must not begin with a quote, was " + value
                    + "; read a header with IdempotencyKey.parse");
        }
        return key;
    }

    /**
     * Reads the value of an {@code Idempotency-Key} header. A quoted string of RFC 8941, as draft-07 of the header's specification wants
     * it, and the bare text that most clients send are the same key. Spaces around it do not count. Bare text has no comma, by which proxies join
     * several headers.
     *
     * @param header the value of the header
     * @return the key
     * @throws IllegalArgumentException if it is no key, see {@link #IdempotencyKey}, or a quoted string that is not well-formed
     */
    public static IdempotencyKey parse(String header) {
        Objects.requireNonNull(header, "header must not be null");
        String text = withoutSpacesAround(header);
        if (text.startsWith("\"")) {
            return new IdempotencyKey(unquoted(text));
        }
        if (text.indexOf(',') >= 0) {
            throw new IllegalArgumentException("idempotency key must be one key, a comma in a bare one joins several: "
                    + text.substring(0, Math.min(text.length(), 64)) + "; put it in quotes if the comma belongs to it");
        }
        return new IdempotencyKey(text);
    }

    /**
     * Reads the value of an {@code Idempotency-Key} header as the draft has it: only the quoted form, and only a key that is hard to
     * guess. A key is taken to be if its length times the base-2 logarithm of the number of different characters in it is at least 64: a
     * random UUID is, {@code "1"} and a repeated character are not.
     *
     * @param header the value of the header
     * @return the key
     * @throws IllegalArgumentException if it is no quoted string that is a key, or easy to guess
     */
    public static IdempotencyKey parseStrict(String header) {
        Objects.requireNonNull(header, "header must not be null");
        String text = withoutSpacesAround(header);
        if (!text.startsWith("\"")) {
            throw new IllegalArgumentException(
                    "idempotency key must be a quoted string, such as \"8e03978e-40d5-43e8-bc93-6894a57f9324\" with the quotes");
        }
        var key = new IdempotencyKey(unquoted(text));
        double bits = key.value.length() * Math.log(key.value.chars().distinct().count()) / Math.log(2);
        if (bits < STRICT_BITS) {
            throw new IllegalArgumentException(
                    "idempotency key must be hard to guess, such as a random UUID, was \"" + key + "\"");
        }
        return key;
    }

    private static String withoutSpacesAround(String header) {
        int from = 0;
        int to = header.length();
        while (from < to && isSpace(header.charAt(from))) {
            from++;
        }
        while (to > from && isSpace(header.charAt(to - 1))) {
            to--;
        }
        return header.substring(from, to);
    }

    private static boolean isSpace(char c) {
        return c == ' ' || c == '\t';
    }

    /** RFC 8941, section 3.3.3: a backslash may stand only before a quote or a backslash. */
    private static String unquoted(String text) {
        var value = new StringBuilder(text.length());
        for (int i = 1; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"') {
                if (i + 1 == text.length()) {
                    return value.toString();
                }
                throw notWellFormed("goes on after the closing quote");
            }
            if (c == '\\') {
                i++;
                if (i == text.length() || (text.charAt(i) != '"' && text.charAt(i) != '\\')) {
                    throw notWellFormed("has a backslash before something else than a quote or a backslash");
                }
                c = text.charAt(i);
            }
            value.append(c);
        }
        throw notWellFormed("has no closing quote");
    }

    private static IllegalArgumentException notWellFormed(String what) {
        return new IllegalArgumentException(
                "idempotency key begins with a quote and " + what + "; send it as \"key\" or without any quotes");
    }

    /** Returns the key without quotes. */
    @Override
    public String toString() {
        return value;
    }
}
