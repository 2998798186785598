package io.plg.jdbi;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.IdempotencyStore;
import io.plg.idempotency.Once;
import io.plg.idempotency.Scope;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/** Keys on PostgreSQL: each step is one call of a function that ships with the schema. */
final class PostgresIdempotencyStore implements IdempotencyStore {
    private static final int BATCH = 1_000;

    // The three statements of every effect are for plain JDBC: with a look-up of a fresh key, Jdbi takes longer than
    // the database.
    private static final String FIND = """
            select refused, finished, fingerprint, effect_id, result, left_micros
            from plg.idempotency_find(p_workspace => ?, p_user => ?, p_scope => ?, p_logged => ?)
            """;
    private static final String CLAIM = """
            select plg.idempotency_claim(
                p_workspace => ?, p_user => ?, p_scope => ?, p_logged => ?, p_lock => ?, p_wait => ?, p_bind => ?)
            """;
    private static final String FINISH = """
            select plg.idempotency_finish(
                p_workspace => ?, p_user => ?, p_scope => ?, p_operation => ?, p_key => ?, p_service => ?, p_fingerprint => ?,
                p_effect => ?, p_result => ?, p_retention_micros => ?, p_financial => ?)
            """;
    private static final String FINISH_LEASED = """
            select refused, stored
            from plg.idempotency_finish_leased(:workspace, :user, :scope, :token, :operation, :key, :fingerprint, :effect, :result,
                                               :retention, :financial)
            """;
    private static final String LEASE = """
            select token, refused, finished, fingerprint, effect_id, result, left_micros
            from plg.idempotency_lease(:workspace, :user, :scope, :logged, :operation, :key, :service, :fingerprint, :effect,
                                       :lease, :retention)
            """;
    private static final String RENEW = "select plg.idempotency_renew(:workspace, :scope, :token, :lease)";
    private static final String ONCE = """
            select refused, first, effect_id
            from plg.idempotency_note_once(:workspace, :user, :what, :subject, :effect, cast(:at as timestamptz))
            """;
    private static final String REMOVE_EXPIRED =
            "select last_workspace, removed from plg_directory.remove_expired_keys(:after, :limit)";

    private final Session session;

    PostgresIdempotencyStore(Session session) {
        this.session = session;
    }

    @Override
    public Claim find(WorkspaceId workspace, Scope scope, boolean logged, Instant now) {
        return session.read("look up an idempotency key", handle -> find(handle, workspace, scope, logged));
    }

    private static Claim find(Handle handle, WorkspaceId workspace, Scope scope, boolean logged) throws SQLException {
        try (PreparedStatement find = handle.getConnection().prepareStatement(FIND)) {
            bind(find, workspace, scope);
            find.setBoolean(4, logged);
            try (ResultSet rs = find.executeQuery()) {
                rs.next();
                admitted(rs.getString("refused"), workspace, scope);
                return StoredKeys.read(rs);
            }
        }
    }

    @Override
    public Claim claim(WorkspaceId workspace, Scope scope, boolean logged, Duration wait, Instant now) {
        return session.call("claim an idempotency key", handle -> {
            boolean bind = session.isOwn();
            String claimed = claim(handle, workspace, scope, logged, wait, bind);
            switch (claimed) {
                case "claimed", "again" -> {
                    if (bind) {
                        session.boundTo(workspace);
                    }
                    return claimed.equals("claimed") ? Claim.Free.UNTRIED : find(handle, workspace, scope, logged);
                }
                case "busy" -> {
                    return Claim.Busy.UNKNOWN;
                }
                case "found" -> {
                    // Whoever is not claimed and has no owner either was let go of in between.
                    Claim found = find(handle, workspace, scope, logged);
                    return found instanceof Claim.Free ? Claim.Busy.UNKNOWN : found;
                }
                default -> {
                    admitted(claimed, workspace, scope);
                    throw new IllegalStateException("idempotency_claim returned " + claimed);
                }
            }
        });
    }

    private static String claim(
            Handle handle, WorkspaceId workspace, Scope scope, boolean logged, Duration wait, boolean bind)
            throws SQLException {
        try (PreparedStatement claim = handle.getConnection().prepareStatement(CLAIM)) {
            bind(claim, workspace, scope);
            claim.setBoolean(4, logged);
            claim.setLong(5, StoredKeys.lock(workspace.value(), scope));
            claim.setInt(6, wait.isZero() ? 0 : (int) Math.max(1, wait.toMillis()));
            claim.setBoolean(7, bind);
            try (ResultSet rs = claim.executeQuery()) {
                rs.next();
                return rs.getString(1);
            }
        }
    }

    @Override
    public void finish(WorkspaceId workspace, Scope scope, Result result) {
        session.store("store the result of an idempotency key", new Session.Write(FINISH, finish -> {
            bind(finish, workspace, scope);
            finish.setString(4, scope.operation());
            finish.setString(5, scope.key().value());
            finish.setString(6, StoredKeys.service(scope));
            finish.setBytes(7, StoredKeys.bytes(result.request()));
            finish.setObject(8, result.effectId());
            finish.setString(9, result.json());
            finish.setLong(10, StoredKeys.micros(result.retention()));
            finish.setBoolean(11, result.financial());
        }));
    }

    @Override
    public boolean finishLeased(WorkspaceId workspace, Scope scope, long token, Result result) {
        return session.call(
                "store the result of an idempotency key",
                handle -> of(handle.createQuery(FINISH_LEASED), workspace, scope)
                        .bind("token", token)
                        .bind("operation", scope.operation())
                        .bind("key", scope.key().value())
                        .bind("fingerprint", StoredKeys.bytes(result.request()))
                        .bind("effect", result.effectId())
                        .bindByType("result", result.json(), String.class)
                        .bind("retention", StoredKeys.micros(result.retention()))
                        .bind("financial", result.financial())
                        .map((rs, ctx) -> {
                            admitted(rs.getString("refused"), workspace, scope);
                            return rs.getBoolean("stored");
                        })
                        .one());
    }

    private static void bind(PreparedStatement statement, WorkspaceId workspace, Scope scope) throws SQLException {
        statement.setString(1, workspace.value());
        statement.setString(2, StoredKeys.user(scope));
        statement.setBytes(3, scope.hash());
    }

    @Override
    public Claim lease(
            WorkspaceId workspace,
            Scope scope,
            Fingerprint request,
            UUID effectId,
            Duration length,
            Duration retention,
            boolean logged,
            Instant now) {
        return session.call(
                "lease an idempotency key",
                handle -> named(of(handle.createQuery(LEASE), workspace, scope), scope)
                        .bind("logged", logged)
                        .bind("fingerprint", StoredKeys.bytes(request))
                        .bind("effect", effectId)
                        .bind("lease", StoredKeys.micros(length))
                        .bind("retention", StoredKeys.micros(retention))
                        .map((rs, ctx) -> {
                            admitted(rs.getString("refused"), workspace, scope);
                            long token = rs.getLong("token");
                            if (token > 0) {
                                return new Claim.Leased(token, rs.getObject("effect_id", UUID.class));
                            }
                            // What nobody holds and still is not ours was asked for with another request, or taken at
                            // this moment.
                            return StoredKeys.read(rs) instanceof Claim.Free free
                                    ? new Claim.Busy(free.request(), Duration.ZERO)
                                    : StoredKeys.read(rs);
                        })
                        .one());
    }

    @Override
    public boolean renew(WorkspaceId workspace, Scope scope, long token, Duration length, Instant now) {
        return session.call(
                "renew a lease",
                handle -> handle.createQuery(RENEW)
                        .bind("workspace", workspace.value())
                        .bind("scope", scope.hash())
                        .bind("token", token)
                        .bind("lease", StoredKeys.micros(length))
                        .mapTo(Boolean.class)
                        .one());
    }

    @Override
    public void release(WorkspaceId workspace, Scope scope, long token, Instant now) {
        renew(workspace, scope, token, Duration.ZERO, now);
    }

    @Override
    public Once once(
            WorkspaceId workspace, String what, @Nullable UserId user, String subject, UUID effectId, Instant at) {
        return session.call(
                "note what happens once",
                handle -> handle.createQuery(ONCE)
                        .bind("workspace", workspace.value())
                        .bindByType("user", user == null ? null : user.value(), String.class)
                        .bind("what", what)
                        .bind("subject", StoredKeys.subject(user, subject))
                        .bind("effect", effectId)
                        .bind("at", at.toString())
                        .map((rs, ctx) -> {
                            Refusal.check(rs.getString("refused"), workspace, user);
                            return new Once(rs.getBoolean("first"), rs.getObject("effect_id", UUID.class));
                        })
                        .one());
    }

    @Override
    public long removeExpired(Instant now) {
        long removed = 0;
        var after = new String[1];
        do {
            removed += session.call(
                    "remove expired idempotency keys",
                    handle -> handle.createQuery(REMOVE_EXPIRED)
                            .bindByType("after", after[0], String.class)
                            .bind("limit", BATCH)
                            .map((rs, ctx) -> {
                                after[0] = rs.getString("last_workspace");
                                return rs.getInt("removed");
                            })
                            .one());
        } while (after[0] != null);
        return removed;
    }

    private static Query of(Query query, WorkspaceId workspace, Scope scope) {
        return query.bind("workspace", workspace.value())
                .bindByType("user", StoredKeys.user(scope), String.class)
                .bind("scope", scope.hash());
    }

    private static Query named(Query query, Scope scope) {
        return query.bind("operation", scope.operation())
                .bind("key", scope.key().value())
                .bindByType("service", StoredKeys.service(scope), String.class);
    }

    private static void admitted(@Nullable String refused, WorkspaceId workspace, Scope scope) {
        Refusal.check(
                refused,
                workspace,
                Optional.ofNullable(StoredKeys.user(scope)).map(UserId::of).orElse(null));
    }
}
