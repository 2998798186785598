package io.plg.jdbi;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.audit.IsolationAudit;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** The roles on a server of their own, where nobody made them yet, with an administrator as managed PostgreSQL gives one: no superuser. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
final class RolesTest {
    @SuppressWarnings("NullAway.Init")
    private static EmbeddedPostgres server;

    @BeforeAll
    static void start() throws IOException {
        server = EmbeddedPostgres.start();
        Postgres.execute(server.getPostgresDatabase(), "create role admin login createrole createdb");
        Postgres.execute(as("admin", "postgres"), "create database shop", "create database second");
        Postgres.execute(as("admin", "shop"), PlgSchema.postgresqlRoles());
        Postgres.execute(
                as("admin", "shop"),
                "create role my_migrations login in role plg_owner",
                "create role my_app login in role plg_app",
                "grant create on database shop, second to plg_owner");
    }

    @AfterAll
    static void stop() throws IOException {
        server.close();
    }

    @Test
    void an_administrator_without_superuser_makes_the_roles_and_a_member_migrates() {
        PlgSchema.on(as("my_migrations", "shop")).migrate();
        assertThat(IsolationAudit.of(as("my_app", "shop")).run().findings()).isEmpty();
        Postgres.execute(as("admin", "shop"), PlgSchema.postgresqlRoles());
        assertThat(IsolationAudit.of(as("my_app", "shop")).run().findings()).isEmpty();
    }

    @Test
    void the_administrator_may_run_the_schema_as_well_and_somebody_who_may_nothing_is_told() {
        Postgres.execute(as("admin", "second"), PlgSchema.postgresqlScript());
        assertThat(IsolationAudit.of(as("my_app", "second")).run().findings()).isEmpty();
        Postgres.execute(server.getPostgresDatabase(), "create role stranger login createrole");
        Postgres.execute(as("stranger", "second"), PlgSchema.postgresqlRoles());
        assertThat(IsolationAudit.of(as("my_app", "second")).run().findings()).isEmpty();
    }

    private static DataSource as(String role, String database) {
        return server.getDatabase(role, database);
    }
}
