package io.plg.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.crash.StoppingDataSource.Point;
import io.plg.gate.Gates;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** JVMs that die while they consume: what was used and what the host has are the same, and nothing is half done. */
final class KilledConsumerTest {
    private static final List<String> CHANGES = List.of("cross", "reserve", "confirm", "release", "refund");

    private static Node node;

    @BeforeAll
    static void start() {
        node = Node.on(CrashServer.app(), 10);
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    @Test
    void wherever_a_process_is_killed_what_is_used_is_what_the_host_has() throws Exception {
        var random = new Random(7);
        int left = Form.times(6, 50);
        while (left > 0) {
            List<Child> children = Child.start(Math.min(2, left), 12);
            left -= children.size();
            for (Child child : children) {
                try (child) {
                    killWhereverItIs(child, random.nextInt(300));
                }
            }
        }
    }

    /** It is at each point, and on three threads anywhere, also within a commit. */
    private static void killWhereverItIs(Child child, int millis) throws Exception {
        Map<Point, String> workspaces = new LinkedHashMap<>();
        for (Point point : Point.values()) {
            String workspace = CrashServer.workspace("exports");
            workspaces.put(point, workspace);
            child.call("gate", "export", workspace, point.name()).reaches(point.name());
        }
        String anywhere = CrashServer.workspace("exports");
        Child.Call exports = child.call("gate", "exports", anywhere, "3");
        List<String> told = new ArrayList<>(List.of(exports.next()));
        Invariants.pause(millis);
        child.kill();
        told.addAll(exports.rest());
        for (Point point : Point.values()) {
            String workspace = workspaces.get(point);
            ended(workspace);
            assertThat(GateInvariants.used(workspace))
                    .as("used, killed " + point)
                    .isEqualTo(point == Point.AFTER_COMMIT ? 1 : 0);
            GateInvariants.holdWithRows(workspace);
        }
        ended(anywhere);
        assertThat(rows(anywhere)).containsAll(told);
        // On each thread one may have been committed that nobody was told of.
        assertThat(GateInvariants.used(anywhere)).isBetween((long) told.size(), told.size() + 3L);
        GateInvariants.holdWithRows(anywhere);
        node.gates(anywhere).consumeOrThrow(Exports.MILLIONS);
        GateInvariants.hold(anywhere);
    }

    /** The negative control: the same case finds the kill between two transactions. */
    @Test
    void consuming_in_a_transaction_of_its_own_loses_what_the_host_was_about_to_insert() throws Exception {
        String workspace = CrashServer.workspace("wrongtwo");
        try (Child child = Child.start()) {
            child.call("gate", "inTwo", workspace).reaches("between");
            child.kill();
        }
        ended(workspace);

        assertThat(GateInvariants.unlikeRows(workspace)).containsExactly("the host has 0 rows, the ledger 1");
        GateInvariants.hold(workspace); // it is not plg's ledger that is wrong
    }

    @Test
    void what_takes_several_statements_is_done_or_not_wherever_a_process_is_killed() throws Exception {
        for (int i = 0; i < Form.times(1, 10); i++) {
            for (String in : List.of("own", "host")) {
                Set<Point> points = EnumSet.of(Point.BEFORE_CLAIM, Point.BEFORE_COMMIT, Point.AFTER_COMMIT);
                if (in.equals("host")) {
                    points.add(Point.AFTER_CLAIM);
                }
                killWhileChanging(in, points);
            }
        }
    }

    private static void killWhileChanging(String in, Set<Point> points) throws Exception {
        var cases = new ArrayList<Case>();
        try (Child child = Child.start(1, CHANGES.size() * points.size() + 2).get(0)) {
            for (String change : CHANGES) {
                for (Point point : points) {
                    String workspace = CrashServer.workspace("changes");
                    Gates gates = node.gates(workspace);
                    gates.consumeOrThrow(Exports.MARKED, 40);
                    String reservation = gates.reserve(Exports.MARKED, 10, Duration.ofMinutes(10))
                            .orThrow()
                            .id()
                            .toString();
                    String before = GateInvariants.stored(workspace);
                    cases.add(new Case(workspace, change, point, reservation, before));
                    child.call("gate", "change", workspace, change, in, point.name(), reservation)
                            .reaches(point.name());
                }
            }
            child.kill();
        }
        for (Case each : cases) {
            ended(each.workspace());
            boolean done = each.point() == Point.AFTER_COMMIT;
            String what = each.change() + " in a transaction of " + in + ", killed " + each.point();
            if (!done) {
                assertThat(GateInvariants.stored(each.workspace())).as(what).isEqualTo(each.before());
                GateInvariants.hold(each.workspace());
                GateWork.change(node.gates(each.workspace()), each.change(), each.reservation());
            }
            assertThat(standing(each.workspace())).as(what).isEqualTo(standingAfter(each.change()));
            GateInvariants.hold(each.workspace());
        }
    }

    /**
     * One change that was cut short.
     *
     * @param before what was stored before it
     */
    private record Case(String workspace, String change, Point point, String reservation, String before) {}

    /** What is used, what is held, and the thresholds of which the host was told. */
    private static String standingAfter(String change) {
        return switch (change) {
            case "cross" -> "85 10 50,80";
            case "reserve" -> "40 17 -";
            case "confirm" -> "48 0 -";
            case "release" -> "40 0 -";
            case "refund" -> "35 10 -";
            default -> throw new IllegalArgumentException(change);
        };
    }

    private static String standing(String workspace) {
        return CrashServer.text(
                CrashServer.superuser(),
                "select sum(amount)::bigint || ' ' || sum(held)::bigint || ' ' || coalesce((select string_agg(data ->> 'threshold', ','"
                        + " order by (data ->> 'threshold')::int) from plg.growth_event where workspace_id = '"
                        + workspace
                        + "'), '-') from plg.usage_entry where workspace_id = '" + workspace + "'");
    }

    /** Waits until the server has noticed that the process is gone, and has ended its transactions. */
    private static void ended(String workspace) {
        String waiting = "select count(*) from pg_locks l join pg_stat_activity a using (pid)"
                + " where a.usename = 'app' and l.locktype = 'relation' and l.relation in"
                + " ('plg.usage_meter'::regclass, 'plg.usage_lane'::regclass, 'host.export'::regclass)";
        long until = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (CrashServer.count(waiting) > 0) {
            assertThat(System.nanoTime()).as("transactions of " + workspace).isLessThan(until);
            Invariants.pause(10);
        }
    }

    private static List<String> rows(String workspace) {
        String ids = CrashServer.text(
                CrashServer.superuser(),
                "select string_agg(id::text, ' ') from host.export where workspace_id = '" + workspace + "'");
        return ids == null ? List.of() : List.of(ids.split(" "));
    }
}
