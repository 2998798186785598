package io.plg.spring;

import com.zaxxer.hikari.HikariDataSource;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import org.junit.jupiter.api.DisplayName;

@DisplayName("Spring's transactions on PostgreSQL")
class PostgresSpringTransactionsTest extends SpringTransactionsContract {
    private final EmbeddedPostgres postgres;

    PostgresSpringTransactionsTest() throws IOException {
        postgres = opened(EmbeddedPostgres.start());
    }

    @Override
    HikariDataSource pool(boolean autoCommit) {
        var pool = new HikariDataSource();
        pool.setJdbcUrl(postgres.getJdbcUrl("postgres", "postgres"));
        pool.setAutoCommit(autoCommit);
        pool.setMaximumPoolSize(4);
        return pool;
    }
}
