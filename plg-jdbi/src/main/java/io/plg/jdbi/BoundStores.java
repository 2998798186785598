package io.plg.jdbi;

import io.plg.ChangeFeed;
import io.plg.OperatorStore;
import io.plg.PlgStores;
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
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;

/** Stores that are bound to one transaction. They never end it. */
final class BoundStores implements PlgStores, Session {
    private final Database database;
    private final Handle handle;
    private final boolean own;

    /** Whether plg itself commits, by this handle. */
    private final boolean commits;

    private final Open open;
    private final AfterCommit outermost;
    private final ActivationStore activation;
    private final IdempotencyStore idempotency;
    private final UsageStore usage;
    private final PromptStore prompts;
    private final ReferralStore referrals;
    private final RewardStore rewards;
    private final ViralityStore virality;

    /** Where tasks go: out to the transaction's end, or into the list of the nested work that is under way. */
    private AfterCommit tasks;

    private @Nullable Stored stored;
    private @Nullable WorkspaceId boundTo;
    private @Nullable PutOff putOff;
    private boolean ended;

    private BoundStores(
            Database database, Handle handle, boolean own, boolean commits, Open open, AfterCommit outermost) {
        this.database = database;
        this.handle = handle;
        this.own = own;
        this.commits = commits;
        this.open = open;
        this.outermost = outermost;
        this.tasks = outermost;
        this.activation = database.dialect(handle).activation(this);
        this.idempotency = database.dialect(handle).idempotency(this);
        this.usage = database.dialect(handle).usage(this);
        this.prompts = database.dialect(handle).prompts(this);
        this.referrals = database.dialect(handle).referrals(this);
        this.rewards = database.dialect(handle).rewards(this);
        this.virality = database.dialect(handle).virality(this);
    }

    /** Bound to a transaction that plg itself began and ends on this thread. */
    static BoundStores own(Database database, Handle handle, List<Runnable> tasks) {
        Thread owner = Thread.currentThread();
        return new BoundStores(
                database, handle, true, true, () -> Thread.currentThread() == owner, (task, stored) -> tasks.add(task));
    }

    /** Bound to the transaction that the host has bound to this thread, by itself or because plg asked for it. */
    static BoundStores inHostThread(Database database, Handle handle, boolean begunForPlg) {
        Thread owner = Thread.currentThread();
        HostTransactions host = database.host();
        Object transaction = host.current();
        return new BoundStores(
                database,
                handle,
                begunForPlg,
                false,
                () -> Thread.currentThread() == owner && host.active() && host.current() == transaction,
                (task, stored) -> host.afterCommit(task));
    }

    /** Bound to a transaction that the host handed over. */
    static BoundStores joined(Database database, Handle handle, Joined joined, CommitWatch watch) {
        Dialect dialect = database.dialect(handle);
        CommitWatch.Watched watched = watch.watched(joined);
        return new BoundStores(
                database,
                handle,
                false,
                false,
                joined::open,
                (task, stored) -> watched.add(
                        task,
                        stored,
                        () -> stored != null && stored.transaction() != null
                                ? stored.transaction()
                                : dialect.transaction(handle)));
    }

    @Override
    public ActivationStore activation() {
        check();
        return activation;
    }

    @Override
    public IdempotencyStore idempotency() {
        check();
        return idempotency;
    }

    @Override
    public UsageStore usage() {
        check();
        return usage;
    }

    @Override
    public PromptStore prompts() {
        check();
        return prompts;
    }

    @Override
    public ReferralStore referrals() {
        check();
        return referrals;
    }

    @Override
    public RewardStore rewards() {
        check();
        return rewards;
    }

    @Override
    public ViralityStore virality() {
        check();
        return virality;
    }

    @Override
    public boolean isCurrent() {
        try {
            return !ended && open.isOpen();
        } catch (SQLException e) {
            throw Database.failure("use the transaction", e);
        }
    }

    @Override
    public boolean isConflict(Throwable failure) {
        return Database.lostToAnother(failure);
    }

    @Override
    public <H> Optional<H> unwrap(WorkspaceId workspace, Class<H> type) {
        check();
        runPutOff();
        if (own && !workspace.equals(boundTo)) {
            database.dialect(handle).bind(handle, workspace);
            boundTo = workspace;
        }
        return type.isInstance(handle)
                ? Optional.of(type.cast(handle))
                : type == Connection.class ? Optional.of(type.cast(connection())) : Optional.empty();
    }

    @Override
    public boolean isOwn() {
        return own;
    }

    @Override
    public void boundTo(WorkspaceId workspace) {
        boundTo = workspace;
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
    public boolean inTransaction() {
        check();
        return true;
    }

    @Override
    public void afterCommit(Runnable task) {
        check();
        Stored belongsTo = stored;
        stored = null;
        tasks.add(task, belongsTo);
    }

    @Override
    public Optional<ChangeFeed> changes() {
        return Optional.empty();
    }

    /** Ends the view, not the transaction. */
    @Override
    public void close() {
        ended = true;
    }

    @Override
    public <T extends @Nullable Object, X extends Exception> T transact(TransactionWork<PlgStores, T, X> work)
            throws X {
        check();
        runPutOff();
        Savepoint savepoint = savepoint("begin a transaction inside another");
        AfterCommit outer = tasks;
        WorkspaceId bound = boundTo;
        var inner = new ArrayList<Task>();
        tasks = (task, belongsTo) -> inner.add(new Task(task, belongsTo));
        T result;
        try {
            result = work.run(this);
            runPutOff();
            release("end a transaction inside another", savepoint);
            if (own && !Objects.equals(boundTo, bound)) {
                database.dialect(handle).bind(handle, bound);
                boundTo = bound;
            }
        } catch (Throwable t) {
            rollback(savepoint, t);
            boundTo = bound; // as the setting is
            throw t;
        } finally {
            tasks = outer;
            stored = null;
        }
        inner.forEach(each -> outer.add(each.task(), each.stored()));
        return result;
    }

    @Override
    public <T extends @Nullable Object> T call(String what, Call<T> call) {
        check();
        runPutOff();
        try {
            return call.on(handle);
        } catch (JdbiException | SQLException e) {
            throw Database.failure(what, e);
        }
    }

    @Override
    public <T extends @Nullable Object> T read(String what, Call<T> call) {
        return call(what, call);
    }

    @Override
    public <T extends @Nullable Object> T atomically(String what, Call<T> call) {
        check();
        runPutOff();
        Savepoint savepoint = savepoint(what);
        try {
            T result = call.on(handle);
            release(what, savepoint);
            return result;
        } catch (JdbiException | SQLException e) {
            var failure = Database.failure(what, e);
            rollback(savepoint, failure);
            throw failure;
        } catch (Throwable t) {
            rollback(savepoint, t);
            throw t;
        }
    }

    @Override
    public void store(String what, Write write) {
        check();
        runPutOff();
        if (commits && tasks == outermost) {
            putOff = new PutOff(what, write);
        } else {
            run(new PutOff(what, write));
        }
    }

    /** The write that is to go with the commit; it is the caller's then. */
    Optional<PutOff> putOff() {
        PutOff last = putOff;
        putOff = null;
        return Optional.ofNullable(last);
    }

    /** Before anything else is done. */
    private void runPutOff() {
        putOff().ifPresent(this::run);
    }

    private void run(PutOff late) {
        try {
            late.write().run(handle);
        } catch (SQLException e) {
            throw Database.failure(late.what(), e);
        }
    }

    @Override
    public void stored(Stored what) {
        stored = what;
    }

    private void check() {
        if (!isCurrent()) {
            throw new IllegalStateException(
                    "this view belongs to a transaction that has ended or that another thread began");
        }
    }

    private Savepoint savepoint(String what) {
        try {
            return connection().setSavepoint();
        } catch (SQLException e) {
            throw Database.failure(what, e);
        }
    }

    private void release(String what, Savepoint savepoint) {
        try {
            connection().releaseSavepoint(savepoint);
        } catch (SQLException e) {
            throw Database.failure(what, e);
        }
    }

    private void rollback(Savepoint savepoint, Throwable why) {
        try {
            connection().rollback(savepoint);
        } catch (SQLException e) {
            why.addSuppressed(e);
        }
    }

    private Connection connection() {
        return handle.getConnection();
    }

    private interface Open {
        boolean isOpen() throws SQLException;
    }

    private interface AfterCommit {
        void add(Runnable task, @Nullable Stored stored);
    }

    /** A write that has been asked for and not been run. */
    record PutOff(String what, Write write) {}

    private record Task(Runnable task, @Nullable Stored stored) {}
}
