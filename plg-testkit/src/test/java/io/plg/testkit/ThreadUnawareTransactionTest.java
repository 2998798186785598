package io.plg.testkit;

import io.plg.ChangeFeed;
import io.plg.OperatorStore;
import io.plg.PlgStores;
import io.plg.TransactionWork;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationStore;
import io.plg.gate.UsageStore;
import io.plg.idempotency.IdempotencyStore;
import io.plg.memory.InMemoryStores;
import io.plg.prompt.PromptStore;
import io.plg.referral.ReferralStore;
import io.plg.reward.RewardStore;
import io.plg.tenancy.TenancyStore;
import io.plg.virality.ViralityStore;
import java.util.Optional;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;

/**
 * {@code Plg} itself finds the transaction of its thread and ends the views on it: it must not rely on stores that do so by themselves, as
 * the in-memory ones do.
 */
class ThreadUnawareTransactionTest extends TransactionContract {

    @Override
    protected PlgStores newStores() {
        return new Root(InMemoryStores.create());
    }

    @Override
    @Test
    @Disabled("here they stay usable on purpose")
    void storesThatAreBoundToATransactionAreUselessAfterItsEnd() {}

    /** Does not know of the transaction that its own thread is in: whoever asks it meanwhile asks the wrong one. */
    private static final class Root extends ForwardingStores {
        private final PlgStores target;

        Root(PlgStores target) {
            super(target, (stores, activation) -> activation);
            this.target = target;
        }

        @Override
        public ActivationStore activation() {
            assertOutside();
            return super.activation();
        }

        @Override
        public <T, X extends Exception> T transact(TransactionWork<PlgStores, T, X> work) throws X {
            assertOutside();
            return target.transact(bound -> work.run(new Bound(target)));
        }

        @Override
        public boolean inTransaction() {
            return false;
        }

        @Override
        public void afterCommit(Runnable task) {
            assertOutside();
            task.run();
        }

        private void assertOutside() {
            if (target.inTransaction()) {
                throw new AssertionError("the root stores were asked inside a transaction");
            }
        }
    }

    /** Does not notice that its transaction has ended. */
    private record Bound(PlgStores target) implements PlgStores {

        @Override
        public ActivationStore activation() {
            return target.activation();
        }

        @Override
        public IdempotencyStore idempotency() {
            return target.idempotency();
        }

        @Override
        public UsageStore usage() {
            return target.usage();
        }

        @Override
        public PromptStore prompts() {
            return target.prompts();
        }

        @Override
        public ReferralStore referrals() {
            return target.referrals();
        }

        @Override
        public RewardStore rewards() {
            return target.rewards();
        }

        @Override
        public ViralityStore virality() {
            return target.virality();
        }

        @Override
        public boolean isCurrent() {
            return target.isCurrent();
        }

        @Override
        public boolean isConflict(Throwable failure) {
            return target.isConflict(failure);
        }

        @Override
        public <H> Optional<H> unwrap(WorkspaceId workspace, Class<H> type) {
            return target.unwrap(workspace, type);
        }

        @Override
        public TenancyStore tenancy() {
            return target.tenancy();
        }

        @Override
        public Optional<OperatorStore> operator() {
            return target.operator();
        }

        @Override
        public <T, X extends Exception> T transact(TransactionWork<PlgStores, T, X> work) throws X {
            return target.transact(bound -> work.run(this));
        }

        @Override
        public boolean inTransaction() {
            return true;
        }

        @Override
        public void afterCommit(Runnable task) {
            target.afterCommit(task);
        }

        @Override
        public Optional<ChangeFeed> changes() {
            return Optional.empty();
        }

        @Override
        public void close() {}
    }
}
