package io.plg.reward;

/**
 * Gives rewards outside of this database, such as a credit at a billing provider. plg calls it after the commit that issued the reward, outside of any transaction, and again after a
 * failure, until it returns. Two nodes do not call it for one reward at a time, as long as a call ends before its lease, which is renewed while it runs and which a process that is paused for long loses; and nobody can make a call to another system happen exactly once: hand the key on, by which the
 * other system recognises a repetition.
 */
public interface RewardFulfilment {

    /**
     * Tells whether rewards of a kind are given outside.
     *
     * @param benefit what a reward gives
     * @return whether {@link #fulfil} is to be called for it
     */
    boolean handles(Benefit benefit);

    /**
     * Gives a reward.
     *
     * @param reward which; of account credit of which a {@linkplain Reward#refunded() part} was taken back before, the rest is to be given. What is taken back of it
     *     afterwards in part is not told
     * @param idempotencyKey the same for each attempt
     * @throws Exception if it could not be given, or that is not known; it is tried again
     */
    void fulfil(Reward reward, String idempotencyKey) throws Exception;

    /**
     * Takes a reward back. It may be called for one that was never given, if it was taken back meanwhile.
     *
     * @param reward which
     * @param idempotencyKey the same for each attempt, another one than that of giving it
     * @throws Exception if it could not be taken back, or that is not known; it is tried again
     */
    void takeBack(Reward reward, String idempotencyKey) throws Exception;
}
