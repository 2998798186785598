package io.plg.examples.replay;

import io.plg.funnel.EventSource;
import org.jspecify.annotations.Nullable;

/**
 * Where the events lie between the reading of the files and the analysis. Filled once, read once, gone when closed.
 */
interface EventStore extends AutoCloseable {

    /** The property of an event by whose value the funnel is broken down. */
    String SEGMENT = "segment";

    /** The property of an event that says in which period its user entered, where the users file knows that. */
    String ENTERED_IN = "entered_in";

    /**
     * Takes one event, in any order of time.
     *
     * @param user who did it
     * @param event what was done
     * @param micros when, in microseconds since 1970
     * @param segment the value of {@link #SEGMENT}, if it has one
     * @param enteredIn the value of {@link #ENTERED_IN}, if it has one
     */
    void add(String user, String event, long micros, @Nullable String segment, @Nullable String enteredIn);

    /** Says that all events were added and returns them in order of time; events of one instant in the order of adding. */
    EventSource events();

    @Override
    void close();
}
