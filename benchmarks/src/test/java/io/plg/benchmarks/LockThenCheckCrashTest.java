package io.plg.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import com.zaxxer.hikari.HikariDataSource;
import io.lettuce.core.SetArgs;
import io.lettuce.core.api.sync.RedisCommands;
import io.plg.benchmarks.HostTables.Granted;
import io.plg.benchmarks.HostTables.Stored;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Outcome;
import io.plg.idempotency.Principal;
import io.plg.jdbi.IsolationMode;
import io.plg.jdbi.JdbiPlg;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * When a process dies or stands still at the wrong moment, on real servers, with the death played inside of this process: what would have come after it
 * does not happen, and somebody who remembers nothing asks again.
 *
 * <p>Three ways of having an effect once:
 *
 * <ul>
 *   <li><b>response in Redis only</b>, the version that guides most often show: look for a response in Redis, take a lock there by {@code SET NX PX}, look
 *       again, have the effect and commit it, store the response in Redis, delete the lock. Whether the effect was had is written down after its
 *       commit, and the lock ends by itself: both leave a window for a second effect.
 *   <li><b>key in the table</b>, the same with a row for the key in the effect's transaction and a look at that row: the unique key in the database
 *       closes both windows, and it does so only by doing what plg does, key and effect in one commit. The lock in Redis then adds nothing to the
 *       guarantee, and a paused caller gets an error where there is an answer.
 *   <li><b>plg</b>: {@code execute}.
 * </ul>
 */
class LockThenCheckCrashTest {
    private static final long LOCK_MILLIS = 200;
    private static final String USER = "usr_ada";
    private static final String FINGERPRINT =
            Fingerprint.ofBytes(new byte[] {1}).hex();
    private static final Operation<Granted> REWARD = Operation.of("grant-reward", Granted.class);

    private static PostgresServer server;
    private static RedisProcess redis;
    private static HikariDataSource pool;

    private final String workspace = "ws_" + UUID.randomUUID();
    private final String key = UUID.randomUUID().toString();

    @BeforeAll
    static void start() throws Exception {
        server = PostgresServer.start();
        server.createPlgSchema();
        server.execute(HostTables.SCHEMA);
        redis = RedisProcess.start();
        pool = server.pool(4);
    }

    @AfterAll
    static void stop() throws Exception {
        pool.close();
        redis.close();
        server.close();
    }

    @Nested
    @DisplayName("response in Redis only")
    class ResponseInRedisOnly {
        private final Guide guide = new Guide(false);

        @Test
        @DisplayName("dies after the effect's commit: when the lock has ended there is a second effect")
        void dies() throws Exception {
            assertThatThrownBy(() -> guide.execute(() -> {}, LockThenCheckCrashTest::die))
                    .isInstanceOf(Died.class);
            assertThat(guide.execute()).as("while the lock lasts").isEqualTo(Guide.CONFLICT);
            guide.awaitEndOfLock();
            assertThat(guide.execute()).contains("welcome");
            assertThat(effects()).isEqualTo(2);
        }

        @Test
        @DisplayName("stands still until the lock has ended: two effects")
        void pauses() throws Exception {
            try (var paused = new Paused<>(pause -> guide.execute(pause, () -> {}))) {
                guide.awaitEndOfLock();
                assertThat(guide.execute()).contains("welcome");
                assertThat(paused.resume()).contains("welcome");
            }
            assertThat(effects()).isEqualTo(2);
        }
    }

    @Nested
    @DisplayName("key in the table")
    class KeyInTheTable {
        private final Guide guide = new Guide(true);

        @Test
        @DisplayName("dies after the commit: one effect, because the key was committed with it")
        void dies() throws Exception {
            assertThatThrownBy(() -> guide.execute(() -> {}, LockThenCheckCrashTest::die))
                    .isInstanceOf(Died.class);
            guide.awaitEndOfLock();
            assertThat(guide.execute()).contains("welcome");
            assertThat(effects()).isEqualTo(1);
        }

        @Test
        @DisplayName("stands still until the lock has ended: one effect, and an error for who stood still")
        void pauses() throws Exception {
            try (var paused = new Paused<>(pause -> guide.execute(pause, () -> {}))) {
                guide.awaitEndOfLock();
                assertThat(guide.execute()).contains("welcome");
                assertThatThrownBy(paused::resume)
                        .cause()
                        .asInstanceOf(type(SQLException.class))
                        .extracting(SQLException::getSQLState)
                        .isEqualTo("23505");
            }
            assertThat(effects()).isEqualTo(1);
        }
    }

    @Nested
    @DisplayName("plg")
    class OfPlg {

        @Test
        @DisplayName("dies after the commit: one effect, and its result for who asks again")
        void dies() throws Exception {
            try (JdbiPlg node = node(diesAfterCommit(pool))) {
                assertThatThrownBy(() -> execute(node, () -> {})).isInstanceOf(Died.class);
            }
            try (JdbiPlg other = node(pool)) {
                assertThat(execute(other, () -> {})).isInstanceOf(Outcome.Replayed.class);
            }
            assertThat(effects()).isEqualTo(1);
        }

        @Test
        @DisplayName("stands still in the effect: another node waits for it and gets its result; one effect")
        void pauses() throws Exception {
            try (JdbiPlg node = node(pool);
                    JdbiPlg other = node(pool);
                    var paused = new Paused<>(pause -> execute(node, pause));
                    var second = new Paused<>(pause -> {
                        pause.run();
                        return execute(other, () -> {});
                    })) {
                Future<Outcome<Granted>> waiting = second.resumed();
                TimeUnit.MILLISECONDS.sleep(2 * LOCK_MILLIS);
                assertThat(waiting).isNotDone();
                assertThat(paused.resume()).isInstanceOf(Outcome.Executed.class);
                assertThat(waiting.get(5, TimeUnit.SECONDS)).isInstanceOf(Outcome.Replayed.class);
            }
            assertThat(effects()).isEqualTo(1);
        }

        @Test
        @DisplayName(
                "stands still until the server has ended its transaction: another node has the effect, the first one none")
        void pausesTooLong() throws Exception {
            try (HikariDataSource impatient = impatientPool();
                    JdbiPlg node = node(impatient);
                    JdbiPlg other = node(pool);
                    var paused = new Paused<>(pause -> execute(node, pause))) {
                assertThat(execute(other, () -> {})).isInstanceOf(Outcome.Executed.class);
                assertThatThrownBy(paused::resume).isInstanceOf(ExecutionException.class);
            }
            assertThat(effects()).isEqualTo(1);
        }

        private Outcome<Granted> execute(JdbiPlg node, Runnable beforeEffect) throws SQLException {
            return node.workspace(workspace)
                    .idempotency()
                    .execute(REWARD, Principal.by(USER), IdempotencyKey.of(key), new Fingerprint(FINGERPRINT), tx -> {
                        beforeEffect.run();
                        return HostTables.effect(tx.unwrap(Connection.class), workspace, tx.effectId(), USER);
                    });
        }

        private JdbiPlg node(DataSource dataSource) {
            return JdbiPlg.on(dataSource).isolation(IsolationMode.OFF).build();
        }
    }

    /** The flow of the guides, for the one key of a test. */
    private final class Guide {
        static final String CONFLICT = "409";

        private final boolean keyInTable;
        private final RedisCommands<String, String> commands =
                redis.connection().sync();
        private final String lock = "lock:" + key;
        private final String response = "response:" + key;

        Guide(boolean keyInTable) {
            this.keyInTable = keyInTable;
        }

        String execute() throws SQLException {
            return execute(() -> {}, () -> {});
        }

        String execute(Runnable beforeEffect, Runnable afterCommit) throws SQLException {
            String known = commands.get(response);
            if (known != null) {
                return known;
            }
            String mine = UUID.randomUUID().toString();
            if (commands.set(lock, mine, SetArgs.Builder.nx().px(LOCK_MILLIS)) == null) {
                return CONFLICT;
            }
            String answer = commands.get(response);
            try (Connection connection = pool.getConnection()) {
                Stored stored = answer == null && keyInTable ? HostTables.stored(connection, workspace, key) : null;
                if (stored != null) {
                    answer = stored.response();
                } else if (answer == null) {
                    beforeEffect.run();
                    answer = inOneTransaction(connection);
                    afterCommit.run();
                }
            }
            commands.set(response, answer, SetArgs.Builder.ex(86_400));
            if (mine.equals(commands.get(lock))) {
                commands.del(lock);
            }
            return answer;
        }

        private String inOneTransaction(Connection connection) throws SQLException {
            if (keyInTable) {
                return LockThenCheck.inOneTransaction(connection, workspace, USER, key, FINGERPRINT);
            }
            // One statement in autocommit mode is a transaction.
            return HostTables.effect(connection, workspace, HostTables.newId(), USER)
                    .json();
        }

        void awaitEndOfLock() throws InterruptedException {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
            while (commands.exists(lock) > 0) {
                assertThat(System.nanoTime()).as("the lock ends by itself").isLessThan(end);
                TimeUnit.MILLISECONDS.sleep(10);
            }
        }
    }

    /** A call on a thread of its own that stands still where it says so, as in a long collection of garbage. */
    private static final class Paused<T> implements AutoCloseable {
        private final ExecutorService thread = Executors.newSingleThreadExecutor();
        private final CountDownLatch there = new CountDownLatch(1);
        private final CountDownLatch on = new CountDownLatch(1);
        private final Future<T> result;

        Paused(Pausing<T> call) throws InterruptedException {
            result = thread.submit(() -> call.run(() -> {
                there.countDown();
                awaitOn();
            }));
            assertThat(there.await(10, TimeUnit.SECONDS))
                    .as("comes to the pause")
                    .isTrue();
        }

        private void awaitOn() {
            try {
                on.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        Future<T> resumed() {
            on.countDown();
            return result;
        }

        T resume() throws Exception {
            return resumed().get(10, TimeUnit.SECONDS);
        }

        @Override
        public void close() {
            thread.shutdownNow();
        }
    }

    private interface Pausing<T> {
        T run(Runnable pause) throws Exception;
    }

    /** The end of the process. */
    private static final class Died extends Error {
        Died() {
            super("the process died");
        }
    }

    private static void die() {
        throw new Died();
    }

    /** Connections after whose commit nothing else happens: not even the answer is read, and the server sees the end of the connection. */
    private static DataSource diesAfterCommit(DataSource target) {
        return proxy(DataSource.class, target);
    }

    private static <T> T proxy(Class<T> type, T target) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, args) -> {
            Object result;
            try {
                result = method.invoke(target, args);
            } catch (InvocationTargetException e) {
                throw e.getTargetException();
            }
            if (method.getName().equals("commit")) {
                ((Connection) target).abort(Runnable::run);
                die();
            }
            return result instanceof Connection connection ? proxy(Connection.class, connection) : result;
        }));
    }

    /** Its transactions are ended by the server when they stand still for longer than a lock of the guides lasts. */
    private static HikariDataSource impatientPool() throws SQLException {
        HikariDataSource impatient = server.pool(1);
        try (Connection connection = impatient.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("set idle_in_transaction_session_timeout = '" + LOCK_MILLIS + "ms'");
        }
        return impatient;
    }

    private long effects() throws SQLException {
        return Long.parseLong(server.text("select count(*) from host.effect where workspace_id = '" + workspace + "'"));
    }
}
