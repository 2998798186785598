package io.plg.internal;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** JSON of plain maps, by Jackson. */
public final class Json {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
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
}
