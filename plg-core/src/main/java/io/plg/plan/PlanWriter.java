package io.plg.plan;

import io.plg.internal.Json;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Writes a catalog as {@link PlanReader} reads it; what is as it is by default is left out. */
final class PlanWriter {
    private static final long SECONDS_OF_A_DAY = 86_400;

    private PlanWriter() {}

    static String write(PlanCatalog catalog) {
        var root = new LinkedHashMap<String, Object>();
        var features = new LinkedHashMap<String, Object>();
        var fallbacks = new LinkedHashMap<String, Object>();
        for (Feature feature : catalog.features()) {
            features.put(feature.name(), feature(feature));
            if (catalog.fallback(feature) != Fallback.CLOSED) {
                fallbacks.put(feature.name(), lower(catalog.fallback(feature)));
            }
        }
        root.put("features", features);
        root.put("plans", catalog.allVersions().stream().map(PlanWriter::plan).toList());
        if (!catalog.addOns().isEmpty()) {
            root.put("addOns", catalog.addOns().stream().map(PlanWriter::addOn).toList());
        }
        root.put("defaultPlan", catalog.defaultPlan().name());
        root.put("approachingFrom", catalog.approachingPercent());
        if (!fallbacks.isEmpty()) {
            root.put("whenUnreachable", fallbacks);
        }
        return Json.write(root);
    }

    private static Map<String, Object> feature(Feature feature) {
        var members = new LinkedHashMap<String, Object>();
        if (feature instanceof Feature.Quota quota) {
            members.put("kind", "quota");
            members.put("every", quota.every().toString());
        } else {
            members.put("kind", feature instanceof Feature.Cap ? "cap" : "flag");
        }
        if (feature instanceof Feature.Metered metered && metered.decimals() > 0) {
            members.put("decimals", metered.decimals());
        }
        return members;
    }

    private static Map<String, Object> plan(Plan plan) {
        var members = new LinkedHashMap<String, Object>();
        members.put("name", plan.name());
        members.put("version", plan.version());
        plan.price().ifPresent(price -> members.put("price", price(price)));
        plan.trial().ifPresent(trial -> members.put("trial", duration(trial)));
        plan.upgradesTo().ifPresent(upgrades -> members.put("upgradesTo", upgrades));
        var features = new LinkedHashMap<String, Object>();
        plan.limits().forEach((feature, limit) -> features.put(feature.name(), limit(limit)));
        plan.flags().forEach(flag -> features.put(flag.name(), true));
        members.put("features", features);
        return members;
    }

    private static Map<String, Object> addOn(AddOn addOn) {
        var members = new LinkedHashMap<String, Object>();
        members.put("name", addOn.name());
        addOn.price().ifPresent(price -> members.put("price", price(price)));
        var features = new LinkedHashMap<String, Object>();
        addOn.limits().forEach((feature, amount) -> features.put(feature.name(), amount(amount)));
        addOn.flags().forEach(flag -> features.put(flag.name(), true));
        members.put("features", features);
        return members;
    }

    private static Object limit(Limit limit) {
        BigDecimal limited = limit.amount();
        Object amount = limited == null ? "unlimited" : amount(limited);
        if (limit.equals(limited == null ? Limit.unlimited() : Limit.of(limited))) {
            return amount;
        }
        var members = new LinkedHashMap<String, Object>();
        members.put("limit", amount);
        members.put("overLimit", lower(limit.overLimit()));
        if (limit.overLimit() == OverLimit.GRACE) {
            members.put("grace", duration(limit.grace()));
        }
        if (!limit.windows().isEmpty()) {
            members.put(
                    "windows", limit.windows().stream().map(PlanWriter::window).toList());
        }
        if (limit.perMember() != null) {
            members.put("perMember", amount(limit.perMember()));
        }
        members.put("thresholds", limit.thresholds());
        if (limit.preservesOverage()) {
            members.put("preservesOverage", true);
        }
        return members;
    }

    private static Map<String, Object> window(Limit.Window window) {
        var members = new LinkedHashMap<String, Object>();
        members.put("limit", amount(window.amount()));
        members.put("every", window.every().toString());
        return members;
    }

    private static Map<String, Object> price(Price price) {
        var members = new LinkedHashMap<String, Object>();
        members.put("amount", price.amount().toPlainString());
        members.put("currency", price.currency().getCurrencyCode());
        return members;
    }

    private static Object amount(BigDecimal amount) {
        return amount.scale() == 0 ? amount.longValueExact() : amount.toPlainString();
    }

    private static String duration(Duration duration) {
        return duration.getNano() == 0 && duration.getSeconds() % SECONDS_OF_A_DAY == 0
                ? "P" + duration.toDays() + "D"
                : duration.toString();
    }

    private static String lower(Enum<?> word) {
        return word.name().toLowerCase(Locale.ROOT);
    }
}
