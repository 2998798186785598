package io.plg.plan;

import io.plg.plan.InvalidPlanCatalog.Problem;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * A JSON or YAML text as maps, lists, text, {@code BigInteger}s, booleans, {@link Fraction}s and {@link #NOTHING}. It is read token by token because
 * a tree would keep one of two members of the same name and say nothing.
 */
final class Document {
    /** What {@code null} is read as. */
    static final Object NOTHING = new Object() {
        @Override
        public String toString() {
            return "null";
        }
    };

    private static final Pattern SIMPLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_-]*");

    private final JsonParser parser;
    private final Predicate<JsonParser> isAlias;
    private final List<Problem> problems;

    private Document(JsonParser parser, Predicate<JsonParser> isAlias, List<Problem> problems) {
        this.parser = parser;
        this.isAlias = isAlias;
        this.problems = problems;
    }

    /**
     * A number with a fraction or an exponent, as it was written.
     *
     * @param text its digits
     */
    record Fraction(String text) {
        @Override
        public String toString() {
            return text;
        }
    }

    /** Reads the whole text; what it cannot read is a problem, and then it returns what it could. */
    static Object read(String format, JsonParser parser, Predicate<JsonParser> isAlias, List<Problem> problems) {
        var document = new Document(parser, isAlias, problems);
        try (parser) {
            parser.nextToken();
            Object root = document.value("$");
            if (parser.nextToken() != null) {
                problems.add(
                        new Problem("$", "must be one " + format + " document, something follows it" + at(parser)));
            }
            return root;
        } catch (JacksonException e) {
            problems.add(new Problem("$", "is not " + format + ": " + e.getOriginalMessage() + at(parser)));
            return NOTHING;
        }
    }

    private static String at(JsonParser parser) {
        var location = parser.currentLocation();
        return " (line " + location.getLineNr() + ", column " + location.getColumnNr() + ")";
    }

    private Object value(String path) {
        JsonToken token = parser.currentToken();
        if (token == null) {
            return NOTHING;
        }
        return switch (token) {
            case START_OBJECT -> object(path);
            case START_ARRAY -> list(path);
            case VALUE_STRING -> {
                if (isAlias.test(parser)) {
                    problems.add(new Problem(
                            path, "must be written out, was a reference to \"" + parser.getString() + "\""));
                }
                yield parser.getString();
            }
            case VALUE_NUMBER_INT -> integer();
            case VALUE_NUMBER_FLOAT -> new Fraction(parser.getString());
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            default -> NOTHING;
        };
    }

    private Object integer() {
        try {
            return parser.getBigIntegerValue();
        } catch (NumberFormatException e) {
            return new Fraction(parser.getString()); // an integer to YAML's grammar and to nothing else
        }
    }

    private Map<String, Object> object(String path) {
        var members = new LinkedHashMap<String, Object>();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            String where = child(path, name);
            parser.nextToken();
            Object value = value(where);
            if (members.putIfAbsent(name, value) != null) {
                problems.add(new Problem(where, "is there twice"));
            }
        }
        return members;
    }

    private List<Object> list(String path) {
        var items = new ArrayList<Object>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            items.add(value(child(path, items.size())));
        }
        return items;
    }

    static String child(String path, String name) {
        return SIMPLE.matcher(name).matches()
                ? path + "." + name
                : path + "['" + name.replace("\\", "\\\\").replace("'", "\\'") + "']";
    }

    static String child(String path, int index) {
        return path + "[" + index + "]";
    }
}
