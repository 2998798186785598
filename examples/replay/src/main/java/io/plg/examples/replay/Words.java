package io.plg.examples.replay;

import io.plg.stats.Rate;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Numbers and times as people read them. */
final class Words {
    private static final DateTimeFormatter MINUTE =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'", Locale.ROOT).withZone(ZoneOffset.UTC);

    private Words() {}

    static String number(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    static String count(long number, String noun) {
        return number(number) + " " + noun + (number == 1 ? "" : "s");
    }

    static String percent(double share) {
        return Double.isNaN(share) ? "–" : String.format(Locale.ROOT, "%." + digits(share) + "f %%", 100 * share);
    }

    static String percent(Rate rate) {
        return rate.isDefined() ? percent(rate.value()) : "–";
    }

    static String interval(Rate rate) {
        String end = "%." + digits(rate.value()) + "f";
        return String.format(Locale.ROOT, end + "–" + end + " %%", 100 * rate.low(), 100 * rate.high());
    }

    /** Below one per cent a second digit tells more than the word "small". */
    private static int digits(double share) {
        return share > 0 && share < 0.01 ? 2 : 1;
    }

    static String time(Instant time) {
        return MINUTE.format(time);
    }

    /** The two largest units of a duration: {@code 1 d 19 h}, {@code 42 min 3 s}, {@code 380 ms}. */
    static String duration(Duration duration) {
        if (duration.isNegative()) {
            return "−" + duration(duration.negated());
        }
        long seconds = duration.getSeconds();
        if (seconds == 0) {
            return duration.isZero() ? "0 s" : duration.toMillis() + " ms";
        }
        long days = seconds / 86_400;
        if (days >= 365) {
            return two(days / 365, "y", days % 365, "d");
        }
        if (days > 0) {
            return two(days, "d", seconds / 3_600 % 24, "h");
        }
        if (seconds >= 3_600) {
            return two(seconds / 3_600, "h", seconds / 60 % 60, "min");
        }
        return seconds >= 60 ? two(seconds / 60, "min", seconds % 60, "s") : seconds + " s";
    }

    private static String two(long large, String largeUnit, long small, String smallUnit) {
        return large + " " + largeUnit + (small == 0 ? "" : " " + small + " " + smallUnit);
    }
}
