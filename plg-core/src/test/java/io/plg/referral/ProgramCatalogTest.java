package io.plg.referral;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.plg.plan.Every;
import io.plg.reward.AnyRewards;
import io.plg.reward.Benefit;
import io.plg.reward.Money;
import io.plg.reward.RewardCampaign;
import io.plg.reward.RewardCap;
import io.plg.reward.RewardRule;
import io.plg.reward.Stage;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProgramCatalogTest {
    private static final String EVERYTHING = """
            {"programs": [
               {"name": "friends", "version": 2, "link": "https://app.example/join", "touch": "last", "window": "P60D",
                "from": "2027-01-01T00:00:00Z", "until": "2028-01-01T00:00:00Z", "codesExpireAfter": "P365D", "funnel": "onboarding",
                "rewards": [
                  {"on": "activation", "referrer": {"kind": "trial_days", "days": 30}, "referred": {"kind": "trial_days", "days": 14}},
                  {"on": "first_payment", "referrer": {"kind": "account_credit", "money": "USD 20.00"}, "hold": "P14D",
                   "caps": [{"scope": "referrer", "count": 5, "per": "month"}, {"scope": "program", "money": "USD 5000.00", "per": "year"}]}]},
               {"name": "partners", "rewards": []}],
             "campaigns": [
               {"name": "launch", "gives": {"kind": "custom", "type": "t-shirt"}, "stock": 500, "until": "2027-02-01T00:00:00Z"}]}
            """;
    private static final RewardCampaign LAUNCH = RewardCampaign.named("launch")
            .gives(Benefit.custom("t-shirt", Map.of()))
            .stock(500)
            .until(Instant.parse("2027-02-01T00:00:00Z"))
            .build();
    private static final ProgramCatalog EVERYTHING_BUILT = ProgramCatalog.builder()
            .program(ReferralProgram.named("friends")
                    .version(2)
                    .link("https://app.example/join")
                    .touch(Touch.LAST)
                    .window(Duration.ofDays(60))
                    .from(Instant.parse("2027-01-01T00:00:00Z"))
                    .until(Instant.parse("2028-01-01T00:00:00Z"))
                    .codesExpireAfter(Duration.ofDays(365))
                    .funnel("onboarding")
                    .reward(RewardRule.on(Stage.ACTIVATION)
                            .referrer(Benefit.trialDays(30))
                            .referred(Benefit.trialDays(14))
                            .build())
                    .reward(RewardRule.on(Stage.FIRST_PAYMENT)
                            .referrer(Benefit.accountCredit(20, "USD"))
                            .hold(Duration.ofDays(14))
                            .cap(RewardCap.perReferrer(5, Every.MONTH))
                            .cap(RewardCap.perProgram(Money.of(5000, "USD"), Every.YEAR))
                            .build())
                    .build())
            .program(ReferralProgram.named("partners").withoutRewards().build())
            .campaign(LAUNCH)
            .build();

    @Test
    void everythingThatABuilderCanSayCanBeWritten() {
        assertThat(ProgramCatalog.fromJson(EVERYTHING))
                .isEqualTo(EVERYTHING_BUILT)
                .hasSameHashCodeAs(EVERYTHING_BUILT);
        assertThat(ProgramCatalog.fromJson(EVERYTHING_BUILT.toJson())).isEqualTo(EVERYTHING_BUILT);
        assertThat(EVERYTHING_BUILT).hasToString(EVERYTHING_BUILT.toJson());
    }

    @Test
    void whatIsNotSaidIsAsInTheBuilder() {
        assertThat(ProgramCatalog.fromJson("{}")).isEqualTo(ProgramCatalog.of());
        ReferralProgram friends = ReferralProgram.named("friends").build();
        assertThat(ProgramCatalog.fromJson("{\"programs\": [{\"name\": \"friends\"}]}"))
                .isEqualTo(ProgramCatalog.of(friends));
        assertThat(ProgramCatalog.of(friends).toJson())
                .isEqualTo(
                        "{\"programs\":[{\"name\":\"friends\",\"version\":1,\"touch\":\"first\",\"window\":\"P30D\",\"rewards\":["
                                + "{\"on\":\"activation\",\"referrer\":{\"kind\":\"trial_days\",\"days\":30},"
                                + "\"referred\":{\"kind\":\"trial_days\",\"days\":14},\"clawBackWithin\":\"P90D\"}]}],\"campaigns\":[]}");
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void whatIsWrittenIsRead(@ForAll("catalogs") ProgramCatalog catalog) {
        assertThat(ProgramCatalog.fromJson(catalog.toJson())).isEqualTo(catalog);
    }

    @Provide
    Arbitrary<ProgramCatalog> catalogs() {
        return Combinators.combine(
                        programs().list().ofMaxSize(3).uniqueElements(ReferralProgram::name),
                        AnyRewards.campaigns().list().ofMaxSize(2).uniqueElements(RewardCampaign::name))
                .as((programs, campaigns) -> {
                    ProgramCatalog.Builder catalog = ProgramCatalog.builder();
                    programs.forEach(catalog::program);
                    campaigns.stream()
                            .filter(campaign -> programs.stream()
                                    .noneMatch(program -> program.name().equals(campaign.name())))
                            .forEach(catalog::campaign);
                    return catalog.build();
                });
    }

    private static Arbitrary<ReferralProgram> programs() {
        Arbitrary<ReferralProgram.Builder> described = Combinators.combine(
                        AnyRewards.names(),
                        Arbitraries.integers().between(1, Integer.MAX_VALUE),
                        Arbitraries.of("https://app.example/join", "http://localhost:80", "https://[::1]/%C3%A9/é")
                                .optional(),
                        Arbitraries.of(Touch.values()),
                        AnyRewards.lengths().optional(),
                        AnyRewards.lengths().optional(),
                        AnyRewards.names().optional())
                .as((name, version, link, touch, window, expiry, funnel) -> {
                    ReferralProgram.Builder program =
                            ReferralProgram.named(name).version(version).touch(touch);
                    link.ifPresent(program::link);
                    window.ifPresent(program::window);
                    expiry.ifPresent(program::codesExpireAfter);
                    funnel.ifPresent(program::funnel);
                    return program;
                });
        return Combinators.combine(
                        described,
                        AnyRewards.instants().list().ofMaxSize(2).uniqueElements(),
                        Arbitraries.of(true, false),
                        AnyRewards.rules().list().ofMaxSize(3).uniqueElements(RewardRule::name),
                        Arbitraries.of(true, false))
                .as((program, times, first, rules, without) -> {
                    List<Instant> sorted = times.stream().sorted().toList();
                    if (sorted.size() == 2 || sorted.size() == 1 && first) {
                        program.from(sorted.get(0));
                    }
                    if (sorted.size() == 2 || sorted.size() == 1 && !first) {
                        program.until(sorted.get(sorted.size() - 1));
                    }
                    rules.forEach(program::reward);
                    if (rules.isEmpty() && without) {
                        program.withoutRewards();
                    }
                    return program.build();
                });
    }

    @Test
    void programsAndCampaignsAreFoundByName() {
        assertThat(EVERYTHING_BUILT.programs())
                .extracting(ReferralProgram::name)
                .containsExactly("friends", "partners");
        assertThat(EVERYTHING_BUILT.program("friends"))
                .map(ReferralProgram::version)
                .contains(2);
        assertThat(EVERYTHING_BUILT.program("launch")).isEmpty();
        assertThat(EVERYTHING_BUILT.campaigns()).containsExactly(LAUNCH);
        assertThat(EVERYTHING_BUILT.campaign("launch")).contains(LAUNCH);
        assertThat(EVERYTHING_BUILT.campaign("friends")).isEmpty();
    }

    @Test
    void theOrderIsPartOfACatalog() {
        ReferralProgram one = ReferralProgram.named("one").build();
        ReferralProgram two = ReferralProgram.named("two").build();
        assertThat(ProgramCatalog.of(one, two)).isNotEqualTo(ProgramCatalog.of(two, one));
    }

    @Test
    void aCatalogDoesNotChangeWithItsBuilder() {
        ProgramCatalog.Builder builder = ProgramCatalog.builder().campaign(LAUNCH);
        ProgramCatalog catalog = builder.build();
        builder.program(ReferralProgram.named("late").build());
        assertThat(catalog.program("late")).isEmpty();
    }

    @Test
    void eachNameIsThereOnce() {
        ReferralProgram friends = ReferralProgram.named("friends").build();
        ReferralProgram launch = ReferralProgram.named("launch").build();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ProgramCatalog.of(friends, friends))
                .withMessage(
                        "name must be another one for each program and campaign, \"friends\" is a program already");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ProgramCatalog.builder().campaign(LAUNCH).program(launch))
                .withMessage(
                        "name must be another one for each program and campaign, \"launch\" is a campaign already");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ProgramCatalog.builder().program(launch).campaign(LAUNCH))
                .withMessage("name must be another one for each program and campaign, \"launch\" is a program already");
    }

    @Test
    void aSourceOfWhatNeverChangesAlwaysAnswersTheSame() {
        assertThat(ProgramSource.of(EVERYTHING_BUILT).current()).isSameAs(EVERYTHING_BUILT);
    }

    private static InvalidPrograms problemsOf(String json) {
        return catchThrowableOfType(InvalidPrograms.class, () -> ProgramCatalog.fromJson(json));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[]|$ must be an object, was a list",
                "null|$ must be an object, was null",
                "{\"plans\":[]}|plans is unknown; known here are programs, campaigns",
                "{\"programs\":{}}|programs must be a list, was an object",
                "{\"programs\":null}|programs must be a list, was null",
                "{\"programs\":[\"friends\"]}|programs[0] must be an object, was \"friends\"",
                "{\"programs\":[{}]}|programs[0].name is missing",
                "{\"programs\":[{\"name\":7}]}|programs[0].name must be text, was 7",
                "{\"programs\":[{\"name\":\" \"}]}|programs[0].name must not be blank, was \" \"",
                "{\"programs\":[P,\"Link\":\"\"}]}|programs[0].Link is unknown; known here are name, version, link, touch, window, from, until, codesExpireAfter, funnel, rewards",
                "{\"programs\":[P,\"a b\":1}]}|programs[0]['a\\u0020b'] is unknown; known here are name, version, link, touch, window, from, until, codesExpireAfter, funnel, rewards",
                "{\"programs\":[P,\"version\":0}]}|programs[0].version must be positive, was 0",
                "{\"programs\":[P,\"version\":1.0}]}|programs[0].version must be a whole number that is not too large, was 1.0",
                "{\"programs\":[P,\"link\":\"ftp://x\"}]}|programs[0].link must be an address of http or https with a host such as \"https://app.example/join\", was \"ftp://x\"",
                "{\"programs\":[P,\"touch\":\"FIRST\"}]}|programs[0].touch must be one of \"first\", \"last\"; was \"FIRST\"",
                "{\"programs\":[P,\"window\":\"30 days\"}]}|programs[0].window must be a duration in days, hours, minutes and seconds such as \"P14D\" or \"PT36H\", was \"30 days\"",
                "{\"programs\":[P,\"window\":\"PT0S\"}]}|programs[0].window must be positive, was PT0S",
                "{\"programs\":[P,\"from\":\"tomorrow\"}]}|programs[0].from must be an instant in UTC such as \"2027-01-31T00:00:00Z\", was \"tomorrow\"",
                "{\"programs\":[P,\"from\":\"2027-01-01T00:00:00Z\",\"until\":\"2026-01-01T00:00:00Z\"}]}|programs[0].until must be later than from, which is 2027-01-01T00:00:00Z, was 2026-01-01T00:00:00Z",
                "{\"programs\":[P,\"codesExpireAfter\":\"-P1D\"}]}|programs[0].codesExpireAfter must be positive, was PT-24H",
                "{\"programs\":[P,\"funnel\":null}]}|programs[0].funnel must be text, was null",
                "{\"programs\":[P,\"rewards\":true}]}|programs[0].rewards must be a list, was true",
                "{\"programs\":[P,\"rewards\":[[]]}]}|programs[0].rewards[0] must be an object, was a list",
                "{\"programs\":[P,\"rewards\":[{\"on\":\"x\"}]}]}|programs[0].rewards[0] is not valid: reward rule \"x\" must give something; say what with referrer(…), referred(…), tier(…) or milestone(…)",
                "{\"programs\":[P,\"rewards\":[R},R,\"caps\":[{\"scope\":\"program\",\"count\":0}],\"name\":\"y\"}]}]}|programs[0].rewards[1].caps[0].count must be positive, was 0",
                "{\"programs\":[P,\"rewards\":[R,\"a b\":1}]}]}|programs[0].rewards[0]['a\\u0020b'] is unknown; known here are on, name, referrer, referred, tiers, milestones, caps, hold, needsApproval, claimed, claimWithin, clawBackWithin, mayGoNegative",
                "{\"programs\":[P,\"rewards\":[R},R}]}]}|programs[0].rewards[1] is not valid: reward \"x\" is there twice; give one another name, as in RewardRule.on(…).named(…)",
                "{\"programs\":[P},P}]}|programs[1].name must be another one for each program and campaign, \"friends\" is that of programs[0]",
                "{\"programs\":[P}],\"campaigns\":[{\"name\":\"friends\",\"gives\":B}]}|campaigns[0].name must be another one for each program and campaign, \"friends\" is that of programs[0]",
                "{\"campaigns\":[{\"name\":\"x\",\"gives\":B,\"stock\":0}]}|campaigns[0].stock must be positive, was 0",
                "{\"campaigns\":[{\"gives\":B}]}|campaigns[0].name is missing"
            })
    void aBadDocumentIsRefusedWithThePath(String json, String problem) {
        String benefit = "{\"kind\":\"trial_days\",\"days\":1}";
        String whole = json.replace("[P", "[{\"name\":\"friends\"")
                .replace(",P", ",{\"name\":\"friends\"")
                .replace("[R", "[{\"on\":\"x\",\"referrer\":" + benefit)
                .replace(",R", ",{\"on\":\"x\",\"referrer\":" + benefit)
                .replace(":B", ":" + benefit);
        InvalidPrograms refusal = problemsOf(whole);
        assertThat(refusal.problems())
                .extracting(InvalidPrograms.Problem::toString)
                .containsExactly(problem);
        assertThat(refusal).hasMessage("the program catalog has a problem:\n  " + problem);
        assertThat(refusal.isRetryable()).isFalse();
    }

    @Test
    void everyProblemIsSaidAtOnce() {
        InvalidPrograms refusal = problemsOf("""
                {"programs": [{"version": 0, "touch": 1, "rewards": [{"hold": 1, "caps": [{}]}, {"on": "x", "referrer": {"kind": "discount"}}]}],
                 "campaigns": [{"name": "x"}], "more": 1}
                """);
        assertThat(refusal.problems())
                .extracting(InvalidPrograms.Problem::path)
                .containsExactly(
                        "more",
                        "programs[0].name",
                        "programs[0].version",
                        "programs[0].touch",
                        "programs[0].rewards[0].on",
                        "programs[0].rewards[0].caps[0].scope",
                        "programs[0].rewards[0].hold",
                        "programs[0].rewards[1].referrer.percent",
                        "programs[0].rewards[1].referrer.months",
                        "campaigns[0].gives");
        assertThat(refusal).hasMessageStartingWith("the program catalog has 10 problems:\n  more is unknown");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "programs:",
                "{} {}",
                "{\"programs\": [], \"programs\": []}",
                "{\"programs\": 1e99999999999}"
            })
    void whatIsNotJsonOrThereTwiceIsRefused(String json) {
        assertThat(problemsOf(json).problems()).singleElement().satisfies(problem -> {
            assertThat(problem.path()).isEqualTo("$");
            assertThat(problem.message()).startsWith("must be one object in JSON: ");
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 490, 600, 100_000})
    void anAbyssIsRefused(int depth) {
        String json = "{\"programs\": [{\"name\": \"x\", \"rewards\": [{\"on\": " + "[".repeat(depth)
                + "]".repeat(depth) + "}]}]}";
        assertThat(problemsOf(json)).isNotNull();
    }
}
