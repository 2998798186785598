package io.plg.examples.replay;

import io.plg.funnel.FunnelReport;
import io.plg.stats.DurationSummary;
import io.plg.stats.Histogram;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The answer about a funnel as JSON. */
final class FunnelJson {

    private FunnelJson() {}

    static Map<String, @Nullable Object> of(FunnelAnswer answer) {
        return report(
                answer.report(),
                answer.question().breakdown().isPresent(),
                answer.question().period().isPresent());
    }

    private static Map<String, @Nullable Object> report(FunnelReport report, boolean breakdown, boolean periods) {
        var json = new LinkedHashMap<String, @Nullable Object>();
        json.put("entered", report.entered());
        json.put("converted", report.converted());
        json.put("inProgress", report.inProgress());
        json.put("dropped", report.dropped());
        json.put("steps", report.steps().stream().map(FunnelJson::step).toList());
        json.put("timeToConvertSeconds", times(report.timeToConvert(), report.timeToConvertHistogram()));
        if (breakdown) {
            var values = new LinkedHashMap<String, Object>();
            report.breakdown().forEach((value, each) -> values.put(value, report(each, false, periods)));
            json.put("breakdown", values);
        }
        if (periods) {
            json.put(
                    "periods", report.periods().stream().map(FunnelJson::period).toList());
        }
        return json;
    }

    private static Map<String, @Nullable Object> step(FunnelReport.Step step) {
        var json = new LinkedHashMap<String, @Nullable Object>();
        json.put("name", step.name());
        json.put("converted", step.converted());
        json.put("rateFromStart", JsonAnswer.share(step.rateFromStart()));
        json.put("rateFromPrevious", JsonAnswer.share(step.rateFromPrevious()));
        return json;
    }

    private static Map<String, @Nullable Object> period(FunnelReport.Period period) {
        var json = new LinkedHashMap<String, @Nullable Object>();
        json.put("start", period.start().toString());
        json.putAll(report(period.report(), false, false));
        return json;
    }

    /** Always of the same shape; without conversions or without times n is 0. */
    private static Map<String, @Nullable Object> times(Optional<DurationSummary> times, Optional<Histogram> histogram) {
        var json = new LinkedHashMap<String, @Nullable Object>();
        json.put("n", times.map(DurationSummary::n).orElse(0L));
        json.put("mean", seconds(times.map(DurationSummary::mean)));
        json.put("p50", seconds(times.map(DurationSummary::p50)));
        json.put("p75", seconds(times.map(DurationSummary::p75)));
        json.put("p90", seconds(times.map(DurationSummary::p90)));
        json.put(
                "histogram",
                histogram.map(Histogram::bins).orElse(List.of()).stream()
                        .map(FunnelJson::bin)
                        .toList());
        return json;
    }

    private static @Nullable Object seconds(Optional<Duration> duration) {
        return duration.map(JsonAnswer::seconds).orElse(null);
    }

    private static Map<String, Object> bin(Histogram.Bin bin) {
        var json = new LinkedHashMap<String, Object>();
        json.put("from", JsonAnswer.seconds(bin.from()));
        json.put("to", JsonAnswer.seconds(bin.to()));
        json.put("count", bin.count());
        return json;
    }
}
