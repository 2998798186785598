package io.plg.idempotency;

import io.plg.UserId;
import org.jspecify.annotations.Nullable;

/**
 * One effect, however often it is asked for, in one workspace.
 *
 * <pre>{@code
 * Outcome<Redemption> outcome = acme.idempotency()
 *         .execute(REDEEM, by(user), IdempotencyKey.parse(header), Fingerprint.of(request), tx -> redeem(tx, rewardId));
 * }</pre>
 *
 * <p>Of any number of calls with one key, on any number of threads and nodes, one has the effect; the others wait for it and are handed its
 * result. A key belongs to a workspace, a principal and an operation. What a later call with the same key is for must be the same as what the
 * first was for, which the {@link Fingerprint} tells.
 *
 * @param <V> what an effect is handed: the view on the workspace inside the transaction
 */
public interface Idempotency<V> {

    /**
     * Has an effect on this database once: the key, the effect and its result are one commit.
     *
     * <p>Outside of a transaction the call makes one of its own. If that loses to another transaction (a serialization failure, a deadlock), it
     * begins again, up to three times: so the effect must do nothing that a rollback does not undo. Inside a transaction the call takes part
     * in it, and the key is used up when that commits.
     *
     * <p>A result is stored and replayed whatever it says, unless the operation calls it {@linkplain Operation#retryableWhen retryable}. An
     * exception stores nothing and undoes what the effect wrote: the key is free, and the exception reaches the caller unchanged, unless a
     * serialization failure or a deadlock is among its causes.
     *
     * @param operation what is to happen
     * @param by who asks
     * @param key the key
     * @param request what is asked for
     * @param effect has the effect and returns its result
     * @param <T> the type of the result
     * @param <X> the checked exception that the effect may throw
     * @return what came of it
     * @throws X whatever the effect throws
     * @throws IllegalStateException if the effect itself asks for the same key
     * @throws WaitInterrupted if the thread is interrupted while it waits for another call
     * @throws io.plg.TransactionConflict if the transaction lost to another one: the host's, or plg's own for the fourth time; may be tried again
     * @throws io.plg.OutcomeUnknown if the connection broke while the commit was under way; trying again with the same key tells
     * @throws UnreadableResult if the result cannot be written as JSON, then nothing is stored; or the stored one cannot be read
     * @throws io.plg.StoreFailure if the store fails otherwise; then nothing is stored
     * @throws io.plg.WorkspaceDeleted if the workspace was deleted
     * @throws io.plg.UserErased if the user who asks was erased
     */
    <T extends @Nullable Object, X extends Exception> Outcome<T> execute(
            Operation<T> operation, Principal by, IdempotencyKey key, Fingerprint request, Effect<V, T, X> effect)
            throws X;

    /**
     * Has an effect with a call to another system in the middle, as {@link #executeLeased(Operation, Principal, IdempotencyKey, Fingerprint,
     * ForeignCall, Settlement)} does, where nothing but the result is stored.
     *
     * @param operation what is to happen
     * @param by who asks
     * @param key the key
     * @param request what is asked for
     * @param call calls the other system and returns the result
     * @param <T> the type of the result
     * @param <X> the checked exception that the call may throw
     * @return what came of it
     * @throws X whatever the call throws
     */
    default <T extends @Nullable Object, X extends Exception> Outcome<T> executeLeased(
            Operation<T> operation, Principal by, IdempotencyKey key, Fingerprint request, ForeignCall<T, X> call)
            throws X {
        return this.<T, T, X>executeLeased(operation, by, key, request, call, (tx, answer) -> answer);
    }

    /**
     * Has an effect with a call to another system in the middle, in three steps: the key is claimed and committed, with a lease; the other
     * system is called outside of any transaction; what that leads to here is one commit with the result, if the lease is still held. No
     * connection is kept during the call, and the lease is renewed while it runs.
     *
     * <p>If this process dies, the key is free when the lease ends, by the database's clock. Whoever takes over calls the other system with the
     * same {@link Lease#key()}, by which it must recognise the repetition: no library can make a call to another system happen exactly once.
     * A call that throws frees the key at once; since nobody knows whether the other system did it, a later attempt has the same
     * {@link Lease#key()} and must be for the same request.
     *
     * @param operation what is to happen
     * @param by who asks
     * @param key the key
     * @param request what is asked for
     * @param call calls the other system
     * @param settlement writes here what the call led to, and returns the result
     * @param <C> the type of the other system's answer
     * @param <T> the type of the result
     * @param <X> the checked exception that the call or the settlement may throw
     * @return what came of it
     * @throws X whatever the call or the settlement throws
     * @throws IllegalStateException inside a transaction, or if the call itself asks for the same key
     * @throws LeaseLost if another call has taken the key over; nothing of the settlement is stored
     * @throws WaitInterrupted if the thread is interrupted while it waits for another call
     * @throws io.plg.TransactionConflict if the settlement's transaction lost to another one for the fourth time; may be tried again
     * @throws io.plg.OutcomeUnknown if the connection broke while a commit was under way; trying again with the same key tells
     * @throws UnreadableResult if the result cannot be written as JSON, or the stored one cannot be read
     * @throws io.plg.StoreFailure if the store fails otherwise
     * @throws io.plg.WorkspaceDeleted if the workspace was deleted
     * @throws io.plg.UserErased if the user who asks was erased
     */
    <C extends @Nullable Object, T extends @Nullable Object, X extends Exception> Outcome<T> executeLeased(
            Operation<T> operation,
            Principal by,
            IdempotencyKey key,
            Fingerprint request,
            ForeignCall<C, X> call,
            Settlement<V, C, T, X> settlement)
            throws X;

    /**
     * Notes that something happens to a user that may happen once, whatever the key: a caller who changes the idempotency key must not get a
     * second welcome reward. To be asked inside the effect; it is committed and undone with it, and names the effect. Of two transactions that ask
     * at the same time the second waits for the end of the first.
     *
     * @param what what may happen once, such as {@code "welcome-reward"}
     * @param user to whom
     * @return whether this is the one time
     * @throws IllegalArgumentException if {@code what} is blank, longer than 128 characters, or has a NUL or a lone surrogate
     * @throws IllegalStateException outside of a transaction, where the one time would be used up without what happens
     * @throws io.plg.TransactionConflict if the transaction lost to another one; may be tried again
     * @throws io.plg.WorkspaceDeleted if the workspace was deleted
     * @throws io.plg.UserErased if the user was erased
     */
    Once once(String what, UserId user);

    /**
     * Notes that something happens to a user that may happen once, as {@link #once(String, UserId)} does.
     *
     * @param what what may happen once, such as {@code "welcome-reward"}
     * @param userId the id of the user to whom
     * @return whether this is the one time
     * @throws IllegalArgumentException if {@code what} or {@code userId} is not well-formed, see {@link UserId}
     * @throws IllegalStateException outside of a transaction
     */
    default Once once(String what, String userId) {
        return once(what, UserId.of(userId));
    }

    /**
     * As {@link #once(String, UserId)}, for something other than a user.
     *
     * @param what what may happen once, such as {@code "migrate"}
     * @param thing to which thing, an id of 1 to 128 characters; no id of a person, because erasing a person does not find it
     * @return whether this is the one time
     * @throws IllegalArgumentException if {@code what} or {@code thing} is blank, longer than 128 characters, or has a NUL or a lone surrogate
     * @throws IllegalStateException outside of a transaction
     * @throws io.plg.TransactionConflict if the transaction lost to another one; may be tried again
     * @throws io.plg.WorkspaceDeleted if the workspace was deleted
     */
    Once onceFor(String what, String thing);

    /**
     * Has an effect.
     *
     * @param <V> the view on the workspace inside the transaction
     * @param <T> the type of the result
     * @param <X> the checked exception that it may throw
     */
    @FunctionalInterface
    interface Effect<V, T extends @Nullable Object, X extends Exception> {

        /**
         * Has the effect.
         *
         * @param tx bound to the transaction in which the key is used up
         * @return the result
         * @throws X if it fails
         */
        T run(V tx) throws X;
    }

    /**
     * Calls another system.
     *
     * @param <C> the type of its answer
     * @param <X> the checked exception that it may throw
     */
    @FunctionalInterface
    interface ForeignCall<C extends @Nullable Object, X extends Exception> {

        /**
         * Makes the call.
         *
         * @param lease what this call owns; has the key to pass on
         * @return the answer
         * @throws X if it fails
         */
        C call(Lease lease) throws X;
    }

    /**
     * Writes here what a call to another system led to.
     *
     * @param <V> the view on the workspace inside the transaction
     * @param <C> the type of the other system's answer
     * @param <T> the type of the result
     * @param <X> the checked exception that it may throw
     */
    @FunctionalInterface
    interface Settlement<V, C extends @Nullable Object, T extends @Nullable Object, X extends Exception> {

        /**
         * Settles it.
         *
         * @param tx bound to the transaction in which the result is stored
         * @param answer what the other system answered
         * @return the result
         * @throws X if it fails
         */
        T run(V tx, C answer) throws X;
    }
}
