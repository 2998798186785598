package io.plg.crash;

import java.io.PrintWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.function.Consumer;
import java.util.logging.Logger;
import javax.sql.DataSource;

/** Tells a thread when its transaction begins, is about to be committed, and has been; and of each statement before it is sent. */
final class StoppingDataSource implements DataSource {
    private static final ThreadLocal<Consumer<Point>> AT = ThreadLocal.withInitial(() -> point -> {});

    private static final ThreadLocal<Runnable> STATEMENT = ThreadLocal.withInitial(() -> () -> {});

    private final DataSource target;

    StoppingDataSource(DataSource target) {
        this.target = target;
    }

    /** Where a process dies. */
    enum Point {
        BEFORE_CLAIM,
        AFTER_CLAIM,
        AFTER_GRANT,
        BEFORE_COMMIT,
        AFTER_COMMIT
    }

    /** From now on this thread is told. */
    static void onThisThread(Consumer<Point> at) {
        AT.set(at);
    }

    /** From now on this thread is told before each of its statements, before each commit and after it. */
    static void beforeEachStatementOfThisThread(Runnable before) {
        STATEMENT.set(before);
    }

    @Override
    public Connection getConnection() throws SQLException {
        Connection connection = target.getConnection();
        return (Connection) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, args) -> {
                    if (method.getName().equals("prepareStatement")) {
                        var statement = (PreparedStatement) method.invoke(connection, args);
                        return stopping(PreparedStatement.class, statement, ((String) args[0]).endsWith("commit"));
                    }
                    if (method.getName().equals("createStatement")) {
                        return stopping(Statement.class, (Statement) method.invoke(connection, args), false);
                    }
                    boolean commits = method.getName().equals("commit");
                    if (commits) {
                        STATEMENT.get().run();
                        AT.get().accept(Point.BEFORE_COMMIT);
                    } else if (method.getName().equals("setAutoCommit") && !(boolean) args[0]) {
                        AT.get().accept(Point.BEFORE_CLAIM);
                    }
                    try {
                        Object result = method.invoke(connection, args);
                        if (commits) {
                            AT.get().accept(Point.AFTER_COMMIT);
                            STATEMENT.get().run();
                        }
                        return result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    /**
     * A statement.
     *
     * @param commits whether it commits by itself
     */
    private static <S extends Statement> S stopping(Class<S> type, S statement, boolean commits) {
        return type.cast(Proxy.newProxyInstance(
                StoppingDataSource.class.getClassLoader(), new Class<?>[] {type}, (proxy, method, args) -> {
                    boolean sent = method.getName().startsWith("execute");
                    boolean executes = commits && method.getName().equals("execute");
                    if (sent) {
                        STATEMENT.get().run();
                    }
                    if (executes) {
                        AT.get().accept(Point.BEFORE_COMMIT);
                    }
                    try {
                        Object result = method.invoke(statement, args);
                        if (executes) {
                            AT.get().accept(Point.AFTER_COMMIT);
                        }
                        return result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        return target.getConnection(user, password);
    }

    @Override
    public PrintWriter getLogWriter() throws SQLException {
        return target.getLogWriter();
    }

    @Override
    public void setLogWriter(PrintWriter out) throws SQLException {
        target.setLogWriter(out);
    }

    @Override
    public void setLoginTimeout(int seconds) throws SQLException {
        target.setLoginTimeout(seconds);
    }

    @Override
    public int getLoginTimeout() throws SQLException {
        return target.getLoginTimeout();
    }

    @Override
    public Logger getParentLogger() {
        return Logger.getGlobal();
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        return target.unwrap(type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
        return target.isWrapperFor(type);
    }
}
