package io.plg.examples.replay;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Says what a mistyped name may have meant. */
final class SimilarNames {
    private static final int SHOWN = 3;

    private SimilarNames() {}

    static String describe(String wrong, Collection<String> known) {
        List<String> events =
                known.stream().filter(name -> !name.startsWith("@")).toList();
        if (events.isEmpty()) {
            return "there are none at all";
        }
        String closest = events.stream()
                .sorted(Comparator.<String>comparingInt(name -> distance(wrong, name))
                        .thenComparing(name -> name))
                .limit(SHOWN)
                .collect(Collectors.joining(", "));
        return events.size() <= SHOWN
                ? "the events are " + closest
                : "the closest of " + events.size() + " are " + closest;
    }

    /** How many characters must be inserted, removed or replaced, upper and lower case being one. */
    private static int distance(String one, String other) {
        String a = one.toLowerCase(Locale.ROOT);
        String b = other.toLowerCase(Locale.ROOT);
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j - 1], row[j]));
            }
        }
        return row[b.length()];
    }
}
