package io.plg.benchmarks;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.LongAdder;
import javax.sql.DataSource;

/** Counts who takes connections, so that a program can tell an answer from memory from one of the database. */
final class CountingDataSource {

    private static final String READER_OF_CHANGES = "plg-changes";

    private static final long GIVE_UP_NANOS = 30_000_000_000L;

    private final LongAdder callers = new LongAdder();
    private final DataSource counted;

    CountingDataSource(DataSource dataSource) {
        counted = (DataSource) Proxy.newProxyInstance(
                CountingDataSource.class.getClassLoader(),
                new Class<?>[] {DataSource.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("getConnection")
                            && !Thread.currentThread().getName().equals(READER_OF_CHANGES)) {
                        callers.increment();
                    }
                    try {
                        return method.invoke(dataSource, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getTargetException();
                    }
                });
    }

    DataSource dataSource() {
        return counted;
    }

    /** How many connections were taken by others than plg's reader of the change feed. */
    long byCallers() {
        return callers.sum();
    }

    /** Asks until ten answers in a row come from memory, because plg uses its memory only while it is told of changes. */
    void awaitMemory(Runnable question) throws InterruptedException {
        long end = System.nanoTime() + GIVE_UP_NANOS;
        int inMemory = 0;
        while (inMemory < 10) {
            long before = byCallers();
            question.run();
            inMemory = byCallers() == before ? inMemory + 1 : 0;
            if (System.nanoTime() > end) {
                throw new IllegalStateException("what is asked again and again must be remembered, was not");
            }
            Thread.sleep(1);
        }
    }
}
