package io.plg.internal;

import io.plg.ChangeFeed;
import io.plg.ChangeFeed.Change;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the feed of changes once a second for as long as somebody asks, and knows how old its knowledge is. What was read before a
 * poll began is certain; what is certain may be used for less than two seconds after the beginning of the last successful poll.
 */
final class FeedReader implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ChangeFeed.class);
    private static final long INTERVAL = TimeUnit.MILLISECONDS.toNanos(900);
    private static final long VALID_FOR = TimeUnit.MILLISECONDS.toNanos(1_900);
    private static final long LOOK_EVERY = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long FRESH_FOR = VALID_FOR - 2 * LOOK_EVERY;
    private static final long IDLE_AFTER = TimeUnit.SECONDS.toNanos(30);

    private final ChangeFeed feed;
    private final Consumer<Change> changed;
    private final Runnable missed;
    private final Thread thread;
    private final Thread watch;

    private volatile long knownAsOf;
    private volatile long askedAt;
    private volatile boolean started;

    /** What {@link #upToDate()} would say, as it was a moment ago. */
    private volatile boolean fresh;

    /** Whether somebody has asked for that since the last look at it. */
    private volatile boolean freshAsked;

    private volatile boolean closed;

    FeedReader(ChangeFeed feed, Consumer<Change> changed, Runnable missed) {
        this.feed = feed;
        this.changed = changed;
        this.missed = missed;
        this.knownAsOf = System.nanoTime() - VALID_FOR;
        this.thread = new Thread(this::run, "plg-changes");
        this.thread.setDaemon(true);
        this.watch = new Thread(this::watch, "plg-changes-watch");
        this.watch.setDaemon(true);
    }

    /** Whether remembered things may be used now. The first question after a pause says no and starts the reading again. */
    boolean upToDate() {
        long now = System.nanoTime();
        if (now - askedAt > INTERVAL || !started) {
            asked(now);
        }
        return now - knownAsOf < VALID_FOR;
    }

    /**
     * As {@link #upToDate()}, without reading a clock: a thread looks at it every 50 ms and is strict by twice as much. It can be late only as far as every
     * answer can, by a pause of this process between looking and answering.
     */
    boolean isFresh() {
        if (!freshAsked) {
            freshAsked = true;
        }
        return fresh || upToDate();
    }

    private void watch() {
        while (!closed) {
            LockSupport.parkNanos(this, LOOK_EVERY);
            long now = System.nanoTime();
            if (freshAsked) {
                freshAsked = false;
                askedAt = now;
            }
            fresh = now - knownAsOf < FRESH_FOR && now - askedAt < IDLE_AFTER;
            if (!fresh && now - askedAt > IDLE_AFTER) {
                LockSupport.park(this);
            }
        }
    }

    private void asked(long now) {
        boolean idle = now - askedAt > IDLE_AFTER;
        askedAt = now;
        if (!started) {
            start();
        } else if (idle) {
            LockSupport.unpark(thread);
            LockSupport.unpark(watch);
        }
    }

    private synchronized void start() {
        if (!started && !closed) {
            started = true;
            thread.start();
            watch.start();
        }
    }

    private void run() {
        boolean failing = false;
        while (!closed) {
            long began = System.nanoTime();
            if (began - askedAt > IDLE_AFTER) {
                LockSupport.parkNanos(this, IDLE_AFTER);
                continue;
            }
            try {
                if (!feed.poll(changed)) {
                    missed.run();
                }
                knownAsOf = began;
                failing = false;
            } catch (RuntimeException e) {
                if (!failing && !closed) {
                    LOG.warn("the feed of changes cannot be read; states are read from the store until it can", e);
                }
                failing = true;
            }
            LockSupport.parkNanos(this, Math.max(1, INTERVAL - (System.nanoTime() - began)));
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        fresh = false;
        LockSupport.unpark(thread);
        LockSupport.unpark(watch);
        if (started && Thread.currentThread() != thread) {
            try {
                thread.join(TimeUnit.SECONDS.toMillis(5));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
