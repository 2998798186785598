package io.plg.examples.replay;

import io.plg.funnel.FunnelReport;
import io.plg.stats.Rate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** The answer about a funnel as a page. */
final class FunnelPage {
    private static final int MOST_STAGES_DRAWN = 8;
    private static final int MOST_STEPS_ACROSS = 6;

    private final FunnelAnswer answer;
    private final FunnelReport report;

    private FunnelPage(FunnelAnswer answer) {
        this.answer = answer;
        this.report = answer.report();
    }

    static String of(FunnelAnswer answer) {
        return new FunnelPage(answer).write();
    }

    private String write() {
        var page = new Page(answer.title() + " · funnel");
        page.header(
                "Funnel",
                answer.question().steps().stream().map(StepSpec::name).toList(),
                answer.anyOrder() ? "," : "→",
                List.of(answer.rule(), answer.input()),
                answer.simulated());
        page.figures(figures());
        page.card("Steps", "How many users came how far.", drawing(), steps());
        report.timeToConvertHistogram()
                .filter(histogram -> histogram.bins().size() > 1)
                .ifPresent(histogram -> page.card(
                        "Time to convert",
                        "From the first step to the last, of the " + Words.count(report.converted(), "user")
                                + " who converted.",
                        Drawing.histogram(histogram, report.timeToConvert().orElseThrow())));
        answer.question()
                .breakdown()
                .ifPresent(column -> page.card(
                        "By " + column, "Conversion with its 95 % interval, most entries first.", breakdown(column)));
        answer.question().period().ifPresent(period -> {
            String by = period == EntryPeriods.WEEK ? "week" : "month";
            page.card(
                    "By " + by + " of entry",
                    "Users who entered, and those of them who converted.",
                    columns(),
                    "<div class=\"legend\"><span><i class=\"a\"></i>entered</span><span><i class=\"b\"></i>converted</span></div>",
                    periods(period));
        });
        return page.html();
    }

    private List<Page.Figure> figures() {
        var figures = new ArrayList<Page.Figure>();
        figures.add(new Page.Figure("Entered", Words.number(report.entered()), "did the first step"));
        if (answer.anyOrder()) {
            figures.set(0, new Page.Figure("Entered", Words.number(report.entered()), "did at least one step"));
        }
        figures.add(new Page.Figure(
                "Converted",
                Words.percent(report.conversion()),
                report.conversion().isDefined()
                        ? Words.number(report.converted()) + " users (" + Words.interval(report.conversion()) + ")"
                        : "nobody entered"));
        boolean open = report.inProgress() > 0;
        figures.add(new Page.Figure(
                "In progress",
                Words.number(report.inProgress()),
                answer.question().window().isEmpty() && open
                        ? "without a window nobody drops out"
                        : Words.number(report.dropped()) + " dropped out"));
        figures.add(new Page.Figure(
                "Median time to convert",
                report.medianTimeToConvert().map(Words::duration).orElse("–"),
                report.timeToConvert()
                        .map(times -> "90 % within " + Words.duration(times.p90()))
                        .orElse(answer.question().timed() ? "nobody converted" : "the input has no times")));
        return figures;
    }

    private String drawing() {
        if (report.steps().size() > MOST_STAGES_DRAWN || report.steps().size() < 2) {
            return "";
        }
        var stages = new ArrayList<Drawing.Stage>();
        for (int i = 0; i < report.steps().size(); i++) {
            FunnelReport.Step step = report.steps().get(i);
            boolean last = i + 1 == report.steps().size();
            long lost = last ? 0 : step.converted() - report.steps().get(i + 1).converted();
            stages.add(new Drawing.Stage(
                    answer.label(i + 1),
                    Words.number(step.converted()),
                    i == 0 ? "" : Words.percent(step.rateFromStart()) + " of start",
                    last ? "" : "−" + Words.number(lost) + " (" + Words.percent(new Rate(lost, step.converted())) + ")",
                    step.rateFromStart().isDefined() ? step.rateFromStart().value() : 0));
        }
        return Drawing.funnel(stages);
    }

    private String steps() {
        boolean timed = answer.question().timed();
        var head = new ArrayList<>(List.of("Step", "Users", "Of start", "Of previous", "95 % interval"));
        if (timed) {
            head.add("Median from previous");
        }
        var rows = new Page.Rows(head);
        for (int i = 0; i < report.steps().size(); i++) {
            FunnelReport.Step step = report.steps().get(i);
            Rate previous = step.rateFromPrevious();
            var cells = new ArrayList<>(List.of(
                    answer.label(i + 1),
                    Words.number(step.converted()),
                    Words.percent(step.rateFromStart()),
                    i == 0 ? "" : Words.percent(previous),
                    i == 0 || !previous.isDefined() ? "" : Words.interval(previous)));
            if (timed) {
                cells.add(step.timeFromPrevious()
                        .map(times -> Words.duration(times.p50()))
                        .orElse(""));
            }
            rows.row(cells, Page.bar(step.rateFromStart(), 1));
        }
        return rows.html();
    }

    private String breakdown(String column) {
        Map<String, FunnelReport> values = report.breakdown();
        double largest =
                largest(values.values().stream().map(FunnelReport::conversion).toList());
        var rows = new Page.Rows(head(column));
        values.forEach((value, each) -> rows.row(cells(value, each), Page.bar(each.conversion(), largest)));
        return rows.html();
    }

    private String periods(EntryPeriods period) {
        double largest = largest(report.periods().stream()
                .map(each -> each.report().conversion())
                .toList());
        var rows = new Page.Rows(head(period == EntryPeriods.WEEK ? "Week of" : "Month of"));
        report.periods()
                .forEach(each -> rows.row(
                        cells(each.start().toString(), each.report()),
                        Page.bar(each.report().conversion(), largest)));
        return rows.html();
    }

    private String columns() {
        if (report.periods().isEmpty()) {
            return "";
        }
        return Drawing.columns(report.periods().stream()
                .map(each -> new Drawing.Column(
                        each.start().toString(),
                        each.report().entered(),
                        each.report().converted(),
                        each.start() + ": " + Words.number(each.report().entered()) + " entered, "
                                + Words.number(each.report().converted()) + " converted"))
                .toList());
    }

    private List<String> head(String first) {
        var head = new ArrayList<>(List.of(first));
        IntStream.rangeClosed(1, report.steps().size())
                .filter(this::across)
                .mapToObj(answer::label)
                .forEach(head::add);
        head.add("Converted");
        if (answer.question().timed()) {
            head.add("Median time");
        }
        return head;
    }

    private List<String> cells(String first, FunnelReport each) {
        var cells = new ArrayList<>(List.of(first));
        IntStream.rangeClosed(1, report.steps().size())
                .filter(this::across)
                .mapToObj(number -> Words.number(each.steps().get(number - 1).converted()))
                .forEach(cells::add);
        cells.add(Words.percent(each.conversion()));
        if (answer.question().timed()) {
            cells.add(each.medianTimeToConvert().map(Words::duration).orElse("–"));
        }
        return cells;
    }

    private boolean across(int number) {
        int steps = report.steps().size();
        return steps <= MOST_STEPS_ACROSS || number == 1 || number == steps;
    }

    private static double largest(List<Rate> rates) {
        return rates.stream()
                .filter(Rate::isDefined)
                .mapToDouble(Rate::high)
                .max()
                .orElse(0);
    }
}
