package io.plg.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.Plg;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.activation.Activation;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.ActivationReport;
import io.plg.activation.ActivationReport.StepCount;
import io.plg.activation.ActivationState;
import io.plg.activation.ActivationStore;
import io.plg.activation.ActivationStore.Recorded;
import io.plg.activation.ActivationStore.WithEvents;
import io.plg.activation.Cohort;
import io.plg.activation.CompletedStep;
import io.plg.activation.Step;
import io.plg.activation.StepCompletion;
import io.plg.activation.UnknownStep;
import io.plg.event.GrowthEvent;
import io.plg.event.GrowthEvent.StepCompleted;
import io.plg.event.GrowthEvent.UserActivated;
import io.plg.stats.DurationSummary;
import io.plg.stats.Rate;
import java.time.Duration;
import java.time.Instant;
import java.time.Period;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.TimeZone;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What every {@link ActivationStore} must do: completions that arrive first stay, states and reports are functions of what is stored,
 * and nothing is ever mixed up between workspaces, funnels, users and steps.
 */
@SuppressWarnings("NullAway") // what is null against expectation fails the test, as it should
public abstract class ActivationStoreContract extends StoreContract {
    private static final Instant T0 = Instant.parse("2026-03-01T00:00:00Z");

    /** Called by the adapter's test. */
    protected ActivationStoreContract() {}

    // ---- completions
    // ------------------------------------------------------------------------------------------------------

    @Test
    void theFirstCompletionToArriveWinsAlsoAgainstOneThatTellsAnEarlierTime() {
        Activation onboarding = onboarding();
        onboarding.complete(PROJECT.by("ada").at(T0).with("source", "first"));

        onboarding.complete(PROJECT.by("ada").at(T0.minusSeconds(60)).with("source", "earlier"));
        onboarding.complete(PROJECT.by("ada").at(T0.plusSeconds(60)));

        assertThat(onboarding.state("ada").completed())
                .containsExactly(Map.entry(PROJECT, new CompletedStep(PROJECT, T0, Map.of("source", "first"))));
    }

    @Test
    void aRepeatReturnsTheSameStateAndMakesNoEvent() {
        Activation onboarding = onboarding();
        ActivationState first = onboarding.complete("ada", EXPORTED);
        clock().advance(Duration.ofDays(1));

        ActivationState repeated = onboarding.complete("ada", EXPORTED);

        assertThat(repeated).isEqualTo(first).isEqualTo(onboarding.state("ada"));
        assertThat(heard().inShort()).containsExactly("ada completed " + EXPORTED, "ada activated by " + EXPORTED);
    }

    @Test
    void theStoreSaysWhetherACompletionWasTheFirstAndWhatIsStoredAfterIt() {
        ActivationStore store = stores().activation();
        WorkspaceId acme = workspace("acme");
        StepCompletion project = PROJECT.by("ada").at(T0);

        Recorded first = store.complete(acme, ONBOARDING, project, events(acme, project));
        StepCompletion later = PROJECT.by("ada").at(T0.plusSeconds(1));
        Recorded repeat = store.complete(acme, ONBOARDING, later, events(acme, later));
        StepCompletion created = CREATED.by("ada").at(T0.plusSeconds(2));
        Recorded other = store.complete(acme, ONBOARDING, created, events(acme, created));

        assertThat(first.first()).isTrue();
        assertThat(repeat.first()).isFalse();
        assertThat(other.first()).isTrue();
        assertThat(first.state()).isEqualTo(repeat.state()).isEqualTo(state(ONBOARDING, "ada", done(PROJECT, T0)));
        assertThat(other.state())
                .isEqualTo(state(ONBOARDING, "ada", done(CREATED, T0.plusSeconds(2)), done(PROJECT, T0)))
                .isEqualTo(store.find(acme, ONBOARDING, UserId.of("ada")));
    }

    @Test
    void anUnknownStepIsAnErrorThatListsTheKnownOnesAndNothingIsStored() {
        Activation onboarding = onboarding();

        for (StepCompletion wrong : List.of(
                Step.of("acount_created").by("ada"), Step.of("Account_created").by("ada"))) {
            assertThatThrownBy(() -> onboarding.complete(wrong)).isInstanceOfSatisfying(UnknownStep.class, error -> {
                assertThat(error.funnel()).isEqualTo("onboarding");
                assertThat(error.step()).isEqualTo(wrong.step().name());
                assertThat(error.known()).containsExactly(CREATED, PROJECT, INVITED, EXPORTED);
                assertThat(error)
                        .hasMessageContaining(wrong.step().name())
                        .hasMessageContaining(
                                "account_created, first_project_created, first_collaborator_invited, first_export_completed");
            });
        }
        assertThatThrownBy(() -> onboarding.complete("ada", "nope")).isInstanceOf(UnknownStep.class);

        assertThat(onboarding.state("ada")).isEqualTo(state(ONBOARDING, "ada"));
        assertThat(heard().all()).isEmpty();
    }

    @Test
    void aCompletionWithoutATimeHappenedWhenItWasRecorded() {
        Activation onboarding = onboarding();
        clock().set(Instant.parse("2026-05-31T23:59:59.123456789Z"));
        onboarding.complete("ada", CREATED);
        clock().advance(Period.ofMonths(1));
        onboarding.complete("ada", PROJECT);

        assertThat(onboarding.state("ada"))
                .isEqualTo(state(
                        ONBOARDING,
                        "ada",
                        done(CREATED, Instant.parse("2026-05-31T23:59:59.123456Z")),
                        done(PROJECT, Instant.parse("2026-06-30T23:59:59.123456Z"))));
    }

    @Test
    void completionsMayArriveLateAndInAnyOrder() {
        Activation onboarding = onboarding();
        onboarding.complete(EXPORTED.by("ada").at(T0.plusSeconds(30)));
        onboarding.complete(CREATED.by("ada").at(T0));
        ActivationState state = onboarding.complete(INVITED.by("ada").at(T0.minusSeconds(30)));

        assertThat(state)
                .isEqualTo(state(
                        ONBOARDING,
                        "ada",
                        done(CREATED, T0),
                        done(INVITED, T0.minusSeconds(30)),
                        done(EXPORTED, T0.plusSeconds(30))))
                .isEqualTo(onboarding.state("ada"));
        assertThat(state.completed().keySet()).containsExactly(CREATED, INVITED, EXPORTED);
        assertThat(state.nextStep()).contains(PROJECT);
    }

    @Test
    void metadataIsKeptAsItWasTold() {
        Activation onboarding = onboarding();
        var metadata = new LinkedHashMap<String, String>();
        metadata.put("company", "Ærø \"Möbel\" & Söhne\\ 'GmbH' 🦄");
        metadata.put("empty", "");
        metadata.put("blank", "  ");
        metadata.put("lines", "a\nb\r\n\tc\u2028\u0001");
        metadata.put("json", "{\"a\": [null, 1.0], \"b\": \"\\u0041\"}");
        metadata.put("number", "007");
        metadata.put("null", "null");
        metadata.put("k\"e'y\\ 🦄 :x ?", "%_;--");
        metadata.put("é", "composed");
        metadata.put("e\u0301", "decomposed");
        metadata.put("A", "upper");
        metadata.put("a", "lower");
        metadata.put("long", "🦄".repeat(500));
        while (metadata.size() < 20) {
            metadata.put("entry " + metadata.size(), "v");
        }
        StepCompletion completion = new StepCompletion(UserId.of("ada"), CREATED, Optional.of(T0), metadata);

        ActivationState told = onboarding.complete(completion);

        assertThat(told.completed().get(CREATED)).isEqualTo(new CompletedStep(CREATED, T0, metadata));
        assertThat(onboarding.state("ada")).isEqualTo(told);
        assertThat(find(onboarding, "ada")).isEqualTo(told);
    }

    @Test
    void whatWasToldInTheEventsIsWhatHappened() {
        Activation onboarding = onboarding();
        clock().set(Instant.parse("2026-04-12T08:00:00.000001999Z"));

        onboarding.complete(CREATED.by("ada").at(T0).with("secret", "not in an event"));
        onboarding.complete(EXPORTED.by("ada").at(T0.plusNanos(1_999)));

        Instant now = Instant.parse("2026-04-12T08:00:00.000001Z");
        WorkspaceId acme = workspace("acme");
        UserId ada = UserId.of("ada");
        List<GrowthEvent> events = heard().all();
        assertThat(events).hasSize(3);
        assertThat(heard().ids()).doesNotHaveDuplicates();
        assertThat(events.get(0))
                .isEqualTo(new StepCompleted(events.get(0).id(), now, acme, ada, "onboarding", CREATED.name(), T0));
        Instant at = T0.plusNanos(1_000);
        assertThat(events.get(1))
                .isEqualTo(new StepCompleted(events.get(1).id(), now, acme, ada, "onboarding", EXPORTED.name(), at));
        assertThat(events.get(2))
                .isEqualTo(new UserActivated(events.get(2).id(), now, acme, ada, "onboarding", EXPORTED.name(), at));
    }

    // ---- the state
    // --------------------------------------------------------------------------------------------------------

    @Test
    void aUserWhoWasNeverHeardOfHasCompletedNothing() {
        ActivationState state = onboarding().state("nobody");

        assertThat(state).isEqualTo(state(ONBOARDING, "nobody"));
        assertThat(state.score()).isZero();
        assertThat(state.nextStep()).contains(CREATED);
        assertThat(state.activated()).isFalse();
        assertThat(state.activatedAt()).isEmpty();
        assertThat(state.signedUpAt()).isEmpty();
    }

    @Test
    void theNextStepIsTheFirstIncompleteOneInTheOrderOfTheFunnel() {
        Activation onboarding = onboarding();

        assertThat(onboarding.complete("ada", INVITED).nextStep()).contains(CREATED);
        assertThat(onboarding.complete("ada", CREATED).nextStep()).contains(PROJECT);
        assertThat(onboarding.complete("ada", PROJECT).nextStep()).contains(EXPORTED);
        assertThat(onboarding.complete("ada", EXPORTED).nextStep()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("scores")
    void theScoreIsTheShareOfCompletedStepsInPercentWithHalvesRoundedUp(int steps, List<Integer> scores) {
        var builder = ActivationFunnel.named("scores");
        IntStream.rangeClosed(1, steps).forEach(i -> builder.step("step " + i));
        ActivationFunnel funnel = builder.build();
        Activation activation = plg(funnel).workspace(workspace("acme")).activation(funnel);
        var order = new ArrayList<>(funnel.steps());
        Collections.shuffle(order, new Random(steps));

        var seen = new ArrayList<Integer>();
        for (Step step : order) {
            seen.add(activation.complete("ada", step).score());
            assertThat(activation.state("ada").score()).isEqualTo(seen.get(seen.size() - 1));
        }

        assertThat(seen).isEqualTo(scores);
    }

    static Stream<Arguments> scores() {
        return Stream.of(
                Arguments.of(1, List.of(100)),
                Arguments.of(3, List.of(33, 67, 100)),
                Arguments.of(6, List.of(17, 33, 50, 67, 83, 100)),
                Arguments.of(7, List.of(14, 29, 43, 57, 71, 86, 100)),
                Arguments.of(8, List.of(13, 25, 38, 50, 63, 75, 88, 100)));
    }

    @Test
    void theScoreKeptBesideTheCompletionsIsTheOneOfTheState() {
        StoreInspection inspection = inspectionOrSkip();
        Activation onboarding = onboarding();
        var expected = List.of(25, 50, 75, 100);
        var order = List.of(EXPORTED, CREATED, INVITED, PROJECT);

        for (int i = 0; i < order.size(); i++) {
            onboarding.complete("ada", order.get(i));
            onboarding.complete("ada", order.get(0));
            assertThat(storedScore(inspection, "ada")).hasValue(expected.get(i));
        }
        onboarding.signedUp("ada", T0);
        onboarding.completeAll(List.of(
                CREATED.by("lin"), CREATED.by("lin"), CREATED.by("bob"), INVITED.by("lin"), EXPORTED.by("ada")));

        assertThat(storedScore(inspection, "ada")).hasValue(100);
        assertThat(storedScore(inspection, "lin")).hasValue(50);
        assertThat(storedScore(inspection, "bob")).hasValue(25);
    }

    @Test
    void theEventsAreStoredOnceEach() {
        StoreInspection inspection = inspectionOrSkip();
        Activation onboarding = onboarding();

        onboarding.complete("ada", EXPORTED);
        onboarding.complete("ada", EXPORTED);
        onboarding.signedUp("ada", T0);
        onboarding.completeAll(List.of(CREATED.by("lin"), EXPORTED.by("ada"), CREATED.by("lin"), EXPORTED.by("lin")));

        assertThat(heard().ids()).hasSize(5);
        assertThat(inspection.eventIds(workspace("acme"))).containsExactlyInAnyOrderElementsOf(heard().ids());
        assertThat(inspection.eventIds(workspace("globex"))).isEmpty();
    }

    @Test
    void theAhaStepActivatesWhateverElseIsMissing() {
        Activation onboarding = onboarding();
        assertThat(onboarding.complete("ada", CREATED).activated()).isFalse();
        assertThat(onboarding.complete("ada", PROJECT).activated()).isFalse();
        assertThat(onboarding.complete("ada", INVITED).activated()).isFalse();

        ActivationState lin = onboarding.complete(EXPORTED.by("lin").at(T0));

        assertThat(lin.activated()).isTrue();
        assertThat(lin.activatedAt()).contains(T0);
        assertThat(onboarding.state("lin")).isEqualTo(lin);
        assertThat(onboarding.state("ada").activated()).isFalse();
    }

    @Test
    void theAhaStepIsTheLastOneUnlessAnotherWasNamed() {
        var last = ActivationFunnel.named("last").step("a").step("b").step("c").build();
        var middle =
                ActivationFunnel.named("middle").step("a").aha("b").step("c").build();
        Plg plg = plg(last, middle);
        Activation byLast = plg.workspace(workspace("acme")).activation(last);
        Activation byMiddle = plg.workspace(workspace("acme")).activation(middle);

        assertThat(byLast.complete("ada", "b").activated()).isFalse();
        assertThat(byLast.complete("ada", "c").activated()).isTrue();
        assertThat(byMiddle.complete("ada", "c").activated()).isFalse();
        assertThat(byMiddle.complete("ada", "b").activated()).isTrue();
        assertThat(heard().inShort())
                .containsExactly(
                        "ada completed b",
                        "ada completed c",
                        "ada activated by c",
                        "ada completed c",
                        "ada completed b",
                        "ada activated by b");
    }

    // ---- sign-up
    // ----------------------------------------------------------------------------------------------------------

    @Test
    void theSignUpIsTheFirstStepUnlessTheHostToldItsTime() {
        Activation onboarding = onboarding();
        onboarding.complete(PROJECT.by("ada").at(T0.minusSeconds(5)));
        assertThat(onboarding.state("ada").signedUpAt()).isEmpty();

        onboarding.complete(CREATED.by("ada").at(T0));
        assertThat(onboarding.state("ada").signedUpAt()).contains(T0);

        ActivationState told = onboarding.signedUp("ada", T0.plusSeconds(7));
        assertThat(told.signedUpAt()).contains(T0.plusSeconds(7));
        assertThat(told.hostSignUp()).contains(T0.plusSeconds(7));
        assertThat(onboarding.state("ada")).isEqualTo(told);
    }

    @Test
    void theHostsSignUpTimeGoesBeforeTheFirstStepSAlsoWhenItCameFirst() {
        Activation onboarding = onboarding();
        onboarding.signedUp("ada", T0);

        ActivationState state = onboarding.complete(CREATED.by("ada").at(T0.minusSeconds(9)));

        assertThat(state.signedUpAt()).contains(T0);
        assertThat(state.completed().get(CREATED).at()).isEqualTo(T0.minusSeconds(9));
        assertThat(onboarding.state("ada")).isEqualTo(state);
    }

    @Test
    void theFirstSignUpTimeToArriveWins() {
        Activation onboarding = onboarding();
        onboarding.signedUp("ada", T0);

        assertThat(onboarding.signedUp("ada", T0.minusSeconds(60)).signedUpAt()).contains(T0);
        assertThat(onboarding.signedUp("ada", T0.plusSeconds(60)).signedUpAt()).contains(T0);
        assertThat(onboarding.state("ada")).isEqualTo(find(onboarding, "ada"));
        assertThat(onboarding.state("ada").hostSignUp()).contains(T0);
    }

    @Test
    void aSignUpCompletesNoStepAndMakesNoEvent() {
        Activation onboarding = onboarding();

        ActivationState state = onboarding.signedUp("ada", T0);

        assertThat(state.completed()).isEmpty();
        assertThat(state.score()).isZero();
        assertThat(state.nextStep()).contains(CREATED);
        assertThat(heard().all()).isEmpty();
    }

    // ---- many at once
    // -----------------------------------------------------------------------------------------------------

    @Test
    void manyCompletionsCountAsIfEachHadBeenToldByItself() {
        Activation onboarding = onboarding();
        onboarding.complete(CREATED.by("ada").at(T0));

        int first = onboarding.completeAll(List.of(
                EXPORTED.by("lin").at(T0.plusSeconds(3)),
                CREATED.by("ada").at(T0.minusSeconds(5)).with("told", "again"),
                PROJECT.by("ada"),
                CREATED.by("lin").at(T0.plusSeconds(1)).with("told", "first"),
                EXPORTED.by("lin").at(T0),
                CREATED.by("lin").at(T0).with("told", "second")));

        assertThat(first).isEqualTo(3);
        assertThat(onboarding.state("ada"))
                .isEqualTo(state(ONBOARDING, "ada", done(CREATED, T0), done(PROJECT, clock().instant())));
        assertThat(onboarding.state("lin"))
                .isEqualTo(state(
                        ONBOARDING,
                        "lin",
                        new CompletedStep(CREATED, T0.plusSeconds(1), Map.of("told", "first")),
                        done(EXPORTED, T0.plusSeconds(3))));
        assertThat(heard().inShort())
                .containsExactly(
                        "ada completed " + CREATED,
                        "lin completed " + EXPORTED,
                        "lin activated by " + EXPORTED,
                        "ada completed " + PROJECT,
                        "lin completed " + CREATED);
    }

    @Test
    void theStoreSaysForEachOfManyCompletionsWhetherItWasTheFirst() {
        WorkspaceId acme = workspace("acme");
        ActivationStore store = stores().activation();
        StepCompletion known = CREATED.by("ada").at(T0);
        store.complete(acme, ONBOARDING, known, events(acme, known));

        List<Boolean> first = store.completeAll(
                acme,
                ONBOARDING,
                Stream.of(
                                PROJECT.by("zoe").at(T0),
                                CREATED.by("ada").at(T0.plusSeconds(1)),
                                PROJECT.by("zoe").at(T0.plusSeconds(2)),
                                CREATED.by("zoe").at(T0.plusSeconds(3)),
                                PROJECT.by("ada").at(T0.plusSeconds(4)))
                        .map(completion -> new WithEvents(completion, events(acme, completion)))
                        .toList());

        assertThat(first).containsExactly(true, false, false, true, true);
        assertThat(store.completeAll(acme, ONBOARDING, List.of())).isEmpty();
        assertThat(store.find(acme, ONBOARDING, UserId.of("zoe")))
                .isEqualTo(state(ONBOARDING, "zoe", done(CREATED, T0.plusSeconds(3)), done(PROJECT, T0)));
    }

    @Test
    void ofManyCompletionsNothingIsRecordedIfOneIsWrong() {
        Activation onboarding = onboarding();

        assertThatThrownBy(() -> onboarding.completeAll(List.of(
                        CREATED.by("ada"), EXPORTED.by("lin"), Step.of("nope").by("bob"))))
                .isInstanceOf(UnknownStep.class)
                .hasMessageContaining("nope");

        assertThat(find(onboarding, "ada")).isEqualTo(state(ONBOARDING, "ada"));
        assertThat(find(onboarding, "lin")).isEqualTo(state(ONBOARDING, "lin"));
        assertThat(heard().all()).isEmpty();
        assertThat(onboarding.completeAll(List.of())).isZero();
    }

    @Test
    void thousandsOfCompletionsAreRecordedByOneCall() {
        Activation onboarding = onboarding();
        var completions = new ArrayList<StepCompletion>();
        for (int user = 0; user < 1_000; user++) {
            completions.add(CREATED.by("user " + user).at(T0.plusSeconds(user)));
            completions.add(EXPORTED.by("user " + user).at(T0.plusSeconds(2L * user)));
        }
        completions.addAll(completions.subList(0, 500));

        assertThat(onboarding.completeAll(completions)).isEqualTo(2_000);
        assertThat(onboarding.completeAll(completions)).isZero();

        ActivationReport report = onboarding.report(Cohort.everyone());
        assertThat(report.signedUp()).isEqualTo(1_000);
        assertThat(report.activated()).isEqualTo(1_000);
        assertThat(report.timeToActivation().orElseThrow().p50()).isEqualTo(Duration.ofMillis(499_500));
        assertThat(heard().all()).hasSize(3_000);
    }

    // ---- reports
    // ----------------------------------------------------------------------------------------------------------

    @Test
    void aReportCountsWhoCompletedEachStepInAnyOrder() {
        Activation onboarding = onboarding();
        onboarding.completeAll(List.of(
                CREATED.by("a").at(T0),
                CREATED.by("b").at(T0.plusSeconds(1)),
                EXPORTED.by("b").at(T0.plusSeconds(61)),
                EXPORTED.by("c").at(T0),
                PROJECT.by("c").at(T0.plusSeconds(1)),
                CREATED.by("c").at(T0.plusSeconds(2)),
                PROJECT.by("d").at(T0)));
        onboarding.signedUp("e", T0.plusSeconds(5));

        ActivationReport report = onboarding.report(Cohort.everyone());

        assertThat(report.signedUp()).isEqualTo(4);
        assertThat(report.steps())
                .containsExactly(
                        new StepCount(CREATED, 3, new Rate(3, 4)),
                        new StepCount(PROJECT, 1, new Rate(1, 4)),
                        new StepCount(INVITED, 0, new Rate(0, 4)),
                        new StepCount(EXPORTED, 2, new Rate(2, 4)));
        assertThat(report.activated()).isEqualTo(2);
        assertThat(report.activationRate()).isEqualTo(new Rate(2, 4));
        assertThat(report.timeToActivation())
                .as("b took 60 s, c was activated 2 s before the sign-up")
                .contains(new DurationSummary(
                        2,
                        Duration.ofSeconds(29),
                        Duration.ofSeconds(29),
                        Duration.ofMillis(44_500),
                        Duration.ofMillis(53_800)));
    }

    @Test
    void aCohortIsWhoSignedUpFromItsStartUpToButNotAtItsEnd() {
        Activation onboarding = onboarding();
        Instant from = T0;
        Instant to = T0.plus(Duration.ofDays(7));
        onboarding.complete(CREATED.by("just before").at(from.minusNanos(1_000)));
        onboarding.complete(CREATED.by("at the start").at(from));
        onboarding.complete(CREATED.by("just before the end").at(to.minusNanos(1_000)));
        onboarding.complete(CREATED.by("at the end").at(to));
        onboarding.complete(CREATED.by("moved in").at(to.plusSeconds(9)));
        onboarding.signedUp("moved in", from);
        onboarding.complete(CREATED.by("moved out").at(from));
        onboarding.signedUp("moved out", to);
        onboarding.complete(PROJECT.by("without sign-up").at(from));
        onboarding.complete(EXPORTED.by("just before the end").at(to.plus(Duration.ofDays(400))));

        ActivationReport week = onboarding.report(Cohort.signedUpBetween(from, to));
        assertThat(week.signedUp()).isEqualTo(3);
        assertThat(week.activated()).isEqualTo(1);
        assertThat(week.timeToActivation().orElseThrow().p50())
                .isEqualTo(Duration.ofDays(400).plusNanos(1_000));

        assertThat(onboarding
                        .report(new Cohort(Optional.of(from), Optional.empty()))
                        .signedUp())
                .isEqualTo(5);
        assertThat(onboarding
                        .report(new Cohort(Optional.empty(), Optional.of(to)))
                        .signedUp())
                .isEqualTo(4);
        assertThat(onboarding.report(Cohort.everyone()).signedUp()).isEqualTo(6);
        assertThat(onboarding
                        .report(Cohort.signedUpBetween(from, from.plusNanos(1_000)))
                        .signedUp())
                .isEqualTo(2);
    }

    @Test
    void aReportOnNobodyIsAllZeros() {
        Activation onboarding = onboarding();
        onboarding.complete(CREATED.by("ada").at(T0));
        Cohort nobody = Cohort.signedUpBetween(T0.plusSeconds(1), T0.plusSeconds(2));

        ActivationReport report = onboarding.report(nobody);

        assertThat(report)
                .isEqualTo(new ActivationReport(
                        0,
                        ONBOARDING.steps().stream()
                                .map(step -> new StepCount(step, 0, new Rate(0, 0)))
                                .toList(),
                        0,
                        Optional.empty()));
        assertThat(onboarding.reportBy(nobody, "company")).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("times")
    void theTimeToActivationIsInterpolatedBetweenTheTwoNearest(
            List<Integer> minutes, Duration mean, Duration p50, Duration p75, Duration p90) {
        Activation onboarding = onboarding();
        for (int i = 0; i < minutes.size(); i++) {
            Instant signUp = T0.plus(Duration.ofDays(i));
            onboarding.complete(CREATED.by("user " + i).at(signUp));
            onboarding.complete(EXPORTED.by("user " + i).at(signUp.plus(Duration.ofMinutes(minutes.get(i)))));
            onboarding.complete(CREATED.by("not activated " + i).at(signUp));
        }

        ActivationReport report = onboarding.report(Cohort.everyone());

        assertThat(report.timeToActivation()).contains(new DurationSummary(minutes.size(), mean, p50, p75, p90));
        assertThat(report.signedUp()).isEqualTo(2L * minutes.size());
    }

    static Stream<Arguments> times() {
        return Stream.of(
                times(List.of(7), "PT7M", "PT7M", "PT7M", "PT7M"),
                times(List.of(0), "PT0S", "PT0S", "PT0S", "PT0S"),
                times(List.of(20, 10), "PT15M", "PT15M", "PT17M30S", "PT19M"),
                times(List.of(40, 10, 30, 20), "PT25M", "PT25M", "PT32M30S", "PT37M"),
                times(List.of(10, 50, 20, 40, 30), "PT30M", "PT30M", "PT40M", "PT46M"),
                times(List.of(5, 5, 5, 5, 1_000_005), "PT200005M", "PT5M", "PT5M", "PT600005M"),
                times(List.of(-10, 10), "PT0S", "PT0S", "PT5M", "PT8M"),
                times(List.of(10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0), "PT5M", "PT5M", "PT7M30S", "PT9M"));
    }

    private static Arguments times(List<Integer> minutes, String mean, String p50, String p75, String p90) {
        return Arguments.of(
                minutes, Duration.parse(mean), Duration.parse(p50), Duration.parse(p75), Duration.parse(p90));
    }

    @Test
    void aReportIsSplitByWhatWasNotedOnTheFirstStep() {
        Activation onboarding = onboarding();
        onboarding.completeAll(List.of(
                CREATED.by("a").at(T0).with("company", "small").with("Company", "other key"),
                CREATED.by("b").at(T0).with("company", "Small"),
                EXPORTED.by("b").at(T0.plusSeconds(10)).with("company", "not of the first step"),
                CREATED.by("c").at(T0).with("company", "small"),
                EXPORTED.by("c").at(T0.plusSeconds(20)),
                CREATED.by("d").at(T0),
                CREATED.by("e").at(T0).with("company", ""),
                EXPORTED.by("f").at(T0).with("company", "no first step"),
                CREATED.by("g").at(T0.plusSeconds(100)).with("company", "out of the cohort"),
                CREATED.by("h").at(T0).with("company", "é"),
                CREATED.by("i").at(T0).with("company", "e\u0301"),
                CREATED.by("j").at(T0).with("company", "small ")));
        onboarding.signedUp("f", T0);

        Map<String, ActivationReport> byCompany =
                onboarding.reportBy(Cohort.signedUpBetween(T0, T0.plusSeconds(100)), "company");

        assertThat(byCompany.keySet()).containsExactly("", "Small", "e\u0301", "small", "small ", "é");
        assertThat(byCompany.get("").signedUp()).isEqualTo(3);
        assertThat(byCompany.get("").activated()).isEqualTo(1);
        assertThat(byCompany.get("small"))
                .isEqualTo(new ActivationReport(
                        2,
                        List.of(
                                new StepCount(CREATED, 2, new Rate(2, 2)),
                                new StepCount(PROJECT, 0, new Rate(0, 2)),
                                new StepCount(INVITED, 0, new Rate(0, 2)),
                                new StepCount(EXPORTED, 1, new Rate(1, 2))),
                        1,
                        DurationSummary.ofMicros(20_000_000)));
        assertThat(byCompany.get("Small").timeToActivation()).isEqualTo(DurationSummary.ofMicros(10_000_000));
        assertThat(onboarding.reportBy(Cohort.everyone(), "nothing like it").keySet())
                .containsExactly("");
        String odd = "o'd\"d $.k\\ey? 🦄";
        onboarding.complete(CREATED.by("k").at(T0).with(odd, "x"));
        assertThat(onboarding.reportBy(Cohort.everyone(), odd).keySet()).containsExactly("", "x");
    }

    // ---- what is kept apart
    // -----------------------------------------------------------------------------------------------

    @Test
    void workspacesAreKeptApartAlsoWithTheSameUsersAndFunnels() {
        Plg plg = plg(ONBOARDING);
        Activation acme = plg.workspace(workspace("acme")).activation(ONBOARDING);
        Activation globex = plg.workspace(workspace("globex")).activation(ONBOARDING);

        acme.complete(CREATED.by("ada").at(T0).with("company", "acme"));
        acme.signedUp("ada", T0.plusSeconds(1));
        acme.complete(EXPORTED.by("lin").at(T0));
        globex.complete(CREATED.by("ada").at(T0.plusSeconds(2)).with("company", "globex"));
        assertThat(globex.completeAll(List.of(EXPORTED.by("lin").at(T0.plusSeconds(3)))))
                .isEqualTo(1);

        for (boolean cached : new boolean[] {true, false}) {
            assertThat(cached ? acme.state("ada") : find(acme, "ada"))
                    .isEqualTo(new ActivationState(
                            ONBOARDING,
                            UserId.of("ada"),
                            Map.of(CREATED, new CompletedStep(CREATED, T0, Map.of("company", "acme"))),
                            Optional.of(T0.plusSeconds(1))));
            ActivationState globexAda = cached
                    ? globex.state("ada")
                    : stores().activation().find(workspace("globex"), ONBOARDING, UserId.of("ada"));
            assertThat(globexAda)
                    .isEqualTo(state(
                            ONBOARDING,
                            "ada",
                            new CompletedStep(CREATED, T0.plusSeconds(2), Map.of("company", "globex"))));
        }
        assertThat(acme.report(Cohort.everyone()).signedUp()).isEqualTo(1);
        assertThat(globex.report(Cohort.everyone()).signedUp()).isEqualTo(1);
        assertThat(acme.reportBy(Cohort.everyone(), "company").keySet()).containsExactly("acme");
        assertThat(globex.reportBy(Cohort.everyone(), "company").keySet()).containsExactly("globex");
        assertThat(heard().all())
                .extracting(GrowthEvent::workspace)
                .containsExactly(
                        workspace("acme"),
                        workspace("acme"),
                        workspace("acme"),
                        workspace("globex"),
                        workspace("globex"),
                        workspace("globex"));
    }

    @Test
    void funnelsAreKeptApartAlsoWithTheSameUsersAndSteps() {
        var other = ActivationFunnel.named("Onboarding")
                .step(EXPORTED)
                .step(CREATED)
                .build();
        Plg plg = plg(ONBOARDING, other);
        Activation first = plg.workspace(workspace("acme")).activation(ONBOARDING);
        Activation second = plg.workspace(workspace("acme")).activation(other);

        first.complete(CREATED.by("ada").at(T0));
        first.signedUp("lin", T0);
        second.complete(CREATED.by("ada").at(T0.plusSeconds(1)));
        second.complete(EXPORTED.by("ada").at(T0));

        assertThat(first.state("ada")).isEqualTo(state(ONBOARDING, "ada", done(CREATED, T0)));
        assertThat(second.state("ada"))
                .isEqualTo(state(other, "ada", done(EXPORTED, T0), done(CREATED, T0.plusSeconds(1))));
        assertThat(second.state("lin")).isEqualTo(state(other, "lin"));
        assertThat(first.report(Cohort.everyone()).signedUp()).isEqualTo(2);
        assertThat(second.report(Cohort.everyone()).signedUp()).isEqualTo(1);
    }

    @Test
    void idsAndNamesAreComparedByteByByte() {
        List<String> alike = List.of(
                "A", "a", "a ", " a", "a\u00a0", "a\u200b", "a\n", "\u00e9", "e\u0301", "e", "\u00c9", "\u00df", "ss",
                "ﬁ", "fi", "I", "i", "\u0130", "\u0131", "K", "\u212a", " ", "  ", "1", "01", "1.0", "null", "%", "_",
                "__");
        var funnel = ActivationFunnel.named("byte by byte");
        alike.stream().filter(name -> !name.isBlank()).forEach(funnel::step);
        ActivationFunnel steps = funnel.build();
        Plg plg = plg(steps, ONBOARDING);
        Activation acme = plg.workspace(workspace("acme")).activation(ONBOARDING);
        Activation manySteps = plg.workspace(workspace("acme")).activation(steps);

        for (int i = 0; i < alike.size(); i++) {
            Instant at = T0.plusSeconds(i);
            acme.complete(CREATED.by(alike.get(i)).at(at));
            WorkspaceId workspace = WorkspaceId.of(workspace("").value() + alike.get(i));
            plg.workspace(workspace)
                    .activation(ONBOARDING)
                    .complete(CREATED.by("ada").at(at));
            if (!alike.get(i).isBlank()) {
                manySteps.complete(Step.of(alike.get(i)).by("ada").at(at));
            }
        }

        for (int i = 0; i < alike.size(); i++) {
            Instant at = T0.plusSeconds(i);
            String id = alike.get(i);
            assertThat(find(acme, id)).as("user <%s>", id).isEqualTo(state(ONBOARDING, id, done(CREATED, at)));
            WorkspaceId workspace = WorkspaceId.of(workspace("").value() + id);
            assertThat(stores().activation().find(workspace, ONBOARDING, UserId.of("ada")))
                    .as("workspace <%s>", id)
                    .isEqualTo(state(ONBOARDING, "ada", done(CREATED, at)));
            if (!id.isBlank()) {
                assertThat(stores().activation()
                                .find(workspace("acme"), steps, UserId.of("ada"))
                                .completed()
                                .get(Step.of(id)))
                        .as("step <%s>", id)
                        .isEqualTo(done(Step.of(id), at));
            }
        }
        assertThat(acme.report(Cohort.everyone()).signedUp()).isEqualTo(alike.size());
    }

    @ParameterizedTest
    @MethodSource("oddNames")
    void idsAndNamesMayBeAnyTextOf128Characters(String odd) {
        ActivationFunnel funnel =
                ActivationFunnel.named(odd).step(odd).step("another").build();
        String ownId = UUID.randomUUID().toString();
        WorkspaceId workspace = WorkspaceId.of(ownId
                + odd.substring(
                        0,
                        odd.offsetByCodePoints(
                                0, Math.min(128 - ownId.length(), odd.codePointCount(0, odd.length())))));
        Activation activation = plg(funnel).workspace(workspace).activation(funnel);
        StepCompletion completion = Step.of(odd).by(odd).at(T0).with(odd, odd);

        activation.complete(completion);
        assertThat(activation.completeAll(List.of(Step.of("another").by(odd).at(T0), completion)))
                .isEqualTo(1);
        activation.signedUp(odd, T0.plusSeconds(1));

        ActivationState expected = new ActivationState(
                funnel,
                UserId.of(odd),
                Map.of(
                        Step.of(odd),
                        new CompletedStep(Step.of(odd), T0, Map.of(odd, odd)),
                        Step.of("another"),
                        done(Step.of("another"), T0)),
                Optional.of(T0.plusSeconds(1)));
        assertThat(activation.state(odd)).isEqualTo(expected);
        assertThat(stores().activation().find(workspace, funnel, UserId.of(odd)))
                .isEqualTo(expected);
        assertThat(activation.reportBy(Cohort.everyone(), odd).keySet()).containsExactly(odd);
        assertThat(heard().all()).hasSize(3).allSatisfy(event -> {
            assertThat(event.user()).isEqualTo(UserId.of(odd));
            assertThat(event.workspace()).isEqualTo(workspace);
        });
    }

    static List<String> oddNames() {
        return List.of(
                "x".repeat(128),
                "é".repeat(128),
                "漢".repeat(128),
                "🦄".repeat(128),
                "'; drop table plg.activation; --",
                "\"quoted\" 'single' `back` \\ \\\\ \\' \\u0041 ${a} :name ? ?1 ?| @> {x} <y> %s %n",
                "tab\tnew\nline\rreturn\u0001\u007f\u0085\u2028\ufeffend",
                "\ud83d\udc69\u200d\ud83d\ude80 \u202eright to left\u202c \uffff\ufffd \udbff\udfff",
                "..",
                "/",
                "null",
                "true",
                "0",
                "[]",
                "{}",
                "a,b",
                "(a,b)",
                "NULL");
    }

    // ---- time
    // -------------------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0001-01-01T00:00:00Z",
                "0099-12-31T23:59:59.999999Z",
                "1500-02-28T12:00:00Z",
                "1582-10-10T00:00:00Z",
                "1883-11-18T17:00:00Z",
                "1899-12-31T23:59:59.999999Z",
                "1969-12-31T23:59:59.999999Z",
                "2026-03-08T07:30:00Z",
                "2026-10-25T00:30:00.000001Z",
                "2026-12-31T23:59:59.999999Z",
                "2038-01-19T03:14:08Z",
                "2500-06-15T06:07:08.123456Z",
                "9999-12-31T23:59:59.999999Z"
            })
    @ResourceLock(Resources.TIME_ZONE)
    void timesAreKeptToTheMicrosecondInEveryYearAndEveryTimeZoneOfTheJvm(Instant at) {
        Activation onboarding = onboarding();
        TimeZone before = TimeZone.getDefault();
        try {
            TimeZone.setDefault(TimeZone.getTimeZone("America/New_York"));
            onboarding.complete(CREATED.by("ada").at(at));
            onboarding.signedUp("lin", at);
            onboarding.completeAll(List.of(EXPORTED.by("ada").at(at)));
            TimeZone.setDefault(TimeZone.getTimeZone("Asia/Kathmandu"));

            assertThat(find(onboarding, "ada"))
                    .isEqualTo(state(ONBOARDING, "ada", done(CREATED, at), done(EXPORTED, at)));
            assertThat(find(onboarding, "lin").hostSignUp()).contains(at);
            assertThat(onboarding
                            .report(new Cohort(Optional.of(at), Optional.empty()))
                            .signedUp())
                    .isEqualTo(2);
            assertThat(onboarding
                            .report(new Cohort(Optional.empty(), Optional.of(at)))
                            .signedUp())
                    .isZero();
            assertThat(onboarding.report(Cohort.everyone()).timeToActivation()).isEqualTo(DurationSummary.ofMicros(0));
        } finally {
            TimeZone.setDefault(before);
        }
    }

    @Test
    void nanosecondsAreCutOffEverywhere() {
        Activation onboarding = onboarding();
        onboarding.complete(CREATED.by("ada").at(Instant.parse("2026-03-01T00:00:00.123456999Z")));
        onboarding.complete(CREATED.by("bob").at(Instant.parse("1969-12-31T23:59:59.999999999Z")));
        onboarding.signedUp("lin", Instant.parse("2026-03-01T00:00:00.123456001Z"));
        Instant micro = Instant.parse("2026-03-01T00:00:00.123456Z");

        assertThat(find(onboarding, "ada").signedUpAt()).contains(micro);
        assertThat(find(onboarding, "bob").signedUpAt()).contains(Instant.parse("1969-12-31T23:59:59.999999Z"));
        assertThat(find(onboarding, "lin").signedUpAt()).contains(micro);
        assertThat(onboarding
                        .report(Cohort.signedUpBetween(micro.plusNanos(999), micro.plusNanos(1_999)))
                        .signedUp())
                .isEqualTo(2);
    }

    @Test
    void theTimeToActivationMayBeThousandsOfYears() {
        Activation onboarding = onboarding();
        Instant first = Instant.parse("0001-01-01T00:00:00Z");
        Instant last = Instant.parse("9999-12-31T23:59:59.999999Z");
        onboarding.complete(CREATED.by("ada").at(first));
        onboarding.complete(EXPORTED.by("ada").at(last));
        onboarding.complete(CREATED.by("lin").at(last));
        onboarding.complete(EXPORTED.by("lin").at(first));

        DurationSummary summary =
                onboarding.report(Cohort.everyone()).timeToActivation().orElseThrow();

        assertThat(summary.n()).isEqualTo(2);
        assertThat(summary.mean()).isZero();
        assertThat(summary.p50()).isZero();
        assertThat(summary.p90())
                .isEqualTo(Duration.between(first, last).multipliedBy(8).dividedBy(10));
    }

    // ---- a funnel that changes
    // --------------------------------------------------------------------------------------------

    @Test
    void aFunnelMayChangeLaterAndEverythingIsComputedFromTheStoredCompletions() {
        onboarding()
                .completeAll(List.of(
                        CREATED.by("ada").at(T0),
                        PROJECT.by("ada").at(T0.plusSeconds(1)),
                        EXPORTED.by("ada").at(T0.plusSeconds(60)),
                        CREATED.by("lin").at(T0)));
        ActivationStore store = stores().activation();
        WorkspaceId acme = workspace("acme");
        Step integrated = Step.of("integrated");
        ActivationFunnel later = ActivationFunnel.named("onboarding")
                .step(EXPORTED)
                .aha(integrated)
                .step(CREATED)
                .build();

        ActivationState ada = store.find(acme, later, UserId.of("ada"));
        assertThat(ada).isEqualTo(state(later, "ada", done(EXPORTED, T0.plusSeconds(60)), done(CREATED, T0)));
        assertThat(ada.score()).isEqualTo(67);
        assertThat(ada.activated()).isFalse();
        assertThat(ada.signedUpAt()).contains(T0.plusSeconds(60));

        ActivationReport report = store.report(acme, later, Cohort.everyone());
        assertThat(report.signedUp())
                .as("who completed the step that is now the first")
                .isEqualTo(1);
        assertThat(report.steps()).extracting(StepCount::step).containsExactly(EXPORTED, integrated, CREATED);
        assertThat(report.steps()).extracting(StepCount::completed).containsExactly(1L, 0L, 1L);
        assertThat(report.activated()).isZero();

        StepCompletion aha = integrated.by("ada").at(T0.plusSeconds(90));
        Recorded recorded = store.complete(acme, later, aha, events(acme, aha));
        assertThat(recorded.first()).isTrue();
        assertThat(recorded.state().score()).isEqualTo(100);
        assertThat(store.report(acme, later, Cohort.everyone()).timeToActivation())
                .isEqualTo(DurationSummary.ofMicros(30_000_000));

        StepCompletion again = PROJECT.by("ada").at(T0.plusSeconds(99));
        assertThat(store.complete(acme, ONBOARDING, again, events(acme, again)).first())
                .as("the completion of a step that had left the funnel was kept")
                .isFalse();
        assertThat(store.find(acme, ONBOARDING, UserId.of("ada")))
                .isEqualTo(state(
                        ONBOARDING,
                        "ada",
                        done(CREATED, T0),
                        done(PROJECT, T0.plusSeconds(1)),
                        done(EXPORTED, T0.plusSeconds(60))));
    }

    // ---- races
    // ------------------------------------------------------------------------------------------------------------

    @Test
    void ofManyThreadsThatCompleteOneStepExactlyOneIsTheFirst() {
        int threads = 32;
        WorkspaceId acme = workspace("acme");
        ActivationStore store = stores().activation();

        List<Recorded> recorded = Race.of(threads, number -> {
            StepCompletion completion =
                    EXPORTED.by("ada").at(T0.plusSeconds(number)).with("thread", "" + number);
            return store.complete(acme, ONBOARDING, completion, events(acme, completion));
        });

        ActivationState stored = store.find(acme, ONBOARDING, UserId.of("ada"));
        assertThat(recorded.stream().filter(Recorded::first)).hasSize(1);
        assertThat(recorded).extracting(Recorded::state).containsOnly(stored);
        int winner = IntStream.range(0, threads)
                .filter(number -> recorded.get(number).first())
                .findFirst()
                .orElseThrow();
        assertThat(stored.completed().get(EXPORTED))
                .isEqualTo(new CompletedStep(EXPORTED, T0.plusSeconds(winner), Map.of("thread", "" + winner)));
    }

    @Test
    void ofManyThreadsThatCompleteOneStepOneMakesTheEvents() {
        Activation onboarding = onboarding();

        List<ActivationState> states =
                Race.of(32, number -> onboarding.complete(EXPORTED.by("ada").at(T0.plusSeconds(number))));

        assertThat(states).containsOnly(find(onboarding, "ada"));
        assertThat(heard().inShort()).containsExactly("ada completed " + EXPORTED, "ada activated by " + EXPORTED);
        inspection()
                .ifPresent(inspection -> assertThat(inspection.eventIds(workspace("acme")))
                        .containsExactlyInAnyOrderElementsOf(heard().ids()));
    }

    @Test
    void threadsThatCompleteDifferentStepsOfOneUserLoseNothing() {
        var builder = ActivationFunnel.named("wide");
        IntStream.range(0, 16).forEach(i -> builder.step("step " + i));
        ActivationFunnel wide = builder.build();
        Activation activation = plg(wide).workspace(workspace("acme")).activation(wide);

        for (int round = 0; round < 5; round++) {
            String user = "user " + round;
            List<ActivationState> states = Race.of(16, number -> activation.complete(user, "step " + number));

            ActivationState stored = stores().activation().find(workspace("acme"), wide, UserId.of(user));
            assertThat(stored.completed()).hasSize(16);
            assertThat(stored.score()).isEqualTo(100);
            assertThat(activation.state(user)).isEqualTo(stored);
            for (int number = 0; number < 16; number++) {
                assertThat(states.get(number).completed())
                        .as("each thread sees what it wrote")
                        .containsKey(Step.of("step " + number));
            }
            inspection()
                    .ifPresent(inspection -> assertThat(inspection.score(workspace("acme"), wide, UserId.of(user)))
                            .hasValue(100));
        }
        assertThat(heard().all()).hasSize(5 * 17);
    }

    @Test
    void ofManyThreadsThatTellASignUpOneIsTheFirst() {
        Activation onboarding = onboarding();

        List<ActivationState> states = Race.of(16, number -> onboarding.signedUp("ada", T0.plusSeconds(number)));

        assertThat(states).containsOnly(find(onboarding, "ada"));
        assertThat(states.get(0).hostSignUp()).isPresent();
    }

    @Test
    void importsOfTheSameCompletionsInDifferentOrdersDoNotDisturbEachOther() {
        Activation onboarding = onboarding();
        var completions = new ArrayList<StepCompletion>();
        for (int user = 0; user < 40; user++) {
            for (Step step : ONBOARDING.steps()) {
                completions.add(step.by("user " + user).at(T0));
            }
        }

        List<Integer> first = Race.of(8, number -> {
            var shuffled = new ArrayList<>(completions);
            Collections.shuffle(shuffled, new Random(number));
            return onboarding.completeAll(shuffled);
        });

        assertThat(first.stream().mapToInt(Integer::intValue).sum()).isEqualTo(160);
        assertThat(heard().inShort()).hasSize(200).doesNotHaveDuplicates();
        assertThat(onboarding.report(Cohort.everyone()).steps())
                .extracting(StepCount::completed)
                .containsOnly(40L);
    }

    // ---- everything together
    // ----------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void randomHistoriesComeOutAsTheModelSays(long seed) {
        var history = new RandomHistory(seed, workspace("acme"), workspace("globex"));
        history.play(plg(RandomHistory.FUNNELS, List.of(heard())), clock(), 80);

        history.assertThatModelAgrees(stores(), heard());
    }

    // -----------------------------------------------------------------------------------------------------------------------

    private Activation onboarding() {
        return plg(ONBOARDING).workspace(workspace("acme")).activation(ONBOARDING);
    }

    /** What the store says, past the memory of {@code Plg}. */
    private ActivationState find(Activation activation, String user) {
        return stores().activation().find(workspace("acme"), activation.funnel(), UserId.of(user));
    }

    private OptionalInt storedScore(StoreInspection inspection, String user) {
        return inspection.score(workspace("acme"), ONBOARDING, UserId.of(user));
    }

    private static CompletedStep done(Step step, Instant at) {
        return new CompletedStep(step, at, Map.of());
    }

    private static ActivationState state(ActivationFunnel funnel, String user, CompletedStep... completed) {
        var steps = new LinkedHashMap<Step, CompletedStep>();
        for (CompletedStep each : completed) {
            steps.put(each.step(), each);
        }
        return new ActivationState(funnel, UserId.of(user), steps, Optional.empty());
    }

    private static List<GrowthEvent> events(WorkspaceId workspace, StepCompletion completion) {
        Instant at = completion.time().orElseThrow();
        return List.of(new StepCompleted(
                UUID.randomUUID(),
                T0,
                workspace,
                completion.user(),
                "onboarding",
                completion.step().name(),
                at));
    }
}
