package io.plg.referral;

import io.plg.internal.Json;
import io.plg.referral.InvalidPrograms.Problem;
import io.plg.reward.RewardCampaign;
import io.plg.reward.RewardRule;
import java.math.BigInteger;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/**
 * Makes a catalog of a document. It goes on after a problem, in order to tell all of them. Rewards and campaigns are read where they belong; this
 * sets the path before their problems.
 */
final class ProgramReader {
    private static final Pattern SIMPLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_-]*");
    private static final Pattern NOT_IN_A_PATH = Pattern.compile("[^\\p{Graph}]|['\\\\]");
    private static final int SHOWN_CHARACTERS = 60;
    private static final String ROOT = "$";

    private final List<Problem> problems = new ArrayList<>();
    private final ProgramCatalog.Builder catalog = ProgramCatalog.builder();
    private final Map<String, String> paths = new LinkedHashMap<>();

    private ProgramReader() {}

    static ProgramCatalog read(String json) {
        Object document;
        try {
            document = Json.readAny(json);
        } catch (IllegalArgumentException e) {
            String why = e.getCause() instanceof JacksonException cause ? cause.getOriginalMessage() : e.getMessage();
            throw new InvalidPrograms(List.of(new Problem(ROOT, "must be one object in JSON: " + why)));
        }
        var reader = new ProgramReader();
        reader.catalog(document);
        if (!reader.problems.isEmpty()) {
            throw new InvalidPrograms(reader.problems);
        }
        return reader.catalog.build();
    }

    private void catalog(@Nullable Object document) {
        Map<String, Object> members = object("", document, "programs", "campaigns");
        if (members == null) {
            return;
        }
        each("", members, "programs", this::program);
        each("", members, "campaigns", (path, value) -> {
            RewardCampaign campaign = part(path, value, RewardCampaign::parse);
            claim(path, value, campaign == null ? null : () -> catalog.campaign(campaign));
        });
    }

    private void program(String path, @Nullable Object value) {
        Map<String, Object> members = object(
                path,
                value,
                "name",
                "version",
                "link",
                "touch",
                "window",
                "from",
                "until",
                "codesExpireAfter",
                "funnel",
                "rewards");
        if (members == null) {
            return;
        }
        int before = problems.size();
        if (!members.containsKey("name")) {
            problem(child(path, "name"), "is missing");
        }
        ReferralProgram.Builder program = ReferralProgram.named("unnamed"); // to find what else is wrong
        String name = members.containsKey("name") ? text(child(path, "name"), members.get("name")) : null;
        if (name != null) {
            ReferralProgram.Builder named = attempt(child(path, "name"), () -> ReferralProgram.named(name));
            program = named == null ? program : named;
        }
        set(path, members, "version", this::integer, program::version);
        set(path, members, "link", this::text, program::link);
        set(path, members, "touch", this::touch, program::touch);
        set(path, members, "window", this::duration, program::window);
        set(path, members, "from", this::instant, program::from);
        set(path, members, "until", this::instant, program::until);
        set(path, members, "codesExpireAfter", this::duration, program::codesExpireAfter);
        set(path, members, "funnel", this::text, program::funnel);
        if (members.get("rewards") instanceof List<?> none && none.isEmpty()) {
            program.withoutRewards();
        }
        ReferralProgram.Builder described = program;
        each(path, members, "rewards", (where, rule) -> {
            RewardRule read = part(where, rule, RewardRule::parse);
            if (read != null) {
                attempt(where, () -> described.reward(read));
            }
        });
        claim(path, value, problems.size() > before ? null : () -> catalog.program(described.build()));
    }

    /** Adds what has a name that is not there yet; what could not be read takes its name all the same. */
    private void claim(String path, @Nullable Object value, @Nullable Runnable add) {
        if (value instanceof Map<?, ?> members && members.get("name") instanceof String name) {
            String first = paths.putIfAbsent(name, path);
            if (first != null) {
                problem(
                        child(path, "name"),
                        "must be another one for each program and campaign, \"" + name + "\" is that of " + first);
            } else if (add != null) {
                add.run();
            }
        }
    }

    /** Reads a part of the document that is a document to another reader. */
    private <T> @Nullable T part(String path, @Nullable Object value, Function<String, T> parse) {
        Map<String, Object> members = object(path, value);
        if (members == null) {
            return null;
        }
        try {
            return parse.apply(Json.write(members));
        } catch (IllegalArgumentException e) {
            within(path, e);
            for (Throwable further : e.getSuppressed()) {
                within(path, further);
            }
            return null;
        }
    }

    private void within(String path, Throwable problem) {
        String sentence = String.valueOf(problem.getMessage());
        int space = sentence.indexOf(' '); // there is none in a path
        String inner = sentence.substring(0, space);
        String where = inner.equals(ROOT) ? path : inner.startsWith("[") ? path + inner : path + "." + inner;
        problem(where, sentence.substring(space + 1));
    }

    private @Nullable Touch touch(String path, @Nullable Object value) {
        var allowed = new ArrayList<String>();
        for (Touch touch : Touch.values()) {
            String word = touch.name().toLowerCase(Locale.ROOT);
            if (word.equals(value)) {
                return touch;
            }
            allowed.add("\"" + word + "\"");
        }
        problem(path, "must be one of " + String.join(", ", allowed) + "; was " + shown(value));
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

    private @Nullable String text(String path, @Nullable Object value) {
        if (value instanceof String text) {
            return text;
        }
        problem(path, "must be text, was " + shown(value));
        return null;
    }

    /** An object; one with these members only, unless none is named. */
    @SuppressWarnings("unchecked") // members of JSON have names
    private @Nullable Map<String, Object> object(String path, @Nullable Object value, String... allowed) {
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

    private <T> void set(
            String path, Map<String, Object> members, String name, Member<T> reading, Function<T, Object> setter) {
        String where = child(path, name);
        T value = members.containsKey(name) ? reading.read(where, members.get(name)) : null;
        if (value != null) {
            attempt(where, () -> setter.apply(value));
        }
    }

    /** Runs what checks the value at a path; its message may begin with the name of that. */
    private <T> @Nullable T attempt(String path, Supplier<T> action) {
        try {
            return action.get();
        } catch (IllegalArgumentException e) {
            String message = String.valueOf(e.getMessage());
            int space = Math.max(0, message.indexOf(' '));
            if (path.endsWith("." + message.substring(0, space))) {
                problem(path, message.substring(space + 1));
            } else {
                problem(path, "is not valid: " + message);
            }
            return null;
        }
    }

    private void problem(String path, String message) {
        problems.add(new Problem(path.isEmpty() ? ROOT : path, message));
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
