package io.plg.jdbi;

import io.plg.PlgStores;
import io.plg.testkit.ViralityContract;
import javax.sql.DataSource;

final class H2LikePostgresViralityTest extends ViralityContract {
    private static final DataSource DATABASE = H2.likePostgres();

    @Override
    protected PlgStores newStores() {
        var database = new Database(DATABASE, HostTransactions.NONE);
        return new JdbiStores(database, database);
    }
}
