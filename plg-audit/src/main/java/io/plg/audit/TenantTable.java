package io.plg.audit;

/**
 * A table that exists and whose rows belong to tenants.
 *
 * @param oid of the table
 * @param schema its schema, unquoted
 * @param name its name, unquoted
 * @param column the tenant column, unquoted
 * @param type the type of the tenant column as PostgreSQL formats it, such as {@code character varying(128)} or {@code uuid}
 * @param binding how a transaction says whose turn it is
 */
record TenantTable(long oid, String schema, String name, String column, String type, TenantBinding binding) {

    /** {@code schema.table}, quoted where it must be. */
    String qualified() {
        return Sql.identifier(schema) + "." + Sql.identifier(name);
    }
}
