package io.plg.jdbi;

import java.util.UUID;
import org.h2.jdbcx.JdbcDataSource;

/** Databases in memory, which live as long as the JVM. */
final class H2 {
    private H2() {}

    static JdbcDataSource regular() {
        return migrated("");
    }

    static JdbcDataSource likePostgres() {
        return migrated(";MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE;DEFAULT_NULL_ORDERING=HIGH");
    }

    static JdbcDataSource empty(String options) {
        var dataSource = new JdbcDataSource();
        dataSource.setURL("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1" + options);
        return dataSource;
    }

    private static JdbcDataSource migrated(String options) {
        JdbcDataSource dataSource = empty(options);
        PlgSchema.on(dataSource).migrate();
        return dataSource;
    }
}
