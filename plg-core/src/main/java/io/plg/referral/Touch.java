package io.plg.referral;

/** Which touch of a referral link counts, if a user touched those of several referrers before signing up. */
public enum Touch {
    /** The earliest one within the window, which is the default. */
    FIRST,
    /** The latest one. */
    LAST
}
