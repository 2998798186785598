package io.plg.testkit;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.PlgStores;
import io.plg.TransactionWork;
import io.plg.UserErased;
import io.plg.UserId;
import io.plg.WorkspaceDeleted;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.ActivationState;
import io.plg.activation.ActivationStore;
import io.plg.activation.StepCompletion;
import io.plg.event.GrowthEvent;
import io.plg.memory.InMemoryStores;
import io.plg.tenancy.Erasure;
import io.plg.tenancy.TenancyStore;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

/** The contracts are worth something only if stores that break them fail: each test here breaks one rule. */
class WrongStoresTest {

    @Test
    void aStoreThatLooksBeforeItWritesLosesTheRace() {
        var wrong = activation((stores, target) -> new ForwardingStores.Activation(target) {
            @Override
            public Recorded complete(
                    WorkspaceId workspace,
                    ActivationFunnel funnel,
                    StepCompletion completion,
                    List<GrowthEvent> events) {
                ActivationState before = find(workspace, funnel, completion.user());
                if (before.completed().containsKey(completion.step())) {
                    return new Recorded(false, before);
                }
                LockSupport.parkNanos(20_000_000);
                return new Recorded(
                        true,
                        super.complete(workspace, funnel, completion, events).state());
            }
        });

        assertFails(wrong, ActivationStoreContract::ofManyThreadsThatCompleteOneStepExactlyOneIsTheFirst);
        assertFails(wrong, ActivationStoreContract::ofManyThreadsThatCompleteOneStepOneMakesTheEvents);
        assertPasses(wrong, ActivationStoreContract::aRepeatReturnsTheSameStateAndMakesNoEvent);
    }

    @Test
    void aStoreThatMixesUpUpperAndLowerCaseIsFoundOut() {
        var wrong = activation((stores, target) -> new ForwardingStores.Activation(target) {
            @Override
            public Recorded complete(
                    WorkspaceId workspace,
                    ActivationFunnel funnel,
                    StepCompletion completion,
                    List<GrowthEvent> events) {
                UserId lower = UserId.of(completion.user().value().toLowerCase(Locale.ROOT));
                return super.complete(
                        workspace,
                        funnel,
                        new StepCompletion(lower, completion.step(), completion.time(), completion.metadata()),
                        events);
            }
        });

        assertFails(wrong, ActivationStoreContract::idsAndNamesAreComparedByteByByte);
    }

    @Test
    void aStoreThatForgetsTheWorkspaceIsFoundOut() {
        var wrong = activation((stores, target) -> new ForwardingStores.Activation(target) {
            @Override
            public Recorded complete(
                    WorkspaceId workspace,
                    ActivationFunnel funnel,
                    StepCompletion completion,
                    List<GrowthEvent> events) {
                return super.complete(WorkspaceId.of("everywhere"), funnel, completion, events);
            }

            @Override
            public ActivationState find(WorkspaceId workspace, ActivationFunnel funnel, UserId user) {
                return super.find(WorkspaceId.of("everywhere"), funnel, user);
            }
        });

        assertFails(wrong, ActivationStoreContract::workspacesAreKeptApartAlsoWithTheSameUsersAndFunnels);
    }

    @Test
    void aStoreThatKeepsMillisecondsIsFoundOut() {
        var wrong = activation((stores, target) -> new ForwardingStores.Activation(target) {
            @Override
            public ActivationState signUp(WorkspaceId workspace, ActivationFunnel funnel, UserId user, Instant at) {
                return super.signUp(workspace, funnel, user, at.truncatedTo(ChronoUnit.MILLIS));
            }
        });

        assertFails(wrong, ActivationStoreContract::nanosecondsAreCutOffEverywhere);
    }

    @Test
    void aStoreThatCountsDuplicatesWithinOneImportIsFoundOut() {
        var wrong = activation((stores, target) -> new ForwardingStores.Activation(target) {
            @Override
            public List<Boolean> completeAll(
                    WorkspaceId workspace, ActivationFunnel funnel, List<WithEvents> completions) {
                List<Boolean> first = completions.stream()
                        .map(WithEvents::completion)
                        .map(each -> !find(workspace, funnel, each.user())
                                .completed()
                                .containsKey(each.step()))
                        .toList();
                super.completeAll(workspace, funnel, completions);
                return first;
            }
        });

        assertFails(wrong, ActivationStoreContract::manyCompletionsCountAsIfEachHadBeenToldByItself);
        assertFails(wrong, contract -> contract.randomHistoriesComeOutAsTheModelSays(1));
    }

    @Test
    void storesThatNeverRollBackAreFoundOut() {
        Supplier<PlgStores> wrong = () -> new ForwardingStores(InMemoryStores.create(), (stores, target) -> target) {
            @Override
            public <T, X extends Exception> T transact(TransactionWork<PlgStores, T, X> work) throws X {
                return work.run(this);
            }
        };

        assertTransactionFails(
                wrong, TransactionContract::workThatThrowsLeavesNoTraceAndWhatItThrewReachesTheCallerUnchanged);
        assertTransactionFails(wrong, TransactionContract::aNestedTransactionThatThrowsUndoesOnlyWhatItDid);
        assertTransactionFails(wrong, contract -> contract.anotherThreadSeesNothingBeforeTheCommit(false));
        assertTransactionFails(
                wrong, contract -> contract.whetherASecondOneIsTheFirstIsDecidedByHowTheFirstOneEnds(false));
    }

    @Test
    void storesThatTellBeforeTheCommitAreFoundOut() {
        Supplier<PlgStores> wrong = () -> new TellingAtOnce(InMemoryStores.create());

        assertTransactionFails(wrong, TransactionContract::listenersAreToldAfterTheCommitInOrderAndNeverBefore);
        assertTransactionFails(wrong, TransactionContract::tasksOfWhatWasRolledBackNeverRun);
    }

    @Test
    void storesThatKeepTheWrongThingsBesideTheFactsAreFoundOut() {
        var wrong = new ActivationContract(InMemoryStores::create) {
            @Override
            protected Optional<StoreInspection> inspection() {
                return Optional.of(new StoreInspection() {
                    @Override
                    public List<UUID> eventIds(WorkspaceId workspace) {
                        return List.of();
                    }

                    @Override
                    public OptionalInt score(WorkspaceId workspace, ActivationFunnel funnel, UserId user) {
                        return OptionalInt.of(25);
                    }
                });
            }
        };

        assertThatThrownBy(() -> run(wrong, ActivationStoreContract::theEventsAreStoredOnceEach))
                .isInstanceOf(AssertionError.class);
        assertThatThrownBy(
                        () -> run(wrong, ActivationStoreContract::theScoreKeptBesideTheCompletionsIsTheOneOfTheState))
                .isInstanceOf(AssertionError.class);
    }

    @Test
    void whatAnAdapterDoesNotOfferIsSkippedAndNotPassed() {
        var contract = new ActivationContract(InMemoryStores::create);

        assertThatThrownBy(() -> run(contract, ActivationStoreContract::theEventsAreStoredOnceEach))
                .isInstanceOf(TestAbortedException.class)
                .hasMessageContaining("offers no look");
    }

    @Test
    void aStoreThatForgetsADeletionIsFoundOut() {
        Supplier<PlgStores> wrong = () -> tenancy(target -> new ForwardingTenancy(target) {
            @Override
            public Erasure delete(WorkspaceId workspace) {
                return new Erasure(1, true);
            }
        });

        assertTenancyFails(wrong, TenancyContract::everyCallOnADeletedWorkspaceIsANamedError);
        assertTenancyFails(wrong, TenancyContract::whatWasRememberedOfADeletedWorkspaceIsForgotten);
        assertTenancyFails(wrong, TenancyContract::ofThreadsThatWriteWhileTheWorkspaceIsDeletedNoneLeavesARow);
    }

    @Test
    void aStoreThatDeletesMoreThanItWasAskedIsFoundOut() {
        Supplier<PlgStores> wrong = () -> tenancy(target -> new ForwardingTenancy(target) {
            @Override
            public Erasure delete(WorkspaceId workspace) {
                super.delete(WorkspaceId.of(workspace.value().replaceFirst("^acme", "acme2")));
                return super.delete(workspace);
            }

            @Override
            public Erasure erase(UserId user) {
                super.erase(UserId.of(user.value().replaceFirst("^ada", "lin")));
                return super.erase(user);
            }
        });

        assertTenancyFails(wrong, TenancyContract::aDeletionLeavesEveryOtherWorkspaceAsItWas);
        assertTenancyFails(wrong, TenancyContract::anErasureLeavesEveryOtherUserAsHeWas);
    }

    @Test
    void aStoreThatErasesNobodyIsFoundOut() {
        Supplier<PlgStores> wrong = () -> tenancy(target -> new ForwardingTenancy(target) {
            @Override
            public Erasure erase(UserId user) {
                return new Erasure(1, true);
            }
        });

        assertTenancyFails(wrong, TenancyContract::everyCallAboutAnErasedUserIsANamedErrorInEveryWorkspace);
    }

    private static PlgStores tenancy(UnaryOperator<TenancyStore> change) {
        return new ForwardingStores(InMemoryStores.createWithOperator(), (stores, activation) -> activation) {
            @Override
            public TenancyStore tenancy() {
                return change.apply(super.tenancy());
            }
        };
    }

    private static void assertTenancyFails(Supplier<PlgStores> wrong, Consumer<TenancyContract> test) {
        var contract = new TenancyContract() {
            @Override
            protected PlgStores newStores() {
                return wrong.get();
            }
        };
        assertThatThrownBy(() -> run(contract, test))
                .isInstanceOfAny(AssertionError.class, WorkspaceDeleted.class, UserErased.class);
    }

    private static class ForwardingTenancy implements TenancyStore {
        private final TenancyStore target;

        ForwardingTenancy(TenancyStore target) {
            this.target = target;
        }

        @Override
        public Erasure delete(WorkspaceId workspace) {
            return target.delete(workspace);
        }

        @Override
        public Erasure erase(UserId user) {
            return target.erase(user);
        }

        @Override
        public List<WorkspaceId> unfinishedDeletions() {
            return target.unfinishedDeletions();
        }

        @Override
        public List<UserId> unfinishedErasures() {
            return target.unfinishedErasures();
        }
    }

    private static void assertFails(ActivationContract contract, Consumer<ActivationStoreContract> test) {
        assertThatThrownBy(() -> run(contract, test)).isInstanceOf(AssertionError.class);
    }

    private static void assertPasses(ActivationContract contract, Consumer<ActivationStoreContract> test) {
        run(contract, test);
    }

    private static void assertTransactionFails(Supplier<PlgStores> wrong, Consumer<TransactionContract> test) {
        var contract = new TransactionContract() {
            @Override
            protected PlgStores newStores() {
                return wrong.get();
            }
        };
        assertThatThrownBy(() -> run(contract, test)).isInstanceOf(AssertionError.class);
    }

    private static <C extends StoreContract> void run(C contract, Consumer<? super C> test) {
        contract.open();
        try {
            test.accept(contract);
        } finally {
            contract.close();
        }
    }

    private static ActivationContract activation(BiFunction<PlgStores, ActivationStore, ActivationStore> change) {
        return new ActivationContract(() -> new ForwardingStores(InMemoryStores.create(), change));
    }

    // Not a test by itself: its name does not end with Test.
    private static class ActivationContract extends ActivationStoreContract {
        private final Supplier<PlgStores> stores;

        ActivationContract(Supplier<PlgStores> stores) {
            this.stores = stores;
        }

        @Override
        protected PlgStores newStores() {
            return stores.get();
        }
    }

    private static final class TellingAtOnce extends ForwardingStores {
        TellingAtOnce(PlgStores target) {
            super(target, (stores, activation) -> activation);
        }

        @Override
        public <T, X extends Exception> T transact(TransactionWork<PlgStores, T, X> work) throws X {
            return super.transact(bound -> work.run(new TellingAtOnce(bound)));
        }

        @Override
        public void afterCommit(Runnable task) {
            task.run();
        }
    }
}
