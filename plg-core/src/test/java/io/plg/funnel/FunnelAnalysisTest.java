package io.plg.funnel;

import static io.plg.funnel.History.minute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.plg.funnel.FunnelQuery.EntryPeriod;
import io.plg.stats.DurationSummary;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FunnelAnalysisTest {

    private static FunnelQuery.Builder ab() {
        return FunnelQuery.builder().step("A").step("B").window(Duration.ofMinutes(60));
    }

    private static FunnelEvent event(String subject, String name, Instant time, String key, String value) {
        return new FunnelEvent(subject, name, time, Map.of(key, value));
    }

    @Test
    void anEventBeforeTheLastOneIsRefusedWithBothTimes() {
        FunnelAnalysis analysis = FunnelAnalysis.of(ab().build());
        analysis.add("ada", "A", minute(10));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> analysis.add("bob", "noise", minute(9)))
                .withMessageContaining("order of time")
                .withMessageContaining("1970-01-01T00:09:00Z came after 1970-01-01T00:10:00Z");
        analysis.add("ada", "B", minute(10));
        assertThat(analysis.report().converted()).isEqualTo(1);
    }

    @Test
    void timesTooFarFrom1970AreRefused() {
        FunnelAnalysis analysis = FunnelAnalysis.of(ab().build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> analysis.add("ada", "A", Instant.MIN))
                .withMessageContaining("73,000 years");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> analysis.add("ada", "A", Long.MIN_VALUE))
                .withMessageContaining("73,000 years");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> analysis.add("ada", "A", Long.MAX_VALUE))
                .withMessageContaining("73,000 years");
        analysis.add("ada", "A", EpochMicros.MIN);
        analysis.add("bob", "A", EpochMicros.MAX);
        assertThat(analysis.report().entered()).isEqualTo(2);
    }

    @Test
    void subjectsAreEitherTextOrNumbers() {
        FunnelAnalysis text = FunnelAnalysis.of(ab().build());
        text.add("ada", "A", 1L);
        assertThatIllegalStateException()
                .isThrownBy(() -> text.add(7L, "A", 1L))
                .withMessageContaining("text so far");
        FunnelAnalysis numbers = FunnelAnalysis.of(ab().build());
        numbers.add(7L, "A", 1L);
        assertThatIllegalStateException()
                .isThrownBy(() -> numbers.add("ada", "A", 1L))
                .withMessageContaining("numbers so far");
    }

    @Test
    void nullIsRefused() {
        FunnelAnalysis analysis = FunnelAnalysis.of(ab().build());
        assertThatNullPointerException().isThrownBy(() -> analysis.add((String) null, "A", 1L));
        assertThatNullPointerException().isThrownBy(() -> analysis.add("ada", null, 1L));
    }

    @Test
    void subjectsKnownByNumberAreReportedInDigits() {
        FunnelAnalysis analysis = FunnelAnalysis.of(ab().build());
        for (long subject : List.of(Long.MIN_VALUE, -1L, 0L, 1L, Long.MAX_VALUE)) {
            analysis.add(subject, "A", 1L);
        }
        assertThat(analysis.paths().map(SubjectPath::subject))
                .containsExactly("-9223372036854775808", "-1", "0", "1", "9223372036854775807");
    }

    @Test
    void withoutEventsTheReportIsEmpty() {
        FunnelReport report = FunnelAnalysis.of(ab().build()).report();
        assertThat(report.asOf()).isEmpty();
        assertThat(report.entered()).isZero();
        assertThat(report.conversion().isDefined()).isFalse();
        assertThat(report.counts()).containsExactly(0L, 0L);
        assertThat(report.timeToConvert()).isEmpty();
        assertThat(report.timeToConvertHistogram()).isEmpty();
        assertThat(report.medianTimeToConvert()).isEmpty();
        assertThat(report.breakdown()).isEmpty();
        assertThat(report.periods()).isEmpty();
        assertThat(FunnelAnalysis.of(ab().build()).paths()).isEmpty();
    }

    @Test
    void nowIsTheLatestEventEvenOneThatMatchesNothing() {
        FunnelAnalysis analysis = FunnelAnalysis.of(ab().build());
        analysis.add("ada", "A", minute(0));
        assertThat(analysis.report().inProgress()).isEqualTo(1);
        analysis.add("bob", "noise", minute(60));
        FunnelReport report = analysis.report();
        assertThat(report.dropped()).isEqualTo(1);
        assertThat(report.asOf()).contains(minute(60));
        assertThat(analysis.paths().map(SubjectPath::status)).containsExactly(SubjectPath.Status.DROPPED);
    }

    @Test
    void aReportMayBeFollowedByMoreEvents() {
        FunnelAnalysis analysis = FunnelAnalysis.of(ab().build());
        analysis.add("ada", "A", minute(0));
        assertThat(analysis.report().counts()).containsExactly(1L, 0L);
        analysis.add("ada", "B", minute(0));
        assertThat(analysis.report().counts()).containsExactly(1L, 1L);
    }

    @Test
    void manyEventsOfOneInstantAreStillPutIntoOrder() {
        for (boolean strict : new boolean[] {false, true}) {
            FunnelAnalysis analysis =
                    FunnelAnalysis.of(ab().order(strict ? FunnelQuery.Order.STRICT : FunnelQuery.Order.ORDERED)
                            .build());
            int subjects = 5_000;
            for (String name : List.of("noise", "B", "A")) {
                for (long subject = 0; subject < subjects; subject++) {
                    analysis.add(subject, name, 1L);
                }
            }
            assertThat(analysis.report().counts()).containsExactly((long) subjects, (long) subjects);
        }
    }

    @Test
    void allThatBelongsToAnEventMovesWithIt() {
        for (List<String> names : List.of(List.of("x", "B", "A"), List.of("B", "x", "A"))) {
            for (int batchSize : new int[] {1, 7, 512}) {
                for (int subjects : new int[] {5, 100}) {
                    FunnelReport report =
                            manyAtOneInstant(names, subjects, batchSize).report();
                    assertThat(report.counts()).containsExactly((long) subjects, (long) subjects);
                    assertThat(report.breakdown().keySet())
                            .containsExactly("device 0", "device 1", "device 2", "device 3", "device 4");
                    assertThat(report.breakdown().values()).allMatch(group -> group.converted() == subjects / 5);
                }
            }
        }
    }

    /** All convert, except those with negative numbers: something unwanted keeps them from it at the same instant. */
    private static FunnelAnalysis manyAtOneInstant(List<String> names, int subjects, int batchSize) {
        FunnelAnalysis analysis = new FunnelAnalysis(
                ab().exclude("x").holdConstant("h").breakdownBy("d").build(), batchSize);
        for (long subject = 0; subject < subjects; subject++) {
            analysis.add(-1 - subject, "A", 0L, key -> "1");
        }
        for (String name : names) {
            for (long subject = 0; subject < subjects; subject++) {
                String held = "value " + subject % 3;
                boolean carriesDevice = name.equals("A") == subject % 2 > 0;
                String device = carriesDevice ? "device " + subject % 5 : null;
                analysis.add(subject, name, 1L, key -> key.equals("h") ? held : device);
                if (name.equals("x")) {
                    analysis.add(-1 - subject, name, 1L);
                }
            }
        }
        for (long subject = 0; subject < subjects; subject++) {
            analysis.add(-1 - subject, "B", 2L, key -> "1");
        }
        return analysis;
    }

    @Test
    void manySubjectsAreToldApartHoweverTheirIdsLook() {
        FunnelAnalysis numbers = FunnelAnalysis.of(ab().build());
        FunnelAnalysis text = FunnelAnalysis.of(ab().build());
        int subjects = 200_000;
        for (int round = 0; round < 2; round++) {
            for (long i = 0; i < subjects; i++) {
                long time = round * 1_000L;
                numbers.add(i << 40, round == 0 ? "A" : "B", time);
                if (i % 2 == round || round == 0) {
                    text.add(new String("user-" + i), round == 0 ? "A" : "B", time);
                }
            }
        }
        assertThat(numbers.report().counts()).containsExactly((long) subjects, (long) subjects);
        assertThat(text.report().counts()).containsExactly((long) subjects, subjects / 2L);
        assertThat(text.paths().map(SubjectPath::subject).distinct()).hasSize(subjects);
    }

    @Test
    void subjectsWhoseHashesCollideAreToldApart() {
        FunnelAnalysis analysis = FunnelAnalysis.of(ab().build());
        List<String> names = List.of("AaAa", "BBBB", "AaBB", "BBAa", "\0", "");
        names.forEach(name -> analysis.add(name, "A", 1L));
        names.forEach(name -> analysis.add(name, "A", 2L));
        analysis.add("BBBB", "B", 3L);
        assertThat(analysis.paths().map(SubjectPath::subject)).containsExactlyElementsOf(names);
        assertThat(analysis.report().converted()).isEqualTo(1);
    }

    @Test
    void aPathSaysWhereTheSubjectIs() {
        FunnelAnalysis analysis = FunnelAnalysis.of(ab().build());
        analysis.add("ada", "A", minute(1));
        analysis.add("ada", "B", minute(2));
        analysis.add("bob", "A", minute(3));
        analysis.add("lin", "B", minute(4));
        assertThat(analysis.paths(minute(63)))
                .containsExactly(
                        new SubjectPath("ada", 2, SubjectPath.Status.CONVERTED, Map.of("A", minute(1), "B", minute(2))),
                        new SubjectPath("bob", 1, SubjectPath.Status.DROPPED, Map.of("A", minute(3))));
        assertThat(analysis.paths().findFirst().orElseThrow().entry()).isEqualTo(minute(1));
    }

    @Test
    void timesAreSummarisedPerStepAndInAll() {
        List<FunnelEvent> events = new ArrayList<>();
        for (int i = 1; i <= 4; i++) {
            events.addAll(History.of("user " + i, "A0 B" + i + " C" + 3 * i));
        }
        FunnelReport report = FunnelAnalysis.run(ab().step("C").build(), EventSource.sorted(events), minute(100));
        assertThat(report.step("A").timeFromPrevious()).isEmpty();
        assertThat(report.step("B").timeFromPrevious())
                .contains(new DurationSummary(4, seconds(150), seconds(150), seconds(195), seconds(222)));
        assertThat(report.step("C").timeFromPrevious().orElseThrow().p50()).isEqualTo(seconds(300));
        assertThat(report.timeToConvert().orElseThrow().p90()).isEqualTo(seconds(666));
        assertThat(report.medianTimeToConvert()).contains(seconds(450));
        assertThat(report.timeToConvertHistogram().orElseThrow().bins()).hasSize(2);
        assertThat(report.step("B").rateFromStart().value()).isEqualTo(1.0);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> report.step("D"))
                .withMessage("step must be one of [A, B, C], was 'D'");
    }

    private static Duration seconds(long seconds) {
        return Duration.ofSeconds(seconds);
    }

    @Test
    void aBreakdownGoesByTheFirstStepEventThatCarriesTheProperty() {
        List<FunnelEvent> events = List.of(
                event("ada", "noise", minute(1), "device", "watch"),
                new FunnelEvent("ada", "A", minute(2)),
                event("ada", "B", minute(3), "device", "phone"),
                event("ada", "A", minute(4), "device", "desktop"),
                event("bob", "A", minute(5), "device", "phone"),
                event("bob", "B", minute(6), "device", "desktop"),
                event("eve", "A", minute(7), "device", "desktop"),
                new FunnelEvent("lin", "A", minute(8)));
        FunnelReport report = FunnelAnalysis.run(ab().breakdownBy("device").build(), EventSource.of(events));
        assertThat(report.breakdown().keySet()).containsExactly("phone", "(none)", "desktop");
        assertThat(report.breakdown().get("phone").counts()).containsExactly(2L, 2L);
        assertThat(report.breakdown().get("desktop").counts()).containsExactly(1L, 0L);
        assertThat(report.breakdown().get("(none)").entered()).isEqualTo(1);
        assertThat(report.counts()).containsExactly(4L, 2L);
        assertThat(report.periods()).isEmpty();
    }

    @Test
    void aBreakdownIgnoresEventsThatMatchNoStepAfterAll() {
        List<FunnelEvent> events =
                List.of(new FunnelEvent("ada", "A", minute(1)), event("ada", "A", minute(2), "d", "late"));
        FunnelQuery query = FunnelQuery.builder()
                .step(FunnelStep.of("A").firstEver())
                .step("B")
                .breakdownBy("d")
                .build();
        assertThat(FunnelAnalysis.run(query, EventSource.of(events)).breakdown().keySet())
                .containsExactly("(none)");
    }

    @Test
    void aBreakdownIgnoresEventsBeforeTheDateRange() {
        List<FunnelEvent> events =
                List.of(event("ada", "A", minute(1), "d", "old"), event("ada", "A", minute(2), "d", "new"));
        FunnelReport report =
                FunnelAnalysis.run(ab().breakdownBy("d").from(minute(2)).build(), EventSource.of(events));
        assertThat(report.breakdown().keySet()).containsExactly("new");
    }

    @Test
    void entriesAreToldApartByIsoWeek() {
        FunnelAnalysis analysis =
                FunnelAnalysis.of(ab().every(EntryPeriod.WEEK).breakdownBy("d").build());
        analysis.add(event("old", "A", Instant.parse("1969-12-28T23:59:59Z"), "d", "1"));
        analysis.add(event("bob", "A", Instant.parse("2026-03-01T23:59:59Z"), "d", "1"));
        analysis.add(event("ada", "A", Instant.parse("2026-03-02T00:00:00Z"), "d", "2"));
        analysis.add(event("ada", "B", Instant.parse("2026-03-02T00:00:01Z"), "d", "2"));
        FunnelReport report = analysis.report();
        assertThat(report.periods())
                .extracting(FunnelReport.Period::start)
                .containsExactly(
                        LocalDate.parse("1969-12-22"), LocalDate.parse("2026-02-23"), LocalDate.parse("2026-03-02"));
        assertThat(report.periods().get(2).report().counts()).containsExactly(1L, 1L);
        assertThat(report.periods().get(2).report().breakdown()).isEmpty();
        assertThat(report.breakdown().get("2").periods())
                .extracting(FunnelReport.Period::start)
                .containsExactly(LocalDate.parse("2026-03-02"));
    }

    @Test
    void entriesAreToldApartByMonth() {
        FunnelAnalysis analysis =
                FunnelAnalysis.of(ab().every(EntryPeriod.MONTH).build());
        analysis.add("ada", "A", Instant.parse("2026-01-31T23:59:59Z"));
        analysis.add("bob", "A", Instant.parse("2026-03-31T00:00:00Z"));
        assertThat(analysis.report().periods())
                .extracting(FunnelReport.Period::start)
                .containsExactly(LocalDate.parse("2026-01-01"), LocalDate.parse("2026-03-01"));
    }

    @Test
    void aGroupedFunnelFollowsThePropertyAndIgnoresEventsWithoutIt() {
        FunnelQuery query = ab().groupedBy("workspace").build();
        List<FunnelEvent> events = List.of(
                event("ada", "A", minute(1), "workspace", "acme"),
                event("bob", "B", minute(2), "workspace", "acme"),
                new FunnelEvent("lin", "A", minute(3)),
                event("lin", "B", minute(4), "workspace", "globex"));
        FunnelAnalysis analysis = FunnelAnalysis.of(query);
        EventSource.of(events).read(analysis);
        assertThat(analysis.paths())
                .containsExactly(new SubjectPath(
                        "acme", 2, SubjectPath.Status.CONVERTED, Map.of("A", minute(1), "B", minute(2))));
        FunnelAnalysis numbers = FunnelAnalysis.of(query);
        numbers.add(1L, "A", 1L, key -> "acme");
        numbers.add(2L, "B", 2L, key -> "acme");
        numbers.add(3L, "A", 3L);
        assertThat(numbers.report().counts()).containsExactly(1L, 1L);
    }

    @Test
    void unsortedEventsAreSortedOnRequest() {
        List<FunnelEvent> events = new ArrayList<>(History.of("A1 B2 A3 B4 A5 B6"));
        Collections.shuffle(events, new Random(1));
        assertThatIllegalArgumentException().isThrownBy(() -> FunnelAnalysis.run(ab().build(), EventSource.of(events)));
        assertThat(FunnelAnalysis.run(ab().build(), EventSource.sorted(events)).converted())
                .isEqualTo(1);
    }

    @Test
    void aSourceMadeOfAnIteratorCanBeReadOnce() {
        EventSource source = EventSource.of(History.of("A1 B2").iterator());
        assertThat(FunnelAnalysis.run(ab().build(), source).converted()).isEqualTo(1);
        assertThatIllegalStateException()
                .isThrownBy(() -> FunnelAnalysis.run(ab().build(), source))
                .withMessageContaining("used up");
    }

    @Test
    void timesAreComparedAtMicroseconds() {
        FunnelQuery query = FunnelQuery.builder()
                .step("A")
                .step("B")
                .window(Duration.ofNanos(1_999))
                .from(Instant.EPOCH.plusNanos(1_500))
                .build();
        FunnelAnalysis analysis = FunnelAnalysis.of(query);
        analysis.add("ada", "A", Instant.EPOCH.plusNanos(1_001));
        analysis.add("ada", "B", Instant.EPOCH.plusNanos(2_999));
        analysis.add("bob", "A", Instant.EPOCH.plusNanos(3_000));
        analysis.add("bob", "B", Instant.EPOCH.plusNanos(5_000));
        assertThat(analysis.report().counts()).containsExactly(2L, 1L);
        assertThat(analysis.paths().findFirst().orElseThrow().entry()).isEqualTo(Instant.EPOCH.plusNanos(1_000));
    }

    @Test
    void timesBefore1970Count() {
        FunnelAnalysis analysis = FunnelAnalysis.of(ab().build());
        analysis.add("ada", "A", Instant.EPOCH.minusSeconds(3_600).minusNanos(1));
        analysis.add("ada", "B", Instant.EPOCH.minusNanos(2_000));
        assertThat(analysis.report().converted()).isEqualTo(1);
    }

    @Test
    void aLimitlessWindowIsNoWindow() {
        FunnelAnalysis analysis = FunnelAnalysis.of(
                ab().window(Duration.ofSeconds(Long.MAX_VALUE)).build());
        analysis.add("ada", "A", EpochMicros.MIN);
        analysis.add("bob", "A", EpochMicros.MIN);
        analysis.add("ada", "B", EpochMicros.MAX);
        assertThat(analysis.report().converted()).isEqualTo(1);
        assertThat(analysis.report().inProgress()).isEqualTo(1);
    }
}
