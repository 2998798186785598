package io.plg.jdbi;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** What a framework does: binds a transaction to the thread and hands out its connection, which nobody else may close. */
final class ThreadBound extends AutoCommitOff implements HostTransactions {
    private final ThreadLocal<@Nullable Connection> bound = new ThreadLocal<>();
    private final List<Runnable> tasks = new ArrayList<>();

    ThreadBound(DataSource all) {
        super(all);
    }

    @Override
    public Connection getConnection() throws SQLException {
        Connection connection = bound.get();
        return connection == null ? all.getConnection() : unclosable(connection);
    }

    void start() {
        try {
            Connection connection = all.getConnection();
            connection.setAutoCommit(false);
            bound.set(connection);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    void commit() {
        end(true);
        List<Runnable> now = List.copyOf(tasks);
        tasks.clear();
        now.forEach(Runnable::run);
    }

    void rollback() {
        end(false);
        tasks.clear();
    }

    @Override
    public Optional<Begun> begin() {
        start();
        return Optional.of(new Begun() {
            @Override
            public void commit() {
                ThreadBound.this.commit();
            }

            @Override
            public void rollback() {
                ThreadBound.this.rollback();
            }
        });
    }

    @Override
    public boolean active() {
        return bound.get() != null;
    }

    @Override
    public void afterCommit(Runnable task) {
        tasks.add(task);
    }

    private void end(boolean commit) {
        try (Connection connection = bound.get()) {
            bound.remove();
            if (commit) {
                connection.commit();
            } else {
                connection.rollback();
            }
            connection.setAutoCommit(true);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Connection unclosable(Connection connection) {
        return (Connection) Proxy.newProxyInstance(
                Connection.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, args) -> {
                    if (method.getName().equals("close")) {
                        return null;
                    }
                    try {
                        return method.invoke(connection, args);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
