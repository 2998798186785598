package io.plg.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.StoreFailure;
import io.plg.UserErased;
import io.plg.UserId;
import io.plg.WorkspaceDeleted;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationFunnel;
import io.plg.plan.Every;
import io.plg.plan.Feature;
import io.plg.plan.PlanCatalog;
import io.plg.tenancy.Erasure;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** That nothing is left, asked of every table that the catalog knows: a new one is covered by being there. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
final class PostgresErasureTest {
    private static final ActivationFunnel FUNNEL = ActivationFunnel.named("onboarding")
            .step("created")
            .step("exported")
            .build();
    private static final Feature.Quota CALLS = Feature.quota("calls", Every.MONTH);
    private static final String TENANT_TABLES = """
            select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = 'plg' and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'plg_schema_history'
            order by 1
            """;
    private static final String ALL_TABLES = """
            select format('%I.%I', schemaname, tablename) from pg_tables
            where schemaname in ('plg', 'plg_directory') and tablename not in ('plg_schema_history', 'change_feed')
            order by 1
            """;
    private static final String COLUMNS = """
            select a.attname as name, format_type(a.atttypid, null) as type from pg_attribute a
            where a.attrelid = cast(:table as regclass) and a.attnum > 0 and not a.attisdropped
              and a.attgenerated = '' and a.attidentity = ''
            """;

    /** Tables that know nobody. */
    private static final List<String> OF_WORKSPACES = List.of(
            "plg.entitlement", "plg.entitlement_version", "plg.referral_secret", "plg.usage_lane", "plg.virality_day");

    private final String suffix = "-" + UUID.randomUUID();
    private final String acme = "acme" + suffix;
    private final String globex = "globex" + suffix;
    private final String ada = "ada" + suffix;
    private final String lin = "lin" + suffix;

    @Test
    void of_a_deleted_workspace_no_table_keeps_a_row_and_every_table_keeps_those_of_others() {
        fillEveryTable();
        Map<String, Long> before = count("workspace_id = '" + globex + "'");
        assertThat(before).allSatisfy((table, n) -> assertThat(n).as(table).isPositive());
        try (JdbiPlg plg = JdbiPlg.on(Postgres.app()).funnel(FUNNEL).build()) {
            Erasure erasure = plg.workspaces().delete(acme);

            assertThat(erasure.complete()).isTrue();
            var removed = new HashMap<>(before);
            removed.remove("plg.virality_day"); // it goes with the completions
            assertThat(erasure.rows())
                    .isEqualTo(removed.values().stream().mapToLong(n -> n).sum());
        }
        assertThat(count("workspace_id = '" + acme + "'"))
                .allSatisfy((table, n) -> assertThat(n).as(table).isZero());
        assertThat(count("workspace_id = '" + globex + "'")).isEqualTo(before).isNotEmpty();
    }

    @Test
    void of_an_erased_user_no_table_keeps_the_id_and_every_table_keeps_the_rows_of_others() {
        fillEveryTable();
        try (JdbiPlg plg = JdbiPlg.on(Postgres.app()).funnel(FUNNEL).build()) {
            plg.workspace(acme).activation(FUNNEL).complete("real " + ada, "created");
            Map<String, Long> others = count("t::text like '%" + lin + "%'");

            Erasure erasure = plg.users().erase(ada);
            plg.users().erase("real " + ada);

            assertThat(erasure.complete()).isTrue();
            assertThat(tables(ALL_TABLES))
                    .allSatisfy(table -> assertThat(count(table, "t::text like '%" + ada + "%'"))
                            .as(table)
                            .isZero());
            assertThat(count("t::text like '%" + lin + "%'")).isEqualTo(others);
            others.remove("plg.idempotency_log"); // who asked is in it as part of a hash only
            others.keySet().removeAll(OF_WORKSPACES);
            assertThat(others.values()).as("every other table knows users").allMatch(n -> n == 2);
        }
    }

    @Test
    void a_deletion_that_broke_off_is_named_and_goes_on() {
        fillEveryTable();
        var statements = new AtomicInteger();
        DataSource breaks = failingAfter(Postgres.app(), 3, statements);
        var broken = new PostgresTenancyStore(new JdbiStores(new Database(breaks, HostTransactions.NONE), null));

        assertThatThrownBy(() -> broken.delete(WorkspaceId.of(acme))).isInstanceOf(StoreFailure.class);
        assertThatThrownBy(() -> broken.erase(UserId.of(ada))).isInstanceOf(StoreFailure.class);

        try (JdbiPlg plg = JdbiPlg.on(Postgres.app()).funnel(FUNNEL).build()) {
            assertThatThrownBy(() -> plg.workspace(acme).activation(FUNNEL).state(lin))
                    .as("the mark is there, whatever was removed")
                    .isInstanceOf(WorkspaceDeleted.class);
            assertThat(plg.workspaces().unfinishedDeletions()).contains(WorkspaceId.of(acme));

            assertThat(plg.workspaces().delete(acme).complete()).isTrue();
            assertThat(plg.users().erase(ada).complete()).isTrue();

            assertThat(plg.workspaces().unfinishedDeletions()).doesNotContain(WorkspaceId.of(acme));
            assertThat(plg.users().unfinishedErasures()).doesNotContain(UserId.of(ada));
        }
        assertThat(count("workspace_id = '" + acme + "'").values()).containsOnly(0L);
    }

    @Test
    void what_an_older_transaction_writes_late_does_not_outlive_a_complete_deletion() {
        var store = new PostgresTenancyStore(
                new JdbiStores(new Database(Postgres.app(), HostTransactions.NONE), null), Duration.ofMillis(200));
        try (JdbiPlg plg = JdbiPlg.on(Postgres.app()).funnel(FUNNEL).build();
                Handle older = Jdbi.create(Postgres.as("app")).open()) {
            plg.workspace(acme).activation(FUNNEL).complete(lin, "created");
            plg.workspace(globex).activation(FUNNEL).complete(lin, "created");
            older.setTransactionIsolationLevel(TransactionIsolationLevel.REPEATABLE_READ);
            older.begin();
            older.execute("select count(*) from plg.activation_step");

            assertThat(store.delete(WorkspaceId.of(acme)).complete())
                    .as("it cannot be while that transaction is open")
                    .isFalse();
            assertThat(store.erase(UserId.of(ada)).complete()).isFalse();
            assertThat(plg.workspaces().unfinishedDeletions()).contains(WorkspaceId.of(acme));
            assertThat(plg.users().unfinishedErasures()).contains(UserId.of(ada));

            plg.in(older).workspace(acme).activation(FUNNEL).complete("max" + suffix, "created");
            plg.in(older).workspace(globex).activation(FUNNEL).complete(ada, "created");
            older.commit();
            assertThat(count("workspace_id = '" + acme + "'").values())
                    .as("its snapshot is older than the mark")
                    .contains(1L);

            assertThat(store.delete(WorkspaceId.of(acme)).complete()).isTrue();
            assertThat(store.erase(UserId.of(ada)).complete()).isTrue();
        }
        assertThat(count("workspace_id = '" + acme + "'").values()).containsOnly(0L);
        assertThat(count("t::text like '%" + ada + "%'").values()).containsOnly(0L);
    }

    @Test
    @Timeout(value = 30, unit = TimeUnit.SECONDS)
    void a_transaction_that_has_changed_what_the_workspace_has_keeps_its_deletion_from_being_complete_only() {
        var plans = PlanCatalog.builder()
                .plan("free", p -> p.limit(CALLS, 5))
                .plan("pro", p -> p.limit(CALLS, 50))
                .build();
        try (JdbiPlg plg = JdbiPlg.on(Postgres.app()).plans(plans).build();
                JdbiPlg other = JdbiPlg.on(Postgres.app()).plans(plans).build();
                Handle host = Jdbi.create(Postgres.as("app")).open()) {
            plg.workspace(acme).entitlements().assignPlan("pro");
            plg.workspace(acme).gates().consumeOrThrow(CALLS);
            host.begin();
            plg.in(host).workspace(acme).entitlements().assignPlan("free");

            assertThat(plg.workspaces().delete(acme).complete()).isFalse();
            assertThat(plg.workspaces().unfinishedDeletions()).contains(WorkspaceId.of(acme));
            assertThatThrownBy(() -> other.workspace(acme).gates().check(CALLS))
                    .as("the mark is there")
                    .isInstanceOf(WorkspaceDeleted.class);

            host.rollback();
            assertThat(plg.workspaces().delete(acme).complete()).isTrue();
            assertThatThrownBy(() -> plg.workspace(acme).gates().consume(CALLS)).isInstanceOf(WorkspaceDeleted.class);
        }
        assertThat(count("workspace_id = '" + acme + "'").values()).containsOnly(0L);
    }

    @Test
    void however_much_a_user_has_done_the_ledger_forgets_who_it_was() {
        try (Handle superuser = Jdbi.create(Postgres.superuser()).open()) {
            for (String workspace : List.of(acme, globex)) {
                superuser.execute("insert into plg_directory.workspace (workspace_id) values (?)", workspace);
                superuser.execute(
                        "insert into plg.usage_entry (workspace_id, feature, slot, seq, kind, amount, held, parts, recorded_at, actor_id)"
                                + " select ?, 'calls', 0, n, 'CONSUME', 1, 0, '', now(), ? from generate_series(1, 10003) n",
                        workspace,
                        ada);
            }
        }
        try (JdbiPlg plg = JdbiPlg.on(Postgres.app()).build()) {
            assertThat(plg.users().erase(ada)).isEqualTo(new Erasure(20_006, true));
        }
        assertThat(count("plg.usage_entry", "actor_id = '" + ada + "'")).isZero();
        assertThat(count("plg.usage_entry", "workspace_id in ('" + acme + "', '" + globex + "')"))
                .isEqualTo(20_006);
    }

    @Test
    void a_transaction_of_another_login_is_waited_for_as_well() {
        var store = new PostgresTenancyStore(
                new JdbiStores(new Database(Postgres.app(), HostTransactions.NONE), null), Duration.ofMillis(200));
        try (Handle other = Jdbi.create(Postgres.in("plg", "migrator")).open()) {
            other.begin();
            other.execute("select 1");
            assertThat(store.delete(WorkspaceId.of(acme)).complete()).isFalse();
            other.rollback();
        }
        assertThat(store.delete(WorkspaceId.of(acme)).complete()).isTrue();
    }

    @Test
    void a_prepared_transaction_is_waited_for_although_it_no_longer_runs() {
        DataSource owner = Postgres.emptyDatabase("prepared");
        PlgSchema.on(owner).migrate();
        DataSource app = Postgres.in("prepared", "app");
        var store = new PostgresTenancyStore(
                new JdbiStores(new Database(app, HostTransactions.NONE), null), Duration.ofMillis(200));
        try (JdbiPlg plg = JdbiPlg.on(app).funnel(FUNNEL).build();
                Handle other = Jdbi.create(app).open()) {
            other.begin();
            plg.in(other).workspace(acme).activation(FUNNEL).complete(ada, "created");
            other.execute("prepare transaction 'late'");
            other.rollback(); // there is none any more; this is for the handle to know it

            assertThat(store.delete(WorkspaceId.of(acme)).complete()).isFalse();
            Postgres.execute(app, "commit prepared 'late'");
            assertThat(store.delete(WorkspaceId.of(acme))).isEqualTo(new Erasure(3, true));
        }
    }

    @Test
    void children_go_before_their_parents_partitions_included_and_nothing_is_complete_while_a_row_is_left() {
        DataSource owner = Postgres.emptyDatabase("erasure_order");
        PlgSchema.on(owner).migrate();
        DataSource superuser = Postgres.in("erasure_order", "postgres");
        Postgres.execute(
                superuser,
                "set role plg_owner",
                "create table plg.a_parent (workspace_id text, id int, user_id text, primary key (workspace_id, id))",
                "create table plg.b_child (workspace_id text, id int, parent int, user_id text, primary key (workspace_id, id),"
                        + " foreign key (workspace_id, parent) references plg.a_parent)",
                "create table plg.c_whole (workspace_id text, id int, inviter_user_id text, primary key (workspace_id, id))"
                        + " partition by list (workspace_id)",
                "create table plg.c_part partition of plg.c_whole default",
                "create table plg.d_child (workspace_id text, id int, whole int, user_id text, primary key (workspace_id, id),"
                        + " foreign key (workspace_id, whole) references plg.c_whole)",
                "reset role",
                "insert into plg_directory.workspace (workspace_id) values ('acme'), ('globex')");
        for (String workspace : List.of("acme", "globex")) {
            for (int user = 1; user <= 2; user++) {
                for (String row : List.of(
                        "a_parent values ('%s', %d, 'u%d')",
                        "b_child values ('%s', %d, %2$d, 'u%d')",
                        "c_whole values ('%s', %d, 'u%d')",
                        "d_child values ('%s', %d, %2$d, 'u%d')")) {
                    Postgres.execute(
                            superuser,
                            "insert into plg." + String.format(row.replace("u%d", "u%3$d"), workspace, user, user));
                }
            }
        }
        DataSource app = Postgres.in("erasure_order", "app");
        try (JdbiPlg plg = JdbiPlg.on(app).isolation(IsolationMode.OFF).build()) {
            assertThat(plg.users().erase("u1")).isEqualTo(new Erasure(8, true));
            assertThat(plg.workspaces().delete("acme")).isEqualTo(new Erasure(4, true));
        }
        Postgres.execute(superuser, "insert into plg.a_parent values ('acme', 9, 'u9')");
        assertThat(Jdbi.create(app)
                        .<Boolean, RuntimeException>withHandle(
                                handle -> handle.createQuery("select plg_directory.end_deletion('acme')")
                                        .mapTo(Boolean.class)
                                        .one()))
                .isFalse();
        assertThat(Jdbi.create(superuser)
                        .<Long, RuntimeException>withHandle(handle -> handle.createQuery(
                                        "select count(*) from plg.d_child where workspace_id = 'globex'")
                                .mapTo(Long.class)
                                .one()))
                .isEqualTo(1);
    }

    @Test
    @Timeout(value = 10, unit = TimeUnit.SECONDS)
    void another_node_refuses_what_it_remembers_within_two_seconds() {
        try (JdbiPlg here = JdbiPlg.on(Postgres.app()).funnel(FUNNEL).build();
                JdbiPlg there = JdbiPlg.on(Postgres.app()).funnel(FUNNEL).build()) {
            here.workspace(acme).activation(FUNNEL).complete(ada, "created");
            here.workspace(globex).activation(FUNNEL).complete(lin, "created");
            for (int i = 0; i < 5; i++) {
                there.workspace(acme).activation(FUNNEL).state(ada);
                there.workspace(globex).activation(FUNNEL).state(lin);
            }

            here.workspaces().delete(acme);
            here.users().erase(lin);

            long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
            while (!refused(there, acme, ada, WorkspaceDeleted.class)
                    || !refused(there, globex, lin, UserErased.class)) {
                assertThat(System.nanoTime() - giveUp).isNegative();
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void only_what_was_announced_is_removed() {
        for (String statement : List.of(
                "select plg_directory.delete_some('" + globex + "', 10)",
                "select plg_directory.erase_some('" + lin + "', null, 10)")) {
            assertThatThrownBy(() -> Postgres.execute(Postgres.app(), statement))
                    .hasMessageContaining("has not begun");
        }
    }

    private static boolean refused(JdbiPlg plg, String workspace, String user, Class<?> refusal) {
        try {
            plg.workspace(workspace).activation(FUNNEL).state(user);
            return false;
        } catch (WorkspaceDeleted | UserErased e) {
            return refusal.isInstance(e);
        }
    }

    /** A row of each of two users in each of two workspaces, in every table. */
    private void fillEveryTable() {
        try (Handle superuser = Jdbi.create(Postgres.superuser()).open()) {
            for (String table : tables(TENANT_TABLES)) {
                for (String workspace : List.of(acme, globex)) {
                    superuser.execute(
                            "insert into plg_directory.workspace (workspace_id) values (?) on conflict do nothing",
                            workspace);
                    for (String user : List.of(ada, lin)) {
                        var names = new StringBuilder();
                        var values = new StringBuilder();
                        superuser
                                .createQuery(COLUMNS)
                                .bind("table", table)
                                .mapToMap()
                                .forEach(column -> {
                                    String name = (String) column.get("name");
                                    names.append(names.isEmpty() ? "" : ", ")
                                            .append('"')
                                            .append(name)
                                            .append('"');
                                    values.append(values.isEmpty() ? "" : ", ")
                                            .append(value(name, (String) column.get("type"), workspace, user));
                                });
                        superuser.execute("insert into " + table + " (" + names + ") values (" + values
                                + ") on conflict do nothing");
                    }
                }
            }
        }
    }

    private static String value(String column, String type, String workspace, String user) {
        if (column.equals("workspace_id")) {
            return "'" + workspace + "'";
        }
        if (column.matches("(.*_)?(user|actor)_id")) {
            return "'" + user + "'";
        }
        if (column.equals("code") || column.equals("event")) {
            return user.startsWith("ada") ? "'a'" : "'b'"; // in keys without the user
        }
        return switch (type) {
            case "character varying", "text" -> "'x'";
            case "smallint", "integer", "bigint", "numeric" -> user.startsWith("ada") ? "1" : "2";
            case "timestamp with time zone" -> "now()";
            case "date" -> "current_date";
            case "jsonb" -> "'{}'";
            case "boolean" -> "false";
            case "uuid" -> "gen_random_uuid()";
            case "bytea" -> "sha256('" + user + "')";
            default -> throw new IllegalArgumentException(column + " " + type + " is new: say what a value looks like");
        };
    }

    private static Map<String, Long> count(String condition) {
        var counts = new LinkedHashMap<String, Long>();
        for (String table : tables(TENANT_TABLES)) {
            counts.put(table, count(table, condition));
        }
        return counts;
    }

    private static long count(String table, String condition) {
        return Jdbi.create(Postgres.superuser())
                .withHandle(handle -> handle.createQuery("select count(*) from " + table + " t where " + condition)
                        .mapTo(Long.class)
                        .one());
    }

    private static List<String> tables(String query) {
        return Jdbi.create(Postgres.superuser())
                .withHandle(
                        handle -> handle.createQuery(query).mapTo(String.class).list());
    }

    /** A database that goes away after so many connections were taken. */
    private static DataSource failingAfter(DataSource target, int connections, AtomicInteger taken) {
        return (DataSource) Proxy.newProxyInstance(
                DataSource.class.getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, args) -> {
                    if (method.getReturnType() == Connection.class && taken.incrementAndGet() > connections) {
                        throw new SQLException("the database is away", "08006");
                    }
                    try {
                        return method.invoke(target, args);
                    } catch (InvocationTargetException e) {
                        throw e.getTargetException();
                    }
                });
    }
}
