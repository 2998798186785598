package io.plg.jdbi;

import io.plg.PlgStores;
import io.plg.testkit.IdempotencyContract;

final class PostgresIdempotencyTest extends IdempotencyContract {
    @Override
    protected PlgStores newStores() {
        return new JdbiStores(new Database(Postgres.app(), HostTransactions.NONE), null);
    }
}
