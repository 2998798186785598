package io.plg.tenancy;

import io.plg.WorkspaceId;
import java.util.List;

/** The end of workspaces. There is no step that creates one. */
public interface Workspaces {

    /**
     * Deletes a workspace with everything that plg keeps in it. From the beginning of this call on, on every node, whatever reads from or
     * writes to the workspace throws {@link io.plg.WorkspaceDeleted}; answers from memory end within two seconds. The
     * rows are removed in batches, each a transaction of its own. If the process dies or the database goes away in between,
     * {@link #unfinishedDeletions()} names the workspace, and calling this again goes on.
     *
     * <p>What can only be told across workspaces stays: that this id was deleted. A workspace of which plg knows nothing can be
     * deleted as well.
     *
     * @param workspace the workspace
     * @return how many rows this call removed, and whether that is all
     * @throws IllegalStateException inside a transaction, which would have to hold it all
     * @throws io.plg.StoreFailure if the store cannot go on; calling it again does
     */
    Erasure delete(WorkspaceId workspace);

    /**
     * Deletes a workspace, as {@link #delete(WorkspaceId)} does.
     *
     * @param workspace the host's id of the workspace
     * @return how many rows this call removed, and whether that is all
     * @throws IllegalArgumentException if the id is not well-formed
     * @throws IllegalStateException inside a transaction, which would have to hold it all
     * @throws io.plg.StoreFailure if the store cannot go on; calling it again does
     */
    default Erasure delete(String workspace) {
        return delete(WorkspaceId.of(workspace));
    }

    /**
     * Returns the workspaces whose deletion was begun and is not complete.
     *
     * @return their ids, in order; at most 1,000
     * @throws io.plg.StoreFailure if they cannot be read
     */
    List<WorkspaceId> unfinishedDeletions();
}
