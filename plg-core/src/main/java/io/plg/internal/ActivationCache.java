package io.plg.internal;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.plg.PlgStores;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.ActivationState;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * States that were read outside of transactions. An entry is used only while the feed of changes is known to be read: whoever
 * cannot be told of changes asks the store.
 */
final class ActivationCache {
    private static final int MAX_STATES = 100_000;

    /** A store that is memory itself: nothing is cached. */
    private final PlgStores stores;

    private final List<ActivationFunnel> funnels;
    private final Cache<Key, ActivationState> states =
            Caffeine.newBuilder().maximumSize(MAX_STATES).build();
    private final @Nullable FeedReader reader;

    ActivationCache(PlgStores stores, List<ActivationFunnel> funnels, @Nullable FeedReader reader) {
        this.stores = stores;
        this.funnels = funnels;
        this.reader = reader;
    }

    /** The remembered state, without any I/O. */
    Optional<ActivationState> peek(WorkspaceId workspace, ActivationFunnel funnel, UserId user) {
        return reader != null && reader.upToDate()
                ? Optional.ofNullable(states.getIfPresent(new Key(workspace, funnel.name(), user)))
                : Optional.empty();
    }

    /** The state, from memory if it is remembered. */
    ActivationState get(WorkspaceId workspace, ActivationFunnel funnel, UserId user) {
        if (reader == null || !reader.upToDate()) {
            return stores.activation().find(workspace, funnel, user);
        }
        // Caffeine loads atomically: a drop() that comes while the state is being read waits and then removes it.
        return states.get(
                new Key(workspace, funnel.name(), user),
                key -> stores.activation().find(workspace, funnel, user));
    }

    void drop(WorkspaceId workspace, UserId user) {
        for (ActivationFunnel funnel : funnels) {
            states.invalidate(new Key(workspace, funnel.name(), user));
        }
    }

    void drop(WorkspaceId workspace) {
        states.asMap().keySet().removeIf(key -> key.workspace().equals(workspace));
    }

    void drop(UserId user) {
        states.asMap().keySet().removeIf(key -> key.user().equals(user));
    }

    void dropAll() {
        states.invalidateAll();
    }

    private record Key(WorkspaceId workspace, String funnel, UserId user) {}
}
