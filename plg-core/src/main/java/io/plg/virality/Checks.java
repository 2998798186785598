package io.plg.virality;

/** What all numbers of this package have to be. */
final class Checks {
    private Checks() {}

    static void finiteNotNegative(String field, double value) {
        if (!(value >= 0 && value <= Double.MAX_VALUE)) {
            throw new IllegalArgumentException(field + " must be a finite number of 0 or more, was " + value);
        }
    }
}
