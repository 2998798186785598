package io.plg.plan;

import static io.plg.plan.ExamplePlans.API_ACCESS;
import static io.plg.plan.ExamplePlans.CUSTOM_DOMAIN;
import static io.plg.plan.ExamplePlans.EXPORTS;
import static io.plg.plan.ExamplePlans.PLANS;
import static io.plg.plan.ExamplePlans.PRIORITY_SUPPORT;
import static io.plg.plan.ExamplePlans.PROJECTS;
import static io.plg.plan.ExamplePlans.STORAGE_GB;
import static io.plg.plan.ExamplePlans.TEAM_MEMBERS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Currency;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class PlanCatalogTest {

    @Test
    void aCatalogKnowsItsFeaturesAndPlans() {
        assertThat(PLANS.features())
                .containsExactlyInAnyOrder(
                        PROJECTS, TEAM_MEMBERS, EXPORTS, STORAGE_GB, API_ACCESS, CUSTOM_DOMAIN, PRIORITY_SUPPORT);
        assertThat(PLANS.feature("exports")).contains(EXPORTS);
        assertThat(PLANS.feature("imports")).isEmpty();
        assertThat(PLANS.knows(Feature.quota("exports", Every.MONTH))).isTrue();
        assertThat(PLANS.knows(Feature.quota("exports", Every.DAY))).isFalse();
        assertThat(PLANS.knows(Feature.cap("exports"))).isFalse();
        assertThat(PLANS.knows(Feature.cap("storage_gb"))).isFalse();
        assertThat(PLANS.plans()).extracting(Plan::name).containsExactly("free", "starter", "growth");
        assertThat(PLANS.plans()).extracting(Plan::rank).containsExactly(0, 1, 2);
        assertThat(PLANS.defaultPlan()).isSameAs(PLANS.plan("free").orElseThrow());
        assertThat(PLANS.plan("enterprise")).isEmpty();
        assertThat(PLANS.approachingPercent()).isEqualTo(80);
        assertThat(PLANS.fallback(EXPORTS)).isEqualTo(Fallback.CLOSED);
        assertThat(PLANS.addOns()).extracting(AddOn::name).containsExactly("extra_exports");
        assertThat(PLANS).hasToString("free@1, starter@1, growth@1");
    }

    @Test
    void aPlanGivesWhatItMentions() {
        Plan free = PLANS.plan("free").orElseThrow();
        assertThat(free.id()).isEqualTo(new PlanVersion("free", 1));
        assertThat(free.price()).isEmpty();
        assertThat(free.trial()).isEmpty();
        assertThat(free.upgradesTo()).isEmpty();
        assertThat(free.limit(PROJECTS)).contains(Limit.of(3));
        assertThat(free.limit(STORAGE_GB)).contains(Limit.of(new BigDecimal("1.5")));
        assertThat(free.limit(Feature.cap("seats"))).isEmpty();
        assertThat(free.allows(API_ACCESS)).isFalse();
        Plan growth = PLANS.plan("growth").orElseThrow();
        assertThat(growth.price()).contains(new Price(9900, Currency.getInstance("USD")));
        assertThat(growth.limit(EXPORTS)).contains(Limit.unlimited());
        assertThat(growth.flags()).containsExactly(API_ACCESS, CUSTOM_DOMAIN, PRIORITY_SUPPORT);
        assertThat(growth.limits()).containsOnlyKeys(PROJECTS, TEAM_MEMBERS, EXPORTS, STORAGE_GB);
        AddOn extra = PLANS.addOn("extra_exports").orElseThrow();
        assertThat(extra.limits()).isEqualTo(Map.of(EXPORTS, BigDecimal.valueOf(100)));
        assertThat(extra.price()).contains(new Price(500, Currency.getInstance("USD")));
        assertThat(extra.flags()).isEmpty();
        assertThat(PLANS.addOn("extra_projects")).isEmpty();
    }

    @Test
    void versionsOfAPlanShareItsRankAndTheLatestIsForNewcomers() {
        PlanCatalog plans = PlanCatalog.builder()
                .plan("free", 1, p -> p.limit(PROJECTS, 3))
                .plan("starter", 2, p -> p.limit(PROJECTS, 20))
                .plan("starter", 1, p -> p.limit(PROJECTS, 10))
                .plan("free", 4, p -> p.limit(PROJECTS, 2))
                .plan("growth", p -> p.unlimited(PROJECTS))
                .build();
        assertThat(plans.plans()).extracting(Plan::toString).containsExactly("free@4", "starter@2", "growth@1");
        assertThat(plans.plans()).extracting(Plan::rank).containsExactly(0, 1, 2);
        assertThat(plans.plan(new PlanVersion("free", 1)).orElseThrow().rank()).isZero();
        assertThat(plans.plan(new PlanVersion("free", 1)).orElseThrow().limit(PROJECTS))
                .contains(Limit.of(3));
        assertThat(plans.plan(PlanVersion.latestOf("free")).orElseThrow().version())
                .isEqualTo(4);
        assertThat(plans.plan(new PlanVersion("free", 2))).isEmpty();
        assertThat(plans.plan(new PlanVersion("gold", 1))).isEmpty();
        assertThat(plans.plan(PlanVersion.latestOf("gold"))).isEmpty();
        assertThat(plans.defaultPlan().version()).isEqualTo(4);
        assertThat(plans).hasToString("free@1, free@4, starter@1, starter@2, growth@1");
    }

    @Test
    void whatIsNotSaidHasADefault() {
        PlanCatalog plans = PlanCatalog.builder()
                .plan("basic", p -> p.limit(EXPORTS, 1))
                .plan("free", p -> p.limit(EXPORTS, 1))
                .approachingFrom(50)
                .whenUnreachable(EXPORTS, Fallback.OPEN)
                .features(API_ACCESS)
                .build();
        assertThat(plans.defaultPlan().name()).isEqualTo("basic");
        assertThat(plans.approachingPercent()).isEqualTo(50);
        assertThat(plans.fallback(EXPORTS)).isEqualTo(Fallback.OPEN);
        assertThat(plans.fallback(Feature.quota("exports", Every.DAY))).isEqualTo(Fallback.CLOSED);
        assertThat(plans.fallback(API_ACCESS)).isEqualTo(Fallback.CLOSED);
        assertThat(plans.knows(API_ACCESS)).isTrue();
        assertThat(plans.plan("free").orElseThrow().allows(API_ACCESS)).isFalse();
        PlanCatalog onFree = PlanCatalog.builder()
                .defaultPlan("free")
                .plan("basic", p -> {})
                .plan("free", p -> {})
                .build();
        assertThat(onFree.defaultPlan().name()).isEqualTo("free");
    }

    @Test
    void pricesAreExact() {
        assertThat(priced(p -> p.price(new BigDecimal("19.90"), "USD")))
                .isEqualTo(new Price(1990, Currency.getInstance("USD")));
        assertThat(priced(p -> p.price(500, "JPY"))).isEqualTo(new Price(500, Currency.getInstance("JPY")));
        assertThat(priced(p -> p.price(new BigDecimal("1.234"), "KWD")))
                .isEqualTo(new Price(1234, Currency.getInstance("KWD")));
        refused(p -> p.price(new BigDecimal("19.999"), "USD"), "price in USD must have at most 2 decimals, was 19.999");
        refused(p -> p.price(new BigDecimal("0.5"), "JPY"), "price in JPY must be whole, was 0.5");
        refused(p -> p.price(-1, "USD"), "price must not be negative, was -1");
        refused(
                p -> p.price(10_000_000_000_000_001L, "USD"),
                "price in USD must be at most 10^16, was 10000000000000001");
        refused(p -> p.price(1, "usd"), "currency must be a code of ISO 4217 such as \"USD\", was \"usd\"");
        refused(p -> p.price(1, "USD").price(2, "USD"), "was set before, to USD 1.00; USD 2.00 cannot be another");
    }

    private static Price priced(Consumer<Plan.Builder> description) {
        return PlanCatalog.builder()
                .plan("p", description)
                .build()
                .defaultPlan()
                .price()
                .orElseThrow();
    }

    private static void refused(Consumer<Plan.Builder> description, String message) {
        // by the setter: nothing is built yet
        PlanCatalog.Builder builder = PlanCatalog.builder();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.plan("p", description))
                .withMessageContaining(message);
    }

    @Test
    void aMistakeInAPlanIsReportedByItsSetter() {
        refused(p -> p.limit(PROJECTS, -1), "limit must not be negative, was -1");
        refused(
                p -> p.limit(PROJECTS, new BigDecimal("1.5")),
                "limit of \"projects\" must be whole (the feature declares no decimals), was 1.5");
        refused(
                p -> p.limit(STORAGE_GB, new BigDecimal("1.5001")),
                "limit of \"storage_gb\" must have at most 3 decimals, was 1.5001");
        refused(
                p -> p.limit(STORAGE_GB, 1_000_000_000_000_001L),
                "limit of \"storage_gb\" must be at most 10^15, was 1000000000000001");
        refused(
                p -> p.limit(PROJECTS, Limit.of(5).perMember(new BigDecimal("0.5"))),
                "perMember of \"projects\" must be whole");
        refused(
                p -> p.limit(EXPORTS, Limit.of(5).atMost(new BigDecimal("0.5"), Every.DAY)),
                "amount of a window of \"exports\" must be whole");
        refused(
                p -> p.limit(PROJECTS, Limit.of(5).atMost(1, Every.DAY)),
                "\"projects\" is a cap, which has no windows, was 1 every day");
        refused(
                p -> p.limit(EXPORTS, Limit.of(5).atMost(1, Every.MONTH)),
                "must be shorter than its period, which is \"month\", was 1 every month");
        refused(p -> p.limit(EXPORTS, Limit.of(5).atMost(1, Every.days(31))), "must be shorter than its period");
        refused(
                p -> p.limit(PROJECTS, 1).limit(PROJECTS, 2),
                "must mention each feature once, \"projects\" was mentioned before");
        refused(p -> p.allow(API_ACCESS, API_ACCESS), "\"api_access\" was mentioned before");
        refused(
                p -> p.limit(PROJECTS, 1).allow(Feature.flag("projects")),
                "as Cap[name=projects, decimals=0] and not as Flag");
        refused(p -> p.trial(Duration.ZERO), "trial must be positive, was PT0S");
        refused(p -> p.trial(Duration.ofDays(36_501)), "trial must be at most 100 years");
        refused(
                p -> p.trial(Duration.ofDays(1)).trial(Duration.ofDays(2)),
                "trial of plan \"p@1\" was set before, to PT24H");
        refused(p -> p.upgradesTo("q", "q"), "must name each plan once, \"q\" is there twice");
        refused(p -> p.upgradesTo("p"), "must name other plans, was \"p\"");
        refused(p -> p.upgradesTo(" "), "plan name must not be blank");
        refused(p -> p.upgradesTo().upgradesTo("q"), "was set before, to []");
        PlanCatalog.builder()
                .plan(
                        "p",
                        p -> p.limit(EXPORTS, Limit.of(5).atMost(1, Every.weeks(4)))
                                .limit(STORAGE_GB, 1_000_000_000_000_000L)
                                .trial(Duration.ofDays(36_500)));
    }

    @Test
    void aMistakeInAnAddOnIsReportedByItsSetter() {
        addOnRefused(a -> a.limit(EXPORTS, 0), "limit to add must be positive, was 0");
        addOnRefused(a -> a.limit(EXPORTS, new BigDecimal("0.5")), "limit to add of \"exports\" must be whole");
        addOnRefused(a -> a.limit(EXPORTS, 1).limit(EXPORTS, 1), "\"exports\" was mentioned before");
        addOnRefused(a -> a.price(1, "USD").price(1, "USD"), "price of add-on \"a\" was set before");
        addOnRefused(a -> a.price(1, "USD"), "add-on \"a\" must add something: a limit or a flag");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ExamplePlans.builder().addOn("extra_exports", a -> a.limit(EXPORTS, 1)))
                .withMessage("add-on \"extra_exports\" was described before");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PlanCatalog.builder().addOn("", a -> {}));
    }

    private static void addOnRefused(Consumer<AddOn.Builder> description, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PlanCatalog.builder().addOn("a", description))
                .withMessageContaining(message);
    }

    @Test
    void aMistakeInTheCatalogIsReportedWhereItCanBeSeenFirst() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ExamplePlans.builder().plan("free", p -> {}))
                .withMessageContaining(
                        "plan \"free@1\" was described before; give another version, as in plan(\"free\", 2, …)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ExamplePlans.builder().plan("free", 0, p -> {}))
                .withMessage("version of plan \"free\" must be 1 or more, was 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        ExamplePlans.builder().plan("scale", p -> p.limit(Feature.quota("projects", Every.MONTH), 1)))
                .withMessageContaining(
                        "feature \"projects\" must be the same everywhere, was Cap[name=projects, decimals=0]"
                                + " before and is Quota[name=projects, every=month, decimals=0] now");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ExamplePlans.builder().addOn("a", a -> a.limit(Feature.cap("storage_gb"), 1)))
                .withMessageContaining("feature \"storage_gb\" must be the same everywhere");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ExamplePlans.builder().features(Feature.flag("projects")));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PlanCatalog.builder().approachingFrom(0))
                .withMessage("approachingFrom must be 1 to 100 percent, was 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PlanCatalog.builder().approachingFrom(101));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PlanCatalog.builder()
                        .whenUnreachable(EXPORTS, Fallback.OPEN)
                        .whenUnreachable(EXPORTS, Fallback.CLOSED))
                .withMessage("whenUnreachable of \"exports\" was set before, to OPEN");
        assertThatIllegalStateException()
                .isThrownBy(() -> PlanCatalog.builder().build())
                .withMessage("a plan catalog needs at least one plan");
        assertThatIllegalStateException()
                .isThrownBy(() -> ExamplePlans.builder().defaultPlan("gold").build())
                .withMessage("default plan \"gold\" is none of the plans free, starter, growth");
        assertThatIllegalStateException()
                .isThrownBy(() -> ExamplePlans.builder()
                        .plan("free", 2, p -> p.upgradesTo("gold"))
                        .build())
                .withMessage("plan \"free@2\" upgrades to \"gold\", which is none of the plans free, starter, growth");
        assertThatIllegalStateException()
                .isThrownBy(() -> ExamplePlans.builder()
                        .whenUnreachable(Feature.cap("seats"), Fallback.OPEN)
                        .build())
                .withMessageContaining(
                        "whenUnreachable names Cap[name=seats, decimals=0], which no plan and no add-on has");
    }

    @Test
    void upgradesThatGoRoundInACircleAreShown() {
        assertThatIllegalStateException()
                .isThrownBy(() -> upgrades(Map.of("a", List.of("b"), "b", List.of("d", "c"), "c", List.of("a")))
                        .build())
                .withMessage("upgrades must not go round in a circle, were a → b → c → a");
        assertThatIllegalStateException()
                .isThrownBy(() -> upgrades(Map.of("a", List.of("b"), "b", List.of("c"), "c", List.of("d", "b")))
                        .build())
                .withMessage("upgrades must not go round in a circle, were b → c → b");
        // a diamond is none
        upgrades(Map.of("a", List.of("b", "c"), "b", List.of("d"), "c", List.of("d")))
                .build();
        // an older version is no way back
        upgrades(Map.of("b", List.of("a")))
                .plan("a", 2, p -> p.upgradesTo())
                .plan("c", 2, p -> p.upgradesTo("b"))
                .build();
    }

    private static PlanCatalog.Builder upgrades(Map<String, List<String>> upgrades) {
        PlanCatalog.Builder builder = PlanCatalog.builder();
        for (String plan : List.of("a", "b", "c", "d")) {
            builder.plan(plan, p -> {
                if (upgrades.containsKey(plan)) {
                    p.upgradesTo(upgrades.get(plan).toArray(String[]::new));
                }
            });
        }
        return builder;
    }

    @Test
    void theCheapestUpgradeIsTheCheapestPlanOfAHigherRankThatWillDo() {
        Plan free = PLANS.plan("free").orElseThrow();
        Plan starter = PLANS.plan("starter").orElseThrow();
        Plan growth = PLANS.plan("growth").orElseThrow();
        assertThat(PLANS.cheapestUpgrade(free, plan -> true)).contains(starter);
        assertThat(PLANS.cheapestUpgrade(free, plan -> plan.allows(API_ACCESS))).contains(growth);
        assertThat(PLANS.cheapestUpgrade(starter, plan -> true)).contains(growth);
        assertThat(PLANS.cheapestUpgrade(growth, plan -> true)).isEmpty();
        assertThat(PLANS.cheapestUpgrade(free, plan -> false)).isEmpty();
    }

    @Test
    void theCheapestUpgradeGoesByPriceThenByRank() {
        PlanCatalog plans = PlanCatalog.builder()
                .plan("open_source", p -> {})
                .plan("free", p -> {})
                .plan("team", p -> p.price(50, "USD"))
                .plan("europe", p -> p.price(1, "EUR"))
                .plan("custom", p -> {})
                .plan("solo", p -> p.price(20, "USD"))
                .plan("duo", p -> p.price(20, "USD"))
                .build();
        assertThat(upgrade(plans, "open_source")).isEqualTo("free"); // below all that cost something
        assertThat(upgrade(plans, "free")).isEqualTo("solo"); // as cheap as duo and below it
        assertThat(upgrade(plans, "free", "team", "duo")).isEqualTo("duo"); // cheaper than team and above it
        assertThat(upgrade(plans, "free", "europe", "team")).isEqualTo("team"); // dollars are comparable, euros are not
        assertThat(upgrade(plans, "free", "europe", "custom")).isEqualTo("europe"); // a price rather than none
        assertThat(upgrade(plans, "free", "custom")).isEqualTo("custom");
        assertThat(upgrade(plans, "europe", "custom", "solo")).isEqualTo("solo");
        assertThat(upgrade(plans, "duo")).isNull();
    }

    @Test
    void anUpgradeIsNeverToAnotherVersionOfTheSamePlanNorToAnOldOne() {
        PlanCatalog plans = PlanCatalog.builder()
                .plan("free", p -> {})
                .plan("free", 2, p -> p.allow(API_ACCESS))
                .plan("pro", p -> p.price(5, "USD").allow(API_ACCESS))
                .plan("pro", 2, p -> p.price(9, "USD"))
                .build();
        Plan old = plans.plan(new PlanVersion("free", 1)).orElseThrow();
        assertThat(plans.cheapestUpgrade(old, plan -> true).orElseThrow()).hasToString("pro@2");
        assertThat(plans.cheapestUpgrade(old, plan -> plan.allows(API_ACCESS))).isEmpty();
    }

    @Test
    void upgradesThatAPlanNamesAreAllThatIsOffered() {
        PlanCatalog plans = PlanCatalog.builder()
                .plan("basic", p -> p.price(1, "USD"))
                .plan("plus", p -> p.price(2, "USD").upgradesTo("basic", "max"))
                .plan("pro", p -> p.price(3, "USD").upgradesTo())
                .plan("max", p -> p.price(4, "USD"))
                .build();
        assertThat(upgrade(plans, "plus")).isEqualTo("basic"); // named, so its rank does not matter
        assertThat(upgrade(plans, "plus", "pro", "max")).isEqualTo("max");
        assertThat(upgrade(plans, "pro")).isNull();
        assertThat(upgrade(plans, "basic")).isEqualTo("plus");
    }

    private static String upgrade(PlanCatalog plans, String from, String... allowed) {
        return plans.cheapestUpgrade(
                        plans.plan(from).orElseThrow(),
                        plan -> allowed.length == 0 || List.of(allowed).contains(plan.name()))
                .map(Plan::name)
                .orElse(null);
    }

    @Test
    void catalogsThatSayTheSameAreEqual() {
        assertThat(ExamplePlans.builder().build()).isEqualTo(PLANS).hasSameHashCodeAs(PLANS);
        assertThat(ExamplePlans.builder()
                        .whenUnreachable(EXPORTS, Fallback.CLOSED)
                        .build())
                .isEqualTo(PLANS);
        assertThat(ExamplePlans.builder()
                        .whenUnreachable(EXPORTS, Fallback.OPEN)
                        .build())
                .isNotEqualTo(PLANS);
        assertThat(ExamplePlans.builder().approachingFrom(90).build()).isNotEqualTo(PLANS);
        assertThat(ExamplePlans.builder().defaultPlan("starter").build()).isNotEqualTo(PLANS);
        assertThat(ExamplePlans.builder().plan("free", 2, p -> {}).build()).isNotEqualTo(PLANS);
        assertThat(ExamplePlans.builder().addOn("b", a -> a.allow(API_ACCESS)).build())
                .isNotEqualTo(PLANS);
        assertThat(ExamplePlans.builder().features(Feature.flag("sso")).build()).isNotEqualTo(PLANS);
        assertThat(PlanCatalog.builder()
                        .plan("a", p -> {})
                        .plan("b", p -> {})
                        .defaultPlan("a")
                        .build())
                .isNotEqualTo(PlanCatalog.builder()
                        .plan("b", p -> {})
                        .plan("a", p -> {})
                        .defaultPlan("a")
                        .build());
    }

    @Test
    void aBuilderThatGoesOnDoesNotChangeWhatItBuilt() {
        PlanCatalog.Builder builder = ExamplePlans.builder();
        PlanCatalog plans = builder.build();
        builder.plan("free", 2, p -> {}).approachingFrom(10).addOn("b", a -> a.allow(API_ACCESS));
        assertThat(plans).isEqualTo(PLANS);
        assertThatThrownBy(() -> plans.plans().clear()).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> plans.features().clear()).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> plans.addOns().clear()).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> plans.defaultPlan().limits().clear())
                .isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> plans.defaultPlan().flags().clear()).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void aSourceOfPlansThatNeverChangeIsTheCatalog() {
        PlanSource source = PlanSource.of(PLANS);
        assertThat(source.current()).isSameAs(PLANS);
    }
}
