package io.plg.audit;

import io.plg.tenancy.Finding;
import java.sql.Connection;
import java.util.List;

/** Everything that can be told from the catalog alone. */
final class CatalogChecks {
    private CatalogChecks() {}

    /** Which tables the scope covers and which exist, and every fault of theirs. */
    static Result run(Connection connection, Scope scope) {
        return new Result(List.of(), List.of());
    }

    record Result(List<TenantTable> tables, List<Finding> findings) {}
}
