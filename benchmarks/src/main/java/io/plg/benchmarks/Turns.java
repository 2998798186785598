package io.plg.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/** Lets peers take turns, round by round, each for the same time: how many calls per second they make. */
final class Turns {
    private final int rounds;
    private final int millis;

    Turns(int rounds, int millis) {
        this.rounds = rounds;
        this.millis = millis;
    }

    /** One call; the number is new for each call of a turn. */
    interface Call {
        void run(long number) throws Exception;
    }

    /** Who takes part. Calls that were made are added to {@code made}, so that what is stored can be compared. */
    record Peer(String name, Call call, AtomicLong made) {
        Peer(String name, Call call) {
            this(name, call, new AtomicLong());
        }
    }

    /** One round to warm up and then those that count: calls per second, per number of threads. */
    Map<Integer, Samples> of(List<Peer> peers, int... threads) throws Exception {
        Map<Integer, Samples> perThreads = new LinkedHashMap<>();
        for (int each : threads) {
            perThreads.put(each, new Samples());
        }
        for (int round = 0; round <= rounds; round++) {
            for (Map.Entry<Integer, Samples> entry : perThreads.entrySet()) {
                double[] perSecond = new double[peers.size()];
                for (int n = 0; n < peers.size(); n++) {
                    int at = (n + round) % peers.size(); // nobody is always first
                    perSecond[at] = callsPerSecond(peers.get(at), entry.getKey());
                }
                if (round > 0) {
                    for (int n = 0; n < perSecond.length; n++) {
                        entry.getValue().add(peers.get(n).name(), perSecond[n]);
                    }
                }
            }
        }
        return perThreads;
    }

    private double callsPerSecond(Peer peer, int threads) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            var next = new AtomicLong();
            var start = new CyclicBarrier(threads + 1);
            List<Future<Long>> running = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                running.add(executor.submit(() -> {
                    start.await();
                    long end = System.nanoTime() + millis * 1_000_000L;
                    long done = 0;
                    while (System.nanoTime() < end) {
                        peer.call().run(next.getAndIncrement());
                        done++;
                    }
                    return done;
                }));
            }
            start.await();
            long from = System.nanoTime();
            long calls = 0;
            for (Future<Long> each : running) {
                calls += each.get();
            }
            peer.made().addAndGet(calls);
            return calls * 1e9 / (System.nanoTime() - from);
        } finally {
            executor.shutdownNow();
        }
    }
}
