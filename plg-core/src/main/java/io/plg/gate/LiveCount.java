package io.plg.gate;

/** Counts what exists at present in a table of the host. */
@FunctionalInterface
public interface LiveCount {

    /**
     * Counts, in the transaction that is open.
     *
     * @return how many exist, 0 or more
     */
    long count();
}
