package io.plg.crash;

import io.plg.crash.Rewards.Granted;
import io.plg.crash.StoppingDataSource.Point;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The other JVM. Reads a command from each line of its input, {@code id command argument…}, does each on a thread of its own and answers with
 * lines {@code id answer…}. A command that stops says where, {@code id AT point}, and goes on when told so: {@code id go}. It ends with its input,
 * and by itself after some minutes.
 */
final class ChildMain {
    private static final ConcurrentHashMap<String, CountDownLatch> STOPPED = new ConcurrentHashMap<>();

    private final Node node;
    private final GateWork gates;
    private final FriendsWork friends;

    private ChildMain(Node node) {
        this.node = node;
        this.gates = new GateWork(node);
        this.friends = new FriendsWork(node);
    }

    /** Runs until it is killed. Arguments: the URL of the database, the size of the pool. */
    public static void main(String[] args) throws Exception {
        inBackground(() -> {
            TimeUnit.MINUTES.sleep(5);
            Runtime.getRuntime().halt(3);
        });
        var child = new ChildMain(Node.stoppable(Node.connections(args[0]), Integer.parseInt(args[1])));
        // What is loaded now does not delay the case.
        child.node.warmUp();
        say("0", "ready");
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            if (words[1].equals("go")) {
                STOPPED.get(words[0]).countDown();
            } else {
                STOPPED.put(words[0], new CountDownLatch(1));
                inBackground(() -> child.answer(words));
            }
        }
        Runtime.getRuntime().halt(0);
    }

    private void answer(String[] words) {
        String id = words[0];
        try {
            say(
                    id,
                    switch (words[1]) {
                        case "redeem" -> redeem(id, words[2], words[3], Point.valueOf(words[4]));
                        case "lease" -> lease(id, words[2], words[3], Long.parseLong(words[4]), words[5], words[6]);
                        case "sleep" -> sleep(id, words[2], words[3], Double.parseDouble(words[4]));
                        case "burst" ->
                            burst(words[2], words[3], Integer.parseInt(words[4]), Integer.parseInt(words[5]));
                        case "inTwo" -> inTwo(id, words[2], words[3]);
                        case "gate" -> gates.answer(id, words);
                        case "friends" -> friends.answer(id, words);
                        default -> "failed unknown command " + words[1];
                    });
        } catch (Throwable t) {
            say(
                    id,
                    "failed " + t.getClass().getName() + " "
                            + String.valueOf(t.getMessage()).replace('\n', ' '));
            t.printStackTrace();
        }
    }

    /** Redeems and stops at a point. */
    private String redeem(String id, String workspace, String key, Point point) throws Exception {
        StoppingDataSource.onThisThread(at -> stop(id, at, point));
        return Rewards.line(node.redeem(Rewards.REDEEM, workspace, key, tx -> {
            stop(id, Point.AFTER_CLAIM, point);
            Granted granted = Rewards.grant(tx, key);
            stop(id, Point.AFTER_GRANT, point);
            return granted;
        }));
    }

    /**
     * Redeems with a lease and stops in the call of the other system or at a point of the settlement. With {@code fresh} the grant has an id that collides with no other, so that
     * nothing but the lease keeps it from being stored; with {@code effect} it has the one of the effect.
     */
    private String lease(String id, String workspace, String key, long millis, String grant, String stop)
            throws Exception {
        StoppingDataSource.onThisThread(at -> {
            if (at.name().equals(stop)) {
                stop(id, stop);
            }
        });
        return Rewards.line(node.redeemLeased(
                Rewards.REDEEM.lease(Duration.ofMillis(millis)),
                workspace,
                key,
                lease -> {
                    if (stop.equals("call")) {
                        stop(id, stop);
                    }
                    return "answered";
                },
                tx -> grant.equals("effect")
                        ? Rewards.grant(tx, key)
                        : Rewards.grant(
                                tx.unwrap(Connection.class), workspace, UUID.randomUUID(), key, "user of " + key)));
    }

    /** Redeems with a statement that takes a while after the grant. */
    private String sleep(String id, String workspace, String key, double seconds) throws Exception {
        return Rewards.line(node.redeem(Rewards.REDEEM, workspace, key, tx -> {
            Granted granted = Rewards.grant(tx, key);
            try (Statement statement = tx.unwrap(Connection.class).createStatement()) {
                say(id, "AT sleep");
                statement.execute("select pg_sleep(" + seconds + ")");
            }
            return granted;
        }));
    }

    /**
     * Many requests at the same time: with one key, or if that ends with a hyphen with a key for each, all for the same user, who gets it once. Answers how
     * often what came of it.
     */
    private String burst(String workspace, String key, int requests, int threads) throws Exception {
        var counts = new ConcurrentHashMap<String, AtomicInteger>();
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        var barrier = new CyclicBarrier(threads);
        for (int t = 0; t < threads; t++) {
            int first = t;
            executor.submit(() -> {
                barrier.await();
                for (int i = first; i < requests; i += threads) {
                    String outcome;
                    try {
                        String mine = key + i;
                        outcome = Rewards.line(
                                key.endsWith("-")
                                        ? node.redeem(
                                                Rewards.REDEEM,
                                                workspace,
                                                mine,
                                                tx -> Rewards.grantOnce(tx, mine, "ann"))
                                        : node.redeem(workspace, key));
                        if (key.endsWith("-") && !outcome.endsWith(" null")) {
                            outcome += " " + mine;
                        }
                    } catch (Throwable e) {
                        outcome = "failed " + e.getClass().getSimpleName();
                        e.printStackTrace();
                    }
                    counts.computeIfAbsent(outcome.replace(' ', '/'), o -> new AtomicInteger())
                            .incrementAndGet();
                }
                return null;
            });
        }
        executor.shutdown();
        if (!executor.awaitTermination(60, TimeUnit.SECONDS)) {
            return "failed took too long";
        }
        var answer = new StringBuilder("came");
        new TreeMap<>(counts)
                .forEach((outcome, times) ->
                        answer.append(' ').append(outcome).append('=').append(times));
        return answer.toString();
    }

    /** The wrong way: the effect is one transaction, its reply another. */
    private String inTwo(String id, String workspace, String key) throws Exception {
        return new WrongKeys(node.connections(), workspace).inTwoTransactions(key, () -> stop(id, "between"));
    }

    /** Whether a command has been told to go on. */
    static boolean told(String id) {
        return STOPPED.get(id).getCount() == 0;
    }

    static void stop(String id, Point here, Point where) {
        if (here == where) {
            stop(id, here.name());
        }
    }

    static void stop(String id, String point) {
        say(id, "AT " + point);
        try {
            STOPPED.get(id).await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    static void say(String id, String what) {
        synchronized (System.out) {
            System.out.println(id + " " + what);
            System.out.flush();
        }
    }

    private static void inBackground(Work work) {
        var thread = new Thread(() -> {
            try {
                work.run();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private interface Work {
        void run() throws Exception;
    }
}
