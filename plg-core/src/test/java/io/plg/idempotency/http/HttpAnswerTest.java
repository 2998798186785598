package io.plg.idempotency.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.internal.PlgRuntime;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class HttpAnswerTest {

    @Test
    void anAnswerIsEqualToOneWithTheSameStatusHeadersAndBytes() {
        HttpAnswer answer = HttpAnswer.json(201, "{\"id\":1}").with("ETag", "\"1\"");

        assertThat(answer)
                .isEqualTo(HttpAnswer.json(201, "{\"id\":1}").with("etag", "\"1\""))
                .hasSameHashCodeAs(HttpAnswer.json(201, "{\"id\":1}").with("etag", "\"1\""))
                .isNotEqualTo(HttpAnswer.json(200, "{\"id\":1}").with("ETag", "\"1\""))
                .isNotEqualTo(HttpAnswer.json(201, "{\"id\":2}").with("ETag", "\"1\""))
                .isNotEqualTo(answer.with("ETag", "\"2\""))
                .isNotEqualTo(HttpAnswer.json(201, "{\"id\":1}"));
    }

    @Test
    void aHeaderIsFoundInAnyCaseAndReplacedInAnyCase() {
        HttpAnswer answer = HttpAnswer.of(204).with("X-Trace", "a").with("x-trace", "b");

        assertThat(answer.header("X-TRACE")).contains("b");
        assertThat(answer.headers()).hasSize(1).containsKey("X-Trace");
        assertThat(answer.header("Date")).isEmpty();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new HttpAnswer(200, new TreeMap<>(Map.of("a", "1", "A", "2")), new byte[0]))
                .withMessage("a header must have one value, a was there twice; join a list with commas");
    }

    @Test
    void nobodyChangesAnAnswerFromOutside() {
        byte[] body = {1, 2, 3};
        var headers = new TreeMap<>(Map.of("ETag", "1"));
        var answer = new HttpAnswer(200, headers, body);

        body[0] = 9;
        headers.clear();
        answer.body()[1] = 9;

        assertThat(answer).isEqualTo(new HttpAnswer(200, Map.of("ETag", "1"), new byte[] {1, 2, 3}));
        assertThatThrownBy(() -> answer.headers().clear()).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void noHeaderCanSplitAnAnswer() {
        HttpAnswer answer = HttpAnswer.of(200);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> answer.with("Location", "/a\r\nSet-Cookie: b"))
                .withMessage("the value of the header Location must be printable, has U+000D at index 2");
        assertThatIllegalArgumentException().isThrownBy(() -> answer.with("Location", "/\u20ac"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> answer.with("A: b", "c"))
                .withMessage("the name of a header must be a token, was \"A: b\"");
        assertThatIllegalArgumentException().isThrownBy(() -> answer.with("", "c"));
        assertThat(answer.with("X", "a\tb é").header("x")).contains("a\tb é");
    }

    @Test
    void aStatusIsTheOneOfAnAnswer() {
        assertThat(HttpAnswer.of(200).status()).isEqualTo(200);
        assertThat(HttpAnswer.of(599).status()).isEqualTo(599);
        for (int each : new int[] {-1, 0, 100, 199, 600}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> HttpAnswer.of(each))
                    .withMessage("status must be 200 to 599, was " + each);
        }
    }

    @Test
    void onlyWhatBelongsToTheBodyOrNamesWhatWasMadeIsStored() {
        HttpAnswer answer = HttpAnswer.json(201, "{}")
                .with("Location", "/grants/1")
                .with("ETAG", "\"1\"")
                .with("content-language", "de")
                .with("Content-Encoding", "gzip")
                .with("Set-Cookie", "session=secret")
                .with("Date", "Sun, 12 Apr 2026 08:00:00 GMT")
                .with("Connection", "keep-alive")
                .with("Keep-Alive", "timeout=5")
                .with("Transfer-Encoding", "chunked")
                .with("Content-Length", "2")
                .with("Cache-Control", "max-age=60")
                .with("Authorization", "Bearer secret")
                .with("WWW-Authenticate", "Basic")
                .with("Retry-After", "3")
                .with("Idempotent-Replayed", "true")
                .with("X-Request-Id", "4711");

        assertThat(answer.storable().headers())
                .containsOnlyKeys("Content-Type", "Location", "ETAG", "content-language", "Content-Encoding");
        assertThat(answer.storable().status()).isEqualTo(201);
        assertThat(answer.storable().body()).isEqualTo(answer.body());
    }

    @Test
    void asTextAnAnswerTellsNothingOfWhatIsInIt() {
        assertThat(HttpAnswer.json(201, "secret").with("Set-Cookie", "secret"))
                .hasToString("201 with [Content-Type, Set-Cookie] and 6 bytes");
    }

    @Test
    void itsJsonNeverChanges() {
        var answer =
                new HttpAnswer(201, Map.of("Content-Type", "text/plain"), "Grüße".getBytes(StandardCharsets.UTF_8));
        String json = "{\"status\":201,\"headers\":{\"Content-Type\":\"text/plain\"},\"body\":\"R3LDvMOfZQ==\"}";

        assertThat(PlgRuntime.jackson().write(answer)).isEqualTo(json);
        assertThat(PlgRuntime.jackson().read(json, HttpAnswer.class)).isEqualTo(answer);
    }

    @Property(tries = 500)
    void everyAnswerComesBackFromItsJson(
            @ForAll @IntRange(min = 200, max = 599) int status, @ForAll byte[] body, @ForAll boolean header) {
        var answer = new HttpAnswer(status, header ? Map.of("Location", "/\"é\\") : Map.of(), body);

        assertThat(PlgRuntime.jackson().read(PlgRuntime.jackson().write(answer), HttpAnswer.class))
                .isEqualTo(answer);
    }
}
