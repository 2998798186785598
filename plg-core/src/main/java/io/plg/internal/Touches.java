package io.plg.internal;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;

/**
 * Which codes a visitor followed first and last, and when; signed with the secret of the workspace of the first, so that a visitor can keep it.
 *
 * @param first the code that was followed first
 * @param firstAt when
 * @param last the code that was followed last
 * @param lastAt when
 */
record Touches(String first, Instant firstAt, String last, Instant lastAt) {
    private static final String VERSION = "t1";
    private static final int LONGEST = 200;

    /** What it says, as the part of a value that is signed. */
    private String payload() {
        return VERSION + "." + first + "." + firstAt.getEpochSecond() + "." + last + "." + lastAt.getEpochSecond();
    }

    String signed(Pepper pepper) {
        String payload = payload();
        return payload + "." + pepper.hash("touch", payload);
    }

    /** What a value claims, without knowing whether it is true; empty if it cannot be one. */
    static Optional<Touches> claimed(String value) {
        if (value.length() > LONGEST) {
            return Optional.empty();
        }
        String[] parts = value.split("\\.", -1);
        if (parts.length != 6 || !parts[0].equals(VERSION)) {
            return Optional.empty();
        }
        try {
            var touches = new Touches(
                    parts[1],
                    Instant.ofEpochSecond(Long.parseLong(parts[2])),
                    parts[3],
                    Instant.ofEpochSecond(Long.parseLong(parts[4])));
            // Exactly as it was given out: no other spelling of the same.
            boolean codes = ReferralCodes.normalize(touches.first)
                            .filter(touches.first::equals)
                            .isPresent()
                    && ReferralCodes.normalize(touches.last)
                            .filter(touches.last::equals)
                            .isPresent();
            return codes && value.startsWith(touches.payload() + ".") ? Optional.of(touches) : Optional.empty();
        } catch (NumberFormatException | DateTimeException e) {
            return Optional.empty();
        }
    }

    /** Whether a value that claims this was given out by whoever has the secret. */
    boolean isTrue(String value, Pepper pepper) {
        String signature = value.substring(value.lastIndexOf('.') + 1);
        return MessageDigest.isEqual(
                signature.getBytes(StandardCharsets.UTF_8),
                pepper.hash("touch", payload()).getBytes(StandardCharsets.UTF_8));
    }

    static Touches of(String code, Instant at) {
        return new Touches(code, at, code, at);
    }

    Touches then(String code, Instant at) {
        return new Touches(first, firstAt, code, at);
    }
}
