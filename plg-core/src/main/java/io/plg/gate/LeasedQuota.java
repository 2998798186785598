package io.plg.gate;

import io.plg.plan.Feature;

/**
 * A slice of a quota that this node has leased, so that it answers from memory, in some ten nanoseconds, and exactly: all nodes together never use more than the
 * limit. What is leased counts as held for everybody else, so that others may be denied while some of it is unused here.
 *
 * <p>A small part of the slice at a time is opened: it is counted as used, in the ledger too, <em>before</em> any of it is given out. So a node that dies can only
 * have used what is counted. What it had not opened returns when the lease ends, by the database's clock; what it had opened and not used is lost to the workspace
 * until the period ends. {@link #close()} returns everything that was not used.
 *
 * <p>Thresholds are told when a part is opened, not when it is used. A change of plan reaches a slice when the next part is opened. Calls are not a part of any
 * transaction: what is consumed is not given back by a rollback. Safe to use from many threads.
 */
public interface LeasedQuota extends AutoCloseable {

    /**
     * Returns of what it is a slice.
     *
     * @return the feature
     */
    Feature.Quota feature();

    /**
     * Uses one unit, if there is one.
     *
     * @return whether it was used; if not, nothing was
     * @throws IllegalStateException after {@link #close()}
     */
    default boolean tryConsume() {
        return tryConsume(1);
    }

    /**
     * Uses so much, if all of it is there. The store is asked when the slice has run out, at most some times a second once it had no more.
     *
     * @param amount how many whole units, positive
     * @return whether it was used; if not, nothing was
     * @throws IllegalArgumentException if the amount is not positive or out of range
     * @throws IllegalStateException after {@link #close()}
     */
    boolean tryConsume(long amount);

    /**
     * Returns what was not used, and ends the lease. If the store cannot be reached it ends by itself. Calling it again does nothing.
     */
    @Override
    void close();
}
