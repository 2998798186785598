package io.plg.plan;

/** What a gate answers when the store cannot be reached. */
public enum Fallback {
    /** Allowed; nothing is counted. */
    OPEN,
    /** Denied. */
    CLOSED
}
