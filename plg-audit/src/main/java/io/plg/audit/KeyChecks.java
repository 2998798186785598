package io.plg.audit;

import io.plg.tenancy.Severity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Keys, indexes and the tenant column itself: constraints see every row, whatever the policies say. */
final class KeyChecks {
    private final Findings findings;
    private final Map<Long, Guarded> tables;
    private final List<Catalog.Index> indexes;
    private final List<Catalog.ForeignKey> foreignKeys;

    KeyChecks(
            Findings findings,
            Map<Long, Guarded> tables,
            List<Catalog.Index> indexes,
            List<Catalog.ForeignKey> foreignKeys) {
        this.findings = findings;
        this.tables = tables;
        this.indexes = indexes;
        this.foreignKeys = foreignKeys;
    }

    void run() {
        Set<Long> led = indexes.stream()
                .filter(index -> leads(index, tables.get(index.table())))
                .map(Catalog.Index::table)
                .collect(Collectors.toSet());
        for (Guarded each : tables.values()) {
            // A partition has the indexes and the constraints of its parent.
            if (each.relation().partition()) {
                continue;
            }
            if (!led.contains(each.table().oid())) {
                findings.add(
                        Severity.MEDIUM,
                        Check.NO_TENANT_INDEX,
                        each.name(),
                        "no index is led by " + each.column() + ", so the policy reads the rows of all tenants",
                        each.guard().createIndex(each.table()));
            }
            if (!each.relation().notNull()) {
                findings.add(
                        Severity.MEDIUM,
                        Check.TENANT_COLUMN_NULLABLE,
                        each.name() + "." + each.column(),
                        "a row can be nobody's, because " + each.column() + " can be null",
                        "alter table " + each.name() + " alter column " + each.column() + " set not null;");
            }
        }
        for (Catalog.Index index : indexes) {
            Guarded table = tables.get(index.table());
            if (table != null && index.unique() && !index.ofPartition() && !within(index, table)) {
                findings.add(
                        Severity.MEDIUM,
                        Check.UNIQUE_WITHOUT_TENANT,
                        index.name(),
                        "the key of " + table.name() + " leaves out " + table.column()
                                + ", so a refused row tells that another tenant has it",
                        withTenant(index, table));
            }
        }
        for (Catalog.ForeignKey key : foreignKeys) {
            Guarded table = tables.get(key.table());
            Guarded referenced = tables.get(key.referenced());
            if (table != null && referenced != null && !paired(key, table, referenced)) {
                findings.add(
                        Severity.HIGH,
                        Check.FOREIGN_KEY_WITHOUT_TENANT,
                        table.name(),
                        "foreign key " + key.name()
                                + " does not pair the tenant columns, so a row can belong to another tenant's row in "
                                + referenced.name(),
                        withTenant(key, table, referenced));
            }
        }
    }

    /** Whether an index serves the policy. */
    static boolean leads(Catalog.Index index, @Nullable Guarded table) {
        return table != null
                && index.valid()
                && index.predicate().isEmpty()
                && index.firstColumn() == table.relation().columnNumber();
    }

    /** Whether rows of two tenants can never be refused because of each other. */
    private static boolean within(Catalog.Index index, Guarded table) {
        if (index.exclusion().isEmpty()) {
            return index.columnNumbers()
                    .contains(String.valueOf(table.relation().columnNumber()));
        }
        return index.firstColumn() == table.relation().columnNumber()
                || Pattern.compile("[( ]" + Pattern.quote(table.relation().printedColumn()) + " WITH =[,)]")
                        .matcher(index.exclusion())
                        .find();
    }

    private static boolean paired(Catalog.ForeignKey key, Guarded table, Guarded referenced) {
        String tenant = String.valueOf(table.relation().columnNumber());
        String referencedTenant = String.valueOf(referenced.relation().columnNumber());
        return IntStream.range(0, key.columnNumbers().size())
                .anyMatch(i -> key.columnNumbers().get(i).equals(tenant)
                        && key.referencedNumbers().get(i).equals(referencedTenant));
    }

    private String withTenant(Catalog.Index index, Guarded table) {
        String first = table.column();
        String tenant = String.valueOf(table.relation().columnNumber());
        var columns = new ArrayList<String>(List.of(first));
        for (int i = 0; i < index.columns().size(); i++) {
            if (!index.columnNumbers().get(i).equals(tenant)) {
                columns.add(index.columns().get(i));
            }
        }
        String list = "(" + String.join(", ", columns) + ")"
                + (index.included().isEmpty() ? "" : " include (" + String.join(", ", index.included()) + ")");
        if (index.constraint() == null) {
            return "drop index " + index.name() + ";\ncreate unique index "
                    + index.ownName() + " on " + table.name() + " " + list
                    + (index.nullsNotDistinct() ? " nulls not distinct" : "")
                    + (index.predicate().isEmpty() ? "" : " where " + index.predicate()) + ";";
        }
        String definition;
        if (!index.exclusion().isEmpty()) {
            definition = index.exclusion().replaceFirst("\\(", "(" + Matcher.quoteReplacement(first) + " WITH =, ");
        } else {
            definition = ("p".equals(index.constraintType())
                            ? "primary key "
                            : index.nullsNotDistinct() ? "unique nulls not distinct " : "unique ")
                    + list
                    + deferral(index.deferrable(), index.deferred());
        }
        var sql = new StringBuilder(index.exclusion().isEmpty() ? "" : "create extension if not exists btree_gist;\n");
        List<Catalog.ForeignKey> dependents =
                foreignKeys.stream().filter(key -> key.index() == index.oid()).toList();
        for (Catalog.ForeignKey key : dependents) {
            sql.append(drop(key, name(key.table()))).append('\n');
        }
        sql.append("alter table ")
                .append(table.name())
                .append(" drop constraint ")
                .append(index.constraint())
                .append(", add constraint ")
                .append(index.constraint())
                .append(' ')
                .append(definition)
                .append(';');
        for (Catalog.ForeignKey key : dependents) {
            Guarded child = tables.get(key.table());
            if (child != null) {
                sql.append('\n').append(add(key, child, table));
            }
        }
        return sql.toString();
    }

    /** The columns of a foreign key that stay: those of pairs without a tenant column, which are paired with each other. */
    private record Pairs(List<String> columns, List<String> referenced, Set<String> referencedNumbers) {
        static Pairs of(Catalog.ForeignKey key, Guarded table, Guarded to) {
            var columns = new ArrayList<>(List.of(table.column()));
            var referenced = new ArrayList<>(List.of(to.column()));
            Set<String> numbers =
                    new TreeSet<>(Set.of(String.valueOf(to.relation().columnNumber())));
            for (int i = 0; i < key.columns().size(); i++) {
                if (!key.columns().get(i).equals(table.column())
                        && !key.referencedColumns().get(i).equals(to.column())) {
                    columns.add(key.columns().get(i));
                    referenced.add(key.referencedColumns().get(i));
                    numbers.add(key.referencedNumbers().get(i));
                }
            }
            return new Pairs(columns, referenced, numbers);
        }
    }

    private String withTenant(Catalog.ForeignKey key, Guarded table, Guarded referenced) {
        Pairs pairs = Pairs.of(key, table, referenced);
        boolean unique = indexes.stream()
                .anyMatch(index -> index.table() == key.referenced()
                        && index.unique()
                        && index.exclusion().isEmpty()
                        && index.valid()
                        && !index.deferrable()
                        && index.predicate().isEmpty()
                        && new TreeSet<>(index.columnNumbers()).equals(pairs.referencedNumbers()));
        return (unique
                        ? ""
                        : "alter table " + referenced.name() + " add unique (" + String.join(", ", pairs.referenced())
                                + ");\n")
                + drop(key, table.name()) + "\n" + add(key, table, referenced);
    }

    private static String drop(Catalog.ForeignKey key, String table) {
        return "alter table " + table + " drop constraint if exists " + key.name() + ";";
    }

    private static String add(Catalog.ForeignKey key, Guarded table, Guarded referenced) {
        Pairs pairs = Pairs.of(key, table, referenced);
        String others =
                String.join(", ", pairs.columns().subList(1, pairs.columns().size()));
        return "alter table " + table.name() + " add constraint " + key.name() + " foreign key ("
                + String.join(", ", pairs.columns()) + ") references " + referenced.name() + " ("
                + String.join(", ", pairs.referenced()) + ")"
                + (key.match().equals("f") ? " match full" : "")
                + action(" on update ", key.onUpdate(), "")
                + action(" on delete ", key.onDelete(), " (" + others + ")")
                + deferral(key.deferrable(), key.deferred()) + ";";
    }

    private static String action(String event, String code, String columns) {
        return switch (code) {
            case "r" -> event + "restrict";
            case "c" -> event + "cascade";
            case "n" -> event + "set null" + columns;
            case "d" -> event + "set default" + columns;
            default -> "";
        };
    }

    private static String deferral(boolean deferrable, boolean deferred) {
        return (deferrable ? " deferrable" : "") + (deferred ? " initially deferred" : "");
    }

    private String name(long table) {
        Guarded found = tables.get(table);
        return found == null ? "" : found.name();
    }
}
