package io.plg.examples.replay;

import io.plg.funnel.FunnelQuery.EntryPeriod;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.TemporalAdjusters;

/** Calendar periods in UTC: ISO weeks from Monday, and months. */
enum EntryPeriods {
    WEEK(EntryPeriod.WEEK) {
        @Override
        LocalDate start(LocalDate day) {
            return day.with(TemporalAdjusters.previousOrSame(DayOfWeek.MONDAY));
        }

        @Override
        LocalDate next(LocalDate start) {
            return start.plusWeeks(1);
        }
    },
    MONTH(EntryPeriod.MONTH) {
        @Override
        LocalDate start(LocalDate day) {
            return day.withDayOfMonth(1);
        }

        @Override
        LocalDate next(LocalDate start) {
            return start.plusMonths(1);
        }
    };

    private final EntryPeriod inLibrary;

    EntryPeriods(EntryPeriod inLibrary) {
        this.inLibrary = inLibrary;
    }

    abstract LocalDate start(LocalDate day);

    abstract LocalDate next(LocalDate start);

    EntryPeriod inLibrary() {
        return inLibrary;
    }

    /** The head of a list of such periods. */
    String label() {
        return this == WEEK ? "week of" : "month of";
    }

    LocalDate startOf(long micros) {
        return start(LocalDate.ofEpochDay(Math.floorDiv(micros, 86_400_000_000L)));
    }

    static Instant instant(LocalDate day) {
        return day.atStartOfDay(ZoneOffset.UTC).toInstant();
    }
}
