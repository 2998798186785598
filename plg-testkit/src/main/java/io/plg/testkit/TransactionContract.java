package io.plg.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.Plg;
import io.plg.PlgListener;
import io.plg.PlgStores;
import io.plg.UserId;
import io.plg.Workspace;
import io.plg.activation.Activation;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.ActivationState;
import io.plg.activation.Cohort;
import io.plg.activation.StepCompletion;
import io.plg.activation.UnknownStep;
import io.plg.event.GrowthEvent;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a transaction is on every store: all of it or nothing, unseen by others before its commit, joined by what is called inside it,
 * and told to listeners only after the commit.
 */
@SuppressWarnings("NullAway") // what is null against expectation fails the test, as it should
public abstract class TransactionContract extends StoreContract {
    private static final Instant T0 = Instant.parse("2026-03-01T00:00:00Z");

    /** Called by the adapter's test. */
    protected TransactionContract() {}

    // ---- all or nothing
    // ---------------------------------------------------------------------------------------------------

    @Test
    void workThatReturnsIsStoredAsAWholeAndItsResultIsHandedOn() {
        Plg plg = plg(ONBOARDING);

        String result = plg.inTransaction(tx -> {
            onboarding(tx).complete("ada", CREATED);
            onboarding(tx).signedUp("lin", T0);
            onboarding(tx).completeAll(List.of(PROJECT.by("ada"), PROJECT.by("bob")));
            return "done";
        });

        assertThat(result).isEqualTo("done");
        assertThat(onboarding(plg).state("ada").completed()).containsOnlyKeys(CREATED, PROJECT);
        assertThat(onboarding(plg).state("lin").hostSignUp()).contains(T0);
        assertThat(stored("bob").completed()).containsOnlyKeys(PROJECT);
        assertThat(heard().inShort())
                .containsExactly("ada completed " + CREATED, "ada completed " + PROJECT, "bob completed " + PROJECT);
    }

    @Test
    void workMayReturnNull() {
        Plg plg = plg(ONBOARDING);

        @Nullable
        String result = plg.<@Nullable String, RuntimeException>inTransaction(tx -> {
            onboarding(tx).complete("ada", CREATED);
            return null;
        });

        assertThat(result).isNull();
        assertThat(stored("ada").completed()).containsOnlyKeys(CREATED);
    }

    @Test
    void workThatThrowsLeavesNoTraceAndWhatItThrewReachesTheCallerUnchanged() {
        Plg plg = plg(ONBOARDING);
        onboarding(plg).complete("ada", CREATED);
        ActivationState before = onboarding(plg).state("ada");

        for (Throwable thrown : List.of(
                new IllegalStateException("unchecked"), new IOException("checked"), new AssertionError("error"))) {
            assertThatThrownBy(() -> plg.<Exception>transact(tx -> {
                        onboarding(tx).complete("ada", PROJECT);
                        onboarding(tx).complete("lin", EXPORTED);
                        onboarding(tx).signedUp("ada", T0);
                        onboarding(tx).signedUp("bob", T0);
                        onboarding(tx).completeAll(List.of(INVITED.by("ada"), CREATED.by("zoe")));
                        throwAny(thrown);
                    }))
                    .isSameAs(thrown)
                    .hasNoCause();
        }

        assertThat(onboarding(plg).state("ada")).isEqualTo(before).isEqualTo(stored("ada"));
        for (String user : List.of("lin", "bob", "zoe")) {
            assertThat(stored(user)).isEqualTo(nothingKnownOf(user));
            assertThat(onboarding(plg).state(user)).isEqualTo(nothingKnownOf(user));
        }
        assertThat(onboarding(plg).report(Cohort.everyone()).signedUp()).isEqualTo(1);
        assertThat(heard().inShort()).containsExactly("ada completed " + CREATED);
    }

    @Test
    void aRollbackLeavesNothingBesideTheFactsEither() {
        StoreInspection inspection = inspectionOrSkip();
        Plg plg = plg(ONBOARDING);
        onboarding(plg).complete("ada", CREATED);

        rolledBack(plg, tx -> {
            onboarding(tx).complete("ada", EXPORTED);
            onboarding(tx).completeAll(List.of(CREATED.by("lin"), PROJECT.by("ada")));
        });

        assertThat(inspection.eventIds(workspace("acme")))
                .isEqualTo(heard().ids())
                .hasSize(1);
        assertThat(inspection.score(workspace("acme"), ONBOARDING, UserId.of("ada")))
                .hasValue(25);
        assertThat(inspection
                        .score(workspace("acme"), ONBOARDING, UserId.of("lin"))
                        .orElse(0))
                .isZero();
    }

    @Test
    void aTransactionSpansWorkspacesAndFunnels() {
        var team = ActivationFunnel.named("team").step("invited").step("joined").build();
        Plg plg = plg(ONBOARDING, team);

        for (boolean commits : new boolean[] {false, true}) {
            TransactionBody work = tx -> {
                Workspace acme = tx.workspace(workspace("acme"));
                Workspace globex = tx.workspace(workspace("globex"));
                acme.activation(ONBOARDING).complete("ada", CREATED);
                globex.activation(team).complete("ada", "invited");
                acme.activation(team).complete("ada", "joined");
                assertThat(acme.activation(ONBOARDING).state("ada").completed()).containsOnlyKeys(CREATED);
                assertThat(globex.activation(ONBOARDING).state("ada").completed())
                        .isEmpty();
                assertThat(globex.activation(team).state("ada").score()).isEqualTo(50);
            };
            if (commits) {
                plg.transact(work::run);
            } else {
                rolledBack(plg, work);
            }
            int stored = commits ? 1 : 0;
            Workspace acme = plg.workspace(workspace("acme"));
            Workspace globex = plg.workspace(workspace("globex"));
            assertThat(acme.activation(ONBOARDING).state("ada").completed()).hasSize(stored);
            assertThat(acme.activation(team).state("ada").completed()).hasSize(stored);
            assertThat(globex.activation(team).state("ada").completed()).hasSize(stored);
            assertThat(globex.activation(ONBOARDING).state("ada").completed()).isEmpty();
        }
    }

    @Test
    void aRepeatAndAnUnknownStepDoNotSpoilTheTransaction() {
        Plg plg = plg(ONBOARDING);
        onboarding(plg).complete("ada", CREATED);
        onboarding(plg).signedUp("ada", T0);

        plg.transact(tx -> {
            onboarding(tx).complete("ada", PROJECT);
            onboarding(tx).complete("ada", CREATED);
            onboarding(tx).signedUp("ada", T0.plusSeconds(1));
            onboarding(tx).completeAll(List.of(CREATED.by("ada"), PROJECT.by("ada")));
            assertThatThrownBy(() -> onboarding(tx).complete("ada", "nope")).isInstanceOf(UnknownStep.class);
            onboarding(tx).complete("ada", EXPORTED);
        });

        assertThat(stored("ada").completed()).containsOnlyKeys(CREATED, PROJECT, EXPORTED);
        assertThat(stored("ada").hostSignUp()).contains(T0);
        assertThat(heard().inShort())
                .containsExactly(
                        "ada completed " + CREATED,
                        "ada completed " + PROJECT,
                        "ada completed " + EXPORTED,
                        "ada activated by " + EXPORTED);
    }

    // ---- who takes part
    // ---------------------------------------------------------------------------------------------------

    @Test
    void aTransactionSeesWhatItWrote() {
        Plg plg = plg(ONBOARDING);
        onboarding(plg).state("ada");

        rolledBack(plg, tx -> {
            onboarding(tx).signedUp("ada", T0);
            onboarding(tx).complete("ada", EXPORTED);
            assertThat(onboarding(tx).state("ada").activated()).isTrue();
            assertThat(onboarding(plg).state("ada").activated()).isTrue();
            assertThat(onboarding(tx).report(Cohort.everyone()).activated()).isEqualTo(1);
            assertThat(onboarding(tx).reportBy(Cohort.everyone(), "company")).containsOnlyKeys("");
        });

        assertThat(onboarding(plg).state("ada")).isEqualTo(nothingKnownOf("ada"));
    }

    @Test
    void nothingThatWasReadInATransactionIsRememberedAfterItsRollback() {
        Plg plg = plg(ONBOARDING);
        onboarding(plg).complete("ada", CREATED);
        ActivationState before = onboarding(plg).state("ada");

        for (int i = 0; i < 3; i++) {
            rolledBack(plg, tx -> {
                onboarding(tx).complete("ada", EXPORTED);
                onboarding(tx).state("ada");
                onboarding(plg).state("ada");
            });
            assertThat(onboarding(plg).state("ada")).isEqualTo(before);
        }
        plg.transact(tx -> onboarding(tx).complete("ada", EXPORTED));
        assertThat(onboarding(plg).state("ada").activated()).isTrue();
    }

    @Test
    void whatIsCalledOnTheRootFromTheSameThreadTakesPart() {
        Plg plg = plg(ONBOARDING);
        Activation keptFromBefore = onboarding(plg);

        rolledBack(plg, tx -> {
            keptFromBefore.complete("ada", CREATED);
            onboarding(plg).complete("ada", PROJECT);
            onboarding(plg).signedUp("lin", T0);
            onboarding(plg).completeAll(List.of(CREATED.by("bob")));
            assertThat(onboarding(tx).state("ada").completed()).containsOnlyKeys(CREATED, PROJECT);
            assertThat(heard().all()).isEmpty();
        });

        for (String user : List.of("ada", "lin", "bob")) {
            assertThat(stored(user)).isEqualTo(nothingKnownOf(user));
        }
        assertThat(heard().all()).isEmpty();
        keptFromBefore.complete("ada", INVITED);
        assertThat(stored("ada").completed()).containsOnlyKeys(INVITED);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anotherThreadSeesNothingBeforeTheCommit(boolean commits) {
        Plg plg = plg(ONBOARDING);
        onboarding(plg).complete("ada", CREATED);
        var reading = new CountDownLatch(1);
        var reader = new AtomicReference<Future<ActivationState>>();
        var readWhileOpen = new AtomicReference<ActivationState>();

        TransactionBody work = tx -> {
            onboarding(tx).complete("ada", EXPORTED);
            Future<ActivationState> running = Race.inBackground(() -> {
                reading.countDown();
                return onboarding(plg).state("ada");
            });
            reader.set(running);
            await(reading);
            Race.giveTimeTo(running);
            if (running.isDone()) {
                readWhileOpen.set(Race.resultOf(running));
            }
        };
        if (commits) {
            plg.transact(work::run);
        } else {
            rolledBack(plg, work);
        }

        ActivationState read = Race.resultOf(reader.get());
        if (!commits || readWhileOpen.get() != null) {
            assertThat(read.completed()).containsOnlyKeys(CREATED);
        }
        assertThat(Race.of(1, number -> onboarding(plg).state("ada")).get(0).activated())
                .isEqualTo(commits);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whetherASecondOneIsTheFirstIsDecidedByHowTheFirstOneEnds(boolean commits) {
        Plg plg = plg(ONBOARDING);
        onboarding(plg).complete("ada", CREATED);
        var trying = new CountDownLatch(1);
        var second = new AtomicReference<Future<ActivationState>>();

        TransactionBody work = tx -> {
            onboarding(tx).complete(EXPORTED.by("ada").at(T0));
            onboarding(tx).complete(PROJECT.by("ada").at(T0));
            Future<ActivationState> running = Race.inBackground(() -> {
                trying.countDown();
                return onboarding(plg).complete(EXPORTED.by("ada").at(T0.plusSeconds(1)));
            });
            second.set(running);
            await(trying);
            Race.giveTimeTo(running);
        };
        if (commits) {
            plg.transact(work::run);
        } else {
            rolledBack(plg, work);
        }

        ActivationState told = Race.resultOf(second.get());
        assertThat(told).isEqualTo(stored("ada"));
        assertThat(told.activatedAt()).contains(commits ? T0 : T0.plusSeconds(1));
        assertThat(told.completed()).hasSize(commits ? 3 : 2);
        assertThat(heard().inShort().stream().filter(("ada activated by " + EXPORTED)::equals))
                .hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whoseSignUpIsTheFirstIsDecidedByHowTheFirstOneEnds(boolean commits) {
        Plg plg = plg(ONBOARDING);
        var trying = new CountDownLatch(1);
        var second = new AtomicReference<Future<ActivationState>>();

        TransactionBody work = tx -> {
            onboarding(tx).signedUp("ada", T0);
            Future<ActivationState> running = Race.inBackground(() -> {
                trying.countDown();
                return onboarding(plg).signedUp("ada", T0.plusSeconds(1));
            });
            second.set(running);
            await(trying);
            Race.giveTimeTo(running);
        };
        if (commits) {
            plg.transact(work::run);
        } else {
            rolledBack(plg, work);
        }

        assertThat(Race.resultOf(second.get()).hostSignUp()).contains(commits ? T0 : T0.plusSeconds(1));
        assertThat(stored("ada").hostSignUp()).contains(commits ? T0 : T0.plusSeconds(1));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theScoreIsRightWhenTwoTransactionsCompleteDifferentStepsOfOneUser(boolean commits) {
        StoreInspection inspection = inspectionOrSkip();
        Plg plg = plg(ONBOARDING);
        onboarding(plg).complete("ada", CREATED);
        var trying = new CountDownLatch(1);
        var second = new AtomicReference<Future<ActivationState>>();

        TransactionBody work = tx -> {
            onboarding(tx).complete("ada", PROJECT);
            Future<ActivationState> running = Race.inBackground(() -> {
                trying.countDown();
                return onboarding(plg).complete("ada", INVITED);
            });
            second.set(running);
            await(trying);
            Race.giveTimeTo(running);
        };
        if (commits) {
            plg.transact(work::run);
        } else {
            rolledBack(plg, work);
        }

        Race.resultOf(second.get());
        assertThat(stored("ada").score()).isEqualTo(commits ? 75 : 50);
        assertThat(inspection.score(workspace("acme"), ONBOARDING, UserId.of("ada")))
                .hasValue(commits ? 75 : 50);
    }

    @Test
    void transactionsOfManyThreadsAreEachAllOrNothing() {
        Plg plg = plg(ONBOARDING);
        int threads = 8;
        int rounds = 12;

        List<Integer> committed = Race.of(threads, number -> {
            int commits = 0;
            for (int round = 0; round < rounds; round++) {
                String own = "user " + number + "/" + round;
                boolean fails = (number + round) % 3 == 0;
                TransactionBody work = tx -> {
                    onboarding(tx).complete(own, CREATED);
                    onboarding(plg).complete(own, EXPORTED);
                };
                if (fails) {
                    rolledBack(plg, work);
                } else {
                    plg.transact(work::run);
                    commits++;
                }
            }
            return commits;
        });

        int commits = committed.stream().mapToInt(Integer::intValue).sum();
        assertThat(onboarding(plg).report(Cohort.everyone()).signedUp()).isEqualTo(commits);
        assertThat(onboarding(plg).report(Cohort.everyone()).activated()).isEqualTo(commits);
        assertThat(heard().all()).hasSize(3 * commits);
        assertThat(heard().inShort()).doesNotHaveDuplicates();
    }

    // ---- a transaction in a transaction
    // -----------------------------------------------------------------------------------

    @Test
    void aNestedTransactionThatThrowsUndoesOnlyWhatItDid() {
        Plg plg = plg(ONBOARDING);

        plg.transact(tx -> {
            onboarding(tx).complete("ada", CREATED);
            rolledBack(tx, nested -> {
                onboarding(nested).complete("ada", PROJECT);
                onboarding(nested).signedUp("ada", T0);
                onboarding(plg).complete("lin", EXPORTED);
                assertThat(onboarding(tx).state("ada").completed()).containsOnlyKeys(CREATED, PROJECT);
            });
            assertThat(onboarding(tx).state("ada").completed()).containsOnlyKeys(CREATED);
            rolledBack(plg, nested -> onboarding(nested).complete("ada", PROJECT));
            onboarding(tx).complete("ada", INVITED);
        });

        assertThat(stored("ada").completed()).containsOnlyKeys(CREATED, INVITED);
        assertThat(stored("ada").hostSignUp()).isEmpty();
        assertThat(stored("lin")).isEqualTo(nothingKnownOf("lin"));
        assertThat(onboarding(plg).state("lin")).isEqualTo(nothingKnownOf("lin"));
        assertThat(heard().inShort()).containsExactly("ada completed " + CREATED, "ada completed " + INVITED);
    }

    @Test
    void aNestedTransactionThatReturnsIsRolledBackWithTheOuterOne() {
        Plg plg = plg(ONBOARDING);

        rolledBack(plg, tx -> {
            tx.transact(nested -> onboarding(nested).complete("ada", CREATED));
            plg.transact(nested -> onboarding(nested).complete("ada", PROJECT));
            assertThat(heard().all()).isEmpty();
        });

        assertThat(stored("ada")).isEqualTo(nothingKnownOf("ada"));
        assertThat(heard().all()).isEmpty();
    }

    @Test
    void nestedTransactionsCommitWithTheOuterOneAndAreToldInOrder() {
        Plg plg = plg(ONBOARDING);

        int depth = plg.inTransaction(tx -> {
            onboarding(tx).complete("ada", INVITED);
            int reached = tx.inTransaction(second -> {
                onboarding(second).complete("ada", CREATED);
                rolledBack(second, third -> onboarding(third).complete("ada", EXPORTED));
                return second.inTransaction(third -> {
                    onboarding(third).complete("ada", PROJECT);
                    return 3;
                });
            });
            assertThat(heard().all()).isEmpty();
            onboarding(tx).complete("lin", CREATED);
            return reached;
        });

        assertThat(depth).isEqualTo(3);
        assertThat(stored("ada").completed()).containsOnlyKeys(CREATED, PROJECT, INVITED);
        assertThat(heard().inShort())
                .containsExactly(
                        "ada completed " + INVITED,
                        "ada completed " + CREATED,
                        "ada completed " + PROJECT,
                        "lin completed " + CREATED);
    }

    @Test
    void whatANestedTransactionUndidCanBeDoneAgainInTheOuterOne() {
        Plg plg = plg(ONBOARDING);

        plg.transact(tx -> {
            rolledBack(
                    tx,
                    nested -> onboarding(nested)
                            .complete(EXPORTED.by("ada").at(T0).with("told", "undone")));
            onboarding(tx).complete(EXPORTED.by("ada").at(T0.plusSeconds(1)).with("told", "done"));
        });

        assertThat(stored("ada").activatedAt()).contains(T0.plusSeconds(1));
        assertThat(stored("ada").completed().get(EXPORTED).metadata()).containsEntry("told", "done");
        assertThat(heard().inShort()).containsExactly("ada completed " + EXPORTED, "ada activated by " + EXPORTED);
        inspection()
                .ifPresent(inspection -> assertThat(inspection.eventIds(workspace("acme")))
                        .containsExactlyInAnyOrderElementsOf(heard().ids()));
    }

    // ---- after the end
    // ----------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatWasBoundToATransactionIsUselessAfterItsEnd(boolean commits) {
        Plg plg = plg(ONBOARDING);
        var leakedPlg = new AtomicReference<Plg>();
        var leakedView = new AtomicReference<Activation>();
        TransactionBody work = tx -> {
            leakedPlg.set(tx);
            leakedView.set(onboarding(tx));
        };
        if (commits) {
            plg.transact(work::run);
        } else {
            rolledBack(plg, work);
        }

        assertThatUseless(leakedPlg.get(), leakedView.get());
        plg.transact(another -> assertThatUseless(leakedPlg.get(), leakedView.get()));

        assertThat(stored("ada")).isEqualTo(nothingKnownOf("ada"));
        assertThat(heard().all()).isEmpty();
    }

    @Test
    void whatWasBoundToANestedTransactionIsUselessAfterItsEnd() {
        Plg plg = plg(ONBOARDING);

        plg.transact(tx -> {
            var leaked = new AtomicReference<Plg>();
            tx.transact(leaked::set);
            assertThatUseless(leaked.get(), null);
            onboarding(tx).complete("lin", CREATED);
        });

        assertThat(stored("ada")).isEqualTo(nothingKnownOf("ada"));
        assertThat(stored("lin").completed()).containsOnlyKeys(CREATED);
    }

    @Test
    void closingABoundOneDoesNothingAndClosingTheRootAgainNeither() {
        Plg plg = plg(ONBOARDING);

        plg.transact(tx -> {
            tx.close();
            onboarding(tx).complete("ada", CREATED);
        });

        assertThat(stored("ada").completed()).containsOnlyKeys(CREATED);
        plg.close();
        assertThatCode(plg::close).doesNotThrowAnyException();
    }

    // ---- listeners
    // --------------------------------------------------------------------------------------------------------

    @Test
    void listenersAreToldAfterTheCommitInOrderAndNeverBefore() {
        Plg plg = plg(ONBOARDING);

        plg.transact(tx -> {
            onboarding(tx).complete("ada", EXPORTED);
            onboarding(plg).completeAll(List.of(CREATED.by("lin"), CREATED.by("ada")));
            onboarding(tx).complete("lin", PROJECT);
            assertThat(heard().all()).isEmpty();
        });

        assertThat(heard().inShort())
                .containsExactly(
                        "ada completed " + EXPORTED,
                        "ada activated by " + EXPORTED,
                        "lin completed " + CREATED,
                        "ada completed " + CREATED,
                        "lin completed " + PROJECT);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatAListenerHearsOfIsCommittedAndSeenByEveryThread(boolean inTransaction) {
        var here = new ArrayList<ActivationState>();
        var elsewhere = new ArrayList<ActivationState>();
        var plg = new AtomicReference<Plg>();
        plg.set(plg(List.of(ONBOARDING), List.of(new PlgListener() {
            @Override
            public void onEvent(GrowthEvent event) {
                here.add(onboarding(plg.get()).state(event.user()));
                elsewhere.addAll(Race.of(1, number -> onboarding(plg.get()).state(event.user())));
            }
        })));

        if (inTransaction) {
            plg.get().transact(tx -> onboarding(tx).complete("ada", CREATED));
        } else {
            onboarding(plg.get()).complete("ada", CREATED);
        }

        assertThat(here).containsExactly(stored("ada"));
        assertThat(elsewhere).containsExactly(stored("ada"));
        assertThat(stored("ada").completed()).containsOnlyKeys(CREATED);
    }

    @Test
    void whatAListenerDoesIsATransactionOfItsOwn() {
        var plg = new AtomicReference<Plg>();
        var failure = new IllegalStateException("the listener's own transaction fails");
        plg.set(plg(List.of(ONBOARDING), List.of(new PlgListener() {
            @Override
            public void onEvent(GrowthEvent event) {
                if (event.type().equals(GrowthEvent.UserActivated.TYPE)) {
                    onboarding(plg.get()).complete(event.user(), INVITED);
                    plg.get().transact(tx -> {
                        onboarding(tx).complete(event.user(), PROJECT);
                        throw failure;
                    });
                }
            }
        })));

        plg.get().transact(tx -> onboarding(tx).complete("ada", EXPORTED));

        assertThat(stored("ada").completed()).containsOnlyKeys(INVITED, EXPORTED);
    }

    @Test
    void aListenerThatThrowsHarmsNobody() {
        var second = new HeardEvents();
        Plg plg = plg(
                List.of(ONBOARDING),
                List.of(
                        heard(),
                        new PlgListener() {
                            @Override
                            public void onEvent(GrowthEvent event) {
                                throw new IllegalStateException("a listener of the contract test fails");
                            }
                        },
                        new PlgListener() {
                            @Override
                            public void onEvent(GrowthEvent event) {
                                throw new AssertionError("another listener of the contract test fails");
                            }
                        },
                        second));

        assertThat(onboarding(plg).complete("ada", EXPORTED).activated()).isTrue();
        plg.transact(tx -> onboarding(tx).complete("ada", CREATED));
        assertThat(onboarding(plg).completeAll(List.of(PROJECT.by("ada")))).isEqualTo(1);

        assertThat(stored("ada").completed()).containsOnlyKeys(CREATED, PROJECT, EXPORTED);
        assertThat(heard().inShort())
                .containsExactly(
                        "ada completed " + EXPORTED,
                        "ada activated by " + EXPORTED,
                        "ada completed " + CREATED,
                        "ada completed " + PROJECT);
        assertThat(second.all()).isEqualTo(heard().all());
    }

    // ---- what an adapter provides
    // -----------------------------------------------------------------------------------------

    @Test
    void tasksRunAfterTheCommitInOrderAndAtOnceWithoutATransaction() {
        PlgStores stores = stores();
        var ran = new ArrayList<String>();
        assertThat(stores.inTransaction()).isFalse();
        stores.afterCommit(() -> ran.add("at once"));
        assertThat(ran).containsExactly("at once");

        stores.transact(tx -> {
            assertThat(tx.inTransaction()).isTrue();
            tx.afterCommit(() -> ran.add("first"));
            tx.transact(nested -> {
                assertThat(nested.inTransaction()).isTrue();
                nested.afterCommit(() -> ran.add(
                        "second, by " + storedInBackground("ada").completed().size()));
                return "";
            });
            complete(tx, CREATED.by("ada").at(T0));
            tx.afterCommit(() -> ran.add("third"));
            assertThat(ran).hasSize(1);
            return "";
        });

        assertThat(ran).containsExactly("at once", "first", "second, by 1", "third");
        assertThat(stores.inTransaction()).isFalse();
    }

    @Test
    void tasksOfWhatWasRolledBackNeverRun() {
        PlgStores stores = stores();
        var ran = new ArrayList<String>();
        var failure = new IllegalStateException("rolled back by the test");

        assertThatThrownBy(() -> stores.transact(tx -> {
                    tx.afterCommit(() -> ran.add("never"));
                    tx.transact(nested -> {
                        nested.afterCommit(() -> ran.add("never either"));
                        return "";
                    });
                    throw failure;
                }))
                .isSameAs(failure);
        stores.transact(tx -> {
            tx.afterCommit(() -> ran.add("before"));
            assertThatThrownBy(() -> tx.transact(nested -> {
                        complete(nested, CREATED.by("lin").at(T0));
                        nested.afterCommit(() -> ran.add("never"));
                        throw failure;
                    }))
                    .isSameAs(failure);
            tx.afterCommit(() -> ran.add("after"));
            return "";
        });

        assertThat(ran).containsExactly("before", "after");
        assertThat(stored("lin")).isEqualTo(nothingKnownOf("lin"));
    }

    @Test
    void storesThatAreBoundToATransactionAreUselessAfterItsEnd() {
        PlgStores stores = stores();
        PlgStores ended = stores.transact(tx -> tx);

        assertThatThrownBy(() -> complete(ended, CREATED.by("ada").at(T0))).isInstanceOf(RuntimeException.class);
        assertThatThrownBy(() -> ended.activation().find(workspace("acme"), ONBOARDING, UserId.of("ada")))
                .isInstanceOf(RuntimeException.class);
        assertThatThrownBy(() -> ended.transact(tx -> "")).isInstanceOf(RuntimeException.class);
        stores.transact(another -> {
            assertThatThrownBy(() -> complete(ended, CREATED.by("ada").at(T0))).isInstanceOf(RuntimeException.class);
            return "";
        });

        assertThat(stored("ada")).isEqualTo(nothingKnownOf("ada"));
        stores.close();
        assertThatCode(stores::close).doesNotThrowAnyException();
    }

    // -----------------------------------------------------------------------------------------------------------------------

    private Activation onboarding(Plg plg) {
        return plg.workspace(workspace("acme")).activation(ONBOARDING);
    }

    /** What the store says, past the memory of {@code Plg}. */
    private ActivationState stored(String user) {
        return stores().activation().find(workspace("acme"), ONBOARDING, UserId.of(user));
    }

    private ActivationState storedInBackground(String user) {
        return Race.resultOf(Race.inBackground(() -> stored(user)));
    }

    private void complete(PlgStores stores, StepCompletion completion) {
        stores.activation().complete(workspace("acme"), ONBOARDING, completion, List.of());
    }

    private void assertThatUseless(Plg leaked, @Nullable Activation view) {
        assertThatThrownBy(() -> onboarding(leaked).complete("ada", CREATED)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> onboarding(leaked).state("ada")).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> leaked.transact(tx -> onboarding(tx).complete("ada", CREATED)))
                .isInstanceOf(IllegalStateException.class);
        if (view != null) {
            assertThatThrownBy(() -> view.complete("ada", CREATED)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> view.completeAll(List.of(CREATED.by("ada"))))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> view.signedUp("ada", T0)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> view.report(Cohort.everyone())).isInstanceOf(IllegalStateException.class);
        }
    }

    private static ActivationState nothingKnownOf(String user) {
        return new ActivationState(ONBOARDING, UserId.of(user), Map.of(), Optional.empty());
    }

    private static void rolledBack(Plg plg, TransactionBody work) {
        var failure = new IllegalStateException("rolled back by the test");
        assertThatThrownBy(() -> plg.transact(tx -> {
                    work.run(tx);
                    throw failure;
                }))
                .isSameAs(failure);
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("the test was interrupted", e);
        }
    }

    private static void throwAny(Throwable thrown) throws Exception {
        if (thrown instanceof Error error) {
            throw error;
        }
        throw (Exception) thrown;
    }

    private interface TransactionBody {
        void run(Plg tx);
    }
}
