package io.plg;

import io.plg.activation.ActivationFunnel;
import io.plg.fraud.FraudPolicy;
import io.plg.gate.GateMessages;
import io.plg.internal.PlgRuntime;
import io.plg.plan.Feature;
import io.plg.plan.PlanCatalog;
import io.plg.plan.PlanResolver;
import io.plg.plan.PlanSource;
import io.plg.prompt.PromptPolicy;
import io.plg.referral.ProgramCatalog;
import io.plg.referral.ProgramSource;
import io.plg.referral.ReferralProgram;
import io.plg.reward.RewardFulfilment;
import io.plg.reward.RewardProvider;
import io.plg.tenancy.IsolationDrift;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What every builder of a {@link Plg} has in common: the description of the product. Each mistake is reported by the setter that
 * made it.
 *
 * @param <B> the type of the builder itself
 */
public abstract class PlgBuilder<B extends PlgBuilder<B>> {
    private static final int MAX_SLOTS = 64;

    private final Map<String, ActivationFunnel> funnels = new LinkedHashMap<>();
    private final List<PlgListener> listeners = new ArrayList<>();
    private InstantSource clock = InstantSource.system();
    private IdSource ids = PlgRuntime.systemIds();
    private JsonCodec json = PlgRuntime.jackson();
    private PromptPolicy prompts = PromptPolicy.standard();
    private Duration removeExpiredEvery = Duration.ofHours(1);
    private @Nullable PlanSource plans;
    private @Nullable PlanResolver planResolver;
    private GateMessages gateMessages = PlgRuntime.english();
    private final Map<String, Integer> slots = new HashMap<>();
    private @Nullable ProgramSource programs;
    private FraudPolicy fraud = FraudPolicy.standard();
    private final Map<String, RewardProvider> rewardProviders = new HashMap<>();
    private @Nullable RewardFulfilment fulfilment;
    private Duration settleRewardsEvery = Duration.ofSeconds(10);

    /** For adapters. */
    protected PlgBuilder() {}

    /**
     * Returns this builder.
     *
     * @return this
     */
    protected abstract B self();

    /**
     * Adds an activation funnel.
     *
     * @param funnel the funnel
     * @return this builder
     * @throws IllegalArgumentException if a funnel of that name was added before
     */
    public B funnel(ActivationFunnel funnel) {
        Objects.requireNonNull(funnel, "funnel");
        if (funnels.putIfAbsent(funnel.name(), funnel) != null) {
            throw new IllegalArgumentException(
                    "funnel names must be unique, \"" + funnel.name() + "\" was added before");
        }
        return self();
    }

    /**
     * Sets the plans of the product.
     *
     * @param catalog the plans
     * @return this builder
     */
    public B plans(PlanCatalog catalog) {
        return plans(PlanSource.of(catalog));
    }

    /**
     * Sets where the plans of the product come from, if they change while the application runs.
     *
     * @param source asked by each question to a gate
     * @return this builder
     */
    public B plans(PlanSource source) {
        this.plans = Objects.requireNonNull(source, "source");
        return self();
    }

    /**
     * Sets who tells which plan a workspace is on. Default: what {@link io.plg.gate.Entitlements#assignPlan(String)} said.
     *
     * @param resolver the host's knowledge
     * @return this builder
     */
    public B planResolver(PlanResolver resolver) {
        this.planResolver = Objects.requireNonNull(resolver, "resolver");
        return self();
    }

    /**
     * Sets the words of the gates. Default: English.
     *
     * @param messages the words
     * @return this builder
     */
    public B gateMessages(GateMessages messages) {
        this.gateMessages = Objects.requireNonNull(messages, "messages");
        return self();
    }

    /**
     * Spreads the counting of a feature over several rows, where so many requests of one workspace use it at once that they wait for each other. The sum
     * never exceeds the limit. It pays from some hundred a second on and costs a little when the limit is near. Default: one row.
     *
     * @param feature which
     * @param slots over how many, 1 to 64
     * @return this builder
     * @throws IllegalArgumentException if it is out of that range
     */
    public B slots(Feature.Metered feature, int slots) {
        if (slots < 1 || slots > MAX_SLOTS) {
            throw new IllegalArgumentException(
                    "slots of " + feature.name() + " must be 1 to " + MAX_SLOTS + ", was " + slots);
        }
        this.slots.put(feature.name(), slots);
        return self();
    }

    /**
     * Adds a listener. Listeners are called in the order in which they were added.
     *
     * @param listener whom to tell
     * @return this builder
     */
    public B listener(PlgListener listener) {
        listeners.add(Objects.requireNonNull(listener, "listener"));
        return self();
    }

    /**
     * Sets where business time comes from: the time of completions, periods and events. Default: the system's clock.
     *
     * @param clock the clock, {@link SettableClock} in tests
     * @return this builder
     */
    public B clock(InstantSource clock) {
        this.clock = Objects.requireNonNull(clock, "clock");
        return self();
    }

    /**
     * Sets where the ids of plg's own records come from. Default: random version 7 UUIDs.
     *
     * @param ids the source of ids
     * @return this builder
     */
    public B ids(IdSource ids) {
        this.ids = Objects.requireNonNull(ids, "ids");
        return self();
    }

    /**
     * Sets how results of the host are written and read as JSON. Default: Jackson 3 as it comes.
     *
     * @param json the codec
     * @return this builder
     */
    public B json(JsonCodec json) {
        this.json = Objects.requireNonNull(json, "json");
        return self();
    }

    /**
     * Sets when upgrade prompts are shown, and their experiment. Default: {@link PromptPolicy#standard()}.
     *
     * @param policy the policy
     * @return this builder
     */
    public B prompts(PromptPolicy policy) {
        this.prompts = Objects.requireNonNull(policy, "policy");
        return self();
    }

    /**
     * Sets how often {@link Plg#removeExpired()} runs by itself, on a thread of plg, from the first use of what can expire. Default: every hour. On
     * several nodes it may run on each: they share the work.
     *
     * @param interval how often, 1 second to 1 day, or zero for never
     * @return this builder
     * @throws IllegalArgumentException if the interval is out of that range
     */
    public B removeExpiredEvery(Duration interval) {
        Objects.requireNonNull(interval, "interval");
        if (!interval.isZero()
                && (interval.compareTo(Duration.ofSeconds(1)) < 0 || interval.compareTo(Duration.ofDays(1)) > 0)) {
            throw new IllegalArgumentException("interval must be zero or PT1S to PT24H, was " + interval);
        }
        this.removeExpiredEvery = interval;
        return self();
    }

    /**
     * Sets the referral program of the product, if it has one.
     *
     * @param program the program
     * @return this builder
     */
    public B program(ReferralProgram program) {
        return programs(ProgramCatalog.of(program));
    }

    /**
     * Sets the referral programs and reward campaigns of the product.
     *
     * @param catalog the programs, the most important one first
     * @return this builder
     */
    public B programs(ProgramCatalog catalog) {
        return programs(ProgramSource.of(catalog));
    }

    /**
     * Sets where the referral programs and reward campaigns of the product come from, if they change while the application runs. Rewards that were decided keep the rule they were made
     * under.
     *
     * @param source asked whenever something is attributed, reached or claimed
     * @return this builder
     */
    public B programs(ProgramSource source) {
        this.programs = Objects.requireNonNull(source, "source");
        return self();
    }

    /**
     * Sets what is done about fraud when somebody is referred. Default: {@link FraudPolicy#standard()}.
     *
     * @param policy the policy
     * @return this builder
     */
    public B fraud(FraudPolicy policy) {
        this.fraud = Objects.requireNonNull(policy, "policy");
        return self();
    }

    /**
     * Sets who gives rewards of a kind of the host's own.
     *
     * @param type the {@linkplain io.plg.reward.Benefit.Custom#type() type} of the benefit
     * @param provider gives them, in the transaction in which they are issued
     * @return this builder
     * @throws IllegalArgumentException if there is a provider for the type
     */
    public B rewardProvider(String type, RewardProvider provider) {
        Objects.requireNonNull(provider, "provider");
        if (rewardProviders.putIfAbsent(Objects.requireNonNull(type, "type"), provider) != null) {
            throw new IllegalArgumentException("there is a provider for rewards of type \"" + type + "\" already");
        }
        return self();
    }

    /**
     * Sets who gives rewards outside of this database, such as credit at a billing provider. Default: nobody does.
     *
     * @param fulfilment gives them
     * @return this builder
     */
    public B fulfilment(RewardFulfilment fulfilment) {
        this.fulfilment = Objects.requireNonNull(fulfilment, "fulfilment");
        return self();
    }

    /**
     * Sets how often rewards whose hold has ended are issued, and those that are given outside are handed on. Default: ten seconds.
     *
     * @param interval one second to one day, or zero for never: the host calls {@link io.plg.reward.RewardLedger#settle()} itself
     * @return this builder
     * @throws IllegalArgumentException if the interval is out of range
     */
    public B settleRewardsEvery(Duration interval) {
        if (!interval.isZero()
                && (interval.compareTo(Duration.ofSeconds(1)) < 0 || interval.compareTo(Duration.ofDays(1)) > 0)) {
            throw new IllegalArgumentException("interval must be zero or PT1S to PT24H, was " + interval);
        }
        this.settleRewardsEvery = interval;
        return self();
    }

    /**
     * For adapters: builds the {@code Plg} on a set of stores.
     *
     * @param stores the adapter's stores; closed when the {@code Plg} is closed
     * @return the {@code Plg}
     * @throws IllegalArgumentException if a program or campaign gives what this product does not have
     */
    protected final Plg assemble(PlgStores stores) {
        return PlgRuntime.assemble(
                Objects.requireNonNull(stores, "stores"),
                new PlgRuntime.Settings(
                        List.copyOf(funnels.values()),
                        listeners,
                        clock,
                        ids,
                        json,
                        removeExpiredEvery,
                        plans,
                        planResolver,
                        gateMessages,
                        slots,
                        prompts,
                        new PlgRuntime.RewardSettings(
                                programs, fraud, rewardProviders, fulfilment, settleRewardsEvery)));
    }

    /**
     * For adapters: tells the listeners added so far that the isolation of the database changed. What one of them throws is logged.
     *
     * @return what to tell
     */
    protected final Consumer<IsolationDrift> toldOfDrift() {
        return PlgRuntime.toldOfDrift(List.copyOf(listeners));
    }

    /**
     * For adapters: returns a {@code Plg} like the given one that works on stores which are bound to a transaction of the host.
     * Its reads see what that transaction wrote, nothing it reads enters a cache, and listeners hear of its events after the
     * commit, as {@link PlgStores#afterCommit(Runnable)} of the bound stores tells.
     *
     * @param plg what {@link #assemble(PlgStores)} returned
     * @param bound stores for which {@link PlgStores#inTransaction()} is true
     * @return the bound view
     */
    protected static Plg bind(Plg plg, PlgStores bound) {
        return PlgRuntime.bind(plg, bound);
    }
}
