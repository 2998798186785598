package io.plg.reward;

import io.plg.internal.Json;
import io.plg.plan.Every;
import io.plg.reward.RewardCap.Scope;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/**
 * Benefits, rules and campaigns as JSON. What is as it is by default is not written. Reading goes on after a problem, in order to tell all of them:
 * what could not be read is {@code null} from then on.
 *
 * <p>A problem is a path, a space and what is wrong. There is no space in a path, so that a reader of a larger document can set its own path before.
 */
final class RewardText {
    private static final Pattern DECIMAL = Pattern.compile("-?[0-9]{1,40}(\\.[0-9]{1,40})?");
    private static final Pattern SIMPLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_-]*");
    private static final Pattern NOT_IN_A_PATH = Pattern.compile("[^\\p{Graph}]|['\\\\]");
    private static final int SHOWN_CHARACTERS = 60;
    private static final long SECONDS_OF_A_DAY = 86_400;
    private static final String ROOT = "$";

    private final List<String> problems = new ArrayList<>();

    private RewardText() {}

    private enum Kind {
        TRIAL_DAYS,
        CREDIT,
        UNLOCK,
        DISCOUNT,
        ACCOUNT_CREDIT,
        CUSTOM
    }

    static String write(Benefit benefit) {
        return Json.write(members(benefit));
    }

    static String write(RewardRule rule) {
        var members = new LinkedHashMap<String, Object>();
        members.put("on", rule.stage().name());
        if (!rule.name().equals(rule.stage().name())) {
            members.put("name", rule.name());
        }
        rule.referrer().ifPresent(benefit -> members.put("referrer", members(benefit)));
        rule.referred().ifPresent(benefit -> members.put("referred", members(benefit)));
        putUnlessEmpty(members, "tiers", rule.tiers(), tier -> {
            var item = new LinkedHashMap<String, Object>();
            item.put("fromNth", tier.fromNth());
            item.put("benefit", members(tier.benefit()));
            return item;
        });
        putUnlessEmpty(members, "milestones", rule.milestones(), milestone -> {
            var item = new LinkedHashMap<String, Object>();
            item.put("nth", milestone.nth());
            item.put("benefit", members(milestone.benefit()));
            return item;
        });
        putUnlessEmpty(members, "caps", rule.caps(), RewardText::members);
        if (!rule.hold().isZero()) {
            members.put("hold", duration(rule.hold()));
        }
        if (rule.needsApproval()) {
            members.put("needsApproval", true);
        }
        if (rule.isClaimed()) {
            members.put("claimed", true);
        }
        rule.claimWithin().ifPresent(within -> members.put("claimWithin", duration(within)));
        // always written: what is kept with a reward must not change with the default
        members.put("clawBackWithin", duration(rule.clawBackWithin()));
        if (rule.mayGoNegative()) {
            members.put("mayGoNegative", true);
        }
        return Json.write(members);
    }

    static String write(RewardCampaign campaign) {
        var members = new LinkedHashMap<String, Object>();
        members.put("name", campaign.name());
        members.put("version", campaign.version());
        members.put("gives", members(campaign.benefit()));
        campaign.stock().ifPresent(stock -> members.put("stock", stock));
        campaign.startsAt().ifPresent(start -> members.put("from", start.toString()));
        campaign.endsAt().ifPresent(end -> members.put("until", end.toString()));
        return Json.write(members);
    }

    private static <T> void putUnlessEmpty(
            Map<String, Object> members, String name, List<T> items, Function<T, Object> write) {
        if (!items.isEmpty()) {
            members.put(name, items.stream().map(write).toList());
        }
    }

    private static Map<String, Object> members(RewardCap cap) {
        var members = new LinkedHashMap<String, Object>();
        members.put("scope", lower(cap.scope()));
        cap.count().ifPresent(count -> members.put("count", count));
        cap.money().ifPresent(money -> members.put("money", money.toString()));
        cap.per().ifPresent(every -> members.put("per", every.toString()));
        return members;
    }

    private static Map<String, Object> members(Benefit benefit) {
        var members = new LinkedHashMap<String, Object>();
        if (benefit instanceof Benefit.TrialDays trial) {
            members.put("kind", lower(Kind.TRIAL_DAYS));
            trial.plan().ifPresent(plan -> members.put("plan", plan));
            members.put("days", trial.days());
        } else if (benefit instanceof Benefit.Credit credit) {
            members.put("kind", lower(Kind.CREDIT));
            members.put("feature", credit.feature());
            BigDecimal amount = credit.amount();
            members.put("amount", amount.scale() == 0 ? amount.longValueExact() : amount.toPlainString());
            credit.validFor().ifPresent(length -> members.put("validFor", duration(length)));
        } else if (benefit instanceof Benefit.Unlock unlock) {
            members.put("kind", lower(Kind.UNLOCK));
            members.put("feature", unlock.feature());
            members.put("length", duration(unlock.length()));
        } else if (benefit instanceof Benefit.Discount discount) {
            members.put("kind", lower(Kind.DISCOUNT));
            members.put("percent", discount.percent());
            members.put("months", discount.months());
        } else if (benefit instanceof Benefit.AccountCredit account) {
            members.put("kind", lower(Kind.ACCOUNT_CREDIT));
            members.put("money", account.credit().toString());
        } else if (benefit instanceof Benefit.Custom custom) {
            members.put("kind", lower(Kind.CUSTOM));
            members.put("type", custom.type());
            if (!custom.details().isEmpty()) {
                members.put("details", custom.details());
            }
        }
        return members;
    }

    private static String duration(Duration duration) {
        return duration.getNano() == 0 && duration.getSeconds() % SECONDS_OF_A_DAY == 0
                ? "P" + duration.toDays() + "D"
                : duration.toString();
    }

    static Benefit readBenefit(String json) {
        return read("a benefit", json, RewardText::benefit);
    }

    static RewardRule readRule(String json) {
        return read("a reward rule", json, RewardText::rule);
    }

    static RewardCampaign readCampaign(String json) {
        return read("a campaign", json, RewardText::campaign);
    }

    private interface Reading<T> {
        @Nullable
        T read(RewardText reader, String path, @Nullable Object value);
    }

    private static <T> T read(String what, String json, Reading<T> reading) {
        Object document;
        try {
            document = Json.readAny(json);
        } catch (IllegalArgumentException e) {
            String why = e.getCause() instanceof JacksonException cause ? cause.getOriginalMessage() : e.getMessage();
            throw new IllegalArgumentException(ROOT + " must be " + what + " in JSON: " + why, e);
        }
        var reader = new RewardText();
        T value = reading.read(reader, "", document);
        if (value == null || !reader.problems.isEmpty()) {
            throw reader.refusal();
        }
        return value;
    }

    private IllegalArgumentException refusal() {
        var refusal = new IllegalArgumentException(problems.get(0));
        problems.stream().skip(1).map(IllegalArgumentException::new).forEach(refusal::addSuppressed);
        return refusal;
    }

    private @Nullable Benefit benefit(String path, @Nullable Object value) {
        Map<String, Object> members = object(path, value);
        if (members == null) {
            return null;
        }
        Kind kind = required(path, members, "kind", (where, word) -> word(where, word, Kind.values()));
        if (kind == null) {
            return null;
        }
        switch (kind) {
            case TRIAL_DAYS -> {
                known(path, members, "kind", "plan", "days");
                String plan = optional(path, members, "plan", this::text);
                Integer days = required(path, members, "days", this::integer);
                return days == null
                        ? null
                        : attempt(path, members, () -> new Benefit.TrialDays(Optional.ofNullable(plan), days));
            }
            case CREDIT -> {
                known(path, members, "kind", "feature", "amount", "validFor");
                String feature = required(path, members, "feature", this::text);
                BigDecimal amount = required(path, members, "amount", this::exact);
                Duration validFor = optional(path, members, "validFor", this::duration);
                return feature == null || amount == null
                        ? null
                        : attempt(
                                path,
                                members,
                                () -> new Benefit.Credit(feature, amount, Optional.ofNullable(validFor)));
            }
            case UNLOCK -> {
                known(path, members, "kind", "feature", "length");
                String feature = required(path, members, "feature", this::text);
                Duration length = required(path, members, "length", this::duration);
                return feature == null || length == null
                        ? null
                        : attempt(path, members, () -> new Benefit.Unlock(feature, length));
            }
            case DISCOUNT -> {
                known(path, members, "kind", "percent", "months");
                Integer percent = required(path, members, "percent", this::integer);
                Integer months = required(path, members, "months", this::integer);
                return percent == null || months == null
                        ? null
                        : attempt(path, members, () -> new Benefit.Discount(percent, months));
            }
            case ACCOUNT_CREDIT -> {
                known(path, members, "kind", "money");
                Money money = required(path, members, "money", this::money);
                return money == null ? null : attempt(path, members, () -> new Benefit.AccountCredit(money));
            }
            default -> {
                known(path, members, "kind", "type", "details");
                String type = required(path, members, "type", this::text);
                Map<String, String> details = optional(path, members, "details", this::textMap);
                return type == null
                        ? null
                        : attempt(path, members, () -> new Benefit.Custom(type, details == null ? Map.of() : details));
            }
        }
    }

    private @Nullable RewardRule rule(String path, @Nullable Object value) {
        Map<String, Object> members = object(path, value);
        if (members == null) {
            return null;
        }
        known(
                path,
                members,
                "on",
                "name",
                "referrer",
                "referred",
                "tiers",
                "milestones",
                "caps",
                "hold",
                "needsApproval",
                "claimed",
                "claimWithin",
                "clawBackWithin",
                "mayGoNegative");
        int before = problems.size();
        String on = required(path, members, "on", this::text);
        Stage stage = on == null ? null : attempt(child(path, "on"), () -> Stage.of(on));
        RewardRule.Builder rule =
                RewardRule.on(stage == null ? Stage.ACTIVATION : stage); // some stage, to find what else is wrong
        set(path, members, "name", this::text, rule::named);
        set(path, members, "referrer", this::benefit, rule::referrer);
        set(path, members, "referred", this::benefit, rule::referred);
        each(path, members, "tiers", (where, item) -> numbered(where, item, "fromNth", rule::tier));
        each(path, members, "milestones", (where, item) -> numbered(where, item, "nth", rule::milestone));
        each(path, members, "caps", (where, item) -> {
            RewardCap cap = cap(where, item);
            if (cap != null) {
                attempt(where, () -> rule.cap(cap));
            }
        });
        set(path, members, "hold", this::duration, rule::hold);
        set(path, members, "needsApproval", this::isOn, so -> so ? rule.needsApproval() : rule);
        boolean claimed =
                Boolean.TRUE.equals(set(path, members, "claimed", this::isOn, so -> so ? rule.claimed() : rule));
        if (members.containsKey("claimWithin") && !claimed) {
            problem(child(path, "claimWithin"), "is only for rules that are claimed; say \"claimed\": true");
        }
        set(path, members, "claimWithin", this::duration, rule::claimed);
        set(path, members, "clawBackWithin", this::duration, rule::clawBackWithin);
        set(path, members, "mayGoNegative", this::isOn, so -> so ? rule.mayGoNegative() : rule);
        return problems.size() > before ? null : attempt(path, rule::build);
    }

    private interface Numbered {
        Object set(long number, Benefit benefit);
    }

    private void numbered(String path, @Nullable Object value, String name, Numbered setter) {
        Map<String, Object> members = object(path, value);
        if (members == null) {
            return;
        }
        known(path, members, name, "benefit");
        Long number = required(path, members, name, this::whole);
        Benefit benefit = required(path, members, "benefit", this::benefit);
        if (number != null && benefit != null) {
            attempt(path, members, () -> setter.set(number, benefit));
        }
    }

    private @Nullable RewardCap cap(String path, @Nullable Object value) {
        Map<String, Object> members = object(path, value);
        if (members == null) {
            return null;
        }
        known(path, members, "scope", "count", "money", "per");
        int before = problems.size();
        Scope scope = required(path, members, "scope", (where, word) -> word(where, word, Scope.values()));
        Long count = optional(path, members, "count", this::whole);
        Money money = optional(path, members, "money", this::money);
        Every per = optional(path, members, "per", (where, every) -> {
            String text = text(where, every);
            return text == null ? null : attempt(where, () -> Every.parse(text));
        });
        return scope == null || problems.size() > before
                ? null
                : attempt(
                        path,
                        members,
                        () -> RewardCap.of(
                                scope,
                                Optional.ofNullable(per),
                                count == null ? OptionalLong.empty() : OptionalLong.of(count),
                                Optional.ofNullable(money)));
    }

    private @Nullable RewardCampaign campaign(String path, @Nullable Object value) {
        Map<String, Object> members = object(path, value);
        if (members == null) {
            return null;
        }
        known(path, members, "name", "version", "gives", "stock", "from", "until");
        int before = problems.size();
        String name = required(path, members, "name", this::text);
        RewardCampaign.Builder named =
                name == null ? null : attempt(child(path, "name"), () -> RewardCampaign.named(name));
        RewardCampaign.Builder campaign = named == null ? RewardCampaign.named("unnamed") : named;
        set(path, members, "version", this::integer, campaign::version);
        Benefit benefit = required(path, members, "gives", this::benefit);
        set(path, members, "stock", this::whole, campaign::stock);
        set(path, members, "from", this::instant, campaign::from);
        set(path, members, "until", this::instant, campaign::until);
        return benefit == null || problems.size() > before
                ? null
                : attempt(path, () -> campaign.gives(benefit).build());
    }

    private @Nullable Money money(String path, @Nullable Object value) {
        String text = text(path, value);
        return text == null ? null : attempt(path, () -> Money.parse(text));
    }

    private @Nullable BigDecimal exact(String path, @Nullable Object value) {
        if (value instanceof BigInteger whole) {
            return new BigDecimal(whole);
        }
        if (value instanceof String text && DECIMAL.matcher(text).matches()) {
            return new BigDecimal(text);
        }
        problem(path, "must be a whole number, or a decimal in quotes such as \"1.5\"; was " + shown(value));
        return null;
    }

    private @Nullable Long whole(String path, @Nullable Object value) {
        if (value instanceof BigInteger whole && whole.bitLength() < Long.SIZE) {
            return whole.longValue();
        }
        problem(path, "must be a whole number that is not too large, was " + shown(value));
        return null;
    }

    private @Nullable Integer integer(String path, @Nullable Object value) {
        if (value instanceof BigInteger whole && whole.bitLength() < Integer.SIZE) {
            return whole.intValue();
        }
        problem(path, "must be a whole number that is not too large, was " + shown(value));
        return null;
    }

    private @Nullable Duration duration(String path, @Nullable Object value) {
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

    private @Nullable Instant instant(String path, @Nullable Object value) {
        String text = text(path, value);
        if (text == null) {
            return null;
        }
        try {
            return Instant.parse(text);
        } catch (DateTimeException e) {
            problem(path, "must be an instant in UTC such as \"2027-01-31T00:00:00Z\", was " + shown(text));
            return null;
        }
    }

    private @Nullable Boolean isOn(String path, @Nullable Object value) {
        if (value instanceof Boolean on) {
            return on;
        }
        problem(path, "must be true or false, was " + shown(value));
        return null;
    }

    private @Nullable String text(String path, @Nullable Object value) {
        if (value instanceof String text) {
            return text;
        }
        problem(path, "must be text, was " + shown(value));
        return null;
    }

    private @Nullable Map<String, String> textMap(String path, @Nullable Object value) {
        Map<String, Object> members = object(path, value);
        if (members == null) {
            return null;
        }
        var texts = new LinkedHashMap<String, String>();
        for (String name : members.keySet()) {
            String text = text(child(path, name), members.get(name));
            if (text != null) {
                texts.put(name, text);
            }
        }
        return texts;
    }

    private <E extends Enum<E>> @Nullable E word(String path, @Nullable Object value, E[] words) {
        var allowed = new ArrayList<String>();
        for (E word : words) {
            if (lower(word).equals(value)) {
                return word;
            }
            allowed.add("\"" + lower(word) + "\"");
        }
        problem(path, "must be one of " + String.join(", ", allowed) + "; was " + shown(value));
        return null;
    }

    private static String lower(Enum<?> word) {
        return word.name().toLowerCase(Locale.ROOT);
    }

    @SuppressWarnings("unchecked") // members of JSON have names
    private @Nullable Map<String, Object> object(String path, @Nullable Object value) {
        if (value instanceof Map) {
            return (Map<String, Object>) value;
        }
        problem(path, "must be an object, was " + shown(value));
        return null;
    }

    private void known(String path, Map<String, Object> members, String... known) {
        for (String name : members.keySet()) {
            if (!List.of(known).contains(name)) {
                problem(child(path, name), "is unknown; known here are " + String.join(", ", known));
            }
        }
    }

    private void each(
            String path, Map<String, Object> members, String name, BiConsumer<String, @Nullable Object> action) {
        if (!members.containsKey(name)) {
            return;
        }
        String where = child(path, name);
        if (members.get(name) instanceof List<?> list) {
            for (int i = 0; i < list.size(); i++) {
                action.accept(where + "[" + i + "]", list.get(i));
            }
        } else {
            problem(where, "must be a list, was " + shown(members.get(name)));
        }
    }

    private interface Member<T> {
        @Nullable
        T read(String path, @Nullable Object value);
    }

    private <T> @Nullable T required(String path, Map<String, Object> members, String name, Member<T> reading) {
        if (!members.containsKey(name)) {
            problem(child(path, name), "is missing");
            return null;
        }
        return reading.read(child(path, name), members.get(name));
    }

    private static <T> @Nullable T optional(String path, Map<String, Object> members, String name, Member<T> reading) {
        return members.containsKey(name) ? reading.read(child(path, name), members.get(name)) : null;
    }

    private <T> @Nullable T set(
            String path, Map<String, Object> members, String name, Member<T> reading, Function<T, Object> setter) {
        T value = optional(path, members, name, reading);
        if (value != null) {
            attempt(child(path, name), () -> setter.apply(value));
        }
        return value;
    }

    /** Runs what checks the value at a path. */
    private <T> @Nullable T attempt(String path, Supplier<T> action) {
        return attempt(path, Map.of(), action);
    }

    /** Runs what checks the members of the object at a path; its message begins with the name of the member that is wrong. */
    private <T> @Nullable T attempt(String path, Map<String, Object> members, Supplier<T> action) {
        try {
            return action.get();
        } catch (IllegalArgumentException | IllegalStateException e) {
            String message = String.valueOf(e.getMessage());
            int space = Math.max(0, message.indexOf(' '));
            String subject = message.substring(0, space);
            if (members.containsKey(subject)) {
                problem(child(path, subject), message.substring(space + 1));
            } else if (path.equals(subject) || path.endsWith("." + subject)) {
                problem(path, message.substring(space + 1));
            } else {
                problem(path, "is not valid: " + message);
            }
            return null;
        }
    }

    private void problem(String path, String message) {
        problems.add((path.isEmpty() ? ROOT : path) + " " + message);
    }

    private static String child(String path, String name) {
        if (!SIMPLE.matcher(name).matches()) {
            String escaped = NOT_IN_A_PATH
                    .matcher(name)
                    .replaceAll(each -> String.format("\\\\u%04X", each.group().codePointAt(0)));
            return path + "['" + escaped + "']";
        }
        return path.isEmpty() ? name : path + "." + name;
    }

    private static String shown(@Nullable Object value) {
        if (value instanceof Map) {
            return "an object";
        }
        if (value instanceof List) {
            return "a list";
        }
        String text = String.valueOf(value);
        String cut = text.length() <= SHOWN_CHARACTERS ? text : text.substring(0, SHOWN_CHARACTERS) + "…";
        return value instanceof String ? "\"" + cut + "\"" : cut;
    }
}
