package io.plg.gate;

import io.plg.WorkspaceDeleted;
import io.plg.plan.Feature;

/**
 * A slice of a quota that this node has leased, so that it answers from memory, in some ten nanoseconds, and exactly: all nodes together never use more than the
 * limit. What is leased counts as held for everybody else, so that others may be denied while some of it is unused here.
 *
 * <p>A small part of the slice at a time is opened, the first when it is leased: it is counted as used, in the ledger too, <em>before</em> any of it is given out.
 * So a node that dies can only have used what is counted. What it had not opened returns when the lease ends, by the database's clock; what it had opened and not
 * used is lost to the workspace until the period ends. The same is lost after a pause that is longer than the lease, although {@link #close()} otherwise returns
 * everything that was not used: whoever was paused may still use it, but not return it. What is left of a period is not given out in the next one.
 *
 * <p>Thresholds are told when a part is opened, not when it is used. A change of plan reaches a slice when the next part is opened. Safe to use from many threads.
 *
 * <p>Calls are not a part of any transaction: what is consumed is not given back by a rollback. Parts are opened by threads of plg, never inside of a caller's
 * transaction. A call inside of a transaction never waits: it is answered from what is open. If that is too little the answer is no and more is opened meanwhile,
 * so lease enough. Other calls wait, for two seconds at most, and only if there was too little.
 *
 * <p>While the store cannot be reached, what is open is given out; beyond it calls are answered as the catalog says for that case, without counting, and nearly at
 * once. The store is tried again after a tenth of a second at first, after some seconds at last. If it is not known whether a part was opened, that part is not given out.
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
     * @throws WorkspaceDeleted once more was to be opened after the workspace was deleted
     */
    default boolean tryConsume() {
        return tryConsume(1);
    }

    /**
     * Uses so much, if all of it is there. The store is asked when the slice is running out, at most some times a second once it had no more.
     *
     * @param amount how many whole units, positive
     * @return whether it was used; if not, nothing was
     * @throws IllegalArgumentException if the amount is not positive or out of range
     * @throws IllegalStateException after {@link #close()}
     * @throws WorkspaceDeleted once more was to be opened after the workspace was deleted
     */
    boolean tryConsume(long amount);

    /**
     * Returns what was not used, and ends the lease. If the store cannot be reached the lease ends by itself. A thread of plg does it; the call waits for that,
     * some seconds at most, but not inside of a transaction. Calling it again does nothing. Throws nothing.
     */
    @Override
    void close();
}
