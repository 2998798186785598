package io.plg.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationFunnel;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Principal;
import io.plg.plan.Every;
import io.plg.plan.Feature;
import io.plg.plan.PlanCatalog;
import io.plg.virality.ViralityStore;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What row level security and grants hold back, seen from raw SQL of the application's own role. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
final class IsolationTest {
    private static final Feature.Quota EXPORTS = Feature.quota("exports", Every.MONTH);
    private static final PlanCatalog PLANS =
            PlanCatalog.builder().plan("free", p -> p.limit(EXPORTS, 5)).build();
    private static final List<String> REPORTED = List.of("activation_step", "activation_user", "growth_event");
    private static final List<String> TABLES = List.of(
            "activation_step",
            "activation_user",
            "entitlement",
            "entitlement_version",
            "growth_event",
            "idempotency_key",
            "idempotency_log",
            "idempotency_once",
            "prompt",
            "prompt_user",
            "referral",
            "referral_code",
            "referral_invitation",
            "referral_secret",
            "referral_trace",
            "reward",
            "reward_cap",
            "reward_entry",
            "share_view",
            "usage_entry",
            "usage_lane",
            "usage_meter",
            "virality_change",
            "virality_day");

    private final String acme = "acme-" + UUID.randomUUID();
    private final Jdbi app = Jdbi.create(Postgres.app());

    @BeforeEach
    void something_is_stored() {
        var funnel = ActivationFunnel.named("onboarding").step("created").build();
        try (JdbiPlg plg =
                JdbiPlg.on(Postgres.app()).funnel(funnel).plans(PLANS).build()) {
            plg.workspace(acme).entitlements().assignPlan("free");
            plg.workspace(acme).gates().consumeOrThrow(EXPORTS);
            plg.workspace(acme).activation(funnel).complete("ada", "created");
            plg.workspace(acme)
                    .idempotency()
                    .execute(
                            Operation.financial("redeem", Boolean.class),
                            Principal.by("ada"),
                            IdempotencyKey.of("k"),
                            Fingerprint.of("r"),
                            tx -> tx.idempotency().once("welcome", "ada").first());
            plg.workspace(acme).prompts().offer("ada", Decisions.blocked());
        }
        var stores = new JdbiStores(new Database(Postgres.app(), HostTransactions.NONE), null);
        Instant today = Instant.now().truncatedTo(ChronoUnit.DAYS);
        stores.virality()
                .counts(
                        WorkspaceId.of(acme),
                        new ViralityStore.Loop("friends", "onboarding", "created"),
                        today.minus(Duration.ofDays(1)),
                        today.plus(Duration.ofDays(2)),
                        Duration.ofDays(7));
        stores.virality().changed(WorkspaceId.of(acme), List.of(UserId.of("ada")));
        Referred.inEveryTable(
                stores, WorkspaceId.of(acme), acme.substring(acme.length() - 8), "ada " + acme, "lin " + acme);
    }

    @Test
    void with_its_own_workspace_bound_the_rows_are_there() {
        for (String table : TABLES) {
            assertThat(rows(table, acme)).as(table).isPositive();
        }
    }

    @Test
    void without_a_binding_there_are_no_rows() {
        for (String table : TABLES) {
            assertThat(rows(table, "")).as(table).isZero();
        }
        try (Handle fresh = Jdbi.create(Postgres.as("app")).open()) {
            assertThat(fresh.createQuery("select count(*) from plg.activation_step")
                            .mapTo(Long.class)
                            .one())
                    .as("in a session that never was bound")
                    .isZero();
        }
    }

    @Test
    void with_another_workspace_bound_there_are_no_rows() {
        for (String table : TABLES) {
            assertThat(rows(table, "globex")).as(table).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "globex"})
    void a_row_of_a_workspace_that_is_not_bound_cannot_be_written(String binding) {
        assertThatThrownBy(() -> app.useTransaction(handle -> {
                    bind(handle, binding);
                    handle.execute(
                            "insert into plg.activation_user (workspace_id, funnel, user_id, completed, score)"
                                    + " values (?, 'f', 'eve', 0, 0)",
                            acme);
                }))
                .hasMessageContaining("row-level security");
    }

    @Test
    void a_row_cannot_be_moved_to_another_workspace() {
        assertThatThrownBy(() -> app.useTransaction(handle -> {
                    bind(handle, acme);
                    handle.execute("update plg.activation_user set workspace_id = 'globex'");
                }))
                .hasMessageContaining("row-level security");
    }

    @Test
    void facts_cannot_be_changed_or_removed() {
        for (String statement : List.of(
                "update plg.activation_step set step = 'x'",
                "delete from plg.activation_step",
                "truncate plg.activation_step",
                "update plg.growth_event set type = 'x'",
                "update plg.entitlement set body = 'x'",
                "update plg.entitlement_version set workspace_id = 'x'",
                "update plg.usage_entry set amount = 0",
                "update plg.prompt set shown_at = now()",
                "update plg.referral set actor_id = 'x'",
                "update plg.referral_code set user_id = 'x'",
                "update plg.reward set actor_id = 'x'",
                "update plg.reward set benefit = 'x'",
                "update plg.reward_entry set amount = 0",
                "delete from plg.reward_entry",
                "delete from plg.reward",
                "delete from plg.growth_event",
                "delete from plg.activation_user")) {
            denied(statement);
        }
    }

    @Test
    void the_directory_is_reached_through_its_functions_only() {
        denied("select * from plg_directory.change_feed");
        denied("insert into plg_directory.change_feed (workspace_id, kind, subject) values ('a', 'b', 'c')");
        denied("delete from plg_directory.change_feed");
        denied("update plg_directory.change_feed_trimmed set before = '0'");
        for (String table : List.of("referral", "referral_joins", "reward_cap", "due_work")) {
            denied("select * from plg_directory." + table);
            denied("delete from plg_directory." + table);
        }
        assertThat(app.<Long, RuntimeException>withHandle(
                        handle -> handle.createQuery("select count(*) from plg_directory.changes_since(null)")
                                .mapTo(Long.class)
                                .one()))
                .isEqualTo(1);
    }

    @Test
    void a_stranger_finds_a_workspace_by_the_exact_hash_and_by_nothing_else() {
        byte[] hash = hash("token " + acme);
        byte[] other = hash("another token " + acme);
        assertThat(noted(acme, "invite", hash)).isTrue();
        assertThat(noted(acme, "invite", hash)).as("its own already").isTrue();
        assertThat(noted("globex" + acme, "invite", hash)).as("somebody else's").isFalse();
        assertThat(noted(acme, "invite", new byte[] {1, 2, 3})).as("not a hash").isFalse();
        assertThat(noted("", "invite", other)).as("no workspace").isFalse();

        assertThat(workspaceOf("invite", hash)).contains(acme);
        assertThat(workspaceOf("referral", hash)).as("another kind").isEmpty();
        assertThat(workspaceOf("invite", other)).isEmpty();
        denied("select * from plg_directory.lookup");
        denied("select count(*) from plg_directory.lookup");
        denied("delete from plg_directory.lookup");

        assertThat(forgotten("globex", hash)).as("not his to forget").isFalse();
        assertThat(forgotten(acme, hash)).isTrue();
        assertThat(workspaceOf("invite", hash)).isEmpty();
    }

    @Test
    void a_hash_of_a_deleted_workspace_leads_nowhere_and_none_can_be_noted() {
        byte[] hash = hash("token " + acme);
        noted(acme, "invite", hash);
        try (JdbiPlg plg = JdbiPlg.on(Postgres.app()).build()) {
            plg.workspaces().delete(acme);
        }
        assertThat(workspaceOf("invite", hash)).isEmpty();
        assertThat(noted(acme, "invite", hash)).isFalse();
    }

    @Test
    void the_application_cannot_list_workspaces_and_the_operator_can_do_nothing_but_read() {
        denied("select * from plg_directory.workspaces_after(null, 10)");
        for (String table : List.of("workspace", "deleted_workspace", "erased_user")) {
            denied("select * from plg_directory." + table);
        }
        Jdbi operator = Jdbi.create(Postgres.as("operator"));
        for (String statement : List.of(
                "insert into plg.growth_event values ('" + acme + "', gen_random_uuid(), 't', 1, now(), 'u', '{}')",
                "update plg.activation_user set score = 1",
                "delete from plg.activation_step",
                "select plg_directory.begin_deletion('" + acme + "', now())",
                "select plg_directory.delete_some('" + acme + "', 1)",
                "select plg_directory.note_change('activation', 'ada')",
                "select * from plg_directory.changes_since(null)",
                "select plg_directory.workspace_of('invite', '')",
                "select * from plg_directory.workspace")) {
            assertThatThrownBy(() -> operator.useTransaction(handle -> {
                        bind(handle, acme);
                        handle.execute(statement);
                    }))
                    .as(statement)
                    .hasMessageContaining("permission denied");
        }
        for (String table : REPORTED) {
            assertThat(operator.<Long, RuntimeException>withHandle(
                            handle -> handle.createQuery("select count(*) from plg." + table)
                                    .mapTo(Long.class)
                                    .one()))
                    .as("held by the policies like everybody")
                    .isZero();
        }
    }

    @Test
    void a_role_that_was_given_nothing_reaches_nothing() {
        Jdbi other = Jdbi.create(Postgres.as("other"));
        for (String statement : List.of(
                "select * from plg.activation_step",
                "select * from plg.activation_of('a', 'b', 'c')",
                "select * from plg_directory.changes_since(null)",
                "select plg_directory.trim_changes(pg_current_snapshot()::text)")) {
            assertThatThrownBy(() -> other.useHandle(handle -> handle.execute(statement)))
                    .as(statement)
                    .hasMessageContaining("permission denied");
        }
    }

    @Test
    void the_owner_of_the_tables_is_held_too() {
        try (Handle owner = Jdbi.create(Postgres.as("migrator")).open()) {
            for (String table : TABLES) {
                assertThat(owner.createQuery("select count(*) from plg." + table)
                                .mapTo(Long.class)
                                .one())
                        .as(table)
                        .isZero();
            }
        }
    }

    @Test
    void every_key_and_index_of_schema_plg_starts_with_the_workspace_and_every_table_is_forced() {
        try (Handle handle = Jdbi.create(Postgres.superuser()).open()) {
            assertThat(handle.createQuery("""
                                    select i.indexrelid::regclass::text from pg_index i
                                    join pg_class t on t.oid = i.indrelid
                                    join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0]
                                    where t.relnamespace = 'plg'::regnamespace and t.relname <> 'plg_schema_history'
                                      and (a.attname <> 'workspace_id' or i.indcollation[0] <> '"C"'::regcollation)
                                    """).mapTo(String.class).list()).isEmpty();
            assertThat(handle.createQuery("""
                                    select relname from pg_class
                                    where relnamespace = 'plg'::regnamespace and relkind = 'r' and relrowsecurity and relforcerowsecurity
                                    """).mapTo(String.class).list()).containsExactlyInAnyOrderElementsOf(TABLES);
            assertThat(handle.createQuery("""
                                    select p.oid::regprocedure::text from pg_proc p
                                    where p.pronamespace in ('plg'::regnamespace, 'plg_directory'::regnamespace)
                                      and (p.prosecdef <> (p.pronamespace = 'plg_directory'::regnamespace)
                                           or not 'search_path=pg_catalog, pg_temp' = any (p.proconfig)
                                           or has_function_privilege('other', p.oid, 'execute'))
                                    """).mapTo(String.class).list())
                    .as("functions that run as somebody else, trust the caller's search path, or are open to all")
                    .isEmpty();
        }
    }

    private boolean noted(String workspace, String kind, byte[] hash) {
        return app.inTransaction(handle -> {
            bind(handle, workspace);
            return handle.createQuery("select coalesce(plg_directory.note_lookup(:kind, :hash), false)")
                    .bind("kind", kind)
                    .bind("hash", hash)
                    .mapTo(Boolean.class)
                    .one();
        });
    }

    private boolean forgotten(String workspace, byte[] hash) {
        return app.inTransaction(handle -> {
            bind(handle, workspace);
            return handle.createQuery("select plg_directory.forget_lookup('invite', :hash)")
                    .bind("hash", hash)
                    .mapTo(Boolean.class)
                    .one();
        });
    }

    /** Nobody is bound when a stranger comes in. */
    private Optional<String> workspaceOf(String kind, byte[] hash) {
        return app.withHandle(
                handle -> Optional.ofNullable(handle.createQuery("select plg_directory.workspace_of(:kind, :hash)")
                        .bind("kind", kind)
                        .bind("hash", hash)
                        .mapTo(String.class)
                        .one()));
    }

    private static byte[] hash(String token) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private long rows(String table, String binding) {
        return app.inTransaction(handle -> {
            bind(handle, binding);
            return handle.createQuery("select count(*) from plg." + table)
                    .mapTo(Long.class)
                    .one();
        });
    }

    private void denied(String statement) {
        assertThatThrownBy(() -> app.useTransaction(handle -> {
                    bind(handle, acme);
                    handle.execute(statement);
                }))
                .as(statement)
                .hasMessageContaining("permission denied");
    }

    private static void bind(Handle handle, String workspace) {
        handle.execute("select set_config('plg.workspace_id', ?, true)", workspace);
    }
}
