package io.plg.idempotency;

import io.plg.internal.Text;
import java.lang.invoke.MethodType;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Something that is to happen once for each key, with the type of its result and what becomes of that. Make it a constant:
 *
 * <pre>{@code static final Operation<Redemption> REDEEM = Operation.financial("redeem-reward", Redemption.class);}</pre>
 *
 * <p>Immutable: each setting returns another operation. What is stored for a key belongs to the operation's name. The name, and whether it is
 * financial, are for ever; the rest may change from one version of the host to the next, the type as far as the codec still reads what was stored.
 *
 * @param <T> the type of the result
 */
public final class Operation<T extends @Nullable Object> {
    private static final Duration DAY = Duration.ofDays(1);
    private static final Duration MAX_WAIT = Duration.ofMinutes(10);
    private static final Duration MAX_LEASE = Duration.ofDays(1);
    private static final Duration MAX_RETENTION = Duration.ofDays(36_500);
    private static final int MAX_BYTES = 64 << 20;

    private final String name;
    private final Class<? extends @Nullable Object> type;
    private final boolean financial;
    private final Duration wait;
    private final Duration lease;
    private final Duration retention;
    private final int maxStoredBytes;
    private final Predicate<? super T> retryable;
    private final UnaryOperator<T> redaction;

    private Operation(
            String name,
            Class<? extends @Nullable Object> type,
            boolean financial,
            Duration wait,
            Duration lease,
            Duration retention,
            int maxStoredBytes,
            Predicate<? super T> retryable,
            UnaryOperator<T> redaction) {
        this.name = name;
        this.type = type;
        this.financial = financial;
        this.wait = wait;
        this.lease = lease;
        this.retention = retention;
        this.maxStoredBytes = maxStoredBytes;
        this.retryable = retryable;
        this.redaction = redaction;
    }

    private static <T extends @Nullable Object> Operation<T> make(String name, Class<T> type, boolean financial) {
        Text.checkName("operation", name);
        return new Operation<>(
                name,
                MethodType.methodType(Objects.requireNonNull(type, "type"))
                        .wrap()
                        .returnType(),
                financial,
                Duration.ofSeconds(10),
                Duration.ofSeconds(30),
                Duration.ofDays(30),
                2 << 20,
                result -> false,
                UnaryOperator.identity());
    }

    /**
     * Returns an operation. Its keys are forgotten when their {@linkplain #retention retention} is over.
     *
     * @param name its name, 1 to 128 characters, the same for ever
     * @param type what it returns; written and read as JSON
     * @param <T> the type of the result
     * @return the operation
     * @throws IllegalArgumentException if the name is blank, longer than 128 characters, or has a NUL or a lone surrogate
     */
    public static <T> Operation<T> of(String name, Class<T> type) {
        return make(name, type, false);
    }

    /**
     * Returns an operation without a result.
     *
     * @param name its name, 1 to 128 characters, the same for ever
     * @return the operation
     * @throws IllegalArgumentException if the name is blank, longer than 128 characters, or has a NUL or a lone surrogate
     */
    public static Operation<@Nullable Void> of(String name) {
        return Operation.<@Nullable Void>make(name, Void.class, false);
    }

    /**
     * Returns an operation that moves money or something like it: that a key was executed is logged for good, in the same commit, in a table
     * that the application's role can neither change nor empty. So its keys never have a second effect, also after their results are gone. An operation
     * is financial from its first execution on or never: keys that were executed before are not in the log.
     *
     * @param name its name, 1 to 128 characters, the same for ever
     * @param type what it returns; written and read as JSON
     * @param <T> the type of the result
     * @return the operation
     * @throws IllegalArgumentException if the name is blank, longer than 128 characters, or has a NUL or a lone surrogate
     */
    public static <T> Operation<T> financial(String name, Class<T> type) {
        return make(name, type, true);
    }

    /**
     * Sets how long a call waits for another one with the same key. Default: 10 seconds. A call that has waited so long returns
     * {@link Outcome.InFlight}. It is no limit to the effect itself.
     *
     * @param longest the longest wait, zero to 10 minutes; zero is {@link #failFast()}
     * @return the operation with this setting
     * @throws IllegalArgumentException if the duration is negative or longer than 10 minutes
     */
    public Operation<T> waitAtMost(Duration longest) {
        check("waitAtMost", longest, Duration.ZERO, MAX_WAIT);
        return new Operation<>(name, type, financial, longest, lease, retention, maxStoredBytes, retryable, redaction);
    }

    /**
     * Makes a call return {@link Outcome.InFlight} at once if another one with the same key is under way.
     *
     * @return the operation with this setting
     */
    public Operation<T> failFast() {
        return waitAtMost(Duration.ZERO);
    }

    /**
     * Sets how long a {@linkplain Idempotency#executeLeased leased} call is the owner's without a sign of life. Default: 30 seconds. While the
     * call runs, the lease is renewed three times in that time; after a crash the key is free when it ends.
     *
     * @param length the length of a lease, 1 second to 1 day
     * @return the operation with this setting
     * @throws IllegalArgumentException if the duration is out of that range
     */
    public Operation<T> lease(Duration length) {
        check("lease", length, Duration.ofSeconds(1), MAX_LEASE);
        return new Operation<>(name, type, financial, wait, length, retention, maxStoredBytes, retryable, redaction);
    }

    /**
     * Sets how long a key and its result are kept after the execution. Default: 30 days. Afterwards they are removed in small batches; the key of a
     * financial operation still has no second effect, that of another one is free again.
     *
     * @param length how long, 1 day to 100 years
     * @return the operation with this setting
     * @throws IllegalArgumentException if the duration is out of that range
     */
    public Operation<T> retention(Duration length) {
        check("retention", length, DAY, MAX_RETENTION);
        return new Operation<>(name, type, financial, wait, lease, length, maxStoredBytes, retryable, redaction);
    }

    /**
     * Sets how large a stored result may be. Default: 2 MiB. A larger one is returned to the caller who executed and not stored: a replay then
     * knows {@link Outcome.Replayed#effectId()} only.
     *
     * @param bytes the length of the JSON in UTF-8, 0 to 64 MiB
     * @return the operation with this setting
     * @throws IllegalArgumentException if the length is out of that range
     */
    public Operation<T> maxStoredBytes(int bytes) {
        if (bytes < 0 || bytes > MAX_BYTES) {
            throw new IllegalArgumentException("maxStoredBytes must be 0 to " + MAX_BYTES + ", was " + bytes);
        }
        return new Operation<>(name, type, financial, wait, lease, retention, bytes, retryable, redaction);
    }

    /**
     * Says which results are refusals that may turn out otherwise when tried again: a limit that was reached, a service that is away. Such a
     * result is returned, everything that the effect wrote is undone, and the key stays free (of a leased call, for the same request). Default: none;
     * every result is stored and replayed, refusals included.
     *
     * @param retryable tells of a result whether it is such a refusal
     * @return the operation with this setting
     */
    public Operation<T> retryableWhen(Predicate<? super T> retryable) {
        Objects.requireNonNull(retryable, "retryable");
        return new Operation<>(name, type, financial, wait, lease, retention, maxStoredBytes, retryable, redaction);
    }

    /**
     * Says what of a result is stored. The caller who executed gets the whole result, replays get what was stored: use it to leave out secrets.
     * Default: all of it.
     *
     * @param redaction returns the result as it may be stored
     * @return the operation with this setting
     */
    public Operation<T> storing(UnaryOperator<T> redaction) {
        Objects.requireNonNull(redaction, "redaction");
        return new Operation<>(name, type, financial, wait, lease, retention, maxStoredBytes, retryable, redaction);
    }

    /**
     * Returns the name.
     *
     * @return the name
     */
    public String name() {
        return name;
    }

    /**
     * Returns the type of the result.
     *
     * @return the type
     */
    @SuppressWarnings("unchecked") // only make() sets it
    public Class<T> type() {
        return (Class<T>) type;
    }

    /**
     * Tells whether its executions are logged for good.
     *
     * @return {@code true} for a {@link #financial} operation
     */
    public boolean isFinancial() {
        return financial;
    }

    /**
     * Returns how long a call waits for another one with the same key.
     *
     * @return the longest wait; zero if it does not wait
     */
    public Duration waitAtMost() {
        return wait;
    }

    /**
     * Returns how long a lease is.
     *
     * @return the length of a lease
     */
    public Duration lease() {
        return lease;
    }

    /**
     * Returns how long a key and its result are kept.
     *
     * @return the retention
     */
    public Duration retention() {
        return retention;
    }

    /**
     * Returns how large a stored result may be.
     *
     * @return bytes of JSON in UTF-8
     */
    public int maxStoredBytes() {
        return maxStoredBytes;
    }

    /**
     * Tells whether a result is not stored because trying again may turn out otherwise.
     *
     * @param result a result
     * @return what the setting {@link #retryableWhen} says
     */
    public boolean isRetryable(T result) {
        return retryable.test(result);
    }

    /**
     * Returns what of a result is stored.
     *
     * @param result a result
     * @return what the setting {@link #storing} leaves of it
     */
    public T stored(T result) {
        return redaction.apply(result);
    }

    private static void check(String field, Duration value, Duration least, Duration most) {
        Objects.requireNonNull(value, field);
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw new IllegalArgumentException(field + " must be " + least + " to " + most + ", was " + value);
        }
    }

    /** Returns the name. */
    @Override
    public String toString() {
        return "operation " + name;
    }
}
