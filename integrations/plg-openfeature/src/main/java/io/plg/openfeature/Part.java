package io.plg.openfeature;

import io.plg.gate.GateDecision.Decimals;
import java.math.BigDecimal;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Which number of a decision is asked for, by what follows the name of the feature. */
enum Part {
    LIMIT(".limit", Decimals::limit),
    USED(".used", numbers -> Optional.of(numbers.used())),
    HELD(".held", numbers -> Optional.of(numbers.held())),
    REMAINING(".remaining", Decimals::remaining),
    OVERAGE(".overage", numbers -> Optional.of(numbers.overage()));

    final String suffix;
    private final Function<Decimals, Optional<BigDecimal>> number;

    Part(String suffix, Function<Decimals, Optional<BigDecimal>> number) {
        this.suffix = suffix;
        this.number = number;
    }

    /** The part that a key ends in, or null if it ends in none. */
    static @Nullable Part endOf(String key) {
        for (Part part : values()) {
            if (key.length() > part.suffix.length() && key.endsWith(part.suffix)) {
                return part;
            }
        }
        return null;
    }

    /** The number, empty for unlimited. */
    Optional<BigDecimal> of(Decimals numbers) {
        return number.apply(numbers);
    }
}
