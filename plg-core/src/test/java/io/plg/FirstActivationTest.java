package io.plg;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.activation.ActivationFunnel;
import io.plg.activation.Cohort;
import io.plg.activation.Step;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What a host's own unit test looks like: no database, and time in its hand. */
class FirstActivationTest {
    static final Step EXPORTED = Step.of("first_export_completed");

    static final ActivationFunnel ONBOARDING = ActivationFunnel.named("onboarding")
            .step("account_created")
            .step("first_project_created")
            .step("first_collaborator_invited")
            .aha(EXPORTED)
            .build();

    final SettableClock clock = SettableClock.at("2026-04-12T08:00:00Z");
    final Plg plg = Plg.inMemory().funnel(ONBOARDING).clock(clock).build();
    final Workspace acme = plg.workspace("acme");

    @Test
    void aUserIsLedFromStepToStep() {
        var state = acme.activation(ONBOARDING).complete("ada", "account_created");

        assertThat(state.score()).isEqualTo(25);
        assertThat(state.nextStep()).contains(Step.of("first_project_created"));
        assertThat(state.activated()).isFalse();
    }

    @Test
    void anExportActivatesWhateverElseIsMissing() {
        var onboarding = acme.activation(ONBOARDING);

        onboarding.complete("ada", "account_created");
        clock.advance(Duration.ofHours(26));
        onboarding.complete("ada", EXPORTED);

        assertThat(onboarding.state("ada").activated()).isTrue();
        var report = onboarding.report(Cohort.everyone());
        assertThat(report.activationRate().value()).isEqualTo(1.0);
        assertThat(report.timeToActivation().orElseThrow().p50()).isEqualTo(Duration.ofHours(26));
    }

    @Test
    void whatFailsLeavesNoTrace() {
        try {
            plg.transact(tx -> {
                tx.workspace("acme").activation(ONBOARDING).complete("ada", EXPORTED);
                throw new IllegalStateException("the export could not be stored");
            });
        } catch (IllegalStateException expected) {
            assertThat(acme.activation(ONBOARDING).state("ada").completed()).isEmpty();
        }
    }
}
