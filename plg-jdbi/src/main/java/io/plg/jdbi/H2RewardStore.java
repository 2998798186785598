package io.plg.jdbi;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.event.GrowthEvent;
import io.plg.reward.RewardCap;
import io.plg.reward.RewardState;
import io.plg.reward.RewardStore;
import java.math.BigDecimal;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.SqlStatement;
import org.jspecify.annotations.Nullable;

/** Rewards on H2: the same steps as the functions on PostgreSQL, as statements in one transaction. */
final class H2RewardStore implements RewardStore {
    private static final String ONCE = """
            select id from plg.reward
            where workspace_id = :workspace and program = :program and rule = :rule and event = :event and party = :party
            """;
    private static final String INSERT = """
            insert into plg.reward
                (workspace_id, id, program, rule, event, party, actor_id, cap_actor_id, state, benefit, terms, decided_at, due_at, issued_at,
                 claw_back_until, reason, taken, provision, fulfilment, refunded)
            values (:workspace, :id, :program, :rule, :event, :party, :user, :capUser, :state, :benefit, :terms, :decidedAt, :dueAt, :issuedAt,
                    :clawBackUntil, :reason, :taken, :provision, :fulfilment, :refunded)
            """;
    private static final String UPDATE = """
            update plg.reward
            set state = :state, due_at = :dueAt, issued_at = :issuedAt, claw_back_until = :clawBackUntil, reason = :reason, taken = :taken,
                provision = :provision, fulfilment = :fulfilment, refunded = :refunded
            where workspace_id = :workspace and id = :id
            """;
    private static final String NEW_CAP = """
            insert into plg.reward_cap (workspace_id, program, cap, user_id, period_start, taken, money)
            values (:workspace, :program, :cap, :user, :period, 0, 0)
            """;
    private static final String TAKE = """
            update plg.reward_cap set taken = greatest(taken + :count, 0), money = greatest(money + :money, 0)
            where workspace_id = :workspace and program = :program and cap = :cap and user_id = :user and period_start = :period
              and (:mostCount < 0 or taken <= :mostCount - :count) and (:mostMoney < 0 or money <= :mostMoney - :money)
            """;
    private static final String HAS_CAP = """
            select count(*) from plg.reward_cap
            where workspace_id = :workspace and program = :program and cap = :cap and user_id = :user and period_start = :period
            """;
    private static final String NEW_PROGRAM_CAP = """
            insert into plg_directory.reward_cap (program, cap, period_start, taken, money) values (:program, :cap, :period, 0, 0)
            """;
    private static final String TAKE_OF_PROGRAM = """
            update plg_directory.reward_cap set taken = greatest(taken + :count, 0), money = greatest(money + :money, 0)
            where program = :program and cap = :cap and period_start = :period
              and (:mostCount < 0 or taken <= :mostCount - :count) and (:mostMoney < 0 or money <= :mostMoney - :money)
            """;
    private static final String HAS_PROGRAM_CAP = """
            select count(*) from plg_directory.reward_cap where program = :program and cap = :cap and period_start = :period
            """;
    private static final String COUNT = """
            update plg.reward_cap set taken = taken + 1
            where workspace_id = :workspace and program = :program and cap = :cap and user_id = :user and period_start = :period
            """;
    private static final String COUNTED = """
            select taken from plg.reward_cap
            where workspace_id = :workspace and program = :program and cap = :cap and user_id = :user and period_start = :period
            """;
    private static final String ENTRY = """
            insert into plg.reward_entry (workspace_id, id, reward_id, actor_id, unit, amount, kind, recorded_at)
            values (:workspace, :id, :reward, :user, :unit, :amount, :kind, :at)
            """;
    private static final String WORKSPACES_DUE = """
            select r.workspace_id from plg.reward r
            where r.due_at <= :now
              and not exists (select 1 from plg_directory.deleted_workspace d where d.workspace_id = r.workspace_id)
            group by r.workspace_id order by min(r.due_at), r.workspace_id fetch first :most rows only
            """;

    private final Session session;

    H2RewardStore(Session session) {
        this.session = session;
    }

    @Override
    public Decided decide(
            WorkspaceId workspace, Row reward, List<Take> takes, List<Entry> entries, List<GrowthEvent> events) {
        Decided decided = session.atomically("decide on a reward", handle -> {
            var users = new ArrayList<UserId>();
            if (reward.user() != null) {
                users.add(reward.user());
            }
            for (Take take : takes) {
                if (take.user() != null) {
                    users.add(take.user());
                }
            }
            H2TenancyStore.admit(handle, workspace, users);
            Optional<UUID> known = once(handle, workspace, reward.key());
            if (known.isPresent()) {
                return new Decided(Decided.Outcome.ALREADY, known.get(), "");
            }
            var taken = new ArrayList<Take>();
            String cap = null;
            for (Take take : takes) {
                if (!taken(handle, workspace, take)) {
                    cap = take.cap();
                    break;
                }
                taken.add(take);
            }
            if (cap == null && inserted(handle, workspace, reward)) {
                facts(handle, workspace, entries, events);
                return new Decided(Decided.Outcome.STORED, reward.id(), "");
            }
            taken.forEach(take -> change(handle, workspace, take, -1));
            // Whoever took what was left may have decided the same.
            known = once(handle, workspace, reward.key());
            H2UsageStore.seen(known.isPresent() || cap != null ? 1 : 0, "the reward");
            return known.isPresent()
                    ? new Decided(Decided.Outcome.ALREADY, known.get(), "")
                    : new Decided(Decided.Outcome.CAPPED, reward.id(), String.valueOf(cap));
        });
        if (decided.outcome() == Decided.Outcome.STORED) {
            StoredUsage.told(workspace, events).ifPresent(session::stored);
        }
        return decided;
    }

    private static Optional<UUID> once(Handle handle, WorkspaceId workspace, Key key) {
        return keyed(handle.createQuery(ONCE), workspace, key).mapTo(UUID.class).findOne();
    }

    private static <S extends SqlStatement<S>> S keyed(S statement, WorkspaceId workspace, Key key) {
        return statement
                .bind("workspace", workspace.value())
                .bind("program", key.program())
                .bind("rule", key.rule())
                .bind("event", key.event())
                .bind("party", key.party().name());
    }

    private static boolean inserted(Handle handle, WorkspaceId workspace, Row reward) {
        UserId user = reward.user();
        UserId capUser = StoredRewards.capUser(reward);
        return H2UsageStore.inserted(changeable(keyed(handle.createUpdate(INSERT), workspace, reward.key()), reward)
                .bindByType("user", user == null ? null : user.value(), String.class)
                .bindByType("capUser", capUser == null ? null : capUser.value(), String.class)
                .bind("benefit", reward.benefit().toText())
                .bind("terms", reward.terms())
                .bind("decidedAt", time(reward.decidedAt())));
    }

    private static <S extends SqlStatement<S>> S changeable(S statement, Row reward) {
        return statement
                .bind("id", reward.id())
                .bind("state", reward.state().name())
                .bindByType("dueAt", orNull(reward.dueAt()), OffsetDateTime.class)
                .bindByType("issuedAt", orNull(reward.issuedAt()), OffsetDateTime.class)
                .bindByType("clawBackUntil", orNull(reward.clawBackUntil()), OffsetDateTime.class)
                .bind("reason", reward.reason())
                .bind("taken", StoredRewards.taken(reward))
                .bindByType("provision", reward.provision(), UUID.class)
                .bind("fulfilment", StoredRewards.code(reward.fulfilment()))
                .bind("refunded", reward.refunded());
    }

    private static boolean taken(Handle handle, WorkspaceId workspace, Take take) throws SQLException {
        if (change(handle, workspace, take, 1) > 0) {
            return true;
        }
        if (has(handle, workspace, take)) {
            return false;
        }
        boolean program = take.scope() == RewardCap.Scope.PROGRAM;
        H2UsageStore.inserted(capped(handle.createUpdate(program ? NEW_PROGRAM_CAP : NEW_CAP), workspace, take));
        boolean taken = change(handle, workspace, take, 1) > 0;
        H2UsageStore.seen(taken || has(handle, workspace, take) ? 1 : 0, "the cap \"" + take.cap() + "\"");
        return taken;
    }

    private static int change(Handle handle, WorkspaceId workspace, Take take, int sign) {
        boolean program = take.scope() == RewardCap.Scope.PROGRAM;
        return capped(handle.createUpdate(program ? TAKE_OF_PROGRAM : TAKE), workspace, take)
                .bind("count", sign * take.count())
                .bind("money", sign * take.money())
                .bind("mostCount", sign > 0 ? take.mostCount() : -1)
                .bind("mostMoney", sign > 0 ? take.mostMoney() : -1)
                .execute();
    }

    private static boolean has(Handle handle, WorkspaceId workspace, Take take) {
        boolean program = take.scope() == RewardCap.Scope.PROGRAM;
        return capped(handle.createQuery(program ? HAS_PROGRAM_CAP : HAS_CAP), workspace, take)
                        .mapTo(Long.class)
                        .one()
                > 0;
    }

    private static <S extends SqlStatement<S>> S capped(S statement, WorkspaceId workspace, Take take) {
        S bound = statement
                .bind("program", take.program())
                .bind("cap", take.cap())
                .bind("period", time(take.periodStart()));
        UserId user = take.user();
        return take.scope() == RewardCap.Scope.PROGRAM
                ? bound
                : bound.bind("workspace", workspace.value()).bind("user", user == null ? "" : user.value());
    }

    @Override
    public long count(WorkspaceId workspace, String program, String counter, UserId user) {
        var one = new Take(program, counter, RewardCap.Scope.REFERRER, user, Instant.EPOCH, 1, 0, -1, -1);
        return session.<Long>atomically("count for a reward", handle -> {
            H2TenancyStore.admit(handle, workspace, List.of(user));
            if (capped(handle.createUpdate(COUNT), workspace, one).execute() == 0) {
                H2UsageStore.inserted(capped(handle.createUpdate(NEW_CAP), workspace, one));
                H2UsageStore.seen(
                        capped(handle.createUpdate(COUNT), workspace, one).execute(), "the count");
            }
            return capped(handle.createQuery(COUNTED), workspace, one)
                    .mapTo(Long.class)
                    .one();
        });
    }

    @Override
    public Optional<Row> lock(WorkspaceId workspace, UUID id) {
        return StoredRewards.lock(Dialect.H2, session, workspace, id);
    }

    @Override
    public void update(
            WorkspaceId workspace, Row reward, List<Take> returned, List<Entry> entries, List<GrowthEvent> events) {
        session.atomically("store what became of a reward", handle -> {
            H2TenancyStore.check(handle, workspace, List.of());
            H2UsageStore.seen(
                    changeable(handle.createUpdate(UPDATE).bind("workspace", workspace.value()), reward)
                            .execute(),
                    "the reward");
            returned.forEach(take -> change(handle, workspace, take, -1));
            facts(handle, workspace, entries, events);
            return reward;
        });
        StoredUsage.told(workspace, events).ifPresent(session::stored);
    }

    @Override
    public void append(WorkspaceId workspace, List<Entry> entries) {
        session.atomically("add to the ledger of rewards", handle -> {
            H2TenancyStore.admit(
                    handle,
                    workspace,
                    entries.stream().map(Entry::user).filter(Objects::nonNull).toList());
            facts(handle, workspace, entries, List.of());
            return entries;
        });
    }

    private static void facts(Handle handle, WorkspaceId workspace, List<Entry> entries, List<GrowthEvent> events) {
        for (Entry entry : entries) {
            UserId user = entry.user();
            handle.createUpdate(ENTRY)
                    .bind("workspace", workspace.value())
                    .bind("id", entry.id())
                    .bindByType("reward", entry.reward(), UUID.class)
                    .bindByType("user", user == null ? null : user.value(), String.class)
                    .bind("unit", entry.unit())
                    .bind("amount", entry.amount())
                    .bind("kind", entry.kind())
                    .bind("at", time(entry.at()))
                    .execute();
        }
        events.forEach(event -> H2UsageStore.store(handle, workspace, event));
    }

    @Override
    public Optional<Row> find(WorkspaceId workspace, UUID id) {
        return StoredRewards.find(Dialect.H2, session, workspace, id);
    }

    @Override
    public List<Row> of(WorkspaceId workspace, UserId user, int most) {
        return StoredRewards.of(Dialect.H2, session, workspace, user, most);
    }

    @Override
    public List<Row> decidedAt(WorkspaceId workspace, String program, String event) {
        return StoredRewards.decidedAt(Dialect.H2, session, workspace, program, event);
    }

    @Override
    public List<Row> in(WorkspaceId workspace, RewardState state, int most) {
        return StoredRewards.in(Dialect.H2, session, workspace, state, most);
    }

    @Override
    public List<Row> due(WorkspaceId workspace, Instant now, int most) {
        return StoredRewards.due(Dialect.H2, session, workspace, now, most);
    }

    @Override
    public List<WorkspaceId> workspacesDue(Instant now, int most) {
        return session.read(
                "find workspaces with due rewards",
                handle -> handle.createQuery(WORKSPACES_DUE)
                        .bind("now", time(now))
                        .bind("most", most)
                        .map((rs, ctx) -> WorkspaceId.of(rs.getString(1)))
                        .list());
    }

    /** The rewards themselves say when they are due. */
    @Override
    public void lookedAt(WorkspaceId workspace, Instant now) {
        Dialect.H2.inWorkspace(session, "note that nothing is due", workspace, null, handle -> now);
    }

    @Override
    public Map<String, BigDecimal> balances(WorkspaceId workspace, UserId user) {
        return StoredRewards.balances(Dialect.H2, session, workspace, user);
    }

    @Override
    public List<Entry> entries(WorkspaceId workspace, @Nullable UserId user) {
        return StoredRewards.entries(Dialect.H2, session, workspace, user);
    }

    private static @Nullable OffsetDateTime orNull(@Nullable Instant time) {
        return time == null ? null : time(time);
    }

    private static OffsetDateTime time(Instant time) {
        return time.atOffset(ZoneOffset.UTC);
    }
}
