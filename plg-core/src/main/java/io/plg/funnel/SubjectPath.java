package io.plg.funnel;

import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How far one subject came in a funnel, and when.
 *
 * @param subject who it is; a subject known by number is given in decimal digits
 * @param depth the number of the deepest step reached, counted from 1; in a funnel of any order how many steps were done
 * @param status whether the subject converted, may still convert or dropped out
 * @param times when each step of the subject's chain was done, by step name, in the order in which they were done; steps not
 *     reached and optional steps left out are missing. The first one is the entry. The chain is the one that first reached the
 *     depth; of several, the one with the latest entry
 */
public record SubjectPath(String subject, int depth, Status status, Map<String, Instant> times) {

    /** What became of a subject that entered. */
    public enum Status {
        /** All steps were done. */
        CONVERTED,
        /** Less than a window has passed since the latest entry. */
        IN_PROGRESS,
        /** The window is over. */
        DROPPED
    }

    /** Copies the times. */
    public SubjectPath {
        times = Collections.unmodifiableMap(new LinkedHashMap<>(times));
    }

    /**
     * When the subject entered, on the reported chain.
     *
     * @return the time of the chain's first step
     */
    public Instant entry() {
        return times.values().iterator().next();
    }
}
