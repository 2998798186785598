package io.plg.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import io.plg.funnel.EventSource;
import io.plg.funnel.FunnelAnalysis;
import io.plg.funnel.FunnelQuery;
import io.plg.jdbi.JdbcEventSource;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.ref.Reference;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.sql.DataSource;

/**
 * A funnel over the host's own event table in PostgreSQL, through JdbcEventSource, beside a bare JDBC loop that reads the same rows and does
 * nothing with them. Made to run with a small heap.
 */
final class EventSourceLoad {

    static final Set<String> OPTIONS = Set.of("rows", "rounds", "seed");

    private static final int FETCH = 5_000;
    private static final String NUMBERS =
            "select user_number as subject, name as event, created_at as time from product_event order by created_at";
    private static final String TEXTS =
            "select user_id as subject, name as event, created_at as time from product_event order by created_at";
    private static final String MICROS = """
            select user_number as subject, name as event, (extract(epoch from created_at) * 1000000)::bigint as time
            from product_event order by created_at
            """;

    private EventSourceLoad() {}

    static void run(String[] args, PrintStream out, PostgresServer.Source servers) throws Exception {
        Options options = Options.parse(args, OPTIONS);
        int rows = options.count("rows", 2_000_000);
        int rounds = options.count("rounds", 5);
        out.println("## A funnel over the host's event table\n");
        out.println(Machine.line() + "\n");
        try (PostgresServer server = servers.open()) {
            load(server, rows, options.number("seed", 42));
            try (HikariDataSource pool = server.pool(2)) {
                measure(out, server, pool, rows, rounds);
            }
        }
    }

    private static void measure(PrintStream out, PostgresServer server, DataSource pool, int rows, int rounds)
            throws Exception {
        FunnelQuery.Builder builder = FunnelQuery.builder().window(Duration.ofDays(7));
        for (int i = 0; i < EventLog.STEPS; i++) {
            builder.step(EventLog.NAMES[i]);
        }
        FunnelQuery query = builder.build();
        String bare = "bare JDBC loop, whole-number ids, nothing done";
        Map<String, Reader> readers = new LinkedHashMap<>();
        readers.put(bare, () -> {
            bareLoop(pool);
            return List.of();
        });
        readers.put("JdbcEventSource, whole-number ids", () -> funnel(query, JdbcEventSource.of(pool, NUMBERS)));
        readers.put("JdbcEventSource, text ids", () -> funnel(query, JdbcEventSource.of(pool, TEXTS)));
        readers.put(
                "JdbcEventSource, whole-number ids, time as microseconds",
                () -> funnel(query, JdbcEventSource.of(pool, MICROS)));

        Samples seconds = new Samples();
        Samples peaks = new Samples();
        Map<String, Long> held = new LinkedHashMap<>();
        held.put("JdbcEventSource, whole-number ids", heldBy(query, JdbcEventSource.of(pool, NUMBERS)));
        held.put("JdbcEventSource, text ids", heldBy(query, JdbcEventSource.of(pool, TEXTS)));
        List<Long> counts = List.of();
        for (int round = 0; round <= rounds; round++) {
            for (Map.Entry<String, Reader> reader : readers.entrySet()) {
                System.gc();
                List<MemoryPoolMXBean> heap = ManagementFactory.getMemoryPoolMXBeans().stream()
                        .filter(p -> p.getType() == MemoryType.HEAP)
                        .toList();
                heap.forEach(MemoryPoolMXBean::resetPeakUsage);
                long start = System.nanoTime();
                List<Long> found = reader.getValue().read();
                double took = (System.nanoTime() - start) / 1e9;
                if (!found.isEmpty() && !counts.isEmpty() && !found.equals(counts)) {
                    throw new IllegalStateException("counts must be the same, were " + counts + " and " + found);
                }
                counts = found.isEmpty() ? counts : found;
                if (round > 0) {
                    seconds.add(reader.getKey(), took);
                    peaks.add(
                            reader.getKey(),
                            heap.stream()
                                            .mapToLong(p -> p.getPeakUsage().getUsed())
                                            .sum()
                                    / 1048576.0);
                }
            }
        }
        Table table = new Table(
                Samples.number(rows, 0) + " rows",
                "s (min–max)",
                "rows/s",
                "time ÷ bare loop (min–max)",
                "peak heap MiB (min–max)",
                "held MiB");
        for (String name : readers.keySet()) {
            table.row(
                    name,
                    seconds.of(name).text(2),
                    Samples.number(rows / seconds.of(name).median(), 0),
                    seconds.ratio(name, bare).text(2),
                    peaks.of(name).text(0),
                    held.containsKey(name) ? Samples.number(held.get(name) / 1048576.0, 1) : "");
        }
        table.print(out);
        out.println("Heap at most " + Runtime.getRuntime().maxMemory() / (1 << 20)
                + " MiB (-Xmx). Peak: the sum of the peaks of the heap's "
                + "pools, garbage included, so it may exceed the heap. Held: what the analysis keeps after the last row, after a full GC. "
                + rounds + " rounds after one to warm up; fetch size " + FETCH + "; " + server.version()
                + " on this machine, index on the time. Counts: " + counts + ".\n");
    }

    /** One way of reading; says what it counted. */
    private interface Reader {
        List<Long> read() throws SQLException;
    }

    private static List<Long> funnel(FunnelQuery query, EventSource source) {
        return FunnelAnalysis.run(query, source).counts();
    }

    /** Heap in use because of an analysis that has seen all events. */
    private static long heldBy(FunnelQuery query, EventSource source) {
        long before = Machine.usedHeap();
        FunnelAnalysis analysis = FunnelAnalysis.of(query);
        source.read(analysis);
        long after = Machine.usedHeap();
        Reference.reachabilityFence(analysis);
        return after - before;
    }

    private static void bareLoop(DataSource pool) throws SQLException {
        long sum = 0;
        try (Connection connection = pool.getConnection()) {
            connection.setAutoCommit(false);
            try (PreparedStatement statement = connection.prepareStatement(NUMBERS)) {
                statement.setFetchSize(FETCH);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        sum += rows.getLong(1)
                                + rows.getString(2).length()
                                + rows.getObject(3, OffsetDateTime.class).getNano();
                    }
                }
            } finally {
                connection.rollback();
                connection.setAutoCommit(true);
            }
        }
        if (sum == 0) {
            throw new IllegalStateException("the table must have rows, had none");
        }
    }

    private static void load(PostgresServer server, int rows, long seed) throws Exception {
        EventLog log = EventLog.generate(rows, Math.max(1, rows / 10), seed);
        try (Connection connection = server.owner().getConnection()) {
            server.execute(
                    "create table product_event (user_number bigint not null, user_id text not null, name text not null, "
                            + "created_at timestamptz not null)");
            PostgresFunnel.insert(connection, log, """
                    insert into product_event (user_number, user_id, name, created_at)
                    select who + 1, 'usr_' || 100000000 + who, (string_to_array('NAMES', ' '))[kind + 1],
                           timestamptz 'epoch' + at * interval '1 microsecond'
                    from unnest(cast(? as integer[]), cast(? as integer[]), cast(? as bigint[])) as e (who, kind, at)
                    """.replace("NAMES", String.join(" ", EventLog.NAMES)));
        }
        server.execute(
                "create index on product_event (created_at)",
                "vacuum analyze product_event",
                "grant select on product_event to " + PostgresServer.ROLE);
    }
}
