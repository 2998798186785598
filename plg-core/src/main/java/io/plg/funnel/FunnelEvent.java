package io.plg.funnel;

import java.time.Instant;
import java.util.Map;
import java.util.Objects;

/**
 * Something a subject did at some time.
 *
 * @param subject who did it: a user, or whatever the funnel follows
 * @param name what was done, compared with the names of the steps character by character
 * @param time when; analysed at microseconds, finer parts are cut off
 * @param properties facts about the event, such as {@code plan = pro}; copied
 */
public record FunnelEvent(String subject, String name, Instant time, Map<String, String> properties) {

    /**
     * Copies the properties.
     *
     * @throws NullPointerException if anything is null, a property's key or value included
     */
    public FunnelEvent {
        Objects.requireNonNull(subject, "subject");
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(time, "time");
        properties = Map.copyOf(properties);
    }

    /**
     * An event without properties.
     *
     * @param subject who did it
     * @param name what was done
     * @param time when
     */
    public FunnelEvent(String subject, String name, Instant time) {
        this(subject, name, time, Map.of());
    }
}
