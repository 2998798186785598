package io.plg.jdbi;

import io.plg.PlgStores;
import io.plg.testkit.PromptContract;
import javax.sql.DataSource;

final class H2PromptTest extends PromptContract {
    private static final DataSource DATABASE = H2.regular();

    @Override
    protected PlgStores newStores() {
        return new JdbiStores(new Database(DATABASE, HostTransactions.NONE), null);
    }
}
