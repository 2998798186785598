package io.plg.funnel;

import io.plg.stats.DurationSummary;
import io.plg.stats.Histogram;
import io.plg.stats.Rate;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The answer of a funnel analysis as of some instant.
 *
 * <p>Every subject that entered is in exactly one of three states: converted, in progress (its latest entry is less than a window
 * ago) or dropped. Someone still inside the window has not dropped out, hence two rates.
 *
 * @param asOf the instant that divides those in progress from those dropped; empty if there was neither an event nor a "now"
 * @param entered how many subjects did the first step within the date range
 * @param converted how many of them did all steps
 * @param inProgress how many of them may still convert; without a window all that have not
 * @param dropped how many of them ran out of time
 * @param conversion converted of entered
 * @param conversionOfFinished converted of those converted or dropped
 * @param steps one line per step of the query, in its order; in a funnel of any order line i is "any i of the steps"
 * @param timeToConvert the times from the first step to the last of those who converted; empty if nobody did
 * @param timeToConvertHistogram the same times in bins
 * @param breakdown the same report by value of the breakdown property, most entries first; empty if the query asks for none. The
 *     value {@value #NO_VALUE} stands for subjects without the property
 * @param periods the same report by period of entry, in order of time, periods without entries left out; empty if the query asks
 *     for none. The reports of a breakdown have periods too; the reports of periods are not divided further
 */
public record FunnelReport(
        Optional<Instant> asOf,
        long entered,
        long converted,
        long inProgress,
        long dropped,
        Rate conversion,
        Rate conversionOfFinished,
        List<Step> steps,
        Optional<DurationSummary> timeToConvert,
        Optional<Histogram> timeToConvertHistogram,
        Map<String, FunnelReport> breakdown,
        List<Period> periods) {

    /** The key of subjects without a value of the breakdown property. */
    public static final String NO_VALUE = "(none)";

    /**
     * One step's line.
     *
     * @param name the step's name
     * @param optional whether the step may be missing
     * @param converted how many subjects reached the step; for an optional step those whose chain contains it
     * @param rateFromStart of all that entered
     * @param rateFromPrevious of those who reached the nearest required step before; of all that entered for the first step
     * @param timeFromPrevious the times from the step before it in the subject's chain; empty for the first step and if nobody
     *     reached the step
     */
    public record Step(
            String name,
            boolean optional,
            long converted,
            Rate rateFromStart,
            Rate rateFromPrevious,
            Optional<DurationSummary> timeFromPrevious) {}

    /**
     * The report on the entries of one calendar period.
     *
     * @param start the first day of the period in UTC
     * @param report the report on the entries in it
     */
    public record Period(LocalDate start, FunnelReport report) {}

    /** Copies the collections. */
    public FunnelReport {
        steps = List.copyOf(steps);
        breakdown = Collections.unmodifiableMap(new LinkedHashMap<>(breakdown));
        periods = List.copyOf(periods);
    }

    /**
     * Finds a step's line by name.
     *
     * @param name the step's name
     * @return its line
     * @throws IllegalArgumentException if the funnel has no such step
     */
    public Step step(String name) {
        return steps.stream()
                .filter(step -> step.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "step must be one of " + steps.stream().map(Step::name).toList() + ", was '" + name + "'"));
    }

    /**
     * How many subjects reached each step.
     *
     * @return one number per step
     */
    public List<Long> counts() {
        return steps.stream().map(Step::converted).toList();
    }

    /**
     * The median time to convert.
     *
     * @return the median, or empty if nobody converted
     */
    public Optional<Duration> medianTimeToConvert() {
        return timeToConvert.map(DurationSummary::p50);
    }
}
