package io.plg.docs;

import static io.plg.testkit.IsolationAssertions.assertThatDatabase;
import static org.assertj.core.api.Assertions.assertThat;

import io.plg.audit.IsolationAudit;
import io.plg.audit.TenantBinding;
import io.plg.tenancy.AuditReport;
import io.plg.tenancy.Finding;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/** The code of docs/how-to/audit-isolation-in-ci.md. */
class AuditIsolationTest {
    private static final Path MIGRATIONS = Path.of("src/test/resources/shop/migrations");

    private static EmbeddedPostgres server;

    private DataSource scratch;

    @BeforeAll
    static void start() throws IOException, SQLException {
        server = EmbeddedPostgres.start();
        execute(server.getPostgresDatabase(), "create role shop_app");
    }

    @AfterAll
    static void stop() throws IOException {
        server.close();
    }

    @BeforeEach
    void empty(TestInfo test) throws SQLException {
        String name = test.getTestMethod().orElseThrow().getName();
        execute(server.getPostgresDatabase(), "create database " + name);
        scratch = server.getDatabase("postgres", name);
    }

    // tag::junit[]
    @Test
    void tenants_are_kept_apart() {
        assertThatDatabase(scratch)
                .afterMigrating(MIGRATIONS)
                .asRole("shop_app")
                .schema("shop", "tenant_id", "country") // all tables but country
                .isIsolated();
    }
    // end::junit[]

    @Test
    void as_it_is() throws Exception {
        migrate(text -> text);

        // tag::migrated[]
        assertThatDatabase(scratch)
                .asRole("shop_app")
                .schema("shop", "tenant_id", "country")
                .isIsolated();
        // end::migrated[]
    }

    @Test
    void with_a_claim() throws Exception {
        migrate(text -> text.replace(
                "nullif(current_setting('plg.workspace_id', true), '')",
                "nullif(current_setting('request.jwt.claims', true), '')::jsonb -> 'app_metadata' ->> 'tenant_id'"));

        // tag::claim[]
        assertThatDatabase(scratch)
                .asRole("shop_app")
                .schema("shop", "tenant_id", "country")
                .boundBy(TenantBinding.jwtClaim("app_metadata.tenant_id"))
                .isIsolated();
        // end::claim[]
    }

    @Test
    void with_an_accepted_finding() throws Exception {
        migrate(text -> text.replace("primary key (tenant_id, id)", "primary key (id)"));
        execute(scratch, "create index on shop.project (tenant_id)");

        // tag::accepted[]
        AuditReport audit = IsolationAudit.of(scratch)
                .role("shop_app")
                .schema("shop", "tenant_id", "country")
                .run();

        List<Finding> others = audit.findings().stream()
                // ids are random: whoever tries one learns nothing
                .filter(finding -> !(finding.check().equals("unique-without-tenant")
                        && finding.object().equals("shop.project_pkey")))
                .toList();
        assertThat(others).isEmpty();
        // end::accepted[]

        assertThat(audit.findings()).hasSize(1);
    }

    private void migrate(UnaryOperator<String> change) throws IOException, SQLException {
        execute(scratch, change.apply(Files.readString(MIGRATIONS.resolve("V1__project.sql"))));
    }

    private static void execute(DataSource dataSource, String sql) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
