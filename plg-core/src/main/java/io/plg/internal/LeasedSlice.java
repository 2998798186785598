package io.plg.internal;

import io.plg.StoreFailure;
import io.plg.StoreUnreachable;
import io.plg.WorkspaceDeleted;
import io.plg.WorkspaceId;
import io.plg.gate.LeasedQuota;
import io.plg.plan.Fallback;
import io.plg.plan.Feature;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A leased slice. What has been opened, and so is counted already, and has not been given out is ours whatever becomes of the lease, so no clock and no pause can
 * make this node give out too much.
 *
 * <p>The store is asked by threads of plg only, one {@link Errand} at a time: so nothing is opened inside of a caller's transaction, whose rollback would undo the
 * counting of what was given out, and whoever calls waits for a bounded time without any lock, since the errand may be waiting for what the caller has locked.
 */
final class LeasedSlice implements LeasedQuota {
    /** How long the unopened part of a slice stays with a node that is not heard of. */
    static final Duration LEASE = Duration.ofSeconds(6);

    private static final Logger LOG = LoggerFactory.getLogger(LeasedQuota.class);
    private static final int PARTS = 8;
    private static final long RENEWAL = 0;

    private static final long ASK_AGAIN_AFTER = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long ASK_AGAIN_AT_LAST_AFTER = TimeUnit.SECONDS.toNanos(5);

    // How long a caller waits, from the beginning of the errand.
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(2);
    private static final long PATIENCE_IF_UNREACHABLE = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long PATIENCE_AT_THE_END = TimeUnit.SECONDS.toNanos(10);

    private final PlgRuntime plg;
    private final GatesView gates;
    private final WorkspaceId workspace;
    private final Feature.Quota feature;
    private final long size;
    private final long part;

    /** With less than this, more is opened before anybody has to wait for it. */
    private final long low;

    private final UUID id;
    private final Future<?> beat;
    private final AtomicBoolean ending = new AtomicBoolean();
    private final AtomicReference<@Nullable Errand> errand = new AtomicReference<>();

    /** Stays in {@link #errand} for good. */
    private final Errand last = new Errand(RENEWAL, System.nanoTime());

    private volatile boolean closed;
    private volatile boolean deleted;

    // Written by errands only, of which there is one at a time.
    private volatile Period period = new Period(null, Long.MIN_VALUE, new AtomicLong());
    private volatile boolean unreachable;
    private volatile long pausedUntil = System.nanoTime();
    private volatile long dryUntil = System.nanoTime();
    private long pause;

    /**
     * What was opened in a period and not given out.
     *
     * @param start when it began, null before anything was opened
     * @param endMillis until when it may be given out
     */
    private record Period(@Nullable Instant start, long endMillis, AtomicLong left) {}

    /** Somebody on the way to the store. */
    private static final class Errand {
        final long wanted;
        final long begun;
        private final CountDownLatch done = new CountDownLatch(1);
        volatile @Nullable Thread thread;
        volatile @Nullable RuntimeException failure;

        Errand(long wanted, long begun) {
            this.wanted = wanted;
            this.begun = begun;
        }

        /** Waits; a flag of interruption stays, and is no reason not to answer. */
        boolean isDoneBefore(long nanoTime) {
            if (thread == Thread.currentThread()) { // a listener, say, which the errand waits for
                return false;
            }
            boolean interrupted = false;
            try {
                while (true) {
                    try {
                        return done.await(nanoTime - System.nanoTime(), TimeUnit.NANOSECONDS);
                    } catch (InterruptedException e) {
                        interrupted = true;
                    }
                }
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    LeasedSlice(PlgRuntime plg, GatesView gates, WorkspaceId workspace, Feature.Quota feature, long size) {
        this.plg = plg;
        this.gates = gates;
        this.workspace = workspace;
        this.feature = feature;
        this.size = size;
        this.part = Math.max(1, size / PARTS);
        this.low = Math.max(1, part / 2);
        this.id = plg.newId();
        this.beat = plg.clockwork().beatEvery(LEASE.dividedBy(3), this::renew);
    }

    /** Opens the first part; if the store cannot be reached, it is tried again. */
    LeasedSlice begin() {
        Errand first = send(low);
        if (first != null && first.isDoneBefore(first.begun + PATIENCE) && first.failure != null) {
            end();
            throw first.failure;
        }
        return this;
    }

    @Override
    public Feature.Quota feature() {
        return feature;
    }

    @Override
    public boolean tryConsume(long amount) {
        long steps = Ticks.positive(feature, "amount", amount);
        return take(steps) || openAndTake(steps);
    }

    private boolean take(long steps) {
        Period current = period;
        if (plg.millis() < current.endMillis) {
            AtomicLong left = current.left;
            for (long have = left.get(); have >= steps; have = left.get()) {
                if (left.compareAndSet(have, have - steps)) {
                    if (have - steps < low) {
                        sendUnlessInVain(low);
                    }
                    return true;
                }
            }
        }
        return false;
    }

    private boolean openAndTake(long steps) {
        boolean joins = plg.stores().inTransaction();
        long deadline = System.nanoTime() + PATIENCE;
        do {
            if (deleted) {
                throw new WorkspaceDeleted(workspace);
            }
            if (closed) {
                throw new IllegalStateException("this slice of " + feature.name() + " was closed");
            }
            Errand sent = sendUnlessInVain(steps);
            // In a transaction nobody waits: it may have locked what the errand needs.
            if (sent == null
                    || joins
                    || !sent.isDoneBefore(sent.begun + (unreachable ? PATIENCE_IF_UNREACHABLE : PATIENCE))) {
                break;
            }
            if (take(steps)) {
                return true;
            }
            if (sent.failure != null && !deleted) {
                throw sent.failure;
            }
        } while (System.nanoTime() - deadline < 0);
        return take(steps) || unreachable && plg.catalog().fallback(feature) == Fallback.OPEN;
    }

    // --- errands

    /** Has so much opened that this can be taken, unless the store could not be reached or had no more a moment ago. */
    private @Nullable Errand sendUnlessInVain(long wanted) {
        long now = System.nanoTime();
        if (now - pausedUntil < 0 || now - dryUntil < 0 && plg.millis() < period.endMillis) {
            return null;
        }
        return send(wanted);
    }

    /** Returns who is on the way to the store, or null if nobody can be sent anymore. */
    private @Nullable Errand send(long wanted) {
        Errand running = errand.get();
        if (running != null) {
            return running;
        }
        var sent = new Errand(wanted, System.nanoTime());
        running = errand.compareAndExchange(null, sent);
        if (running != null) {
            return running;
        }
        if (!plg.clockwork().atOnce(() -> run(sent))) {
            done(sent);
            return null;
        }
        return sent;
    }

    private void renew() {
        try {
            Period current = period;
            if (current.start == null) {
                send(low);
            } else if (plg.millis() < current.endMillis) {
                send(RENEWAL);
            }
        } catch (Throwable t) { // whatever it is, it must not be the last time
            LOG.warn("the slice of {} could not be renewed; it is tried again", feature.name(), t);
        }
    }

    private void run(Errand sent) {
        sent.thread = Thread.currentThread();
        try {
            long have = plg.millis() < period.endMillis ? period.left.get() : 0;
            boolean enough = sent.wanted != RENEWAL && have >= sent.wanted;
            if (!closed && !enough) {
                open(sent.wanted == RENEWAL ? 0 : Math.max(part, sent.wanted - have));
            }
        } catch (WorkspaceDeleted e) {
            sent.failure = e;
            deleted = true;
            LOG.info("workspace {} was deleted; its slice of {} has ended", workspace, feature.name());
            end();
        } catch (StoreFailure e) {
            unreachable = e instanceof StoreUnreachable;
            failed(e);
        } catch (RuntimeException e) {
            sent.failure = e;
            failed(e);
        } catch (Throwable t) {
            failed(t);
        } finally {
            done(sent);
        }
    }

    private void open(long amount) {
        GatesView.Opening opening = gates.open(feature, id, amount, size, LEASE);
        Period before = period;
        boolean same = opening.periodStart().equals(before.start);
        // What is left of another period is not counted in this one.
        AtomicLong left = same ? before.left : new AtomicLong();
        left.addAndGet(opening.opened());
        long endMillis = millis(opening.periodEnd());
        if (!same || endMillis != before.endMillis) {
            period = new Period(opening.periodStart(), endMillis, left);
        }
        long now = System.nanoTime();
        if (amount > 0) {
            dryUntil = opening.opened() < amount ? now + ASK_AGAIN_AFTER : now;
        }
        unreachable = false;
        pause = 0;
        pausedUntil = now;
    }

    private void failed(Throwable t) {
        pause = Math.min(Math.max(ASK_AGAIN_AFTER, 2 * pause), ASK_AGAIN_AT_LAST_AFTER);
        pausedUntil = System.nanoTime() + pause;
        LOG.warn(
                "no more of {} could be opened; it is tried again after {} ms",
                feature.name(),
                TimeUnit.NANOSECONDS.toMillis(pause),
                t);
    }

    private void done(Errand sent) {
        errand.set(null);
        if (closed) {
            sendLast();
        }
        sent.done.countDown();
    }

    private static long millis(Instant end) {
        try {
            return end.toEpochMilli();
        } catch (ArithmeticException farAway) {
            return Long.MAX_VALUE;
        }
    }

    // --- the end

    @Override
    public void close() {
        end();
        if (!plg.stores().inTransaction()) {
            last.isDoneBefore(System.nanoTime() + PATIENCE_AT_THE_END);
        }
    }

    /** Closes slices, all at the same time. */
    static void closeAll(Collection<LeasedSlice> slices, boolean wait) {
        slices.forEach(LeasedSlice::end);
        long deadline = System.nanoTime() + PATIENCE_AT_THE_END;
        for (LeasedSlice each : slices) {
            if (wait && !each.last.isDoneBefore(deadline)) {
                LOG.warn(
                        "the slice of {} was not returned in time; it returns when its lease ends",
                        each.feature.name());
            }
        }
    }

    private void end() {
        if (ending.compareAndSet(false, true)) {
            closed = true;
            beat.cancel(false);
            plg.forget(this);
            sendLast();
        }
    }

    /** Unless there is an errand, at whose end it will be done. */
    private void sendLast() {
        if (errand.compareAndSet(null, last) && !plg.clockwork().atOnce(this::giveBack)) {
            last.done.countDown();
        }
    }

    private void giveBack() {
        last.thread = Thread.currentThread();
        try {
            Period current = period;
            long unused = current.left.getAndSet(0);
            if (!deleted) {
                gates.close(feature, id, current.start, unused);
            }
        } catch (WorkspaceDeleted e) {
            LOG.debug("the workspace of a slice of {} was deleted", feature.name(), e);
        } catch (Throwable t) {
            LOG.warn("the slice of {} could not be returned; it returns when its lease ends", feature.name(), t);
        } finally {
            last.done.countDown();
        }
    }
}
