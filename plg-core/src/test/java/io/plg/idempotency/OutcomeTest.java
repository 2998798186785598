package io.plg.idempotency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.PlgException;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class OutcomeTest {
    private static final UUID EFFECT = new UUID(1, 2);
    private static final Scope SCOPE = new Scope(Principal.by("ada"), "redeem", IdempotencyKey.of("k"));

    private final Outcome<String> executed = new Outcome.Executed<>("result", EFFECT, true);
    private final Outcome<String> replayed = new Outcome.Replayed<>("result", EFFECT, true);
    private final Outcome<String> notKept = new Outcome.Replayed<>(null, EFFECT, false);
    private final Outcome<String> inFlight = new Outcome.InFlight<>(SCOPE, Duration.ofSeconds(7));
    private final Outcome<String> mismatch = new Outcome.Mismatch<>(SCOPE);

    @Test
    void foldDoesTheOneThing() {
        assertThat(folded(executed)).isEqualTo("executed result");
        assertThat(folded(replayed)).isEqualTo("replayed result");
        assertThat(folded(notKept)).isEqualTo("replayed null");
        assertThat(folded(inFlight)).isEqualTo("in flight PT7S");
        assertThat(folded(mismatch)).isEqualTo("mismatch k");
    }

    @Test
    void orThrowReturnsTheResultOfThisCallOrAnEarlierOne() {
        assertThat(executed.orThrow()).isEqualTo("result");
        assertThat(replayed.orThrow()).isEqualTo("result");
        assertThat(new Outcome.Executed<>("limit reached", EFFECT, false).orThrow())
                .isEqualTo("limit reached");
        assertThat(new Outcome.Replayed<Void>(null, EFFECT, true).orThrow()).isNull();
    }

    @Test
    void orThrowTurnsACallUnderWayIntoAnErrorThatMayBeTriedAgain() {
        assertThatThrownBy(inFlight::orThrow).isInstanceOfSatisfying(IdempotencyInFlight.class, error -> {
            assertThat(error.retryAfter()).isEqualTo(Duration.ofSeconds(7));
            assertThat(error.isRetryable()).isTrue();
            assertThat(error)
                    .hasMessage("another call with key \"k\" of operation \"redeem\" is under way; try again in 7 s");
        });
    }

    @Test
    void orThrowTurnsAnotherRequestIntoAnErrorThatMayNotBeTriedAgain() {
        assertThatThrownBy(mismatch::orThrow).isInstanceOfSatisfying(FingerprintMismatch.class, error -> {
            assertThat(error.isRetryable()).isFalse();
            assertThat(error)
                    .hasMessage(
                            "key \"k\" of operation \"redeem\" was used for another request; repeat that request, or use a new"
                                    + " key for this one");
        });
    }

    @Test
    void orThrowNamesTheEffectWhoseResultIsNotKept() {
        assertThatThrownBy(notKept::orThrow).isInstanceOfSatisfying(ResultNotKept.class, error -> {
            assertThat(error.effectId()).isEqualTo(EFFECT);
            assertThat(error.isRetryable()).isFalse();
            assertThat(error).isInstanceOf(PlgException.class).hasMessageContaining(EFFECT.toString());
        });
    }

    @Test
    void aCallUnderWayIsTriedAgainAfterASecondAtLeast() {
        for (Duration each : new Duration[] {Duration.ZERO, Duration.ofMillis(999), Duration.ofSeconds(-5)}) {
            assertThat(new Outcome.InFlight<String>(SCOPE, each).retryAfter()).isEqualTo(Duration.ofSeconds(1));
        }
        assertThat(new Outcome.InFlight<String>(SCOPE, Duration.ofMillis(1001)).retryAfter())
                .isEqualTo(Duration.ofMillis(1001));
    }

    @Test
    void anOutcomeNeedsItsEffectOrItsKey() {
        assertThatThrownBy(() -> new Outcome.Executed<>("a", null, true)).hasMessage("effectId");
        assertThatThrownBy(() -> new Outcome.Replayed<>("a", null, true)).hasMessage("effectId");
        assertThatThrownBy(() -> new Outcome.InFlight<>(null, Duration.ZERO)).hasMessage("scope");
        assertThatThrownBy(() -> new Outcome.Mismatch<>(null)).hasMessage("scope");
        assertThatThrownBy(() -> new Once(true, null)).hasMessage("effectId");
    }

    private static String folded(Outcome<String> outcome) {
        return outcome.fold(
                executed -> "executed " + executed.value(),
                replayed -> "replayed " + replayed.result(),
                inFlight -> "in flight " + inFlight.retryAfter(),
                mismatch -> "mismatch " + mismatch.scope().key());
    }
}
