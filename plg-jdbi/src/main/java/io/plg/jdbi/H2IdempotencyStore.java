package io.plg.jdbi;

import io.plg.TransactionConflict;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.IdempotencyStore;
import io.plg.idempotency.Once;
import io.plg.idempotency.Scope;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.jdbi.v3.core.statement.SqlStatement;
import org.jspecify.annotations.Nullable;

/**
 * Keys on H2, as statements in one transaction. A claim inserts the row, which makes every other insert of the same wait for the end of the
 * transaction; how long is a setting of the connection that is put back at once.
 */
final class H2IdempotencyStore implements IdempotencyStore {
    private static final int BATCH = 1_000;
    private static final int ATTEMPTS = 20;
    private static final String DUPLICATE = "23505";
    private static final int LOCK_TIMEOUT = 50200;
    private static final int CONCURRENT_UPDATE = 90131;

    private static final String FIND = """
            select finished_at is not null as finished, fingerprint, effect_id, result,
                   greatest(0, cast(extract(epoch from leased_until - current_timestamp(6)) * 1000000 as bigint)) as left_micros
            from plg.idempotency_key where workspace_id = :workspace and scope = :scope
            """;
    /** In one statement, because the key and its line in the log may have been committed since the last one. */
    private static final String FIND_LOGGED = """
            select true as finished, l.fingerprint, l.effect_id, k.result, 0 as left_micros
            from plg.idempotency_log l
            left join plg.idempotency_key k
                   on k.workspace_id = l.workspace_id and k.scope = l.scope and k.finished_at is not null
            where l.workspace_id = :workspace and l.scope = :scope
            """;

    private static final String CLAIM = """
            insert into plg.idempotency_key
                (workspace_id, scope, operation, request_key, user_id, service, fingerprint, effect_id, token, expires_at)
            values (:workspace, :scope, :operation, :key, :user, :service, :none, random_uuid(), 0, current_timestamp(6))
            """;
    private static final String CLAIM_AGAIN = """
            update plg.idempotency_key set token = token
            where workspace_id = :workspace and scope = :scope and finished_at is null
              and (leased_until is null or leased_until <= current_timestamp(6))
            """;
    private static final String FINISH = """
            update plg.idempotency_key
            set fingerprint = :fingerprint, effect_id = :effect, finished_at = current_timestamp(6), result = :result,
                expires_at = dateadd(second, :retention, current_timestamp(6))
            where workspace_id = :workspace and scope = :scope and finished_at is null
              and (:token is null and (leased_until is null or leased_until <= current_timestamp(6)) or token = :token)
            """;
    private static final String LOG = """
            insert into plg.idempotency_log (workspace_id, scope, operation, request_key, fingerprint, effect_id, executed_at)
            values (:workspace, :scope, :operation, :key, :fingerprint, :effect, current_timestamp(6))
            """;
    private static final String LEASE = """
            insert into plg.idempotency_key
                (workspace_id, scope, operation, request_key, user_id, service, fingerprint, effect_id, token, leased_until, expires_at)
            values (:workspace, :scope, :operation, :key, :user, :service, :fingerprint, :effect,
                    cast(extract(epoch from current_timestamp(6)) * 1000 as bigint),
                    dateadd(microsecond, :lease, current_timestamp(6)),
                    dateadd(second, :retention, current_timestamp(6)))
            """;
    private static final String LEASE_AGAIN = """
            update plg.idempotency_key
            set token = token + 1, leased_until = dateadd(microsecond, :lease, current_timestamp(6)),
                expires_at = dateadd(second, :retention, current_timestamp(6))
            where workspace_id = :workspace and scope = :scope and finished_at is null
              and leased_until <= current_timestamp(6) and fingerprint = :fingerprint
            """;
    private static final String OWNER = """
            select token, effect_id from plg.idempotency_key where workspace_id = :workspace and scope = :scope
            """;
    private static final String RENEW = """
            update plg.idempotency_key
            set expires_at = dateadd(microsecond,
                    timestampdiff(microsecond, leased_until, dateadd(microsecond, :lease, current_timestamp(6))), expires_at),
                leased_until = dateadd(microsecond, :lease, current_timestamp(6))
            where workspace_id = :workspace and scope = :scope and token = :token and finished_at is null
            """;
    private static final String ONCE = """
            insert into plg.idempotency_once (workspace_id, what, subject, user_id, effect_id, happened_at)
            values (:workspace, :what, :subject, :user, :effect, current_timestamp(6))
            """;
    private static final String ONCE_BY = """
            select effect_id from plg.idempotency_once where workspace_id = :workspace and what = :what and subject = :subject
            """;
    private static final String REMOVE_EXPIRED = """
            delete from plg.idempotency_key where expires_at < current_timestamp(6)
            fetch first :limit rows only
            """;

    private final Session session;

    H2IdempotencyStore(Session session) {
        this.session = session;
    }

    @Override
    public Claim find(WorkspaceId workspace, Scope scope, boolean logged, Instant now) {
        return session.atomically("look up an idempotency key", handle -> {
            H2TenancyStore.check(handle, workspace, users(scope));
            return seen(handle, workspace, scope, logged);
        });
    }

    @Override
    public Claim claim(WorkspaceId workspace, Scope scope, boolean logged, Duration wait, Instant now) {
        return session.call("claim an idempotency key", handle -> {
            H2TenancyStore.admit(handle, workspace, users(scope));
            Claim seen = seen(handle, workspace, scope, logged);
            if (!(seen instanceof Claim.Free)) {
                return seen;
            }
            boolean claimed = waiting(handle, wait, () -> {
                for (int left = ATTEMPTS; left > 0; left--) {
                    if (of(handle.createUpdate(CLAIM_AGAIN), workspace, scope).execute() > 0
                            || insert(named(handle.createUpdate(CLAIM), workspace, scope)
                                    .bind("none", new byte[0]))) {
                        return true;
                    }
                    if (!(seen(handle, workspace, scope, logged) instanceof Claim.Free)) {
                        return false;
                    }
                }
                // In a stricter isolation than READ COMMITTED the row is there and cannot be seen.
                throw new TransactionConflict(
                        scope + " was used by a transaction that this one cannot see",
                        new IllegalStateException("claimed by another transaction"));
            });
            if (claimed) {
                return seen;
            }
            Claim since = seen(handle, workspace, scope, logged);
            return since instanceof Claim.Free ? Claim.Busy.UNKNOWN : since;
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
            H2TenancyStore.admit(handle, workspace, users(scope));
            boolean stored = of(handle.createUpdate(FINISH), workspace, scope)
                            .bindByType("token", token, Long.class)
                            .bind("fingerprint", StoredKeys.bytes(result.request()))
                            .bind("effect", result.effectId())
                            .bindByType("result", result.json(), String.class)
                            .bind("retention", result.retention().toSeconds())
                            .execute()
                    > 0;
            return stored
                    && (!result.financial()
                            || insert(of(handle.createUpdate(LOG), workspace, scope)
                                    .bind("operation", scope.operation())
                                    .bind("key", scope.key().value())
                                    .bind("fingerprint", StoredKeys.bytes(result.request()))
                                    .bind("effect", result.effectId())));
        });
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
        return session.atomically("lease an idempotency key", handle -> {
            H2TenancyStore.admit(handle, workspace, users(scope));
            for (int left = ATTEMPTS; ; left--) {
                Claim seen = seen(handle, workspace, scope, logged);
                if (!(seen instanceof Claim.Free free)) {
                    return seen;
                }
                if (free.request().filter(earlier -> !earlier.equals(request)).isPresent()) {
                    return new Claim.Busy(free.request(), Duration.ZERO);
                }
                var lease = (seen == Claim.Free.UNTRIED
                                ? named(handle.createUpdate(LEASE), workspace, scope)
                                        .bind("effect", effectId)
                                : of(handle.createUpdate(LEASE_AGAIN), workspace, scope))
                        .bind("fingerprint", StoredKeys.bytes(request))
                        .bind("lease", StoredKeys.micros(length))
                        .bind("retention", length.plus(retention).toSeconds());
                if (insert(lease)) {
                    return of(handle.createQuery(OWNER), workspace, scope)
                            .map((rs, ctx) ->
                                    new Claim.Leased(rs.getLong("token"), rs.getObject("effect_id", UUID.class)))
                            .one();
                }
                if (left == 0) {
                    return Claim.Busy.UNKNOWN;
                }
            }
        });
    }

    @Override
    public boolean renew(WorkspaceId workspace, Scope scope, long token, Duration length, Instant now) {
        return session.call(
                "renew a lease",
                handle -> of(handle.createUpdate(RENEW), workspace, scope)
                                .bind("token", token)
                                .bind("lease", StoredKeys.micros(length))
                                .execute()
                        > 0);
    }

    @Override
    public void release(WorkspaceId workspace, Scope scope, long token, Instant now) {
        renew(workspace, scope, token, Duration.ZERO, now);
    }

    @Override
    public Once once(
            WorkspaceId workspace, String what, @Nullable UserId user, String subject, UUID effectId, Instant at) {
        return session.atomically("note what happens once", handle -> {
            H2TenancyStore.admit(handle, workspace, user == null ? List.of() : List.of(user));
            byte[] hash = StoredKeys.subject(user, subject);
            boolean first = insert(handle.createUpdate(ONCE)
                    .bind("workspace", workspace.value())
                    .bind("what", what)
                    .bind("subject", hash)
                    .bindByType("user", user == null ? null : user.value(), String.class)
                    .bind("effect", effectId));
            UUID by = handle.createQuery(ONCE_BY)
                    .bind("workspace", workspace.value())
                    .bind("what", what)
                    .bind("subject", hash)
                    .map((rs, ctx) -> rs.getObject("effect_id", UUID.class))
                    .one();
            return new Once(first, by);
        });
    }

    @Override
    public long removeExpired(Instant now) {
        long removed = 0;
        int batch = BATCH;
        while (batch == BATCH) {
            batch = session.call(
                    "remove expired idempotency keys",
                    handle -> handle.createUpdate(REMOVE_EXPIRED)
                            .bind("limit", BATCH)
                            .execute());
            removed += batch;
        }
        return removed;
    }

    private static Claim seen(Handle handle, WorkspaceId workspace, Scope scope, boolean logged) {
        Optional<Claim> row = of(handle.createQuery(FIND), workspace, scope)
                .map((rs, ctx) -> StoredKeys.read(rs))
                .findOne();
        if (logged && !(row.orElse(Claim.Free.UNTRIED) instanceof Claim.Finished)) {
            Optional<Claim> before = of(handle.createQuery(FIND_LOGGED), workspace, scope)
                    .map((rs, ctx) -> StoredKeys.read(rs))
                    .findOne();
            row = before.isPresent() ? before : row;
        }
        return row.orElse(Claim.Free.UNTRIED);
    }

    /** Runs a statement that may have to wait for another transaction; false if that took too long. */
    private static boolean waiting(Handle handle, Duration wait, Statement statement) {
        long before =
                handle.createQuery("select lock_timeout()").mapTo(Long.class).one();
        handle.execute("set lock_timeout " + Math.max(1, wait.toMillis()));
        try {
            return statement.execute();
        } catch (JdbiException e) {
            if (e.getCause() instanceof SQLException sql) {
                if (sql.getErrorCode() == LOCK_TIMEOUT) {
                    return false;
                }
                if (sql.getErrorCode() == CONCURRENT_UPDATE) {
                    throw new TransactionConflict(
                            "could not claim an idempotency key: another transaction was faster", sql);
                }
            }
            throw e;
        } finally {
            handle.execute("set lock_timeout " + before);
        }
    }

    /** False if the key is there already. */
    private static boolean insert(org.jdbi.v3.core.statement.Update statement) {
        try {
            return statement.execute() > 0;
        } catch (JdbiException e) {
            if (e.getCause() instanceof SQLException sql && DUPLICATE.equals(sql.getSQLState())) {
                return false;
            }
            throw e;
        }
    }

    private static List<UserId> users(Scope scope) {
        return scope.principal().user().stream().toList();
    }

    private static <S extends SqlStatement<S>> S of(S statement, WorkspaceId workspace, Scope scope) {
        return statement.bind("workspace", workspace.value()).bind("scope", scope.hash());
    }

    private static <S extends SqlStatement<S>> S named(S statement, WorkspaceId workspace, Scope scope) {
        return of(statement, workspace, scope)
                .bind("operation", scope.operation())
                .bind("key", scope.key().value())
                .bindByType("user", StoredKeys.user(scope), String.class)
                .bindByType("service", StoredKeys.service(scope), String.class);
    }

    private interface Statement {
        boolean execute();
    }
}
