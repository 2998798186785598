package io.plg.internal;

import io.plg.PlgStores;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.activation.Activation;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.ActivationReport;
import io.plg.activation.ActivationState;
import io.plg.activation.ActivationStore.Recorded;
import io.plg.activation.ActivationStore.WithEvents;
import io.plg.activation.Cohort;
import io.plg.activation.Step;
import io.plg.activation.StepCompletion;
import io.plg.event.GrowthEvent;
import io.plg.referral.ReferralProgram;
import io.plg.reward.Stage;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** Activation of one workspace in one funnel. */
final class ActivationView implements Activation {
    private final PlgRuntime plg;
    private final WorkspaceId workspace;
    private final ActivationFunnel funnel;

    ActivationView(PlgRuntime plg, WorkspaceId workspace, ActivationFunnel funnel) {
        this.plg = plg;
        this.workspace = workspace;
        this.funnel = funnel;
    }

    @Override
    public ActivationFunnel funnel() {
        return funnel;
    }

    @Override
    public ActivationState complete(StepCompletion completion) {
        Objects.requireNonNull(completion, "completion");
        funnel.step(completion.step().name());
        PlgStores stores = plg.stores();
        if (!stores.inTransaction()) {
            // A completion is final, so a remembered one needs no question to the store: the common repeat costs no
            // I/O.
            Optional<ActivationState> known = plg.activationCache().peek(workspace, funnel, completion.user());
            if (known.isPresent() && known.get().completed().containsKey(completion.step())) {
                return known.get();
            }
        }
        WithEvents made = withEvents(completion, plg.now());
        if (!plg.hasPrograms() || !completion.step().equals(funnel.aha())) {
            return complete(plg, made).state();
        }
        List<String> programs = programsOfFunnel();
        return plg.atomically(tx -> {
            Recorded recorded = complete(tx, made);
            if (recorded.first()) {
                // In every funnel: another one may count in a program tomorrow.
                tx.stores().virality().changed(workspace, List.of(completion.user()));
            }
            // What the activation of somebody who was referred earns is a part of this commit.
            earn(
                    tx,
                    programs,
                    made.completion().user(),
                    Objects.requireNonNull(recorded.state().completed().get(funnel.aha()))
                            .at());
            return recorded.state();
        });
    }

    private Recorded complete(PlgRuntime in, WithEvents made) {
        PlgStores stores = in.stores();
        Recorded recorded = stores.activation().complete(workspace, funnel, made.completion(), made.events());
        if (recorded.first()) {
            stores.afterCommit(() -> committed(List.of(made.completion().user()), made.events()));
        }
        return recorded;
    }

    private void earn(PlgRuntime tx, List<String> programs, UserId user, Instant at) {
        if (!programs.isEmpty()) {
            new Rewarding(tx).reached(programs, user, workspace, Stage.ACTIVATION, at);
        }
    }

    /** The programs in which the activation in this funnel counts. */
    private List<String> programsOfFunnel() {
        return plg.programs().programs().stream()
                .filter(program -> plg.funnelOf(program).filter(funnel::equals).isPresent())
                .map(ReferralProgram::name)
                .toList();
    }

    @Override
    public int completeAll(Collection<StepCompletion> completions) {
        Instant now = plg.now();
        var made = new ArrayList<WithEvents>(completions.size());
        for (StepCompletion completion : completions) {
            funnel.step(completion.step().name());
            made.add(withEvents(completion, now));
        }
        if (made.isEmpty()) {
            return 0;
        }
        if (!plg.hasPrograms()) {
            return completeAll(plg, List.of(), made);
        }
        List<String> programs = programsOfFunnel();
        return plg.<Integer>atomically(tx -> completeAll(tx, programs, made));
    }

    private int completeAll(PlgRuntime in, List<String> programs, List<WithEvents> made) {
        PlgStores stores = in.stores();
        List<Boolean> first = stores.activation().completeAll(workspace, funnel, made);
        var users = new ArrayList<UserId>();
        var activated = new ArrayList<StepCompletion>();
        var events = new ArrayList<GrowthEvent>();
        for (int i = 0; i < made.size(); i++) {
            if (first.get(i)) {
                StepCompletion completion = made.get(i).completion();
                users.add(completion.user());
                events.addAll(made.get(i).events());
                if (completion.step().equals(funnel.aha())) {
                    activated.add(completion);
                }
            }
        }
        if (plg.hasPrograms() && !activated.isEmpty()) {
            in.stores()
                    .virality()
                    .changed(
                            workspace,
                            activated.stream().map(StepCompletion::user).toList());
            activated.forEach(completion ->
                    earn(in, programs, completion.user(), completion.time().orElseThrow()));
        }
        if (!users.isEmpty()) {
            stores.afterCommit(() -> committed(users, events));
        }
        return users.size();
    }

    @Override
    public ActivationState signedUp(UserId user, Instant at) {
        Objects.requireNonNull(user, "user");
        // The completion's rules for a time are the sign-up's too.
        Instant time =
                StepCompletion.of(user, funnel.steps().get(0)).at(at).time().orElseThrow();
        PlgStores stores = plg.stores();
        ActivationState state = stores.activation().signUp(workspace, funnel, user, time);
        stores.afterCommit(() -> committed(List.of(user), List.of()));
        return state;
    }

    @Override
    public ActivationState state(UserId user) {
        Objects.requireNonNull(user, "user");
        PlgStores stores = plg.stores();
        return stores.inTransaction()
                ? stores.activation().find(workspace, funnel, user)
                : plg.activationCache().get(workspace, funnel, user);
    }

    @Override
    public ActivationReport report(Cohort cohort) {
        Objects.requireNonNull(cohort, "cohort");
        return plg.stores().activation().report(workspace, funnel, cohort);
    }

    @Override
    public Map<String, ActivationReport> reportBy(Cohort cohort, String metadataKey) {
        Objects.requireNonNull(cohort, "cohort");
        Text.checkName("metadataKey", metadataKey);
        return plg.stores().activation().reportBy(workspace, funnel, cohort, metadataKey);
    }

    @Override
    public String toString() {
        return "activation of workspace " + workspace + " in " + funnel;
    }

    private void committed(List<UserId> users, List<GrowthEvent> events) {
        for (UserId user : users) {
            plg.activationCache().drop(workspace, user);
        }
        plg.publish(events);
    }

    private WithEvents withEvents(StepCompletion told, Instant now) {
        StepCompletion completion = told.time().isPresent() ? told : told.at(now);
        Instant at = completion.time().orElseThrow();
        Step step = completion.step();
        UserId user = completion.user();
        var stepCompleted =
                new GrowthEvent.StepCompleted(plg.newId(), now, workspace, user, funnel.name(), step.name(), at);
        List<GrowthEvent> events = !step.equals(funnel.aha())
                ? List.of(stepCompleted)
                : List.of(
                        stepCompleted,
                        new GrowthEvent.UserActivated(
                                plg.newId(), now, workspace, user, funnel.name(), step.name(), at));
        return new WithEvents(completion, events);
    }
}
