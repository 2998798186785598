package io.plg.benchmarks;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.activation.Activation;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.ActivationState;
import io.plg.activation.StepCompletion;
import io.plg.jdbi.JdbiPlg;
import io.plg.jdbi.PlgSchema;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.h2.jdbcx.JdbcConnectionPool;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/** state() answered from memory, beside a bare Caffeine cache of the same size and content. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@Threads(1)
@State(Scope.Benchmark)
public class StateBenchmark {

    private static final int USERS = 1_024;
    private static final String WORKSPACE = "acme";

    private static final ActivationFunnel FUNNEL = ActivationFunnel.named("onboarding")
            .step("account_created")
            .step("first_project_created")
            .step("first_collaborator_invited")
            .step("first_report_built")
            .aha("first_export_completed")
            .build();

    /** What a host would look up by. */
    private record Key(WorkspaceId workspace, String funnel, UserId user) {}

    private final Cache<Key, ActivationState> bare =
            Caffeine.newBuilder().maximumSize(100_000).build();
    private final String[] texts = new String[USERS];
    private final UserId[] users = new UserId[USERS];
    private final WorkspaceId workspace = WorkspaceId.of(WORKSPACE);
    private @Nullable Database database;
    private long asked;

    /** What is open while a trial runs. */
    private record Database(JdbcConnectionPool pool, CountingDataSource counted, JdbiPlg plg, Activation view) {}

    /** Where each thread is in its walk over the users. */
    @State(Scope.Thread)
    public static class Walk {
        private int at;

        int next() {
            at = (at + 1) & (USERS - 1);
            return at;
        }
    }

    @Setup(Level.Trial)
    public void open() throws SQLException, InterruptedException {
        JdbcConnectionPool pool =
                JdbcConnectionPool.create("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1", "sa", "");
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(PlgSchema.h2Script());
        }
        CountingDataSource counted = new CountingDataSource(pool);
        JdbiPlg plg = JdbiPlg.on(counted.dataSource()).funnel(FUNNEL).build();
        Activation view = plg.workspace(workspace).activation(FUNNEL);
        List<StepCompletion> completions = new ArrayList<>();
        for (int i = 0; i < USERS; i++) {
            texts[i] = "usr_" + (100_000_000 + i);
            users[i] = UserId.of(texts[i]);
            for (int step = 0; step < i % (FUNNEL.steps().size() + 1); step++) {
                completions.add(StepCompletion.of(users[i], FUNNEL.steps().get(step)));
            }
        }
        view.completeAll(completions);
        database = new Database(pool, counted, plg, view);
        remember();
        for (UserId user : users) {
            bare.put(new Key(workspace, FUNNEL.name(), user), view.state(user));
        }
    }

    /** Before each iteration, because the cache is not used until the feed of changes has been read lately. */
    @Setup(Level.Iteration)
    public void remember() throws InterruptedException {
        Database open = open(database);
        open.counted().awaitMemory(() -> {
            for (UserId user : users) {
                open.view().state(user);
            }
        });
        asked = open.counted().byCallers();
    }

    /** Tells if an iteration was not only answered from memory. */
    @TearDown(Level.Iteration)
    public void tell() {
        long more = open(database).counted().byCallers() - asked;
        if (more > 0) {
            System.out.println("(the database was asked " + more + " times) ");
        }
    }

    @TearDown(Level.Trial)
    public void close() {
        Database open = open(database);
        open.plg().close();
        open.pool().dispose();
    }

    /** As application code calls it. */
    @Benchmark
    public ActivationState plgFromText(Walk walk) {
        return open(database).plg().workspace(WORKSPACE).activation(FUNNEL).state(texts[walk.next()]);
    }

    /** With the view and the ids at hand. */
    @Benchmark
    public ActivationState plgFromView(Walk walk) {
        return open(database).view().state(users[walk.next()]);
    }

    /** A look-up with a new key, ids checked as plg checks them. */
    @Benchmark
    public @Nullable ActivationState caffeineFromText(Walk walk) {
        return bare.getIfPresent(new Key(WorkspaceId.of(WORKSPACE), FUNNEL.name(), UserId.of(texts[walk.next()])));
    }

    /** A look-up with a new key of ids at hand. */
    @Benchmark
    public @Nullable ActivationState caffeineFromIds(Walk walk) {
        return bare.getIfPresent(new Key(workspace, FUNNEL.name(), users[walk.next()]));
    }

    private static Database open(@Nullable Database database) {
        if (database == null) {
            throw new IllegalStateException("the trial is not set up");
        }
        return database;
    }
}
