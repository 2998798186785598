package io.plg.funnel;

import static io.plg.funnel.History.minute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CorrelationTest {

    private static FunnelQuery.Builder ab() {
        return FunnelQuery.builder().step("A").step("B").window(Duration.ofMinutes(60));
    }

    private final List<FunnelEvent> events = new ArrayList<>();

    private void subjects(int count, String shorthand) {
        for (int i = 0; i < count; i++) {
            events.addAll(History.of("subject " + events.size(), shorthand));
        }
    }

    private Correlation correlate(FunnelQuery.Builder query) {
        return FunnelAnalysis.correlate(query.build(), EventSource.sorted(events));
    }

    @Test
    void theOddsRatioHasAPriorOfOneAndAnInterval() {
        subjects(30, "A0 x1 B2");
        subjects(10, "A0 B2");
        subjects(20, "A0 x1");
        subjects(40, "A0");
        Correlation correlation = correlate(ab());
        assertThat(correlation.entered()).isEqualTo(100);
        assertThat(correlation.converted()).isEqualTo(40);
        assertThat(correlation.supportFloor()).isEqualTo(2.0);
        assertThat(correlation.skewed()).isFalse();
        Correlation.Behaviour x = correlation.behaviours().get(0);
        assertThat(List.of(x.event(), x.converted(), x.notConverted())).isEqualTo(List.of("x", 30L, 20L));
        double ratio = 31.0 * 41 / (11 * 21);
        double error = 1.959964 * Math.sqrt(1 / 31.0 + 1 / 41.0 + 1 / 11.0 + 1 / 21.0);
        assertThat(x.oddsRatio()).isEqualTo(ratio, within(1e-9));
        assertThat(x.low()).isEqualTo(Math.exp(Math.log(ratio) - error), within(1e-5));
        assertThat(x.high()).isEqualTo(Math.exp(Math.log(ratio) + error), within(1e-5));
    }

    @Test
    void behavioursAreSortedByOddsRatioAndCountedOncePerSubject() {
        subjects(10, "A0 good1 good1 good1 B5");
        subjects(10, "A0 bad1 bad2 good2");
        Correlation correlation = correlate(ab());
        assertThat(correlation.behaviours())
                .extracting(Correlation.Behaviour::event)
                .containsExactly("good", "bad");
        assertThat(correlation.behaviours().get(0).converted()).isEqualTo(10);
    }

    @Test
    void onlyEventsBetweenEntryAndTheEndCount() {
        subjects(1, "before0 A10 at10 mid15 B20 with20 after21");
        subjects(1, "early0 A10 late70 over71");
        assertThat(correlate(ab()).behaviours())
                .extracting(Correlation.Behaviour::event)
                .containsExactlyInAnyOrder("at", "mid", "with", "late");
    }

    @Test
    void subjectsThatDidNotEnterDoNotCount() {
        subjects(1, "A0 x1");
        subjects(5, "x1");
        Correlation correlation = correlate(ab());
        assertThat(correlation.entered()).isEqualTo(1);
        assertThat(correlation.behaviours().get(0).notConverted()).isEqualTo(1);
    }

    @Test
    void rareBehavioursAreLeftOut() {
        subjects(2000, "A0 B9");
        subjects(24, "A0 rare1 B9");
        subjects(25, "A0 enough1 B9");
        Correlation correlation = correlate(ab());
        assertThat(correlation.supportFloor()).isEqualTo(25);
        assertThat(correlation.behaviours())
                .extracting(Correlation.Behaviour::event)
                .containsExactly("enough");
        assertThat(correlation.skewed()).isTrue();
    }

    @Test
    void aRatioOfOneToTenIsNotYetSkewed() {
        subjects(10, "A0");
        subjects(1, "A0 B1");
        assertThat(correlate(ab()).skewed()).isFalse();
        subjects(1, "A0");
        assertThat(correlate(ab()).skewed()).isTrue();
        events.clear();
        subjects(1, "A0");
        subjects(11, "A0 B1");
        assertThat(correlate(ab()).skewed()).isTrue();
    }

    @Test
    void excludedEventsAndStepsAreNoBehaviours() {
        subjects(5, "A0 y1 B2");
        subjects(5, "A0 B2 x3");
        assertThat(correlate(ab().exclude("x")).behaviours())
                .extracting(Correlation.Behaviour::event)
                .containsExactly("y");
        assertThat(correlate(ab().step(FunnelStep.of("last").anyEvent())).behaviours())
                .isEmpty();
    }

    @Test
    void groupedFunnelsCorrelateTheirGroups() {
        for (int i = 0; i < 3; i++) {
            Map<String, String> properties = Map.of("workspace", "w" + i);
            events.add(new FunnelEvent("ada", "A", minute(0), properties));
            events.add(new FunnelEvent("bob", "x", minute(1), properties));
            events.add(new FunnelEvent("eve", "x", minute(1)));
        }
        assertThat(correlate(ab().groupedBy("workspace")).behaviours().get(0).notConverted())
                .isEqualTo(3);
    }

    @Test
    void subjectsMayBeNumbers() {
        EventSource numbers = sink -> {
            for (long subject = 0; subject < 10; subject++) {
                sink.add(subject, "A", 0, EventSource.PropertyLookup.NONE);
            }
            sink.add(3L, "x", 1, EventSource.PropertyLookup.NONE);
            sink.add(99L, "x", 1, EventSource.PropertyLookup.NONE);
        };
        assertThat(FunnelAnalysis.correlate(ab().build(), numbers)
                        .behaviours()
                        .get(0)
                        .notConverted())
                .isEqualTo(1);
        EventSource grouped = sink -> {
            sink.add(1L, "A", 0, key -> "w");
            sink.add(2L, "x", 0, key -> "w");
            sink.add(3L, "x", 0, EventSource.PropertyLookup.NONE);
        };
        assertThat(FunnelAnalysis.correlate(ab().groupedBy("workspace").build(), grouped)
                        .behaviours()
                        .get(0)
                        .notConverted())
                .isEqualTo(1);
    }

    @Test
    void withoutAWindowEverythingAfterTheEntryCounts() {
        subjects(1, "A0 x99999");
        assertThat(correlate(ab().noWindow()).behaviours()).hasSize(1);
    }

    @Test
    void withoutEventsThereIsNothingToSay() {
        Correlation correlation = correlate(ab());
        assertThat(correlation.behaviours()).isEmpty();
        assertThat(correlation.skewed()).isFalse();
    }

    @Test
    void theSourceMustBeReadableTwice() {
        EventSource once = EventSource.of(History.of("A1 B2").iterator());
        assertThatIllegalStateException()
                .isThrownBy(() -> FunnelAnalysis.correlate(ab().build(), once))
                .withMessageContaining("used up");
    }
}
