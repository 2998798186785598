package io.plg;

/**
 * Work that is done as one transaction.
 *
 * @param <V> what is handed in and is bound to the transaction
 * @param <T> the type of the result
 * @param <X> the checked exception that the work may throw; {@code RuntimeException} if none
 */
@FunctionalInterface
public interface TransactionWork<V, T extends @org.jspecify.annotations.Nullable Object, X extends Exception> {

    /**
     * Does the work. Returning commits; throwing anything rolls back and reaches the caller unchanged.
     *
     * @param tx bound to the transaction; useless afterwards
     * @return the result
     * @throws X if the work fails
     */
    T run(V tx) throws X;

    /**
     * Work without a result.
     *
     * @param <V> what is handed in and is bound to the transaction
     * @param <X> the checked exception that the work may throw; {@code RuntimeException} if none
     */
    @FunctionalInterface
    interface WithoutResult<V, X extends Exception> {

        /**
         * Does the work. Returning commits; throwing anything rolls back and reaches the caller unchanged.
         *
         * @param tx bound to the transaction; useless afterwards
         * @throws X if the work fails
         */
        void run(V tx) throws X;
    }
}
