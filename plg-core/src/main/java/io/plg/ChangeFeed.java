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
     * @param workspace where it happened
     * @param kind what changed, such as {@code activation}
     * @param subject the id of the thing within the workspace, such as the user's
     */
    record Change(WorkspaceId workspace, String kind, String subject) {}
}
