package io.plg.gate;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * How the answer about a feature comes about.
 *
 * @param decision the answer to {@link Gates#check(io.plg.plan.Feature)}
 * @param allowances what the limit is made of, in the order in which it is used up; empty for a flag
 * @param steps what was considered, one sentence each, in the order in which it was
 */
public record Explanation(GateDecision decision, List<Allowance> allowances, List<String> steps) {

    /** Copies the lists. */
    public Explanation {
        Objects.requireNonNull(decision, "decision");
        allowances = List.copyOf(allowances);
        steps = List.copyOf(steps);
    }

    /**
     * A part of the limit.
     *
     * @param source where it comes from
     * @param id {@code plan}, or the id of the grant
     * @param amount how much it is in full; empty without a limit
     * @param remaining how much of it is left; empty without a limit
     * @param priority its priority, 1 to 255, the lower first
     * @param endsAt when what is left of it is lost; empty if it stays
     */
    public record Allowance(
            Source source,
            String id,
            Optional<BigDecimal> amount,
            Optional<BigDecimal> remaining,
            int priority,
            Optional<Instant> endsAt) {}
}
