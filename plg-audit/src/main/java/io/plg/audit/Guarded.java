package io.plg.audit;

/** An audited table, or the partition or inheritance child of one, with what the catalog says of it and what must hold for it. */
record Guarded(TenantTable table, Catalog.Relation relation, Guard guard) {

    static Guarded of(Catalog.Relation relation, String column, TenantBinding binding) {
        return new Guarded(
                new TenantTable(relation.oid(), relation.schema(), relation.name(), column, relation.type(), binding),
                relation,
                new Guard(column, relation.printedColumn(), relation.base(), relation.text(), binding));
    }

    String name() {
        return table.qualified();
    }

    /** As PostgreSQL quotes it, to be found in what it prints. */
    String column() {
        return relation.printedColumn();
    }
}
