package io.plg.reward;

/** Where a reward stands. */
public enum RewardState {
    /** Decided; held for a while, in case what earned it is taken back. */
    PENDING,
    /** Somebody is to look at it first. */
    FLAGGED,
    /** Nothing is in its way; the user has to redeem it, or it is about to be issued. */
    APPROVED,
    /** Given. */
    ISSUED,
    /** Refused by somebody who looked at it. Final. */
    REJECTED,
    /** Taken back before it was given, or not redeemed in time. Final. */
    CANCELED,
    /** Taken back after it was given. Final. */
    CLAWED_BACK;

    /**
     * Tells whether it stays so for ever.
     *
     * @return whether no other state can follow
     */
    public boolean isFinal() {
        return this == REJECTED || this == CANCELED || this == CLAWED_BACK;
    }
}
