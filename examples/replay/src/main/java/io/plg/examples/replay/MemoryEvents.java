package io.plg.examples.replay;

import io.plg.funnel.EventSource;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Events in columns of numbers, 24 bytes each, so that a few million fit anywhere. Events that cannot change the answer are not
 * kept.
 */
final class MemoryEvents implements EventStore {
    private final Predicate<String> relevant;
    private final Dictionary users = new Dictionary();
    private final Dictionary names = new Dictionary();
    private final Dictionary segments = new Dictionary();
    private final Dictionary periods = new Dictionary();

    private long[] times = new long[1 << 12];
    private int[] user = new int[1 << 12];
    private int[] name = new int[1 << 12];
    private int[] segment = new int[1 << 12];
    private int[] enteredIn = new int[1 << 12];
    private int size;
    private boolean sorted = true;

    MemoryEvents(Predicate<String> relevant) {
        this.relevant = relevant;
    }

    @Override
    public void add(String who, String event, long micros, @Nullable String inSegment, @Nullable String inPeriod) {
        if (!relevant.test(event)) {
            return;
        }
        if (size == times.length) {
            grow();
        }
        sorted = sorted && (size == 0 || times[size - 1] <= micros);
        times[size] = micros;
        user[size] = users.number(who);
        name[size] = names.number(event);
        segment[size] = segments.number(inSegment);
        enteredIn[size] = periods.number(inPeriod);
        size++;
    }

    private void grow() {
        int capacity = size + size / 2;
        times = Arrays.copyOf(times, capacity);
        user = Arrays.copyOf(user, capacity);
        name = Arrays.copyOf(name, capacity);
        segment = Arrays.copyOf(segment, capacity);
        enteredIn = Arrays.copyOf(enteredIn, capacity);
    }

    @Override
    public EventSource events() {
        int[] order = sorted ? new int[0] : TimeOrder.of(times, size);
        return sink -> {
            var properties = new Properties();
            for (int i = 0; i < size; i++) {
                int event = sorted ? i : order[i];
                properties.event = event;
                sink.add((long) user[event], Objects.requireNonNull(names.text(name[event])), times[event], properties);
            }
        };
    }

    @Override
    public void close() {}

    /** One object for all events; it looks at the event that is being pushed. */
    private final class Properties implements EventSource.PropertyLookup {
        private int event;

        @Override
        public @Nullable String get(String key) {
            return switch (key) {
                case SEGMENT -> segments.text(segment[event]);
                case ENTERED_IN -> periods.text(enteredIn[event]);
                default -> null;
            };
        }
    }
}
