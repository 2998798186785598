package io.plg.examples.replay;

import io.plg.activation.ActivationReport;
import io.plg.stats.DurationSummary;
import java.util.List;

/** The answer about activation for reading on a terminal. */
final class ActivationText {
    private static final int BAR = 40;
    private static final int SHORT_BAR = 20;

    private ActivationText() {}

    static String of(ActivationAnswer answer) {
        ActivationReport report = answer.report();
        var text =
                new StringBuilder("\n  Activation\n  ").append(answer.input()).append("\n\n");
        text.append(new TextTable(List.of("", "users", "of sign-ups", ""))
                .row(List.of(
                        "signed up",
                        Words.number(report.signedUp()),
                        report.signedUp() == 0 ? "–" : "100.0 %",
                        Bars.across(report.signedUp() == 0 ? 0 : 1, BAR)))
                .row(List.of(
                        "activated",
                        Words.number(report.activated()),
                        Words.percent(report.activationRate()),
                        Bars.across(report.activationRate().value(), BAR))));
        if (report.activationRate().isDefined()) {
            text.append("\n  activation rate     ")
                    .append(Words.percent(report.activationRate()))
                    .append(" (95 % interval ")
                    .append(Words.interval(report.activationRate()))
                    .append(")\n");
        }
        report.timeToActivation()
                .ifPresent(times -> text.append("  time to activation  ")
                        .append(times(times))
                        .append('\n'));
        answer.byColumn().ifPresent(column -> {
            var scale = Bars.Scale.of(answer.by().values().stream().map(ActivationReport::activationRate));
            var table = table(column);
            answer.by().forEach((value, each) -> table.row(cells(value, each, scale)));
            text.append('\n').append(table);
        });
        answer.period().ifPresent(period -> {
            var scale = Bars.Scale.of(
                    answer.periods().stream().map(each -> each.report().activationRate()));
            var table = table(period.label());
            answer.periods().forEach(each -> table.row(cells(each.start().toString(), each.report(), scale)));
            text.append('\n').append(table);
        });
        return text.append('\n').toString();
    }

    private static String times(DurationSummary times) {
        return "half within " + Words.duration(times.p50()) + ", 90 % within " + Words.duration(times.p90()) + ", mean "
                + Words.duration(times.mean());
    }

    private static TextTable table(String first) {
        return new TextTable(List.of(first, "signed up", "activated", "rate", "p50", "p90", ""));
    }

    private static List<String> cells(String first, ActivationReport report, Bars.Scale scale) {
        return List.of(
                first,
                Words.number(report.signedUp()),
                Words.number(report.activated()),
                Words.percent(report.activationRate()),
                report.timeToActivation()
                        .map(times -> Words.duration(times.p50()))
                        .orElse("–"),
                report.timeToActivation()
                        .map(times -> Words.duration(times.p90()))
                        .orElse("–"),
                scale.bar(report.activationRate(), SHORT_BAR));
    }
}
