package io.plg.jdbi;

import io.plg.PlgStores;
import io.plg.testkit.RewardContract;

final class PostgresRewardTest extends RewardContract {
    @Override
    protected PlgStores newStores() {
        return new JdbiStores(new Database(Postgres.app(), HostTransactions.NONE), null);
    }
}
