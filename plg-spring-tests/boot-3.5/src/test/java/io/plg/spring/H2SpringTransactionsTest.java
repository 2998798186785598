package io.plg.spring;

import com.zaxxer.hikari.HikariDataSource;
import org.junit.jupiter.api.DisplayName;

@DisplayName("Spring's transactions on H2")
class H2SpringTransactionsTest extends SpringTransactionsContract {
    private final String url = PlgAutoConfigurationTest.h2();

    @Override
    HikariDataSource pool(boolean autoCommit) {
        var pool = new HikariDataSource();
        pool.setJdbcUrl(url);
        pool.setAutoCommit(autoCommit);
        return pool;
    }
}
