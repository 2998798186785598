package io.plg.reward;

import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What came of redeeming a reward. A value that can be kept as the result of an idempotent operation, refusals included.
 *
 * @param status what came of it
 * @param rewardId of the reward that the user has by this or had before; {@code null} if there is none
 * @param message the same in words, with what would help
 */
public record Redemption(Status status, @Nullable UUID rewardId, String message) {

    /** Checks that nothing is missing. */
    public Redemption {
        Objects.requireNonNull(status, "status");
        Objects.requireNonNull(message, "message");
    }

    /**
     * Tells whether this call has given the reward.
     *
     * @return {@code true} for {@link Status#REDEEMED}
     */
    public boolean redeemed() {
        return status == Status.REDEEMED;
    }

    /**
     * Tells whether asking again later may give the reward, so that this answer is not to be kept as the result of an idempotent operation:
     * {@code Operation.financial("redeem-reward", Redemption.class).retryableWhen(Redemption::mayComeLater)}.
     *
     * @return {@code true} for {@link Status#NOT_YET} and {@link Status#LIMIT_REACHED}
     */
    public boolean mayComeLater() {
        return status == Status.NOT_YET || status == Status.LIMIT_REACHED;
    }

    /**
     * Returns this if the reward was given.
     *
     * @return this
     * @throws RedemptionRefused if it was not
     */
    public Redemption orThrow() {
        if (!redeemed()) {
            throw new RedemptionRefused(this);
        }
        return this;
    }

    /** What came of it. */
    public enum Status {
        /** It was given, by this call. */
        REDEEMED,
        /** It was given before, and not again. */
        ALREADY_REDEEMED,
        /** Nothing is left of it. */
        LIMIT_REACHED,
        /** It is held, or somebody is to look at it first. */
        NOT_YET,
        /** It was to be redeemed before, or the campaign is over. */
        EXPIRED,
        /** It was refused, canceled or taken back. */
        WITHDRAWN,
        /** There is no such reward in this workspace. */
        UNKNOWN
    }
}
