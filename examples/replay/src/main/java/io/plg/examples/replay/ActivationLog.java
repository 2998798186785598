package io.plg.examples.replay;

import io.plg.Plg;
import io.plg.activation.Activation;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.ActivationReport;
import io.plg.activation.Cohort;
import io.plg.activation.Step;
import io.plg.activation.StepCompletion;
import io.plg.funnel.FunnelReport;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Tells plg who signed up and who was activated, and asks it for the reports. */
final class ActivationLog {

    /** The funnel of every replay: its first step is the sign-up, its second one the aha. */
    static final ActivationFunnel FUNNEL =
            ActivationFunnel.named("replay").step("signed_up").aha("activated").build();

    private static final Step SIGNED_UP = FUNNEL.step("signed_up");
    private static final String BY = "by";
    private static final int BATCH = 2_000;

    private final String workspace;
    private final Optional<EntryPeriods> period;
    private final Set<String> users = new HashSet<>();
    private final Set<LocalDate> starts = new TreeSet<>();
    private final List<StepCompletion> batch = new ArrayList<>(BATCH);
    private @Nullable Activation activation;
    private long repeated;

    /**
     * A log that nobody has told anything yet.
     *
     * @param workspace in which workspace the facts are
     * @param period the periods to report by
     */
    ActivationLog(String workspace, Optional<EntryPeriods> period) {
        this.workspace = workspace;
        this.period = period;
    }

    /**
     * Begins recording.
     *
     * @param plg built with {@link #FUNNEL}; bound to a transaction if all is to be stored or nothing
     */
    void begin(Plg plg) {
        activation = plg.workspace(workspace).activation(FUNNEL);
    }

    /**
     * Adds a user. Of several rows on one user the first counts.
     *
     * @param user who
     * @param signedUpAt when the user signed up, in microseconds since 1970
     * @param activatedAt when the user was activated, if so
     * @param by the value to tell users apart by, if there is one
     * @throws IllegalArgumentException if the library cannot take one of these values
     */
    void add(String user, long signedUpAt, OptionalLong activatedAt, @Nullable String by) {
        StepCompletion signUp = SIGNED_UP.by(user).at(Micros.toInstant(signedUpAt));
        if (by != null) {
            signUp = signUp.with(BY, by);
        }
        if (!users.add(user)) {
            repeated++;
            return;
        }
        batch.add(signUp);
        if (activatedAt.isPresent()) {
            batch.add(FUNNEL.aha().by(user).at(Micros.toInstant(activatedAt.getAsLong())));
        }
        period.ifPresent(each -> starts.add(each.startOf(signedUpAt)));
        if (batch.size() >= BATCH) {
            flush();
        }
    }

    /** Ends recording. */
    void end() {
        flush();
        activation = null;
    }

    private void flush() {
        Objects.requireNonNull(activation).completeAll(batch);
        batch.clear();
    }

    /** How many rows were about a user who had been there before. */
    long repeated() {
        return repeated;
    }

    ActivationAnswer answer(Plg plg, Optional<String> byColumn, String store, boolean simulated) {
        Activation stored = plg.workspace(workspace).activation(FUNNEL);
        Cohort everyone = Cohort.everyone();
        List<ActivationAnswer.Period> periods = starts.stream()
                .map(start -> new ActivationAnswer.Period(start, stored.report(cohort(start))))
                .toList();
        return new ActivationAnswer(
                stored.report(everyone),
                byColumn,
                byColumn.isPresent() ? named(stored.reportBy(everyone, BY)) : Map.of(),
                period,
                periods,
                store,
                simulated);
    }

    private Cohort cohort(LocalDate start) {
        LocalDate end = period.orElseThrow().next(start);
        return Cohort.signedUpBetween(EntryPeriods.instant(start), EntryPeriods.instant(end));
    }

    private static Map<String, ActivationReport> named(Map<String, ActivationReport> reports) {
        var named = new LinkedHashMap<String, ActivationReport>();
        reports.forEach((value, report) -> named.put(value.isEmpty() ? FunnelReport.NO_VALUE : value, report));
        return named;
    }
}
