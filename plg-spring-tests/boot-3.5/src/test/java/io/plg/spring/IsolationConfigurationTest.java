package io.plg.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.Plg;
import io.plg.PlgListener;
import io.plg.activation.Cohort;
import io.plg.jdbi.PlgSchema;
import io.plg.tenancy.IsolationDrift;
import io.plg.tenancy.NotIsolated;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

@DisplayName("Isolation in an application")
class IsolationConfigurationTest {
    @SuppressWarnings("NullAway.Init")
    private static EmbeddedPostgres postgres;

    private final ApplicationContextRunner application = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(PlgAutoConfiguration.class))
            .withUserConfiguration(PlgAutoConfigurationTest.OneFunnel.class);
    private final ApplicationContextRunner onH2 = application
            .withConfiguration(PlgAutoConfigurationTest.dataSources())
            .withPropertyValues("spring.datasource.url=" + PlgAutoConfigurationTest.h2(), "plg.schema.migrate=true");
    private final ApplicationContextRunner onPostgres =
            application.withBean("app", DataSource.class, () -> postgres.getDatabase("app", "postgres"));

    @BeforeAll
    static void start() throws IOException {
        postgres = EmbeddedPostgres.start();
        execute(
                PlgSchema.postgresqlRoles(),
                PlgSchema.postgresqlScript(),
                "create role app login in role plg_app",
                "create role operator login in role plg_operator",
                "create table public.project (tenant_id text not null primary key)",
                "grant select, insert on public.project to app");
    }

    @AfterAll
    static void stop() throws IOException {
        postgres.close();
    }

    @Test
    void strictStartsWhereWorkspacesAreKeptApart() {
        onPostgres
                .withPropertyValues("plg.isolation.audit=strict")
                .run(context -> assertThat(context).hasNotFailed());
    }

    @Test
    void strictRefusesH2AndSaysWhatToDo() {
        onH2.withPropertyValues("plg.isolation.audit=strict").run(context -> {
            assertThat(context).hasFailed();
            Throwable failure = context.getStartupFailure();
            assertThat(failure).rootCause().isInstanceOf(NotIsolated.class);
            FailureAnalysis analysis = new NotIsolatedFailureAnalyzer().analyze(failure);
            assertThat(analysis.getDescription()).contains("plg.isolation.audit is \"strict\"", "NOT ISOLATED", "H2");
            assertThat(analysis.getAction()).contains("PostgreSQL");
        });
    }

    @Test
    void byDefaultAFindingIsAWarningAndNoMore() {
        onH2.run(context -> assertThat(context).hasNotFailed().hasSingleBean(Plg.class));
    }

    @Test
    void tablesOfTheApplicationAreAuditedToo() {
        onPostgres
                .withPropertyValues("plg.isolation.audit=strict", "plg.isolation.tables=public.project:tenant_id")
                .run(context -> assertThat(context)
                        .hasFailed()
                        .getFailure()
                        .rootCause()
                        .hasMessageContaining("public.project: row level security is"));
    }

    @Test
    void aWholeSchemaIsAuditedButForWhatIsShared() {
        execute("create schema if not exists shop", "create table if not exists shop.country (code text primary key)");
        onPostgres
                .withPropertyValues("plg.isolation.audit=strict", "plg.isolation.schemas=shop:tenant_id")
                .run(context ->
                        assertThat(context).hasFailed().getFailure().rootCause().hasMessageContaining("shop.country"));
        onPostgres
                .withPropertyValues(
                        "plg.isolation.audit=strict",
                        "plg.isolation.schemas=shop:tenant_id",
                        "plg.isolation.shared=shop.country")
                .run(context -> assertThat(context).hasNotFailed());
        onPostgres
                .withPropertyValues("plg.isolation.schemas=shop")
                .run(context -> assertThat(context)
                        .hasFailed()
                        .getFailure()
                        .rootCause()
                        .isInstanceOf(PlgSetupFailure.class)
                        .hasMessageContaining("SCHEMA:TENANT_COLUMN"));
    }

    @Test
    void aTableThatIsNotNamedAsATableIsASetupFailure() {
        onPostgres
                .withPropertyValues("plg.isolation.tables=project")
                .run(context -> assertThat(context)
                        .hasFailed()
                        .getFailure()
                        .rootCause()
                        .isInstanceOf(PlgSetupFailure.class)
                        .hasMessageContaining("SCHEMA.TABLE:TENANT_COLUMN"));
    }

    @Test
    void theEndpointAuditsAnew() {
        onH2.withPropertyValues("management.endpoints.web.exposure.include=plgisolation")
                .run(context -> {
                    var audited = context.getBean(PlgIsolationEndpoint.class).audit();
                    assertThat(audited.isolated()).isFalse();
                    assertThat(audited.findings())
                            .extracting(PlgIsolationEndpoint.Fault::check)
                            .containsExactly("no-row-level-security");
                });
        onPostgres
                .withPropertyValues("management.endpoints.web.exposure.include=*")
                .run(context -> assertThat(context.getBean(PlgIsolationEndpoint.class)
                                .audit()
                                .isolated())
                        .isTrue());
        onPostgres.run(context -> assertThat(context).doesNotHaveBean(PlgIsolationEndpoint.class));
    }

    @Test
    void operatorReportsHaveALoginOfTheirOwn() {
        onPostgres
                .withBean("reports", DataSource.class, () -> postgres.getDatabase("operator", "postgres"))
                .withPropertyValues("plg.data-source=app", "plg.operator.data-source=reports")
                .run(context -> {
                    Plg plg = context.getBean(Plg.class);
                    plg.workspace("acme")
                            .activation(PlgAutoConfigurationTest.ONBOARDING)
                            .complete("ada", "account_created");
                    assertThat(plg.operator()
                                    .activationReport(PlgAutoConfigurationTest.ONBOARDING, Cohort.everyone())
                                    .signedUp())
                            .isPositive();
                });
    }

    @Test
    void aListenerBeanHearsOfDrift() {
        var heard = new LinkedBlockingQueue<IsolationDrift>();
        onPostgres
                .withBean(PlgListener.class, () -> new PlgListener() {
                    @Override
                    public void onIsolationDrift(IsolationDrift drift) {
                        heard.add(drift);
                    }
                })
                .withPropertyValues("plg.isolation.watch=1s")
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    execute("alter table plg.growth_event disable row level security");
                    try {
                        IsolationDrift drift = heard.poll(60, TimeUnit.SECONDS);
                        assertThat(drift).isNotNull();
                        assertThat(drift.appeared())
                                .anyMatch(finding -> finding.object().equals("plg.growth_event"));
                    } finally {
                        execute("alter table plg.growth_event enable row level security");
                    }
                });
    }

    private static void execute(String... statements) {
        try (Connection connection = postgres.getPostgresDatabase().getConnection();
                Statement statement = connection.createStatement()) {
            for (String each : statements) {
                statement.execute(each);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
