package io.plg.jdbi;

import io.plg.PlgStores;
import io.plg.testkit.ActivationStoreContract;
import io.plg.testkit.StoreInspection;
import java.util.Optional;

final class PostgresActivationStoreTest extends ActivationStoreContract {
    @Override
    protected PlgStores newStores() {
        return new JdbiStores(new Database(Postgres.app(), HostTransactions.NONE), null);
    }

    @Override
    protected Optional<StoreInspection> inspection() {
        return Optional.of(new DatabaseInspection(Postgres.superuser()));
    }
}
