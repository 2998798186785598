package io.plg.reward;

/** In which role somebody gets a reward. Each party's reward is an entry of its own. */
public enum Party {
    /** Who referred another user. */
    REFERRER,
    /** The user who was referred. */
    REFERRED,
    /** Who claims from a {@link RewardCampaign}. */
    CLAIMANT
}
