package io.plg.fraud;

import java.net.IDN;
import java.text.Normalizer;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The one way in which domains are written here, so that equal domains are equal text. */
final class Domains {
    private static final int MAX_CHARACTERS = 253;
    private static final int MAX_LABEL = 63;

    private Domains() {}

    /** The domain in lower case and A-labels, or null if it is none or has no dot. */
    static @Nullable String normalize(String text) {
        String domain = text.strip();
        if (domain.endsWith(".")) {
            domain = domain.substring(0, domain.length() - 1);
        }
        // Nothing longer than this becomes short enough, and the conversion is slow on long text.
        if (domain.length() > 2 * MAX_CHARACTERS) {
            return null;
        }
        if (domain.chars().anyMatch(c -> c > 127)) {
            try {
                domain = IDN.toASCII(dotted(Normalizer.normalize(domain, Normalizer.Form.NFKC)), IDN.ALLOW_UNASSIGNED);
            } catch (IllegalArgumentException e) {
                return null;
            }
        }
        domain = domain.toLowerCase(Locale.ROOT);
        return isHostName(domain) ? domain : null;
    }

    /** With the dots of other scripts as dots. */
    static String dotted(String text) {
        return text.replace('\u3002', '.').replace('\uff0e', '.').replace('\uff61', '.');
    }

    private static boolean isHostName(String domain) {
        if (domain.length() > MAX_CHARACTERS || domain.indexOf('.') < 0) {
            return false;
        }
        for (String label : domain.split("\\.", -1)) {
            if (label.isEmpty()
                    || label.length() > MAX_LABEL
                    || label.startsWith("-")
                    || label.endsWith("-")
                    || !label.chars().allMatch(c -> c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-')) {
                return false;
            }
        }
        // A last label of digits makes it an IP address.
        return !domain.substring(domain.lastIndexOf('.') + 1).chars().allMatch(c -> c >= '0' && c <= '9');
    }
}
