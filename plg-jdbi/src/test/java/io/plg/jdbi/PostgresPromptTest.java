package io.plg.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.PlgStores;
import io.plg.TransactionConflict;
import io.plg.gate.Severity;
import io.plg.prompt.PromptPolicy;
import io.plg.testkit.PromptContract;
import java.time.Duration;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class PostgresPromptTest extends PromptContract {
    @Override
    protected PlgStores newStores() {
        return new JdbiStores(new Database(Postgres.app(), HostTransactions.NONE), null);
    }

    @ParameterizedTest
    @EnumSource(
            value = TransactionIsolationLevel.class,
            names = {"REPEATABLE_READ", "SERIALIZABLE"})
    void aTransactionThatCannotSeeWhatAnotherOneHasShownIsToldThatItLost(TransactionIsolationLevel level) {
        String acme = "acme-" + UUID.randomUUID();
        try (JdbiPlg plg = JdbiPlg.on(Postgres.app())
                        .prompts(PromptPolicy.standard().atMost(1, Duration.ofDays(7)))
                        .build();
                Handle late = Jdbi.create(Postgres.app()).open()) {
            late.begin();
            late.setTransactionIsolationLevel(level);
            late.execute("select count(*) from plg.prompt");
            assertThat(plg.workspace(acme).prompts().offer("ada", Decisions.of("exports", Severity.AT_LIMIT)))
                    .isPresent();

            assertThatThrownBy(() -> plg.in(late)
                            .workspace(acme)
                            .prompts()
                            .offer("ada", Decisions.of("projects", Severity.AT_LIMIT)))
                    .isInstanceOf(TransactionConflict.class);
            late.rollback();
        }
    }

    @Test
    void aCallLeavesTheHostsBindingAsItWas() {
        String acme = "acme-" + UUID.randomUUID();
        try (JdbiPlg plg = JdbiPlg.on(Postgres.app()).build();
                Handle host = Jdbi.create(Postgres.app()).open()) {
            host.begin();
            host.execute("select set_config('plg.workspace_id', 'globex', true)");
            var prompts = plg.in(host).workspace(acme).prompts();
            UUID prompt =
                    prompts.offer("ada", Decisions.blocked()).orElseThrow().id();
            assertThat(bound(host)).isEqualTo("globex");
            prompts.offer("ada", Decisions.of("projects", Severity.APPROACHING));
            assertThat(bound(host)).isEqualTo("globex");
            prompts.clicked(prompt);
            assertThat(bound(host)).isEqualTo("globex");
            prompts.conversions(java.time.Instant.MIN, java.time.Instant.MAX);
            assertThat(bound(host)).isEqualTo("globex");
            host.rollback();
        }
    }

    private static String bound(Handle handle) {
        return handle.createQuery("select current_setting('plg.workspace_id')")
                .mapTo(String.class)
                .one();
    }
}
