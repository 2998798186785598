package io.plg.internal;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.plg.ChangeFeed;
import io.plg.Execution;
import io.plg.IdSource;
import io.plg.JsonCodec;
import io.plg.Operator;
import io.plg.OperatorStore;
import io.plg.Plg;
import io.plg.PlgListener;
import io.plg.PlgStores;
import io.plg.StoreFailure;
import io.plg.TransactionWork;
import io.plg.UserId;
import io.plg.Workspace;
import io.plg.WorkspaceDeleted;
import io.plg.WorkspaceId;
import io.plg.activation.Activation;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.UnknownFunnel;
import io.plg.event.GrowthEvent;
import io.plg.fraud.FraudPolicy;
import io.plg.gate.Entitlements;
import io.plg.gate.GateMessages;
import io.plg.gate.Gates;
import io.plg.idempotency.Idempotency;
import io.plg.plan.Feature;
import io.plg.plan.PlanCatalog;
import io.plg.plan.PlanResolver;
import io.plg.plan.PlanSource;
import io.plg.plan.PlanVersion;
import io.plg.prompt.PromptPolicy;
import io.plg.prompt.UpgradePrompts;
import io.plg.referral.ProgramCatalog;
import io.plg.referral.ProgramSource;
import io.plg.referral.ReferralProgram;
import io.plg.referral.Referrals;
import io.plg.referral.SignUps;
import io.plg.reward.RewardFulfilment;
import io.plg.reward.RewardLedger;
import io.plg.reward.RewardProvider;
import io.plg.tenancy.Erasure;
import io.plg.tenancy.IsolationDrift;
import io.plg.tenancy.TenancyStore;
import io.plg.tenancy.Users;
import io.plg.tenancy.Workspaces;
import io.plg.virality.Virality;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The {@link Plg} on a set of stores. A view that is bound to a transaction is another instance on bound stores; both share
 * everything else.
 */
public final class PlgRuntime implements Plg {
    private static final Logger LOG = LoggerFactory.getLogger(Plg.class);
    private static final int WORKSPACES_AT_ONCE = 1_000;
    private static final Duration WARN_EVERY = Duration.ofSeconds(10);

    private final Shared shared;
    private final @Nullable PlgStores bound;
    private volatile boolean ended;

    private PlgRuntime(Shared shared, @Nullable PlgStores bound) {
        this.shared = shared;
        this.bound = bound;
    }

    /**
     * Builds a {@code Plg}.
     *
     * @param stores where it keeps things
     * @param settings what the builder was told
     * @return the {@code Plg}
     * @throws IllegalArgumentException if a program or campaign gives what this product does not have
     */
    public static Plg assemble(PlgStores stores, Settings settings) {
        var plg = new PlgRuntime(new Shared(stores, settings), null);
        if (plg.hasPrograms()) {
            Benefits.check(plg, plg.programs());
            if (stores.changes().isPresent()) {
                plg.settleNowAndThen(); // what another node has left
            }
        }
        return plg;
    }

    /**
     * Returns a view on stores that are bound to a transaction of the host.
     *
     * @param plg made by {@link #assemble}
     * @param bound the bound stores
     * @return the view
     */
    public static Plg bind(Plg plg, PlgStores bound) {
        return new PlgRuntime(((PlgRuntime) plg).shared, bound);
    }

    /**
     * The default source of ids.
     *
     * @return a source of random version 7 UUIDs
     */
    public static IdSource systemIds() {
        return new UuidV7(InstantSource.system(), new SecureRandom());
    }

    /**
     * The default of how results are written.
     *
     * @return Jackson as it comes
     */
    public static JsonCodec jackson() {
        return Json.codec();
    }

    /**
     * The default of what the gates say.
     *
     * @return English
     */
    public static GateMessages english() {
        return Decisions.english();
    }

    /**
     * Passes on that the isolation of the database changed.
     *
     * @param listeners whom to tell
     * @return what to tell
     */
    public static Consumer<IsolationDrift> toldOfDrift(List<PlgListener> listeners) {
        return drift -> {
            for (PlgListener listener : listeners) {
                try {
                    listener.onIsolationDrift(drift);
                } catch (Throwable t) {
                    LOG.warn(
                            "listener {} failed on a change of the database's isolation",
                            listener.getClass().getName(),
                            t);
                }
            }
        };
    }

    @Override
    public Workspace workspace(WorkspaceId id) {
        Objects.requireNonNull(id, "id");
        return new WorkspaceView(id);
    }

    @Override
    public <T extends @Nullable Object, X extends Exception> T inTransaction(TransactionWork<Plg, T, X> work) throws X {
        Objects.requireNonNull(work, "work");
        return stores().transact(tx -> {
            PlgStores outer = shared.current.get();
            var view = new PlgRuntime(shared, tx);
            shared.current.set(tx);
            try {
                return work.run(view);
            } finally {
                view.ended = true;
                if (outer == null) {
                    shared.current.remove();
                } else {
                    shared.current.set(outer);
                }
            }
        });
    }

    @Override
    public List<ActivationFunnel> funnels() {
        return shared.settings.funnels();
    }

    @Override
    public SignUps signUps() {
        programs();
        return new SignUpsView(this);
    }

    @Override
    public Workspaces workspaces() {
        return new WorkspacesView();
    }

    @Override
    public Users users() {
        return new UsersView();
    }

    @Override
    public Operator operator() {
        OperatorStore store = shared.root
                .operator()
                .orElseThrow(() -> new IllegalStateException(
                        "operator reports are off; turn them on where Plg is built, with operator(…)"));
        return new OperatorView(this, store);
    }

    /** The root stores' tenancy: what ends a workspace or a user takes transactions of its own. */
    private TenancyStore tenancy(String what) {
        if (stores().inTransaction()) {
            throw new IllegalStateException(
                    what + " is done in batches, each a transaction of its own; call it outside of a transaction");
        }
        return shared.root.tenancy();
    }

    ActivationFunnel known(ActivationFunnel funnel) {
        ActivationFunnel known = find(Objects.requireNonNull(funnel, "funnel").name());
        if (!known.equals(funnel)) {
            throw new IllegalArgumentException("funnel \"" + funnel.name()
                    + "\" differs from the one that Plg was built with: " + funnel + " instead of " + known);
        }
        return known;
    }

    private ActivationFunnel find(String name) {
        for (ActivationFunnel funnel : shared.settings.funnels()) {
            if (funnel.name().equals(name)) {
                return funnel;
            }
        }
        throw new UnknownFunnel(
                name,
                shared.settings.funnels().stream().map(ActivationFunnel::name).toList());
    }

    @Override
    public long removeExpired() {
        if (stores().inTransaction()) {
            throw new IllegalStateException(
                    "what has expired is removed in batches, each a transaction of its own; call it outside of a transaction");
        }
        return shared.removeExpired();
    }

    @Override
    public void close() {
        if (bound == null) {
            shared.close();
        }
    }

    /** The stores that a call made now works on. */
    PlgStores stores() {
        if (bound != null) {
            if (ended) {
                throw new IllegalStateException(
                        "this Plg was bound to a transaction that has ended; use the Plg that began it");
            }
            return bound;
        }
        PlgStores current = shared.current.get();
        return current != null && current.isCurrent() ? current : shared.root;
    }

    Flights flights() {
        return shared.flights;
    }

    Clockwork clockwork() {
        return shared.clockwork;
    }

    JsonCodec json() {
        return shared.settings.json();
    }

    boolean isConflict(Throwable failure) {
        return shared.root.isConflict(failure);
    }

    /** From now on, what has expired is removed by itself. */
    void tidyNowAndThen() {
        shared.tidyNowAndThen();
    }

    /** Notes which effect this thread is about to have; returns the one that it is having. */
    @Nullable
    UUID enterEffect(@Nullable UUID id) {
        UUID outer = shared.effect.get();
        if (id == null) {
            shared.effect.remove();
        } else {
            shared.effect.set(id);
        }
        return outer;
    }

    /** The effect that this thread is having, or null. */
    @Nullable
    UUID effect() {
        return shared.effect.get();
    }

    /** The view for an effect in this transaction. */
    Execution execution(WorkspaceId workspace, UUID effectId) {
        return new ExecutionView(workspace, effectId);
    }

    ActivationCache activationCache() {
        return shared.activations;
    }

    GateCache gateCache() {
        return shared.gates;
    }

    PlanCatalog catalog() {
        PlanSource plans = shared.settings.plans();
        if (plans == null) {
            throw new IllegalStateException("this Plg has no plans; say plans(…) where it is built");
        }
        return Objects.requireNonNull(
                plans.current(), () -> plans.getClass().getName() + " returned null instead of a PlanCatalog");
    }

    boolean resolvesPlans() {
        return shared.settings.planResolver() != null;
    }

    Optional<PlanVersion> resolvePlan(WorkspaceId workspace) {
        PlanResolver resolver = shared.settings.planResolver();
        return resolver == null
                ? Optional.empty()
                : Objects.requireNonNull(
                        resolver.planOf(workspace),
                        () -> resolver.getClass().getName() + " returned null instead of an Optional");
    }

    GateMessages gateMessages() {
        return shared.settings.gateMessages();
    }

    int slots(Feature.Metered feature) {
        return shared.settings.slots().getOrDefault(feature.name(), 1);
    }

    /** This Plg outside of any transaction. */
    PlgRuntime root() {
        return bound == null ? this : new PlgRuntime(shared, null);
    }

    long millis() {
        return shared.settings.clock().millis();
    }

    /** Closes a slice when this is closed. */
    LeasedSlice keep(LeasedSlice slice) {
        shared.slices.add(slice);
        return slice;
    }

    void forget(LeasedSlice slice) {
        shared.slices.remove(slice);
    }

    /** As {@link #soon}, at most once a second for the same thing. */
    void seldom(String what, Consumer<PlgRuntime> task) {
        if (shared.seldom.asMap().putIfAbsent(what, what) == null) {
            soon(what, task);
        }
    }

    /** Whether to say that the store is away: once every ten seconds. */
    boolean warnsNow() {
        return shared.seldomWarned.asMap().putIfAbsent("away", "away") == null;
    }

    /** Does something outside of transactions, soon and on another thread, unless the same is about to be done. */
    void soon(String what, Consumer<PlgRuntime> task) {
        if (shared.soon.add(what)) {
            shared.clockwork.soon(() -> {
                shared.soon.remove(what);
                try {
                    task.accept(new PlgRuntime(shared, null));
                } catch (RuntimeException e) {
                    LOG.debug("what was to be done soon failed", e);
                }
            });
        }
    }

    Instant now() {
        return shared.settings.clock().instant().truncatedTo(ChronoUnit.MICROS);
    }

    PromptPolicy promptPolicy() {
        return shared.settings.prompts();
    }

    UUID newId() {
        return shared.settings.ids().next();
    }

    /** Tells the listeners; call it after the commit. */
    void publish(List<GrowthEvent> events) {
        for (GrowthEvent event : events) {
            for (PlgListener listener : shared.settings.listeners()) {
                try {
                    listener.onEvent(event);
                } catch (Throwable t) { // An error in a listener must not look like a failed commit either.
                    LOG.warn(
                            "listener {} failed on event {} {}",
                            listener.getClass().getName(),
                            event.type(),
                            event.id(),
                            t);
                }
            }
        }
    }

    /** The programs and campaigns as they are now; none without a source. */
    ProgramCatalog programs() {
        ProgramSource programs = shared.settings.rewards().programs();
        if (programs == null) {
            throw new IllegalStateException(
                    "this Plg has no referral programs; say program(…) or programs(…) where it is built");
        }
        try {
            ProgramCatalog current = Objects.requireNonNull(
                    programs.current(),
                    () -> programs.getClass().getName() + " returned null instead of a ProgramCatalog");
            shared.lastPrograms = current;
            return current;
        } catch (RuntimeException e) {
            ProgramCatalog last = shared.lastPrograms;
            if (last == null) {
                throw e;
            }
            // Nobody's activation fails because the programs cannot be read at the moment.
            LOG.warn(
                    "{} failed; what it returned last goes on",
                    programs.getClass().getName(),
                    e);
            return last;
        }
    }

    boolean hasPrograms() {
        return shared.settings.rewards().programs() != null;
    }

    boolean hasPlans() {
        return shared.settings.plans() != null;
    }

    RewardSettings rewardSettings() {
        return shared.settings.rewards();
    }

    Guesses guesses() {
        return shared.guesses;
    }

    SecureRandom random() {
        return shared.random;
    }

    /** By what a workspace hashes what it may not keep. */
    Pepper pepper(WorkspaceId workspace) {
        Pepper known = shared.peppers.getIfPresent(workspace);
        if (known != null) {
            return known;
        }
        byte[] candidate = new byte[32];
        shared.random.nextBytes(candidate);
        PlgStores stores = stores();
        Pepper pepper = Pepper.of(stores.referrals().secret(workspace, candidate));
        stores.afterCommit(() -> shared.peppers.put(workspace, pepper));
        return pepper;
    }

    /** The funnel whose activation counts in a program. */
    Optional<ActivationFunnel> funnelOf(ReferralProgram program) {
        return program.funnel().isEmpty()
                ? funnels().stream().findFirst()
                : funnels().stream()
                        .filter(funnel -> funnel.name().equals(program.funnel().get()))
                        .findFirst();
    }

    /**
     * Does several things as one: as a part of the transaction that is under way, or else in one of its own, which is begun again if it lost to another one.
     */
    <T extends @Nullable Object> T atomically(Function<PlgRuntime, T> work) {
        if (stores().inTransaction()) {
            return this.<T, RuntimeException>inTransaction(tx -> work.apply((PlgRuntime) tx));
        }
        for (int left = 5; ; left--) {
            try {
                return this.<T, RuntimeException>inTransaction(tx -> work.apply((PlgRuntime) tx));
            } catch (StoreFailure e) {
                if (left == 0 || !isConflict(e)) {
                    throw e;
                }
            }
        }
    }

    /** From now on, what is due about rewards is done by itself. */
    void settleNowAndThen() {
        shared.settleNowAndThen();
    }

    /**
     * What a builder was told about referrals and rewards.
     *
     * @param programs where programs come from, or {@code null} for none
     * @param fraud what is done about fraud
     * @param providers who gives rewards of the host's own kinds, by type
     * @param fulfilment who gives rewards outside, or {@code null} for nobody
     * @param settleEvery how often what is due is done, zero for never
     */
    public record RewardSettings(
            @Nullable ProgramSource programs,
            FraudPolicy fraud,
            Map<String, RewardProvider> providers,
            @Nullable RewardFulfilment fulfilment,
            Duration settleEvery) {

        /** Copies the collections. */
        public RewardSettings {
            providers = Map.copyOf(providers);
        }
    }

    /**
     * What a builder was told.
     *
     * @param funnels the product's funnels
     * @param listeners who hears of events
     * @param clock business time
     * @param ids ids of events and effects
     * @param json how results of the host are written
     * @param removeExpiredEvery how often what has expired is removed, zero for never
     * @param plans where plans come from, or {@code null} for none
     * @param planResolver who knows the plan of a workspace, or {@code null} for plg
     * @param gateMessages what the gates say
     * @param slots over how many rows the counting of a feature is spread, by its name
     * @param prompts when upgrade prompts are shown
     * @param rewards about referrals and rewards
     */
    public record Settings(
            List<ActivationFunnel> funnels,
            List<PlgListener> listeners,
            InstantSource clock,
            IdSource ids,
            JsonCodec json,
            Duration removeExpiredEvery,
            @Nullable PlanSource plans,
            @Nullable PlanResolver planResolver,
            GateMessages gateMessages,
            Map<String, Integer> slots,
            PromptPolicy prompts,
            RewardSettings rewards) {

        /** Copies the collections. */
        public Settings {
            funnels = List.copyOf(funnels);
            listeners = List.copyOf(listeners);
            slots = Map.copyOf(slots);
        }
    }

    private static final class Shared {
        final PlgStores root;
        final Settings settings;
        final @Nullable FeedReader reader;
        final ActivationCache activations;
        final GateCache gates;
        final Cache<String, String> seldom = Caffeine.newBuilder()
                .expireAfterWrite(Duration.ofSeconds(1))
                .maximumSize(10_000)
                .build();
        final Cache<String, String> seldomWarned =
                Caffeine.newBuilder().expireAfterWrite(WARN_EVERY).build();
        final Set<String> soon = ConcurrentHashMap.newKeySet();
        final Set<LeasedSlice> slices = ConcurrentHashMap.newKeySet();
        final Flights flights;
        final Clockwork clockwork = new Clockwork();
        final AtomicBoolean tidying = new AtomicBoolean();
        final AtomicBoolean settling = new AtomicBoolean();
        final SecureRandom random = new SecureRandom();
        final Cache<WorkspaceId, Pepper> peppers =
                Caffeine.newBuilder().maximumSize(10_000).build();
        final Guesses guesses;
        volatile @Nullable ProgramCatalog lastPrograms;
        final ThreadLocal<@Nullable PlgStores> current = new ThreadLocal<>();
        final ThreadLocal<@Nullable UUID> effect = new ThreadLocal<>();

        Shared(PlgStores root, Settings settings) {
            this.root = root;
            this.settings = settings;
            this.flights = new Flights(root.changes().isPresent());
            this.reader = root.changes()
                    .map(feed -> new FeedReader(feed, this::changed, this::missed))
                    .orElse(null);
            this.activations = new ActivationCache(root, settings.funnels(), reader);
            this.gates = new GateCache(reader, settings.clock());
            this.guesses = new Guesses(settings.clock());
        }

        private void changed(ChangeFeed.Change change) {
            switch (change.kind()) {
                case ChangeFeed.Change.ACTIVATION -> activations.drop(change.workspace(), UserId.of(change.subject()));
                case ChangeFeed.Change.GATES -> gates.drop(change.workspace());
                case ChangeFeed.Change.WORKSPACE -> {
                    peppers.invalidate(change.workspace());
                    activations.drop(change.workspace());
                    gates.forget(change.workspace());
                }
                case ChangeFeed.Change.USER -> activations.drop(UserId.of(change.subject()));
                default -> {} // of a newer node
            }
        }

        private void missed() {
            activations.dropAll();
            gates.dropAll();
        }

        long removeExpired() {
            try {
                return root.idempotency()
                        .removeExpired(settings.clock().instant().truncatedTo(ChronoUnit.MICROS));
            } finally {
                flights.forgetAll();
            }
        }

        void tidyNowAndThen() {
            Duration interval = settings.removeExpiredEvery();
            if (!interval.isZero() && tidying.compareAndSet(false, true)) {
                clockwork.tidyEvery(interval, () -> {
                    try {
                        removeExpired();
                    } catch (Throwable t) { // whatever it is, it must not be the last time
                        LOG.warn("what has expired could not be removed; it is tried again in {}", interval, t);
                    }
                });
            }
        }

        void settleNowAndThen() {
            Duration interval = settings.rewards().settleEvery();
            if (!interval.isZero() && settling.compareAndSet(false, true)) {
                clockwork.settleEvery(interval, () -> {
                    try {
                        settleAll();
                    } catch (Throwable t) { // whatever it is, it must not be the last time
                        LOG.warn("rewards that are due could not be settled; it is tried again in {}", interval, t);
                    }
                });
            }
        }

        private void settleAll() {
            Instant now = settings.clock().instant().truncatedTo(ChronoUnit.MICROS);
            for (WorkspaceId each : root.rewards().workspacesDue(now, WORKSPACES_AT_ONCE)) {
                try {
                    new RewardsView(new PlgRuntime(this, null), each).settle();
                } catch (WorkspaceDeleted e) {
                    LOG.debug("workspace {} was deleted", each, e);
                } catch (RuntimeException e) { // one workspace must not keep the others waiting
                    LOG.warn("rewards of workspace {} could not be settled; it is tried again", each, e);
                }
            }
        }

        void close() {
            var parts = new ArrayList<Runnable>();
            boolean joins = current.get() != null || root.inTransaction();
            parts.add(() -> LeasedSlice.closeAll(List.copyOf(slices), !joins));
            parts.add(clockwork::close);
            if (reader != null) {
                parts.add(reader::close);
            }
            parts.add(activations::dropAll);
            parts.add(gates::dropAll);
            parts.add(root::close);
            RuntimeException failure = null;
            for (Runnable each : parts) {
                try {
                    each.run();
                } catch (RuntimeException e) { // the others are to be closed all the same
                    if (failure == null) {
                        failure = e;
                    } else {
                        failure.addSuppressed(e);
                    }
                }
            }
            if (failure != null) {
                throw failure;
            }
        }
    }

    private class WorkspaceView implements Workspace {
        final WorkspaceId id;

        WorkspaceView(WorkspaceId id) {
            this.id = id;
        }

        @Override
        public WorkspaceId id() {
            return id;
        }

        @Override
        public Activation activation(ActivationFunnel funnel) {
            return new ActivationView(PlgRuntime.this, id, known(funnel));
        }

        @Override
        public Activation activation(String funnelName) {
            return new ActivationView(PlgRuntime.this, id, find(Objects.requireNonNull(funnelName, "funnelName")));
        }

        @Override
        public Gates gates() {
            catalog();
            return new GatesView(PlgRuntime.this, id, null);
        }

        @Override
        public Entitlements entitlements() {
            catalog();
            return new EntitlementsView(PlgRuntime.this, id);
        }

        @Override
        public Idempotency<Execution> idempotency() {
            return new IdempotencyView(PlgRuntime.this, id, null);
        }

        @Override
        public UpgradePrompts prompts() {
            return new PromptsView(PlgRuntime.this, id);
        }

        @Override
        public Referrals referrals() {
            return new ReferralsView(PlgRuntime.this, id, firstProgram());
        }

        private String firstProgram() {
            return programs().programs().stream()
                    .findFirst()
                    .map(ReferralProgram::name)
                    .orElseThrow(() -> new IllegalStateException("there is no referral program at present"));
        }

        @Override
        public Referrals referrals(String program) {
            return new ReferralsView(
                    PlgRuntime.this,
                    id,
                    ReferralsView.known(PlgRuntime.this, program).name());
        }

        @Override
        public RewardLedger rewards() {
            return new RewardsView(PlgRuntime.this, id);
        }

        @Override
        public Virality virality() {
            return new ViralityView(PlgRuntime.this, id, firstProgram());
        }

        @Override
        public Virality virality(String program) {
            return new ViralityView(
                    PlgRuntime.this,
                    id,
                    ReferralsView.known(PlgRuntime.this, program).name());
        }

        @Override
        public String toString() {
            return "workspace " + id;
        }
    }

    private final class ExecutionView extends WorkspaceView implements Execution {
        private final UUID effectId;

        ExecutionView(WorkspaceId workspace, UUID effectId) {
            super(workspace);
            this.effectId = effectId;
        }

        @Override
        public UUID effectId() {
            return effectId;
        }

        @Override
        public Idempotency<Execution> idempotency() {
            return new IdempotencyView(PlgRuntime.this, id, effectId);
        }

        @Override
        public <H> H unwrap(Class<H> type) {
            return stores().unwrap(id, Objects.requireNonNull(type, "type"))
                    .orElseThrow(() -> new IllegalArgumentException("this store has no " + type.getName()));
        }
    }

    private final class WorkspacesView implements Workspaces {
        @Override
        public Erasure delete(WorkspaceId workspace) {
            Objects.requireNonNull(workspace, "workspace");
            try {
                return tenancy("deleting a workspace").delete(workspace);
            } finally {
                shared.activations.drop(workspace);
                shared.gates.forget(workspace);
                shared.peppers.invalidate(workspace);
                shared.flights.forget(workspace);
            }
        }

        @Override
        public List<WorkspaceId> unfinishedDeletions() {
            return shared.root.tenancy().unfinishedDeletions();
        }
    }

    private final class UsersView implements Users {
        @Override
        public Erasure erase(UserId user) {
            Objects.requireNonNull(user, "user");
            try {
                return tenancy("erasing a user").erase(user);
            } finally {
                shared.activations.drop(user);
                shared.flights.forget(user);
            }
        }

        @Override
        public List<UserId> unfinishedErasures() {
            return shared.root.tenancy().unfinishedErasures();
        }
    }
}
