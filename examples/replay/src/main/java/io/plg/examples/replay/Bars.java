package io.plg.examples.replay;

import io.plg.stats.Rate;
import java.util.stream.Stream;

/** Bars made of block characters, an eighth of a character exact. */
final class Bars {
    private static final String EIGHTHS = " ▏▎▍▌▋▊▉█";
    private static final String HEIGHTS = " ▁▂▃▄▅▆▇█";

    private Bars() {}

    /** A bar from left to right; anything above nothing is visible. */
    static String across(double share, int width) {
        if (!(share > 0)) {
            return "";
        }
        int eighths = (int) Math.max(1, Math.round(Math.min(1, share) * width * 8));
        return "█".repeat(eighths / 8) + (eighths % 8 == 0 ? "" : EIGHTHS.charAt(eighths % 8));
    }

    /** One character of a row of columns; anything above nothing is visible. */
    static char column(long count, long highest) {
        if (count == 0 || highest == 0) {
            return ' ';
        }
        return HEIGHTS.charAt((int) Math.max(1, Math.round(8.0 * count / highest)));
    }

    /** Makes the largest of several shares the longest bar, so that differences between small ones can be seen. */
    record Scale(double largest) {

        static Scale of(Stream<Rate> rates) {
            return new Scale(
                    rates.filter(Rate::isDefined).mapToDouble(Rate::value).max().orElse(0));
        }

        String bar(Rate rate, int width) {
            return rate.isDefined() && largest > 0 ? across(rate.value() / largest, width) : "";
        }
    }
}
