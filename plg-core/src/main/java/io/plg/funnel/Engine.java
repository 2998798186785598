package io.plg.funnel;

/** Follows all subjects through one funnel. Subjects are slots, numbered from 0 as they are first seen. */
interface Engine {

    /** Takes the first events of a batch, which are in sequence and have their slots, of so many subjects in all. */
    void process(Batch batch, int end, int subjects);

    /**
     * Reads what became of a subject, which must have had an event.
     *
     * @return false if it did not enter, or left the funnel by an exclusion
     */
    boolean read(int slot, Chain into);
}
