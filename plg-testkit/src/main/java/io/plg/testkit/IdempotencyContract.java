package io.plg.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.Execution;
import io.plg.Plg;
import io.plg.TransactionConflict;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.activation.Cohort;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.FingerprintMismatch;
import io.plg.idempotency.Idempotency;
import io.plg.idempotency.IdempotencyInFlight;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.IdempotencyStore;
import io.plg.idempotency.IdempotencyStore.Claim;
import io.plg.idempotency.IdempotencyStore.Result;
import io.plg.idempotency.Lease;
import io.plg.idempotency.LeaseLost;
import io.plg.idempotency.Once;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Outcome;
import io.plg.idempotency.Principal;
import io.plg.idempotency.ResultNotKept;
import io.plg.idempotency.Scope;
import io.plg.idempotency.UnreadableResult;
import io.plg.idempotency.WaitInterrupted;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/**
 * One effect, however often it is asked for, on every store. The effects of these tests are completions, one for each execution that was
 * committed, so that they can be counted on any store.
 */
@SuppressWarnings("NullAway") // what is null against expectation fails the test, as it should
public abstract class IdempotencyContract extends StoreContract {
    private static final Operation<Grant> REDEEM = Operation.of("redeem", Grant.class);
    private static final Operation<Grant> PAY = Operation.financial("pay", Grant.class);
    private static final Fingerprint REQUEST = Fingerprint.of(Map.of("reward", "R"));
    private static final Fingerprint OTHER_REQUEST = Fingerprint.of(Map.of("reward", "S"));
    private static final Duration SHORT = Duration.ofMillis(80);

    /** Called by the adapter's test. */
    protected IdempotencyContract() {}

    /**
     * What the tests redeem.
     *
     * @param id which
     * @param note a text
     */
    public record Grant(String id, String note) {}

    // ---- one after another

    @Test
    void theFirstCallExecutesAndEveryLaterOneReplaysItsResult() {
        Plg plg = plg(ONBOARDING);
        var runs = new AtomicInteger();

        Outcome<Grant> first = redeem(plg, "acme", "k", REQUEST, runs);

        assertThat(first).isInstanceOf(Outcome.Executed.class);
        for (int i = 0; i < 100; i++) {
            Outcome<Grant> again = redeem(plg, "acme", "k", REQUEST, runs);
            assertThat(again).isInstanceOf(Outcome.Replayed.class);
            assertThat(again.orThrow()).isEqualTo(first.orThrow());
        }
        assertThat(runs).hasValue(1);
        assertThat(grants(plg, "acme")).isEqualTo(1);
    }

    @Test
    void aReplayNamesTheEffectThatTheFirstCallHad() {
        Plg plg = plg(ONBOARDING);
        var told = new AtomicReference<UUID>();

        Outcome<Grant> first = idempotency(plg, "acme").execute(REDEEM, ada(), key("k"), REQUEST, tx -> {
            told.set(tx.effectId());
            return grant(tx);
        });
        Outcome<Grant> again = redeem(plg, "acme", "k", REQUEST, new AtomicInteger());

        assertThat(effectOf(first)).isEqualTo(told.get());
        assertThat(effectOf(again)).isEqualTo(told.get());
    }

    @Test
    void theSameKeyForAnotherRequestIsAMismatchAndHarmsNothing() {
        Plg plg = plg(ONBOARDING);
        var runs = new AtomicInteger();
        Grant first = redeem(plg, "acme", "k", REQUEST, runs).orThrow();

        Outcome<Grant> other = redeem(plg, "acme", "k", OTHER_REQUEST, runs);

        assertThat(other).isInstanceOf(Outcome.Mismatch.class);
        assertThatThrownBy(other::orThrow)
                .isInstanceOf(FingerprintMismatch.class)
                .hasMessageContaining("k")
                .hasMessageContaining("redeem");
        assertThat(redeem(plg, "acme", "k", REQUEST, runs).orThrow()).isEqualTo(first);
        assertThat(runs).hasValue(1);
    }

    @Test
    void aKeyBelongsToItsWorkspacePrincipalAndOperation() {
        Plg plg = plg(ONBOARDING);
        var runs = new AtomicInteger();
        redeem(plg, "acme", "k", REQUEST, runs);

        assertThat(redeem(plg, "globex", "k", OTHER_REQUEST, runs)).isInstanceOf(Outcome.Executed.class);
        for (Principal other :
                List.of(Principal.by(user("lin")), Principal.service(user("ada").value()))) {
            assertThat(idempotency(plg, "acme").execute(REDEEM, other, key("k"), REQUEST, tx -> counted(tx, runs)))
                    .as(other.toString())
                    .isInstanceOf(Outcome.Executed.class);
        }
        assertThat(idempotency(plg, "acme").execute(PAY, ada(), key("k"), REQUEST, tx -> counted(tx, runs)))
                .isInstanceOf(Outcome.Executed.class);
        assertThat(redeem(plg, "acme", "K", REQUEST, runs)).isInstanceOf(Outcome.Executed.class);
        assertThat(runs).hasValue(6);
        assertThat(grants(plg, "acme")).isEqualTo(5);
        assertThat(grants(plg, "globex")).isEqualTo(1);
    }

    @Test
    void aResultThatIsNothingIsStoredLikeAnyOther() {
        Plg plg = plg(ONBOARDING);
        var runs = new AtomicInteger();
        Operation<Void> operation = Operation.of("nothing");

        for (int i = 0; i < 3; i++) {
            Outcome<Void> outcome = idempotency(plg, "acme").execute(operation, ada(), key("k"), REQUEST, tx -> {
                counted(tx, runs);
                return null;
            });
            assertThat(outcome.orThrow()).isNull();
        }
        Outcome<Grant> none = idempotency(plg, "acme").execute(REDEEM, ada(), key("none"), REQUEST, tx -> null);
        Outcome<Grant> noneAgain =
                idempotency(plg, "acme").execute(REDEEM, ada(), key("none"), REQUEST, tx -> grant(tx));

        assertThat(runs).hasValue(1);
        assertThat(none.orThrow()).isNull();
        assertThat(noneAgain).isInstanceOf(Outcome.Replayed.class);
        assertThat(noneAgain.orThrow()).isNull();
    }

    @Test
    void textsOfAllKindsComeBackAsTheyWere() {
        Plg plg = plg(ONBOARDING);
        var note = "\0 \t\r\n\"'\\ äß € \uD83D\uDE80 </script> ".repeat(50);

        Grant first = idempotency(plg, "acme")
                .execute(REDEEM, ada(), key("'; drop table --"), REQUEST, tx -> new Grant("g", note))
                .orThrow();
        Grant again = redeem(plg, "acme", "'; drop table --", REQUEST, new AtomicInteger())
                .orThrow();

        assertThat(again).isEqualTo(first).isEqualTo(new Grant("g", note));
    }

    // ---- what is stored and what is not

    @Test
    void anExceptionReachesTheCallerUnchangedStoresNothingAndLeavesTheKeyFree() {
        Plg plg = plg(ONBOARDING);
        var runs = new AtomicInteger();
        for (Exception failure : List.of(new IOException("checked"), new IllegalArgumentException("unchecked"))) {
            assertThatThrownBy(() -> idempotency(plg, "acme").execute(REDEEM, ada(), key("k"), REQUEST, tx -> {
                        counted(tx, runs);
                        throw failure;
                    }))
                    .isSameAs(failure);
            assertThat(grants(plg, "acme")).isZero();
        }

        // A failure does not burn a key, not even for another request.
        assertThat(redeem(plg, "acme", "k", OTHER_REQUEST, runs)).isInstanceOf(Outcome.Executed.class);
        assertThat(runs).hasValue(3);
        assertThat(grants(plg, "acme")).isEqualTo(1);
    }

    @Test
    void aRefusalThatCannotChangeIsStoredLikeASuccess() {
        Plg plg = plg(ONBOARDING);
        var runs = new AtomicInteger();
        for (int i = 0; i < 3; i++) {
            Grant refusal = idempotency(plg, "acme")
                    .execute(REDEEM, ada(), key("k"), REQUEST, tx -> {
                        runs.incrementAndGet();
                        return new Grant("none", "offer expired");
                    })
                    .orThrow();
            assertThat(refusal.note()).isEqualTo("offer expired");
        }
        assertThat(runs).hasValue(1);
    }

    @Test
    void aRefusalThatMayChangeIsReturnedUndoneAndTheKeyStaysFree() {
        Plg plg = plg(ONBOARDING);
        var runs = new AtomicInteger();
        Operation<Grant> operation = REDEEM.retryableWhen(grant -> grant.note().equals("limit reached"));

        Outcome<Grant> refused = idempotency(plg, "acme").execute(operation, ada(), key("k"), REQUEST, tx -> {
            counted(tx, runs);
            return new Grant("none", "limit reached");
        });

        assertThat(refused.orThrow().note()).isEqualTo("limit reached");
        assertThat(((Outcome.Executed<Grant>) refused).committed()).isFalse();
        assertThat(grants(plg, "acme")).isZero();
        Outcome<Grant> later =
                idempotency(plg, "acme").execute(operation, ada(), key("k"), REQUEST, tx -> counted(tx, runs));
        assertThat(later).isInstanceOf(Outcome.Executed.class);
        assertThat(((Outcome.Executed<Grant>) later).committed()).isTrue();
        assertThat(runs).hasValue(2);
        assertThat(grants(plg, "acme")).isEqualTo(1);
    }

    @Test
    void whatIsNotToBeStoredIsSeenByTheFirstCallerOnly() {
        Plg plg = plg(ONBOARDING);
        Operation<Grant> operation = REDEEM.storing(grant -> new Grant(grant.id(), "***"));

        Grant first = idempotency(plg, "acme")
                .execute(operation, ada(), key("k"), REQUEST, tx -> new Grant("g", "secret"))
                .orThrow();
        Grant again = idempotency(plg, "acme")
                .execute(operation, ada(), key("k"), REQUEST, tx -> new Grant("g", "secret"))
                .orThrow();

        assertThat(first.note()).isEqualTo("secret");
        assertThat(again).isEqualTo(new Grant("g", "***"));
    }

    @Test
    void aMegabyteIsReplayedWholeAndWhatIsLargerThanTheCapOnlyByTheIdOfItsEffect() {
        Plg plg = plg(ONBOARDING);
        var runs = new AtomicInteger();
        String megabyte = "é".repeat(1 << 19);
        Grant large = idempotency(plg, "acme")
                .execute(REDEEM, ada(), key("k"), REQUEST, tx -> new Grant("g", megabyte))
                .orThrow();
        assertThat(redeem(plg, "acme", "k", REQUEST, runs).orThrow()).isEqualTo(large);

        Operation<Grant> small = REDEEM.maxStoredBytes(100);
        Outcome<Grant> first = idempotency(plg, "acme").execute(small, ada(), key("small"), REQUEST, tx -> {
            counted(tx, runs);
            return new Grant("g", "é".repeat(50));
        });
        Outcome<Grant> again =
                idempotency(plg, "acme").execute(small, ada(), key("small"), REQUEST, tx -> counted(tx, runs));

        assertThat(first.orThrow().note()).hasSize(50);
        assertThat(again).isInstanceOfSatisfying(Outcome.Replayed.class, replayed -> {
            assertThat(replayed.kept()).isFalse();
            assertThat(replayed.effectId()).isEqualTo(effectOf(first));
        });
        assertThatThrownBy(again::orThrow)
                .isInstanceOfSatisfying(
                        ResultNotKept.class, e -> assertThat(e.effectId()).isEqualTo(effectOf(first)));
        assertThat(runs).hasValue(1);
    }

    @Test
    void aResultThatCannotBeWrittenUndoesTheEffectAndOneThatCannotBeReadSaysSo() {
        Plg plg = plg(ONBOARDING);
        Operation<Object> operation = Operation.of("redeem", Object.class);
        Object[] endless = new Object[1];
        endless[0] = endless;

        assertThatThrownBy(() -> idempotency(plg, "acme").execute(operation, ada(), key("k"), REQUEST, tx -> {
                    grant(tx);
                    return endless;
                }))
                .isInstanceOf(UnreadableResult.class)
                .hasMessageContaining("redeem");
        assertThat(grants(plg, "acme")).isZero();

        idempotency(plg, "acme").execute(operation, ada(), key("k"), REQUEST, tx -> List.of(1, 2));
        assertThatThrownBy(() -> redeem(plg, "acme", "k", REQUEST, new AtomicInteger()))
                .isInstanceOf(UnreadableResult.class)
                .hasMessageContaining(Grant.class.getName());
    }

    // ---- transactions

    @Test
    void insideATransactionTheKeyIsUsedUpWhenThatCommits() {
        Plg plg = plg(ONBOARDING);
        var runs = new AtomicInteger();

        assertThatThrownBy(() -> plg.transact(tx -> {
                    assertThat(redeem(tx, "acme", "k", REQUEST, runs)).isInstanceOf(Outcome.Executed.class);
                    assertThat(redeem(tx, "acme", "k", REQUEST, runs)).isInstanceOf(Outcome.Replayed.class);
                    throw new IllegalStateException("roll back");
                }))
                .hasMessage("roll back");
        assertThat(grants(plg, "acme")).isZero();
        plg.transact(tx -> {
            assertThat(redeem(tx, "acme", "k", REQUEST, runs)).isInstanceOf(Outcome.Executed.class);
        });

        assertThat(redeem(plg, "acme", "k", REQUEST, runs)).isInstanceOf(Outcome.Replayed.class);
        assertThat(runs).hasValue(2);
        assertThat(grants(plg, "acme")).isEqualTo(1);
    }

    @Test
    void insideATransactionAFailureUndoesTheEffectAndNothingElse() {
        Plg plg = plg(ONBOARDING);
        Operation<Grant> operation = REDEEM.retryableWhen(grant -> grant.id().equals("none"));

        plg.transact(tx -> {
            tx.workspace(workspace("acme")).activation(ONBOARDING).complete(CREATED.by(user("before")));
            assertThatThrownBy(() -> idempotency(tx, "acme").execute(operation, ada(), key("k"), REQUEST, inner -> {
                        grant(inner);
                        throw new IllegalStateException("no");
                    }))
                    .hasMessage("no");
            idempotency(tx, "acme").execute(operation, ada(), key("k"), REQUEST, inner -> {
                grant(inner);
                return new Grant("none", "");
            });
        });

        assertThat(grants(plg, "acme")).isEqualTo(1);
        assertThat(idempotency(plg, "acme").execute(operation, ada(), key("k"), REQUEST, tx -> grant(tx)))
                .isInstanceOf(Outcome.Executed.class);
    }

    @Test
    void anEffectMayHaveAnotherOneInsideWhichSharesItsFate() {
        Plg plg = plg(ONBOARDING);
        for (boolean fails : List.of(true, false)) {
            try {
                idempotency(plg, "acme").execute(REDEEM, ada(), key("outer"), REQUEST, tx -> {
                    redeem(plg, "acme", "inner", REQUEST, new AtomicInteger());
                    grant(tx);
                    if (fails) {
                        throw new IllegalStateException("no");
                    }
                    return new Grant("g", "");
                });
            } catch (IllegalStateException expected) {
                assertThat(grants(plg, "acme")).isZero();
            }
        }
        assertThat(grants(plg, "acme")).isEqualTo(2);
        assertThat(redeem(plg, "acme", "inner", REQUEST, new AtomicInteger())).isInstanceOf(Outcome.Replayed.class);
    }

    @Test
    void anEffectThatAsksForItsOwnKeyIsRefusedAtOnce() {
        Plg plg = plg(ONBOARDING);

        assertThatThrownBy(() -> idempotency(plg, "acme")
                        .execute(
                                REDEEM,
                                ada(),
                                key("k"),
                                REQUEST,
                                tx -> redeem(plg, "acme", "k", REQUEST, new AtomicInteger())
                                        .orThrow()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("same key");
        assertThatThrownBy(() -> plg.transact(outer -> {
                    idempotency(outer, "acme")
                            .execute(
                                    REDEEM,
                                    ada(),
                                    key("k"),
                                    REQUEST,
                                    tx -> idempotency(tx)
                                            .execute(REDEEM, ada(), key("k"), REQUEST, in -> grant(in))
                                            .orThrow());
                }))
                .isInstanceOf(IllegalStateException.class);
        assertThat(redeem(plg, "acme", "k", REQUEST, new AtomicInteger())).isInstanceOf(Outcome.Executed.class);
    }

    // ---- at the same time

    @Test
    void ofManyThreadsWithOneKeyExactlyOneHasTheEffectAndTheOthersReplayIt() {
        Plg plg = plg(ONBOARDING);
        for (int round = 0; round < 5; round++) {
            String key = "k" + round;
            var runs = new AtomicInteger();

            List<Outcome<Grant>> outcomes = Race.of(50, number -> redeem(plg, "acme", key, REQUEST, runs));

            assertThat(runs).hasValue(1);
            assertThat(outcomes).filteredOn(Outcome.Executed.class::isInstance).hasSize(1);
            assertThat(outcomes).filteredOn(Outcome.Replayed.class::isInstance).hasSize(49);
            assertThat(outcomes.stream().map(Outcome::orThrow).distinct()).hasSize(1);
            assertThat(grants(plg, "acme")).isEqualTo(round + 1);
        }
    }

    @Test
    void ofManyThreadsWithOneKeyAndTwoRequestsOneRequestWins() {
        Plg plg = plg(ONBOARDING);
        var runs = new AtomicInteger();

        List<Outcome<Grant>> outcomes =
                Race.of(40, number -> redeem(plg, "acme", "k", number % 2 == 0 ? REQUEST : OTHER_REQUEST, runs));

        assertThat(runs).hasValue(1);
        assertThat(grants(plg, "acme")).isEqualTo(1);
        int winner = 0;
        while (!(outcomes.get(winner) instanceof Outcome.Executed)) {
            winner++;
        }
        for (int i = 0; i < outcomes.size(); i++) {
            Class<?> expected = i == winner
                    ? Outcome.Executed.class
                    : i % 2 == winner % 2 ? Outcome.Replayed.class : Outcome.Mismatch.class;
            assertThat(outcomes.get(i)).as("call " + i).isInstanceOf(expected);
        }
    }

    @Test
    void whenTheEffectFailsOneOfThoseWhoWaitHasIt() {
        Plg plg = plg(ONBOARDING);
        var runs = new AtomicInteger();

        List<Object> outcomes = Race.of(20, number -> {
            try {
                return idempotency(plg, "acme").execute(REDEEM, ada(), key("k"), REQUEST, tx -> {
                    Grant grant = grant(tx);
                    if (runs.incrementAndGet() <= 3) {
                        throw new IllegalStateException("no");
                    }
                    return grant;
                });
            } catch (IllegalStateException e) {
                return e;
            }
        });

        assertThat(runs).hasValue(4);
        assertThat(outcomes).filteredOn(IllegalStateException.class::isInstance).hasSize(3);
        assertThat(outcomes).filteredOn(Outcome.Replayed.class::isInstance).hasSize(16);
        assertThat(grants(plg, "acme")).isEqualTo(1);
    }

    @Test
    void whoDoesNotWantToWaitIsToldAtOnceThatAnotherCallIsUnderWay() throws Exception {
        Plg plg = plg(ONBOARDING);
        var begun = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        Future<Outcome<Grant>> owner =
                Race.inBackground(() -> idempotency(plg, "acme").execute(REDEEM, ada(), key("k"), REQUEST, tx -> {
                    begun.countDown();
                    goOn.await();
                    return grant(tx);
                }));
        begun.await();

        Outcome<Grant> other =
                idempotency(plg, "acme").execute(REDEEM.failFast(), ada(), key("k"), REQUEST, tx -> grant(tx));
        Outcome<Grant> impatient = idempotency(plg, "acme")
                .execute(REDEEM.waitAtMost(Duration.ofMillis(50)), ada(), key("k"), REQUEST, tx -> grant(tx));
        goOn.countDown();

        for (Outcome<Grant> each : List.of(other, impatient)) {
            assertThat(each).isInstanceOf(Outcome.InFlight.class);
            assertThatThrownBy(each::orThrow).isInstanceOfSatisfying(IdempotencyInFlight.class, e -> {
                assertThat(e.isRetryable()).isTrue();
                assertThat(e.retryAfter()).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
            });
        }
        assertThat(Race.resultOf(owner)).isInstanceOf(Outcome.Executed.class);
        assertThat(redeem(plg, "acme", "k", REQUEST, new AtomicInteger())).isInstanceOf(Outcome.Replayed.class);
    }

    @Test
    void whoIsInterruptedWhileWaitingStopsWaiting() throws Exception {
        Plg plg = plg(ONBOARDING);
        var begun = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        Future<Outcome<Grant>> owner =
                Race.inBackground(() -> idempotency(plg, "acme").execute(REDEEM, ada(), key("k"), REQUEST, tx -> {
                    begun.countDown();
                    goOn.await();
                    return grant(tx);
                }));
        begun.await();
        var waiting = new AtomicReference<Thread>();
        var flag = new AtomicBoolean();
        Future<Throwable> waiter = Race.inBackground(() -> {
            waiting.set(Thread.currentThread());
            try {
                redeem(plg, "acme", "k", REQUEST, new AtomicInteger());
                return null;
            } catch (WaitInterrupted e) {
                flag.set(Thread.currentThread().isInterrupted());
                return e;
            }
        });
        Race.giveTimeTo(waiter);
        waiting.get().interrupt();

        assertThat(waiter.get(5, TimeUnit.SECONDS))
                .isInstanceOf(WaitInterrupted.class)
                .hasCauseInstanceOf(InterruptedException.class);
        assertThat(flag).isTrue();
        goOn.countDown();
        assertThat(Race.resultOf(owner)).isInstanceOf(Outcome.Executed.class);
        assertThat(grants(plg, "acme")).isEqualTo(1);
    }

    @Test
    void theStoreItselfLetsOneTransactionAtATimeHaveAKey() {
        plg(ONBOARDING);
        var inside = new AtomicInteger();
        var claimed = new AtomicInteger();
        Scope scope = scope("k");

        List<Claim> claims = Race.of(
                12,
                number -> stores().transact(tx -> {
                    Claim claim =
                            tx.idempotency().claim(workspace("acme"), scope, false, Duration.ofSeconds(30), now());
                    if (claim instanceof Claim.Free) {
                        assertThat(inside.incrementAndGet())
                                .as("transactions that have the key")
                                .isEqualTo(1);
                        LockSupport.parkNanos(2_000_000);
                        inside.decrementAndGet();
                        if (claimed.incrementAndGet() == 6) {
                            tx.idempotency()
                                    .finish(workspace("acme"), scope, result(REQUEST, "1", Duration.ofDays(1), false));
                        }
                    }
                    return claim;
                }));

        assertThat(claimed).hasValue(6); // the first five finished nothing, and the rest found it finished
        assertThat(claims).filteredOn(Claim.Finished.class::isInstance).hasSize(6);
    }

    @Test
    void differentKeysDoNotWaitForEachOther() {
        Plg plg = plg(ONBOARDING);
        var runs = new AtomicInteger();

        List<Outcome<Grant>> outcomes = Race.of(30, number -> redeem(plg, "acme", "k" + number, REQUEST, runs));

        assertThat(outcomes).allMatch(Outcome.Executed.class::isInstance);
        assertThat(grants(plg, "acme")).isEqualTo(30);
    }

    // ---- once, whatever the key

    @Test
    void aCallerWhoChangesTheKeyDoesNotBuyASecondEffect() {
        Plg plg = plg(ONBOARDING);
        var granted = new AtomicInteger();

        List<Outcome<Grant>> outcomes = Race.of(
                40,
                number -> idempotency(plg, "acme").execute(REDEEM, ada(), key("k" + number), REQUEST, tx -> {
                    Once once = tx.idempotency().once("welcome-reward", user("ada"));
                    if (!once.first()) {
                        return new Grant("none", once.effectId().toString());
                    }
                    granted.incrementAndGet();
                    grant(tx);
                    return new Grant("g", tx.effectId().toString());
                }));

        assertThat(granted).hasValue(1);
        assertThat(grants(plg, "acme")).isEqualTo(1);
        assertThat(outcomes).allMatch(Outcome.Executed.class::isInstance);
        // The refusals name the effect that was first.
        assertThat(outcomes.stream().map(each -> each.orThrow().note()).distinct())
                .hasSize(1);
    }

    @Test
    void onceIsTakenBackWithItsTransaction() {
        Plg plg = plg(ONBOARDING);

        assertThatThrownBy(() -> plg.transact(tx -> {
                    assertThat(idempotency(tx, "acme").once("w", user("ada")).first())
                            .isTrue();
                    assertThat(idempotency(tx, "acme").once("w", user("ada")).first())
                            .isFalse();
                    throw new IllegalStateException("roll back");
                }))
                .hasMessage("roll back");
        Once first = once(plg, "acme", "w", user("ada"));
        Once second = once(plg, "acme", "w", user("ada"));

        assertThat(first.first()).isTrue();
        assertThat(second).isEqualTo(new Once(false, first.effectId()));
    }

    @Test
    void onceTellsWorkspacesNamesUsersAndThingsApart() {
        Plg plg = plg(ONBOARDING);
        String ada = user("ada").value();

        assertThat(once(plg, "acme", "w", user("ada")).first()).isTrue();
        assertThat(once(plg, "globex", "w", user("ada")).first()).isTrue();
        assertThat(once(plg, "acme", "v", user("ada")).first()).isTrue();
        assertThat(once(plg, "acme", "w", user("lin")).first()).isTrue();
        plg.transact(tx -> {
            assertThat(idempotency(tx, "acme").once("w", ada).first())
                    .as("the same user")
                    .isFalse();
            assertThat(idempotency(tx, "acme").onceFor("w", ada).first())
                    .as("a thing")
                    .isTrue();
            assertThat(idempotency(tx, "acme").onceFor("w", ada).first()).isFalse();
            assertThatThrownBy(() -> idempotency(tx, "acme").onceFor(" ", ada))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("what");
        });
    }

    @Test
    void onceNamesTheEffectHoweverItIsAskedAndIsRefusedWhereNothingCouldTakeItBack() {
        Plg plg = plg(ONBOARDING);

        idempotency(plg, "acme").execute(REDEEM, ada(), key("k"), REQUEST, tx -> {
            assertThat(tx.idempotency().once("w", user("ada")).effectId()).isEqualTo(tx.effectId());
            assertThat(idempotency(plg, "acme").once("v", user("ada")).effectId())
                    .as("by the view outside")
                    .isEqualTo(tx.effectId());
            return grant(tx);
        });

        assertThatThrownBy(() -> idempotency(plg, "acme").once("u", user("ada")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("inside of the effect");
        assertThat(once(plg, "acme", "u", user("ada")).first()).isTrue();
    }

    private Once once(Plg plg, String workspace, String what, UserId user) {
        return plg.inTransaction(tx -> idempotency(tx, workspace).once(what, user));
    }

    // ---- with another system in the middle

    @Test
    void aLeasedCallHasOneEffectAndIsReplayed() {
        Plg plg = plg(ONBOARDING);
        var keys = new ArrayList<String>();

        List<Outcome<Grant>> outcomes = Race.of(
                10,
                number -> idempotency(plg, "acme")
                        .executeLeased(
                                REDEEM,
                                ada(),
                                key("k"),
                                REQUEST,
                                lease -> {
                                    keys.add(lease.key().value());
                                    return "charge-1";
                                },
                                (tx, charge) -> {
                                    grant(tx);
                                    return new Grant(charge, tx.effectId().toString());
                                }));

        assertThat(outcomes).filteredOn(Outcome.Executed.class::isInstance).hasSize(1);
        assertThat(outcomes).filteredOn(Outcome.Replayed.class::isInstance).hasSize(9);
        assertThat(keys).hasSize(1);
        assertThat(outcomes.stream().map(Outcome::orThrow).distinct())
                .containsExactly(new Grant("charge-1", keys.get(0)));
        assertThat(grants(plg, "acme")).isEqualTo(1);
        assertThat(idempotency(plg, "acme")
                        .executeLeased(REDEEM, ada(), key("k"), OTHER_REQUEST, lease -> new Grant("", "")))
                .isInstanceOf(Outcome.Mismatch.class);
    }

    @Test
    void aLeasedCallThatFailsFreesTheKeyForTheSameRequestAndPassesTheSameKeyOn() {
        Plg plg = plg(ONBOARDING);
        Set<String> keys = new HashSet<>();
        var tokens = new ArrayList<Long>();

        for (String failure : List.of("call", "settlement")) {
            assertThatThrownBy(() -> idempotency(plg, "acme")
                            .executeLeased(
                                    REDEEM,
                                    ada(),
                                    key("k"),
                                    REQUEST,
                                    lease -> {
                                        keys.add(lease.key().value());
                                        tokens.add(lease.token());
                                        if (failure.equals("call")) {
                                            throw new IOException(failure);
                                        }
                                        return "answer";
                                    },
                                    (tx, answer) -> {
                                        grant(tx);
                                        throw new IOException(failure);
                                    }))
                    .isInstanceOf(IOException.class)
                    .hasMessage(failure);
        }
        // Nobody knows whether the other system did it, so another request must not pass for this one.
        assertThat(idempotency(plg, "acme")
                        .executeLeased(REDEEM, ada(), key("k"), OTHER_REQUEST, lease -> new Grant("", "")))
                .isInstanceOf(Outcome.Mismatch.class);
        Outcome<Grant> done = idempotency(plg, "acme").executeLeased(REDEEM, ada(), key("k"), REQUEST, lease -> {
            keys.add(lease.key().value());
            tokens.add(lease.token());
            return new Grant("g", "");
        });

        assertThat(done).isInstanceOf(Outcome.Executed.class);
        assertThat(keys).hasSize(1);
        assertThat(tokens).isSorted().doesNotHaveDuplicates();
        assertThat(grants(plg, "acme")).isZero();
    }

    @Test
    void aLeasedRefusalThatMayChangeIsNotStored() {
        Plg plg = plg(ONBOARDING);
        Operation<Grant> operation = REDEEM.retryableWhen(grant -> grant.id().equals("none"));

        Outcome<Grant> refused = idempotency(plg, "acme")
                .executeLeased(operation, ada(), key("k"), REQUEST, lease -> "declined", (tx, answer) -> {
                    grant(tx);
                    return new Grant("none", answer);
                });
        Outcome<Grant> done = idempotency(plg, "acme")
                .executeLeased(operation, ada(), key("k"), REQUEST, lease -> new Grant("g", ""));

        assertThat(refused.orThrow().note()).isEqualTo("declined");
        assertThat(done).isInstanceOf(Outcome.Executed.class);
        assertThat(grants(plg, "acme")).isZero();
    }

    @Test
    void aLeasedCallIsRefusedInsideATransactionAndInsideItself() {
        Plg plg = plg(ONBOARDING);

        plg.transact(tx -> assertThatThrownBy(() -> idempotency(tx, "acme")
                        .executeLeased(REDEEM, ada(), key("k"), REQUEST, lease -> new Grant("g", "")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("transaction"));
        assertThatThrownBy(() -> idempotency(plg, "acme")
                        .executeLeased(
                                REDEEM,
                                ada(),
                                key("k"),
                                REQUEST,
                                lease -> idempotency(plg, "acme")
                                        .executeLeased(REDEEM, ada(), key("k"), REQUEST, inner -> new Grant("g", ""))
                                        .orThrow()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("same key");
    }

    @Test
    void anEndedLeaseIsTakenOverAndItsLateOwnerCanStoreNothing() {
        plg(ONBOARDING);
        IdempotencyStore store = stores().idempotency();
        WorkspaceId acme = workspace("acme");
        UUID effect = UUID.randomUUID();

        Claim.Leased first = (Claim.Leased) lease(store, effect, REQUEST, SHORT);
        assertThat(lease(store, UUID.randomUUID(), REQUEST, SHORT)).isInstanceOfSatisfying(Claim.Busy.class, busy -> {
            assertThat(busy.left()).isBetween(Duration.ZERO, SHORT);
            assertThat(busy.request()).contains(REQUEST);
        });
        pass(SHORT);
        assertThat(lease(store, UUID.randomUUID(), OTHER_REQUEST, SHORT)).isInstanceOf(Claim.Busy.class);
        Claim.Leased second = (Claim.Leased) lease(store, UUID.randomUUID(), REQUEST, Duration.ofMinutes(1));

        assertThat(second.token()).isGreaterThan(first.token());
        assertThat(second.effectId()).isEqualTo(effect);
        assertThat(store.renew(acme, scope("k"), first.token(), SHORT, now())).isFalse();
        store.release(acme, scope("k"), first.token(), now());
        assertThat(lease(store, UUID.randomUUID(), REQUEST, SHORT))
                .as("still the second's")
                .isInstanceOf(Claim.Busy.class);
        boolean late = stores().transact(tx -> tx.idempotency()
                .finishLeased(acme, scope("k"), first.token(), result(REQUEST, "\"late\"", Duration.ofDays(1), false)));
        assertThat(late).isFalse();
        boolean inTime = stores().transact(tx -> tx.idempotency()
                .finishLeased(
                        acme, scope("k"), second.token(), result(REQUEST, "\"in time\"", Duration.ofDays(1), false)));
        assertThat(inTime).isTrue();
        assertThat(store.find(acme, scope("k"), false, now()))
                .isInstanceOfSatisfying(
                        Claim.Finished.class,
                        finished -> assertThat(finished.json()).isEqualTo("\"in time\""));
        assertThat(store.renew(acme, scope("k"), second.token(), SHORT, now())).isFalse();
    }

    @Test
    void ofManyWhoWantAnEndedLeaseOneGetsIt() {
        plg(ONBOARDING);
        lease(stores().idempotency(), UUID.randomUUID(), REQUEST, SHORT);
        pass(SHORT);

        List<Claim> claims =
                Race.of(12, number -> lease(stores().idempotency(), UUID.randomUUID(), REQUEST, Duration.ofMinutes(1)));

        assertThat(claims).filteredOn(Claim.Leased.class::isInstance).hasSize(1);
        assertThat(claims).filteredOn(Claim.Busy.class::isInstance).hasSize(11);
    }

    @Test
    void aRenewedLeaseIsHeldLongerAndAReleasedOneIsFree() {
        plg(ONBOARDING);
        IdempotencyStore store = stores().idempotency();
        Claim.Leased first = (Claim.Leased) lease(store, UUID.randomUUID(), REQUEST, SHORT);

        assertThat(store.renew(workspace("acme"), scope("k"), first.token(), Duration.ofMinutes(1), now()))
                .isTrue();
        pass(SHORT);
        assertThat(lease(store, UUID.randomUUID(), REQUEST, SHORT)).isInstanceOf(Claim.Busy.class);
        store.release(workspace("acme"), scope("k"), first.token(), now());
        assertThat(lease(store, UUID.randomUUID(), REQUEST, SHORT)).isInstanceOf(Claim.Leased.class);
    }

    @Test
    void whoLosesTheLeaseWhileCallingIsToldAndStoresNothing() {
        Plg plg = plg(ONBOARDING);
        var lost = new AtomicBoolean();

        assertThatThrownBy(() -> idempotency(plg, "acme")
                        .executeLeased(
                                REDEEM.lease(Duration.ofSeconds(1)),
                                ada(),
                                key("k"),
                                REQUEST,
                                lease -> {
                                    assertThat(lease.isLost()).isFalse();
                                    takeOver(lease);
                                    long until = System.nanoTime()
                                            + Duration.ofSeconds(20).toNanos();
                                    while (!lease.isLost() && System.nanoTime() < until) {
                                        LockSupport.parkNanos(10_000_000); // until the next beat
                                    }
                                    lost.set(lease.isLost());
                                    return "late";
                                },
                                (tx, answer) -> grant(tx)))
                .isInstanceOfSatisfying(
                        LeaseLost.class, e -> assertThat(e.isRetryable()).isTrue());

        assertThat(lost).as("the call could know").isTrue();
        assertThat(grants(plg, "acme")).isZero();
        assertThat(redeem(plg, "acme", "k", REQUEST, new AtomicInteger()).orThrow())
                .isEqualTo(new Grant("of the other", ""));
    }

    @Test
    void aCallThatFailsBecauseAnotherLeaseWasLostGivesItsOwnBack() {
        Plg plg = plg(ONBOARDING);
        var ofAnother = new LeaseLost(scope("another"));

        assertThatThrownBy(() -> idempotency(plg, "acme")
                        .executeLeased(REDEEM.lease(Duration.ofHours(1)), ada(), key("k"), REQUEST, lease -> {
                            throw ofAnother;
                        }))
                .isSameAs(ofAnother);

        assertThat(idempotency(plg, "acme")
                        .executeLeased(REDEEM.failFast(), ada(), key("k"), REQUEST, lease -> new Grant("g", "")))
                .isInstanceOf(Outcome.Executed.class);
    }

    /** Another node finds the lease ended, takes over and finishes. */
    private void takeOver(Lease held) {
        IdempotencyStore store = stores().idempotency();
        store.renew(workspace("acme"), scope("k"), held.token(), Duration.ZERO, now());
        var other = (Claim.Leased) lease(store, UUID.randomUUID(), REQUEST, Duration.ofMinutes(1));
        stores().transact(tx -> tx.idempotency()
                .finishLeased(
                        workspace("acme"),
                        scope("k"),
                        other.token(),
                        result(REQUEST, "{\"id\":\"of the other\",\"note\":\"\"}", Duration.ofDays(1), false)));
    }

    // ---- retention

    @Test
    void whatIsOlderThanItsRetentionIsRemovedAndTheKeyIsFreeUnlessItWasFinancial() {
        Plg plg = plg(ONBOARDING);
        finish("old", false, Duration.ZERO);
        finish("old and financial", true, Duration.ZERO);
        finish("kept", false, Duration.ofDays(1));
        pass(Duration.ofMillis(5));

        assertThat(plg.removeExpired()).isGreaterThanOrEqualTo(2);

        var runs = new AtomicInteger();
        assertThat(redeem(plg, "acme", "old", REQUEST, runs)).isInstanceOf(Outcome.Executed.class);
        assertThat(redeem(plg, "acme", "kept", REQUEST, runs)).isInstanceOf(Outcome.Replayed.class);
        Operation<Grant> financial = Operation.financial("redeem", Grant.class);
        Outcome<Grant> logged = idempotency(plg, "acme")
                .execute(financial, ada(), key("old and financial"), REQUEST, tx -> counted(tx, runs));
        assertThat(logged)
                .isInstanceOfSatisfying(
                        Outcome.Replayed.class,
                        replayed -> assertThat(replayed.kept()).isFalse());
        assertThat(idempotency(plg, "acme")
                        .execute(financial, ada(), key("old and financial"), OTHER_REQUEST, tx -> counted(tx, runs)))
                .isInstanceOf(Outcome.Mismatch.class);
        assertThat(idempotency(plg, "acme")
                        .executeLeased(financial, ada(), key("old and financial"), REQUEST, lease -> new Grant("", "")))
                .isInstanceOf(Outcome.Replayed.class);
        assertThat(runs).hasValue(1);
    }

    @Test
    void aFinancialLeasedCallIsLoggedTooAndTheLogIsFoundByEveryWayOfAsking() {
        Plg plg = plg(ONBOARDING);
        UUID effect = UUID.randomUUID();
        var leased = (Claim.Leased) stores().idempotency()
                .lease(workspace("acme"), scope("k"), REQUEST, effect, SHORT, Duration.ofDays(1), true, now());
        stores().transact(tx -> tx.idempotency()
                .finishLeased(
                        workspace("acme"),
                        scope("k"),
                        leased.token(),
                        new Result(REQUEST, effect, "1", Duration.ZERO, true, now())));
        pass(Duration.ofMillis(5));
        plg.removeExpired();

        var logged = new Claim.Finished(REQUEST, effect, null);
        IdempotencyStore store = stores().idempotency();
        assertThat(store.find(workspace("acme"), scope("k"), true, now())).isEqualTo(logged);
        assertThat(stores().<Claim, RuntimeException>transact(tx ->
                        tx.idempotency().claim(workspace("acme"), scope("k"), true, Duration.ZERO, now())))
                .isEqualTo(logged);
        assertThat(store.lease(
                        workspace("acme"),
                        scope("k"),
                        REQUEST,
                        UUID.randomUUID(),
                        SHORT,
                        Duration.ofDays(1),
                        true,
                        now()))
                .isEqualTo(logged);

        // A lease that does not ask the log leaves a row that must not hide it.
        store.lease(workspace("acme"), scope("k"), REQUEST, UUID.randomUUID(), SHORT, Duration.ofDays(1), false, now());
        pass(SHORT);
        assertThat(store.find(workspace("acme"), scope("k"), true, now())).isEqualTo(logged);
        assertThat(stores().<Claim, RuntimeException>transact(tx ->
                        tx.idempotency().claim(workspace("acme"), scope("k"), true, Duration.ZERO, now())))
                .isEqualTo(logged);
    }

    @Test
    void aLeaseThatIsHeldOutlivesARemovalAndTheTokensOfAForgottenKeyDoNotComeAgain() {
        Plg plg = plg(ONBOARDING);
        IdempotencyStore store = stores().idempotency();
        var held = (Claim.Leased) store.lease(
                workspace("acme"),
                scope("k"),
                REQUEST,
                UUID.randomUUID(),
                Duration.ofMinutes(1),
                Duration.ZERO,
                false,
                now());
        plg.removeExpired();
        assertThat(store.find(workspace("acme"), scope("k"), false, now())).isInstanceOf(Claim.Busy.class);

        store.release(workspace("acme"), scope("k"), held.token(), now());
        pass(Duration.ofMillis(5));
        plg.removeExpired();
        assertThat(store.find(workspace("acme"), scope("k"), false, now())).isEqualTo(Claim.Free.UNTRIED);
        var again = (Claim.Leased) lease(store, UUID.randomUUID(), REQUEST, SHORT);
        assertThat(again.token()).isGreaterThan(held.token());
        assertThat(store.renew(workspace("acme"), scope("k"), held.token(), SHORT, now()))
                .isFalse();
    }

    @Test
    void aResultThatIsThereIsNeverOverwritten() {
        plg(ONBOARDING);
        finish("k", false, Duration.ofDays(1));

        assertThatThrownBy(() -> stores().transact(tx -> {
                    tx.idempotency()
                            .finish(workspace("acme"), scope("k"), result(REQUEST, "2", Duration.ofDays(1), false));
                    return true;
                }))
                .isInstanceOf(TransactionConflict.class);
        assertThat(((Claim.Finished) stores().idempotency().find(workspace("acme"), scope("k"), false, now())).json())
                .contains("\"g\"");
    }

    @Test
    void nothingIsRemovedInsideATransaction() {
        Plg plg = plg(ONBOARDING);

        plg.transact(tx -> {
            for (Plg each : List.of(tx, plg)) {
                assertThatThrownBy(each::removeExpired)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("transaction");
            }
        });
    }

    @Test
    void manyExpiredKeysOfManyWorkspacesAreRemovedAll() {
        Plg plg = plg(ONBOARDING);
        stores().transact(tx -> {
            for (int i = 0; i < 1_100; i++) {
                WorkspaceId where = workspace(i < 1_050 ? "acme" : "w" + i);
                tx.idempotency().claim(where, scope("k" + i), false, Duration.ZERO, now());
                tx.idempotency().finish(where, scope("k" + i), result(REQUEST, "1", Duration.ZERO, false));
            }
            return true;
        });
        pass(Duration.ofMillis(5));

        assertThat(plg.removeExpired()).isGreaterThanOrEqualTo(1_100);
        for (int i : List.of(0, 1_049, 1_050, 1_099)) {
            assertThat(stores().idempotency()
                            .find(workspace(i < 1_050 ? "acme" : "w" + i), scope("k" + i), true, now()))
                    .isInstanceOf(Claim.Free.class);
        }
    }

    private void finish(String key, boolean financial, Duration retention) {
        stores().transact(tx -> {
            tx.idempotency().claim(workspace("acme"), scope(key), financial, Duration.ZERO, now());
            tx.idempotency()
                    .finish(
                            workspace("acme"),
                            scope(key),
                            result(REQUEST, "{\"id\":\"g\",\"note\":\"\"}", retention, financial));
            return true;
        });
    }

    // ---- what the tests are made of

    private Claim lease(IdempotencyStore store, UUID effect, Fingerprint request, Duration length) {
        return store.lease(workspace("acme"), scope("k"), request, effect, length, Duration.ofDays(1), false, now());
    }

    private Result result(Fingerprint request, String json, Duration retention, boolean financial) {
        return new Result(request, UUID.randomUUID(), json, retention, financial, now());
    }

    private Scope scope(String key) {
        return new Scope(ada(), REDEEM.name(), key(key));
    }

    private Instant now() {
        return clock().instant();
    }

    /** Lets time pass by every clock. */
    private void pass(Duration time) {
        clock().advance(time);
        LockSupport.parkNanos(time.toNanos() + 1_000_000);
    }

    private Outcome<Grant> redeem(Plg plg, String workspace, String key, Fingerprint request, AtomicInteger runs) {
        return idempotency(plg, workspace).execute(REDEEM, ada(), key(key), request, tx -> counted(tx, runs));
    }

    private Grant counted(Execution tx, AtomicInteger runs) {
        runs.incrementAndGet();
        return grant(tx);
    }

    /** Stores something that can be counted. */
    private Grant grant(Execution tx) {
        tx.activation(ONBOARDING).complete(CREATED.by(UserId.of("grant-" + UUID.randomUUID())));
        return new Grant(tx.effectId().toString(), "granted");
    }

    private long grants(Plg plg, String workspace) {
        return plg.workspace(workspace(workspace))
                .activation(ONBOARDING)
                .report(Cohort.everyone())
                .signedUp();
    }

    private Idempotency<Execution> idempotency(Plg plg, String workspace) {
        return plg.workspace(workspace(workspace)).idempotency();
    }

    private static Idempotency<Execution> idempotency(Execution tx) {
        return tx.idempotency();
    }

    private Principal ada() {
        return Principal.by(user("ada"));
    }

    private static IdempotencyKey key(String value) {
        return IdempotencyKey.of(value);
    }

    private static UUID effectOf(Outcome<?> outcome) {
        return outcome instanceof Outcome.Executed<?> executed
                ? executed.effectId()
                : ((Outcome.Replayed<?>) outcome).effectId();
    }
}
