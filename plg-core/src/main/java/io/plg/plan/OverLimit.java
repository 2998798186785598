package io.plg.plan;

/** What happens to who asks for more than the limit. */
public enum OverLimit {
    /** More than the limit is denied. */
    BLOCK,
    /** More is allowed for a set time after the limit was first exceeded, and then denied. */
    GRACE,
    /** More is allowed and counted as overage. */
    WARN
}
