package io.plg.tenancy;

/**
 * What a deletion or an erasure has done so far.
 *
 * @param rows how many rows this call removed
 * @param complete whether nothing is left and nothing can come any more; if not, transactions that began before it are still open, and
 *     calling it again goes on. On H2 it is as far as can be told there, see the documentation
 */
public record Erasure(long rows, boolean complete) {

    /**
     * Checks the count.
     *
     * @throws IllegalArgumentException if {@code rows} is negative
     */
    public Erasure {
        if (rows < 0) {
            throw new IllegalArgumentException("rows must not be negative, was " + rows);
        }
    }
}
