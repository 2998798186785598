package io.plg.jdbi;

import io.plg.ChangeFeed;
import io.plg.WorkspaceId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The feed on PostgreSQL. It is exact, whatever the order of commits: a look keeps its snapshot, and the next one returns the changes
 * of those transactions that the kept snapshot did not see as finished. Whether changes were trimmed in between is told by the database.
 */
final class PostgresChangeFeed implements ChangeFeed {
    private static final long TRIM_EVERY = TimeUnit.MINUTES.toNanos(1);
    private static final long KEEP = TimeUnit.MINUTES.toNanos(10);
    private static final int BATCHES = 10;
    private static final int BATCH = 1_000;

    private static final String CHANGES = """
            select snapshot, complete, workspace_id, kind, subject from plg_directory.changes_since(:snapshot)
            """;
    private static final String TRIM = "select plg_directory.trim_changes(:snapshot)";

    private final Session session;
    private final Deque<Look> looks = new ArrayDeque<>();
    private @Nullable String snapshot;

    PostgresChangeFeed(Session session) {
        this.session = session;
    }

    @Override
    public boolean poll(Consumer<Change> changed) {
        List<Row> rows = session.read(
                "read what changed",
                handle -> handle.createQuery(CHANGES)
                        .bind("snapshot", snapshot)
                        .map((rs, ctx) -> {
                            String workspace = rs.getString("workspace_id");
                            return new Row(
                                    rs.getString("snapshot"),
                                    rs.getBoolean("complete"),
                                    workspace == null
                                            ? null
                                            : new Change(
                                                    WorkspaceId.of(workspace),
                                                    rs.getString("kind"),
                                                    rs.getString("subject")));
                        })
                        .list());
        var changes = new ArrayList<Change>();
        for (Row row : rows) {
            if (row.change() != null) {
                changes.add(row.change());
            }
        }
        Row look = rows.get(0);
        if (look.complete()) {
            changes.forEach(changed);
        }
        snapshot = look.snapshot();
        trim(look.snapshot());
        return look.complete();
    }

    /** Once a minute: removes what every look of the last ten minutes could see. */
    private void trim(String now) {
        Look last = looks.peekLast();
        long time = System.nanoTime();
        if (last != null && time - last.time() < TRIM_EVERY) {
            return;
        }
        looks.addLast(new Look(time, now));
        String old = null;
        for (Look first = looks.peekFirst(); first != null && time - first.time() >= KEEP; first = looks.peekFirst()) {
            old = first.snapshot();
            looks.removeFirst();
        }
        if (old != null) {
            String before = old;
            for (int removed = BATCH, i = 0; removed == BATCH && i < BATCHES; i++) {
                removed = session.call(
                        "trim the feed of changes",
                        handle -> handle.createQuery(TRIM)
                                .bind("snapshot", before)
                                .mapTo(Integer.class)
                                .one());
            }
        }
    }

    private record Row(
            String snapshot, boolean complete, @Nullable Change change) {}

    private record Look(long time, String snapshot) {}
}
