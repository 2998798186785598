package io.plg.examples.replay;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Microseconds since 1970, the unit in which times are kept here. */
final class Micros {

    private Micros() {}

    static Instant toInstant(long micros) {
        return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
    }
}
