package io.plg.plan;

import static io.plg.plan.ExamplePlans.API_ACCESS;
import static io.plg.plan.ExamplePlans.EXPORTS;
import static io.plg.plan.ExamplePlans.PLANS;
import static io.plg.plan.ExamplePlans.PROJECTS;
import static io.plg.plan.ExamplePlans.STORAGE_GB;
import static io.plg.plan.ExamplePlans.TEAM_MEMBERS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.File;
import java.lang.reflect.InvocationTargetException;
import java.math.BigDecimal;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Currency;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PlanCatalogTextTest {
    private static final String EVERYTHING = """
            {"features": {"projects": {"kind": "cap"}, "team_members": {"kind": "cap", "decimals": 0},
                          "exports": {"kind": "quota", "every": "month"},
                          "storage_gb": {"kind": "cap", "decimals": 3},
                          "api_access": {"kind": "flag"}, "sso": {"kind": "flag"}},
             "plans": [
               {"name": "free", "features": {"projects": 3, "storage_gb": "1.5", "api_access": false}},
               {"name": "starter", "version": 2, "price": {"amount": "19.90", "currency": "USD"}, "trial": "P14D",
                "upgradesTo": ["growth"],
                "features": {"projects": "10", "team_members": "unlimited",
                             "exports": {"limit": 300, "overLimit": "grace", "grace": "P3D",
                                         "windows": [{"limit": 50, "every": "day"}, {"limit": 9, "every": "2 hours"}],
                                         "perMember": 10, "thresholds": [50, 80, 100], "preservesOverage": true},
                             "storage_gb": {"limit": "unlimited", "overLimit": "warn", "thresholds": []},
                             "api_access": true}},
               {"name": "starter", "version": 1, "features": {}},
               {"name": "growth", "price": {"amount": 99, "currency": "USD"}, "upgradesTo": []}],
             "addOns": [{"name": "extra", "price": {"amount": 5, "currency": "EUR"},
                         "features": {"exports": 100, "storage_gb": "0.25", "api_access": true}}],
             "defaultPlan": "starter", "approachingFrom": 75,
             "whenUnreachable": {"exports": "open", "projects": "closed"}}
            """;
    private static final PlanCatalog EVERYTHING_BUILT = PlanCatalog.builder()
            .features(Feature.flag("sso"))
            .plan("free", p -> p.limit(PROJECTS, 3).limit(STORAGE_GB, new BigDecimal("1.5")))
            .plan(
                    "starter",
                    2,
                    p -> p.price(new BigDecimal("19.90"), "USD")
                            .trial(Duration.ofDays(14))
                            .upgradesTo("growth")
                            .limit(PROJECTS, 10)
                            .unlimited(TEAM_MEMBERS)
                            .limit(
                                    EXPORTS,
                                    Limit.of(300)
                                            .grace(Duration.ofDays(3))
                                            .atMost(50, Every.DAY)
                                            .atMost(9, Every.hours(2))
                                            .perMember(10)
                                            .thresholds(50, 80, 100)
                                            .preservingOverage())
                            .limit(STORAGE_GB, Limit.unlimited().warn().withoutThresholds())
                            .allow(API_ACCESS))
            .plan("starter", 1, p -> {})
            .plan("growth", p -> p.price(99, "USD").upgradesTo())
            .addOn(
                    "extra",
                    a -> a.price(5, "EUR")
                            .limit(EXPORTS, 100)
                            .limit(STORAGE_GB, new BigDecimal("0.25"))
                            .allow(API_ACCESS))
            .defaultPlan("starter")
            .approachingFrom(75)
            .whenUnreachable(EXPORTS, Fallback.OPEN)
            .build();

    @Test
    void everythingThatABuilderCanSayCanBeWritten() {
        assertThat(PlanCatalog.fromJson(EVERYTHING)).isEqualTo(EVERYTHING_BUILT);
        assertThat(PlanCatalog.fromJson(EVERYTHING_BUILT.toJson())).isEqualTo(EVERYTHING_BUILT);
    }

    @Test
    void yamlHasTheSameMembers() {
        PlanCatalog plans = PlanCatalog.fromYaml("""
                features:
                  projects:   {kind: cap}
                  exports:    {kind: quota, every: month}
                  storage_gb: {kind: cap, decimals: 3}
                  api_access: {kind: flag}
                plans:            # in order of rank
                  - name: free
                    features:
                      projects: 3
                      storage_gb: "1.5"
                  - name: starter
                    price: {amount: "19.90", currency: USD}
                    trial: P14D
                    features:
                      projects: unlimited
                      api_access: true
                      exports:
                        limit: 300
                        overLimit: grace
                        grace: P3D
                        windows:
                          - {limit: 50, every: day}
                        thresholds: [50, 100]
                defaultPlan: free
                whenUnreachable:
                  exports: open
                """);
        assertThat(plans)
                .isEqualTo(PlanCatalog.builder()
                        .plan("free", p -> p.limit(PROJECTS, 3).limit(STORAGE_GB, new BigDecimal("1.5")))
                        .plan(
                                "starter",
                                p -> p.price(new BigDecimal("19.90"), "USD")
                                        .trial(Duration.ofDays(14))
                                        .unlimited(PROJECTS)
                                        .allow(API_ACCESS)
                                        .limit(
                                                EXPORTS,
                                                Limit.of(300)
                                                        .grace(Duration.ofDays(3))
                                                        .atMost(50, Every.DAY)
                                                        .thresholds(50, 100)))
                        .whenUnreachable(EXPORTS, Fallback.OPEN)
                        .build());
        assertThat(PlanCatalog.fromYaml(EVERYTHING)).isEqualTo(EVERYTHING_BUILT); // JSON is YAML
    }

    @Test
    void theJsonIsTheOneThatIsDescribed() {
        assertThat(PlanCatalog.builder()
                        .plan(
                                "free",
                                p -> p.limit(PROJECTS, 3)
                                        .limit(STORAGE_GB, new BigDecimal("1.50"))
                                        .limit(EXPORTS, Limit.of(5).warn())
                                        .trial(Duration.ofHours(36))
                                        .allow(API_ACCESS))
                        .plan("pro", p -> p.price(19, "USD").unlimited(PROJECTS))
                        .whenUnreachable(API_ACCESS, Fallback.OPEN)
                        .build()
                        .toJson())
                .isEqualTo("""
                        {"features":{"projects":{"kind":"cap"},"storage_gb":{"kind":"cap","decimals":3},\
                        "exports":{"kind":"quota","every":"month"},"api_access":{"kind":"flag"}},\
                        "plans":[{"name":"free","version":1,"trial":"PT36H","features":{"projects":3,"storage_gb":"1.5",\
                        "exports":{"limit":5,"overLimit":"warn","thresholds":[80]},"api_access":true}},\
                        {"name":"pro","version":1,"price":{"amount":"19.00","currency":"USD"},"features":{"projects":"unlimited"}}],\
                        "defaultPlan":"free","approachingFrom":80,"whenUnreachable":{"api_access":"open"}}""");
    }

    @Test
    void amountsAreExact() {
        String large = "999999999999.999999";
        PlanCatalog plans = PlanCatalog.fromJson("""
                {"features": {"gb": {"kind": "cap", "decimals": 6}, "n": {"kind": "cap"}},
                 "plans": [{"name": "free", "features": {"gb": "%s", "n": 999999999999999999}}]}
                """.formatted(large));
        assertThat(plans.defaultPlan()
                        .limit(Feature.cap("gb").withDecimals(6))
                        .orElseThrow()
                        .amount())
                .isEqualTo(large);
        assertThat(plans.defaultPlan().limit(Feature.cap("n")).orElseThrow().amount())
                .isEqualTo("999999999999999999");
        assertThat(PlanCatalog.fromJson(plans.toJson())).isEqualTo(plans);
    }

    @Property
    void whatIsWrittenIsReadAsAnEqualCatalog(@ForAll("catalogs") PlanCatalog plans) {
        String json = plans.toJson();
        PlanCatalog read = PlanCatalog.fromJson(json);
        assertThat(read).isEqualTo(plans).hasSameHashCodeAs(plans);
        assertThat(read.plans()).isEqualTo(plans.plans());
        assertThat(read.toJson()).isEqualTo(json);
        assertThat(PlanCatalog.fromYaml(json)).isEqualTo(plans);
    }

    @Provide
    Arbitrary<PlanCatalog> catalogs() {
        return Arbitraries.randomValue(PlanCatalogTextTest::anyCatalog);
    }

    private static PlanCatalog anyCatalog(Random random) {
        PlanCatalog.Builder builder = PlanCatalog.builder();
        var features = new ArrayList<Feature>();
        for (int i = random.nextInt(6); i >= 0; i--) {
            String name =
                    anyOf(random, "exports", "team members", "größe", "a.b['c']", "\"quoted\"", "no", "~", "😀", "1")
                            + i;
            features.add(
                    switch (random.nextInt(3)) {
                        case 0 -> Feature.flag(name);
                        case 1 -> Feature.cap(name).withDecimals(random.nextInt(7));
                        default ->
                            Feature.quota(name, anyOf(random, Every.DAY, Every.MONTH, Every.weeks(3)))
                                    .withDecimals(random.nextInt(3));
                    });
        }
        int plans = 1 + random.nextInt(5);
        for (int i = 0; i < plans; i++) {
            for (int version = 1 + random.nextInt(3); version > 0; version--) {
                int rank = i;
                builder.plan("plan " + i, version, plan -> {
                    anyPrice(random, plan::price);
                    if (random.nextBoolean()) {
                        plan.trial(Duration.ofSeconds(1 + random.nextInt(10_000_000), random.nextInt(2) * 500_000_000));
                    }
                    if (random.nextBoolean()) { // upwards only, so never in a circle
                        var above = new ArrayList<String>();
                        for (int j = rank + 1; j < plans; j++) {
                            above.add("plan " + j);
                        }
                        Collections.shuffle(above, random);
                        plan.upgradesTo(above.subList(0, random.nextInt(above.size() + 1))
                                .toArray(String[]::new));
                    }
                    for (Feature feature : features) {
                        if (random.nextInt(3) == 0) {
                            continue;
                        }
                        if (feature instanceof Feature.Flag flag) {
                            plan.allow(flag);
                        } else if (feature instanceof Feature.Metered metered) {
                            plan.limit(metered, anyLimit(random, metered));
                        }
                    }
                });
            }
        }
        builder.features(features.toArray(Feature[]::new));
        for (int i = random.nextInt(3); i > 0; i--) {
            Feature feature = features.get(random.nextInt(features.size()));
            builder.addOn("add-on " + i, addOn -> {
                anyPrice(random, addOn::price);
                if (feature instanceof Feature.Flag flag) {
                    addOn.allow(flag);
                } else if (feature instanceof Feature.Metered metered) {
                    addOn.limit(metered, anyAmount(random, metered));
                }
            });
        }
        features.forEach(feature -> {
            if (random.nextBoolean()) {
                builder.whenUnreachable(feature, anyOf(random, Fallback.values()));
            }
        });
        return builder.defaultPlan("plan " + random.nextInt(plans))
                .approachingFrom(1 + random.nextInt(100))
                .build();
    }

    private static void anyPrice(Random random, Consumer<Price> setter) {
        if (random.nextBoolean()) {
            setter.accept(new Price(
                    random.nextInt(3) * 995L, Currency.getInstance(anyOf(random, "USD", "EUR", "JPY", "KWD"))));
        }
    }

    private static Limit anyLimit(Random random, Feature.Metered feature) {
        Limit limit = random.nextInt(4) == 0 ? Limit.unlimited() : Limit.of(anyAmount(random, feature));
        if (random.nextBoolean()) {
            limit = limit.grace(Duration.ofMinutes(1 + random.nextInt(10_000)));
        } else if (random.nextBoolean()) {
            limit = limit.warn();
        }
        if (feature instanceof Feature.Quota quota && random.nextBoolean()) {
            limit = limit.atMost(anyAmount(random, feature), Every.hours(1 + random.nextInt(20)));
            if (!quota.every().equals(Every.DAY)) {
                limit = limit.atMost(anyAmount(random, feature), Every.DAY);
            }
        }
        if (random.nextBoolean()) {
            limit = limit.perMember(anyAmount(random, feature));
        }
        if (random.nextBoolean()) {
            limit = limit.thresholds(random.ints(0, 1001)
                    .limit(random.nextInt(4))
                    .map(i -> Math.max(1, i))
                    .sorted()
                    .distinct()
                    .toArray());
        }
        return random.nextBoolean() ? limit.preservingOverage() : limit;
    }

    private static BigDecimal anyAmount(Random random, Feature.Metered feature) {
        long steps = random.nextInt(10) == 0 ? 1_000_000_000_000_000_000L : 1 + random.nextInt(100_000_000);
        return BigDecimal.valueOf(steps, feature.decimals());
    }

    @SafeVarargs
    private static <T> T anyOf(Random random, T... values) {
        return values[random.nextInt(values.length)];
    }

    /** Many of these are neither JSON nor YAML, many are and mean something else: never anything but a catalog or a list of problems. */
    @Property
    void aTextWithATypoIsReadOrRefusedWithItsProblems(
            @ForAll @IntRange(max = 1500) int from,
            @ForAll @IntRange(max = 8) int length,
            @ForAll("typos") String typo) {
        int start = Math.min(from, EVERYTHING.length());
        String text = EVERYTHING.substring(0, start)
                + typo
                + EVERYTHING.substring(Math.min(start + length, EVERYTHING.length()));
        for (Function<String, PlanCatalog> reader :
                List.<Function<String, PlanCatalog>>of(PlanCatalog::fromJson, PlanCatalog::fromYaml)) {
            try {
                PlanCatalog plans = reader.apply(text);
                assertThat(PlanCatalog.fromJson(plans.toJson())).isEqualTo(plans);
            } catch (InvalidPlanCatalog e) {
                assertThat(e.problems()).isNotEmpty();
            }
        }
    }

    @Provide
    Arbitrary<String> typos() {
        return Arbitraries.oneOf(
                Arbitraries.of(
                        "",
                        "\"",
                        "null",
                        "{",
                        "}",
                        "[",
                        "]",
                        ",",
                        ":",
                        "-1",
                        "0",
                        "1e9",
                        ".5",
                        "true",
                        "\\",
                        "*x",
                        "&x",
                        "!!int ",
                        "\n",
                        "99999999999999999999",
                        "9e999999999",
                        "unlimited",
                        "'",
                        "#",
                        "- ",
                        "? ",
                        "0x",
                        "\u0000",
                        "\ud800"),
                Arbitraries.strings().ofMaxLength(3));
    }

    static Stream<Arguments> broken() {
        String features = "'features':{'projects':{'kind':'cap'},'exports':{'kind':'quota','every':'month'},"
                + "'gb':{'kind':'cap','decimals':3},'api':{'kind':'flag'}}";
        Function<String, String> plans = all -> "{" + features + ",'plans':" + all + "}";
        Function<String, String> plan = members -> plans.apply("[{'name':'free'," + members + "}]");
        Function<String, String> given = members -> plan.apply("'features':{" + members + "}");
        Function<String, String> limit = members -> given.apply("'exports':{" + members + "}");
        Function<String, String> feature =
                members -> "{'features':{'x':" + members + "},'plans':[{'name':'free','features':{'x':1}}]}";
        Function<String, String> root =
                members -> "{" + features + ",'plans':[{'name':'free'},{'name':'pro'}]," + members + "}";
        return Stream.of(
                // the document
                arguments("[]", "$: must be an object, was a list"),
                arguments("null", "$: must be an object, was null"),
                arguments("{}", "$.features: is missing | $.plans: is missing"),
                arguments("{" + features + "}", "$.plans: is missing"),
                arguments(root.apply("'plan':[]"), "$.plan: is unknown; known here are features, plans, addOns"),
                arguments(root.apply("'a b':[]"), "$['a b']: is unknown"),
                arguments(root.apply("'defaultPlan':'free','defaultPlan':'pro'"), "$.defaultPlan: is there twice"),
                arguments(
                        root.apply("'defaultPlan':'gold'"),
                        "$.defaultPlan: must be one of the plans free, pro, was \"gold\""),
                arguments(root.apply("'defaultPlan':7"), "$.defaultPlan: must be text, was 7"),
                arguments(
                        root.apply("'approachingFrom':0"),
                        "$.approachingFrom: approachingFrom must be 1 to 100 percent, was 0"),
                arguments(root.apply("'approachingFrom':'80'"), "$.approachingFrom: must be a whole number"),
                arguments(
                        root.apply("'whenUnreachable':{'exports':'ajar'}"),
                        "$.whenUnreachable.exports: must be one of \"open\", \"closed\"; was \"ajar\""),
                arguments(
                        root.apply("'whenUnreachable':{'imports':'open'}"),
                        "$.whenUnreachable.imports: is none of the features"),
                arguments(
                        root.apply("'whenUnreachable':['exports']"),
                        "$.whenUnreachable: must be an object, was a list"),
                // features
                arguments(
                        "{'features':[],'plans':[{'name':'free','features':{'x':1}}]}",
                        "$.features: must be an object, was a list"),
                arguments(feature.apply("{}"), "$.features.x.kind: is missing"),
                arguments(feature.apply("'cap'"), "$.features.x: must be an object, was \"cap\""),
                arguments(
                        feature.apply("{'kind':'seat'}"),
                        "$.features.x.kind: must be one of \"flag\", \"cap\", \"quota\"; was \"seat\""),
                arguments(feature.apply("{'kind':'quota'}"), "$.features.x.every: is missing"),
                arguments(
                        feature.apply("{'kind':'quota','every':'fortnight'}"),
                        "$.features.x.every: an interval must be \"hour\", \"day\""),
                arguments(
                        feature.apply("{'kind':'quota','every':'1001 days'}"),
                        "$.features.x.every: count of an interval must be 1 to 1000, was 1001"),
                arguments(
                        feature.apply("{'kind':'cap','every':'day'}"),
                        "$.features.x.every: is only for quotas, \"x\" is a cap"),
                arguments(
                        feature.apply("{'kind':'flag','decimals':1}"),
                        "$.features.x.decimals: is only for caps and quotas, \"x\" is a flag"),
                arguments(
                        feature.apply("{'kind':'cap','decimals':7}"),
                        "$.features.x.decimals: decimals of \"x\" must be 0 to 6, was 7"),
                arguments(
                        feature.apply("{'kind':'cap','decimals':1.0}"),
                        "$.features.x.decimals: must be a whole number"),
                arguments(
                        feature.apply("{'kind':'cap','unit':'GB'}"),
                        "$.features.x.unit: is unknown; known here are kind, every, decimals"),
                arguments(
                        "{'features':{' ':{'kind':'cap'},'x':{'kind':'cap'},'x':{'kind':'flag'}},'plans':[{'name':'free'}]}",
                        "$.features.x: is there twice | $.features[' ']: feature name must not be blank"),
                // plans
                arguments(plans.apply("[]"), "$.plans: must have at least one plan"),
                arguments(plans.apply("{}"), "$.plans: must be a list, was an object"),
                arguments(plans.apply("['free']"), "$.plans[0]: must be an object, was \"free\""),
                arguments(plans.apply("[{}]"), "$.plans[0].name: is missing"),
                arguments(
                        plans.apply("[{'name':''}]"),
                        "$.plans[0].name: plan name must have 1 to 128 characters, was empty"),
                arguments(plans.apply("[{'name':true}]"), "$.plans[0].name: must be text, was true"),
                arguments(plan.apply("'version':0"), "$.plans[0].version: must be 1 or more, was 0"),
                arguments(
                        plan.apply("'version':99999999999"),
                        "$.plans[0].version: must be a whole number that is not too large"),
                arguments(
                        plans.apply("[{'name':'free'},{'name':'pro'},{'name':'free','version':1}]"),
                        "$.plans[2]: plan \"free@1\" is described twice, first at $.plans[0]"),
                arguments(plan.apply("'cost':1"), "$.plans[0].cost: is unknown; known here are name, version, price"),
                arguments(plan.apply("'price':'19 USD'"), "$.plans[0].price: must be an object, was \"19 USD\""),
                arguments(plan.apply("'price':{'currency':'USD'}"), "$.plans[0].price.amount: is missing"),
                arguments(
                        plan.apply("'price':{'amount':19.9,'currency':'USD'}"),
                        "$.plans[0].price.amount: must be in quotes, because it has decimals"),
                arguments(
                        plan.apply("'price':{'amount':'19.999','currency':'USD'}"),
                        "$.plans[0].price.amount: price in USD must have at most 2 decimals, was 19.999"),
                arguments(
                        plan.apply("'price':{'amount':-1,'currency':'Dollar'}"),
                        "$.plans[0].price.currency: currency must be a code of ISO 4217"),
                arguments(
                        plan.apply("'price':{'amount':-1,'currency':'USD'}"),
                        "$.plans[0].price.amount: price must not be negative"),
                arguments(plan.apply("'trial':'14 days'"), "$.plans[0].trial: must be a duration in days"),
                arguments(plan.apply("'trial':'P1M'"), "$.plans[0].trial: must be a duration in days"),
                arguments(plan.apply("'trial':'PT0S'"), "$.plans[0].trial: trial must be positive, was PT0S"),
                arguments(plan.apply("'trial':null"), "$.plans[0].trial: must be text, was null"),
                arguments(
                        plan.apply("'upgradesTo':['gold']"),
                        "$.plans[0].upgradesTo[0]: must be one of the plans free, was \"gold\""),
                arguments(plan.apply("'upgradesTo':'gold'"), "$.plans[0].upgradesTo: must be a list, was \"gold\""),
                arguments(
                        plan.apply("'upgradesTo':['free']"),
                        "$.plans[0].upgradesTo[0]: must name another plan, was \"free\""),
                arguments(
                        plans.apply("[{'name':'a','upgradesTo':['b','b']},{'name':'b'}]"),
                        "$.plans[0].upgradesTo[1]: must name each plan once"),
                arguments(
                        plans.apply("[{'name':'z'},{'name':'a','upgradesTo':['b']},{'name':'b','upgradesTo':['a']}]"),
                        "$.plans[1].upgradesTo: must not go round in a circle, was a → b → a"),
                // limits
                arguments(
                        given.apply("'imports':3"),
                        "$.plans[0].features.imports: is none of the features that $.features declares: projects, exports, gb, api"),
                arguments(
                        given.apply("'projects':true"),
                        "$.plans[0].features.projects: must be a whole number, or a decimal"),
                arguments(given.apply("'projects':'infinite'"), "or \"unlimited\"; was \"infinite\""),
                arguments(
                        given.apply("'projects':-1"),
                        "$.plans[0].features.projects: limit must not be negative, was -1"),
                arguments(
                        given.apply("'gb':1.5"), "$.plans[0].features.gb: must be in quotes, because it has decimals"),
                arguments(given.apply("'gb':1e3"), "$.plans[0].features.gb: must be in quotes"),
                arguments(
                        given.apply("'gb':'1.5001'"),
                        "$.plans[0].features.gb: limit of \"gb\" must have at most 3 decimals, was 1.5001"),
                arguments(
                        given.apply("'gb':'1e3'"),
                        "$.plans[0].features.gb: must be a whole number, or a decimal in quotes"),
                arguments(
                        given.apply("'projects':1000000000000000001"),
                        "$.plans[0].features.projects: limit must be at most 10^18, was 1000000000000000001"),
                arguments(given.apply("'projects':1,'projects':2"), "$.plans[0].features.projects: is there twice"),
                arguments(given.apply("'api':'yes'"), "$.plans[0].features.api: must be true or false, was \"yes\""),
                arguments(given.apply("'api':1"), "$.plans[0].features.api: must be true or false, was 1"),
                arguments(limit.apply("'overLimit':'warn'"), "$.plans[0].features.exports.limit: is missing"),
                arguments(
                        limit.apply("'limit':3,'overLimit':'stop'"),
                        "$.plans[0].features.exports.overLimit: must be one of \"block\", \"grace\", \"warn\"; was \"stop\""),
                arguments(
                        limit.apply("'limit':3,'overLimit':'grace'"), "$.plans[0].features.exports.grace: is missing"),
                arguments(
                        limit.apply("'limit':3,'grace':'P3D'"),
                        "$.plans[0].features.exports.grace: is only for \"overLimit\": \"grace\", which is \"block\""),
                arguments(
                        limit.apply("'limit':3,'overLimit':'grace','grace':'-P3D'"),
                        "$.plans[0].features.exports.grace: grace must be positive"),
                arguments(
                        limit.apply("'limit':3,'windows':[{'limit':1,'every':'day'},{'limit':2,'every':'noon'}]"),
                        "$.plans[0].features.exports.windows[1].every: an interval must be"),
                arguments(
                        limit.apply("'limit':3,'windows':[{'limit':1,'every':'year'}]"),
                        "$.plans[0].features.exports.windows[0].every: a window of \"exports\" must be shorter than its period"),
                arguments(
                        limit.apply("'limit':3,'windows':[{'limit':1,'every':'day'},{'limit':2,'every':'day'}]"),
                        "$.plans[0].features.exports.windows[1].every: windows must have different intervals"),
                arguments(
                        limit.apply("'limit':3,'windows':[{'limit':0,'every':'day'}]"),
                        "$.plans[0].features.exports.windows[0].limit: amount of a window must be positive, was 0"),
                arguments(
                        limit.apply("'limit':3,'windows':[{}]"),
                        "$.plans[0].features.exports.windows[0].limit: is missing"
                                + " | $.plans[0].features.exports.windows[0].every: is missing"),
                arguments(
                        given.apply("'projects':{'limit':3,'windows':[{'limit':1,'every':'day'}]}"),
                        "$.plans[0].features.projects.windows[0].every: \"projects\" is a cap, which has no windows"),
                arguments(
                        limit.apply("'limit':3,'perMember':0"),
                        "$.plans[0].features.exports.perMember: perMember must be positive, was 0"),
                arguments(
                        limit.apply("'limit':3,'thresholds':[50,1001]"),
                        "$.plans[0].features.exports.thresholds[1]: thresholds must be 1 to 1000 percent, was 1001"),
                arguments(
                        limit.apply("'limit':3,'thresholds':[80,50]"),
                        "$.plans[0].features.exports.thresholds: thresholds must be ascending and distinct, 50 comes after 80"),
                arguments(
                        limit.apply("'limit':3,'thresholds':80"),
                        "$.plans[0].features.exports.thresholds: must be a list, was 80"),
                arguments(
                        limit.apply("'limit':3,'preservesOverage':'yes'"),
                        "$.plans[0].features.exports.preservesOverage: must be true or false, was \"yes\""),
                arguments(
                        limit.apply("'limit':3,'max':4"),
                        "$.plans[0].features.exports.max: is unknown; known here are limit, overLimit"),
                // add-ons
                arguments(root.apply("'addOns':{}"), "$.addOns: must be a list, was an object"),
                arguments(
                        root.apply("'addOns':[{'name':'a'},{'features':{'exports':1}}]"),
                        "$.addOns[0].features: is missing | $.addOns[1].name: is missing"),
                arguments(
                        root.apply("'addOns':[{'name':'a','features':{}}]"),
                        "$.addOns[0].features: must add something"),
                arguments(
                        root.apply("'addOns':[{'name':'a','features':{'exports':'unlimited'}}]"),
                        "$.addOns[0].features.exports: must be a whole number, or a decimal"),
                arguments(
                        root.apply("'addOns':[{'name':'a','features':{'exports':0}}]"),
                        "$.addOns[0].features.exports: limit to add must be positive, was 0"),
                arguments(
                        root.apply(
                                "'addOns':[{'name':'a','features':{'api':true}},{'name':'a','features':{'api':true}}]"),
                        "$.addOns[1]: add-on \"a\" is described twice, first at $.addOns[0]"),
                // several at once
                arguments(
                        "{'features':{'x':{'kind':'cap'},'y':{'kind':'what'}},'plans':[{'name':'free','version':'a','features':{'x':-1,'y':1,'z':1}},"
                                + "{'name':'pro','trial':3}],'defaultPlan':'gold','when':1}",
                        "$.when: is unknown | $.features.y.kind: must be one of | $.plans[0].version: must be a whole number"
                                + " | $.plans[0].features.x: limit must not be negative | $.plans[0].features.z: is none of the features"
                                + " | $.plans[1].trial: must be text, was 3 | $.defaultPlan: must be one of the plans free, pro"));
    }

    @ParameterizedTest
    @MethodSource("broken")
    void aBrokenCatalogIsRefusedWithThePathsOfAllItsProblems(String text, String expected) {
        String json = text.replace('\'', '"');
        List<String> problems = problems(() -> PlanCatalog.fromJson(json));
        String[] all = expected.split(" \\| ");
        assertThat(problems).hasSize(all.length);
        for (int i = 0; i < all.length; i++) {
            assertThat(problems.get(i)).contains(all[i]);
        }
        assertThat(problems(() -> PlanCatalog.fromYaml(json)))
                .as("the same in YAML")
                .isEqualTo(problems);
    }

    private static List<String> problems(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        InvalidPlanCatalog refusal = catchThrowableOfType(InvalidPlanCatalog.class, call);
        assertThat(refusal).as("refused").isNotNull();
        assertThat(refusal.problems()).allSatisfy(problem -> {
            assertThat(refusal).hasMessageContaining(problem.toString());
            assertThat(problem.path()).startsWith("$");
        });
        return refusal.problems().stream()
                .map(InvalidPlanCatalog.Problem::toString)
                .toList();
    }

    @Test
    void whatIsNeitherJsonNorYamlIsRefusedWithItsPlace() {
        assertThat(problems(() -> PlanCatalog.fromJson("{\n  \"features\": }")))
                .singleElement()
                .satisfies(problem ->
                        assertThat(problem).startsWith("$: is not JSON: ").contains("line 2, column 1"));
        assertThat(problems(() -> PlanCatalog.fromJson(PLANS.toJson() + "{}")))
                .singleElement()
                .satisfies(problem -> assertThat(problem).startsWith("$: must be one JSON document"));
        assertThat(problems(() -> PlanCatalog.fromJson(""))).containsExactly("$: must be an object, was null");
        assertThat(problems(() -> PlanCatalog.fromYaml("a: b: c")))
                .singleElement()
                .satisfies(problem ->
                        assertThat(problem).startsWith("$: is not YAML: ").contains("line 1, column 5"));
        assertThat(problems(() -> PlanCatalog.fromYaml(PLANS.toJson() + "\n---\n{}")))
                .singleElement()
                .satisfies(problem -> assertThat(problem).startsWith("$: must be one YAML document"));
    }

    @Test
    void yamlMayHaveAnyCharacterAtAnyPlace() {
        for (int length = 900; length < 1100; length++) {
            String yaml =
                    "# " + "x".repeat(length) + "\nfeatures: {}\nplans: [{name: \"😀\"}]\n" + "# 😀😀\n".repeat(400);
            assertThat(PlanCatalog.fromYaml(yaml)).hasToString("😀@1");
        }
    }

    @Test
    void referencesOfYamlAreRefusedAndNotReadAsText() {
        assertThat(problems(() -> PlanCatalog.fromYaml("""
                features: {exports: {kind: quota, every: &interval month}, calls: {kind: quota, every: *interval}}
                plans: [{name: free}]
                """)))
                .first()
                .isEqualTo("$.features.calls.every: must be written out, was a reference to \"interval\"");
    }

    @Test
    void withoutTheOptionalDependencyYamlIsRefusedInWordsAndJsonIsRead() throws Exception {
        var without = new ArrayList<URL>();
        for (String entry : classPath().split(File.pathSeparator)) {
            if (!entry.contains("jackson-dataformat-yaml")) {
                without.add(url(entry));
            }
        }
        try (var loader = new URLClassLoader(without.toArray(URL[]::new), ClassLoader.getPlatformClassLoader())) {
            Class<?> catalog = loader.loadClass(PlanCatalog.class.getName());
            assertThatThrownBy(() -> catalog.getMethod("fromYaml", String.class).invoke(null, "a: b"))
                    .isInstanceOf(InvocationTargetException.class)
                    .cause()
                    .hasToString(
                            "io.plg.PlgException: plans in YAML need tools.jackson.dataformat:jackson-dataformat-yaml, which could not be"
                                    + " loaded; add it to the dependencies (and --add-modules tools.jackson.dataformat.yaml if it is on the"
                                    + " module path), or write the plans in JSON")
                    .hasCauseInstanceOf(NoClassDefFoundError.class);
            Object read = catalog.getMethod("fromJson", String.class).invoke(null, PLANS.toJson());
            assertThat(read).hasToString(PLANS.toString());
        }
    }

    private static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }

    private static URL url(String entry) throws MalformedURLException {
        return new File(entry).toURI().toURL();
    }

    @Test
    void theTextMustNotBeMissing() {
        assertThatThrownBy(() -> PlanCatalog.fromJson(null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("json");
        assertThatThrownBy(() -> PlanCatalog.fromYaml(null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("yaml");
    }
}
