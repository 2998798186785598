package io.plg.internal;

import java.security.SecureRandom;
import java.util.Locale;
import java.util.Optional;

/** Codes of 8 characters that are not mistaken for each other, 40 bits of chance. */
final class ReferralCodes {
    private static final String ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    private static final int LENGTH = 8;

    private ReferralCodes() {}

    static String next(SecureRandom random) {
        var code = new StringBuilder(LENGTH);
        for (int i = 0; i < LENGTH; i++) {
            code.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
        }
        return code.toString();
    }

    /** The code as it is stored, or empty if it cannot be one. */
    static Optional<String> normalize(String entered) {
        if (entered.strip().chars().anyMatch(c -> c > 'z')) {
            return Optional.empty(); // some letters of other alphabets would become ours
        }
        String code = entered.strip().toUpperCase(Locale.ROOT);
        return code.length() == LENGTH && code.chars().allMatch(c -> ALPHABET.indexOf(c) >= 0)
                ? Optional.of(code)
                : Optional.empty();
    }
}
