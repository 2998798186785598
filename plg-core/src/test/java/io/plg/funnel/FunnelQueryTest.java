package io.plg.funnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.plg.funnel.FunnelQuery.Order;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class FunnelQueryTest {

    private static FunnelQuery.Builder abc() {
        return FunnelQuery.builder().step("a").step("b").step("c");
    }

    private static void refused(ThrowingCallable call, String... parts) {
        assertThatIllegalArgumentException()
                .isThrownBy(call)
                .satisfies(e -> assertThat(e.getMessage()).contains(parts));
    }

    @Test
    void aQueryKnowsWhatItWasBuiltWith() {
        Instant from = Instant.parse("2026-01-01T00:00:00Z");
        FunnelQuery query = abc().order(Order.STRICT)
                .window(Duration.ofDays(2))
                .exclude("x", "a", "c")
                .exclude("y", 2, 3)
                .exclude("z")
                .holdConstant("plan")
                .from(from)
                .to(from.plusSeconds(1))
                .breakdownBy("device")
                .groupedBy("workspace")
                .every(FunnelQuery.EntryPeriod.WEEK)
                .build();
        assertThat(query.steps()).extracting(FunnelStep::name).containsExactly("a", "b", "c");
        assertThat(query.order()).isEqualTo(Order.STRICT);
        assertThat(query.window()).contains(Duration.ofDays(2));
        assertThat(query.exclusions())
                .containsExactly(
                        new FunnelQuery.Exclusion("x", 1, 3),
                        new FunnelQuery.Exclusion("y", 2, 3),
                        new FunnelQuery.Exclusion("z", 1, 3));
        assertThat(query.heldConstant()).contains("plan");
        assertThat(query.from()).contains(from);
        assertThat(query.to()).contains(from.plusSeconds(1));
        assertThat(query.breakdown()).contains("device");
        assertThat(query.groupedBy()).contains("workspace");
        assertThat(query.entryPeriod()).contains(FunnelQuery.EntryPeriod.WEEK);
        assertThat(query).hasToString("STRICT [a, b, c] window PT48H excluding " + query.exclusions());
    }

    @Test
    void aQueryThatSaysNothingIsOrderedWithFourteenDays() {
        FunnelQuery query = abc().build();
        assertThat(query.order()).isEqualTo(Order.ORDERED);
        assertThat(query.window()).contains(Duration.ofDays(14));
        assertThat(abc().noWindow().build().window()).isEmpty();
    }

    @Test
    void aStepKnowsWhatItMatches() {
        FunnelStep step = FunnelStep.of("paid")
                .events("checkout", "invoice")
                .where("plan", "pro")
                .firstEver()
                .optional()
                .within(Duration.ofHours(1));
        assertThat(step.name()).isEqualTo("paid");
        assertThat(step.eventNames()).containsExactly("checkout", "invoice");
        assertThat(step.conditions()).containsOnly(java.util.Map.entry("plan", "pro"));
        assertThat(step.isFirstEver()).isTrue();
        assertThat(step.isOptional()).isTrue();
        assertThat(step.window()).contains(Duration.ofHours(1));
        assertThat(step).hasToString("paid [checkout, invoice] where plan = pro first ever optional within PT1H");
        assertThat(FunnelStep.of("x").anyEvent()).hasToString("x any event");
        assertThat(FunnelStep.of("x").eventNames()).containsExactly("x");
    }

    @Test
    void aFiftyFirstStepIsRefused() {
        FunnelQuery.Builder query = FunnelQuery.builder();
        for (int i = 1; i <= 50; i++) {
            query.step("step " + i);
        }
        assertThat(query.build().steps()).hasSize(50);
        refused(() -> query.step("one too many"), "at most 50 steps", "one too many");
    }

    @Test
    void stepNamesMustDifferAndSaySomething() {
        refused(() -> abc().step("b"), "'b' is taken");
        refused(() -> abc().step(" "), "step name must not be blank");
        refused(() -> FunnelStep.of("b").events(), "at least one event", "'b'");
        refused(() -> FunnelStep.of("b").events("x", ""), "event name of step 'b' must not be blank");
        refused(() -> FunnelStep.of("b").events("x", "x"), "must differ", "[x, x]");
        refused(() -> FunnelStep.of("b").where("p", "1").where("p", "2"), "'p'", "'1'", "'2'");
        refused(() -> FunnelStep.of("b").where("", "2"), "property of step 'b' must not be blank");
        refused(() -> FunnelQuery.builder().build(), "at least one step");
    }

    @Test
    void windowsMustBePositive() {
        refused(() -> abc().window(Duration.ZERO), "window must be positive, was PT0S");
        refused(() -> abc().window(Duration.ofSeconds(-1)), "window must be positive, was PT-1S");
        refused(() -> FunnelStep.of("b").within(Duration.ZERO), "window of step 'b' must be positive");
        refused(
                () -> FunnelQuery.builder().step(FunnelStep.of("a").within(Duration.ofDays(1))),
                "first step",
                "must not have a window");
    }

    @Test
    void theFirstAndTheLastStepMustNotBeOptional() {
        refused(() -> FunnelQuery.builder().step(FunnelStep.of("a").optional()), "first step must not be optional");
        refused(() -> abc().step(FunnelStep.of("d").optional()).build(), "last step must not be optional", "'d'");
    }

    @Test
    void anExclusionMustGoForwardBetweenStepsThatExist() {
        refused(() -> abc().exclude("x", 2, 2), "from step 2 to step 2");
        refused(() -> abc().exclude("x", 3, 2), "from step 3 to step 2");
        refused(() -> abc().exclude("x", 2, 4), "from step 2 to step 4", "3 added so far");
        refused(() -> abc().exclude("x", 0, 2), "from step 0 to step 2");
        refused(() -> abc().exclude("x", "a", "d"), "'d'", "[a, b, c]");
        refused(() -> abc().exclude(" "), "excluded event must not be blank");
        refused(() -> abc().exclude("", 1, 2), "excluded event must not be blank");
        refused(() -> FunnelQuery.builder().step("a").exclude("x").build(), "from step 1 to step 1");
    }

    @Test
    void anExcludedEventMustNotBeTheEventOfAStep() {
        refused(() -> abc().exclude("b").build(), "'b' belongs to step 'b'");
    }

    @Test
    void aFunnelInAnyOrderRefusesWhatNeedsAnOrder() {
        refused(() -> abc().order(Order.ANY).exclude("x", 1, 2).build(), "from step 1 to step 3", "'x'");
        refused(() -> abc().order(Order.ANY).exclude("x", 2, 3).build(), "from step 1 to step 3", "'x'");
        assertThat(abc().order(Order.ANY).exclude("x", 1, 3).build().exclusions())
                .hasSize(1);
        FunnelStep optional = FunnelStep.of("x").optional();
        refused(() -> abc().step(optional).step("d").order(Order.ANY).build(), "neither optional", "x optional");
        FunnelStep timed = FunnelStep.of("x").within(Duration.ofDays(1));
        refused(() -> abc().step(timed).order(Order.ANY).build(), "window of its own", "within PT24H");
    }

    @Test
    void theDateRangeMustStartBeforeItEnds() {
        Instant noon = Instant.parse("2026-01-01T12:00:00Z");
        refused(() -> abc().from(noon).to(noon), "must start before it ends");
        refused(() -> abc().to(noon).from(noon.plusSeconds(1)), "must start before it ends");
        refused(() -> abc().from(Instant.MIN), "73,000 years");
    }

    @Test
    void propertiesMustSaySomething() {
        refused(() -> abc().holdConstant(""), "held property must not be blank");
        refused(() -> abc().breakdownBy(""), "breakdown property must not be blank");
        refused(() -> abc().groupedBy(""), "grouping property must not be blank");
    }

    @Test
    void aBuilderCanBeUsedAgain() {
        FunnelQuery.Builder builder = FunnelQuery.builder().step("a").step("b").exclude("x");
        FunnelQuery two = builder.build();
        FunnelQuery three = builder.step("c").build();
        assertThat(two.exclusions()).isEqualTo(List.of(new FunnelQuery.Exclusion("x", 1, 2)));
        assertThat(three.exclusions()).isEqualTo(List.of(new FunnelQuery.Exclusion("x", 1, 3)));
        assertThat(two.steps()).hasSize(2);
    }
}
