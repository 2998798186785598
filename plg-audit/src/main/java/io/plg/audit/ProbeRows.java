package io.plg.audit;

import io.plg.audit.ProbeCatalog.Column;
import io.plg.audit.ProbeCatalog.Reference;
import io.plg.audit.ProbeCatalog.Table;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Two synthetic tenants and a row of each in every table, what is referred to first. */
final class ProbeRows {
    private static final int VARLENA_HEADER = 4;

    private final Map<Long, Table> catalog;
    private final Map<Long, Pair> pairs = new LinkedHashMap<>();
    private final List<Pair> inOrder = new ArrayList<>();
    private final Map<Tenant, Map<String, String>> ids = new LinkedHashMap<>();

    ProbeRows(Map<Long, Table> catalog, List<TenantTable> tables) {
        this.catalog = catalog;
        ids.put(Tenant.A, new LinkedHashMap<>());
        ids.put(Tenant.B, new LinkedHashMap<>());
        for (TenantTable table : tables) {
            add(table, true);
        }
        // What a tenant column refers to outside of the tables to probe, such as the list of tenants, needs its row
        // too.
        for (int i = 0; i < pairs.size(); i++) {
            Pair pair = List.copyOf(pairs.values()).get(i);
            for (Reference reference : pair.shape.references()) {
                int position = reference.columns().indexOf(pair.tenant.number());
                Table target = catalog.get(reference.table());
                if (position >= 0 && target != null && !pairs.containsKey(reference.table())) {
                    Column id = target.column(reference.referenced().get(position));
                    add(
                            new TenantTable(
                                    target.oid(),
                                    target.schema(),
                                    target.name(),
                                    id.name(),
                                    id.type(),
                                    pair.table.binding()),
                            false);
                }
            }
        }
        var seen = new HashSet<Long>();
        for (Pair pair : List.copyOf(pairs.values())) {
            sort(pair, seen);
        }
    }

    private void add(TenantTable table, boolean probed) {
        Table shape = catalog.get(table.oid());
        if (shape == null || pairs.containsKey(table.oid())) {
            return;
        }
        Column tenant = shape.columns().stream()
                .filter(column -> column.name().equals(table.column()))
                .findFirst()
                .orElseThrow();
        pairs.put(table.oid(), new Pair(table, shape, tenant, probed));
    }

    private void sort(Pair pair, Set<Long> seen) {
        if (!seen.add(pair.table.oid())) {
            return;
        }
        for (Reference reference : pair.shape.references()) {
            Pair target = pairs.get(reference.table());
            if (target != null) {
                sort(target, seen);
            }
        }
        inOrder.add(pair);
    }

    /** The tables, those that others refer to before those. */
    List<Pair> inOrder() {
        return inOrder;
    }

    /** Binds the transaction to a tenant, or to none. */
    String bind(TenantTable table, @Nullable Tenant tenant) {
        Pair pair = pairs.get(table.oid());
        return "select pg_catalog.set_config("
                + settings(table, tenant == null || pair == null ? null : id(pair, tenant)) + ", true)";
    }

    private static String settings(TenantTable table, @Nullable String id) {
        TenantBinding binding = table.binding();
        String value = id == null ? "" : id;
        if (!binding.claim().isEmpty()) {
            var claims = new StringBuilder();
            String[] path = id == null ? new String[0] : binding.claim().split("[.]");
            for (String name : path) {
                claims.append("{\"").append(name).append("\":");
            }
            value = id == null ? "{}" : claims + "\"" + id + "\"" + "}".repeat(path.length);
        }
        return Sql.literal(binding.settingName()) + ", " + Sql.literal(value);
    }

    /** A tenant's id: the same in every table whose tenant column has the same base type. */
    private String id(Pair pair, Tenant tenant) {
        Map<String, String> known = ids.get(tenant);
        if (known == null) {
            throw new IllegalStateException("no ids of " + tenant);
        }
        String type = pair.tenant.base() + pair.tenant.modifier();
        String id = known.get(type);
        if (id == null) {
            id = newId(pair.tenant, tenant).orElse("");
            known.put(type, id);
        }
        return id;
    }

    private Optional<String> newId(Column column, Tenant tenant) {
        var random = ThreadLocalRandom.current();
        return switch (column.base()) {
            case "text", "citext" -> Optional.of(textId(tenant));
            case "varchar", "bpchar" -> Optional.of(cut(textId(tenant), column.modifier()));
            case "uuid" -> Optional.of(UUID.randomUUID().toString());
            case "int8" -> Optional.of(Long.toString(random.nextLong(1L << 61, 1L << 62)));
            case "int4" -> Optional.of(Integer.toString(random.nextInt(1 << 30, Integer.MAX_VALUE)));
            case "int2" -> Optional.of(Integer.toString(random.nextInt(1 << 14, Short.MAX_VALUE)));
            case "numeric" ->
                column.modifier() < 0
                        ? Optional.of(Long.toString(random.nextLong(1L << 61, 1L << 62)))
                        : number(column);
            default -> Optional.empty();
        };
    }

    /** References of tenant columns need equal ids at whatever length, so one random text serves them all. */
    private final String suffix = Long.toString(ThreadLocalRandom.current().nextLong(1L << 40, 1L << 41), 36);

    private String textId(Tenant tenant) {
        return "plg-probe-" + (tenant == Tenant.A ? "a-" : "b-") + suffix;
    }

    /** Of a text that does not fit the end is kept, which is what differs. */
    private static String cut(String text, int modifier) {
        int length = modifier - VARLENA_HEADER;
        return modifier < 0 || text.length() <= length ? text : random(length);
    }

    private static String random(int length) {
        return ThreadLocalRandom.current()
                .ints(length, 0, 36)
                .mapToObj(digit -> Integer.toString(digit, 36))
                .collect(Collectors.joining());
    }

    private static Optional<String> number(Column column) {
        int packed = column.modifier() - VARLENA_HEADER;
        int digits = column.modifier() < 0 ? 9 : (packed >> 16 & 0xffff) - (packed & 0x7ff);
        return digits < 1 || digits > 1000
                ? Optional.of("0")
                : Optional.of(Long.toString(ThreadLocalRandom.current()
                        .nextLong(1, (long) Math.pow(10, Math.min(digits, 17)))));
    }

    /** A value that no other row is likely to have, or empty if the type is none that we can make one of. */
    private static Optional<String> value(Column column) {
        var random = ThreadLocalRandom.current();
        if (column.label() != null) {
            return Optional.of(column.label());
        }
        if (column.category().equals("A") && column.kind().equals("b")) {
            return Optional.of("{}");
        }
        if (column.kind().equals("r")) {
            return Optional.of("empty");
        }
        if (column.kind().equals("m")) {
            return Optional.of("{}");
        }
        return switch (column.base()) {
            case "text", "citext" -> Optional.of("plg-probe-" + random(10));
            case "varchar", "bpchar" -> Optional.of(cut("plg-probe-" + random(10), column.modifier()));
            case "name" -> Optional.of("plg-probe-" + random(10));
            case "char" -> Optional.of(random(1));
            case "uuid" -> Optional.of(UUID.randomUUID().toString());
            case "int8" -> Optional.of(Long.toString(random.nextLong(1L << 61, 1L << 62)));
            case "int4" -> Optional.of(Integer.toString(random.nextInt(1 << 30, Integer.MAX_VALUE)));
            case "int2" -> Optional.of(Integer.toString(random.nextInt(1 << 14, Short.MAX_VALUE)));
            case "float4", "float8" -> Optional.of(Integer.toString(random.nextInt(1, 1 << 20)));
            case "numeric" -> number(column);
            case "money" -> Optional.of("1");
            case "bool" -> Optional.of("false");
            case "date", "timestamp", "timestamptz", "time", "timetz" -> Optional.of("now");
            case "interval" -> Optional.of("1 day");
            case "json", "jsonb" -> Optional.of("{}");
            case "bytea" ->
                Optional.of("\\x"
                        + random.ints(8, 16, 256).mapToObj(Integer::toHexString).collect(Collectors.joining()));
            case "inet", "cidr" ->
                Optional.of("10." + random.nextInt(256) + '.' + random.nextInt(256) + '.' + random.nextInt(256));
            case "macaddr" -> Optional.of("02:00:00:00:" + random.nextInt(10, 99) + ':' + random.nextInt(10, 99));
            case "bit" -> Optional.of("0".repeat(Math.max(1, column.modifier())));
            case "varbit" -> Optional.of("0");
            case "xml" -> Optional.of("<plg/>");
            case "point" -> Optional.of("(0,0)");
            case "tsvector", "tsquery" -> Optional.of("plg");
            case "oid" -> Optional.of("1");
            default -> Optional.empty();
        };
    }

    /** The statements that write the row of each tenant and return it, or empty if no row can be made, and then why is noted. */
    Optional<String> insert(Pair pair) {
        Optional<String> obstacle = obstacle(pair);
        if (obstacle.isPresent()) {
            pair.failed(obstacle.get());
            return Optional.empty();
        }
        var sql = new StringBuilder();
        for (Tenant tenant : Tenant.values()) {
            var values = new LinkedHashMap<Integer, String>();
            for (Column column : pair.shape.columns()) {
                if (column.required() && !column.hasDefault() && !column.generated()) {
                    Optional<String> value = value(column);
                    value.ifPresent(text -> values.put(column.number(), literal(text, column)));
                }
            }
            values.put(pair.tenant.number(), literal(id(pair, tenant), pair.tenant));
            Optional<String> why = refer(pair, tenant, values);
            for (Column column : pair.shape.columns()) {
                if (why.isEmpty()
                        && column.required()
                        && !column.hasDefault()
                        && !column.generated()
                        && !values.containsKey(column.number())) {
                    why = Optional.of("no value can be made for column " + column.name() + " of type " + column.type());
                }
            }
            if (why.isPresent()) {
                pair.failed(why.get());
                return Optional.empty();
            }
            pair.columns = pair.shape.columns().stream()
                    .filter(column -> !column.generated())
                    .filter(column -> values.containsKey(column.number()) || pair.shape.isKey(column))
                    .toList();
            sql.append(bind(pair.table, tenant))
                    .append(";insert into ")
                    .append(pair.sqlName())
                    .append(" (")
                    .append(values.keySet().stream()
                            .map(number -> ProbeCatalog.quoted(
                                    pair.shape.column(number).name()))
                            .collect(Collectors.joining(", ")))
                    .append(") overriding system value values (")
                    .append(String.join(", ", values.values()))
                    .append(") returning 1 as plg_row, ")
                    .append(pair.columns.stream()
                            .map(column -> "cast(" + ProbeCatalog.quoted(column.name()) + " as text)")
                            .collect(Collectors.joining(", ")))
                    .append(';');
        }
        return Optional.of(sql.toString());
    }

    private Optional<String> obstacle(Pair pair) {
        if (!pair.shape.maySelect() || !pair.shape.mayInsert()) {
            return Optional.of("the role has no " + (pair.shape.mayInsert() ? "SELECT" : "INSERT") + " on it");
        }
        if (pair.tenant.generated()) {
            return Optional.of("the tenant column " + pair.tenant.name() + " is generated");
        }
        if (id(pair, Tenant.A).isEmpty()) {
            return Optional.of("no tenant can be made up for a column of type " + pair.tenant.type());
        }
        return Optional.empty();
    }

    /** Takes over what the referred rows have. Returns why that cannot be done. */
    private Optional<String> refer(Pair pair, Tenant tenant, Map<Integer, String> values) {
        for (Reference reference : pair.shape.references()) {
            boolean needed = reference.columns().stream().allMatch(number -> {
                Column column = pair.shape.column(number);
                return values.containsKey(number) || column.hasDefault();
            });
            if (!needed || reference.columns().equals(List.of(pair.tenant.number()))) {
                Pair target = pairs.get(reference.table());
                if (needed && (target == null || !target.isWritten())) {
                    return Optional.of(unreferable(reference));
                }
                continue;
            }
            Pair target = pairs.get(reference.table());
            for (int i = 0; i < reference.columns().size(); i++) {
                int number = reference.columns().get(i);
                if (number == pair.tenant.number()) {
                    continue;
                }
                int referenced = reference.referenced().get(i);
                if (target == null) {
                    Table shared = table(reference.table());
                    values.put(
                            number,
                            "(select "
                                    + ProbeCatalog.quoted(
                                            shared.column(referenced).name()) + " from " + shared.qualified()
                                    + " limit 1)");
                } else if (target.isWritten() && target.has(referenced)) {
                    values.put(number, literal(target.value(tenant, referenced), pair.shape.column(number)));
                } else {
                    return Optional.of(unreferable(reference));
                }
            }
        }
        return Optional.empty();
    }

    private String unreferable(Reference reference) {
        Table referred = table(reference.table());
        return "it refers to " + referred.schema() + "." + referred.name() + ", of which no row could be made";
    }

    private Table table(long id) {
        Table table = catalog.get(id);
        if (table == null) {
            throw new IllegalStateException("table " + id + " was not read");
        }
        return table;
    }

    private static String literal(@Nullable String value, Column column) {
        return value == null ? "null" : "cast(" + Sql.literal(value) + " as " + column.type() + ')';
    }

    /** The two tenants. */
    enum Tenant {
        A,
        B
    }

    /** A table and a row in it of each tenant. */
    static final class Pair {
        private final TenantTable table;
        private final Table shape;
        private final Column tenant;
        private final boolean probed;
        private List<Column> columns = List.of();
        private List<List<@Nullable String>> rows = List.of();
        private String whyNot = "";

        private Pair(TenantTable table, Table shape, Column tenant, boolean probed) {
            this.table = table;
            this.shape = shape;
            this.tenant = tenant;
            this.probed = probed;
        }

        TenantTable table() {
            return table;
        }

        /** Its name as SQL. */
        String sqlName() {
            return shape.qualified();
        }

        boolean plain() {
            return shape.plain();
        }

        /** Whether it is one of the tables to probe, and not only referred to by them. */
        boolean probed() {
            return probed;
        }

        /** Why there are no rows, empty if there are or nobody has tried. */
        String whyNot() {
            return whyNot;
        }

        /** The columns of which the values of both rows are known. */
        List<Column> columns() {
            return columns;
        }

        void written(List<? extends List<@Nullable String>> written) {
            if (written.size() == Tenant.values().length) {
                rows = List.copyOf(written);
            } else {
                failed("a row was written and is not there");
            }
        }

        void failed(String why) {
            whyNot = why;
        }

        private boolean isWritten() {
            return !rows.isEmpty();
        }

        private boolean has(int number) {
            return columns.stream().anyMatch(column -> column.number() == number);
        }

        private @Nullable String value(Tenant of, int number) {
            for (int i = 0; i < columns.size(); i++) {
                if (columns.get(i).number() == number) {
                    return rows.get(of.ordinal()).get(i);
                }
            }
            throw new IllegalStateException("the value of column " + number + " is not known");
        }

        String tenantColumn() {
            return ProbeCatalog.quoted(tenant.name());
        }

        /** A tenant's id as SQL. */
        String tenant(Tenant of) {
            return literal(value(of, tenant.number()), tenant);
        }

        /** A tenant's id as text. */
        String id(Tenant of) {
            return String.valueOf(value(of, tenant.number()));
        }

        String columnList() {
            return columns.stream()
                    .map(column -> ProbeCatalog.quoted(column.name()))
                    .collect(Collectors.joining(", "));
        }

        /** The row of a tenant as it is, in the order of {@link #columns()}. */
        String same(Tenant of) {
            return columns.stream()
                    .map(column -> literal(value(of, column.number()), column))
                    .collect(Collectors.joining(", "));
        }

        /** Another row for a tenant: that it can be told apart from the first as far as keys ask for it. */
        List<@Nullable String> another(Tenant of) {
            var row = new ArrayList<@Nullable String>();
            for (Column column : columns) {
                boolean fixed =
                        column.number() == tenant.number() || column.routes() || refers(column) || !shape.isKey(column);
                String same = value(of, column.number());
                row.add(fixed ? same : ProbeRows.value(column).orElse(same));
            }
            return row;
        }

        String literals(List<@Nullable String> row) {
            var sql = new ArrayList<String>();
            for (int i = 0; i < columns.size(); i++) {
                sql.add(literal(row.get(i), columns.get(i)));
            }
            return String.join(", ", sql);
        }

        private boolean refers(Column column) {
            return shape.references().stream()
                    .anyMatch(reference -> reference.columns().contains(column.number()));
        }

        /** The first key that ON CONFLICT can name: its columns. */
        Optional<List<Column>> key() {
            return keys().findFirst();
        }

        private Stream<List<Column>> keys() {
            return shape.keys().stream()
                    .filter(key -> key.plain() && key.columns().stream().allMatch(this::has))
                    .map(key -> key.columns().stream().map(shape::column).toList());
        }

        /** A key that does not tell the tenants apart, so that a row of one can stand in the way of the other's. */
        Optional<List<Column>> sharedKey() {
            return keys().filter(key -> !key.contains(tenant) && key.stream().noneMatch(this::refers))
                    .findFirst();
        }

        /** Another row of the second tenant, but with the first one's values in a key. */
        List<@Nullable String> withForeignKey(List<Column> key) {
            List<@Nullable String> row = another(Tenant.B);
            for (int i = 0; i < columns.size(); i++) {
                Column column = columns.get(i);
                if (key.contains(column)) {
                    row.set(i, value(Tenant.A, column.number()));
                }
            }
            return row;
        }

        /** A column to write to: one that the role may update, and better none that is in a key. */
        Column updated() {
            return shape.columns().stream()
                    .filter(column -> column.mayUpdate() && !column.generated())
                    .filter(column -> has(column.number()) || !column.required() || column.hasDefault())
                    .min(Comparator.comparing((Column column) -> column.equals(tenant))
                            .thenComparing(shape::isKey)
                            .thenComparing(column -> !has(column.number())))
                    .orElse(tenant);
        }

        /** A value for {@link #updated()} that says nothing about other columns. */
        String update(Column column) {
            return has(column.number()) ? literal(value(Tenant.B, column.number()), column) : "default";
        }

        private static String literal(@Nullable String value, Column column) {
            return ProbeRows.literal(value, column);
        }
    }
}
