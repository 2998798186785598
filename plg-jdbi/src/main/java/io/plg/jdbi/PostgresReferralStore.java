package io.plg.jdbi;

import io.plg.UserErased;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.event.GrowthEvent;
import io.plg.fraud.FraudHistory;
import io.plg.referral.ReferralStore;
import io.plg.reward.Stage;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Codes and referrals on PostgreSQL: what is frequent is one call of a function that ships with the schema. */
final class PostgresReferralStore implements ReferralStore {
    private static final String SECRET = "select refused, secret from plg.referral_secret_of(:workspace, :candidate)";
    private static final String CODE = """
            select refused, code, active, created_at
            from plg.referral_code_of(:workspace, :program, :user, :artefact, :code, :email, :domain, :device, :ip, cast(:at as timestamptz))
            """;
    private static final String FIND = """
            select workspace_id, program, user_id, artefact, active, created_at from plg.referral_find(?, ?, ?)
            """;
    private static final String HISTORY = """
            select refused, refused_user, same_email, same_device, same_ip, same_domain, on_device, on_ip, by_referrer_hour, by_referrer_day, by_device_day,
                   chain_on_device, chain_on_ip
            from plg.referral_history(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """;
    private static final String BIND = """
            select refused, refused_user, outcome
            from plg.bind_referral(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, cast(? as jsonb))
            """;
    private static final String REACH = """
            select refused, workspace_id, referred_in, program, id, version, referrer, code, artefact, signed_up_at, bound_at, stages, standing, verdict
            from plg.reach_referral(?, ?, ?, ?, ?)
            """;
    private static final String POSITION =
            "select refused, depth, size from plg.referral_position(:workspace, :program, :user)";
    private static final String BY_ID = """
            select coalesce(r.referral_id, r.id) as id, r.version,
                   case when plg_directory.refusal(null, p.actor_id) is null then p.actor_id end as referrer,
                   case when plg_directory.refusal(null, r.actor_id) is null then r.actor_id end as referred, r.code, r.artefact,
                   cast(extract(epoch from r.signed_up_at) * 1000000 as bigint) as signed_up_at,
                   cast(extract(epoch from r.bound_at) * 1000000 as bigint) as bound_at,
                   cast(r.stages as text) as stages, r.standing, r.verdict,
                   plg_directory.referred_in(:program, sha256(convert_to(r.actor_id, 'UTF8')), null) as referred_in
            from plg.referral r
            left join plg.referral p on p.workspace_id = :workspace and p.program = :program and p.id = r.parent_id
            where r.workspace_id = :workspace and r.program = :program and r.parent_id is not null
              and (r.id = :id and r.referral_id is null or r.referral_id = :id)
            """;
    private static final String SHARES = """
            select c.user_id, c.artefact, c.code,
                   (select coalesce(sum(v.views), 0) from plg.share_view v where v.workspace_id = :workspace and v.code = c.code) as views,
                   coalesce(r.sign_ups, 0) as sign_ups, coalesce(r.activated, 0) as activated, coalesce(r.paid, 0) as paid
            from plg.referral_code c
            left join (select o.code, count(*) as sign_ups, count(o.stages -> 'activation') as activated, count(o.stages -> 'first_payment') as paid
                       from plg.referral o
                       where o.workspace_id = :workspace and o.program = :program and o.artefact <> '' and o.parent_id is not null
                       group by o.code) r on r.code = c.code
            where c.workspace_id = :workspace and c.program = :program and c.artefact <> ''
            order by c.user_id, c.artefact
            """;
    private static final String ADMIT = "select plg_directory.admit(:workspace, :user, null)";
    private static final String INVITED = """
            insert into plg.referral_invitation (workspace_id, program, user_id, id, sent_at)
            values (:workspace, :program, :user, :id, cast(:at as timestamptz))
            on conflict do nothing
            """;
    private static final String DEPTH_OVERALL = """
            select plg_directory.refusal(null, :user) as refused,
                   plg_directory.referral_depth(:program, sha256(convert_to(:user, 'UTF8'))) as depth
            """;

    /** Adds to the sizes those that have not been counted. */
    private static final String LARGEST = """
            with recursive up (id, size) as (
                select r.parent_id, r.size from plg.referral r
                where r.workspace_id = :workspace and r.program = :program and not r.counted
                union all
                select r.parent_id, up.size
                from up join plg.referral r on r.workspace_id = :workspace and r.program = :program and r.id = up.id
                where r.parent_id is not null
            ), late as materialized (
                select up.id, cast(sum(up.size) as bigint) as size from up group by up.id)
            select r.actor_id, r.size + coalesce(late.size, 0) as size
            from plg.referral r left join late on late.id = r.id
            where r.workspace_id = :workspace and r.program = :program and r.actor_id is not null
            order by 2 desc, 1 fetch first :most rows only
            """;

    private static final String TIDY = "select refused, counted from plg.count_referrals(:workspace, :program, :most)";
    private static final int BATCH = 500;

    private final Session session;

    PostgresReferralStore(Session session) {
        this.session = session;
    }

    @Override
    public byte[] secret(WorkspaceId workspace, byte[] candidate) {
        return session.call(
                "read the secret of a workspace",
                handle -> handle.createQuery(SECRET)
                        .bind("workspace", workspace.value())
                        .bind("candidate", candidate)
                        .map((rs, ctx) -> {
                            Refusal.check(rs.getString("refused"), workspace, null);
                            return rs.getBytes("secret");
                        })
                        .one());
    }

    @Override
    public Optional<Code> code(WorkspaceId workspace, Wish wish) {
        return session.call(
                "give a user a code",
                handle -> handle.createQuery(CODE)
                        .bind("workspace", workspace.value())
                        .bind("program", wish.program())
                        .bind("user", wish.user().value())
                        .bind("artefact", wish.artefact())
                        .bind("code", wish.code())
                        .bindByType("email", wish.traces().email(), String.class)
                        .bindByType("domain", wish.traces().domain(), String.class)
                        .bindByType("device", wish.traces().device(), String.class)
                        .bindByType("ip", wish.traces().ip(), String.class)
                        .bind("at", StoredUsage.text(wish.at()))
                        .map((rs, ctx) -> {
                            Refusal.check(rs.getString("refused"), workspace, wish.user());
                            String code = rs.getString("code");
                            return code == null
                                    ? Optional.<Code>empty()
                                    : Optional.of(new Code(
                                            code, rs.getBoolean("active"), StoredUsage.time(rs.getLong("created_at"))));
                        })
                        .one());
    }

    @Override
    public Optional<Found> find(String code, boolean viewed) {
        Session.Call<Optional<Found>> find = handle -> {
            try (PreparedStatement statement = handle.getConnection().prepareStatement(FIND)) {
                statement.setString(1, code);
                statement.setBoolean(2, viewed);
                statement.setInt(3, StoredReferrals.slot());
                try (ResultSet rs = statement.executeQuery()) {
                    rs.next();
                    String user = rs.getString("user_id");
                    return user == null
                            ? Optional.empty()
                            : Optional.of(new Found(
                                    WorkspaceId.of(rs.getString("workspace_id")),
                                    rs.getString("program"),
                                    UserId.of(user),
                                    rs.getString("artefact"),
                                    new Code(
                                            code,
                                            rs.getBoolean("active"),
                                            StoredUsage.time(rs.getLong("created_at")))));
                }
            }
        };
        return viewed ? session.call("find a code", find) : session.read("find a code", find);
    }

    @Override
    public boolean deactivate(WorkspaceId workspace, String code) {
        return StoredReferrals.deactivate(Dialect.POSTGRESQL, session, workspace, code);
    }

    @Override
    public FraudHistory history(WorkspaceId workspace, Question question) {
        return session.read("read what is known about a user", handle -> {
            try (PreparedStatement history = handle.getConnection().prepareStatement(HISTORY)) {
                history.setString(1, workspace.value());
                history.setString(2, question.program());
                history.setString(3, question.referrer().value());
                history.setString(4, question.user().value());
                traces(history, 5, question.traces());
                history.setObject(9, time(question.at()));
                history.setInt(10, MOST_COUNTED);
                try (ResultSet rs = history.executeQuery()) {
                    rs.next();
                    Refusal.check(
                            rs.getString("refused"), workspace, StoredReferrals.user(rs.getString("refused_user")));
                    return new FraudHistory(
                            question.referrer().equals(question.user()),
                            rs.getBoolean("same_email"),
                            rs.getBoolean("same_device"),
                            rs.getBoolean("same_ip"),
                            rs.getBoolean("same_domain"),
                            rs.getLong("on_device"),
                            rs.getLong("on_ip"),
                            rs.getLong("by_referrer_hour"),
                            rs.getLong("by_referrer_day"),
                            rs.getLong("by_device_day"),
                            rs.getLong("chain_on_device"),
                            rs.getLong("chain_on_ip"));
                }
            }
        });
    }

    @Override
    public Bound bind(WorkspaceId workspace, NewReferral referral, List<GrowthEvent> events) {
        String json = StoredUsage.events(events);
        String outcome = session.call("bind a user to a referrer", handle -> {
            try (PreparedStatement bind = handle.getConnection().prepareStatement(BIND)) {
                bind.setString(1, workspace.value());
                bind.setString(2, referral.program());
                bind.setInt(3, referral.version());
                bind.setString(4, referral.referrer().value());
                bind.setString(5, referral.user().value());
                bind.setObject(6, referral.id());
                bind.setObject(7, referral.rootId());
                bind.setString(8, referral.code());
                bind.setString(9, referral.artefact());
                bind.setObject(10, time(referral.signedUpAt()));
                bind.setObject(11, time(referral.at()));
                bind.setInt(12, StoredReferrals.code(referral.standing()));
                bind.setString(13, referral.verdict());
                traces(bind, 14, referral.traces());
                bind.setString(18, json);
                try (ResultSet rs = bind.executeQuery()) {
                    rs.next();
                    Refusal.check(
                            rs.getString("refused"), workspace, StoredReferrals.user(rs.getString("refused_user")));
                    return rs.getString("outcome");
                }
            }
        });
        return switch (outcome) {
            case "bound" -> {
                StoredUsage.told(workspace, events).ifPresent(session::stored);
                yield Bound.BOUND;
            }
            case "already" -> Bound.ALREADY;
            default -> Bound.LOOP;
        };
    }

    @Override
    public List<Reached> reach(List<String> programs, UserId user, @Nullable WorkspaceId in, Stage stage, Instant at) {
        return session.call("note what a user has reached", handle -> {
            try (PreparedStatement reach = handle.getConnection().prepareStatement(REACH)) {
                reach.setArray(1, handle.getConnection().createArrayOf("text", programs.toArray()));
                reach.setString(2, user.value());
                reach.setString(3, in == null ? null : in.value());
                reach.setString(4, stage.name());
                reach.setObject(5, time(at));
                return reached(reach, user);
            }
        });
    }

    @Override
    public Optional<Reached> referralOf(String program, UserId user) {
        return session.read("find the referral of a user", handle -> {
            try (PreparedStatement reach = handle.getConnection().prepareStatement(REACH)) {
                reach.setArray(1, handle.getConnection().createArrayOf("text", new Object[] {program}));
                reach.setString(2, user.value());
                reach.setString(3, null);
                reach.setString(4, null);
                reach.setObject(5, time(Instant.EPOCH));
                return reached(reach, user).stream().findFirst();
            }
        });
    }

    private static List<Reached> reached(PreparedStatement reach, UserId user) throws SQLException {
        var reached = new ArrayList<Reached>();
        try (ResultSet rs = reach.executeQuery()) {
            while (rs.next()) {
                String workspace = rs.getString("workspace_id");
                if (workspace == null) {
                    throw new UserErased(user);
                }
                reached.add(new Reached(
                        WorkspaceId.of(workspace),
                        StoredReferrals.edge(rs, rs.getString("program"), user),
                        StoredReferrals.workspace(rs.getString("referred_in"))));
            }
        }
        return reached;
    }

    @Override
    public Optional<Reached> find(WorkspaceId workspace, String program, UUID referral) {
        return StoredReferrals.find(Dialect.POSTGRESQL, session, BY_ID, workspace, program, referral);
    }

    @Override
    public boolean judge(WorkspaceId workspace, String program, UUID referral, Standing standing, String verdict) {
        return StoredReferrals.judge(Dialect.POSTGRESQL, session, workspace, program, referral, standing, verdict);
    }

    @Override
    public List<Edge> held(WorkspaceId workspace, String program, int most) {
        return StoredReferrals.held(Dialect.POSTGRESQL, session, workspace, program, most);
    }

    @Override
    public List<Edge> referrals(WorkspaceId workspace, String program, UserId referrer, int most) {
        return StoredReferrals.referredBy(Dialect.POSTGRESQL, session, workspace, program, referrer, most);
    }

    @Override
    public List<ShareCounts> shares(WorkspaceId workspace, String program) {
        return StoredReferrals.shares(Dialect.POSTGRESQL, session, SHARES, workspace, program);
    }

    @Override
    public boolean invited(WorkspaceId workspace, String program, UserId sender, UUID id, Instant at) {
        return session.atomically("store an invitation", handle -> {
            Refusal.check(
                    handle.createQuery(ADMIT)
                            .bind("workspace", workspace.value())
                            .bind("user", sender.value())
                            .mapTo(String.class)
                            .one(),
                    workspace,
                    sender);
            return Dialect.POSTGRESQL.bound(
                    handle,
                    workspace,
                    bound -> bound.createUpdate(INVITED)
                                    .bind("workspace", workspace.value())
                                    .bind("program", program)
                                    .bind("user", sender.value())
                                    .bind("id", id)
                                    .bind("at", StoredUsage.text(at))
                                    .execute()
                            > 0);
        });
    }

    @Override
    public Optional<Position> position(WorkspaceId workspace, String program, UserId user) {
        return session.read(
                "find where a user stands",
                handle -> handle.createQuery(POSITION)
                        .bind("workspace", workspace.value())
                        .bind("program", program)
                        .bind("user", user.value())
                        .map((rs, ctx) -> {
                            Refusal.check(rs.getString("refused"), workspace, user);
                            int depth = rs.getInt("depth");
                            return rs.wasNull()
                                    ? Optional.<Position>empty()
                                    : Optional.of(new Position(depth, rs.getLong("size")));
                        })
                        .one());
    }

    @Override
    public List<Optional<UserId>> ancestors(WorkspaceId workspace, String program, UserId user, int most) {
        return StoredReferrals.ancestors(Dialect.POSTGRESQL, session, workspace, program, user, most);
    }

    @Override
    public int depthOverall(String program, UserId user) {
        return session.read(
                "count how deep a user is",
                handle -> handle.createQuery(DEPTH_OVERALL)
                        .bind("program", program)
                        .bind("user", user.value())
                        .map((rs, ctx) -> {
                            if (rs.getString("refused") != null) {
                                throw new UserErased(user);
                            }
                            return rs.getInt("depth");
                        })
                        .one());
    }

    @Override
    public List<Generation> generations(WorkspaceId workspace, String program) {
        return StoredReferrals.generations(Dialect.POSTGRESQL, session, workspace, program);
    }

    @Override
    public List<Subtree> largest(WorkspaceId workspace, String program, int most) {
        return StoredReferrals.largest(Dialect.POSTGRESQL, session, LARGEST, workspace, program, most);
    }

    @Override
    public List<Edge> all(WorkspaceId workspace, String program) {
        return StoredReferrals.all(Dialect.POSTGRESQL, session, workspace, program);
    }

    @Override
    public int tidy(WorkspaceId workspace, String program) {
        return session.call(
                "count referrals",
                handle -> handle.createQuery(TIDY)
                        .bind("workspace", workspace.value())
                        .bind("program", program)
                        .bind("most", BATCH)
                        .map((rs, ctx) -> {
                            Refusal.check(rs.getString("refused"), workspace, null);
                            return rs.getInt("counted");
                        })
                        .one());
    }

    private static void traces(PreparedStatement statement, int from, Traces traces) throws SQLException {
        statement.setString(from, traces.email());
        statement.setString(from + 1, traces.domain());
        statement.setString(from + 2, traces.device());
        statement.setString(from + 3, traces.ip());
    }

    private static OffsetDateTime time(Instant time) {
        return StoredUsage.stored(time).atOffset(ZoneOffset.UTC);
    }
}
