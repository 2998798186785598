package io.plg.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.Plg;
import io.plg.PlgListener;
import io.plg.SettableClock;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.ActivationReport;
import io.plg.activation.ActivationState;
import io.plg.activation.Cohort;
import io.plg.activation.Step;
import io.plg.activation.UnknownStep;
import io.plg.event.GrowthEvent;
import io.plg.funnel.EventSource;
import io.plg.funnel.FunnelAnalysis;
import io.plg.funnel.FunnelEvent;
import io.plg.funnel.FunnelQuery;
import io.plg.funnel.FunnelReport;
import io.plg.funnel.SubjectPath;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The code of docs/tutorial/first-funnel.md and of the README. */
class FirstFunnelTest {

    // tag::funnel[]
    static final Step EXPORTED = Step.of("first_export_completed");

    static final ActivationFunnel ONBOARDING = ActivationFunnel.named("onboarding")
            .step("account_created")
            .step("first_project_created")
            .step("first_collaborator_invited")
            .aha(EXPORTED)
            .build();
    // end::funnel[]

    @Test
    void a_unit_test_needs_no_database_and_decides_what_time_it_is() {
        // tag::in-memory[]
        var clock = SettableClock.at("2026-04-12T08:00:00Z");
        var plg = Plg.inMemory().funnel(ONBOARDING).clock(clock).build();
        var onboarding = plg.workspace("acme").activation(ONBOARDING);

        onboarding.complete("ada", "account_created");
        clock.advance(Duration.ofHours(26));
        ActivationState ada = onboarding.complete("ada", EXPORTED);

        assertThat(ada.activated()).isTrue();
        assertThat(ada.score()).isEqualTo(50);
        assertThat(ada.nextStep()).contains(Step.of("first_project_created"));
        // end::in-memory[]

        // tag::repeat[]
        clock.advance(Duration.ofDays(1));
        ActivationState again = onboarding.complete("ada", EXPORTED);

        assertThat(again).isEqualTo(ada);
        assertThatThrownBy(() -> onboarding.complete("ada", "first_exprot"))
                .isInstanceOf(UnknownStep.class)
                .hasMessageContaining("its steps are account_created, first_project_created");
        // end::repeat[]

        // tag::report[]
        onboarding.complete("lin", "account_created");

        ActivationReport april = onboarding.report(
                Cohort.signedUpBetween(Instant.parse("2026-04-01T00:00:00Z"), Instant.parse("2026-05-01T00:00:00Z")));
        assertThat(april.activationRate()).hasToString("50.0 % (9.5–90.5 %, n = 2)");
        assertThat(april.timeToActivation().orElseThrow().p50()).isEqualTo(Duration.ofHours(26));
        // end::report[]
    }

    @Test
    void several_things_are_one_transaction() {
        // tag::listener[]
        List<String> heard = new ArrayList<>();
        var plg = Plg.inMemory()
                .funnel(ONBOARDING)
                .listener(new PlgListener() {
                    @Override
                    public void onEvent(GrowthEvent event) {
                        heard.add(event.user() + " " + event.type());
                    }
                })
                .build();
        // end::listener[]

        // tag::transact[]
        assertThatThrownBy(() -> plg.transact(tx -> {
                    tx.workspace("acme").activation(ONBOARDING).complete("ada", EXPORTED);
                    throw new IllegalStateException("the export could not be written");
                }))
                .isInstanceOf(IllegalStateException.class);

        assertThat(plg.workspace("acme").activation(ONBOARDING).state("ada").activated())
                .isFalse();
        assertThat(heard).isEmpty();

        plg.transact(tx -> tx.workspace("acme").activation(ONBOARDING).complete("ada", EXPORTED));

        assertThat(heard).containsExactly("ada plg.activation.step_completed", "ada plg.activation.activated");
        // end::transact[]
    }

    @Test
    void a_funnel_over_the_events_that_one_has() {
        // tag::events[]
        Instant monday = Instant.parse("2026-04-13T09:00:00Z");
        EventSource events = EventSource.sorted(List.of(
                new FunnelEvent("ada", "signup", monday),
                new FunnelEvent("lin", "signup", monday.plusSeconds(60)),
                new FunnelEvent("ada", "project_created", monday.plusSeconds(600)),
                new FunnelEvent("mae", "signup", monday.plusSeconds(700)),
                new FunnelEvent("mae", "project_created", monday.plusSeconds(900)),
                new FunnelEvent("ada", "export", monday.plusSeconds(3_600))));
        // end::events[]

        // tag::query[]
        FunnelQuery query = FunnelQuery.builder()
                .step("signup")
                .step("project_created")
                .step("export")
                .window(Duration.ofDays(7))
                .build();

        FunnelReport report = FunnelAnalysis.run(query, events);

        assertThat(report.counts()).containsExactly(3L, 2L, 1L);
        assertThat(report.step("project_created")
                        .timeFromPrevious()
                        .orElseThrow()
                        .p50())
                .isEqualTo(Duration.ofSeconds(400));
        assertThat(report.inProgress()).isEqualTo(2);
        // end::query[]

        // tag::now[]
        FunnelReport later = FunnelAnalysis.run(query, events, monday.plus(Duration.ofDays(30)));

        assertThat(later.dropped()).isEqualTo(2);
        assertThat(later.conversionOfFinished()).hasToString("33.3 % (6.1–79.2 %, n = 3)");
        // end::now[]

        // tag::who[]
        FunnelAnalysis analysis = FunnelAnalysis.of(query);
        events.read(analysis);
        List<String> stuckAfterProject = analysis.paths()
                .filter(path -> path.depth() == 2)
                .map(SubjectPath::subject)
                .toList();

        assertThat(stuckAfterProject).containsExactly("mae");
        // end::who[]
    }
}
