package io.plg.jdbi;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.event.GrowthEvent;
import io.plg.reward.RewardState;
import io.plg.reward.RewardStore;
import java.math.BigDecimal;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Rewards on PostgreSQL: what is frequent is one call of a function that ships with the schema. */
final class PostgresRewardStore implements RewardStore {
    private static final String DECIDE = """
            select refused, refused_user, outcome, id, cap
            from plg.decide_reward(?, cast(? as jsonb), cast(? as jsonb), cast(? as jsonb), cast(? as jsonb), cast(? as timestamptz))
            """;
    private static final String LOCK = """
            select refused, id, program, rule, event, party, actor_id, cap_actor_id, state, benefit, terms, decided_at, due_at, issued_at, claw_back_until,
                   reason, taken, provision, fulfilment, refunded
            from plg.lock_reward(:workspace, :id)
            """;
    private static final String COUNT =
            "select refused, counted from plg.count_reward(:workspace, :program, :counter, :user)";
    private static final String UPDATE = """
            select plg.update_reward(?, cast(? as jsonb), cast(? as jsonb), cast(? as jsonb), cast(? as jsonb), cast(? as timestamptz))
            """;
    private static final String APPEND =
            "select refused, refused_user from plg.append_reward_entries(:workspace, cast(:entries as jsonb))";
    private static final String WORKSPACES_DUE = """
            select id from plg_directory.workspaces_due(:kind, cast(:now as timestamptz), :most) as id
            """;
    private static final String FORGET_DUE =
            "select cast(plg_directory.forget_due(:kind, cast(:now as timestamptz)) as text)";

    private final Session session;

    PostgresRewardStore(Session session) {
        this.session = session;
    }

    @Override
    public Decided decide(
            WorkspaceId workspace, Row reward, List<Take> takes, List<Entry> entries, List<GrowthEvent> events) {
        Decided decided = session.call("decide on a reward", handle -> {
            try (PreparedStatement decide = handle.getConnection().prepareStatement(DECIDE)) {
                bind(decide, workspace, reward, takes, entries, events);
                try (ResultSet rs = decide.executeQuery()) {
                    rs.next();
                    Refusal.check(
                            rs.getString("refused"), workspace, StoredReferrals.user(rs.getString("refused_user")));
                    return switch (rs.getString("outcome")) {
                        case "stored" -> new Decided(Decided.Outcome.STORED, reward.id(), "");
                        case "already" -> new Decided(Decided.Outcome.ALREADY, rs.getObject("id", UUID.class), "");
                        default -> new Decided(Decided.Outcome.CAPPED, reward.id(), rs.getString("cap"));
                    };
                }
            }
        });
        if (decided.outcome() == Decided.Outcome.STORED) {
            StoredUsage.told(workspace, events).ifPresent(session::stored);
        }
        return decided;
    }

    @Override
    public long count(WorkspaceId workspace, String program, String counter, UserId user) {
        return session.<Long>call(
                "count for a reward",
                handle -> handle.createQuery(COUNT)
                        .bind("workspace", workspace.value())
                        .bind("program", program)
                        .bind("counter", counter)
                        .bind("user", user.value())
                        .map((rs, ctx) -> {
                            Refusal.check(rs.getString("refused"), workspace, user);
                            return rs.getLong("counted");
                        })
                        .one());
    }

    @Override
    public Optional<Row> lock(WorkspaceId workspace, UUID id) {
        return StoredRewards.lockedBy(session, LOCK, workspace, id);
    }

    @Override
    public void update(
            WorkspaceId workspace, Row reward, List<Take> returned, List<Entry> entries, List<GrowthEvent> events) {
        session.call("store what became of a reward", handle -> {
            try (PreparedStatement update = handle.getConnection().prepareStatement(UPDATE)) {
                bind(update, workspace, reward, returned, entries, events);
                try (ResultSet rs = update.executeQuery()) {
                    rs.next();
                    Refusal.check(rs.getString(1), workspace, null);
                    return reward;
                }
            }
        });
        StoredUsage.told(workspace, events).ifPresent(session::stored);
    }

    @Override
    public void append(WorkspaceId workspace, List<Entry> entries) {
        session.<Boolean>call(
                "add to the ledger of rewards",
                handle -> handle.createQuery(APPEND)
                        .bind("workspace", workspace.value())
                        .bind("entries", StoredRewards.entries(entries))
                        .map((rs, ctx) -> {
                            Refusal.check(
                                    rs.getString("refused"),
                                    workspace,
                                    StoredReferrals.user(rs.getString("refused_user")));
                            return true;
                        })
                        .one());
    }

    private static void bind(
            PreparedStatement statement,
            WorkspaceId workspace,
            Row reward,
            List<Take> takes,
            List<Entry> entries,
            List<GrowthEvent> events)
            throws java.sql.SQLException {
        statement.setString(1, workspace.value());
        statement.setString(2, StoredRewards.json(reward));
        statement.setString(3, StoredRewards.takes(takes));
        statement.setString(4, StoredRewards.entries(entries));
        statement.setString(5, StoredUsage.events(events));
        statement.setString(6, reward.dueAt() == null ? null : StoredUsage.text(reward.dueAt()));
    }

    @Override
    public Optional<Row> find(WorkspaceId workspace, UUID id) {
        return StoredRewards.find(Dialect.POSTGRESQL, session, workspace, id);
    }

    @Override
    public List<Row> of(WorkspaceId workspace, UserId user, int most) {
        return StoredRewards.of(Dialect.POSTGRESQL, session, workspace, user, most);
    }

    @Override
    public List<Row> decidedAt(WorkspaceId workspace, String program, String event) {
        return StoredRewards.decidedAt(Dialect.POSTGRESQL, session, workspace, program, event);
    }

    @Override
    public List<Row> in(WorkspaceId workspace, RewardState state, int most) {
        return StoredRewards.in(Dialect.POSTGRESQL, session, workspace, state, most);
    }

    @Override
    public List<Row> due(WorkspaceId workspace, Instant now, int most) {
        return StoredRewards.due(Dialect.POSTGRESQL, session, workspace, now, most);
    }

    @Override
    public List<WorkspaceId> workspacesDue(Instant now, int most) {
        return session.read(
                "find workspaces with due rewards",
                handle -> handle.createQuery(WORKSPACES_DUE)
                        .bind("kind", StoredRewards.DUE_KIND)
                        .bind("now", StoredUsage.text(now))
                        .bind("most", most)
                        .map((rs, ctx) -> WorkspaceId.of(rs.getString("id")))
                        .list());
    }

    @Override
    public void lookedAt(WorkspaceId workspace, Instant now) {
        Dialect.POSTGRESQL.inWorkspace(
                session,
                "note that nothing is due",
                workspace,
                null,
                handle -> handle.createQuery(FORGET_DUE)
                        .bind("kind", StoredRewards.DUE_KIND)
                        .bind("now", StoredUsage.text(now))
                        .mapTo(String.class)
                        .one());
    }

    @Override
    public Map<String, BigDecimal> balances(WorkspaceId workspace, UserId user) {
        return StoredRewards.balances(Dialect.POSTGRESQL, session, workspace, user);
    }

    @Override
    public List<Entry> entries(WorkspaceId workspace, @Nullable UserId user) {
        return StoredRewards.entries(Dialect.POSTGRESQL, session, workspace, user);
    }
}
