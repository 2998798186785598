package io.plg.funnel;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * One step of a funnel: a name, and which events count as the step.
 *
 * <p>A step matches the events that are called like it, until it is told otherwise:
 *
 * <pre>{@code
 * FunnelStep.of("paid").events("checkout_completed", "invoice_paid").where("plan", "pro").within(Duration.ofDays(3))
 * }</pre>
 *
 * <p>Immutable; every method returns a new step.
 */
public final class FunnelStep {

    private final String name;
    private final List<String> events;
    private final Map<String, String> conditions;
    private final boolean firstEver;
    private final boolean optional;
    private final Optional<Duration> window;

    private FunnelStep(
            String name,
            List<String> events,
            Map<String, String> conditions,
            boolean firstEver,
            boolean optional,
            Optional<Duration> window) {
        this.name = name;
        this.events = events;
        this.conditions = conditions;
        this.firstEver = firstEver;
        this.optional = optional;
        this.window = window;
    }

    /**
     * A step that matches the events of its own name.
     *
     * @param name the step's name, unique within the funnel
     * @return the step
     * @throws IllegalArgumentException if the name is blank
     */
    public static FunnelStep of(String name) {
        requireText("step name", name);
        return new FunnelStep(name, List.of(name), Map.of(), false, false, Optional.empty());
    }

    /**
     * Matches events of any of these names, instead of the step's own name.
     *
     * @param names at least one event name, compared character by character
     * @return the changed step
     * @throws IllegalArgumentException if there is no name, or one is blank or given twice
     */
    public FunnelStep events(String... names) {
        if (names.length == 0) {
            throw new IllegalArgumentException(
                    "events of step '" + name + "' must name at least one event; anyEvent() matches all of them");
        }
        for (String each : names) {
            requireText("event name of step '" + name + "'", each);
        }
        if (Set.copyOf(List.of(names)).size() < names.length) {
            throw new IllegalArgumentException(
                    "event names of step '" + name + "' must differ, were " + List.of(names));
        }
        return new FunnelStep(name, List.of(names), conditions, firstEver, optional, window);
    }

    /**
     * Matches every event, whatever its name, except those that the funnel excludes.
     *
     * @return the changed step
     */
    public FunnelStep anyEvent() {
        return new FunnelStep(name, List.of(), conditions, firstEver, optional, window);
    }

    /**
     * Matches only events that carry this value of a property. Several conditions must all hold; an event without the property
     * does not match.
     *
     * @param property the property's name
     * @param value the value, compared character by character
     * @return the changed step
     * @throws IllegalArgumentException if the property's name is blank, or the step has a condition on it already
     */
    public FunnelStep where(String property, String value) {
        requireText("property of step '" + name + "'", property);
        Objects.requireNonNull(value, "value");
        Map<String, String> more = new LinkedHashMap<>(conditions);
        String before = more.put(property, value);
        if (before != null) {
            throw new IllegalArgumentException("property '" + property + "' of step '" + name
                    + "' must have one value, was '" + before + "' and '" + value + "'");
        }
        return new FunnelStep(name, events, Map.copyOf(more), firstEver, optional, window);
    }

    /**
     * Matches only the first event of the subject that fulfils everything else this step asks for. All events that the analysis
     * has seen count, also those before the funnel's date range.
     *
     * @return the changed step
     */
    public FunnelStep firstEver() {
        return new FunnelStep(name, events, conditions, true, optional, window);
    }

    /**
     * Allows the step to be missing. Not for the first and the last step, nor for funnels in any order.
     *
     * @return the changed step
     */
    public FunnelStep optional() {
        return new FunnelStep(name, events, conditions, firstEver, true, window);
    }

    /**
     * Asks for the step to follow within this time after the step before it (the nearest one that is not missing). The boundary
     * is inside. This comes on top of the funnel's own window. Not for the first step, nor for funnels in any order.
     *
     * @param time how long after the step before, positive
     * @return the changed step
     * @throws IllegalArgumentException if the time is zero or negative
     */
    public FunnelStep within(Duration time) {
        requirePositive("window of step '" + name + "'", time);
        return new FunnelStep(name, events, conditions, firstEver, optional, Optional.of(time));
    }

    /**
     * The step's name.
     *
     * @return the name
     */
    public String name() {
        return name;
    }

    /**
     * The names of the events that count as this step.
     *
     * @return the names; empty if every event does
     */
    public List<String> eventNames() {
        return events;
    }

    /**
     * The property values that an event must carry.
     *
     * @return value by property
     */
    public Map<String, String> conditions() {
        return conditions;
    }

    /**
     * Whether only the subject's first such event counts.
     *
     * @return true if so
     */
    public boolean isFirstEver() {
        return firstEver;
    }

    /**
     * Whether the step may be missing.
     *
     * @return true if so
     */
    public boolean isOptional() {
        return optional;
    }

    /**
     * The longest time after the step before.
     *
     * @return the time, if it is limited
     */
    public Optional<Duration> window() {
        return window;
    }

    static void requireText(String what, String text) {
        if (text.isBlank()) {
            throw new IllegalArgumentException(what + " must not be blank, was '" + text + "'");
        }
    }

    static void requirePositive(String what, Duration duration) {
        if (duration.isZero() || duration.isNegative()) {
            throw new IllegalArgumentException(what + " must be positive, was " + duration);
        }
    }

    /** The step for people. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(name);
        if (events.isEmpty()) {
            text.append(" any event");
        } else if (!events.equals(List.of(name))) {
            text.append(' ').append(events);
        }
        conditions.forEach(
                (key, value) -> text.append(" where ").append(key).append(" = ").append(value));
        text.append(firstEver ? " first ever" : "").append(optional ? " optional" : "");
        window.ifPresent(time -> text.append(" within ").append(time));
        return text.toString();
    }
}
