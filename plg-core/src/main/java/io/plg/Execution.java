package io.plg;

import java.util.UUID;

/**
 * The view on the workspace for an effect that happens once, bound to the transaction in which its idempotency key is used up. What is called on it
 * commits and rolls back with the key. It ends with that transaction.
 */
public interface Execution extends Workspace {

    /**
     * Returns the id of the effect: what a replay can still name when the result is not kept any more. Use it as the id of what the effect makes.
     *
     * @return the id, new for each execution
     */
    UUID effectId();

    /**
     * Returns the store's own handle on the transaction, for rows of the host that are to be part of it. On a database that is a
     * {@code java.sql.Connection}, and with plg-jdbi also a {@code Handle} of Jdbi; in memory there is none. If plg began the transaction, it is bound to
     * this workspace, so that tables of the host under row level security show its rows.
     *
     * @param type the type of the handle
     * @param <H> the type of the handle
     * @return the handle; it must not be committed, rolled back or closed
     * @throws IllegalArgumentException if this store has no such handle
     */
    <H> H unwrap(Class<H> type);
}
