package io.plg.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Threads that begin at the same moment. A race that does not end in a minute fails instead of hanging the build. */
final class Race {
    private static final long PATIENCE_SECONDS = 60;

    private Race() {}

    /** Runs so many threads; returns their results in the order of their numbers, or throws the first failure. */
    static <T> List<T> of(int threads, Runner<T> runner) {
        var start = new CyclicBarrier(threads);
        var running = new ArrayList<Future<T>>();
        for (int i = 0; i < threads; i++) {
            int number = i;
            running.add(inBackground(() -> {
                start.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
                return runner.run(number);
            }));
        }
        var results = new ArrayList<T>();
        for (Future<T> each : running) {
            results.add(resultOf(each));
        }
        return results;
    }

    /** Starts one thread. */
    static <T> Future<T> inBackground(Callable<T> work) {
        var task = new FutureTask<>(work);
        var thread = new Thread(task, "plg-contract-race");
        thread.setDaemon(true);
        thread.start();
        return task;
    }

    /** Gives a thread the time to run into a lock or to finish. Whatever it does, the test must come out the same. */
    static void giveTimeTo(Future<?> running) {
        try {
            running.get(150, TimeUnit.MILLISECONDS);
        } catch (TimeoutException waiting) {
            // It waits for us, which is one of the two right things to do.
        } catch (ExecutionException failed) {
            throw new AssertionError("the other thread failed", failed.getCause());
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    static <T> T resultOf(Future<T> running) {
        try {
            return running.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("a thread did not end within " + PATIENCE_SECONDS + " s", e);
        } catch (ExecutionException e) {
            throw new AssertionError("a thread failed: " + e.getCause(), e.getCause());
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static AssertionError interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new AssertionError("the test was interrupted", e);
    }

    interface Runner<T> {
        T run(int number) throws Exception;
    }
}
