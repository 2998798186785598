package io.plg.funnel;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads events once, in order of time, and says who went how far through a funnel.
 *
 * <pre>{@code
 * FunnelReport report = FunnelAnalysis.run(query, EventSource.sorted(events));
 *
 * FunnelAnalysis live = FunnelAnalysis.of(query);
 * live.add("ada", "signup", Instant.parse("2026-03-01T09:00:00Z"));
 * live.report().conversion();
 * }</pre>
 *
 * <p>Events must come in non-decreasing order of time over all subjects; one that does not is refused. Events of one instant are
 * put into order before they count: those that match a step first, by the lowest step they match, the others last, and equals as
 * they came. Memory grows with subjects × steps, not with events. A report closes the instant reached: events that are added later
 * for the same instant come after it.
 *
 * <p>Subjects are either all text or all numbers. Not safe for use by several threads at once.
 */
public final class FunnelAnalysis implements EventSource.Sink {

    private static final int FIRST_BATCH = 512;

    private final FunnelQuery query;
    private final Plan plan;
    private final Engine engine;
    private final Batch batch;
    private @Nullable TextIndex texts;
    private @Nullable LongIndex numbers;
    private long last = Long.MIN_VALUE;
    /** Per subject, the first-ever steps it has done; only if the query has such steps. */
    private long[] seen = {};
    /** Per subject, the number of its breakdown value, or 0; only with a breakdown. */
    private int[] groupOf = {};

    private final List<String> groups = new ArrayList<>(List.of(FunnelReport.NO_VALUE));
    private final Map<String, Integer> groupNumbers = new HashMap<>();

    /** With a batch of the given size to begin with, at least 1. */
    FunnelAnalysis(FunnelQuery query, int batchSize) {
        this.query = query;
        this.plan = new Plan(query);
        this.engine = plan.newEngine();
        this.batch = new Batch(batchSize, plan);
    }

    /**
     * Starts an analysis.
     *
     * @param query what to look for
     * @return an analysis that has seen no events
     */
    public static FunnelAnalysis of(FunnelQuery query) {
        return new FunnelAnalysis(query, FIRST_BATCH);
    }

    /**
     * Reads all events of a source and reports as of the latest of them.
     *
     * @param query what to look for
     * @param source the events in order of time
     * @return the report
     * @throws IllegalArgumentException if an event comes before the one pushed last
     */
    public static FunnelReport run(FunnelQuery query, EventSource source) {
        FunnelAnalysis analysis = of(query);
        source.read(analysis);
        return analysis.report();
    }

    /**
     * Reads all events of a source and reports as of the given instant.
     *
     * @param query what to look for
     * @param source the events in order of time
     * @param now what divides subjects in progress from those that dropped
     * @return the report
     * @throws IllegalArgumentException if an event comes before the one pushed last
     */
    public static FunnelReport run(FunnelQuery query, EventSource source, Instant now) {
        FunnelAnalysis analysis = of(query);
        source.read(analysis);
        return analysis.report(now);
    }

    /**
     * Adds an event.
     *
     * @param event the event
     * @throws IllegalArgumentException if it comes before the event added last
     * @throws IllegalStateException if subjects were numbers so far
     */
    public void add(FunnelEvent event) {
        add(event.subject(), event.name(), EpochMicros.of(event.time()), event.properties()::get);
    }

    /**
     * Adds an event without properties.
     *
     * @param subject who did it
     * @param event what was done
     * @param time when; cut off to microseconds
     * @throws IllegalArgumentException if it comes before the event added last
     * @throws IllegalStateException if subjects were numbers so far
     */
    public void add(String subject, String event, Instant time) {
        add(subject, event, EpochMicros.of(time), EventSource.PropertyLookup.NONE);
    }

    /**
     * Adds an event without properties.
     *
     * @param subject who did it
     * @param event what was done
     * @param epochMicros when, in microseconds since 1970-01-01T00:00Z
     * @throws IllegalArgumentException if it comes before the event added last
     * @throws IllegalStateException if subjects were numbers so far
     */
    public void add(String subject, String event, long epochMicros) {
        add(subject, event, epochMicros, EventSource.PropertyLookup.NONE);
    }

    /**
     * Adds an event without properties of a subject known by number.
     *
     * @param subject who did it
     * @param event what was done
     * @param epochMicros when, in microseconds since 1970-01-01T00:00Z
     * @throws IllegalArgumentException if it comes before the event added last
     * @throws IllegalStateException if subjects were text so far
     */
    public void add(long subject, String event, long epochMicros) {
        add(subject, event, epochMicros, EventSource.PropertyLookup.NONE);
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if it comes before the event added last
     * @throws IllegalStateException if subjects were numbers so far
     */
    @Override
    public void add(String subject, String event, long epochMicros, EventSource.PropertyLookup properties) {
        Objects.requireNonNull(subject, "subject");
        Plan.EventRule rule = accept(event, epochMicros);
        if (plan.groupedBy != null) {
            addGrouped(rule, epochMicros, properties);
            return;
        }
        long mask = rule.match(properties);
        if (matters(mask, rule)) {
            append(textBuffer(), subject, rule, mask, epochMicros, properties);
        }
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if it comes before the event added last
     * @throws IllegalStateException if subjects were text so far
     */
    @Override
    public void add(long subject, String event, long epochMicros, EventSource.PropertyLookup properties) {
        Plan.EventRule rule = accept(event, epochMicros);
        if (plan.groupedBy != null) {
            addGrouped(rule, epochMicros, properties);
            return;
        }
        long mask = rule.match(properties);
        if (matters(mask, rule)) {
            long[] buffer = numberBuffer();
            buffer[batch.size] = subject;
            append(rule, mask, epochMicros, properties);
        }
    }

    private void addGrouped(Plan.EventRule rule, long epochMicros, EventSource.PropertyLookup properties) {
        String group = properties.get(Objects.requireNonNull(plan.groupedBy));
        long mask = group == null ? 0 : rule.match(properties);
        if (group != null && matters(mask, rule)) {
            append(textBuffer(), group, rule, mask, epochMicros, properties);
        }
    }

    /** Checks that an event is in order and finds out what its name means. */
    private Plan.EventRule accept(String event, long epochMicros) {
        if (epochMicros < last || epochMicros > EpochMicros.MAX || epochMicros < EpochMicros.MIN) {
            refuse(epochMicros);
        }
        last = epochMicros;
        return plan.rule(event);
    }

    private void refuse(long epochMicros) {
        if (epochMicros > EpochMicros.MAX || epochMicros < EpochMicros.MIN) {
            throw new IllegalArgumentException(
                    "time must be within 73,000 years of 1970, was " + epochMicros + " microseconds");
        }
        throw new IllegalArgumentException(
                "events must come in order of time, " + EpochMicros.toInstant(epochMicros) + " came after "
                        + EpochMicros.toInstant(last) + "; EventSource.sorted(events) puts a collection into order");
    }

    private boolean matters(long mask, Plan.EventRule rule) {
        return mask != 0 || rule.clears != 0 || plan.needsNoise;
    }

    private String[] textBuffer() {
        if (texts == null) {
            if (numbers != null) {
                throw new IllegalStateException(
                        "subjects of one analysis must be all text or all numbers, were numbers so far");
            }
            texts = new TextIndex();
            batch.texts = new String[batch.capacity()];
        }
        return batch.texts;
    }

    private long[] numberBuffer() {
        if (numbers == null) {
            if (texts != null) {
                throw new IllegalStateException(
                        "subjects of one analysis must be all text or all numbers, were text so far");
            }
            numbers = new LongIndex();
            batch.numbers = new long[batch.capacity()];
        }
        return batch.numbers;
    }

    private void append(
            String[] buffer,
            String subject,
            Plan.EventRule rule,
            long mask,
            long epochMicros,
            EventSource.PropertyLookup properties) {
        buffer[batch.size] = subject;
        append(rule, mask, epochMicros, properties);
    }

    private void append(Plan.EventRule rule, long mask, long epochMicros, EventSource.PropertyLookup properties) {
        int at = batch.size;
        batch.times[at] = epochMicros;
        batch.masks[at] = mask;
        if (plan.hasExtras) {
            appendExtras(at, rule, mask, properties);
        }
        batch.size = at + 1;
        if (at + 1 == batch.capacity()) {
            drain(batch.closed());
            if (batch.size == batch.capacity()) {
                batch.grow();
            }
        }
    }

    private void appendExtras(int at, Plan.EventRule rule, long mask, EventSource.PropertyLookup properties) {
        if (plan.hasExclusions) {
            batch.clears[at] = rule.clears;
        }
        if (plan.heldConstant != null) {
            batch.held[at] = mask == 0 ? null : properties.get(plan.heldConstant);
        }
        if (plan.breakdown != null) {
            String value = mask == 0 ? null : properties.get(plan.breakdown);
            batch.groups[at] = value == null ? 0 : groupNumbers.computeIfAbsent(value, this::newGroup);
        }
    }

    private int newGroup(String value) {
        groups.add(value);
        return groups.size() - 1;
    }

    /** Lets the first events of the batch count. */
    private void drain(int end) {
        if (end == 0) {
            return;
        }
        if (numbers != null) {
            numbers.resolve(batch.numbers, batch.slots, end);
        } else if (texts != null) {
            texts.resolve(batch.texts, batch.slots, end);
        }
        if (plan.firstEver != 0) {
            keepFirstEver(end);
        }
        if (plan.heldConstant != null) {
            dropWithoutHeldValue(end);
        }
        batch.sortInstants(end);
        if (plan.breakdown != null) {
            rememberGroups(end);
        }
        engine.process(batch, end, subjects());
        batch.removeFirst(end);
    }

    private void keepFirstEver(int end) {
        if (seen.length < subjects()) {
            seen = Arrays.copyOf(seen, subjects() + subjects() / 2);
        }
        for (int i = 0; i < end; i++) {
            long first = batch.masks[i] & plan.firstEver;
            int slot = batch.slots[i];
            batch.masks[i] &= ~(first & seen[slot]);
            seen[slot] |= first;
        }
    }

    private void dropWithoutHeldValue(int end) {
        for (int i = 0; i < end; i++) {
            if (batch.held[i] == null) {
                batch.masks[i] = 0;
            }
        }
    }

    private void rememberGroups(int end) {
        if (groupOf.length < subjects()) {
            groupOf = Arrays.copyOf(groupOf, subjects() + subjects() / 2);
        }
        for (int i = 0; i < end; i++) {
            int slot = batch.slots[i];
            if (groupOf[slot] == 0 && batch.masks[i] != 0 && batch.times[i] >= plan.from) {
                groupOf[slot] = batch.groups[i];
            }
        }
    }

    private int subjects() {
        return numbers != null ? numbers.size() : texts != null ? texts.size() : 0;
    }

    private String subject(int slot) {
        return numbers != null
                ? Long.toString(numbers.key(slot))
                : Objects.requireNonNull(texts).key(slot);
    }

    /**
     * Reports as of the latest event added so far. More events may follow.
     *
     * @return the report
     */
    public FunnelReport report() {
        return report(last, latest());
    }

    /**
     * Reports on the events added so far as of the given instant. More events may follow.
     *
     * @param now what divides subjects in progress from those that dropped
     * @return the report
     */
    public FunnelReport report(Instant now) {
        return report(EpochMicros.of(now), Optional.of(now));
    }

    private FunnelReport report(long now, Optional<Instant> asOf) {
        drain(batch.size);
        Tally tally = new Tally(query);
        Chain chain = new Chain(plan.steps);
        for (int slot = 0; slot < subjects(); slot++) {
            if (engine.read(slot, chain)) {
                tally.add(chain, status(chain, now), plan.breakdown == null ? null : groups.get(groupOf[slot]));
            }
        }
        return tally.report(asOf);
    }

    private Optional<Instant> latest() {
        return last == Long.MIN_VALUE ? Optional.empty() : Optional.of(EpochMicros.toInstant(last));
    }

    private SubjectPath.Status status(Chain chain, long now) {
        if (isConverted(chain)) {
            return SubjectPath.Status.CONVERTED;
        }
        return plan.isOver(chain.latestEntry, now) ? SubjectPath.Status.DROPPED : SubjectPath.Status.IN_PROGRESS;
    }

    private boolean isConverted(Chain chain) {
        return depth(chain) == plan.steps;
    }

    private int depth(Chain chain) {
        return plan.order == FunnelQuery.Order.ANY ? chain.length : chain.steps[chain.length - 1] + 1;
    }

    /**
     * Says of every subject that entered how far it came, as of the latest event added so far.
     *
     * @return the paths in the order in which the subjects were first seen; to be read before more events are added
     */
    public Stream<SubjectPath> paths() {
        return paths(last);
    }

    /**
     * Says of every subject that entered how far it came, as of the given instant.
     *
     * @param now what divides subjects in progress from those that dropped
     * @return the paths in the order in which the subjects were first seen; to be read before more events are added
     */
    public Stream<SubjectPath> paths(Instant now) {
        return paths(EpochMicros.of(now));
    }

    private Stream<SubjectPath> paths(long now) {
        drain(batch.size);
        return IntStream.range(0, subjects()).mapToObj(slot -> path(slot, now)).flatMap(Optional::stream);
    }

    private Optional<SubjectPath> path(int slot, long now) {
        Chain chain = new Chain(plan.steps);
        if (!engine.read(slot, chain)) {
            return Optional.empty();
        }
        Map<String, Instant> times = new LinkedHashMap<>();
        for (int i = 0; i < chain.length; i++) {
            times.put(query.steps().get(chain.steps[i]).name(), EpochMicros.toInstant(chain.times[i]));
        }
        return Optional.of(new SubjectPath(subject(slot), depth(chain), status(chain, now), times));
    }

    /**
     * Finds out which early behaviour goes with conversion. Reads the source twice.
     *
     * <p>Subjects still in progress count as not converted. If a step matches any event there is nothing left to compare, and the
     * answer has no behaviours.
     *
     * @param query what conversion is
     * @param source the events in order of time; must bring the same events at both reads
     * @return the events that are neither steps nor excluded, with their odds ratios
     * @throws IllegalArgumentException if an event comes before the one pushed last
     * @throws IllegalStateException if the source can be read once only
     */
    public static Correlation correlate(FunnelQuery query, EventSource source) {
        FunnelAnalysis analysis = of(query);
        source.read(analysis);
        BehaviourCount count = analysis.behaviourCount();
        source.read(count);
        return count.correlation();
    }

    private BehaviourCount behaviourCount() {
        drain(batch.size);
        BehaviourCount count = new BehaviourCount(this, plan, subjects());
        Chain chain = new Chain(plan.steps);
        for (int slot = 0; slot < subjects(); slot++) {
            if (engine.read(slot, chain)) {
                count.expect(slot, chain, isConverted(chain));
            }
        }
        return count;
    }

    /** The slot of a subject, or −1. */
    int find(String subject) {
        return texts == null ? -1 : texts.find(subject);
    }

    /** The slot of a subject known by number, or −1. */
    int find(long subject) {
        return numbers == null ? -1 : numbers.find(subject);
    }
}
