package io.plg.reward;

import io.plg.UserId;
import io.plg.WorkspaceId;

/**
 * Gives rewards of the host's own kind, {@link Benefit.Custom}, inside the transaction in which they are issued: what it writes there commits with the reward.
 */
public interface RewardProvider {

    /**
     * Gives a reward. What it throws undoes everything that was to be committed with it.
     *
     * @param given what to give
     */
    void provide(Given given);

    /**
     * Takes a reward back.
     *
     * @param given what was given
     */
    default void takeBack(Given given) {}

    /**
     * A reward with the transaction it belongs to.
     *
     * @param workspace whose
     * @param user who gets it
     * @param reward the reward
     * @param benefit what it gives
     * @param transaction leads to the adapter's own handle
     */
    record Given(WorkspaceId workspace, UserId user, Reward reward, Benefit.Custom benefit, Transaction transaction) {}

    /** The transaction in which a reward is given. */
    interface Transaction {

        /**
         * Returns the adapter's own handle on the transaction.
         *
         * @param type such as {@code java.sql.Connection}
         * @param <H> the type of the handle
         * @return the handle
         * @throws IllegalArgumentException if the store has none of that type
         */
        <H> H unwrap(Class<H> type);
    }
}
