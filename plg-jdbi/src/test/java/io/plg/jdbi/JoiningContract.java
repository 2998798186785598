package io.plg.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.Plg;
import io.plg.PlgListener;
import io.plg.SettableClock;
import io.plg.activation.ActivationFunnel;
import io.plg.event.GrowthEvent;
import io.plg.plan.Every;
import io.plg.plan.Feature;
import io.plg.plan.Limit;
import io.plg.plan.PlanCatalog;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** What must hold when plg joins a transaction of the host, on both databases. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
abstract class JoiningContract {
    static final ActivationFunnel FUNNEL = ActivationFunnel.named("onboarding")
            .step("created")
            .step("invited")
            .step("exported")
            .build();
    private static final Feature.Quota CALLS = Feature.quota("calls", Every.MONTH);
    private static final Instant SIGN_UP = Instant.parse("2026-04-01T00:00:00Z");

    final List<String> heard = new CopyOnWriteArrayList<>();
    final List<String> heardOn = new CopyOnWriteArrayList<>();
    String acme = "";
    JdbiPlg plg;
    Jdbi host;

    abstract DataSource dataSource();

    /** The number of stored events of a workspace. */
    abstract int events(String workspace);

    @BeforeEach
    void open() {
        acme = "acme-" + UUID.randomUUID();
        plg = builder().build();
        host = Jdbi.create(dataSource());
    }

    @AfterEach
    void close() {
        plg.close();
    }

    JdbiPlg.Builder builder() {
        return JdbiPlg.on(dataSource())
                .funnel(FUNNEL)
                .clock(SettableClock.at("2026-04-12T08:00:00Z"))
                .listener(new PlgListener() {
                    @Override
                    public void onEvent(GrowthEvent event) {
                        heard.add(event.user() + " " + event.data().get("step"));
                        heardOn.add(Thread.currentThread().getName());
                    }
                });
    }

    @Test
    void what_is_done_in_a_handle_s_transaction_commits_with_it_and_is_heard_afterwards_on_the_same_thread() {
        host.useTransaction(handle -> {
            complete(plg.in(handle), "created");
            complete(plg.in(handle), "invited");
            assertThat(heard).isEmpty();
            assertThat(plg.in(handle)
                            .workspace(acme)
                            .activation(FUNNEL)
                            .state("ada")
                            .score())
                    .isEqualTo(67);
            assertThat(events(acme)).as("seen by others").isZero();
        });

        assertThat(heard).containsExactly("ada created", "ada invited");
        assertThat(heardOn).containsOnly(Thread.currentThread().getName());
        assertThat(score()).isEqualTo(67);
        assertThat(events(acme)).isEqualTo(2);
    }

    @Test
    void what_is_done_in_a_handle_s_transaction_goes_with_its_rollback_and_is_never_heard() throws Exception {
        assertThatThrownBy(() -> host.useTransaction(handle -> {
                    complete(plg.in(handle), "created");
                    throw new IllegalStateException("the host fails");
                }))
                .hasMessage("the host fails");

        afterwards();
        assertThat(heard).containsExactly("bob created");
        assertThat(score()).isZero();
    }

    @Test
    void what_is_done_in_a_connection_s_transaction_commits_with_it_and_is_heard_afterwards() throws Exception {
        try (Connection connection = dataSource().getConnection()) {
            connection.setAutoCommit(false);
            complete(plg.in(connection), "created");
            plg.in(connection).workspace(acme).activation(FUNNEL).signedUp("ada", SIGN_UP);
            Thread.sleep(400); // longer than plg waits between two looks at the transaction
            assertThat(heard).isEmpty();
            connection.commit();
            await(() -> heard.equals(List.of("ada created")));
            connection.setAutoCommit(true);
        }
        assertThat(heardOn).containsOnly("plg-commits");
        assertThat(score()).isEqualTo(33);
    }

    @Test
    void what_is_done_in_a_connection_s_transaction_goes_with_its_rollback_and_is_never_heard() throws Exception {
        try (Connection connection = dataSource().getConnection()) {
            connection.setAutoCommit(false);
            complete(plg.in(connection), "created");
            connection.rollback();
            complete(plg.in(connection), "invited");
            connection.commit();
            connection.setAutoCommit(true);
        }
        await(() -> heard.contains("ada invited"));
        afterwards();
        assertThat(heard).containsExactlyInAnyOrder("ada invited", "bob created");
    }

    @Test
    void what_a_rollback_to_the_host_s_savepoint_took_back_is_never_heard() throws Exception {
        try (Connection connection = dataSource().getConnection()) {
            connection.setAutoCommit(false);
            Plg in = plg.in(connection);
            complete(in, "created");
            Savepoint savepoint = connection.setSavepoint();
            complete(in, "invited");
            connection.rollback(savepoint);
            complete(in, "exported");
            connection.commit();
            connection.setAutoCommit(true);
        }
        await(() -> heard.contains("ada exported"));
        afterwards();
        assertThat(heard).containsExactly("ada created", "ada exported", "ada exported", "bob created");
    }

    @Test
    void a_threshold_that_a_rollback_to_the_host_s_savepoint_took_back_is_heard_of_when_it_is_reached_again()
            throws Exception {
        try (JdbiPlg gated = JdbiPlg.on(dataSource())
                        .plans(PlanCatalog.builder()
                                .plan("free", p -> p.limit(CALLS, Limit.of(100).thresholds(50, 80)))
                                .build())
                        .listener(new PlgListener() {
                            @Override
                            public void onEvent(GrowthEvent event) {
                                heard.add("threshold " + event.data().get("threshold"));
                            }
                        })
                        .build();
                Connection connection = dataSource().getConnection()) {
            connection.setAutoCommit(false);
            Plg in = gated.in(connection);
            in.workspace(acme).gates().consumeOrThrow(CALLS, 60);
            Savepoint savepoint = connection.setSavepoint();
            in.workspace(acme).gates().consumeOrThrow(CALLS, 25);
            connection.rollback(savepoint);
            in.workspace(acme).gates().consumeOrThrow(CALLS, 1);
            connection.commit();
            await(() -> heard.contains("threshold 50"));
            afterwards();
            assertThat(heard).containsExactly("threshold 50", "bob created");

            gated.in(connection).workspace(acme).gates().consumeOrThrow(CALLS, 19);
            connection.commit();
            connection.setAutoCommit(true);
            await(() -> heard.size() > 2);
            assertThat(heard).containsExactly("threshold 50", "bob created", "threshold 80");
            assertThat(gated.workspace(acme).gates().check(CALLS).used()).isEqualTo(80);
        }
    }

    @Test
    void a_handle_whose_transaction_somebody_else_ends_is_heard_of_too() throws Exception {
        try (Connection connection = dataSource().getConnection()) {
            connection.setAutoCommit(false);
            try (Handle handle = Jdbi.create(connection).open()) {
                complete(plg.in(handle), "created");
                connection.commit();
                connection.setAutoCommit(true);
            }
        }
        await(() -> heard.equals(List.of("ada created")));
    }

    @Test
    void a_nested_transaction_that_fails_in_the_host_s_takes_back_only_itself() {
        host.useTransaction(handle -> {
            Plg in = plg.in(handle);
            complete(in, "created");
            assertThatThrownBy(() -> in.transact(tx -> {
                        complete(tx, "invited");
                        throw new IllegalStateException("nested");
                    }))
                    .hasMessage("nested");
            in.transact(tx -> complete(tx, "exported"));
        });

        assertThat(heard).containsExactly("ada created", "ada exported", "ada exported");
        assertThat(score()).isEqualTo(67);
    }

    @Test
    void nothing_that_was_read_before_a_commit_is_remembered_after_a_rollback() {
        assertThat(score()).isZero();
        host.useTransaction(handle -> {
            Plg in = plg.in(handle);
            complete(in, "created");
            assertThat(in.workspace(acme).activation(FUNNEL).state("ada").score())
                    .isEqualTo(33);
            assertThat(score()).as("outside").isZero();
            handle.rollback();
        });
        assertThat(score()).isZero();
        complete(plg, "created");
        assertThat(score()).isEqualTo(33);
        assertThat(heard).containsExactly("ada created");
    }

    @Test
    void a_handle_without_a_transaction_is_refused() {
        try (Handle handle = host.open()) {
            assertThatThrownBy(() -> plg.in(handle))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("jdbi.useTransaction");
        }
    }

    @Test
    void a_connection_in_autocommit_mode_is_refused() throws SQLException {
        try (Connection connection = dataSource().getConnection()) {
            assertThatThrownBy(() -> plg.in(connection))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("setAutoCommit(false)");
        }
    }

    @Test
    void a_view_is_useless_after_the_transaction() {
        Plg[] leaked = new Plg[1];
        host.useTransaction(handle -> leaked[0] = plg.in(handle));
        assertThatThrownBy(() -> complete(leaked[0], "created"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("ended");
    }

    @Test
    void a_pool_with_autocommit_off_is_refused_and_nothing_is_stored() {
        try (JdbiPlg refusing =
                JdbiPlg.on(new AutoCommitOff(dataSource())).funnel(FUNNEL).build()) {
            assertThatThrownBy(() -> complete(refusing, "created"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("autocommit off")
                    .hasMessageContaining("switch autocommit on in the pool");
            assertThatThrownBy(() -> refusing.transact(tx -> complete(tx, "created")))
                    .isInstanceOf(IllegalStateException.class);
        }
        assertThat(score()).isZero();
    }

    @Test
    void a_transaction_that_the_host_has_bound_to_the_thread_is_joined() {
        var thread = new ThreadBound(dataSource());
        try (JdbiPlg bound = JdbiPlg.on(thread)
                .funnel(FUNNEL)
                .hostTransactions(thread)
                .listener(new PlgListener() {
                    @Override
                    public void onEvent(GrowthEvent event) {
                        heard.add("bound " + event.data().get("step"));
                    }
                })
                .build()) {
            thread.start();
            complete(bound, "created");
            bound.transact(tx -> complete(tx, "invited"));
            assertThatThrownBy(() -> bound.transact(tx -> {
                        complete(tx, "exported");
                        throw new IllegalStateException("nested");
                    }))
                    .hasMessage("nested");
            assertThat(bound.workspace(acme).activation(FUNNEL).state("ada").score())
                    .isEqualTo(67);
            assertThat(events(acme)).isZero();
            assertThat(heard).isEmpty();
            thread.commit();
            assertThat(heard).containsExactly("bound created", "bound invited");
            assertThat(events(acme)).isEqualTo(2);

            thread.start();
            complete(bound, "exported");
            thread.rollback();
            assertThat(events(acme)).isEqualTo(2);
            assertThat(heard).hasSize(2);
        }
    }

    @Test
    void a_transaction_that_plg_asks_the_host_to_begin_is_the_host_s_on_this_thread() {
        var thread = new ThreadBound(dataSource());
        try (JdbiPlg bound = JdbiPlg.on(thread)
                .funnel(FUNNEL)
                .hostTransactions(thread)
                .listener(new PlgListener() {
                    @Override
                    public void onEvent(GrowthEvent event) {
                        heard.add("begun " + event.data().get("step"));
                    }
                })
                .build()) {
            bound.transact(tx -> {
                assertThat(thread.active()).isTrue();
                complete(tx, "created");
                bound.transact(inner -> complete(inner, "invited"));
                assertThat(heard).isEmpty();
            });
            assertThat(thread.active()).isFalse();
            assertThat(heard).containsExactly("begun created", "begun invited");

            assertThatThrownBy(() -> bound.transact(tx -> {
                        complete(tx, "exported");
                        throw new IllegalStateException("roll back");
                    }))
                    .hasMessage("roll back");
            assertThat(thread.active()).isFalse();
            assertThat(events(acme)).isEqualTo(2);
            assertThat(heard).hasSize(2);
        }
    }

    @Test
    void a_data_source_that_gives_a_connection_outside_of_the_thread_s_transaction_is_refused() {
        var thread = new ThreadBound(dataSource());
        try (JdbiPlg wrong =
                JdbiPlg.on(dataSource()).funnel(FUNNEL).hostTransactions(thread).build()) {
            thread.start();
            assertThatThrownBy(() -> complete(wrong, "created"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("TransactionAwareDataSourceProxy");
            thread.rollback();
        }
        assertThat(events(acme)).isZero();
    }

    @Test
    void another_node_s_completion_is_seen_within_two_seconds() throws Exception {
        try (JdbiPlg other = JdbiPlg.on(dataSource()).funnel(FUNNEL).build()) {
            // Both read and remember, as nodes that have been up for a while do.
            for (int i = 0; i < 20; i++) {
                assertThat(score()).isZero();
                Thread.sleep(100);
            }
            long before = System.nanoTime();
            complete(other, "created");
            await(() -> score() == 33);
            assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(5));
        }
    }

    /** Does one more thing of the same kind, and returns when it was heard: what was to be heard before has been by then. */
    private void afterwards() throws Exception {
        try (Connection connection = dataSource().getConnection()) {
            connection.setAutoCommit(false);
            plg.in(connection).workspace(acme).activation(FUNNEL).complete("bob", "created");
            connection.commit();
            connection.setAutoCommit(true);
        }
        await(() -> heard.contains("bob created"));
        Thread.sleep(200);
    }

    final void complete(Plg on, String step) {
        on.workspace(acme).activation(FUNNEL).complete("ada", step);
    }

    final int score() {
        return plg.workspace(acme).activation(FUNNEL).state("ada").score();
    }

    static void await(BooleanSupplier condition) throws InterruptedException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("came true within 20 s").isLessThan(until);
            Thread.sleep(20);
        }
    }
}
