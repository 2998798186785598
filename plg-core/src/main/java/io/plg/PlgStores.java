package io.plg;

import io.plg.activation.ActivationStore;
import io.plg.gate.UsageStore;
import io.plg.idempotency.IdempotencyStore;
import io.plg.prompt.PromptStore;
import io.plg.referral.ReferralStore;
import io.plg.reward.RewardStore;
import io.plg.tenancy.TenancyStore;
import io.plg.virality.ViralityStore;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What an adapter provides: a store for every feature, and transactions over all of them. Applications do not call it.
 *
 * <p>One kind of object plays two parts. <em>Root</em> stores live as long as the {@link Plg}; each call on them is a
 * transaction of its own, or takes part in the one that the host has bound to the thread, if the adapter can see such. <em>Bound</em>
 * stores, made by {@link #transact(TransactionWork)} or by an adapter's way of joining the host, work on one transaction.
 *
 * <p>Rules for implementers: decisions that race are one atomic statement in the store; nothing a transaction wrote is seen by
 * others before its commit or after its rollback; a call that throws leaves no trace. The contract tests are
 * {@code ActivationStoreContract}, {@code IdempotencyContract}, {@code GateContract}, {@code PromptContract}, {@code ReferralContract}, {@code RewardContract}, {@code ViralityContract}, {@code TenancyContract} and {@code TransactionContract} of plg-testkit.
 */
public interface PlgStores extends AutoCloseable {

    /**
     * Returns the store of activations.
     *
     * @return the store
     */
    ActivationStore activation();

    /**
     * Returns the store of idempotency keys.
     *
     * @return the store
     */
    IdempotencyStore idempotency();

    /**
     * Returns the store of what workspaces have and use.
     *
     * @return the store
     */
    UsageStore usage();

    /**
     * Returns the store of upgrade prompts.
     *
     * @return the store
     */
    PromptStore prompts();

    /**
     * Returns the store of codes and referrals.
     *
     * @return the store
     */
    ReferralStore referrals();

    /**
     * Returns the store of rewards.
     *
     * @return the store
     */
    RewardStore rewards();

    /**
     * Returns what counts how users bring users.
     *
     * @return the store
     */
    ViralityStore virality();

    /**
     * Returns the store that ends workspaces and users.
     *
     * @return the store
     * @throws IllegalStateException on bound stores: what it does takes many transactions
     */
    TenancyStore tenancy();

    /**
     * Returns what operator reports read.
     *
     * @return the store, or empty unless they were turned on
     */
    Optional<OperatorStore> operator();

    /**
     * Runs work in one transaction. Called on bound stores, or where {@link #inTransaction()}, it becomes a part of that transaction, as
     * between a savepoint and its release: if the work throws, what it did is undone, its {@linkplain #afterCommit tasks} never run, and
     * the transaction goes on; the owner of the transaction decides about the whole.
     *
     * @param work is handed stores that are bound to the transaction
     * @param <T> the type of the result
     * @param <X> the checked exception that the work may throw
     * @return what the work returned
     * @throws X whatever the work throws, after the rollback
     * @throws StoreFailure if the transaction cannot be begun or committed
     */
    <T extends @Nullable Object, X extends Exception> T transact(TransactionWork<PlgStores, T, X> work) throws X;

    /**
     * Tells whether a call made now, on this thread, would be part of a transaction that is still open.
     *
     * @return {@code true} on bound stores, and on root stores inside a transaction that the host has bound to the thread
     */
    boolean inTransaction();

    /**
     * Tells whether a call made now, on this thread, would take part in the transaction that these stores are bound to. It would not while the host
     * has suspended that transaction for another one.
     *
     * @return {@code true} on root stores
     */
    boolean isCurrent();

    /**
     * Runs a task once the current transaction has committed; never if it rolls back; at once if there is none. Tasks run in the order
     * in which they were given. A task must not throw.
     *
     * @param task what to run
     */
    void afterCommit(Runnable task);

    /**
     * Tells whether a transaction failed only because it lost to another one, so that doing all of it again may succeed.
     *
     * @param failure what was thrown inside of it, by the store or by the host's own statements
     * @return {@code true} for a serialization failure or a deadlock
     */
    boolean isConflict(Throwable failure);

    /**
     * Returns the adapter's own handle on the transaction that these stores are bound to. If plg began that transaction, it is then bound to the
     * workspace, where the store knows such a thing.
     *
     * @param workspace what the handle is for
     * @param type the type of the handle, such as {@code java.sql.Connection}
     * @param <H> the type of the handle
     * @return the handle, or empty if there is none of that type
     */
    <H> Optional<H> unwrap(WorkspaceId workspace, Class<H> type);

    /**
     * Returns the feed by which caches learn what other nodes changed.
     *
     * @return the feed, or empty if these stores are as fast as a cache and nothing should be cached above them
     */
    Optional<ChangeFeed> changes();

    /** Releases what the adapter itself opened. Calling it again does nothing. */
    @Override
    void close();
}
