package io.plg.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.plg.audit.IsolationAudit;
import io.plg.tenancy.AuditReport;
import io.plg.tenancy.Finding;
import io.plg.tenancy.Severity;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.ds.PGSimpleDataSource;

@DisplayName("An audit of plg's own schema")
class IsolationAuditTest {
    private static final String DATABASE = "audited";

    private PGSimpleDataSource migrator = new PGSimpleDataSource();

    @BeforeEach
    void database() {
        migrator = Postgres.emptyDatabase(DATABASE);
        PlgSchema.on(migrator).migrate();
    }

    @AfterEach
    void drop() {
        Postgres.execute(Postgres.superuser(), "drop database " + DATABASE + " with (force)");
    }

    @Test
    @DisplayName("finds nothing, as the application or as the operator")
    void isolated() {
        for (String role : new String[] {"app", "operator"}) {
            AuditReport report = IsolationAudit.of(as(role)).run();
            assertThat(report.isolated()).as("%s", report).isTrue();
            assertThat(report.tables()).contains("plg.growth_event", "plg.activation_step", "plg.activation_user");
        }
        AuditReport pooled = IsolationAudit.of(Postgres.app()).run();
        assertThat(pooled.isolated()).as("%s", pooled).isTrue();
    }

    @Test
    @DisplayName("says that one login for everything owns the tables")
    void oneLogin() {
        AuditReport report = IsolationAudit.of(migrator).withoutProbe().run();
        assertThat(report.findings())
                .as("%s", report)
                .anyMatch(finding -> finding.check().equals("role-owner") && finding.severity() == Severity.HIGH);
    }

    @Test
    @DisplayName("says once that a superuser is held by nothing")
    void superuser() {
        AuditReport report = IsolationAudit.of(as("postgres")).withoutProbe().run();
        assertThat(report.findings()).as("%s", report).singleElement().satisfies(finding -> {
            assertThat(finding.check()).isEqualTo("role-superuser");
            assertThat(finding.severity()).isEqualTo(Severity.CRITICAL);
        });
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "rls-off | plg.growth_event | alter table plg.growth_event disable row level security",
                "rls-not-forced | plg.growth_event | alter table plg.growth_event no force row level security",
                "extra-permissive-policy | plg.growth_event | create policy more on plg.growth_event using (version = 1)",
                "no-restrictive-policy | plg.growth_event | drop policy workspace_only on plg.growth_event",
                "grant-truncate | plg.growth_event | grant truncate on plg.growth_event to plg_app",
                "directory-grant | plg_directory.lookup | grant select on plg_directory.lookup to plg_app",
                "directory-unknown | plg_directory.more | create table plg_directory.more (id text)",
                "function-search-path | 'plg_directory.refusal(p_workspace text, p_user text)'"
                        + " | alter function plg_directory.refusal(text, text) reset search_path",
                "sequence-grant | plg_directory.change_feed_seq_seq | grant select on plg_directory.change_feed_seq_seq to app",
            })
    @DisplayName("finds a seeded fault and mends it")
    void fault(String check, String object, String sql) {
        Postgres.execute(as("postgres"), sql);
        AuditReport report = IsolationAudit.of(as("app")).withoutProbe().run();
        assertThat(report.findings())
                .as("%s", report)
                .extracting(Finding::check, Finding::object)
                .containsExactly(tuple(check, object));
        Postgres.execute(as("postgres"), report.remedies());
        AuditReport mended = IsolationAudit.of(as("app")).withoutProbe().run();
        assertThat(mended.isolated()).as("%s", mended).isTrue();
    }

    private static DataSource as(String role) {
        PGSimpleDataSource dataSource = Postgres.as(role);
        dataSource.setDatabaseName(DATABASE);
        return dataSource;
    }
}
