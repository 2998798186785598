package io.plg.activation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.UserId;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ActivationStateTest {
    private static final Step A = Step.of("a");
    private static final Step B = Step.of("b");
    private static final ActivationFunnel FUNNEL =
            ActivationFunnel.named("f").step(A).step(B).build();

    @Test
    void itShowsTheStepsOfTheFunnelInItsOrderAndNoOthers() {
        var completed = new HashMap<Step, CompletedStep>();
        for (Step step : List.of(Step.of("gone"), B, A)) {
            completed.put(step, new CompletedStep(step, Instant.EPOCH, Map.of()));
        }
        var state = new ActivationState(FUNNEL, UserId.of("ada"), completed, Optional.empty());
        completed.clear();

        assertThat(state.completed().keySet()).containsExactly(A, B);
        assertThat(state.score()).isEqualTo(100);
        assertThatThrownBy(() -> state.completed().clear()).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void halvesOfTheScoreAreRoundedUpForEveryNumberOfSteps() {
        for (int steps = 1; steps <= 100; steps++) {
            for (int completed = 0; completed <= steps; completed++) {
                assertThat(ActivationState.score(completed, steps))
                        .as("%d of %d", completed, steps)
                        .isEqualTo((int) Math.floor(100.0 * completed / steps + 0.5));
            }
        }
    }

    @Test
    void aReportCannotCountMoreThanTheCohort() {
        assertThatThrownBy(() -> new ActivationReport(2, List.of(), 3, Optional.empty()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("activated must be 0 to signedUp=2, was 3");
        assertThatThrownBy(() -> new ActivationReport(2, List.of(), -1, Optional.empty()))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
