package io.plg.audit;

import java.util.List;
import java.util.Optional;

/**
 * What is audited besides plg's own schemas, and for whom.
 *
 * @param tables tables that the host named
 * @param schemas schemas of which every table is the tenants'
 * @param role the role to audit, or empty for the one that the connection logs in as
 * @param binding how the host's tables are bound; plg's own are always bound by {@link TenantBinding#PLG}
 * @param probe whether to try it out
 */
record Scope(
        List<NamedTable> tables,
        List<NamedSchema> schemas,
        Optional<String> role,
        TenantBinding binding,
        boolean probe) {

    static final Scope PLG = new Scope(List.of(), List.of(), Optional.empty(), TenantBinding.PLG, true);

    Scope {
        tables = List.copyOf(tables);
        schemas = List.copyOf(schemas);
    }

    /** A table of the host and its tenant column. */
    record NamedTable(String schema, String table, String column) {}

    /** A schema of the host, the tenant column of its tables, and the tables that all tenants share. */
    record NamedSchema(String schema, String column, List<String> shared) {
        NamedSchema {
            shared = List.copyOf(shared);
        }
    }
}
