package io.plg.referral;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.plg.reward.Benefit;
import io.plg.reward.RewardRule;
import io.plg.reward.Stage;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReferralProgramTest {
    private static final Instant START = Instant.parse("2027-01-01T00:00:00Z");
    private static final Instant END = Instant.parse("2028-01-01T00:00:00Z");
    private static final RewardRule PAID = RewardRule.on(Stage.FIRST_PAYMENT)
            .referrer(Benefit.accountCredit(20, "USD"))
            .build();
    private static final RewardRule SIGNED_UP =
            RewardRule.on(Stage.SIGN_UP).referred(Benefit.trialDays(7)).build();

    private static ReferralProgram.Builder friends() {
        return ReferralProgram.named("friends");
    }

    @Test
    void everythingElseHasADefault() {
        ReferralProgram program = friends().build();
        assertThat(program.name()).isEqualTo("friends");
        assertThat(program.version()).isEqualTo(1);
        assertThat(program.link()).isEmpty();
        assertThat(program.touch()).isEqualTo(Touch.FIRST);
        assertThat(program.window()).isEqualTo(Duration.ofDays(30));
        assertThat(program.startsAt()).isEmpty();
        assertThat(program.endsAt()).isEmpty();
        assertThat(program.codesExpireAfter()).isEmpty();
        assertThat(program.funnel()).isEmpty();
        assertThat(program.isRunningAt(Instant.MIN)).isTrue();
        assertThat(program.isRunningAt(Instant.MAX)).isTrue();
        assertThat(program).hasToString("friends@1");
    }

    @Test
    void theDefaultRewardIsThirtyDaysAndFourteenAtTheActivation() {
        RewardRule rule = RewardRule.on(Stage.ACTIVATION)
                .named("activation")
                .referrer(Benefit.trialDays(30))
                .referred(Benefit.trialDays(14))
                .build();
        assertThat(friends().build().rewards()).containsExactly(rule);
        assertThat(friends().build().reward("activation")).contains(rule);
    }

    @Test
    void rewardsOfTheHostReplaceTheDefault() {
        ReferralProgram program = friends().reward(PAID).reward(SIGNED_UP).build();
        assertThat(program.rewards()).containsExactly(PAID, SIGNED_UP);
        assertThat(program.reward("sign_up")).contains(SIGNED_UP);
        assertThat(program.reward("activation")).isEmpty();
        assertThat(friends().withoutRewards().build().rewards()).isEmpty();
        assertThatThrownBy(() -> program.rewards().add(PAID)).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void everySettingIsKept() {
        ReferralProgram program = friends()
                .version(2)
                .link("https://app.example/join")
                .touch(Touch.LAST)
                .window(Duration.ofDays(60))
                .from(START)
                .until(END)
                .codesExpireAfter(Duration.ofDays(365))
                .funnel("onboarding")
                .build();
        assertThat(program.version()).isEqualTo(2);
        assertThat(program.link()).contains(URI.create("https://app.example/join"));
        assertThat(program.touch()).isEqualTo(Touch.LAST);
        assertThat(program.window()).isEqualTo(Duration.ofDays(60));
        assertThat(program.startsAt()).contains(START);
        assertThat(program.endsAt()).contains(END);
        assertThat(program.codesExpireAfter()).contains(Duration.ofDays(365));
        assertThat(program.funnel()).contains("onboarding");
        assertThat(program).hasToString("friends@2");
    }

    @Test
    void everySettingMakesAnotherProgram() {
        assertThat(Stream.of(
                                friends(),
                                ReferralProgram.named("x"),
                                friends().version(2),
                                friends().link("https://app.example"),
                                friends().touch(Touch.LAST),
                                friends().window(Duration.ofDays(31)),
                                friends().from(START),
                                friends().until(START),
                                friends().codesExpireAfter(Duration.ofDays(1)),
                                friends().funnel("x"),
                                friends().reward(PAID),
                                friends().withoutRewards())
                        .map(ReferralProgram.Builder::build))
                .doesNotHaveDuplicates();
        assertThat(friends().from(START).build())
                .isEqualTo(friends().from(START).build())
                .hasSameHashCodeAs(friends().from(START).build());
    }

    @Test
    void theStartIsPartOfItAndTheEndIsNot() {
        ReferralProgram program = friends().from(START).until(END).build();
        assertThat(program.isRunningAt(START.minusNanos(1))).isFalse();
        assertThat(program.isRunningAt(START)).isTrue();
        assertThat(program.isRunningAt(END.minusNanos(1))).isTrue();
        assertThat(program.isRunningAt(END)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://app.example",
                "http://localhost:8080/r",
                "HTTPS://app.example/a/b/",
                "https://[::1]/%C3%A9"
            })
    void anAddressOfTheWebIsALink(String link) {
        assertThat(friends().link(link).build().link()).contains(URI.create(link));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/join",
                "//app.example/join",
                "app.example/join",
                "ftp://app.example",
                "javascript:alert(1)",
                "https:join",
                "https:///join",
                "mailto:a@app.example",
                "file:///join",
                "https://a_b"
            })
    void anythingElseIsNot(String link) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> friends().link(link))
                .withMessage(
                        "link must be an address of http or https with a host such as \"https://app.example/join\", was \""
                                + link + "\"");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://app.example/?ref=",
                "https://app.example/#x",
                "https://ada@app.example/",
                "https://app.example?"
            })
    void aLinkHasRoomForTheCode(String link) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> friends().link(link))
                .withMessage("link must have no user, query or fragment, because a code is added to it, was \"" + link
                        + "\"");
    }

    static Stream<Arguments> refusals() {
        return Stream.of(
                refusal(() -> ReferralProgram.named(" "), "name must not be blank, was \" \""),
                refusal(
                        () -> friends().link("https://app.example/a b"),
                        "link must be an address such as \"https://app.example/join\", was \"https://app.example/a b\""),
                refusal(
                        () -> friends().link("https://app.example/\ud800"),
                        "link must not contain the character U+D800, at index 20"),
                refusal(() -> friends().window(Duration.ZERO), "window must be positive, was PT0S"),
                refusal(() -> friends().window(Duration.ofDays(-1)), "window must be positive, was PT-24H"),
                refusal(
                        () -> friends().window(Duration.ofDays(36_501)),
                        "window must be at most 100 years (PT876000H), was PT876024H"),
                refusal(() -> friends().codesExpireAfter(Duration.ZERO), "codesExpireAfter must be positive, was PT0S"),
                refusal(
                        () -> friends().from(START).until(START),
                        "until must be later than from, which is 2027-01-01T00:00:00Z, was 2027-01-01T00:00:00Z"),
                refusal(
                        () -> friends().until(START).from(END),
                        "until must be later than from, which is 2028-01-01T00:00:00Z, was 2027-01-01T00:00:00Z"),
                refusal(
                        () -> friends().from(Instant.MIN),
                        "from must be of the years 0001 to 9999, was " + Instant.MIN),
                refusal(
                        () -> friends().until(Instant.MAX),
                        "until must be of the years 0001 to 9999, was " + Instant.MAX),
                refusal(() -> friends().funnel(""), "funnel must have 1 to 128 characters, was empty"),
                refusal(() -> friends().version(0), "version must be positive, was 0"),
                refusal(
                        () -> friends().reward(PAID).reward(PAID),
                        "reward \"first_payment\" is there twice; give one another name, as in RewardRule.on(…).named(…)"),
                refusal(
                        () -> friends().withoutRewards().reward(PAID),
                        "reward \"first_payment\" must not be added to program \"friends\", which is without rewards"),
                refusal(
                        () -> friends().reward(PAID).reward(SIGNED_UP).withoutRewards(),
                        "program \"friends\" must not be without rewards, it has first_payment, sign_up"));
    }

    private static Arguments refusal(ThrowingCallable call, String message) {
        return arguments(call, message);
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void whatIsWrongIsSaid(ThrowingCallable call, String message) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}
