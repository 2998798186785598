package io.plg.jdbi;

import io.plg.PlgStores;
import io.plg.testkit.ReferralContract;
import javax.sql.DataSource;

final class H2LikePostgresReferralTest extends ReferralContract {
    private static final DataSource DATABASE = H2.likePostgres();

    @Override
    protected PlgStores newStores() {
        return new JdbiStores(new Database(DATABASE, HostTransactions.NONE), null);
    }
}
