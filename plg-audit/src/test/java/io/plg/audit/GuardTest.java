package io.plg.audit;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.audit.Guard.Match;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each expression goes through a policy of PostgreSQL's and is matched as PostgreSQL prints it. */
@DisplayName("The canonical policy")
class GuardTest {
    private static final String S = "nullif(current_setting('plg.workspace_id', true), '')";
    private static final String TOKEN = "nullif(current_setting('request.jwt.claims', true), '')::jsonb";

    private static String database = "";

    @BeforeAll
    static void table() {
        database = HostDatabase.create();
        HostDatabase.execute(HostDatabase.as("postgres", database), """
                create schema auth;
                create function auth.jwt() returns jsonb language sql as 'select null::jsonb';
                create function app.nullif(text, text) returns text language sql as 'select $1';
                create function app.current_setting(text, boolean) returns text language sql as 'select $1';
                create function app.same(text, text) returns boolean language sql as 'select true';
                create operator app.= (leftarg = text, rightarg = text, function = app.same);
                create domain app.name as varchar(20);
                create table app.p (t text, v varchar(20), c char(20), u uuid, b bigint, i integer, d app.name, "user" text, x text)""");
    }

    @AfterAll
    static void drop() {
        HostDatabase.drop(database);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "t: t = (select #)",
                "t: (t) = ((select #))",
                "t: t = (select # as any_name)",
                "v: v = (select #)",
                "v: v::text = (select #)",
                "c: c = (select #)",
                "d: d = (select #)",
                "user: \"user\" = (select #)",
                "u: u = (select #::uuid)",
                "u: u = (select #)::uuid",
                "b: b = (select #::bigint)",
                "b: b = (select #)::int8",
                "i: i = (select #::integer)",
            })
    @DisplayName("is accepted however it may be written")
    void accepts(String text) throws SQLException {
        assertThat(match(text, TenantBinding.PLG)).isEqualTo(Match.EXACT);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "t: t = #",
                "t: (select #) = t",
                "u: u = #::uuid",
                "u: u::text = (select #)",
                "u: (select #::uuid) = u",
                "b: b::text = #",
                "t: t = current_setting('plg.workspace_id')",
                "t: t = current_setting('plg.workspace_id', true)",
                "t: t = (select current_setting('plg.workspace_id', true))",
                "t: t = (select nullif(current_setting('plg.workspace_id', false), ''))",
                "v: v = current_setting('plg.workspace_id')",
                "c: c = current_setting('plg.workspace_id')",
                "u: u = current_setting('plg.workspace_id')::uuid",
                "u: u = (select current_setting('plg.workspace_id')::uuid)",
                "u: u::text = current_setting('plg.workspace_id', true)",
                "b: current_setting('plg.workspace_id')::bigint = b"
            })
    @DisplayName("is told from what compares the same but is slower or does not know the empty setting")
    void equivalent(String text) throws SQLException {
        assertThat(match(text, TenantBinding.PLG)).isEqualTo(Match.EQUIVALENT);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "t: t = (select #) or true",
                "t: t = (select #) or t is null",
                "t: t = (select #) and x = 'a'",
                "t: not (t = (select #))",
                "t: t <> (select #)",
                "t: t >= (select #)",
                "t: t like (select #)",
                "t: t = any (array[(select #)])",
                "t: x = (select #)",
                "t: t = t",
                "t: t = current_setting('plg.other')",
                "t: t = current_setting('plg.workspace_id') or current_setting('plg.workspace_id') = ''",
                "t: t = coalesce(current_setting('plg.workspace_id', true), t)",
                "t: t = app.current_setting('plg.workspace_id', true)",
                "u: u = left(current_setting('plg.workspace_id'), 3)::uuid",
                "b: b = current_setting('plg.workspace_id')::integer",
                "t: t = (select coalesce(#, 'a'))",
                "t: t = (select coalesce(#, t))",
                "t: t = (select nullif(current_setting('plg.other', true), ''))",
                "t: t = (select nullif(current_setting('plg.workspace_id', true), 'a'))",
                "t: t = (select # union all select x limit 1)",
                "t: t = (select # where true)",
                "t: t = (select # from app.country limit 1)",
                "t: t = (select lower(#))",
                "t: lower(t) = (select #)",
                "t: t collate \"und-x-icu\" = (select #)",
                "t: t = (select # collate \"C\")",
                "t: t operator(app.=) (select #)",
                "t: t = (select app.nullif(current_setting('plg.workspace_id', true), ''))",
                "t: t = (select nullif(app.current_setting('plg.workspace_id', true), ''))",
                "t: t::varchar(1) = (select #)",
                "t: t = (select #::varchar(1))",
                "t: t = (select #)::varchar(1)",
                "t: t::char(1) = (select #)::char(1)",
                "v: v::varchar(1) = (select #)",
                "v: v::varchar(1)::text = (select #)",
                "v: v = (select #::varchar(1))",
                "c: c::char(1) = (select #)",
                "d: d::varchar(1) = (select #)",
                "u: u = (select left(#, 3)::uuid)",
                "u: left(u::text, 1) = (select #)",
                "b: b = (select #::integer)",
                "b: b::integer = (select #::integer)",
                "b: b = (select #::numeric(3)::bigint)",
                "b: b % 2 = (select #::bigint)",
                "i: i = (select #::bigint)",
                "t: t = (select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'org_id')",
                "t: t = 'a'",
                "t: 1 = 1",
                "t: false"
            })
    @DisplayName("is nothing else, and least of all what contains it")
    void rejects(String text) throws SQLException {
        assertThat(match(text, TenantBinding.PLG)).isEqualTo(Match.OTHER);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "t: t = (select @ ->> 'org_id')",
                "t: t = (select nullif(@ ->> 'org_id', ''))",
                "t: t = (select current_setting('request.jwt.claims', true)::json ->> 'org_id')",
                "t: t = (select (nullif(current_setting('request.jwt.claims', true), '')::json) ->> 'org_id')",
                "t: t = (select auth.jwt() ->> 'org_id')",
                "t: t = ((select auth.jwt()) ->> 'org_id')",
                "v: v = (select auth.jwt() ->> 'org_id')",
                "u: u = (select (@ ->> 'org_id')::uuid)",
                "u: u = (select nullif(@ ->> 'org_id', '')::uuid)",
                "u: u = (select auth.jwt() ->> 'org_id')::uuid",
                "u: u = ((select auth.jwt()) ->> 'org_id')::uuid",
                "b: b = (select (@ ->> 'org_id')::bigint)"
            })
    @DisplayName("may take a claim of a token in several ways")
    void acceptsClaims(String text) throws SQLException {
        assertThat(match(text, TenantBinding.jwtClaim("org_id"))).isEqualTo(Match.EXACT);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "t: t = (select @ -> 'app_metadata' ->> 'org_id')",
                "u: u = (select (auth.jwt() -> 'app_metadata' ->> 'org_id')::uuid)"
            })
    @DisplayName("may take a nested claim")
    void acceptsNestedClaims(String text) throws SQLException {
        assertThat(match(text, TenantBinding.jwtClaim("app_metadata.org_id"))).isEqualTo(Match.EXACT);
        assertThat(match(text, TenantBinding.jwtClaim("org_id"))).isEqualTo(Match.OTHER);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "t: t = (@ ->> 'org_id')",
                "t: t = (select current_setting('request.jwt.claims')::json ->> 'org_id')",
                "u: u = (auth.jwt() ->> 'org_id')::uuid",
                "u: (select auth.jwt() ->> 'org_id')::uuid = u"
            })
    @DisplayName("takes a claim once for each statement")
    void equivalentClaims(String text) throws SQLException {
        assertThat(match(text, TenantBinding.jwtClaim("org_id"))).isEqualTo(Match.EQUIVALENT);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "t: t = (select @ ->> 'other')",
                "t: t = (select @ -> 'user_metadata' ->> 'org_id')",
                "t: t = (select @ ->> 'org_id') or true",
                "t: t = (select coalesce(@ ->> 'org_id', t))",
                "t: t = (select left(@ ->> 'org_id', 1))",
                "t: t = (select current_setting('request.jwt.other', true)::jsonb ->> 'org_id')",
                "t: t = (select x::jsonb ->> 'org_id')",
                "b: b = (select (@ ->> 'org_id')::smallint)",
                "t: t = (select #)"
            })
    @DisplayName("takes no other claim")
    void rejectsClaims(String text) throws SQLException {
        assertThat(match(text, TenantBinding.jwtClaim("org_id"))).isEqualTo(Match.OTHER);
    }

    @Test
    @DisplayName("is what its own script writes")
    void own() throws SQLException {
        for (TenantBinding binding : new TenantBinding[] {
            TenantBinding.PLG, TenantBinding.setting("My.Tenant"), TenantBinding.jwtClaim("app_metadata.https://x/org")
        }) {
            for (String column : new String[] {"t", "v", "c", "u", "b", "i", "d", "user"}) {
                assertThat(match(column + ": " + guard(column, binding).expression(), binding))
                        .isEqualTo(Match.EXACT);
            }
        }
    }

    private static Guard guard(String column, TenantBinding binding) {
        return switch (column) {
            case "v", "d" -> new Guard(column, column, "character varying", true, binding);
            case "c" -> new Guard(column, column, "character", true, binding);
            case "u" -> new Guard(column, column, "uuid", false, binding);
            case "b" -> new Guard(column, column, "bigint", false, binding);
            case "i" -> new Guard(column, column, "integer", false, binding);
            case "user" -> new Guard(column, "\"user\"", "text", true, binding);
            default -> new Guard(column, column, "text", true, binding);
        };
    }

    private static Match match(String text, TenantBinding binding) throws SQLException {
        String column = text.substring(0, text.indexOf(':'));
        String expression =
                text.substring(text.indexOf(':') + 2).replace("#", S).replace("@", TOKEN);
        try (Connection connection = HostDatabase.as("postgres", database).getConnection();
                var statement = connection.createStatement()) {
            statement.execute("drop policy if exists p on app.p; create policy p on app.p using (" + expression + ")");
            statement.execute("set search_path = pg_catalog");
            try (var row = statement.executeQuery("select pg_get_expr(polqual, polrelid) from pg_policy"
                    + " where polname = 'p' and polrelid = 'app.p'::regclass")) {
                row.next();
                return guard(column, binding).match(row.getString(1));
            }
        }
    }
}
