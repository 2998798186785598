package io.plg.jdbi;

import io.plg.PlgStores;
import io.plg.testkit.StoreInspection;
import io.plg.testkit.TransactionContract;
import java.util.Optional;
import javax.sql.DataSource;

final class H2TransactionTest extends TransactionContract {
    private static final DataSource DATABASE = H2.regular();

    @Override
    protected PlgStores newStores() {
        return new JdbiStores(new Database(DATABASE, HostTransactions.NONE), null);
    }

    @Override
    protected Optional<StoreInspection> inspection() {
        return Optional.of(new DatabaseInspection(DATABASE));
    }
}
