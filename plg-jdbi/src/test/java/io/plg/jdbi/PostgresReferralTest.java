package io.plg.jdbi;

import io.plg.PlgStores;
import io.plg.testkit.ReferralContract;

final class PostgresReferralTest extends ReferralContract {
    @Override
    protected PlgStores newStores() {
        return new JdbiStores(new Database(Postgres.app(), HostTransactions.NONE), null);
    }
}
