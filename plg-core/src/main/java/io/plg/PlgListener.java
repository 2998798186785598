package io.plg;

import io.plg.event.GrowthEvent;
import io.plg.tenancy.IsolationDrift;

/**
 * Hears what happened. Every method does nothing by default, so that an implementation names only what it wants to know.
 *
 * <p>A listener is called after the commit of the transaction in which the thing happened, also when that transaction is the
 * host's, and never for one that was rolled back. Usually it is called on the thread that committed, before control returns to
 * the host; where plg cannot see the host's commit (a bare {@code Connection} handed over) it is called from plg's own thread
 * within about a second. Whatever a listener throws is logged and harms neither the operation nor the other listeners.
 * Delivery is in-process and at most once: a node that dies between commit and call tells nobody.
 */
public interface PlgListener {

    /** A listener that does nothing. */
    PlgListener NO_OP = new PlgListener() {};

    /**
     * Called once for every growth event of a committed transaction, in the order in which they were made.
     *
     * @param event what happened
     */
    default void onEvent(GrowthEvent event) {}

    /**
     * Called when a watch over the database's isolation sees that it changed: a policy was dropped, disabled, altered or added, a table
     * came or went, a role was given or lost a right. On plg's own thread, once for each change, on every node that watches.
     *
     * @param drift what changed, and the findings now
     */
    default void onIsolationDrift(IsolationDrift drift) {}
}
