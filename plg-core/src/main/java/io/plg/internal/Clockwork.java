package io.plg.internal;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What plg does by itself now and then, on daemon threads that begin with the first such thing. */
final class Clockwork implements AutoCloseable {
    private @Nullable ScheduledThreadPoolExecutor executor;
    private boolean closed;

    /** Does something again and again, first after one interval. What it throws ends it. */
    synchronized Future<?> every(Duration interval, Runnable task) {
        if (closed) {
            throw new IllegalStateException("this Plg was closed");
        }
        if (executor == null) {
            executor = new ScheduledThreadPoolExecutor(2, work -> {
                var thread = new Thread(work, "plg-clockwork");
                thread.setDaemon(true);
                return thread;
            });
            executor.setRemoveOnCancelPolicy(true);
        }
        return executor.scheduleWithFixedDelay(task, interval.toNanos(), interval.toNanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (executor != null) {
            executor.shutdownNow();
        }
    }
}
