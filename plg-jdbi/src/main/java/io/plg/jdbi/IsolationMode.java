package io.plg.jdbi;

/** What happens when {@link JdbiPlg} starts and an audit of the database finds that tenants are not kept apart as they should be. */
public enum IsolationMode {
    /** There is no audit. */
    OFF,
    /** The findings are logged as a warning; so is an audit that was not possible. */
    WARN,
    /** A single finding, of whatever severity, throws {@link io.plg.tenancy.NotIsolated}. H2 is always one. */
    STRICT
}
