package io.plg.activation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ActivationFunnelTest {
    private static final String TOO_LONG = "x".repeat(129);

    @Test
    void aFunnelIsAnOrderedListOfStepsWithAnAha() {
        ActivationFunnel funnel = ActivationFunnel.named("onboarding")
                .step("created")
                .aha("exported")
                .step(Step.of("paid"))
                .build();

        assertThat(funnel.name()).isEqualTo("onboarding");
        assertThat(funnel.steps()).containsExactly(Step.of("created"), Step.of("exported"), Step.of("paid"));
        assertThat(funnel.aha()).isEqualTo(Step.of("exported"));
        assertThat(funnel).hasToString("onboarding: created exported* paid");
        assertThatThrownBy(() -> funnel.steps().clear()).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void theAhaIsTheLastStepUnlessAnotherWasNamed() {
        assertThat(ActivationFunnel.named("f").step("a").step("b").build().aha())
                .isEqualTo(Step.of("b"));
        assertThat(ActivationFunnel.named("f").step("a").build().aha()).isEqualTo(Step.of("a"));
        assertThat(ActivationFunnel.named("f").aha("a").step("b").build().aha()).isEqualTo(Step.of("a"));
    }

    @Test
    void whatWasBuiltDoesNotChangeWithItsBuilder() {
        var builder = ActivationFunnel.named("f").step("a");
        ActivationFunnel funnel = builder.build();

        builder.step("b");

        assertThat(funnel.steps()).containsExactly(Step.of("a"));
        assertThat(builder.build().aha()).isEqualTo(Step.of("b"));
    }

    @Test
    void theNameIsCheckedWhereItIsGiven() {
        assertThatThrownBy(() -> ActivationFunnel.named(null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("funnel must not be null");
        assertThatThrownBy(() -> ActivationFunnel.named(""))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("funnel must have 1 to 128 characters, was empty");
        assertThatThrownBy(() -> ActivationFunnel.named(" \t"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("funnel must not be blank, was \" \t\"");
        assertThatThrownBy(() -> ActivationFunnel.named(TOO_LONG))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("had 129");
        assertThatThrownBy(() -> ActivationFunnel.named("a\u0000"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("U+0000");
    }

    @Test
    void aStepIsCheckedWhereItIsGiven() {
        var builder = ActivationFunnel.named("f").step("a");

        assertThatThrownBy(() -> builder.step((String) null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> builder.step((Step) null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> builder.step(""))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("step must have 1 to 128 characters, was empty");
        assertThatThrownBy(() -> builder.step(" "))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("step must not be blank, was \" \"");
        assertThatThrownBy(() -> builder.step(TOO_LONG)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.step("a"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("step names of funnel \"f\" must be unique, \"a\" was added before");
        assertThatThrownBy(() -> builder.step(Step.of("a"))).isInstanceOf(IllegalArgumentException.class);

        assertThat(builder.step("A").build().steps())
                .as("refused steps are not part of it; names are compared byte by byte")
                .containsExactly(Step.of("a"), Step.of("A"));
    }

    @Test
    void theAhaIsCheckedWhereItIsGiven() {
        var builder = ActivationFunnel.named("f").step("a");

        assertThatThrownBy(() -> builder.aha((String) null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> builder.aha((Step) null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> builder.aha(" ")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.aha("a"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("step names of funnel \"f\" must be unique, \"a\" was added before");
        builder.aha("b");
        assertThatThrownBy(() -> builder.aha("c"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("funnel \"f\" has one aha step, \"b\"; \"c\" cannot be another");

        assertThat(builder.build()).hasToString("f: a b*");
    }

    @Test
    void aFunnelHas1To100Steps() {
        var builder = ActivationFunnel.named("f");
        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("funnel \"f\" needs at least one step");

        for (int i = 1; i <= 100; i++) {
            builder.step("step " + i);
        }

        assertThat(builder.build().steps()).hasSize(100);
        assertThatThrownBy(() -> builder.step("step 101"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("funnel \"f\" may have at most 100 steps, \"step 101\" is one more");
        assertThatThrownBy(() -> builder.aha("step 101")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aStepIsFoundByItsNameOrNamedInAnErrorThatListsTheKnownOnes() {
        ActivationFunnel funnel =
                ActivationFunnel.named("f").step("a").step("b").build();

        assertThat(funnel.step("b")).isEqualTo(Step.of("b"));
        assertThatThrownBy(() -> funnel.step("B")).isInstanceOfSatisfying(UnknownStep.class, error -> {
            assertThat(error).hasMessage("funnel \"f\" has no step \"B\"; its steps are a, b");
            assertThat(error.funnel()).isEqualTo("f");
            assertThat(error.step()).isEqualTo("B");
            assertThat(error.known()).containsExactly(Step.of("a"), Step.of("b"));
        });
        assertThatThrownBy(() -> funnel.step(null)).isInstanceOf(NullPointerException.class);
    }

    @Test
    void funnelsAreEqualIfNameStepsAndAhaAre() {
        ActivationFunnel funnel = ActivationFunnel.named("f").step("a").aha("b").build();

        assertThat(funnel)
                .isEqualTo(ActivationFunnel.named("f").step("a").step("b").build())
                .hasSameHashCodeAs(
                        ActivationFunnel.named("f").step("a").step("b").build())
                .isNotEqualTo(ActivationFunnel.named("g").step("a").aha("b").build())
                .isNotEqualTo(ActivationFunnel.named("f").aha("a").step("b").build())
                .isNotEqualTo(ActivationFunnel.named("f").aha("b").step("a").build())
                .isNotEqualTo("f");
    }
}
