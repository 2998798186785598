package io.plg.plan;

import io.plg.WorkspaceId;
import java.util.Optional;

/**
 * Tells which plan a workspace is on, where the host keeps that itself. It is asked by every decision that is not answered from memory, on the
 * caller's thread and inside the caller's transaction, and what it says holds at once; what is answered from memory knows it within two seconds.
 */
@FunctionalInterface
public interface PlanResolver {

    /**
     * Returns the plan of a workspace.
     *
     * @param workspace which
     * @return its plan, or empty if it has none, which means the catalog's default plan
     */
    Optional<PlanVersion> planOf(WorkspaceId workspace);
}
