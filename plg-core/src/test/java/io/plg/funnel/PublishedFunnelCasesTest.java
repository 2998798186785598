package io.plg.funnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

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
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Funnel scenarios of a published test-suite, as facts: events in, counts out. They are read from the directory that
 * {@code -Dplg.data} names; without it they are reported as skipped.
 */
class PublishedFunnelCasesTest {

    /** Cases that our semantics decides otherwise, with the counts we give and the reason. None at present. */
    private static final Map<String, List<Long>> DECIDED_OTHERWISE = Map.of();

    private static JsonNode file() {
        String data = System.getProperty("plg.data");
        Assumptions.assumeTrue(data != null, "no -Dplg.data: the published funnel cases are not checked");
        try {
            return JsonMapper.shared().readTree(Files.readString(Path.of(data, "posthog-funnel-cases.json")));
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @TestFactory
    Stream<DynamicTest> every_case_has_its_published_answer() {
        JsonNode cases = file().get("cases");
        assertThat(cases.size()).isEqualTo(43);
        return Stream.iterate(0, i -> i < cases.size(), i -> i + 1)
                .map(cases::get)
                .map(each -> DynamicTest.dynamicTest(each.get("name").asString(), () -> check(each)));
    }

    @TestFactory
    Stream<DynamicTest> every_invalid_configuration_is_refused() {
        JsonNode cases = file().get("invalid_configurations");
        assertThat(cases.size()).isPositive();
        return Stream.iterate(0, i -> i < cases.size(), i -> i + 1)
                .map(cases::get)
                .map(each -> DynamicTest.dynamicTest(
                        each.get("name").asString(),
                        () -> assertThatThrownBy(() -> {
                                    FunnelQuery.Builder builder =
                                            FunnelQuery.builder().order(order(each));
                                    for (int i = 0; i < each.get("step_count").asInt(); i++) {
                                        builder.step("step " + i);
                                    }
                                    builder.exclude(
                                                    "x",
                                                    each.get("exclusion").get(0).asInt() + 1,
                                                    each.get("exclusion").get(1).asInt() + 1)
                                            .build();
                                })
                                .isInstanceOf(IllegalArgumentException.class)
                                .hasMessageContaining("'x'")));
    }

    @Test
    void windows_default_to_fourteen_days_and_must_otherwise_be_positive() {
        for (JsonNode each : file().get("window_defaults")) {
            FunnelQuery.Builder builder = FunnelQuery.builder().step("a").step("b");
            JsonNode days = each.get("configured_window");
            Duration effective = Duration.ofDays(each.get("effective_days").asLong());
            if (days.isNull()) {
                assertThat(builder.build().window()).contains(effective);
            } else if (days.asLong() > 0) {
                assertThat(builder.window(Duration.ofDays(days.asLong()))
                                .build()
                                .window())
                        .contains(effective);
            } else {
                // Ours is stricter: a window of zero or less is an error, not a request for the default.
                assertThatThrownBy(() -> builder.window(Duration.ofDays(days.asLong())))
                        .isInstanceOf(IllegalArgumentException.class);
            }
        }
    }

    private static void check(JsonNode each) {
        FunnelAnalysis analysis = FunnelAnalysis.of(query(each));
        EventSource.sorted(events(each)).read(analysis);
        FunnelReport report = analysis.report();
        JsonNode expected = each.get("expected");

        List<Long> counts = new ArrayList<>();
        expected.get("counts").forEach(count -> counts.add(count.asLong()));
        assertThat(report.counts())
                .isEqualTo(DECIDED_OTHERWISE.getOrDefault(each.get("name").asString(), counts));

        if (expected.has("users_per_step")) {
            List<SubjectPath> paths = analysis.paths().toList();
            for (int i = 0;
                    i < counts.size() && i < expected.get("users_per_step").size();
                    i++) {
                int depth = i + 1;
                List<String> users = new ArrayList<>();
                expected.get("users_per_step").get(i).forEach(user -> users.add(user.asString()));
                assertThat(paths.stream().filter(path -> path.depth() >= depth).map(SubjectPath::subject))
                        .as("users at step %d", depth)
                        .containsExactlyInAnyOrderElementsOf(users);
            }
        }
        checkTimes(expected.get("average_conversion_seconds"), report, DurationSummary::mean);
        checkTimes(expected.get("median_conversion_seconds"), report, DurationSummary::p50);
        if (expected.has("time_to_convert")) {
            checkTimeToConvert(expected.get("time_to_convert"), analysis.paths().toList());
        }
    }

    private static void checkTimes(
            JsonNode seconds, FunnelReport report, java.util.function.Function<DurationSummary, Duration> figure) {
        for (int i = 0; seconds != null && i < seconds.size(); i++) {
            if (seconds.get(i).isNull()) {
                continue;
            }
            Optional<DurationSummary> times = report.steps().get(i).timeFromPrevious();
            assertThat(times).as("times of step %d", i + 1).isPresent();
            assertThat(figure.apply(times.orElseThrow()).toMillis() / 1_000.0)
                    .isCloseTo(seconds.get(i).asDouble(), within(0.001));
        }
    }

    /** The file measures between any two steps; of the bins it has one row too many at the top, which belongs to the last bin. */
    private static void checkTimeToConvert(JsonNode expected, List<SubjectPath> paths) {
        int from = expected.get("from_step").asInt();
        int to = expected.get("to_step").asInt();
        Map<String, Long> seconds = new HashMap<>();
        for (SubjectPath path : paths) {
            List<Instant> times = List.copyOf(path.times().values());
            if (times.size() > to) {
                seconds.put(
                        path.subject(),
                        Duration.between(times.get(from), times.get(to)).toSeconds());
            }
        }
        Map<String, Long> known = new HashMap<>();
        expected.get("times_seconds")
                .properties()
                .forEach(e -> known.put(e.getKey(), e.getValue().asLong()));
        assertThat(seconds).isEqualTo(known);
        long[] micros = seconds.values().stream().mapToLong(s -> s * 1_000_000).toArray();
        assertThat(DurationSummary.ofMicros(micros).orElseThrow().mean().toSeconds())
                .isEqualTo(expected.get("average").asLong());
        if (expected.has("bin_rule") && expected.get("bin_rule").asString().equals("automatic")
                || !expected.has("bin_rule")) {
            JsonNode bins = expected.get("bins");
            List<Long> counts = new ArrayList<>();
            for (int i = 0; i < bins.size(); i++) {
                counts.add(bins.get(i).get(1).asLong());
            }
            long top = counts.remove(counts.size() - 1);
            counts.set(counts.size() - 1, counts.get(counts.size() - 1) + top);
            assertThat(Histogram.ofMicros(micros).orElseThrow().bins().stream().map(Histogram.Bin::count))
                    .isEqualTo(counts);
        }
    }

    private static FunnelQuery.Order order(JsonNode each) {
        return switch (each.get("order_type").asString()) {
            case "ordered" -> FunnelQuery.Order.ORDERED;
            case "strict" -> FunnelQuery.Order.STRICT;
            case "unordered" -> FunnelQuery.Order.ANY;
            default -> throw new AssertionError("unknown order " + each.get("order_type"));
        };
    }

    private static FunnelQuery query(JsonNode each) {
        FunnelQuery.Builder builder = FunnelQuery.builder()
                .order(order(each))
                .window(Duration.ofSeconds(each.get("window_seconds").asLong()));
        int number = 0;
        for (JsonNode step : each.get("steps")) {
            number++;
            FunnelStep built = FunnelStep.of(number + ".");
            built = step.get("event").isNull()
                    ? built.anyEvent()
                    : built.events(step.get("event").asString());
            if (step.has("where")) {
                for (Map.Entry<String, JsonNode> condition : step.get("where").properties()) {
                    built = built.where(condition.getKey(), condition.getValue().asString());
                }
            }
            if (step.has("first_ever") && step.get("first_ever").asBoolean()) {
                built = built.firstEver();
            }
            builder.step(built);
        }
        if (each.has("exclusions")) {
            for (JsonNode exclusion : each.get("exclusions")) {
                builder.exclude(
                        exclusion.get("event").asString(),
                        exclusion.get("from_step").asInt() + 1,
                        exclusion.get("to_step").asInt() + 1);
            }
        }
        if (each.has("date_from")) {
            builder.from(java.time.OffsetDateTime.parse(each.get("date_from").asString())
                    .toInstant());
        }
        if (each.has("date_to")) {
            builder.to(java.time.OffsetDateTime.parse(each.get("date_to").asString())
                    .toInstant()
                    .plusSeconds(1)); // the file's end is the last second inside
        }
        if (each.has("aggregate_by")) {
            builder.groupedBy(each.get("aggregate_by").asString().replace("props.", ""));
        }
        return builder.build();
    }

    private static List<FunnelEvent> events(JsonNode each) {
        List<FunnelEvent> events = new ArrayList<>();
        for (JsonNode event : each.get("events")) {
            Map<String, String> properties = new HashMap<>();
            if (event.has("props")) {
                event.get("props")
                        .properties()
                        .forEach(e -> properties.put(e.getKey(), e.getValue().asString()));
            }
            events.add(new FunnelEvent(
                    event.get("user").asString(),
                    event.get("event").asString(),
                    Instant.parse(event.get("ts").asString()),
                    properties));
        }
        return events;
    }
}
