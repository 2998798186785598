package io.plg.testkit;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.PlgStores;
import io.plg.TransactionWork;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.event.GrowthEvent;
import io.plg.fraud.FraudHistory;
import io.plg.memory.InMemoryStores;
import io.plg.referral.ReferralStore;
import io.plg.reward.Stage;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** The contract of referrals is worth something only if stores that break it fail: each test here breaks one rule. */
class WrongReferralStoresTest {

    @Test
    void theContractPassesOnStoresThatOnlyForward() {
        run(store -> store, ReferralContract::theGraphIsThatOfANaiveModel);
        run(store -> store, ReferralContract::ofThreadsThatBindOneUserByDifferentCodesOneDoes);
        run(store -> store, ReferralContract::whatAHeldReferralEarnsWaitsUntilItIsReleased);
    }

    @Test
    void aSecondBindingThatIsToldToBeNewIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Bound bind(WorkspaceId workspace, NewReferral referral, List<GrowthEvent> events) {
                        Bound outcome = super.bind(workspace, referral, events);
                        return outcome == Bound.ALREADY ? Bound.BOUND : outcome;
                    }
                },
                ReferralContract::ofThreadsThatBindOneUserByDifferentCodesOneDoes,
                ReferralContract::aUserIsBoundOnceInAProgramOverAllWorkspaces);
    }

    @Test
    void aStoreThatBindsOncePerWorkspaceOnlyIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Bound bind(WorkspaceId workspace, NewReferral referral, List<GrowthEvent> events) {
                        // What is known across workspaces is known under the program's name: another one for each
                        // workspace.
                        return super.bind(workspace, in(workspace, referral), events);
                    }
                },
                ReferralContract::aUserIsBoundOnceInAProgramOverAllWorkspaces,
                ReferralContract::noLoopIsEverClosed,
                ReferralContract::ofTwoWhoReferEachOtherAtTheSameTimeOneDoes);
    }

    @Test
    void aLoopThatIsNotSeenIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Bound bind(WorkspaceId workspace, NewReferral referral, List<GrowthEvent> events) {
                        Bound outcome = super.bind(workspace, referral, events);
                        return outcome == Bound.LOOP ? Bound.BOUND : outcome;
                    }
                },
                ReferralContract::noLoopIsEverClosed,
                ReferralContract::ofTwoWhoReferEachOtherAtTheSameTimeOneDoes,
                ReferralContract::theLoopIsFoundThroughSomebodyWhoWasErased,
                ReferralContract::whatManyThreadsBindAtTheSameTimeIsAForest);
    }

    @Test
    void anotherIdThanTheSignUpWasToldIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Bound bind(WorkspaceId workspace, NewReferral referral, List<GrowthEvent> events) {
                        return super.bind(workspace, withId(referral, UUID.randomUUID()), events);
                    }
                },
                ReferralContract::aRootThatIsReferredLaterTakesItsPeopleAlong,
                ReferralContract::whatAHeldReferralEarnsWaitsUntilItIsReleased);
    }

    @Test
    void aNewCodeEachTimeIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Optional<Code> code(WorkspaceId workspace, Wish wish) {
                        return super.code(
                                workspace,
                                new Wish(
                                        wish.program(),
                                        wish.user(),
                                        wish.artefact() + UUID.randomUUID(),
                                        wish.code(),
                                        wish.traces(),
                                        wish.at()));
                    }
                },
                ReferralContract::aUserHasOneCodeHoweverOftenItIsAskedFor,
                ReferralContract::ofThreadsThatAskForTheCodeOfOneUserAllGetTheSame);
    }

    @Test
    void anEndedCodeThatIsStillActiveIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public boolean deactivate(WorkspaceId workspace, String code) {
                        return target.find(code, false)
                                .filter(found -> found.workspace().equals(workspace))
                                .isPresent();
                    }
                },
                ReferralContract::aCodeThatWasEndedBindsNobodyMoreAndWhoWasBoundStaysSo);
    }

    @Test
    void aCodeThatAnybodyMayEndIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public boolean deactivate(WorkspaceId workspace, String code) {
                        return target.find(code, false)
                                .map(found -> target.deactivate(found.workspace(), code))
                                .orElse(false);
                    }
                },
                ReferralContract::aCodeThatWasEndedBindsNobodyMoreAndWhoWasBoundStaysSo);
    }

    @Test
    void viewsThatAreNotCountedOrCountedTwiceAreFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Optional<Found> find(String code, boolean viewed) {
                        super.find(code, viewed);
                        return super.find(code, viewed);
                    }
                },
                ReferralContract::ofWhatIsSharedViewsSignUpsAndCustomersAreCounted);
    }

    @Test
    void aStageThatIsNoNewsIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public List<Reached> reach(
                            List<String> programs, UserId user, WorkspaceId in, Stage stage, Instant at) {
                        super.reach(programs, user, in, stage, at);
                        return List.of();
                    }
                },
                ReferralContract::whoWasActivatedBeforeTheBindingIsRewardedAllTheSame,
                ReferralContract::aRootThatIsReferredLaterTakesItsPeopleAlong);
    }

    @Test
    void aJudgementThatAnotherWorkspaceMayMakeIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public boolean judge(
                            WorkspaceId workspace, String program, UUID referral, Standing standing, String verdict) {
                        super.judge(workspace, program, referral, standing, verdict);
                        return true;
                    }
                },
                ReferralContract::whatAHeldReferralEarnsWaitsUntilItIsReleased);
    }

    @Test
    void anInvitationThatIsNewEachTimeIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public boolean invited(WorkspaceId workspace, String program, UserId sender, UUID id, Instant at) {
                        return super.invited(workspace, program, sender, UUID.randomUUID(), at);
                    }
                },
                ReferralContract::anInvitationIsNotedOnce);
    }

    @Test
    void tracesThatAreForgottenAreFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public FraudHistory history(WorkspaceId workspace, Question question) {
                        return super.history(
                                workspace,
                                new Question(
                                        question.program(),
                                        question.referrer(),
                                        question.user(),
                                        Traces.NONE,
                                        question.at()));
                    }
                },
                ReferralContract::nobodyRefersThemselvesByWhateverTheyAreKnown,
                ReferralContract::whatAHeldReferralEarnsWaitsUntilItIsReleased);
    }

    @Test
    void referralsWithoutTheirWorkspaceAreFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    WorkspaceId where(WorkspaceId workspace) {
                        return WorkspaceId.of("everywhere");
                    }
                },
                ReferralContract::theWorkspaceOfWhomWasReferredSeesNeitherTheReferralNorTheReferrersReward,
                ReferralContract::whenTheReferrersWorkspaceIsDeletedNothingOfItIsLeftAndTheOtherGoesOn);
    }

    @Test
    void aSizeThatIsBehindIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Optional<Position> position(WorkspaceId workspace, String program, UserId user) {
                        return super.position(workspace, program, user)
                                .map(position -> new Position(position.depth(), Math.min(position.size(), 2)));
                    }
                },
                ReferralContract::theGraphIsThatOfANaiveModel,
                ReferralContract::aRootThatIsReferredLaterTakesItsPeopleAlong,
                ReferralContract::whenTheReferredUserIsErasedTheReferrerKeepsWhatWasEarned);
    }

    private static ReferralStore.NewReferral in(WorkspaceId workspace, ReferralStore.NewReferral referral) {
        return with(referral, referral.program() + " of " + workspace, referral.id());
    }

    private static ReferralStore.NewReferral withId(ReferralStore.NewReferral referral, UUID id) {
        return with(referral, referral.program(), id);
    }

    private static ReferralStore.NewReferral with(ReferralStore.NewReferral referral, String program, UUID id) {
        return new ReferralStore.NewReferral(
                id,
                referral.rootId(),
                program,
                referral.version(),
                referral.referrer(),
                referral.user(),
                referral.code(),
                referral.artefact(),
                referral.signedUpAt(),
                referral.at(),
                referral.standing(),
                referral.verdict(),
                referral.traces());
    }

    @SafeVarargs
    private static void assertFails(UnaryOperator<ReferralStore> wrong, Consumer<ReferralContract>... tests) {
        for (Consumer<ReferralContract> test : tests) {
            assertThatThrownBy(() -> run(wrong, test)).isInstanceOf(AssertionError.class);
        }
    }

    private static void run(UnaryOperator<ReferralStore> change, Consumer<ReferralContract> test) {
        var contract = new ReferralContract() {
            @Override
            protected PlgStores newStores() {
                return new Changed(InMemoryStores.create(), change);
            }
        };
        contract.open();
        try {
            test.accept(contract);
        } finally {
            contract.close();
        }
    }

    private static final class Changed extends ForwardingStores {
        private final UnaryOperator<ReferralStore> change;

        Changed(PlgStores target, UnaryOperator<ReferralStore> change) {
            super(target, (stores, activation) -> activation);
            this.change = change;
        }

        @Override
        public ReferralStore referrals() {
            return change.apply(super.referrals());
        }

        @Override
        public <T, X extends Exception> T transact(TransactionWork<PlgStores, T, X> work) throws X {
            return super.transact(bound -> work.run(new Changed(bound, change)));
        }
    }

    private static class Forwarding implements ReferralStore {
        final ReferralStore target;

        Forwarding(ReferralStore target) {
            this.target = target;
        }

        WorkspaceId where(WorkspaceId workspace) {
            return workspace;
        }

        @Override
        public byte[] secret(WorkspaceId workspace, byte[] candidate) {
            return target.secret(where(workspace), candidate);
        }

        @Override
        public Optional<Code> code(WorkspaceId workspace, Wish wish) {
            return target.code(where(workspace), wish);
        }

        @Override
        public Optional<Found> find(String code, boolean viewed) {
            return target.find(code, viewed);
        }

        @Override
        public boolean deactivate(WorkspaceId workspace, String code) {
            return target.deactivate(where(workspace), code);
        }

        @Override
        public FraudHistory history(WorkspaceId workspace, Question question) {
            return target.history(where(workspace), question);
        }

        @Override
        public Bound bind(WorkspaceId workspace, NewReferral referral, List<GrowthEvent> events) {
            return target.bind(where(workspace), referral, events);
        }

        @Override
        public List<Reached> reach(List<String> programs, UserId user, WorkspaceId in, Stage stage, Instant at) {
            return target.reach(programs, user, in, stage, at);
        }

        @Override
        public Optional<Reached> referralOf(String program, UserId user) {
            return target.referralOf(program, user);
        }

        @Override
        public Optional<Reached> find(WorkspaceId workspace, String program, UUID referral) {
            return target.find(where(workspace), program, referral);
        }

        @Override
        public boolean judge(WorkspaceId workspace, String program, UUID referral, Standing standing, String verdict) {
            return target.judge(where(workspace), program, referral, standing, verdict);
        }

        @Override
        public List<Edge> held(WorkspaceId workspace, String program, int most) {
            return target.held(where(workspace), program, most);
        }

        @Override
        public List<Edge> referrals(WorkspaceId workspace, String program, UserId referrer, int most) {
            return target.referrals(where(workspace), program, referrer, most);
        }

        @Override
        public List<ShareCounts> shares(WorkspaceId workspace, String program) {
            return target.shares(where(workspace), program);
        }

        @Override
        public boolean invited(WorkspaceId workspace, String program, UserId sender, UUID id, Instant at) {
            return target.invited(where(workspace), program, sender, id, at);
        }

        @Override
        public Optional<Position> position(WorkspaceId workspace, String program, UserId user) {
            return target.position(where(workspace), program, user);
        }

        @Override
        public List<Optional<UserId>> ancestors(WorkspaceId workspace, String program, UserId user, int most) {
            return target.ancestors(where(workspace), program, user, most);
        }

        @Override
        public int depthOverall(String program, UserId user) {
            return target.depthOverall(program, user);
        }

        @Override
        public List<Generation> generations(WorkspaceId workspace, String program) {
            return target.generations(where(workspace), program);
        }

        @Override
        public List<Subtree> largest(WorkspaceId workspace, String program, int most) {
            return target.largest(where(workspace), program, most);
        }

        @Override
        public List<Edge> all(WorkspaceId workspace, String program) {
            return target.all(where(workspace), program);
        }

        @Override
        public int tidy(WorkspaceId workspace, String program) {
            return target.tidy(where(workspace), program);
        }
    }
}
