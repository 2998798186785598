package io.plg.jdbi;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.internal.Json;
import io.plg.referral.ReferralStore.Edge;
import io.plg.referral.ReferralStore.Generation;
import io.plg.referral.ReferralStore.Reached;
import io.plg.referral.ReferralStore.ShareCounts;
import io.plg.referral.ReferralStore.Standing;
import io.plg.referral.ReferralStore.Subtree;
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
import org.jspecify.annotations.Nullable;

/** How referrals look in the tables of both databases, and the reads that both understand. */
final class StoredReferrals {
    /** Rows over which the views of a link are spread. */
    private static final int SLOTS = 16;

    private static final String HELD = """
            select coalesce(r.referral_id, r.id) as id, r.version, p.actor_id as referrer, r.actor_id as referred, r.code, r.artefact,
                   cast(extract(epoch from r.signed_up_at) * 1000000 as bigint) as signed_up_at,
                   cast(extract(epoch from r.bound_at) * 1000000 as bigint) as bound_at,
                   cast(r.stages as text) as stages, r.standing, r.verdict
            from plg.referral r
            left join plg.referral p on p.workspace_id = :workspace and p.program = :program and p.id = r.parent_id
            where r.workspace_id = :workspace and r.program = :program and r.standing = 1 and r.parent_id is not null
            order by r.bound_at, r.id fetch first :most rows only
            """;
    /** Without a join, so that those of one referrer are read from the newest on, whatever their number is. */
    private static final String REFERRED_BY = """
            select coalesce(r.referral_id, r.id) as id, r.version, cast(:user as varchar) as referrer, r.actor_id as referred, r.code, r.artefact,
                   cast(extract(epoch from r.signed_up_at) * 1000000 as bigint) as signed_up_at,
                   cast(extract(epoch from r.bound_at) * 1000000 as bigint) as bound_at,
                   cast(r.stages as text) as stages, r.standing, r.verdict
            from plg.referral r
            where r.workspace_id = :workspace and r.program = :program
              and r.parent_id = (select p.id from plg.referral p where p.workspace_id = :workspace and p.program = :program and p.actor_id = :user)
            order by r.bound_at desc, r.id desc fetch first :most rows only
            """;

    private static final String ALL = """
            select coalesce(r.referral_id, r.id) as id, r.version, p.actor_id as referrer, r.actor_id as referred, r.code, r.artefact,
                   cast(extract(epoch from r.signed_up_at) * 1000000 as bigint) as signed_up_at,
                   cast(extract(epoch from r.bound_at) * 1000000 as bigint) as bound_at,
                   cast(r.stages as text) as stages, r.standing, r.verdict
            from plg.referral r
            left join plg.referral p on p.workspace_id = :workspace and p.program = :program and p.id = r.parent_id
            where r.workspace_id = :workspace and r.program = :program and r.parent_id is not null
            """;
    private static final String JUDGE = """
            update plg.referral set standing = :standing, verdict = :verdict
            where workspace_id = :workspace and program = :program and standing = 1 and parent_id is not null
              and (id = :id and referral_id is null or referral_id = :id)
            """;
    private static final String ANCESTORS = """
            with recursive up (parent_id, actor_id, n) as (
                select r.parent_id, r.actor_id, 0 from plg.referral r
                where r.workspace_id = :workspace and r.program = :program and r.actor_id = :user
                union all
                select r.parent_id, r.actor_id, up.n + 1
                from up join plg.referral r on r.workspace_id = :workspace and r.program = :program and r.id = up.parent_id
                where up.n < :most)
            select actor_id from up where n > 0 order by n
            """;

    /** The generation after one's own is where those are whom one has referred. */
    private static final String GENERATIONS = """
            with recursive tree (id, parent_id, depth) as (
                select r.id, r.parent_id, 0 from plg.referral r
                where r.workspace_id = :workspace and r.program = :program and r.parent_id is null
                union all
                select r.id, r.parent_id, tree.depth + 1
                from tree join plg.referral r on r.workspace_id = :workspace and r.program = :program and r.parent_id = tree.id)
            select depth, count(*) as members, count(distinct parent_id) as parents from tree group by depth order by depth
            """;

    private static final String DEACTIVATE = """
            update plg.referral_code set active = false where workspace_id = :workspace and code = :code and active
            """;

    private StoredReferrals() {}

    static int code(Standing standing) {
        return switch (standing) {
            case FINE -> 0;
            case HELD -> 1;
            case REJECTED -> 2;
        };
    }

    private static Standing standing(int code) {
        return switch (code) {
            case 0 -> Standing.FINE;
            case 1 -> Standing.HELD;
            case 2 -> Standing.REJECTED;
            default -> throw new IllegalStateException("no standing has the code " + code);
        };
    }

    static int slot() {
        return (int) (Thread.currentThread().getId() % SLOTS);
    }

    static @Nullable UserId user(@Nullable String id) {
        return id == null ? null : UserId.of(id);
    }

    static @Nullable WorkspaceId workspace(@Nullable String id) {
        return id == null ? null : WorkspaceId.of(id);
    }

    /** Times in microseconds by the names of the stages. */
    static Map<String, Instant> stages(String json) {
        var stages = new LinkedHashMap<String, Instant>();
        ((Map<?, ?>) Objects.requireNonNull(Json.readAny(json)))
                .forEach((stage, micros) -> stages.put(
                        (String) stage, StoredUsage.time(((Number) Objects.requireNonNull(micros)).longValue())));
        return stages;
    }

    /** Reads everything but the program and the user. */
    static Edge edge(ResultSet rs, String program, @Nullable UserId user) throws SQLException {
        return new Edge(
                rs.getObject("id", UUID.class),
                program,
                rs.getInt("version"),
                user(rs.getString("referrer")),
                user,
                rs.getString("code"),
                rs.getString("artefact"),
                StoredUsage.time(rs.getLong("signed_up_at")),
                StoredUsage.time(rs.getLong("bound_at")),
                stages(rs.getString("stages")),
                standing(rs.getInt("standing")),
                rs.getString("verdict"));
    }

    private static Edge edge(ResultSet rs, String program) throws SQLException {
        return edge(rs, program, user(rs.getString("referred")));
    }

    static List<Edge> held(Dialect dialect, Session session, WorkspaceId workspace, String program, int most) {
        return dialect.inWorkspace(
                session,
                "find referrals that are held",
                workspace,
                null,
                handle -> handle.createQuery(HELD)
                        .bind("workspace", workspace.value())
                        .bind("program", program)
                        .bind("most", most)
                        .map((rs, ctx) -> edge(rs, program))
                        .list());
    }

    static List<Edge> referredBy(
            Dialect dialect, Session session, WorkspaceId workspace, String program, UserId referrer, int most) {
        return dialect.inWorkspace(
                session,
                "find whom a user has referred",
                workspace,
                referrer,
                handle -> handle.createQuery(REFERRED_BY)
                        .bind("workspace", workspace.value())
                        .bind("program", program)
                        .bind("user", referrer.value())
                        .bind("most", most)
                        .map((rs, ctx) -> edge(rs, program))
                        .list());
    }

    static List<Edge> all(Dialect dialect, Session session, WorkspaceId workspace, String program) {
        return dialect.inWorkspace(
                session,
                "read all referrals",
                workspace,
                null,
                handle -> handle.createQuery(ALL)
                        .bind("workspace", workspace.value())
                        .bind("program", program)
                        .map((rs, ctx) -> edge(rs, program))
                        .list());
    }

    /** Finds a referral with a statement that says in which workspace the referred user has reached a stage. */
    static Optional<Reached> find(
            Dialect dialect, Session session, String statement, WorkspaceId workspace, String program, UUID referral) {
        return dialect.inWorkspace(
                session,
                "find a referral",
                workspace,
                null,
                handle -> handle.createQuery(statement)
                        .bind("workspace", workspace.value())
                        .bind("program", program)
                        .bind("id", referral)
                        .map((rs, ctx) ->
                                new Reached(workspace, edge(rs, program), workspace(rs.getString("referred_in"))))
                        .findOne());
    }

    static boolean judge(
            Dialect dialect,
            Session session,
            WorkspaceId workspace,
            String program,
            UUID referral,
            Standing standing,
            String verdict) {
        return dialect.inWorkspace(
                session,
                "change what is thought of a referral",
                workspace,
                null,
                handle -> standing != Standing.HELD
                        && handle.createUpdate(JUDGE)
                                        .bind("workspace", workspace.value())
                                        .bind("program", program)
                                        .bind("id", referral)
                                        .bind("standing", code(standing))
                                        .bind("verdict", verdict)
                                        .execute()
                                > 0);
    }

    static boolean deactivate(Dialect dialect, Session session, WorkspaceId workspace, String code) {
        return dialect.inWorkspace(
                session,
                "end a code",
                workspace,
                null,
                handle -> handle.createUpdate(DEACTIVATE)
                                .bind("workspace", workspace.value())
                                .bind("code", code)
                                .execute()
                        > 0);
    }

    static List<Optional<UserId>> ancestors(
            Dialect dialect, Session session, WorkspaceId workspace, String program, UserId user, int most) {
        return dialect.inWorkspace(
                session,
                "find by whom a user was referred",
                workspace,
                user,
                handle -> handle.createQuery(ANCESTORS)
                        .bind("workspace", workspace.value())
                        .bind("program", program)
                        .bind("user", user.value())
                        .bind("most", most)
                        .map((rs, ctx) -> Optional.ofNullable(user(rs.getString("actor_id"))))
                        .list());
    }

    static List<Generation> generations(Dialect dialect, Session session, WorkspaceId workspace, String program) {
        List<long[]> levels = dialect.inWorkspace(
                session,
                "count the members of a graph",
                workspace,
                null,
                handle -> handle.createQuery(GENERATIONS)
                        .bind("workspace", workspace.value())
                        .bind("program", program)
                        .map((rs, ctx) -> new long[] {rs.getLong("members"), rs.getLong("parents")})
                        .list());
        var generations = new ArrayList<Generation>();
        for (int i = 0; i < levels.size(); i++) {
            generations.add(new Generation(levels.get(i)[0], i + 1 < levels.size() ? levels.get(i + 1)[1] : 0));
        }
        return generations;
    }

    static List<Subtree> largest(
            Dialect dialect, Session session, String statement, WorkspaceId workspace, String program, int most) {
        return dialect.inWorkspace(
                session,
                "find the largest subtrees",
                workspace,
                null,
                handle -> handle.createQuery(statement)
                        .bind("workspace", workspace.value())
                        .bind("program", program)
                        .bind("most", most)
                        .map((rs, ctx) -> new Subtree(UserId.of(rs.getString("actor_id")), rs.getLong("size")))
                        .list());
    }

    static List<ShareCounts> shares(
            Dialect dialect, Session session, String statement, WorkspaceId workspace, String program) {
        return dialect.inWorkspace(
                session,
                "count what came of what users share",
                workspace,
                null,
                handle -> handle.createQuery(statement)
                        .bind("workspace", workspace.value())
                        .bind("program", program)
                        .map((rs, ctx) -> new ShareCounts(
                                UserId.of(rs.getString("user_id")),
                                rs.getString("artefact"),
                                rs.getString("code"),
                                rs.getLong("views"),
                                rs.getLong("sign_ups"),
                                rs.getLong("activated"),
                                rs.getLong("paid")))
                        .list());
    }
}
