package io.plg.gate;

/** How close the use of a feature is to its limit, in ascending order. */
public enum Severity {
    /** Well below the limit. */
    OK,
    /** At or beyond the share of the limit from which on to warn, by default 80 %, and not yet full. */
    APPROACHING,
    /** Nothing is left; what was asked for is allowed. */
    AT_LIMIT,
    /** Beyond the limit and still allowed: for a time with {@code GRACE}, for good with {@code WARN}. */
    GRACE,
    /** The amount asked for is denied. */
    BLOCKED
}
