package io.plg.reward;

import io.plg.UserId;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * The rewards of one workspace's users, and the ledger of what they were given. Entries are only added, and a balance is their sum.
 *
 * <p>Rewards are decided by what happens: by referrals, and by campaigns that users claim from. What a reward gives, its entry, its event and what it takes of its caps are one commit, with what
 * earned it. What goes on by itself, the end of a hold or of the time to redeem, happens within some seconds of its time, and before
 * anything here is answered outside of a transaction.
 *
 * <p>Every method throws {@code WorkspaceDeleted} after the workspace's deletion, those about a user {@code UserErased} after the user's erasure, {@code TransactionConflict} inside a transaction that
 * lost to another one, and {@code StoreFailure} if the store fails.
 */
public interface RewardLedger {

    /**
     * Returns what a user has.
     *
     * @param user who
     * @return the sums of the user's entries
     */
    RewardBalance balanceOf(UserId user);

    /**
     * Returns what a user has.
     *
     * @param userId the id of the user
     * @return the sums of the user's entries
     * @throws IllegalArgumentException if the id is not well-formed, see {@link UserId}
     */
    default RewardBalance balanceOf(String userId) {
        return balanceOf(UserId.of(userId));
    }

    /**
     * Finds the rewards of a user.
     *
     * @param user who
     * @return the latest first, at most 1,000
     */
    List<Reward> of(UserId user);

    /**
     * Finds the rewards of a user.
     *
     * @param userId the id of the user
     * @return the latest first, at most 1,000
     * @throws IllegalArgumentException if the id is not well-formed, see {@link UserId}
     */
    default List<Reward> of(String userId) {
        return of(UserId.of(userId));
    }

    /**
     * Finds a reward.
     *
     * @param reward its id
     * @return the reward, or empty if this workspace has none of that id
     */
    Optional<Reward> find(UUID reward);

    /**
     * Reads the ledger of a user.
     *
     * @param user who
     * @return all entries, in the order in which they were added
     */
    List<Entry> entriesOf(UserId user);

    /**
     * Gives a reward that has to be redeemed. Once, whoever asks however often: the reward itself sees to it, with any idempotency key or none.
     *
     * @param reward its id
     * @return what came of it
     */
    Redemption redeem(UUID reward);

    /**
     * Gives a user the reward of a campaign. Once per user, and no more than there are.
     *
     * @param campaign the name of a campaign
     * @param user who claims it
     * @return what came of it
     * @throws IllegalArgumentException if there is no such campaign
     */
    Redemption claim(String campaign, UserId user);

    /**
     * Gives a user the reward of a campaign.
     *
     * @param campaign the name of a campaign
     * @param userId who claims it
     * @return what came of it
     * @throws IllegalArgumentException if there is no such campaign, or the id is not well-formed, see {@link UserId}
     */
    default Redemption claim(String campaign, String userId) {
        return claim(campaign, UserId.of(userId));
    }

    /**
     * Takes from a user's account credit, if there is as much. Each call takes: make it once with {@link io.plg.idempotency.Idempotency}, together with what it is spent on.
     *
     * @param user who
     * @param amount how much, positive
     * @return whether there was
     * @throws IllegalArgumentException if the amount is not positive
     */
    boolean spend(UserId user, Money amount);

    /**
     * Finds rewards that somebody is to look at.
     *
     * @param most how many at most, 1 to 10,000
     * @return the oldest first
     * @throws IllegalArgumentException if {@code most} is out of range
     */
    List<Reward> flagged(int most);

    /**
     * Lets a flagged reward go on: into the rest of its hold, if there is any, else as if it had never been flagged.
     *
     * @param reward its id
     * @return the reward as it is then, or empty if it is not flagged
     */
    Optional<Reward> approve(UUID reward);

    /**
     * Refuses a flagged reward.
     *
     * @param reward its id
     * @param why for whoever asks later, at most 200 characters
     * @return the reward as it is then, or empty if it is not flagged
     * @throws IllegalArgumentException if the reason is too long
     */
    Optional<Reward> reject(UUID reward, String why);

    /**
     * Puts a reward that is held under somebody's eyes.
     *
     * @param reward its id
     * @param why for whoever looks at it, at most 200 characters
     * @return the reward as it is then, or empty if it is not held
     * @throws IllegalArgumentException if the reason is too long
     */
    Optional<Reward> flag(UUID reward, String why);

    /**
     * Takes a reward back: cancels it if it was not given, else ends what it gives and writes a negative entry, if the time to do so is not over. A balance is not
     * taken below zero unless the rule says so.
     *
     * @param reward its id
     * @param why for whoever asks later, at most 200 characters
     * @return the reward as it is then, or empty if it cannot be taken back
     * @throws IllegalArgumentException if the reason is too long
     */
    Optional<Reward> takeBack(UUID reward, String why);

    /**
     * Does what is due in this workspace now, and tells {@link RewardFulfilment} what it has to be told. It happens by itself; calling it is for tests, and for hosts that plan such work
     * themselves.
     *
     * @return how many rewards went on
     */
    int settle();

    /**
     * A line of the ledger.
     *
     * @param reward of which reward; empty for what was spent
     * @param unit of what, see {@link Benefit#unit()}
     * @param amount positive for what was given, negative for what was taken back or spent
     * @param kind {@code issued}, {@code taken_back}, {@code refunded} or {@code spent}
     * @param at when
     */
    record Entry(Optional<UUID> reward, String unit, BigDecimal amount, String kind, Instant at) {}
}
