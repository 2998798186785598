package io.plg.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.audit.IsolationAudit;
import io.plg.audit.TenantBinding;
import io.plg.jdbi.PlgSchema;
import io.plg.tenancy.AuditReport;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** The code of docs/how-to/bind-by-jwt-claim.md, on a database that is set up as Supabase sets up its own. */
class JwtClaimTest {
    private static final String CLAIMS =
            "{\"role\":\"authenticated\",\"app_metadata\":{\"org_id\":\"acme\"},\"user_metadata\":{\"org_id\":\"globex\"}}";

    // tag::guard[]
    private static final String GUARD = """
            alter table public.project enable row level security;
            alter table public.project force row level security;
            create policy org on public.project
                using      (org_id = (select auth.jwt() -> 'app_metadata' ->> 'org_id'))
                with check (org_id = (select auth.jwt() -> 'app_metadata' ->> 'org_id'));
            create policy org_only on public.project as restrictive
                using      (org_id = (select auth.jwt() -> 'app_metadata' ->> 'org_id'))
                with check (org_id = (select auth.jwt() -> 'app_metadata' ->> 'org_id'));
            """;
    // end::guard[]

    // tag::pre-request[]
    private static final String PRE_REQUEST = """
            create function public.bind_workspace() returns void language sql as $$
                select set_config('plg.workspace_id',
                    coalesce(nullif(current_setting('request.jwt.claims', true), '')::json -> 'app_metadata' ->> 'org_id', ''), true)
            $$;
            grant execute on function public.bind_workspace() to authenticated;
            alter role authenticator set pgrst.db_pre_request = 'public.bind_workspace';
            """;
    // end::pre-request[]

    @Test
    void the_workspace_comes_from_a_claim() throws SQLException {
        DataSource administrator = Postgres.database("supa");
        Postgres.execute(
                administrator,
                "create role anon nologin",
                "create role authenticated nologin",
                "create role authenticator login noinherit",
                "grant anon, authenticated to authenticator",
                "create schema auth",
                "create function auth.jwt() returns jsonb language sql stable as $$ select coalesce("
                        + "nullif(current_setting('request.jwt.claim', true), ''),"
                        + " nullif(current_setting('request.jwt.claims', true), ''))::jsonb $$",
                "grant usage on schema auth, public to anon, authenticated",
                "create table public.project (org_id text not null, id bigint not null, name text, primary key (org_id, id))",
                "grant select, insert, update, delete on public.project to authenticated",
                "insert into public.project values ('acme', 1, 'Roadmap'), ('globex', 1, 'Secret')",
                GUARD);

        // tag::audit[]
        AuditReport report = IsolationAudit.of(administrator)
                .role("authenticated")
                .table("public.project", "org_id")
                .boundBy(TenantBinding.jwtClaim("app_metadata.org_id"))
                .run();
        // end::audit[]
        assertThat(report.findings()).isEmpty();
        assertThat(report.notProbed()).isEmpty();

        Postgres.execute(
                administrator,
                PlgSchema.postgresqlRoles(),
                PlgSchema.postgresqlScript(),
                "insert into plg.growth_event values"
                        + " ('acme', gen_random_uuid(), 't', 1, now(), 'ada', '{}'), ('globex', gen_random_uuid(), 't', 1, now(), 'eve', '{}')",
                PRE_REQUEST,
                "grant usage on schema plg to authenticated",
                "grant select on plg.growth_event to authenticated");
        assertThat(asPostgrestDoes("select user_id from plg.growth_event")).containsExactly("ada");
        assertThat(asPostgrestDoes("select name from public.project")).containsExactly("Roadmap");
    }

    private static List<String> asPostgrestDoes(String query) throws SQLException {
        try (Connection connection = Postgres.as("authenticator", "supa").getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("set local role authenticated");
            statement.execute("select set_config('request.jwt.claims', '" + CLAIMS + "', true)");
            statement.execute("select public.bind_workspace()");
            var rows = new ArrayList<String>();
            try (ResultSet found = statement.executeQuery(query)) {
                while (found.next()) {
                    rows.add(found.getString(1));
                }
            }
            connection.rollback();
            return rows;
        }
    }
}
