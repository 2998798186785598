package io.plg.examples.replay;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.ResolverStyle;
import java.time.temporal.ChronoUnit;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalQueries;
import java.util.Locale;
import java.util.regex.Pattern;

/** The ways in which exported logs write a time. What has no offset is UTC. */
final class Timestamps {
    private static final String RULE =
            "must be a time such as 2026-03-01T09:30:00Z, 2026-03-01 09:30:00, 2026-03-01 or 1772357400 (Unix seconds)";

    private static final Instant EARLIEST = Instant.parse("0001-01-01T00:00:00Z");
    private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59.999999Z");
    private static final Pattern NUMBER = Pattern.compile("[+-]?\\d{1,18}(\\.\\d{1,18})?");

    private static final DateTimeFormatter DATES = new DateTimeFormatterBuilder()
            .parseCaseInsensitive()
            .append(DateTimeFormatter.ISO_LOCAL_DATE)
            .optionalStart()
            .appendLiteral('T')
            .append(DateTimeFormatter.ISO_LOCAL_TIME)
            .optionalEnd()
            .optionalStart()
            .appendLiteral(' ')
            .append(DateTimeFormatter.ISO_LOCAL_TIME)
            .optionalEnd()
            .appendPattern("[XXX][X][ XXX][ X]")
            .appendPattern("[' UTC']")
            .toFormatter(Locale.ROOT)
            .withResolverStyle(ResolverStyle.STRICT);

    private Timestamps() {}

    /** Returns microseconds since 1970; finer parts are cut off. */
    static long parse(String text) {
        String stripped = text.strip();
        try {
            Instant instant = NUMBER.matcher(stripped).matches() ? unixSeconds(stripped) : iso(stripped);
            if (!instant.isBefore(EARLIEST) && !instant.isAfter(LATEST)) {
                return ChronoUnit.MICROS.between(Instant.EPOCH, instant);
            }
        } catch (DateTimeException | ArithmeticException e) {
            throw new IllegalArgumentException(RULE + ", was \"" + stripped + "\"", e);
        }
        throw new IllegalArgumentException(
                RULE + " between the years 1 and 9999, was \"" + stripped + "\"" + millisecondsHint(stripped));
    }

    private static Instant unixSeconds(String text) {
        BigDecimal seconds = new BigDecimal(text);
        BigDecimal whole = seconds.setScale(0, RoundingMode.FLOOR);
        return Instant.ofEpochSecond(
                whole.longValueExact(),
                seconds.subtract(whole).movePointRight(9).longValue());
    }

    private static Instant iso(String text) {
        TemporalAccessor parsed = DATES.parse(text);
        LocalTime time = parsed.query(TemporalQueries.localTime());
        ZoneOffset offset = parsed.query(TemporalQueries.offset());
        return LocalDate.from(parsed)
                .atTime(time == null ? LocalTime.MIDNIGHT : time)
                .toInstant(offset == null ? ZoneOffset.UTC : offset);
    }

    private static String millisecondsHint(String text) {
        return text.matches("\\d{12,15}") ? "; it looks like milliseconds, divide by 1000" : "";
    }
}
