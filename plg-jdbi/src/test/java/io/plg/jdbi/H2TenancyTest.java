package io.plg.jdbi;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.PlgStores;
import io.plg.tenancy.Erasure;
import io.plg.testkit.StoreInspection;
import io.plg.testkit.TenancyContract;
import java.util.Optional;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;

final class H2TenancyTest extends TenancyContract {
    private static final DataSource DATABASE = H2.regular();

    @Override
    protected PlgStores newStores() {
        return new JdbiStores(
                new Database(DATABASE, HostTransactions.NONE), new Database(DATABASE, HostTransactions.NONE));
    }

    @Override
    protected Optional<StoreInspection> inspection() {
        return Optional.of(new DatabaseInspection(DATABASE));
    }

    @Test
    void howeverMuchAUserHasDoneTheLedgerForgetsWhoItWas() {
        DataSource database = H2.regular();
        try (Handle handle = Jdbi.create(database).open();
                JdbiPlg plg = JdbiPlg.on(database).build()) {
            handle.execute(
                    "insert into plg.usage_entry (workspace_id, feature, slot, seq, kind, amount, held, parts, recorded_at, actor_id)"
                            + " select 'acme', 'calls', 0, x, 'CONSUME', 1, 0, '', current_timestamp, 'ada' from system_range(1, 20003)");
            assertThat(plg.users().erase("ada")).isEqualTo(new Erasure(20_003, true));
            assertThat(handle.createQuery("select count(*) from plg.usage_entry where actor_id is null")
                            .mapTo(Long.class)
                            .one())
                    .isEqualTo(20_003);
        }
    }
}
