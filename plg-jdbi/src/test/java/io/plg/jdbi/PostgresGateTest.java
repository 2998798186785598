package io.plg.jdbi;

import io.plg.PlgStores;
import io.plg.testkit.GateContract;
import javax.sql.DataSource;

final class PostgresGateTest extends GateContract {
    private static final DataSource DATABASE = Postgres.app();

    @Override
    protected PlgStores newStores() {
        return new JdbiStores(new Database(DATABASE, HostTransactions.NONE), null);
    }
}
