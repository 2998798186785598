package io.plg.docs;

import static io.plg.docs.FirstFunnelTest.ONBOARDING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.activation.Cohort;
import io.plg.audit.IsolationAudit;
import io.plg.jdbi.IsolationMode;
import io.plg.jdbi.JdbiPlg;
import io.plg.jdbi.PlgSchema;
import io.plg.tenancy.AuditReport;
import io.plg.tenancy.NotIsolated;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import javax.sql.DataSource;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The code of docs/how-to/guard-an-existing-database.md. */
class GuardExistingTest {

    @Test
    void an_existing_database_is_put_under_guard(@TempDir Path migrations) throws Exception {
        DataSource administrator = Postgres.database("existing");
        Postgres.execute(
                administrator,
                "create schema app",
                "create table app.project (tenant_id uuid not null, id bigint not null, name text, primary key (tenant_id, id))",
                "insert into app.project values (gen_random_uuid(), 1, 'Roadmap'), (gen_random_uuid(), 1, 'Secret')",
                PlgSchema.postgresqlRoles(),
                "create role my_migrations login in role plg_owner",
                "create role my_app login in role plg_app",
                "grant create on database existing to plg_owner",
                "grant usage on schema app to my_app",
                "grant select, insert, update, delete on app.project to my_app");
        DataSource dataSource = Postgres.as("my_app", "existing");
        PlgSchema.on(Postgres.as("my_migrations", "existing")).migrate();

        // tag::look[]
        IsolationAudit audit = IsolationAudit.of(dataSource).table("app.project", "tenant_id");
        AuditReport report = audit.run();
        report.findings().forEach(System.out::println);
        // end::look[]
        assertThat(report.findings()).anyMatch(finding -> finding.check().equals("rls-off"));
        assertThatThrownBy(() -> JdbiPlg.on(dataSource)
                        .audited(each -> each.table("app.project", "tenant_id"))
                        .isolation(IsolationMode.STRICT)
                        .build())
                .isInstanceOf(NotIsolated.class)
                .hasMessageContaining("app.project");

        // tag::guard[]
        Files.writeString(migrations.resolve("V42__guard_tenant_tables.sql"), audit.guardScript());
        // end::guard[]
        Postgres.execute(administrator, Files.readString(migrations.resolve("V42__guard_tenant_tables.sql")));

        assertThat(audit.run().findings()).isEmpty();

        // tag::strict[]
        JdbiPlg plg = JdbiPlg.on(dataSource)
                .funnel(ONBOARDING)
                .isolation(IsolationMode.STRICT)
                .audited(each -> each.table("app.project", "tenant_id"))
                .watchIsolation(Duration.ofSeconds(30))
                .build();
        // end::strict[]
        plg.close();

        Postgres.execute(administrator, "create role my_reports login in role plg_operator");
        DataSource reports = Postgres.as("my_reports", "existing");
        // tag::operator[]
        JdbiPlg withOperator =
                JdbiPlg.on(dataSource).operator(reports).funnel(ONBOARDING).build();
        // end::operator[]
        withOperator.workspace("acme").activation(ONBOARDING).complete("ada", "account_created");
        assertThat(withOperator
                        .operator()
                        .activationReport(ONBOARDING, Cohort.everyone())
                        .signedUp())
                .isEqualTo(1);
        withOperator.close();

        Jdbi jdbi = Jdbi.create(dataSource);
        String tenant = Jdbi.create(administrator)
                .withHandle(
                        handle -> handle.createQuery("select tenant_id::text from app.project where name = 'Roadmap'")
                                .mapTo(String.class)
                                .one());
        // tag::bind[]
        String name = jdbi.inTransaction(handle -> {
            handle.execute(
                    "select set_config('plg.workspace_id', ?, true)", tenant); // true: until the transaction ends
            return handle.createQuery("select name from app.project")
                    .mapTo(String.class)
                    .one();
        });
        // end::bind[]
        assertThat(name).isEqualTo("Roadmap");
        assertThat(jdbi.<Integer, RuntimeException>withHandle(
                        handle -> handle.createQuery("select count(*) from app.project")
                                .mapTo(Integer.class)
                                .one()))
                .isZero();
    }
}
