package io.plg.internal;

import io.plg.Operator;
import io.plg.OperatorStore;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.ActivationReport;
import io.plg.activation.ActivationTally;
import io.plg.activation.Cohort;
import io.plg.virality.KFactor;
import io.plg.virality.ViralCounts;
import io.plg.virality.ViralityStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/** Reports over all workspaces, one after another. */
final class OperatorView implements Operator {
    private static final int WORKSPACES_AT_ONCE = 1_000;

    private final PlgRuntime plg;
    private final OperatorStore store;

    OperatorView(PlgRuntime plg, OperatorStore store) {
        this.plg = plg;
        this.store = store;
    }

    @Override
    public ActivationReport activationReport(ActivationFunnel funnel, Cohort cohort) {
        Objects.requireNonNull(cohort, "cohort");
        ActivationFunnel known = plg.known(funnel);
        var tallies = new ArrayList<ActivationTally>();
        forEachWorkspace(each -> tallies.add(store.activation(each, known, cohort)));
        return ActivationTally.report(known, tallies);
    }

    @Override
    public Optional<KFactor> virality(String program, Instant from, Instant to, Duration window) {
        ViralityStore.Loop loop =
                ViralityView.loop(plg, ReferralsView.known(plg, program).name());
        var range = ViralityView.Range.of(from, to);
        ViralityView.checkWindow(window);
        var sums = new ArrayList<>(List.of(ViralCounts.none()));
        forEachWorkspace(each ->
                sums.set(0, sums.get(0).plus(store.virality(each, loop, range.from(), range.to(), window))));
        return KFactor.ofCohort(sums.get(0), window, range.isMature(window, plg.now()));
    }

    private void forEachWorkspace(Consumer<WorkspaceId> read) {
        WorkspaceId last = null;
        for (List<WorkspaceId> some = store.workspacesAfter(null, WORKSPACES_AT_ONCE);
                !some.isEmpty();
                some = store.workspacesAfter(last, WORKSPACES_AT_ONCE)) {
            for (WorkspaceId each : some) {
                read.accept(each);
                last = each;
            }
        }
    }
}
