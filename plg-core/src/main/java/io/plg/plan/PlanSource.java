package io.plg.plan;

import java.util.Objects;

/**
 * Where plans come from, if they change while the application runs: a table of the host, a file that is read again. Each question to a gate asks
 * it, so it must answer from memory, always with the same object until something changed.
 */
@FunctionalInterface
public interface PlanSource {

    /**
     * Returns the plans as they are now.
     *
     * @return the catalog; the same object as before unless something changed
     */
    PlanCatalog current();

    /**
     * Returns plans that never change.
     *
     * @param catalog the plans
     * @return the source
     */
    static PlanSource of(PlanCatalog catalog) {
        Objects.requireNonNull(catalog, "catalog");
        return () -> catalog;
    }
}
