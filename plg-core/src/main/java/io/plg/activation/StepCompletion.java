package io.plg.activation;

import io.plg.UserId;
import io.plg.internal.Text;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The fact that a user completed a step, as the host tells it. Immutable; {@link #at(Instant)} and {@link #with(String, String)}
 * return a changed copy.
 *
 * @param user who completed it
 * @param step what was completed
 * @param time when, in microseconds, between the years 1 and 9999; empty for the moment at which it is recorded
 * @param metadata the host's own notes on it, at most 20 entries; values have at most 1,000 characters. Not for secrets or
 *     personal data. It can be reported by: see {@link Activation#reportBy(Cohort, String)}
 */
public record StepCompletion(UserId user, Step step, Optional<Instant> time, Map<String, String> metadata) {
    private static final int MAX_ENTRIES = 20;
    private static final int MAX_VALUE = 1_000;
    private static final Instant EARLIEST = Instant.parse("0001-01-01T00:00:00Z");
    private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59.999999Z");

    /**
     * Checks the completion and copies its metadata.
     *
     * @throws IllegalArgumentException if the time is outside the years 1 to 9999, or the metadata has more than 20 entries, a
     *     blank or too long key, or a value that is too long or not storable
     */
    public StepCompletion {
        Objects.requireNonNull(user, "user");
        Objects.requireNonNull(step, "step");
        time = time.map(StepCompletion::storable);
        metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
        if (metadata.size() > MAX_ENTRIES) {
            throw new IllegalArgumentException(
                    "metadata may have at most " + MAX_ENTRIES + " entries, had " + metadata.size());
        }
        metadata.forEach(StepCompletion::checkEntry);
    }

    /**
     * Returns the completion of a step by a user, at the moment at which it is recorded.
     *
     * @param user who completed it
     * @param step what was completed
     * @return the completion
     */
    public static StepCompletion of(UserId user, Step step) {
        return new StepCompletion(user, step, Optional.empty(), Map.of());
    }

    /**
     * Returns a copy that happened at the given time, for completions that are told late or imported.
     *
     * @param when when the step was completed; kept in microseconds
     * @return the copy
     * @throws IllegalArgumentException if the time is outside the years 1 to 9999
     */
    public StepCompletion at(Instant when) {
        return new StepCompletion(user, step, Optional.of(when), metadata);
    }

    /**
     * Returns a copy with one more entry of metadata.
     *
     * @param key its key, 1 to 128 characters
     * @param value its value, at most 1,000 characters
     * @return the copy
     * @throws IllegalArgumentException if the key or the value is not well-formed, or it is one entry more than 20
     */
    public StepCompletion with(String key, String value) {
        var more = new LinkedHashMap<>(metadata);
        more.put(key, value);
        return new StepCompletion(user, step, time, more);
    }

    static Instant storable(Instant time) {
        Instant stored = time.truncatedTo(ChronoUnit.MICROS);
        if (stored.isBefore(EARLIEST) || stored.isAfter(LATEST)) {
            throw new IllegalArgumentException("time must be between " + EARLIEST + " and " + LATEST + ", was " + time);
        }
        return stored;
    }

    private static void checkEntry(String key, String value) {
        Text.checkName("metadata key", key);
        Objects.requireNonNull(value, () -> "metadata \"" + key + "\" must not be null");
        if (value.length() > MAX_VALUE) {
            throw new IllegalArgumentException(
                    "metadata \"" + key + "\" may have at most " + MAX_VALUE + " characters, had " + value.length());
        }
        Text.checkStorable("metadata \"" + key + "\"", value);
    }
}
