package io.plg.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.TransactionConflict;
import io.plg.audit.IsolationAudit;
import io.plg.audit.TenantBinding;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Outcome;
import io.plg.idempotency.Outcome.Executed;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** As a role that owns nothing, on tables of the host that row level security guards. */
final class PostgresIdempotencyConformanceTest extends IdempotencyConformance {

    @BeforeAll
    static void rewards_and_limits() {
        Postgres.execute(
                Postgres.superuser(),
                "drop schema if exists fixture cascade",
                "create schema fixture",
                "create table fixture.limits (workspace_id text primary key, used bigint not null, most bigint not null)",
                "create table fixture.grants (workspace_id text, id uuid, request_key text not null, primary key (workspace_id, id))",
                "grant usage on schema fixture to app",
                "grant select, insert, update on all tables in schema fixture to app");
        for (String table : List.of("limits", "grants")) {
            Postgres.execute(
                    Postgres.superuser(),
                    "alter table fixture." + table + " enable row level security",
                    "alter table fixture." + table + " force row level security",
                    "create policy workspace on fixture." + table
                            + " using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))");
        }
    }

    @Override
    DataSource app() {
        return Postgres.app();
    }

    @Override
    void bind(Handle handle, String workspace) {
        handle.createQuery("select set_config('plg.workspace_id', :workspace, true)")
                .bind("workspace", workspace)
                .mapTo(String.class)
                .one();
    }

    @Override
    DataSource superuser() {
        return Postgres.superuser();
    }

    @Test
    void case_49_the_application_s_role_can_neither_change_nor_empty_the_log() throws Exception {
        redeem(node(), a, "k");
        try (Handle app = Jdbi.create(Postgres.app()).open()) {
            for (String statement : List.of(
                    "delete from plg.idempotency_log",
                    "update plg.idempotency_log set effect_id = gen_random_uuid()",
                    "truncate plg.idempotency_log",
                    "delete from plg.idempotency_key",
                    "truncate plg.idempotency_key",
                    "delete from plg.idempotency_once",
                    "update plg.idempotency_once set effect_id = gen_random_uuid()",
                    "truncate plg.idempotency_once")) {
                assertThatThrownBy(
                                () -> app.execute("select set_config('plg.workspace_id', ?, false); " + statement, a))
                        .as(statement)
                        .rootCause()
                        .isInstanceOfSatisfying(
                                SQLException.class,
                                e -> assertThat(e.getSQLState()).isEqualTo("42501"));
            }
        }
    }

    @Test
    void case_48_old_keys_are_removed_in_small_batches_while_others_redeem() throws Exception {
        int keys = Integer.getInteger("plg.retention.keys", 20_000);
        try (Handle superuser = Jdbi.create(Postgres.superuser()).open()) {
            superuser.execute("insert into plg_directory.workspace (workspace_id) values (?)", b);
            superuser.execute(
                    "insert into plg.idempotency_key (workspace_id, scope, operation, request_key, fingerprint, effect_id, token,"
                            + " finished_at, result, expires_at) select ?, sha256(n::text::bytea), 'redeem-reward', n::text, sha256(n::text::bytea),"
                            + " gen_random_uuid(), 0, now() - interval '60 days', repeat('x', 200), now() - interval '30 days'"
                            + " from generate_series(1, ?) n",
                    b,
                    keys);
        }
        JdbiPlg node = node();
        var removing = new AtomicBoolean(true);
        Future<Long> removed = inBackground(() -> {
            try {
                return node.removeExpired();
            } finally {
                removing.set(false);
            }
        });
        var micros = new ArrayList<Long>();
        int n = 0;
        while (removing.get() || micros.size() < 100) {
            long start = System.nanoTime();
            // In the workspace whose keys are being removed.
            assertThat(redeem(node, b, "new " + n++)).isInstanceOf(Executed.class);
            micros.add((System.nanoTime() - start) / 1_000);
        }
        assertThat(removed.get(60, TimeUnit.SECONDS)).isGreaterThanOrEqualTo(keys);
        long[] sorted = micros.stream().mapToLong(Long::longValue).sorted().toArray();
        assertThat(sorted[sorted.length - 1])
                .as("no wait for a lock: " + Arrays.toString(sorted))
                .isLessThan(1_000_000);
        assertThat(redeem(node, b, "new 0")).isInstanceOf(Outcome.Replayed.class);
    }

    @Test
    void an_effect_of_another_workspace_inside_of_an_effect_leaves_the_transaction_with_its_own() throws Exception {
        JdbiPlg node = node();
        execute(node, a, "outer", REQUEST, tx -> {
            of(node, b).execute(REDEEM, by(), IdempotencyKey.of("inner"), REQUEST, inner -> grant(inner));
            // By the connection and without asking plg for it, as a repository would.
            return grant(tx);
        });
        assertThat(grants(a)).isEqualTo(1);
        assertThat(grants(b)).isEqualTo(1);

        node.transact(tx -> {
            var connection = new Connection[1];
            tx.workspace(a).idempotency().execute(REDEEM, by(), IdempotencyKey.of("second"), REQUEST, inner -> {
                connection[0] = inner.unwrap(Connection.class);
                return grant(inner);
            });
            try (var statement = connection[0].createStatement();
                    var rs = statement.executeQuery("select count(*) from fixture.grants")) {
                rs.next();
                assertThat(rs.getLong(1)).as("bound to no workspace any more").isZero();
            }
        });
    }

    @Test
    void who_waits_in_a_stricter_transaction_does_not_have_the_effect_in_vain() throws Exception {
        var strict = Postgres.as("app");
        strict.setOptions("-c default_transaction_isolation=serializable");
        try (var pool = Postgres.pool(strict, 10)) {
            List<JdbiPlg> nodes = List.of(node(pool), node(pool), node(pool), node(pool));
            var runs = new AtomicInteger();
            for (int i = 0; i < 10; i++) {
                String key = "k" + i;
                List<Outcome<Redemption>> outcomes = race(4, number -> redeem(nodes.get(number), a, key, runs));
                assertThat(outcomes).filteredOn(Executed.class::isInstance).hasSize(1);
            }
            assertThat(grants(a)).isEqualTo(10);
        }
    }

    @Test
    void who_waits_longer_than_the_host_allows_a_statement_gets_no_error_of_it() throws Exception {
        var hasty = Postgres.as("app");
        hasty.setOptions("-c statement_timeout=300ms");
        var begun = new CountDownLatch(1);
        JdbiPlg owner = node();
        JdbiPlg other = node(hasty);
        Future<Outcome<Redemption>> running = inBackground(() -> execute(owner, a, "k", REQUEST, tx -> {
            begun.countDown();
            LockSupport.parkNanos(900_000_000);
            return grant(tx);
        }));
        begun.await();
        assertThat(redeem(other, a, "k")).isInstanceOf(Outcome.Replayed.class);
        assertThat(running.get(30, TimeUnit.SECONDS)).isInstanceOf(Executed.class);
    }

    @Test
    void of_two_transactions_that_want_each_other_s_keys_the_database_ends_one() throws Exception {
        List<JdbiPlg> both = List.of(node(), node());
        Operation<Void> note = Operation.of("note");
        var start = new CyclicBarrier(2);
        List<Object> outcomes = race(2, number -> {
            try {
                both.get(number).transact(tx -> {
                    for (int i = 0; i < 2; i++) {
                        var key = IdempotencyKey.of("k" + (number + i) % 2);
                        tx.workspace(a).idempotency().execute(note, by(), key, REQUEST, inner -> null);
                        if (i == 0) {
                            start.await(10, TimeUnit.SECONDS);
                        }
                    }
                });
                return "done";
            } catch (TransactionConflict e) {
                return "conflict";
            }
        });
        assertThat(outcomes).containsExactlyInAnyOrder("done", "conflict");
    }

    @Test
    void the_tables_of_idempotency_keys_are_as_isolated_as_all_others() {
        assertThat(IsolationAudit.of(Postgres.app())
                        .table("fixture.limits", "workspace_id")
                        .boundBy(TenantBinding.setting("plg.workspace_id"))
                        .run()
                        .findings())
                .noneMatch(finding -> finding.toString().contains("idempotency"));
    }
}
