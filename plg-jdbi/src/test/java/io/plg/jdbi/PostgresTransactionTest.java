package io.plg.jdbi;

import io.plg.PlgStores;
import io.plg.testkit.StoreInspection;
import io.plg.testkit.TransactionContract;
import java.util.Optional;

final class PostgresTransactionTest extends TransactionContract {
    @Override
    protected PlgStores newStores() {
        return new JdbiStores(new Database(Postgres.app(), HostTransactions.NONE), null);
    }

    @Override
    protected Optional<StoreInspection> inspection() {
        return Optional.of(new DatabaseInspection(Postgres.superuser()));
    }
}
