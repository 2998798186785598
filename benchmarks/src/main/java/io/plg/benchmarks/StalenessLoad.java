package io.plg.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import io.plg.activation.Activation;
import io.plg.activation.ActivationFunnel;
import io.plg.jdbi.JdbiPlg;
import java.io.PrintStream;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Two nodes on one PostgreSQL: how long after one has completed a step the other, which has the state in its cache and is asked for it all
 * the time, shows it. Fails if it ever takes two seconds.
 */
final class StalenessLoad {

    static final Set<String> OPTIONS = Set.of("rounds", "seed");

    private static final double PROMISED_MILLIS = 2_000;
    private static final long GIVE_UP_NANOS = 30_000_000_000L;

    private static final ActivationFunnel FUNNEL = ActivationFunnel.named("onboarding")
            .step("account_created")
            .aha("first_export_completed")
            .build();

    private StalenessLoad() {}

    static void run(String[] args, PrintStream out, PostgresServer.Source servers) throws Exception {
        Options options = Options.parse(args, OPTIONS);
        int rounds = options.count("rounds", 50);
        SplittableRandom random = new SplittableRandom(options.number("seed", 42));
        out.println("## How old a cached state can be\n");
        out.println(Machine.line() + "\n");
        Samples millis = new Samples();
        String name = "B shows what A committed";
        long questions = 0;
        long askedDatabase = 0;
        String version;
        try (PostgresServer server = servers.open()) {
            server.createPlgSchema();
            version = server.version();
            try (HikariDataSource poolA = server.pool(4);
                    HikariDataSource poolB = server.pool(4)) {
                CountingDataSource counted = new CountingDataSource(poolB);
                try (JdbiPlg nodeA = JdbiPlg.on(poolA).funnel(FUNNEL).build();
                        JdbiPlg nodeB =
                                JdbiPlg.on(counted.dataSource()).funnel(FUNNEL).build()) {
                    Activation a = nodeA.workspace("acme").activation(FUNNEL);
                    Activation b = nodeB.workspace("acme").activation(FUNNEL);
                    for (int round = 0; round < rounds; round++) {
                        String user = "usr_" + round;
                        // Somewhere in between two looks of B at the feed.
                        long wait = System.nanoTime() + random.nextLong(1_000_000_000L);
                        while (System.nanoTime() < wait) {
                            b.state(user);
                            Thread.sleep(1);
                        }
                        counted.awaitMemory(() -> b.state(user));
                        long before = counted.byCallers();
                        a.complete(user, FUNNEL.aha());
                        long committed = System.nanoTime();
                        boolean shown = false;
                        while (!shown && System.nanoTime() - committed < GIVE_UP_NANOS) {
                            shown = b.state(user).activated();
                            questions++;
                            if (!shown) {
                                Thread.sleep(1);
                            }
                        }
                        millis.add(name, (System.nanoTime() - committed) / 1e6);
                        askedDatabase += counted.byCallers() - before;
                    }
                }
            }
        }
        Table table = new Table("", "rounds", "median ms", "min ms", "max ms", "promised");
        Samples.Spread spread = millis.of(name);
        table.row(
                name,
                String.valueOf(rounds),
                Samples.number(spread.median(), 0),
                Samples.number(spread.min(), 0),
                Samples.number(spread.max(), 0),
                "< " + Samples.number(PROMISED_MILLIS, 0) + " ms");
        table.print(out);
        out.println(
                "Measured from the return of A's complete() to the first answer of B's state() that shows it; B is asked every "
                        + "millisecond, " + questions + " times in all, and went to the database for " + askedDatabase
                        + " of them. " + version
                        + ".\n");
        if (!(spread.max() < PROMISED_MILLIS)) {
            throw new IllegalStateException("a state must be less than 2 s old, was " + spread.max() + " ms");
        }
    }
}
