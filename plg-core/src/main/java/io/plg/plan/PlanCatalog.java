package io.plg.plan;

import io.plg.PlgException;
import io.plg.internal.Text;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Currency;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * What a product sells: its plans in order of rank, what can be added to them, and every feature in which they differ. Immutable.
 *
 * <pre>{@code
 * static final PlanCatalog PLANS = PlanCatalog.builder()                     // in order of rank
 *         .plan("free",    p -> p.limit(PROJECTS, 3).limit(EXPORTS, 5))
 *         .plan("starter", p -> p.price(19, "USD").limit(PROJECTS, 10).limit(EXPORTS, 50))
 *         .plan("growth",  p -> p.price(99, "USD").unlimited(PROJECTS).unlimited(EXPORTS).allow(API_ACCESS))
 *         .defaultPlan("free")
 *         .build();
 * }</pre>
 *
 * <p>A plan may have several versions: the latest is for those who come now, and who is on an older one keeps it. The catalog can be written in
 * JSON or YAML instead, see {@link #fromJson(String)}.
 */
public final class PlanCatalog {
    private static final int DEFAULT_APPROACHING = 80;
    private static final JsonFactory JSON = new JsonFactory();
    private static final Comparator<Plan> BY_RANK = Comparator.comparingInt(Plan::rank);

    private final Map<String, Feature> features;
    private final Map<String, TreeMap<Integer, Plan>> versions;
    private final Map<String, AddOn> addOns;
    private final Map<Feature, Fallback> fallbacks;
    private final List<Plan> latest;
    private final Plan defaultPlan;
    private final int approachingPercent;

    private PlanCatalog(Builder from, Plan defaultPlan) {
        this.features = new LinkedHashMap<>(from.features);
        this.versions = new LinkedHashMap<>();
        from.versions.forEach((name, all) -> this.versions.put(name, new TreeMap<>(all)));
        this.addOns = new LinkedHashMap<>(from.addOns);
        this.fallbacks = new LinkedHashMap<>(from.fallbacks);
        this.fallbacks.values().removeIf(each -> each == Fallback.CLOSED);
        this.latest = latest(versions.values());
        this.defaultPlan = defaultPlan;
        this.approachingPercent = from.approachingPercent;
    }

    /**
     * Starts describing a catalog.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Returns every feature, those of no plan included.
     *
     * @return the features as they were mentioned; cannot be modified
     */
    public List<Feature> features() {
        return List.copyOf(features.values());
    }

    /**
     * Returns the feature of a name.
     *
     * @param name the name
     * @return the feature, or empty if there is none
     */
    public Optional<Feature> feature(String name) {
        return Optional.ofNullable(features.get(name));
    }

    /**
     * Tells whether a feature is one of this catalog.
     *
     * @param feature the feature
     * @return {@code true} if an equal one is: same kind, name, period and decimals
     */
    public boolean knows(Feature feature) {
        return feature.equals(features.get(feature.name()));
    }

    /**
     * Returns the plans, each in its latest version.
     *
     * @return at least one plan, in order of rank; cannot be modified
     */
    public List<Plan> plans() {
        return latest;
    }

    /**
     * Returns the latest version of a plan.
     *
     * @param name the name of the plan
     * @return the plan, or empty if there is none
     */
    public Optional<Plan> plan(String name) {
        TreeMap<Integer, Plan> all = versions.get(name);
        return all == null ? Optional.empty() : Optional.of(all.lastEntry().getValue());
    }

    /**
     * Returns a version of a plan.
     *
     * @param version which; its latest version if it names none
     * @return the plan, or empty if there is no such plan or version
     */
    public Optional<Plan> plan(PlanVersion version) {
        if (version.version() == 0) {
            return plan(version.plan());
        }
        TreeMap<Integer, Plan> all = versions.get(version.plan());
        return all == null ? Optional.empty() : Optional.ofNullable(all.get(version.version()));
    }

    /**
     * Reads a catalog from JSON:
     *
     * <pre>{@code
     * {"features": {"projects":   {"kind": "cap"},
     *               "exports":    {"kind": "quota", "every": "month"},
     *               "storage_gb": {"kind": "cap", "decimals": 3},
     *               "api_access": {"kind": "flag"}},
     *  "plans": [
     *    {"name": "free", "features": {"projects": 3, "storage_gb": "1.5"}},
     *    {"name": "starter", "version": 2, "price": {"amount": "19.00", "currency": "USD"}, "trial": "P14D", "upgradesTo": ["growth"],
     *     "features": {"projects": 10, "storage_gb": 20,
     *                  "exports": {"limit": 300, "overLimit": "grace", "grace": "P3D", "windows": [{"limit": 50, "every": "day"}],
     *                              "perMember": 10, "thresholds": [50, 80, 100], "preservesOverage": true}}},
     *    {"name": "growth", "features": {"projects": "unlimited", "exports": "unlimited", "api_access": true}}],
     *  "addOns": [{"name": "extra_exports", "price": {"amount": 5, "currency": "USD"}, "features": {"exports": 100}}],
     *  "defaultPlan": "free", "approachingFrom": 80, "whenUnreachable": {"exports": "open"}}
     * }</pre>
     *
     * <p>Features and plans are needed, everything else has the default that it has in the builder; a version that is not there is 1. Plans stand in
     * order of rank. Amounts are exact: whole ones are numbers, those with decimals are text. A number with a fraction or an exponent is refused, since
     * programs that JSON passes through read it as floating point.
     *
     * @param json the text
     * @return the catalog
     * @throws InvalidPlanCatalog if it is not JSON, something is missing, unknown, there twice or of the wrong type, or a rule of the builder does
     *     not hold; it has every problem with its path
     */
    public static PlanCatalog fromJson(String json) {
        Objects.requireNonNull(json, "json");
        var problems = new ArrayList<InvalidPlanCatalog.Problem>();
        Object document =
                Document.read("JSON", JSON.createParser(ObjectReadContext.empty(), json), parser -> false, problems);
        return PlanReader.read(document, problems);
    }

    /**
     * Reads a catalog from YAML: the same members as in JSON, and the same paths of problems. Amounts with decimals are in quotes here too.
     * References to an anchor are refused.
     *
     * <p>It needs {@code tools.jackson.dataformat:jackson-dataformat-yaml}, which is an optional dependency of this library.
     *
     * @param yaml the text, one document
     * @return the catalog
     * @throws InvalidPlanCatalog if it is not YAML, something is missing, unknown, there twice or of the wrong type, or a rule of the builder does
     *     not hold; it has every problem with its path
     * @throws PlgException if the dependency is not there
     */
    public static PlanCatalog fromYaml(String yaml) {
        Objects.requireNonNull(yaml, "yaml");
        var problems = new ArrayList<InvalidPlanCatalog.Problem>();
        return PlanReader.read(readYaml(yaml, problems), problems);
    }

    private static Object readYaml(String yaml, List<InvalidPlanCatalog.Problem> problems) {
        try {
            return Document.read("YAML", Yaml.parser(yaml), Yaml::isAlias, problems);
        } catch (NoClassDefFoundError e) {
            throw new PlgException(
                    "plans in YAML need tools.jackson.dataformat:jackson-dataformat-yaml, which could not be loaded; add it to the"
                            + " dependencies (and --add-modules tools.jackson.dataformat.yaml if it is on the module path), or write the"
                            + " plans in JSON",
                    e);
        }
    }

    /**
     * Writes the catalog as JSON.
     *
     * @return one line, from which {@link #fromJson(String)} reads an equal catalog
     */
    public String toJson() {
        return PlanWriter.write(this);
    }

    /** Every version of every plan, by rank and version. */
    List<Plan> allVersions() {
        return versions.values().stream().flatMap(all -> all.values().stream()).toList();
    }

    /**
     * Returns the add-on of a name.
     *
     * @param name the name
     * @return the add-on, or empty if there is none
     */
    public Optional<AddOn> addOn(String name) {
        return Optional.ofNullable(addOns.get(name));
    }

    /**
     * Returns the add-ons.
     *
     * @return the add-ons as they were described; cannot be modified
     */
    public List<AddOn> addOns() {
        return List.copyOf(addOns.values());
    }

    /**
     * Returns the plan of who has none, in its latest version.
     *
     * @return the plan
     */
    public Plan defaultPlan() {
        return defaultPlan;
    }

    /**
     * Returns from which part of a limit on a gate says that it is coming close.
     *
     * @return percent of the limit, 1 to 100
     */
    public int approachingPercent() {
        return approachingPercent;
    }

    /**
     * Returns what a gate answers about a feature when the store cannot be reached.
     *
     * @param feature which
     * @return {@link Fallback#CLOSED} unless it was said otherwise
     */
    public Fallback fallback(Feature feature) {
        return fallbacks.getOrDefault(feature, Fallback.CLOSED);
    }

    /**
     * Returns the cheapest plan that may be offered to who is on a plan.
     *
     * <p>It looks at the latest versions: those that {@link Plan#upgradesTo()} names, whatever their rank, or without that those of a higher rank; never
     * at another version of the same plan. The cheapest is that of the lowest price in the currency of the plan to upgrade from (if that has no price,
     * in the currency of the first plan that has one). A plan without a price costs nothing if every plan with a price ranks above it. Otherwise its
     * price is a matter of negotiation, and it comes after those with a price; prices in another currency, which cannot be compared, stand between
     * the two. Of equals the one of the lower rank is returned.
     *
     * @param from the plan to upgrade from
     * @param allows what the plan must fulfil
     * @return the plan, or empty if no plan may be offered that fulfils it
     */
    public Optional<Plan> cheapestUpgrade(Plan from, Predicate<Plan> allows) {
        int rank = plan(from.name()).map(Plan::rank).orElse(from.rank());
        Predicate<Plan> offered = from.upgradesTo()
                .<Predicate<Plan>>map(names -> each -> names.contains(each.name()))
                .orElse(each -> each.rank() > rank);
        Optional<Plan> firstWithPrice =
                latest.stream().filter(each -> each.price().isPresent()).findFirst();
        @Nullable
        Currency currency = from.price()
                .or(() -> firstWithPrice.flatMap(Plan::price))
                .map(Price::currency)
                .orElse(null);
        int priced = firstWithPrice.map(Plan::rank).orElse(Integer.MAX_VALUE);
        return latest.stream()
                .filter(each -> !each.name().equals(from.name()))
                .filter(offered)
                .filter(allows)
                .min(Comparator.<Plan>comparingInt(each -> comparability(each, currency, priced))
                        .thenComparingLong(each -> comparability(each, currency, priced) == 0
                                ? each.price().map(Price::minorUnits).orElse(0L)
                                : 0)
                        .thenComparing(BY_RANK));
    }

    /** 0 if its price can be compared, 1 if that is in another currency, 2 if it is a matter of negotiation. */
    private static int comparability(Plan plan, @Nullable Currency currency, int firstPricedRank) {
        return plan.price()
                .map(price -> price.currency().equals(currency) ? 0 : 1)
                .orElse(plan.rank() < firstPricedRank ? 0 : 2);
    }

    /** Two catalogs are equal if all their features, plans, versions, add-ons and settings are, and the plans are in the same order. */
    @Override
    public boolean equals(@Nullable Object other) {
        return this == other
                || other instanceof PlanCatalog that
                        && features.equals(that.features)
                        && versions.equals(that.versions)
                        && addOns.equals(that.addOns)
                        && fallbacks.equals(that.fallbacks)
                        && defaultPlan.equals(that.defaultPlan)
                        && approachingPercent == that.approachingPercent;
    }

    @Override
    public int hashCode() {
        return Objects.hash(features, versions, addOns, fallbacks, defaultPlan, approachingPercent);
    }

    /**
     * Returns the plans with all their versions.
     *
     * @return for example {@code free@1, free@2, starter@1}
     */
    @Override
    public String toString() {
        return String.join(", ", allVersions().stream().map(Plan::toString).toList());
    }

    private static List<Plan> latest(Collection<TreeMap<Integer, Plan>> versions) {
        return versions.stream().map(all -> all.lastEntry().getValue()).toList();
    }

    /**
     * Looks for a circle among the latest versions; an older one is no way back, since nobody can be moved to it by an upgrade.
     *
     * @param upgrades for each plan which it upgrades to
     * @return the first circle, its first plan at the end again; empty if there is none
     */
    static List<String> circle(Map<String, List<String>> upgrades) {
        var harmless = new HashSet<String>();
        for (String plan : upgrades.keySet()) {
            List<String> found = circle(plan, upgrades, new ArrayList<>(), harmless);
            if (!found.isEmpty()) {
                return found;
            }
        }
        return List.of();
    }

    private static List<String> circle(
            String plan, Map<String, List<String>> upgrades, List<String> path, Set<String> harmless) {
        int before = path.indexOf(plan);
        path.add(plan);
        if (before >= 0) {
            return List.copyOf(path.subList(before, path.size()));
        }
        if (!harmless.contains(plan)) {
            for (String next : upgrades.getOrDefault(plan, List.of())) {
                List<String> found = circle(next, upgrades, path, harmless);
                if (!found.isEmpty()) {
                    return found;
                }
            }
            harmless.add(plan);
        }
        path.remove(path.size() - 1);
        return List.of();
    }

    /** Describes a catalog: its plans in order of rank, and the rest in any order. */
    public static final class Builder {
        private final Map<String, Feature> features = new LinkedHashMap<>();
        private final Map<String, TreeMap<Integer, Plan>> versions = new LinkedHashMap<>();
        private final Map<String, AddOn> addOns = new LinkedHashMap<>();
        private final Map<Feature, Fallback> fallbacks = new LinkedHashMap<>();
        private @Nullable String defaultPlan;
        private int approachingPercent = DEFAULT_APPROACHING;

        private Builder() {}

        /**
         * Adds version 1 of a plan, above those before it.
         *
         * @param name its name, 1 to 128 characters
         * @param description says what it costs and gives
         * @return this builder
         * @throws IllegalArgumentException if the name is not well-formed, the plan has this version, or one of its features was mentioned
         *     before as another one; also what the description throws
         */
        public Builder plan(String name, Consumer<Plan.Builder> description) {
            return plan(name, 1, description);
        }

        /**
         * Adds a version of a plan. All versions have the rank of the one that was added first.
         *
         * @param name its name, 1 to 128 characters
         * @param version which version, 1 or more
         * @param description says what it costs and gives
         * @return this builder
         * @throws IllegalArgumentException if the name is not well-formed, the version is not positive, the plan has this version, or one of its
         *     features was mentioned before as another one; also what the description throws
         */
        public Builder plan(String name, int version, Consumer<Plan.Builder> description) {
            if (version < 1) {
                throw new IllegalArgumentException(
                        "version of plan \"" + name + "\" must be 1 or more, was " + version);
            }
            var id = new PlanVersion(name, version);
            TreeMap<Integer, Plan> before = versions.get(name);
            if (before != null && before.containsKey(version)) {
                throw new IllegalArgumentException("plan \"" + id
                        + "\" was described before; give another version, as in plan(\"" + name + "\", "
                        + (before.lastKey() + 1L) + ", …)");
            }
            int rank = before == null
                    ? versions.size()
                    : before.firstEntry().getValue().rank();
            var builder = new Plan.Builder(id, rank);
            description.accept(builder);
            Plan plan = builder.build();
            features(plan.limits().keySet());
            features(plan.flags());
            versions.computeIfAbsent(name, each -> new TreeMap<>()).put(version, plan);
            return this;
        }

        /**
         * Adds an add-on.
         *
         * @param name its name, 1 to 128 characters
         * @param description says what it costs and adds
         * @return this builder
         * @throws IllegalArgumentException if the name is not well-formed, there is such an add-on, it adds nothing, or one of its features was
         *     mentioned before as another one; also what the description throws
         */
        public Builder addOn(String name, Consumer<AddOn.Builder> description) {
            Text.checkName("add-on name", name);
            if (addOns.containsKey(name)) {
                throw new IllegalArgumentException("add-on \"" + name + "\" was described before");
            }
            var builder = new AddOn.Builder(name);
            description.accept(builder);
            AddOn addOn = builder.build();
            features(addOn.limits().keySet());
            features(addOn.flags());
            addOns.put(name, addOn);
            return this;
        }

        /**
         * Mentions features that no plan gives, so that they are known: a gate then denies them for the plan's sake, and not as a name that
         * nobody has heard of. What a plan or an add-on gives need not be mentioned.
         *
         * @param features which
         * @return this builder
         * @throws IllegalArgumentException if one was mentioned before as another one
         */
        public Builder features(Feature... features) {
            return features(List.of(features));
        }

        private Builder features(Collection<? extends Feature> mentioned) {
            for (Feature feature : mentioned) {
                Feature before = features.get(feature.name());
                if (before != null && !before.equals(feature)) {
                    throw new IllegalArgumentException("feature \"" + feature.name()
                            + "\" must be the same everywhere, was " + before + " before and is " + feature + " now");
                }
            }
            mentioned.forEach(feature -> features.put(feature.name(), feature));
            return this;
        }

        /**
         * Says which plan is that of who has none. Default: the first.
         *
         * @param name its name; its latest version is meant
         * @return this builder
         * @throws IllegalArgumentException if the name is not well-formed
         */
        public Builder defaultPlan(String name) {
            Text.checkName("plan name", name);
            defaultPlan = name;
            return this;
        }

        /**
         * Says from which part of a limit on a gate says that it is coming close. Default: 80 percent.
         *
         * @param percent percent of the limit, 1 to 100
         * @return this builder
         * @throws IllegalArgumentException if it is out of that range
         */
        public Builder approachingFrom(int percent) {
            if (percent < 1 || percent > 100) {
                throw new IllegalArgumentException("approachingFrom must be 1 to 100 percent, was " + percent);
            }
            approachingPercent = percent;
            return this;
        }

        /**
         * Says what a gate answers about a feature when the store cannot be reached. Default: {@link Fallback#CLOSED}.
         *
         * @param feature which
         * @param fallback what it answers
         * @return this builder
         * @throws IllegalArgumentException if that was said before
         */
        public Builder whenUnreachable(Feature feature, Fallback fallback) {
            Objects.requireNonNull(feature, "feature");
            Objects.requireNonNull(fallback, "fallback");
            Fallback before = fallbacks.putIfAbsent(feature, fallback);
            if (before != null) {
                throw new IllegalArgumentException(
                        "whenUnreachable of \"" + feature.name() + "\" was set before, to " + before);
            }
            return this;
        }

        /**
         * Builds the catalog.
         *
         * @return the catalog
         * @throws IllegalStateException if there is no plan, the default plan or one that another upgrades to is not there, upgrades go round in
         *     a circle, or {@link #whenUnreachable} names a feature that no plan and no add-on has
         */
        public PlanCatalog build() {
            if (versions.isEmpty()) {
                throw new IllegalStateException("a plan catalog needs at least one plan");
            }
            String name = defaultPlan != null
                    ? defaultPlan
                    : versions.keySet().iterator().next();
            TreeMap<Integer, Plan> ofDefault = versions.get(name);
            if (ofDefault == null) {
                throw new IllegalStateException("default plan \"" + name + "\" is none of the plans " + names());
            }
            var upgrades = new LinkedHashMap<String, List<String>>();
            versions.forEach((plan, all) -> all.values().forEach(version -> {
                List<String> targets = version.upgradesTo().orElse(List.of());
                for (String target : targets) {
                    if (!versions.containsKey(target)) {
                        throw new IllegalStateException("plan \"" + version + "\" upgrades to \"" + target
                                + "\", which is none of the plans " + names());
                    }
                }
                upgrades.put(plan, targets);
            }));
            List<String> circle = circle(upgrades);
            if (!circle.isEmpty()) {
                throw new IllegalStateException(
                        "upgrades must not go round in a circle, were " + String.join(" → ", circle));
            }
            for (Feature feature : fallbacks.keySet()) {
                if (!feature.equals(features.get(feature.name()))) {
                    throw new IllegalStateException("whenUnreachable names " + feature
                            + ", which no plan and no add-on has; mention it with features(…) if that is meant");
                }
            }
            return new PlanCatalog(this, ofDefault.lastEntry().getValue());
        }

        private String names() {
            return String.join(", ", versions.keySet());
        }
    }
}
