package io.plg.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.crash.Invariants.Reply;
import io.plg.crash.Rewards.Granted;
import io.plg.idempotency.Outcome;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Connections that the server ends while many clients retry: case 36. */
final class KilledBackendsTest {
    private static final int NODES = 4;

    static List<Integer> seeds() {
        return Form.seeds();
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void with_backends_killed_at_random_every_key_ends_in_one_grant(int seed) throws Exception {
        int keys = Form.times(40, 200);
        int clients = Form.times(10, 20);
        String workspace = CrashServer.workspace("kills");
        List<String> requests = new ArrayList<>();
        for (int k = 0; k < keys; k++) {
            for (int c = 0; c < clients; c++) {
                requests.add(workspace + "-" + k);
            }
        }
        var random = new Random(seed);
        // Near its neighbours, so that requests with one key are under way at the same time on several nodes.
        for (int i = 0; i < requests.size(); i += 4 * clients) {
            Collections.shuffle(requests.subList(i, Math.min(requests.size(), i + 4 * clients)), random);
        }
        List<Boolean> kills = new ArrayList<>();
        requests.forEach(each -> kills.add(random.nextInt(100) == 0));
        kills.set(kills.size() / 2, true);
        var failures = new AtomicInteger();
        List<Node> nodes = new ArrayList<>();
        ExecutorService executor = Executors.newFixedThreadPool(40);
        try {
            for (int n = 0; n < NODES; n++) {
                nodes.add(Node.on(CrashServer.app(), 8));
            }
            List<Future<Reply>> replies = new ArrayList<>();
            for (int r = 0; r < requests.size(); r++) {
                String key = requests.get(r);
                boolean kill = kills.get(r);
                Node node = nodes.get(r % NODES);
                replies.add(executor.submit(() -> {
                    if (kill) {
                        killOne();
                    }
                    return untilAnswered(node, workspace, key, failures);
                }));
            }
            List<Reply> answered = new ArrayList<>();
            for (Future<Reply> each : replies) {
                answered.add(each.get(60, TimeUnit.SECONDS));
            }
            assertThat(CrashServer.count("select count(*) from host.grants where workspace_id = '" + workspace + "'"))
                    .isEqualTo(keys);
            Invariants.hold(workspace, answered);
            assertThat(failures).as("kills were felt").hasPositiveValue();
        } finally {
            executor.shutdownNow();
            nodes.forEach(Node::close);
        }
    }

    /** One of the application's that is at work, if there is one. */
    private static void killOne() {
        CrashServer.count("""
                select count(pg_terminate_backend(pid)) from (
                    select pid from pg_stat_activity where usename = 'app' and state <> 'idle' order by random() limit 1) victim
                """);
    }

    private static Reply untilAnswered(Node node, String workspace, String key, AtomicInteger failures)
            throws Exception {
        for (int attempt = 0; ; attempt++) {
            try {
                Outcome<Granted> outcome = node.redeem(workspace, key);
                if (!(outcome instanceof Outcome.InFlight)) {
                    return Invariants.reply(key, outcome);
                }
            } catch (Exception e) {
                failures.incrementAndGet();
                if (attempt == 20) {
                    throw e;
                }
            }
            Invariants.pause(10);
        }
    }
}
