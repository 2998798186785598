package io.plg.jdbi;

import io.plg.ChangeFeed;
import io.plg.WorkspaceId;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The feed on H2, by the time at which a change was noted, and looking back by a minute: a change whose transaction goes on for longer than
 * that may be missed. H2 tells no reader which transactions were running.
 */
final class H2ChangeFeed implements ChangeFeed {
    private static final Duration OVERLAP = Duration.ofSeconds(60);
    private static final Duration AWAY = Duration.ofMinutes(5);
    private static final Duration KEEP = Duration.ofMinutes(10);
    private static final Duration TRIM_EVERY = Duration.ofMinutes(1);

    private static final String NOW = "select current_timestamp(6)";
    private static final String CHANGES = """
            select seq, workspace_id, kind, subject from plg_directory.change_feed where noted_at >= :since
            """;
    private static final String TRIM = "delete from plg_directory.change_feed where noted_at < :before";

    private final Session session;
    private Map<Long, Change> reported = Map.of();
    private @Nullable OffsetDateTime looked;
    private @Nullable OffsetDateTime trimmed;

    H2ChangeFeed(Session session) {
        this.session = session;
    }

    @Override
    public boolean poll(Consumer<Change> changed) {
        OffsetDateTime now = session.read(
                "read what changed",
                handle -> handle.createQuery(NOW).mapTo(OffsetDateTime.class).one());
        OffsetDateTime since = looked;
        if (since == null || Duration.between(since, now).compareTo(AWAY) > 0) {
            reported = changesSince(now);
            looked = now;
            return false;
        }
        Map<Long, Change> found = changesSince(since);
        found.forEach((seq, change) -> {
            if (!reported.containsKey(seq)) {
                changed.accept(change);
            }
        });
        reported = found;
        looked = now;
        trim(now);
        return true;
    }

    private Map<Long, Change> changesSince(OffsetDateTime time) {
        List<Map.Entry<Long, Change>> rows = session.read(
                "read what changed",
                handle -> handle.createQuery(CHANGES)
                        .bind("since", time.minus(OVERLAP))
                        .map((rs, ctx) -> Map.entry(
                                rs.getLong("seq"),
                                new Change(
                                        WorkspaceId.of(rs.getString("workspace_id")),
                                        rs.getString("kind"),
                                        rs.getString("subject"))))
                        .list());
        var changes = new HashMap<Long, Change>();
        rows.forEach(row -> changes.put(row.getKey(), row.getValue()));
        return changes;
    }

    private void trim(OffsetDateTime now) {
        if (trimmed != null && Duration.between(trimmed, now).compareTo(TRIM_EVERY) < 0) {
            return;
        }
        trimmed = now;
        session.call(
                "trim the feed of changes",
                handle -> handle.createUpdate(TRIM)
                        .bind("before", now.minus(KEEP))
                        .execute());
    }
}
