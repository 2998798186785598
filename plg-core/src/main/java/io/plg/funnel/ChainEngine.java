package io.plg.funnel;

import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Ordered and strict funnels with everything that {@link OrderedEngine} leaves out: exclusions, held properties, windows per step,
 * optional steps.
 *
 * <p>A subject has, per value of the held property, the latest chain of each depth as a linked list of the steps it is made of.
 * Exclusions need two sets of chains: all of them, and those that are clean.
 */
final class ChainEngine implements Engine {

    private final Plan plan;
    private final boolean strict;
    /** Whether a chain of the same entry is replaced by a newer one: its last step is closer to what comes. */
    private final boolean replaces;

    private @Nullable Subject[] subjects = {};

    ChainEngine(Plan plan) {
        this.plan = plan;
        this.strict = plan.order == FunnelQuery.Order.STRICT;
        this.replaces = strict || plan.hasStepWindows;
    }

    /**
     * A chain, as its last step.
     *
     * @param step the number of the last step, from 0
     * @param time when the last step was done
     * @param entry when the first step was done
     * @param event the number of the last step's event among the subject's events
     * @param previous the chain before the last step; null if the last step is the first
     */
    private record Node(
            int step,
            long time,
            long entry,
            int event,
            @Nullable Node previous) {}

    /** All chains of one subject. */
    private static final class Subject {
        int events;

        @Nullable
        Chains chains;

        @Nullable
        Map<String, Chains> byHeldValue;

        Collection<Chains> all() {
            return byHeldValue != null ? byHeldValue.values() : chains != null ? List.of(chains) : List.of();
        }
    }

    /** The chains of one subject with one value of the held property. */
    private static final class Chains {
        final @Nullable Node[] clean;
        final @Nullable Node[] all;
        int deepest;

        @Nullable
        Node best;

        Chains(Plan plan) {
            clean = new @Nullable Node[plan.steps];
            all = plan.hasExclusions ? new @Nullable Node[plan.steps] : clean;
        }
    }

    @Override
    public void process(Batch batch, int end, int count) {
        if (subjects.length < count) {
            subjects = Arrays.copyOf(subjects, count + count / 2);
        }
        for (int i = 0; i < end; i++) {
            String held = plan.heldConstant == null ? null : batch.held[i];
            process(batch.slots[i], batch.times[i], batch.masks[i], plan.hasExclusions ? batch.clears[i] : 0, held);
        }
    }

    private void process(int slot, long time, long mask, long clears, @Nullable String held) {
        Subject subject = subjects[slot];
        if (subject == null) {
            if (mask == 0) {
                return;
            }
            subject = new Subject();
            subjects[slot] = subject;
        }
        subject.events++;
        if (mask != 0) {
            Chains chains = chainsOf(subject, held);
            Node best = chains.best;
            if (best == null || best.step < plan.steps - 1) {
                advance(chains, mask, time, subject.events);
            }
        }
        if (clears != 0) {
            subject.all().forEach(chains -> clear(chains, clears, time));
        }
    }

    private Chains chainsOf(Subject subject, @Nullable String held) {
        if (held != null) {
            if (subject.byHeldValue == null) {
                subject.byHeldValue = new LinkedHashMap<>(4);
            }
            return subject.byHeldValue.computeIfAbsent(held, value -> new Chains(plan));
        }
        Chains chains = subject.chains;
        if (chains == null) {
            chains = new Chains(plan);
            subject.chains = chains;
        }
        return chains;
    }

    private void advance(Chains chains, long mask, long time, int event) {
        Node deepest = advance(chains.clean, mask, time, event);
        if (deepest != null && (chains.best == null || deepest.step > chains.best.step)) {
            chains.best = deepest;
        }
        if (chains.all != chains.clean) {
            deepest = advance(chains.all, mask, time, event);
        }
        if (deepest != null) {
            chains.deepest = Math.max(chains.deepest, deepest.step + 1);
        }
    }

    /** Lets an event advance each of the chains by one step; returns the deepest of the new ones. */
    private @Nullable Node advance(@Nullable Node[] chains, long mask, long time, int event) {
        Node deepest = null;
        for (long rest = mask; rest != 0; ) {
            int step = Long.SIZE - 1 - Long.numberOfLeadingZeros(rest);
            rest ^= 1L << step;
            Node node = null;
            if (step > 0) {
                Node previous = previous(chains, step, time, event);
                Node old = chains[step];
                if (previous != null && (replaces || old == null || old.entry != previous.entry)) {
                    node = new Node(step, time, previous.entry, event, previous);
                }
            } else if (plan.inRange(time)) {
                node = new Node(0, time, time, event, null);
            }
            if (node != null) {
                chains[step] = node;
                deepest = deepest == null ? node : deepest;
            }
        }
        return deepest;
    }

    /** The chain to which a step can be added: the one with the latest entry, among equals the deepest. */
    private @Nullable Node previous(@Nullable Node[] chains, int step, long time, int event) {
        Node latest = null;
        for (int before = step - 1; before >= 0; before--) {
            Node node = chains[before];
            if (node != null
                    && time - node.entry <= plan.window
                    && time - node.time <= plan.stepWindows[step]
                    && (!strict || node.event == event - 1)
                    && (latest == null || node.entry > latest.entry)) {
                latest = node;
            }
            if (!plan.optional[before]) {
                break;
            }
        }
        return latest;
    }

    /**
     * Forgets the clean chains that an unwanted event taints. The best chain is the first that was so deep: if its window is
     * over, it stays clean for ever, otherwise no later chain as deep is out of its window either.
     */
    private void clear(Chains chains, long depths, long time) {
        for (long rest = depths; rest != 0; rest &= rest - 1) {
            int step = Long.numberOfTrailingZeros(rest);
            if (isInside(chains.clean[step], time)) {
                chains.clean[step] = null;
            }
        }
        if (chains.best != null && (depths >>> chains.best.step & 1) != 0 && isInside(chains.best, time)) {
            chains.best = null;
        }
    }

    private boolean isInside(@Nullable Node node, long time) {
        return node != null && time - node.entry <= plan.window;
    }

    @Override
    public boolean read(int slot, Chain into) {
        Subject subject = subjects[slot];
        if (subject == null) {
            return false;
        }
        int deepest = 0;
        Node best = null;
        into.latestEntry = Chain.NONE;
        for (Chains chains : subject.all()) {
            deepest = Math.max(deepest, chains.deepest);
            Node node = chains.best;
            if (node != null
                    && (best == null || node.step > best.step || node.step == best.step && node.time < best.time)) {
                best = node;
            }
            for (Node each : chains.clean) {
                if (each != null) {
                    into.latestEntry = Math.max(into.latestEntry, each.entry);
                }
            }
        }
        if (best == null || best.step + 1 < deepest) {
            return false;
        }
        int length = 0;
        for (Node node = best; node != null; node = node.previous) {
            length++;
        }
        into.length = length;
        for (Node node = best; node != null; node = node.previous) {
            length--;
            into.steps[length] = node.step;
            into.times[length] = node.time;
        }
        return true;
    }
}
