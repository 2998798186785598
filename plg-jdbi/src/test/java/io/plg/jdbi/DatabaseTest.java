package io.plg.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.OutcomeUnknown;
import io.plg.StoreFailure;
import io.plg.StoreUnreachable;
import io.plg.TransactionConflict;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the errors of databases, drivers and pools are in plg's words. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
final class DatabaseTest {
    @ParameterizedTest
    @ValueSource(strings = {"08000", "08006", "53000", "53100", "53300", "57P01", "57P03", "90067", "90098", "90121"})
    void a_database_that_cannot_answer_is_out_of_reach(String state) {
        assertThat(failure(new SQLException("away", state))).isInstanceOf(StoreUnreachable.class);
        assertThat(failure(new IllegalStateException(new SQLException("away", state))))
                .isInstanceOf(StoreUnreachable.class)
                .hasCauseInstanceOf(SQLException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"40001", "40P01", "55P03", "HYT00"})
    void what_lost_to_another_transaction_is_a_conflict(String state) {
        assertThat(failure(new SQLException("lost", state))).isInstanceOf(TransactionConflict.class);
        assertThat(Database.lostToAnother(new SQLException("lost", state))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"42P01", "42501", "22001", "23505", "57014", "25P02", "5"})
    void everything_else_is_a_failure(String state) {
        assertThat(failure(new SQLException("no", state))).isExactlyInstanceOf(StoreFailure.class);
    }

    @Test
    void an_error_without_a_state_is_a_failure_unless_a_pool_had_no_connection() {
        assertThat(failure(new SQLException("no"))).isExactlyInstanceOf(StoreFailure.class);
        assertThat(failure(new SQLTransientConnectionException("request timed out")))
                .isInstanceOf(StoreUnreachable.class);
    }

    @Test
    void only_a_connection_that_broke_at_the_end_leaves_the_outcome_unknown() {
        assertThat(Database.interrupted("commit", new SQLException("broke", "08006")))
                .isInstanceOf(OutcomeUnknown.class);
        assertThat(Database.interrupted("commit", new SQLException("full", "53100")))
                .isInstanceOf(StoreUnreachable.class);
        assertThat(Database.interrupted("commit", new SQLException("lost", "40001")))
                .isInstanceOf(TransactionConflict.class);
    }

    @Test
    void not_to_get_a_connection_is_to_be_out_of_reach_whatever_the_reason() {
        var refusing = (DataSource) Proxy.newProxyInstance(
                DataSource.class.getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, args) -> {
                    throw new SQLException("password authentication failed", "28P01");
                });
        assertThatThrownBy(() -> new Database(refusing, HostTransactions.NONE).open("look"))
                .isInstanceOf(StoreUnreachable.class)
                .hasMessageContaining("could not look: password authentication failed");
    }

    @Test
    void on_h2_to_wait_for_a_lock_in_vain_is_a_conflict() throws SQLException {
        DataSource database = H2.regular();
        try (Connection holds = database.getConnection();
                Statement statement = holds.createStatement();
                Handle waits = Jdbi.create(database).open()) {
            statement.execute("insert into plg.entitlement_version (workspace_id, version) values ('acme', 1)");
            holds.setAutoCommit(false);
            statement.execute("update plg.entitlement_version set version = 2");
            waits.execute("set lock_timeout 50");
            assertThatThrownBy(() -> waits.execute("update plg.entitlement_version set version = 3"))
                    .matches(e -> failure((Exception) e) instanceof TransactionConflict);
            holds.rollback();
            holds.setAutoCommit(true);
        }
    }

    private static StoreFailure failure(Exception e) {
        return Database.failure("look", e);
    }
}
