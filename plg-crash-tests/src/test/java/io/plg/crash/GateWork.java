package io.plg.crash;

import io.plg.crash.StoppingDataSource.Point;
import io.plg.gate.Gates;
import io.plg.gate.LeasedQuota;
import io.plg.plan.Feature;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** What the other JVM does with gates: the commands of {@link ChildMain} that begin with {@code gate}. */
final class GateWork {
    private static final long HOLD_MINUTES = 10;

    private final Node node;

    GateWork(Node node) {
        this.node = node;
    }

    String answer(String id, String[] words) throws Exception {
        String workspace = words[3];
        return switch (words[2]) {
            case "burst" -> burst(workspace, words[4], Integer.parseInt(words[5]), Integer.parseInt(words[6]));
            case "export" -> export(id, workspace, Point.valueOf(words[4]));
            case "exports" -> exports(id, workspace, Integer.parseInt(words[4]));
            case "inTwo" -> inTwo(id, workspace);
            case "change" -> change(id, workspace, words[4], words[5], Point.valueOf(words[6]), words[7]);
            case "slice" -> slice(id, workspace, words[4], Long.parseLong(words[5]), Long.parseLong(words[6]));
            case "slices" ->
                slices(
                        id,
                        workspace,
                        words[4],
                        Long.parseLong(words[5]),
                        Integer.parseInt(words[6]),
                        Long.parseLong(words[7]),
                        Long.parseLong(words[8]),
                        words[9].equals("telling"));
            case "asks" -> asks(id, List.of(workspace.split(",")));
            case "consume" ->
                node.gates(workspace).consume(Exports.named(words[4])).allowed() ? "allowed" : "denied";
            default -> "failed unknown command gate " + words[2];
        };
    }

    /** So many consumers at one barrier; with a seed they want 1 to 5, else 1. */
    private String burst(String workspace, String feature, int consumers, int seed) throws Exception {
        var admitted = new AtomicLong();
        var denied = new AtomicInteger();
        var barrier = new CyclicBarrier(consumers);
        var random = new Random(seed);
        List<Callable<Void>> all = new ArrayList<>();
        for (int i = 0; i < consumers; i++) {
            long amount = seed == 0 ? 1 : 1 + random.nextInt(5);
            all.add(() -> {
                barrier.await();
                if (consume(workspace, feature, amount)) {
                    admitted.addAndGet(amount);
                } else {
                    denied.incrementAndGet();
                }
                return null;
            });
        }
        inThreads(consumers, all);
        return "came " + admitted + " " + denied;
    }

    private boolean consume(String workspace, String feature, long amount) throws Exception {
        if (!feature.equals("unguarded")) {
            return node.gates(workspace).consume(Exports.named(feature), amount).allowed();
        }
        try (Connection connection = node.connections().getConnection()) {
            connection.setAutoCommit(false);
            boolean inserted = Exports.countThenInsert(connection, workspace, 100);
            connection.commit();
            connection.setAutoCommit(true);
            return inserted;
        }
    }

    /** One export in a transaction of the host, which stops at a point. */
    private String export(String id, String workspace, Point point) throws Exception {
        StoppingDataSource.onThisThread(at -> ChildMain.stop(id, at, point));
        oneExport(id, workspace, UUID.randomUUID(), point);
        return "done";
    }

    /** Exports until it is killed, and tells of each whose transaction has been committed. */
    private String exports(String id, String workspace, int threads) throws Exception {
        List<Callable<Void>> all = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            all.add(() -> {
                while (!ChildMain.told(id)) {
                    UUID export = UUID.randomUUID();
                    if (!oneExport(id, workspace, export, null)) {
                        break;
                    }
                    ChildMain.say(id, export.toString());
                }
                return null;
            });
        }
        inThreads(threads, all);
        return "done";
    }

    private boolean oneExport(String id, String workspace, UUID export, Point point) throws Exception {
        try (Connection connection = node.connections().getConnection()) {
            connection.setAutoCommit(false);
            boolean allowed = Exports.gates(node.plg().in(connection), workspace)
                    .consume(Exports.MILLIONS)
                    .allowed();
            ChildMain.stop(id, Point.AFTER_CLAIM, point);
            if (allowed) {
                Exports.insert(connection, workspace, export);
            }
            ChildMain.stop(id, Point.AFTER_GRANT, point);
            connection.commit();
            connection.setAutoCommit(true);
            return allowed;
        }
    }

    /** The wrong way: what is used is one transaction, the row of the host another. */
    private String inTwo(String id, String workspace) throws Exception {
        node.gates(workspace).consumeOrThrow(Exports.MILLIONS);
        ChildMain.stop(id, "between");
        try (Connection connection = node.connections().getConnection()) {
            Exports.insert(connection, workspace, UUID.randomUUID());
        }
        return "done";
    }

    /** Does something that takes more than one statement, in a transaction of plg's own or of the host, and stops at a point. */
    private String change(String id, String workspace, String what, String in, Point point, String reservation)
            throws Exception {
        StoppingDataSource.onThisThread(at -> ChildMain.stop(id, at, point));
        if (in.equals("own")) {
            change(node.gates(workspace), what, reservation);
            return "done";
        }
        try (Connection connection = node.connections().getConnection()) {
            connection.setAutoCommit(false);
            change(Exports.gates(node.plg().in(connection), workspace), what, reservation);
            ChildMain.stop(id, Point.AFTER_CLAIM, point);
            ChildMain.stop(id, Point.AFTER_GRANT, point);
            connection.commit();
            connection.setAutoCommit(true);
        }
        return "done";
    }

    /** Each of them moves what is used by what its name says, in a workspace in which 40 are used and 10 are held. */
    static void change(Gates gates, String what, String reservation) {
        switch (what) {
            case "cross" -> gates.consumeOrThrow(Exports.MARKED, 45);
            case "reserve" ->
                gates.reserve(Exports.MARKED, 7, Duration.ofMinutes(HOLD_MINUTES))
                        .orThrow();
            case "confirm" -> gates.confirm(UUID.fromString(reservation), 8);
            case "release" -> gates.release(UUID.fromString(reservation));
            case "refund" -> gates.refund(Exports.MARKED, 5);
            default -> throw new IllegalArgumentException(what);
        }
    }

    /** Leases a slice, uses so much of it, and stops. Then it returns the rest. */
    private String slice(String id, String workspace, String feature, long size, long amount) {
        long admitted = 0;
        try (LeasedQuota slice = node.gates(workspace).lease((Feature.Quota) Exports.named(feature), size)) {
            for (int i = 0; i < amount; i++) {
                if (slice.tryConsume()) {
                    admitted++;
                }
            }
            ChildMain.stop(id, "used " + admitted);
        }
        return "admitted " + admitted;
    }

    /**
     * Uses slices on some threads until it is told to stop, or for so many attempts on each thread, with so many microseconds in between. Then it returns
     * the rest.
     */
    private String slices(
            String id,
            String workspace,
            String feature,
            long size,
            int threads,
            long attempts,
            long pauseMicros,
            boolean telling)
            throws Exception {
        var admitted = new AtomicLong();
        try (LeasedQuota slice = node.gates(workspace).lease((Feature.Quota) Exports.named(feature), size)) {
            List<Callable<Void>> all = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                all.add(() -> {
                    long mine = 0;
                    for (long i = 0; i < attempts && ((i & 63) != 0 || !ChildMain.told(id)); i++) {
                        if (slice.tryConsume()) {
                            mine++;
                            if (telling) {
                                ChildMain.say(id, "1");
                            }
                        }
                        if (pauseMicros > 0) {
                            TimeUnit.MICROSECONDS.sleep(pauseMicros);
                        }
                    }
                    admitted.addAndGet(mine);
                    return null;
                });
            }
            ChildMain.say(id, "AT leased");
            inThreads(threads, all);
        }
        return "admitted " + admitted;
    }

    /** Asks, in each workspace, until a flag, a cap and the answer about the cap in full say no; and tells when they have. */
    private String asks(String id, List<String> workspaces) {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        // What is known lasts only while the feed is read, which begins with the first question.
        long fastest = Long.MAX_VALUE;
        for (int i = 0; i < 300; i++) {
            for (String each : workspaces) {
                Gates gates = node.gates(each);
                long start = System.nanoTime();
                boolean allowed = gates.allows(Exports.API) & gates.allows(Exports.SEATS);
                fastest = Math.min(fastest, System.nanoTime() - start);
                if (!allowed || !gates.check(Exports.SEATS).allowed()) {
                    return "failed not allowed before";
                }
            }
            Invariants.pause(2);
        }
        ChildMain.say(id, "AT remembers " + (fastest < 50_000));
        var left = new ArrayList<String>();
        for (String each : workspaces) {
            left.addAll(List.of("flag " + each, "cap " + each, "full " + each));
        }
        while (!left.isEmpty() && System.nanoTime() < until) {
            left.removeIf(each -> {
                Gates gates = node.gates(each.substring(each.indexOf(' ') + 1));
                return switch (each.charAt(0)) {
                    case 'f' ->
                        each.startsWith("flag")
                                ? !gates.allows(Exports.API)
                                : !gates.check(Exports.SEATS).allowed();
                    default -> !gates.allows(Exports.SEATS);
                };
            });
            Invariants.pause(2);
        }
        return left.isEmpty() ? "denied" : "failed still allowed: " + left;
    }

    private static void inThreads(int threads, List<Callable<Void>> all) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            for (Future<Void> each : executor.invokeAll(all, 60, TimeUnit.SECONDS)) {
                each.get();
            }
        } finally {
            executor.shutdownNow();
        }
    }
}
