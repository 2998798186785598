package io.plg.funnel;

/** Follows all subjects through one funnel. Subjects are slots, numbered from 0 as they are first seen. */
interface Engine {

    /** Takes the first events of a batch, which are in sequence and have their slots. */
    void process(Batch batch, int end);

    /**
     * Reads what became of a subject.
     *
     * @return false if it did not enter, or left the funnel by an exclusion
     */
    boolean read(int slot, Chain into);
}
