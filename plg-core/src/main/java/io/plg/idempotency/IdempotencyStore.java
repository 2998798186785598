package io.plg.idempotency;

import io.plg.UserId;
import io.plg.WorkspaceId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Keeps keys with their results. Applications use {@link Idempotency}; this is what an adapter implements, and its contract test is
 * {@code IdempotencyContract} of plg-testkit.
 *
 * <pre>
 * atomic:   free ──claim──▶ claimed by a transaction ──finish, commit──▶ finished         (rollback: free)
 * leased:   free ──lease──▶ leased, token n ──finish, commit──▶ finished
 *                             │ lease ends or release
 *                             └──lease──▶ leased, token n + 1                               (finish with an older token is refused)
 * finished ──retention over, removeExpired──▶ free, or logged if the operation is financial (final)
 * </pre>
 *
 * <p>Rules for implementers: who gets a key is decided by one atomic statement. A claim excludes every other claim of the same scope until its
 * transaction ends, also those of other nodes, and leaves nothing behind if that rolls back or its process dies. Leases and retention go by
 * the database's clock, not by the caller's. The first token of a key is the time in milliseconds, so that it is greater than those of
 * the same key before it was forgotten. Every write of a lease's owner names its token and is refused if another owner followed. The log
 * of financial operations is written with the result and is never changed. A scope is compared within its workspace only.
 */
public interface IdempotencyStore {

    /**
     * Looks a key up, without waiting.
     *
     * @param workspace where
     * @param scope the key
     * @param logged whether to look into the log of financial operations too
     * @param now the time by the host's clock, for stores without a clock of their own
     * @return {@link Claim.Finished}, {@link Claim.Busy} or {@link Claim.Free}, which owns nothing
     */
    Claim find(WorkspaceId workspace, Scope scope, boolean logged, Instant now);

    /**
     * Claims a key for the transaction that these stores are bound to. If it is returned as {@link Claim.Free}, it is the transaction's until its end.
     *
     * @param workspace where
     * @param scope the key
     * @param logged whether to look into the log of financial operations too
     * @param wait how long to wait for another transaction that has claimed it; zero for not at all
     * @param now the time by the host's clock, for stores without a clock of their own
     * @return what the key is after that
     */
    Claim claim(WorkspaceId workspace, Scope scope, boolean logged, Duration wait, Instant now);

    /**
     * Stores the result of a key that this transaction has claimed.
     *
     * @param workspace where
     * @param scope the key
     * @param result what is stored
     * @throws io.plg.TransactionConflict if somebody else has stored one, here or at the latest when the transaction commits
     */
    void finish(WorkspaceId workspace, Scope scope, Result result);

    /**
     * Leases a key, in a transaction of its own: if it is free, was released, or its lease has ended and the request is the same.
     *
     * @param workspace where
     * @param scope the key
     * @param request the fingerprint of the request
     * @param effectId the id of the effect if this is the first lease
     * @param length how long
     * @param retention after which time without an owner the key may be forgotten
     * @param logged whether to look into the log of financial operations too
     * @param now the time by the host's clock, for stores without a clock of their own
     * @return {@link Claim.Leased}, {@link Claim.Finished}, or {@link Claim.Busy} also if an unfinished one has another fingerprint
     */
    Claim lease(
            WorkspaceId workspace,
            Scope scope,
            Fingerprint request,
            UUID effectId,
            Duration length,
            Duration retention,
            boolean logged,
            Instant now);

    /**
     * Renews a lease, in a transaction of its own.
     *
     * @param workspace where
     * @param scope the key
     * @param token the owner's token
     * @param length how long from now
     * @param now the time by the host's clock, for stores without a clock of their own
     * @return whether the lease is still the owner's
     */
    boolean renew(WorkspaceId workspace, Scope scope, long token, Duration length, Instant now);

    /**
     * Gives a lease back, in a transaction of its own; does nothing if it is not the owner's any more.
     *
     * @param workspace where
     * @param scope the key
     * @param token the owner's token
     * @param now the time by the host's clock, for stores without a clock of their own
     */
    void release(WorkspaceId workspace, Scope scope, long token, Instant now);

    /**
     * Stores the result of a leased key, in the transaction that these stores are bound to.
     *
     * @param workspace where
     * @param scope the key
     * @param token the owner's token
     * @param result what is stored
     * @return whether the lease was still the owner's; if not, nothing is stored
     */
    boolean finishLeased(WorkspaceId workspace, Scope scope, long token, Result result);

    /**
     * Notes what may happen once, unless it was noted before.
     *
     * @param workspace where
     * @param what what may happen once
     * @param user to whom, if it is a user
     * @param subject to what; the id of the user if it is one
     * @param effectId the id of the effect that this belongs to
     * @param at when, by the host's clock
     * @return whether it was noted now, and by which effect it is
     */
    Once once(WorkspaceId workspace, String what, @Nullable UserId user, String subject, UUID effectId, Instant at);

    /**
     * Removes keys whose retention is over, in batches of at most 1,000, each a transaction of its own. Calls on several nodes share the work.
     *
     * @param now the time by the host's clock, for stores without a clock of their own
     * @return how many were removed
     */
    long removeExpired(Instant now);

    /** What a key is. */
    sealed interface Claim {

        /**
         * Nobody has had the effect. What {@link #claim} and {@link #lease} return so is the caller's.
         *
         * @param effectId the id that an earlier attempt with a lease gave the effect
         * @param request the fingerprint of that attempt's request
         */
        record Free(Optional<UUID> effectId, Optional<Fingerprint> request) implements Claim {
            /** Nobody has tried. */
            public static final Free UNTRIED = new Free(Optional.empty(), Optional.empty());
        }

        /**
         * It is leased to the caller.
         *
         * @param token the owner's token
         * @param effectId the id of the effect, the one of the first lease
         */
        record Leased(long token, UUID effectId) implements Claim {}

        /**
         * Somebody else is at it.
         *
         * @param request the fingerprint of the request, if it is known
         * @param left how long the lease still is, zero if that is not known
         */
        record Busy(Optional<Fingerprint> request, Duration left) implements Claim {
            /** Another transaction has claimed it. */
            public static final Busy UNKNOWN = new Busy(Optional.empty(), Duration.ZERO);
        }

        /**
         * The effect has happened.
         *
         * @param request the fingerprint of the request
         * @param effectId the id of the effect
         * @param json the result as JSON, or {@code null} if it is not kept
         */
        record Finished(
                Fingerprint request,
                UUID effectId,
                @Nullable String json) implements Claim {}
    }

    /**
     * What is stored for a key.
     *
     * @param request the fingerprint of the request
     * @param effectId the id of the effect
     * @param json the result as JSON, or {@code null} if it is too large to be kept
     * @param retention how long to keep the key
     * @param financial whether the execution is logged for good
     * @param at when, by the host's clock
     */
    record Result(
            Fingerprint request,
            UUID effectId,
            @Nullable String json,
            Duration retention,
            boolean financial,
            Instant at) {}
}
