package io.plg.docs;

import static io.plg.idempotency.Principal.by;
import static org.assertj.core.api.Assertions.assertThat;

import io.plg.Plg;
import io.plg.PlgException;
import io.plg.UserId;
import io.plg.Workspace;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.Once;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Outcome;
import io.plg.idempotency.http.HttpAnswer;
import io.plg.idempotency.http.HttpIdempotency;
import io.plg.jdbi.JdbiPlg;
import io.plg.jdbi.PlgSchema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.h2.jdbcx.JdbcDataSource;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class IdempotencyTest {
    // tag::operation[]
    record Redemption(UUID id, String reward, boolean granted) {}

    static final Operation<Redemption> REDEEM = Operation.financial("redeem-reward", Redemption.class)
            .retryableWhen(redemption -> !redemption.granted()); // sold out: the same key may succeed later
    // end::operation[]

    // tag::welcome[]
    static final Operation<Redemption> WELCOME = Operation.financial("welcome-reward", Redemption.class);
    // end::welcome[]

    // tag::leased-operation[]
    record Charge(String id, long cents) {}

    static final Operation<Charge> CHARGE =
            Operation.financial("charge-card", Charge.class).lease(Duration.ofSeconds(30));
    // end::leased-operation[]

    private final JdbcDataSource dataSource = new JdbcDataSource();
    private final UserId user = UserId.of("ada");
    private JdbiPlg plg;
    private Workspace acme;

    @BeforeEach
    void start() {
        dataSource.setURL("jdbc:h2:mem:idempotency" + System.nanoTime() + ";DB_CLOSE_DELAY=-1");
        PlgSchema.on(dataSource).migrate();
        Jdbi.create(dataSource).useHandle(handle -> {
            handle.execute("create table redemption (id uuid primary key, reward varchar)");
            handle.execute("create table charge (id varchar primary key, cents bigint)");
        });
        plg = JdbiPlg.on(dataSource).build();
        acme = plg.workspace("acme");
    }

    @AfterEach
    void stop() {
        plg.close();
    }

    @Test
    void one_effect_in_one_commit() throws Exception {
        String header = "\"8e03978e-40d5-43e8-bc93-6894a57f9324\"";
        var request = List.of("reward-7");
        for (int i = 0; i < 3; i++) {
            // tag::execute[]
            Outcome<Redemption> outcome = acme.idempotency()
                    .execute(REDEEM, by(user), IdempotencyKey.parse(header), Fingerprint.of(request), tx -> {
                        var redemption = new Redemption(tx.effectId(), "reward-7", true);
                        insert(tx.unwrap(Connection.class), redemption); // your row: one commit with the key
                        return redemption;
                    });

            String answer = outcome.fold(
                    executed -> executed.committed() ? "201 " + executed.value().id() : "409 sold out",
                    replayed -> "201 " + replayed.value().id(), // the same as the first time
                    inFlight -> "409 try again in " + inFlight.retryAfter().toSeconds() + " s",
                    mismatch -> "422 this key was used for another request");
            // end::execute[]
            assertThat(answer).startsWith("201 ");
        }
        assertThat(rows("redemption")).isEqualTo(1);
    }

    @Test
    void with_the_host_s_transaction() {
        var jdbi = Jdbi.create(dataSource);
        var key = IdempotencyKey.of("order-4711");
        // tag::joined[]
        jdbi.useTransaction(handle -> {
            Redemption redemption = plg.in(handle)
                    .workspace("acme")
                    .idempotency()
                    .execute(REDEEM, by(user), key, Fingerprint.of("reward-7"), tx -> {
                        var made = new Redemption(tx.effectId(), "reward-7", true);
                        handle.execute("insert into redemption (id, reward) values (?, ?)", made.id(), made.reward());
                        return made;
                    })
                    .orThrow(); // IdempotencyInFlight, FingerprintMismatch
            assertThat(redemption.granted()).isTrue();
        });
        // end::joined[]
        assertThat(rows("redemption")).isEqualTo(1);
    }

    @Test
    void once_whatever_the_key() {
        int granted = 0;
        for (String key : List.of("k1", "k2", "k3")) {
            // tag::once[]
            Outcome<Redemption> outcome = acme.idempotency()
                    .execute(WELCOME, by(user), IdempotencyKey.of(key), Fingerprint.of("welcome"), tx -> {
                        Once once = tx.idempotency().once("welcome-reward", user);
                        return new Redemption(once.effectId(), "welcome", once.first());
                    });
            // end::once[]
            granted += outcome.orThrow().granted() ? 1 : 0;
        }
        assertThat(granted).isEqualTo(1);
    }

    @Test
    void a_call_to_another_system() throws Exception {
        var provider = new Provider();
        var key = IdempotencyKey.of("checkout-17");
        // tag::leased[]
        Outcome<Charge> outcome = acme.idempotency()
                .executeLeased(
                        CHARGE,
                        by(user),
                        key,
                        Fingerprint.of(List.of("checkout-17", 1900)),
                        lease -> provider.charge(1900, lease.key()), // outside of any transaction; pass the key on
                        (tx, charge) -> {
                            insert(tx.unwrap(Connection.class), charge); // one commit with the result
                            return charge;
                        });
        // end::leased[]
        assertThat(outcome.orThrow().cents()).isEqualTo(1900);
        assertThat(rows("charge")).isEqualTo(1);
    }

    @Test
    void in_a_unit_test() {
        // tag::in-memory[]
        Plg inMemory = Plg.inMemory().build();
        var idempotency = inMemory.workspace("acme").idempotency();
        var key = IdempotencyKey.of("k");

        var first = idempotency.execute(
                REDEEM, by("ada"), key, Fingerprint.of("r"), tx -> new Redemption(tx.effectId(), "r", true));
        var again = idempotency.execute(
                REDEEM, by("ada"), key, Fingerprint.of("r"), tx -> new Redemption(tx.effectId(), "r", true));

        assertThat(first).isInstanceOf(Outcome.Executed.class);
        assertThat(again).isInstanceOf(Outcome.Replayed.class);
        assertThat(again.orThrow()).isEqualTo(first.orThrow());
        // end::in-memory[]
    }

    @Test
    void an_endpoint() throws Exception {
        byte[] body = "{\"reward\":\"reward-7\"}".getBytes(java.nio.charset.StandardCharsets.UTF_8);
        var http = HttpIdempotency.lenient();
        HttpAnswer first = endpoint(http, List.of("k-1"), body);
        HttpAnswer second = endpoint(http, List.of("\"k-1\""), body);
        assertThat(first.status()).isEqualTo(201);
        assertThat(second.status()).isEqualTo(201);
        assertThat(second.body()).isEqualTo(first.body());
        assertThat(second.header(HttpIdempotency.REPLAYED_HEADER)).contains("true");
        assertThat(rows("redemption")).isEqualTo(1);
        assertThat(endpoint(http, List.of(), body).status()).isEqualTo(400);
    }

    // tag::http[]
    static final Operation<HttpAnswer> REDEEM_REQUEST = HttpIdempotency.financial("POST redemptions");

    HttpAnswer endpoint(HttpIdempotency http, List<String> keyHeaders, byte[] body) throws SQLException {
        String path = "/rewards/reward-7/redemptions";
        try {
            IdempotencyKey key = http.keyOf("POST", keyHeaders, true).orElseThrow();
            return http.answer(acme.idempotency()
                    .execute(REDEEM_REQUEST, by(user), key, HttpIdempotency.raw("POST", path, null, body), tx -> {
                        insert(tx.unwrap(Connection.class), new Redemption(tx.effectId(), "reward-7", true));
                        return HttpAnswer.json(201, "{\"id\":\"" + tx.effectId() + "\"}");
                    }));
        } catch (PlgException e) { // no key, a lost connection, …: 400, 503; what is not plg's to answer goes on
            return http.answer(e).orElseThrow(() -> e);
        }
    }
    // end::http[]

    private static void insert(Connection connection, Redemption redemption) throws SQLException {
        try (PreparedStatement insert =
                connection.prepareStatement("insert into redemption (id, reward) values (?, ?)")) {
            insert.setObject(1, redemption.id());
            insert.setString(2, redemption.reward());
            insert.executeUpdate();
        }
    }

    private static void insert(Connection connection, Charge charge) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("insert into charge (id, cents) values (?, ?)")) {
            insert.setString(1, charge.id());
            insert.setLong(2, charge.cents());
            insert.executeUpdate();
        }
    }

    private int rows(String table) {
        return Jdbi.create(dataSource)
                .withHandle(handle -> handle.createQuery("select count(*) from " + table)
                        .mapTo(Integer.class)
                        .one());
    }

    private static final class Provider {
        Charge charge(long cents, IdempotencyKey key) {
            return new Charge("ch_" + key.value().substring(0, 8), cents);
        }
    }
}
