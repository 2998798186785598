package io.plg.examples.replay;

import io.plg.stats.Rate;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/** One self-contained page: style and drawings are inside, nothing is fetched, and all text is escaped. */
final class Page {
    private final String title;
    private final StringBuilder body = new StringBuilder();
    private String intervals = "95 % Wilson score intervals";

    Page(String title) {
        this.title = title;
    }

    /** Says what kind of intervals the page has, unless they are those of shares. */
    Page intervals(String kind) {
        intervals = "95 % intervals of " + kind;
        return this;
    }

    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }

    /**
     * Adds the head of the page.
     *
     * @param eyebrow what kind of answer this is
     * @param parts the heading, one or several steps
     * @param separator what stands between them
     * @param lines what else there is to know, one line each
     * @param simulated whether to say that the data is made up
     */
    Page header(String eyebrow, List<String> parts, String separator, List<String> lines, boolean simulated) {
        body.append("<header><div class=\"eyebrow\">").append(escape(eyebrow)).append("</div><h1>");
        String between = separator.equals(",") ? ", " : " <span class=\"to\">" + escape(separator) + "</span> ";
        body.append(String.join(between, parts.stream().map(Page::escape).toList()))
                .append("</h1>");
        lines.forEach(line -> body.append("<p>").append(escape(line)).append("</p>"));
        if (simulated) {
            body.append("<span class=\"note\">Simulated data: none of these users exists</span>");
        }
        body.append("</header>\n");
        return this;
    }

    /** A number that deserves to be large. */
    record Figure(String name, String value, String aside) {}

    Page figures(List<Figure> figures) {
        body.append("<div class=\"figures\">");
        for (Figure each : figures) {
            body.append("<div class=\"card\"><div class=\"name\">")
                    .append(escape(each.name()))
                    .append("</div><div class=\"value\">")
                    .append(escape(each.value()))
                    .append("</div><div class=\"aside\">")
                    .append(escape(each.aside()))
                    .append("</div></div>");
        }
        body.append("</div>\n");
        return this;
    }

    /**
     * Adds a card.
     *
     * @param heading its heading
     * @param explanation one sentence
     * @param contents parts made by this class or by {@link Drawing}, which are escaped already
     */
    Page card(String heading, String explanation, String... contents) {
        body.append("<section class=\"card\"><h2>")
                .append(escape(heading))
                .append("</h2><p>")
                .append(escape(explanation))
                .append("</p>");
        for (String each : contents) {
            body.append(each);
        }
        body.append("</section>\n");
        return this;
    }

    /** A table whose rows end with a bar. */
    static final class Rows {
        private final StringBuilder html = new StringBuilder("<div class=\"scroll\"><table><thead><tr>");

        Rows(List<String> head) {
            head.forEach(each -> html.append("<th>").append(escape(each)).append("</th>"));
            html.append("<th></th></tr></thead><tbody>\n");
        }

        Rows row(List<String> cells, String bar) {
            html.append("<tr>");
            for (String each : cells) {
                String title = each.length() > 30 ? " title=\"" + escape(each) + "\"" : "";
                html.append("<td")
                        .append(title)
                        .append('>')
                        .append(escape(each))
                        .append("</td>");
            }
            html.append("<td class=\"bar\">").append(bar).append("</td></tr>\n");
            return this;
        }

        String html() {
            return html + "</tbody></table></div>";
        }
    }

    /** A share as a bar with its 95 % interval. */
    static String bar(Rate rate, double largest) {
        if (!rate.isDefined() || largest <= 0) {
            return "";
        }
        double scale = 100 / largest;
        return String.format(
                Locale.ROOT,
                "<svg viewBox=\"0 0 100 18\" preserveAspectRatio=\"none\" role=\"img\"><title>%s (95 %% interval %s)</title>"
                        + "<rect class=\"rest\" x=\"0\" y=\"3\" width=\"100\" height=\"12\" rx=\"1\"/>"
                        + "<rect class=\"fill\" x=\"0\" y=\"3\" width=\"%.2f\" height=\"12\" rx=\"1\"/>"
                        + "<line class=\"whisker\" x1=\"%.2f\" x2=\"%.2f\" y1=\"9\" y2=\"9\" vector-effect=\"non-scaling-stroke\"/>"
                        + "</svg>",
                escape(Words.percent(rate)),
                escape(Words.interval(rate)),
                Math.max(rate.value() * scale, rate.value() > 0 ? 0.4 : 0),
                rate.low() * scale,
                Math.min(100, rate.high() * scale));
    }

    String html() {
        return """
                <!doctype html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <title>%s</title>
                <style>
                %s</style>
                </head>
                <body>
                <main>
                %s<footer>Made by plg replay. Intervals are %s; times are UTC.</footer>
                </main>
                </body>
                </html>
                """.formatted(escape(title), style(), body, escape(intervals));
    }

    private static String style() {
        try (InputStream css = Objects.requireNonNull(Page.class.getResourceAsStream("page.css"))) {
            return new String(css.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
