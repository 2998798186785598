package io.plg.internal;

import io.plg.StoreFailure;
import io.plg.gate.LeasedQuota;
import io.plg.plan.Fallback;
import io.plg.plan.Feature;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A leased slice. {@link #left} is what has been opened, and so is counted already, and has not been given out: it stays ours whatever becomes of the lease, so no
 * clock and no pause can make this node give out too much.
 */
final class LeasedSlice implements LeasedQuota {
    /** How long the unopened part of a slice stays with a node that is not heard of. */
    static final Duration LEASE = Duration.ofSeconds(6);

    private static final Logger LOG = LoggerFactory.getLogger(LeasedQuota.class);
    private static final long ASK_AGAIN_AFTER = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int PARTS = 8;

    private final PlgRuntime plg;
    private final GatesView gates;
    private final Feature.Quota feature;
    private final long size;
    private final long part;
    private final UUID id;
    private final AtomicLong left = new AtomicLong();
    private final AtomicBoolean openingSoon = new AtomicBoolean();
    private final Future<?> beat;
    private final Object store = new Object();

    /** When the period ends in which {@link #left} was opened. */
    private volatile long endMillis = Long.MIN_VALUE;

    private volatile boolean closed;

    // Guarded by the lock on the store.
    private long askAgainAt;
    private long deniedAmount = Long.MAX_VALUE;

    LeasedSlice(PlgRuntime plg, GatesView gates, Feature.Quota feature, long size) {
        this.plg = plg;
        this.gates = gates;
        this.feature = feature;
        this.size = size;
        this.part = Math.max(1, size / PARTS);
        this.id = plg.newId();
        this.beat = plg.clockwork().beatEvery(LEASE.dividedBy(3), this::renew);
    }

    @Override
    public Feature.Quota feature() {
        return feature;
    }

    @Override
    public boolean tryConsume(long amount) {
        long steps = Ticks.positive(feature, "amount", amount);
        if (closed) {
            throw new IllegalStateException("this slice of " + feature.name() + " was closed");
        }
        if (plg.millis() < endMillis) {
            for (long have = left.get(); have >= steps; have = left.get()) {
                if (left.compareAndSet(have, have - steps)) {
                    if (have - steps < part / 2 && !openingSoon.get()) {
                        openSoon();
                    }
                    return true;
                }
            }
        }
        return openAndConsume(steps);
    }

    /** Before there is nothing left, so that nobody has to wait for the store. */
    private void openSoon() {
        if (part > 1 && openingSoon.compareAndSet(false, true)) {
            plg.soon("open " + id, root -> {
                try {
                    synchronized (store) {
                        if (!closed && left.get() < part && System.nanoTime() - askAgainAt >= 0) {
                            open(part);
                        }
                    }
                } finally {
                    openingSoon.set(false);
                }
            });
        }
    }

    private boolean openAndConsume(long steps) {
        synchronized (store) {
            if (plg.millis() >= endMillis) {
                left.set(0); // of a period that is over
                deniedAmount = Long.MAX_VALUE;
            }
            while (true) {
                long have = left.get();
                if (have >= steps) {
                    if (left.compareAndSet(have, have - steps)) {
                        return true;
                    }
                    continue;
                }
                if (closed || steps >= deniedAmount && System.nanoTime() - askAgainAt < 0) {
                    return false;
                }
                try {
                    if (open(Math.max(part, steps - have)) == 0 || left.get() < steps) {
                        deniedAmount = steps;
                        askAgainAt = System.nanoTime() + ASK_AGAIN_AFTER;
                        return false;
                    }
                    deniedAmount = Long.MAX_VALUE;
                } catch (StoreFailure e) {
                    LOG.warn("the store cannot be reached to open more of {}", feature.name(), e);
                    askAgainAt = System.nanoTime() + ASK_AGAIN_AFTER;
                    return plg.catalog().fallback(feature) == Fallback.OPEN;
                }
            }
        }
    }

    private long open(long amount) {
        GatesView.Opening opening = gates.open(feature, id, amount, size, LEASE);
        endMillis = millis(opening.periodEnd());
        left.addAndGet(opening.opened());
        return opening.opened();
    }

    private static long millis(Instant end) {
        try {
            return end.toEpochMilli();
        } catch (ArithmeticException farAway) {
            return Long.MAX_VALUE;
        }
    }

    private void renew() {
        try {
            synchronized (store) {
                if (!closed && plg.millis() < endMillis) {
                    open(0);
                }
            }
        } catch (Throwable t) { // whatever it is, it must not be the last time
            LOG.warn("the slice of {} could not be renewed; it is tried again", feature.name(), t);
        }
    }

    @Override
    public void close() {
        synchronized (store) {
            if (closed) {
                return;
            }
            closed = true;
            beat.cancel(false);
            plg.forget(this);
            try {
                gates.close(feature, id, left.getAndSet(0));
            } catch (StoreFailure e) {
                LOG.warn("the slice of {} could not be returned; it returns when its lease ends", feature.name(), e);
            }
        }
    }
}
