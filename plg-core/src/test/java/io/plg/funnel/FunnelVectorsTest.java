package io.plg.funnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.funnel.FunnelQuery.Order;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Small cases with known answers. Times are minutes; a history is written as {@code A0 B10}, the window is 60 unless said. */
class FunnelVectorsTest {
    private static final Instant ZERO = Instant.parse("2026-01-01T00:00:00Z");

    @Test
    void the_latest_entry_counts_and_gives_the_times() {
        SubjectPath path = path(ordered("A", "B", "C"), "A780 A810 B825 C855");

        assertThat(path.depth()).isEqualTo(3);
        assertThat(minutes(path)).containsExactly(810L, 825L, 855L);
        assertThat(minutes(path(ordered("A", "B"), "A0 A10 B20"))).containsExactly(10L, 20L);
    }

    @Test
    void the_times_are_those_of_the_chain_although_a_later_try_began() {
        assertThat(minutes(path(ordered("A", "B", "C"), "A0 B10 A20 C30"))).containsExactly(0L, 10L, 30L);
        assertThat(minutes(path(ordered("A", "B", "C", "D"), "A0 B10 A20 B25 C30 D40")))
                .containsExactly(20L, 25L, 30L, 40L);
        assertThat(minutes(path(ordered("A", "B", "C", "D"), "A0 B10 C15 A20 B25 D40")))
                .containsExactly(0L, 10L, 15L, 40L);
    }

    @Test
    void the_window_includes_its_boundary() {
        assertThat(depth(ordered("A", "B"), "A100 B160")).isEqualTo(2);
        assertThat(depth(ordered("A", "B"), "A100 B161")).isEqualTo(1);
    }

    @Test
    void steps_do_not_count_out_of_order_or_with_one_missing() {
        assertThat(depth(ordered("A", "B"), "B1 A2")).isEqualTo(1);
        assertThat(depth(ordered("A", "B", "C"), "A1 C2")).isEqualTo(1);
        assertThat(depth(ordered("A", "B"), "B1")).isZero();
    }

    @Test
    void one_event_is_one_step() {
        FunnelQuery.Builder both = FunnelQuery.builder()
                .step(FunnelStep.of("first").events("A"))
                .step(FunnelStep.of("second").events("A"));

        assertThat(depth(both, "A1")).isEqualTo(1);
        assertThat(depth(both, "A1 A2")).isEqualTo(2);
    }

    @Test
    void events_of_one_instant_are_taken_by_the_lowest_step() {
        assertThat(depth(ordered("A", "B"), "A5 B5")).isEqualTo(2);
        assertThat(depth(ordered("A", "B"), "B5 A5")).isEqualTo(2);
    }

    @Test
    void in_a_strict_funnel_nothing_may_come_between() {
        assertThat(depth(ordered("A", "B").order(Order.STRICT), "A1 x2 B3")).isEqualTo(1);
        assertThat(depth(ordered("A", "B").order(Order.STRICT), "A1 A2 B3")).isEqualTo(2);
        FunnelQuery.Builder twice = FunnelQuery.builder()
                .step("A")
                .step(FunnelStep.of("again").events("A"))
                .step("B")
                .order(Order.STRICT);
        assertThat(depth(twice, "A1 A2 A3 B4")).isEqualTo(3);
    }

    @Test
    void an_excluded_event_removes_the_subject_unless_a_clean_try_comes_as_far() {
        assertThat(depth(ordered("A", "B").exclude("x"), "A1 x2 B3")).isZero();
        assertThat(depth(ordered("A", "B").exclude("x"), "A1 x2 A3 B4")).isEqualTo(2);
        assertThat(depth(ordered("A", "B").exclude("x"), "A1 x62 B63")).isEqualTo(1);
        assertThat(depth(ordered("A", "B").exclude("x"), "A1 B2 x3")).isEqualTo(2);
        assertThat(depth(ordered("A", "B").exclude("x").window(Duration.ofMinutes(10)), "A0 A31 x32"))
                .isEqualTo(1);
        assertThat(depth(ordered("A", "B").exclude("x").window(Duration.ofMinutes(10)), "A0 x11 A12 x13 B14"))
                .isZero();
        assertThat(depth(ordered("A", "B", "C").exclude("x", "B", "C"), "A1 x2 B3 C4"))
                .isEqualTo(3);
    }

    @Test
    void a_held_property_is_the_same_along_a_chain() {
        FunnelQuery query = ordered("A", "B").holdConstant("p").build();
        FunnelEvent a1 = new FunnelEvent("u", "A", at(1), Map.of("p", "1"));
        FunnelEvent b2 = new FunnelEvent("u", "B", at(2), Map.of("p", "2"));
        FunnelEvent b3 = new FunnelEvent("u", "B", at(3), Map.of("p", "1"));
        FunnelEvent without = new FunnelEvent("u", "B", at(4));

        assertThat(counts(query, List.of(a1, b2))).containsExactly(1L, 0L);
        assertThat(counts(query, List.of(a1, b2, b3))).containsExactly(1L, 1L);
        assertThat(counts(query, List.of(a1, without))).containsExactly(1L, 0L);
    }

    @Test
    void an_optional_step_may_be_missing() {
        FunnelQuery.Builder query =
                FunnelQuery.builder().step("A").step(FunnelStep.of("B").optional()).step("C");

        SubjectPath path = path(query, "A1 C2");

        assertThat(path.status()).isEqualTo(SubjectPath.Status.CONVERTED);
        assertThat(path.times()).containsOnlyKeys("A", "C");
        assertThat(path(query, "A1 B2 C3").times()).containsOnlyKeys("A", "B", "C");
        assertThat(counts(query.build(), events("A1 C2"))).containsExactly(1L, 0L, 1L);
    }

    @Test
    void a_step_may_have_a_window_of_its_own() {
        FunnelQuery.Builder query =
                FunnelQuery.builder().step("A").step("B").step(FunnelStep.of("C").within(Duration.ofMinutes(30)));

        assertThat(depth(query, "A5 B10 B40 C60")).isEqualTo(3);
        assertThat(depth(query, "A5 B10 C41")).isEqualTo(2);
    }

    @Test
    void in_any_order_the_most_distinct_steps_within_a_window_count() {
        assertThat(depth(ordered("A", "B", "C").order(Order.ANY), "C1 A2 A3")).isEqualTo(2);
        assertThat(depth(ordered("A", "B").order(Order.ANY), "B1 A62")).isEqualTo(1);
        assertThat(depth(ordered("A", "B").order(Order.ANY).to(at(10)), "A5 A20 B30"))
                .isEqualTo(2);
    }

    @Test
    void the_date_range_is_that_of_the_entry() {
        assertThat(depth(ordered("A", "B").from(at(10)).to(at(20)), "A10 B70")).isEqualTo(2);
        assertThat(depth(ordered("A", "B").from(at(10)).to(at(20)), "A9 B12")).isZero();
        assertThat(depth(ordered("A", "B").from(at(10)).to(at(20)), "A20 B22")).isZero();
    }

    @Test
    void somebody_still_inside_the_window_has_not_dropped_out() {
        FunnelQuery query = ordered("A", "B").build();

        FunnelReport inside = FunnelAnalysis.run(query, EventSource.sorted(events("A0")), at(59));
        FunnelReport over = FunnelAnalysis.run(query, EventSource.sorted(events("A0")), at(60));

        assertThat(inside.inProgress()).isEqualTo(1);
        assertThat(inside.conversionOfFinished().isDefined()).isFalse();
        assertThat(over.dropped()).isEqualTo(1);
        assertThat(over.conversionOfFinished().n()).isEqualTo(1);
        assertThat(FunnelAnalysis.run(
                                ordered("A", "B").noWindow().build(), EventSource.sorted(events("A0")), at(999_999))
                        .dropped())
                .isZero();
    }

    @Test
    void a_month_with_a_change_of_clocks_is_as_long_as_its_seconds() {
        Instant before = Instant.parse("2024-03-01T15:10:00Z");
        FunnelQuery query = FunnelQuery.builder().step("A").step("B").build();

        FunnelReport report = FunnelAnalysis.run(
                query,
                EventSource.of(List.of(
                        new FunnelEvent("u", "A", before),
                        new FunnelEvent("u", "B", before.plus(Duration.ofDays(14))),
                        new FunnelEvent("v", "A", before.plus(Duration.ofDays(14))))));

        assertThat(report.converted()).isEqualTo(1);
    }

    @Test
    void an_event_that_comes_too_early_is_refused_with_both_times() {
        FunnelAnalysis analysis = FunnelAnalysis.of(ordered("A", "B").build());
        analysis.add("u", "A", at(10));

        assertThatThrownBy(() -> analysis.add("v", "A", at(9)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2026-01-01T00:09:00Z")
                .hasMessageContaining("2026-01-01T00:10:00Z");
    }

    @Test
    void numbers_and_text_name_the_same_funnel_but_not_both_at_once() {
        FunnelAnalysis numbers = FunnelAnalysis.of(ordered("A", "B").build());
        numbers.add(7, "A", 1_000_000);
        numbers.add(7, "B", 2_000_000);
        assertThat(numbers.report().converted()).isEqualTo(1);
        assertThat(numbers.paths().map(SubjectPath::subject)).containsExactly("7");

        assertThatThrownBy(() -> numbers.add("7", "A", 3_000_000)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void a_funnel_has_at_most_fifty_steps() {
        FunnelQuery.Builder fifty = FunnelQuery.builder().noWindow();
        FunnelAnalysis[] analysis = new FunnelAnalysis[1];
        IntStream.range(0, 50).forEach(i -> fifty.step("s" + i));
        analysis[0] = FunnelAnalysis.of(fifty.build());
        IntStream.range(0, 50).forEach(i -> analysis[0].add("u", "s" + i, at(i)));

        assertThat(analysis[0].report().converted()).isEqualTo(1);
        assertThatThrownBy(() -> fifty.step("one more")).hasMessageContaining("one more");
    }

    @Test
    void a_correlation_is_the_odds_ratio_with_a_prior() {
        List<FunnelEvent> events = new ArrayList<>();
        for (int user = 0; user < 40; user++) {
            String name = "u" + user;
            boolean converts = user < 20;
            boolean reads = user < 15 || user >= 35;
            events.add(new FunnelEvent(name, "before", at(0)));
            events.add(new FunnelEvent(name, "A", at(1)));
            if (reads) {
                events.add(new FunnelEvent(name, "reads", at(2)));
            }
            if (converts) {
                events.add(new FunnelEvent(name, "B", at(3)));
            }
            events.add(new FunnelEvent(name, "after", at(300)));
        }

        Correlation correlation =
                FunnelAnalysis.correlate(ordered("A", "B").build(), EventSource.sorted(events));

        // S = 15 of St = 20 who converted, F = 5 of Ft = 20 who did not: (16 · 16) ÷ (6 · 6)
        assertThat(correlation.behaviours()).hasSize(1);
        Correlation.Behaviour reads = correlation.behaviours().get(0);
        assertThat(reads.event()).isEqualTo("reads");
        assertThat(reads.oddsRatio()).isEqualTo(16.0 * 16 / 36);
        double spread = Math.exp(1.959963984540054 * Math.sqrt(1.0 / 16 + 1.0 / 16 + 1.0 / 6 + 1.0 / 6));
        assertThat(reads.low()).isCloseTo(16.0 * 16 / 36 / spread, org.assertj.core.api.Assertions.within(0.001));
        assertThat(reads.high()).isCloseTo(16.0 * 16 / 36 * spread, org.assertj.core.api.Assertions.within(0.1));
        assertThat(correlation.skewed()).isFalse();
    }

    private static FunnelQuery.Builder ordered(String... steps) {
        FunnelQuery.Builder builder = FunnelQuery.builder().window(Duration.ofMinutes(60));
        for (String step : steps) {
            builder.step(step);
        }
        return builder;
    }

    private static Instant at(long minute) {
        return ZERO.plus(Duration.ofMinutes(minute));
    }

    private static List<FunnelEvent> events(String history) {
        List<FunnelEvent> events = new ArrayList<>();
        for (String each : history.split(" ")) {
            events.add(new FunnelEvent("u", each.substring(0, 1), at(Long.parseLong(each.substring(1)))));
        }
        return events;
    }

    private static List<Long> counts(FunnelQuery query, List<FunnelEvent> events) {
        return FunnelAnalysis.run(query, EventSource.sorted(events)).counts();
    }

    private static int depth(FunnelQuery.Builder query, String history) {
        FunnelAnalysis analysis = FunnelAnalysis.of(query.build());
        EventSource.sorted(events(history)).read(analysis);
        return analysis.paths().mapToInt(SubjectPath::depth).findFirst().orElse(0);
    }

    private static SubjectPath path(FunnelQuery.Builder query, String history) {
        FunnelAnalysis analysis = FunnelAnalysis.of(query.build());
        EventSource.sorted(events(history)).read(analysis);
        return analysis.paths().findFirst().orElseThrow();
    }

    private static List<Long> minutes(SubjectPath path) {
        return path.times().values().stream()
                .map(time -> Duration.between(ZERO, time).toMinutes())
                .toList();
    }
}
