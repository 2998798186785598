package io.plg.jdbi;

import io.plg.PlgStores;
import io.plg.testkit.ActivationStoreContract;
import io.plg.testkit.StoreInspection;
import java.util.Optional;
import javax.sql.DataSource;

final class H2ActivationStoreTest extends ActivationStoreContract {
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
