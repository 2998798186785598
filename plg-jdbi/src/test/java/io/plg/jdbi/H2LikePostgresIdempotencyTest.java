package io.plg.jdbi;

import io.plg.PlgStores;
import io.plg.testkit.IdempotencyContract;
import javax.sql.DataSource;

final class H2LikePostgresIdempotencyTest extends IdempotencyContract {
    private static final DataSource DATABASE = H2.likePostgres();

    @Override
    protected PlgStores newStores() {
        return new JdbiStores(new Database(DATABASE, HostTransactions.NONE), null);
    }
}
