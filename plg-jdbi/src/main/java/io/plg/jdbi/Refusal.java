package io.plg.jdbi;

import io.plg.UserErased;
import io.plg.UserId;
import io.plg.WorkspaceDeleted;
import io.plg.WorkspaceId;
import org.jspecify.annotations.Nullable;

/** What the database returns in place of a result, so that the host's transaction goes on. */
final class Refusal {
    static final String WORKSPACE = "workspace";
    static final String USER = "user";

    private Refusal() {}

    static void check(@Nullable String refused, WorkspaceId workspace, @Nullable UserId user) {
        if (WORKSPACE.equals(refused)) {
            throw new WorkspaceDeleted(workspace);
        }
        if (USER.equals(refused) && user != null) {
            throw new UserErased(user);
        }
    }
}
