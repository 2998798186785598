package io.plg.gate;

/** Where a limit comes from. */
public enum Source {
    /** The plan of the workspace, by itself. */
    PLAN,
    /** The plan and at least one add-on. */
    ADD_ON,
    /** A value that was set for this workspace and replaces the plan's. */
    OVERRIDE,
    /** A grant, or a temporary unlock, that gives what the plan does not or more of it. */
    GRANT,
    /** The plan that is being tried. */
    TRIAL,
    /** The catalog's default plan in place of an unknown one, or what is answered while the store cannot be reached. */
    FALLBACK
}
