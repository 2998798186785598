package io.plg.jdbi;

import io.plg.jdbi.Dialect.Fate;
import io.plg.jdbi.Session.Stored;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the after-commit tasks of transactions that the host handed over. If the host's handle tells that it committed, the tasks run
 * then and there. Otherwise a thread of plg asks the database what became of the transaction, a few times a second while there is one
 * to ask for and never else.
 */
final class CommitWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CommitWatch.class);
    private static final long INTERVAL = TimeUnit.MILLISECONDS.toNanos(150);
    private static final long SLOWER = TimeUnit.SECONDS.toNanos(1);
    private static final long SLOWER_AFTER = TimeUnit.SECONDS.toNanos(10);
    private static final long H2_GIVES_UP_AFTER = TimeUnit.MINUTES.toNanos(10);

    private final Session root;
    private final Database database;
    private final Set<Pending> pending = ConcurrentHashMap.newKeySet();
    private @Nullable Thread thread;
    private volatile boolean closed;

    CommitWatch(Session root, Database database) {
        this.root = root;
        this.database = database;
    }

    /** The tasks of one joined transaction. */
    Watched watched(Joined joined) {
        return new Watched(joined);
    }

    @Override
    public void close() {
        closed = true;
        Thread running;
        synchronized (this) {
            running = thread;
            thread = null;
        }
        if (running != null && running != Thread.currentThread()) {
            LockSupport.unpark(running);
            try {
                running.join(TimeUnit.SECONDS.toMillis(5));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        pending.clear();
    }

    private void watch(Pending added) {
        pending.add(added);
        synchronized (this) {
            if (thread == null && !closed) {
                thread = new Thread(this::run, "plg-commits");
                thread.setDaemon(true);
                thread.start();
            }
            LockSupport.unpark(thread);
        }
    }

    private void run() {
        boolean failing = false;
        while (!closed) {
            if (pending.isEmpty()) {
                LockSupport.park(this);
                continue;
            }
            long longAgo = System.nanoTime() - SLOWER_AFTER;
            pause(failing || pending.stream().allMatch(each -> each.since - longAgo < 0) ? SLOWER : INTERVAL);
            if (closed || pending.isEmpty()) {
                continue;
            }
            try {
                settle();
                failing = false;
            } catch (RuntimeException e) {
                if (!failing && !closed) {
                    LOG.warn("cannot ask the database which transactions were committed; trying again", e);
                }
                failing = true;
            }
        }
    }

    private void pause(long nanos) {
        long until = System.nanoTime() + nanos;
        for (long left = nanos; left > 0 && !closed; left = until - System.nanoTime()) {
            LockSupport.parkNanos(this, left);
        }
    }

    private void settle() {
        List<Pending> asked = List.copyOf(pending);
        Map<String, Fate> fates = root.call(
                "ask which transactions were committed",
                handle -> database.dialect(handle)
                        .fates(handle, asked.stream().map(p -> p.transaction).collect(Collectors.toSet())));
        for (Pending each : asked) {
            Fate fate = fates.getOrDefault(each.transaction, Fate.RUNNING);
            if (fate == Fate.RUNNING) {
                // A session of H2 may be in its next transaction already, or hidden from us: then what it wrote is
                // there.
                if (database.dialect() == Dialect.H2) {
                    if (each.tasks().stream()
                            .anyMatch(task ->
                                    task.stored() != null && task.stored().proof() != null && proven(task.stored()))) {
                        fate = Fate.ENDED;
                    } else if (System.nanoTime() - each.since > H2_GIVES_UP_AFTER) {
                        fate = Fate.ROLLED_BACK;
                    }
                }
            }
            if (fate == Fate.RUNNING || each.leftToHandle()) {
                continue;
            }
            List<Runnable> tasks = fate == Fate.ROLLED_BACK ? List.of() : each.proven();
            if (each.finish()) {
                tasks.forEach(CommitWatch::run);
            }
        }
    }

    /** Whether a write is there: a commit may come after a rollback to a savepoint. */
    private boolean proven(Stored stored) {
        Session.Call<Boolean> proof = stored.proof();
        return proof == null
                || root.atomically(
                        "ask whether a transaction was committed",
                        handle -> database.dialect(handle).bound(handle, stored.workspace(), proof));
    }

    private static void run(Runnable task) {
        try {
            task.run();
        } catch (Throwable t) {
            LOG.warn("a task failed after its transaction had committed", t);
        }
    }

    /** The transaction of one bound view; if the host goes on with another on the same connection, then that one too. */
    final class Watched {
        private final Joined joined;
        private @Nullable Pending current;

        private Watched(Joined joined) {
            this.joined = joined;
        }

        /** Adds a task to the transaction that is running. */
        void add(Runnable task, @Nullable Stored stored, Supplier<String> transaction) {
            String id = current == null || stored != null ? transaction.get() : current.transaction;
            if (current == null || current.over() || !current.transaction.equals(id)) {
                var begun = new Pending(id, joined.tells());
                current = begun;
                joined.onEnd(() -> begun.ended(true), () -> begun.ended(false));
            }
            current.add(task, stored);
            watch(current);
        }
    }

    private final class Pending {
        final String transaction;
        final long since = System.nanoTime();
        private final List<Task> tasks = new ArrayList<>();
        private final AtomicBoolean over = new AtomicBoolean();
        private boolean left;

        Pending(String transaction, boolean handleTells) {
            this.transaction = transaction;
            this.left = !handleTells;
        }

        synchronized void add(Runnable task, @Nullable Stored stored) {
            tasks.add(new Task(task, stored));
        }

        boolean over() {
            return over.get();
        }

        /** The handle told the end. */
        void ended(boolean committed) {
            List<Task> all = tasks();
            if (finish() && committed) {
                all.forEach(each -> run(each.task()));
            }
        }

        /** Once true, the tasks belong to the caller. */
        boolean finish() {
            pending.remove(this);
            return over.compareAndSet(false, true);
        }

        /** The first look at an ended transaction leaves the tasks to the host's handle, which may be about to run them. */
        boolean leftToHandle() {
            boolean leave = !left;
            left = true;
            return leave;
        }

        List<Runnable> proven() {
            return tasks().stream()
                    .filter(each -> each.stored() == null || CommitWatch.this.proven(each.stored()))
                    .map(Task::task)
                    .toList();
        }

        private synchronized List<Task> tasks() {
            return List.copyOf(tasks);
        }
    }

    private record Task(Runnable task, @Nullable Stored stored) {}
}
