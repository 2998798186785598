package io.plg.jdbi;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.virality.ViralCounts;
import io.plg.virality.ViralCycle;
import io.plg.virality.ViralityStore;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jdbi.v3.core.statement.Query;

/** Virality on PostgreSQL, with sums per day that are kept as they are asked for. Why they are never old stands with the function {@code plg.viral_counts}. */
final class PostgresViralityStore implements ViralityStore {
    private static final String COUNTS = """
            select refused, members, invitations, senders, converted, squares, invited
            from plg.viral_counts(:workspace, :program, :funnel, :step, :window, cast(:from as timestamptz), cast(:to as timestamptz), :facts)
            """;
    private static final String SUMS = """
            select members, invitations, senders, converted, squares, invited
            from plg.virality_sums(:workspace, :program, :funnel, :step, :window, cast(:from as timestamptz), cast(:to as timestamptz), false)
            """;
    private static final String GRAPH = """
            select coalesce(sum(g.members), 0) as members, coalesce(sum(g.members) filter (where g.parent_id is not null), 0) as converted,
                   coalesce(sum(g.members * g.members) filter (where g.parent_id is not null), 0) as squares
            from (select r.parent_id, count(*) as members from plg.referral r
                  where r.workspace_id = :workspace and r.program = :program group by r.parent_id) g
            """;
    private static final String TURNS = """
            select t.micros from plg.virality_turns(:workspace, :program, :funnel, :step, :from, :to) as t (micros)
            """;
    private static final String CHANGED = "select plg.note_virality(?, ?)";

    private final Session session;

    PostgresViralityStore(Session session) {
        this.session = session;
    }

    @Override
    public ViralCounts counts(WorkspaceId workspace, Loop loop, Instant from, Instant to, Duration window) {
        return counts(workspace, loop, from, to, window, false);
    }

    @Override
    public ViralCounts recomputed(WorkspaceId workspace, Loop loop, Instant from, Instant to, Duration window) {
        return counts(workspace, loop, from, to, window, true);
    }

    private ViralCounts counts(
            WorkspaceId workspace, Loop loop, Instant from, Instant to, Duration window, boolean facts) {
        return session.read(
                "count how users bring users",
                handle -> asked(handle.createQuery(COUNTS), workspace, loop, from, to, window)
                        .bind("facts", facts)
                        .map((rs, ctx) -> {
                            Refusal.check(rs.getString("refused"), workspace, null);
                            return counts(rs);
                        })
                        .one());
    }

    /** As {@link #counts}, for a role that may only read. */
    ViralCounts sums(WorkspaceId workspace, Loop loop, Instant from, Instant to, Duration window) {
        return session.atomically(
                "count how users bring users",
                handle -> Dialect.POSTGRESQL.bound(
                        handle,
                        workspace,
                        bound -> asked(bound.createQuery(SUMS), workspace, loop, from, to, window)
                                .map((rs, ctx) -> counts(rs))
                                .one()));
    }

    @Override
    public ViralCounts countsOfGraph(WorkspaceId workspace, String program) {
        return Dialect.POSTGRESQL.inWorkspace(
                session,
                "count a graph",
                workspace,
                null,
                handle -> handle.createQuery(GRAPH)
                        .bind("workspace", workspace.value())
                        .bind("program", program)
                        .map((rs, ctx) -> new ViralCounts(
                                rs.getLong("members"),
                                OptionalLong.empty(),
                                OptionalLong.empty(),
                                rs.getLong("converted"),
                                rs.getLong("squares")))
                        .one());
    }

    @Override
    public Optional<ViralCycle> cycle(WorkspaceId workspace, Loop loop, Instant from, Instant to) {
        return Dialect.POSTGRESQL.inWorkspace(
                session,
                "measure the viral cycle",
                workspace,
                null,
                handle -> ViralCycle.ofMicros(of(handle.createQuery(TURNS), workspace, loop)
                        .bind("from", StoredUsage.micros(from))
                        .bind("to", StoredUsage.micros(to))
                        .mapTo(Long.class)
                        .stream()
                        .mapToLong(Long::longValue)
                        .toArray()));
    }

    @Override
    public void changed(WorkspaceId workspace, List<UserId> users) {
        String[] ids = users.stream().map(UserId::value).toArray(String[]::new);
        session.store("note how users bring users", new Session.Write(CHANGED, statement -> {
            statement.setString(1, workspace.value());
            statement.setArray(2, statement.getConnection().createArrayOf("text", ids));
        }));
    }

    private static Query asked(
            Query query, WorkspaceId workspace, Loop loop, Instant from, Instant to, Duration window) {
        return of(query, workspace, loop)
                .bind("from", StoredUsage.text(from))
                .bind("to", StoredUsage.text(to))
                .bind("window", window.getSeconds() * 1_000_000 + window.getNano() / 1_000);
    }

    private static Query of(Query query, WorkspaceId workspace, Loop loop) {
        return query.bind("workspace", workspace.value())
                .bind("program", loop.program())
                .bind("funnel", loop.funnel())
                .bind("step", loop.step());
    }

    private static ViralCounts counts(ResultSet rs) throws SQLException {
        boolean known = rs.getBoolean("invited");
        return new ViralCounts(
                rs.getLong("members"),
                known ? OptionalLong.of(rs.getLong("invitations")) : OptionalLong.empty(),
                known ? OptionalLong.of(rs.getLong("senders")) : OptionalLong.empty(),
                rs.getLong("converted"),
                rs.getLong("squares"));
    }
}
