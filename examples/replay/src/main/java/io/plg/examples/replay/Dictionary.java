package io.plg.examples.replay;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Numbers for texts that occur often. Absence has the number −1. */
final class Dictionary {
    private final Map<String, Integer> numbers = new HashMap<>();
    private final List<String> texts = new ArrayList<>();

    int number(@Nullable String text) {
        if (text == null) {
            return -1;
        }
        Integer known = numbers.putIfAbsent(text, texts.size());
        if (known != null) {
            return known;
        }
        texts.add(text);
        return texts.size() - 1;
    }

    @Nullable
    String text(int number) {
        return number < 0 ? null : texts.get(number);
    }
}
