package io.plg.audit;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What must be known to make a row: of the tenants' tables and of every table that they refer to. */
final class ProbeCatalog {
    private static final String RELATED = """
            with recursive related (id) as (
                select unnest(cast(? as oid[]))
                union
                select c.confrelid from pg_catalog.pg_constraint c join related r on c.conrelid = r.id where c.contype = 'f'
            )
            """;
    private static final String COLUMNS = RELATED + """
            select r.id, n.nspname, c.relname, c.relkind, a.attname, a.attnum,
                   pg_catalog.format_type(a.atttypid, a.atttypmod) as type,
                   case when b.typnamespace = 'pg_catalog'::regnamespace or b.typname = 'citext' then b.typname else '' end as base,
                   b.typtype, b.typcategory,
                   case when t.typtype = 'd' then t.typtypmod else a.atttypmod end as typmod,
                   (select e.enumlabel from pg_catalog.pg_enum e where e.enumtypid = b.oid order by e.enumsortorder limit 1) as label,
                   a.attnotnull or t.typnotnull as required,
                   a.atthasdef or a.attidentity <> '' or t.typdefault is not null as has_default,
                   a.attgenerated <> '' as generated,
                   a.attnum = any (coalesce(p.partattrs::int2[], '{}')) as routes,
                   pg_catalog.has_column_privilege(r.id, a.attnum, 'UPDATE') as may_update,
                   pg_catalog.has_any_column_privilege(r.id, 'SELECT') as may_select,
                   pg_catalog.has_any_column_privilege(r.id, 'INSERT') as may_insert
            from related r
            join pg_catalog.pg_class c on c.oid = r.id
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            join pg_catalog.pg_attribute a on a.attrelid = r.id and a.attnum > 0 and not a.attisdropped
            join pg_catalog.pg_type t on t.oid = a.atttypid
            join pg_catalog.pg_type b on b.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
            left join pg_catalog.pg_partitioned_table p on p.partrelid = r.id
            order by r.id, a.attnum
            """;
    private static final String KEYS = RELATED + """
            select i.indrelid, cast(i.indkey as int2[]) as columns,
                   i.indpred is null and i.indexprs is null and i.indimmediate and i.indisvalid as plain
            from related r
            join pg_catalog.pg_index i on i.indrelid = r.id and (i.indisunique or i.indisexclusion)
            order by i.indrelid, i.indisprimary desc, i.indexrelid
            """;
    private static final String REFERENCES = RELATED + """
            select c.conrelid, c.confrelid, c.conkey, c.confkey
            from related r
            join pg_catalog.pg_constraint c on c.conrelid = r.id and c.contype = 'f'
            where c.conparentid = 0
               or not exists (select from related o
                              join pg_catalog.pg_constraint p on p.oid = c.conparentid and p.conrelid = o.id and p.conrelid = c.conrelid)
            order by c.conrelid, c.oid
            """;

    private ProbeCatalog() {}

    static Map<Long, Table> read(Connection connection, List<TenantTable> tables) throws SQLException {
        var byId = new LinkedHashMap<Long, Table>();
        Array ids = connection.createArrayOf(
                "oid", tables.stream().map(TenantTable::oid).toArray());
        query(connection, COLUMNS, ids, row -> {
            long id = row.getLong("id");
            Table table = byId.get(id);
            if (table == null) {
                table = new Table(
                        id,
                        row.getString("nspname"),
                        row.getString("relname"),
                        row.getString("relkind").equals("r"),
                        row.getBoolean("may_select"),
                        row.getBoolean("may_insert"),
                        new ArrayList<>(),
                        new ArrayList<>(),
                        new ArrayList<>());
                byId.put(id, table);
            }
            table.columns()
                    .add(new Column(
                            row.getInt("attnum"),
                            row.getString("attname"),
                            row.getString("type"),
                            row.getString("base"),
                            row.getString("typtype"),
                            row.getString("typcategory"),
                            row.getInt("typmod"),
                            row.getString("label"),
                            row.getBoolean("required"),
                            row.getBoolean("has_default"),
                            row.getBoolean("generated"),
                            row.getBoolean("routes"),
                            row.getBoolean("may_update")));
        });
        query(
                connection,
                KEYS,
                ids,
                row -> table(byId, row.getLong("indrelid"))
                        .keys()
                        .add(new Key(numbers(row.getArray("columns")), row.getBoolean("plain"))));
        query(
                connection,
                REFERENCES,
                ids,
                row -> table(byId, row.getLong("conrelid"))
                        .references()
                        .add(new Reference(
                                row.getLong("confrelid"),
                                numbers(row.getArray("conkey")),
                                numbers(row.getArray("confkey")))));
        ids.free();
        return byId;
    }

    /** Quoted always: this SQL has to work for a column named {@code user} too, and nobody reads it. */
    static String quoted(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    private static Table table(Map<Long, Table> byId, long id) {
        return Objects.requireNonNull(byId.get(id));
    }

    private static void query(Connection connection, String sql, Array ids, Row row) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setArray(1, ids);
            try (ResultSet result = statement.executeQuery()) {
                while (result.next()) {
                    row.read(result);
                }
            }
        }
    }

    private static List<Integer> numbers(Array array) throws SQLException {
        var numbers = new ArrayList<Integer>();
        for (Object number : (Object[]) array.getArray()) {
            numbers.add(((Number) number).intValue());
        }
        return List.copyOf(numbers);
    }

    private interface Row {
        void read(ResultSet row) throws SQLException;
    }

    /**
     * A table with what constrains its rows.
     *
     * @param plain whether it is neither partitioned nor foreign
     */
    record Table(
            long oid,
            String schema,
            String name,
            boolean plain,
            boolean maySelect,
            boolean mayInsert,
            List<Column> columns,
            List<Key> keys,
            List<Reference> references) {

        Column column(int number) {
            return columns.stream()
                    .filter(column -> column.number() == number)
                    .findFirst()
                    .orElseThrow();
        }

        String qualified() {
            return quoted(schema) + '.' + quoted(name);
        }

        /** Whether a column is in a unique or exclusion constraint or index. */
        boolean isKey(Column column) {
            return keys.stream().anyMatch(key -> key.columns().contains(column.number()));
        }
    }

    /**
     * A column.
     *
     * @param type as PostgreSQL formats it
     * @param base the name of the type behind a domain, empty if neither PostgreSQL nor we know it
     * @param required whether it takes no null
     * @param routes whether it decides on the partition
     */
    record Column(
            int number,
            String name,
            String type,
            String base,
            String kind,
            String category,
            int modifier,
            @Nullable String label,
            boolean required,
            boolean hasDefault,
            boolean generated,
            boolean routes,
            boolean mayUpdate) {}

    /**
     * A unique or exclusion index.
     *
     * @param plain whether ON CONFLICT can name it by its columns
     */
    record Key(List<Integer> columns, boolean plain) {}

    /** A foreign key: columns here that take their values from columns there. */
    record Reference(long table, List<Integer> columns, List<Integer> referenced) {}
}
