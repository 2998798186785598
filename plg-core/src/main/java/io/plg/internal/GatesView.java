package io.plg.internal;

import io.plg.PlgStores;
import io.plg.StoreFailure;
import io.plg.StoreUnreachable;
import io.plg.UserErased;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.event.GrowthEvent;
import io.plg.gate.Explanation;
import io.plg.gate.GateDecision;
import io.plg.gate.Gates;
import io.plg.gate.LeasedQuota;
import io.plg.gate.LiveCount;
import io.plg.gate.PlanPreview;
import io.plg.gate.Reason;
import io.plg.gate.Receipt;
import io.plg.gate.Refund;
import io.plg.gate.Reservation;
import io.plg.gate.Settlement;
import io.plg.gate.Settlement.Outcome;
import io.plg.gate.Source;
import io.plg.gate.UnknownFeature;
import io.plg.gate.UnknownPlan;
import io.plg.gate.UsageStore;
import io.plg.gate.UsageStore.Changes;
import io.plg.gate.UsageStore.Entry;
import io.plg.gate.UsageStore.Kind;
import io.plg.gate.UsageStore.Lane;
import io.plg.gate.UsageStore.MeterChange;
import io.plg.gate.UsageStore.MeterKey;
import io.plg.gate.UsageStore.Opened;
import io.plg.gate.UsageStore.Take;
import io.plg.gate.UsageStore.Wish;
import io.plg.internal.Terms.GrantTerms;
import io.plg.internal.WorkspaceFacts.Standing;
import io.plg.plan.Feature;
import io.plg.plan.Plan;
import io.plg.plan.PlanCatalog;
import io.plg.plan.PlanVersion;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The gates of one workspace: reads what is stored, lets {@link Meter} decide, and stores what becomes of it. */
final class GatesView implements Gates {
    private static final Logger LOG = LoggerFactory.getLogger(Gates.class);
    private static final Duration LONGEST_HOLD = Duration.ofDays(31);
    private static final int MOST_HOLDS = 10_000;
    private static final int RETRIES = 5;

    private final PlgRuntime plg;
    private final WorkspaceId workspace;
    private final @Nullable UserId actor;

    GatesView(PlgRuntime plg, WorkspaceId workspace, @Nullable UserId actor) {
        this.plg = plg;
        this.workspace = workspace;
        this.actor = actor;
    }

    @Override
    public Gates by(UserId member) {
        return new GatesView(plg, workspace, Objects.requireNonNull(member, "member"));
    }

    // --- questions

    @Override
    public boolean allows(Feature feature) {
        int clear = plg.gateCache().clear(workspace, feature, plg.catalog());
        // A member may have less left than the workspace.
        return clear >= 0 && (clear == 0 || actor == null || feature instanceof Feature.Flag)
                ? clear == 1
                // As another view, so that the compiler need not allocate this one for the sake of what is rarely done.
                : new GatesView(plg, workspace, actor).lookUp(feature);
    }

    private boolean lookUp(Feature feature) {
        PlanCatalog catalog = plg.catalog();
        if (!catalog.knows(Objects.requireNonNull(feature, "feature"))) {
            return false;
        }
        if (!plg.gateCache().remembers()) {
            return check(feature).allowed();
        }
        if (plg.stores().inTransaction()) {
            // What a transaction reads must not be remembered, since it may see what is never committed.
            plg.seldom(workspace + " " + feature.name(), root -> new GatesView(root, workspace, null).lookUp(feature));
            return check(feature).allowed();
        }
        return guarded(feature, 0, false, () -> {
                    long askedAt = System.nanoTime();
                    GateCache.Known known = plg.gateCache().known(workspace, catalog, this::readFacts);
                    if (feature instanceof Feature.Flag flag) {
                        Asking asking = asking(known.facts, catalog);
                        GateDecision answer = asking.flag(flag);
                        known.remember(
                                flag,
                                answer.allowed(),
                                known.facts.until(asking.now),
                                asking.now,
                                plg.resolvesPlans(),
                                askedAt);
                        return answer;
                    }
                    var metered = (Feature.Metered) feature;
                    Asking asking = open(plg.stores(), metered, false);
                    Meter meter = asking.meter(metered, null);
                    GateDecision answer = asking.check(metered, step(metered));
                    if (actor == null && meter.isClear()) {
                        known.remember(
                                metered, answer.allowed(), meter.until(), asking.now, plg.resolvesPlans(), askedAt);
                    }
                    return answer;
                })
                .allowed();
    }

    @Override
    public GateDecision check(Feature feature) {
        Objects.requireNonNull(feature, "feature");
        return feature instanceof Feature.Metered metered
                ? checked(metered, step(metered))
                : guarded(feature, 0, plg.stores().inTransaction(), () -> {
                    PlanCatalog catalog = plg.catalog();
                    if (!catalog.knows(feature)) {
                        return decisions(catalog).notFound(feature, 0);
                    }
                    if (!plg.gateCache().remembers() || plg.stores().inTransaction()) {
                        return asking(readFacts(workspace), catalog).flag((Feature.Flag) feature);
                    }
                    GateCache.Known known = plg.gateCache().known(workspace, catalog, this::readFacts);
                    GateDecision remembered = known.look(feature, plg.now());
                    if (remembered != null) {
                        return decisions(catalog).said(remembered);
                    }
                    long epoch = known.epoch();
                    long askedAt = System.nanoTime();
                    Asking asking = asking(known.facts, catalog);
                    GateDecision answer = asking.flag((Feature.Flag) feature);
                    known.remember(feature, answer, known.facts.until(asking.now), epoch, askedAt);
                    return answer;
                });
    }

    /** One unit. */
    private static long step(Feature.Metered feature) {
        return Ticks.of(feature, "amount", 1);
    }

    @Override
    public GateDecision check(Feature.Metered feature, long amount) {
        return checked(feature, Ticks.positive(feature, "amount", amount));
    }

    @Override
    public GateDecision check(Feature.Metered feature, BigDecimal amount) {
        return checked(feature, Ticks.positive(feature, "amount", amount));
    }

    private GateDecision checked(Feature.Metered feature, long amount) {
        PlanCatalog catalog = plg.catalog();
        if (!catalog.knows(feature)) {
            return decisions(catalog).notFound(feature, amount);
        }
        PlgStores stores = plg.stores();
        boolean joins = stores.inTransaction();
        return guarded(feature, amount, joins, () -> {
            if (joins || actor != null || !plg.gateCache().remembers() || amount != step(feature)) {
                return open(stores, feature, false).check(feature, amount);
            }
            GateCache.Known known = plg.gateCache().known(workspace, catalog, this::readFacts);
            GateDecision remembered = known.look(feature, plg.now());
            if (remembered != null) {
                return decisions(catalog).said(remembered);
            }
            long epoch = known.epoch();
            long askedAt = System.nanoTime();
            Asking asking = open(stores, feature, false);
            GateDecision answer = asking.check(feature, amount);
            known.remember(feature, answer, asking.meter(feature, null).until(), epoch, askedAt);
            return answer;
        });
    }

    @Override
    public List<GateDecision> checkAll() {
        PlanCatalog catalog = plg.catalog();
        PlgStores stores = plg.stores();
        Supplier<List<GateDecision>> all = () -> {
            var keys = new ArrayList<MeterKey>();
            for (Feature feature : catalog.features()) {
                if (feature instanceof Feature.Metered metered) {
                    keys.addAll(keys(metered));
                }
            }
            Asking asking = open(stores, keys, false);
            return catalog.features().stream()
                    .map(feature -> feature instanceof Feature.Flag flag
                            ? asking.flag(flag)
                            : asking.check((Feature.Metered) feature, step((Feature.Metered) feature)))
                    .toList();
        };
        boolean joins = stores.inTransaction();
        try {
            return all.get();
        } catch (StoreUnreachable e) {
            if (joins) {
                throw e;
            }
            warn(e);
            return catalog.features().stream()
                    .map(feature -> decisions(catalog)
                            .fallback(feature, feature instanceof Feature.Metered metered ? step(metered) : 0))
                    .toList();
        }
    }

    @Override
    public Explanation explain(Feature feature) {
        Objects.requireNonNull(feature, "feature");
        PlanCatalog catalog = plg.catalog();
        if (!catalog.knows(feature)) {
            return new Explanation(
                    decisions(catalog).notFound(feature, 0),
                    List.of(),
                    List.of("The catalog has no feature \"" + feature.name() + "\" of that kind."));
        }
        PlgStores stores = plg.stores();
        Asking asking = feature instanceof Feature.Metered metered
                ? open(stores, metered, false)
                : asking(readFacts(workspace), catalog);
        var steps = new ArrayList<String>();
        steps.add(asking.standing
                        .unknown()
                        .map(unknown -> "The workspace is on plan " + unknown
                                + ", which the catalog does not have; another holds instead. ")
                        .orElse("")
                + "The plan is " + asking.standing.plan().id()
                + (asking.standing.source() == Source.TRIAL ? ", which is being tried." : "."));
        for (UsageStore.Fact fact : asking.facts.all()) {
            boolean concerns = fact.feature() == null
                    || fact.feature().equals(feature.name())
                    || fact.kind().equals(WorkspaceFacts.ADD_ON);
            boolean over = fact.endsAt() != null && !asking.now.isBefore(fact.endsAt());
            if (concerns && !over && !fact.kind().equals(WorkspaceFacts.PLAN)) {
                steps.add("There is an entry: " + asking.facts.describe(fact) + ", from " + fact.effectiveAt()
                        + (fact.endsAt() == null ? "." : " until " + fact.endsAt() + "."));
            }
        }
        if (feature instanceof Feature.Flag flag) {
            return new Explanation(asking.flag(flag), List.of(), steps);
        }
        var metered = (Feature.Metered) feature;
        Meter meter = asking.meter(metered, null);
        Terms terms = meter.terms();
        steps.add("Beyond the limit it is " + terms.overLimit() + ".");
        for (Terms.Window window : terms.windows()) {
            steps.add("Within it at most "
                    + Ticks.decimal(metered, window.amount()).toPlainString() + " every " + window.every() + ".");
        }
        return new Explanation(
                asking.check(metered, step(metered)),
                meter.explain().stream()
                        .map(bucket -> {
                            GrantTerms grant = bucket.grant();
                            long amount = grant == null ? terms.limit() : grant.amount();
                            return new Explanation.Allowance(
                                    grant == null ? terms.source() : Source.GRANT,
                                    bucket.id(),
                                    decimal(metered, amount),
                                    decimal(metered, bucket.left()),
                                    bucket.priority(),
                                    Optional.ofNullable(grant == null ? bucket.until() : grant.until()));
                        })
                        .toList(),
                steps);
    }

    private static Optional<BigDecimal> decimal(Feature.Metered feature, long ticks) {
        return ticks == Ticks.UNLIMITED ? Optional.empty() : Optional.of(Ticks.decimal(feature, ticks));
    }

    @Override
    public PlanPreview previewPlan(String plan) {
        PlanCatalog catalog = plg.catalog();
        Plan to = catalog.plan(Objects.requireNonNull(plan, "plan"))
                .orElseThrow(() -> new UnknownPlan(
                        plan, catalog.plans().stream().map(Plan::name).toList()));
        var keys = new ArrayList<MeterKey>();
        for (Feature feature : catalog.features()) {
            if (feature instanceof Feature.Metered metered) {
                keys.add(key(metered, null));
            }
        }
        Asking asking = open(plg.stores(), keys, false);
        Plan from = asking.standing.plan();
        var then = on(to);
        var changes = new ArrayList<PlanPreview.Change>();
        for (Feature feature : catalog.features()) {
            if (feature instanceof Feature.Flag flag) {
                boolean before = asking.facts
                        .flag(flag, asking.now, catalog, asking.standing)
                        .on();
                boolean after =
                        asking.facts.flag(flag, asking.now, catalog, then).on();
                if (before != after) {
                    changes.add(new PlanPreview.Change(
                            flag, BigDecimal.ZERO, Optional.of(one(before)), Optional.of(one(after)), BigDecimal.ZERO));
                }
                continue;
            }
            var metered = (Feature.Metered) feature;
            Meter now = asking.meter(metered, null);
            Meter later = asking.meter(metered, null, then);
            if (now.limit() != later.limit() || later.overage() > 0) {
                long used = now.used() + now.held();
                changes.add(new PlanPreview.Change(
                        metered,
                        Ticks.decimal(metered, used),
                        decimal(metered, now.limit()),
                        decimal(metered, later.limit()),
                        Ticks.decimal(
                                metered, Math.max(0, later.limit() == Ticks.UNLIMITED ? 0 : used - later.limit()))));
            }
        }
        return new PlanPreview(from.id(), to.id(), changes);
    }

    private static BigDecimal one(boolean on) {
        return on ? BigDecimal.ONE : BigDecimal.ZERO;
    }

    // --- changes

    @Override
    public GateDecision consume(Feature.Metered feature) {
        return consumed(feature, step(feature));
    }

    @Override
    public GateDecision consume(Feature.Metered feature, long amount) {
        return consumed(feature, Ticks.positive(feature, "amount", amount));
    }

    @Override
    public GateDecision consume(Feature.Metered feature, BigDecimal amount) {
        return consumed(feature, Ticks.positive(feature, "amount", amount));
    }

    private GateDecision consumed(Feature.Metered feature, long amount) {
        PlanCatalog catalog = plg.catalog();
        if (!catalog.knows(feature)) {
            return decisions(catalog).notFound(feature, amount);
        }
        PlgStores stores = plg.stores();
        return guarded(feature, amount, stores.inTransaction(), () -> {
            GateDecision quick = quick(stores, catalog, feature, amount);
            return quick != null
                    ? quick
                    : changing(feature, (asking, meter) -> {
                        GateDecision refused = asking.refusal(feature, amount);
                        if (refused != null) {
                            return refused;
                        }
                        Reason reason = meter.ask(amount);
                        String receipt = meter.consume(amount);
                        Meter member = asking.member(feature);
                        if (member != null) {
                            member.consume(amount);
                        }
                        return asking.done(meter, reason, amount, receipt);
                    });
        });
    }

    /** In one statement, if the lane that is stored tells. */
    private @Nullable GateDecision quick(PlgStores stores, PlanCatalog catalog, Feature.Metered feature, long amount) {
        WorkspaceFacts facts = plg.gateCache().seen(workspace);
        if (facts == null) {
            return null;
        }
        Instant now = plg.now();
        WorkspaceFacts.Worked worked =
                facts.worked(feature, now, catalog, plg.resolvePlan(workspace), plg.resolvesPlans());
        if (actor != null && worked.terms().memberLimit() != Ticks.UNLIMITED) {
            return null;
        }
        Take take = stores.usage()
                .take(workspace, new Wish(key(feature, null), amount, worked.basis(), now, actor, plg.slots(feature)));
        if (!(take instanceof Take.Decided decided)) {
            return null;
        }
        if (decided.taken()) {
            stores.afterCommit(() -> plg.gateCache().used(workspace, feature));
        }
        return new Decisions(catalog, plg.gateMessages(), now)
                .lane(
                        worked.terms(),
                        decided.lane(),
                        decided.taken(),
                        amount,
                        worked.standing().plan(),
                        decided.taken() ? receipt(feature, decided.slot() + "." + decided.sequence()) : null,
                        each -> Decisions.allows(
                                facts.terms(feature, now, catalog, on(each)),
                                decided.lane().used(),
                                decided.lane().held(),
                                granted(worked.terms(), decided.lane().limit()),
                                decided.taken() ? step(feature) : amount));
    }

    @Override
    public GateDecision admit(Feature.Cap cap, long amount, LiveCount count) {
        long asked = Ticks.positive(cap, "amount", amount);
        Objects.requireNonNull(count, "count");
        if (!plg.stores().inTransaction()) {
            throw new IllegalStateException(
                    "a decision about what the host counts protects only what is done in the same transaction; call admit inside of one, with"
                            + " plg.transact, plg.in(handle) or the host's own");
        }
        PlanCatalog catalog = plg.catalog();
        if (!catalog.knows(cap)) {
            return decisions(catalog).notFound(cap, asked);
        }
        return changing(cap, (asking, meter) -> {
            meter.set(Ticks.of(cap, "count", count.count()));
            GateDecision refused = asking.refusal(cap, asked);
            if (refused != null) {
                return refused;
            }
            Reason reason = meter.ask(asked);
            String receipt = meter.consume(asked);
            return asking.done(meter, reason, asked, receipt);
        });
    }

    @Override
    public Reservation reserve(Feature.Metered feature, long amount, Duration length) {
        return reserved(feature, Ticks.positive(feature, "amount", amount), length);
    }

    @Override
    public Reservation reserve(Feature.Metered feature, BigDecimal amount, Duration length) {
        return reserved(feature, Ticks.positive(feature, "amount", amount), length);
    }

    private Reservation reserved(Feature.Metered feature, long amount, Duration length) {
        Objects.requireNonNull(length, "length");
        if (length.isNegative() || length.isZero() || length.compareTo(LONGEST_HOLD) > 0) {
            throw new IllegalArgumentException(
                    "length must be positive and at most " + LONGEST_HOLD + ", was " + length);
        }
        PlanCatalog catalog = plg.catalog();
        if (!catalog.knows(feature)) {
            return new Reservation.Denied(decisions(catalog).notFound(feature, amount));
        }
        UUID id = plg.newId();
        var expires = new Instant[1];
        GateDecision decision = guarded(
                feature,
                amount,
                plg.stores().inTransaction(),
                () -> changing(feature, (asking, meter) -> {
                    expires[0] = null;
                    GateDecision refused = asking.refusal(feature, amount);
                    if (refused != null) {
                        return refused;
                    }
                    if (meter.holds() >= MOST_HOLDS) {
                        throw new IllegalStateException(
                                "there are " + MOST_HOLDS + " reservations of " + feature.name()
                                        + " that have neither been settled nor expired, which is the most; confirm or release them");
                    }
                    Reason reason = meter.ask(amount);
                    expires[0] = asking.now.plus(length).truncatedTo(ChronoUnit.MICROS);
                    meter.hold(id, amount, expires[0]);
                    Meter member = asking.member(feature);
                    if (member != null) {
                        member.hold(id, amount, expires[0]);
                    }
                    return asking.done(meter, reason, amount, null);
                }));
        if (decision.source() == Source.FALLBACK && decision.planVersion().isEmpty()) {
            // Nothing is held, so that nobody may go on as if it were.
            return new Reservation.Denied(decisions(catalog).closed(feature, amount));
        }
        return expires[0] == null ? new Reservation.Denied(decision) : new Reservation.Held(id, decision, expires[0]);
    }

    @Override
    public Settlement confirm(UUID reservation) {
        return settled(reservation, feature -> -1L);
    }

    @Override
    public Settlement confirm(UUID reservation, long actual) {
        return settled(reservation, feature -> Ticks.of(feature, "amount", actual));
    }

    @Override
    public Settlement confirm(UUID reservation, BigDecimal actual) {
        Objects.requireNonNull(actual, "actual");
        return settled(reservation, feature -> Ticks.of(feature, "amount", actual));
    }

    @Override
    public Settlement release(UUID reservation) {
        return settled(reservation, null);
    }

    /** Settles a reservation: with what it took, -1 for all of it, or not at all. */
    private Settlement settled(UUID reservation, @Nullable Function<Feature.Metered, Long> actual) {
        Objects.requireNonNull(reservation, "reservation");
        PlanCatalog catalog = plg.catalog();
        List<Entry> entries = plg.stores().usage().entriesOf(workspace, reservation);
        Optional<Feature.Metered> found = entries.stream()
                .filter(entry -> entry.kind() == Kind.HOLD)
                .findFirst()
                .flatMap(entry -> catalog.feature(entry.key().feature()))
                .filter(Feature.Metered.class::isInstance)
                .map(Feature.Metered.class::cast);
        if (found.isEmpty()) {
            return new Settlement(reservation, Outcome.UNKNOWN, Optional.empty());
        }
        Feature.Metered feature = found.get();
        // The member whose part it is need not be the one who settles.
        return asHolder(entries.get(0).actor(), view -> view.settled(feature, reservation, actual));
    }

    private Settlement settled(
            Feature.Metered feature, UUID reservation, @Nullable Function<Feature.Metered, Long> actual) {
        var outcome = new Outcome[1];
        GateDecision decision = changing(feature, (asking, meter) -> {
            MeterState.Hold hold = meter.hold(reservation);
            if (hold == null) {
                outcome[0] = asking.stores.usage().entriesOf(workspace, reservation).stream()
                        .map(entry -> switch (entry.kind()) {
                            case CONFIRM -> Outcome.CONFIRMED;
                            case RELEASE -> Outcome.RELEASED;
                            default -> Outcome.EXPIRED;
                        })
                        .filter(each -> each != Outcome.EXPIRED)
                        .findFirst()
                        .orElse(Outcome.EXPIRED);
                return asking.check(feature, step(feature));
            }
            Meter member = asking.member(feature);
            MeterState.Hold part = member == null ? null : member.hold(reservation);
            if (actual == null) {
                outcome[0] = Outcome.RELEASED;
                meter.release(hold);
                if (member != null && part != null) {
                    member.release(part);
                }
                return asking.check(feature, step(feature));
            }
            long told = actual.apply(feature);
            long took = told < 0 ? hold.amount : told;
            long more = Math.max(0, took - hold.amount);
            if (more > 0) {
                GateDecision refused = asking.refusal(feature, more);
                if (refused != null) {
                    outcome[0] = Outcome.LIMIT_REACHED;
                    return refused;
                }
            }
            outcome[0] = Outcome.CONFIRMED;
            meter.confirm(hold, took - more);
            if (member != null && part != null) {
                member.confirm(part, took - more);
            }
            if (more > 0) {
                meter.consume(more);
                if (member != null) {
                    member.consume(more);
                }
            }
            return asking.check(feature, step(feature));
        });
        return new Settlement(reservation, outcome[0], Optional.of(decision));
    }

    @Override
    public Refund refund(Feature.Metered feature, long amount) {
        return refunded(feature, Ticks.positive(feature, "amount", amount));
    }

    @Override
    public Refund refund(Feature.Metered feature, BigDecimal amount) {
        return refunded(feature, Ticks.positive(feature, "amount", amount));
    }

    private Refund refunded(Feature.Metered feature, long amount) {
        return refunding(feature, asking -> {
            Meter member = asking.member(feature);
            // A member gives back no more than the member has used.
            long back = member == null ? amount : Math.min(amount, member.used());
            if (back == 0) {
                return 0L;
            }
            long refunded = asking.meter(feature, null).refundLast(back);
            if (member != null && refunded > 0) {
                member.refundLast(refunded);
            }
            return refunded;
        });
    }

    @Override
    public Refund refund(Feature.Metered feature, Receipt receipt) {
        String[] place = Objects.requireNonNull(receipt, "receipt").value().split("\\.", -1);
        int slot;
        long sequence;
        try {
            slot = Integer.parseInt(place[0]);
            sequence = Long.parseLong(place[1]);
            if (place.length != 3 || !receipt(feature, slot + "." + sequence).equals(receipt.value())) {
                throw new IllegalArgumentException(
                        "receipt \"" + receipt + "\" is not one of a consumption of " + feature.name());
            }
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
            throw new IllegalArgumentException("receipt must be one that a decision gave, was \"" + receipt + "\"", e);
        }
        Optional<UserId> consumer = consumption(
                        plg.stores().usage().entry(workspace, key(feature, null), slot, sequence), slot, sequence)
                .map(Entry::actor);
        // The share that it came from is the consumer's, whoever gives it back.
        return asHolder(consumer.orElse(actor), view -> view.refunded(feature, slot, sequence));
    }

    private Refund refunded(Feature.Metered feature, int slot, long sequence) {
        return refunding(feature, asking -> {
            List<Entry> entries = asking.stores.usage().entry(workspace, key(feature, null), slot, sequence);
            Entry consumption = consumption(entries, slot, sequence).orElse(null);
            if (consumption == null) {
                return 0L;
            }
            Meter meter = asking.meter(feature, null);
            long back = meter.refund(
                    consumption,
                    entries.stream().filter(entry -> entry != consumption).toList());
            Meter member = asking.member(feature);
            if (member != null
                    && back > 0
                    && Objects.equals(consumption.actor(), actor)
                    && Objects.equals(consumption.periodStart(), meter.periodStart())) {
                member.refundLast(back);
            }
            return back;
        });
    }

    private static Optional<Entry> consumption(List<Entry> entries, int slot, long sequence) {
        return entries.stream()
                .filter(entry -> entry.slot() == slot && entry.sequence() == sequence && entry.kind() == Kind.CONSUME)
                .findFirst();
    }

    /** As the member whose part something is, or as nobody while that member is being erased. */
    private <T> T asHolder(@Nullable UserId holder, Function<GatesView, T> work) {
        if (Objects.equals(holder, actor)) {
            return work.apply(this);
        }
        try {
            return work.apply(new GatesView(plg, workspace, holder));
        } catch (UserErased e) {
            return work.apply(this);
        }
    }

    private Refund refunding(Feature.Metered feature, Function<Asking, Long> refund) {
        PlanCatalog catalog = plg.catalog();
        if (!catalog.knows(feature)) {
            return new Refund(BigDecimal.ZERO, decisions(catalog).notFound(feature, 0));
        }
        var refunded = new long[1];
        GateDecision decision = changing(feature, (asking, meter) -> {
            refunded[0] = refund.apply(asking);
            return asking.check(feature, step(feature));
        });
        return new Refund(Ticks.decimal(feature, refunded[0]), decision);
    }

    @Override
    public LeasedQuota lease(Feature.Quota quota, long slice) {
        long size = Ticks.positive(quota, "slice", slice);
        if (actor != null) {
            throw new IllegalStateException("a slice of " + quota.name()
                    + " is leased for the workspace, not for a member; call lease" + " without by(…)");
        }
        if (plg.stores().inTransaction()) {
            throw new IllegalStateException("a slice is leased by transactions of its own; call lease outside of one");
        }
        PlanCatalog catalog = plg.catalog();
        if (!catalog.knows(quota)) {
            throw new UnknownFeature(
                    quota.name(), catalog.features().stream().map(Feature::name).toList());
        }
        PlgRuntime root = plg.root();
        return root.keep(new LeasedSlice(root, new GatesView(root, workspace, null), workspace, quota, size).begin());
    }

    /** Opens so much of a leased slice, as far as there is, and fills it up to its size. */
    Opening open(Feature.Quota feature, UUID slice, long amount, long size, Duration lease) {
        var opening = new Opening[1];
        changing(feature, (asking, meter) -> {
            long opened = meter.open(slice, amount, size, asking.leaseTime.plus(lease));
            opening[0] = new Opening(
                    opened,
                    Objects.requireNonNull(Objects.requireNonNull(meter.slice(slice)).periodStart),
                    Objects.requireNonNull(meter.periodEnd()));
            return asking.check(feature, step(feature));
        });
        return opening[0];
    }

    /** Ends a leased slice of which so much was opened in a period and not used. */
    void close(Feature.Quota feature, UUID slice, @Nullable Instant periodStart, long unused) {
        changing(feature, (asking, meter) -> {
            MeterState.Slice known = meter.slice(slice);
            if (known != null) {
                meter.close(known, Objects.equals(known.periodStart, periodStart) ? unused : 0);
            }
            return asking.check(feature, step(feature));
        });
    }

    /** What was opened of a slice, and in which period, for which alone it is good. */
    record Opening(long opened, Instant periodStart, Instant periodEnd) {}

    @Override
    public GateDecision set(Feature.Cap cap, long count) {
        return setTo(cap, Ticks.of(cap, "count", count));
    }

    @Override
    public GateDecision set(Feature.Cap cap, BigDecimal count) {
        return setTo(cap, Ticks.of(cap, "count", count));
    }

    private GateDecision setTo(Feature.Cap cap, long count) {
        PlanCatalog catalog = plg.catalog();
        if (!catalog.knows(cap)) {
            return decisions(catalog).notFound(cap, count);
        }
        return changing(cap, (asking, meter) -> {
            meter.set(count);
            return asking.check(cap, step(cap));
        });
    }

    // --- how it is done

    /** Does something with the meters of a feature, which are this transaction's then, and stores what became of them. */
    private GateDecision changing(Feature.Metered feature, BiFunction<Asking, Meter, GateDecision> change) {
        PlgStores stores = plg.stores();
        if (stores.inTransaction()) {
            return changing(stores, feature, change);
        }
        for (int left = RETRIES; ; left--) {
            try {
                return stores.transact(tx -> changing(tx, feature, change));
            } catch (StoreFailure e) {
                if (left == 0 || !plg.isConflict(e)) {
                    throw e;
                }
            }
        }
    }

    private GateDecision changing(
            PlgStores stores, Feature.Metered feature, BiFunction<Asking, Meter, GateDecision> change) {
        Asking asking = open(stores, locked(feature), true);
        Meter meter = asking.meter(feature, null);
        if (actor != null && meter.terms().memberLimit() != Ticks.UNLIMITED && !asking.has(feature, actor)) {
            asking = open(stores, keys(feature), true);
            meter = asking.meter(feature, null);
        }
        return changed(stores, asking, meter, feature, change);
    }

    private GateDecision changed(
            PlgStores stores,
            Asking asking,
            Meter meter,
            Feature.Metered feature,
            BiFunction<Asking, Meter, GateDecision> change) {
        boolean clear = meter.isClear();
        GateDecision decision = change.apply(asking, meter);
        List<GrowthEvent> events = asking.store(feature, clear && !meter.isClear());
        stores.afterCommit(() -> {
            plg.gateCache().saw(workspace, asking.facts);
            plg.gateCache().used(workspace, feature);
            if (clear && !meter.isClear()) {
                plg.gateCache().drop(workspace);
            }
            plg.publish(events);
        });
        return decision;
    }

    private WorkspaceFacts readFacts(WorkspaceId of) {
        return new WorkspaceFacts(plg.stores().usage().facts(of, plg.now()));
    }

    private MeterKey key(Feature.Metered feature, @Nullable UserId member) {
        return new MeterKey(feature.name(), feature.decimals(), member);
    }

    private List<MeterKey> keys(Feature.Metered feature) {
        return actor == null ? List.of(key(feature, null)) : List.of(key(feature, actor), key(feature, null));
    }

    /** What has to be locked, as far as can be told: the member's part only where members have a limit. */
    private List<MeterKey> locked(Feature.Metered feature) {
        WorkspaceFacts facts = actor == null ? null : plg.gateCache().seen(workspace);
        return facts != null && asking(facts, plg.catalog()).terms(feature).memberLimit() != Ticks.UNLIMITED
                ? keys(feature)
                : List.of(key(feature, null));
    }

    private Asking open(PlgStores stores, Feature.Metered feature, boolean lock) {
        return open(stores, keys(feature), lock);
    }

    private Asking open(PlgStores stores, List<MeterKey> keys, boolean lock) {
        Opened opened =
                stores.usage().open(workspace, actor, keys.stream().sorted().toList(), lock);
        return new Asking(
                stores, new WorkspaceFacts(opened.facts()), opened.meters(), plg.catalog(), opened.databaseTime());
    }

    private Asking asking(WorkspaceFacts facts, PlanCatalog catalog) {
        return new Asking(plg.stores(), facts, List.of(), catalog, null);
    }

    private Decisions decisions(PlanCatalog catalog) {
        return new Decisions(catalog, plg.gateMessages(), plg.now());
    }

    /** Were the workspace on a plan. */
    private static Standing on(Plan plan) {
        return new Standing(plan, Source.PLAN, Optional.empty());
    }

    /** What of a limit comes from grants. */
    private static long granted(Terms terms, long limit) {
        return limit == Ticks.UNLIMITED ? 0 : Math.max(0, limit - terms.limit());
    }

    /** The place of an entry, with a mark of the feature, so that it is not taken for one of another. */
    private static String receipt(Feature.Metered feature, String place) {
        return place + "." + Integer.toHexString(feature.name().hashCode());
    }

    private GateDecision guarded(Feature feature, long amount, boolean joins, Supplier<GateDecision> work) {
        try {
            return work.get();
        } catch (StoreUnreachable e) {
            if (joins) {
                throw e;
            }
            warn(e);
            return decisions(plg.catalog()).fallback(feature, amount);
        }
    }

    private void warn(StoreUnreachable e) {
        if (plg.warnsNow()) {
            LOG.warn("the store cannot be reached; gates answer what the catalog says for that case", e);
        }
    }

    /** What is known while one question is answered. */
    private final class Asking {
        final PlgStores stores;
        final WorkspaceFacts facts;
        final PlanCatalog catalog;
        final Instant now = plg.now();
        final Standing standing;
        final Decisions decisions;

        /** The time of whoever decides about leases. */
        final Instant leaseTime;

        private final List<UsageStore.Meter> stored;
        private final List<Optional<PlanVersion>> resolved = new ArrayList<>(1);
        private final Map<MeterKey, Meter> meters = new LinkedHashMap<>();

        Asking(
                PlgStores stores,
                WorkspaceFacts facts,
                List<UsageStore.Meter> stored,
                PlanCatalog catalog,
                @Nullable Instant databaseTime) {
            this.leaseTime = databaseTime == null ? now : databaseTime;
            this.stores = stores;
            this.facts = facts;
            this.stored = stored;
            this.catalog = catalog;
            this.decisions = new Decisions(catalog, plg.gateMessages(), now);
            this.standing = standing(now);
        }

        private Standing standing(Instant at) {
            if (plg.resolvesPlans() && resolved.isEmpty()) {
                resolved.add(plg.resolvePlan(workspace));
            }
            return facts.standing(
                    at, catalog, resolved.isEmpty() ? Optional.empty() : resolved.get(0), plg.resolvesPlans());
        }

        Terms terms(Feature.Metered feature) {
            return facts.terms(feature, now, catalog, standing);
        }

        GateDecision flag(Feature.Flag feature) {
            return decisions.flag(
                    feature,
                    facts.flag(feature, now, catalog, standing),
                    standing.plan(),
                    each -> facts.flag(feature, now, catalog, on(each)).on());
        }

        Meter meter(Feature.Metered feature, @Nullable UserId member) {
            return meters.computeIfAbsent(key(feature, member), key -> made(feature, member, this::standing));
        }

        /** As it would be on another plan. */
        Meter meter(Feature.Metered feature, @Nullable UserId member, Standing then) {
            return made(feature, member, at -> at.isBefore(now) ? standing(at) : then);
        }

        private Meter made(Feature.Metered feature, @Nullable UserId member, Function<Instant, Standing> plans) {
            List<GrantTerms> grants = member == null ? facts.grants(feature) : List.of();
            var conditions = new Meter.Conditions() {
                @Override
                public Terms at(Instant time) {
                    Terms terms = facts.terms(feature, time, catalog, plans.apply(time));
                    return member == null ? terms : terms.ofMember();
                }

                @Override
                public List<GrantTerms> grants() {
                    return grants;
                }
            };
            UsageStore.Meter found = stored.stream()
                    .filter(each -> each.key().feature().equals(feature.name())
                            && Objects.equals(each.key().member(), member))
                    .findFirst()
                    .orElseThrow();
            Meter meter = Meter.of(feature, conditions, found.state(), found.taken(), now);
            meter.endLeases(leaseTime);
            return meter;
        }

        /** The meter of the member who acts, if members have a limit. */
        @Nullable
        Meter member(Feature.Metered feature) {
            return actor == null || meter(feature, null).terms().memberLimit() == Ticks.UNLIMITED
                    ? null
                    : meter(feature, actor);
        }

        boolean has(Feature.Metered feature, UserId member) {
            return stored.stream()
                    .anyMatch(each -> each.key().feature().equals(feature.name())
                            && member.equals(each.key().member()));
        }

        private long memberLeft(Feature.Metered feature) {
            Meter member = member(feature);
            return member == null ? Ticks.UNLIMITED : member.remaining();
        }

        /** The answer if so much more is denied, else null. */
        @Nullable
        GateDecision refusal(Feature.Metered feature, long amount) {
            Meter meter = meter(feature, null);
            Reason reason = meter.ask(amount);
            if (reason.allows() && amount > memberLeft(feature)) {
                reason = Reason.MEMBER_LIMIT_REACHED;
            }
            return reason.allows() ? null : decision(meter, reason, amount);
        }

        GateDecision check(Feature.Metered feature, long amount) {
            GateDecision refused = refusal(feature, amount);
            Meter meter = meter(feature, null);
            return refused != null ? refused : decision(meter, meter.ask(amount), amount);
        }

        /** The answer before anything is done. */
        GateDecision decision(Meter meter, Reason reason, long amount) {
            Feature.Metered feature = meter.terms().feature();
            Meter member = member(feature);
            return decisions.metered(meter, member, reason, amount, standing.plan(), null, each -> {
                Meter then = meter(feature, null, on(each));
                boolean allowed = then.ask(amount).allows();
                return allowed
                        && (actor == null
                                || then.terms().memberLimit() == Ticks.UNLIMITED
                                || has(feature, actor)
                                        && meter(feature, actor, on(each))
                                                .ask(amount)
                                                .allows());
            });
        }

        /** The answer after it was done, which offers what would allow one more. */
        GateDecision done(Meter meter, Reason reason, long amount, @Nullable String place) {
            Feature.Metered feature = meter.terms().feature();
            return decisions.metered(
                    meter,
                    member(feature),
                    reason,
                    amount,
                    standing.plan(),
                    place == null ? null : receipt(feature, place),
                    each -> Decisions.allows(
                            facts.terms(feature, now, catalog, on(each)),
                            meter.used(),
                            meter.held(),
                            granted(meter.terms(), meter.limit()),
                            step(feature)));
        }

        /** Stores what became of the meters, if anything did; returns what to tell after the commit. */
        List<GrowthEvent> store(Feature.Metered feature, boolean noted) {
            var changes = new ArrayList<MeterChange>();
            var entries = new ArrayList<Entry>();
            var events = new ArrayList<GrowthEvent>();
            meters.forEach((key, meter) -> {
                boolean whole = key.member() == null;
                for (int threshold : whole && meter.changed() ? meter.crossed() : List.<Integer>of()) {
                    events.add(new GrowthEvent.ThresholdReached(
                            plg.newId(),
                            now,
                            workspace,
                            actor,
                            feature.name(),
                            threshold,
                            Ticks.decimal(feature, meter.used()),
                            Ticks.decimal(feature, meter.limit()),
                            meter.periodStart()));
                }
                Lane lane =
                        whole ? meter.lane(meter.terms().basis(), facts.version(), catalog.approachingPercent()) : null;
                changes.add(new MeterChange(
                        key, meter.state(), meter.used(), meter.held(), meter.asOf(), plg.slots(feature), lane));
                for (Meter.Draft draft : whole ? meter.drafts() : List.<Meter.Draft>of()) {
                    entries.add(new Entry(
                            key,
                            -1,
                            draft.sequence(),
                            draft.kind(),
                            draft.amount(),
                            draft.held(),
                            draft.parts(),
                            draft.kind() == Kind.EXPIRE ? null : actor,
                            draft.hold(),
                            draft.refersTo(),
                            draft.at(),
                            draft.periodStart()));
                }
            });
            stores.usage().store(workspace, new Changes(changes, entries, events, noted));
            return events;
        }
    }
}
