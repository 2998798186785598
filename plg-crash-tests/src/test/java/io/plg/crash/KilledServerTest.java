package io.plg.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.crash.Invariants.Reply;
import io.plg.crash.Rewards.Granted;
import io.plg.idempotency.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** A server that dies under load: case 39. */
final class KilledServerTest {
    private static final int CLIENTS = 8;

    @Test
    void whenever_the_server_is_killed_nothing_acknowledged_is_lost_and_nothing_happens_twice() throws Exception {
        String workspace = CrashServer.workspace("power");
        Queue<Reply> acknowledged = new ConcurrentLinkedQueue<>();
        var failures = new AtomicInteger();
        var enough = new AtomicBoolean();
        ExecutorService executor = Executors.newFixedThreadPool(CLIENTS);
        var node = new AtomicReference<>(Node.impatient(CrashServer.app(), CLIENTS));
        try {
            List<Future<?>> clients = new ArrayList<>();
            for (int c = 0; c < CLIENTS; c++) {
                int client = c;
                clients.add(executor.submit(() -> {
                    for (int i = 0; !enough.get(); i++) {
                        String key = workspace + "-" + client + "-" + i;
                        acknowledged.add(untilAnswered(node, workspace, key, failures));
                    }
                    return null;
                }));
            }
            var random = new Random(1);
            for (int cycle = 0; cycle < Form.times(2, 20); cycle++) {
                underLoad(acknowledged);
                Invariants.pause(random.nextInt(300));
                CrashServer.killAndRestart();
                // A pool takes its time before it tries again.
                node.getAndSet(Node.impatient(CrashServer.app(), CLIENTS)).close();
            }
            underLoad(acknowledged);
            enough.set(true);
            for (Future<?> each : clients) {
                each.get(60, TimeUnit.SECONDS);
            }
        } finally {
            enough.set(true);
            executor.shutdownNow();
            node.get().close();
        }
        assertThat(failures).hasPositiveValue();
        Invariants.hold(workspace, acknowledged);
        assertThat(CrashServer.count("select count(*) from host.grants where workspace_id = '" + workspace + "'"))
                .isEqualTo(acknowledged.size());
    }

    /** Until all clients are at work, again if the server was away. */
    private static void underLoad(Queue<Reply> acknowledged) {
        int enough = acknowledged.size() + 5 * CLIENTS;
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (acknowledged.size() < enough) {
            assertThat(System.nanoTime()).as("the clients come back").isLessThan(until);
            Invariants.pause(10);
        }
    }

    private static Reply untilAnswered(AtomicReference<Node> node, String workspace, String key, AtomicInteger failures)
            throws Exception {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (true) {
            try {
                Outcome<Granted> outcome = node.get().redeem(workspace, key);
                if (!(outcome instanceof Outcome.InFlight)) {
                    return Invariants.reply(key, outcome);
                }
            } catch (Exception e) {
                failures.incrementAndGet();
                if (System.nanoTime() > until) {
                    throw e;
                }
            }
            Invariants.pause(50);
        }
    }
}
