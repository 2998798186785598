package io.plg.jdbi;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.internal.ViralFacts;
import io.plg.internal.ViralFacts.Act;
import io.plg.reward.Stage;
import io.plg.virality.ViralCounts;
import io.plg.virality.ViralCycle;
import io.plg.virality.ViralityStore;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** Virality on H2: keeps nothing, counts all facts each time. */
final class H2ViralityStore implements ViralityStore {
    private static final String ACTIVATED = """
            select user_id, completed_at as happened_at from plg.activation_step
            where workspace_id = :workspace and funnel = :funnel and step = :step
            """;
    private static final String INVITATIONS = """
            select user_id, sent_at as happened_at from plg.referral_invitation where workspace_id = :workspace and program = :program
            """;
    private static final String REFERRALS = """
            select p.actor_id, c.stages
            from plg.referral c
            join plg.referral p on p.workspace_id = c.workspace_id and p.program = c.program and p.id = c.parent_id
            where c.workspace_id = :workspace and c.program = :program and p.actor_id is not null
            """;
    private static final String CHILDREN = """
            select (select count(*) from plg.referral c where c.workspace_id = p.workspace_id and c.program = p.program and c.parent_id = p.id)
            from plg.referral p where p.workspace_id = :workspace and p.program = :program
            """;

    private final Session session;

    H2ViralityStore(Session session) {
        this.session = session;
    }

    @Override
    public ViralCounts counts(WorkspaceId workspace, Loop loop, Instant from, Instant to, Duration window) {
        return Dialect.H2.inWorkspace(
                session,
                "count how users bring users",
                workspace,
                null,
                handle -> facts(handle, workspace, loop).counts(from, to, window));
    }

    @Override
    public ViralCounts recomputed(WorkspaceId workspace, Loop loop, Instant from, Instant to, Duration window) {
        return counts(workspace, loop, from, to, window);
    }

    /** For an operator, who is not refused. */
    ViralCounts sums(WorkspaceId workspace, Loop loop, Instant from, Instant to, Duration window) {
        return session.atomically(
                "count how users bring users",
                handle -> facts(handle, workspace, loop).counts(from, to, window));
    }

    @Override
    public ViralCounts countsOfGraph(WorkspaceId workspace, String program) {
        return Dialect.H2.inWorkspace(
                session,
                "count a graph",
                workspace,
                null,
                handle -> ViralCounts.ofMembers(handle
                        .createQuery(CHILDREN)
                        .bind("workspace", workspace.value())
                        .bind("program", program)
                        .mapTo(Long.class)
                        .stream()
                        .mapToLong(Long::longValue)
                        .toArray()));
    }

    @Override
    public Optional<ViralCycle> cycle(WorkspaceId workspace, Loop loop, Instant from, Instant to) {
        return Dialect.H2.inWorkspace(
                session,
                "measure the viral cycle",
                workspace,
                null,
                handle -> facts(handle, workspace, loop).cycle(from, to));
    }

    /** Nothing is kept that could be out of date. */
    @Override
    public void changed(WorkspaceId workspace, List<UserId> users) {}

    private static ViralFacts facts(Handle handle, WorkspaceId workspace, Loop loop) {
        var activated = new HashMap<UserId, Instant>();
        handle.createQuery(ACTIVATED)
                .bind("workspace", workspace.value())
                .bind("funnel", loop.funnel())
                .bind("step", loop.step())
                .map((rs, ctx) -> act(rs))
                .forEach(member -> activated.put(member.by(), member.at()));
        List<Act> invitations = handle.createQuery(INVITATIONS)
                .bind("workspace", workspace.value())
                .bind("program", loop.program())
                .map((rs, ctx) -> act(rs))
                .list();
        List<Act> brought = handle
                .createQuery(REFERRALS)
                .bind("workspace", workspace.value())
                .bind("program", loop.program())
                .map((rs, ctx) -> brought(rs))
                .list()
                .stream()
                .flatMap(Optional::stream)
                .toList();
        return new ViralFacts(activated, invitations, brought);
    }

    private static Act act(ResultSet rs) throws SQLException {
        return new Act(
                UserId.of(rs.getString("user_id")),
                rs.getObject("happened_at", OffsetDateTime.class).toInstant());
    }

    private static Optional<Act> brought(ResultSet rs) throws SQLException {
        UserId referrer = UserId.of(rs.getString("actor_id"));
        return Optional.ofNullable(
                        StoredReferrals.stages(rs.getString("stages")).get(Stage.ACTIVATION.name()))
                .map(at -> new Act(referrer, at));
    }
}
