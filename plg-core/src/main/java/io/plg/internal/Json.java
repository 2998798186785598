package io.plg.internal;

import io.plg.JsonCodec;
import java.lang.reflect.Type;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** JSON of plain maps, by Jackson. */
public final class Json {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final JsonMapper EXACT = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(DeserializationFeature.USE_BIG_INTEGER_FOR_INTS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private static final TypeReference<LinkedHashMap<String, String>> TEXT_MAP = new TypeReference<>() {};

    private Json() {}

    /**
     * Writes a value.
     *
     * @param value maps, text, numbers and booleans
     * @return one line of JSON, members in the order of the map
     */
    public static String write(Object value) {
        return MAPPER.writeValueAsString(value);
    }

    /**
     * Reads an object whose members are all text.
     *
     * @param json the JSON
     * @return its members in order; cannot be modified
     */
    public static Map<String, String> readTextMap(String json) {
        return Collections.unmodifiableMap(MAPPER.readValue(json, TEXT_MAP));
    }

    /**
     * Reads any JSON value, exactly.
     *
     * @param json one JSON value
     * @return maps, lists, text, booleans, {@code BigInteger} and {@code BigDecimal}
     * @throws IllegalArgumentException if it is not JSON, or an object has a member twice
     */
    public static @Nullable Object readAny(String json) {
        try {
            return EXACT.readValue(json, Object.class);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("a request must be one JSON value: " + e.getOriginalMessage(), e);
        } catch (NumberFormatException | ArithmeticException e) {
            throw new IllegalArgumentException("a request has a number that is out of range: " + e.getMessage(), e);
        }
    }

    /**
     * The default of the builder.
     *
     * @return Jackson as it comes
     */
    static JsonCodec codec() {
        return new JsonCodec() {
            @Override
            public String write(@Nullable Object value) {
                return MAPPER.writeValueAsString(value);
            }

            @Override
            public @Nullable Object read(String json, Type type) {
                return MAPPER.readValue(json, MAPPER.constructType(type));
            }
        };
    }
}
