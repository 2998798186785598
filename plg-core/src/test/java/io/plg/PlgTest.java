package io.plg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.activation.ActivationFunnel;
import io.plg.activation.Cohort;
import io.plg.activation.UnknownFunnel;
import io.plg.event.GrowthEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class PlgTest {
    private static final ActivationFunnel ONBOARDING = ActivationFunnel.named("onboarding")
            .step("created")
            .step("exported")
            .build();
    private static final ActivationFunnel TEAM =
            ActivationFunnel.named("team").step("invited").build();

    @Test
    void aFunnelNameIsGivenOnce() {
        var same = ActivationFunnel.named("onboarding").step("other").build();
        var builder = Plg.inMemory().funnel(ONBOARDING);

        assertThatThrownBy(() -> builder.funnel(same))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("funnel names must be unique, \"onboarding\" was added before");
        assertThat(builder.funnel(TEAM).build().funnels())
                .as("a refused setting leaves the builder as it was")
                .containsExactly(ONBOARDING, TEAM);
    }

    @Test
    void everySetterRefusesNullAtOnce() {
        assertThatThrownBy(() -> Plg.inMemory().funnel(null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("funnel");
        assertThatThrownBy(() -> Plg.inMemory().listener(null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("listener");
        assertThatThrownBy(() -> Plg.inMemory().clock(null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("clock");
        assertThatThrownBy(() -> Plg.inMemory().ids(null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("ids");
    }

    @Test
    void whatWasBuiltDoesNotChangeWithItsBuilder() {
        var builder = Plg.inMemory().funnel(ONBOARDING);
        Plg plg = builder.build();

        builder.funnel(TEAM);

        assertThat(plg.funnels()).containsExactly(ONBOARDING);
        assertThatThrownBy(() -> plg.funnels().clear()).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void twoInMemoryOnesShareNothing() {
        Plg one = Plg.inMemory().funnel(ONBOARDING).build();
        Plg two = Plg.inMemory().funnel(ONBOARDING).build();

        one.workspace("acme").activation(ONBOARDING).complete("ada", "created");

        assertThat(two.workspace("acme").activation(ONBOARDING).state("ada").completed())
                .isEmpty();
    }

    @Test
    void aFunnelIsFoundByItsNameOrNamedInAnErrorThatListsTheKnownOnes() {
        Workspace acme = Plg.inMemory().funnel(ONBOARDING).funnel(TEAM).build().workspace("acme");

        assertThat(acme.activation("team").funnel()).isSameAs(TEAM);
        assertThatThrownBy(() -> acme.activation("Team")).isInstanceOfSatisfying(UnknownFunnel.class, error -> {
            assertThat(error.funnel()).isEqualTo("Team");
            assertThat(error.known()).containsExactly("onboarding", "team");
            assertThat(error).hasMessage("there is no funnel \"Team\"; Plg was built with onboarding, team");
        });
        assertThatThrownBy(() -> Plg.inMemory().build().workspace("acme").activation(ONBOARDING))
                .isInstanceOf(UnknownFunnel.class)
                .hasMessage("there is no funnel \"onboarding\"; Plg was built without any, add it with .funnel(…)");
    }

    @Test
    void aFunnelThatDiffersFromTheOneOfThatNameIsRefused() {
        Workspace acme = Plg.inMemory().funnel(ONBOARDING).build().workspace("acme");
        var equal = ActivationFunnel.named("onboarding")
                .step("created")
                .step("exported")
                .build();
        var other = ActivationFunnel.named("onboarding")
                .aha("created")
                .step("exported")
                .build();

        assertThat(acme.activation(equal).funnel()).isEqualTo(ONBOARDING);
        assertThatThrownBy(() -> acme.activation(other))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("funnel \"onboarding\" differs from the one that Plg was built with: "
                        + "onboarding: created* exported instead of onboarding: created exported*");
    }

    @Test
    void listenersAreCalledInTheOrderInWhichTheyWereAdded() {
        var calls = new ArrayList<String>();
        Plg plg = Plg.inMemory()
                .funnel(TEAM)
                .listener(listener("first", calls))
                .listener(PlgListener.NO_OP)
                .listener(listener("second", calls))
                .build();

        plg.workspace("acme").activation(TEAM).complete("ada", "invited");

        assertThat(calls)
                .containsExactly(
                        "first plg.activation.step_completed",
                        "second plg.activation.step_completed",
                        "first plg.activation.activated",
                        "second plg.activation.activated");
    }

    @Test
    void idsAndTimesComeFromWhereTheBuilderWasTold() {
        var events = new ArrayList<GrowthEvent>();
        var next = new AtomicLong();
        var clock = SettableClock.at("2026-04-12T08:00:00.123456789Z");
        Plg plg = Plg.inMemory()
                .funnel(TEAM)
                .ids(() -> new UUID(0, next.incrementAndGet()))
                .clock(clock)
                .listener(new PlgListener() {
                    @Override
                    public void onEvent(GrowthEvent event) {
                        events.add(event);
                    }
                })
                .build();

        plg.workspace("acme").activation(TEAM).complete("ada", "invited");

        assertThat(events).extracting(GrowthEvent::id).containsExactly(new UUID(0, 1), new UUID(0, 2));
        assertThat(events).extracting(GrowthEvent::time).containsOnly(Instant.parse("2026-04-12T08:00:00.123456Z"));
    }

    @Test
    void withoutAClockItIsNow() {
        Plg plg = Plg.inMemory().funnel(TEAM).build();

        var state = plg.workspace("acme").activation(TEAM).complete("ada", "invited");

        assertThat(Duration.between(state.activatedAt().orElseThrow(), Instant.now())
                        .abs())
                .isLessThan(Duration.ofMinutes(1));
    }

    @Test
    void aWorkspaceIsNamedByItsId() {
        Plg plg = Plg.inMemory().funnel(TEAM).build();

        assertThat(plg.workspace("acme").id()).isEqualTo(WorkspaceId.of("acme"));
        assertThat(plg.workspace("acme")).hasToString("workspace acme");
        assertThat(plg.workspace("acme").activation(TEAM))
                .hasToString("activation of workspace acme in team: invited*");
        assertThatThrownBy(() -> plg.workspace("")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> plg.workspace((WorkspaceId) null)).isInstanceOf(NullPointerException.class);
    }

    @Test
    void everyOperationRefusesNullAtOnceAndStoresNothing() {
        Plg plg = Plg.inMemory().funnel(TEAM).build();
        var activation = plg.workspace("acme").activation(TEAM);

        assertThatThrownBy(() -> activation.complete(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> activation.complete("ada", (String) null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> activation.completeAll(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> activation.signedUp((UserId) null, Instant.EPOCH))
                .isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> activation.signedUp("ada", null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> activation.state((UserId) null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> activation.report(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> activation.reportBy(null, "key")).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> plg.inTransaction(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> plg.transact(null)).isInstanceOf(NullPointerException.class);

        assertThat(activation.state("ada").completed()).isEmpty();
    }

    @Test
    void aSignUpOutsideTheYears1To9999AndAMetadataKeyWithoutANameAreRefused() {
        var activation = Plg.inMemory().funnel(TEAM).build().workspace("acme").activation(TEAM);

        assertThatThrownBy(() -> activation.signedUp("ada", Instant.MAX))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("time must be between 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z");
        assertThatThrownBy(() -> activation.reportBy(Cohort.everyone(), " "))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("metadataKey must not be blank, was \" \"");
        assertThat(activation.state("ada").signedUpAt()).isEmpty();
    }

    @Test
    void closingTwiceIsHarmless() {
        Plg plg = Plg.inMemory().funnel(TEAM).build();

        plg.close();

        assertThatCode(plg::close).doesNotThrowAnyException();
    }

    private static PlgListener listener(String name, List<String> calls) {
        return new PlgListener() {
            @Override
            public void onEvent(GrowthEvent event) {
                calls.add(name + " " + event.type());
            }
        };
    }
}
