package io.plg.examples.replay;

import io.plg.activation.ActivationReport;
import io.plg.stats.Rate;
import java.util.List;
import java.util.stream.Stream;

/** The answer about activation as a page. */
final class ActivationPage {

    private ActivationPage() {}

    static String of(ActivationAnswer answer) {
        ActivationReport report = answer.report();
        var page = new Page("Activation");
        page.header("Activation", List.of("signed up", "activated"), "→", List.of(answer.input()), answer.simulated());
        page.figures(figures(report));
        page.card("Activation", "How many of those who signed up were activated.", drawing(report));
        answer.byColumn().ifPresent(column -> {
            double largest = largest(answer.by().values().stream());
            Page.Rows rows = rows(column);
            answer.by().forEach((value, each) -> row(rows, value, each, largest));
            page.card("By " + column, "Activation rate with its 95 % interval.", rows.html());
        });
        answer.period().ifPresent(period -> {
            boolean weeks = period == EntryPeriods.WEEK;
            double largest = largest(answer.periods().stream().map(ActivationAnswer.Period::report));
            Page.Rows rows = rows(weeks ? "Week of" : "Month of");
            answer.periods().forEach(each -> row(rows, each.start().toString(), each.report(), largest));
            page.card(
                    "By " + (weeks ? "week" : "month") + " of sign-up",
                    "Users who signed up, and those of them who were activated.",
                    columns(answer.periods()),
                    "<div class=\"legend\"><span><i class=\"a\"></i>signed up</span><span><i class=\"b\"></i>activated</span></div>",
                    rows.html());
        });
        return page.html();
    }

    private static List<Page.Figure> figures(ActivationReport report) {
        Rate rate = report.activationRate();
        return List.of(
                new Page.Figure("Signed up", Words.number(report.signedUp()), "users"),
                new Page.Figure(
                        "Activated",
                        Words.percent(rate),
                        rate.isDefined()
                                ? Words.number(report.activated()) + " users (" + Words.interval(rate) + ")"
                                : "nobody signed up"),
                new Page.Figure(
                        "Median time to activation",
                        report.timeToActivation()
                                .map(times -> Words.duration(times.p50()))
                                .orElse("–"),
                        report.timeToActivation()
                                .map(times -> "90 % within " + Words.duration(times.p90()))
                                .orElse("nobody was activated")));
    }

    private static String drawing(ActivationReport report) {
        Rate rate = report.activationRate();
        long lost = report.signedUp() - report.activated();
        return Drawing.funnel(List.of(
                new Drawing.Stage(
                        "signed up",
                        Words.number(report.signedUp()),
                        "",
                        "−" + Words.number(lost) + " (" + Words.percent(new Rate(lost, report.signedUp())) + ")",
                        rate.isDefined() ? 1 : 0),
                new Drawing.Stage(
                        "activated",
                        Words.number(report.activated()),
                        Words.percent(rate) + " of sign-ups",
                        "",
                        rate.isDefined() ? rate.value() : 0)));
    }

    private static Page.Rows rows(String first) {
        return new Page.Rows(List.of(first, "Signed up", "Activated", "Rate", "Median time", "90 % within"));
    }

    private static void row(Page.Rows rows, String first, ActivationReport report, double largest) {
        rows.row(
                List.of(
                        first,
                        Words.number(report.signedUp()),
                        Words.number(report.activated()),
                        Words.percent(report.activationRate()),
                        report.timeToActivation()
                                .map(times -> Words.duration(times.p50()))
                                .orElse("–"),
                        report.timeToActivation()
                                .map(times -> Words.duration(times.p90()))
                                .orElse("–")),
                Page.bar(report.activationRate(), largest));
    }

    private static String columns(List<ActivationAnswer.Period> periods) {
        if (periods.isEmpty()) {
            return "";
        }
        return Drawing.columns(periods.stream()
                .map(each -> new Drawing.Column(
                        each.start().toString(),
                        each.report().signedUp(),
                        each.report().activated(),
                        each.start() + ": " + Words.number(each.report().signedUp()) + " signed up, "
                                + Words.number(each.report().activated()) + " activated"))
                .toList());
    }

    private static double largest(Stream<ActivationReport> reports) {
        return reports.map(ActivationReport::activationRate)
                .filter(Rate::isDefined)
                .mapToDouble(Rate::high)
                .max()
                .orElse(0);
    }
}
