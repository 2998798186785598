package io.plg;

/** The workspace was deleted, for good: nothing can be read from it or written to it. Nothing of the call that threw this is stored. */
public class WorkspaceDeleted extends PlgException {
    private static final long serialVersionUID = 1L;

    private final String workspace;

    /**
     * Creates the error.
     *
     * @param workspace the deleted workspace
     */
    public WorkspaceDeleted(WorkspaceId workspace) {
        super("workspace \"" + workspace + "\" was deleted; a deleted id cannot be used again");
        this.workspace = workspace.value();
    }

    /**
     * Returns the workspace.
     *
     * @return the id of the deleted workspace
     */
    public WorkspaceId workspace() {
        return WorkspaceId.of(workspace);
    }
}
