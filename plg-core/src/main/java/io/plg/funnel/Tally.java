package io.plg.funnel;

import io.plg.stats.DurationSummary;
import io.plg.stats.Histogram;
import io.plg.stats.Rate;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Counts chains into a report, and into reports by group and by period. */
final class Tally {

    private final FunnelQuery query;
    private final long[] reached;
    private final Times[] times;
    private final Times total = new Times();
    private long entered;
    private long converted;
    private long inProgress;
    private final Map<String, Tally> groups = new HashMap<>();
    private final TreeMap<LocalDate, Tally> periods = new TreeMap<>();

    Tally(FunnelQuery query) {
        this.query = query;
        this.reached = new long[query.steps().size()];
        this.times = new Times[query.steps().size()];
        Arrays.setAll(times, step -> new Times());
    }

    /** Counts a chain here, in its group if it has one, and in the periods of both. */
    void add(Chain chain, SubjectPath.Status status, @Nullable String group) {
        count(chain, status);
        Optional<LocalDate> period = query.entryPeriod().map(kind -> start(kind, chain.entry()));
        period.ifPresent(
                start -> periods.computeIfAbsent(start, day -> new Tally(query)).count(chain, status));
        if (group != null) {
            groups.computeIfAbsent(group, value -> new Tally(query)).add(chain, status, null);
        }
    }

    private void count(Chain chain, SubjectPath.Status status) {
        entered++;
        boolean anyOrder = query.order() == FunnelQuery.Order.ANY;
        for (int i = 0; i < chain.length; i++) {
            int step = anyOrder ? i : chain.steps[i];
            reached[step]++;
            if (i > 0) {
                times[step].add(chain.times[i] - chain.times[i - 1]);
            }
        }
        switch (status) {
            case CONVERTED -> {
                converted++;
                total.add(chain.times[chain.length - 1] - chain.entry());
            }
            case IN_PROGRESS -> inProgress++;
            case DROPPED -> {}
        }
    }

    private static LocalDate start(FunnelQuery.EntryPeriod kind, long entry) {
        LocalDate day = LocalDate.ofEpochDay(Math.floorDiv(entry, 86_400_000_000L));
        return switch (kind) {
            case WEEK -> day.minusDays(day.getDayOfWeek().getValue() - 1);
            case MONTH -> day.withDayOfMonth(1);
        };
    }

    FunnelReport report(Optional<Instant> asOf) {
        long dropped = entered - converted - inProgress;
        long[] sorted = total.sorted();
        return new FunnelReport(
                asOf,
                entered,
                converted,
                inProgress,
                dropped,
                new Rate(converted, entered),
                new Rate(converted, converted + dropped),
                steps(),
                DurationSummary.ofSortedMicros(sorted),
                Histogram.ofSortedMicros(sorted),
                breakdown(asOf),
                periods.entrySet().stream()
                        .map(period -> new FunnelReport.Period(
                                period.getKey(), period.getValue().report(asOf)))
                        .toList());
    }

    private List<FunnelReport.Step> steps() {
        List<FunnelReport.Step> lines = new ArrayList<>();
        long previous = entered; // reached the nearest required step before
        for (int i = 0; i < reached.length; i++) {
            FunnelStep step = query.steps().get(i);
            lines.add(new FunnelReport.Step(
                    step.name(),
                    step.isOptional(),
                    reached[i],
                    new Rate(reached[i], entered),
                    new Rate(reached[i], previous),
                    DurationSummary.ofSortedMicros(times[i].sorted())));
            previous = step.isOptional() ? previous : reached[i];
        }
        return lines;
    }

    private Map<String, FunnelReport> breakdown(Optional<Instant> asOf) {
        Map<String, FunnelReport> reports = new LinkedHashMap<>();
        groups.entrySet().stream()
                .sorted(Comparator.comparingLong((Map.Entry<String, Tally> group) -> -group.getValue().entered)
                        .thenComparing(Map.Entry::getKey))
                .forEach(group -> reports.put(group.getKey(), group.getValue().report(asOf)));
        return reports;
    }

    /** A growing list of times in microseconds. */
    private static final class Times {
        private long[] values = {};
        private int size;

        void add(long value) {
            if (size == values.length) {
                values = Arrays.copyOf(values, size + (size >> 1) + 16);
            }
            values[size] = value;
            size++;
        }

        long[] sorted() {
            long[] sorted = Arrays.copyOf(values, size);
            Arrays.sort(sorted);
            return sorted;
        }
    }
}
