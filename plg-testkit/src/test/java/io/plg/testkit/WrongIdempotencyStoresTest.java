package io.plg.testkit;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.PlgStores;
import io.plg.TransactionWork;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.IdempotencyStore;
import io.plg.idempotency.Once;
import io.plg.idempotency.Principal;
import io.plg.idempotency.Scope;
import io.plg.memory.InMemoryStores;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** The contract of idempotency is worth something only if stores that break it fail: each test here breaks one rule. */
class WrongIdempotencyStoresTest {
    private static final AtomicLong LAST = new AtomicLong();

    @Test
    void theContractPassesOnStoresThatOnlyForward() {
        run(store -> store, IdempotencyContract::anEndedLeaseIsTakenOverAndItsLateOwnerCanStoreNothing);
        run(store -> store, IdempotencyContract::aKeyBelongsToItsWorkspacePrincipalAndOperation);
    }

    @Test
    void aLateOwnerWhoseTokenIsNotComparedIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Claim lease(
                            WorkspaceId workspace,
                            Scope scope,
                            Fingerprint request,
                            UUID effectId,
                            Duration length,
                            Duration retention,
                            boolean logged,
                            Instant now) {
                        Claim claim = super.lease(workspace, scope, request, effectId, length, retention, logged, now);
                        if (claim instanceof Claim.Leased leased) {
                            LAST.set(leased.token());
                        }
                        return claim;
                    }

                    @Override
                    public boolean finishLeased(WorkspaceId workspace, Scope scope, long token, Result result) {
                        return super.finishLeased(workspace, scope, LAST.get(), result);
                    }
                },
                IdempotencyContract::anEndedLeaseIsTakenOverAndItsLateOwnerCanStoreNothing);
    }

    @Test
    void keysWithoutTheirWorkspaceAreFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    WorkspaceId where(WorkspaceId workspace) {
                        return WorkspaceId.of("everywhere");
                    }
                },
                IdempotencyContract::aKeyBelongsToItsWorkspacePrincipalAndOperation,
                IdempotencyContract::onceTellsWorkspacesNamesUsersAndThingsApart);
    }

    @Test
    void keysWithoutWhoAskedAreFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    Scope which(Scope scope) {
                        return new Scope(Principal.service("anybody"), scope.operation(), scope.key());
                    }
                },
                IdempotencyContract::aKeyBelongsToItsWorkspacePrincipalAndOperation);
    }

    @Test
    void aClaimThatDoesNotLookAgainIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Claim claim(WorkspaceId workspace, Scope scope, boolean logged, Duration wait, Instant now) {
                        super.claim(workspace, scope, logged, wait, now);
                        return Claim.Free.UNTRIED;
                    }
                },
                IdempotencyContract::theStoreItselfLetsOneTransactionAtATimeHaveAKey,
                IdempotencyContract::insideATransactionTheKeyIsUsedUpWhenThatCommits);
    }

    @Test
    void aLogThatIsForgottenIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Claim find(WorkspaceId workspace, Scope scope, boolean logged, Instant now) {
                        return super.find(workspace, scope, false, now);
                    }

                    @Override
                    public Claim claim(WorkspaceId workspace, Scope scope, boolean logged, Duration wait, Instant now) {
                        return super.claim(workspace, scope, false, wait, now);
                    }

                    @Override
                    public void finish(WorkspaceId workspace, Scope scope, Result result) {
                        super.finish(
                                workspace,
                                scope,
                                new Result(
                                        result.request(),
                                        result.effectId(),
                                        result.json(),
                                        result.retention(),
                                        false,
                                        result.at()));
                    }
                },
                IdempotencyContract::whatIsOlderThanItsRetentionIsRemovedAndTheKeyIsFreeUnlessItWasFinancial);
    }

    @Test
    void whatHappensOnceUnderEachKeyIsFoundOut() {
        assertFails(
                store -> new Forwarding(store) {
                    @Override
                    public Once once(
                            WorkspaceId workspace,
                            String what,
                            UserId user,
                            String subject,
                            UUID effectId,
                            Instant at) {
                        return super.once(workspace, what, null, effectId.toString(), effectId, at);
                    }
                },
                IdempotencyContract::aCallerWhoChangesTheKeyDoesNotBuyASecondEffect);
    }

    @SafeVarargs
    private static void assertFails(UnaryOperator<IdempotencyStore> wrong, Consumer<IdempotencyContract>... tests) {
        for (Consumer<IdempotencyContract> test : tests) {
            assertThatThrownBy(() -> run(wrong, test)).isInstanceOf(AssertionError.class);
        }
    }

    private static void run(UnaryOperator<IdempotencyStore> change, Consumer<IdempotencyContract> test) {
        var contract = new IdempotencyContract() {
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
        private final UnaryOperator<IdempotencyStore> change;

        Changed(PlgStores target, UnaryOperator<IdempotencyStore> change) {
            super(target, (stores, activation) -> activation);
            this.change = change;
        }

        @Override
        public IdempotencyStore idempotency() {
            return change.apply(super.idempotency());
        }

        @Override
        public <T, X extends Exception> T transact(TransactionWork<PlgStores, T, X> work) throws X {
            return super.transact(bound -> work.run(new Changed(bound, change)));
        }
    }

    private static class Forwarding implements IdempotencyStore {
        private final IdempotencyStore target;

        Forwarding(IdempotencyStore target) {
            this.target = target;
        }

        WorkspaceId where(WorkspaceId workspace) {
            return workspace;
        }

        Scope which(Scope scope) {
            return scope;
        }

        @Override
        public Claim find(WorkspaceId workspace, Scope scope, boolean logged, Instant now) {
            return target.find(where(workspace), which(scope), logged, now);
        }

        @Override
        public Claim claim(WorkspaceId workspace, Scope scope, boolean logged, Duration wait, Instant now) {
            return target.claim(where(workspace), which(scope), logged, wait, now);
        }

        @Override
        public void finish(WorkspaceId workspace, Scope scope, Result result) {
            target.finish(where(workspace), which(scope), result);
        }

        @Override
        public Claim lease(
                WorkspaceId workspace,
                Scope scope,
                Fingerprint request,
                UUID effectId,
                Duration length,
                Duration retention,
                boolean logged,
                Instant now) {
            return target.lease(where(workspace), which(scope), request, effectId, length, retention, logged, now);
        }

        @Override
        public boolean renew(WorkspaceId workspace, Scope scope, long token, Duration length, Instant now) {
            return target.renew(where(workspace), which(scope), token, length, now);
        }

        @Override
        public void release(WorkspaceId workspace, Scope scope, long token, Instant now) {
            target.release(where(workspace), which(scope), token, now);
        }

        @Override
        public boolean finishLeased(WorkspaceId workspace, Scope scope, long token, Result result) {
            return target.finishLeased(where(workspace), which(scope), token, result);
        }

        @Override
        public Once once(WorkspaceId workspace, String what, UserId user, String subject, UUID effectId, Instant at) {
            return target.once(where(workspace), what, user, subject, effectId, at);
        }

        @Override
        public long removeExpired(Instant now) {
            return target.removeExpired(now);
        }
    }
}
