package io.plg.funnel;

import java.util.Collection;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Events in order of time, pushed one by one into a {@link Sink}: a query result, a file, a list.
 *
 * <p>Rules for implementers: push in non-decreasing order of time over all subjects; keep the source's own order among events of
 * one instant; push text and numbers as they are, without making an object per event; read from the beginning at every call of
 * {@link #read} or say in the documentation that it can be read once. A failure of the medium is thrown as an unchecked
 * exception that keeps its cause.
 */
@FunctionalInterface
public interface EventSource {

    /**
     * Pushes all events into the sink and returns when there are no more.
     *
     * <p>Whatever the sink throws passes through.
     *
     * @param sink where the events go
     */
    void read(Sink sink);

    /**
     * A source of the given events as they are; it does not sort (see {@link #sorted}).
     *
     * @param events the events, already in order of time; iterated anew at every read
     * @return a source that can be read any number of times
     */
    static EventSource of(Iterable<FunnelEvent> events) {
        return sink -> events.forEach(event -> push(event, sink));
    }

    /**
     * A source of the events that an iterator still has; it does not sort.
     *
     * @param events the events, already in order of time
     * @return a source that can be read once; a second {@link #read} throws {@link IllegalStateException}
     */
    static EventSource of(Iterator<FunnelEvent> events) {
        AtomicBoolean read = new AtomicBoolean();
        return sink -> {
            if (read.getAndSet(true)) {
                throw new IllegalStateException(
                        "this source was made of an iterator and is used up; make it of an Iterable to read it twice");
            }
            events.forEachRemaining(event -> push(event, sink));
        };
    }

    /**
     * A source of the given events in order of time. Events of one instant stay in the collection's order.
     *
     * @param events the events in any order; copied now
     * @return a source that can be read any number of times
     */
    static EventSource sorted(Collection<FunnelEvent> events) {
        List<FunnelEvent> sorted =
                events.stream().sorted(Comparator.comparing(FunnelEvent::time)).toList();
        return of(sorted);
    }

    private static void push(FunnelEvent event, Sink sink) {
        sink.add(event.subject(), event.name(), EpochMicros.of(event.time()), event.properties()::get);
    }

    /** Where a source pushes its events. {@link FunnelAnalysis} is one. */
    interface Sink {

        /**
         * Takes one event.
         *
         * @param subject who did it
         * @param event what was done
         * @param epochMicros when, in microseconds since 1970-01-01T00:00Z; not before the event pushed last
         * @param properties facts about the event, asked for during this call only
         */
        void add(String subject, String event, long epochMicros, PropertyLookup properties);

        /**
         * Takes one event of a subject that is known by a number. A sink sees either numbers or text, never both.
         *
         * @param subject who did it
         * @param event what was done
         * @param epochMicros when, in microseconds since 1970-01-01T00:00Z; not before the event pushed last
         * @param properties facts about the event, asked for during this call only
         */
        void add(long subject, String event, long epochMicros, PropertyLookup properties);
    }

    /** The properties of one event, valid while the event is being pushed, so that a source may reuse one object for all events. */
    @FunctionalInterface
    interface PropertyLookup {

        /** The lookup of an event without properties. */
        PropertyLookup NONE = key -> null;

        /**
         * Finds a property.
         *
         * @param key the property's name
         * @return its value, or null if the event does not carry it
         */
        @Nullable
        String get(String key);
    }
}
