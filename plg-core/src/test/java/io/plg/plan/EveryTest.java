package io.plg.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.TreeSet;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EveryTest {
    private static final List<String> ZONES =
            ZoneId.getAvailableZoneIds().stream().sorted().toList();

    @ParameterizedTest(name = "{1} in {0} at {2}: from {3} to {4}")
    @CsvSource(textBlock = """
            # zone,           every,    now,                      start,                end
            UTC,              month,    2026-04-12T08:00:00Z,     2026-04-01T00:00:00Z, 2026-05-01T00:00:00Z
            UTC,              month,    2026-04-01T00:00:00Z,     2026-04-01T00:00:00Z, 2026-05-01T00:00:00Z
            UTC,              month,    2026-04-30T23:59:59.999Z, 2026-04-01T00:00:00Z, 2026-05-01T00:00:00Z
            UTC,              month,    2024-02-29T12:00:00Z,     2024-02-01T00:00:00Z, 2024-03-01T00:00:00Z
            UTC,              year,     2024-12-31T23:00:00Z,     2024-01-01T00:00:00Z, 2025-01-01T00:00:00Z
            UTC,              week,     2026-04-12T23:59:59Z,     2026-04-06T00:00:00Z, 2026-04-13T00:00:00Z
            UTC,              week,     1969-12-31T00:00:00Z,     1969-12-29T00:00:00Z, 1970-01-05T00:00:00Z
            UTC,              2 weeks,  1970-01-18T00:00:00Z,     1970-01-05T00:00:00Z, 1970-01-19T00:00:00Z
            UTC,              3 months, 2026-06-30T00:00:00Z,     2026-04-01T00:00:00Z, 2026-07-01T00:00:00Z
            UTC,              5 months, 1969-12-01T00:00:00Z,     1969-08-01T00:00:00Z, 1970-01-01T00:00:00Z
            UTC,              10 days,  1970-01-10T23:00:00Z,     1970-01-01T00:00:00Z, 1970-01-11T00:00:00Z
            UTC,              10 days,  1969-12-31T23:00:00Z,     1969-12-22T00:00:00Z, 1970-01-01T00:00:00Z
            UTC,              4 years,  1973-12-31T00:00:00Z,     1970-01-01T00:00:00Z, 1974-01-01T00:00:00Z
            UTC,              6 hours,  2026-04-12T08:00:00Z,     2026-04-12T06:00:00Z, 2026-04-12T12:00:00Z
            Asia/Kathmandu,   hour,     2026-04-12T08:10:00Z,     2026-04-12T08:00:00Z, 2026-04-12T09:00:00Z
            # the clocks go forward: 23 hours, and back: 25
            Europe/Berlin,    day,      2026-03-29T12:00:00Z,     2026-03-28T23:00:00Z, 2026-03-29T22:00:00Z
            Europe/Berlin,    day,      2026-10-25T12:00:00Z,     2026-10-24T22:00:00Z, 2026-10-25T23:00:00Z
            Europe/Berlin,    month,    2026-03-31T21:59:59Z,     2026-02-28T23:00:00Z, 2026-03-31T22:00:00Z
            Europe/Berlin,    month,    2026-03-31T22:00:00Z,     2026-03-31T22:00:00Z, 2026-04-30T22:00:00Z
            America/New_York, day,      2026-03-08T12:00:00Z,     2026-03-08T05:00:00Z, 2026-03-09T04:00:00Z
            America/New_York, week,     2026-11-01T12:00:00Z,     2026-10-26T04:00:00Z, 2026-11-02T05:00:00Z
            # half an hour of summer time
            Australia/Lord_Howe, day,   2026-10-03T20:00:00Z,     2026-10-03T13:30:00Z, 2026-10-04T13:00:00Z
            Australia/Lord_Howe, day,   2026-04-04T20:00:00Z,     2026-04-04T13:00:00Z, 2026-04-05T13:30:00Z
            # 5 hours 45 minutes, and the new year of 1986 that began at a quarter past midnight
            Asia/Kathmandu,   month,    2026-04-12T08:00:00Z,     2026-03-31T18:15:00Z, 2026-04-30T18:15:00Z
            Asia/Kathmandu,   year,     1985-12-31T18:30:00Z,     1985-12-31T18:30:00Z, 1986-12-31T18:15:00Z
            # Samoa had no 2011-12-30
            Pacific/Apia,     day,      2011-12-30T09:59:59Z,     2011-12-29T10:00:00Z, 2011-12-30T10:00:00Z
            Pacific/Apia,     day,      2011-12-30T10:00:00Z,     2011-12-30T10:00:00Z, 2011-12-31T10:00:00Z
            Pacific/Apia,     month,    2011-12-15T00:00:00Z,     2011-12-01T10:00:00Z, 2011-12-31T10:00:00Z
            # midnight does not exist where the clocks go forward at midnight, or half an hour before
            America/Sao_Paulo, day,     2018-11-04T12:00:00Z,     2018-11-04T03:00:00Z, 2018-11-05T02:00:00Z
            America/Toronto,  day,      1919-03-31T12:00:00Z,     1919-03-31T04:30:00Z, 1919-04-01T04:00:00Z
            """)
    void withoutAnAnchorPeriodsAreTheCalendarsOfTheZone(
            String zone, String every, Instant now, Instant start, Instant end) {
        assertThat(Every.parse(every).periodAt(now, null, ZoneId.of(zone))).isEqualTo(new UsagePeriod(start, end));
    }

    @ParameterizedTest(name = "{1} in {0} from {2} on, at {3}: from {4} to {5}")
    @CsvSource(textBlock = """
            # zone,           every,    anchor,               now,                  start,                end
            UTC,              month,    2025-01-31T10:00:00Z, 2025-02-28T09:59:59Z, 2025-01-31T10:00:00Z, 2025-02-28T10:00:00Z
            UTC,              month,    2025-01-31T10:00:00Z, 2025-02-28T10:00:00Z, 2025-02-28T10:00:00Z, 2025-03-31T10:00:00Z
            UTC,              month,    2025-01-31T10:00:00Z, 2025-04-30T10:00:00Z, 2025-04-30T10:00:00Z, 2025-05-31T10:00:00Z
            UTC,              month,    2025-01-30T00:00:00Z, 2025-03-01T00:00:00Z, 2025-02-28T00:00:00Z, 2025-03-30T00:00:00Z
            UTC,              month,    2025-01-29T00:00:00Z, 2025-03-01T00:00:00Z, 2025-02-28T00:00:00Z, 2025-03-29T00:00:00Z
            UTC,              month,    2024-01-29T00:00:00Z, 2024-03-01T00:00:00Z, 2024-02-29T00:00:00Z, 2024-03-29T00:00:00Z
            UTC,              month,    2024-01-30T00:00:00Z, 2024-03-01T00:00:00Z, 2024-02-29T00:00:00Z, 2024-03-30T00:00:00Z
            UTC,              month,    2024-01-31T00:00:00Z, 2024-03-01T00:00:00Z, 2024-02-29T00:00:00Z, 2024-03-31T00:00:00Z
            UTC,              month,    2024-02-29T00:00:00Z, 2025-03-01T00:00:00Z, 2025-02-28T00:00:00Z, 2025-03-29T00:00:00Z
            UTC,              3 months, 2024-11-30T00:00:00Z, 2025-03-01T00:00:00Z, 2025-02-28T00:00:00Z, 2025-05-30T00:00:00Z
            UTC,              month,    2025-01-31T00:00:00Z, 2024-11-30T00:00:00Z, 2024-11-30T00:00:00Z, 2024-12-31T00:00:00Z
            UTC,              month,    2025-01-31T00:00:00Z, 2024-11-29T00:00:00Z, 2024-10-31T00:00:00Z, 2024-11-30T00:00:00Z
            UTC,              year,     2024-02-29T00:00:00Z, 2027-12-01T00:00:00Z, 2027-02-28T00:00:00Z, 2028-02-29T00:00:00Z
            UTC,              year,     2024-02-29T00:00:00Z, 2025-02-28T00:00:00Z, 2025-02-28T00:00:00Z, 2026-02-28T00:00:00Z
            UTC,              year,     1896-02-29T00:00:00Z, 1900-06-01T00:00:00Z, 1900-02-28T00:00:00Z, 1901-02-28T00:00:00Z
            UTC,              4 years,  2024-02-29T00:00:00Z, 2020-02-28T00:00:00Z, 2016-02-29T00:00:00Z, 2020-02-29T00:00:00Z
            UTC,              week,     2026-04-15T06:00:00Z, 2026-04-15T05:59:59Z, 2026-04-08T06:00:00Z, 2026-04-15T06:00:00Z
            UTC,              36 hours, 2026-04-15T06:00:00Z, 2026-04-15T05:59:59Z, 2026-04-13T18:00:00Z, 2026-04-15T06:00:00Z
            # hours are elapsed time, days are not
            Europe/Berlin,    24 hours, 2026-03-28T11:00:00Z, 2026-03-29T12:00:00Z, 2026-03-29T11:00:00Z, 2026-03-30T11:00:00Z
            Europe/Berlin,    day,      2026-03-28T11:00:00Z, 2026-03-29T12:00:00Z, 2026-03-29T10:00:00Z, 2026-03-30T10:00:00Z
            # 02:30 is in the gap of 2026-03-29 and becomes 03:30
            Europe/Berlin,    day,      2026-03-28T01:30:00Z, 2026-03-29T01:29:59Z, 2026-03-28T01:30:00Z, 2026-03-29T01:30:00Z
            Europe/Berlin,    day,      2026-03-28T01:30:00Z, 2026-03-29T01:30:00Z, 2026-03-29T01:30:00Z, 2026-03-30T00:30:00Z
            America/New_York, month,    2026-02-08T07:30:00Z, 2026-03-20T00:00:00Z, 2026-03-08T07:30:00Z, 2026-04-08T06:30:00Z
            # 02:30 is there twice on 2026-10-25: it is the one of the anchor's offset
            Europe/Berlin,    day,      2026-10-24T00:30:00Z, 2026-10-25T12:00:00Z, 2026-10-25T00:30:00Z, 2026-10-26T01:30:00Z
            Europe/Berlin,    month,    2026-01-25T01:30:00Z, 2026-10-25T12:00:00Z, 2026-10-25T01:30:00Z, 2026-11-25T01:30:00Z
            Europe/Berlin,    month,    2026-10-25T01:30:00Z, 2026-10-25T01:30:00Z, 2026-10-25T01:30:00Z, 2026-11-25T01:30:00Z
            # the month ends where the workspace is: January 31 in New York is February 1 in UTC
            America/New_York, month,    2025-02-01T03:00:00Z, 2025-03-10T00:00:00Z, 2025-03-01T03:00:00Z, 2025-04-01T02:00:00Z
            UTC,              month,    2025-02-01T03:00:00Z, 2025-03-31T00:00:00Z, 2025-03-01T03:00:00Z, 2025-04-01T03:00:00Z
            # Samoa had no 2011-12-30: no period of that day, and none is empty
            Pacific/Apia,     day,      2011-12-28T20:00:00Z, 2011-12-30T19:59:59Z, 2011-12-29T20:00:00Z, 2011-12-30T20:00:00Z
            Pacific/Apia,     day,      2011-12-28T20:00:00Z, 2011-12-30T20:00:00Z, 2011-12-30T20:00:00Z, 2011-12-31T20:00:00Z
            Asia/Kathmandu,   month,    2026-01-31T00:00:00Z, 2026-03-01T00:00:00Z, 2026-02-28T00:00:00Z, 2026-03-31T00:00:00Z
            Australia/Lord_Howe, day,   2026-10-02T15:40:00Z, 2026-10-03T16:00:00Z, 2026-10-03T15:40:00Z, 2026-10-04T15:10:00Z
            # far out, and both ways
            UTC,              month,    0001-01-31T00:00:00Z, 9999-02-28T00:00:00Z, 9999-02-28T00:00:00Z, 9999-03-31T00:00:00Z
            UTC,              month,    9999-12-31T00:00:00Z, 0001-02-28T00:00:00Z, 0001-02-28T00:00:00Z, 0001-03-31T00:00:00Z
            UTC,              1000 years, 9999-12-31T00:00:00Z, 9999-12-31T23:59:59Z, 9999-12-31T00:00:00Z, +10999-12-31T00:00:00Z
            UTC,              7 hours,  0001-01-01T00:00:00Z, 0001-01-01T06:59:59Z, 0001-01-01T00:00:00Z, 0001-01-01T07:00:00Z
            """)
    void periodsAreCountedFromTheOriginalAnchor(
            String zone, String every, Instant anchor, Instant now, Instant start, Instant end) {
        assertThat(Every.parse(every).periodAt(now, anchor, ZoneId.of(zone))).isEqualTo(new UsagePeriod(start, end));
    }

    @Test
    void theNextTimeIsLaterAlsoIfItIsThatTimeNow() {
        Instant anchor = Instant.parse("2025-01-31T10:00:00Z");
        assertThat(Every.MONTH.next(anchor, ZoneOffset.UTC, anchor)).isEqualTo("2025-02-28T10:00:00Z");
        assertThat(Every.MONTH.next(anchor, ZoneOffset.UTC, Instant.parse("2025-02-28T09:59:59.999999999Z")))
                .isEqualTo("2025-02-28T10:00:00Z");
        assertThat(Every.MONTH.next(anchor, ZoneOffset.UTC, anchor.minusNanos(1)))
                .isEqualTo(anchor);
        assertThat(Every.MONTH.next(anchor, ZoneOffset.UTC, Instant.parse("2024-06-30T10:00:00Z")))
                .isEqualTo("2024-07-31T10:00:00Z");
        assertThat(Every.HOUR.next(anchor, ZoneOffset.UTC, anchor.plusSeconds(3599)))
                .isEqualTo("2025-01-31T11:00:00Z");
    }

    @Property
    void periodsTileTimeInEveryZone(
            @ForAll("intervals") Every every,
            @ForAll("zones") ZoneId zone,
            @ForAll("instants") Instant anchor,
            @ForAll("instants") Instant now,
            @ForAll boolean calendar) {
        Instant from = calendar ? null : anchor;
        UsagePeriod period = every.periodAt(now, from, zone);
        assertThat(period.contains(now)).isTrue();
        assertThat(every.periodAt(period.start(), from, zone)).isEqualTo(period);
        assertThat(every.periodAt(period.end().minusNanos(1), from, zone)).isEqualTo(period);
        assertThat(every.periodAt(period.end(), from, zone).start()).isEqualTo(period.end());
        assertThat(every.periodAt(period.start().minusNanos(1), from, zone).end())
                .isEqualTo(period.start());
    }

    @Property
    void aPeriodIsWhatCountingStepByStepFinds(
            @ForAll("intervals") Every every,
            @ForAll("zones") ZoneId zone,
            @ForAll("instants") Instant anchor,
            @ForAll @DoubleRange(min = -60, max = 60) double steps) {
        Instant now =
                anchor.plusMillis((long) (steps * every.unit().getDuration().toMillis() * every.count()));
        var starts = new TreeSet<Instant>();
        for (int n = -66; n <= 66; n++) {
            starts.add(anchor.atZone(zone)
                    .plus((long) n * every.count(), every.unit())
                    .toInstant());
        }
        assertThat(every.periodAt(now, anchor, zone)).isEqualTo(new UsagePeriod(starts.floor(now), starts.higher(now)));
        assertThat(every.next(anchor, zone, now)).isEqualTo(starts.higher(now));
    }

    @Property
    void aPeriodOfTheCalendarIsWhatTurningItsLeavesFinds(
            @ForAll("intervals") Every every, @ForAll("zones") ZoneId zone, @ForAll("instants") Instant now) {
        if (every.unit() == ChronoUnit.HOURS) {
            return;
        }
        LocalDate date = LocalDate.ofInstant(now, zone).plusDays(2);
        while (!begins(every, date) || date.atStartOfDay(zone).toInstant().isAfter(now)) {
            date = date.minusDays(1);
        }
        Instant start = date.atStartOfDay(zone).toInstant();
        while (!begins(every, date) || !date.atStartOfDay(zone).toInstant().isAfter(now)) {
            date = date.plusDays(1);
        }
        assertThat(every.periodAt(now, null, zone))
                .isEqualTo(new UsagePeriod(start, date.atStartOfDay(zone).toInstant()));
    }

    private static boolean begins(Every every, LocalDate date) {
        long count = every.count();
        return switch (every.unit()) {
            case DAYS -> Math.floorMod(date.toEpochDay(), count) == 0;
            case WEEKS -> Math.floorMod(date.toEpochDay() - 4, 7 * count) == 0;
            case MONTHS ->
                date.getDayOfMonth() == 1
                        && Math.floorMod((date.getYear() - 1970) * 12L + date.getMonthValue() - 1, count) == 0;
            default -> date.getDayOfYear() == 1 && Math.floorMod(date.getYear() - 1970L, count) == 0;
        };
    }

    @Provide
    Arbitrary<Every> intervals() {
        return Combinators.combine(
                        Arbitraries.integers().between(1, 12),
                        Arbitraries.of(
                                ChronoUnit.HOURS,
                                ChronoUnit.DAYS,
                                ChronoUnit.WEEKS,
                                ChronoUnit.MONTHS,
                                ChronoUnit.YEARS))
                .as(Every::new);
    }

    @Provide
    Arbitrary<ZoneId> zones() {
        Arbitrary<String> lively = Arbitraries.of(
                "Europe/Berlin",
                "America/New_York",
                "Pacific/Apia",
                "Pacific/Kwajalein",
                "Asia/Kathmandu",
                "Australia/Lord_Howe",
                "America/Sao_Paulo",
                "Africa/Casablanca",
                "Antarctica/Troll");
        return Arbitraries.oneOf(lively, Arbitraries.of(ZONES)).map(ZoneId::of);
    }

    @Provide
    Arbitrary<Instant> instants() {
        Arbitrary<Instant> any = Arbitraries.longs()
                .between(
                        Instant.parse("1840-01-01T00:00:00Z").getEpochSecond(),
                        Instant.parse("2150-01-01T00:00:00Z").getEpochSecond())
                .map(Instant::ofEpochSecond);
        // near the changes of the clocks, at the ends of months and at leap days
        Arbitrary<Instant> awkward = Combinators.combine(
                        Arbitraries.of(
                                "2026-03-29T01:00:00Z",
                                "2026-10-25T01:00:00Z",
                                "2011-12-30T10:00:00Z",
                                "1993-08-21T12:00:00Z",
                                "2024-02-29T00:00:00Z",
                                "2025-01-31T00:00:00Z",
                                "2018-11-04T03:00:00Z",
                                "1986-01-01T00:00:00Z"),
                        Arbitraries.integers().between(-50, 50),
                        Arbitraries.of(-1L, 0L, 1_800_000_000_000L))
                .as((at, hours, nanos) ->
                        Instant.parse(at).plus(hours, ChronoUnit.HOURS).plusNanos(nanos));
        return Arbitraries.oneOf(any, awkward);
    }

    @Test
    void noZoneHasEverHadAPeriodThatGoesBackwards() {
        for (String name : ZONES) {
            ZoneId zone = ZoneId.of(name);
            for (var change : zone.getRules().getTransitions()) {
                // anchored in the middle of the change, a few days before
                Instant anchor = ZonedDateTime.ofInstant(change.getInstant(), zone)
                        .minusDays(3)
                        .plusMinutes(17)
                        .toInstant();
                Instant at = change.getInstant().minus(Duration.ofDays(2));
                for (int i = 0; i < 4; i++) {
                    UsagePeriod period = Every.DAY.periodAt(at, anchor, zone);
                    assertThat(period.start()).as("%s in %s", change, zone).isBeforeOrEqualTo(at);
                    assertThat(period.end()).isAfter(at);
                    at = period.end();
                }
            }
        }
    }

    @Test
    void yearsThatADatabaseCannotKeepAreRefused() {
        Instant now = Instant.parse("2026-04-12T08:00:00Z");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Every.MONTH.periodAt(now, Instant.parse("-4000-01-01T00:00:00Z"), ZoneOffset.UTC))
                .withMessage("anchor of a period must be of the years 0001 to 9999, was -4000-01-01T00:00:00Z");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Every.MONTH.periodAt(Instant.MAX, null, ZoneOffset.UTC))
                .withMessageContaining("instant of a period must be of the years 0001 to 9999");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Every.HOUR.next(now, ZoneOffset.UTC, Instant.parse("+10000-01-01T00:00:00Z")));
        assertThatIllegalArgumentException().isThrownBy(() -> Every.HOUR.next(Instant.MIN, ZoneOffset.UTC, now));
    }

    @Test
    void theTextCanBeRead() {
        assertThat(Every.MONTH).hasToString("month");
        assertThat(Every.months(3)).hasToString("3 months");
        for (ChronoUnit unit :
                List.of(ChronoUnit.HOURS, ChronoUnit.DAYS, ChronoUnit.WEEKS, ChronoUnit.MONTHS, ChronoUnit.YEARS)) {
            for (int count : new int[] {1, 2, 90, 1000}) {
                Every every = new Every(count, unit);
                assertThat(Every.parse(every.toString())).isEqualTo(every);
            }
        }
        assertThat(Every.parse("1 week")).isEqualTo(Every.WEEK);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "months",
                "Month",
                "3 month",
                "1 months",
                "3months",
                "0 days",
                "-1 days",
                "01 days",
                "minute",
                "P1M",
                "3 days "
            })
    void anyOtherTextIsRefused(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Every.parse(text))
                .withMessageContaining("\"3 months\", was \"" + text + "\"");
    }

    @Test
    void countsAndUnitsOutOfRangeAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Every.days(0))
                .withMessage("count of an interval must be 1 to 1000, was 0");
        assertThatIllegalArgumentException().isThrownBy(() -> Every.hours(1001)).withMessageContaining("was 1001");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Every.parse("1001 days"))
                .withMessageContaining("1001");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Every(1, ChronoUnit.MINUTES))
                .withMessage("unit of an interval must be hours, days, weeks, months or years, was Minutes");
    }

    @Test
    void aPeriodIsNeverEmptyAndEndsBeforeItsEnd() {
        Instant start = Instant.parse("2026-04-01T00:00:00Z");
        UsagePeriod period = new UsagePeriod(start, start.plusSeconds(1));
        assertThat(period.contains(start)).isTrue();
        assertThat(period.contains(start.minusNanos(1))).isFalse();
        assertThat(period.contains(period.end().minusNanos(1))).isTrue();
        assertThat(period.contains(period.end())).isFalse();
        assertThat(period).hasToString("[2026-04-01T00:00:00Z, 2026-04-01T00:00:01Z)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new UsagePeriod(start, start))
                .withMessageContaining("start of a period must be before its end");
    }
}
