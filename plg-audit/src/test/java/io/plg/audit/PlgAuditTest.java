package io.plg.audit;

import static org.assertj.core.api.Assertions.assertThat;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The command, run inside the test. */
class PlgAuditTest {
    private static final String GUARDS = """
            create schema %1$s;
            grant usage on schema %1$s to app;
            create table %1$s.project (tenant_id text not null, id bigint not null, primary key (tenant_id, id));
            grant select, insert, update, delete on %1$s.project to app;
            alter table %1$s.project enable row level security;
            alter table %1$s.project force row level security;
            create policy workspace on %1$s.project
                using (tenant_id = (select nullif(current_setting('plg.workspace_id', true), '')))
                with check (tenant_id = (select nullif(current_setting('plg.workspace_id', true), '')));
            create policy workspace_only on %1$s.project as restrictive
                using (tenant_id = (select nullif(current_setting('plg.workspace_id', true), '')))
                with check (tenant_id = (select nullif(current_setting('plg.workspace_id', true), '')));
            """;

    private static EmbeddedPostgres server;

    @BeforeAll
    static void start() throws IOException, SQLException {
        server = EmbeddedPostgres.builder().start();
        execute(
                "create role app login password 'wonderland'",
                GUARDS.formatted("app"),
                "create table app.country (code text primary key)",
                GUARDS.formatted("open"),
                "alter table open.project no force row level security",
                "drop policy workspace_only on open.project",
                GUARDS.replace("'plg.workspace_id'", "'app.tenant'").formatted("other"),
                GUARDS.replace(
                                "nullif(current_setting('plg.workspace_id', true), '')",
                                "nullif(current_setting('request.jwt.claims', true), '')::jsonb -> 'app_metadata' ->> 'org_id'")
                        .formatted("claimed"));
    }

    @AfterAll
    static void stop() throws IOException {
        server.close();
    }

    @Test
    void a_database_without_findings_is_isolated_and_exits_with_0() {
        Run run = audit("--user", "app", "--schema", "app:tenant_id:country");

        assertThat(run.out).matches("""
                PostgreSQL [0-9.]+, role app
                1 tenant table: app\\.project

                isolated
                """);
        assertThat(run.err).isEmpty();
        assertThat(run.exitCode).isZero();
    }

    @Test
    void findings_exit_with_1_and_are_printed_worst_first_with_their_remedies() {
        Run run = audit("--user", "app", "--table", "open.project:tenant_id");

        assertThat(run.out).matches("""
                (?s)PostgreSQL [0-9.]+, role app
                1 tenant table: open\\.project

                NOT ISOLATED, 2 findings, the worst first

                HIGH open\\.project: row level security is not forced[^\\n]* \\(rls-not-forced\\)
                    alter table open\\.project force row level security;

                MEDIUM open\\.project: no restrictive policy[^\\n]* \\(no-restrictive-policy\\)
                    drop policy if exists workspace_only on open\\.project;
                    create policy workspace_only on open\\.project as restrictive
                        using .*
                """);
        assertThat(run.err).isEmpty();
        assertThat(run.exitCode).isEqualTo(1);
    }

    @Test
    void the_role_to_audit_need_not_be_the_one_that_logs_in() {
        Run login = audit("--user", "postgres", "--table", "app.project:tenant_id", "--no-probe");
        Run role = audit("--user", "postgres", "--role", "app", "--table", "app.project:tenant_id");

        assertThat(login.out).contains("CRITICAL postgres:").contains("(role-superuser)");
        assertThat(login.exitCode).isEqualTo(1);
        assertThat(role.out).contains("role app\n");
        assertThat(role.exitCode).as(role.out).isZero();
    }

    @Test
    void options_repeat_and_names_the_setting_or_the_claim() {
        assertThat(audit("--user", "app", "--table", "app.project:tenant_id", "--table", "open.project:tenant_id").out)
                .contains("2 tenant tables: app.project, open.project");
        assertThat(audit("--user", "app", "--table", "other.project:tenant_id", "--setting", "app.tenant").exitCode)
                .isZero();
        Run claimed =
                audit("--user", "app", "--table", "claimed.project:tenant_id", "--jwt-claim", "app_metadata.org_id");
        assertThat(claimed.exitCode).as(claimed.out).isZero();
    }

    @Test
    void json_is_one_document_with_the_whole_report() {
        Run run = audit("--user", "app", "--table", "open.project:tenant_id", "--json");

        JsonNode json = JsonMapper.shared().readTree(run.out);
        assertThat(json.propertyNames())
                .containsExactly("database", "role", "tables", "isolated", "findings", "notProbed");
        assertThat(json.get("database").asString()).startsWith("PostgreSQL ");
        assertThat(json.get("role").asString()).isEqualTo("app");
        assertThat(json.get("tables")).isEqualTo(JsonMapper.shared().readTree("[\"open.project\"]"));
        assertThat(json.get("isolated").asBoolean()).isFalse();
        assertThat(json.get("notProbed").isEmpty()).isTrue();
        assertThat(json.get("findings").size()).isEqualTo(2);
        JsonNode finding = json.get("findings").get(0);
        assertThat(finding.propertyNames()).containsExactly("severity", "check", "object", "problem", "remedy");
        assertThat(finding.get("severity").asString()).isEqualTo("HIGH");
        assertThat(finding.get("check").asString()).isEqualTo("rls-not-forced");
        assertThat(finding.get("object").asString()).isEqualTo("open.project");
        assertThat(finding.get("problem").asString()).startsWith("row level security is not forced");
        assertThat(finding.get("remedy").asString()).isEqualTo("alter table open.project force row level security;");
        assertThat(run.exitCode).isEqualTo(1);
    }

    @Test
    void json_of_a_clean_database_has_the_same_members() {
        Run run = audit("--user", "app", "--table", "app.project:tenant_id", "--json");

        assertThat(JsonMapper.shared().readTree(run.out))
                .isEqualTo(JsonMapper.shared().readTree("""
                {"database": "%s", "role": "app", "tables": ["app.project"], "isolated": true, "findings": [], "notProbed": []}""".formatted(
                        JsonMapper.shared().readTree(run.out).get("database").asString())));
        assertThat(run.exitCode).isZero();
    }

    @Test
    void sql_is_a_script_after_which_nothing_is_found() throws SQLException {
        execute(
                GUARDS.formatted("mended"),
                "alter table mended.project disable row level security, no force row level security");

        Run before = audit("--user", "app", "--table", "mended.project:tenant_id", "--no-probe", "--sql");
        execute(before.out);
        Run after = audit("--user", "app", "--table", "mended.project:tenant_id", "--sql");

        assertThat(before.out).contains("alter table mended.project enable row level security;");
        assertThat(before.exitCode).isEqualTo(1);
        assertThat(after.out).isEmpty();
        assertThat(after.exitCode).isZero();
    }

    @Test
    void h2_is_not_isolated() {
        Run run = run(Map.of(), "--jdbc-url", "jdbc:h2:mem:");

        assertThat(run.out)
                .matches("(?s)H2 [0-9.]+\n0 tenant tables\n.*")
                .contains("NOT ISOLATED, 1 finding\n", "(no-row-level-security)");
        assertThat(run.exitCode).isEqualTo(1);
    }

    @Test
    void an_unknown_role_or_login_cannot_be_audited() {
        audit("--user", "app", "--role", "nobody_knows").couldNotRun("nobody_knows");
        audit("--user", "nobody_knows").couldNotRun("nobody_knows");
    }

    @Test
    void a_table_must_have_a_column() {
        for (String wrong : List.of("app.project", "app.project:", ":tenant_id", "project:tenant_id", "a.b:c:d")) {
            audit("--table", wrong).couldNotRun("must be SCHEMA.TABLE");
        }
        audit("--schema", "app").couldNotRun("--schema must be SCHEMA:COLUMN");
        audit("--schema", "app:tenant_id:").couldNotRun("--schema must be SCHEMA:COLUMN");
    }

    @Test
    void wrong_options_are_told_in_one_line() {
        run(Map.of()).couldNotRun("--jdbc-url");
        audit("--colour").couldNotRun("--colour");
        audit("--json", "--sql").couldNotRun("mutually exclusive");
        audit("--setting", "a.b", "--jwt-claim", "c").couldNotRun("mutually exclusive");
        audit("--setting", "no_dot").couldNotRun("setting must be a name with a dot");
        audit("--jwt-claim", "..").couldNotRun("claim must be");
        audit("--password-env", "NOT_SET").couldNotRun("--password-env NOT_SET: there is no such environment variable");
    }

    @Test
    void a_server_that_is_not_there_is_told_with_the_reason() {
        run(Map.of(), "--jdbc-url", "jdbc:postgresql://localhost:1/plg").couldNotRun("refused");
        run(Map.of(), "--jdbc-url", "jdbc:nonsense://localhost/plg").couldNotRun("No suitable driver");
    }

    @Test
    void a_password_is_never_printed_wherever_it_stands() {
        String secret = "hunter2&%";
        for (List<String> each : List.of(
                List.of("--jdbc-url", "jdbc:postgresql://localhost:1/plg?password=hunter2%26%25"),
                List.of("--jdbc-url", "jdbc:nonsense://localhost/plg?user=a&password=hunter2"),
                List.of("--jdbc-url", "jdbc:nonsense://app:hunter2@localhost/plg"),
                List.of("--jdbc-url", "jdbc:nonsense:db;PASSWORD=hunter2;MODE=x"),
                List.of("--jdbc-url", "jdbc:nonsense:" + secret),
                List.of("-jdbc-url", "jdbc:postgresql://localhost:1/plg?user=a&password=hunter2"),
                List.of("--jdbc-url", "jdbc:postgresql://localhost:1/plg", "--password", "hunter2"),
                List.of("--jdbc-url", "jdbc:postgresql://localhost:1/plg", "--password=hunter2"))) {
            Run run = run(Map.of("PGPASSWORD", secret), each.toArray(String[]::new));

            run.couldNotRun("");
            assertThat(run.err).doesNotContain("hunter2");
        }
    }

    @Test
    void the_password_comes_from_the_environment() {
        List<String> args = List.of("--jdbc-url", url(), "--user", "app", "--table", "app.project:tenant_id");
        var named = new ArrayList<>(args);
        named.addAll(List.of("--password-env", "APP_PASSWORD"));

        assertThat(run(Map.of("PGPASSWORD", "wonderland"), args.toArray(String[]::new)).exitCode)
                .isZero();
        assertThat(run(Map.of("APP_PASSWORD", "wonderland"), named.toArray(String[]::new)).exitCode)
                .isZero();
    }

    @Test
    void help_names_the_options_and_the_exit_codes() {
        Run run = run(Map.of(), "--help");

        assertThat(run.out)
                .contains("--jdbc-url", "--password-env", "--jwt-claim", "Exit codes:", "the audit could not run");
        assertThat(run.exitCode).isZero();
    }

    private static String url() {
        return "jdbc:postgresql://localhost:" + server.getPort() + "/postgres";
    }

    private static Run audit(String... args) {
        var all = new ArrayList<>(List.of("--jdbc-url", url()));
        all.addAll(List.of(args));
        return run(Map.of(), all.toArray(String[]::new));
    }

    private static Run run(Map<String, String> environment, String... args) {
        var out = new StringWriter();
        var err = new StringWriter();
        int exitCode = PlgAudit.commandLine(new PrintWriter(out, true), new PrintWriter(err, true), environment)
                .execute(args);
        return new Run(exitCode, out.toString(), err.toString());
    }

    private static void execute(String... scripts) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url(), "postgres", "postgres");
                Statement statement = connection.createStatement()) {
            for (String each : scripts) {
                statement.execute(each);
            }
        }
    }

    private record Run(int exitCode, String out, String err) {

        void couldNotRun(String reason) {
            assertThat(err).startsWith("plg-audit: ").contains(reason).doesNotContain("Exception:", "\tat ");
            assertThat(err.strip().lines()).hasSize(1);
            assertThat(out).isEmpty();
            assertThat(exitCode).isEqualTo(2);
        }
    }
}
