package io.plg.internal;

import io.plg.WorkspaceId;
import io.plg.activation.ActivationFunnel;
import io.plg.virality.KFactor;
import io.plg.virality.ViralCycle;
import io.plg.virality.Virality;
import io.plg.virality.ViralityStore;
import java.time.Duration;
import java.time.Instant;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.Optional;

/** How the users of one workspace bring users in one program. */
final class ViralityView implements Virality {
    private static final Duration LONGEST = Duration.ofDays(36_500);

    private final PlgRuntime plg;
    private final WorkspaceId workspace;
    private final String program;

    ViralityView(PlgRuntime plg, WorkspaceId workspace, String program) {
        this.plg = plg;
        this.workspace = workspace;
        this.program = program;
    }

    @Override
    public Optional<KFactor> k(Instant from, Instant to, Duration window) {
        return k(Range.of(from, to), window);
    }

    @Override
    public Optional<KFactor> k(YearMonth month, Duration window) {
        if (month.getYear() < 1 || month.getYear() > 9998) {
            throw new IllegalArgumentException("month must be in the years 1 to 9998, was " + month);
        }
        return k(Range.of(start(month), start(month.plusMonths(1))), window);
    }

    private Optional<KFactor> k(Range range, Duration window) {
        checkWindow(window);
        return KFactor.ofCohort(
                plg.stores().virality().counts(workspace, loop(plg, program), range.from(), range.to(), window),
                window,
                range.isMature(window, plg.now()));
    }

    private static Instant start(YearMonth month) {
        return month.atDay(1).atStartOfDay(ZoneOffset.UTC).toInstant();
    }

    @Override
    public Optional<KFactor> kOfGraph() {
        return KFactor.ofGraph(plg.stores().virality().countsOfGraph(workspace, program));
    }

    @Override
    public Optional<ViralCycle> cycleTime(Instant from, Instant to) {
        Range range = Range.of(from, to);
        return plg.stores().virality().cycle(workspace, loop(plg, program), range.from(), range.to());
    }

    /** By what is known of a program now: its funnel may be another one tomorrow. */
    static ViralityStore.Loop loop(PlgRuntime plg, String program) {
        ActivationFunnel funnel = plg.funnelOf(ReferralsView.known(plg, program))
                .orElseThrow(() -> new IllegalStateException(
                        "this Plg has no funnels, so nobody is activated; say funnel(…) where it is built"));
        return new ViralityStore.Loop(program, funnel.name(), funnel.aha().name());
    }

    static void checkWindow(Duration window) {
        if (window.isZero() || window.isNegative()) {
            throw new IllegalArgumentException("window must be positive, was " + window);
        }
        if (window.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(
                    "window must be at most " + LONGEST.toDays() + " days, was " + window.toDays() + " days");
        }
        if (window.getNano() % 1_000 != 0) {
            throw new IllegalArgumentException("window must be a whole number of microseconds, was " + window);
        }
    }

    @Override
    public String toString() {
        return "virality of workspace " + workspace + " in program " + program;
    }

    /** The time of a cohort, in microseconds as all times are stored. */
    record Range(Instant from, Instant to) {
        private static final Instant EARLIEST = Instant.parse("0001-01-01T00:00:00Z");
        private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59.999999Z");

        static Range of(Instant from, Instant to) {
            Range range = new Range(storable("from", from), storable("to", to));
            if (!range.from.isBefore(range.to)) {
                throw new IllegalArgumentException("from must be before to, was " + from + " and " + to);
            }
            return range;
        }

        private static Instant storable(String field, Instant time) {
            Instant stored = Objects.requireNonNull(time, field).truncatedTo(ChronoUnit.MICROS);
            if (stored.isBefore(EARLIEST) || stored.isAfter(LATEST)) {
                throw new IllegalArgumentException(
                        field + " must be between " + EARLIEST + " and " + LATEST + ", was " + time);
            }
            return stored;
        }

        boolean isMature(Duration window, Instant now) {
            return !to.plus(window).isAfter(now);
        }
    }
}
