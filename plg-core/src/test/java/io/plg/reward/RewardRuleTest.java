package io.plg.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.plg.plan.Every;
import io.plg.reward.RewardCap.Scope;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.LongRange;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class RewardRuleTest {
    private static final Benefit TWENTY = Benefit.accountCredit(20, "USD");
    private static final Benefit THIRTY = Benefit.accountCredit(30, "USD");
    private static final Benefit SHIRT = Benefit.custom("t-shirt", Map.of());

    private static final RewardRule EVERYTHING = RewardRule.on(Stage.FIRST_PAYMENT)
            .named("paid")
            .referrer(TWENTY)
            .referred(Benefit.discount(20, 3))
            .tier(5, THIRTY)
            .milestone(10, SHIRT)
            .cap(RewardCap.perReferrer(25, Every.YEAR))
            .cap(RewardCap.perProgram(Money.of(5_000, "USD")))
            .hold(Duration.ofDays(14))
            .needsApproval()
            .claimed(Duration.ofDays(30))
            .clawBackWithin(Duration.ofDays(60))
            .mayGoNegative()
            .build();
    private static final String EVERYTHING_WRITTEN = """
            {"on": "first_payment", "name": "paid",
             "referrer": {"kind": "account_credit", "money": "USD 20.00"},
             "referred": {"kind": "discount", "percent": 20, "months": 3},
             "tiers": [{"fromNth": 5, "benefit": {"kind": "account_credit", "money": "USD 30.00"}}],
             "milestones": [{"nth": 10, "benefit": {"kind": "custom", "type": "t-shirt"}}],
             "caps": [{"scope": "referrer", "count": 25, "per": "year"}, {"scope": "program", "money": "USD 5000.00"}],
             "hold": "P14D", "needsApproval": true, "claimed": true, "claimWithin": "P30D",
             "clawBackWithin": "P60D", "mayGoNegative": true}
            """;

    private static RewardRule.Builder rule() {
        return RewardRule.on(Stage.ACTIVATION).referrer(TWENTY);
    }

    @Test
    void everythingElseHasADefault() {
        RewardRule rule = rule().build();
        assertThat(rule.stage()).isEqualTo(Stage.of("activation"));
        assertThat(rule.name()).isEqualTo("activation");
        assertThat(rule.referrer()).contains(TWENTY);
        assertThat(rule.referred()).isEmpty();
        assertThat(rule.tiers()).isEmpty();
        assertThat(rule.milestones()).isEmpty();
        assertThat(rule.caps()).isEmpty();
        assertThat(rule.hold()).isZero();
        assertThat(rule.needsApproval()).isFalse();
        assertThat(rule.isClaimed()).isFalse();
        assertThat(rule.claimWithin()).isEmpty();
        assertThat(rule.clawBackWithin()).isEqualTo(Duration.ofDays(90));
        assertThat(rule.mayGoNegative()).isFalse();
    }

    @Test
    void everySettingIsKept() {
        assertThat(EVERYTHING.stage()).isEqualTo(Stage.FIRST_PAYMENT);
        assertThat(EVERYTHING.name()).isEqualTo("paid");
        assertThat(EVERYTHING.referred()).contains(Benefit.discount(20, 3));
        assertThat(EVERYTHING.tiers()).containsExactly(new RewardRule.Tier(5, THIRTY));
        assertThat(EVERYTHING.milestones()).containsExactly(new RewardRule.Milestone(10, SHIRT));
        assertThat(EVERYTHING.caps())
                .extracting(RewardCap::name)
                .containsExactly("referrer:count:1 year", "program:money:USD");
        assertThat(EVERYTHING.hold()).isEqualTo(Duration.ofDays(14));
        assertThat(EVERYTHING.needsApproval()).isTrue();
        assertThat(EVERYTHING.isClaimed()).isTrue();
        assertThat(EVERYTHING.claimWithin()).contains(Duration.ofDays(30));
        assertThat(EVERYTHING.clawBackWithin()).isEqualTo(Duration.ofDays(60));
        assertThat(EVERYTHING.mayGoNegative()).isTrue();
    }

    @Test
    void everythingCanBeWritten() {
        assertThat(RewardRule.parse(EVERYTHING_WRITTEN)).isEqualTo(EVERYTHING).hasSameHashCodeAs(EVERYTHING);
        assertThat(EVERYTHING).hasToString(EVERYTHING.toText());
    }

    @Test
    void whatIsKeptWithARewardDoesNotDependOnTheDefaultOfTheClawBack() {
        assertThat(rule().build().toText())
                .isEqualTo("{\"on\":\"activation\",\"referrer\":{\"kind\":\"account_credit\",\"money\":\"USD 20.00\"},"
                        + "\"clawBackWithin\":\"P90D\"}");
    }

    @Test
    void everySettingMakesAnotherRule() {
        assertThat(Stream.of(
                                rule(),
                                RewardRule.on(Stage.SIGN_UP).named("activation").referrer(TWENTY),
                                rule().named("x"),
                                rule().referrer(THIRTY),
                                rule().referred(TWENTY),
                                rule().tier(2, THIRTY),
                                rule().milestone(2, THIRTY),
                                rule().cap(RewardCap.perReferrer(1)),
                                rule().hold(Duration.ofNanos(1)),
                                rule().needsApproval(),
                                rule().claimed(),
                                rule().claimed(Duration.ofDays(1)),
                                rule().clawBackWithin(Duration.ZERO),
                                rule().mayGoNegative())
                        .map(RewardRule.Builder::build))
                .doesNotHaveDuplicates();
        assertThat(rule().claimed(Duration.ofDays(1)).claimed().build())
                .isEqualTo(rule().claimed().build());
    }

    @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
    void whatIsWrittenIsRead(@ForAll("rules") RewardRule rule) {
        assertThat(RewardRule.parse(rule.toText())).isEqualTo(rule);
    }

    @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
    void theTierOfAReferralIsTheHighestThatItReaches(
            @ForAll("rules") RewardRule rule, @ForAll @LongRange(min = 1) long any) {
        LongStream around =
                rule.tiers().stream().flatMapToLong(tier -> LongStream.of(tier.fromNth() - 1, tier.fromNth()));
        LongStream.concat(around, LongStream.of(1, any, Long.MAX_VALUE)).forEach(nth -> {
            Optional<Benefit> expected = rule.tiers().stream()
                    .filter(tier -> tier.fromNth() <= nth)
                    .max((one, other) -> Long.compare(one.fromNth(), other.fromNth()))
                    .map(RewardRule.Tier::benefit)
                    .or(rule::referrer);
            assertThat(rule.referrer(nth)).isEqualTo(expected);
        });
    }

    @Provide
    Arbitrary<RewardRule> rules() {
        return AnyRewards.rules();
    }

    @Test
    void tiersReplaceAndMilestonesComeOnTop() {
        RewardRule rule = rule().tier(8, SHIRT)
                .tier(5, THIRTY)
                .milestone(10, SHIRT)
                .milestone(1, THIRTY)
                .build();
        assertThat(rule.tiers()).extracting(RewardRule.Tier::fromNth).containsExactly(5L, 8L);
        assertThat(rule.referrer(4)).contains(TWENTY);
        assertThat(rule.referrer(5)).contains(THIRTY);
        assertThat(rule.referrer(7)).contains(THIRTY);
        assertThat(rule.referrer(8)).contains(SHIRT);
        assertThat(rule.milestones()).extracting(RewardRule.Milestone::nth).containsExactly(1L, 10L);
        assertThat(rule.milestone(9)).isEmpty();
        assertThat(rule.milestone(10)).contains(SHIRT);
        assertThat(rule.milestone(11)).isEmpty();
    }

    @Test
    void aTierMayBeTheFirstThatTheReferrerGets() {
        RewardRule rule = RewardRule.on(Stage.SIGN_UP).tier(3, TWENTY).build();
        assertThat(rule.referrer(2)).isEmpty();
        assertThat(rule.referrer(3)).contains(TWENTY);
    }

    static Stream<Arguments> refusals() {
        Class<?> argument = IllegalArgumentException.class;
        return Stream.of(
                refusal(argument, () -> Stage.of(" "), "stage must not be blank, was \" \""),
                refusal(argument, () -> rule().named(""), "name must have 1 to 128 characters, was empty"),
                refusal(
                        argument,
                        () -> rule().tier(1, TWENTY),
                        "fromNth must be 2 or more, was 1; from the first on it is the referrer's benefit"),
                refusal(
                        argument,
                        () -> rule().tier(2, TWENTY).tier(2, THIRTY),
                        "fromNth must be another one for each tier, 2 is there twice"),
                refusal(argument, () -> rule().milestone(0, TWENTY), "nth must be positive, was 0"),
                refusal(
                        argument,
                        () -> rule().milestone(2, TWENTY).milestone(2, THIRTY),
                        "nth must be another one for each milestone, 2 is there twice"),
                refusal(
                        argument,
                        () -> rule().cap(RewardCap.perReferrer(1)).cap(RewardCap.perReferrer(2)),
                        "caps must count different things, \"referrer:count\" is there twice"),
                refusal(
                        argument,
                        () -> rule().hold(Duration.ofNanos(-1)),
                        "hold must be zero or more, was PT-0.000000001S"),
                refusal(
                        argument,
                        () -> rule().hold(Duration.ofDays(36_501)),
                        "hold must be at most 100 years (PT876000H), was PT876024H"),
                refusal(argument, () -> rule().claimed(Duration.ZERO), "claimWithin must be positive, was PT0S"),
                refusal(
                        argument,
                        () -> rule().clawBackWithin(Duration.ofSeconds(-1)),
                        "clawBackWithin must be zero or more, was PT-1S"),
                refusal(argument, () -> rule().build().referrer(0), "nth must be positive, was 0"),
                refusal(argument, () -> rule().build().milestone(0), "nth must be positive, was 0"),
                refusal(
                        IllegalStateException.class,
                        () -> RewardRule.on(Stage.SIGN_UP).build(),
                        "reward rule \"sign_up\" must give something; say what with referrer(…), referred(…), tier(…) or milestone(…)"),
                refusal(
                        IllegalStateException.class,
                        () -> rule().cap(RewardCap.perProgram(Money.of(1, "EUR")))
                                .build(),
                        "cap \"program:money:EUR\" of reward rule \"activation\" limits money that the rule does not give;"
                                + " give an account credit in EUR, or cap the count"),
                refusal(argument, () -> RewardCap.perReferrer(0), "count must be positive, was 0"),
                refusal(argument, () -> RewardCap.perWorkspace(-1, Every.DAY), "count must be positive, was -1"),
                refusal(
                        argument,
                        () -> RewardCap.perProgram(Money.of(0, "USD")),
                        "money must be positive, was USD 0.00"),
                refusal(
                        argument,
                        () -> RewardCap.of(Scope.PROGRAM, Optional.empty(), OptionalLong.empty(), Optional.empty()),
                        "a cap must have either a count or money, had neither"),
                refusal(
                        argument,
                        () -> RewardCap.of(
                                Scope.PROGRAM, Optional.empty(), OptionalLong.of(3), Optional.of(Money.of(1, "USD"))),
                        "a cap must have either a count or money, had both: 3 and USD 1.00"),
                refusal(
                        argument,
                        () -> new RewardCap(
                                "mine", Scope.PROGRAM, Optional.empty(), OptionalLong.of(3), Optional.empty()),
                        "name of this cap must be \"program:count\", was \"mine\""));
    }

    private static Arguments refusal(Class<?> type, ThrowingCallable call, String message) {
        return arguments(type, call, message);
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void whatIsWrongIsSaid(Class<?> type, ThrowingCallable call, String message) {
        assertThatThrownBy(call).isExactlyInstanceOf(type).hasMessage(message);
    }

    static Stream<Arguments> caps() {
        Money money = Money.of(5, "USD");
        return Stream.of(
                arguments(RewardCap.perReferrer(3), "referrer:count", "at most 3 of referrer:count"),
                arguments(
                        RewardCap.perReferrer(3, Every.MONTH),
                        "referrer:count:1 month",
                        "at most 3 of referrer:count:1 month"),
                arguments(RewardCap.perReferrer(money), "referrer:money:USD", "at most USD 5.00 of referrer:money:USD"),
                arguments(
                        RewardCap.perReferrer(money, Every.months(3)),
                        "referrer:money:USD:3 months",
                        "at most USD 5.00 of referrer:money:USD:3 months"),
                arguments(RewardCap.perWorkspace(3), "workspace:count", "at most 3 of workspace:count"),
                arguments(
                        RewardCap.perWorkspace(3, Every.DAY),
                        "workspace:count:1 day",
                        "at most 3 of workspace:count:1 day"),
                arguments(
                        RewardCap.perWorkspace(money),
                        "workspace:money:USD",
                        "at most USD 5.00 of workspace:money:USD"),
                arguments(
                        RewardCap.perWorkspace(money, Every.WEEK),
                        "workspace:money:USD:1 week",
                        "at most USD 5.00 of workspace:money:USD:1 week"),
                arguments(RewardCap.perProgram(3), "program:count", "at most 3 of program:count"),
                arguments(
                        RewardCap.perProgram(3, Every.YEAR),
                        "program:count:1 year",
                        "at most 3 of program:count:1 year"),
                arguments(RewardCap.perProgram(money), "program:money:USD", "at most USD 5.00 of program:money:USD"),
                arguments(
                        RewardCap.perProgram(money, Every.hours(2)),
                        "program:money:USD:2 hours",
                        "at most USD 5.00 of program:money:USD:2 hours"));
    }

    @ParameterizedTest
    @MethodSource("caps")
    void theNameOfACapSaysWhatIsCountedAndNotHowMuchIsAllowed(RewardCap cap, String name, String text) {
        assertThat(cap.name()).isEqualTo(name);
        assertThat(cap).hasToString(text);
        RewardRule rule = rule().cap(cap).build();
        assertThat(RewardRule.parse(rule.toText()).caps()).containsExactly(cap);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "7|$ must be an object, was 7",
                "{\"referrer\":R}|on is missing",
                "{\"on\":\"\",\"referrer\":R}|on is not valid: stage must have 1 to 128 characters, was empty",
                "{\"on\":\"x\"}|$ is not valid: reward rule \"x\" must give something; say what with referrer(…), referred(…), tier(…) or milestone(…)",
                "{\"on\":\"x\",\"referrer\":null}|referrer must be an object, was null",
                "{\"on\":\"x\",\"referrer\":R,\"name\":\" \"}|name must not be blank, was \" \"",
                "{\"on\":\"x\",\"referrer\":{\"kind\":\"trial_days\",\"days\":0}}|referrer.days must be 1 to 36500, was 0",
                "{\"on\":\"x\",\"referrer\":R,\"bonus\":R}|bonus is unknown; known here are on, name, referrer, referred, tiers, milestones, caps, hold, needsApproval, claimed, claimWithin, clawBackWithin, mayGoNegative",
                "{\"on\":\"x\",\"referrer\":R,\"tiers\":{}}|tiers must be a list, was an object",
                "{\"on\":\"x\",\"referrer\":R,\"tiers\":[1]}|tiers[0] must be an object, was 1",
                "{\"on\":\"x\",\"referrer\":R,\"tiers\":[{\"benefit\":R}]}|tiers[0].fromNth is missing",
                "{\"on\":\"x\",\"referrer\":R,\"tiers\":[{\"fromNth\":2}]}|tiers[0].benefit is missing",
                "{\"on\":\"x\",\"referrer\":R,\"tiers\":[{\"fromNth\":9223372036854775808,\"benefit\":R}]}|tiers[0].fromNth must be a whole number that is not too large, was 9223372036854775808",
                "{\"on\":\"x\",\"referrer\":R,\"tiers\":[{\"fromNth\":2,\"benefit\":R},{\"fromNth\":2,\"benefit\":R}]}|tiers[1].fromNth must be another one for each tier, 2 is there twice",
                "{\"on\":\"x\",\"milestones\":[{\"nth\":0,\"benefit\":R}]}|milestones[0].nth must be positive, was 0",
                "{\"on\":\"x\",\"milestones\":[{\"fromNth\":1,\"nth\":1,\"benefit\":R}]}|milestones[0].fromNth is unknown; known here are nth, benefit",
                "{\"on\":\"x\",\"referrer\":R,\"caps\":[{\"scope\":\"user\",\"count\":1}]}|caps[0].scope must be one of \"referrer\", \"workspace\", \"program\"; was \"user\"",
                "{\"on\":\"x\",\"referrer\":R,\"caps\":[{\"scope\":\"referrer\",\"count\":0}]}|caps[0].count must be positive, was 0",
                "{\"on\":\"x\",\"referrer\":R,\"caps\":[{\"scope\":\"referrer\",\"money\":\"USD -1\"}]}|caps[0].money must be positive, was USD -1.00",
                "{\"on\":\"x\",\"referrer\":R,\"caps\":[{\"scope\":\"referrer\"}]}|caps[0] is not valid: a cap must have either a count or money, had neither",
                "{\"on\":\"x\",\"referrer\":R,\"caps\":[{\"scope\":\"referrer\",\"count\":1,\"per\":\"fortnight\"}]}|caps[0].per is not valid: an interval must be \"hour\", \"day\", \"week\", \"month\" or \"year\", or several such as \"3 months\", was \"fortnight\"",
                "{\"on\":\"x\",\"referrer\":R,\"caps\":[{\"scope\":\"referrer\",\"count\":1},{\"scope\":\"referrer\",\"count\":2}]}|caps[1] is not valid: caps must count different things, \"referrer:count\" is there twice",
                "{\"on\":\"x\",\"referrer\":R,\"caps\":[{\"scope\":\"referrer\",\"money\":\"EUR 1\"}]}|$ is not valid: cap \"referrer:money:EUR\" of reward rule \"x\" limits money that the rule does not give; give an account credit in EUR, or cap the count",
                "{\"on\":\"x\",\"referrer\":R,\"hold\":\"PT-1S\"}|hold must be zero or more, was PT-1S",
                "{\"on\":\"x\",\"referrer\":R,\"hold\":14}|hold must be text, was 14",
                "{\"on\":\"x\",\"referrer\":R,\"needsApproval\":\"yes\"}|needsApproval must be true or false, was \"yes\"",
                "{\"on\":\"x\",\"referrer\":R,\"claimed\":true,\"claimWithin\":\"PT0S\"}|claimWithin must be positive, was PT0S",
                "{\"on\":\"x\",\"referrer\":R,\"claimWithin\":\"P1D\"}|claimWithin is only for rules that are claimed; say \"claimed\": true",
                "{\"on\":\"x\",\"referrer\":R,\"claimed\":false,\"claimWithin\":\"P1D\"}|claimWithin is only for rules that are claimed; say \"claimed\": true",
                "{\"on\":\"x\",\"referrer\":R,\"clawBackWithin\":\"PT-1S\"}|clawBackWithin must be zero or more, was PT-1S",
                "{\"on\":\"x\",\"referrer\":R,\"mayGoNegative\":1}|mayGoNegative must be true or false, was 1"
            })
    void aBadTextIsRefusedWithThePath(String json, String message) {
        String whole = json.replace(":R", ":{\"kind\":\"trial_days\",\"days\":1}");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RewardRule.parse(whole))
                .withMessage(message);
    }

    @Test
    void whatIsOffIsAsIfItWereNotThere() {
        assertThat(
                        RewardRule.parse(
                                "{\"on\":\"activation\",\"referrer\":" + TWENTY.toText()
                                        + ",\"needsApproval\":false,\"claimed\":false,\"mayGoNegative\":false,\"tiers\":[],\"caps\":[]}"))
                .isEqualTo(rule().build());
    }
}
