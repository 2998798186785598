package io.plg.testkit;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationFunnel;
import java.util.List;
import java.util.OptionalInt;
import java.util.UUID;

/**
 * A look behind the stores, at what an adapter keeps beside the facts and what {@link io.plg.PlgStores} does not show. It reads what is
 * committed, past every cache.
 */
public interface StoreInspection {

    /**
     * Returns the growth events that are stored.
     *
     * @param workspace where they happened
     * @return their ids in any order, each as often as it is stored
     */
    List<UUID> eventIds(WorkspaceId workspace);

    /**
     * Returns the score that is kept beside the completions of a user.
     *
     * @param workspace where
     * @param funnel the funnel
     * @param user whose score
     * @return the stored score, not one computed now; empty if none is stored
     */
    OptionalInt score(WorkspaceId workspace, ActivationFunnel funnel, UserId user);
}
