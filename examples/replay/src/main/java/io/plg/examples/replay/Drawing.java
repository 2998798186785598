package io.plg.examples.replay;

import io.plg.stats.DurationSummary;
import io.plg.stats.Histogram;
import java.util.List;
import java.util.Locale;

/** Drawings in SVG. All text in them is escaped. */
final class Drawing {
    private static final int WIDTH = 1000;

    private Drawing() {}

    /** One step of a drawn funnel: its label, its count, and its shares from 0 to 1. */
    record Stage(String label, String count, String share, String kept, double height) {}

    /** The funnel as a stream that gets narrower from step to step. */
    static String funnel(List<Stage> stages) {
        int top = 78;
        int tallest = 220;
        double middle = top + tallest / 2.0;
        double column = (double) WIDTH / stages.size();
        var svg = open(top + tallest + 42);
        svg.append(
                "<defs><linearGradient id=\"flow\" x1=\"0\" x2=\"1\" y1=\"0\" y2=\"0\"><stop class=\"flow-1\" offset=\"0\"/>"
                        + "<stop class=\"flow-2\" offset=\"1\"/></linearGradient></defs>");
        svg.append("<path fill=\"url(#flow)\" d=\"")
                .append(stream(stages, column, middle, tallest))
                .append("\"/>");
        for (int i = 0; i < stages.size(); i++) {
            Stage stage = stages.get(i);
            double x = i * column;
            if (i > 0) {
                add(svg, "<line class=\"axis\" x1=\"%.1f\" x2=\"%.1f\" y1=\"0\" y2=\"%d\"/>", x, x, top + tallest + 40);
            }
            double indent = x + (i == 0 ? 0 : 14);
            text(svg, "strong", indent, 13, "start", shorten(stage.label(), (int) (column / 8.2)));
            text(svg, "big", indent, 39, "start", stage.count());
            text(svg, "", indent, 58, "start", stage.share());
            text(svg, "", indent, top + tallest + 30, "start", stage.kept());
        }
        return svg.append("</svg></div>").toString();
    }

    private static String stream(List<Stage> stages, double column, double middle, int tallest) {
        var upper = new StringBuilder();
        var lower = new StringBuilder();
        int last = stages.size() - 1;
        for (int i = 0; i <= last; i++) {
            double half = Math.max(1.5, stages.get(i).height() * tallest / 2);
            double flat = (i + (i == last ? 1 : 0.55)) * column;
            if (i == 0) {
                upper.append(at("M%.1f %.1f", 0.0, middle - half));
                lower.append(at("L%.1f %.1f", 0.0, middle + half));
            }
            upper.append(at("L%.1f %.1f", flat, middle - half));
            lower.insert(0, at("L%.1f %.1f", flat, middle + half));
            if (i < last) {
                double next = Math.max(1.5, stages.get(i + 1).height() * tallest / 2);
                double to = (i + 1) * column;
                double bend = (flat + to) / 2;
                upper.append(at(
                        "C%.1f %.1f %.1f %.1f %.1f %.1f", bend, middle - half, bend, middle - next, to, middle - next));
                lower.insert(
                        0,
                        at("L%.1f %.1f", to, middle + next)
                                + at(
                                        "C%.1f %.1f %.1f %.1f %.1f %.1f",
                                        bend, middle + next, bend, middle + half, flat, middle + half));
            }
        }
        return upper + lower.toString() + "Z";
    }

    /** Times in bins, with lines where half and 90 % were through. */
    static String histogram(Histogram histogram, DurationSummary times) {
        int height = 190;
        int top = 26;
        List<Histogram.Bin> bins = histogram.bins();
        long highest = bins.stream().mapToLong(Histogram.Bin::count).max().orElse(1);
        double from = bins.get(0).from().toMillis();
        double range = Math.max(1, bins.get(bins.size() - 1).to().toMillis() - from);
        double width = (double) WIDTH / bins.size();
        var svg = open(top + height + 26);
        for (int i = 0; i < bins.size(); i++) {
            Histogram.Bin bin = bins.get(i);
            double tall = bin.count() == 0 ? 0 : Math.max(1.5, (double) height * bin.count() / highest);
            double gap = Math.min(3, width * 0.12);
            add(
                    svg,
                    "<rect class=\"fill\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"2\"><title>%s</title></rect>",
                    i * width + gap / 2,
                    top + height - tall,
                    Math.max(1, width - gap),
                    tall,
                    Page.escape(Words.duration(bin.from()) + " to " + Words.duration(bin.to()) + ": "
                            + Words.number(bin.count())));
        }
        add(svg, "<line class=\"axis\" x1=\"0\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>", WIDTH, top + height, top + height);
        double half = (times.p50().toMillis() - from) / range * WIDTH;
        double most = (times.p90().toMillis() - from) / range * WIDTH;
        mark(svg, half, top + height, "half within " + Words.duration(times.p50()));
        if (most - half > 210) {
            mark(svg, most, top + height, "90 % within " + Words.duration(times.p90()));
        } else {
            mark(svg, most, top + height, "");
        }
        text(svg, "", 0, top + height + 19, "start", Words.duration(bins.get(0).from()));
        text(
                svg,
                "",
                WIDTH,
                top + height + 19,
                "end",
                Words.duration(bins.get(bins.size() - 1).to()));
        return svg.append("</svg></div>").toString();
    }

    private static void mark(StringBuilder svg, double x, int bottom, String label) {
        add(svg, "<line class=\"mark\" x1=\"%.1f\" x2=\"%.1f\" y1=\"18\" y2=\"%d\"/>", x, x, bottom);
        text(svg, "strong", x, 12, x > WIDTH - 150 ? "end" : x < 80 ? "start" : "middle", label);
    }

    /** One period of a chart: its label, everybody in it, and some of them. */
    record Column(String label, long all, long some, String explanation) {}

    /** Columns of everybody with those who made it inside. */
    static String columns(List<Column> columns) {
        int height = 180;
        int top = 20;
        long highest = Math.max(1, columns.stream().mapToLong(Column::all).max().orElse(1));
        double width = (double) WIDTH / columns.size();
        double bar = Math.min(56, width * 0.72);
        int every = (int) Math.ceil(columns.size() * 84.0 / WIDTH);
        var svg = open(top + height + 26);
        for (int i = 0; i < columns.size(); i++) {
            Column column = columns.get(i);
            double x = i * width + (width - bar) / 2;
            String title = Page.escape(column.explanation());
            double all = (double) height * column.all() / highest;
            double some = (double) height * column.some() / highest;
            add(
                    svg,
                    "<g><title>%s</title>"
                            + "<rect class=\"rest\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"3\"/>"
                            + "<rect class=\"fill\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"3\"/></g>",
                    title,
                    x,
                    top + height - all,
                    bar,
                    all,
                    x,
                    top + height - some,
                    bar,
                    some);
            if (columns.size() <= 14) {
                text(
                        svg,
                        "strong",
                        i * width + width / 2,
                        top + height - all - 7,
                        "middle",
                        Words.number(column.all()));
            }
            if (i % every == 0) {
                text(svg, "", i * width + width / 2, top + height + 19, "middle", column.label());
            }
        }
        add(svg, "<line class=\"axis\" x1=\"0\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>", WIDTH, top + height, top + height);
        return svg.append("</svg></div>").toString();
    }

    /** One period of a chart of means: its label, its mean, and the interval of that. */
    record Mean(String label, double value, double low, double high, String explanation) {}

    /** Means as columns with their intervals, and a line at 1. An interval that would dwarf all means is cut off. */
    static String means(List<Mean> means) {
        int height = 180;
        int top = 20;
        double largest = means.stream().mapToDouble(Mean::value).max().orElse(0);
        double most = means.stream().mapToDouble(Mean::high).max().orElse(1);
        double highest = Math.max(1.1, Math.min(most, 2.5 * largest));
        double width = (double) WIDTH / means.size();
        double bar = Math.min(56, width * 0.72);
        int every = (int) Math.ceil(means.size() * 84.0 / WIDTH);
        var svg = open(top + height + 26);
        for (int i = 0; i < means.size(); i++) {
            Mean mean = means.get(i);
            double x = i * width + (width - bar) / 2;
            double middle = i * width + width / 2;
            double tall = height * mean.value() / highest;
            add(
                    svg,
                    "<g><title>%s</title>"
                            + "<rect class=\"fill\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"3\"/>"
                            + "<line class=\"whisker\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/></g>",
                    Page.escape(mean.explanation()),
                    x,
                    top + height - tall,
                    bar,
                    tall,
                    middle,
                    middle,
                    top + height - height * mean.low() / highest,
                    top + height - height * Math.min(mean.high(), highest) / highest);
            if (i % every == 0) {
                text(svg, "", middle, top + height + 19, "middle", mean.label());
            }
        }
        double one = top + height - height / highest;
        add(svg, "<line class=\"mark\" x1=\"0\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", WIDTH, one, one);
        text(svg, "strong", 0, one - 5, "start", "K = 1");
        add(svg, "<line class=\"axis\" x1=\"0\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>", WIDTH, top + height, top + height);
        return svg.append("</svg></div>").toString();
    }

    private static StringBuilder open(int height) {
        return new StringBuilder(
                "<div class=\"chart\"><svg viewBox=\"0 0 " + WIDTH + " " + height + "\" role=\"img\">");
    }

    private static void text(StringBuilder svg, String kind, double x, double y, String anchor, String text) {
        add(
                svg,
                "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>",
                kind,
                x,
                y,
                anchor,
                Page.escape(text));
    }

    private static void add(StringBuilder svg, String format, Object... values) {
        svg.append(String.format(Locale.ROOT, format, values));
    }

    private static String at(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    private static String shorten(String label, int room) {
        int most = Math.max(4, room);
        int length = label.codePointCount(0, label.length());
        return length <= most ? label : label.substring(0, label.offsetByCodePoints(0, most - 1)) + "…";
    }
}
