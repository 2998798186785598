package io.plg.examples.replay;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The event files of one run.
 *
 * @param logs files with a column for the event's name
 * @param steps files of which every row is the same event, by the event's name
 * @param format how their rows are written
 * @param userColumn the column of the user
 * @param eventColumn the column of the event's name, if there is one
 * @param timeColumn the column of the time, if there is one
 */
record EventFiles(
        List<Path> logs,
        Map<String, Path> steps,
        TableFormat format,
        String userColumn,
        Optional<String> eventColumn,
        Optional<String> timeColumn) {

    EventFiles {
        logs = List.copyOf(logs);
        steps = Collections.unmodifiableMap(new LinkedHashMap<>(steps));
    }

    /**
     * What was found in the files.
     *
     * @param rows how many events
     * @param latest the time of the latest one, if there is any
     * @param names the names of all events, of interest to a question or not
     */
    record Found(long rows, OptionalLong latest, Set<String> names) {}

    List<Path> all() {
        var all = new ArrayList<>(logs);
        all.addAll(steps.values());
        return all;
    }

    Found read(EventStore store, FunnelQuestion question, UserFacts users, BadRows badRows, Progress progress) {
        var reading = new Reading(store, question, users, badRows, progress);
        logs.forEach(reading::readLog);
        steps.forEach((event, file) -> reading.readStep(file, event));
        return reading.finish();
    }

    private final class Reading {
        private final EventStore store;
        private final FunnelQuestion question;
        private final UserFacts users;
        private final BadRows badRows;
        private final Progress progress;
        private final Set<String> names = new HashSet<>();
        private final Optional<String> breakdownInEvents;
        private boolean breakdownFound;
        private @Nullable BadInput breakdownMissing;
        private long rows;
        private long latest = Long.MIN_VALUE;

        Reading(EventStore store, FunnelQuestion question, UserFacts users, BadRows badRows, Progress progress) {
            this.store = store;
            this.question = question;
            this.users = users;
            this.badRows = badRows;
            this.progress = progress;
            this.breakdownInEvents = users.knowSegments() ? Optional.empty() : question.breakdown();
        }

        void readLog(Path file) {
            try (Table table = Table.open(file, format, progress)) {
                Column name = table.column("--event-column", eventColumn.orElseThrow());
                read(table, row -> row.text(name));
            }
        }

        void readStep(Path file, String event) {
            try (Table table = Table.open(file, format, progress)) {
                read(table, row -> event);
            }
        }

        private void read(Table table, Function<Row, String> event) {
            Column user = table.column("--user-column", userColumn);
            Optional<Column> time = timeColumn.map(reference -> table.column("--time-column", reference));
            Optional<Column> segment = breakdownColumn(table);
            table.forEachRow(badRows, row -> {
                String name = event.apply(row);
                String who = row.text(user);
                long micros = time.isPresent() ? row.time(time.get()) : 0;
                add(who, name, micros, segment.flatMap(row::optionalText).orElse(null));
            });
        }

        private Optional<Column> breakdownColumn(Table table) {
            if (breakdownInEvents.isEmpty()) {
                return Optional.empty();
            }
            Optional<Column> found = table.findColumn("--breakdown", breakdownInEvents.get());
            breakdownFound |= found.isPresent();
            if (breakdownMissing == null) {
                breakdownMissing = table.missing("--breakdown", breakdownInEvents.get());
            }
            return found;
        }

        private void add(String user, String event, long micros, @Nullable String eventSegment) {
            rows++;
            latest = Math.max(latest, micros);
            names.add(event);
            UserFacts.Fact fact = users.of(user);
            if (question.admits(fact)) {
                String segment = users.knowSegments() ? fact.segment() : eventSegment;
                store.add(user, event, micros, segment, enteredIn(fact));
            }
        }

        private @Nullable String enteredIn(UserFacts.Fact fact) {
            if (question.period().isEmpty() || fact.enteredAt().isEmpty()) {
                return null;
            }
            return question.period().get().startOf(fact.enteredAt().getAsLong()).toString();
        }

        Found finish() {
            if (breakdownMissing != null && !breakdownFound) {
                throw breakdownMissing;
            }
            return new Found(rows, rows == 0 ? OptionalLong.empty() : OptionalLong.of(latest), names);
        }
    }
}
