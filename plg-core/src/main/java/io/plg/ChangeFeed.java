package io.plg;

import java.util.function.Consumer;

/**
 * The feed of changes that all nodes write and each node reads, so that caches know when they are stale. It carries ids only.
 * One reader per {@link PlgStores}; not for use from several threads at a time.
 */
public interface ChangeFeed {

    /**
     * Reports every change that was committed since the previous call returned, by any node, each at least once. The first call
     * only remembers where to begin. A change whose transaction takes long is reported by the first call that begins after its commit.
     *
     * @param changed is told of each change
     * @return {@code false} if changes may have been missed, so that everything known must be dropped: on the first call, or when the feed was
     *     trimmed since the previous one
     * @throws StoreFailure if the feed cannot be read; the next call then reports what this one would have
     */
    boolean poll(Consumer<Change> changed);

    /**
     * One change.
     *
     * @param workspace where it happened; without meaning for {@link #USER}
     * @param kind what changed: one of the constants, or what a newer version of plg knows
     * @param subject the id of the thing, such as the user's
     */
    record Change(WorkspaceId workspace, String kind, String subject) {
        /** The activation of a user in a workspace. */
        public static final String ACTIVATION = "activation";

        /** What a workspace has was changed, or so much of it was used that what is remembered about its gates may be wrong. */
        public static final String GATES = "gates";

        /** A workspace was deleted. */
        public static final String WORKSPACE = "workspace";

        /** A user was erased, in all workspaces. */
        public static final String USER = "user";
    }
}
