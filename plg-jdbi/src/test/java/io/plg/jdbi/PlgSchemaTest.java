package io.plg.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.StoreFailure;
import io.plg.activation.ActivationFunnel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
final class PlgSchemaTest {
    private static final ActivationFunnel FUNNEL =
            ActivationFunnel.named("onboarding").step("created").build();
    private static final String CATALOG = """
            select 'column ' || table_schema || '.' || table_name || '.' || column_name || ' ' || data_type || ' '
                   || is_nullable || ' ' || coalesce(collation_name, '') || ' ' || coalesce(column_default, '')
            from information_schema.columns where table_schema in ('plg', 'plg_directory') and table_name <> 'plg_schema_history'
            union all
            select 'policy ' || tablename || ' ' || policyname || ' ' || cmd || ' ' || qual || ' ' || with_check from pg_policies
            union all
            select 'function ' || p.oid::regprocedure || ' ' || md5(p.prosrc) || ' ' || p.prosecdef || ' ' || coalesce(p.proacl::text, '')
            from pg_proc p where p.pronamespace in ('plg'::regnamespace, 'plg_directory'::regnamespace)
            union all
            select 'constraint ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid) from pg_constraint
            where connamespace in ('plg'::regnamespace, 'plg_directory'::regnamespace) and contype <> 'n'
              and conrelid::regclass::text not like '%plg_schema_history'
            order by 1
            """;

    @Test
    void migrating_again_does_nothing() {
        DataSource database = Postgres.emptyDatabase("again");
        PlgSchema.on(database).migrate();
        List<String> before = catalog(database);
        PlgSchema.on(database).migrate();
        assertThat(catalog(database)).isEqualTo(before).isNotEmpty();
    }

    @Test
    void the_script_makes_what_the_migration_makes() {
        DataSource migrated = Postgres.emptyDatabase("by_flyway");
        PlgSchema.on(migrated).migrate();
        DataSource scripted = Postgres.emptyDatabase("by_hand");
        Postgres.execute(scripted, PlgSchema.postgresqlScript());
        assertThat(catalog(scripted)).isEqualTo(catalog(migrated)).isNotEmpty();
    }

    @Test
    void the_history_is_plg_s_own() {
        DataSource database = Postgres.emptyDatabase("history");
        Postgres.execute(database, "create table flyway_schema_history (the_host_s int)");
        PlgSchema.on(database).migrate();
        assertThat(Jdbi.create(database)
                        .<List<String>, RuntimeException>withHandle(handle -> handle.createQuery(
                                        "select script from plg.plg_schema_history where version is not null")
                                .mapTo(String.class)
                                .list()))
                .containsExactly(
                        "V1__workspaces.sql",
                        "V2__activation.sql",
                        "V3__idempotency.sql",
                        "V4__gates.sql",
                        "V5__prompts.sql",
                        "V6__referrals.sql",
                        "V7__rewards.sql",
                        "V8__virality.sql");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", ";MODE=PostgreSQL", ";MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE;DEFAULT_NULL_ORDERING=HIGH"})
    void on_h2_both_ways_work_in_every_mode(String options) {
        JdbcDataSource migrated = H2.empty(options);
        PlgSchema.on(migrated).migrate();
        PlgSchema.on(migrated).migrate();
        JdbcDataSource scripted = H2.empty(options);
        Postgres.execute(scripted, PlgSchema.h2Script());
        for (JdbcDataSource database : List.of(migrated, scripted)) {
            try (JdbiPlg plg = JdbiPlg.on(database).funnel(FUNNEL).build()) {
                assertThat(plg.workspace("acme")
                                .activation(FUNNEL)
                                .complete("ada", "created")
                                .activated())
                        .isTrue();
            }
        }
    }

    @Test
    void the_script_is_all_that_is_in_the_jar() throws Exception {
        for (String database : List.of("postgresql", "h2")) {
            Path folder = Path.of(PlgSchema.class
                    .getClassLoader()
                    .getResource("io/plg/jdbi/schema/v1/" + database)
                    .toURI());
            String script = database.equals("h2") ? PlgSchema.h2Script() : PlgSchema.postgresqlScript();
            try (var files = Files.list(folder)) {
                for (Path file : files.filter(
                                each -> each.getFileName().toString().startsWith("V"))
                        .toList()) {
                    assertThat(script).contains(Files.readString(file));
                }
            }
        }
    }

    @Test
    void nothing_is_created_unless_asked_and_the_error_says_how() {
        for (DataSource empty : List.of(Postgres.emptyDatabase("untouched"), H2.empty(""))) {
            try (JdbiPlg plg = JdbiPlg.on(empty).funnel(FUNNEL).build()) {
                assertThatThrownBy(
                                () -> plg.workspace("acme").activation(FUNNEL).complete("ada", "created"))
                        .isInstanceOf(StoreFailure.class)
                        .hasMessageContaining("PlgSchema.on(dataSource).migrate()")
                        .hasCauseInstanceOf(java.sql.SQLException.class);
            }
        }
    }

    @Test
    void a_role_without_rights_is_told_where_to_get_them() {
        try (JdbiPlg plg = JdbiPlg.on(Postgres.as("other")).funnel(FUNNEL).build()) {
            assertThatThrownBy(() -> plg.workspace("acme").activation(FUNNEL).complete("ada", "created"))
                    .isInstanceOf(StoreFailure.class)
                    .hasMessageContaining("PlgSchema.postgresqlRoles()");
        }
    }

    @Test
    void the_roles_own_and_use_what_they_should_whichever_comes_first() {
        DataSource before = Postgres.emptyDatabase("roles_after");
        PlgSchema.on(before).migrate();
        List<String> rights = rights(before);
        Postgres.execute(before, PlgSchema.postgresqlRoles());
        assertThat(rights(before)).isEqualTo(rights).contains("schema plg plg_owner", "schema plg_directory plg_owner");
        assertThat(rights).noneMatch(line -> line.endsWith(" migrator"));
    }

    @Test
    void a_failing_script_is_a_store_failure_with_its_cause() {
        DataSource database = Postgres.emptyDatabase("in_the_way");
        Postgres.execute(database, "create schema plg_directory", "create table plg_directory.change_feed (x int)");
        assertThatThrownBy(() -> PlgSchema.on(database).migrate())
                .isInstanceOf(StoreFailure.class)
                .hasMessageContaining("change_feed");
    }

    private static List<String> rights(DataSource database) {
        return Jdbi.create(database)
                .withHandle(
                        handle -> handle.createQuery("""
                        select concat_ws(' ', 'schema', nspname, nspowner::regrole) from pg_namespace where nspname like 'plg%'
                        union all
                        select concat_ws(' ', 'table', oid::regclass, relacl, relowner::regrole) from pg_class
                        where relkind = 'r' and relnamespace in ('plg'::regnamespace, 'plg_directory'::regnamespace)
                        union all
                        select concat_ws(' ', 'function', oid::regprocedure, proacl, proowner::regrole) from pg_proc
                        where pronamespace in ('plg'::regnamespace, 'plg_directory'::regnamespace)
                        order by 1
                        """).mapTo(String.class).list());
    }

    private static List<String> catalog(DataSource database) {
        return Jdbi.create(database)
                .withHandle(handle ->
                        handle.createQuery(CATALOG).mapTo(String.class).list());
    }
}
