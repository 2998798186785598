package io.plg.examples.replay;

import io.plg.stats.Rate;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;

/** What the commands have in common when they answer in JSON. */
final class JsonAnswer {
    private static final ObjectWriter WRITER = JsonMapper.builder()
            .enable(StreamWriteFeature.WRITE_BIGDECIMAL_AS_PLAIN)
            .build()
            .writerWithDefaultPrettyPrinter();

    private JsonAnswer() {}

    static String print(Map<String, ?> answer) {
        return WRITER.writeValueAsString(answer) + "\n";
    }

    /** A share from 0 to 1, or null where it is undefined. */
    static @Nullable Double share(Rate rate) {
        return rate.isDefined() ? rate.value() : null;
    }

    /** Seconds, exact to the microsecond. */
    static BigDecimal seconds(Duration duration) {
        BigDecimal seconds = BigDecimal.valueOf(duration.getSeconds())
                .add(BigDecimal.valueOf(duration.getNano(), 9))
                .setScale(6, RoundingMode.HALF_UP)
                .stripTrailingZeros();
        return seconds.scale() < 0 ? seconds.setScale(0) : seconds;
    }
}
