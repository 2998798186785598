package io.plg.testkit;

import io.plg.ChangeFeed;
import io.plg.OperatorStore;
import io.plg.PlgStores;
import io.plg.TransactionWork;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.ActivationReport;
import io.plg.activation.ActivationState;
import io.plg.activation.ActivationStore;
import io.plg.activation.Cohort;
import io.plg.activation.StepCompletion;
import io.plg.event.GrowthEvent;
import io.plg.gate.UsageStore;
import io.plg.idempotency.IdempotencyStore;
import io.plg.prompt.PromptStore;
import io.plg.referral.ReferralStore;
import io.plg.reward.RewardStore;
import io.plg.tenancy.TenancyStore;
import io.plg.virality.ViralityStore;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;

/** Stores in front of others, to be changed in one thing. */
class ForwardingStores implements PlgStores {
    private final PlgStores target;
    private final BiFunction<PlgStores, ActivationStore, ActivationStore> change;

    ForwardingStores(PlgStores target, BiFunction<PlgStores, ActivationStore, ActivationStore> change) {
        this.target = target;
        this.change = change;
    }

    @Override
    public ActivationStore activation() {
        return change.apply(target, target.activation());
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
        return target.transact(bound -> work.run(new ForwardingStores(bound, change)));
    }

    @Override
    public boolean inTransaction() {
        return target.inTransaction();
    }

    @Override
    public void afterCommit(Runnable task) {
        target.afterCommit(task);
    }

    @Override
    public Optional<ChangeFeed> changes() {
        return target.changes();
    }

    @Override
    public void close() {
        target.close();
    }

    static class Activation implements ActivationStore {
        final ActivationStore target;

        Activation(ActivationStore target) {
            this.target = target;
        }

        @Override
        public Recorded complete(
                WorkspaceId workspace, ActivationFunnel funnel, StepCompletion completion, List<GrowthEvent> events) {
            return target.complete(workspace, funnel, completion, events);
        }

        @Override
        public List<Boolean> completeAll(WorkspaceId workspace, ActivationFunnel funnel, List<WithEvents> completions) {
            return target.completeAll(workspace, funnel, completions);
        }

        @Override
        public ActivationState signUp(WorkspaceId workspace, ActivationFunnel funnel, UserId user, Instant at) {
            return target.signUp(workspace, funnel, user, at);
        }

        @Override
        public ActivationState find(WorkspaceId workspace, ActivationFunnel funnel, UserId user) {
            return target.find(workspace, funnel, user);
        }

        @Override
        public ActivationReport report(WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort) {
            return target.report(workspace, funnel, cohort);
        }

        @Override
        public Map<String, ActivationReport> reportBy(
                WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort, String metadataKey) {
            return target.reportBy(workspace, funnel, cohort, metadataKey);
        }
    }
}
