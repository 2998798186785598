package io.plg.jdbi;

import io.plg.TransactionConflict;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.IdempotencyStore;
import io.plg.idempotency.Once;
import io.plg.idempotency.Scope;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
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
            select refused, finished, fingerprint, effect_id, result, left_micros, claimed
            from plg.idempotency_claim(
                p_workspace => ?, p_user => ?, p_scope => ?, p_logged => ?, p_lock => ?, p_wait => ?, p_bind => ?)
            """;
    private static final String FINISH = """
            select refused, stored
            from plg.idempotency_finish(
                p_workspace => ?, p_user => ?, p_scope => ?, p_token => ?, p_operation => ?, p_key => ?, p_service => ?,
                p_fingerprint => ?, p_effect => ?, p_result => ?, p_retention_micros => ?, p_financial => ?)
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
        return session.call("look up an idempotency key", handle -> {
            try (PreparedStatement find = handle.getConnection().prepareStatement(FIND)) {
                bind(find, workspace, scope);
                find.setBoolean(4, logged);
                try (ResultSet rs = find.executeQuery()) {
                    rs.next();
                    admitted(rs.getString("refused"), workspace, scope);
                    return StoredKeys.read(rs);
                }
            }
        });
    }

    @Override
    public Claim claim(WorkspaceId workspace, Scope scope, boolean logged, Duration wait, Instant now) {
        return session.call("claim an idempotency key", handle -> {
            boolean bind = session.isOwn();
            try (PreparedStatement claim = handle.getConnection().prepareStatement(CLAIM)) {
                bind(claim, workspace, scope);
                claim.setBoolean(4, logged);
                claim.setLong(5, StoredKeys.lock(workspace.value(), scope));
                claim.setInt(6, wait.isZero() ? 0 : (int) Math.max(1, wait.toMillis()));
                claim.setBoolean(7, bind);
                try (ResultSet rs = claim.executeQuery()) {
                    rs.next();
                    admitted(rs.getString("refused"), workspace, scope);
                    Claim read = StoredKeys.read(rs);
                    if (rs.getBoolean("claimed")) {
                        if (bind) {
                            session.boundTo(workspace);
                        }
                        return read;
                    }
                    return read instanceof Claim.Free ? Claim.Busy.UNKNOWN : read;
                }
            }
        });
    }

    @Override
    public void finish(WorkspaceId workspace, Scope scope, Result result) {
        if (!finish(workspace, scope, null, result)) {
            throw new TransactionConflict(
                    scope + " was used by somebody else in between", new IllegalStateException("not stored"));
        }
    }

    @Override
    public boolean finishLeased(WorkspaceId workspace, Scope scope, long token, Result result) {
        return finish(workspace, scope, token, result);
    }

    private boolean finish(WorkspaceId workspace, Scope scope, @Nullable Long token, Result result) {
        return session.call("store the result of an idempotency key", handle -> {
            try (PreparedStatement finish = handle.getConnection().prepareStatement(FINISH)) {
                bind(finish, workspace, scope);
                finish.setObject(4, token, Types.BIGINT);
                finish.setString(5, scope.operation());
                finish.setString(6, scope.key().value());
                finish.setString(7, StoredKeys.service(scope));
                finish.setBytes(8, StoredKeys.bytes(result.request()));
                finish.setObject(9, result.effectId());
                finish.setString(10, result.json());
                finish.setLong(11, StoredKeys.micros(result.retention()));
                finish.setBoolean(12, result.financial());
                try (ResultSet rs = finish.executeQuery()) {
                    rs.next();
                    admitted(rs.getString("refused"), workspace, scope);
                    return rs.getBoolean("stored");
                }
            }
        });
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
