package io.plg.referral;

import io.plg.internal.Json;
import io.plg.reward.RewardCampaign;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/** Writes a catalog as {@link ProgramReader} reads it; what the builder leaves open is left out. */
final class ProgramWriter {
    private static final long SECONDS_OF_A_DAY = 86_400;

    private ProgramWriter() {}

    static String write(ProgramCatalog catalog) {
        var root = new LinkedHashMap<String, Object>();
        root.put(
                "programs",
                catalog.programs().stream().map(ProgramWriter::program).toList());
        root.put(
                "campaigns",
                catalog.campaigns().stream()
                        .map(RewardCampaign::toText)
                        .map(ProgramWriter::tree)
                        .toList());
        return Json.write(root);
    }

    private static Map<String, Object> program(ReferralProgram program) {
        var members = new LinkedHashMap<String, Object>();
        members.put("name", program.name());
        members.put("version", program.version());
        program.link().ifPresent(link -> members.put("link", link.toString()));
        members.put("touch", program.touch().name().toLowerCase(Locale.ROOT));
        members.put("window", duration(program.window()));
        program.startsAt().ifPresent(start -> members.put("from", start.toString()));
        program.endsAt().ifPresent(end -> members.put("until", end.toString()));
        program.codesExpireAfter().ifPresent(length -> members.put("codesExpireAfter", duration(length)));
        program.funnel().ifPresent(funnel -> members.put("funnel", funnel));
        members.put(
                "rewards",
                program.rewards().stream().map(rule -> tree(rule.toText())).toList());
        return members;
    }

    private static Object tree(String json) {
        return Objects.requireNonNull(Json.readAny(json));
    }

    private static String duration(Duration duration) {
        return duration.getNano() == 0 && duration.getSeconds() % SECONDS_OF_A_DAY == 0
                ? "P" + duration.toDays() + "D"
                : duration.toString();
    }
}
