package io.plg.referral;

import java.util.Objects;

/**
 * Where programs and campaigns come from, if they change while the application runs: a table of the host, a file that is read again. Each sign-up
 * and each reward asks it, so it must answer from memory.
 */
@FunctionalInterface
public interface ProgramSource {

    /**
     * Returns the programs and campaigns as they are now.
     *
     * @return the catalog; the same object as before unless something changed
     */
    ProgramCatalog current();

    /**
     * Returns programs and campaigns that never change.
     *
     * @param catalog the programs and campaigns
     * @return the source
     */
    static ProgramSource of(ProgramCatalog catalog) {
        Objects.requireNonNull(catalog, "catalog");
        return () -> catalog;
    }
}
