package io.plg.gate;

import io.plg.plan.Feature;
import io.plg.plan.PlanVersion;
import java.math.BigDecimal;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What would change if a workspace were put on another plan.
 *
 * @param from the plan it is on
 * @param to the plan it would be on
 * @param changes each feature whose limit would change, in the order of the catalog
 */
public record PlanPreview(PlanVersion from, PlanVersion to, List<Change> changes) {

    /** Copies the list. */
    public PlanPreview {
        Objects.requireNonNull(from, "from");
        Objects.requireNonNull(to, "to");
        changes = List.copyOf(changes);
    }

    /**
     * Returns the features of which more is used than the plan would allow.
     *
     * @return the changes with an excess
     */
    public List<Change> overLimit() {
        return changes.stream().filter(each -> each.excess().signum() > 0).toList();
    }

    /**
     * One feature.
     *
     * @param feature which
     * @param used how much is used and held, 0 for a flag
     * @param limitBefore the limit now; empty without a limit; for a flag 1 if it is on, else 0
     * @param limitAfter the limit on the other plan, likewise
     * @param excess how much more is used than that limit; 0 if nothing
     */
    public record Change(
            Feature feature,
            BigDecimal used,
            Optional<BigDecimal> limitBefore,
            Optional<BigDecimal> limitAfter,
            BigDecimal excess) {}
}
