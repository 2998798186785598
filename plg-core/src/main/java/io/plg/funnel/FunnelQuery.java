package io.plg.funnel;

import static io.plg.funnel.FunnelStep.requirePositive;
import static io.plg.funnel.FunnelStep.requireText;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a funnel analysis looks for: the steps, how they must follow each other, and how to cut the answer.
 *
 * <pre>{@code
 * FunnelQuery.builder().step("signup").step("project_created").step("export").window(Duration.ofDays(7)).build()
 * }</pre>
 *
 * <p>Immutable. How each rule is meant is said at the builder's method; in all of them a window is elapsed time, counted from
 * the first step of a subject's chain, with the boundary inside, and times are compared at microseconds.
 */
public final class FunnelQuery {

    /** The window of a funnel that says nothing about it. */
    public static final Duration DEFAULT_WINDOW = Duration.ofDays(14);

    /** The most steps that a funnel can have. */
    public static final int MOST_STEPS = 50;

    private final List<FunnelStep> steps;
    private final Order order;
    private final Optional<Duration> window;
    private final List<Exclusion> exclusions;
    private final Optional<String> heldConstant;
    private final Optional<Instant> from;
    private final Optional<Instant> to;
    private final Optional<String> breakdown;
    private final Optional<String> groupedBy;
    private final Optional<EntryPeriod> entryPeriod;

    private FunnelQuery(Builder builder, List<Exclusion> exclusions) {
        this.steps = List.copyOf(builder.steps);
        this.order = builder.order;
        this.window = Optional.ofNullable(builder.window);
        this.exclusions = List.copyOf(exclusions);
        this.heldConstant = Optional.ofNullable(builder.heldConstant);
        this.from = Optional.ofNullable(builder.from);
        this.to = Optional.ofNullable(builder.to);
        this.breakdown = Optional.ofNullable(builder.breakdown);
        this.groupedBy = Optional.ofNullable(builder.groupedBy);
        this.entryPeriod = Optional.ofNullable(builder.entryPeriod);
    }

    /** How the steps must follow each other. */
    public enum Order {
        /** One after the other, whatever happens in between. */
        ORDERED,
        /** One right after the other: any other event of the subject in between ends the chain. */
        STRICT,
        /** In any order, each by an event of its own. Step i of a report is then "any i of the steps". */
        ANY
    }

    /** The calendar periods by which entries can be told apart. All are in UTC. */
    public enum EntryPeriod {
        /** ISO weeks, Monday to Sunday. */
        WEEK,
        /** Calendar months. */
        MONTH
    }

    /**
     * An event that must not happen on the way.
     *
     * @param event the name of the unwanted event
     * @param fromStep the step after which it is unwanted, counted from 1
     * @param toStep the step up to which it is unwanted, counted from 1
     */
    public record Exclusion(String event, int fromStep, int toStep) {}

    /**
     * Starts a query without steps, ordered, with a window of 14 days.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * The steps in their order.
     *
     * @return 1 to 50 steps
     */
    public List<FunnelStep> steps() {
        return steps;
    }

    /**
     * How the steps must follow each other.
     *
     * @return the order
     */
    public Order order() {
        return order;
    }

    /**
     * The longest time from the first step to the last.
     *
     * @return the window, or empty if there is none
     */
    public Optional<Duration> window() {
        return window;
    }

    /**
     * The events that must not happen on the way.
     *
     * @return the exclusions in the order in which they were given
     */
    public List<Exclusion> exclusions() {
        return exclusions;
    }

    /**
     * The property whose value must stay the same along a chain.
     *
     * @return its name, if there is one
     */
    public Optional<String> heldConstant() {
        return heldConstant;
    }

    /**
     * The start of the date range of entries, inclusive.
     *
     * @return the instant, if there is one
     */
    public Optional<Instant> from() {
        return from;
    }

    /**
     * The end of the date range of entries, exclusive.
     *
     * @return the instant, if there is one
     */
    public Optional<Instant> to() {
        return to;
    }

    /**
     * The property by whose first value subjects are told apart.
     *
     * @return its name, if there is one
     */
    public Optional<String> breakdown() {
        return breakdown;
    }

    /**
     * The property whose value takes the place of the subject.
     *
     * @return its name, if there is one
     */
    public Optional<String> groupedBy() {
        return groupedBy;
    }

    /**
     * The calendar periods by which entries are told apart.
     *
     * @return the kind of period, if there is one
     */
    public Optional<EntryPeriod> entryPeriod() {
        return entryPeriod;
    }

    /** The query for people. */
    @Override
    public String toString() {
        return order + " " + steps + " window " + window.map(Duration::toString).orElse("none")
                + (exclusions.isEmpty() ? "" : " excluding " + exclusions);
    }

    /** Collects a query. Each method checks what it is given; {@link #build} checks what only the whole can tell. */
    public static final class Builder {

        private final List<FunnelStep> steps = new ArrayList<>();
        private final List<Exclusion> exclusions = new ArrayList<>();
        private final List<String> wholeExclusions = new ArrayList<>();
        private Order order = Order.ORDERED;
        private @Nullable Duration window = DEFAULT_WINDOW;
        private @Nullable String heldConstant;
        private @Nullable Instant from;
        private @Nullable Instant to;
        private @Nullable String breakdown;
        private @Nullable String groupedBy;
        private @Nullable EntryPeriod entryPeriod;

        private Builder() {}

        /**
         * Adds a step that matches the events of its name.
         *
         * @param name the name of the step and of its events
         * @return this builder
         * @throws IllegalArgumentException if the name is blank or taken, or there are 50 steps already
         */
        public Builder step(String name) {
            return step(FunnelStep.of(name));
        }

        /**
         * Adds a step.
         *
         * @param step the step
         * @return this builder
         * @throws IllegalArgumentException if its name is taken, there are 50 steps already, or it is the first step and
         *     optional or limited to a time after the step before
         */
        public Builder step(FunnelStep step) {
            if (steps.size() == MOST_STEPS) {
                throw new IllegalArgumentException(
                        "a funnel must have at most " + MOST_STEPS + " steps, '" + step.name() + "' would be one more");
            }
            if (names().contains(step.name())) {
                throw new IllegalArgumentException("step name must be unique, '" + step.name()
                        + "' is taken; to ask for an event twice, name the steps apart: FunnelStep.of(\"again\").events(\""
                        + step.name() + "\")");
            }
            if (steps.isEmpty() && step.isOptional()) {
                throw new IllegalArgumentException("the first step must not be optional, was '" + step.name() + "'");
            }
            if (steps.isEmpty() && step.window().isPresent()) {
                throw new IllegalArgumentException("the first step has no step before it and must not have a window, '"
                        + step.name() + "' had " + step.window().get());
            }
            steps.add(step);
            return this;
        }

        /**
         * Says how the steps must follow each other. {@link Order#ORDERED} unless said.
         *
         * @param kind the order
         * @return this builder
         */
        public Builder order(Order kind) {
            this.order = kind;
            return this;
        }

        /**
         * Limits the time from a chain's first step to its last. 14 days unless said.
         *
         * @param longest the window in elapsed time (a day is 24 hours), positive
         * @return this builder
         * @throws IllegalArgumentException if it is zero or negative
         */
        public Builder window(Duration longest) {
            requirePositive("window", longest);
            this.window = longest;
            return this;
        }

        /**
         * Lifts the limit on the time from the first step to the last. Without a window nobody has ever dropped out.
         *
         * @return this builder
         */
        public Builder noWindow() {
            this.window = null;
            return this;
        }

        /**
         * Declares an event as unwanted anywhere between the first and the last step; otherwise like
         * {@link #exclude(String, int, int)}.
         *
         * @param event the name of the unwanted event
         * @return this builder
         * @throws IllegalArgumentException if the name is blank
         */
        public Builder exclude(String event) {
            requireText("excluded event", event);
            wholeExclusions.add(event);
            return this;
        }

        /**
         * Declares an event as unwanted between two steps, given by name; otherwise like {@link #exclude(String, int, int)}.
         *
         * @param event the name of the unwanted event
         * @param fromStep the name of the step after which it is unwanted
         * @param toStep the name of the step up to which it is unwanted
         * @return this builder
         * @throws IllegalArgumentException if there is no such step yet, or {@code fromStep} does not come before {@code toStep}
         */
        public Builder exclude(String event, String fromStep, String toStep) {
            return exclude(event, numberOf(fromStep), numberOf(toStep));
        }

        /**
         * Declares an event as unwanted between two steps that were added before.
         *
         * <p>The event taints every chain that has reached {@code fromStep}, not yet {@code toStep}, and is still inside its
         * window. A subject whose deepest chain is tainted leaves the funnel, unless a clean chain reaches as deep; of the chains
         * that one event would extend, the one with the latest entry is followed. Events at the same instant as a step come after
         * it. In a funnel of any order the event voids what was collected so far, and the deepest collection without it counts.
         *
         * @param event the name of the unwanted event; no step may match it by name, and a step of any event does not match it
         * @param fromStep the number of the step after which it is unwanted, counted from 1
         * @param toStep the number of the step up to which it is unwanted, counted from 1
         * @return this builder
         * @throws IllegalArgumentException if there is no such step yet, or {@code fromStep} does not come before {@code toStep}
         */
        public Builder exclude(String event, int fromStep, int toStep) {
            requireText("excluded event", event);
            requireRange(event, fromStep, toStep);
            exclusions.add(new Exclusion(event, fromStep, toStep));
            return this;
        }

        /**
         * Asks all events of a chain to carry the same value of a property. An event without it matches no step. Unwanted events,
         * and the events between the steps of a strict funnel, act on all of a subject's chains whatever their own value.
         *
         * @param property the property's name
         * @return this builder
         * @throws IllegalArgumentException if the name is blank
         */
        public Builder holdConstant(String property) {
            requireText("held property", property);
            this.heldConstant = property;
            return this;
        }

        /**
         * Counts only entries from this instant on. Earlier events still decide what a first-ever event is.
         *
         * @param start the start, inclusive
         * @return this builder
         * @throws IllegalArgumentException if it is not before the end, or too far from 1970 for microseconds
         */
        public Builder from(Instant start) {
            requireRange(start, to);
            this.from = start;
            return this;
        }

        /**
         * Counts only entries before this instant. Later steps of such entries still count.
         *
         * @param end the end, exclusive
         * @return this builder
         * @throws IllegalArgumentException if it is not after the start, or too far from 1970 for microseconds
         */
        public Builder to(Instant end) {
            requireRange(from, end);
            this.to = end;
            return this;
        }

        /**
         * Reports also by the value of a property. A subject belongs to the value on its first event that matches a step, is not
         * before the date range and carries the property; to {@value FunnelReport#NO_VALUE} if there is no such event.
         *
         * @param property the property's name
         * @return this builder
         * @throws IllegalArgumentException if the name is blank
         */
        public Builder breakdownBy(String property) {
            requireText("breakdown property", property);
            this.breakdown = property;
            return this;
        }

        /**
         * Follows the values of a property instead of the events' subjects, for example workspaces. Events without it are ignored.
         *
         * @param property the property's name
         * @return this builder
         * @throws IllegalArgumentException if the name is blank
         */
        public Builder groupedBy(String property) {
            requireText("grouping property", property);
            this.groupedBy = property;
            return this;
        }

        /**
         * Reports also by the calendar period of the entry.
         *
         * @param period the kind of period
         * @return this builder
         */
        public Builder every(EntryPeriod period) {
            this.entryPeriod = period;
            return this;
        }

        /**
         * Finishes the query.
         *
         * @return the query
         * @throws IllegalArgumentException if there is no step, the last step is optional, an exclusion names an event that a step
         *     matches, an exclusion needs a second step, or a funnel in any order has an optional step, a step with a window of
         *     its own or an exclusion of less than the whole funnel
         */
        public FunnelQuery build() {
            if (steps.isEmpty()) {
                throw new IllegalArgumentException("a funnel must have at least one step, had none");
            }
            FunnelStep last = steps.get(steps.size() - 1);
            if (last.isOptional()) {
                throw new IllegalArgumentException("the last step must not be optional, was '" + last.name() + "'");
            }
            List<Exclusion> all = new ArrayList<>(exclusions);
            for (String event : wholeExclusions) {
                requireRange(event, 1, steps.size());
                all.add(new Exclusion(event, 1, steps.size()));
            }
            all.forEach(this::requireNoStepMatches);
            if (order == Order.ANY) {
                requireFitForAnyOrder();
            }
            return new FunnelQuery(this, all);
        }

        private void requireNoStepMatches(Exclusion exclusion) {
            for (FunnelStep step : steps) {
                if (step.eventNames().contains(exclusion.event())) {
                    throw new IllegalArgumentException("excluded event must not be the event of a step, '"
                            + exclusion.event() + "' belongs to step '" + step.name() + "'");
                }
            }
        }

        private void requireFitForAnyOrder() {
            for (FunnelStep step : steps) {
                if (step.isOptional() || step.window().isPresent()) {
                    throw new IllegalArgumentException(
                            "a step of a funnel in any order must be neither optional nor have a "
                                    + "window of its own, was '" + step + "'");
                }
            }
            for (Exclusion exclusion : exclusions) {
                if (exclusion.fromStep() != 1 || exclusion.toStep() != steps.size()) {
                    throw new IllegalArgumentException(
                            "an exclusion from a funnel in any order must go from step 1 to step "
                                    + steps.size() + ", '" + exclusion.event() + "' was from step "
                                    + exclusion.fromStep()
                                    + " to step " + exclusion.toStep() + "; exclude(event) covers the whole funnel");
                }
            }
        }

        private int numberOf(String step) {
            int index = names().indexOf(step);
            if (index < 0) {
                throw new IllegalArgumentException(
                        "exclusion must name a step added before, was '" + step + "', the steps so far are " + names());
            }
            return index + 1;
        }

        private List<String> names() {
            return IntStream.range(0, steps.size())
                    .mapToObj(i -> steps.get(i).name())
                    .toList();
        }

        private void requireRange(String event, int fromStep, int toStep) {
            if (fromStep < 1 || toStep > steps.size() || fromStep >= toStep) {
                throw new IllegalArgumentException(
                        "exclusion of '" + event + "' must go from a step to a later one of the " + steps.size()
                                + " added so far, was from step " + fromStep + " to step " + toStep);
            }
        }

        private static void requireRange(@Nullable Instant from, @Nullable Instant to) {
            long start = from == null ? EpochMicros.MIN : EpochMicros.of(from);
            long end = to == null ? EpochMicros.MAX : EpochMicros.of(to);
            if (start >= end) {
                throw new IllegalArgumentException(
                        "date range must start before it ends, was from " + from + " to " + to);
            }
        }
    }
}
