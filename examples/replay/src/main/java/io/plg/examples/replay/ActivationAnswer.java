package io.plg.examples.replay;

import io.plg.activation.ActivationReport;
import java.time.LocalDate;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the library says about the activation of the users of a file.
 *
 * @param report about everybody
 * @param byColumn the column by which it is told apart, if asked for
 * @param by the same by value of that column
 * @param period the kind of period, if asked for
 * @param periods the same by period of sign-up, in order of time, without those in which nobody signed up
 * @param store where the data lay
 * @param simulated whether the users were made up by the simulator
 */
record ActivationAnswer(
        ActivationReport report,
        Optional<String> byColumn,
        Map<String, ActivationReport> by,
        Optional<EntryPeriods> period,
        List<Period> periods,
        String store,
        boolean simulated) {

    /**
     * The users who signed up in one period.
     *
     * @param start its first day
     * @param report about them
     */
    record Period(LocalDate start, ActivationReport report) {}

    ActivationAnswer {
        by = Collections.unmodifiableMap(new LinkedHashMap<>(by));
        periods = List.copyOf(periods);
    }

    String input() {
        return Words.count(report.signedUp(), "user") + (simulated ? ", simulated" : "") + " · " + store;
    }
}
