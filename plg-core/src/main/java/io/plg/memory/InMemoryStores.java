package io.plg.memory;

import io.plg.ChangeFeed;
import io.plg.OperatorStore;
import io.plg.PlgStores;
import io.plg.TransactionWork;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationStore;
import io.plg.gate.UsageStore;
import io.plg.idempotency.IdempotencyStore;
import io.plg.prompt.PromptStore;
import io.plg.referral.ReferralStore;
import io.plg.reward.RewardStore;
import io.plg.tenancy.TenancyStore;
import io.plg.virality.ViralityStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Keeps everything in memory, with real transactions: they exclude each other, so that each sees the store as if it were alone, and
 * a transaction that fails is undone.
 *
 * <p>A transaction holds the one lock of the store until it ends and belongs to the thread that began it. Safe to use from many
 * threads.
 */
public final class InMemoryStores implements PlgStores {
    private final ReentrantLock lock = new ReentrantLock();
    private final InMemoryTenancyStore tenancy = new InMemoryTenancyStore(this);
    private final InMemoryActivationStore activation = new InMemoryActivationStore(this, tenancy);
    private final InMemoryIdempotencyStore idempotency = new InMemoryIdempotencyStore(this, tenancy);
    private final InMemoryPromptStore prompts = new InMemoryPromptStore(this, tenancy);
    private final InMemoryReferralStore referrals = new InMemoryReferralStore(this, tenancy);
    private final InMemoryRewardStore rewards = new InMemoryRewardStore(this, tenancy);
    private final InMemoryUsageStore usage = new InMemoryUsageStore(this, tenancy);
    private final InMemoryViralityStore virality = new InMemoryViralityStore(this, tenancy, activation, referrals);
    private final boolean operator;

    // Guarded by the lock; null unless a transaction is open.
    private @Nullable Transaction open;

    private InMemoryStores(boolean operator) {
        this.operator = operator;
    }

    /**
     * Returns new, empty stores.
     *
     * @return the stores, without operator reports
     */
    public static InMemoryStores create() {
        return new InMemoryStores(false);
    }

    /**
     * Returns new, empty stores with operator reports.
     *
     * @return the stores
     */
    public static InMemoryStores createWithOperator() {
        return new InMemoryStores(true);
    }

    @Override
    public ActivationStore activation() {
        return activation;
    }

    @Override
    public IdempotencyStore idempotency() {
        return idempotency;
    }

    @Override
    public UsageStore usage() {
        return usage;
    }

    @Override
    public PromptStore prompts() {
        return prompts;
    }

    @Override
    public ReferralStore referrals() {
        return referrals;
    }

    @Override
    public RewardStore rewards() {
        return rewards;
    }

    @Override
    public ViralityStore virality() {
        return virality;
    }

    @Override
    public TenancyStore tenancy() {
        return tenancy;
    }

    @Override
    public Optional<OperatorStore> operator() {
        return operator ? Optional.of(new InMemoryOperatorStore(activation, virality)) : Optional.empty();
    }

    /** Everything that holds rows of workspaces. */
    List<TenantRows> tenantRows() {
        return List.of(activation, idempotency, usage, prompts, referrals, rewards);
    }

    @Override
    public boolean inTransaction() {
        return lock.isHeldByCurrentThread() && open != null;
    }

    @Override
    public <T extends @Nullable Object, X extends Exception> T transact(TransactionWork<PlgStores, T, X> work)
            throws X {
        List<Runnable> committed = List.of();
        lock.lock();
        try {
            if (open != null) {
                return run(work, open);
            }
            var transaction = new Transaction();
            open = transaction;
            try {
                T result = run(work, transaction);
                committed = transaction.afterCommit;
                return result;
            } finally {
                open = null;
                transaction.atEnd.forEach(Runnable::run);
            }
        } finally {
            lock.unlock();
            committed.forEach(Runnable::run);
        }
    }

    @Override
    public void afterCommit(Runnable task) {
        if (lock.isHeldByCurrentThread() && open != null) {
            open.afterCommit.add(task);
        } else {
            task.run();
        }
    }

    @Override
    public boolean isCurrent() {
        return true;
    }

    /** Two transactions never meet here. */
    @Override
    public boolean isConflict(Throwable failure) {
        return false;
    }

    @Override
    public <H> Optional<H> unwrap(WorkspaceId workspace, Class<H> type) {
        return Optional.empty();
    }

    @Override
    public Optional<ChangeFeed> changes() {
        return Optional.empty();
    }

    @Override
    public void close() {}

    /** Runs a task when the open transaction ends, however it ends; at once if there is none. To be called within an operation. */
    void atEnd(Runnable task) {
        if (open == null) {
            task.run();
        } else {
            open.atEnd.add(task);
        }
    }

    /** Runs one operation of a store, atomically, in the open transaction of this thread if there is one. */
    <T> T operation(Operation<T> operation) {
        lock.lock();
        try {
            var undo = new ArrayList<Runnable>();
            try {
                T result = operation.run(undo);
                if (open != null) {
                    open.undo.addAll(undo);
                }
                return result;
            } catch (RuntimeException | Error e) {
                undo(undo, 0);
                throw e;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Puts something into a map, within an operation. */
    static <K, V> void put(Map<K, V> map, K key, V value, List<Runnable> undo) {
        V before = map.put(key, value);
        undo.add(before == null ? () -> map.remove(key) : () -> map.put(key, before));
    }

    private static void undo(List<Runnable> undo, int downTo) {
        for (int i = undo.size(); i-- > downTo; ) {
            undo.remove(i).run();
        }
    }

    /** A store that holds rows of workspaces and can remove them. */
    interface TenantRows {
        /** Removes the rows of some users, {@code null} where a row is nobody's; returns how many that were. */
        long remove(BiPredicate<WorkspaceId, @Nullable UserId> whose);
    }

    /** An operation adds to the list how to undo each change that it makes, before the next one. */
    interface Operation<T> {
        T run(List<Runnable> undo);
    }

    /** Runs work as a part of a transaction: if it throws, what it did is undone and the transaction goes on. */
    private <T extends @Nullable Object, X extends Exception> T run(
            TransactionWork<PlgStores, T, X> work, Transaction transaction) throws X {
        int changes = transaction.undo.size();
        int tasks = transaction.afterCommit.size();
        var bound = new Bound();
        boolean done = false;
        try {
            T result = work.run(bound);
            done = true;
            return result;
        } finally {
            bound.ended = true;
            if (!done) {
                undo(transaction.undo, changes);
                transaction
                        .afterCommit
                        .subList(tasks, transaction.afterCommit.size())
                        .clear();
            }
        }
    }

    private static final class Transaction {
        final List<Runnable> undo = new ArrayList<>();
        final List<Runnable> afterCommit = new ArrayList<>();
        final List<Runnable> atEnd = new ArrayList<>();
    }

    /** The view on the open transaction: the same stores, closed to other threads and after the end. */
    private final class Bound implements PlgStores {
        private volatile boolean ended;

        @Override
        public ActivationStore activation() {
            return check().activation;
        }

        @Override
        public IdempotencyStore idempotency() {
            return check().idempotency;
        }

        @Override
        public UsageStore usage() {
            return check().usage;
        }

        @Override
        public PromptStore prompts() {
            return check().prompts;
        }

        @Override
        public ReferralStore referrals() {
            return check().referrals;
        }

        @Override
        public RewardStore rewards() {
            return check().rewards;
        }

        @Override
        public ViralityStore virality() {
            return check().virality;
        }

        @Override
        public boolean isCurrent() {
            return !ended && InMemoryStores.this.inTransaction();
        }

        @Override
        public boolean isConflict(Throwable failure) {
            return false;
        }

        @Override
        public <H> Optional<H> unwrap(WorkspaceId workspace, Class<H> type) {
            return Optional.empty();
        }

        @Override
        public TenancyStore tenancy() {
            throw new IllegalStateException("workspaces and users are not ended inside a transaction");
        }

        @Override
        public Optional<OperatorStore> operator() {
            return Optional.empty();
        }

        @Override
        public <T extends @Nullable Object, X extends Exception> T transact(TransactionWork<PlgStores, T, X> work)
                throws X {
            return check().transact(work);
        }

        @Override
        public boolean inTransaction() {
            return check().inTransaction();
        }

        @Override
        public void afterCommit(Runnable task) {
            check().afterCommit(task);
        }

        @Override
        public Optional<ChangeFeed> changes() {
            return Optional.empty();
        }

        @Override
        public void close() {}

        private InMemoryStores check() {
            if (ended || !InMemoryStores.this.inTransaction()) {
                throw new IllegalStateException(
                        "this view belongs to a transaction that has ended or that another thread began");
            }
            return InMemoryStores.this;
        }
    }
}
