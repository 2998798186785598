package io.plg.jdbi;

import java.util.Optional;

/**
 * How plg sees a transaction that the host has bound to the current thread, as Spring does. The {@code DataSource} that plg was
 * given must then hand out that transaction's connection while it is active.
 *
 * <p>Hosts that pass their transaction on by hand, with {@link JdbiPlg#in(org.jdbi.v3.core.Handle)} or
 * {@link JdbiPlg#in(java.sql.Connection)}, do not need it.
 */
public interface HostTransactions {

    /** The host binds no transactions to threads. */
    HostTransactions NONE = new HostTransactions() {
        @Override
        public boolean active() {
            return false;
        }

        @Override
        public void afterCommit(Runnable task) {
            throw new IllegalStateException("there is no transaction on this thread to wait for");
        }
    };

    /**
     * Tells whether a transaction on plg's {@code DataSource} is active on the current thread.
     *
     * @return {@code true} if a connection taken now belongs to such a transaction
     */
    boolean active();

    /**
     * Returns what tells the active transaction from another one, for which the host may have suspended it. A host that suspends none need not
     * say more than the default, which is always the same.
     *
     * @return an object that is compared by identity; without meaning where no transaction is active
     */
    default Object current() {
        return this;
    }

    /**
     * Runs a task once the active transaction has committed, never if it rolls back. Tasks run in the order in which they were given.
     *
     * @param task what to run; does not throw
     * @throws IllegalStateException if no transaction is active
     */
    void afterCommit(Runnable task);

    /**
     * Begins a transaction as the host does and binds it to the current thread, so that the host's own statements take part in what
     * {@code plg.transact} and idempotent effects do. Called where none is {@link #active()}.
     *
     * @return what ends it, or empty if the host cannot begin one on plg's {@code DataSource}: plg then begins it on a connection that the
     *     host's statements know nothing of
     */
    default Optional<Begun> begin() {
        return Optional.empty();
    }

    /** A transaction that was begun for plg. One of the two is called, once, on the thread that began it. */
    interface Begun {

        /** Commits. What it throws reaches the caller of plg, unless it says that the transaction lost to another one or that the connection broke. */
        void commit();

        /** Rolls back. */
        void rollback();
    }
}
