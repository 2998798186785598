package io.plg.funnel;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;

/** A random query with random events of a few subjects, small enough to try everything and dense enough to collide. */
record Scenario(FunnelQuery query, List<FunnelEvent> events, int batchSize, boolean numbers) {

    private static final List<String> NAMES = List.of("a", "b", "c", "d", "x", "y", "noise");

    static final Instant START = Instant.parse("2026-03-01T00:00:00Z");

    /** What a random query may use. */
    enum Feature {
        SHARED_EVENTS,
        CONDITIONS,
        FIRST_EVER,
        DATE_RANGE,
        EXCLUSIONS,
        HOLD,
        STEP_WINDOWS,
        OPTIONAL
    }

    static Scenario random(Random random, FunnelQuery.Order order, List<Feature> features) {
        FunnelQuery query = query(random, order, features);
        int span = 1 + random.nextInt(40);
        int subjects = 1 + random.nextInt(3);
        int size = random.nextInt(14 * subjects);
        List<FunnelEvent> events = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            Map<String, String> properties = new HashMap<>();
            if (random.nextInt(3) > 0) {
                properties.put("p", random.nextInt(3) > 0 ? "1" : "2");
            }
            if (random.nextInt(6) > 0) {
                properties.put("h", random.nextInt(3) > 0 ? "u" : "v");
            }
            int names = random.nextInt(4) == 0 ? NAMES.size() : query.steps().size();
            String name = NAMES.get(random.nextInt(names));
            events.add(new FunnelEvent(
                    Integer.toString(random.nextInt(subjects)), name, minute(random.nextInt(span)), properties));
        }
        List<FunnelEvent> sorted = new ArrayList<>();
        EventSource.sorted(events).read(new Collector(sorted));
        return new Scenario(query, sorted, 1 + random.nextInt(9), random.nextBoolean());
    }

    private static FunnelQuery query(Random random, FunnelQuery.Order order, List<Feature> features) {
        FunnelQuery.Builder builder = FunnelQuery.builder().order(order);
        int steps = 1 + random.nextInt(4);
        for (int i = 0; i < steps; i++) {
            FunnelStep step = FunnelStep.of("step " + (i + 1)).events(NAMES.get(i));
            if (features.contains(Feature.SHARED_EVENTS)) {
                switch (random.nextInt(5)) {
                    case 0 -> step = step.events(NAMES.get(random.nextInt(4)));
                    case 1 -> step = step.events(NAMES.get(i), NAMES.get((i + 1 + random.nextInt(3)) % 4));
                    case 2 -> step = random.nextBoolean() ? step.anyEvent() : step;
                    default -> {}
                }
            }
            if (features.contains(Feature.CONDITIONS) && random.nextInt(3) == 0) {
                step = step.where("p", random.nextInt(3) > 0 ? "1" : "2");
            }
            if (features.contains(Feature.FIRST_EVER) && random.nextInt(4) == 0) {
                step = step.firstEver();
            }
            if (features.contains(Feature.STEP_WINDOWS) && i > 0 && random.nextInt(2) == 0) {
                step = step.within(minutes(random.nextInt(8)));
            }
            if (features.contains(Feature.OPTIONAL) && i > 0 && i < steps - 1 && random.nextInt(2) == 0) {
                step = step.optional();
            }
            builder.step(step);
        }
        if (random.nextInt(5) == 0) {
            builder.noWindow();
        } else {
            builder.window(minutes(random.nextInt(25)));
        }
        if (features.contains(Feature.DATE_RANGE)) {
            int from = random.nextInt(15);
            if (random.nextInt(3) > 0) {
                builder.from(minute(from));
            }
            if (random.nextInt(3) > 0) {
                builder.to(minute(from + 1 + random.nextInt(15)));
            }
        }
        if (features.contains(Feature.HOLD)) {
            builder.holdConstant("h");
        }
        if (features.contains(Feature.EXCLUSIONS) && steps > 1) {
            for (String event : random.nextInt(3) == 0 ? List.of("x", "y") : List.of("x")) {
                int from = order == FunnelQuery.Order.ANY ? 1 : 1 + random.nextInt(steps - 1);
                int to = order == FunnelQuery.Order.ANY ? steps : from + 1 + random.nextInt(steps - from);
                builder.exclude(event, from, to);
            }
        }
        return builder.build();
    }

    static Instant minute(int minute) {
        return START.plus(Duration.ofMinutes(minute));
    }

    /** The minutes, or one microsecond for none, which must be positive. */
    private static Duration minutes(int minutes) {
        return minutes == 0 ? Duration.ofNanos(1_000) : Duration.ofMinutes(minutes);
    }

    FunnelAnalysis analysis() {
        FunnelAnalysis analysis = new FunnelAnalysis(query, batchSize);
        for (FunnelEvent event : events) {
            long time = EpochMicros.of(event.time());
            if (numbers) {
                analysis.add(Long.parseLong(event.subject()), event.name(), time, event.properties()::get);
            } else {
                analysis.add(event);
            }
        }
        return analysis;
    }

    List<String> subjects() {
        return events.stream().map(FunnelEvent::subject).distinct().toList();
    }

    List<FunnelEvent> eventsOf(String subject) {
        return events.stream().filter(event -> event.subject().equals(subject)).toList();
    }

    @Override
    public String toString() {
        return query + " from " + query.from() + " to " + query.to() + " hold " + query.heldConstant()
                + events.stream()
                        .map(event -> event.subject() + " " + event.name()
                                + Duration.between(START, event.time()).toMinutes() + event.properties())
                        .collect(Collectors.joining("\n  ", "\n  ", "\n"));
    }

    private record Collector(List<FunnelEvent> events) implements EventSource.Sink {
        @Override
        public void add(String subject, String event, long epochMicros, EventSource.PropertyLookup properties) {
            Map<String, String> known = new HashMap<>();
            for (String key : List.of("p", "h")) {
                String value = properties.get(key);
                if (value != null) {
                    known.put(key, value);
                }
            }
            events.add(new FunnelEvent(subject, event, EpochMicros.toInstant(epochMicros), known));
        }

        @Override
        public void add(long subject, String event, long epochMicros, EventSource.PropertyLookup properties) {
            throw new AssertionError("text was expected");
        }
    }
}
