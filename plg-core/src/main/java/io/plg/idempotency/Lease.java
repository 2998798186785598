package io.plg.idempotency;

import java.util.UUID;

/** What a call outside of the database is handed: the key to pass on, and whether it still owns what it is doing. Safe to use from many threads. */
public interface Lease {

    /**
     * Returns the key to pass on to the other system, so that it recognises a repetition: the same for every attempt at this effect, also
     * after a crash on another node, and different for every scope. It is the {@link #effectId()} as text.
     *
     * @return the key
     */
    IdempotencyKey key();

    /**
     * Returns the id of the effect, which a replay knows too.
     *
     * @return the id, the same for every attempt
     */
    UUID effectId();

    /**
     * Returns the fencing token: each owner's is greater than the one before. A system that can compare it refuses owners whom another one
     * has followed.
     *
     * @return the token, positive
     */
    long token();

    /**
     * Tells whether the lease is known to be lost, as of its last renewal. A call that takes long should ask before it does something that
     * cannot be repeated. The result is checked once more in the commit that stores it.
     *
     * @return {@code true} if another call has taken over
     */
    boolean isLost();
}
