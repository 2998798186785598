package io.plg.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.Execution;
import io.plg.TransactionConflict;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.Idempotency;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.Once;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Outcome;
import io.plg.idempotency.Outcome.Executed;
import io.plg.idempotency.Outcome.InFlight;
import io.plg.idempotency.Outcome.Mismatch;
import io.plg.idempotency.Outcome.Replayed;
import io.plg.idempotency.Principal;
import io.plg.idempotency.WaitInterrupted;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/**
 * The conformance cases that need no web layer and no second process, each by its number, with rewards and limits that are tables of the host. After
 * each of them the invariants are read from the database. docs/reference/idempotency.md says where the other cases are.
 */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
abstract class IdempotencyConformance {
    static final String LIMIT_REACHED = "limit reached";
    static final Operation<Redemption> REDEEM = Operation.financial("redeem-reward", Redemption.class)
            .retryableWhen(redemption -> redemption.refusal().equals(LIMIT_REACHED));
    static final Fingerprint REQUEST = Fingerprint.of(Map.of("reward", "R", "amount", 1));

    final List<JdbiPlg> nodes = new ArrayList<>();
    final String a = "A-" + UUID.randomUUID();
    final String b = "B-" + UUID.randomUUID();
    private final List<Outcome<Redemption>> successes = new ArrayList<>();

    record Redemption(UUID grant, String refusal) {}

    /** What an effect of a case does. */
    interface Effect {
        Redemption run(Execution tx) throws SQLException;
    }

    /** The application's pool of 20 connections. */
    abstract DataSource app();

    /** What the host does in its own transactions so that its tables show the rows of a workspace. */
    abstract void bind(Handle handle, String workspace);

    /** Sees all rows. */
    abstract DataSource superuser();

    @BeforeEach
    void limits() {
        Jdbi.create(superuser()).useHandle(handle -> {
            for (String workspace : List.of(a, b)) {
                handle.execute(
                        "insert into fixture.limits (workspace_id, used, most) values (?, 0, 1000000)", workspace);
            }
        });
    }

    @AfterEach
    void the_invariants_hold() {
        nodes.forEach(JdbiPlg::close);
        try (Handle handle = Jdbi.create(superuser()).open()) {
            for (String workspace : List.of(a, b)) {
                assertThat(handle.createQuery(
                                        "select count(*) - count(distinct request_key) from fixture.grants where workspace_id = :w")
                                .bind("w", workspace)
                                .mapTo(Long.class)
                                .one())
                        .as("I1: one grant for each key at most")
                        .isZero();
                assertThat(number("select used from fixture.limits where workspace_id = :w", workspace))
                        .as("I1: as much used as granted")
                        .isEqualTo(number("select count(*) from fixture.grants where workspace_id = :w", workspace));
                assertThat(number(
                                "select count(*) from plg.idempotency_key where workspace_id = :w and finished_at is null",
                                workspace))
                        .as("I3: no key is in progress")
                        .isZero();
            }
            for (Outcome<Redemption> each : successes) {
                assertThat(handle.createQuery("select count(*) from fixture.grants where id = :id")
                                .bind("id", each.orThrow().grant())
                                .mapTo(Long.class)
                                .one())
                        .as("I2: whoever was told of a grant has it")
                        .isEqualTo(1);
            }
            assertThat(handle.createQuery("""
                            select count(*) from fixture.grants g
                            where g.workspace_id in (:a, :b) and g.request_key not like 'plain%' and not exists (
                                select 1 from plg.idempotency_log l
                                where l.workspace_id = g.workspace_id and l.effect_id = g.id)
                            """)
                            .bind("a", a)
                            .bind("b", b)
                            .mapTo(Long.class)
                            .one())
                    .as("I4, I5: each grant is in the log of its own workspace")
                    .isZero();
        }
    }

    // ---- B: replay

    @Test
    void case_7_any_printable_text_is_an_opaque_key() throws Exception {
        for (String key : List.of("'; drop table plg.idempotency_key --", "%00", "\\", "a\"b'", "~")) {
            assertThat(redeem(node(), a, key)).isInstanceOf(Executed.class);
            assertThat(redeem(node(), a, key)).isInstanceOf(Replayed.class);
        }
        assertThat(grants(a)).isEqualTo(5);
    }

    @Test
    void case_14_a_hundred_replays_are_equal_and_the_effect_ran_once() throws Exception {
        var runs = new AtomicInteger();
        Redemption first = redeem(node(), a, "k", runs).orThrow();
        for (int i = 0; i < 100; i++) {
            JdbiPlg node = i % 2 == 0 ? nodes.get(0) : node();
            assertThat(redeem(node, a, "k", runs).orThrow()).isEqualTo(first);
        }
        assertThat(runs).hasValue(1);
    }

    @Test
    void case_16_and_19_another_request_is_a_mismatch_and_poisons_nothing() throws Exception {
        Redemption first = redeem(node(), a, "k").orThrow();
        assertThat(execute(node(), a, "k", Fingerprint.of("other"), this::grant))
                .isInstanceOf(Mismatch.class);
        assertThat(redeem(node(), a, "k").orThrow()).isEqualTo(first);
        assertThat(grants(a)).isEqualTo(1);
    }

    @Test
    void case_17_the_same_body_on_another_path_is_a_mismatch() throws Exception {
        byte[] body = "{}".getBytes(java.nio.charset.StandardCharsets.UTF_8);
        var here = Fingerprint.of(List.of("POST", "/rewards/R", Fingerprint.ofBytes(body)));
        var there = Fingerprint.of(List.of("POST", "/rewards/S", Fingerprint.ofBytes(body)));
        execute(node(), a, "k", here, this::grant);
        assertThat(execute(node(), a, "k", there, this::grant)).isInstanceOf(Mismatch.class);
    }

    @Test
    void case_18_white_space_counts_in_raw_mode_and_not_in_canonical_mode() throws Exception {
        String one = "{\"a\":1,\"b\":[true]}";
        String two = "{ \"b\" : [ true ], \"a\" : 1.0 }";
        execute(node(), a, "canonical", Fingerprint.ofJson(one), this::grant);
        execute(
                node(),
                a,
                "raw",
                Fingerprint.ofBytes(one.getBytes(java.nio.charset.StandardCharsets.UTF_8)),
                this::grant);
        assertThat(execute(node(), a, "canonical", Fingerprint.ofJson(two), this::grant))
                .isInstanceOf(Replayed.class);
        assertThat(execute(
                        node(),
                        a,
                        "raw",
                        Fingerprint.ofBytes(two.getBytes(java.nio.charset.StandardCharsets.UTF_8)),
                        this::grant))
                .isInstanceOf(Mismatch.class);
    }

    @Test
    void case_20_another_workspace_s_key_is_another_key() throws Exception {
        redeem(node(), a, "k");
        assertThat(execute(node(), b, "k", Fingerprint.of("other"), this::grant))
                .isInstanceOf(Executed.class);
        assertThat(grants(a)).isEqualTo(1);
        assertThat(grants(b)).isEqualTo(1);
    }

    @Test
    void case_21_and_22_another_user_s_or_operation_s_key_is_another_key() throws Exception {
        JdbiPlg node = node();
        Outcome<Redemption> first = redeem(node, a, "k");
        Outcome<Redemption> other = of(node, a)
                .execute(
                        REDEEM,
                        Principal.by("somebody else"),
                        IdempotencyKey.of("k"),
                        REQUEST,
                        tx -> grant(tx, "plain 1"));
        Outcome<Redemption> invite = of(node, a)
                .execute(
                        Operation.of("invite", Redemption.class),
                        by(),
                        IdempotencyKey.of("k"),
                        REQUEST,
                        tx -> grant(tx, "plain 2"));
        assertThat(List.of(first, other, invite)).allMatch(Executed.class::isInstance);
        assertThat(grants(a)).isEqualTo(3);
    }

    // ---- C: what is stored

    @Test
    void case_23_a_refusal_that_cannot_change_is_replayed() throws Exception {
        var runs = new AtomicInteger();
        for (int i = 0; i < 3; i++) {
            assertThat(execute(node(), a, "k", REQUEST, tx -> {
                                runs.incrementAndGet();
                                return new Redemption(null, "offer expired");
                            })
                            .orThrow()
                            .refusal())
                    .isEqualTo("offer expired");
        }
        assertThat(runs).hasValue(1);
        assertThat(grants(a)).isZero();
    }

    @Test
    void case_24_and_26_a_limit_that_was_reached_is_not_stored_and_the_same_key_succeeds_after_an_upgrade()
            throws Exception {
        limit(a, 0);
        Outcome<Redemption> refused = redeem(node(), a, "k");
        assertThat(refused.orThrow().refusal()).isEqualTo(LIMIT_REACHED);
        assertThat(((Executed<Redemption>) refused).committed()).isFalse();
        limit(a, 1);
        assertThat(redeem(node(), a, "k").orThrow().refusal()).isEmpty();
        assertThat(redeem(node(), a, "k")).isInstanceOf(Replayed.class);
        assertThat(redeem(node(), a, "k2").orThrow().refusal()).isEqualTo(LIMIT_REACHED);
        assertThat(grants(a)).isEqualTo(1);
    }

    @Test
    void case_25_an_exception_after_the_grant_leaves_nothing_behind() throws Exception {
        assertThatThrownBy(() -> execute(node(), a, "k", REQUEST, tx -> {
                    grant(tx);
                    throw new SQLException("the effect's own");
                }))
                .isInstanceOf(SQLException.class)
                .hasMessage("the effect's own");
        assertThat(grants(a)).isZero();
        assertThat(redeem(node(), a, "k")).isInstanceOf(Executed.class);
    }

    @Test
    void case_27_a_transaction_that_lost_to_another_is_begun_again_three_times() throws Exception {
        for (String state : List.of("40001", "40P01")) {
            var runs = new AtomicInteger();
            assertThat(execute(node(), a, state, REQUEST, tx -> {
                        Redemption redemption = grant(tx, state);
                        if (runs.incrementAndGet() <= 3) {
                            throw new SQLException("could not serialize", state);
                        }
                        return redemption;
                    }))
                    .isInstanceOf(Executed.class);
            assertThat(runs).hasValue(4);
        }
        var runs = new AtomicInteger();
        assertThatThrownBy(() -> execute(node(), a, "k", REQUEST, tx -> {
                    grant(tx);
                    runs.incrementAndGet();
                    throw new SQLException("could not serialize", "40001");
                }))
                .isInstanceOfSatisfying(
                        TransactionConflict.class,
                        e -> assertThat(e.isRetryable()).isTrue());
        assertThat(runs).hasValue(4);
        assertThat(grants(a)).isEqualTo(2);
    }

    @Test
    void case_27_inside_the_host_s_transaction_a_conflict_is_the_host_s_to_repeat() throws Exception {
        JdbiPlg node = node();
        var runs = new AtomicInteger();
        assertThatThrownBy(() -> Jdbi.create(app())
                        .useTransaction(handle -> node.in(handle)
                                .workspace(a)
                                .idempotency()
                                .execute(REDEEM, by(), IdempotencyKey.of("k"), REQUEST, tx -> {
                                    runs.incrementAndGet();
                                    throw new SQLException("deadlock detected", "40P01");
                                })))
                .isInstanceOf(TransactionConflict.class);
        assertThat(runs).hasValue(1);
    }

    // ---- D: at the same time

    @Test
    void case_29_and_31_of_fifty_identical_requests_one_is_granted_and_the_others_replay_it() throws Exception {
        var runs = new AtomicInteger();
        JdbiPlg node = node();
        List<Outcome<Redemption>> outcomes = race(50, number -> redeem(node, a, "k", runs));
        oneExecutedTheRestReplayed(outcomes);
        assertThat(runs).hasValue(1);
    }

    @Test
    void case_30_and_35_many_identical_requests_on_two_nodes_are_one_grant() throws Exception {
        JdbiPlg first = node();
        JdbiPlg second = node();
        for (int round = 0; round < 3; round++) {
            String key = "k" + round;
            var runs = new AtomicInteger();
            oneExecutedTheRestReplayed(race(
                    simultaneous(), number -> redeem(number % 2 == 0 ? first : second, a, key, runs)));
            assertThat(runs).hasValue(1);
        }
        assertThat(grants(a)).isEqualTo(3);
    }

    int simultaneous() {
        return 1_000;
    }

    @Test
    void case_32_who_does_not_wait_is_told_within_100_ms_also_by_another_node() throws Exception {
        var begun = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        JdbiPlg owner = node();
        Future<Outcome<Redemption>> running = inBackground(() -> execute(owner, a, "k", REQUEST, tx -> {
            Redemption redemption = grant(tx);
            begun.countDown();
            await(goOn);
            return redemption;
        }));
        begun.await();
        for (JdbiPlg node : List.of(owner, node())) {
            assertThat(of(node, a).execute(REDEEM.failFast(), by(), IdempotencyKey.of("k"), REQUEST, this::grant))
                    .isInstanceOf(InFlight.class);
            // The waits are bounded too.
            assertThat(of(node, a)
                            .execute(
                                    REDEEM.waitAtMost(Duration.ofMillis(30)),
                                    by(),
                                    IdempotencyKey.of("k"),
                                    REQUEST,
                                    this::grant))
                    .isInstanceOf(InFlight.class);
        }
        goOn.countDown();
        assertThat(running.get(30, TimeUnit.SECONDS)).isInstanceOf(Executed.class);
        assertThat(redeem(node(), a, "k")).isInstanceOf(Replayed.class);
    }

    @Test
    void case_33_of_two_requests_with_one_key_one_wins_and_the_other_is_a_mismatch() throws Exception {
        List<JdbiPlg> both = List.of(node(), node());
        List<Outcome<Redemption>> outcomes =
                race(100, number -> execute(both.get(number % 2), a, "k", Fingerprint.of(number / 2 % 2), this::grant));
        assertThat(outcomes).filteredOn(Executed.class::isInstance).hasSize(1);
        assertThat(outcomes).filteredOn(Replayed.class::isInstance).hasSize(49);
        assertThat(outcomes).filteredOn(Mismatch.class::isInstance).hasSize(50);
        assertThat(grants(a)).isEqualTo(1);
    }

    @Test
    void case_34_with_a_new_key_for_each_request_one_user_still_gets_one() throws Exception {
        List<JdbiPlg> both = List.of(node(), node());
        List<Outcome<Redemption>> outcomes = race(
                200,
                number -> execute(both.get(number % 2), a, "k" + number, REQUEST, tx -> {
                    Once once = tx.idempotency().once("welcome-reward", "lin");
                    return once.first() ? grant(tx) : new Redemption(once.effectId(), "already redeemed");
                }));
        assertThat(outcomes).allMatch(Executed.class::isInstance);
        assertThat(outcomes.stream().map(each -> each.orThrow().grant()).distinct())
                .hasSize(1);
        assertThat(grants(a)).isEqualTo(1);
    }

    // ---- E: what of it needs no second process

    @Test
    void case_42_a_lease_is_renewed_for_as_long_as_the_call_takes() throws Exception {
        Operation<String> leased = Operation.of("charge", String.class).lease(Duration.ofSeconds(1));
        JdbiPlg owner = node();
        JdbiPlg other = node();
        var begun = new CountDownLatch(1);
        Future<Outcome<String>> running =
                inBackground(() -> of(owner, a).executeLeased(leased, by(), IdempotencyKey.of("l"), REQUEST, lease -> {
                    begun.countDown();
                    Thread.sleep(1_600);
                    assertThat(lease.isLost()).isFalse();
                    return "charged";
                }));
        begun.await();
        for (int i = 0; i < 13; i++) {
            Thread.sleep(100);
            assertThat(of(other, a)
                            .executeLeased(
                                    leased.failFast(), by(), IdempotencyKey.of("l"), REQUEST, lease -> "charged twice"))
                    .isInstanceOfSatisfying(
                            InFlight.class,
                            inFlight -> assertThat(inFlight.retryAfter()).isLessThanOrEqualTo(Duration.ofSeconds(1)));
        }
        // Who waits gets the result as soon as it is there.
        Outcome<String> waited =
                of(other, a).executeLeased(leased, by(), IdempotencyKey.of("l"), REQUEST, lease -> "charged twice");
        assertThat(waited).isInstanceOf(Replayed.class);
        assertThat(running.get(30, TimeUnit.SECONDS)).isInstanceOf(Executed.class);
        assertThat(waited.orThrow()).isEqualTo("charged");
    }

    // ---- F: retention

    @Test
    void case_46_a_day_later_the_result_is_still_replayed() throws Exception {
        Redemption first = redeem(node(), a, "k").orThrow();
        age(a, "interval '25' hour");
        node().removeExpired();
        assertThat(redeem(node(), a, "k").orThrow()).isEqualTo(first);
    }

    @Test
    void case_47_after_its_retention_a_replay_names_the_grant_and_grants_nothing() throws Exception {
        for (String age : List.of("interval '31' day", "interval '400' day")) {
            Redemption first = redeem(node(), a, age).orThrow();
            age(a, age);
            assertThat(node().removeExpired()).isPositive();
            assertThat(redeem(node(), a, age)).isInstanceOfSatisfying(Replayed.class, replayed -> {
                assertThat(replayed.kept()).isFalse();
                assertThat(replayed.effectId()).isEqualTo(first.grant());
            });
        }
        assertThat(grants(a)).isEqualTo(2);
    }

    // ---- G: the Java API; cases 50 to 53, 56 and 57 are IdempotencyContract's as well

    @Test
    void case_54_a_host_s_transaction_that_rolls_back_takes_the_grant_and_the_key_with_it() throws Exception {
        JdbiPlg node = node();
        for (boolean commit : List.of(false, true)) {
            try (Handle handle = Jdbi.create(app()).open()) {
                handle.begin();
                bind(handle, a);
                Outcome<Redemption> outcome = node.in(handle)
                        .workspace(a)
                        .idempotency()
                        .execute(REDEEM, by(), IdempotencyKey.of("k"), REQUEST, this::grant);
                assertThat(outcome).isInstanceOf(Executed.class);
                if (commit) {
                    handle.commit();
                } else {
                    handle.rollback();
                }
            }
            assertThat(grants(a)).isEqualTo(commit ? 1 : 0);
        }
        assertThat(redeem(node(), a, "k")).isInstanceOf(Replayed.class);
    }

    @Test
    void case_55_in_a_stricter_transaction_of_the_host_a_conflict_has_its_name() throws Exception {
        for (TransactionIsolationLevel level :
                List.of(TransactionIsolationLevel.REPEATABLE_READ, TransactionIsolationLevel.SERIALIZABLE)) {
            String key = level.name();
            JdbiPlg node = node();
            try (Handle strict = Jdbi.create(app()).open()) {
                strict.setTransactionIsolationLevel(level);
                strict.begin();
                bind(strict, a);
                strict.createQuery("select count(*) from fixture.grants")
                        .mapTo(Long.class)
                        .one(); // its snapshot is taken
                redeem(node(), a, key);
                Outcome<Redemption> outcome = null;
                Throwable failure = null;
                try {
                    outcome = node.in(strict)
                            .workspace(a)
                            .idempotency()
                            .execute(REDEEM, by(), IdempotencyKey.of(key), REQUEST, this::grant);
                    strict.commit();
                } catch (TransactionConflict e) {
                    failure = e;
                    strict.rollback();
                }
                assertThat(outcome instanceof Replayed || failure != null)
                        .as("a replay or a named conflict, was " + outcome)
                        .isTrue();
            }
        }
        assertThat(grants(a)).isEqualTo(2);
    }

    @Test
    void case_57_a_thread_that_waits_for_another_node_can_be_interrupted() throws Exception {
        var begun = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        JdbiPlg owner = node();
        JdbiPlg other = node();
        Future<Outcome<Redemption>> running = inBackground(() -> execute(owner, a, "k", REQUEST, tx -> {
            begun.countDown();
            await(goOn);
            return grant(tx);
        }));
        begun.await();
        var thread = new AtomicReference<Thread>();
        Future<Object> waiting = inBackground(() -> {
            thread.set(Thread.currentThread());
            try {
                return redeem(other, a, "k");
            } catch (WaitInterrupted e) {
                return e;
            }
        });
        Thread.sleep(200);
        thread.get().interrupt();
        assertThat(waiting.get(5, TimeUnit.SECONDS)).isInstanceOf(WaitInterrupted.class);
        goOn.countDown();
        assertThat(running.get(30, TimeUnit.SECONDS)).isInstanceOf(Executed.class);
    }

    @Test
    void case_58_a_pool_of_one_connection_is_enough() throws Exception {
        try (var pool = Postgres.pool(app(), 1)) {
            JdbiPlg node = node(pool);
            List<Outcome<Redemption>> outcomes = race(
                    10,
                    number -> execute(node, a, "k" + number % 2, REQUEST, tx -> {
                        Redemption redemption = grant(tx);
                        // Another key inside of it takes the same connection.
                        of(node, a)
                                .execute(
                                        Operation.of("note"),
                                        by(),
                                        IdempotencyKey.of("note " + number),
                                        REQUEST,
                                        inner -> null);
                        return redemption;
                    }));
            assertThat(outcomes).filteredOn(Executed.class::isInstance).hasSize(2);
            assertThat(of(node, a)
                            .executeLeased(
                                    Operation.of("leased", String.class),
                                    by(),
                                    IdempotencyKey.of("l"),
                                    REQUEST,
                                    lease -> redeem(node, a, "during the call")
                                            .orThrow()
                                            .refusal()))
                    .isInstanceOf(Executed.class);
        }
    }

    // ---- what the cases are made of

    JdbiPlg node() {
        return node(app());
    }

    JdbiPlg node(DataSource dataSource) {
        JdbiPlg node = JdbiPlg.on(dataSource)
                .isolation(IsolationMode.OFF)
                .removeExpiredEvery(Duration.ZERO)
                .build();
        synchronized (nodes) {
            nodes.add(node);
        }
        return node;
    }

    static Idempotency<Execution> of(JdbiPlg node, String workspace) {
        return node.workspace(workspace).idempotency();
    }

    static Principal by() {
        return Principal.by("ada");
    }

    Outcome<Redemption> redeem(JdbiPlg node, String workspace, String key) {
        return redeem(node, workspace, key, new AtomicInteger());
    }

    Outcome<Redemption> redeem(JdbiPlg node, String workspace, String key, AtomicInteger runs) {
        try {
            return execute(node, workspace, key, REQUEST, tx -> {
                runs.incrementAndGet();
                return grant(tx, key);
            });
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    Outcome<Redemption> execute(JdbiPlg node, String workspace, String key, Fingerprint request, Effect effect)
            throws SQLException {
        Outcome<Redemption> outcome = of(node, workspace)
                .<Redemption, SQLException>execute(REDEEM, by(), IdempotencyKey.of(key), request, tx -> effect.run(tx));
        if (outcome instanceof Executed || outcome instanceof Replayed<Redemption> replayed && replayed.kept()) {
            if (outcome.orThrow().grant() != null) {
                synchronized (successes) {
                    successes.add(outcome);
                }
            }
        }
        return outcome;
    }

    Redemption grant(Execution tx) throws SQLException {
        return grant(tx, tx.effectId().toString());
    }

    /** Takes one of the limit and grants, by the host's own statements in the transaction of the key. */
    Redemption grant(Execution tx, String key) throws SQLException {
        Connection connection = tx.unwrap(Connection.class);
        try (PreparedStatement take = connection.prepareStatement(
                        "update fixture.limits set used = used + 1 where workspace_id = ? and used < most");
                PreparedStatement grant = connection.prepareStatement(
                        "insert into fixture.grants (workspace_id, id, request_key) values (?, ?, ?)")) {
            take.setString(1, tx.id().value());
            if (take.executeUpdate() == 0) {
                return new Redemption(null, LIMIT_REACHED);
            }
            grant.setString(1, tx.id().value());
            grant.setObject(2, tx.effectId());
            grant.setString(3, key);
            grant.executeUpdate();
            return new Redemption(tx.effectId(), "");
        }
    }

    void limit(String workspace, int most) {
        Jdbi.create(superuser())
                .useHandle(handle ->
                        handle.execute("update fixture.limits set most = ? where workspace_id = ?", most, workspace));
    }

    /** Makes the keys of a workspace older. */
    void age(String workspace, String interval) {
        Jdbi.create(superuser())
                .useHandle(handle -> handle.execute(
                        "update plg.idempotency_key set finished_at = finished_at - " + interval
                                + ", expires_at = expires_at - " + interval + " where workspace_id = ?",
                        workspace));
    }

    long grants(String workspace) {
        return number("select count(*) from fixture.grants where workspace_id = :w", workspace);
    }

    private long number(String query, String workspace) {
        return Jdbi.create(superuser())
                .<Long, RuntimeException>withHandle(handle -> handle.createQuery(query)
                        .bind("w", workspace)
                        .mapTo(Long.class)
                        .one());
    }

    static void oneExecutedTheRestReplayed(List<Outcome<Redemption>> outcomes) {
        assertThat(outcomes).filteredOn(Executed.class::isInstance).hasSize(1);
        assertThat(outcomes).filteredOn(Replayed.class::isInstance).hasSize(outcomes.size() - 1);
        assertThat(outcomes.stream().map(Outcome::orThrow).distinct()).hasSize(1);
    }

    static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Threads that begin at the same moment. */
    static <T> List<T> race(int threads, Racer<T> racer) throws Exception {
        var start = new CyclicBarrier(threads);
        var running = new ArrayList<Future<T>>();
        for (int i = 0; i < threads; i++) {
            int number = i;
            running.add(inBackground(() -> {
                start.await(60, TimeUnit.SECONDS);
                return racer.run(number);
            }));
        }
        var results = new ArrayList<T>();
        for (Future<T> each : running) {
            results.add(each.get(60, TimeUnit.SECONDS));
        }
        return results;
    }

    interface Racer<T> {
        T run(int number) throws Exception;
    }

    static <T> Future<T> inBackground(Callable<T> work) {
        var task = new FutureTask<>(work);
        var thread = new Thread(null, task, "conformance", 256 << 10);
        thread.setDaemon(true);
        thread.start();
        return task;
    }
}
