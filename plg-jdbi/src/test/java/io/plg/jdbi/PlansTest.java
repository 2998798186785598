package io.plg.jdbi;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.Execution;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.activation.Activation;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.Cohort;
import io.plg.gate.Entitlements;
import io.plg.gate.Gates;
import io.plg.gate.Grant;
import io.plg.gate.Receipt;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.Idempotency;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Principal;
import io.plg.plan.Every;
import io.plg.plan.Feature;
import io.plg.plan.PlanCatalog;
import io.plg.prompt.UpgradePrompts;
import io.plg.referral.ReferralStore;
import io.plg.reward.RewardCap;
import io.plg.reward.RewardState;
import io.plg.reward.RewardStore.Row;
import io.plg.reward.Stage;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** How PostgreSQL gets at the rows under row level security, as auto_explain reports it, the statements inside of functions included. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
final class PlansTest {
    private static final ActivationFunnel FUNNEL = ActivationFunnel.named("onboarding")
            .step("created")
            .step("exported")
            .build();
    private static final Feature.Quota CALLS = Feature.quota("calls", Every.MONTH);
    private static final Feature.Quota SLICED = Feature.quota("sliced", Every.MONTH);
    private static final PlanCatalog PLANS = PlanCatalog.builder()
            .plan("free", p -> p.limit(CALLS, 500).limit(SLICED, 500))
            .build();
    private static final int WORKSPACES = 120;

    /** A node that reads a table of plg, with what is said of it before the next node. */
    private static final Pattern SCAN = Pattern.compile(
            "(Seq Scan|Index Scan|Index Only Scan|Bitmap Heap Scan|Tid Scan)[^\\n]* on (plg\\.)?(activation_step|activation_user|growth_event|idempotency_\\w+|prompt|prompt_user|referral|referral_\\w+|share_view|reward|reward_\\w+|entitlement|entitlement_version|usage_\\w+)\\b"
                    + "(.*?)(?=\\n\\s*(?:->|SubPlan|InitPlan|CTE )|\\z)",
            Pattern.DOTALL);

    /** Statements on the directory's tables of the same names, which have other keys. */
    private static final Pattern DIRECTORY =
            Pattern.compile("Query Text: [^;]*plg_directory\\.(referral|reward_cap) [^;]*Index Cond: ");

    private static final Pattern INDEXED_BY_TIME = Pattern.compile("Index Cond: [^\\n]*expires_at <");

    @Test
    void every_statement_of_the_library_finds_its_rows_by_an_index_condition_on_the_workspace() throws SQLException {
        Map<String, List<String>> plans = plans(Postgres.emptyDatabase("plans"));

        assertThat(plans.keySet()).hasSizeGreaterThan(6);
        plans.forEach((what, texts) -> {
            assertThat(texts)
                    .as("plans of: " + what)
                    .anyMatch(text -> SCAN.matcher(text).find());
            assertThat(unindexed(texts)).as(what).isEmpty();
        });
        assertThat(plans.get("offer a prompt"))
                .as("what a user was shown long ago is not read")
                .anyMatch(text -> text.contains("prompt_snoozed"));
        assertThat(plans.get("remove what has expired"))
                .as("keys that have not expired are not read")
                .anyMatch(text -> text.contains("idempotency_key_expires")
                        && INDEXED_BY_TIME.matcher(text).find());
    }

    @Test
    void a_table_without_its_key_is_found_out() throws SQLException {
        DataSource database = Postgres.emptyDatabase("plans_without_key");
        PlgSchema.on(database).migrate();
        Postgres.execute(database, "alter table plg.growth_event drop constraint growth_event_pkey");

        assertThat(unindexed(plans(database).get("delete the workspace")))
                .anyMatch(scan ->
                        scan.contains("Seq Scan on growth_event") || scan.contains("Seq Scan on plg.growth_event"));
    }

    @Test
    void keys_are_looked_up_by_their_primary_key_also_while_the_table_is_young() throws SQLException {
        DataSource owner = Postgres.emptyDatabase("plans_young");
        PlgSchema.on(owner).migrate();
        var texts = new ArrayList<String>();
        DataSource young = explained(
                Postgres.in("plans_young", "postgres"),
                Postgres.in("plans_young", "app"),
                texts,
                "set plan_cache_mode = force_generic_plan");
        try (JdbiPlg plg = JdbiPlg.on(young).isolation(IsolationMode.OFF).build()) {
            for (int i = 0; i < 3; i++) {
                plg.workspace("acme")
                        .idempotency()
                        .execute(
                                Operation.financial("o", String.class),
                                Principal.by("u1"),
                                IdempotencyKey.of("k" + i),
                                Fingerprint.of("r"),
                                tx -> "done");
            }
        }
        assertThat(String.join("\n", texts))
                .contains("idempotency_key_pkey")
                .doesNotContain("using idempotency_key_expires", "on idempotency_key_expires");
    }

    private static List<String> unindexed(List<String> plans) {
        var unindexed = new ArrayList<String>();
        for (String plan : plans) {
            for (Matcher scan = SCAN.matcher(plan); scan.find(); ) {
                boolean byWorkspace = scan.group().contains("Tid Scan")
                        || DIRECTORY.matcher(plan).find()
                        || Pattern.compile("(Index|Recheck) Cond: [^\\n]*workspace_id")
                                .matcher(scan.group())
                                .find();
                if (!byWorkspace) {
                    unindexed.add(scan.group() + "\n…in…\n" + plan);
                }
            }
        }
        return unindexed;
    }

    /** The plans of everything that the library does, on tables that are large enough for an index to be worth it. */
    private static Map<String, List<String>> plans(DataSource owner) throws SQLException {
        PlgSchema.on(owner).migrate();
        String database = ((org.postgresql.ds.PGSimpleDataSource) owner).getDatabaseName();
        DataSource superuser = Postgres.in(database, "postgres");
        Postgres.execute(
                superuser,
                "insert into plg_directory.workspace (workspace_id) select 'w' || w from generate_series(1, "
                        + WORKSPACES + ") w",
                "insert into plg.activation_user select 'w' || w, 'onboarding', 'u' || u, null, 1, 50"
                        + " from generate_series(1, " + WORKSPACES + ") w, generate_series(1, 60) u",
                "insert into plg.activation_step select 'w' || w, 'onboarding', 'u' || u, 'created', now(), '{}', now()"
                        + " from generate_series(1, " + WORKSPACES + ") w, generate_series(1, 60) u",
                "insert into plg.growth_event select 'w' || w, gen_random_uuid(), 't', 1, now(), 'u' || u, '{}'"
                        + " from generate_series(1, " + WORKSPACES + ") w, generate_series(1, 60) u",
                "insert into plg.idempotency_key (workspace_id, scope, operation, request_key, fingerprint, effect_id, token, finished_at,"
                        + " result, expires_at) select 'w' || w, sha256(u::text::bytea), 'o', u::text, sha256('r'), gen_random_uuid(), 0, now(), '1',"
                        + " now() + (u - 30) * interval '1 day' from generate_series(1, " + WORKSPACES
                        + ") w, generate_series(1, 60) u",
                "insert into plg.idempotency_log select workspace_id, scope, operation, request_key, fingerprint, effect_id, now()"
                        + " from plg.idempotency_key",
                "insert into plg.idempotency_once select workspace_id, 'welcome', scope, 'u' || request_key, effect_id, now()"
                        + " from plg.idempotency_key",
                "insert into plg.prompt (workspace_id, id, user_id, feature, severity, offered_plan, shown_at)"
                        + " select 'w' || w, gen_random_uuid(), 'u' || u, 'exports', 1, 'pro', now() - u * interval '1 day'"
                        + " from generate_series(1, " + WORKSPACES + ") w, generate_series(1, 60) u",
                "insert into plg.entitlement select 'w' || w, gen_random_uuid(), 'grant', 'exports', now(), null, now(), 1, '{\"amount\":\"1\",\"priority\":\"100\"}'"
                        + " from generate_series(1, " + WORKSPACES + ") w, generate_series(1, 60) u",
                "insert into plg.entitlement_version select 'w' || w, 1 from generate_series(1, " + WORKSPACES + ") w",
                "insert into plg.entitlement_version select 'other' || w, 1 from generate_series(1, 20000) w",
                "insert into plg.usage_meter (workspace_id, feature, user_id) select 'w' || w, 'f' || u, case when u % 2 = 0 then '' else 'u' || u end"
                        + " from generate_series(1, " + WORKSPACES + ") w, generate_series(1, 60) u",
                "insert into plg.usage_lane select 'w' || w, 'f' || u, 0, 1, 0, 0, 0, 0, 0, now(), false, 0, 0, 0, 0, 0, null, null, 'plan'"
                        + " from generate_series(1, " + WORKSPACES + ") w, generate_series(1, 60) u",
                "insert into plg.usage_entry select 'w' || w, 'exports', -1, u, 'CONSUME', 1, 0, 'plan=1', now(), null, 'u' || u,"
                        + " gen_random_uuid(), '-1.' || (u - 1) from generate_series(1, " + WORKSPACES
                        + ") w, generate_series(1000, 1060) u",
                "insert into plg.prompt_user select workspace_id, user_id, 1 from plg.prompt",
                "insert into plg.referral_secret select 'w' || w, sha256('s') from generate_series(8, 20000) w",
                "insert into plg.referral_code select 'w' || w, 'friends', 'u' || u, 'deck', 'C' || w || '.' || u, true, now()"
                        + " from generate_series(1, " + WORKSPACES + ") w, generate_series(1, 60) u",
                "insert into plg_directory.lookup select 'referral_code', sha256(code::bytea), workspace_id from plg.referral_code",
                "insert into plg.share_view select workspace_id, user_id, code, 0, 1 from plg.referral_code",
                "insert into plg.referral_trace select workspace_id, user_id, user_id, 'd', 'dev' || user_id, 'ip' || user_id, now()"
                        + " from plg.referral_code",
                "insert into plg.referral_invitation select workspace_id, program, user_id, gen_random_uuid(), now() from plg.referral_code",
                "insert into plg.referral (workspace_id, program, id, actor_id, parent_id, jump_id, jump_length, size, counted, version, code, artefact,"
                        + " signed_up_at, bound_at, stages, standing, verdict)"
                        + " select 'w' || w, 'friends', md5(w || '.' || u)::uuid, 'u' || u, case when u > 1 then md5(w || '.' || u / 2)::uuid end,"
                        + " case when u > 1 then md5(w || '.' || u / 2)::uuid end, case when u > 1 then 1 else 0 end, 1, u = 1 or u % 7 > 0, 1,"
                        + " 'C' || w || '.' || u / 2, case when u % 9 = 0 then 'deck' else '' end, now(), now(), '{}',"
                        + " case when u % 10 = 0 then 1 else 0 end, '' from generate_series(1, " + WORKSPACES
                        + ") w, generate_series(1, 200) u",
                "insert into plg_directory.referral (program, user_hash, referrer_hash, workspace_id, jump_hash, jump_length)"
                        + " select program, sha256((workspace_id || actor_id)::bytea), sha256('x'), workspace_id, null, 0 from plg.referral",
                "insert into plg.reward select workspace_id, gen_random_uuid(), program, 'standard', id::text, 'REFERRER', actor_id, null, 'PENDING',"
                        + " '{\"kind\":\"trial_days\",\"days\":3}', '{}', now(), now(), null, null, '', '[]', null, 0, 0 from plg.referral",
                "insert into plg.reward_entry select workspace_id, gen_random_uuid(), id, actor_id, 'USD', 1, 'ISSUED', now() from plg.reward",
                "insert into plg.reward_cap select workspace_id, program, 'REFERRER:count', actor_id, '1970-01-01T00:00:00Z', 0, 0 from plg.reward",
                "insert into plg_directory.due_work select distinct 'reward', date_trunc('hour', due_at), workspace_id from plg.reward",
                "analyze");
        DataSource app = Postgres.in(database, "app");
        var plans = new LinkedHashMap<String, List<String>>();
        var current = new ArrayList<String>();
        DataSource explained = explained(superuser, app, current);
        try (JdbiPlg plg = JdbiPlg.on(explained)
                        .isolation(IsolationMode.OFF)
                        .operator(explained(superuser, Postgres.in(database, "operator"), current))
                        .funnel(FUNNEL)
                        .plans(PLANS)
                        .slots(SLICED, 4)
                        .build();
                var stores = new JdbiStores(new Database(explained, HostTransactions.NONE), null)) {
            Activation activation = plg.workspace("w7").activation(FUNNEL);
            var work = new LinkedHashMap<String, Runnable>();
            work.put("complete a step", () -> activation.complete("u1", "exported"));
            work.put("complete a step of a new user", () -> activation.complete("new", "created"));
            work.put(
                    "complete many",
                    () -> activation.completeAll(List.of(
                            FUNNEL.step("exported").by("u2"),
                            FUNNEL.step("exported").by("u3"))));
            work.put("sign up", () -> activation.signedUp("u4", Instant.EPOCH));
            work.put(
                    "state",
                    () -> plg.transact(tx -> {
                        tx.workspace("w7").activation(FUNNEL).state("u5");
                    }));
            work.put("report", () -> activation.report(Cohort.everyone()));
            work.put("report by", () -> activation.reportBy(Cohort.everyone(), "company"));
            work.put("operator report", () -> plg.operator().activationReport(FUNNEL, Cohort.everyone()));
            Idempotency<Execution> idempotency = plg.workspace("w7").idempotency();
            Operation<String> operation = Operation.financial("o", String.class);
            Principal by = Principal.by("u1");
            Fingerprint request = Fingerprint.of("r");
            work.put(
                    "an effect",
                    () -> idempotency.execute(operation, by, IdempotencyKey.of("k"), request, tx -> "done"));
            work.put(
                    "a leased call",
                    () -> idempotency.executeLeased(operation, by, IdempotencyKey.of("l"), request, lease -> "done"));
            work.put(
                    "once",
                    () -> plg.transact(tx -> {
                        tx.workspace("w7").idempotency().once("welcome", "u1");
                    }));
            UpgradePrompts prompts = plg.workspace("w7").prompts();
            work.put("offer a prompt", () -> prompts.offer("u1", Decisions.blocked()));
            work.put("offer the same prompt", () -> prompts.offer("u1", Decisions.blocked()));
            work.put("a click", () -> prompts.clicked(new UUID(1, 1)));
            work.put("a snooze", () -> prompts.snooze(new UUID(1, 1), Duration.ofDays(1)));
            work.put(
                    "an upgrade",
                    () -> plg.transact(tx -> {
                        tx.workspace("w7").prompts().upgraded(new UUID(1, 1));
                    }));
            work.put(
                    "the prompts of an upgrade",
                    () -> stores.prompts().markUpgraded(WorkspaceId.of("w7"), Instant.EPOCH, Instant.now()));
            work.put("conversions", () -> prompts.conversions(Instant.EPOCH, Instant.MAX));
            Gates gates = plg.workspace("w7").gates();
            Entitlements entitlements = plg.workspace("w7").entitlements();
            work.put("a consumption that looks at the meter", () -> gates.consumeOrThrow(CALLS));
            work.put("a consumption", () -> gates.consumeOrThrow(CALLS));
            work.put("a consumption of a slot", () -> gates.consumeOrThrow(SLICED));
            work.put("another consumption of a slot", () -> gates.consumeOrThrow(SLICED));
            work.put("a denial", () -> gates.consume(CALLS, 1_000));
            work.put(
                    "a consumption of a member", () -> gates.by(UserId.of("u1")).consumeOrThrow(CALLS));
            work.put(
                    "a look",
                    () -> plg.transact(tx -> {
                        tx.workspace("w7").gates().checkAll();
                    }));
            work.put("a reservation", () -> gates.reserve(CALLS, 1, Duration.ofMinutes(1)));
            work.put("a settlement", () -> gates.confirm(new UUID(1, 1)));
            work.put(
                    "a refund",
                    () -> gates.refund(CALLS, new Receipt("-1.1." + Integer.toHexString("calls".hashCode()))));
            work.put("what a workspace has", entitlements::facts);
            work.put("a grant", () -> entitlements.grant(Grant.of(CALLS, 5)));
            referrals(work, stores);
            work.put("remove what has expired", plg::removeExpired);
            work.put("erase a user", () -> plg.users().erase("u10"));
            work.put("delete the workspace", () -> plg.workspaces().delete("w9"));
            work.forEach((what, run) -> {
                current.clear();
                run.run();
                plans.put(what, List.copyOf(current));
            });
        }
        return plans;
    }

    private static void referrals(Map<String, Runnable> work, JdbiStores stores) {
        WorkspaceId w7 = WorkspaceId.of("w7");
        UserId u9 = UserId.of("u9");
        String program = Referred.PROGRAM;
        var referrals = stores.referrals();
        work.put("the secret", () -> referrals.secret(w7, new byte[] {1}));
        work.put(
                "a new code",
                () -> referrals.code(
                        w7, new ReferralStore.Wish(program, u9, "", "NEW", Referred.TRACES, Referred.NOW)));
        work.put("find a code", () -> referrals.find("C7.9", true));
        work.put("end a code", () -> referrals.deactivate(w7, "C7.8"));
        work.put(
                "what is known about a user",
                () -> referrals.history(
                        w7,
                        new ReferralStore.Question(
                                program,
                                u9,
                                UserId.of("new"),
                                new ReferralStore.Traces("u9", "d", "devu9", "ipu9"),
                                Referred.NOW)));
        work.put("bind a user", () -> referrals.bind(w7, Referred.by(program, "u9", "u1000"), List.of()));
        work.put("bind a root", () -> referrals.bind(w7, Referred.by(program, "zoe", "u1"), List.of()));
        work.put(
                "reach a stage",
                () -> referrals.reach(
                        List.of(program), UserId.of("u1000"), WorkspaceId.of("w8"), Stage.ACTIVATION, Referred.NOW));
        work.put("find a referral", () -> referrals.find(w7, program, new UUID(1, 1)));
        work.put("judge", () -> referrals.judge(w7, program, new UUID(1, 1), ReferralStore.Standing.FINE, ""));
        work.put("what is held", () -> referrals.held(w7, program, 5));
        work.put("whom a user has referred", () -> referrals.referrals(w7, program, u9, 5));
        work.put("shares", () -> referrals.shares(w7, program));
        work.put("a position", () -> referrals.position(w7, program, u9));
        work.put("ancestors", () -> referrals.ancestors(w7, program, u9, 50));
        work.put("generations", () -> referrals.generations(w7, program));
        work.put("largest", () -> referrals.largest(w7, program, 5));
        work.put("all referrals", () -> referrals.all(w7, program));
        work.put("count referrals", () -> referrals.tidy(w7, program));
        var rewards = stores.rewards();
        Row reward = Referred.reward("e1", "u9", List.of(Referred.cap(RewardCap.Scope.REFERRER, "u9", 5)));
        work.put(
                "decide", () -> rewards.decide(w7, reward, reward.taken(), List.of(Referred.entry(reward)), List.of()));
        work.put("lock a reward", () -> rewards.lock(w7, reward.id()));
        work.put("update a reward", () -> rewards.update(w7, reward, reward.taken(), List.of(), List.of()));
        work.put("find a reward", () -> rewards.find(w7, reward.id()));
        work.put("the rewards of a user", () -> rewards.of(w7, u9, 5));
        work.put("what was decided", () -> rewards.decidedAt(w7, program, "e1"));
        work.put("rewards in a state", () -> rewards.in(w7, RewardState.PENDING, 5));
        work.put("due rewards", () -> rewards.due(w7, Instant.now(), 5));
        work.put("nothing is due", () -> rewards.lookedAt(w7, Instant.now().plus(Duration.ofDays(1))));
        work.put("balances", () -> rewards.balances(w7, u9));
        work.put("the ledger", () -> rewards.entries(w7, null));
        work.put("the ledger of a user", () -> rewards.entries(w7, u9));
    }

    /** Connections that collect the plans of what runs on them, one after another, when they are closed. */
    private static DataSource explained(
            DataSource superuser, DataSource target, List<String> plans, String... settings) {
        Postgres.execute(
                superuser,
                "grant set on parameter auto_explain.log_min_duration, auto_explain.log_nested_statements, auto_explain.log_level"
                        + " to plg_app, plg_operator",
                "alter database " + ((org.postgresql.ds.PGSimpleDataSource) superuser).getDatabaseName()
                        + " set session_preload_libraries = 'auto_explain'");
        return (DataSource) Proxy.newProxyInstance(
                DataSource.class.getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, args) -> {
                    Object result = invoke(target, method, args);
                    return result instanceof Connection connection ? explained(connection, plans, settings) : result;
                });
    }

    private static Connection explained(Connection target, List<String> plans, String... settings) throws SQLException {
        try (Statement statement = target.createStatement()) {
            statement.execute("set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on;"
                    + " set auto_explain.log_level = notice; set client_min_messages = notice");
            for (String setting : settings) {
                statement.execute(setting);
            }
        }
        return (Connection) Proxy.newProxyInstance(
                Connection.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, args) -> {
                    Object result = invoke(target, method, args);
                    return result instanceof Statement statement ? explained(statement, plans) : result;
                });
    }

    private static Statement explained(Statement target, List<String> plans) {
        Class<?> type =
                target instanceof java.sql.PreparedStatement ? java.sql.PreparedStatement.class : Statement.class;
        return (Statement) Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (proxy, method, args) -> {
                    if (method.getName().equals("close")) {
                        for (SQLWarning w = target.isClosed() ? null : target.getWarnings();
                                w != null;
                                w = w.getNextWarning()) {
                            plans.add(String.valueOf(w.getMessage()));
                        }
                    }
                    return invoke(target, method, args);
                });
    }

    private static Object invoke(Object target, java.lang.reflect.Method method, Object[] args) throws Throwable {
        try {
            return method.invoke(target, args);
        } catch (InvocationTargetException e) {
            throw e.getTargetException();
        }
    }
}
