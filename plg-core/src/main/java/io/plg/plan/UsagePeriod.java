package io.plg.plan;

import java.time.Instant;
import java.util.Objects;

/**
 * A stretch of time in which a quota is counted.
 *
 * @param start its first instant
 * @param end the first instant after it, which is the start of the next one
 */
public record UsagePeriod(Instant start, Instant end) {

    /**
     * Checks that it is not empty.
     *
     * @throws IllegalArgumentException unless the start is before the end
     */
    public UsagePeriod {
        Objects.requireNonNull(start, "start");
        Objects.requireNonNull(end, "end");
        if (!start.isBefore(end)) {
            throw new IllegalArgumentException(
                    "start of a period must be before its end, was " + start + " and " + end);
        }
    }

    /**
     * Tells whether an instant is in this period.
     *
     * @param instant when
     * @return {@code true} from the start on, {@code false} from the end on
     */
    public boolean contains(Instant instant) {
        return !instant.isBefore(start) && instant.isBefore(end);
    }

    /**
     * Returns start and end.
     *
     * @return for example {@code [2026-04-01T00:00:00Z, 2026-05-01T00:00:00Z)}
     */
    @Override
    public String toString() {
        return "[" + start + ", " + end + ")";
    }
}
