package io.plg.idempotency;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.internal.Json;
import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.net.URI;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalAmount;
import java.util.Collection;
import java.util.Currency;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One text for all values that are equal: JSON without white space, members in the order of their names by UTF-16 code units, sets in the
 * order of their elements' texts, numbers as an integer without trailing zeros and an exponent, nothing escaped but what must be and lone
 * surrogates. Never to be changed: stored fingerprints depend on it.
 */
final class CanonicalForm {
    private static final int MAX_LEVELS = 100;
    private static final int MAX_DIGITS = 1_000;

    private final StringBuilder out;
    private int level;

    private CanonicalForm(int level) {
        this.out = new StringBuilder();
        this.level = level;
    }

    static String of(@Nullable Object value) {
        return text(value, 0);
    }

    static String ofJson(String json) {
        return of(Json.readAny(json));
    }

    private static String text(@Nullable Object value, int level) {
        var form = new CanonicalForm(level);
        form.write(value);
        return form.out.toString();
    }

    private void write(@Nullable Object value) {
        if (level > MAX_LEVELS) {
            throw new IllegalArgumentException("a request must have at most " + MAX_LEVELS
                    + " levels; one that contains itself has no fingerprint");
        }
        level++;
        if (value == null) {
            out.append("null");
        } else if (value instanceof Boolean) {
            out.append(value);
        } else if (value instanceof Number number) {
            number(number);
        } else if (value instanceof Optional<?> optional) {
            level--;
            write(optional.orElse(null));
            level++;
        } else if (value instanceof byte[] bytes) {
            quoted(HexFormat.of().formatHex(bytes));
        } else if (value instanceof Map<?, ?> map) {
            map(map);
        } else if (value instanceof Set<?> set) {
            set(set);
        } else if (isInOrder(value) && value instanceof Collection<?> collection) {
            list(collection);
        } else if (value.getClass().isArray()) {
            array(value);
        } else {
            String text = textOf(value);
            if (text != null) {
                quoted(text);
            } else if (value instanceof Record record) {
                record(record);
            } else {
                throw new IllegalArgumentException(
                        "a request must be made of records, maps, lists, texts, numbers and the like, has "
                                + value.getClass().getName()
                                + "; turn it into one of them, or write it as JSON and use Fingerprint.ofJson");
            }
        }
        level--;
    }

    /** The text of a value whose text is fixed by its specification, or null. */
    private static @Nullable String textOf(Object value) {
        if (value instanceof CharSequence
                || value instanceof Character
                || value instanceof UUID
                || value instanceof URI
                || value instanceof Currency
                || value instanceof Locale
                || isOfJavaTime(value)) {
            return value.toString();
        }
        if (value instanceof Enum<?> constant) {
            return constant.name();
        }
        if (value instanceof Fingerprint fingerprint) {
            return fingerprint.hex();
        }
        if (value instanceof UserId user) {
            return user.value();
        }
        return value instanceof WorkspaceId workspace ? workspace.value() : null;
    }

    /** Whether equal collections have their elements in one order; the values of a map, for example, do not. */
    private static boolean isInOrder(Object value) {
        return value instanceof List<?> || value instanceof Deque<?>;
    }

    private static boolean isOfJavaTime(Object value) {
        return (value instanceof TemporalAccessor
                        || value instanceof TemporalAmount
                        || value instanceof java.time.ZoneId)
                && value.getClass().getName().startsWith("java.time.");
    }

    private void number(Number number) {
        BigDecimal exact;
        if (number instanceof BigDecimal decimal) {
            exact = decimal;
        } else if (number instanceof BigInteger integer) {
            exact = new BigDecimal(integer);
        } else if (number instanceof Double || number instanceof Float) {
            if (!Double.isFinite(number.doubleValue())) {
                throw new IllegalArgumentException("a number in a request must be finite, was " + number);
            }
            exact = shortest(number);
        } else if (number instanceof Long
                || number instanceof Integer
                || number instanceof Short
                || number instanceof Byte
                || number instanceof AtomicInteger
                || number instanceof AtomicLong) {
            exact = BigDecimal.valueOf(number.longValue());
        } else {
            throw new IllegalArgumentException("a number in a request must be of the JDK, was a "
                    + number.getClass().getName());
        }
        if (exact.precision() > MAX_DIGITS) {
            throw new IllegalArgumentException(
                    "a number in a request must have at most " + MAX_DIGITS + " digits, had " + exact.precision());
        }
        BigDecimal stripped;
        try {
            stripped = exact.stripTrailingZeros();
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException("a number in a request has too large an exponent", e);
        }
        out.append(stripped.unscaledValue());
        if (stripped.signum() != 0 && stripped.scale() != 0) {
            out.append('e').append(-(long) stripped.scale());
        }
    }

    /** The fewest digits that are read as the same number. What toString says differs from one JDK to the next. */
    private static BigDecimal shortest(Number number) {
        boolean single = number instanceof Float;
        var exact = new BigDecimal(number.doubleValue());
        for (int digits = 2; digits < (single ? 9 : 17); digits++) {
            BigDecimal rounded = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
            if (single ? rounded.floatValue() == number.floatValue() : rounded.doubleValue() == number.doubleValue()) {
                return rounded;
            }
        }
        return exact.round(new MathContext(single ? 9 : 17, RoundingMode.HALF_EVEN));
    }

    private void map(Map<?, ?> map) {
        var members = new TreeMap<String, Object>();
        map.forEach((key, member) -> {
            String name = key == null ? null : textOf(key);
            if (name == null) {
                throw new IllegalArgumentException("the keys of a map in a request must be texts, was "
                        + (key == null ? "null" : "a " + key.getClass().getName()));
            }
            // An absent value is a member all the same.
            if (members.put(name, member == null ? Optional.empty() : member) != null) {
                throw new IllegalArgumentException("two keys of a map in a request are the text \"" + name + '"');
            }
        });
        members(members);
    }

    private void record(Record record) {
        var members = new TreeMap<String, Object>();
        for (RecordComponent component : record.getClass().getRecordComponents()) {
            Object member = read(record, component);
            if (member != null && !Optional.empty().equals(member)) {
                members.put(component.getName(), member);
            }
        }
        members(members);
    }

    private static @Nullable Object read(Record record, RecordComponent component) {
        Method accessor = component.getAccessor();
        try {
            accessor.setAccessible(true); // the record need not be public, only its package open to plg
            return accessor.invoke(record);
        } catch (IllegalAccessException | RuntimeException e) {
            throw new IllegalArgumentException(
                    "the record " + record.getClass().getName()
                            + " in a request cannot be read; open its package to the module io.plg",
                    e);
        } catch (InvocationTargetException e) {
            throw new IllegalArgumentException(
                    "component " + component.getName() + " of the record "
                            + record.getClass().getName() + " in a request cannot be read",
                    e.getTargetException());
        }
    }

    private void members(Map<String, Object> members) {
        String separator = "{";
        for (var each : members.entrySet()) {
            out.append(separator);
            quoted(each.getKey());
            out.append(':');
            write(each.getValue());
            separator = ",";
        }
        out.append(members.isEmpty() ? "{}" : "}");
    }

    private void set(Set<?> set) {
        var texts = new TreeSet<String>();
        for (Object each : set) {
            texts.add(text(each, level));
        }
        out.append('[').append(String.join(",", texts)).append(']');
    }

    private void list(Collection<?> list) {
        String separator = "";
        out.append('[');
        for (Object each : list) {
            out.append(separator);
            write(each);
            separator = ",";
        }
        out.append(']');
    }

    private void array(Object array) {
        int length = Array.getLength(array);
        out.append('[');
        for (int i = 0; i < length; i++) {
            out.append(i == 0 ? "" : ",");
            write(Array.get(array, i));
        }
        out.append(']');
    }

    private void quoted(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean pair = Character.isHighSurrogate(c)
                    && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1));
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (pair) {
                out.append(c).append(text.charAt(++i));
            } else if (c < ' ' || Character.isSurrogate(c)) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }
}
