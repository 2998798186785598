package io.plg.jdbi;

import io.plg.PlgStores;
import io.plg.testkit.RewardContract;
import javax.sql.DataSource;

final class H2LikePostgresRewardTest extends RewardContract {
    private static final DataSource DATABASE = H2.likePostgres();

    @Override
    protected PlgStores newStores() {
        return new JdbiStores(new Database(DATABASE, HostTransactions.NONE), null);
    }
}
