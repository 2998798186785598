package io.plg.funnel;

import static io.plg.funnel.History.depth;
import static io.plg.funnel.History.minute;
import static io.plg.funnel.History.minutes;
import static io.plg.funnel.History.path;
import static org.assertj.core.api.Assertions.assertThat;

import io.plg.funnel.FunnelQuery.Order;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Cases with known answers. Times are minutes, the window is 60 unless a test says otherwise. */
class FunnelVectorsTest {

    private static FunnelQuery.Builder steps(String... names) {
        FunnelQuery.Builder query = FunnelQuery.builder().window(Duration.ofMinutes(60));
        List.of(names).forEach(query::step);
        return query;
    }

    private static FunnelQuery.Builder strict(String... names) {
        return steps(names).order(Order.STRICT);
    }

    private static FunnelQuery.Builder any(String... names) {
        return steps(names).order(Order.ANY);
    }

    private static FunnelStep step(String name, String... events) {
        return FunnelStep.of(name).events(events);
    }

    @Nested
    class Ordered {

        @Test
        void timesAreThoseOfTheLatestEntry() {
            assertThat(minutes(steps("A", "B", "C"), "A780 A810 B825 C855")).containsExactly(810L, 825L, 855L);
            assertThat(minutes(steps("A", "B"), "A0 A10 B20")).containsExactly(10L, 20L);
        }

        @Test
        void theBoundaryOfTheWindowIsInside() {
            assertThat(depth(steps("A", "B"), "A100 B160")).isEqualTo(2);
            assertThat(depth(steps("A", "B"), "A100 B161")).isEqualTo(1);
        }

        @Test
        void stepsMustStandInOrder() {
            assertThat(depth(steps("A", "B"), "B1 A2")).isEqualTo(1);
            assertThat(depth(steps("A", "B", "C"), "A1 C2")).isEqualTo(1);
            assertThat(depth(steps("A", "B"), "B1 x2")).isZero();
        }

        @Test
        void eachStepNeedsAnEventOfItsOwn() {
            assertThat(depth(steps("A").step(step("again", "A")), "A1")).isEqualTo(1);
            assertThat(depth(steps("A").step(step("again", "A")), "A1 A2")).isEqualTo(2);
        }

        @Test
        void eventsOfOneInstantCountInTheOrderOfTheirSteps() {
            assertThat(depth(steps("A", "B"), "A5 B5")).isEqualTo(2);
            assertThat(depth(steps("A", "B"), "B5 A5")).isEqualTo(2);
        }

        @Test
        void anEntryThatIsOverwrittenKeepsTheTimeOfTheChainThatItStarted() {
            assertThat(minutes(steps("A", "B", "C"), "A0 B10 A20 C30")).containsExactly(0L, 10L, 30L);
        }

        @Test
        void aLaterTryDoesNotChangeTheTimesOfAChainThatGoesOn() {
            assertThat(minutes(steps("A", "B", "C", "D"), "A0 B10 C20 A30 B40 D50"))
                    .containsExactly(0L, 10L, 20L, 50L);
        }

        @Test
        void aLaterTryDoesNotChangeTheTimesOfAChainThatWasNeverTheDeepest() {
            assertThat(minutes(steps("A", "B", "C", "D"), "A0 B1 C2 A100 B110 C120 A130 B140 D150"))
                    .containsExactly(100L, 110L, 120L, 150L);
            assertThat(minutes(steps("A", "B", "C", "D", "E"), "A0 B1 C2 A100 B110 C120 A130 B140 D150 A151 B152 E155"))
                    .containsExactly(100L, 110L, 120L, 150L, 155L);
        }

        @Test
        void aChainWithTimesOfItsOwnReachesTheReportFromAnyDepth() {
            assertThat(minutes(steps("A", "B", "C", "D"), "A0 B1 C2 A100 B110 C120 A130 B140 C145 A146 D150"))
                    .containsExactly(130L, 140L, 145L, 150L);
        }

        @Test
        void timesAreThoseOfTheMomentTheDepthWasFirstReached() {
            assertThat(minutes(steps("A", "B", "C"), "A0 B10 A200 B210")).containsExactly(0L, 10L);
            assertThat(minutes(steps("A", "B"), "A0 A20")).containsExactly(0L);
            assertThat(minutes(steps("A", "B"), "A0 B10 A20 B25")).containsExactly(0L, 10L);
        }

        @Test
        void theEntryMayBeAnyOfSeveralEvents() {
            FunnelQuery.Builder query = steps().step(step("start", "A", "X")).step("B");
            assertThat(minutes(query, "A0 X5 B7")).containsExactly(5L, 7L);
        }

        @Test
        void aStepOfAnyEventMatchesEveryEvent() {
            FunnelQuery.Builder query =
                    steps("A").step(FunnelStep.of("whatever").anyEvent());
            assertThat(depth(query, "x0 A1 y2")).isEqualTo(2);
            assertThat(depth(query, "x0 A1")).isEqualTo(1);
        }

        @Test
        void aStepWithAConditionMatchesOnlyThatValue() {
            FunnelQuery.Builder query = steps("A").step(FunnelStep.of("B").where("p", "1"));
            assertThat(depth(query, "A0 B1(p=2) B2")).isEqualTo(1);
            assertThat(depth(query, "A0 B1(p=2) B2(p=1)")).isEqualTo(2);
        }

        @Test
        void firstEverLooksAtAllHistory() {
            FunnelQuery.Builder query = FunnelQuery.builder()
                    .step(FunnelStep.of("A").firstEver())
                    .step("B")
                    .from(minute(10));
            assertThat(depth(query, "A5 A15 B16")).isZero();
            assertThat(depth(query, "A15 A17 B18")).isEqualTo(2);
        }

        @Test
        void firstEverIsJudgedByTheStepsOwnConditions() {
            FunnelQuery.Builder query =
                    steps().step(FunnelStep.of("A").where("p", "1").firstEver()).step("B");
            assertThat(minutes(query, "A1(p=2) A2(p=1) A3(p=1) B4")).containsExactly(2L, 4L);
        }

        @Test
        void theDateRangeFiltersEntriesOnly() {
            FunnelQuery.Builder query = steps("A", "B").from(minute(5)).to(minute(10));
            assertThat(depth(query, "A4 B6")).isZero();
            assertThat(minutes(query, "A5 B65")).containsExactly(5L, 65L);
            assertThat(minutes(query, "A9 A10 B30")).containsExactly(9L, 30L);
        }

        @Test
        void aFunnelCanHaveFiftySteps() {
            FunnelQuery.Builder query = FunnelQuery.builder().noWindow();
            StringBuilder events = new StringBuilder();
            for (int i = 0; i < 50; i++) {
                query.step(step("step " + i, "e" + "xyz".charAt(i % 3)));
                events.append(i == 0 ? "e" : " e").append("xyz".charAt(i % 3)).append(i);
            }
            assertThat(depth(query, events.toString())).isEqualTo(50);
            assertThat(minutes(query, events.toString())).hasSize(50).endsWith(49L);
        }

        @Test
        void withoutAWindowAChainMayTakeForever() {
            FunnelQuery.Builder query =
                    FunnelQuery.builder().step("A").step("B").noWindow();
            assertThat(depth(query, "A0 B999999999")).isEqualTo(2);
        }

        @Test
        void theDefaultWindowIsFourteenDays() {
            FunnelQuery.Builder query = FunnelQuery.builder().step("A").step("B");
            assertThat(depth(query, "A0 B20160")).isEqualTo(2);
            assertThat(depth(query, "A0 B20161")).isEqualTo(1);
        }
    }

    @Nested
    class Strict {

        @Test
        void anyOtherEventEndsTheChain() {
            assertThat(depth(strict("A", "B"), "A1 x2 B3")).isEqualTo(1);
            assertThat(depth(strict("A", "B"), "A1 B2")).isEqualTo(2);
        }

        @Test
        void anEventThatDoesNotFitMayStartANewChain() {
            assertThat(depth(strict("A", "B"), "A1 A2 B3")).isEqualTo(2);
            FunnelQuery.Builder twice = strict("A").step(step("again", "A")).step("B");
            assertThat(minutes(twice, "A1 A2 A3 B4")).containsExactly(2L, 3L, 4L);
        }

        @Test
        void otherEventsOfTheSameInstantComeLast() {
            assertThat(depth(strict("A", "B"), "A1 x2 B2")).isEqualTo(2);
            assertThat(depth(strict("A", "B"), "x1 A1 B2")).isEqualTo(1);
        }

        @Test
        void otherSubjectsDoNotMatter() {
            FunnelAnalysis analysis = FunnelAnalysis.of(strict("A", "B").build());
            analysis.add("ada", "A", minute(1));
            analysis.add("bob", "x", minute(2));
            analysis.add("ada", "B", minute(3));
            assertThat(analysis.report().converted()).isEqualTo(1);
        }
    }

    @Nested
    class AnyOrder {

        @Test
        void stepsMayComeInAnyOrder() {
            assertThat(minutes(any("A", "B", "C"), "C1 A2 B3")).containsExactly(1L, 2L, 3L);
            assertThat(path(any("A", "B"), "B1 A2").orElseThrow().times().keySet())
                    .containsExactly("B", "A");
        }

        @Test
        void allWithinOneWindow() {
            assertThat(depth(any("A", "B", "C"), "A0 B60 C61")).isEqualTo(2);
            assertThat(depth(any("A", "B", "C"), "A0 B59 C60")).isEqualTo(3);
        }

        @Test
        void eachByAnEventOfItsOwn() {
            FunnelQuery.Builder query = any().step(step("one", "A", "B")).step(step("two", "A"));
            assertThat(depth(query, "A1")).isEqualTo(1);
            assertThat(depth(query, "B1 A2")).isEqualTo(2);
            assertThat(depth(query, "A1 B2")).isEqualTo(2);
            assertThat(depth(query, "A1 A2")).isEqualTo(2);
            assertThat(depth(query, "B1 B2")).isEqualTo(1);
        }

        @Test
        void theEarliestEventMustBeInTheDateRange() {
            FunnelQuery.Builder query = any("A", "B").to(minute(10));
            assertThat(minutes(query, "A5 A20 B30")).containsExactly(5L, 30L);
            assertThat(depth(query, "A10 B30")).isZero();
        }

        @Test
        void anUnwantedEventVoidsWhatWasCollected() {
            FunnelQuery.Builder query = any("A", "B", "C").exclude("x");
            assertThat(depth(query, "A1 B2 x3 C4")).isEqualTo(1);
            assertThat(depth(query, "A1 B2 C3 x4")).isEqualTo(3);
            assertThat(depth(query, "A1 B2 x3")).isZero();
            assertThat(depth(query, "A1 B2 x62")).isEqualTo(2);
            assertThat(depth(query, "A1 x2 A3 B4 C5")).isEqualTo(3);
        }
    }

    @Nested
    class Exclusions {

        @Test
        void anUnwantedEventOnTheWayRemovesTheSubject() {
            assertThat(path(steps("A", "B").exclude("x"), "A1 x2 B3")).isEmpty();
            assertThat(path(steps("A", "B").exclude("x"), "A1 x2")).isEmpty();
        }

        @Test
        void aCleanEntryThatReachesAsDeepKeepsTheSubject() {
            assertThat(minutes(steps("A", "B").exclude("x"), "A1 x2 A3 B4")).containsExactly(3L, 4L);
            assertThat(path(steps("A", "B").exclude("x"), "A1 x2 B3 A4")).isEmpty();
        }

        @Test
        void anUnwantedEventAfterTheWindowChangesNothing() {
            assertThat(depth(steps("A", "B").exclude("x"), "A1 x62")).isEqualTo(1);
            assertThat(depth(steps("A", "B").exclude("x"), "A1 x61")).isZero();
            assertThat(depth(steps("A", "B").window(Duration.ofMinutes(10)).exclude("x"), "A0 A31 x32"))
                    .isEqualTo(1);
        }

        @Test
        void theDeepestTryDecides() {
            assertThat(path(steps("A", "B").window(Duration.ofMinutes(10)).exclude("x"), "A0 x11 A12 x13 B14"))
                    .isEmpty();
        }

        @Test
        void itIsUnwantedOnlyBetweenItsSteps() {
            FunnelQuery.Builder query = steps("A", "B", "C").exclude("x", "B", "C");
            assertThat(depth(query, "A1 x2 B3 C4")).isEqualTo(3);
            assertThat(depth(query, "A1 B3 C4 x5")).isEqualTo(3);
            assertThat(depth(query, "A1 B3 x4 C5")).isZero();
            assertThat(depth(query, "A1 B3 x4 B5 C6")).isEqualTo(3);
        }

        @Test
        void atTheInstantOfAStepItComesAfterIt() {
            assertThat(depth(steps("A", "B").exclude("x"), "A1 x2 B2")).isEqualTo(2);
        }

        @Test
        void aStepOfAnyEventDoesNotMatchIt() {
            FunnelQuery.Builder query =
                    steps("A").step(FunnelStep.of("whatever").anyEvent()).exclude("x");
            assertThat(depth(query, "A1 x2 y3")).isZero();
            assertThat(depth(query, "A1 y2 x3")).isEqualTo(2);
        }
    }

    @Nested
    class Options {

        @Test
        void theWindowOfAStepCountsFromTheStepBefore() {
            FunnelQuery.Builder query = steps("A", "B").step(FunnelStep.of("C").within(Duration.ofMinutes(30)));
            assertThat(minutes(query, "A5 B10 B40 C60")).containsExactly(5L, 40L, 60L);
            assertThat(depth(query, "A5 B10 C40")).isEqualTo(3);
            assertThat(depth(query, "A5 B10 C41")).isEqualTo(2);
            assertThat(depth(query, "A5 B40 C66")).isEqualTo(2);
        }

        @Test
        void anOptionalStepMayBeMissing() {
            FunnelQuery.Builder query =
                    steps("A").step(FunnelStep.of("B").optional()).step("C");
            assertThat(path(query, "A1 C2").orElseThrow().times().keySet()).containsExactly("A", "C");
            assertThat(path(query, "A1 B2 C3").orElseThrow().times().keySet()).containsExactly("A", "B", "C");
            assertThat(path(query, "A1 B2").orElseThrow().depth()).isEqualTo(2);
            assertThat(path(query, "A1 C2 B3").orElseThrow().times().keySet()).containsExactly("A", "C");
        }

        @Test
        void theWindowOfAStepCountsFromTheStepBeforeThatIsNotMissing() {
            FunnelQuery.Builder query = steps("A")
                    .step(FunnelStep.of("B").optional())
                    .step(FunnelStep.of("C").within(Duration.ofMinutes(5)));
            assertThat(depth(query, "A0 C5")).isEqualTo(3);
            assertThat(depth(query, "A0 C6")).isEqualTo(1);
            assertThat(depth(query, "A0 B4 C9")).isEqualTo(3);
        }

        @Test
        void theStepAfterAnOptionalOneIsComparedWithTheLastRequiredOne() {
            FunnelAnalysis analysis = FunnelAnalysis.of(
                    steps("A").step(FunnelStep.of("B").optional()).step("C").build());
            List<FunnelEvent> events = new java.util.ArrayList<>(History.of("ada", "A0 B1 C3"));
            events.addAll(History.of("bob", "A0 C4"));
            events.addAll(History.of("lin", "A0 B2"));
            events.addAll(History.of("eve", "A0"));
            EventSource.sorted(events).read(analysis);
            FunnelReport report = analysis.report();
            assertThat(report.counts()).containsExactly(4L, 2L, 2L);
            assertThat(report.step("B").rateFromPrevious().n()).isEqualTo(4);
            assertThat(report.step("C").rateFromPrevious().n()).isEqualTo(4);
            assertThat(report.step("C").timeFromPrevious().orElseThrow().mean()).isEqualTo(Duration.ofMinutes(3));
        }

        @Test
        void aHeldPropertyMustStayTheSame() {
            FunnelQuery.Builder query = steps("A", "B").holdConstant("p");
            assertThat(depth(query, "A1(p=1) B2(p=2)")).isEqualTo(1);
            assertThat(minutes(query, "A1(p=1) B2(p=2) B3(p=1)")).containsExactly(1L, 3L);
            assertThat(depth(query, "A1 B2")).isZero();
        }

        @Test
        void unwantedEventsActOnAllValuesOfAHeldProperty() {
            FunnelQuery.Builder query = steps("A", "B").holdConstant("p").exclude("x");
            assertThat(depth(query, "A1(p=1) x2(p=2) B3(p=1)")).isZero();
            assertThat(depth(query, "A1(p=1) x2 B3(p=1)")).isZero();
        }
    }

    @Nested
    class Status {

        private final FunnelQuery.Builder query = steps("A", "B");

        private SubjectPath.Status status(String events, int now) {
            return History.analysis(query, events)
                    .paths(minute(now))
                    .findFirst()
                    .orElseThrow()
                    .status();
        }

        @Test
        void aSubjectIsInProgressUntilAWindowAfterItsLatestEntry() {
            assertThat(status("A0", 59)).isEqualTo(SubjectPath.Status.IN_PROGRESS);
            assertThat(status("A0", 60)).isEqualTo(SubjectPath.Status.DROPPED);
            assertThat(status("A0 A30", 89)).isEqualTo(SubjectPath.Status.IN_PROGRESS);
            assertThat(status("A0 A30", 90)).isEqualTo(SubjectPath.Status.DROPPED);
            assertThat(status("A0 B1", 90)).isEqualTo(SubjectPath.Status.CONVERTED);
        }

        @Test
        void entriesAfterTheDateRangeDoNotKeepASubjectInProgress() {
            query.to(minute(10));
            assertThat(status("A0 A30", 61)).isEqualTo(SubjectPath.Status.DROPPED);
        }

        @Test
        void withoutAWindowNobodyHasDroppedOut() {
            query.noWindow();
            assertThat(status("A0", 1_000_000)).isEqualTo(SubjectPath.Status.IN_PROGRESS);
        }

        @Test
        void aTaintedEntryDoesNotKeepASubjectInProgress() {
            query.exclude("x");
            assertThat(status("A0 A100 x101", 102)).isEqualTo(SubjectPath.Status.DROPPED);
            assertThat(status("A0 A100", 102)).isEqualTo(SubjectPath.Status.IN_PROGRESS);
        }

        @Test
        void inAnyOrderTheLatestStepOfThePassOrAnotherCounts() {
            query.order(Order.ANY);
            assertThat(status("A0", 59)).isEqualTo(SubjectPath.Status.IN_PROGRESS);
            assertThat(status("A0", 60)).isEqualTo(SubjectPath.Status.DROPPED);
            assertThat(status("A0 A30", 89)).isEqualTo(SubjectPath.Status.IN_PROGRESS);
            query.exclude("x");
            assertThat(status("A0 A100 x101", 102)).isEqualTo(SubjectPath.Status.DROPPED);
        }

        @Test
        void theReportCountsAllThree() {
            FunnelAnalysis analysis = FunnelAnalysis.of(query.build());
            List<FunnelEvent> events = new java.util.ArrayList<>(History.of("ada", "A0 B1"));
            events.addAll(History.of("bob", "A0"));
            events.addAll(History.of("lin", "A30"));
            EventSource.sorted(events).read(analysis);
            FunnelReport report = analysis.report(minute(60));
            assertThat(List.of(report.entered(), report.converted(), report.inProgress(), report.dropped()))
                    .containsExactly(3L, 1L, 1L, 1L);
            assertThat(report.conversion().value()).isEqualTo(1 / 3.0);
            assertThat(report.conversionOfFinished().value()).isEqualTo(0.5);
            assertThat(report.asOf()).contains(minute(60));
        }

        @Test
        void daylightSavingNeverChangesAWindow() {
            Instant before = Instant.parse("2026-03-28T12:00:00Z"); // the clocks of Europe change in between
            FunnelAnalysis analysis = FunnelAnalysis.of(FunnelQuery.builder()
                    .step("A")
                    .step("B")
                    .window(Duration.ofDays(1))
                    .build());
            analysis.add("ada", "A", before);
            analysis.add("ada", "B", before.plus(Duration.ofHours(24)));
            assertThat(analysis.report().converted()).isEqualTo(1);
        }
    }
}
