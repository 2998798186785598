package io.plg.internal;

import io.plg.Execution;
import io.plg.PlgStores;
import io.plg.TransactionConflict;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.Idempotency;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.IdempotencyStore;
import io.plg.idempotency.IdempotencyStore.Claim;
import io.plg.idempotency.IdempotencyStore.Claim.Busy;
import io.plg.idempotency.IdempotencyStore.Claim.Finished;
import io.plg.idempotency.IdempotencyStore.Claim.Free;
import io.plg.idempotency.IdempotencyStore.Claim.Leased;
import io.plg.idempotency.IdempotencyStore.Result;
import io.plg.idempotency.Lease;
import io.plg.idempotency.LeaseLost;
import io.plg.idempotency.Once;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Outcome;
import io.plg.idempotency.Principal;
import io.plg.idempotency.Scope;
import io.plg.idempotency.UnreadableResult;
import io.plg.idempotency.WaitInterrupted;
import io.plg.internal.Flights.Flight;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The keys of one workspace. */
final class IdempotencyView implements Idempotency<Execution> {
    private static final Logger LOG = LoggerFactory.getLogger(Idempotency.class);
    private static final int RETRIES = 3;

    /**
     * JDBC cannot be interrupted: so long a wait for another transaction is at most, before the thread looks up. Longer than a database takes to see
     * that two wait for each other, one second as PostgreSQL comes.
     */
    private static final Duration LONGEST_WAIT = Duration.ofMillis(1_500);

    private static final Duration LONGEST_PAUSE = Duration.ofMillis(500);

    private final PlgRuntime plg;
    private final WorkspaceId workspace;

    /** The effect under way; null outside of one. */
    private final @Nullable UUID effectId;

    IdempotencyView(PlgRuntime plg, WorkspaceId workspace, @Nullable UUID effectId) {
        this.plg = plg;
        this.workspace = workspace;
        this.effectId = effectId;
    }

    @Override
    public <T extends @Nullable Object, X extends Exception> Outcome<T> execute(
            Operation<T> operation,
            Principal by,
            IdempotencyKey key,
            Fingerprint request,
            Effect<Execution, T, X> effect)
            throws X {
        Objects.requireNonNull(effect, "effect");
        var asked = new Asked<T>(workspace, operation, new Scope(by, operation.name(), key), request);
        plg.tidyNowAndThen();
        plg.flights().enter(asked.flight());
        try {
            return plg.stores().inTransaction()
                    ? joined(asked, effect)
                    : inTurn(asked, pause -> leadAtomic(asked, effect, pause));
        } finally {
            plg.flights().leave(asked.flight());
        }
    }

    @Override
    public <C extends @Nullable Object, T extends @Nullable Object, X extends Exception> Outcome<T> executeLeased(
            Operation<T> operation,
            Principal by,
            IdempotencyKey key,
            Fingerprint request,
            ForeignCall<C, X> call,
            Settlement<Execution, C, T, X> settlement)
            throws X {
        Objects.requireNonNull(call, "call");
        Objects.requireNonNull(settlement, "settlement");
        if (plg.stores().inTransaction()) {
            throw new IllegalStateException(
                    "a call to another system must not be made inside a transaction, which would stay open"
                            + " as long as it takes and could be rolled back afterwards; call executeLeased outside of it");
        }
        var asked = new Asked<T>(workspace, operation, new Scope(by, operation.name(), key), request);
        plg.tidyNowAndThen();
        plg.flights().enter(asked.flight());
        try {
            return inTurn(asked, pause -> leadLeased(asked, call, settlement));
        } finally {
            plg.flights().leave(asked.flight());
        }
    }

    @Override
    public Once once(String what, UserId user) {
        Objects.requireNonNull(user, "user");
        return once(what, user, user.value());
    }

    @Override
    public Once onceFor(String what, String thing) {
        Text.checkName("thing", thing);
        return once(what, null, thing);
    }

    private Once once(String what, @Nullable UserId user, String subject) {
        Text.checkName("what", what);
        PlgStores stores = plg.stores();
        if (!stores.inTransaction()) {
            throw new IllegalStateException(
                    "what happens once is asked in the transaction in which it happens, or the one time would"
                            + " be used up without it; ask inside of the effect, of plg.transact, or of your own transaction");
        }
        UUID running = effectId != null ? effectId : plg.effect();
        return stores.idempotency()
                .once(workspace, what, user, subject, running != null ? running : plg.newId(), plg.now());
    }

    @Override
    public String toString() {
        return "idempotency of workspace " + workspace;
    }

    // ---- simultaneous calls on this node, and waiting for another node

    private <T extends @Nullable Object, X extends Exception> Outcome<T> inTurn(Asked<T> asked, Lead<T, X> lead)
            throws X {
        Flights flights = plg.flights();
        var pause = new Pause(asked.scope(), asked.operation().waitAtMost());
        while (true) {
            Optional<Finished> landed = flights.landed(asked.flight());
            if (landed.isPresent()) {
                return replay(asked, landed.get());
            }
            var mine = new Flight();
            Flight other = flights.join(asked.flight(), mine);
            if (other == null) {
                // Whoever waits for another node asks again inside of the flight, for all who wait here.
                Led<T> led = null;
                try {
                    do {
                        led = null;
                        led = lead.go(pause);
                    } while (led.outcome() instanceof Outcome.InFlight<T> inFlight
                            && pause.goesOnAfter(inFlight.retryAfter()));
                } finally {
                    flights.land(asked.flight(), mine, led == null ? null : led.result());
                }
                return led.outcome();
            } else {
                if (!pause.until(other)) {
                    return new Outcome.InFlight<>(asked.scope(), Duration.ZERO);
                }
                landed = other.join();
                if (landed.isPresent()) {
                    return replay(asked, landed.get());
                }
                // It had no effect, so the effect may be ours.
            }
        }
    }

    // ---- effects in this database only

    private <T extends @Nullable Object, X extends Exception> Led<T> leadAtomic(
            Asked<T> asked, Effect<Execution, T, X> effect, Pause pause) throws X {
        Flights flights = plg.flights();
        String operation = asked.operation().name();
        if (flights.looksUpFirst(operation)) {
            Claim seen = plg.stores()
                    .idempotency()
                    .find(workspace, asked.scope(), asked.operation().isFinancial(), plg.now());
            if (seen instanceof Finished finished) {
                flights.replayed(operation);
                return new Led<>(replay(asked, finished), finished);
            }
            if (seen instanceof Busy busy && (!busy.left().isZero() || !pause.waits())) {
                return new Led<>(busy(asked, busy), null);
            }
        }
        Led<T> led = retried(
                asked, () -> plg.<Led<T>, X>inTransaction(tx -> attempt((PlgRuntime) tx, asked, effect, pause)));
        if (led.result() != null) {
            if (led.outcome() instanceof Outcome.Executed) {
                flights.executed(operation);
            } else {
                flights.replayed(operation);
            }
        }
        return led;
    }

    private <T extends @Nullable Object, X extends Exception> Outcome<T> joined(
            Asked<T> asked, Effect<Execution, T, X> effect) throws X {
        var pause = new Pause(asked.scope(), asked.operation().waitAtMost());
        try {
            return plg.<Led<T>, X>inTransaction(tx -> attempt((PlgRuntime) tx, asked, effect, pause))
                    .outcome();
        } catch (NotStored refusal) {
            return asked.executed(refusal);
        } catch (Throwable t) {
            if (isConflict(t)) {
                throw lost(asked, t);
            }
            throw t;
        }
    }

    /** Claims the key for a transaction and has the effect in it, unless somebody else had it. */
    private <T extends @Nullable Object, X extends Exception> Led<T> attempt(
            PlgRuntime tx, Asked<T> asked, Effect<Execution, T, X> effect, Pause pause) throws X {
        PlgStores stores = tx.stores();
        IdempotencyStore store = stores.idempotency();
        boolean financial = asked.operation().isFinancial();
        Claim claim = store.claim(workspace, asked.scope(), financial, pause.slice(), plg.now());
        while (claim instanceof Busy busy && busy.left().isZero() && pause.waits()) {
            pause.checkInterrupt();
            claim = store.claim(workspace, asked.scope(), financial, pause.slice(), plg.now());
        }
        if (claim instanceof Finished finished) {
            return new Led<>(replay(asked, finished), finished);
        }
        if (claim instanceof Busy busy) {
            return new Led<>(busy(asked, busy), null);
        }
        Free free = (Free) claim;
        if (free.request().filter(earlier -> !earlier.equals(asked.request())).isPresent()) {
            return new Led<>(new Outcome.Mismatch<>(asked.scope()), null);
        }
        UUID id = free.effectId().orElseGet(plg::newId);
        UUID outer = plg.enterEffect(id);
        T value;
        try {
            value = effect.run(tx.execution(workspace, id));
        } finally {
            plg.enterEffect(outer);
        }
        if (asked.operation().isRetryable(value)) {
            throw new NotStored(asked, value, id);
        }
        Result result = result(asked, value, id);
        store.finish(workspace, asked.scope(), result);
        return asked.done(value, result);
    }

    // ---- effects with a call to another system in the middle

    private <C extends @Nullable Object, T extends @Nullable Object, X extends Exception> Led<T> leadLeased(
            Asked<T> asked, ForeignCall<C, X> call, Settlement<Execution, C, T, X> settlement) throws X {
        Operation<T> operation = asked.operation();
        IdempotencyStore store = plg.stores().idempotency();
        Claim seen = store.find(workspace, asked.scope(), operation.isFinancial(), plg.now());
        if (seen instanceof Finished finished) {
            return new Led<>(replay(asked, finished), finished);
        }
        if (seen instanceof Busy busy) {
            return new Led<>(busy(asked, busy), null); // not by lease(), which waits for a settlement that is under way
        }
        Claim claim = store.lease(
                workspace,
                asked.scope(),
                asked.request(),
                plg.newId(),
                operation.lease(),
                operation.retention(),
                operation.isFinancial(),
                plg.now());
        if (claim instanceof Finished finished) {
            return new Led<>(replay(asked, finished), finished);
        }
        if (!(claim instanceof Leased leased)) {
            return new Led<>(busy(asked, (Busy) claim), null);
        }
        var held = new HeldLease(store, asked, leased);
        try {
            held.start();
            C answer = call.call(held);
            held.stop(); // from here on the settlement's transaction holds the row
            Led<T> led = retried(
                    asked,
                    () -> plg.<Led<T>, X>inTransaction(
                            tx -> settle((PlgRuntime) tx, asked, leased, answer, settlement)));
            if (led.result() == null) {
                held.release(null);
            }
            return led;
        } catch (Throwable t) {
            held.release(t);
            throw t;
        } finally {
            held.stop();
        }
    }

    private <C extends @Nullable Object, T extends @Nullable Object, X extends Exception> Led<T> settle(
            PlgRuntime tx, Asked<T> asked, Leased leased, C answer, Settlement<Execution, C, T, X> settlement)
            throws X {
        IdempotencyStore store = tx.stores().idempotency();
        // First, so that a late owner is told so and not that its rows collide with those of its follower; and for the
        // row's lock.
        if (!store.renew(
                workspace, asked.scope(), leased.token(), asked.operation().lease(), plg.now())) {
            throw new LeaseLost(asked.scope());
        }
        UUID outer = plg.enterEffect(leased.effectId());
        T value;
        try {
            value = settlement.run(tx.execution(workspace, leased.effectId()), answer);
        } finally {
            plg.enterEffect(outer);
        }
        if (asked.operation().isRetryable(value)) {
            throw new NotStored(asked, value, leased.effectId());
        }
        Result result = result(asked, value, leased.effectId());
        if (!store.finishLeased(workspace, asked.scope(), leased.token(), result)) {
            throw new LeaseLost(asked.scope());
        }
        return asked.done(value, result);
    }

    // ---- what both have in common

    /** Begins a transaction of plg's own again if it lost to another one. */
    private <T extends @Nullable Object, X extends Exception> Led<T> retried(Asked<T> asked, Attempt<T, X> attempt)
            throws X {
        for (int left = RETRIES; ; left--) {
            try {
                return attempt.run();
            } catch (NotStored refusal) {
                return new Led<>(asked.executed(refusal), null);
            } catch (Throwable t) {
                if (!isConflict(t)) {
                    throw t;
                }
                if (left == 0) {
                    throw lost(asked, t);
                }
            }
        }
    }

    private boolean isConflict(Throwable failure) {
        return !(failure instanceof LeaseLost) && plg.isConflict(failure);
    }

    private static TransactionConflict lost(Asked<?> asked, Throwable failure) {
        return failure instanceof TransactionConflict conflict
                ? conflict
                : new TransactionConflict(
                        "the transaction of " + asked.scope()
                                + " lost to another one; roll it back and do all of it again",
                        failure);
    }

    private static <T extends @Nullable Object> Outcome<T> busy(Asked<T> asked, Busy busy) {
        return busy.request().filter(other -> !other.equals(asked.request())).isPresent()
                ? new Outcome.Mismatch<>(asked.scope())
                : new Outcome.InFlight<>(asked.scope(), busy.left());
    }

    private <T extends @Nullable Object> Result result(Asked<T> asked, T value, UUID id) {
        Operation<T> operation = asked.operation();
        T kept = operation.stored(value);
        String json;
        try {
            json = Objects.requireNonNull(plg.json().write(kept), "the codec wrote null");
        } catch (RuntimeException e) {
            throw new UnreadableResult(
                    "the result of " + asked.scope() + " cannot be written as JSON, so the effect was undone: "
                            + e.getMessage(),
                    id,
                    e);
        }
        boolean fits = json.length() <= operation.maxStoredBytes()
                && json.getBytes(StandardCharsets.UTF_8).length <= operation.maxStoredBytes();
        return new Result(
                asked.request(), id, fits ? json : null, operation.retention(), operation.isFinancial(), plg.now());
    }

    private <T extends @Nullable Object> Outcome<T> replay(Asked<T> asked, Finished finished) {
        if (!finished.request().equals(asked.request())) {
            return new Outcome.Mismatch<>(asked.scope());
        }
        if (finished.json() == null) {
            return new Outcome.Replayed<>(null, finished.effectId(), false);
        }
        Class<T> type = asked.operation().type();
        try {
            Object value = type == Void.class ? null : plg.json().read(finished.json(), type);
            return new Outcome.Replayed<>(type.cast(value), finished.effectId(), true);
        } catch (RuntimeException e) {
            throw new UnreadableResult(
                    "the stored result of " + asked.scope() + " cannot be read as " + type.getName() + ": "
                            + e.getMessage(),
                    finished.effectId(),
                    e);
        }
    }

    private interface Lead<T extends @Nullable Object, X extends Exception> {
        Led<T> go(Pause pause) throws X;
    }

    private interface Attempt<T extends @Nullable Object, X extends Exception> {
        Led<T> run() throws X;
    }

    /** What came of asking the store, and what is stored now if that is known. */
    private record Led<T extends @Nullable Object>(
            Outcome<T> outcome, @Nullable Finished result) {}

    private record Asked<T extends @Nullable Object>(
            WorkspaceId workspace, Operation<T> operation, Scope scope, Fingerprint request) {
        Asked {
            Objects.requireNonNull(request, "request");
        }

        Flights.Key flight() {
            return new Flights.Key(workspace, scope);
        }

        Led<T> done(T value, Result result) {
            return new Led<>(
                    new Outcome.Executed<>(value, result.effectId(), true),
                    new Finished(result.request(), result.effectId(), result.json()));
        }

        @SuppressWarnings({"unchecked", "NullAway"}) // thrown for this very question
        Outcome<T> executed(NotStored refusal) {
            if (refusal.asked != this) {
                throw refusal;
            }
            return new Outcome.Executed<>((T) refusal.value, refusal.effectId, false);
        }
    }

    /** Rolls back what a retryable refusal came with. */
    private static final class NotStored extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final transient Asked<?> asked;
        private final transient @Nullable Object value;
        private final UUID effectId;

        NotStored(Asked<?> asked, @Nullable Object value, UUID effectId) {
            super("not stored because it may turn out otherwise", null, false, false);
            this.asked = asked;
            this.value = value;
            this.effectId = effectId;
        }
    }

    /** How long a call still waits for others. */
    private static final class Pause {
        private final Scope scope;
        private final boolean waits;
        private final long until;
        private Duration next = Duration.ofMillis(10);

        Pause(Scope scope, Duration atMost) {
            this.scope = scope;
            this.waits = !atMost.isZero();
            this.until = System.nanoTime() + atMost.toNanos();
        }

        private long left() {
            return until - System.nanoTime();
        }

        boolean waits() {
            return waits && left() > 0;
        }

        /** How long to wait inside the store. */
        Duration slice() {
            return waits() ? min(Duration.ofNanos(left()), LONGEST_WAIT) : Duration.ZERO;
        }

        void checkInterrupt() {
            if (Thread.interrupted()) {
                throw interrupted(new InterruptedException());
            }
        }

        /** Whether the flight landed in time. */
        boolean until(Flight other) {
            if (!waits()) {
                return other.isDone();
            }
            try {
                other.get(Math.max(0, left()), TimeUnit.NANOSECONDS);
                return true;
            } catch (TimeoutException e) {
                return false;
            } catch (ExecutionException e) {
                throw new AssertionError("a flight always lands", e);
            } catch (InterruptedException e) {
                throw interrupted(e);
            }
        }

        /** Sleeps a little before asking again, if there is time left to. */
        boolean goesOnAfter(Duration expected) {
            if (!waits()) {
                return false;
            }
            try {
                TimeUnit.NANOSECONDS.sleep(
                        min(min(next, expected), Duration.ofNanos(left())).toNanos());
            } catch (InterruptedException e) {
                throw interrupted(e);
            }
            next = min(next.multipliedBy(2), LONGEST_PAUSE);
            return true;
        }

        private WaitInterrupted interrupted(InterruptedException e) {
            Thread.currentThread().interrupt();
            return new WaitInterrupted(scope, e);
        }

        private static Duration min(Duration a, Duration b) {
            return a.compareTo(b) <= 0 ? a : b;
        }
    }

    /** A lease that is renewed until it is stopped. */
    private final class HeldLease implements Lease {
        private final IdempotencyStore store;
        private final Asked<?> asked;
        private final Leased leased;
        private volatile @Nullable Future<?> heart;
        private volatile boolean lost;

        HeldLease(IdempotencyStore store, Asked<?> asked, Leased leased) {
            this.store = store;
            this.asked = asked;
            this.leased = leased;
        }

        void start() {
            heart = plg.clockwork().beatEvery(asked.operation().lease().dividedBy(3), this::beat);
        }

        private void beat() {
            try {
                lost = lost
                        || !store.renew(
                                workspace,
                                asked.scope(),
                                leased.token(),
                                asked.operation().lease(),
                                plg.now());
            } catch (Throwable t) {
                // The store may be back for the next beat, and the commit decides anyway.
                LOG.warn("the lease on {} could not be renewed; it is tried again", asked.scope(), t);
            }
        }

        void stop() {
            Future<?> beating = heart;
            if (beating != null) {
                beating.cancel(false);
            }
        }

        void release(@Nullable Throwable why) {
            stop();
            try {
                store.release(workspace, asked.scope(), leased.token(), plg.now());
            } catch (RuntimeException e) {
                if (why != null) {
                    why.addSuppressed(e);
                }
                LOG.warn("the lease on {} could not be given back; it ends by itself", asked.scope(), e);
            }
        }

        @Override
        public IdempotencyKey key() {
            return IdempotencyKey.of(leased.effectId().toString());
        }

        @Override
        public UUID effectId() {
            return leased.effectId();
        }

        @Override
        public long token() {
            return leased.token();
        }

        @Override
        public boolean isLost() {
            return lost;
        }

        @Override
        public String toString() {
            return "lease " + leased.token() + " on " + asked.scope();
        }
    }
}
