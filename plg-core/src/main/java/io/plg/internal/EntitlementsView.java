package io.plg.internal;

import io.plg.PlgStores;
import io.plg.StoreFailure;
import io.plg.WorkspaceId;
import io.plg.gate.Entitlements;
import io.plg.gate.Grant;
import io.plg.gate.UnknownFeature;
import io.plg.gate.UnknownPlan;
import io.plg.gate.UsageStore;
import io.plg.plan.AddOn;
import io.plg.plan.Feature;
import io.plg.plan.Limit;
import io.plg.plan.Plan;
import io.plg.plan.PlanVersion;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** What one workspace has. */
final class EntitlementsView implements Entitlements {
    private static final Duration LONGEST_TRIAL = Duration.ofDays(366);
    private static final Duration LONGEST_UNLOCK = Duration.ofDays(36_600);
    private static final Duration FARTHEST_ANCHOR = Duration.ofDays(366);
    private static final Instant FIRST_ANCHOR = Instant.parse("0001-01-01T00:00:00Z");
    private static final Instant LAST = Instant.parse("9999-12-31T00:00:00Z");
    private static final Duration SHOWN_AFTER_END = Duration.ofDays(90);
    private static final int MOST_ADD_ONS = 1_000_000;

    private final PlgRuntime plg;
    private final WorkspaceId workspace;

    EntitlementsView(PlgRuntime plg, WorkspaceId workspace) {
        this.plg = plg;
        this.workspace = workspace;
    }

    @Override
    public PlanVersion plan() {
        Instant now = plg.now();
        return facts(plg.stores(), now)
                .standing(
                        now,
                        plg.catalog(),
                        plg.resolvesPlans() ? plg.resolvePlan(workspace) : Optional.empty(),
                        plg.resolvesPlans())
                .plan()
                .id();
    }

    @Override
    public void assignPlan(String plan) {
        assign(PlanVersion.latestOf(plan), null);
    }

    @Override
    public void assignPlan(PlanVersion plan) {
        assign(Objects.requireNonNull(plan, "plan"), null);
    }

    @Override
    public void assignPlan(PlanVersion plan, Instant from) {
        assign(Objects.requireNonNull(plan, "plan"), Objects.requireNonNull(from, "from"));
    }

    private void assign(PlanVersion plan, @Nullable Instant from) {
        if (plg.resolvesPlans()) {
            throw new IllegalStateException("plans come from the host's PlanResolver; change the plan of workspace "
                    + workspace + " there, not with assignPlan");
        }
        Plan to = known(plan);
        change((facts, now) -> {
            Instant at = from == null || !from.isAfter(now) ? now : from.truncatedTo(ChronoUnit.MICROS);
            checkTime("from", at);
            boolean fromNowOn = !at.isAfter(now);
            Plan before = facts.assigned(now, plg.catalog());
            // What was planned for later is off; what holds from now on takes the place of what did, and ends a trial.
            List<UUID> ended = facts.all().stream()
                    .filter(fact -> fact.endsAt() == null || fact.endsAt().isAfter(now))
                    .filter(fact -> fact.kind().equals(WorkspaceFacts.PLAN)
                                    && (fromNowOn || fact.effectiveAt().isAfter(now))
                            || fact.kind().equals(WorkspaceFacts.TRIAL) && fromNowOn)
                    .map(UsageStore.Fact::id)
                    .toList();
            return new Change(
                    List.of(fact(WorkspaceFacts.PLAN, null, at, null, now, WorkspaceFacts.plan(to.id()))),
                    ended,
                    fromNowOn && to.rank() > before.rank());
        });
    }

    private Plan known(PlanVersion plan) {
        return plg.catalog()
                .plan(plan)
                .orElseThrow(() -> new UnknownPlan(
                        plan.toString(),
                        plg.catalog().plans().stream()
                                .map(each -> each.id().toString())
                                .toList()));
    }

    @Override
    public void startTrial(String plan) {
        Plan tried = known(PlanVersion.latestOf(plan));
        startTrial(
                plan,
                tried.trial()
                        .orElseThrow(
                                () -> new IllegalArgumentException(
                                        "plan \"" + plan
                                                + "\" does not say how long it may be tried; say so with trial(…) in the catalog, or start the trial with a length")));
    }

    @Override
    public void startTrial(String plan, Duration length) {
        PlanVersion id = known(PlanVersion.latestOf(plan)).id();
        if (length.isNegative() || length.isZero() || length.compareTo(LONGEST_TRIAL) > 0) {
            throw new IllegalArgumentException(
                    "the length of a trial must be positive and at most " + LONGEST_TRIAL + ", was " + length);
        }
        change((facts, now) -> new Change(
                List.of(fact(WorkspaceFacts.TRIAL, null, now, now.plus(length), now, WorkspaceFacts.plan(id))),
                trials(facts, now)));
    }

    @Override
    public void endTrial() {
        change((facts, now) -> new Change(List.of(), trials(facts, now)));
    }

    private static List<UUID> trials(WorkspaceFacts facts, Instant now) {
        return facts.all().stream()
                .filter(fact -> fact.kind().equals(WorkspaceFacts.TRIAL))
                .filter(fact -> fact.endsAt() == null || fact.endsAt().isAfter(now))
                .map(UsageStore.Fact::id)
                .toList();
    }

    @Override
    public void periodsFrom(Instant anchor, ZoneId zone) {
        Objects.requireNonNull(zone, "zone");
        Instant latest = plg.now().plus(FARTHEST_ANCHOR);
        if (anchor.isAfter(latest) || anchor.isBefore(FIRST_ANCHOR)) {
            throw new IllegalArgumentException("anchor must be between " + FIRST_ANCHOR + " and one year from now, "
                    + latest + ", was " + anchor + "; is it in milliseconds instead of seconds?");
        }
        periods(anchor.truncatedTo(ChronoUnit.MICROS), zone);
    }

    @Override
    public void calendarPeriods(ZoneId zone) {
        periods(null, Objects.requireNonNull(zone, "zone"));
    }

    private void periods(@Nullable Instant anchor, ZoneId zone) {
        change((facts, now) -> new Change(
                List.of(fact(WorkspaceFacts.PERIODS, null, now, null, now, WorkspaceFacts.periods(anchor, zone))),
                facts.all().stream()
                        .filter(fact -> fact.kind().equals(WorkspaceFacts.PERIODS))
                        .map(UsageStore.Fact::id)
                        .toList()));
    }

    @Override
    public UUID addOn(String addOn, int quantity) {
        if (plg.catalog().addOn(Objects.requireNonNull(addOn, "addOn")).isEmpty()) {
            throw new UnknownFeature(
                    addOn, plg.catalog().addOns().stream().map(AddOn::name).toList());
        }
        if (quantity < 1 || quantity > MOST_ADD_ONS) {
            throw new IllegalArgumentException(
                    "quantity of add-on \"" + addOn + "\" must be 1 to " + MOST_ADD_ONS + ", was " + quantity);
        }
        return given(WorkspaceFacts.ADD_ON, addOn, null, null, WorkspaceFacts.addOn(quantity));
    }

    @Override
    public UUID override(Feature.Metered feature, Limit limit) {
        checkKnown(feature);
        Ticks.limit(feature, limit.amount());
        Ticks.limit(feature, limit.perMember());
        for (Limit.Window window : limit.windows()) {
            Ticks.limit(feature, window.amount());
        }
        return given(WorkspaceFacts.OVERRIDE, feature.name(), null, null, WorkspaceFacts.override(limit));
    }

    @Override
    public UUID override(Feature.Flag feature, boolean on) {
        checkKnown(feature);
        return given(WorkspaceFacts.OVERRIDE, feature.name(), null, null, WorkspaceFacts.override(on));
    }

    @Override
    public UUID grant(Grant grant) {
        checkKnown(grant.feature());
        Ticks.positive(grant.feature(), "grant", grant.amount());
        grant.minRollover().ifPresent(min -> Ticks.of(grant.feature(), "minRollover", min));
        grant.maxRollover().ifPresent(max -> Ticks.of(grant.feature(), "maxRollover", max));
        Instant from =
                grant.effectiveAt().map(at -> at.truncatedTo(ChronoUnit.MICROS)).orElse(null);
        Instant until =
                grant.expiresAt().map(at -> at.truncatedTo(ChronoUnit.MICROS)).orElse(null);
        return given(WorkspaceFacts.GRANT, grant.feature().name(), from, until, WorkspaceFacts.grant(grant));
    }

    @Override
    public UUID unlock(Feature.Flag feature, Duration length) {
        checkKnown(feature);
        if (length.isNegative() || length.isZero() || length.compareTo(LONGEST_UNLOCK) > 0) {
            throw new IllegalArgumentException(
                    "the length of an unlock must be positive and at most " + LONGEST_UNLOCK + ", was " + length);
        }
        return given(
                WorkspaceFacts.UNLOCK,
                feature.name(),
                null,
                plg.now().plus(length).truncatedTo(ChronoUnit.MICROS),
                WorkspaceFacts.unlock());
    }

    private void checkKnown(Feature feature) {
        if (!plg.catalog().knows(feature)) {
            throw new UnknownFeature(
                    feature.name(),
                    plg.catalog().features().stream().map(Feature::name).toList());
        }
    }

    private static void checkTime(String what, Instant time) {
        if (time.isBefore(FIRST_ANCHOR) || time.isAfter(LAST)) {
            throw new IllegalArgumentException(
                    what + " must be between " + FIRST_ANCHOR + " and " + LAST + ", was " + time);
        }
    }

    /** As {@link #grant}, under an id that is known before. */
    void grant(UUID id, Grant grant) {
        checkKnown(grant.feature());
        Ticks.positive(grant.feature(), "grant", grant.amount());
        given(
                id,
                WorkspaceFacts.GRANT,
                grant.feature().name(),
                null,
                grant.expiresAt().orElse(null),
                WorkspaceFacts.grant(grant));
    }

    /** As {@link #unlock}, under an id that is known before. */
    void unlock(UUID id, Feature.Flag feature, Duration length) {
        checkKnown(feature);
        given(id, WorkspaceFacts.UNLOCK, feature.name(), null, plg.now().plus(length), WorkspaceFacts.unlock());
    }

    /**
     * Lets the workspace try a plan for some days more. Without a plan, it is the one that is being tried, else the one that ranks next to what the workspace has.
     *
     * @throws UnknownPlan if the catalog has no such plan
     */
    void addTrialDays(UUID id, Optional<String> plan, int days) {
        Optional<Plan> told = plan.map(name -> known(PlanVersion.latestOf(name)));
        oneAtATime();
        change((facts, now) -> {
            Optional<UsageStore.Fact> running = runningTrial(facts, now);
            Optional<Plan> tried = running.flatMap(fact -> plg.catalog().plan(facts.namedPlan(fact)));
            Plan to = told.filter(
                            each -> tried.isEmpty() || each.rank() > tried.get().rank())
                    .or(() -> tried)
                    .orElseGet(() -> nextAbove(facts, now));
            Instant end = running.map(UsageStore.Fact::endsAt).orElse(now);
            var rewards = new ArrayList<String>(running.map(facts::rewards).orElse(List.of()));
            rewards.add(id.toString());
            boolean goesOn = tried.isPresent() && tried.get().id().equals(to.id());
            Instant until = goesOn ? end.plus(Duration.ofDays(days)) : later(end, now.plus(Duration.ofDays(days)));
            return new Change(
                    List.of(new UsageStore.Fact(
                            id,
                            WorkspaceFacts.TRIAL,
                            null,
                            now,
                            until,
                            now,
                            0,
                            WorkspaceFacts.trial(to.id(), rewards))),
                    trials(facts, now));
        });
    }

    /** Takes days that {@link #addTrialDays} gave off the trial that is running, if they are a part of it. */
    void takeTrialDays(UUID id, int days) {
        oneAtATime();
        change((facts, now) -> runningTrial(facts, now)
                .filter(fact -> facts.rewards(fact).contains(id.toString()))
                .map(fact -> {
                    Instant until = Objects.requireNonNull(fact.endsAt()).minus(Duration.ofDays(days));
                    return new Change(
                            until.isAfter(now)
                                    ? List.of(new UsageStore.Fact(
                                            plg.newId(), WorkspaceFacts.TRIAL, null, now, until, now, 0, fact.body()))
                                    : List.of(),
                            trials(facts, now));
                })
                .orElseGet(() -> new Change(List.of(), List.of())));
    }

    /** Others who change what the workspace has wait for this transaction, so that none of two changes of a trial is lost. */
    private void oneAtATime() {
        plg.stores().usage().change(workspace, List.of(), List.of(), plg.now());
    }

    private static Optional<UsageStore.Fact> runningTrial(WorkspaceFacts facts, Instant now) {
        return facts.all().stream()
                .filter(fact -> fact.kind().equals(WorkspaceFacts.TRIAL))
                .filter(fact -> fact.endsAt() != null && fact.endsAt().isAfter(now))
                .max(Comparator.comparingLong(UsageStore.Fact::version));
    }

    private Plan nextAbove(WorkspaceFacts facts, Instant now) {
        Plan own = facts.standing(
                        now,
                        plg.catalog(),
                        plg.resolvesPlans() ? plg.resolvePlan(workspace) : Optional.empty(),
                        plg.resolvesPlans())
                .plan();
        return plg.catalog().plans().stream()
                .filter(each -> each.rank() > own.rank())
                .min(Comparator.comparingInt(Plan::rank))
                .orElse(own);
    }

    private static Instant later(Instant one, Instant other) {
        return one.isAfter(other) ? one : other;
    }

    private UUID given(String kind, String feature, @Nullable Instant from, @Nullable Instant until, String body) {
        return given(plg.newId(), kind, feature, from, until, body);
    }

    private UUID given(
            UUID id, String kind, String feature, @Nullable Instant from, @Nullable Instant until, String body) {
        change((facts, now) -> {
            Instant at = from == null ? now : from;
            checkTime("effectiveAt", at);
            if (until != null) {
                checkTime("expiresAt", until);
                if (!until.isAfter(now)) {
                    throw new IllegalArgumentException("a " + kind + " of \"" + feature
                            + "\" must end in the future, was to end at " + until + ", and now is " + now);
                }
            }
            return new Change(List.of(new UsageStore.Fact(id, kind, feature, at, until, now, 0, body)), List.of());
        });
        return id;
    }

    @Override
    public boolean end(UUID id) {
        Objects.requireNonNull(id, "id");
        return change((facts, now) -> new Change(
                        List.of(),
                        facts.all().stream()
                                .filter(fact -> fact.id().equals(id))
                                .filter(fact -> !fact.kind().equals(WorkspaceFacts.PLAN)
                                        && !fact.kind().equals(WorkspaceFacts.PERIODS))
                                .filter(fact ->
                                        fact.endsAt() == null || fact.endsAt().isAfter(now))
                                .map(UsageStore.Fact::id)
                                .toList()))
                > 0;
    }

    @Override
    public List<Fact> facts() {
        WorkspaceFacts facts = facts(plg.stores(), plg.now().minus(SHOWN_AFTER_END));
        return facts.all().stream()
                .map(fact -> new Fact(
                        fact.id(),
                        fact.kind(),
                        facts.describe(fact),
                        fact.effectiveAt(),
                        Optional.ofNullable(fact.endsAt()),
                        fact.statedAt()))
                .toList();
    }

    private UsageStore.Fact fact(
            String kind, @Nullable String feature, Instant from, @Nullable Instant until, Instant now, String body) {
        return new UsageStore.Fact(plg.newId(), kind, feature, from, until, now, 0, body);
    }

    private WorkspaceFacts facts(PlgStores stores, Instant endedAfter) {
        return new WorkspaceFacts(stores.usage().facts(workspace, endedAfter));
    }

    /** Says something; returns how much of what was to end has ended by it. */
    private int change(BiFunction<WorkspaceFacts, Instant, Change> what) {
        PlgStores stores = plg.stores();
        if (stores.inTransaction()) {
            return change(stores, what);
        }
        for (int left = 5; ; left--) {
            try {
                return stores.transact(tx -> change(tx, what));
            } catch (StoreFailure e) {
                if (left == 0 || !plg.isConflict(e)) {
                    throw e;
                }
            }
        }
    }

    private int change(PlgStores stores, BiFunction<WorkspaceFacts, Instant, Change> what) {
        Instant now = plg.now();
        Change change = what.apply(facts(stores, now), now);
        if (change.added().isEmpty() && change.ended().isEmpty()) {
            return 0;
        }
        int ended = stores.usage().change(workspace, new ArrayList<>(change.added()), change.ended(), now);
        if (change.upgrades()) {
            stores.prompts().markUpgraded(workspace, plg.promptPolicy().attributedSince(now), now);
        }
        stores.afterCommit(() -> plg.gateCache().forget(workspace));
        return ended;
    }

    /** What is said, what ends by it, and whether it is an upgrade that holds at once. */
    private record Change(List<UsageStore.Fact> added, List<UUID> ended, boolean upgrades) {

        Change(List<UsageStore.Fact> added, List<UUID> ended) {
            this(added, ended, false);
        }
    }
}
