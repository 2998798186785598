package io.plg.idempotency;

import java.time.Duration;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What came of asking for an effect once. All four are values, because a web layer has an answer for each; {@link #orThrow()} suits where only
 * the result counts.
 *
 * @param <T> the type of the result
 */
public sealed interface Outcome<T extends @Nullable Object> {

    /**
     * Does one of four things.
     *
     * @param executed if this call had the effect
     * @param replayed if an earlier call had it
     * @param inFlight if another call is under way
     * @param mismatch if the key was used for another request
     * @param <R> the type of what they return
     * @return what the chosen one returned
     */
    <R extends @Nullable Object> R fold(
            Function<? super Executed<T>, ? extends R> executed,
            Function<? super Replayed<T>, ? extends R> replayed,
            Function<? super InFlight<T>, ? extends R> inFlight,
            Function<? super Mismatch<T>, ? extends R> mismatch);

    /**
     * Returns the result, of this call or an earlier one.
     *
     * @return the result
     * @throws IdempotencyInFlight if another call is under way; may be tried again
     * @throws FingerprintMismatch if the key was used for another request
     * @throws ResultNotKept if an earlier call had the effect and its result is not there any more
     */
    default T orThrow() {
        return fold(
                Executed::value,
                Replayed::value,
                inFlight -> {
                    throw new IdempotencyInFlight(inFlight.scope(), inFlight.retryAfter());
                },
                mismatch -> {
                    throw new FingerprintMismatch(mismatch.scope());
                });
    }

    /**
     * This call had the effect.
     *
     * @param value the result
     * @param effectId the id of the effect, the one that {@code tx.effectId()} told while it ran
     * @param committed whether there is an effect and the key is used up; {@code false} if the result is a refusal that is
     *     {@linkplain Operation#retryableWhen retryable}: then all was undone
     * @param <T> the type of the result
     */
    record Executed<T extends @Nullable Object>(T value, UUID effectId, boolean committed) implements Outcome<T> {

        /** Checks that there is an id. */
        public Executed {
            Objects.requireNonNull(effectId, "effectId");
        }

        @Override
        public <R extends @Nullable Object> R fold(
                Function<? super Executed<T>, ? extends R> executed,
                Function<? super Replayed<T>, ? extends R> replayed,
                Function<? super InFlight<T>, ? extends R> inFlight,
                Function<? super Mismatch<T>, ? extends R> mismatch) {
            return executed.apply(this);
        }
    }

    /**
     * An earlier call had the effect.
     *
     * @param result its result as it was stored; {@code null} also if it is not kept
     * @param effectId the id of that effect
     * @param kept whether the result is there: not if it was too large to be stored, or its retention is over
     * @param <T> the type of the result
     */
    record Replayed<T extends @Nullable Object>(@Nullable T result, UUID effectId, boolean kept) implements Outcome<T> {

        /** Checks that there is an id. */
        public Replayed {
            Objects.requireNonNull(effectId, "effectId");
        }

        /**
         * Returns the result of the earlier call.
         *
         * @return the result
         * @throws ResultNotKept if it is not there any more; the exception knows the id of the effect
         */
        @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"}) // what was null when it was stored is a T
        public T value() {
            if (!kept) {
                throw new ResultNotKept(effectId);
            }
            return result;
        }

        @Override
        public <R extends @Nullable Object> R fold(
                Function<? super Executed<T>, ? extends R> executed,
                Function<? super Replayed<T>, ? extends R> replayed,
                Function<? super InFlight<T>, ? extends R> inFlight,
                Function<? super Mismatch<T>, ? extends R> mismatch) {
            return replayed.apply(this);
        }
    }

    /**
     * Another call with the key is under way. Nothing was done.
     *
     * @param scope the key
     * @param retryAfter when to try again, 1 second or longer
     * @param <T> the type of the result
     */
    record InFlight<T extends @Nullable Object>(Scope scope, Duration retryAfter) implements Outcome<T> {

        /** Raises the time to a second, the least that a {@code Retry-After} header can say. */
        public InFlight {
            Objects.requireNonNull(scope, "scope");
            if (retryAfter.compareTo(Duration.ofSeconds(1)) < 0) {
                retryAfter = Duration.ofSeconds(1);
            }
        }

        @Override
        public <R extends @Nullable Object> R fold(
                Function<? super Executed<T>, ? extends R> executed,
                Function<? super Replayed<T>, ? extends R> replayed,
                Function<? super InFlight<T>, ? extends R> inFlight,
                Function<? super Mismatch<T>, ? extends R> mismatch) {
            return inFlight.apply(this);
        }
    }

    /**
     * The key was used for a request with another fingerprint. Nothing was done, and the first request can still be repeated.
     *
     * @param scope the key
     * @param <T> the type of the result
     */
    record Mismatch<T extends @Nullable Object>(Scope scope) implements Outcome<T> {

        /** Checks that there is a key. */
        public Mismatch {
            Objects.requireNonNull(scope, "scope");
        }

        @Override
        public <R extends @Nullable Object> R fold(
                Function<? super Executed<T>, ? extends R> executed,
                Function<? super Replayed<T>, ? extends R> replayed,
                Function<? super InFlight<T>, ? extends R> inFlight,
                Function<? super Mismatch<T>, ? extends R> mismatch) {
            return mismatch.apply(this);
        }
    }
}
