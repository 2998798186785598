package io.plg.jdbi;

import io.plg.PlgStores;
import io.plg.testkit.ViralityContract;
import javax.sql.DataSource;

final class H2ViralityTest extends ViralityContract {
    private static final DataSource DATABASE = H2.regular();

    @Override
    protected PlgStores newStores() {
        var database = new Database(DATABASE, HostTransactions.NONE);
        return new JdbiStores(database, database);
    }
}
