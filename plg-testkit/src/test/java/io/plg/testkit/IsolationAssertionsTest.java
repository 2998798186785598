package io.plg.testkit;

import static io.plg.testkit.IsolationAssertions.assertThatDatabase;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.plg.StoreFailure;
import io.plg.audit.TenantBinding;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IsolationAssertionsTest {
    private static final Pattern FINDING =
            Pattern.compile("(?m)^(CRITICAL|HIGH|MEDIUM) (\\S+): .* \\(([a-z0-9-]+)\\)$");

    private static final String PROJECTS = guarded("project", "plg.workspace_id");

    @TempDir
    private Path folder;

    private final DataSource scratch = ScratchPostgres.database();

    @Test
    void a_database_whose_migrations_guard_every_table_is_isolated() throws IOException {
        migration("V1__projects.sql", PROJECTS);
        migration("V2__tasks.sql", table("task") + guards("task", "plg.workspace_id"));

        assertThatCode(() -> assertThatDatabase(scratch)
                        .afterMigrating(folder)
                        .asRole("app")
                        .schema("app", "tenant_id")
                        .isIsolated())
                .doesNotThrowAnyException();
    }

    @Test
    void a_database_that_is_there_already_is_looked_at_as_it_is() {
        ScratchPostgres.execute(scratch, PROJECTS, "create table app.country (code text primary key)");

        assertThatCode(() -> {
                    assertThatDatabase(scratch)
                            .asRole("app")
                            .table("app.project", "tenant_id")
                            .isIsolated();
                    assertThatDatabase(ScratchPostgres.as("app", scratch))
                            .schema("app", "tenant_id", "country")
                            .withoutProbe()
                            .isIsolated();
                })
                .doesNotThrowAnyException();
    }

    @Test
    void the_binding_decides_which_policy_is_right() {
        ScratchPostgres.execute(scratch, guarded("project", "app.tenant"));

        assertThatCode(() -> assertThatDatabase(scratch)
                        .asRole("app")
                        .table("app.project", "tenant_id")
                        .boundBy(TenantBinding.setting("app.tenant"))
                        .isIsolated())
                .doesNotThrowAnyException();
        assertThat(failure(assertThatDatabase(scratch).asRole("app").table("app.project", "tenant_id")))
                .contains("(policy-not-canonical)");
    }

    @Test
    void a_migration_that_drops_a_policy_fails_with_that_finding_and_its_remedy() throws IOException {
        migration("V1__projects.sql", PROJECTS);
        migration("V2__mistake.sql", "drop policy workspace on app.project;");

        String failure = failure(migrated());

        assertThat(findings(failure)).containsExactly("MEDIUM app.project no-policy");
        assertThat(failure).contains("    create policy workspace on app.project\n");
    }

    @Test
    void a_migration_that_drops_the_restrictive_policy_fails_with_that_finding() throws IOException {
        migration("V1__projects.sql", PROJECTS);
        migration("V2__mistake.sql", "drop policy workspace_only on app.project;");

        assertThat(findings(failure(migrated()))).containsExactly("MEDIUM app.project no-restrictive-policy");
    }

    @Test
    void a_migration_that_disables_row_level_security_fails_with_that_finding_and_its_remedy() throws IOException {
        migration("V1__projects.sql", PROJECTS);
        migration("V2__mistake.sql", "alter table app.project disable row level security;");

        String failure = failure(migrated().withoutProbe());

        assertThat(findings(failure)).containsExactly("CRITICAL app.project rls-off");
        assertThat(failure).contains("    alter table app.project enable row level security;\n");
    }

    @Test
    void a_migration_that_no_longer_forces_row_level_security_fails_with_that_finding() throws IOException {
        migration("V1__projects.sql", PROJECTS);
        migration("V2__mistake.sql", "alter table app.project no force row level security;");

        assertThat(findings(failure(migrated()))).containsExactly("HIGH app.project rls-not-forced");
    }

    @Test
    void a_migration_that_makes_a_policy_true_for_everybody_fails_with_that_finding() throws IOException {
        migration("V1__projects.sql", PROJECTS);
        migration("V2__mistake.sql", "alter policy workspace on app.project using (true);");

        assertThat(findings(failure(migrated()))).containsExactly("MEDIUM app.project policy-always-true");
    }

    @Test
    void a_migration_that_adds_a_table_without_a_policy_fails_with_that_finding() throws IOException {
        migration("V1__projects.sql", PROJECTS);
        migration("V2__mistake.sql", table("task"));

        assertThat(findings(failure(migrated().withoutProbe()))).containsExactly("CRITICAL app.task rls-off");
    }

    @Test
    void what_the_probe_reached_is_in_the_message_too() throws IOException {
        migration("V1__projects.sql", PROJECTS);
        migration("V2__mistake.sql", "alter table app.project disable row level security;");

        assertThat(findings(failure(migrated())))
                .contains("CRITICAL app.project rls-off")
                .hasSizeGreaterThan(1);
    }

    @Test
    void the_message_says_what_was_audited_and_how_many_findings_there_are() throws IOException {
        migration("V1__projects.sql", PROJECTS + "alter table app.project no force row level security;");

        assertThat(failure(migrated()))
                .matches("(?s)Expected tenants to be kept apart on PostgreSQL [0-9.]+ for role app, but there is 1"
                        + " finding:\n\nHIGH app\\.project: .*");
    }

    @Test
    void a_database_that_cannot_keep_tenants_apart_says_so() {
        assertThat(findings(failure(assertThatDatabase(h2())))).containsExactly("CRITICAL H2 no-row-level-security");
    }

    @Test
    void files_that_are_not_named_as_flyways_run_in_the_order_of_their_names() throws IOException {
        migration("002_guards.sql", guards("project", "plg.workspace_id"));
        migration("001_project.sql", "create schema app; grant usage on schema app to app; " + table("project"));
        migration("README.txt", "not SQL");

        migrated().isIsolated();
    }

    @Test
    void a_script_leaves_nothing_behind_in_the_session_for_the_next_one_and_for_the_audit() throws Exception {
        migration("1.sql", PROJECTS + "set search_path = app; set role app;");
        migration("2.sql", "create table in_public_by_the_administrator (tenant_id text)");
        migration("3.sql", "drop table public.in_public_by_the_administrator");

        try (Connection only = scratch.getConnection()) {
            assertThatDatabase(new OneConnection(only))
                    .afterMigrating(folder)
                    .asRole("app")
                    .table("app.project", "tenant_id")
                    .isIsolated();
        }
    }

    @Test
    void scripts_are_committed_on_a_connection_without_autocommit() throws Exception {
        migration("1.sql", PROJECTS);

        try (Connection only = scratch.getConnection()) {
            only.setAutoCommit(false);
            assertThatDatabase(new OneConnection(only)).afterMigrating(folder);
            only.rollback();
        }

        assertThatDatabase(scratch)
                .asRole("app")
                .table("app.project", "tenant_id")
                .isIsolated();
    }

    @Test
    void a_migration_that_fails_is_named() throws IOException {
        migration("1.sql", PROJECTS);
        migration("2.sql", "alter table app.nonsense enable row level security");

        assertThatThrownBy(this::migrated)
                .isInstanceOf(StoreFailure.class)
                .hasMessageContaining("migration 2.sql failed")
                .hasMessageContaining("app.nonsense");
    }

    @Test
    void a_migration_of_flyway_that_fails_is_named() throws IOException {
        migration("V1__projects.sql", PROJECTS);
        migration("V2__nonsense.sql", "alter table app.nonsense enable row level security");

        assertThatThrownBy(this::migrated).isInstanceOf(StoreFailure.class).hasMessageContaining("V2__nonsense.sql");
    }

    @Test
    void a_file_that_flyway_would_overlook_is_refused() throws IOException {
        migration("V1__projects.sql", PROJECTS);
        migration("v2_tasks.sql", table("task"));

        assertThatThrownBy(this::migrated).isInstanceOf(StoreFailure.class).hasMessageContaining("v2_tasks.sql");
    }

    @Test
    void a_database_with_a_table_is_refused_and_left_as_it_is() throws Exception {
        ScratchPostgres.execute(scratch, "create schema shop", "create table shop.customer (id bigint)");
        migration("1.sql", "drop table shop.customer");

        assertThatThrownBy(this::migrated)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("on database scratch_")
                .hasMessageContaining("which is in use: there is a table shop.customer; give an empty database");
        ScratchPostgres.execute(scratch, "select from shop.customer");
    }

    @Test
    void a_table_that_the_login_has_no_right_to_see_is_a_reason_to_refuse_too() throws IOException {
        ScratchPostgres.execute(
                scratch,
                "create schema secret",
                "create table secret.customer (id bigint)",
                "grant create on database " + databaseName() + " to migrator");
        migration("V1__schema.sql", "create schema app");

        assertThatThrownBy(() -> assertThatDatabase(ScratchPostgres.as("migrator", scratch))
                        .afterMigrating(folder))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("secret.customer");
    }

    @Test
    void a_second_run_on_the_same_database_is_refused() throws IOException {
        migration("V1__projects.sql", PROJECTS);
        migrated();

        assertThatThrownBy(this::migrated)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("is in use");
    }

    @Test
    void plgs_own_tables_may_be_there_but_only_without_rows() throws IOException {
        ScratchPostgres.execute(
                scratch,
                "create schema plg_directory",
                "create table plg_directory.change_feed_trimmed as select 1 as one",
                "create table plg_directory.workspace (workspace_id text)");
        migration("1.sql", PROJECTS);

        assertThatDatabase(scratch).afterMigrating(folder);

        DataSource used = ScratchPostgres.database();
        ScratchPostgres.execute(
                used,
                "create schema plg_directory",
                "create table plg_directory.workspace (workspace_id text)",
                "alter table plg_directory.workspace enable row level security, force row level security",
                "insert into plg_directory.workspace values ('acme')");
        assertThatThrownBy(() -> assertThatDatabase(used).afterMigrating(folder))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("there are rows in plg_directory.workspace");
    }

    @Test
    void only_postgresql_is_migrated() throws IOException {
        migration("1.sql", "create table t (id int)");

        assertThatThrownBy(() -> assertThatDatabase(h2()).afterMigrating(folder))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageEndingWith("the DataSource leads to H2");
    }

    @Test
    void a_folder_without_migrations_is_a_mistake() {
        assertThatThrownBy(this::migrated)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("no .sql file in ");
        assertThatThrownBy(() -> assertThatDatabase(scratch).afterMigrating(folder.resolve("nowhere")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("folder must be a folder of migrations");
    }

    @Test
    void without_flyway_on_the_class_path_plain_scripts_run_and_flyways_say_what_to_add() throws Exception {
        migration("1.sql", PROJECTS);
        try (var withoutFlyway = new WithoutFlyway()) {
            Class<?> assertions = withoutFlyway.loadClass(IsolationAssertions.class.getName());
            Object database =
                    assertions.getMethod("assertThatDatabase", DataSource.class).invoke(null, scratch);
            Method afterMigrating = database.getClass().getMethod("afterMigrating", Path.class);

            afterMigrating.invoke(database, folder);

            Files.move(folder.resolve("1.sql"), folder.resolve("V1__projects.sql"));
            Object another = assertions
                    .getMethod("assertThatDatabase", DataSource.class)
                    .invoke(null, ScratchPostgres.database());
            assertThatThrownBy(() -> afterMigrating.invoke(another, folder))
                    .isInstanceOf(InvocationTargetException.class)
                    .cause()
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("add org.flywaydb:flyway-core");
        }
    }

    private DatabaseAssert migrated() {
        return assertThatDatabase(scratch).afterMigrating(folder).asRole("app").schema("app", "tenant_id");
    }

    private static String failure(DatabaseAssert database) {
        AssertionError failure = catchThrowableOfType(AssertionError.class, database::isIsolated);
        assertThat(failure).as("the assertion fails").isNotNull();
        return failure.getMessage();
    }

    private static List<String> findings(String message) {
        return FINDING.matcher(message)
                .results()
                .map(each -> each.group(1) + " " + each.group(2) + " " + each.group(3))
                .toList();
    }

    private void migration(String name, String sql) throws IOException {
        Files.writeString(folder.resolve(name), sql);
    }

    private String databaseName() {
        try (Connection connection = scratch.getConnection()) {
            return connection.getCatalog();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static DataSource h2() {
        var h2 = new JdbcDataSource();
        h2.setURL("jdbc:h2:mem:");
        return h2;
    }

    private static String guarded(String table, String setting) {
        return "create schema app;\ngrant usage on schema app to app;\n" + table(table) + guards(table, setting);
    }

    private static String table(String name) {
        return """
                create table app.%1$s (
                    tenant_id text not null,
                    id        bigint not null,
                    name      text not null,
                    primary key (tenant_id, id)
                );
                grant select, insert, update, delete on app.%1$s to app;
                """.formatted(name);
    }

    private static String guards(String table, String setting) {
        return """
                alter table app.%1$s enable row level security;
                alter table app.%1$s force row level security;
                create policy workspace on app.%1$s
                    using (tenant_id = (select nullif(current_setting('%2$s', true), '')))
                    with check (tenant_id = (select nullif(current_setting('%2$s', true), '')));
                create policy workspace_only on app.%1$s as restrictive
                    using (tenant_id = (select nullif(current_setting('%2$s', true), '')))
                    with check (tenant_id = (select nullif(current_setting('%2$s', true), '')));
                """.formatted(table, setting);
    }

    /** The class path of this test, but for Flyway. */
    private static final class WithoutFlyway extends URLClassLoader {
        WithoutFlyway() {
            super(
                    Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                            .filter(each -> !each.contains("flyway"))
                            .map(WithoutFlyway::url)
                            .toArray(URL[]::new),
                    ClassLoader.getPlatformClassLoader());
        }

        private static URL url(String path) {
            try {
                return Path.of(path).toUri().toURL();
            } catch (MalformedURLException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
