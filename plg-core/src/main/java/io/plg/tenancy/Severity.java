package io.plg.tenancy;

/** How bad a {@link Finding} is, the worst first. */
public enum Severity {
    /** Rows of one tenant can be read or changed by another now. */
    CRITICAL,
    /** One more mistake, or one statement of somebody who should not be able to, is enough. */
    HIGH,
    /** Isolation holds, but a rule that keeps it that way is broken. */
    MEDIUM
}
