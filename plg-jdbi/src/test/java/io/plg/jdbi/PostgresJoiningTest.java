package io.plg.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.StoreFailure;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.activation.Cohort;
import io.plg.activation.StepCompletion;
import java.sql.Connection;
import java.sql.Savepoint;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;

final class PostgresJoiningTest extends JoiningContract {

    @Override
    DataSource dataSource() {
        return Postgres.app();
    }

    @Override
    int events(String workspace) {
        return new DatabaseInspection(Postgres.superuser())
                .eventIds(WorkspaceId.of(workspace))
                .size();
    }

    @Test
    void every_operation_leaves_the_binding_of_the_host_as_it_was() {
        host.useTransaction(handle -> {
            var activation = plg.in(handle).workspace(acme).activation(FUNNEL);
            for (String binding : List.of("", "globex")) {
                handle.execute("select set_config('plg.workspace_id', ?, true)", binding);
                activation.complete("ada", "created");
                assertThat(binding(handle)).isEqualTo(binding);
                activation.complete("ada", "created");
                activation.complete("ada", "invited");
                activation.signedUp("ada", Instant.EPOCH);
                assertThat(binding(handle)).isEqualTo(binding);
                activation.completeAll(List.of(
                        StepCompletion.of(UserId.of("bob"), FUNNEL.step("created")),
                        StepCompletion.of(UserId.of("ada"), FUNNEL.step("exported"))));
                assertThat(binding(handle)).isEqualTo(binding);
                activation.state("ada");
                activation.report(Cohort.everyone());
                activation.reportBy(Cohort.everyone(), "company");
                assertThat(binding(handle)).isEqualTo(binding);
                plg.in(handle)
                        .transact(tx -> tx.workspace(acme).activation(FUNNEL).complete("cleo", "created"));
                assertThat(binding(handle)).isEqualTo(binding);
            }
        });
    }

    @Test
    void a_failing_operation_leaves_the_binding_as_it_was_and_the_host_s_savepoint_saves_the_rest() throws Exception {
        try (Connection connection = dataSource().getConnection()) {
            connection.setAutoCommit(false);
            try (Handle handle = Jdbi.create(connection).open()) {
                handle.execute("select set_config('plg.workspace_id', 'globex', true)");
                Savepoint savepoint = connection.setSavepoint();
                handle.execute("set local statement_timeout = '1ms'");
                assertThatThrownBy(() -> {
                            for (int i = 0; i < 1_000; i++) {
                                plg.in(connection)
                                        .workspace(acme)
                                        .activation(FUNNEL)
                                        .completeAll(many(i));
                            }
                        })
                        .isInstanceOf(StoreFailure.class);
                connection.rollback(savepoint);
                assertThat(binding(handle)).isEqualTo("globex");
                complete(plg.in(connection), "created");
                connection.commit();
            }
            connection.setAutoCommit(true);
        }
        await(() -> heard.contains("ada created"));
        assertThat(events(acme)).isEqualTo(1);
    }

    private static List<StepCompletion> many(int salt) {
        return IntStream.range(0, 2_000)
                .mapToObj(i -> StepCompletion.of(UserId.of("user " + salt + " " + i), FUNNEL.step("created")))
                .toList();
    }

    private static String binding(Handle handle) {
        return handle.createQuery("select current_setting('plg.workspace_id', true)")
                .mapTo(String.class)
                .one();
    }
}
