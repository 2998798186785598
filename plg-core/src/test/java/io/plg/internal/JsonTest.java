package io.plg.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import org.junit.jupiter.api.Test;

class JsonTest {

    @Test
    void textComesBackAsItWasWrittenAndInOrder() {
        var map = new LinkedHashMap<String, String>();
        map.put("z", "\"quoted\" \\ 'single' /slash/");
        map.put("a", "line\nbreak\r\ttab\u0001\u007f\u2028");
        map.put("é 🦄", "");
        map.put("", "null");

        assertThat(Json.readTextMap(Json.write(map)).entrySet()).containsExactlyElementsOf(map.entrySet());
        assertThat(Json.write(map)).doesNotContain("\n");
        assertThatThrownBy(() -> Json.readTextMap("{}").put("a", "b"))
                .isInstanceOf(UnsupportedOperationException.class);
    }
}
