package io.plg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class IdsTest {

    static Stream<Arguments> kinds() {
        return Stream.of(
                Arguments.of("workspaceId", (Function<String, Object>) WorkspaceId::of),
                Arguments.of("userId", (Function<String, Object>) UserId::of));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void anIdHas1To128Characters(String field, Function<String, Object> of) {
        assertThat(of.apply("a")).hasToString("a");
        assertThat(of.apply("x".repeat(128))).hasToString("x".repeat(128));

        assertThatThrownBy(() -> of.apply(""))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(field + " must have 1 to 128 characters, was empty");
        assertThatThrownBy(() -> of.apply("x".repeat(129)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(field + " must have 1 to 128 characters, had 129: " + "x".repeat(32) + "…");
        assertThatThrownBy(() -> of.apply(null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage(field + " must not be null");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void charactersAreCountedAsPeopleDoAndNotAsJavaDoes(String field, Function<String, Object> of) {
        assertThat(of.apply("🦄".repeat(128))).hasToString("🦄".repeat(128));

        assertThatThrownBy(() -> of.apply("🦄".repeat(129)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(field + " must have 1 to 128 characters, had 129: " + "🦄".repeat(32) + "…");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void whatNoDatabaseCanKeepIsRefused(String field, Function<String, Object> of) {
        assertRefused(of, "a\u0000b", field + " must not contain the character U+0000, at index 1");
        assertRefused(of, "\ud83e", field + " must not contain the character U+D83E, at index 0");
        assertRefused(of, "a\ud83eb", field + " must not contain the character U+D83E, at index 1");
        assertRefused(of, "\udd84", field + " must not contain the character U+DD84, at index 0");
        assertRefused(of, "a\udd84", field + " must not contain the character U+DD84, at index 1");
        assertRefused(of, "\udd84\ud83e", field + " must not contain the character U+DD84, at index 0");
        assertRefused(of, "🦄\udd84", field + " must not contain the character U+DD84, at index 2");
        assertThat(of.apply("\u0001🦄\uffff")).hasToString("\u0001🦄\uffff");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void idsAreEqualIfEveryByteIs(String field, Function<String, Object> of) {
        assertThat(of.apply("ada")).isEqualTo(of.apply("ada")).hasSameHashCodeAs(of.apply("ada"));
        assertThat(of.apply("ada")).isNotEqualTo(of.apply("Ada"));
        assertThat(of.apply("ada")).isNotEqualTo(of.apply("ada "));
        assertThat(of.apply("\u00e9")).as("composed").isNotEqualTo(of.apply("e\u0301"));
        assertThat(of.apply(" ")).as("one space, for " + field).isNotEqualTo(of.apply("  "));
    }

    private static void assertRefused(Function<String, Object> of, String id, String message) {
        assertThatThrownBy(() -> of.apply(id))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}
