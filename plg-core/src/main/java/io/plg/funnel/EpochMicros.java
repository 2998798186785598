package io.plg.funnel;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Microseconds since 1970, the one unit of time inside the analysis. */
final class EpochMicros {

    /** Times stay within ± 2^61 µs, about 73,000 years, so that no difference or sum of two overflows. */
    static final long MAX = 1L << 61;

    static final long MIN = -MAX;

    private EpochMicros() {}

    /** Cuts an instant off to microseconds. */
    static long of(Instant instant) {
        long seconds = instant.getEpochSecond();
        if (seconds < MIN / 1_000_000 || seconds >= MAX / 1_000_000) {
            throw new IllegalArgumentException("time must be within 73,000 years of 1970, was " + instant);
        }
        return seconds * 1_000_000 + instant.getNano() / 1_000;
    }

    /** Cuts a positive duration off to microseconds; {@link Long#MAX_VALUE}, which never ends, for what does not fit. */
    static long of(Duration duration) {
        return duration.getSeconds() >= MAX / 1_000_000
                ? Long.MAX_VALUE
                : duration.getSeconds() * 1_000_000 + duration.getNano() / 1_000;
    }

    static Instant toInstant(long micros) {
        return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
    }
}
