package io.plg.jdbi;

import io.plg.ChangeFeed;
import io.plg.OperatorStore;
import io.plg.PlgStores;
import io.plg.StoreFailure;
import io.plg.TransactionWork;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationStore;
import io.plg.gate.UsageStore;
import io.plg.idempotency.IdempotencyStore;
import io.plg.prompt.PromptStore;
import io.plg.referral.ReferralStore;
import io.plg.reward.RewardStore;
import io.plg.tenancy.TenancyStore;
import io.plg.virality.ViralityStore;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Optional;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;

/** The root stores: every call takes a connection of its own, or the one of the transaction that the host has bound to the thread. */
final class JdbiStores implements PlgStores, Session {
    private static final int RETRIES = 5;

    private final Database database;
    private final CommitWatch watch;
    private final @Nullable JdbiStores operator;
    private volatile @Nullable ActivationStore activation;
    private volatile @Nullable IdempotencyStore idempotency;
    private volatile @Nullable UsageStore usage;
    private volatile @Nullable PromptStore prompts;
    private volatile @Nullable ReferralStore referrals;
    private volatile @Nullable RewardStore rewards;
    private volatile @Nullable ViralityStore virality;

    /** On the application's database, and for operator reports as another role on the same. */
    JdbiStores(Database database, @Nullable Database operator) {
        this.database = database;
        this.operator = operator == null ? null : new JdbiStores(operator, null);
        this.watch = new CommitWatch(this, database);
    }

    @Override
    public ActivationStore activation() {
        ActivationStore known = activation;
        if (known == null) {
            known = database.dialect().activation(this);
            activation = known;
        }
        return known;
    }

    @Override
    public IdempotencyStore idempotency() {
        IdempotencyStore known = idempotency;
        if (known == null) {
            known = database.dialect().idempotency(this);
            idempotency = known;
        }
        return known;
    }

    @Override
    public UsageStore usage() {
        UsageStore known = usage;
        if (known == null) {
            known = database.dialect().usage(this);
            usage = known;
        }
        return known;
    }

    @Override
    public PromptStore prompts() {
        PromptStore known = prompts;
        if (known == null) {
            known = database.dialect().prompts(this);
            prompts = known;
        }
        return known;
    }

    @Override
    public ReferralStore referrals() {
        ReferralStore known = referrals;
        if (known == null) {
            known = database.dialect().referrals(this);
            referrals = known;
        }
        return known;
    }

    @Override
    public RewardStore rewards() {
        RewardStore known = rewards;
        if (known == null) {
            known = database.dialect().rewards(this);
            rewards = known;
        }
        return known;
    }

    @Override
    public ViralityStore virality() {
        ViralityStore known = virality;
        if (known == null) {
            known = database.dialect().virality(this);
            virality = known;
        }
        return known;
    }

    @Override
    public boolean isCurrent() {
        return true;
    }

    @Override
    public boolean isConflict(Throwable failure) {
        return Database.lostToAnother(failure);
    }

    @Override
    public <H> Optional<H> unwrap(WorkspaceId workspace, Class<H> type) {
        return Optional.empty();
    }

    @Override
    public boolean isOwn() {
        return false;
    }

    @Override
    public void boundTo(WorkspaceId workspace) {
        // Each call is a transaction of its own, which has ended.
    }

    @Override
    public TenancyStore tenancy() {
        return database.dialect().tenancy(this);
    }

    @Override
    public Optional<OperatorStore> operator() {
        return operator == null
                ? Optional.empty()
                : Optional.of(operator.database.dialect().operator(operator));
    }

    @Override
    public boolean inTransaction() {
        return database.host().active();
    }

    @Override
    public void afterCommit(Runnable task) {
        if (inTransaction()) {
            database.host().afterCommit(task);
        } else {
            task.run();
        }
    }

    @Override
    public Optional<ChangeFeed> changes() {
        return Optional.of(new LazyFeed());
    }

    @Override
    public void close() {
        if (operator != null) {
            operator.close();
        }
        watch.close();
    }

    @Override
    public <T extends @Nullable Object, X extends Exception> T transact(TransactionWork<PlgStores, T, X> work)
            throws X {
        if (inTransaction()) {
            return inHostThread(work, false);
        }
        Optional<HostTransactions.Begun> begun = database.host().begin();
        if (begun.isPresent()) {
            return inHosts(begun.get(), work);
        }
        var tasks = new ArrayList<Runnable>();
        T result;
        try (Handle handle = database.open("begin a transaction")) {
            begin(handle);
            Optional<BoundStores.PutOff> last;
            try (BoundStores bound = BoundStores.own(database, handle, tasks)) {
                result = work.run(bound);
                last = bound.putOff();
            } catch (Throwable t) {
                rollback(handle, t);
                throw t;
            }
            if (last.isPresent()) {
                commitWith(last.get(), handle);
            }
            commit("commit a transaction", handle);
        }
        tasks.forEach(Runnable::run);
        return result;
    }

    /** In the transaction that the host has bound to the thread. */
    private <T extends @Nullable Object, X extends Exception> T inHostThread(
            TransactionWork<PlgStores, T, X> work, boolean begunForPlg) throws X {
        try (Handle handle = database.open("join the host's transaction");
                BoundStores bound = BoundStores.inHostThread(database, handle, begunForPlg)) {
            touch();
            return begunForPlg ? work.run(bound) : bound.transact(work);
        }
    }

    /** Lets the host's side see to it that what is done now is committed, also if the host has committed already and is about to end. */
    private void touch() {
        database.host().afterCommit(() -> {});
    }

    private <T extends @Nullable Object, X extends Exception> T inHosts(
            HostTransactions.Begun transaction, TransactionWork<PlgStores, T, X> work) throws X {
        T result;
        try {
            result = inHostThread(work, true);
        } catch (Throwable t) {
            try {
                transaction.rollback();
            } catch (RuntimeException e) {
                t.addSuppressed(e);
            }
            throw t;
        }
        try {
            transaction.commit();
        } catch (RuntimeException e) {
            throw Database.ended("commit a transaction", e);
        }
        return result;
    }

    /** Stores that are bound to a transaction whose end only the host knows. */
    BoundStores join(Handle handle, Joined joined) {
        return BoundStores.joined(database, handle, joined, watch);
    }

    @Override
    public <T extends @Nullable Object> T call(String what, Call<T> call) {
        return retried(() -> {
            boolean joins = inTransaction();
            try (Handle handle = database.open(what)) {
                if (joins) {
                    touch();
                }
                return call.on(handle);
            } catch (JdbiException | SQLException e) {
                throw joins ? Database.failure(what, e) : Database.interrupted(what, e);
            }
        });
    }

    @Override
    public <T extends @Nullable Object> T read(String what, Call<T> call) {
        return retried(() -> {
            try (Handle handle = database.open(what)) {
                return call.on(handle);
            } catch (JdbiException | SQLException e) {
                throw Database.failure(what, e);
            }
        });
    }

    @Override
    public void store(String what, Write write) {
        call(what, handle -> {
            write.run(handle);
            return Boolean.TRUE;
        });
    }

    @Override
    public <T extends @Nullable Object> T atomically(String what, Call<T> call) {
        if (inTransaction()) {
            try (Handle handle = database.open(what);
                    BoundStores bound = BoundStores.inHostThread(database, handle, false)) {
                return bound.atomically(what, call);
            }
        }
        return retried(() -> {
            try (Handle handle = database.open(what)) {
                begin(handle);
                T result;
                try {
                    result = call.on(handle);
                } catch (Throwable t) {
                    rollback(handle, t);
                    throw t;
                }
                commit(what, handle);
                return result;
            } catch (JdbiException | SQLException e) {
                throw Database.failure(what, e);
            }
        });
    }

    /** A transaction of plg's own that lost to another one begins again; the host's is the host's to begin again. */
    private <T extends @Nullable Object> T retried(Supplier<T> call) {
        for (int left = RETRIES; ; left--) {
            try {
                return call.get();
            } catch (StoreFailure e) {
                if (left == 0 || !Database.lostToAnother(e) || inTransaction()) {
                    throw e;
                }
            }
        }
    }

    @Override
    public void stored(Stored stored) {
        // A call of its own has committed; the host's thread-bound transaction tells its end itself.
    }

    private static void begin(Handle handle) {
        try {
            handle.begin();
        } catch (JdbiException e) {
            throw Database.failure("begin a transaction", e);
        }
    }

    private static void commit(String what, Handle handle) {
        try {
            handle.commit();
        } catch (JdbiException e) {
            var failure = Database.interrupted(what, e);
            rollback(handle, failure);
            throw failure;
        }
    }

    /** Afterwards the server has committed, and a commit only tells the connection so. */
    private static void commitWith(BoundStores.PutOff last, Handle handle) {
        try {
            last.write().runAndCommit(handle);
        } catch (SQLException e) {
            var failure = Database.interrupted(last.what(), e);
            rollback(handle, failure);
            throw failure;
        } catch (Throwable t) {
            rollback(handle, t);
            throw t;
        }
    }

    private static void rollback(Handle handle, Throwable why) {
        try {
            handle.rollback();
        } catch (JdbiException e) {
            why.addSuppressed(e);
        }
    }

    /** Finds out which database it is when it is first read. */
    private final class LazyFeed implements ChangeFeed {
        private @Nullable ChangeFeed feed;

        @Override
        public boolean poll(java.util.function.Consumer<Change> changed) {
            if (feed == null) {
                feed = database.dialect().changes(JdbiStores.this);
            }
            return feed.poll(changed);
        }
    }
}
