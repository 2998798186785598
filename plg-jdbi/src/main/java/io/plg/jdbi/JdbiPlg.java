package io.plg.jdbi;

import io.plg.Operator;
import io.plg.Plg;
import io.plg.PlgBuilder;
import io.plg.PlgStores;
import io.plg.StoreFailure;
import io.plg.TransactionWork;
import io.plg.Workspace;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationFunnel;
import io.plg.audit.IsolationAudit;
import io.plg.audit.IsolationWatch;
import io.plg.referral.SignUps;
import io.plg.tenancy.AuditReport;
import io.plg.tenancy.NotIsolated;
import io.plg.tenancy.Users;
import io.plg.tenancy.Workspaces;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Handles;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.ColonPrefixSqlParser;
import org.jdbi.v3.core.statement.SqlParser;
import org.jdbi.v3.core.statement.SqlStatements;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A {@link Plg} that keeps everything in the host's own PostgreSQL or H2, in tables that {@link PlgSchema} makes when asked.
 *
 * <pre>{@code
 * JdbiPlg plg = JdbiPlg.on(dataSource).funnel(ONBOARDING).build();
 *
 * jdbi.useTransaction(handle -> {
 *     projects.insert(handle, project);
 *     plg.in(handle).workspace("acme").activation(ONBOARDING).complete(user, "first_project_created");
 * });                                                          // commits and rolls back with the host's rows
 * }</pre>
 *
 * <p>A call outside a transaction takes a connection from the {@code DataSource} and is a transaction of its own: one round trip for what is
 * frequent. The connection must come in autocommit mode. On PostgreSQL each call binds itself to its workspace by the setting
 * {@code plg.workspace_id}, for the transaction only, and leaves the setting as it found it; nothing depends on the session, so
 * that a transaction-mode pooler may stand in between.
 *
 * <p>A failing statement aborts a PostgreSQL transaction, the host's too: after a {@link io.plg.StoreFailure} it can only be rolled back,
 * unless to a savepoint.
 */
public final class JdbiPlg implements Plg {
    private static final Logger LOG = LoggerFactory.getLogger(JdbiPlg.class);

    private static final SqlParser PARSER = new ColonPrefixSqlParser();

    private final JdbiStores stores;
    private final Plg plg;
    private final IsolationAudit audit;
    private final @Nullable IsolationWatch watch;

    private JdbiPlg(JdbiStores stores, Plg plg, IsolationAudit audit, @Nullable IsolationWatch watch) {
        this.stores = stores;
        this.plg = plg;
        this.audit = audit;
        this.watch = watch;
    }

    /**
     * Starts building a {@code Plg} on a database. Nothing but the isolation audit is asked of the database before the first call.
     *
     * @param dataSource where connections come from, usually the host's pool; it is never closed
     * @return a builder
     */
    public static Builder on(DataSource dataSource) {
        return new Builder(dataSource);
    }

    /**
     * Joins the transaction of a handle: what is called on the returned view commits and rolls back with it. Listeners hear of it after
     * the handle has committed, on the same thread; if somebody else ends the handle's transaction, as {@link #in(Connection)} says.
     * A handle does not tell of a rollback to a savepoint that the host itself set: listeners then hear of what it took back.
     *
     * @param handle a handle in a transaction, such as {@code jdbi.useTransaction} hands out
     * @return a view that is bound to the transaction and ends with it
     * @throws IllegalStateException if the handle is not in a transaction
     */
    public Plg in(Handle handle) {
        if (handle.isClosed() || !handle.isInTransaction()) {
            throw new IllegalStateException("the handle is not in a transaction; call plg.in(handle) inside"
                    + " jdbi.useTransaction(handle -> …), or call plg itself for a transaction of its own");
        }
        return join(handle.getConnection(), Joined.of(handle));
    }

    /**
     * Joins the transaction of a connection: what is called on the returned view commits and rolls back with it. A connection does not
     * tell when it commits: plg asks the database, and listeners hear of it within about a second, on a thread of plg.
     *
     * @param connection a connection with autocommit off; plg neither commits nor closes it
     * @return a view that is bound to the transaction and ends with it
     * @throws IllegalStateException if the connection is in autocommit mode or closed
     */
    public Plg in(Connection connection) {
        Joined joined = Joined.of(connection);
        try {
            if (!joined.open()) {
                throw new IllegalStateException(
                        "the connection is in autocommit mode or closed, so there is no transaction to join; call"
                                + " connection.setAutoCommit(false) before plg.in(connection), or call plg itself for a transaction of its own");
            }
        } catch (SQLException e) {
            throw Database.failure("join the transaction of a connection", e);
        }
        return join(connection, joined);
    }

    private Plg join(Connection connection, Joined joined) {
        // A Jdbi of plg's own: what the host has configured on its handle must not change how plg's statements are
        // read.
        Jdbi jdbi = Jdbi.create(connection);
        jdbi.getConfig(Handles.class).setForceEndTransactions(false);
        jdbi.getConfig(SqlStatements.class).setSqlParser(PARSER); // which remembers what it has parsed
        return Builder.bound(plg, stores.join(jdbi.open(), joined));
    }

    /**
     * Returns the audit of this database, as it ran when this {@code Plg} was built, to be run again at any time.
     *
     * @return the audit, with the host's own tables if the builder named any
     */
    public IsolationAudit isolationAudit() {
        return audit;
    }

    @Override
    public Workspace workspace(WorkspaceId id) {
        return plg.workspace(id);
    }

    @Override
    public <T extends @Nullable Object, X extends Exception> T inTransaction(TransactionWork<Plg, T, X> work) throws X {
        return plg.inTransaction(work);
    }

    @Override
    public List<ActivationFunnel> funnels() {
        return plg.funnels();
    }

    @Override
    public SignUps signUps() {
        return plg.signUps();
    }

    @Override
    public Workspaces workspaces() {
        return plg.workspaces();
    }

    @Override
    public Users users() {
        return plg.users();
    }

    @Override
    public Operator operator() {
        return plg.operator();
    }

    @Override
    public long removeExpired() {
        return plg.removeExpired();
    }

    @Override
    public void close() {
        if (watch != null) {
            watch.close();
        }
        plg.close();
    }

    /** Builds a {@link JdbiPlg}. */
    public static final class Builder extends PlgBuilder<Builder> {
        private final DataSource dataSource;
        private HostTransactions hostTransactions = HostTransactions.NONE;
        private @Nullable DataSource operator;
        private IsolationMode isolation = IsolationMode.WARN;
        private UnaryOperator<IsolationAudit> audited = UnaryOperator.identity();
        private @Nullable Duration watchEvery;

        private Builder(DataSource dataSource) {
            this.dataSource = Objects.requireNonNull(dataSource, "dataSource");
        }

        @Override
        protected Builder self() {
            return this;
        }

        /**
         * Sets how plg sees transactions that the host has bound to the current thread; every call then takes part in them. Default:
         * there are none.
         *
         * @param transactions the host's transactions
         * @return this builder
         */
        public Builder hostTransactions(HostTransactions transactions) {
            this.hostTransactions = Objects.requireNonNull(transactions, "transactions");
            return this;
        }

        /**
         * Turns {@link Plg#operator()} on. Its reports take connections of their own, as a role of its own: on PostgreSQL a login that
         * is a member of {@code plg_operator} and of nothing else.
         *
         * @param dataSource leads to the same database as another login
         * @return this builder
         */
        public Builder operator(DataSource dataSource) {
            this.operator = Objects.requireNonNull(dataSource, "dataSource");
            return this;
        }

        /**
         * Says what happens at the start if the database does not keep tenants apart as it should. Default: {@link IsolationMode#WARN}.
         *
         * @param mode what happens
         * @return this builder
         */
        public Builder isolation(IsolationMode mode) {
            this.isolation = Objects.requireNonNull(mode, "mode");
            return this;
        }

        /**
         * Changes what is audited: adds the host's own tables, or leaves the active probe out.
         *
         * <pre>{@code audited(audit -> audit.table("app.project", "tenant_id"))}</pre>
         *
         * @param change returns another audit
         * @return this builder
         */
        public Builder audited(UnaryOperator<IsolationAudit> change) {
            this.audited = Objects.requireNonNull(change, "change");
            return this;
        }

        /**
         * Watches the isolation of the database until the {@code Plg} is closed, and tells {@link io.plg.PlgListener#onIsolationDrift} of
         * each change. Default: off.
         *
         * @param every how often to look, at most 60 seconds
         * @return this builder
         * @throws IllegalArgumentException if {@code every} is not positive or longer than 60 seconds
         */
        public Builder watchIsolation(Duration every) {
            if (every.isNegative() || every.isZero() || every.compareTo(Duration.ofSeconds(60)) > 0) {
                throw new IllegalArgumentException("every must be positive and at most 60 seconds, was " + every);
            }
            this.watchEvery = every;
            return this;
        }

        /**
         * Builds it, after the audit that {@link #isolation} asks for.
         *
         * @return a {@code Plg} on the database
         * @throws io.plg.tenancy.NotIsolated in {@link IsolationMode#STRICT}, if the audit has a finding
         * @throws StoreFailure in {@link IsolationMode#STRICT}, if the database cannot be audited
         */
        public JdbiPlg build() {
            IsolationAudit audit = audited.apply(IsolationAudit.of(dataSource));
            if (isolation != IsolationMode.OFF) {
                audit(audit);
                if (operator != null) {
                    audit(IsolationAudit.of(operator).withoutProbe()); // it only reads
                }
            }
            var stores = new JdbiStores(
                    new Database(dataSource, hostTransactions),
                    operator == null ? null : new Database(operator, HostTransactions.NONE));
            return new JdbiPlg(
                    stores,
                    assemble(stores),
                    audit,
                    watchEvery == null ? null : audit.watch(watchEvery, toldOfDrift()));
        }

        private void audit(IsolationAudit audit) {
            AuditReport report;
            try {
                report = audit.run();
            } catch (StoreFailure e) {
                if (isolation == IsolationMode.STRICT) {
                    throw e;
                }
                LOG.warn("the isolation of the database could not be audited", e);
                return;
            }
            if (report.isolated()) {
                LOG.info("{}", report);
            } else if (isolation == IsolationMode.STRICT) {
                throw new NotIsolated(report);
            } else {
                LOG.warn("{}", report);
            }
        }

        private static Plg bound(Plg plg, PlgStores stores) {
            return bind(plg, stores);
        }
    }
}
