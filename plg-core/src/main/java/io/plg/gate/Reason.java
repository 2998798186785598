package io.plg.gate;

/** Why a gate answered as it did. */
public enum Reason {
    /** The feature is on. */
    ENABLED(true),
    /** What was asked for is within the limit. */
    WITHIN_LIMIT(true),
    /** There is no limit. */
    UNLIMITED(true),
    /** Beyond the limit, within the time that the limit allows for that. */
    WITHIN_GRACE(true),
    /** Beyond the limit, which does not block. */
    OVER_LIMIT(true),
    /** The store could not be reached, and the feature stays open then. Nothing was counted. */
    FALLBACK_OPEN(true),
    /** More than what is left of the limit was asked for. */
    LIMIT_REACHED(false),
    /** More than what is left of a shorter window within the period was asked for. */
    WINDOW_LIMIT_REACHED(false),
    /** More than what is left to this member of the workspace was asked for. */
    MEMBER_LIMIT_REACHED(false),
    /** The time for which the limit may be exceeded is over. */
    GRACE_ENDED(false),
    /** The plan does not have the feature. */
    NOT_IN_PLAN(false),
    /** The catalog does not know the feature. */
    FEATURE_NOT_FOUND(false),
    /** The store could not be reached, and the feature stays closed then. Nothing was counted. */
    FALLBACK_CLOSED(false);

    private final boolean allowed;

    Reason(boolean allowed) {
        this.allowed = allowed;
    }

    /**
     * Tells whether it is a reason to allow.
     *
     * @return {@code false} for a reason to deny
     */
    public boolean allows() {
        return allowed;
    }
}
