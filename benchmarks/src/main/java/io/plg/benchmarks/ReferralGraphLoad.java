package io.plg.benchmarks;

import io.plg.UserId;
import io.plg.referral.ReferralGraph;
import java.io.PrintStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Where somebody stands in a graph of a million members: depth and subtree size through plg, beside recursive queries on the same table and indexes, without
 * row level security. Every answer is compared with that of arrays.
 */
final class ReferralGraphLoad {
    private static final double AIM_P99_MILLIS = 5;
    private static final double AIM_TIMES = 20;
    private static final int LARGE = 1_000;
    private static final int HUGE = 100_000;
    private static final int MOST_COMPARED = 11;
    private static final int BATCH = 500;
    private static final long SEED = 20_260_412;
    private static final String PROGRAM = "friends";

    private static final String DOWN = """
            with recursive down (id) as (
                select r.id from plg.referral r where r.workspace_id = ? and r.program = 'friends' and r.actor_id = ?
                union all
                select r.id from down d join plg.referral r on r.workspace_id = ? and r.program = 'friends' and r.parent_id = d.id)
            select count(*) from down
            """;
    private static final String UP = """
            with recursive up (id, parent_id) as (
                select r.id, r.parent_id from plg.referral r where r.workspace_id = ? and r.program = 'friends' and r.actor_id = ?
                union all
                select r.id, r.parent_id from up u join plg.referral r on r.workspace_id = ? and r.program = 'friends' and r.id = u.parent_id)
            select count(*) - 1 from up
            """;
    private static final String LOAD = """
            insert into plg.referral (workspace_id, program, id, actor_id, parent_id, jump_id, jump_length, size, counted, version, code, artefact, signed_up_at,
                bound_at, stages, standing, verdict)
            select ?, 'friends', pg_temp.place(m.n), 'usr_' || m.n, pg_temp.place(m.parent), pg_temp.place(m.jump), m.length, m.size, ?,
                   case when m.parent >= 0 then 1 end, case when m.parent >= 0 then 'ABCDEFGH' end, case when m.parent >= 0 then '' end,
                   case when m.parent >= 0 then timestamptz '2026-04-12 08:00:00+00' end, case when m.parent >= 0 then timestamptz '2026-04-12 08:00:00+00' end,
                   case when m.parent >= 0 then jsonb '{"sign_up": 1775980800000000}' else '{}' end, 0, case when m.parent >= 0 then '' end
            from (select ? + u.k - 1 as n, u.parent, u.jump, u.length, u.size
                  from unnest(?, ?, ?, ?) with ordinality as u (parent, jump, length, size, k)) m
            """;

    /** The id of a member by number, in the order of numbers as plg's ids are in that of time. */
    private static final String PLACE = """
            create function pg_temp.place(n bigint) returns uuid language sql immutable as $$
                select case when n >= 0 then cast('01960000-0000-7000-8000-' || lpad(to_hex(n), 12, '0') as uuid) end
            $$
            """;

    private static final int AT_ONCE = 20_000;
    private final PrintStream out;
    private final PostgresServer server;
    private final Function<String, ReferralGraph> graphs;
    private final int members;
    private final int generations;
    private final int looks;
    private final int pending;

    ReferralGraphLoad(PrintStream out, Options options, PostgresServer server, Function<String, ReferralGraph> graphs) {
        this.out = out;
        this.server = server;
        this.graphs = graphs;
        this.members = options.count("members", 1_000_000);
        this.generations = Math.min(members, options.count("generations", 20_000));
        this.looks = options.count("looks", 2_000);
        this.pending = options.count("pending", BATCH);
    }

    void run() throws Exception {
        List<Shape> shapes = List.of(random(), preferential(), chain());
        load(shapes);
        out.println("Graphs: " + shapes.size() + " workspaces of " + Samples.number(members, 0)
                + " members each; depth and subtree size come by one statement.\n");
        Table position = new Table("position through plg, threads: 1", "calls", "median, ms", "p99, ms");
        Table compared = new Table(
                "recursive query ÷ plg, without row level security", "members", "plg, ms", "query, ms", "query ÷ plg");
        Table counting = new Table(
                pending + " members that are not counted yet", "median, ms", "p99, ms", "count_referrals, ms");
        List<String> missed = new ArrayList<>();
        for (Shape shape : shapes) {
            positions(shape, position, missed);
            compare(shape, compared, missed);
        }
        position.print(out);
        compared.print(out);
        for (Shape shape : shapes) {
            late(shape, counting, missed);
        }
        counting.print(out);
        out.println(
                missed.isEmpty()
                        ? "- p99 at most " + Samples.number(AIM_P99_MILLIS, 0) + " ms, and subtrees of " + LARGE
                                + " at least " + Samples.number(AIM_TIMES, 0) + " times faster: kept\n"
                        : String.join("\n", missed) + "\n");
    }

    // ---- shapes

    private Shape random() {
        var random = new Random(SEED);
        return grow("random", n -> random.nextInt(n));
    }

    /** Whoever has referred more refers more. */
    private Shape preferential() {
        var random = new Random(SEED + 1);
        int[] parents = new int[members];
        return grow("preferential", n -> {
            int one = random.nextInt(n);
            parents[n] = one == 0 || random.nextBoolean() ? one : parents[one];
            return parents[n];
        });
    }

    private Shape chain() {
        var random = new Random(SEED + 2);
        return grow(
                "with " + generations + " generations",
                n -> n < generations ? n - 1 : random.nextInt(Math.min(n, 10 * generations)));
    }

    private interface Referrer {
        int of(int member);
    }

    private Shape grow(String name, Referrer referrer) {
        var shape = new Shape(name, members + pending);
        shape.add(-1);
        for (int n = 1; n < members; n++) {
            shape.add(referrer.of(n));
        }
        for (int n = members - 1; n > 0; n--) {
            shape.size[shape.parent[n]] += shape.size[n];
        }
        return shape;
    }

    /** Members by number, each after its referrer, with the jumps that plg.bind_referral gives them. */
    private static final class Shape {
        private final String name;
        private final int[] parent;
        private final int[] jump;
        private final int[] length;
        private final int[] depth;
        private final int[] size;
        private int count;

        Shape(String name, int most) {
            this.name = name;
            this.parent = new int[most];
            this.jump = new int[most];
            this.length = new int[most];
            this.depth = new int[most];
            this.size = new int[most];
        }

        String workspace() {
            return "graph " + name;
        }

        void add(int referrer) {
            int n = count++;
            parent[n] = referrer;
            size[n] = 1;
            jump[n] = -1;
            if (referrer >= 0) {
                depth[n] = depth[referrer] + 1;
                int above = jump[referrer];
                boolean twice = above >= 0 && jump[above] >= 0 && length[above] == length[referrer];
                jump[n] = twice ? jump[above] : referrer;
                length[n] = twice ? 1 + length[referrer] + length[above] : 1;
            }
        }
    }

    private static String user(int number) {
        return "usr_" + number;
    }

    // ---- loading

    private void load(List<Shape> shapes) throws SQLException {
        long start = System.nanoTime();
        List<String> indexes = new ArrayList<>();
        try (Connection connection = server.owner().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("set maintenance_work_mem = '256MB'");
            try (ResultSet row = statement.executeQuery(
                    "select indexname, indexdef from pg_indexes where schemaname = 'plg' and tablename = 'referral' and indexname not like '%pkey'")) {
                while (row.next()) {
                    indexes.add(row.getString(1));
                    indexes.add(row.getString(2));
                }
            }
            for (int i = 0; i < indexes.size(); i += 2) {
                statement.execute("drop index plg." + indexes.get(i));
            }
            for (Shape shape : shapes) {
                store(connection, shape, 0, shape.count, true);
            }
            for (int i = 1; i < indexes.size(); i += 2) {
                statement.execute(indexes.get(i));
            }
            statement.execute("vacuum analyze plg.referral");
            statement.execute("checkpoint");
        }
        out.println("Loaded and indexed in " + Samples.number((System.nanoTime() - start) / 1e9, 0) + " s.\n");
    }

    private static void store(Connection connection, Shape shape, int from, int to, boolean counted)
            throws SQLException {
        try (Statement statement = connection.createStatement();
                PreparedStatement load = connection.prepareStatement(LOAD)) {
            statement.execute("drop function if exists pg_temp.place(bigint)");
            statement.execute(PLACE);
            for (int first = from; first < to; first += AT_ONCE) {
                int end = Math.min(to, first + AT_ONCE);
                load.setString(1, shape.workspace());
                load.setBoolean(2, counted);
                load.setInt(3, first);
                int[][] columns = {shape.parent, shape.jump, shape.length, shape.size};
                for (int column = 0; column < columns.length; column++) {
                    load.setArray(
                            4 + column,
                            connection.createArrayOf(
                                    "int4",
                                    Arrays.stream(columns[column], first, end)
                                            .boxed()
                                            .toArray()));
                }
                load.executeUpdate();
            }
        }
    }

    // ---- positions

    private void positions(Shape shape, Table table, List<String> missed) throws Exception {
        var random = new Random(SEED + 3);
        int[] any = random.ints(looks, 0, members).toArray();
        int deepest = IntStream.range(0, members).map(n -> shape.depth[n]).max().orElse(0);
        int[] deep = some(n -> shape.depth[n] >= 0.9 * deepest, looks / 4);
        int[] large = some(n -> shape.size[n] >= LARGE, looks / 4);
        measured(shape, shape.name + ", any", any, table, missed);
        measured(
                shape,
                shape.name + ", deep: " + Samples.number(0.9 * deepest, 0) + " generations or more",
                deep,
                table,
                missed);
        measured(shape, shape.name + ", large: " + Samples.number(LARGE, 0) + " or more below", large, table, missed);
    }

    private void measured(Shape shape, String what, int[] asked, Table table, List<String> missed) throws Exception {
        if (asked.length == 0) {
            return;
        }
        ReferralGraph graph = graphs.apply(shape.workspace());
        for (int number : Arrays.copyOf(asked, Math.min(asked.length, 50))) {
            int depth = graph.depthOf(UserId.of(user(number))).orElseThrow();
            require(
                    depth == shape.depth[number],
                    user(number) + " must be " + shape.depth[number] + " deep, was " + depth);
        }
        Latency latency = Latency.of(asked.length, call -> look(graph, shape, asked[(int) call]));
        table.row(what, Samples.number(asked.length, 0), latency.medianText(), latency.p99Text());
        aimed(what, latency, missed);
    }

    private static void look(ReferralGraph graph, Shape shape, int number) {
        long size = graph.subtreeSizeOf(UserId.of(user(number))).orElseThrow();
        require(size == shape.size[number], user(number) + " must have " + shape.size[number] + " people, had " + size);
    }

    private static void aimed(String what, Latency latency, List<String> missed) {
        if (latency.p99Millis() > AIM_P99_MILLIS) {
            missed.add("- p99 of " + what + ": " + latency.p99Text() + " ms, aim ≤ " + Samples.number(AIM_P99_MILLIS, 0)
                    + " — MISSED");
        }
    }

    private int[] some(IntPredicate wanted, int most) {
        int[] all = IntStream.range(0, members).filter(wanted).toArray();
        var random = new Random(SEED + 4);
        return all.length <= most
                ? all
                : random.ints(most, 0, all.length).map(n -> all[n]).toArray();
    }

    // ---- beside recursive queries

    private void compare(Shape shape, Table table, List<String> missed) throws Exception {
        int deepest = IntStream.range(0, members).map(n -> shape.depth[n]).max().orElse(0);
        try (Connection connection = server.owner().getConnection()) {
            compare(
                    shape,
                    "subtree, " + shape.name + ", " + LARGE + " or more",
                    LARGE,
                    DOWN,
                    connection,
                    some(n -> shape.size[n] >= LARGE && shape.size[n] < HUGE, MOST_COMPARED),
                    table,
                    missed);
            compare(
                    shape,
                    "subtree, " + shape.name + ", " + HUGE + " or more",
                    HUGE,
                    DOWN,
                    connection,
                    some(n -> shape.size[n] >= HUGE, MOST_COMPARED),
                    table,
                    missed);
            compare(
                    shape,
                    "depth, " + shape.name + ", deep",
                    0,
                    UP,
                    connection,
                    some(n -> shape.depth[n] >= 0.9 * deepest, MOST_COMPARED),
                    table,
                    missed);
        }
    }

    private void compare(
            Shape shape,
            String what,
            int least,
            String sql,
            Connection connection,
            int[] asked,
            Table table,
            List<String> missed)
            throws Exception {
        if (asked.length == 0) {
            return;
        }
        ReferralGraph graph = graphs.apply(shape.workspace());
        Latency ours = Latency.of(10 * asked.length, call -> look(graph, shape, asked[(int) (call % asked.length)]));
        try (PreparedStatement query = connection.prepareStatement(sql)) {
            Latency theirs = Latency.of(asked.length, call -> {
                int number = asked[(int) call];
                query.setString(1, shape.workspace());
                query.setString(2, user(number));
                query.setString(3, shape.workspace());
                try (ResultSet row = query.executeQuery()) {
                    row.next();
                    int expected = least == 0 ? shape.depth[number] : shape.size[number];
                    require(row.getLong(1) == expected, "the query must count " + expected + " of " + user(number));
                }
            });
            double times = theirs.medianMillis() / ours.medianMillis();
            table.row(
                    what,
                    Samples.number(asked.length, 0),
                    ours.medianText(),
                    theirs.medianText(),
                    Samples.number(times, 1));
            if (least > 0 && times < AIM_TIMES) {
                missed.add("- " + what + ": " + Samples.number(times, 1) + " times faster, aim ≥ "
                        + Samples.number(AIM_TIMES, 0) + " — MISSED");
            }
        }
    }

    // ---- members that are not counted yet

    private void late(Shape shape, Table table, List<String> missed) throws Exception {
        var random = new Random(SEED + 5);
        for (int n = 0; n < pending; n++) {
            shape.add(random.nextInt(members));
        }
        try (Connection connection = server.owner().getConnection()) {
            store(connection, shape, members, shape.count, false);
        }
        for (int n = shape.count - 1; n >= members; n--) {
            for (int up = shape.parent[n]; up >= 0; up = shape.parent[up]) {
                shape.size[up]++;
            }
        }
        ReferralGraph graph = graphs.apply(shape.workspace());
        int[] any = random.ints(Math.max(1, looks / 20), 0, members).toArray();
        Latency latency = Latency.of(any.length, call -> look(graph, shape, any[(int) call]));
        double counted = count(shape);
        look(graph, shape, 0);
        for (int number : any) {
            look(graph, shape, number);
        }
        table.row(shape.name, latency.medianText(), latency.p99Text(), Samples.number(counted, 0));
        aimed(shape.name + " with " + pending + " not counted", latency, missed);
    }

    /** In a transaction of the program's role, as plg calls it. */
    private double count(Shape shape) throws SQLException {
        try (Connection connection = server.owner().getConnection();
                Statement role = connection.createStatement();
                PreparedStatement count =
                        connection.prepareStatement("select counted from plg.count_referrals(?, ?, ?)")) {
            role.execute("set role " + PostgresServer.ROLE);
            count.setString(1, shape.workspace());
            count.setString(2, PROGRAM);
            count.setInt(3, Math.max(1, pending));
            long start = System.nanoTime();
            try (ResultSet row = count.executeQuery()) {
                row.next();
                require(row.getInt(1) == pending, "all must be counted, were " + row.getInt(1));
            }
            return (System.nanoTime() - start) / 1e6;
        }
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalStateException(otherwise);
        }
    }
}
