package io.plg.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.PlgListener;
import io.plg.StoreFailure;
import io.plg.tenancy.Finding;
import io.plg.tenancy.IsolationDrift;
import io.plg.tenancy.NotIsolated;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** What happens at the start, and while it runs. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
final class IsolationModeTest {

    @Test
    void strict_starts_for_a_login_that_is_only_a_member_of_plg_app() {
        try (JdbiPlg plg =
                JdbiPlg.on(Postgres.app()).isolation(IsolationMode.STRICT).build()) {
            assertThat(plg.isolationAudit().run().findings()).isEmpty();
            assertThat(plg.isolationAudit().run().notProbed()).isEmpty();
        }
    }

    @Test
    void strict_refuses_a_login_that_owns_the_tables_and_a_superuser_with_every_finding() {
        for (DataSource wrong : new DataSource[] {Postgres.as("migrator"), Postgres.superuser()}) {
            assertThatThrownBy(() ->
                            JdbiPlg.on(wrong).isolation(IsolationMode.STRICT).build())
                    .isInstanceOfSatisfying(
                            NotIsolated.class,
                            e -> assertThat(e.report().findings()).isNotEmpty())
                    .hasMessageContaining("NOT ISOLATED");
        }
    }

    @Test
    void strict_refuses_a_database_without_plg_s_tables() {
        assertThatThrownBy(() -> JdbiPlg.on(Postgres.emptyDatabase("nothing_there"))
                        .isolation(IsolationMode.STRICT)
                        .build())
                .isInstanceOf(NotIsolated.class);
    }

    @Test
    void h2_is_said_to_be_not_isolated_and_strict_refuses_it() {
        DataSource h2 = H2.empty("");
        PlgSchema.on(h2).migrate();
        try (JdbiPlg plg = JdbiPlg.on(h2).build()) {
            assertThat(plg.isolationAudit().run().toString()).contains("NOT ISOLATED");
        }
        assertThatThrownBy(() -> JdbiPlg.on(h2).isolation(IsolationMode.STRICT).build())
                .isInstanceOf(NotIsolated.class)
                .hasMessageContaining("H2 has no row level security");
    }

    @Test
    void a_database_that_is_away_is_a_failure_in_strict_mode_and_else_a_warning() {
        var nowhere = new PGSimpleDataSource();
        nowhere.setServerNames(new String[] {"localhost"});
        nowhere.setPortNumbers(new int[] {1});
        JdbiPlg.on(nowhere).build().close();
        assertThatThrownBy(() ->
                        JdbiPlg.on(nowhere).isolation(IsolationMode.STRICT).build())
                .isInstanceOf(StoreFailure.class);
    }

    @Test
    void a_listener_hears_of_drift_until_plg_is_closed() throws InterruptedException {
        DataSource owner = Postgres.emptyDatabase("drift");
        PlgSchema.on(owner).migrate();
        DataSource superuser = Postgres.in("drift", "postgres");
        var told = new LinkedBlockingQueue<IsolationDrift>();
        PlgListener listener = new PlgListener() {
            @Override
            public void onIsolationDrift(IsolationDrift drift) {
                told.add(drift);
            }
        };
        JdbiPlg plg = JdbiPlg.on(Postgres.in("drift", "app"))
                .isolation(IsolationMode.STRICT)
                .listener(listener)
                .watchIsolation(Duration.ofMillis(200))
                .build();
        Postgres.execute(superuser, "drop policy workspace_only on plg.growth_event");

        IsolationDrift drift = told.poll(60, TimeUnit.SECONDS);
        assertThat(drift).isNotNull();
        assertThat(drift.appeared()).extracting(Finding::check).containsExactly("no-restrictive-policy");
        Postgres.execute(superuser, drift.report().remedies());
        assertThat(told.poll(60, TimeUnit.SECONDS).report().isolated()).isTrue();

        plg.close();
        Postgres.execute(superuser, "alter table plg.growth_event disable row level security");
        assertThat(told.poll(500, TimeUnit.MILLISECONDS)).isNull();
    }

    @Test
    void what_is_wrong_is_refused_by_the_setter() {
        for (Duration wrong : new Duration[] {Duration.ZERO, Duration.ofMinutes(2)}) {
            assertThatThrownBy(() -> JdbiPlg.on(Postgres.app()).watchIsolation(wrong))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
