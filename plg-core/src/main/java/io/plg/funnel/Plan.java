package io.plg.funnel;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A query in the form that the engines work with: numbers, bit masks over steps (bit 0 is step 1), and rules by event name. */
final class Plan {

    final int steps;
    final FunnelQuery.Order order;
    /** In microseconds; {@link Long#MAX_VALUE} without a window. */
    final long window;
    /** Per step, in microseconds; {@link Long#MAX_VALUE} without a window of its own. */
    final long[] stepWindows;

    final boolean hasStepWindows;
    final boolean[] optional;
    final boolean hasOptional;
    final long from;
    final long to;
    final boolean hasExclusions;
    final long firstEver;
    final @Nullable String heldConstant;
    final @Nullable String breakdown;
    final @Nullable String groupedBy;
    /** Whether a batch must carry more than subject, time and steps. */
    final boolean hasExtras;
    /** Whether events that match no step matter. */
    final boolean needsNoise;

    private final EventRule others;
    private final @Nullable String[] names;
    private final EventRule[] rules;

    /** What an event of one name may mean. */
    static final class EventRule {

        /** The steps it matches whatever its properties. */
        final long always;
        /** The depths that it clears. */
        final long clears;

        private final List<FunnelStep> conditional;
        private final long[] conditionalBits;

        EventRule(long always, long clears, Map<Long, FunnelStep> conditional) {
            this.always = always;
            this.clears = clears;
            this.conditional = List.copyOf(conditional.values());
            this.conditionalBits =
                    conditional.keySet().stream().mapToLong(Long::longValue).toArray();
        }

        /** The steps that an event matches. */
        long match(EventSource.PropertyLookup properties) {
            long mask = always;
            for (int i = 0; i < conditionalBits.length; i++) {
                if (fulfils(conditional.get(i), properties)) {
                    mask |= conditionalBits[i];
                }
            }
            return mask;
        }

        boolean hasConditions() {
            return conditionalBits.length > 0;
        }

        private static boolean fulfils(FunnelStep step, EventSource.PropertyLookup properties) {
            for (Map.Entry<String, String> condition : step.conditions().entrySet()) {
                if (!condition.getValue().equals(properties.get(condition.getKey()))) {
                    return false;
                }
            }
            return true;
        }
    }

    Plan(FunnelQuery query) {
        this.steps = query.steps().size();
        this.order = query.order();
        this.window = query.window().map(EpochMicros::of).orElse(Long.MAX_VALUE);
        this.stepWindows = new long[steps];
        this.optional = new boolean[steps];
        long first = 0;
        for (int i = 0; i < steps; i++) {
            FunnelStep step = query.steps().get(i);
            stepWindows[i] = step.window().map(EpochMicros::of).orElse(Long.MAX_VALUE);
            optional[i] = step.isOptional();
            first |= step.isFirstEver() ? 1L << i : 0;
        }
        this.firstEver = first;
        this.hasStepWindows =
                query.steps().stream().anyMatch(step -> step.window().isPresent());
        this.hasOptional = query.steps().stream().anyMatch(FunnelStep::isOptional);
        this.from = query.from().map(EpochMicros::of).orElse(EpochMicros.MIN);
        this.to = query.to().map(EpochMicros::of).orElse(Long.MAX_VALUE);
        this.hasExclusions = !query.exclusions().isEmpty();
        this.heldConstant = query.heldConstant().orElse(null);
        this.breakdown = query.breakdown().orElse(null);
        this.groupedBy = query.groupedBy().orElse(null);
        this.hasExtras = hasExclusions || heldConstant != null || breakdown != null;
        this.needsNoise = order == FunnelQuery.Order.STRICT;

        Set<String> known = new HashSet<>();
        query.steps().forEach(step -> known.addAll(step.eventNames()));
        query.exclusions().forEach(exclusion -> known.add(exclusion.event()));
        int capacity = Integer.highestOneBit(known.size() + 1) * 4;
        this.names = new @Nullable String[capacity];
        this.rules = new EventRule[capacity];
        this.others = ruleOf(null, query);
        for (String name : known) {
            int i = start(name);
            while (names[i] != null) {
                i = i + 1 & capacity - 1;
            }
            names[i] = name;
            rules[i] = ruleOf(name, query);
        }
    }

    private static EventRule ruleOf(@Nullable String name, FunnelQuery query) {
        long clears = 0;
        for (FunnelQuery.Exclusion exclusion : query.exclusions()) {
            if (exclusion.event().equals(name)) {
                clears |= (1L << exclusion.toStep() - 1) - (1L << exclusion.fromStep() - 1);
            }
        }
        long always = 0;
        Map<Long, FunnelStep> conditional = new HashMap<>();
        for (int i = 0; clears == 0 && i < query.steps().size(); i++) {
            FunnelStep step = query.steps().get(i);
            if (step.eventNames().isEmpty() || name != null && step.eventNames().contains(name)) {
                if (step.conditions().isEmpty()) {
                    always |= 1L << i;
                } else {
                    conditional.put(1L << i, step);
                }
            }
        }
        return new EventRule(always, clears, conditional);
    }

    /** The rule for events of a name. */
    EventRule rule(String event) {
        int i = start(event);
        while (true) {
            String name = names[i];
            if (name == null) {
                return others;
            }
            if (name == event || name.equals(event)) {
                return rules[i];
            }
            i = i + 1 & names.length - 1;
        }
    }

    /** Whether events of a name are neither steps nor excluded. */
    boolean isForeign(String event) {
        EventRule rule = rule(event);
        return rule == others && rule.always == 0 && !rule.hasConditions();
    }

    private int start(String name) {
        int hash = name.hashCode();
        return (hash ^ hash >>> 16) & names.length - 1;
    }

    boolean inRange(long time) {
        return time >= from && time < to;
    }

    /** Whether it is now too late to convert for someone who entered then. */
    boolean isOver(long entry, long now) {
        return window != Long.MAX_VALUE && now >= entry + window;
    }

    Engine newEngine() {
        if (order == FunnelQuery.Order.ANY) {
            return new AnyOrderEngine(this);
        }
        boolean plain = order == FunnelQuery.Order.ORDERED
                && !hasExclusions
                && !hasStepWindows
                && !hasOptional
                && heldConstant == null;
        return plain ? new OrderedEngine(this) : new ChainEngine(this);
    }
}
