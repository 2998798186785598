package io.plg.idempotency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.function.Function;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.StringLength;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdempotencyKeyTest {
    private static final String UUID = "8e03978e-40d5-43e8-bc93-6894a57f9324";

    @Test
    void theQuotedFormAndTheBareOneAreTheSameKey() {
        assertThat(IdempotencyKey.parse('"' + UUID + '"')).isEqualTo(IdempotencyKey.of(UUID));
        assertThat(IdempotencyKey.parse(UUID))
                .isEqualTo(IdempotencyKey.of(UUID))
                .hasToString(UUID);
    }

    @Test
    void spacesAroundAKeyDoNotCountAndThoseInsideDo() {
        assertThat(IdempotencyKey.parse(" \t order 1 \t")).isEqualTo(IdempotencyKey.of("order 1"));
        assertThat(IdempotencyKey.parse("  \"order 1\" ")).isEqualTo(IdempotencyKey.of("order 1"));
        assertThat(IdempotencyKey.of("order 1")).isNotEqualTo(IdempotencyKey.of("order  1"));
        for (Function<String, ?> each :
                List.<Function<String, ?>>of(IdempotencyKey::of, k -> IdempotencyKey.parse('"' + k + '"'))) {
            assertRefused(() -> each.apply(" order"), "must not begin or end with a space, was \" order\"");
            assertRefused(() -> each.apply("order "), "must not begin or end with a space, was \"order \"");
        }
    }

    @Test
    void keysAreEqualIfEveryByteIs() {
        assertThat(IdempotencyKey.of("Order-1")).isNotEqualTo(IdempotencyKey.of("order-1"));
        assertThat(IdempotencyKey.of("a")).isEqualTo(IdempotencyKey.of("a")).hasSameHashCodeAs(IdempotencyKey.of("a"));
    }

    @Test
    void aKeyHas1To255CharactersAndIsNeverCut() {
        String longest = "x".repeat(255);

        assertThat(IdempotencyKey.of(longest).value()).isEqualTo(longest);
        assertThat(IdempotencyKey.parse('"' + longest + '"').value())
                .as("quotes are not counted")
                .isEqualTo(longest);
        assertThat(IdempotencyKey.parse('"' + "\\\"".repeat(255) + '"').value())
                .as("nor are the backslashes of the quoted form")
                .isEqualTo("\"".repeat(255));
        String message = "idempotency key must have 1 to 255 characters, had 256: " + "x".repeat(32) + "…";
        assertRefused(() -> IdempotencyKey.of(longest + "x"), message);
        assertRefused(() -> IdempotencyKey.parse(longest + "x"), message);
        assertRefused(() -> IdempotencyKey.parse('"' + longest + "x\""), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "\t  ", "\"\""})
    void anEmptyHeaderIsNoKey(String header) {
        assertRefused(() -> IdempotencyKey.parse(header), "must have 1 to 255 characters, was empty");
    }

    @Test
    void aKeyIsPrintableAscii() {
        assertRefused(() -> IdempotencyKey.parse("a\u0000b"), "must be printable ASCII, has U+0000 at index 1");
        assertRefused(() -> IdempotencyKey.parse("a\r\nSet-Cookie: b"), "has U+000D at index 1");
        assertRefused(() -> IdempotencyKey.parse("a\nb"), "has U+000A at index 1");
        assertRefused(() -> IdempotencyKey.parse("key-🦄"), "has U+D83E at index 4");
        assertRefused(() -> IdempotencyKey.parse("\"key-🦄\""), "has U+D83E at index 4");
        assertRefused(() -> IdempotencyKey.parse("é"), "has U+00E9 at index 0");
        assertRefused(() -> IdempotencyKey.parse("a\u007f"), "has U+007F at index 1");
        assertRefused(() -> IdempotencyKey.parse("a\tb"), "has U+0009 at index 1");
        assertRefused(() -> IdempotencyKey.parse("\u00a0"), "has U+00A0 at index 0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"'; drop table --", "%00", "a\"b", "a\\b", "<script>", "../../etc", "1", "a; b", "null"})
    void whateverElseIsInAKeyMeansNothing(String key) {
        assertThat(IdempotencyKey.parse(key).value()).isEqualTo(key);
        assertThat(IdempotencyKey.of(key).value()).isEqualTo(key);
    }

    @Test
    void inTheQuotedFormABackslashStandsBeforeAQuoteOrABackslash() {
        assertThat(IdempotencyKey.parse("\"a\\\"b\\\\c\"").value()).isEqualTo("a\"b\\c");
        assertThat(IdempotencyKey.parse("\"\\\"a\\\"\"").value()).isEqualTo("\"a\"");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"\"", "\"a", "\"a\\\"", "\"a\\", "\"a\\n\"", "\"a\"b", "\"a\";p=1", "\"a\", \"b\"", "\"a\" \"b\""
            })
    void aQuotedFormThatIsNotWellFormedIsRefused(String header) {
        assertRefused(() -> IdempotencyKey.parse(header), "idempotency key begins with a quote and ");
        assertRefused(() -> IdempotencyKey.parseStrict(header), "idempotency key begins with a quote and ");
    }

    @Test
    void aKeyOfTheHostThatBeginsWithAQuoteIsAHeaderThatNobodyParsed() {
        assertRefused(
                () -> IdempotencyKey.of('"' + UUID + '"'),
                "must not begin with a quote, was \"" + UUID + "\"; read a header with IdempotencyKey.parse");
    }

    @Test
    void strictMeansQuotedAndHardToGuess() {
        assertThat(IdempotencyKey.parseStrict('"' + UUID + '"')).isEqualTo(IdempotencyKey.of(UUID));
        assertThat(IdempotencyKey.parseStrict("\"0123456789abcdef\"").value())
                .as("64 bits")
                .isEqualTo("0123456789abcdef");

        assertRefused(() -> IdempotencyKey.parseStrict(UUID), "idempotency key must be a quoted string");
        assertRefused(() -> IdempotencyKey.parseStrict(""), "idempotency key must be a quoted string");
        for (String each : List.of("1", "order-1", "x".repeat(255), "0123456789abcde", "ab".repeat(31))) {
            assertRefused(
                    () -> IdempotencyKey.parseStrict('"' + each + '"'),
                    "must be hard to guess, such as a random UUID, was \"" + each + '"');
        }
        assertRefused(() -> IdempotencyKey.parseStrict("\"\""), "was empty");
    }

    @Test
    void nullIsRefusedAtOnce() {
        assertThatThrownBy(() -> IdempotencyKey.of(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> IdempotencyKey.parse(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> IdempotencyKey.parseStrict(null)).isInstanceOf(NullPointerException.class);
    }

    @Property(tries = 1000)
    void everyKeyComesBackFromItsQuotedForm(
            @ForAll @CharRange(from = ' ', to = '~') @StringLength(min = 1, max = 255) String text) {
        if (text.startsWith(" ") || text.endsWith(" ")) {
            assertThatIllegalArgumentException().isThrownBy(() -> new IdempotencyKey(text));
            return;
        }
        var key = new IdempotencyKey(text);
        String quoted = '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';

        assertThat(IdempotencyKey.parse(quoted)).isEqualTo(key);
        if (!text.startsWith("\"")) {
            assertThat(IdempotencyKey.of(text)).isEqualTo(key);
            if (!text.contains(",")) {
                assertThat(IdempotencyKey.parse(text)).isEqualTo(key);
            }
        }
    }

    @Test
    void severalHeadersThatAProxyHasJoinedAreNotOneKey() {
        assertRefused(() -> IdempotencyKey.parse("k1, k2"), "k1, k2");
        assertThat(IdempotencyKey.parse("\"k1, k2\"").value()).isEqualTo("k1, k2");
    }

    @Property(tries = 2000)
    void anyTextIsAKeyOrRefusedAsAWrongArgument(@ForAll String header) {
        try {
            assertThat(IdempotencyKey.parse(header).value()).matches("[!-~]([ -~]{0,253}[!-~])?");
        } catch (IllegalArgumentException e) {
            assertThat(e).hasMessageStartingWith("idempotency key ");
        }
    }

    private static void assertRefused(ThrowingCallable call, String message) {
        assertThatIllegalArgumentException().isThrownBy(call).withMessageContaining(message);
    }
}
