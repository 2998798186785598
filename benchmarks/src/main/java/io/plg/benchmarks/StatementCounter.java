package io.plg.benchmarks;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.Statement;
import java.util.concurrent.atomic.LongAdder;
import javax.sql.DataSource;

/**
 * Counts what callers send to the database: each execution of a statement, each commit, rollback and savepoint. BEGIN goes with the first statement. What
 * plg does by itself, on threads of its own, is not counted.
 */
final class StatementCounter {
    private static final String THREADS_OF_PLG = "plg-";

    private final LongAdder sent = new LongAdder();
    private final DataSource counted;

    StatementCounter(DataSource dataSource) {
        counted = counted(DataSource.class, dataSource);
    }

    DataSource dataSource() {
        return counted;
    }

    long sent() {
        return sent.sum();
    }

    private <T> T counted(Class<T> type, T target) {
        return type.cast(Proxy.newProxyInstance(
                StatementCounter.class.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    if (isSent(method) && !Thread.currentThread().getName().startsWith(THREADS_OF_PLG)) {
                        sent.increment();
                    }
                    Object result = invoke(target, method, arguments);
                    if (method.getName().equals("unwrap")) {
                        return result; // whoever asks for the driver's own object gets it
                    }
                    if (result instanceof Connection connection) {
                        return counted(Connection.class, connection);
                    }
                    if (result instanceof PreparedStatement statement) {
                        return counted(PreparedStatement.class, statement);
                    }
                    return result instanceof Statement statement ? counted(Statement.class, statement) : result;
                }));
    }

    private static boolean isSent(Method method) {
        String name = method.getName();
        return name.startsWith("execute")
                || name.equals("commit")
                || name.equals("rollback")
                || name.endsWith("Savepoint");
    }

    private static Object invoke(Object target, Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getTargetException();
        }
    }
}
