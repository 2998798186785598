package io.plg.jdbi;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.internal.Json;
import io.plg.reward.Benefit;
import io.plg.reward.Party;
import io.plg.reward.RewardCap;
import io.plg.reward.RewardState;
import io.plg.reward.RewardStore.Entry;
import io.plg.reward.RewardStore.Fulfilment;
import io.plg.reward.RewardStore.Key;
import io.plg.reward.RewardStore.Row;
import io.plg.reward.RewardStore.Take;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/** How rewards look in the tables of both databases, and the reads that both understand. */
final class StoredRewards {
    /** Of what workspaces have to do. */
    static final String DUE_KIND = "reward";

    private static final String OWN = "own";
    private static final String OTHER = "other";

    private static final String FIND = """
            select id, program, rule, event, party, actor_id, cap_actor_id, state, benefit, terms,
                   cast(extract(epoch from decided_at) * 1000000 as bigint) as decided_at, cast(extract(epoch from due_at) * 1000000 as bigint) as due_at,
                   cast(extract(epoch from issued_at) * 1000000 as bigint) as issued_at,
                   cast(extract(epoch from claw_back_until) * 1000000 as bigint) as claw_back_until,
                   reason, taken, provision, fulfilment, refunded
            from plg.reward r where r.workspace_id = :workspace and id = :id
            """;
    private static final String LOCK = """
            select id, program, rule, event, party, actor_id, cap_actor_id, state, benefit, terms,
                   cast(extract(epoch from decided_at) * 1000000 as bigint) as decided_at, cast(extract(epoch from due_at) * 1000000 as bigint) as due_at,
                   cast(extract(epoch from issued_at) * 1000000 as bigint) as issued_at,
                   cast(extract(epoch from claw_back_until) * 1000000 as bigint) as claw_back_until,
                   reason, taken, provision, fulfilment, refunded
            from plg.reward r where r.workspace_id = :workspace and id = :id for update
            """;
    private static final String OF_USER = """
            select id, program, rule, event, party, actor_id, cap_actor_id, state, benefit, terms,
                   cast(extract(epoch from decided_at) * 1000000 as bigint) as decided_at, cast(extract(epoch from due_at) * 1000000 as bigint) as due_at,
                   cast(extract(epoch from issued_at) * 1000000 as bigint) as issued_at,
                   cast(extract(epoch from claw_back_until) * 1000000 as bigint) as claw_back_until,
                   reason, taken, provision, fulfilment, refunded
            from plg.reward r where r.workspace_id = :workspace and actor_id = :user
            order by r.decided_at desc, id desc fetch first :most rows only
            """;
    private static final String DECIDED_AT = """
            select id, program, rule, event, party, actor_id, cap_actor_id, state, benefit, terms,
                   cast(extract(epoch from decided_at) * 1000000 as bigint) as decided_at, cast(extract(epoch from due_at) * 1000000 as bigint) as due_at,
                   cast(extract(epoch from issued_at) * 1000000 as bigint) as issued_at,
                   cast(extract(epoch from claw_back_until) * 1000000 as bigint) as claw_back_until,
                   reason, taken, provision, fulfilment, refunded
            from plg.reward r where r.workspace_id = :workspace and program = :program and event = :event
            order by r.decided_at, id
            """;
    private static final String IN_STATE = """
            select id, program, rule, event, party, actor_id, cap_actor_id, state, benefit, terms,
                   cast(extract(epoch from decided_at) * 1000000 as bigint) as decided_at, cast(extract(epoch from due_at) * 1000000 as bigint) as due_at,
                   cast(extract(epoch from issued_at) * 1000000 as bigint) as issued_at,
                   cast(extract(epoch from claw_back_until) * 1000000 as bigint) as claw_back_until,
                   reason, taken, provision, fulfilment, refunded
            from plg.reward r where r.workspace_id = :workspace and state = :state
            order by r.decided_at, id fetch first :most rows only
            """;
    private static final String DUE = """
            select id, program, rule, event, party, actor_id, cap_actor_id, state, benefit, terms,
                   cast(extract(epoch from decided_at) * 1000000 as bigint) as decided_at, cast(extract(epoch from due_at) * 1000000 as bigint) as due_at,
                   cast(extract(epoch from issued_at) * 1000000 as bigint) as issued_at,
                   cast(extract(epoch from claw_back_until) * 1000000 as bigint) as claw_back_until,
                   reason, taken, provision, fulfilment, refunded
            from plg.reward r where r.workspace_id = :workspace and r.due_at <= cast(:now as timestamp(6) with time zone)
            order by r.due_at, id fetch first :most rows only
            """;
    private static final String BALANCES = """
            select unit, sum(amount) as amount from plg.reward_entry where workspace_id = :workspace and actor_id = :user group by unit
            """;
    private static final String ENTRIES = """
            select id, reward_id, actor_id, unit, amount, kind, cast(extract(epoch from recorded_at) * 1000000 as bigint) as recorded_at
            from plg.reward_entry where workspace_id = :workspace order by id
            """;
    private static final String ENTRIES_OF = """
            select id, reward_id, actor_id, unit, amount, kind, cast(extract(epoch from recorded_at) * 1000000 as bigint) as recorded_at
            from plg.reward_entry where workspace_id = :workspace and actor_id = :user order by id
            """;

    private StoredRewards() {}

    static int code(Fulfilment fulfilment) {
        return switch (fulfilment) {
            case NONE -> 0;
            case TO_FULFIL -> 1;
            case FULFILLED -> 2;
            case TO_REVOKE -> 3;
            case REVOKED -> 4;
        };
    }

    private static Fulfilment fulfilment(int code) {
        return switch (code) {
            case 0 -> Fulfilment.NONE;
            case 1 -> Fulfilment.TO_FULFIL;
            case 2 -> Fulfilment.FULFILLED;
            case 3 -> Fulfilment.TO_REVOKE;
            case 4 -> Fulfilment.REVOKED;
            default -> throw new IllegalStateException("no fulfilment has the code " + code);
        };
    }

    /** The user, other than the reward's own, whose caps were taken. A text with ids in it could not forget them when somebody is erased. */
    static @Nullable UserId capUser(Row reward) {
        UserId other = null;
        for (Take take : reward.taken()) {
            if (take.user() != null && !take.user().equals(reward.user())) {
                if (other != null && !other.equals(take.user())) {
                    throw new IllegalArgumentException("a reward takes caps of its own user and of one other user, had "
                            + other.value() + " and " + take.user().value());
                }
                other = take.user();
            }
        }
        return other;
    }

    static String taken(Row reward) {
        return Json.write(reward.taken().stream()
                .map(take -> {
                    Map<String, @Nullable Object> all = limits(take);
                    if (take.user() != null) {
                        all.put("who", take.user().equals(reward.user()) ? OWN : OTHER);
                    }
                    return all;
                })
                .toList());
    }

    static String takes(List<Take> takes) {
        return Json.write(takes.stream()
                .map(take -> {
                    Map<String, @Nullable Object> all = limits(take);
                    all.put("user", take.user() == null ? null : take.user().value());
                    return all;
                })
                .toList());
    }

    private static Map<String, @Nullable Object> limits(Take take) {
        var all = new LinkedHashMap<String, @Nullable Object>();
        all.put("program", take.program());
        all.put("cap", take.cap());
        all.put("scope", take.scope().name());
        all.put("period", StoredUsage.text(take.periodStart()));
        all.put("count", take.count());
        all.put("money", take.money());
        all.put("mostCount", take.mostCount());
        all.put("mostMoney", take.mostMoney());
        return all;
    }

    private static List<Take> taken(String json, @Nullable UserId own, @Nullable UserId other) {
        var takes = new ArrayList<Take>();
        for (Object each : (List<?>) Objects.requireNonNull(Json.readAny(json))) {
            var take = (Map<?, ?>) each;
            Object who = take.get("who");
            takes.add(new Take(
                    text(take, "program"),
                    text(take, "cap"),
                    RewardCap.Scope.valueOf(text(take, "scope")),
                    OWN.equals(who) ? own : OTHER.equals(who) ? other : null,
                    Instant.parse(text(take, "period")),
                    number(take, "count"),
                    number(take, "money"),
                    number(take, "mostCount"),
                    number(take, "mostMoney")));
        }
        return takes;
    }

    private static String text(Map<?, ?> map, String name) {
        return (String) Objects.requireNonNull(map.get(name), name);
    }

    private static long number(Map<?, ?> map, String name) {
        return ((Number) Objects.requireNonNull(map.get(name), name)).longValue();
    }

    static String json(Row reward) {
        UserId capUser = capUser(reward);
        var all = new LinkedHashMap<String, @Nullable Object>();
        all.put("id", reward.id().toString());
        all.put("program", reward.key().program());
        all.put("rule", reward.key().rule());
        all.put("event", reward.key().event());
        all.put("party", reward.key().party().name());
        all.put("user", reward.user() == null ? null : reward.user().value());
        all.put("capUser", capUser == null ? null : capUser.value());
        all.put("state", reward.state().name());
        all.put("benefit", reward.benefit().toText());
        all.put("terms", reward.terms());
        all.put("decidedAt", StoredUsage.text(reward.decidedAt()));
        all.put("dueAt", text(reward.dueAt()));
        all.put("issuedAt", text(reward.issuedAt()));
        all.put("clawBackUntil", text(reward.clawBackUntil()));
        all.put("reason", reward.reason());
        all.put("taken", taken(reward));
        all.put(
                "provision",
                reward.provision() == null ? null : reward.provision().toString());
        all.put("fulfilment", code(reward.fulfilment()));
        all.put("refunded", reward.refunded().toPlainString());
        return Json.write(all);
    }

    private static @Nullable String text(@Nullable Instant time) {
        return time == null ? null : StoredUsage.text(time);
    }

    static @Nullable String entries(List<Entry> entries) {
        return entries.isEmpty()
                ? null
                : Json.write(entries.stream()
                        .map(entry -> {
                            var all = new LinkedHashMap<String, @Nullable Object>();
                            all.put("id", entry.id().toString());
                            all.put(
                                    "reward",
                                    entry.reward() == null
                                            ? null
                                            : entry.reward().toString());
                            all.put(
                                    "user",
                                    entry.user() == null ? null : entry.user().value());
                            all.put("unit", entry.unit());
                            all.put("amount", entry.amount().toPlainString());
                            all.put("kind", entry.kind());
                            all.put("at", StoredUsage.text(entry.at()));
                            return all;
                        })
                        .toList());
    }

    private static Row row(ResultSet rs) throws SQLException {
        UserId user = StoredReferrals.user(rs.getString("actor_id"));
        return new Row(
                rs.getObject("id", UUID.class),
                new Key(
                        rs.getString("program"),
                        rs.getString("rule"),
                        rs.getString("event"),
                        Party.valueOf(rs.getString("party"))),
                user,
                RewardState.valueOf(rs.getString("state")),
                Benefit.parse(rs.getString("benefit")),
                rs.getString("terms"),
                StoredUsage.time(rs.getLong("decided_at")),
                time(rs, "due_at"),
                time(rs, "issued_at"),
                time(rs, "claw_back_until"),
                rs.getString("reason"),
                taken(rs.getString("taken"), user, StoredReferrals.user(rs.getString("cap_actor_id"))),
                rs.getObject("provision", UUID.class),
                fulfilment(rs.getInt("fulfilment")),
                plain(rs.getBigDecimal("refunded")));
    }

    private static @Nullable Instant time(ResultSet rs, String column) throws SQLException {
        long micros = rs.getLong(column);
        return rs.wasNull() ? null : StoredUsage.time(micros);
    }

    private static BigDecimal plain(BigDecimal amount) {
        BigDecimal plain = amount.stripTrailingZeros();
        return plain.scale() < 0 ? plain.setScale(0, RoundingMode.UNNECESSARY) : plain;
    }

    static Optional<Row> find(Dialect dialect, Session session, WorkspaceId workspace, UUID id) {
        return dialect.inWorkspace(
                session,
                "find a reward",
                workspace,
                null,
                handle -> one(handle, unlessErased(dialect, FIND), workspace, id));
    }

    static Optional<Row> lock(Dialect dialect, Session session, WorkspaceId workspace, UUID id) {
        return dialect.inWorkspace(
                session,
                "lock a reward",
                workspace,
                null,
                handle -> one(handle, unlessErased(dialect, LOCK), workspace, id));
    }

    /** Calls about one party go on while the other one is being erased. */
    private static String unlessErased(Dialect dialect, String statement) {
        return statement.replace(
                "actor_id, cap_actor_id",
                dialect.unlessErased("r.actor_id") + " as actor_id, " + dialect.unlessErased("r.cap_actor_id")
                        + " as cap_actor_id");
    }

    /** By one statement that also tells of a refusal. */
    static Optional<Row> lockedBy(Session session, String statement, WorkspaceId workspace, UUID id) {
        return session.call(
                "lock a reward",
                handle -> handle.createQuery(statement)
                        .bind("workspace", workspace.value())
                        .bind("id", id)
                        .map((rs, ctx) -> {
                            Refusal.check(rs.getString("refused"), workspace, null);
                            return row(rs);
                        })
                        .findFirst());
    }

    private static Optional<Row> one(Handle handle, String statement, WorkspaceId workspace, UUID id) {
        return rows(handle.createQuery(statement).bind("id", id), workspace).stream()
                .findFirst();
    }

    static List<Row> of(Dialect dialect, Session session, WorkspaceId workspace, UserId user, int most) {
        return dialect.inWorkspace(
                session,
                "find the rewards of a user",
                workspace,
                user,
                handle -> rows(
                        handle.createQuery(OF_USER).bind("user", user.value()).bind("most", most), workspace));
    }

    static List<Row> decidedAt(Dialect dialect, Session session, WorkspaceId workspace, String program, String event) {
        return dialect.inWorkspace(
                session,
                "find what was decided",
                workspace,
                null,
                handle -> rows(
                        handle.createQuery(DECIDED_AT).bind("program", program).bind("event", event), workspace));
    }

    static List<Row> in(Dialect dialect, Session session, WorkspaceId workspace, RewardState state, int most) {
        return dialect.inWorkspace(
                session,
                "find rewards in a state",
                workspace,
                null,
                handle -> rows(
                        handle.createQuery(IN_STATE).bind("state", state.name()).bind("most", most), workspace));
    }

    static List<Row> due(Dialect dialect, Session session, WorkspaceId workspace, Instant now, int most) {
        return dialect.inWorkspace(
                session,
                "find rewards that are due",
                workspace,
                null,
                handle -> rows(
                        handle.createQuery(DUE)
                                .bind("now", StoredUsage.text(now))
                                .bind("most", most),
                        workspace));
    }

    private static List<Row> rows(Query query, WorkspaceId workspace) {
        return query.bind("workspace", workspace.value())
                .map((rs, ctx) -> row(rs))
                .list();
    }

    static Map<String, BigDecimal> balances(Dialect dialect, Session session, WorkspaceId workspace, UserId user) {
        return dialect.inWorkspace(session, "sum the ledger of a user", workspace, user, handle -> {
            var balances = new LinkedHashMap<String, BigDecimal>();
            handle.createQuery(BALANCES)
                    .bind("workspace", workspace.value())
                    .bind("user", user.value())
                    .map((rs, ctx) -> Map.entry(rs.getString("unit"), plain(rs.getBigDecimal("amount"))))
                    .forEach(each -> balances.put(each.getKey(), each.getValue()));
            return balances;
        });
    }

    static List<Entry> entries(Dialect dialect, Session session, WorkspaceId workspace, @Nullable UserId user) {
        return dialect.inWorkspace(session, "read the ledger", workspace, user, handle -> {
            Query query = user == null
                    ? handle.createQuery(ENTRIES)
                    : handle.createQuery(ENTRIES_OF).bind("user", user.value());
            return query.bind("workspace", workspace.value())
                    .map((rs, ctx) -> new Entry(
                            rs.getObject("id", UUID.class),
                            rs.getObject("reward_id", UUID.class),
                            StoredReferrals.user(rs.getString("actor_id")),
                            rs.getString("unit"),
                            plain(rs.getBigDecimal("amount")),
                            rs.getString("kind"),
                            StoredUsage.time(rs.getLong("recorded_at"))))
                    .list();
        });
    }
}
