package io.plg;

import io.plg.internal.Text;

/**
 * The id of one workspace: the tenant that owns rows, plans and limits. It is the host's own id as text, 1 to 128 characters,
 * compared byte by byte; plg has no step that creates a workspace.
 *
 * @param value the id as the host knows it
 */
public record WorkspaceId(String value) {

    /**
     * Checks the id.
     *
     * @throws IllegalArgumentException if {@code value} is empty, longer than 128 characters, or has a NUL or a lone surrogate
     */
    public WorkspaceId {
        Text.checkId("workspaceId", value);
    }

    /**
     * Returns the workspace id with the given text.
     *
     * @param value the id as the host knows it
     * @return the id
     * @throws IllegalArgumentException if {@code value} is empty, longer than 128 characters, or has a NUL or a lone surrogate
     */
    public static WorkspaceId of(String value) {
        return new WorkspaceId(value);
    }

    /** Returns the text of the id. */
    @Override
    public String toString() {
        return value;
    }
}
