package io.plg.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.PlgStores;
import io.plg.TransactionConflict;
import io.plg.gate.Gates;
import io.plg.plan.Every;
import io.plg.plan.Feature;
import io.plg.plan.PlanCatalog;
import io.plg.testkit.GateContract;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class H2GateTest extends GateContract {
    private static final DataSource DATABASE = H2.regular();
    private static final int SNAPSHOT = 6; // which JDBC has no name for
    private static final Feature.Quota CALLS = Feature.quota("calls", Every.MONTH);
    private static final PlanCatalog PLANS =
            PlanCatalog.builder().plan("free", p -> p.limit(CALLS, 5)).build();

    @Override
    protected PlgStores newStores() {
        return new JdbiStores(new Database(DATABASE, HostTransactions.NONE), null);
    }

    @ParameterizedTest
    @ValueSource(ints = {Connection.TRANSACTION_REPEATABLE_READ, SNAPSHOT, Connection.TRANSACTION_SERIALIZABLE})
    void aTransactionThatCannotSeeWhatAnotherOneHasUsedIsToldThatItLost(int level) throws SQLException {
        for (boolean metered : List.of(false, true)) {
            String acme = "acme-" + UUID.randomUUID();
            try (JdbiPlg plg = JdbiPlg.on(DATABASE).plans(PLANS).build();
                    Connection late = DATABASE.getConnection()) {
                Gates gates = plg.workspace(acme).gates();
                if (metered) {
                    gates.consumeOrThrow(CALLS);
                }
                late.setAutoCommit(false);
                late.setTransactionIsolation(level);
                try (Statement look = late.createStatement()) {
                    look.execute("select count(*) from plg.usage_meter");
                }
                gates.consumeOrThrow(CALLS, 3);

                assertThatThrownBy(() -> plg.in(late).workspace(acme).gates().consume(CALLS, 2))
                        .isInstanceOf(TransactionConflict.class);
                late.rollback();
                late.setAutoCommit(true);
                assertThat(gates.check(CALLS).used()).isEqualTo(metered ? 4 : 3);
            }
        }
    }
}
