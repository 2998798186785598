package io.plg.examples.replay;

import io.plg.UserId;
import io.plg.examples.replay.ReferralRows.Entry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The files of one run. A row that cannot be read counts as rejected, and nobody is seen by it.
 *
 * @param files where the rows are
 * @param format how they are written
 * @param timeColumn the column of the time, if there is one
 * @param rejected takes the rows that cannot be read
 * @param progress is told what was read
 */
record ReferralFiles(
        List<Path> files, TableFormat format, Optional<String> timeColumn, RejectedRows rejected, Progress progress) {

    ReferralFiles {
        files = List.copyOf(files);
    }

    /** Reads who invited whom. */
    ReferralRows edges(String inviterColumn, String inviteeColumn) {
        var entries = new ArrayList<Entry>();
        for (Path file : files) {
            try (Table table = Table.open(file, format, progress)) {
                Column inviter = table.column("--inviter-column", inviterColumn);
                Column invitee = table.column("--invitee-column", inviteeColumn);
                Optional<Column> time = timeColumn(table);
                table.forEachRow(rejected.unreadable(), row -> {
                    String by = id(row, inviter);
                    entries.add(new Entry(id(row, invitee), by, time(row, time)));
                });
            }
        }
        return rows(entries, Map.of(), false);
    }

    /** Reads which codes members were given, and with which they came. */
    ReferralRows members(String memberColumn, String redeemedColumn, List<String> issuedColumns) {
        var entries = new ArrayList<Entry>();
        var owners = new HashMap<String, String>();
        for (Path file : files) {
            try (Table table = Table.open(file, format, progress)) {
                Column member = table.column("--member-column", memberColumn);
                Column redeemed = table.column("--redeemed-column", redeemedColumn);
                List<Column> issued = issuedColumns.stream()
                        .map(name -> table.column("--issued-column", name))
                        .toList();
                Optional<Column> time = timeColumn(table);
                table.forEachRow(rejected.unreadable(), row -> {
                    String who = id(row, member);
                    String with = code(row, redeemed).orElse(null);
                    List<String> codes = issued.stream()
                            .flatMap(column -> code(row, column).stream())
                            .toList();
                    entries.add(new Entry(who, with, time(row, time)));
                    codes.forEach(code -> owners.putIfAbsent(code, who));
                });
            }
        }
        return rows(entries, owners, true);
    }

    private ReferralRows rows(List<Entry> entries, Map<String, String> owners, boolean byCode) {
        entries.sort(Comparator.comparingLong(Entry::micros)); // stable: at one instant the order of the files stays
        return new ReferralRows(entries, timeColumn.isPresent(), owners, byCode);
    }

    private Optional<Column> timeColumn(Table table) {
        return timeColumn.map(reference -> table.column("--time-column", reference));
    }

    private String id(Row row, Column column) {
        String text = needed(row, column);
        try {
            return UserId.of(text).value();
        } catch (IllegalArgumentException e) {
            throw rejected.unreadable(RejectedRows.BAD_ID, row.bad("column " + column.name() + ": " + e.getMessage()));
        }
    }

    private long time(Row row, Optional<Column> column) {
        if (column.isEmpty()) {
            return 0;
        }
        needed(row, column.get());
        try {
            return row.time(column.get());
        } catch (BadInput e) {
            throw rejected.unreadable(RejectedRows.BAD_TIME, e);
        }
    }

    /** Codes are compared as the library compares its own. */
    private Optional<String> code(Row row, Column column) {
        return optional(row, column).map(text -> text.toUpperCase(Locale.ROOT));
    }

    private String needed(Row row, Column column) {
        return optional(row, column)
                .orElseThrow(() -> rejected.unreadable(
                        RejectedRows.MISSING_VALUE, row.bad("column " + column.name() + " must not be empty")));
    }

    private Optional<String> optional(Row row, Column column) {
        try {
            return row.optionalText(column);
        } catch (BadInput e) {
            throw rejected.unreadable(RejectedRows.MISSING_VALUE, e);
        }
    }
}
