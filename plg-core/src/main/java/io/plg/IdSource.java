package io.plg;

import java.util.UUID;

/**
 * Where plg takes the ids of its own records from. The default makes version 7 UUIDs (RFC 9562), which sort by the time of
 * their making; a test may hand in a counter to get the same ids on every run.
 */
@FunctionalInterface
public interface IdSource {

    /**
     * Returns an id that no other call returned. Must be safe to call from many threads.
     *
     * @return the next id
     */
    UUID next();
}
