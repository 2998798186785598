package io.plg.activation;

import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A step as it was completed. The first completion to arrive is the one that counts: its time and metadata never change.
 *
 * @param step what was completed
 * @param at when, in microseconds
 * @param metadata what the host noted on it; empty if nothing
 */
public record CompletedStep(Step step, Instant at, Map<String, String> metadata) {

    /** Copies the metadata. */
    public CompletedStep {
        metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
    }
}
