package io.plg.fraud;

import io.plg.internal.Json;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the text of a list says.
 *
 * @param domains the domains, normalized
 * @param skipped how many lines are no domain
 * @param firstSkipped the number of the first of them, from 1; 0 if there is none
 */
record DomainText(Set<String> domains, int skipped, int firstSkipped) {

    /**
     * Reads a text.
     *
     * @throws IllegalArgumentException if it has no domain at all, or starts like JSON and is none
     */
    static DomainText read(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        if (text.startsWith("\ufeff")) {
            text = text.substring(1);
        }
        List<?> entries =
                text.stripLeading().startsWith("[") ? array(text) : Arrays.asList(text.split("\r\n|\r|\n", -1));
        Set<String> domains = new HashSet<>();
        int skipped = 0;
        int firstSkipped = 0;
        for (int i = 0; i < entries.size(); i++) {
            String entry = entries.get(i) instanceof String line ? withoutComment(line) : "?";
            if (entry.isEmpty()) {
                continue;
            }
            String domain = entry(entry);
            if (domain != null) {
                domains.add(domain);
            } else if (skipped++ == 0) {
                firstSkipped = i + 1;
            }
        }
        if (domains.isEmpty()) {
            throw new IllegalArgumentException("a domain list must have at least one domain, had none in "
                    + entries.size() + " lines; is it another file?");
        }
        return new DomainText(Set.copyOf(domains), skipped, firstSkipped);
    }

    /** One entry without what people put before a domain, normalized; null if it is no domain. */
    static @Nullable String entry(String text) {
        String entry = text.strip();
        if (entry.startsWith("*.")) {
            entry = entry.substring(2);
        } else if (entry.startsWith("@")) {
            entry = entry.substring(1);
        }
        return Domains.normalize(entry);
    }

    private static String withoutComment(String line) {
        int comment = line.indexOf('#');
        return (comment < 0 ? line : line.substring(0, comment)).strip();
    }

    private static List<?> array(String text) {
        try {
            return Json.readAny(text) instanceof List<?> list ? list : List.of();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("a domain list that starts with [ must be a JSON array of strings", e);
        }
    }
}
