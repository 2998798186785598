package io.plg.examples.replay;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** What the users file says of each user; of several rows on one user the first counts. */
final class UserFacts {
    private static final Fact UNKNOWN = new Fact(null, OptionalLong.empty());

    private final Map<String, Fact> facts = new HashMap<>();
    private boolean segments;

    private UserFacts() {}

    /**
     * What is known of one user.
     *
     * @param segment the value of the breakdown column, if there is one
     * @param enteredAt when the user entered, in microseconds since 1970, if that is known
     */
    record Fact(@Nullable String segment, OptionalLong enteredAt) {}

    static UserFacts none() {
        return new UserFacts();
    }

    static UserFacts read(
            List<Path> files,
            TableFormat format,
            String userColumn,
            Optional<String> enteredColumn,
            Optional<String> breakdown,
            BadRows badRows,
            Progress progress) {
        var users = new UserFacts();
        for (Path file : files) {
            try (Table table = Table.open(file, format, progress)) {
                Column user = table.column("--user-column", userColumn);
                Optional<Column> entered = enteredColumn.map(name -> table.column("--entered-column", name));
                Optional<Column> segment = breakdown.flatMap(name -> table.findColumn("--breakdown", name));
                users.segments |= segment.isPresent();
                var values = new Dictionary();
                table.forEachRow(badRows, row -> {
                    OptionalLong enteredAt =
                            entered.isPresent() ? row.optionalTime(entered.get()) : OptionalLong.empty();
                    String value = segment.flatMap(row::optionalText).orElse(null);
                    users.facts.putIfAbsent(row.text(user), new Fact(values.text(values.number(value)), enteredAt));
                });
            }
        }
        return users;
    }

    /** Whether the breakdown column is one of the users file. */
    boolean knowSegments() {
        return segments;
    }

    Fact of(String user) {
        return facts.getOrDefault(user, UNKNOWN);
    }
}
