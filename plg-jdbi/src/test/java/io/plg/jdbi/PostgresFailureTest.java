package io.plg.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.SettableClock;
import io.plg.StoreFailure;
import io.plg.StoreUnreachable;
import io.plg.TransactionConflict;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.Cohort;
import io.plg.plan.Every;
import io.plg.plan.Feature;
import io.plg.plan.PlanCatalog;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.TimeZone;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
final class PostgresFailureTest {
    private static final ActivationFunnel FUNNEL =
            ActivationFunnel.named("onboarding").step("created").step("invited").build();

    private final String acme = "acme-" + UUID.randomUUID();

    @Test
    void a_backend_that_is_killed_inside_a_call_is_a_store_failure_and_nothing_is_stored() throws Exception {
        var connections = Postgres.as("app");
        connections.setApplicationName(acme);
        try (JdbiPlg plg = JdbiPlg.on(connections).funnel(FUNNEL).build();
                Connection blocking = Postgres.app().getConnection();
                Handle superuser = Jdbi.create(Postgres.superuser()).open()) {
            var activation = plg.workspace(acme).activation(FUNNEL);
            activation.complete("ada", "created");
            blocking.setAutoCommit(false);
            plg.in(blocking).workspace(acme).activation(FUNNEL).complete("ada", "invited");

            // It waits for the blocking transaction, so it is inside the call when its backend is killed.
            var waiting = CompletableFuture.supplyAsync(() -> activation.complete("ada", "invited"));
            while (superuser
                    .createQuery(
                            "select pid from pg_stat_activity where application_name = :name and wait_event_type = 'Lock'")
                    .bind("name", acme)
                    .mapTo(Integer.class)
                    .findOne()
                    .isEmpty()) {
                Thread.sleep(10);
            }
            superuser
                    .createQuery(
                            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = :name and wait_event_type = 'Lock'")
                    .bind("name", acme)
                    .mapTo(Boolean.class)
                    .list();
            assertThatThrownBy(() -> waiting.get(30, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class)
                    .cause()
                    .isInstanceOf(StoreFailure.class)
                    .hasMessageContaining("could not complete step \"invited\"")
                    .hasCauseInstanceOf(SQLException.class);
            blocking.rollback();
            blocking.setAutoCommit(true);

            assertThat(activation.state("ada").score()).isEqualTo(50);
            assertThat(new DatabaseInspection(Postgres.superuser()).eventIds(WorkspaceId.of(acme)))
                    .hasSize(1);
        }
    }

    @Test
    void a_database_that_is_away_is_a_store_failure() {
        var nowhere = Postgres.as("app");
        nowhere.setPortNumbers(new int[] {1});
        try (JdbiPlg plg = JdbiPlg.on(nowhere).funnel(FUNNEL).build()) {
            assertThatThrownBy(() -> plg.workspace(acme).activation(FUNNEL).complete("ada", "created"))
                    .isInstanceOf(StoreUnreachable.class);
            assertThatThrownBy(() -> plg.workspace(acme).activation(FUNNEL).state("ada"))
                    .isInstanceOf(StoreUnreachable.class);
            assertThatThrownBy(() -> plg.transact(tx -> {})).isInstanceOf(StoreUnreachable.class);
        }
    }

    @Test
    void to_wait_for_a_lock_in_vain_is_a_conflict() throws SQLException {
        var impatient = Postgres.as("app");
        impatient.setOptions("-c lock_timeout=50ms");
        try (JdbiPlg plg = JdbiPlg.on(impatient).funnel(FUNNEL).build();
                Connection blocking = Postgres.app().getConnection()) {
            var activation = plg.workspace(acme).activation(FUNNEL);
            activation.complete("ada", "created");
            blocking.setAutoCommit(false);
            plg.in(blocking).workspace(acme).activation(FUNNEL).complete("ada", "invited");
            assertThatThrownBy(() -> activation.complete("ada", "invited")).isInstanceOf(TransactionConflict.class);
            blocking.rollback();
            blocking.setAutoCommit(true);
        }
    }

    @Test
    void a_period_that_ends_after_the_year_9999_is_stored() {
        Feature.Quota calls = Feature.quota("calls", Every.MONTH);
        try (JdbiPlg plg = JdbiPlg.on(Postgres.app())
                .clock(SettableClock.at("9999-12-20T00:00:00Z"))
                .plans(PlanCatalog.builder()
                        .plan("free", p -> p.limit(calls, 3))
                        .build())
                .build()) {
            var gates = plg.workspace(acme).gates();
            for (int used = 1; used <= 3; used++) {
                assertThat(gates.consume(calls).used()).isEqualTo(used);
            }
            assertThat(gates.consume(calls).allowed()).isFalse();
        }
    }

    @Test
    void sessions_and_jvms_in_any_time_zone_store_and_find_the_same_times() {
        TimeZone before = TimeZone.getDefault();
        var times = List.of(
                Instant.parse("0001-01-01T00:00:00.000002Z"),
                Instant.parse("1883-11-18T17:03:58.999999Z"),
                Instant.parse("2026-03-08T07:30:00.123456Z"),
                Instant.parse("2500-07-01T12:00:00.654321Z"),
                Instant.parse("9999-12-31T23:59:59.999999Z"));
        try {
            for (String zone : List.of("America/New_York", "Asia/Kolkata", "Pacific/Apia", "Europe/Lisbon")) {
                TimeZone.setDefault(TimeZone.getTimeZone(zone));
                var connections = Postgres.as("app");
                // pgjdbc asks for the JVM's zone; this one wins over it.
                connections.setOptions("-c timezone=" + (zone.startsWith("P") ? "America/St_Johns" : zone));
                try (JdbiPlg plg = JdbiPlg.on(connections).funnel(FUNNEL).build()) {
                    var activation = plg.workspace(acme).activation(FUNNEL);
                    for (Instant time : times) {
                        String user = zone + " " + time;
                        var state = activation.complete(
                                FUNNEL.step("created").by(user).at(time));
                        assertThat(state.completed().get(FUNNEL.step("created")).at())
                                .isEqualTo(time);
                        activation.signedUp(user, time);
                        assertThat(activation.state(user).signedUpAt()).contains(time);
                        plg.transact(tx -> assertThat(tx.workspace(acme)
                                        .activation(FUNNEL)
                                        .state(user)
                                        .completed()
                                        .get(FUNNEL.step("created"))
                                        .at())
                                .isEqualTo(time));
                        assertThat(activation.report(from(time)).signedUp())
                                .isEqualTo(activation
                                        .report(from(time.minusNanos(1_000)))
                                        .signedUp());
                    }
                }
            }
        } finally {
            TimeZone.setDefault(before);
        }
    }

    private static Cohort from(Instant time) {
        return new Cohort(Optional.of(time), Optional.empty());
    }
}
