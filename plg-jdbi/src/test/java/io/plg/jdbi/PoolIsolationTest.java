package io.plg.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.plg.StoreFailure;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.Cohort;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** No binding outlives its transaction: on a pool, behind a pooler, in a transaction of the host's, and whatever fails in between. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
final class PoolIsolationTest {
    private static final ActivationFunnel FUNNEL =
            ActivationFunnel.named("onboarding").step("created").step("invited").build();
    private static final String BOUND = "select coalesce(current_setting('plg.workspace_id', true), '')";
    private static final String BIND = "select set_config('plg.workspace_id', ?, true)";

    private final String run = UUID.randomUUID().toString();

    @Test
    void on_a_pool_no_transaction_ever_sees_another_workspace_whatever_fails() throws Exception {
        Hammer hammer = new Hammer(BIND);
        hammer.run(32, 10_000, true);
        assertThat(hammer.leaks).isEmpty();
        assertThat(hammer.completed.get())
                .as("transactions that were as they should be")
                .isGreaterThan(5_000);
        assertThat(hammer.rolledBack.get()).isPositive();
        assertThat(hammer.timedOut.get()).isPositive();
        assertThat(hammer.killed.get()).isPositive();
        assertThat(hammer.reads.get()).as("bound transactions that read rows").isPositive();
    }

    @Test
    void a_binding_of_the_session_leaks_in_the_same_test() throws Exception {
        Hammer hammer = new Hammer("select set_config('plg.workspace_id', ?, false)");
        hammer.run(4, 200, false);
        assertThat(hammer.leaks).isNotEmpty();
    }

    @Test
    void without_a_workspace_there_is_an_error_before_any_connection_is_taken() {
        var taken = new AtomicInteger();
        DataSource counting = dataSource(() -> {
            taken.incrementAndGet();
            return Postgres.app().getConnection();
        });
        try (JdbiPlg plg =
                JdbiPlg.on(counting).isolation(IsolationMode.OFF).funnel(FUNNEL).build()) {
            assertThatThrownBy(() -> WorkspaceId.of("")).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> plg.workspace("")).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> plg.workspace("a\0b")).isInstanceOf(IllegalArgumentException.class);
            assertThat(taken).hasValue(0);
            plg.workspace(run).activation(FUNNEL).state("ada");
            assertThat(taken).as("the control").hasPositiveValue();
        }
    }

    @Test
    void raw_sql_without_a_binding_sees_no_rows() throws SQLException {
        try (JdbiPlg plg = JdbiPlg.on(Postgres.app()).funnel(FUNNEL).build();
                Connection connection = Postgres.app().getConnection()) {
            plg.workspace(run).activation(FUNNEL).complete("ada", "created");
            assertThat(rows(connection, "select workspace_id from plg.activation_step"))
                    .isEmpty();
        }
    }

    @Test
    void a_binding_that_fails_never_lets_the_statement_behind_it_run() {
        Queue<String> statements = new ConcurrentLinkedQueue<>();
        DataSource failing = dataSource(() -> {
            Connection connection = Postgres.app().getConnection();
            return proxy(connection, (proxy, method, arguments) -> {
                if (arguments != null && arguments.length > 0 && arguments[0] instanceof String sql) {
                    if (sql.contains("set_config")) {
                        throw new SQLException("no binding today", "58000");
                    }
                    statements.add(sql);
                }
                return invoke(connection, method, arguments);
            });
        });
        try (JdbiPlg plg =
                JdbiPlg.on(failing).isolation(IsolationMode.OFF).funnel(FUNNEL).build()) {
            assertThatThrownBy(() -> plg.workspace(run).activation(FUNNEL).report(Cohort.everyone()))
                    .isInstanceOf(StoreFailure.class)
                    .hasMessageContaining("no binding today");
            assertThat(statements).noneMatch(sql -> sql.contains("plg."));
        }
    }

    @Test
    void the_binding_of_a_joined_transaction_is_left_as_it_was_found() {
        try (JdbiPlg plg = JdbiPlg.on(Postgres.app()).funnel(FUNNEL).build()) {
            Jdbi.create(Postgres.app()).useTransaction(handle -> {
                handle.execute(BIND, "x");
                var there = plg.in(handle).workspace("y-" + run).activation(FUNNEL);
                there.complete("ada", "created");
                assertThat(bound(handle)).as("after a completion").isEqualTo("x");
                there.state("ada");
                assertThat(bound(handle)).as("after a look").isEqualTo("x");
                there.report(Cohort.everyone());
                assertThat(bound(handle)).as("after a report").isEqualTo("x");

                assertThatThrownBy(() -> there.complete("ada", "no_such_step")).isInstanceOf(RuntimeException.class);
                assertThat(bound(handle)).as("after a refusal").isEqualTo("x");
                assertThatThrownBy(() -> plg.in(handle).transact(tx -> {
                            tx.workspace("z-" + run).activation(FUNNEL).complete("ada", "created");
                            throw new Boom();
                        }))
                        .isInstanceOf(Boom.class);
                assertThat(bound(handle)).as("after an exception of the host's").isEqualTo("x");
                assertThatThrownBy(() -> plg.in(handle).transact(tx -> {
                            handle.execute("set local statement_timeout = '1ms'");
                            handle.execute("select pg_sleep(10)");
                        }))
                        .isInstanceOf(JdbiException.class);
                assertThat(bound(handle))
                        .as("after a failure inside of a nested transaction")
                        .isEqualTo("x");
            });
        }
    }

    @Test
    void behind_a_pooler_that_lends_a_connection_for_one_transaction_nothing_of_a_session_is_left() throws Exception {
        var physical = new ArrayList<Connection>();
        var before = new ArrayList<List<String>>();
        try {
            for (int i = 0; i < 3; i++) {
                physical.add(Postgres.as("app").getConnection());
                before.add(session(physical.get(i)));
            }
            var next = new AtomicInteger();
            DataSource pooler = dataSource(() -> {
                Connection connection = physical.get(next.getAndIncrement() % physical.size());
                return proxy(
                        connection,
                        (proxy, method, arguments) ->
                                method.getName().equals("close") ? null : invoke(connection, method, arguments));
            });
            try (JdbiPlg plg = JdbiPlg.on(pooler).funnel(FUNNEL).build()) {
                var activation = plg.workspace(run).activation(FUNNEL);
                for (int i = 0; i < 30; i++) {
                    String user = "user-" + i;
                    activation.complete(user, "created");
                    activation.signedUp(user, Instant.EPOCH);
                    assertThat(activation.state(user).score()).isEqualTo(50);
                    activation.report(Cohort.everyone());
                    plg.transact(tx -> tx.workspace(run).activation(FUNNEL).complete(user, "invited"));
                    assertThatThrownBy(() -> plg.transact(tx -> {
                                tx.workspace("other-" + run).activation(FUNNEL).complete(user, "created");
                                throw new Boom();
                            }))
                            .isInstanceOf(Boom.class);
                }
            }
            assertThat(next).hasValueGreaterThan(30);
            for (int i = 0; i < physical.size(); i++) {
                assertThat(session(physical.get(i))).isEqualTo(before.get(i));
                assertThat(rows(physical.get(i), BOUND)).containsExactly("");
                assertThat(physical.get(i).getAutoCommit()).isTrue();
            }
        } finally {
            for (Connection connection : physical) {
                connection.close();
            }
        }
    }

    /** What of a session outlives a transaction; the driver prepares statements of its own, which the driver also finds again. */
    private static List<String> session(Connection connection) throws SQLException {
        return rows(connection, """
                select 'setting ' || name || '=' || setting from pg_settings where source = 'session'
                union all select 'lock ' || locktype from pg_locks where pid = pg_backend_pid() and locktype = 'advisory'
                union all select 'prepared ' || name from pg_prepared_statements where from_sql or name !~ '^S_[0-9]+$'
                union all select 'temporary ' || relname from pg_class where relnamespace = pg_my_temp_schema()
                union all select 'listening ' || channel from pg_listening_channels() as channel
                union all select 'cursor ' || name from pg_cursors where is_holdable
                order by 1
                """);
    }

    private static List<String> rows(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            var rows = new ArrayList<String>();
            while (result.next()) {
                rows.add(result.getString(1));
            }
            return rows;
        }
    }

    private static String bound(Handle handle) {
        return handle.createQuery(BOUND).mapTo(String.class).one();
    }

    private static DataSource dataSource(Connections connections) {
        return (DataSource) Proxy.newProxyInstance(
                PoolIsolationTest.class.getClassLoader(),
                new Class<?>[] {DataSource.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("getConnection")) {
                        return connections.next();
                    }
                    throw new UnsupportedOperationException(method.getName());
                });
    }

    private static Connection proxy(Connection connection, InvocationHandler handler) {
        return (Connection) Proxy.newProxyInstance(
                connection.getClass().getClassLoader(), new Class<?>[] {Connection.class}, handler);
    }

    private static Object invoke(Object target, java.lang.reflect.Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private interface Connections {
        Connection next() throws SQLException;
    }

    private static final class Boom extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /** Many threads on few connections, each transaction for one of some workspaces. */
    private final class Hammer {
        private final Queue<String> leaks = new ConcurrentLinkedQueue<>();
        private final AtomicInteger completed = new AtomicInteger();
        private final AtomicInteger rolledBack = new AtomicInteger();
        private final AtomicInteger timedOut = new AtomicInteger();
        private final AtomicInteger killed = new AtomicInteger();
        private final AtomicInteger reads = new AtomicInteger();
        private final String bind;

        private Hammer(String bind) {
            this.bind = bind;
        }

        void run(int threads, int transactions, boolean kill) throws Exception {
            var connections = Postgres.as("app");
            connections.setApplicationName("hammer-" + run);
            var executor = Executors.newFixedThreadPool(threads + 1);
            var done = new CountDownLatch(threads);
            try (HikariDataSource pool = Postgres.pool(connections, 4);
                    JdbiPlg plg = JdbiPlg.on(pool).funnel(FUNNEL).build()) {
                var jobs = new ArrayList<Future<?>>();
                for (int t = 0; t < threads; t++) {
                    var random = new Random(t);
                    jobs.add(executor.submit(() -> {
                        try {
                            for (int i = 0; i < transactions / threads + 1; i++) {
                                one(plg, pool, random);
                            }
                        } finally {
                            done.countDown();
                        }
                    }));
                }
                if (kill) {
                    jobs.add(executor.submit(() -> {
                        killUntil(done);
                        return null;
                    }));
                }
                for (Future<?> job : jobs) {
                    job.get(60, TimeUnit.SECONDS);
                }
            } finally {
                executor.shutdownNow();
            }
        }

        private void killUntil(CountDownLatch done) throws InterruptedException {
            try (Handle superuser = Jdbi.create(Postgres.superuser()).open()) {
                while (!done.await(200, TimeUnit.MILLISECONDS)) {
                    killed.addAndGet(superuser
                            .createQuery(
                                    "select count(pg_terminate_backend(pid)) from (select pid from pg_stat_activity"
                                            + " where usename = 'app' and application_name = :name order by random() limit 1) victim")
                            .bind("name", "hammer-" + run)
                            .mapTo(Integer.class)
                            .one());
                }
            }
        }

        private void one(JdbiPlg plg, DataSource pool, Random random) {
            String workspace = "w" + random.nextInt(8) + "-" + run;
            String other = "w" + random.nextInt(8) + "-" + run;
            String user = "user-" + random.nextInt(20);
            String step = random.nextBoolean() ? "created" : "invited";
            Jdbi host = Jdbi.create(pool);
            try {
                switch (random.nextInt(20)) {
                    case 0 ->
                        host.useTransaction(handle -> {
                            handle.execute("set local statement_timeout = '5ms'");
                            plg.in(handle)
                                    .workspace(workspace)
                                    .activation(FUNNEL)
                                    .state(user);
                            handle.execute(bind, workspace);
                            handle.execute("select pg_sleep(5)");
                        });
                    case 1, 2, 3 ->
                        plg.transact(tx -> {
                            tx.workspace(workspace).activation(FUNNEL).complete(user, step);
                            throw new Boom();
                        });
                    case 4, 5, 6, 7 ->
                        host.useTransaction(handle -> {
                            handle.execute(bind, workspace);
                            read(handle, workspace);
                            plg.in(handle).workspace(other).activation(FUNNEL).complete(user, step);
                            read(handle, workspace);
                            if (random.nextInt(4) == 0) {
                                throw new Boom();
                            }
                        });
                    case 8, 9, 10, 11, 12 ->
                        plg.workspace(workspace).activation(FUNNEL).state(user);
                    default -> plg.workspace(workspace).activation(FUNNEL).complete(user, step);
                }
                unbound(pool);
                completed.incrementAndGet();
            } catch (Boom e) {
                rolledBack.incrementAndGet();
            } catch (StoreFailure | JdbiException | SQLException e) {
                if (String.valueOf(e.getMessage()).contains("statement timeout")) {
                    timedOut.incrementAndGet();
                }
            }
            try {
                unbound(pool);
            } catch (SQLException e) {
                // its backend was killed
            }
        }

        /** In a transaction that is bound: what it sees is of its workspace. */
        private void read(Handle handle, String workspace) {
            String bound = bound(handle);
            if (!bound.equals(workspace)) {
                leaks.add(workspace + " is bound to " + bound);
            }
            List<String> seen = handle.createQuery(
                            "select workspace_id from plg.activation_step union select workspace_id from plg.growth_event")
                    .mapTo(String.class)
                    .list();
            if (!seen.isEmpty()) {
                reads.incrementAndGet();
            }
            seen.stream()
                    .filter(each -> !each.equals(workspace))
                    .forEach(each -> leaks.add(workspace + " saw " + each));
        }

        /** A connection as the pool lends it: bound to nothing. */
        private void unbound(DataSource pool) throws SQLException {
            try (Connection connection = pool.getConnection()) {
                for (String each : rows(
                        connection,
                        BOUND + " where coalesce(current_setting('plg.workspace_id', true), '') <> ''"
                                + " union all select 'row of ' || workspace_id from plg.activation_step")) {
                    leaks.add("a fresh connection: " + each);
                }
            }
        }
    }
}
