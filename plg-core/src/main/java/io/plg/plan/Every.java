package io.plg.plan;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An interval that recurs: every month, every 3 days. It cuts time into periods, without gap or overlap.
 *
 * <p>Period n begins at anchor + n · interval, always counted from the original anchor, and ends where the next one begins; n may be negative.
 * Months and years are clamped: from January 31 on, monthly periods begin on February 28 and on March 31. Hours are elapsed time. Everything else
 * is counted in local time of a time zone by the rules of {@link ZonedDateTime}: a period that would begin in a gap begins later by the length of
 * the gap, one that would begin in an overlap begins at the anchor's offset, or at the earlier one if the anchor's is not valid there. So a day may
 * have 23 or 25 hours. A day that a zone leaves out has no period.
 *
 * <p>Without an anchor it is the calendar of the zone: years begin on January 1, months on the 1st, weeks on Monday, days at their first instant.
 * Several at a time are counted from January 1970, Monday 1970-01-05 and 1970-01-01; hours from 1970-01-01T00:00Z.
 *
 * <p>Anchors and instants are of the years 0001 to 9999 in UTC; others are refused.
 *
 * @param count how many units, 1 to 1000
 * @param unit hours, days, weeks, months or years
 */
public record Every(int count, ChronoUnit unit) {

    /** Every hour. */
    public static final Every HOUR = hours(1);

    /** Every day. */
    public static final Every DAY = days(1);

    /** Every week. */
    public static final Every WEEK = weeks(1);

    /** Every month. */
    public static final Every MONTH = months(1);

    /** Every year. */
    public static final Every YEAR = years(1);

    private static final int MAX_COUNT = 1000;
    private static final int SECONDS_OF_AN_HOUR = 3600;
    private static final int DAYS_OF_A_WEEK = 7;
    private static final int MONTHS_OF_A_YEAR = 12;
    private static final Instant FIRST = Instant.parse("0001-01-01T00:00:00Z");
    private static final Instant LAST = Instant.parse("9999-12-31T23:59:59.999999999Z");
    private static final LocalDateTime FIRST_DAY = LocalDate.EPOCH.atStartOfDay();
    private static final LocalDateTime FIRST_MONDAY = LocalDate.of(1970, 1, 5).atStartOfDay();
    private static final Pattern TEXT = Pattern.compile("(?:([1-9][0-9]{0,3}) )?(hour|day|week|month|year)(s?)");

    /**
     * Checks both.
     *
     * @throws IllegalArgumentException if the count is out of range or the unit is another one
     */
    public Every {
        Objects.requireNonNull(unit, "unit");
        switch (unit) {
            case HOURS, DAYS, WEEKS, MONTHS, YEARS -> {}
            default ->
                throw new IllegalArgumentException(
                        "unit of an interval must be hours, days, weeks, months or years, was " + unit);
        }
        if (count < 1 || count > MAX_COUNT) {
            throw new IllegalArgumentException("count of an interval must be 1 to " + MAX_COUNT + ", was " + count);
        }
    }

    /**
     * Returns an interval of hours.
     *
     * @param count how many, 1 to 1000
     * @return the interval
     * @throws IllegalArgumentException if the count is out of range
     */
    public static Every hours(int count) {
        return new Every(count, ChronoUnit.HOURS);
    }

    /**
     * Returns an interval of days.
     *
     * @param count how many, 1 to 1000
     * @return the interval
     * @throws IllegalArgumentException if the count is out of range
     */
    public static Every days(int count) {
        return new Every(count, ChronoUnit.DAYS);
    }

    /**
     * Returns an interval of weeks.
     *
     * @param count how many, 1 to 1000
     * @return the interval
     * @throws IllegalArgumentException if the count is out of range
     */
    public static Every weeks(int count) {
        return new Every(count, ChronoUnit.WEEKS);
    }

    /**
     * Returns an interval of months.
     *
     * @param count how many, 1 to 1000
     * @return the interval
     * @throws IllegalArgumentException if the count is out of range
     */
    public static Every months(int count) {
        return new Every(count, ChronoUnit.MONTHS);
    }

    /**
     * Returns an interval of years.
     *
     * @param count how many, 1 to 1000
     * @return the interval
     * @throws IllegalArgumentException if the count is out of range
     */
    public static Every years(int count) {
        return new Every(count, ChronoUnit.YEARS);
    }

    /**
     * Reads what {@link #toString()} writes: {@code month}, {@code 3 months}; also {@code 1 month}.
     *
     * @param text the text
     * @return the interval
     * @throws IllegalArgumentException if it is anything else, or the count is out of range
     */
    public static Every parse(String text) {
        Matcher matcher = TEXT.matcher(Objects.requireNonNull(text, "text"));
        if (matcher.matches()) {
            int count = matcher.group(1) == null ? 1 : Integer.parseInt(matcher.group(1));
            if (count == 1 == matcher.group(3).isEmpty()) {
                return new Every(count, ChronoUnit.valueOf(matcher.group(2).toUpperCase(Locale.ROOT) + "S"));
            }
        }
        throw new IllegalArgumentException(
                "an interval must be \"hour\", \"day\", \"week\", \"month\" or \"year\", or several such as \"3 months\", was \""
                        + text + "\"");
    }

    /**
     * Returns the period that an instant is in. It takes about as long for an anchor of long ago as for one of today.
     *
     * @param now the instant
     * @param anchor where a period begins, such as the begin of a subscription; {@code null} for the calendar
     * @param zone in whose local time to count
     * @return the period; it contains the instant
     * @throws IllegalArgumentException if the instant or the anchor is not of the years 0001 to 9999
     */
    public UsagePeriod periodAt(Instant now, @Nullable Instant anchor, ZoneId zone) {
        check("instant", now);
        if (anchor != null) {
            check("anchor", anchor);
        }
        Objects.requireNonNull(zone, "zone");
        if (unit == ChronoUnit.HOURS) {
            return elapsed(now, anchor == null ? Instant.EPOCH : anchor);
        }
        LocalDateTime from = anchor != null
                ? LocalDateTime.ofInstant(anchor, zone)
                : unit == ChronoUnit.WEEKS ? FIRST_MONDAY : FIRST_DAY;
        ZoneOffset offset = anchor != null ? zone.getRules().getOffset(anchor) : null;
        // right but for the day of the month, the time of the day and changes of the offset: two steps at most
        long n = Math.floorDiv(units(from.toLocalDate(), LocalDate.ofInstant(now, zone)), count);
        Instant start = start(n, from, offset, zone);
        while (start.isAfter(now)) {
            n--;
            start = start(n, from, offset, zone);
        }
        Instant end = start(n + 1, from, offset, zone);
        while (!end.isAfter(now)) {
            n++;
            start = end;
            end = start(n + 1, from, offset, zone);
        }
        return new UsagePeriod(start, end);
    }

    /**
     * Returns the first anchor + k · interval after an instant, k being any whole number.
     *
     * @param anchor the anchor
     * @param zone in whose local time to count
     * @param after the instant
     * @return the next time, later than the instant
     * @throws IllegalArgumentException if the instant or the anchor is not of the years 0001 to 9999
     */
    public Instant next(Instant anchor, ZoneId zone, Instant after) {
        return periodAt(after, Objects.requireNonNull(anchor, "anchor"), zone).end();
    }

    /** About how long a period is; only good to tell a shorter interval from a longer one. */
    Duration estimate() {
        return unit.getDuration().multipliedBy(count);
    }

    private UsagePeriod elapsed(Instant now, Instant anchor) {
        long length = (long) count * SECONDS_OF_AN_HOUR;
        long n = Math.floorDiv(Duration.between(anchor, now).getSeconds(), length);
        Instant start = anchor.plusSeconds(n * length);
        return new UsagePeriod(start, start.plusSeconds(length));
    }

    private long units(LocalDate from, LocalDate to) {
        return switch (unit) {
            case DAYS -> to.toEpochDay() - from.toEpochDay();
            case WEEKS -> Math.floorDiv(to.toEpochDay() - from.toEpochDay(), DAYS_OF_A_WEEK);
            case MONTHS ->
                (to.getYear() - from.getYear()) * (long) MONTHS_OF_A_YEAR + to.getMonthValue() - from.getMonthValue();
            default -> to.getYear() - from.getYear();
        };
    }

    private Instant start(long n, LocalDateTime from, @Nullable ZoneOffset offset, ZoneId zone) {
        LocalDateTime local = from.plus(n * count, unit);
        // the calendar's days begin at their first instant, also if midnight is in the middle of a gap
        return offset == null
                ? local.toLocalDate().atStartOfDay(zone).toInstant()
                : ZonedDateTime.ofLocal(local, zone, offset).toInstant();
    }

    private static void check(String field, Instant instant) {
        Objects.requireNonNull(instant, field);
        if (instant.isBefore(FIRST) || instant.isAfter(LAST)) {
            throw new IllegalArgumentException(
                    field + " of a period must be of the years 0001 to 9999, was " + instant);
        }
    }

    /**
     * Returns the interval in words.
     *
     * @return for example {@code month} or {@code 3 months}
     */
    @Override
    public String toString() {
        String name = unit.name().toLowerCase(Locale.ROOT);
        return count == 1 ? name.substring(0, name.length() - 1) : count + " " + name;
    }
}
