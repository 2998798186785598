package io.plg.tenancy;

import io.plg.UserId;
import java.util.List;

/** The end of what is known about people. */
public interface Users {

    /**
     * Erases what plg keeps about a person, in every workspace. From the beginning of this call on, on every node, whatever reads about or
     * stores for this user throws {@link io.plg.UserErased}; answers from memory end within two seconds. The
     * rows are removed in batches, each a transaction of its own. If the process dies or the database goes away in between,
     * {@link #unfinishedErasures()} names the user, and calling this again goes on.
     *
     * <p>What stays is a SHA-256 hash of the id, so that it is not taken up again by what arrives late.
     *
     * @param user the user
     * @return how many rows this call removed, and whether that is all
     * @throws IllegalStateException inside a transaction, which would have to hold it all
     * @throws io.plg.StoreFailure if the store cannot go on; calling it again does
     */
    Erasure erase(UserId user);

    /**
     * Erases what plg keeps about a person, as {@link #erase(UserId)} does.
     *
     * @param user the host's id of the user
     * @return how many rows this call removed, and whether that is all
     * @throws IllegalArgumentException if the id is not well-formed
     * @throws IllegalStateException inside a transaction, which would have to hold it all
     * @throws io.plg.StoreFailure if the store cannot go on; calling it again does
     */
    default Erasure erase(String user) {
        return erase(UserId.of(user));
    }

    /**
     * Returns the users whose erasure was begun and is not complete.
     *
     * @return their ids, in order; at most 1,000
     * @throws io.plg.StoreFailure if they cannot be read
     */
    List<UserId> unfinishedErasures();
}
