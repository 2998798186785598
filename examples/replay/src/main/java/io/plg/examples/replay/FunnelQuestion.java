package io.plg.examples.replay;

import io.plg.funnel.EventSource;
import io.plg.funnel.FunnelAnalysis;
import io.plg.funnel.FunnelQuery;
import io.plg.funnel.FunnelQuery.Order;
import io.plg.funnel.FunnelReport;
import io.plg.funnel.FunnelReport.Period;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What the user wants to know about a funnel.
 *
 * @param steps the steps
 * @param order how they must follow each other
 * @param window the longest time from the first step to the last, if limited
 * @param from the first instant of entries, inclusive
 * @param to the last instant of entries, exclusive
 * @param breakdown the column by which to break down
 * @param period the calendar periods by which to tell entries apart
 * @param timed whether the events have times; if not, nothing that needs times is asked
 * @param enteredByUsersFile whether the time of entry comes from the users file instead of the first step's event
 */
record FunnelQuestion(
        List<StepSpec> steps,
        Order order,
        Optional<Duration> window,
        Optional<Instant> from,
        Optional<Instant> to,
        Optional<String> breakdown,
        Optional<EntryPeriods> period,
        boolean timed,
        boolean enteredByUsersFile) {

    /** The question in the library's words. What the users file decides about entries is not part of it. */
    FunnelQuery query() {
        FunnelQuery.Builder query = FunnelQuery.builder().order(order);
        steps.forEach(step -> query.step(step.toStep()));
        window.ifPresentOrElse(query::window, query::noWindow);
        breakdown.ifPresent(column -> query.breakdownBy(EventStore.SEGMENT));
        if (!enteredByUsersFile) {
            from.ifPresent(query::from);
            to.ifPresent(query::to);
            period.ifPresent(each -> query.every(each.inLibrary()));
        }
        return query.build();
    }

    /** Whether a user who entered at that time counts, where the users file knows when users entered. */
    boolean admits(UserFacts.Fact fact) {
        if (!enteredByUsersFile || (from.isEmpty() && to.isEmpty())) {
            return true;
        }
        if (fact.enteredAt().isEmpty()) {
            return false;
        }
        Instant at = Micros.toInstant(fact.enteredAt().getAsLong());
        return !from.map(at::isBefore).orElse(false) && to.map(at::isBefore).orElse(true);
    }

    /**
     * Asks the library.
     *
     * @param events the events in order of time
     * @param asOf what divides those in progress from those who dropped
     */
    FunnelReport ask(EventSource events, Instant asOf) {
        FunnelQuery query = query();
        FunnelReport report;
        if (enteredByUsersFile && period.isPresent()) {
            var byPeriod = new ByPeriod(query);
            events.read(byPeriod);
            report = byPeriod.report(asOf);
        } else {
            report = FunnelAnalysis.run(query, events, asOf);
        }
        return timed ? report : withoutTimes(report);
    }

    private static FunnelReport with(FunnelReport report, Map<String, FunnelReport> breakdown, List<Period> periods) {
        return new FunnelReport(
                report.asOf(),
                report.entered(),
                report.converted(),
                report.inProgress(),
                report.dropped(),
                report.conversion(),
                report.conversionOfFinished(),
                report.steps(),
                report.timeToConvert(),
                report.timeToConvertHistogram(),
                breakdown,
                periods);
    }

    private static FunnelReport withoutTimes(FunnelReport report) {
        var breakdown = new LinkedHashMap<String, FunnelReport>();
        report.breakdown().forEach((value, each) -> breakdown.put(value, withoutTimes(each)));
        List<Period> periods = report.periods().stream()
                .map(each -> new Period(each.start(), withoutTimes(each.report())))
                .toList();
        return new FunnelReport(
                Optional.empty(),
                report.entered(),
                report.converted(),
                report.inProgress(),
                report.dropped(),
                report.conversion(),
                report.conversionOfFinished(),
                report.steps(),
                Optional.empty(),
                Optional.empty(),
                breakdown,
                periods);
    }

    /** One analysis over everybody, and one for each period in which the users file says that users entered. */
    private static final class ByPeriod implements EventSource.Sink {
        private final FunnelQuery query;
        private final FunnelAnalysis everybody;
        private final Map<String, FunnelAnalysis> periods = new TreeMap<>();

        ByPeriod(FunnelQuery query) {
            this.query = query;
            this.everybody = FunnelAnalysis.of(query);
        }

        @Override
        public void add(String subject, String event, long epochMicros, EventSource.PropertyLookup properties) {
            everybody.add(subject, event, epochMicros, properties);
            String period = properties.get(EventStore.ENTERED_IN);
            if (period != null) {
                of(period).add(subject, event, epochMicros, properties);
            }
        }

        @Override
        public void add(long subject, String event, long epochMicros, EventSource.PropertyLookup properties) {
            everybody.add(subject, event, epochMicros, properties);
            String period = properties.get(EventStore.ENTERED_IN);
            if (period != null) {
                of(period).add(subject, event, epochMicros, properties);
            }
        }

        private FunnelAnalysis of(String period) {
            return periods.computeIfAbsent(period, each -> FunnelAnalysis.of(query));
        }

        FunnelReport report(Instant asOf) {
            FunnelReport total = everybody.report(asOf);
            var entries = new ArrayList<Period>();
            periods.forEach((start, analysis) -> {
                FunnelReport report = analysis.report(asOf);
                if (report.entered() > 0) {
                    entries.add(new Period(LocalDate.parse(start), report));
                }
            });
            var breakdown = new LinkedHashMap<String, FunnelReport>();
            total.breakdown()
                    .forEach((value, report) -> breakdown.put(value, with(report, Map.of(), only(value, entries))));
            return with(total, breakdown, whole(entries));
        }

        private static List<Period> only(String value, List<Period> entries) {
            return entries.stream()
                    .filter(each -> each.report().breakdown().containsKey(value))
                    .map(each ->
                            new Period(each.start(), each.report().breakdown().get(value)))
                    .toList();
        }

        private static List<Period> whole(List<Period> entries) {
            return entries.stream()
                    .map(each -> new Period(each.start(), with(each.report(), Map.of(), List.of())))
                    .toList();
        }
    }
}
