package io.plg.tenancy;

import io.plg.UserId;
import io.plg.WorkspaceId;
import java.util.List;

/**
 * Ends workspaces and users. Applications use {@link Workspaces} and {@link Users}; this is what an adapter implements, and its contract
 * test is {@code TenancyContract} of plg-testkit.
 *
 * <pre>
 * workspace, user:   in use ──begin──▶ refused, rows left ──complete──▶ refused, no rows     (final)
 * </pre>
 *
 * <p>Rules for implementers: the mark that refuses everything is committed before the first row is removed; every store asks for it in the
 * same statement or transaction in which it reads or writes; a transaction that began before the mark and ends after the last row was
 * removed must not leave rows behind a deletion that says it is complete; rows of other workspaces and users are not locked.
 */
public interface TenancyStore {

    /**
     * Deletes a workspace, or goes on with it.
     *
     * @param workspace the workspace
     * @return what this call did
     */
    Erasure delete(WorkspaceId workspace);

    /**
     * Erases a user, or goes on with it.
     *
     * @param user the user
     * @return what this call did
     */
    Erasure erase(UserId user);

    /**
     * Returns the workspaces whose deletion is not complete.
     *
     * @return at most 1,000 of them, in the order of their ids
     */
    List<WorkspaceId> unfinishedDeletions();

    /**
     * Returns the users whose erasure is not complete.
     *
     * @return at most 1,000 of them, in the order of their ids
     */
    List<UserId> unfinishedErasures();
}
