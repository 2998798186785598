package io.plg.jdbi;

import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** Case 60: the same cases on H2 in its PostgreSQL mode. Cases that need PostgreSQL are not here. */
final class H2IdempotencyConformanceTest extends IdempotencyConformance {
    private static final DataSource DATABASE = H2.likePostgres();
    private static final DataSource POOL = Postgres.pool(DATABASE, 20);

    static {
        Jdbi.create(DATABASE).useHandle(handle -> {
            handle.execute("create schema fixture");
            handle.execute(
                    "create table fixture.limits (workspace_id varchar primary key, used bigint not null, most bigint not null)");
            handle.execute(
                    "create table fixture.grants (workspace_id varchar, id uuid, request_key varchar not null, primary key (workspace_id, id))");
        });
    }

    @Override
    DataSource app() {
        return POOL;
    }

    @Override
    void bind(Handle handle, String workspace) {}

    @Override
    DataSource superuser() {
        return DATABASE;
    }

    @Override
    int simultaneous() {
        return 200;
    }
}
