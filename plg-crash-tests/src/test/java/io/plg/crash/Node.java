package io.plg.crash;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.plg.Execution;
import io.plg.WorkspaceId;
import io.plg.crash.Rewards.Granted;
import io.plg.gate.Gates;
import io.plg.idempotency.Idempotency;
import io.plg.idempotency.Idempotency.Effect;
import io.plg.idempotency.Idempotency.ForeignCall;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Outcome;
import io.plg.jdbi.IsolationMode;
import io.plg.jdbi.JdbiPlg;
import java.time.Duration;
import java.time.InstantSource;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/** One node of the host: plg with a pool of its own. */
final class Node implements AutoCloseable {
    private static final Duration PATIENT = Duration.ofSeconds(20);

    private final DataSource connections;
    private final Outside outside;
    private final JdbiPlg plg;

    private Node(DataSource connections, InstantSource clock) {
        this.connections = connections;
        outside = new Outside(connections);
        plg = JdbiPlg.on(connections)
                .isolation(IsolationMode.OFF)
                .removeExpiredEvery(Duration.ZERO)
                .clock(clock)
                .plans(Exports.PLANS)
                .slots(Exports.SPREAD, Exports.SLOTS)
                .funnel(Friends.ONBOARDING)
                .programs(Friends.PROGRAMS)
                .fulfilment(outside)
                .settleRewardsEvery(Duration.ZERO)
                .build();
    }

    static Node on(DataSource connections, int size) {
        return new Node(pool(connections, size, PATIENT), InstantSource.system());
    }

    static Node withClock(DataSource connections, InstantSource clock) {
        return new Node(pool(connections, 2, PATIENT), clock);
    }

    /** Asks for another connection soon if there is none, because the server may be away. */
    static Node impatient(DataSource connections, int size) {
        return new Node(pool(connections, size, Duration.ofMillis(500)), InstantSource.system());
    }

    /** Tells a {@link StoppingDataSource} about its transactions. */
    static Node stoppable(DataSource connections, int size) {
        return new Node(new StoppingDataSource(pool(connections, size, PATIENT)), InstantSource.system());
    }

    static HikariDataSource pool(DataSource connections, int size, Duration patience) {
        var config = new HikariConfig();
        config.setDataSource(connections);
        config.setMaximumPoolSize(size);
        config.setMinimumIdle(0);
        config.setConnectionTimeout(patience.toMillis());
        config.setInitializationFailTimeout(-1);
        return new HikariDataSource(config);
    }

    /** New connections by a URL. */
    static PGSimpleDataSource connections(String url) {
        var dataSource = new PGSimpleDataSource();
        dataSource.setUrl(url);
        return dataSource;
    }

    JdbiPlg plg() {
        return plg;
    }

    /** For code that does without plg. */
    DataSource connections() {
        return connections;
    }

    /** Whom it tells about rewards that are given outside. */
    Outside outside() {
        return outside;
    }

    void warmUp() {
        plg.transact(tx -> {
            tx.workspace("warm-up").idempotency().onceFor("start", "child");
        });
    }

    Gates gates(String workspace) {
        return Exports.gates(plg, workspace);
    }

    Idempotency<Execution> in(String workspace) {
        return plg.workspace(WorkspaceId.of(workspace)).idempotency();
    }

    Outcome<Granted> redeem(String workspace, String key) throws Exception {
        return redeem(Rewards.REDEEM, workspace, key, tx -> Rewards.grant(tx, key));
    }

    <X extends Exception> Outcome<Granted> redeem(
            Operation<Granted> operation, String workspace, String key, Effect<Execution, Granted, X> effect) throws X {
        return in(workspace).execute(operation, Rewards.SHOP, IdempotencyKey.of(key), Rewards.request(key), effect);
    }

    /** Calls another system, and has the grant when that has answered. */
    Outcome<Granted> redeemLeased(
            Operation<Granted> operation, String workspace, String key, ForeignCall<String, Exception> call)
            throws Exception {
        return redeemLeased(operation, workspace, key, call, tx -> Rewards.grant(tx, key));
    }

    Outcome<Granted> redeemLeased(
            Operation<Granted> operation,
            String workspace,
            String key,
            ForeignCall<String, Exception> call,
            Effect<Execution, Granted, Exception> settlement)
            throws Exception {
        return in(workspace)
                .<String, Granted, Exception>executeLeased(
                        operation,
                        Rewards.SHOP,
                        IdempotencyKey.of(key),
                        Rewards.request(key),
                        call,
                        (tx, answer) -> settlement.run(tx));
    }

    @Override
    public void close() {
        plg.close();
        if (connections instanceof HikariDataSource pool) {
            pool.close();
        }
    }
}
