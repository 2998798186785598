package io.plg.examples.replay;

import io.plg.referral.ReferralGraph;
import io.plg.virality.KFactor;
import io.plg.virality.ViralCycle;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The answer about referrals as JSON. */
final class ReferralsJson {

    private ReferralsJson() {}

    static Map<String, @Nullable Object> of(ReferralsAnswer answer) {
        var json = new LinkedHashMap<String, @Nullable Object>();
        json.put("members", answer.figures().members());
        json.put("roots", answer.figures().roots());
        json.put("edges", answer.figures().referrals());
        json.put("maxDepth", answer.figures().maxDepth());
        json.put(
                "membersByDepth",
                answer.generations().stream()
                        .map(ReferralGraph.Generation::members)
                        .toList());
        json.put(
                "largestSubtrees",
                answer.largest().stream().map(ReferralsJson::subtree).toList());
        json.put("k", k(answer.k()));
        json.put("cycleTimeSeconds", answer.timed() ? cycle(answer.cycle()) : null);
        json.put("rejected", answer.rejected());
        if (answer.asked().isPresent()) {
            json.put(
                    "periods",
                    answer.periods().stream().map(ReferralsJson::period).toList());
        }
        return json;
    }

    private static Map<String, Object> subtree(ReferralGraph.Subtree subtree) {
        var json = new LinkedHashMap<String, Object>();
        json.put("member", subtree.user().value());
        json.put("size", subtree.size());
        return json;
    }

    /** Always of the same shape; without members there is no K. */
    private static Map<String, @Nullable Object> k(Optional<KFactor> k) {
        var json = new LinkedHashMap<String, @Nullable Object>();
        json.put("value", k.map(KFactor::value).orElse(null));
        json.put("low", k.map(KFactor::low).orElse(null));
        json.put("high", k.map(KFactor::high).orElse(null));
        json.put("definition", k.map(KFactor::definition).orElse(ReferralsAnswer.DEFINITION));
        return json;
    }

    /** Always of the same shape; if nobody was referred n is 0. */
    private static Map<String, @Nullable Object> cycle(Optional<ViralCycle> cycle) {
        var json = new LinkedHashMap<String, @Nullable Object>();
        json.put("n", cycle.map(ViralCycle::n).orElse(0L));
        json.put("p50", seconds(cycle.map(ViralCycle::p50)));
        json.put("p90", seconds(cycle.map(ViralCycle::p90)));
        return json;
    }

    private static @Nullable Object seconds(Optional<Duration> duration) {
        return duration.map(JsonAnswer::seconds).orElse(null);
    }

    private static Map<String, @Nullable Object> period(ReferralsAnswer.Period period) {
        var json = new LinkedHashMap<String, @Nullable Object>();
        json.put("start", period.start().toString());
        json.put("members", period.k().n());
        json.put("edges", period.k().counts().converted());
        json.put("k", k(Optional.of(period.k())));
        return json;
    }
}
