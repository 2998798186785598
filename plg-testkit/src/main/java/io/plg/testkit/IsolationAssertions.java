package io.plg.testkit;

import javax.sql.DataSource;

/**
 * The entry to assertions about tenant isolation, for a host's own build. In a JUnit test, one line:
 *
 * <pre>{@code
 * assertThatDatabase(scratch).afterMigrating(MIGRATIONS).asRole("plg_app").schema("app", "tenant_id").isIsolated();
 * }</pre>
 */
public final class IsolationAssertions {
    private IsolationAssertions() {}

    /**
     * Begins an assertion about a database. Nothing is asked of it yet.
     *
     * @param dataSource connects as the application does, or as a role that may take on the one that {@link DatabaseAssert#asRole} names
     * @return the assertion
     */
    public static DatabaseAssert assertThatDatabase(DataSource dataSource) {
        return new DatabaseAssert(dataSource);
    }
}
