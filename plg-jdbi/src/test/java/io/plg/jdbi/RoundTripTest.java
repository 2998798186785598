package io.plg.jdbi;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.activation.ActivationFunnel;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Outcome;
import io.plg.idempotency.Principal;
import io.plg.plan.Every;
import io.plg.plan.Feature;
import io.plg.plan.PlanCatalog;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** That binding to a workspace costs no round trip of its own where it is done often. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
final class RoundTripTest {
    private static final ActivationFunnel FUNNEL = ActivationFunnel.named("onboarding")
            .step("created")
            .step("exported")
            .build();

    private static final Feature.Quota EXPORTS = Feature.quota("exports", Every.MONTH);
    private static final PlanCatalog PLANS =
            PlanCatalog.builder().plan("free", p -> p.limit(EXPORTS, 100)).build();

    private final List<String> trips = Collections.synchronizedList(new ArrayList<>());
    private final Thread caller = Thread.currentThread();
    private final String acme = "acme-" + UUID.randomUUID();

    @Test
    void completing_a_step_signing_up_and_reading_are_one_round_trip_each() {
        try (JdbiPlg plg = JdbiPlg.on(counted(Postgres.app()))
                .isolation(IsolationMode.OFF)
                .funnel(FUNNEL)
                .build()) {
            var activation = plg.workspace(acme).activation(FUNNEL);
            activation.complete("warm up", "created");
            trips.clear();

            activation.complete("ada", "created");
            assertThat(trips).as("a first completion").hasSize(1);
            trips.clear();
            activation.complete("ada", "created");
            assertThat(trips).as("a repeat").hasSizeLessThanOrEqualTo(1);
            trips.clear();
            activation.completeAll(List.of(
                    FUNNEL.step("exported").by("ada"), FUNNEL.step("created").by("lin")));
            assertThat(trips).as("an import").hasSize(1);
            trips.clear();
            activation.signedUp("bob", java.time.Instant.EPOCH);
            assertThat(trips).as("a sign-up").hasSize(1);
        }
    }

    @Test
    void inside_the_host_s_transaction_it_is_one_as_well() {
        try (JdbiPlg plg = JdbiPlg.on(Postgres.app())
                .isolation(IsolationMode.OFF)
                .funnel(FUNNEL)
                .build()) {
            Jdbi.create(counted(Postgres.app())).useTransaction(handle -> {
                var activation = plg.in(handle).workspace(acme).activation(FUNNEL);
                trips.clear();
                activation.complete("ada", "created");
                assertThat(trips).hasSize(1);
                trips.clear();
                activation.state("ada");
                assertThat(trips).hasSize(1);
            });
        }
    }

    @Test
    void an_effect_costs_a_claim_and_a_commit_that_brings_the_result_and_a_replay_from_storage_one_round_trip() {
        try (JdbiPlg first = node(Postgres.app());
                JdbiPlg plg = node(counted(Postgres.app()))) {
            for (int i = 0; i < 3; i++) {
                execute(first, "k" + i);
            }
            execute(plg, "warm up");
            trips.clear();

            assertThat(execute(plg, "l")).isInstanceOf(Outcome.Executed.class);
            assertThat(trips)
                    .as("an effect without statements of its own; the last is for the connection, and nothing is sent")
                    .hasSize(3)
                    .last(InstanceOfAssertFactories.STRING)
                    .startsWith("commit");
            trips.clear();
            assertThat(execute(plg, "k0")).isInstanceOf(Outcome.Replayed.class);
            assertThat(trips)
                    .as("the first replay after effects: a claim, a look-up, a commit")
                    .hasSize(3);
            trips.clear();
            assertThat(execute(plg, "k1")).isInstanceOf(Outcome.Replayed.class);
            assertThat(execute(plg, "k2")).isInstanceOf(Outcome.Replayed.class);
            assertThat(trips).as("two more replays").hasSize(2);
            trips.clear();
            assertThat(execute(plg, "k2")).isInstanceOf(Outcome.Replayed.class);
            assertThat(trips).as("once more a moment later").isEmpty();
        }
    }

    @Test
    void a_thousand_simultaneous_calls_cost_a_handful_of_statements() throws Exception {
        try (JdbiPlg plg = node(counted(Postgres.app()))) {
            execute(plg, "warm up");
            trips.clear();
            List<Outcome<Integer>> outcomes = IdempotencyConformance.race(1_000, number -> execute(plg, "k"));
            assertThat(outcomes).filteredOn(Outcome.Executed.class::isInstance).hasSize(1);
            assertThat(trips).hasSizeLessThanOrEqualTo(50);
        }
    }

    @Test
    void a_consumption_is_one_round_trip_and_so_are_a_denial_and_a_look() {
        try (JdbiPlg plg = JdbiPlg.on(counted(Postgres.app()))
                .isolation(IsolationMode.OFF)
                .plans(PLANS)
                .build()) {
            var gates = plg.workspace(acme).gates();
            gates.consumeOrThrow(EXPORTS);
            trips.clear();

            for (int i = 0; i < 3; i++) {
                gates.consumeOrThrow(EXPORTS);
            }
            assertThat(trips).as("three consumptions").hasSize(3);
            trips.clear();
            assertThat(gates.consume(EXPORTS, 1_000).allowed()).isFalse();
            assertThat(trips).as("a denial").hasSize(1);
            trips.clear();
            gates.consumeOrThrow(EXPORTS, 50);
            assertThat(trips)
                    .as(
                            "what crosses the half of the limit: the lane does not tell, then a look and a commit that brings the result; the last"
                                    + " is for the connection, and nothing is sent")
                    .hasSize(4)
                    .last(InstanceOfAssertFactories.STRING)
                    .startsWith("commit");
            trips.clear();
            plg.transact(tx -> {
                trips.clear();
                tx.workspace(acme).gates().check(EXPORTS, 7);
            });
            assertThat(trips).as("a look, and a commit").hasSize(2);
        }
    }

    @Test
    void a_consumption_inside_the_host_s_transaction_is_one_round_trip_too() {
        try (JdbiPlg plg = JdbiPlg.on(Postgres.app())
                .isolation(IsolationMode.OFF)
                .plans(PLANS)
                .build()) {
            plg.workspace(acme).gates().consumeOrThrow(EXPORTS);
            Jdbi.create(counted(Postgres.app())).useTransaction(handle -> {
                var gates = plg.in(handle).workspace(acme).gates();
                trips.clear();
                gates.consumeOrThrow(EXPORTS);
                assertThat(trips).hasSize(1);
            });
        }
    }

    private static JdbiPlg node(DataSource dataSource) {
        return JdbiPlg.on(dataSource).isolation(IsolationMode.OFF).build();
    }

    private Outcome<Integer> execute(JdbiPlg plg, String key) {
        return plg.workspace(acme)
                .idempotency()
                .execute(
                        Operation.of("count", Integer.class),
                        Principal.by("ada"),
                        IdempotencyKey.of(key),
                        Fingerprint.of("r"),
                        tx -> 1);
    }

    private DataSource counted(DataSource target) {
        return proxy(DataSource.class, target);
    }

    private <T> T proxy(Class<T> type, T target) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, args) -> {
            count(method, args);
            Object result = invoke(target, method, args);
            if (result instanceof Connection connection) {
                return proxy(Connection.class, connection);
            }
            return result instanceof java.sql.PreparedStatement statement
                    ? proxy(java.sql.PreparedStatement.class, statement)
                    : result instanceof Statement statement ? proxy(Statement.class, statement) : result;
        }));
    }

    /** What the driver sends at once: BEGIN goes with the first statement, everything else by itself. */
    private void count(Method method, Object[] args) {
        if (Thread.currentThread() != caller) {
            return; // plg's own threads look for changes of other nodes now and then
        }
        String name = method.getName();
        if (name.startsWith("execute")
                || name.equals("commit")
                || name.equals("rollback")
                || name.endsWith("Savepoint")) {
            trips.add(name + (args == null ? "" : List.of(args)));
        }
    }

    private static Object invoke(Object target, Method method, Object[] args) throws Throwable {
        try {
            return method.invoke(target, args);
        } catch (InvocationTargetException e) {
            throw e.getTargetException();
        }
    }
}
