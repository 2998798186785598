package io.plg.examples.replay;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * One row of a table.
 *
 * @param file where it stands
 * @param line the line on which it begins
 * @param fields its fields
 */
record Row(Path file, long line, List<String> fields) {

    /** A cell that must say something. */
    String text(Column column) {
        String text = cell(column);
        if (text.isBlank()) {
            throw bad("column " + column.name() + " must not be empty");
        }
        return text;
    }

    /** A cell that may be empty, which several programs write in their own ways. */
    Optional<String> optionalText(Column column) {
        String text = cell(column).strip();
        return switch (text) {
            case "", "NA", "NULL", "null", "\\N" -> Optional.empty();
            default -> Optional.of(text);
        };
    }

    /** A cell with a time, in microseconds since 1970. */
    long time(Column column) {
        return micros(column, text(column));
    }

    /** A cell that may have a time, in microseconds since 1970. */
    OptionalLong optionalTime(Column column) {
        Optional<String> text = optionalText(column);
        return text.isPresent() ? OptionalLong.of(micros(column, text.get())) : OptionalLong.empty();
    }

    BadInput bad(String complaint) {
        return BadInput.at(file, line, complaint);
    }

    private String cell(Column column) {
        if (column.index() >= fields.size()) {
            throw bad("expected at least " + (column.index() + 1) + " columns, for column " + column.name() + ", found "
                    + fields.size());
        }
        return fields.get(column.index());
    }

    private long micros(Column column, String text) {
        try {
            return Timestamps.parse(text);
        } catch (IllegalArgumentException e) {
            throw bad("column " + column.name() + " " + e.getMessage());
        }
    }
}
