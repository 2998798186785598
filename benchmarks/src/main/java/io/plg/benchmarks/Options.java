package io.plg.benchmarks;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Options of a program: {@code --name=value}, whole numbers only; an unknown one is refused. */
final class Options {

    private final Map<String, Long> given;

    private Options(Map<String, Long> given) {
        this.given = given;
    }

    static Options parse(String[] args, Set<String> known) {
        Map<String, Long> given = new LinkedHashMap<>();
        for (String arg : args) {
            int equals = arg.indexOf('=');
            String name = arg.startsWith("--") && equals > 0 ? arg.substring(2, equals) : arg;
            if (!known.contains(name)) {
                throw new IllegalArgumentException(
                        "option must be --name=number with a name of " + new TreeSet<>(known) + ", was '" + arg + "'");
            }
            given.put(name, Long.parseLong(arg.substring(equals + 1).replace("_", "")));
        }
        return new Options(given);
    }

    long number(String name, long otherwise) {
        return given.getOrDefault(name, otherwise);
    }

    int count(String name, int otherwise) {
        return Math.toIntExact(number(name, otherwise));
    }
}
