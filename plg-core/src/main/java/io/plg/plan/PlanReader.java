package io.plg.plan;

import static io.plg.plan.Document.child;

import io.plg.internal.Text;
import io.plg.plan.InvalidPlanCatalog.Problem;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Currency;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Makes a catalog of a document. It goes on after a problem, in order to tell all of them: what it could not read is {@code null} from then on, and
 * what depends on that is not looked at.
 */
final class PlanReader {
    private static final Pattern DECIMAL = Pattern.compile("-?[0-9]{1,40}(\\.[0-9]{1,40})?");
    private static final String UNLIMITED = "unlimited";
    private static final int SHOWN_CHARACTERS = 60;

    private final List<Problem> problems;
    private final List<Consumer<PlanCatalog.Builder>> settings = new ArrayList<>();
    private final Map<String, Feature> features = new LinkedHashMap<>();
    private final Set<String> unreadableFeatures = new HashSet<>();
    private final Map<PlanVersion, String> versions = new HashMap<>();
    private final Map<String, Newest> plans = new LinkedHashMap<>();
    private final Map<String, String> upgradeTargets = new LinkedHashMap<>();
    private boolean featuresAreRead;
    private boolean everyPlanHasAName = true;

    private PlanReader(List<Problem> problems) {
        this.problems = problems;
    }

    /** The newest version of a plan that was read so far. */
    private record Newest(int version, String path, List<String> upgradesTo) {}

    private enum Kind {
        FLAG,
        CAP,
        QUOTA
    }

    static PlanCatalog read(Object document, List<Problem> problems) {
        var reader = new PlanReader(problems);
        if (problems.isEmpty() || document instanceof Map) { // what could not be read at all has no members to miss
            reader.catalog(document);
        }
        if (!problems.isEmpty()) {
            throw new InvalidPlanCatalog(problems);
        }
        try {
            PlanCatalog.Builder builder = PlanCatalog.builder();
            reader.settings.forEach(setting -> setting.accept(builder));
            return builder.build();
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw new InvalidPlanCatalog(List.of(new Problem("$", String.valueOf(e.getMessage()))));
        }
    }

    private void catalog(Object document) {
        Map<String, Object> root = object(
                "$", document, "features", "plans", "addOns", "defaultPlan", "approachingFrom", "whenUnreachable");
        if (root == null) {
            return;
        }
        Object declared = required("$", root, "features");
        Map<String, Object> all = declared == null ? null : object("$.features", declared);
        if (all != null) {
            all.forEach((name, value) -> feature(child("$.features", name), name, value));
            featuresAreRead = true;
        }
        settings.add(builder -> builder.features(features.values().toArray(Feature[]::new)));

        Object described = required("$", root, "plans");
        List<?> list = described == null ? null : list("$.plans", described);
        if (list != null) {
            if (list.isEmpty()) {
                problem("$.plans", "must have at least one plan");
            }
            each("$.plans", list, this::plan);
            upgrades();
        }
        optional("$", root, "addOns", (path, value) -> addOns(path, list(path, value)));
        optional("$", root, "defaultPlan", (path, value) -> {
            String name = text(path, value);
            if (name != null && list != null && isPlan(path, name)) {
                settings.add(builder -> builder.defaultPlan(name));
            }
        });
        optional("$", root, "approachingFrom", (path, value) -> {
            Integer percent = integer(path, value);
            if (percent != null && attempt(path, () -> PlanCatalog.builder().approachingFrom(percent)) != null) {
                settings.add(builder -> builder.approachingFrom(percent));
            }
        });
        optional("$", root, "whenUnreachable", (path, value) -> {
            Map<String, Object> fallbacks = object(path, value);
            if (fallbacks != null) {
                fallbacks.forEach((name, word) -> {
                    Feature feature = featureOf(child(path, name), name);
                    Fallback fallback = word(child(path, name), word, Fallback.values());
                    if (feature != null && fallback != null) {
                        settings.add(builder -> builder.whenUnreachable(feature, fallback));
                    }
                });
            }
        });
    }

    private void feature(String path, String name, Object value) {
        unreadableFeatures.add(name);
        Map<String, Object> members = object(path, value, "kind", "every", "decimals");
        if (members == null) {
            return;
        }
        Object word = required(path, members, "kind");
        Kind kind = word == null ? null : word(child(path, "kind"), word, Kind.values());
        if (kind == null) {
            return;
        }
        int before = problems.size();
        if (kind != Kind.QUOTA && members.containsKey("every")) {
            problem(child(path, "every"), "is only for quotas, \"" + name + "\" is a " + lower(kind));
        }
        if (kind == Kind.FLAG && members.containsKey("decimals")) {
            problem(child(path, "decimals"), "is only for caps and quotas, \"" + name + "\" is a flag");
        }
        Object interval = kind == Kind.QUOTA ? required(path, members, "every") : null;
        Every every = interval == null ? null : every(child(path, "every"), interval);
        Integer decimals = members.containsKey("decimals")
                ? integer(child(path, "decimals"), members.get("decimals"))
                : Integer.valueOf(0);
        Feature named = attempt(path, () -> Feature.flag(name));
        if (problems.size() > before || named == null || decimals == null) {
            return;
        }
        Feature feature = attempt(
                child(path, "decimals"),
                () -> kind == Kind.FLAG
                        ? named
                        : every == null ? new Feature.Cap(name, decimals) : new Feature.Quota(name, every, decimals));
        if (feature != null) {
            features.put(name, feature);
            unreadableFeatures.remove(name);
        }
    }

    private void plan(String path, Object value) {
        Map<String, Object> members =
                object(path, value, "name", "version", "price", "trial", "upgradesTo", "features");
        if (members == null) {
            everyPlanHasAName = false;
            return;
        }
        Object named = required(path, members, "name");
        String name = named == null ? null : name(child(path, "name"), named, "plan name");
        Integer version = 1;
        if (members.containsKey("version")) {
            String where = child(path, "version");
            version = integer(where, members.get("version"));
            if (version != null && version < 1) {
                problem(where, "must be 1 or more, was " + version);
                version = null;
            }
        }
        var said = new ArrayList<Consumer<Plan.Builder>>();
        optional(path, members, "price", (where, price) -> {
            Price read = price(where, price);
            if (read != null) {
                said.add(builder -> builder.price(read));
            }
        });
        optional(path, members, "trial", (where, trial) -> {
            Duration length = duration(where, trial);
            if (length != null && attempt(where, () -> Amounts.checkLength("trial", length)) != null) {
                said.add(builder -> builder.trial(length));
            }
        });
        List<String> targets = new ArrayList<>();
        optional(path, members, "upgradesTo", (where, upgrades) -> {
            List<?> list = list(where, upgrades);
            if (list != null) {
                each(where, list, (item, target) -> target(item, target, name, targets));
                said.add(builder -> builder.upgradesTo(targets.toArray(String[]::new)));
            }
        });
        optional(path, members, "features", (where, given) -> {
            Map<String, Object> all = object(where, given);
            if (all != null) {
                all.forEach((feature, what) -> {
                    Consumer<Plan.Builder> setting = given(child(where, feature), feature, what);
                    if (setting != null) {
                        said.add(setting);
                    }
                });
            }
        });
        if (name == null) {
            everyPlanHasAName = false;
        } else if (version != null) {
            add(path, new PlanVersion(name, version), targets, said);
        } else {
            plans.putIfAbsent(name, new Newest(0, path, List.of()));
        }
    }

    private void add(String path, PlanVersion id, List<String> targets, List<Consumer<Plan.Builder>> said) {
        String before = versions.putIfAbsent(id, path);
        if (before != null) {
            problem(path, "plan \"" + id + "\" is described twice, first at " + before + "; give it another version");
            return;
        }
        Newest newest = plans.get(id.plan());
        if (newest == null || newest.version() < id.version()) {
            plans.put(id.plan(), new Newest(id.version(), path, targets));
        }
        settings.add(builder ->
                builder.plan(id.plan(), id.version(), plan -> said.forEach(setting -> setting.accept(plan))));
    }

    private void target(String path, Object value, @Nullable String plan, List<String> targets) {
        String target = name(path, value, "plan name");
        if (target == null) {
            return;
        }
        if (target.equals(plan)) {
            problem(path, "must name another plan, was \"" + target + "\"; no plan is an upgrade from itself");
        } else if (targets.contains(target)) {
            problem(path, "must name each plan once, \"" + target + "\" is there twice");
        } else {
            targets.add(target);
            upgradeTargets.put(path, target);
        }
    }

    private void upgrades() {
        upgradeTargets.forEach(this::isPlan);
        var graph = new LinkedHashMap<String, List<String>>();
        plans.forEach((name, newest) -> graph.put(name, newest.upgradesTo()));
        List<String> circle = PlanCatalog.circle(graph);
        if (!circle.isEmpty()) {
            Newest first = plans.get(circle.get(0));
            problem(
                    child(first == null ? "$.plans" : first.path(), "upgradesTo"),
                    "must not go round in a circle, was " + String.join(" → ", circle));
        }
    }

    private boolean isPlan(String path, String name) {
        if (plans.containsKey(name)) {
            return true;
        }
        if (everyPlanHasAName) {
            problem(path, "must be one of the plans " + String.join(", ", plans.keySet()) + ", was " + shown(name));
        }
        return false;
    }

    /** What a plan gives of a feature, or null if there was a problem or it gives nothing. */
    private @Nullable Consumer<Plan.Builder> given(String path, String name, Object value) {
        Feature feature = featureOf(path, name);
        if (feature instanceof Feature.Metered metered) {
            Limit limit = limit(path, metered, value);
            return limit == null ? null : builder -> builder.limit(metered, limit);
        }
        if (feature instanceof Feature.Flag flag && isOn(path, value)) {
            return builder -> builder.allow(flag);
        }
        return null;
    }

    private boolean isOn(String path, Object value) {
        if (value instanceof Boolean on) {
            return on;
        }
        problem(path, "must be true or false, was " + shown(value));
        return false;
    }

    private @Nullable Feature featureOf(String path, String name) {
        Feature feature = features.get(name);
        if (feature == null && featuresAreRead && !unreadableFeatures.contains(name)) {
            problem(
                    path,
                    "is none of the features that $.features declares"
                            + (features.isEmpty() ? "" : ": " + String.join(", ", features.keySet())));
        }
        return feature;
    }

    private @Nullable Limit limit(String path, Feature.Metered feature, Object value) {
        if (!(value instanceof Map)) {
            return amountOrUnlimited(path, feature, value);
        }
        Map<String, Object> members = object(
                path, value, "limit", "overLimit", "grace", "windows", "perMember", "thresholds", "preservesOverage");
        if (members == null) {
            return null;
        }
        int before = problems.size();
        Object amount = required(path, members, "limit");
        var limit = new Settled(amount == null ? null : amountOrUnlimited(child(path, "limit"), feature, amount));
        overLimit(path, members, limit);
        optional(path, members, "windows", (where, windows) -> {
            List<?> list = list(where, windows);
            if (list != null) {
                each(where, list, (item, window) -> window(item, feature, window, limit));
            }
        });
        optional(path, members, "perMember", (where, perMember) -> {
            BigDecimal each = amount(where, perMember, "", feature, "perMember", false);
            if (each != null) {
                limit.set(where, so -> so.perMember(each));
            }
        });
        optional(path, members, "thresholds", (where, thresholds) -> {
            List<?> list = list(where, thresholds);
            if (list != null) {
                var percent = new ArrayList<Integer>();
                each(where, list, (item, threshold) -> {
                    Integer read = integer(item, threshold);
                    if (read != null && limit.set(item, so -> so.thresholds(read))) {
                        percent.add(read);
                    }
                });
                limit.set(
                        where,
                        so -> so.thresholds(
                                percent.stream().mapToInt(Integer::intValue).toArray()));
            }
        });
        optional(path, members, "preservesOverage", (where, preserves) -> {
            if (isOn(where, preserves)) {
                limit.set(where, Limit::preservingOverage);
            }
        });
        return problems.size() > before ? null : limit.value;
    }

    /** A limit that its members are set in, one by one; unlimited as long as there is a problem with the amount. */
    private final class Settled {
        private Limit value;

        Settled(@Nullable Limit limit) {
            value = limit == null ? Limit.unlimited() : limit;
        }

        boolean set(String path, UnaryOperator<Limit> setting) {
            Limit next = attempt(path, () -> setting.apply(value));
            if (next == null) {
                return false;
            }
            value = next;
            return true;
        }
    }

    private void overLimit(String path, Map<String, Object> members, Settled limit) {
        OverLimit overLimit = OverLimit.BLOCK;
        if (members.containsKey("overLimit")) {
            overLimit = word(child(path, "overLimit"), members.get("overLimit"), OverLimit.values());
        }
        Object given = members.get("grace");
        String where = child(path, "grace");
        Duration grace = given == null ? null : duration(where, given);
        if (overLimit == OverLimit.GRACE) {
            if (given == null) {
                problem(where, "is missing; it says how long more than the limit is allowed, such as \"P3D\"");
            } else if (grace != null) {
                limit.set(where, so -> so.grace(grace));
            }
        } else if (overLimit != null) {
            if (given != null) {
                problem(where, "is only for \"overLimit\": \"grace\", which is " + shown(lower(overLimit)));
            }
            OverLimit other = overLimit;
            limit.set(path, so -> other == OverLimit.WARN ? so.warn() : so.block());
        }
    }

    private void window(String path, Feature.Metered feature, Object value, Settled limit) {
        Map<String, Object> members = object(path, value, "limit", "every");
        if (members == null) {
            return;
        }
        Object given = required(path, members, "limit");
        Object interval = required(path, members, "every");
        BigDecimal amount =
                given == null ? null : amount(child(path, "limit"), given, "", feature, "amount of a window", false);
        Every every = interval == null ? null : every(child(path, "every"), interval);
        if (amount != null
                && every != null
                && attempt(child(path, "every"), () -> {
                            var window = new Limit.Window(amount, every);
                            Plan.Builder.checkWindow(feature, window);
                            return window;
                        })
                        != null) {
            limit.set(child(path, "every"), so -> so.atMost(amount, every));
        }
    }

    private void addOns(String path, @Nullable List<?> list) {
        if (list == null) {
            return;
        }
        var paths = new HashMap<String, String>();
        each(path, list, (item, value) -> addOn(item, value, paths));
    }

    private void addOn(String path, Object value, Map<String, String> paths) {
        Map<String, Object> members = object(path, value, "name", "price", "features");
        if (members == null) {
            return;
        }
        int before = problems.size();
        Object named = required(path, members, "name");
        String name = named == null ? null : name(child(path, "name"), named, "add-on name");
        var said = new ArrayList<Consumer<AddOn.Builder>>();
        optional(path, members, "price", (where, price) -> {
            Price read = price(where, price);
            if (read != null) {
                said.add(builder -> builder.price(read));
            }
        });
        Object adds = required(path, members, "features");
        String where = child(path, "features");
        Map<String, Object> all = adds == null ? null : object(where, adds);
        var added = new ArrayList<Consumer<AddOn.Builder>>();
        if (all != null) {
            all.forEach((feature, what) -> {
                Consumer<AddOn.Builder> setting = added(child(where, feature), feature, what);
                if (setting != null) {
                    added.add(setting);
                }
            });
            if (added.isEmpty() && problems.size() == before) {
                problem(where, "must add something: a limit or a flag");
            }
        }
        String other = name == null ? null : paths.putIfAbsent(name, path);
        if (other != null) {
            problem(path, "add-on \"" + name + "\" is described twice, first at " + other);
        } else if (name != null) {
            said.addAll(added);
            settings.add(builder -> builder.addOn(name, addOn -> said.forEach(setting -> setting.accept(addOn))));
        }
    }

    private @Nullable Consumer<AddOn.Builder> added(String path, String name, Object value) {
        Feature feature = featureOf(path, name);
        if (feature instanceof Feature.Metered metered) {
            BigDecimal amount = amount(path, value, "", metered, "limit to add", false);
            return amount == null ? null : builder -> builder.limit(metered, amount);
        }
        if (feature instanceof Feature.Flag flag && isOn(path, value)) {
            return builder -> builder.allow(flag);
        }
        return null;
    }

    private @Nullable Price price(String path, Object value) {
        Map<String, Object> members = object(path, value, "amount", "currency");
        if (members == null) {
            return null;
        }
        Object given = required(path, members, "amount");
        Object code = required(path, members, "currency");
        BigDecimal amount = given == null ? null : exact(child(path, "amount"), given, "");
        String word = code == null ? null : text(child(path, "currency"), code);
        Currency currency = word == null ? null : attempt(child(path, "currency"), () -> Amounts.currency(word));
        return amount == null || currency == null
                ? null
                : attempt(child(path, "amount"), () -> Amounts.price(amount, currency));
    }

    private @Nullable Limit amountOrUnlimited(String path, Feature.Metered feature, Object value) {
        if (value.equals(UNLIMITED)) {
            return Limit.unlimited();
        }
        BigDecimal amount = amount(path, value, ", or \"unlimited\"", feature, "limit", true);
        return amount == null ? null : Limit.of(amount);
    }

    private @Nullable BigDecimal amount(
            String path, Object value, String otherwise, Feature.Metered feature, String field, boolean zeroAllowed) {
        BigDecimal exact = exact(path, value, otherwise);
        return exact == null
                ? null
                : attempt(path, () -> {
                    BigDecimal plain = Amounts.check(field, exact, zeroAllowed);
                    Amounts.check(field, plain, feature);
                    return plain;
                });
    }

    private @Nullable BigDecimal exact(String path, Object value, String otherwise) {
        if (value instanceof BigInteger whole) {
            return new BigDecimal(whole);
        }
        if (value instanceof String text && DECIMAL.matcher(text).matches()) {
            return new BigDecimal(text);
        }
        problem(
                path,
                value instanceof Document.Fraction
                        ? "must be in quotes, because it has decimals, as in \"1.5\"; was the number " + shown(value)
                        : "must be a whole number, or a decimal in quotes such as \"1.5\"" + otherwise + "; was "
                                + shown(value));
        return null;
    }

    private @Nullable Integer integer(String path, Object value) {
        if (value instanceof BigInteger whole && whole.bitLength() < Integer.SIZE) {
            return whole.intValue();
        }
        problem(path, "must be a whole number that is not too large, was " + shown(value));
        return null;
    }

    private @Nullable Duration duration(String path, Object value) {
        String text = text(path, value);
        if (text == null) {
            return null;
        }
        try {
            return Duration.parse(text);
        } catch (DateTimeException | ArithmeticException e) {
            problem(
                    path,
                    "must be a duration in days, hours, minutes and seconds such as \"P14D\" or \"PT36H\", was "
                            + shown(text));
            return null;
        }
    }

    private @Nullable Every every(String path, Object value) {
        String text = text(path, value);
        return text == null ? null : attempt(path, () -> Every.parse(text));
    }

    private @Nullable String name(String path, Object value, String field) {
        String text = text(path, value);
        return text == null
                ? null
                : attempt(path, () -> {
                    Text.checkName(field, text);
                    return text;
                });
    }

    private @Nullable String text(String path, Object value) {
        if (value instanceof String text) {
            return text;
        }
        problem(path, "must be text, was " + shown(value));
        return null;
    }

    private <E extends Enum<E>> @Nullable E word(String path, Object value, E[] words) {
        for (E word : words) {
            if (value.equals(lower(word))) {
                return word;
            }
        }
        var allowed = new ArrayList<String>();
        for (E word : words) {
            allowed.add("\"" + lower(word) + "\"");
        }
        problem(path, "must be one of " + String.join(", ", allowed) + "; was " + shown(value));
        return null;
    }

    private static String lower(Enum<?> word) {
        return word.name().toLowerCase(Locale.ROOT);
    }

    /** An object; one with these members only, unless none is named. */
    @SuppressWarnings("unchecked") // so the document makes them
    private @Nullable Map<String, Object> object(String path, Object value, String... allowed) {
        if (!(value instanceof Map)) {
            problem(path, "must be an object, was " + shown(value));
            return null;
        }
        var members = (Map<String, Object>) value;
        for (String name : members.keySet()) {
            if (allowed.length > 0 && !List.of(allowed).contains(name)) {
                problem(child(path, name), "is unknown; known here are " + String.join(", ", allowed));
            }
        }
        return members;
    }

    private @Nullable List<?> list(String path, Object value) {
        if (value instanceof List<?> list) {
            return list;
        }
        problem(path, "must be a list, was " + shown(value));
        return null;
    }

    private static void each(String path, List<?> list, BiConsumer<String, Object> action) {
        for (int i = 0; i < list.size(); i++) {
            action.accept(child(path, i), list.get(i));
        }
    }

    private @Nullable Object required(String path, Map<String, Object> members, String name) {
        Object value = members.get(name);
        if (value == null) {
            problem(child(path, name), "is missing");
        }
        return value;
    }

    private static void optional(
            String path, Map<String, Object> members, String name, BiConsumer<String, Object> action) {
        Object value = members.get(name);
        if (value != null) {
            action.accept(child(path, name), value);
        }
    }

    private <T> @Nullable T attempt(String path, Supplier<T> action) {
        try {
            return action.get();
        } catch (IllegalArgumentException e) {
            problem(path, String.valueOf(e.getMessage()));
            return null;
        }
    }

    private void problem(String path, String message) {
        problems.add(new Problem(path, message));
    }

    private static String shown(Object value) {
        if (value instanceof Map) {
            return "an object";
        }
        if (value instanceof List) {
            return "a list";
        }
        String text = value.toString();
        String cut = text.length() <= SHOWN_CHARACTERS ? text : text.substring(0, SHOWN_CHARACTERS) + "…";
        return value instanceof String ? "\"" + cut + "\"" : cut;
    }
}
