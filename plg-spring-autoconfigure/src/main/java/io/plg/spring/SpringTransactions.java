package io.plg.spring;

import io.plg.StoreFailure;
import io.plg.jdbi.HostTransactions;
import io.plg.jdbi.JdbiPlg;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.jdbc.datasource.ConnectionHolder;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionStatus;
import org.springframework.transaction.support.ResourceTransactionManager;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;
import org.springframework.util.ReflectionUtils;

/**
 * The transactions that Spring has bound to the thread, of one DataSource. A transaction of another DataSource is none: what plg
 * does inside it is committed at once.
 */
final class SpringTransactions implements HostTransactions {
    /** Open to Spring's own transaction managers only. Without it, a pool with autocommit off could not be told from a transaction. */
    private static final @Nullable Method TRANSACTION_ACTIVE =
            ReflectionUtils.findMethod(ConnectionHolder.class, "isTransactionActive");

    static {
        if (TRANSACTION_ACTIVE != null) {
            ReflectionUtils.makeAccessible(TRANSACTION_ACTIVE);
        }
    }

    private final DataSource dataSource;
    private final ObjectProvider<PlatformTransactionManager> managers;

    private SpringTransactions(DataSource dataSource, ObjectProvider<PlatformTransactionManager> managers) {
        this.dataSource = dataSource;
        this.managers = managers;
    }

    /** Starts building a plg that joins them. */
    static JdbiPlg.Builder join(DataSource dataSource, BeanFactory beans) {
        DataSource target = dataSource;
        while (target instanceof TransactionAwareDataSourceProxy proxy && proxy.getTargetDataSource() != null) {
            target = proxy.getTargetDataSource(); // The transaction managers look through it as well.
        }
        // The manager is looked up when it is needed: that of JPA stands on half of the application.
        var transactions = new SpringTransactions(target, beans.getBeanProvider(PlatformTransactionManager.class));
        return JdbiPlg.on(transactions.new JoiningDataSource()).hostTransactions(transactions);
    }

    /**
     * {@inheritDoc}
     *
     * <p>A connection that Spring bound to the thread is not proof enough. It also binds one, which nobody will commit, when a
     * {@code JdbcTemplate} is used during the transaction of another DataSource; and it keeps the one of JPA bound after the commit.
     */
    @Override
    public boolean active() {
        if (!TransactionSynchronizationManager.isActualTransactionActive()
                || !TransactionSynchronizationManager.isSynchronizationActive()
                || !(TransactionSynchronizationManager.getResource(dataSource) instanceof ConnectionHolder holder)
                || isOnlySynchronized(holder)) {
            return false;
        }
        Connection connection = DataSourceUtils.getConnection(dataSource);
        try {
            return !connection.getAutoCommit();
        } catch (SQLException e) {
            throw new StoreFailure(
                    "the connection of the current transaction does not say whether it commits by itself", e);
        } finally {
            DataSourceUtils.releaseConnection(connection, dataSource);
        }
    }

    /** Whether the connection was bound by a JdbcTemplate and not by a transaction manager, of JDBC or of JPA. */
    private static boolean isOnlySynchronized(ConnectionHolder holder) {
        return holder.isSynchronizedWithTransaction()
                && TRANSACTION_ACTIVE != null
                && Boolean.FALSE.equals(ReflectionUtils.invokeMethod(TRANSACTION_ACTIVE, holder));
    }

    @Override
    public void afterCommit(Runnable task) {
        if (!active()) {
            throw new IllegalStateException("there is no transaction on this thread to wait for");
        }
        for (TransactionSynchronization each : TransactionSynchronizationManager.getSynchronizations()) {
            if (each instanceof Pending pending && pending.owner() == this) {
                pending.add(task);
                return;
            }
        }
        var pending = new Pending();
        pending.add(task);
        TransactionSynchronizationManager.registerSynchronization(pending);
    }

    /** The holder of the connection: Spring binds another one to the thread while it has suspended a transaction. */
    @Override
    public Object current() {
        Object holder = TransactionSynchronizationManager.getResource(dataSource);
        return holder == null ? this : holder;
    }

    /** By the application's transaction manager of this DataSource. */
    @Override
    public Optional<Begun> begin() {
        PlatformTransactionManager manager =
                managers.stream().filter(this::isOfThisDataSource).findFirst().orElse(null);
        if (manager == null && !TransactionSynchronizationManager.isActualTransactionActive()) {
            // Perhaps it does not tell. Inside a transaction of another DataSource, though, it might join that one.
            manager = managers.getIfUnique();
        }
        if (manager == null) {
            return Optional.empty();
        }
        PlatformTransactionManager chosen = manager;
        TransactionStatus status = manager.getTransaction(TransactionDefinition.withDefaults());
        boolean ours = false;
        try {
            ours = active();
        } finally {
            if (!ours) {
                manager.rollback(status);
            }
        }
        return !ours
                ? Optional.empty()
                : Optional.of(new Begun() {
                    @Override
                    public void commit() {
                        chosen.commit(status);
                    }

                    @Override
                    public void rollback() {
                        chosen.rollback(status);
                    }
                });
    }

    /** A manager for JDBC names its DataSource as its resource, one for JPA has it besides. */
    private boolean isOfThisDataSource(PlatformTransactionManager manager) {
        if (!(manager instanceof ResourceTransactionManager resources)) {
            return false;
        }
        Method dataSourceOf = ReflectionUtils.findMethod(manager.getClass(), "getDataSource");
        return target(resources.getResourceFactory()) == dataSource
                || dataSourceOf != null && target(ReflectionUtils.invokeMethod(dataSourceOf, manager)) == dataSource;
    }

    private static @Nullable Object target(@Nullable Object dataSource) {
        Object target = dataSource;
        while (target instanceof TransactionAwareDataSourceProxy proxy) {
            target = proxy.getTargetDataSource();
        }
        return target;
    }

    /** Hands out the connection of the transaction; where there is none, another one that commits by itself. */
    private final class JoiningDataSource extends TransactionAwareDataSourceProxy {
        JoiningDataSource() {
            super(dataSource);
        }

        @Override
        public Connection getConnection() throws SQLException {
            if (active()) {
                return super.getConnection();
            }
            Connection connection = dataSource.getConnection();
            try {
                return connection.getAutoCommit() ? connection : committing(connection);
            } catch (SQLException | RuntimeException e) {
                connection.close();
                throw e;
            }
        }

        /** A pool may switch autocommit off, as is advised with JPA, and is given its connection back as it was. */
        private static Connection committing(Connection connection) throws SQLException {
            connection.setAutoCommit(true);
            return (Connection) Proxy.newProxyInstance(
                    SpringTransactions.class.getClassLoader(),
                    new Class<?>[] {Connection.class},
                    (proxy, method, args) -> {
                        if (method.getName().equals("close") && !connection.isClosed()) {
                            connection.setAutoCommit(false);
                        }
                        try {
                            return method.invoke(connection, args);
                        } catch (InvocationTargetException e) {
                            throw e.getTargetException();
                        }
                    });
        }
    }

    /** What waits for the end of one transaction. */
    private final class Pending implements TransactionSynchronization {
        private final List<Runnable> tasks = new ArrayList<>();
        private final Map<Object, Integer> savepoints = new IdentityHashMap<>();
        private boolean completes;
        private boolean late;

        SpringTransactions owner() {
            return SpringTransactions.this;
        }

        void add(Runnable task) {
            tasks.add(task);
            late |= completes;
        }

        @Override
        public void savepoint(Object savepoint) {
            savepoints.put(savepoint, tasks.size());
        }

        @Override
        public void savepointRollback(Object savepoint) {
            // A savepoint that was not announced is older than this, and so is everything in it.
            tasks.subList(savepoints.getOrDefault(savepoint, 0), tasks.size()).clear();
        }

        @Override
        public void beforeCompletion() {
            completes = true;
        }

        // Not in afterCommit(): until it is over, Spring would have what the tasks do join the transaction that has
        // ended.
        @Override
        public void afterCompletion(int status) {
            if (status == STATUS_COMMITTED) {
                if (late || !completes) {
                    commit();
                }
                outside();
            }
        }

        /** Commits what was done after the host's commit, in its after-commit callbacks, which nobody else would. */
        private void commit() {
            Connection connection = DataSourceUtils.getConnection(dataSource);
            try {
                if (!connection.getAutoCommit()) {
                    connection.commit();
                }
            } catch (SQLException e) {
                throw new StoreFailure(
                        "what was done after the commit of the host's transaction could not be committed", e);
            } finally {
                DataSourceUtils.releaseConnection(connection, dataSource);
            }
        }

        /** Runs the tasks as if there were no transaction, so that those which a listener begins are real ones. */
        private void outside() {
            if (managers.getIfUnique() instanceof ResourceTransactionManager manager) {
                var template = new TransactionTemplate(manager);
                template.setPropagationBehavior(TransactionDefinition.PROPAGATION_NOT_SUPPORTED);
                template.executeWithoutResult(none -> tasks.forEach(Runnable::run));
            } else {
                tasks.forEach(Runnable::run);
            }
        }
    }
}
