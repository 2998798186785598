package io.plg.openfeature;

import dev.openfeature.sdk.ErrorCode;
import dev.openfeature.sdk.EvaluationContext;
import dev.openfeature.sdk.FeatureProvider;
import dev.openfeature.sdk.Hook;
import dev.openfeature.sdk.ImmutableMetadata;
import dev.openfeature.sdk.Metadata;
import dev.openfeature.sdk.ProviderEvaluation;
import dev.openfeature.sdk.Reason;
import dev.openfeature.sdk.Value;
import io.plg.Plg;
import io.plg.UserErased;
import io.plg.UserId;
import io.plg.Workspace;
import io.plg.WorkspaceDeleted;
import io.plg.WorkspaceId;
import io.plg.gate.GateDecision;
import io.plg.gate.Gates;
import io.plg.plan.Feature;
import io.plg.plan.PlanCatalog;
import io.plg.plan.PlanSource;
import io.plg.plan.PlanVersion;
import java.math.BigDecimal;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An OpenFeature provider that answers from the gates of a workspace: flags and limits of plg, read like every other flag of the host.
 *
 * <pre>{@code
 * OpenFeatureAPI.getInstance().setProviderAndWait(PlgFeatureProvider.of(plg, PLANS));
 * }</pre>
 *
 * <p>It only reads. No question consumes anything, whatever it is about; {@link Gates#consume(Feature.Metered)} is for that, and decides anew. Each
 * question is {@link Gates#check(Feature)}, with what that promises about how new the answer is, and takes part in the transaction that is running.
 *
 * <h2>Whose gates</h2>
 *
 * The workspace is the attribute {@code workspace} of the evaluation context, or the one that {@link #workspaceFrom} names. The targeting key, if there is one, is
 * the member who acts, so that the member's own limits hold as well.
 *
 * <h2>Keys</h2>
 *
 * <table>
 * <caption>What a key means for each type</caption>
 * <tr><th>key</th><th>boolean</th><th>integer, long, double</th><th>string</th><th>object</th></tr>
 * <tr><td>a flag, such as {@code api_access}</td><td>whether it is on</td><td>–</td><td>severity</td><td>the decision</td></tr>
 * <tr><td>a cap or quota, such as {@code exports}</td><td>whether one more is allowed</td><td>how many remain</td><td>severity</td><td>the decision</td></tr>
 * <tr><td>{@code exports.limit}, {@code .used}, {@code .held}, {@code .remaining}, {@code .overage}</td><td>–</td><td>that number</td><td>–</td><td>–</td></tr>
 * <tr><td>{@code plan}</td><td>–</td><td>–</td><td>the name of the plan that holds</td><td>–</td></tr>
 * </table>
 *
 * <p>A feature of the catalog goes before what the other two rows would mean. Without a limit, limit and remaining are {@link Integer#MAX_VALUE},
 * {@link Long#MAX_VALUE} and {@link Double#POSITIVE_INFINITY}; an integer beyond its range is {@code Integer.MAX_VALUE} too. A feature with decimals is read as a
 * double, or exactly from the object, where its amounts are text. A feature that the plan does not have is off, and all its numbers are 0.
 *
 * <h2>Answers</h2>
 *
 * The variant is the version of the plan, such as {@code free@1}. The metadata has {@code severity}, {@code source}, {@code reason} and, where there are any,
 * {@code used}, {@code held}, {@code limit}, {@code remaining}, {@code overage} (longs, or text for a feature with decimals), {@code resetsAt} and {@code graceEndsAt}.
 * OpenFeature's reason is {@code TARGETING_MATCH}, or {@code DEFAULT} while the store cannot be reached and the answer is what the catalog says for
 * that case; numbers are not known then.
 *
 * <p>No question throws. What has no answer gets the caller's default value, the reason {@code ERROR} and a message:
 *
 * <ul>
 * <li>{@code FLAG_NOT_FOUND}: the catalog has no such feature.
 * <li>{@code TYPE_MISMATCH}: the key has no value of that type.
 * <li>{@code INVALID_CONTEXT}: the context says no workspace, or an id in it is not well-formed; {@code TARGETING_KEY_MISSING} if the workspace is to be the targeting
 *     key.
 * <li>{@code GENERAL}: the workspace was deleted, the user was erased, or the store failed inside a transaction.
 * </ul>
 *
 * <p>A provider is immutable and safe to use from many threads. Its shutdown does not close the {@link Plg}, which belongs to the host.
 */
public final class PlgFeatureProvider implements FeatureProvider {
    private static final Logger LOG = LoggerFactory.getLogger(PlgFeatureProvider.class);
    private static final Metadata METADATA = () -> "plg";
    private static final String WORKSPACE = "workspace";
    private static final String PLAN = "plan";

    private final Plg plg;
    private final PlanSource plans;
    private final String workspaceAttribute;
    private final boolean details;

    private PlgFeatureProvider(Plg plg, PlanSource plans, String workspaceAttribute, boolean details) {
        this.plg = plg;
        this.plans = plans;
        this.workspaceAttribute = workspaceAttribute;
        this.details = details;
    }

    /**
     * Returns a provider for plans that never change.
     *
     * @param plg whose gates to ask
     * @param plans the plans that {@code plg} was built with
     * @return the provider
     * @throws IllegalStateException if {@code plg} was built without plans
     */
    public static PlgFeatureProvider of(Plg plg, PlanCatalog plans) {
        return of(plg, PlanSource.of(plans));
    }

    /**
     * Returns a provider for plans that may change.
     *
     * @param plg whose gates to ask
     * @param plans the source of plans that {@code plg} was built with
     * @return the provider
     * @throws IllegalStateException if {@code plg} was built without plans
     */
    public static PlgFeatureProvider of(Plg plg, PlanSource plans) {
        Objects.requireNonNull(plg, "plg");
        Objects.requireNonNull(plans, "plans");
        // Asks nothing of the store; it throws where there are no plans.
        Objects.requireNonNull(plg.workspace(WORKSPACE).gates());
        return new PlgFeatureProvider(plg, plans, WORKSPACE, true);
    }

    /**
     * Returns a provider that finds the workspace elsewhere in the evaluation context. Default: {@code workspace}. With
     * {@link EvaluationContext#TARGETING_KEY} the targeting key is the workspace, and no member is known.
     *
     * @param attribute the name of an attribute
     * @return a provider with this setting
     * @throws IllegalArgumentException if the name is blank
     */
    public PlgFeatureProvider workspaceFrom(String attribute) {
        if (attribute.isBlank()) {
            throw new IllegalArgumentException("attribute must not be blank, was \"" + attribute + "\"");
        }
        return new PlgFeatureProvider(plg, plans, attribute, details);
    }

    /**
     * Returns a provider for code that asks very often: answers have neither variant nor metadata, and booleans are {@link Gates#allows}, which mostly answers
     * from memory. That tells nothing but yes or no, so the reason of a boolean is {@code UNKNOWN}.
     *
     * @return a provider with this setting
     */
    public PlgFeatureProvider withoutDetails() {
        return new PlgFeatureProvider(plg, plans, workspaceAttribute, false);
    }

    /** Returns the name of the provider, {@code plg}. */
    @Override
    public Metadata getMetadata() {
        return METADATA;
    }

    /** Returns no hooks. */
    @Override
    @SuppressWarnings("rawtypes") // as the interface has it
    public List<Hook> getProviderHooks() {
        return List.of();
    }

    /** Tells whether a flag is on, or one more of what is counted would be allowed. */
    @Override
    public ProviderEvaluation<Boolean> getBooleanEvaluation(
            String key, @Nullable Boolean defaultValue, @Nullable EvaluationContext context) {
        try {
            Feature feature = feature(key, "boolean");
            Gates gates = gates(context);
            return details
                    ? evaluation(check(gates, feature), GateDecision::allowed)
                    : new ProviderEvaluation<>(
                            gates.allows(feature), null, Reason.UNKNOWN.name(), null, null, ImmutableMetadata.EMPTY);
        } catch (RuntimeException e) {
            return failed(key, defaultValue, e);
        }
    }

    /** Tells how much remains, or another number of a decision; at most {@link Integer#MAX_VALUE}, which also stands for no limit. */
    @Override
    public ProviderEvaluation<Integer> getIntegerEvaluation(
            String key, @Nullable Integer defaultValue, @Nullable EvaluationContext context) {
        return number(
                key,
                defaultValue,
                context,
                "integer",
                amount -> amount.map(BigDecimal::longValueExact)
                        .map(whole -> (int) Math.min(whole, Integer.MAX_VALUE))
                        .orElse(Integer.MAX_VALUE));
    }

    /** Tells how much remains, or another number of a decision; {@link Long#MAX_VALUE} for no limit. */
    @Override
    public ProviderEvaluation<Long> getLongEvaluation(
            String key, @Nullable Long defaultValue, @Nullable EvaluationContext context) {
        return number(
                key,
                defaultValue,
                context,
                "long",
                amount -> amount.map(BigDecimal::longValueExact).orElse(Long.MAX_VALUE));
    }

    /** Tells how much remains, or another number of a decision; {@link Double#POSITIVE_INFINITY} for no limit. */
    @Override
    public ProviderEvaluation<Double> getDoubleEvaluation(
            String key, @Nullable Double defaultValue, @Nullable EvaluationContext context) {
        return number(
                key,
                defaultValue,
                context,
                null,
                amount -> amount.map(BigDecimal::doubleValue).orElse(Double.POSITIVE_INFINITY));
    }

    /** Tells the severity, or for the key {@code plan} the name of the plan that holds, for which the store is asked. */
    @Override
    public ProviderEvaluation<String> getStringEvaluation(
            String key, @Nullable String defaultValue, @Nullable EvaluationContext context) {
        try {
            if (key.equals(PLAN) && plans.current().feature(key).isEmpty()) {
                PlanVersion plan = workspace(context).entitlements().plan();
                return new ProviderEvaluation<>(
                        plan.plan(),
                        details ? plan.toString() : null,
                        Reason.TARGETING_MATCH.name(),
                        null,
                        null,
                        ImmutableMetadata.EMPTY);
            }
            Feature feature = feature(key, "string");
            return evaluation(
                    check(gates(context), feature),
                    decision -> decision.severity().name());
        } catch (RuntimeException e) {
            return failed(key, defaultValue, e);
        }
    }

    /** Tells the whole decision: what is in the metadata, and what to say and to offer. */
    @Override
    public ProviderEvaluation<Value> getObjectEvaluation(
            String key, @Nullable Value defaultValue, @Nullable EvaluationContext context) {
        try {
            Feature feature = feature(key, "object");
            return evaluation(check(gates(context), feature), decision -> new Value(Described.structure(decision)));
        } catch (RuntimeException e) {
            return failed(key, defaultValue, e);
        }
    }

    /** Closes nothing: the {@link Plg} belongs to the host. */
    @Override
    public void shutdown() {
        // nothing is held
    }

    // --- how it is done

    private static <T> ProviderEvaluation<T> failed(String key, @Nullable T defaultValue, RuntimeException e) {
        if (!(e instanceof Refusal || e instanceof WorkspaceDeleted || e instanceof UserErased)) {
            // OpenFeature has no place for a cause.
            LOG.warn("\"{}\" could not be evaluated; the caller gets the default value", key, e);
        }
        return new ProviderEvaluation<>(
                defaultValue,
                null,
                Reason.ERROR.name(),
                e instanceof Refusal refusal ? refusal.code() : ErrorCode.GENERAL,
                e.getMessage() == null ? e.toString() : e.getMessage(),
                ImmutableMetadata.EMPTY);
    }

    private <T> ProviderEvaluation<T> evaluation(GateDecision decision, Function<GateDecision, T> value) {
        Reason reason = Described.isFallback(decision) ? Reason.DEFAULT : Reason.TARGETING_MATCH;
        return new ProviderEvaluation<>(
                value.apply(decision),
                details ? decision.planVersion().map(PlanVersion::toString).orElse(null) : null,
                reason.name(),
                null,
                null,
                details ? Described.metadata(decision) : ImmutableMetadata.EMPTY);
    }

    private <T> ProviderEvaluation<T> number(
            String key,
            @Nullable T defaultValue,
            @Nullable EvaluationContext context,
            @Nullable String wholeType,
            Function<Optional<BigDecimal>, T> value) {
        try {
            PlanCatalog catalog = plans.current();
            Feature named = catalog.feature(key).orElse(null);
            Part part = named == null ? Part.endOf(key) : Part.REMAINING;
            Feature feature = named == null ? measured(catalog, key, part) : named;
            if (feature == null || part == null) {
                throw missing(catalog, key, "number");
            }
            if (!(feature instanceof Feature.Metered metered)) {
                throw new Refusal(
                        ErrorCode.TYPE_MISMATCH,
                        "\"" + key + "\" is a flag, which is no number; read it as a boolean, a string or an object");
            }
            if (wholeType != null && metered.decimals() > 0) {
                throw new Refusal(
                        ErrorCode.TYPE_MISMATCH,
                        "\"" + feature.name() + "\" has " + metered.decimals() + " decimals, which no " + wholeType
                                + " has; read it as a double or an object");
            }
            GateDecision decision = check(gates(context), feature);
            if (Described.isFallback(decision)) {
                throw new Refusal(
                        ErrorCode.GENERAL,
                        "the store cannot be reached, so the numbers of \"" + feature.name() + "\" are not known");
            }
            return evaluation(decision, known -> value.apply(part.of(known.decimal())));
        } catch (RuntimeException e) {
            return failed(key, defaultValue, e);
        }
    }

    /** What a key with the suffix of a part is about; null if it is nothing that is counted. */
    private static @Nullable Feature measured(PlanCatalog catalog, String key, @Nullable Part part) {
        return part == null
                ? null
                : catalog.feature(key.substring(0, key.length() - part.suffix.length()))
                        .filter(Feature.Metered.class::isInstance)
                        .orElse(null);
    }

    private Feature feature(String key, String type) {
        PlanCatalog catalog = plans.current();
        return catalog.feature(key).orElseThrow(() -> missing(catalog, key, type));
    }

    private static Refusal missing(PlanCatalog catalog, String key, String type) {
        if (measured(catalog, key, Part.endOf(key)) != null) {
            return new Refusal(ErrorCode.TYPE_MISMATCH, "\"" + key + "\" is a number, and was read as " + type);
        }
        if (key.equals(PLAN)) {
            return new Refusal(ErrorCode.TYPE_MISMATCH, "\"" + key + "\" is a string, and was read as " + type);
        }
        return new Refusal(
                ErrorCode.FLAG_NOT_FOUND,
                "the catalog has no feature \"" + key + "\"; it has "
                        + catalog.features().stream().map(Feature::name).toList());
    }

    private static GateDecision check(Gates gates, Feature feature) {
        GateDecision decision = gates.check(feature);
        if (decision.reason() == io.plg.gate.Reason.FEATURE_NOT_FOUND) {
            throw new Refusal(
                    ErrorCode.FLAG_NOT_FOUND,
                    "the gates have no feature \"" + feature.name()
                            + "\"; give the provider the plans that plg was built with");
        }
        return decision;
    }

    private Gates gates(@Nullable EvaluationContext context) {
        Gates gates = workspace(context).gates();
        String member = context == null || workspaceAttribute.equals(EvaluationContext.TARGETING_KEY)
                ? null
                : context.getTargetingKey();
        return member == null || member.isEmpty() ? gates : gates.by(id("targeting key", member, UserId::of));
    }

    private Workspace workspace(@Nullable EvaluationContext context) {
        Value value = context == null ? null : context.getValue(workspaceAttribute);
        if (value == null || value.isNull()) {
            throw new Refusal(
                    workspaceAttribute.equals(EvaluationContext.TARGETING_KEY)
                            ? ErrorCode.TARGETING_KEY_MISSING
                            : ErrorCode.INVALID_CONTEXT,
                    "the evaluation context has no \"" + workspaceAttribute
                            + "\", which says whose gates are asked; add the id of the workspace under that name");
        }
        String text = value.asString();
        if (text == null) {
            throw new Refusal(
                    ErrorCode.INVALID_CONTEXT,
                    "\"" + workspaceAttribute + "\" of the evaluation context must be text, was " + value.asObject());
        }
        return plg.workspace(id(workspaceAttribute, text, WorkspaceId::of));
    }

    private static <T> T id(String what, String text, Function<String, T> make) {
        try {
            return make.apply(text);
        } catch (IllegalArgumentException e) {
            throw new Refusal(
                    ErrorCode.INVALID_CONTEXT,
                    "\"" + what + "\" of the evaluation context is no id: " + e.getMessage());
        }
    }
}
