package io.plg.jdbi;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.ChangeFeed;
import io.plg.activation.ActivationFunnel;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
final class ChangeFeedTest {
    private static final ActivationFunnel FUNNEL =
            ActivationFunnel.named("onboarding").step("created").step("invited").build();

    private final String acme = "acme-" + UUID.randomUUID();

    static Stream<DataSource> databases() {
        return Stream.of(Postgres.app(), H2.regular());
    }

    @ParameterizedTest(autoCloseArguments = false)
    @MethodSource("databases")
    void the_first_look_says_that_everything_must_be_dropped_and_later_ones_report_each_change_once(
            DataSource database) {
        try (JdbiPlg plg = JdbiPlg.on(database).funnel(FUNNEL).build();
                JdbiStores node = node(database)) {
            var activation = plg.workspace(acme).activation(FUNNEL);
            ChangeFeed feed = node.changes().orElseThrow();
            activation.complete("ada", "created");

            assertThat(poll(feed)).containsExactly("missed");
            assertThat(poll(feed)).isEmpty();
            activation.complete("ada", "invited");
            activation.complete("ada", "invited");
            activation.signedUp("bob", java.time.Instant.EPOCH);
            assertThat(poll(feed)).containsExactlyInAnyOrder("activation ada", "activation bob");
            assertThat(poll(feed)).isEmpty();
            activation.completeAll(Stream.of("cleo", "dan", "cleo")
                    .map(user -> FUNNEL.step("created").by(user))
                    .toList());
            assertThat(poll(feed)).containsExactlyInAnyOrder("activation cleo", "activation dan");
        }
    }

    @ParameterizedTest(autoCloseArguments = false)
    @MethodSource("databases")
    void a_change_that_commits_late_is_reported_by_the_next_look(DataSource database) throws Exception {
        try (JdbiPlg plg = JdbiPlg.on(database).funnel(FUNNEL).build();
                JdbiStores node = node(database);
                Connection late = database.getConnection()) {
            ChangeFeed feed = node.changes().orElseThrow();
            poll(feed);
            late.setAutoCommit(false);
            plg.in(late).workspace(acme).activation(FUNNEL).complete("late", "created");
            plg.workspace(acme).activation(FUNNEL).complete("early", "created");

            assertThat(poll(feed)).containsExactly("activation early");
            assertThat(poll(feed)).isEmpty();
            late.commit();
            assertThat(poll(feed)).containsExactly("activation late");
            assertThat(poll(feed)).isEmpty();
            late.setAutoCommit(true);
        }
    }

    @Test
    void a_change_of_a_transaction_that_began_before_the_first_look_is_reported_too() throws Exception {
        DataSource database = Postgres.app();
        try (JdbiPlg plg = JdbiPlg.on(database).funnel(FUNNEL).build();
                JdbiStores node = node(database);
                Connection late = database.getConnection()) {
            late.setAutoCommit(false);
            plg.in(late).workspace(acme).activation(FUNNEL).complete("late", "created");
            ChangeFeed feed = node.changes().orElseThrow();
            poll(feed);
            late.commit();
            late.setAutoCommit(true);
            assertThat(poll(feed)).containsExactly("activation late");
        }
    }

    @Test
    void what_a_rollback_took_back_is_not_reported() throws Exception {
        DataSource database = Postgres.app();
        try (JdbiPlg plg = JdbiPlg.on(database).funnel(FUNNEL).build();
                JdbiStores node = node(database);
                Connection late = database.getConnection()) {
            ChangeFeed feed = node.changes().orElseThrow();
            poll(feed);
            late.setAutoCommit(false);
            plg.in(late).workspace(acme).activation(FUNNEL).complete("ada", "created");
            late.rollback();
            late.setAutoCommit(true);
            assertThat(poll(feed)).isEmpty();
        }
    }

    @Test
    void a_look_that_fails_is_made_up_for_by_the_next() {
        try (JdbiPlg plg = JdbiPlg.on(Postgres.app()).funnel(FUNNEL).build();
                JdbiStores node = node(Postgres.app())) {
            ChangeFeed feed = node.changes().orElseThrow();
            poll(feed);
            plg.workspace(acme).activation(FUNNEL).complete("ada", "created");
            try {
                feed.poll(change -> {
                    throw new IllegalStateException("the reader fails");
                });
            } catch (IllegalStateException expected) {
                assertThat(expected).hasMessage("the reader fails");
            }
            assertThat(poll(feed)).contains("activation ada");
        }
    }

    @Test
    void a_reader_that_was_away_while_the_feed_was_trimmed_is_told_to_drop_everything() {
        DataSource database = Postgres.emptyDatabase("trimmed");
        PlgSchema.on(database).migrate();
        try (JdbiPlg plg = JdbiPlg.on(database).funnel(FUNNEL).build();
                JdbiStores here = node(database);
                JdbiStores away = node(database);
                Handle handle = Jdbi.create(database).open()) {
            ChangeFeed herePolls = here.changes().orElseThrow();
            ChangeFeed awayPolls = away.changes().orElseThrow();
            poll(herePolls);
            poll(awayPolls);
            plg.workspace(acme).activation(FUNNEL).complete("ada", "created");
            assertThat(poll(herePolls)).containsExactly("activation ada");

            for (int i = 0; i < 1_500; i++) {
                plg.workspace(acme).activation(FUNNEL).signedUp("user " + i, java.time.Instant.EPOCH);
            }
            assertThat(poll(herePolls)).hasSize(1_500);
            String snapshot = handle.createQuery("select pg_current_snapshot()::text")
                    .mapTo(String.class)
                    .one();
            assertThat(trim(handle, snapshot)).as("in small batches").isEqualTo(1_000);
            assertThat(trim(handle, snapshot)).isEqualTo(501);
            assertThat(trim(handle, snapshot)).isZero();

            assertThat(poll(herePolls)).isEmpty();
            assertThat(poll(awayPolls)).containsExactly("missed");
            assertThat(poll(awayPolls)).isEmpty();
        }
    }

    @Test
    void what_a_running_transaction_wrote_is_not_trimmed() throws Exception {
        DataSource database = Postgres.emptyDatabase("trimmed_late");
        PlgSchema.on(database).migrate();
        try (JdbiPlg plg = JdbiPlg.on(database).funnel(FUNNEL).build();
                JdbiStores node = node(database);
                Connection late = database.getConnection();
                Handle handle = Jdbi.create(database).open()) {
            ChangeFeed feed = node.changes().orElseThrow();
            late.setAutoCommit(false);
            plg.in(late).workspace(acme).activation(FUNNEL).complete("late", "created");
            plg.workspace(acme).activation(FUNNEL).complete("early", "created");
            poll(feed);
            String snapshot = handle.createQuery("select pg_current_snapshot()::text")
                    .mapTo(String.class)
                    .one();
            late.commit();
            trim(handle, snapshot);
            assertThat(poll(feed)).containsExactly("activation late");
        }
    }

    private static int trim(Handle handle, String snapshot) {
        return handle.createQuery("select plg_directory.trim_changes(:snapshot)")
                .bind("snapshot", snapshot)
                .mapTo(Integer.class)
                .one();
    }

    private static JdbiStores node(DataSource database) {
        return new JdbiStores(new Database(database, HostTransactions.NONE), null);
    }

    private List<String> poll(ChangeFeed feed) {
        var changes = new ArrayList<String>();
        boolean complete = feed.poll(change -> {
            if (change.workspace().value().equals(acme)) {
                changes.add(change.kind() + " " + change.subject());
            }
        });
        if (!complete) {
            changes.add("missed");
        }
        return changes;
    }
}
