package io.plg.funnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.plg.funnel.FunnelQuery.Order;
import io.plg.stats.DurationSummary;
import io.plg.stats.Histogram;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The published funnel cases of {@code posthog-funnel-cases.json}. None is decided otherwise here, save the two defaults below. */
class FunnelCasesTest {

    private static final String FILE = "posthog-funnel-cases.json";
    private static final int CASES = 43;

    private static Optional<JsonNode> data() {
        String directory = System.getProperty("plg.data");
        return directory == null
                ? Optional.empty()
                : Optional.of(JsonMapper.shared().readTree(Path.of(directory, FILE)));
    }

    private static JsonNode required() {
        Optional<JsonNode> data = data();
        assumeTrue(data.isPresent(), "needs -Dplg.data=DIR with " + FILE);
        return data.orElseThrow();
    }

    @Test
    void allCasesAreThere() {
        assertThat(required().get("cases")).hasSize(CASES);
        assertThat(Files.exists(Path.of(System.getProperty("plg.data"), FILE))).isTrue();
    }

    @TestFactory
    Stream<DynamicTest> everyCaseHasTheExpectedAnswer() {
        return tests("cases", node -> node.get("name").stringValue(), FunnelCasesTest::check);
    }

    @TestFactory
    Stream<DynamicTest> everyInvalidConfigurationIsRefused() {
        return tests("invalid_configurations", node -> node.get("name").stringValue(), node -> {
            FunnelQuery.Builder query = FunnelQuery.builder()
                    .order(order(node.get("order_type").stringValue()));
            for (int i = 1; i <= node.get("step_count").asInt(); i++) {
                query.step("step " + i);
            }
            JsonNode range = node.get("exclusion");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> query.exclude(
                                    "x", range.get(0).asInt() + 1, range.get(1).asInt() + 1)
                            .build())
                    .withMessageContaining("'x'");
        });
    }

    /** Decided otherwise: a window of zero or less is an error here, not 14 days, because it is always a mistake. */
    @TestFactory
    Stream<DynamicTest> everyWindowIsTheExpectedOneOrRefused() {
        return tests("window_defaults", node -> "window of " + node.get("configured_window") + " days", node -> {
            FunnelQuery.Builder query = FunnelQuery.builder().step("a");
            JsonNode configured = node.get("configured_window");
            if (!configured.isNull() && configured.asInt() <= 0) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> query.window(Duration.ofDays(configured.asInt())))
                        .withMessageContaining("must be positive");
            } else {
                if (!configured.isNull()) {
                    query.window(Duration.ofDays(configured.asInt()));
                }
                assertThat(query.build().window())
                        .contains(Duration.ofDays(node.get("effective_days").asInt()));
            }
        });
    }

    private interface Check {
        void run(JsonNode node);
    }

    private interface Name {
        String of(JsonNode node);
    }

    private static Stream<DynamicTest> tests(String key, Name name, Check check) {
        Optional<JsonNode> data = data();
        if (data.isEmpty()) {
            return Stream.of(DynamicTest.dynamicTest(key + " of " + FILE, FunnelCasesTest::required));
        }
        return stream(data.get().get(key)).map(node -> DynamicTest.dynamicTest(name.of(node), () -> check.run(node)));
    }

    private static Stream<JsonNode> stream(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false);
    }

    private static void check(JsonNode node) {
        FunnelAnalysis analysis = FunnelAnalysis.of(query(node));
        EventSource.sorted(events(node)).read(analysis);
        FunnelReport report = analysis.report();
        List<SubjectPath> paths = analysis.paths().toList();
        JsonNode expected = node.get("expected");

        assertThat(report.counts())
                .isEqualTo(stream(expected.get("counts")).map(JsonNode::asLong).toList());
        if (expected.has("users_per_step")) {
            for (int i = 0; i < report.steps().size(); i++) {
                int depth = i + 1;
                assertThat(paths.stream().filter(path -> path.depth() >= depth).map(SubjectPath::subject))
                        .containsExactlyInAnyOrderElementsOf(stream(
                                        expected.get("users_per_step").get(i))
                                .map(JsonNode::stringValue)
                                .toList());
            }
        }
        checkSeconds(expected, "average_conversion_seconds", report, DurationSummary::mean);
        checkSeconds(expected, "median_conversion_seconds", report, DurationSummary::p50);
        if (expected.has("time_to_convert")) {
            checkTimeToConvert(expected.get("time_to_convert"), paths);
        }
    }

    private static void checkSeconds(
            JsonNode expected,
            String key,
            FunnelReport report,
            java.util.function.Function<DurationSummary, Duration> value) {
        if (!expected.has(key)) {
            return;
        }
        for (int i = 0; i < report.steps().size(); i++) {
            JsonNode seconds = expected.get(key).get(i);
            Optional<Duration> actual = report.steps().get(i).timeFromPrevious().map(value);
            if (seconds.isNull()) {
                assertThat(actual).isEmpty();
            } else {
                assertThat(actual.orElseThrow().toMillis() / 1000.0).isEqualTo(seconds.asDouble(), within(0.001));
            }
        }
    }

    private static void checkTimeToConvert(JsonNode expected, List<SubjectPath> paths) {
        int from = expected.get("from_step").asInt();
        int to = expected.get("to_step").asInt();
        Map<String, Duration> times = new HashMap<>();
        for (SubjectPath path : paths) {
            List<Instant> reached = List.copyOf(path.times().values());
            if (reached.size() > to) {
                times.put(path.subject(), Duration.between(reached.get(from), reached.get(to)));
            }
        }
        Map<String, Duration> seconds = new HashMap<>();
        expected.get("times_seconds")
                .properties()
                .forEach(time ->
                        seconds.put(time.getKey(), Duration.ofSeconds(time.getValue().asLong())));
        assertThat(times).isEqualTo(seconds);

        long[] micros =
                times.values().stream().mapToLong(EpochMicros::of).toArray();
        assertThat(DurationSummary.ofMicros(micros).orElseThrow().mean())
                .isEqualTo(Duration.ofSeconds(expected.get("average").asLong()));
        boolean automatic = !expected.has("bin_rule")
                || expected.get("bin_rule").stringValue().equals("automatic");
        if (automatic) {
            TreeMap<Long, Long> bins = new TreeMap<>();
            stream(expected.get("bins"))
                    .forEach(bin -> bins.put(bin.get(0).asLong(), bin.get(1).asLong()));
            Map.Entry<Long, Long> extra = bins.pollLastEntry();
            bins.merge(bins.lastKey(), extra.getValue(), Long::sum); // the file's extra top row
            TreeMap<Long, Long> actual = new TreeMap<>();
            Histogram.ofMicros(micros)
                    .orElseThrow()
                    .bins()
                    .forEach(bin -> actual.put(bin.from().toSeconds(), bin.count()));
            assertThat(actual).isEqualTo(bins);
        }
    }

    private static FunnelQuery query(JsonNode node) {
        FunnelQuery.Builder query = FunnelQuery.builder()
                .order(order(node.get("order_type").stringValue()))
                .window(Duration.ofSeconds(node.get("window_seconds").asLong()));
        int number = 1;
        for (JsonNode each : node.get("steps")) {
            FunnelStep step = FunnelStep.of("step " + number++);
            step = each.get("event").isNull()
                    ? step.anyEvent()
                    : step.events(each.get("event").stringValue());
            if (each.has("where")) {
                for (Map.Entry<String, JsonNode> condition : each.get("where").properties()) {
                    step = step.where(condition.getKey(), condition.getValue().stringValue());
                }
            }
            if (each.has("first_ever") && each.get("first_ever").booleanValue()) {
                step = step.firstEver();
            }
            query.step(step);
        }
        if (node.has("exclusions")) {
            for (JsonNode exclusion : node.get("exclusions")) {
                query.exclude(
                        exclusion.get("event").stringValue(),
                        exclusion.get("from_step").asInt() + 1,
                        exclusion.get("to_step").asInt() + 1);
            }
        }
        if (node.has("aggregate_by")) {
            query.groupedBy(node.get("aggregate_by").stringValue().substring("props.".length()));
        }
        if (node.has("date_from")) {
            query.from(java.time.OffsetDateTime.parse(node.get("date_from").stringValue())
                    .toInstant());
            query.to(java.time.OffsetDateTime.parse(node.get("date_to").stringValue())
                    .toInstant());
        }
        return query.build();
    }

    private static Order order(String type) {
        return switch (type) {
            case "ordered" -> Order.ORDERED;
            case "strict" -> Order.STRICT;
            case "unordered" -> Order.ANY;
            default -> throw new AssertionError("unknown order " + type);
        };
    }

    private static List<FunnelEvent> events(JsonNode node) {
        List<FunnelEvent> events = new ArrayList<>();
        for (JsonNode event : node.get("events")) {
            Map<String, String> properties = new HashMap<>();
            if (event.has("props")) {
                event.get("props").properties().forEach(entry -> properties.put(
                        entry.getKey(), entry.getValue().stringValue()));
            }
            events.add(new FunnelEvent(
                    event.get("user").stringValue(),
                    event.get("event").stringValue(),
                    Instant.parse(event.get("ts").stringValue()),
                    properties));
        }
        return events;
    }
}
