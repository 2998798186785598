package io.plg.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.Plg;
import io.plg.PlgStores;
import io.plg.SettableClock;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.activation.Activation;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.ActivationReport;
import io.plg.activation.ActivationReport.StepCount;
import io.plg.activation.ActivationState;
import io.plg.activation.Cohort;
import io.plg.activation.CompletedStep;
import io.plg.activation.Step;
import io.plg.activation.StepCompletion;
import io.plg.stats.DurationSummary;
import io.plg.stats.Rate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;

/**
 * A product's life by chance, played on a {@code Plg} and on the simplest model that can be right: completions, sign-ups, imports and
 * transactions, of which some roll back. The same seed always gives the same history.
 */
@SuppressWarnings("NullAway") // what is null against expectation fails the test, as it should
final class RandomHistory {
    static final List<ActivationFunnel> FUNNELS = List.of(
            ActivationFunnel.named("onboarding")
                    .step("account_created")
                    .step("first_project_created")
                    .step("first_export_completed")
                    .build(),
            ActivationFunnel.named("team")
                    .step("invited")
                    .aha("joined")
                    .step("paid")
                    .build());

    private static final List<String> USERS = List.of("ada", "Ada", "lin", "o'hara", "zoé", "🦄");
    private static final List<String> COMPANIES = List.of("", "acme", "Acme", "ünïcode");
    private static final Instant START = Instant.parse("2026-03-01T00:00:00Z");

    private final Random random;
    private final List<WorkspaceId> workspaces;
    private final Model model = new Model();

    RandomHistory(long seed, WorkspaceId... workspaces) {
        this.random = new Random(seed);
        this.workspaces = List.of(workspaces);
    }

    void play(Plg plg, SettableClock clock, int operations) {
        for (int i = 0; i < operations; i++) {
            clock.advance(Duration.ofSeconds(random.nextInt(10_000)));
            playOne(plg, plg, clock.instant(), 0);
        }
    }

    void assertThatModelAgrees(PlgStores stores, HeardEvents heard) {
        assertThat(heard.inShort()).isEqualTo(model.events).isNotEmpty();
        for (WorkspaceId workspace : workspaces) {
            for (ActivationFunnel funnel : FUNNELS) {
                for (String user : USERS) {
                    assertThat(stores.activation().find(workspace, funnel, UserId.of(user)))
                            .isEqualTo(model.state(workspace, funnel, UserId.of(user)));
                }
                Instant from = somewhen();
                for (Cohort cohort : List.of(
                        Cohort.everyone(),
                        Cohort.signedUpBetween(from, from.plus(Duration.ofDays(3))),
                        new Cohort(Optional.of(from), Optional.empty()),
                        new Cohort(Optional.empty(), Optional.of(from)))) {
                    assertThat(stores.activation().report(workspace, funnel, cohort))
                            .isEqualTo(model.report(workspace, funnel, cohort));
                    assertThat(stores.activation().reportBy(workspace, funnel, cohort, "company"))
                            .isEqualTo(model.reportBy(workspace, funnel, cohort, "company"));
                }
            }
        }
    }

    /** Plays one operation on {@code plg}, which in a transaction is either the root or what is bound to it. */
    private void playOne(Plg root, Plg plg, Instant now, int depth) {
        ActivationFunnel funnel = oneOf(FUNNELS);
        WorkspaceId workspace = oneOf(workspaces);
        Activation activation = plg.workspace(workspace).activation(funnel);
        switch (random.nextInt(depth < 2 ? 10 : 7)) {
            case 0, 1, 2, 3 -> {
                StepCompletion completion = completion(funnel);
                model.complete(workspace, funnel, completion, now);
                assertThat(activation.complete(completion))
                        .isEqualTo(model.state(workspace, funnel, completion.user()));
            }
            case 4 -> {
                UserId user = UserId.of(oneOf(USERS));
                Instant at = somewhen();
                model.signUp(workspace, funnel, user, at);
                assertThat(activation.signedUp(user, at)).isEqualTo(model.state(workspace, funnel, user));
            }
            case 5 -> {
                var completions = new ArrayList<StepCompletion>();
                for (int i = random.nextInt(7); i > 0; i--) {
                    completions.add(completion(funnel));
                }
                int first = 0;
                for (StepCompletion completion : completions) {
                    first += model.complete(workspace, funnel, completion, now) ? 1 : 0;
                }
                assertThat(activation.completeAll(completions)).isEqualTo(first);
            }
            case 6 -> {
                UserId user = UserId.of(oneOf(USERS));
                assertThat(activation.state(user)).isEqualTo(model.state(workspace, funnel, user));
            }
            default -> playTransaction(root, plg, now, depth);
        }
    }

    private void playTransaction(Plg root, Plg plg, Instant now, int depth) {
        Model before = model.copy();
        boolean fails = random.nextInt(3) == 0;
        int operations = 1 + random.nextInt(5);
        var failure = new IllegalStateException("rolled back by the test");
        Runnable transaction = () -> plg.transact(tx -> {
            for (int i = 0; i < operations; i++) {
                playOne(root, random.nextBoolean() ? tx : root, now, depth + 1);
            }
            if (fails) {
                throw failure;
            }
        });
        if (fails) {
            assertThatThrownBy(transaction::run).isSameAs(failure);
            model.become(before);
        } else {
            transaction.run();
        }
    }

    private StepCompletion completion(ActivationFunnel funnel) {
        StepCompletion completion = oneOf(funnel.steps()).by(oneOf(USERS));
        if (random.nextInt(3) > 0) {
            completion = completion.at(somewhen());
        }
        return random.nextBoolean() ? completion : completion.with("company", oneOf(COMPANIES));
    }

    // Whole seconds: every percentile is then a whole number of microseconds, whoever computes it.
    private Instant somewhen() {
        return START.plusSeconds(random.nextInt(1_000_000));
    }

    private <T> T oneOf(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    /** The semantics, word by word and without a thought about speed. */
    private static final class Model {
        final List<String> events = new ArrayList<>();
        private final Map<List<Object>, Map<UserId, Map<Step, CompletedStep>>> completed = new HashMap<>();
        private final Map<List<Object>, Map<UserId, Instant>> signUps = new HashMap<>();

        boolean complete(WorkspaceId workspace, ActivationFunnel funnel, StepCompletion completion, Instant now) {
            Map<Step, CompletedStep> steps = completed
                    .computeIfAbsent(List.of(workspace, funnel.name()), key -> new HashMap<>())
                    .computeIfAbsent(completion.user(), key -> new HashMap<>());
            if (steps.containsKey(completion.step())) {
                return false;
            }
            Instant at = completion.time().orElse(now);
            steps.put(completion.step(), new CompletedStep(completion.step(), at, completion.metadata()));
            events.add(completion.user() + " completed " + completion.step());
            if (completion.step().equals(funnel.aha())) {
                events.add(completion.user() + " activated by " + completion.step());
            }
            return true;
        }

        void signUp(WorkspaceId workspace, ActivationFunnel funnel, UserId user, Instant at) {
            signUps.computeIfAbsent(List.of(workspace, funnel.name()), key -> new HashMap<>())
                    .putIfAbsent(user, at);
        }

        ActivationState state(WorkspaceId workspace, ActivationFunnel funnel, UserId user) {
            List<Object> key = List.of(workspace, funnel.name());
            return new ActivationState(
                    funnel,
                    user,
                    completed.getOrDefault(key, Map.of()).getOrDefault(user, Map.of()),
                    Optional.ofNullable(signUps.getOrDefault(key, Map.of()).get(user)));
        }

        ActivationReport report(WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort) {
            return reportOn(funnel, members(workspace, funnel, cohort));
        }

        Map<String, ActivationReport> reportBy(
                WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort, String metadataKey) {
            var groups = new TreeMap<String, List<ActivationState>>();
            for (ActivationState member : members(workspace, funnel, cohort)) {
                CompletedStep first = member.completed().get(funnel.steps().get(0));
                String value = first == null ? "" : first.metadata().getOrDefault(metadataKey, "");
                groups.computeIfAbsent(value, key -> new ArrayList<>()).add(member);
            }
            var reports = new LinkedHashMap<String, ActivationReport>();
            groups.forEach((value, members) -> reports.put(value, reportOn(funnel, members)));
            return reports;
        }

        Model copy() {
            var copy = new Model();
            copy.become(this);
            return copy;
        }

        void become(Model other) {
            var otherEvents = List.copyOf(other.events);
            events.clear();
            events.addAll(otherEvents);
            completed.clear();
            other.completed.forEach((key, users) -> {
                var copied = new HashMap<UserId, Map<Step, CompletedStep>>();
                users.forEach((user, steps) -> copied.put(user, new HashMap<>(steps)));
                completed.put(key, copied);
            });
            signUps.clear();
            other.signUps.forEach((key, users) -> signUps.put(key, new HashMap<>(users)));
        }

        private List<ActivationState> members(WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort) {
            return USERS.stream()
                    .map(user -> state(workspace, funnel, UserId.of(user)))
                    .filter(state ->
                            signedUpAt(state).map(at -> isIn(cohort, at)).orElse(false))
                    .toList();
        }

        private static Optional<Instant> signedUpAt(ActivationState state) {
            CompletedStep first = state.completed().get(state.funnel().steps().get(0));
            return state.hostSignUp().or(() -> Optional.ofNullable(first).map(CompletedStep::at));
        }

        private static boolean isIn(Cohort cohort, Instant at) {
            return cohort.from().map(from -> from.compareTo(at) <= 0).orElse(true)
                    && cohort.to().map(to -> at.compareTo(to) < 0).orElse(true);
        }

        private static ActivationReport reportOn(ActivationFunnel funnel, Collection<ActivationState> members) {
            var counts = new ArrayList<StepCount>();
            for (Step step : funnel.steps()) {
                long n = members.stream()
                        .filter(member -> member.completed().containsKey(step))
                        .count();
                counts.add(new StepCount(step, n, new Rate(n, members.size())));
            }
            long[] micros = members.stream()
                    .filter(ActivationState::activated)
                    .mapToLong(member -> Duration.between(
                                            signedUpAt(member).orElseThrow(),
                                            member.completed().get(funnel.aha()).at())
                                    .toNanos()
                            / 1_000)
                    .toArray();
            return new ActivationReport(members.size(), counts, micros.length, DurationSummary.ofMicros(micros));
        }
    }
}
