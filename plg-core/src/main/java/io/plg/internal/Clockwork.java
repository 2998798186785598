package io.plg.internal;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What plg does by itself now and then, on daemon threads that begin with the first such thing. Heartbeats have threads of their own, several,
 * because one that waits for a connection must not keep the others waiting; so has what somebody waits for.
 */
final class Clockwork implements AutoCloseable {
    private static final int HEARTS = 8;
    private static final int ERRANDS = 8;

    private @Nullable ScheduledThreadPoolExecutor hearts;
    private @Nullable ScheduledThreadPoolExecutor tidying;
    private @Nullable ScheduledThreadPoolExecutor settling;
    private @Nullable ThreadPoolExecutor errands;
    private boolean closed;

    /**
     * Renews something again and again, first after one interval. What it throws ends it.
     *
     * @throws IllegalStateException if this was closed
     */
    synchronized Future<?> beatEvery(Duration interval, Runnable beat) {
        if (closed) {
            throw new IllegalStateException("this Plg was closed");
        }
        if (hearts == null) {
            hearts = executor("plg-leases", HEARTS);
        }
        return hearts.scheduleWithFixedDelay(beat, interval.toNanos(), interval.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Tidies up again and again, first after one interval; does nothing if this was closed. What it throws ends it. */
    synchronized void tidyEvery(Duration interval, Runnable tidy) {
        if (closed) {
            return;
        }
        if (tidying == null) {
            tidying = executor("plg-tidying", 1);
        }
        tidying.scheduleWithFixedDelay(tidy, interval.toNanos(), interval.toNanos(), TimeUnit.NANOSECONDS);
    }

    /**
     * Settles again and again, first after one interval, on a thread of its own, because it calls the host and other systems; does nothing if this was closed. What it throws ends
     * it.
     */
    synchronized void settleEvery(Duration interval, Runnable settle) {
        if (closed) {
            return;
        }
        if (settling == null) {
            settling = executor("plg-rewards", 1);
        }
        settling.scheduleWithFixedDelay(settle, interval.toNanos(), interval.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Does something soon, on another thread; does nothing if this was closed. */
    synchronized void soon(Runnable task) {
        if (closed) {
            return;
        }
        if (tidying == null) {
            tidying = executor("plg-tidying", 1);
        }
        tidying.execute(task);
    }

    /** Does something for which somebody may wait, on another thread; returns false if this was closed. */
    synchronized boolean atOnce(Runnable errand) {
        if (closed) {
            return false;
        }
        if (errands == null) {
            errands = new ThreadPoolExecutor(
                    ERRANDS, ERRANDS, 1, TimeUnit.MINUTES, new LinkedBlockingQueue<>(), daemons("plg-slices"));
            errands.allowCoreThreadTimeOut(true);
        }
        errands.execute(errand);
        return true;
    }

    private static ScheduledThreadPoolExecutor executor(String name, int threads) {
        var executor = new ScheduledThreadPoolExecutor(threads, daemons(name));
        executor.setRemoveOnCancelPolicy(true);
        return executor;
    }

    private static ThreadFactory daemons(String name) {
        return work -> {
            // Without what the caller's thread hands down, such as the tenant of its request.
            var thread = new Thread(null, work, name, 0, false);
            thread.setDaemon(true);
            return thread;
        };
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (hearts != null) {
            hearts.shutdownNow();
        }
        if (tidying != null) {
            tidying.shutdownNow();
        }
        if (settling != null) {
            settling.shutdownNow();
        }
        if (errands != null) {
            errands.shutdownNow();
        }
    }
}
