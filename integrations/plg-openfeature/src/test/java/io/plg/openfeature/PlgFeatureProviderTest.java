package io.plg.openfeature;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import dev.openfeature.sdk.Client;
import dev.openfeature.sdk.ErrorCode;
import dev.openfeature.sdk.EvaluationContext;
import dev.openfeature.sdk.FeatureProvider;
import dev.openfeature.sdk.FlagEvaluationDetails;
import dev.openfeature.sdk.ImmutableContext;
import dev.openfeature.sdk.OpenFeatureAPI;
import dev.openfeature.sdk.Structure;
import dev.openfeature.sdk.Value;
import io.plg.Plg;
import io.plg.SettableClock;
import io.plg.StoreUnreachable;
import io.plg.UserId;
import io.plg.gate.GateDecision;
import io.plg.plan.Every;
import io.plg.plan.Fallback;
import io.plg.plan.Feature;
import io.plg.plan.Limit;
import io.plg.plan.PlanCatalog;
import io.plg.plan.PlanVersion;
import java.lang.reflect.Proxy;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PlgFeatureProviderTest {
    private static final Feature.Cap PROJECTS = Feature.cap("projects");
    private static final Feature.Quota EXPORTS = Feature.quota("exports", Every.MONTH);
    private static final Feature.Quota CALLS = Feature.quota("calls", Every.MONTH);
    private static final Feature.Cap STORAGE_GB = Feature.cap("storage_gb").withDecimals(3);
    private static final Feature.Flag API_ACCESS = Feature.flag("api_access");
    private static final PlanCatalog PLANS = plans().build();

    private final SettableClock clock = SettableClock.at("2026-04-10T12:00:00Z");
    private final OpenFeatureAPI api = OpenFeatureAPI.createIsolated();
    private final Plg plg = Plg.inMemory().plans(PLANS).clock(clock).build();
    private final Client client = client(PlgFeatureProvider.of(plg, PLANS));

    private static PlanCatalog.Builder plans() {
        return PlanCatalog.builder()
                .plan("free", p -> p.limit(PROJECTS, 3).limit(EXPORTS, 5).limit(STORAGE_GB, new BigDecimal("1.5")))
                .plan(
                        "starter",
                        p -> p.price(19, "USD")
                                .limit(PROJECTS, 10)
                                .limit(EXPORTS, 50)
                                .limit(CALLS, 3_000_000_000L)
                                .limit(STORAGE_GB, 20)
                                .allow(API_ACCESS))
                .plan(
                        "growth",
                        p -> p.price(99, "USD")
                                .unlimited(PROJECTS)
                                .unlimited(EXPORTS)
                                .unlimited(CALLS)
                                .unlimited(STORAGE_GB)
                                .allow(API_ACCESS))
                .defaultPlan("free");
    }

    @AfterEach
    void close() {
        api.shutdown();
        plg.close();
    }

    private Client client(FeatureProvider provider) {
        api.setProviderAndWait(provider);
        return api.getClient();
    }

    private static EvaluationContext in(String workspace) {
        return new ImmutableContext(Map.of("workspace", new Value(workspace)));
    }

    private static EvaluationContext in(String workspace, String user) {
        return new ImmutableContext(user, Map.of("workspace", new Value(workspace)));
    }

    private void assign(String workspace, String plan) {
        plg.workspace(workspace).entitlements().assignPlan(plan);
    }

    private void use(String workspace, Feature.Metered feature, int amount) {
        assertThat(plg.workspace(workspace).gates().consume(feature, amount).allowed())
                .isTrue();
    }

    private static <T> void refused(FlagEvaluationDetails<T> details, T defaultValue, ErrorCode code, String... words) {
        assertThat(details.getErrorCode()).isEqualTo(code);
        assertThat(details.getValue()).isEqualTo(defaultValue);
        assertThat(details.getReason()).isEqualTo("ERROR");
        assertThat(details.getErrorMessage()).contains(words);
        assertThat(details.getVariant()).isNull();
    }

    // --- booleans

    @Test
    void aFlagIsOnWhereThePlanHasIt() {
        assign("paying", "starter");

        var on = client.getBooleanDetails("api_access", false, in("paying"));
        assertThat(on.getErrorCode()).isNull();
        assertThat(on.getValue()).isTrue();
        assertThat(on.getVariant()).isEqualTo("starter@1");
        assertThat(on.getReason()).isEqualTo("TARGETING_MATCH");
        assertThat(on.getFlagMetadata().asUnmodifiableMap())
                .isEqualTo(Map.of("severity", "OK", "source", "PLAN", "reason", "ENABLED"));

        var off = client.getBooleanDetails("api_access", true, in("other"));
        assertThat(off.getErrorCode()).isNull();
        assertThat(off.getValue()).isFalse();
        assertThat(off.getVariant()).isEqualTo("free@1");
        assertThat(off.getFlagMetadata().getString("reason")).isEqualTo("NOT_IN_PLAN");
        assertThat(off.getFlagMetadata().getString("severity")).isEqualTo("BLOCKED");
    }

    @Test
    void aLimitAsABooleanTellsWhetherOneMoreIsAllowed() {
        for (int used = 0; used <= 5; used++) {
            var details = client.getBooleanDetails("exports", used == 5, in("acme"));
            assertThat(details.getErrorCode()).isNull();
            assertThat(details.getValue()).as("after %s of 5", used).isEqualTo(used < 5);
            if (used < 5) {
                use("acme", EXPORTS, 1);
            }
        }
    }

    @Test
    void theMetadataHasTheNumbersAndWhenCountingBeginsAnew() {
        use("acme", EXPORTS, 4);

        var details = client.getBooleanDetails("exports", false, in("acme"));

        assertThat(details.getVariant()).isEqualTo("free@1");
        assertThat(details.getFlagMetadata().asUnmodifiableMap())
                .containsEntry("severity", "APPROACHING")
                .containsEntry("source", "PLAN")
                .containsEntry("reason", "WITHIN_LIMIT")
                .containsEntry("used", 4L)
                .containsEntry("held", 0L)
                .containsEntry("limit", 5L)
                .containsEntry("remaining", 1L)
                .containsEntry("overage", 0L)
                .containsEntry("resetsAt", "2026-05-01T00:00:00Z")
                .doesNotContainKey("graceEndsAt");
    }

    @Test
    void withoutALimitTheMetadataHasNeitherLimitNorRemaining() {
        assign("acme", "growth");
        use("acme", EXPORTS, 7);

        assertThat(client.getBooleanDetails("exports", false, in("acme"))
                        .getFlagMetadata()
                        .asUnmodifiableMap())
                .containsEntry("reason", "UNLIMITED")
                .containsEntry("used", 7L)
                .doesNotContainKeys("limit", "remaining");
    }

    @Test
    void theMetadataOfAFeatureWithDecimalsIsExactText() {
        plg.workspace("acme").gates().consume(STORAGE_GB, new BigDecimal("0.125"));

        var metadata = client.getBooleanDetails("storage_gb", false, in("acme")).getFlagMetadata();

        assertThat(metadata.getString("used")).isEqualTo("0.125");
        assertThat(metadata.getString("limit")).isEqualTo("1.500");
        assertThat(metadata.getString("remaining")).isEqualTo("1.375");
    }

    @Test
    void graceIsTold() {
        PlanCatalog plans = PlanCatalog.builder()
                .plan("free", p -> p.limit(EXPORTS, Limit.of(2).grace(Duration.ofDays(3))))
                .build();
        try (Plg lenient = Plg.inMemory().plans(plans).clock(clock).build()) {
            lenient.workspace("acme").gates().consume(EXPORTS, 3);

            var details = client(PlgFeatureProvider.of(lenient, plans)).getBooleanDetails("exports", false, in("acme"));

            assertThat(details.getValue()).isTrue();
            assertThat(details.getFlagMetadata().asUnmodifiableMap())
                    .containsEntry("severity", "GRACE")
                    .containsEntry("graceEndsAt", "2026-04-13T12:00:00Z")
                    .containsEntry("overage", 1L);
        }
    }

    // --- numbers

    @Test
    void aNumberIsWhatRemainsAndASuffixNamesAnother() {
        use("acme", EXPORTS, 2);
        plg.workspace("acme").gates().reserve(EXPORTS, 1, Duration.ofMinutes(5));

        assertThat(client.getIntegerValue("exports", -1, in("acme"))).isEqualTo(2);
        assertThat(client.getIntegerValue("exports.remaining", -1, in("acme"))).isEqualTo(2);
        assertThat(client.getIntegerValue("exports.limit", -1, in("acme"))).isEqualTo(5);
        assertThat(client.getIntegerValue("exports.used", -1, in("acme"))).isEqualTo(2);
        assertThat(client.getIntegerValue("exports.held", -1, in("acme"))).isEqualTo(1);
        assertThat(client.getIntegerValue("exports.overage", -1, in("acme"))).isZero();
        assertThat(client.getLongValue("exports.limit", -1L, in("acme"))).isEqualTo(5L);
        assertThat(client.getDoubleValue("exports.limit", -1.0, in("acme"))).isEqualTo(5.0);
        var details = client.getIntegerDetails("exports.limit", -1, in("acme"));
        assertThat(details.getVariant()).isEqualTo("free@1");
        assertThat(details.getReason()).isEqualTo("TARGETING_MATCH");
        assertThat(details.getFlagMetadata().getLong("used")).isEqualTo(2L);
    }

    @Test
    void noLimitIsTheLargestNumberOfTheType() {
        assign("acme", "growth");
        use("acme", EXPORTS, 2);

        for (String key : List.of("exports", "exports.limit", "exports.remaining")) {
            assertThat(client.getIntegerValue(key, -1, in("acme"))).isEqualTo(Integer.MAX_VALUE);
            assertThat(client.getLongValue(key, -1L, in("acme"))).isEqualTo(Long.MAX_VALUE);
            assertThat(client.getDoubleValue(key, -1.0, in("acme"))).isEqualTo(Double.POSITIVE_INFINITY);
        }
        assertThat(client.getIntegerValue("exports.used", -1, in("acme"))).isEqualTo(2);
    }

    @Test
    void anIntegerEndsAtItsRangeAndALongDoesNot() {
        assign("acme", "starter");

        assertThat(client.getIntegerValue("calls.limit", -1, in("acme"))).isEqualTo(Integer.MAX_VALUE);
        assertThat(client.getLongValue("calls.limit", -1L, in("acme"))).isEqualTo(3_000_000_000L);
        assertThat(client.getDoubleValue("calls.limit", -1.0, in("acme"))).isEqualTo(3e9);
    }

    @Test
    void decimalsAreReadAsDoubles() {
        plg.workspace("acme").gates().consume(STORAGE_GB, new BigDecimal("0.125"));

        assertThat(client.getDoubleValue("storage_gb", -1.0, in("acme"))).isCloseTo(1.375, within(1e-12));
        assertThat(client.getDoubleValue("storage_gb.used", -1.0, in("acme"))).isCloseTo(0.125, within(1e-12));
        refused(
                client.getIntegerDetails("storage_gb", -1, in("acme")),
                -1,
                ErrorCode.TYPE_MISMATCH,
                "storage_gb",
                "3 decimals",
                "double");
        refused(
                client.getLongDetails("storage_gb.limit", -1L, in("acme")),
                -1L,
                ErrorCode.TYPE_MISMATCH,
                "storage_gb",
                "long");
    }

    @Test
    void whatThePlanDoesNotHaveIsOffAndZero() {
        assertThat(client.getBooleanValue("calls", true, in("acme"))).isFalse();
        var details = client.getIntegerDetails("calls", -1, in("acme"));
        assertThat(details.getErrorCode()).isNull();
        assertThat(details.getValue()).isZero();
        assertThat(details.getFlagMetadata().getString("reason")).isEqualTo("NOT_IN_PLAN");
        assertThat(client.getDoubleValue("calls.limit", -1.0, in("acme"))).isZero();
    }

    // --- text and objects

    @Test
    void aStringIsTheSeverity() {
        assertThat(client.getStringValue("exports", "?", in("acme"))).isEqualTo("OK");
        use("acme", EXPORTS, 4);
        assertThat(client.getStringValue("exports", "?", in("acme"))).isEqualTo("APPROACHING");
        use("acme", EXPORTS, 1);
        var full = client.getStringDetails("exports", "?", in("acme"));
        assertThat(full.getValue()).isEqualTo("BLOCKED");
        assertThat(full.getVariant()).isEqualTo("free@1");
        assertThat(full.getFlagMetadata().getString("reason")).isEqualTo("LIMIT_REACHED");
        assertThat(client.getStringValue("api_access", "?", in("acme"))).isEqualTo("BLOCKED");
    }

    @Test
    void thePlanIsAString() {
        assign("acme", "growth");

        var plan = client.getStringDetails("plan", "?", in("acme"));
        assertThat(plan.getValue()).isEqualTo("growth");
        assertThat(plan.getVariant()).isEqualTo("growth@1");
        assertThat(plan.getReason()).isEqualTo("TARGETING_MATCH");
        assertThat(client.getStringValue("plan", "?", in("other"))).isEqualTo("free");
        refused(client.getBooleanDetails("plan", true, in("acme")), true, ErrorCode.TYPE_MISMATCH, "plan", "boolean");
        refused(client.getIntegerDetails("plan", 7, in("acme")), 7, ErrorCode.TYPE_MISMATCH, "plan", "number");
    }

    @Test
    void anObjectIsTheWholeDecision() {
        clock.set(Instant.parse("2026-04-10T12:00:00.123456Z"));
        use("acme", EXPORTS, 5);

        var details = client.getObjectDetails("exports", new Value(), in("acme"));
        Structure object = details.getValue().asStructure();

        GateDecision decision = plg.workspace("acme").gates().check(EXPORTS);
        assertThat(decision.allowed()).isFalse();
        assertThat(details.getVariant()).isEqualTo("free@1");
        assertThat(object.getValue("allowed").asBoolean()).isFalse();
        assertThat(object.getValue("reason").asString()).isEqualTo("LIMIT_REACHED");
        assertThat(object.getValue("feature").asString()).isEqualTo("exports");
        assertThat(object.getValue("severity").asString()).isEqualTo("BLOCKED");
        assertThat(object.getValue("source").asString()).isEqualTo("PLAN");
        assertThat(object.getValue("requested").asLong()).isEqualTo(1);
        assertThat(object.getValue("used").asLong()).isEqualTo(5);
        assertThat(object.getValue("limit").asLong()).isEqualTo(5);
        assertThat(object.getValue("remaining").asLong()).isZero();
        assertThat(object.getValue("overage").asLong()).isZero();
        assertThat(object.getValue("unlimited").asBoolean()).isFalse();
        assertThat(object.getValue("plan").asString()).isEqualTo("free@1");
        assertThat(object.getValue("resetsAt").asInstant()).isEqualTo("2026-05-01T00:00:00Z");
        assertThat(object.getValue("evaluatedAt").asInstant()).isEqualTo("2026-04-10T12:00:00.123456Z");
        assertThat(object.getValue("message").asString())
                .isEqualTo(decision.message())
                .isNotEmpty();
        Structure upgrade = object.getValue("upgrade").asStructure();
        assertThat(upgrade.getValue("plan").asString()).isEqualTo("starter");
        assertThat(upgrade.getValue("price").asString()).isEqualTo("19.00");
        assertThat(upgrade.getValue("currency").asString()).isEqualTo("USD");
        assertThat(upgrade.getValue("message").asString())
                .isEqualTo(decision.upgrade().message());
    }

    @Test
    void anObjectHasNoLimitWhereThereIsNone() {
        assign("acme", "growth");

        Structure object =
                client.getObjectValue("storage_gb", new Value(), in("acme")).asStructure();

        assertThat(object.getValue("unlimited").asBoolean()).isTrue();
        assertThat(object.getValue("used").asString()).isEqualTo("0.000");
        assertThat(object.keySet()).doesNotContain("limit", "remaining", "upgrade", "resetsAt");
    }

    @Test
    void anObjectOfAFlagHasNoNumbers() {
        Structure object =
                client.getObjectValue("api_access", new Value(), in("acme")).asStructure();

        assertThat(object.getValue("reason").asString()).isEqualTo("NOT_IN_PLAN");
        assertThat(object.keySet()).doesNotContain("used", "limit", "unlimited");
    }

    // --- keys

    @Test
    void anUnknownKeyIsNotFoundAndTheDefaultValueHolds() {
        refused(
                client.getBooleanDetails("exprots", true, in("acme")),
                true,
                ErrorCode.FLAG_NOT_FOUND,
                "exprots",
                "exports",
                "api_access");
        refused(client.getIntegerDetails("exprots", 7, in("acme")), 7, ErrorCode.FLAG_NOT_FOUND, "exprots");
        refused(client.getLongDetails("exprots.limit", 7L, in("acme")), 7L, ErrorCode.FLAG_NOT_FOUND, "exprots");
        refused(client.getDoubleDetails("exports.left", 7.5, in("acme")), 7.5, ErrorCode.FLAG_NOT_FOUND, "left");
        refused(client.getBooleanDetails("exprots", true), true, ErrorCode.FLAG_NOT_FOUND, "exprots");
        refused(client.getIntegerDetails(".limit", 7, in("acme")), 7, ErrorCode.FLAG_NOT_FOUND, ".limit");
        refused(client.getIntegerDetails("api_access.limit", 7, in("acme")), 7, ErrorCode.FLAG_NOT_FOUND, "api_access");
        refused(client.getStringDetails("exprots", "?", in("acme")), "?", ErrorCode.FLAG_NOT_FOUND, "exprots");
        refused(
                client.getObjectDetails("exprots", new Value("?"), in("acme")),
                new Value("?"),
                ErrorCode.FLAG_NOT_FOUND,
                "exprots");
    }

    @Test
    void aKeyReadAsTheWrongTypeIsAMismatch() {
        refused(client.getIntegerDetails("api_access", 7, in("acme")), 7, ErrorCode.TYPE_MISMATCH, "flag");
        refused(client.getDoubleDetails("api_access", 7.5, in("acme")), 7.5, ErrorCode.TYPE_MISMATCH, "flag");
        refused(
                client.getBooleanDetails("exports.limit", true, in("acme")),
                true,
                ErrorCode.TYPE_MISMATCH,
                "exports.limit",
                "boolean");
        refused(client.getStringDetails("exports.used", "?", in("acme")), "?", ErrorCode.TYPE_MISMATCH, "string");
        refused(
                client.getObjectDetails("exports.used", new Value("?"), in("acme")),
                new Value("?"),
                ErrorCode.TYPE_MISMATCH,
                "object");
    }

    @Test
    void aFeatureGoesBeforeWhatItsNameWouldMeanOtherwise() {
        PlanCatalog plans = PlanCatalog.builder()
                .plan(
                        "free",
                        p -> p.limit(EXPORTS, 5)
                                .limit(Feature.cap("exports.limit"), 2)
                                .allow(Feature.flag("plan")))
                .build();
        try (Plg other = Plg.inMemory().plans(plans).build()) {
            Client asking = client(PlgFeatureProvider.of(other, plans));

            assertThat(asking.getIntegerValue("exports.limit", -1, in("acme"))).isEqualTo(2);
            assertThat(asking.getIntegerValue("exports.limit.limit", -1, in("acme")))
                    .isEqualTo(2);
            assertThat(asking.getIntegerValue("exports.remaining", -1, in("acme")))
                    .isEqualTo(5);
            assertThat(asking.getBooleanValue("exports.limit", false, in("acme")))
                    .isTrue();
            assertThat(asking.getBooleanValue("plan", false, in("acme"))).isTrue();
            assertThat(asking.getStringValue("plan", "?", in("acme"))).isEqualTo("OK");
        }
    }

    @Test
    void plansThatAreNotThoseOfThePlgAreSaidToBeWrong() {
        PlanCatalog others = PlanCatalog.builder()
                .plan("free", p -> p.allow(Feature.flag("elsewhere")))
                .build();

        refused(
                client(PlgFeatureProvider.of(plg, others)).getBooleanDetails("elsewhere", true, in("acme")),
                true,
                ErrorCode.FLAG_NOT_FOUND,
                "elsewhere",
                "the plans that plg was built with");
    }

    @Test
    void plansThatChangeAreFollowed() {
        var current = new AtomicReference<>(PLANS);
        try (Plg changing = Plg.inMemory().plans(current::get).build()) {
            Client asking = client(PlgFeatureProvider.of(changing, current::get));
            refused(asking.getBooleanDetails("sso", false, in("acme")), false, ErrorCode.FLAG_NOT_FOUND, "sso");

            current.set(PlanCatalog.builder()
                    .plan("free", p -> p.limit(EXPORTS, 8).allow(Feature.flag("sso")))
                    .build());

            assertThat(asking.getBooleanValue("sso", false, in("acme"))).isTrue();
            assertThat(asking.getIntegerValue("exports.limit", -1, in("acme"))).isEqualTo(8);
        }
    }

    // --- whose gates

    @Test
    void eachWorkspaceHasItsOwnPlanAndItsOwnUse() {
        assign("paying", "starter");
        use("paying", EXPORTS, 20);
        use("free", EXPORTS, 5);

        assertThat(client.getIntegerValue("exports", -1, in("paying"))).isEqualTo(30);
        assertThat(client.getIntegerValue("exports", -1, in("free"))).isZero();
        assertThat(client.getBooleanValue("exports", false, in("paying"))).isTrue();
        assertThat(client.getBooleanValue("exports", true, in("free"))).isFalse();
        assertThat(client.getIntegerValue("exports", -1, in("third"))).isEqualTo(5);
    }

    @Test
    void aDowngradeIsSeenByTheNextQuestion() {
        assign("acme", "growth");
        use("acme", EXPORTS, 6);
        assertThat(client.getBooleanValue("api_access", false, in("acme"))).isTrue();
        assertThat(client.getBooleanValue("exports", false, in("acme"))).isTrue();
        Client lean = client(PlgFeatureProvider.of(plg, PLANS).withoutDetails());
        assertThat(lean.getBooleanValue("api_access", false, in("acme"))).isTrue();

        assign("acme", "free");

        assertThat(lean.getBooleanValue("api_access", true, in("acme"))).isFalse();
        assertThat(lean.getBooleanValue("exports", true, in("acme"))).isFalse();
        Client full = client(PlgFeatureProvider.of(plg, PLANS));
        var details = full.getBooleanDetails("exports", true, in("acme"));
        assertThat(details.getValue()).isFalse();
        assertThat(details.getVariant()).isEqualTo("free@1");
        assertThat(details.getFlagMetadata().getLong("overage")).isEqualTo(1L);
        assertThat(full.getIntegerValue("exports.remaining", -1, in("acme"))).isZero();
        assertThat(full.getStringValue("plan", "?", in("acme"))).isEqualTo("free");
    }

    @Test
    void theTargetingKeyIsTheMemberWhoseOwnLimitHoldsToo() {
        PlanCatalog plans = PlanCatalog.builder()
                .plan("team", p -> p.limit(EXPORTS, Limit.of(10).perMember(2)))
                .build();
        try (Plg shared = Plg.inMemory().plans(plans).build()) {
            shared.workspace("acme").gates().by(UserId.of("ada")).consume(EXPORTS, 2);
            Client asking = client(PlgFeatureProvider.of(shared, plans));

            var ada = asking.getBooleanDetails("exports", true, in("acme", "ada"));
            assertThat(ada.getValue()).isFalse();
            assertThat(ada.getFlagMetadata().getString("reason")).isEqualTo("MEMBER_LIMIT_REACHED");
            assertThat(asking.getIntegerValue("exports", -1, in("acme", "ada"))).isZero();
            assertThat(asking.getBooleanValue("exports", false, in("acme", "bob")))
                    .isTrue();
            assertThat(asking.getIntegerValue("exports", -1, in("acme", "bob"))).isEqualTo(2);
            assertThat(asking.getIntegerValue("exports", -1, in("acme"))).isEqualTo(8);
            assertThat(asking.getIntegerValue("exports", -1, in("acme", ""))).isEqualTo(8);

            Client lean = client(PlgFeatureProvider.of(shared, plans).withoutDetails());
            assertThat(lean.getBooleanValue("exports", true, in("acme", "ada"))).isFalse();
            assertThat(lean.getBooleanValue("exports", false, in("acme", "bob")))
                    .isTrue();
        }
    }

    @Test
    void theContextOfTheClientWillDo() {
        assign("acme", "growth");
        client.setEvaluationContext(in("acme"));

        assertThat(client.getStringValue("plan", "?")).isEqualTo("growth");
        assertThat(client.getStringValue("plan", "?", in("other"))).isEqualTo("free");
    }

    @Test
    void theWorkspaceMayHaveAnotherNameInTheContext() {
        assign("acme", "growth");
        Client asking = client(PlgFeatureProvider.of(plg, PLANS).workspaceFrom("tenant"));
        var context = new ImmutableContext(
                "ada", Map.of("tenant", new Value("acme"), "workspace", new Value("somewhere else")));

        assertThat(asking.getStringValue("plan", "?", context)).isEqualTo("growth");
        refused(asking.getBooleanDetails("exports", true, in("acme")), true, ErrorCode.INVALID_CONTEXT, "\"tenant\"");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PlgFeatureProvider.of(plg, PLANS).workspaceFrom(" "))
                .withMessageContaining("attribute must not be blank");
    }

    @Test
    void theTargetingKeyMayBeTheWorkspaceAndIsNoMemberThen() {
        plg.workspace("acme").entitlements().override(EXPORTS, Limit.of(10).perMember(1));
        Client asking = client(PlgFeatureProvider.of(plg, PLANS).workspaceFrom(EvaluationContext.TARGETING_KEY));

        assertThat(asking.getIntegerValue("exports", -1, new ImmutableContext("acme")))
                .isEqualTo(10);
        refused(
                asking.getIntegerDetails("exports", -1, in("acme")),
                -1,
                ErrorCode.TARGETING_KEY_MISSING,
                "targetingKey");
    }

    @Test
    void aContextThatSaysNoWorkspaceIsInvalid() {
        String[] words = {"\"workspace\"", "add the id of the workspace"};
        refused(client.getBooleanDetails("api_access", true), true, ErrorCode.INVALID_CONTEXT, words);
        refused(
                client.getBooleanDetails("exports", true, new ImmutableContext("ada")),
                true,
                ErrorCode.INVALID_CONTEXT,
                words);
        refused(client.getIntegerDetails("exports", 7), 7, ErrorCode.INVALID_CONTEXT, words);
        refused(client.getLongDetails("exports", 7L), 7L, ErrorCode.INVALID_CONTEXT, words);
        refused(client.getDoubleDetails("exports", 7.5), 7.5, ErrorCode.INVALID_CONTEXT, words);
        refused(client.getStringDetails("exports", "?"), "?", ErrorCode.INVALID_CONTEXT, words);
        refused(client.getStringDetails("plan", "?"), "?", ErrorCode.INVALID_CONTEXT, words);
        refused(client.getObjectDetails("exports", new Value("?")), new Value("?"), ErrorCode.INVALID_CONTEXT, words);
        refused(
                client.getBooleanDetails("exports", true, new ImmutableContext(Map.of("workspace", new Value()))),
                true,
                ErrorCode.INVALID_CONTEXT,
                words);
        var direct = PlgFeatureProvider.of(plg, PLANS).getBooleanEvaluation("exports", true, null);
        assertThat(direct.getErrorCode()).isEqualTo(ErrorCode.INVALID_CONTEXT);
        assertThat(direct.getValue()).isTrue();
    }

    @Test
    void anIdThatIsNoneIsSaidToBeSo() {
        refused(
                client.getBooleanDetails("exports", true, new ImmutableContext(Map.of("workspace", new Value(42)))),
                true,
                ErrorCode.INVALID_CONTEXT,
                "\"workspace\"",
                "must be text, was 42");
        refused(
                client.getBooleanDetails("exports", true, in("x".repeat(129))),
                true,
                ErrorCode.INVALID_CONTEXT,
                "\"workspace\"",
                "128");
        refused(client.getBooleanDetails("exports", true, in("")), true, ErrorCode.INVALID_CONTEXT, "\"workspace\"");
        refused(
                client.getBooleanDetails("exports", true, in("acme", "x".repeat(129))),
                true,
                ErrorCode.INVALID_CONTEXT,
                "\"targeting key\"",
                "128");
    }

    // --- what goes wrong

    @Test
    void aDeletedWorkspaceAndAnErasedUserAreErrorsAndNotExceptions() {
        use("acme", EXPORTS, 1);
        plg.workspaces().delete("acme");
        plg.users().erase("ada");

        refused(client.getBooleanDetails("exports", true, in("acme")), true, ErrorCode.GENERAL, "acme", "deleted");
        refused(client.getIntegerDetails("exports", 7, in("acme")), 7, ErrorCode.GENERAL, "acme", "deleted");
        refused(client.getStringDetails("plan", "?", in("acme")), "?", ErrorCode.GENERAL, "acme", "deleted");
        refused(
                client.getObjectDetails("api_access", new Value("?"), in("acme")),
                new Value("?"),
                ErrorCode.GENERAL,
                "deleted");
        refused(
                client.getBooleanDetails("exports", true, in("other", "ada")),
                true,
                ErrorCode.GENERAL,
                "ada",
                "erased");
    }

    @Test
    void whileTheStoreIsAwayBooleansAreWhatTheCatalogSaysAndNumbersAreNotKnown() {
        PlanCatalog plans = plans().whenUnreachable(EXPORTS, Fallback.OPEN).build();
        try (Plg away = Plg.inMemory()
                .plans(plans)
                .planResolver(workspace -> {
                    throw new StoreUnreachable("the table of plans is away", new IllegalStateException());
                })
                .build()) {
            Client asking = client(PlgFeatureProvider.of(away, plans));

            var open = asking.getBooleanDetails("exports", false, in("acme"));
            assertThat(open.getErrorCode()).isNull();
            assertThat(open.getValue()).isTrue();
            assertThat(open.getReason()).isEqualTo("DEFAULT");
            assertThat(open.getVariant()).isNull();
            assertThat(open.getFlagMetadata().asUnmodifiableMap())
                    .isEqualTo(Map.of("severity", "OK", "source", "FALLBACK", "reason", "FALLBACK_OPEN"));

            var closed = asking.getBooleanDetails("projects", true, in("acme"));
            assertThat(closed.getValue()).isFalse();
            assertThat(closed.getReason()).isEqualTo("DEFAULT");

            assertThat(asking.getStringValue("projects", "?", in("acme"))).isEqualTo("BLOCKED");
            assertThat(asking.getObjectValue("exports", new Value(), in("acme"))
                            .asStructure()
                            .keySet())
                    .contains("allowed", "reason")
                    .doesNotContain("used", "limit", "remaining", "unlimited");
            refused(
                    asking.getIntegerDetails("exports", 7, in("acme")),
                    7,
                    ErrorCode.GENERAL,
                    "cannot be reached",
                    "exports");
            refused(asking.getStringDetails("plan", "?", in("acme")), "?", ErrorCode.GENERAL, "is away");

            away.transact(tx -> refused(
                    asking.getBooleanDetails("exports", false, in("acme")), false, ErrorCode.GENERAL, "is away"));
        }
    }

    @Test
    void whateverTheHostsOwnCodeThrowsIsAnError() {
        try (Plg broken = Plg.inMemory()
                .plans(PLANS)
                .planResolver(workspace -> {
                    throw new IllegalStateException();
                })
                .build()) {
            Client asking = client(PlgFeatureProvider.of(broken, PLANS));

            refused(
                    asking.getBooleanDetails("exports", true, in("acme")),
                    true,
                    ErrorCode.GENERAL,
                    "IllegalStateException");
            var direct = PlgFeatureProvider.of(broken, PLANS).getIntegerEvaluation("exports", 7, in("acme"));
            assertThat(direct.getValue()).isEqualTo(7);
            assertThat(direct.getReason()).isEqualTo("ERROR");
        }
    }

    @Test
    void aPlgWithoutPlansIsRefusedAtOnce() {
        try (Plg without = Plg.inMemory().build()) {
            assertThatIllegalStateException().isThrownBy(() -> PlgFeatureProvider.of(without, PLANS));
        }
    }

    // --- what it leaves alone

    @Test
    void noQuestionConsumesAnything() {
        use("acme", EXPORTS, 4);
        Client lean = client(PlgFeatureProvider.of(plg, PLANS).withoutDetails());
        for (int i = 0; i < 20; i++) {
            assertThat(lean.getBooleanValue("exports", false, in("acme", "ada")))
                    .isTrue();
        }
        Client full = client(PlgFeatureProvider.of(plg, PLANS));
        for (int i = 0; i < 20; i++) {
            assertThat(full.getBooleanValue("exports", false, in("acme", "ada")))
                    .isTrue();
            assertThat(full.getIntegerValue("exports", -1, in("acme"))).isEqualTo(1);
            assertThat(full.getLongValue("exports", -1L, in("acme"))).isEqualTo(1);
            assertThat(full.getDoubleValue("exports", -1.0, in("acme"))).isEqualTo(1);
            assertThat(full.getStringValue("exports", "?", in("acme"))).isEqualTo("APPROACHING");
            full.getObjectValue("exports", new Value(), in("acme"));
        }

        assertThat(plg.workspace("acme").gates().consume(EXPORTS).allowed()).isTrue();
        assertThat(plg.workspace("acme").gates().check(EXPORTS).used()).isEqualTo(5);
    }

    @Test
    void shuttingOpenFeatureDownLeavesThePlgOpen() {
        var called = new ArrayList<String>();
        var watched = (Plg) Proxy.newProxyInstance(
                Plg.class.getClassLoader(), new Class<?>[] {Plg.class}, (proxy, method, arguments) -> {
                    called.add(method.getName());
                    return method.invoke(plg, arguments);
                });
        Client asking = client(PlgFeatureProvider.of(watched, PLANS));
        assertThat(api.getProviderMetadata().getName()).isEqualTo("plg");
        assertThat(asking.getIntegerValue("exports", -1, in("acme"))).isEqualTo(5);

        api.shutdown();

        assertThat(called).contains("workspace").doesNotContain("close");
    }

    @Test
    void questionsInATransactionSeeWhatItDid() {
        plg.transact(tx -> {
            tx.workspace("acme").gates().consume(EXPORTS, 5);
            assertThat(client.getBooleanValue("exports", true, in("acme"))).isFalse();
            assertThat(client.getIntegerValue("exports.used", -1, in("acme"))).isEqualTo(5);
        });
    }

    @Test
    void withoutDetailsTheValuesAreTheSame() {
        assign("paying", "starter");
        use("free", EXPORTS, 5);
        Client lean = client(PlgFeatureProvider.of(plg, PLANS).withoutDetails());

        var details = lean.getBooleanDetails("exports", false, in("paying"));
        assertThat(details.getErrorCode()).isNull();
        assertThat(details.getValue()).isTrue();
        assertThat(details.getReason()).isEqualTo("UNKNOWN");
        assertThat(details.getVariant()).isNull();
        assertThat(details.getFlagMetadata().isEmpty()).isTrue();
        assertThat(lean.getBooleanValue("exports", true, in("free"))).isFalse();
        assertThat(lean.getBooleanValue("api_access", false, in("paying"))).isTrue();
        assertThat(lean.getBooleanValue("api_access", true, in("free"))).isFalse();
        assertThat(lean.getIntegerDetails("exports.limit", -1, in("paying")).getValue())
                .isEqualTo(50);
        assertThat(lean.getIntegerDetails("exports.limit", -1, in("paying"))
                        .getFlagMetadata()
                        .isEmpty())
                .isTrue();
        assertThat(lean.getStringDetails("plan", "?", in("paying")).getVariant())
                .isNull();
        refused(
                lean.getBooleanDetails("exprots", true, in("paying")),
                true,
                ErrorCode.FLAG_NOT_FOUND,
                "exprots",
                "exports");
    }

    @Test
    void manyThreadsMayAskAtOnce() throws Exception {
        assign("paying", "starter");
        var allowed = new AtomicInteger();
        var pool = Executors.newFixedThreadPool(6);
        try {
            var tasks = new ArrayList<Future<?>>();
            for (int t = 0; t < 6; t++) {
                boolean consumes = t < 2;
                String workspace = t % 2 == 0 ? "paying" : "other";
                String variant = t % 2 == 0 ? "starter@1" : "free@1";
                long limit = t % 2 == 0 ? 50 : 5;
                tasks.add(pool.submit(() -> {
                    for (int i = 0; i < 200; i++) {
                        if (consumes
                                && plg.workspace(workspace)
                                        .gates()
                                        .consume(EXPORTS)
                                        .allowed()) {
                            allowed.incrementAndGet();
                        }
                        var details = client.getBooleanDetails("exports", false, in(workspace));
                        assertThat(details.getErrorCode()).isNull();
                        assertThat(details.getVariant()).isEqualTo(variant);
                        var metadata = details.getFlagMetadata();
                        assertThat(metadata.getLong("limit")).isEqualTo(limit);
                        assertThat(metadata.getLong("used") + metadata.getLong("remaining"))
                                .isEqualTo(limit);
                        assertThat(details.getValue()).isEqualTo(metadata.getLong("remaining") > 0);
                    }
                }));
            }
            for (Future<?> task : tasks) {
                task.get();
            }
        } finally {
            pool.shutdownNow();
        }
        assertThat(allowed).hasValue(55);
        assertThat(client.getBooleanValue("exports", true, in("paying"))).isFalse();
        assertThat(client.getIntegerValue("exports", -1, in("other"))).isZero();
    }

    @Test
    void theVariantIsTheVersionThatTheWorkspaceIsOn() {
        PlanCatalog plans = PlanCatalog.builder()
                .plan("free", p -> p.limit(EXPORTS, 5))
                .plan("free", 2, p -> p.limit(EXPORTS, 3))
                .build();
        try (Plg versions = Plg.inMemory()
                .plans(plans)
                .planResolver(workspace ->
                        workspace.value().equals("old") ? Optional.of(new PlanVersion("free", 1)) : Optional.empty())
                .build()) {
            Client asking = client(PlgFeatureProvider.of(versions, plans));

            assertThat(asking.getIntegerDetails("exports", -1, in("old")).getVariant())
                    .isEqualTo("free@1");
            assertThat(asking.getIntegerValue("exports", -1, in("old"))).isEqualTo(5);
            assertThat(asking.getIntegerDetails("exports", -1, in("new")).getVariant())
                    .isEqualTo("free@2");
            assertThat(asking.getIntegerValue("exports", -1, in("new"))).isEqualTo(3);
        }
    }
}
