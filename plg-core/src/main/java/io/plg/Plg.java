package io.plg;

import io.plg.activation.ActivationFunnel;
import io.plg.memory.InMemoryStores;
import io.plg.referral.SignUps;
import io.plg.tenancy.Users;
import io.plg.tenancy.Workspaces;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The entry to the library: a product that was described once, on one store.
 *
 * <pre>{@code
 * var plg = Plg.inMemory().funnel(ONBOARDING).build();
 * plg.workspace("acme").activation(ONBOARDING).complete("ada", "first_project_created");
 * }</pre>
 *
 * <p>A {@code Plg} is made once, is safe to use from many threads and lives as long as the application; {@link #close()} ends its
 * threads. The in-memory one is for unit tests and for trying things out; {@code JdbiPlg} of plg-jdbi keeps everything in the
 * host's own database.
 *
 * <h2>Transactions</h2>
 *
 * Each operation is a transaction of its own, unless it is called inside one: then it becomes part of it and commits or rolls
 * back with it. {@link #transact(TransactionWork.WithoutResult) transact} makes several operations one, on every store; an
 * adapter adds ways to join a transaction of the host.
 */
public interface Plg extends AutoCloseable {

    /**
     * Starts building a {@code Plg} that keeps everything in memory and forgets it when it is dropped. It passes the same
     * contract tests as the databases, transactions and rollback included.
     *
     * @return a builder
     */
    static InMemoryBuilder inMemory() {
        return new InMemoryBuilder();
    }

    /**
     * Returns the view on one workspace.
     *
     * @param id the host's id of the workspace, 1 to 128 characters
     * @return the view
     * @throws IllegalArgumentException if the id is not well-formed, see {@link WorkspaceId}
     */
    default Workspace workspace(String id) {
        return workspace(WorkspaceId.of(id));
    }

    /**
     * Returns the view on one workspace.
     *
     * @param id the id of the workspace
     * @return the view
     */
    Workspace workspace(WorkspaceId id);

    /**
     * Does several things as one transaction: all of it is stored when {@code work} returns, nothing when it throws. Called
     * inside a transaction it becomes a part of that one: if {@code work} throws, only what it did is undone, and the outer
     * transaction goes on. What is called on this same {@code Plg} from the same thread while {@code work} runs takes part as well.
     *
     * @param work what to do; it is handed a {@code Plg} that is bound to the transaction
     * @param <X> the checked exception that the work may throw
     * @throws X whatever {@code work} throws, after everything was rolled back
     * @throws StoreFailure if the transaction cannot be begun or committed
     */
    default <X extends Exception> void transact(TransactionWork.WithoutResult<Plg, X> work) throws X {
        this.<Boolean, X>inTransaction(tx -> {
            work.run(tx);
            return Boolean.TRUE;
        });
    }

    /**
     * Does several things as one transaction, as {@link #transact(TransactionWork.WithoutResult) transact} does, and returns a
     * result.
     *
     * @param work what to do; it is handed a {@code Plg} that is bound to the transaction
     * @param <T> the type of the result
     * @param <X> the checked exception that the work may throw
     * @return what {@code work} returned
     * @throws X whatever {@code work} throws, after everything was rolled back
     * @throws StoreFailure if the transaction cannot be begun or committed
     */
    <T extends @Nullable Object, X extends Exception> T inTransaction(TransactionWork<Plg, T, X> work) throws X;

    /**
     * Returns the activation funnels that this {@code Plg} was built with.
     *
     * @return the funnels in the order in which they were given
     */
    List<ActivationFunnel> funnels();

    /**
     * Returns where somebody who is new meets the code of a referrer.
     *
     * @return what attributes sign-ups, whatever the workspace
     */
    SignUps signUps();

    /**
     * Returns the end of workspaces.
     *
     * @return what deletes them
     */
    Workspaces workspaces();

    /**
     * Returns the end of what is known about people.
     *
     * @return what erases it, in all workspaces
     */
    Users users();

    /**
     * Returns what is asked over all workspaces.
     *
     * @return the operator's reports
     * @throws IllegalStateException unless the builder turned them on
     */
    Operator operator();

    /**
     * Removes what has outlived its retention, such as idempotency keys after 30 days, in batches that disturb nobody. It happens by itself, see
     * {@link PlgBuilder#removeExpiredEvery}; calling it is for hosts that plan such work themselves.
     *
     * @return how many rows were removed
     * @throws IllegalStateException inside a transaction: each batch is one of its own
     * @throws StoreFailure if the store fails; what was removed before stays removed
     */
    long removeExpired();

    /**
     * Ends the threads of this {@code Plg} and drops its caches. It does not close what the host handed in, such as a
     * {@code DataSource}. Calling it again does nothing; on a {@code Plg} that is bound to a transaction it does nothing.
     */
    @Override
    void close();

    /** Builds a {@link Plg} that keeps everything in memory. */
    final class InMemoryBuilder extends PlgBuilder<InMemoryBuilder> {
        private boolean operator;

        private InMemoryBuilder() {}

        /**
         * Turns {@link Plg#operator()} on.
         *
         * @return this builder
         */
        public InMemoryBuilder operator() {
            operator = true;
            return this;
        }

        @Override
        protected InMemoryBuilder self() {
            return this;
        }

        /**
         * Builds it.
         *
         * @return a new, empty {@code Plg}
         */
        public Plg build() {
            return assemble(operator ? InMemoryStores.createWithOperator() : InMemoryStores.create());
        }
    }
}
