package io.plg.memory;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.activation.Step;
import io.plg.internal.ViralFacts;
import io.plg.internal.ViralFacts.Act;
import io.plg.referral.ReferralStore.Edge;
import io.plg.reward.Stage;
import io.plg.virality.ViralCounts;
import io.plg.virality.ViralCycle;
import io.plg.virality.ViralityStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Keeps nothing: counts all facts each time. */
final class InMemoryViralityStore implements ViralityStore {
    private final InMemoryStores stores;
    private final InMemoryTenancyStore tenancy;
    private final InMemoryActivationStore activation;
    private final InMemoryReferralStore referrals;

    InMemoryViralityStore(
            InMemoryStores stores,
            InMemoryTenancyStore tenancy,
            InMemoryActivationStore activation,
            InMemoryReferralStore referrals) {
        this.stores = stores;
        this.tenancy = tenancy;
        this.activation = activation;
        this.referrals = referrals;
    }

    @Override
    public ViralCounts counts(WorkspaceId workspace, Loop loop, Instant from, Instant to, Duration window) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            return facts(workspace, loop).counts(from, to, window);
        });
    }

    @Override
    public ViralCounts recomputed(WorkspaceId workspace, Loop loop, Instant from, Instant to, Duration window) {
        return counts(workspace, loop, from, to, window);
    }

    /** For an operator, who is not refused. */
    ViralCounts count(WorkspaceId workspace, Loop loop, Instant from, Instant to, Duration window) {
        return stores.operation(undo -> facts(workspace, loop).counts(from, to, window));
    }

    @Override
    public ViralCounts countsOfGraph(WorkspaceId workspace, String program) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            return ViralCounts.ofMembers(referrals.children(workspace, program));
        });
    }

    @Override
    public Optional<ViralCycle> cycle(WorkspaceId workspace, Loop loop, Instant from, Instant to) {
        return stores.operation(undo -> {
            tenancy.check(workspace);
            return facts(workspace, loop).cycle(from, to);
        });
    }

    /** Nothing is kept that could be out of date. */
    @Override
    public void changed(WorkspaceId workspace, List<UserId> users) {}

    private ViralFacts facts(WorkspaceId workspace, Loop loop) {
        var brought = new ArrayList<Act>();
        for (Edge edge : referrals.all(workspace, loop.program())) {
            UserId referrer = edge.referrer();
            Instant at = edge.stages().get(Stage.ACTIVATION.name());
            if (referrer != null && at != null) {
                brought.add(new Act(referrer, at));
            }
        }
        return new ViralFacts(
                activation.completed(workspace, loop.funnel(), Step.of(loop.step())),
                referrals.invitations(workspace, loop.program()),
                brought);
    }
}
