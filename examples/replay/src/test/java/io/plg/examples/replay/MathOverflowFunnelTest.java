package io.plg.examples.replay;

import static io.plg.examples.replay.RealData.counts;
import static io.plg.examples.replay.RealData.numbers;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

@DisplayName("snap-mathoverflow: 506,550 events over 6.4 years, one file per event")
class MathOverflowFunnelTest {
    private static final String DATA_SET = "snap-mathoverflow";

    static Stream<Arguments> everyFunnel() {
        return Stream.of("a2q>c2a", "c2q>a2q>c2a", "a2q>a2q>a2q")
                .flatMap(steps -> Stream.of("none", "1day", "7days", "30days")
                        .flatMap(window -> Stream.of(Store.values())
                                // loading half a million rows takes the databases a while; one window shows that they
                                // agree
                                .filter(store -> store == Store.MEMORY || window.equals("7days"))
                                .map(store -> Arguments.of(steps, window, store))));
    }

    @ParameterizedTest(name = "{0} window {1} on {2}")
    @MethodSource("everyFunnel")
    @DisplayName("gives the known counts and times")
    void knownAnswers(String steps, String window, Store store) {
        Path data = RealData.directory(DATA_SET);
        var command =
                new StringBuilder("funnel --delimiter §space§ --no-header --user-column 1 --time-column 3 --json");
        int number = 0;
        for (String step : steps.split(">")) {
            command.append(" --step ")
                    .append(++number)
                    .append('-')
                    .append(step)
                    .append("=@")
                    .append(data)
                    .append("/sx-mathoverflow-")
                    .append(step)
                    .append(".txt.gz");
        }
        command.append(" --window ").append(duration(window)).append(' ').append(store.options());

        String[] args = Stream.of(command.toString().split(" "))
                .map(word -> word.equals("§space§") ? " " : word)
                .toArray(String[]::new);
        JsonNode report = Run.args(args).json();

        JsonNode expected = RealData.expected(DATA_SET).get("funnel " + steps + " window=" + window);
        assertThat(counts(report)).containsExactly(numbers(expected.get("counts")));
        JsonNode times = report.get("timeToConvertSeconds");
        JsonNode known = expected.get("first_to_last_seconds_latest_entry");
        assertThat(times.get("n").asLong()).isEqualTo(known.get("n").asLong());
        for (String figure : new String[] {"mean", "p50", "p75", "p90"}) {
            assertThat(times.get(figure).asDouble())
                    .as(figure)
                    .isCloseTo(known.get(figure).asDouble(), Offset.offset(0.0005001));
        }
        assertThat(times.get("histogram")
                        .valueStream()
                        .mapToLong(bin -> bin.get("count").asLong())
                        .sum())
                .isEqualTo(known.get("n").asLong());
    }

    private static String duration(String window) {
        return switch (window) {
            case "1day" -> "P1D";
            case "7days" -> "P7D";
            case "30days" -> "P30D";
            default -> "none";
        };
    }
}
