package io.plg.gate;

/** Where a limit comes from. */
public enum Source {
    /** The plan of the workspace, by itself. */
    PLAN,
    /** The plan and at least one add-on. */
    ADD_ON,
    /** A value that was set for this workspace and replaces the plan's. */
    OVERRIDE,
    /** Grants, or a temporary unlock, that give what the plan does not have at all. */
    GRANT,
    /** The plan that is being tried. */
    TRIAL,
    /** The catalog's default plan in place of an unknown one, or what is answered while the store cannot be reached. */
    FALLBACK
}
