package io.plg.examples.replay;

import io.plg.funnel.FunnelReport;
import io.plg.stats.DurationSummary;
import io.plg.stats.Histogram;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The answer about a funnel for reading on a terminal. */
final class FunnelText {
    private static final int BAR = 40;
    private static final int SHORT_BAR = 20;
    private static final int MOST_STEPS_ACROSS = 6;

    private final FunnelAnswer answer;
    private final StringBuilder text = new StringBuilder();

    private FunnelText(FunnelAnswer answer) {
        this.answer = answer;
    }

    static String of(FunnelAnswer answer) {
        return new FunnelText(answer).write();
    }

    private String write() {
        FunnelReport report = answer.report();
        text.append('\n')
                .append("  Funnel  ")
                .append(TextTable.shorten(answer.title(), 110))
                .append('\n');
        text.append("  ").append(answer.rule()).append('\n');
        text.append("  ").append(answer.input()).append("\n\n");
        steps(report);
        outcome(report);
        report.timeToConvert()
                .ifPresent(times -> times(times, report.timeToConvertHistogram().orElseThrow()));
        answer.question().breakdown().ifPresent(column -> breakdown(column, report.breakdown()));
        answer.question().period().ifPresent(period -> periods(period, report.periods()));
        return text.append('\n').toString();
    }

    private void steps(FunnelReport report) {
        var table = new TextTable(List.of("step", "users", "of start", "of previous", ""));
        int number = 0;
        for (FunnelReport.Step step : report.steps()) {
            number++;
            table.row(List.of(
                    answer.label(number),
                    Words.number(step.converted()),
                    Words.percent(step.rateFromStart()),
                    number == 1 ? "" : Words.percent(step.rateFromPrevious()),
                    Bars.across(step.rateFromStart().value(), BAR)));
        }
        text.append(table);
    }

    private void outcome(FunnelReport report) {
        text.append("\n  converted    ").append(Words.number(report.converted()));
        if (report.conversion().isDefined()) {
            text.append(" of ")
                    .append(Words.number(report.entered()))
                    .append(", ")
                    .append(Words.percent(report.conversion()))
                    .append(" (95 % interval ")
                    .append(Words.interval(report.conversion()))
                    .append(')');
        }
        text.append("\n  in progress  ").append(Words.number(report.inProgress()));
        if (answer.question().window().isEmpty() && report.inProgress() > 0) {
            text.append(" (without a window nobody has dropped out)");
        }
        text.append("\n  dropped      ").append(Words.number(report.dropped()));
        if (report.inProgress() > 0 && report.conversionOfFinished().isDefined() && report.dropped() > 0) {
            text.append(" (")
                    .append(Words.percent(report.conversionOfFinished()))
                    .append(" converted of those who are through)");
        }
        text.append('\n');
    }

    private void times(DurationSummary times, Histogram histogram) {
        text.append("\n  time to convert  half within ")
                .append(Words.duration(times.p50()))
                .append(", 90 % within ")
                .append(Words.duration(times.p90()))
                .append(", mean ")
                .append(Words.duration(times.mean()))
                .append('\n');
        List<Histogram.Bin> bins = histogram.bins();
        if (bins.size() < 2) {
            return;
        }
        long highest = bins.stream().mapToLong(Histogram.Bin::count).max().orElse(0);
        String columns = bins.stream()
                .map(bin -> String.valueOf(Bars.column(bin.count(), highest)))
                .collect(Collectors.joining());
        String left = Words.duration(bins.get(0).from());
        String right = Words.duration(bins.get(bins.size() - 1).to());
        text.append("  ")
                .append(left)
                .append(" ▕")
                .append(columns)
                .append("▏ ")
                .append(right)
                .append('\n');
    }

    private void breakdown(String column, Map<String, FunnelReport> values) {
        var scale = Bars.Scale.of(values.values().stream().map(FunnelReport::conversion));
        var table = table(column);
        values.forEach((value, report) -> table.row(cells(value, report, scale)));
        text.append('\n').append(table);
    }

    private void periods(EntryPeriods period, List<FunnelReport.Period> periods) {
        var scale = Bars.Scale.of(periods.stream().map(each -> each.report().conversion()));
        var table = table(period.label());
        periods.forEach(each -> table.row(cells(each.start().toString(), each.report(), scale)));
        text.append('\n').append(table);
    }

    private TextTable table(String first) {
        var head = new ArrayList<>(List.of(first));
        IntStream.rangeClosed(1, steps())
                .filter(this::across)
                .mapToObj(answer::label)
                .forEach(head::add);
        head.add("converted");
        if (answer.question().timed()) {
            head.add("p50");
        }
        head.add("");
        return new TextTable(head);
    }

    private List<String> cells(String first, FunnelReport report, Bars.Scale scale) {
        var cells = new ArrayList<>(List.of(first));
        IntStream.rangeClosed(1, steps())
                .filter(this::across)
                .mapToObj(number -> Words.number(report.steps().get(number - 1).converted()))
                .forEach(cells::add);
        cells.add(Words.percent(report.conversion()));
        if (answer.question().timed()) {
            cells.add(report.medianTimeToConvert().map(Words::duration).orElse("–"));
        }
        cells.add(scale.bar(report.conversion(), SHORT_BAR));
        return cells;
    }

    private int steps() {
        return answer.report().steps().size();
    }

    /** Of a long funnel only the first and the last step have room. */
    private boolean across(int number) {
        return steps() <= MOST_STEPS_ACROSS || number == 1 || number == steps();
    }
}
