package io.plg.internal;

import io.plg.gate.Grant;
import io.plg.gate.Source;
import io.plg.gate.UsageStore.Fact;
import io.plg.gate.UsageStore.Facts;
import io.plg.internal.Terms.GrantTerms;
import io.plg.internal.Terms.Schedule;
import io.plg.plan.AddOn;
import io.plg.plan.Every;
import io.plg.plan.Feature;
import io.plg.plan.Limit;
import io.plg.plan.OverLimit;
import io.plg.plan.Plan;
import io.plg.plan.PlanCatalog;
import io.plg.plan.PlanVersion;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a workspace has, as it was said, and what follows from it at any time. */
final class WorkspaceFacts {
    static final String PLAN = "plan";
    static final String TRIAL = "trial";
    static final String PERIODS = "periods";
    static final String ADD_ON = "add_on";
    static final String OVERRIDE = "override";
    static final String GRANT = "grant";
    static final String UNLOCK = "unlock";

    private static final Comparator<Fact> BY_TIME = Comparator.comparing(Fact::effectiveAt)
            .thenComparing(Fact::statedAt)
            .thenComparing(Fact::id);
    private static final Comparator<Fact> BY_STATEMENT =
            Comparator.comparing(Fact::statedAt).thenComparing(Fact::id);

    private final long version;
    private final List<Fact> facts;
    private final Map<UUID, Map<String, Object>> bodies = new HashMap<>();
    private final Map<Feature, Worked> worked = new ConcurrentHashMap<>();

    WorkspaceFacts(Facts stored) {
        this.version = stored.version();
        this.facts = stored.facts().stream().sorted(BY_STATEMENT).toList();
        for (Fact fact : facts) {
            bodies.put(fact.id(), parse(fact.body()));
        }
    }

    long version() {
        return version;
    }

    List<Fact> all() {
        return facts;
    }

    private Map<String, Object> body(Fact fact) {
        return Objects.requireNonNull(bodies.get(fact.id()));
    }

    private static boolean holds(Fact fact, Instant at) {
        return !at.isBefore(fact.effectiveAt()) && (fact.endsAt() == null || at.isBefore(fact.endsAt()));
    }

    private Stream<Fact> of(String kind, Instant at) {
        return facts.stream().filter(fact -> fact.kind().equals(kind) && holds(fact, at));
    }

    /** The plan that is assigned at a time, whatever is being tried. */
    Plan assigned(Instant at, PlanCatalog catalog) {
        return of(PLAN, at)
                .max(BY_TIME)
                .map(fact -> planOf(body(fact)))
                .flatMap(plan -> catalog.plan(plan).or(() -> catalog.plan(plan.plan())))
                .orElse(catalog.defaultPlan());
    }

    /** Who the workspace is at a time: its plan, and why that one. */
    Standing standing(Instant at, PlanCatalog catalog, Optional<PlanVersion> resolved, boolean resolves) {
        Optional<PlanVersion> assigned =
                resolves ? resolved : of(PLAN, at).max(BY_TIME).map(fact -> planOf(body(fact)));
        Plan plan = catalog.defaultPlan();
        boolean unknown = false;
        if (assigned.isPresent()) {
            Optional<Plan> known = catalog.plan(assigned.get());
            unknown = known.isEmpty();
            plan = known.or(() -> catalog.plan(assigned.get().plan())).orElse(plan);
        }
        Optional<Plan> trial = of(TRIAL, at).max(BY_STATEMENT).flatMap(fact -> catalog.plan(planOf(body(fact))));
        if (trial.isPresent() && trial.get().rank() > plan.rank()) {
            return new Standing(trial.get(), Source.TRIAL, Optional.empty());
        }
        return new Standing(
                plan,
                unknown ? Source.FALLBACK : Source.PLAN,
                unknown ? assigned.map(PlanVersion::toString) : Optional.empty());
    }

    /** Until when what holds at a time holds, if nothing is said. */
    Instant until(Instant at) {
        Instant until = Instant.MAX;
        for (Fact fact : facts) {
            if (fact.effectiveAt().isAfter(at) && fact.effectiveAt().isBefore(until)) {
                until = fact.effectiveAt();
            }
            if (fact.endsAt() != null
                    && fact.endsAt().isAfter(at)
                    && fact.endsAt().isBefore(until)) {
                until = fact.endsAt();
            }
        }
        return until;
    }

    Schedule schedule(Instant at) {
        return of(PERIODS, at)
                .max(BY_TIME)
                .map(fact -> {
                    Map<String, Object> body = body(fact);
                    return new Schedule(
                            body.get("anchor") == null ? null : Instant.parse((String) body.get("anchor")),
                            ZoneId.of((String) Objects.requireNonNull(body.get("zone"))),
                            fact.effectiveAt());
                })
                .orElse(new Schedule(null, ZoneOffset.UTC, Instant.MIN));
    }

    /** What holds for a metered feature at a time. */
    Terms terms(Feature.Metered feature, Instant at, PlanCatalog catalog, Standing standing) {
        Source source = standing.source();
        Optional<Limit> limit = standing.plan().limit(feature);
        Optional<Fact> override = override(feature, at);
        long added = 0;
        if (override.isPresent()) {
            limit = Optional.of(limitOf(body(override.get())));
            source = Source.OVERRIDE;
        } else {
            for (Fact fact : of(ADD_ON, at).toList()) {
                Optional<AddOn> addOn = catalog.addOn(Objects.requireNonNull(fact.feature()));
                BigDecimal each =
                        addOn.map(known -> known.limits().get(feature)).orElse(null);
                if (each != null) {
                    long quantity = Long.parseLong(text(body(fact), "quantity"));
                    long one = floor(feature, each);
                    added = Ticks.plus(added, one > Ticks.MOST / quantity ? Ticks.MOST : one * quantity);
                    source = Source.ADD_ON;
                }
            }
        }
        Limit known = limit.orElse(Limit.of(0));
        return new Terms(
                feature,
                limit.isPresent() || added > 0,
                Ticks.plus(floor(feature, known.amount()), added),
                known.overLimit(),
                known.grace(),
                known.windows().stream()
                        .map(window -> new Terms.Window(window.every(), floor(feature, window.amount())))
                        .toList(),
                floor(feature, known.perMember()),
                known.thresholds(),
                known.preservesOverage(),
                source,
                standing.plan().id(),
                schedule(at),
                until(at));
    }

    /** Whether a flag is on at a time, and why. */
    FlagAnswer flag(Feature.Flag feature, Instant at, PlanCatalog catalog, Standing standing) {
        if (of(UNLOCK, at).anyMatch(fact -> feature.name().equals(fact.feature()))) {
            return new FlagAnswer(true, Source.GRANT);
        }
        Optional<Fact> override = override(feature, at);
        if (override.isPresent()) {
            return new FlagAnswer(Boolean.TRUE.equals(body(override.get()).get("on")), Source.OVERRIDE);
        }
        if (standing.plan().allows(feature)) {
            return new FlagAnswer(true, standing.source());
        }
        boolean added = of(ADD_ON, at)
                .map(fact -> catalog.addOn(Objects.requireNonNull(fact.feature())))
                .anyMatch(addOn -> addOn.isPresent() && addOn.get().flags().contains(feature));
        return new FlagAnswer(added, added ? Source.ADD_ON : standing.source());
    }

    /** In steps, rounded down: what was said may be finer than the feature is by now. */
    private static long floor(Feature.Metered feature, @Nullable BigDecimal amount) {
        return amount == null
                ? Ticks.UNLIMITED
                : Ticks.of(feature, "limit", amount.setScale(feature.decimals(), RoundingMode.DOWN));
    }

    private Optional<Fact> override(Feature feature, Instant at) {
        return of(OVERRIDE, at)
                .filter(fact -> feature.name().equals(fact.feature()))
                .filter(fact -> body(fact).containsKey("on") == feature instanceof Feature.Flag)
                .max(BY_STATEMENT);
    }

    /** All grants of a feature that were ever active or will be. */
    List<GrantTerms> grants(Feature.Metered feature) {
        var grants = new ArrayList<GrantTerms>();
        for (Fact fact : facts) {
            if (fact.kind().equals(GRANT)
                    && feature.name().equals(fact.feature())
                    && (fact.endsAt() == null || fact.endsAt().isAfter(fact.effectiveAt()))) {
                Map<String, Object> body = body(fact);
                grants.add(new GrantTerms(
                        fact.id().toString(),
                        floor(feature, new BigDecimal(text(body, "amount"))),
                        Integer.parseInt(text(body, "priority")),
                        fact.effectiveAt(),
                        fact.endsAt(),
                        fact.statedAt(),
                        Optional.ofNullable((String) body.get("every")).map(Every::parse),
                        body.containsKey("min") ? floor(feature, new BigDecimal(text(body, "min"))) : 0,
                        body.containsKey("max") ? floor(feature, new BigDecimal(text(body, "max"))) : Ticks.UNLIMITED,
                        body.containsKey("until") ? Instant.parse(text(body, "until")) : null));
            }
        }
        return grants;
    }

    /** What was worked out for a feature last, if it still holds, else worked out anew. */
    Worked worked(
            Feature.Metered feature,
            Instant now,
            PlanCatalog catalog,
            Optional<PlanVersion> resolved,
            boolean resolves) {
        Worked known = worked.get(feature);
        if (known != null
                && known.catalog == catalog
                && known.resolved.equals(resolved)
                && !now.isBefore(known.from)
                && now.isBefore(known.terms.until())) {
            return known;
        }
        Standing standing = standing(now, catalog, resolved, resolves);
        Terms terms = terms(feature, now, catalog, standing);
        var made = new Worked(catalog, resolved, now, standing, terms, terms.basis());
        worked.put(feature, made);
        return made;
    }

    // --- what is said, as JSON

    static String plan(PlanVersion plan) {
        return Json.write(ordered("plan", plan.plan(), "version", Integer.toString(plan.version())));
    }

    /** A plan that is tried because of rewards: by what they can be taken back. */
    static String trial(PlanVersion plan, List<String> rewards) {
        return Json.write(
                ordered("plan", plan.plan(), "version", Integer.toString(plan.version()), "rewards", rewards));
    }

    /** Because of which rewards a plan is tried; none if the host said so. */
    @SuppressWarnings("unchecked")
    List<String> rewards(Fact trial) {
        return (List<String>) body(trial).getOrDefault("rewards", List.of());
    }

    static String periods(@Nullable Instant anchor, ZoneId zone) {
        Map<String, Object> body = ordered("zone", zone.getId());
        if (anchor != null) {
            body.put("anchor", anchor.toString());
        }
        return Json.write(body);
    }

    static String addOn(int quantity) {
        return Json.write(ordered("quantity", Integer.toString(quantity)));
    }

    static String override(boolean on) {
        return Json.write(ordered("on", on));
    }

    static String override(Limit limit) {
        Map<String, Object> body = ordered("overLimit", limit.overLimit().name());
        if (limit.amount() != null) {
            body.put("amount", limit.amount().toPlainString());
        }
        body.put("grace", limit.grace().toString());
        body.put(
                "windows",
                limit.windows().stream()
                        .map(each -> List.of(
                                each.amount().toPlainString(), each.every().toString()))
                        .toList());
        if (limit.perMember() != null) {
            body.put("perMember", limit.perMember().toPlainString());
        }
        body.put("thresholds", limit.thresholds().stream().map(Object::toString).toList());
        body.put("preservesOverage", limit.preservesOverage());
        return Json.write(body);
    }

    @SuppressWarnings("unchecked")
    private static Limit limitOf(Map<String, Object> body) {
        return new Limit(
                body.get("amount") == null ? null : new BigDecimal(text(body, "amount")),
                OverLimit.valueOf(text(body, "overLimit")),
                Duration.parse(text(body, "grace")),
                ((List<List<String>>) Objects.requireNonNull(body.get("windows")))
                        .stream()
                                .map(each -> new Limit.Window(new BigDecimal(each.get(0)), Every.parse(each.get(1))))
                                .toList(),
                body.get("perMember") == null ? null : new BigDecimal(text(body, "perMember")),
                ((List<String>) Objects.requireNonNull(body.get("thresholds")))
                        .stream().map(Integer::valueOf).toList(),
                Boolean.TRUE.equals(body.get("preservesOverage")));
    }

    static String grant(Grant grant) {
        Map<String, Object> body =
                ordered("amount", grant.amount().toPlainString(), "priority", Integer.toString(grant.priority()));
        grant.recurrence().ifPresent(every -> body.put("every", every.toString()));
        grant.minRollover().ifPresent(min -> body.put("min", min.toPlainString()));
        grant.maxRollover().ifPresent(max -> body.put("max", max.toPlainString()));
        grant.expiresAt().ifPresent(until -> body.put("until", until.toString()));
        if (!grant.note().isEmpty()) {
            body.put("note", grant.note());
        }
        return Json.write(body);
    }

    static String unlock() {
        return "{}";
    }

    /** What a fact says, for people. */
    String describe(Fact fact) {
        Map<String, Object> body = body(fact);
        return switch (fact.kind()) {
            case PLAN -> "on plan " + planOf(body);
            case TRIAL -> "trying plan " + planOf(body);
            case PERIODS ->
                body.get("anchor") == null
                        ? "periods of the calendar in " + body.get("zone")
                        : "periods from " + body.get("anchor") + " in " + body.get("zone");
            case ADD_ON -> body.get("quantity") + " x add-on " + fact.feature();
            case OVERRIDE ->
                "override of " + fact.feature() + ": "
                        + (body.containsKey("on")
                                ? Boolean.TRUE.equals(body.get("on")) ? "on" : "off"
                                : body.get("amount") == null ? "unlimited" : body.get("amount"));
            case GRANT ->
                "grant of " + body.get("amount") + " " + fact.feature() + ", priority " + body.get("priority")
                        + (body.containsKey("note") ? ": " + body.get("note") : "");
            case UNLOCK -> "unlock of " + fact.feature();
            default -> fact.kind() + " " + fact.feature();
        };
    }

    /** The plan that a fact names. */
    PlanVersion namedPlan(Fact fact) {
        return planOf(body(fact));
    }

    private static PlanVersion planOf(Map<String, Object> body) {
        return new PlanVersion(text(body, "plan"), Integer.parseInt(text(body, "version")));
    }

    private static String text(Map<String, Object> body, String member) {
        return (String) Objects.requireNonNull(body.get(member), member);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> parse(String body) {
        return (Map<String, Object>) Objects.requireNonNull(Json.readAny(body));
    }

    private static Map<String, Object> ordered(Object... namesAndValues) {
        var map = new LinkedHashMap<String, Object>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            map.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return map;
    }

    /**
     * Who a workspace is.
     *
     * @param plan the plan that holds
     * @param source why: PLAN, TRIAL or FALLBACK
     * @param unknown the plan that was assigned and is not in the catalog
     */
    record Standing(Plan plan, Source source, Optional<String> unknown) {}

    /** What was worked out for a feature at some time. */
    record Worked(
            PlanCatalog catalog,
            Optional<PlanVersion> resolved,
            Instant from,
            Standing standing,
            Terms terms,
            long basis) {}

    /** Whether a flag is on, and why. */
    record FlagAnswer(boolean on, Source source) {}
}
