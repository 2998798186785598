package io.plg.referral;

/**
 * Sign-ups: where somebody who is new meets the code of a referrer. They come before any workspace is known, so these are among the few calls that are not made on one.
 *
 * <p>A sign-up is never kept from happening: what is wrong is a returned reason. In a transaction of the host the binding commits with the sign-up.
 */
public interface SignUps {

    /**
     * Binds somebody who has signed up to whom a code belongs, once per program for ever, whatever code comes later. What is to be earned by a sign-up is decided in the same commit.
     *
     * @param code as it was entered or came with a link; case and surrounding spaces do not matter
     * @param user who has signed up
     * @return whether the user was bound
     * @throws IllegalArgumentException if the sign-up is in the future
     * @throws IllegalStateException if this {@code Plg} has no programs
     * @throws io.plg.UserErased if the user was erased
     * @throws io.plg.TransactionConflict inside a transaction that lost to another one; may be tried again
     * @throws io.plg.StoreFailure if the store fails
     */
    Attribution attribute(String code, NewUser user);

    /**
     * Binds somebody who has signed up by what {@link #visit} left with the visitor: by the first or the last code that was followed, as the program says, within its window.
     *
     * @param touch the value, as it was brought back
     * @param user who has signed up
     * @return whether the user was bound; {@link Attribution.Reason#FORGED} if the value is not one that was given out
     * @throws IllegalArgumentException if the sign-up is in the future
     * @throws IllegalStateException if this {@code Plg} has no programs
     * @throws io.plg.UserErased if the user was erased
     * @throws io.plg.TransactionConflict inside a transaction that lost to another one; may be tried again
     * @throws io.plg.StoreFailure if the store fails
     */
    Attribution attributeTouch(String touch, NewUser user);

    /**
     * Notes that somebody has followed a link. A code of a shared artefact counts one more view. What is to be left with the visitor is signed and says which codes were followed
     * first and last, and when.
     *
     * @param code the value of {@code ref=}
     * @param visitor who
     * @return what to leave with the visitor, and what the code is for
     * @throws IllegalStateException if this {@code Plg} has no programs
     * @throws io.plg.StoreFailure if the store fails
     */
    Visit visit(String code, Visitor visitor);
}
