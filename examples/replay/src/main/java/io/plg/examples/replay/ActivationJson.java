package io.plg.examples.replay;

import io.plg.activation.ActivationReport;
import io.plg.stats.DurationSummary;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The answer about activation as JSON. */
final class ActivationJson {

    private ActivationJson() {}

    static Map<String, @Nullable Object> of(ActivationAnswer answer) {
        Map<String, @Nullable Object> json = report(answer.report());
        if (answer.byColumn().isPresent()) {
            var values = new LinkedHashMap<String, Object>();
            answer.by().forEach((value, report) -> values.put(value, report(report)));
            json.put("by", values);
        }
        if (answer.period().isPresent()) {
            json.put(
                    "periods",
                    answer.periods().stream().map(ActivationJson::period).toList());
        }
        return json;
    }

    private static Map<String, @Nullable Object> report(ActivationReport report) {
        var json = new LinkedHashMap<String, @Nullable Object>();
        json.put("signedUp", report.signedUp());
        json.put("activated", report.activated());
        json.put("rate", JsonAnswer.share(report.activationRate()));
        json.put("timeToActivationSeconds", times(report.timeToActivation()));
        return json;
    }

    /** Always of the same shape; if nobody was activated n is 0. */
    private static Map<String, @Nullable Object> times(Optional<DurationSummary> times) {
        var json = new LinkedHashMap<String, @Nullable Object>();
        json.put("n", times.map(DurationSummary::n).orElse(0L));
        json.put("mean", seconds(times.map(DurationSummary::mean)));
        json.put("p50", seconds(times.map(DurationSummary::p50)));
        json.put("p90", seconds(times.map(DurationSummary::p90)));
        return json;
    }

    private static @Nullable Object seconds(Optional<Duration> duration) {
        return duration.map(JsonAnswer::seconds).orElse(null);
    }

    private static Map<String, @Nullable Object> period(ActivationAnswer.Period period) {
        var json = new LinkedHashMap<String, @Nullable Object>();
        json.put("start", period.start().toString());
        json.put("signedUp", period.report().signedUp());
        json.put("activated", period.report().activated());
        return json;
    }
}
