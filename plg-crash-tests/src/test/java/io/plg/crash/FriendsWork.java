package io.plg.crash;

import io.plg.Plg;
import io.plg.UserId;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Outcome;
import io.plg.referral.Attribution;
import io.plg.referral.NewUser;
import io.plg.reward.Redemption;
import io.plg.reward.Stage;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** What the other JVM does with referrals and rewards: the commands of {@link ChildMain} that begin with {@code friends}. */
final class FriendsWork {
    static final Operation<Redemption> REDEEM = Operation.financial("redeem-reward", Redemption.class);

    /** At which a command stops that is to stop nowhere. */
    static final int NOWHERE = 0;

    private static final int LONGEST_SECONDS = 60;

    private final Node node;

    FriendsWork(Node node) {
        this.node = node;
    }

    String answer(String id, String[] words) throws Exception {
        return switch (words[2]) {
            case "join" ->
                stopping(id, words[7], () -> {
                    if (words[3].equals("host")) {
                        Friends.join(node, words[4], words[5], words[6]);
                    } else {
                        Friends.joinBySteps(node, words[4], words[5], words[6]);
                    }
                });
            case "half" -> half(id, words[3], words[4], words[5], words[6]);
            case "joins" -> joins(id, words[3], List.of(words[4].split(",")));
            case "redeem" ->
                stopping(
                        id,
                        words[6],
                        () -> redeem(node, words[3], words[4], words[5]).orThrow());
            case "bind" -> bind(node, Long.parseLong(words[3]), List.of(words[4].split(",")));
            case "claim" ->
                claim(words[3], words[4], words[5], Integer.parseInt(words[6]), Integer.parseInt(words[7]), words[8]);
            case "settle" -> settle(id, words[3], words[4]);
            case "refund" -> refund(words[3], List.of(words[4].split(",")));
            default -> "failed unknown command friends " + words[2];
        };
    }

    /** Does something and stops before the nth statement, where a commit is one too and what follows it another. Answers how many there were. */
    private static String stopping(String id, String where, Work work) throws Exception {
        int stop = Integer.parseInt(where);
        var statements = new AtomicInteger();
        StoppingDataSource.beforeEachStatementOfThisThread(() -> {
            if (statements.incrementAndGet() == stop) {
                ChildMain.stop(id, "statement");
            }
        });
        work.run();
        return "done " + statements;
    }

    /** Binds or activates a user in a transaction of the host, and stops before it commits. */
    private String half(String id, String which, String code, String workspace, String user) throws Exception {
        try (Connection connection = node.connections().getConnection()) {
            connection.setAutoCommit(false);
            Plg plg = node.plg().in(connection);
            if (which.equals("bind")) {
                Friends.attribute(plg, code, workspace, user);
            } else {
                Friends.activate(plg, workspace, user);
            }
            ChildMain.stop(id, which);
            connection.commit();
            connection.setAutoCommit(true);
        }
        return "done";
    }

    /** Signs users up, one with each code, and tells of each whose transaction has been committed. */
    private String joins(String id, String workspace, List<String> codes) throws Exception {
        var next = new AtomicInteger();
        List<Callable<Void>> work = new ArrayList<>();
        for (int t = 0; t < 3; t++) {
            work.add(() -> {
                for (int i = next.getAndIncrement(); i < codes.size(); i = next.getAndIncrement()) {
                    String user = "lin" + i + "-" + workspace;
                    Friends.join(node, codes.get(i), workspace, user);
                    ChildMain.say(id, user);
                }
                return null;
            });
        }
        inThreads(work);
        return "done";
    }

    static Outcome<Redemption> redeem(Node node, String workspace, String reward, String key) {
        return node.in(workspace)
                .execute(
                        REDEEM,
                        Rewards.SHOP,
                        IdempotencyKey.of(key),
                        Rewards.request(reward),
                        tx -> tx.rewards().redeem(UUID.fromString(reward)));
    }

    /**
     * Binds users to the owners of codes, each at its moment, so that others can do the opposite at the same time. Answers a letter for each.
     *
     * @param start when the first is to be bound, in milliseconds
     * @param all {@code code:user}
     */
    static String bind(Node node, long start, List<String> all) throws Exception {
        int threads = 6;
        var came = new char[all.size()];
        var failure = new StringBuffer();
        List<Callable<Void>> work = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            int first = t;
            work.add(() -> {
                for (int i = first; i < all.size(); i += threads) {
                    String[] each = all.get(i).split(":");
                    long wait = start + i * 4L - System.currentTimeMillis();
                    if (wait > 0) {
                        TimeUnit.MILLISECONDS.sleep(wait);
                    }
                    try {
                        Attribution attribution = node.plg().signUps().attribute(each[0], NewUser.of(each[1]));
                        came[i] = attribution.fold(
                                bound -> 'b',
                                not -> not.why() == Attribution.Reason.LOOP
                                        ? 'l'
                                        : not.why() == Attribution.Reason.ALREADY_ATTRIBUTED ? 'a' : '?');
                    } catch (RuntimeException e) {
                        came[i] = 'x';
                        failure.append(' ').append(e);
                        e.printStackTrace();
                    }
                }
                return null;
            });
        }
        inThreads(work);
        return "came " + new String(came) + failure.toString().replace('\n', ' ');
    }

    /** Many claims, each with an idempotency key of its own: all for one user, or with {@code -} one for each. Answers how often what came of it. */
    private String claim(String workspace, String campaign, String prefix, int claims, int threads, String user)
            throws Exception {
        var counts = new TreeMap<String, Integer>();
        var barrier = new CyclicBarrier(threads);
        List<Callable<Void>> work = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            int first = t;
            work.add(() -> {
                barrier.await();
                for (int i = first; i < claims; i += threads) {
                    String key = prefix + i;
                    UserId claimant = UserId.of(user.equals("-") ? key : user);
                    String outcome;
                    try {
                        outcome = node.in(workspace)
                                .execute(
                                        REDEEM,
                                        Rewards.SHOP,
                                        IdempotencyKey.of(key),
                                        Rewards.request(key),
                                        tx -> tx.rewards().claim(campaign, claimant))
                                .orThrow()
                                .status()
                                .name();
                    } catch (RuntimeException e) {
                        outcome = e.getClass().getSimpleName();
                        e.printStackTrace();
                    }
                    synchronized (counts) {
                        counts.merge(outcome, 1, Integer::sum);
                    }
                }
                return null;
            });
        }
        inThreads(work);
        return "came " + counts.toString().replace(" ", "");
    }

    /** Does what is due; stops in calls of the other system, lasts a while there, or neither. */
    private String settle(String id, String workspace, String within) {
        node.outside().within(key -> {
            if (within.equals("stop")) {
                ChildMain.stop(id, key);
            } else {
                Invariants.pause(Long.parseLong(within));
            }
        });
        return "moved " + node.plg().workspace(workspace).rewards().settle();
    }

    private String refund(String workspace, List<String> users) {
        int changed = 0;
        for (String user : users) {
            changed +=
                    node.plg().workspace(workspace).referrals(Friends.HELD).refunded(UserId.of(user), Stage.ACTIVATION);
        }
        return "changed " + changed;
    }

    private static void inThreads(List<Callable<Void>> work) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(work.size());
        try {
            for (Future<Void> each : executor.invokeAll(work, LONGEST_SECONDS, TimeUnit.SECONDS)) {
                each.get();
            }
        } finally {
            executor.shutdownNow();
        }
    }

    private interface Work {
        void run() throws Exception;
    }
}
