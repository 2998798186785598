package io.plg.jdbi;

import io.plg.PlgStores;
import io.plg.testkit.StoreInspection;
import io.plg.testkit.TenancyContract;
import java.util.Optional;

final class PostgresTenancyTest extends TenancyContract {
    @Override
    protected PlgStores newStores() {
        return new JdbiStores(
                new Database(Postgres.app(), HostTransactions.NONE),
                new Database(Postgres.as("operator"), HostTransactions.NONE));
    }

    @Override
    protected Optional<StoreInspection> inspection() {
        return Optional.of(new DatabaseInspection(Postgres.superuser()));
    }
}
