package io.plg.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.plg.JsonCodec;
import io.plg.Plg;
import io.plg.SettableClock;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Outcome;
import io.plg.idempotency.Principal;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class IdempotencyViewTest {
    private static final Operation<String> GREET = Operation.of("greet", String.class);

    private final SettableClock clock = SettableClock.at("2026-04-12T08:00:00Z");

    @Test
    void keysAreForgottenByThemselvesWhenTheirRetentionIsOver() throws InterruptedException {
        try (Plg plg = Plg.inMemory()
                .clock(clock)
                .removeExpiredEvery(Duration.ofSeconds(1))
                .build()) {
            assertThat(greet(plg)).isInstanceOf(Outcome.Executed.class);
            clock.advance(Duration.ofDays(29));
            Thread.sleep(1_300);
            assertThat(greet(plg)).isInstanceOf(Outcome.Replayed.class);
            clock.advance(Duration.ofDays(2));
            long until = System.nanoTime() + Duration.ofSeconds(20).toNanos();
            while (greet(plg) instanceof Outcome.Replayed) {
                assertThat(System.nanoTime()).isLessThan(until);
                Thread.sleep(50);
            }
        }
    }

    @Test
    void alsoIfTheFirstCallWasInATransaction() throws InterruptedException {
        try (Plg plg = Plg.inMemory()
                .clock(clock)
                .removeExpiredEvery(Duration.ofSeconds(1))
                .build()) {
            plg.transact(tx -> {
                greet(tx);
            });
            clock.advance(Duration.ofDays(31));
            long until = System.nanoTime() + Duration.ofSeconds(20).toNanos();
            while (greet(plg) instanceof Outcome.Replayed) {
                assertThat(System.nanoTime()).isLessThan(until);
                Thread.sleep(50);
            }
        }
    }

    @Test
    void afterTheEndEveryCallIsTheSame() {
        Plg plg = Plg.inMemory().clock(clock).build();
        plg.close();

        assertThat(greet(plg)).isInstanceOf(Outcome.Executed.class);
        for (int i = 0; i < 2; i++) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> plg.workspace("acme")
                            .idempotency()
                            .executeLeased(
                                    GREET,
                                    Principal.by("ada"),
                                    IdempotencyKey.of("l"),
                                    Fingerprint.of("r"),
                                    lease -> "hello"))
                    .withMessageContaining("closed");
        }
    }

    @Test
    void aFlagOfInterruptionIsNoReasonNotToAnswerWhoDoesNotWait() throws Exception {
        try (Plg plg = Plg.inMemory().clock(clock).build()) {
            var begun = new CountDownLatch(1);
            var goOn = new CountDownLatch(1);
            var owner = new Thread(() -> plg.workspace("acme")
                    .idempotency()
                    .executeLeased(GREET, Principal.by("ada"), IdempotencyKey.of("k"), Fingerprint.of("r"), lease -> {
                        begun.countDown();
                        try {
                            goOn.await();
                        } catch (InterruptedException e) {
                            throw new AssertionError(e);
                        }
                        return "hello";
                    }));
            owner.start();
            begun.await();
            Thread.currentThread().interrupt();
            Outcome<String> outcome = plg.workspace("acme")
                    .idempotency()
                    .execute(
                            GREET.failFast(),
                            Principal.by("ada"),
                            IdempotencyKey.of("k"),
                            Fingerprint.of("r"),
                            tx -> "hello");
            assertThat(Thread.interrupted()).isTrue();
            assertThat(outcome).isInstanceOf(Outcome.InFlight.class);
            goOn.countDown();
            owner.join(5_000);
        }
    }

    @Test
    void howOftenTheyAreRemovedIsChecked() {
        for (Duration wrong : List.of(Duration.ofMillis(999), Duration.ofSeconds(-1), Duration.ofDays(2))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Plg.inMemory().removeExpiredEvery(wrong))
                    .withMessageContaining(wrong.toString());
        }
    }

    @Test
    void theHostsCodecWritesAndReadsResults() {
        var codec = new JsonCodec() {
            @Override
            public String write(Object value) {
                return "\"<" + value + ">\"";
            }

            @Override
            public Object read(String json, Type type) {
                assertThat(type).isEqualTo(String.class);
                return json.substring(2, json.length() - 2) + ", read";
            }
        };
        try (Plg plg = Plg.inMemory().json(codec).build()) {
            assertThat(greet(plg).orThrow()).isEqualTo("hello");
            assertThat(greet(plg).orThrow()).isEqualTo("hello, read");
        }
    }

    private static Outcome<String> greet(Plg plg) {
        return plg.workspace("acme")
                .idempotency()
                .execute(GREET, Principal.by("ada"), IdempotencyKey.of("k"), Fingerprint.of("r"), tx -> "hello");
    }
}
