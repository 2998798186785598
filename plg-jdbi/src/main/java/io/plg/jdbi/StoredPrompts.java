package io.plg.jdbi;

import io.plg.gate.Severity;
import io.plg.prompt.PromptConversion;
import io.plg.prompt.PromptStore.Candidate;
import io.plg.prompt.PromptStore.Outcome;
import io.plg.prompt.Variant;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How prompts look in the tables of both databases. */
final class StoredPrompts {
    private StoredPrompts() {}

    static int code(Severity severity) {
        return switch (severity) {
            case OK -> 0;
            case APPROACHING -> 1;
            case AT_LIMIT -> 2;
            case GRACE -> 3;
            case BLOCKED -> 4;
        };
    }

    static String code(Outcome outcome) {
        return switch (outcome) {
            case CLICKED -> "clicked";
            case DISMISSED -> "dismissed";
            case UPGRADED -> "upgraded";
        };
    }

    static @Nullable String experiment(Candidate candidate) {
        return candidate.variant().map(Variant::experiment).orElse(null);
    }

    static @Nullable String variant(Candidate candidate) {
        return candidate.variant().map(Variant::name).orElse(null);
    }

    static Instant instant(long micros) {
        return Instant.ofEpochSecond(Math.floorDiv(micros, 1_000_000L), Math.floorMod(micros, 1_000_000L) * 1_000);
    }

    /** Reads feature, offered_plan, experiment, variant, shown, clicked, dismissed and upgraded. */
    static PromptConversion conversion(ResultSet rs) throws SQLException {
        String experiment = rs.getString("experiment");
        String variant = rs.getString("variant");
        return new PromptConversion(
                rs.getString("feature"),
                Optional.ofNullable(rs.getString("offered_plan")),
                experiment == null || variant == null
                        ? Optional.empty()
                        : Optional.of(new Variant(experiment, variant)),
                rs.getLong("shown"),
                rs.getLong("clicked"),
                rs.getLong("dismissed"),
                rs.getLong("upgraded"));
    }
}
