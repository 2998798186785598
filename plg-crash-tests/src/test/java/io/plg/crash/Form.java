package io.plg.crash;

import java.util.List;
import java.util.stream.IntStream;

/** How much of each case is run: the short form, or with {@code -Plong} the full one. */
final class Form {
    private static final boolean LONG = System.getProperty("plg.crash", "short").equals("long");

    private Form() {}

    /** How often, in either form. */
    static int times(int inShort, int inLong) {
        return LONG ? inLong : inShort;
    }

    /** The seeds of a case with randomness; the list is fixed, so that a failure can be repeated. */
    static List<Integer> seeds() {
        return IntStream.rangeClosed(1, times(1, 20)).boxed().toList();
    }
}
