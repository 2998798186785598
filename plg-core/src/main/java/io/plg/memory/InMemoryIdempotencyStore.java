package io.plg.memory;

import io.plg.TransactionConflict;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.IdempotencyStore;
import io.plg.idempotency.Once;
import io.plg.idempotency.Scope;
import io.plg.memory.InMemoryStores.TenantRows;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Transactions exclude each other here, so that a claim waits by itself. Which keys are claimed is known outside of the lock as well, for those who
 * do not want to wait.
 */
final class InMemoryIdempotencyStore implements IdempotencyStore, TenantRows {
    private final InMemoryStores stores;
    private final InMemoryTenancyStore tenancy;
    private final Map<Key, Row> rows = new HashMap<>();
    private final Map<Key, Claim.Finished> log = new HashMap<>();
    private final Map<OnceKey, UUID> once = new HashMap<>();

    /** The thread whose transaction has claimed a key. */
    private final Map<Key, Thread> claimed = new ConcurrentHashMap<>();

    InMemoryIdempotencyStore(InMemoryStores stores, InMemoryTenancyStore tenancy) {
        this.stores = stores;
        this.tenancy = tenancy;
    }

    @Override
    public Claim find(WorkspaceId workspace, Scope scope, boolean logged, Instant now) {
        var key = new Key(workspace, scope);
        if (isClaimedByAnother(key)) {
            return Claim.Busy.UNKNOWN;
        }
        return stores.operation(undo -> {
            check(workspace, scope);
            return seen(key, logged, now);
        });
    }

    @Override
    public Claim claim(WorkspaceId workspace, Scope scope, boolean logged, Duration wait, Instant now) {
        var key = new Key(workspace, scope);
        if (wait.isZero() && isClaimedByAnother(key)) {
            return Claim.Busy.UNKNOWN;
        }
        return stores.operation(undo -> {
            check(workspace, scope);
            Claim seen = seen(key, logged, now);
            if (seen instanceof Claim.Free && claimed.putIfAbsent(key, Thread.currentThread()) == null) {
                undo.add(() -> claimed.remove(key));
                stores.atEnd(() -> claimed.remove(key));
            }
            return seen;
        });
    }

    @Override
    public void finish(WorkspaceId workspace, Scope scope, Result result) {
        stores.operation(undo -> {
            check(workspace, scope);
            var key = new Key(workspace, scope);
            Row row = rows.get(key);
            if (seen(key, result.financial(), result.at()) instanceof Claim.Finished
                    || (row != null && row.isHeld(result.at()))) {
                throw new TransactionConflict(
                        scope + " was used by somebody else in between", new IllegalStateException("not claimed"));
            }
            store(key, row == null ? 0 : row.token(), result, undo);
            return true;
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
        return stores.operation(undo -> {
            check(workspace, scope);
            var key = new Key(workspace, scope);
            Claim seen = seen(key, logged, now);
            if (!(seen instanceof Claim.Free free)) {
                return seen;
            }
            if (free.request().filter(earlier -> !earlier.equals(request)).isPresent()) {
                return new Claim.Busy(free.request(), Duration.ZERO);
            }
            Row before = rows.get(key);
            long token = before == null || before.token() == 0 ? Math.max(1, now.toEpochMilli()) : before.token() + 1;
            UUID id = free.effectId().orElse(effectId);
            put(
                    rows,
                    key,
                    new Row(
                            request,
                            id,
                            token,
                            now.plus(length),
                            null,
                            now.plus(length).plus(retention)),
                    undo);
            return new Claim.Leased(token, id);
        });
    }

    @Override
    public boolean renew(WorkspaceId workspace, Scope scope, long token, Duration length, Instant now) {
        return stores.operation(undo -> owned(workspace, scope, token)
                .map(row -> put(rows, new Key(workspace, scope), row.until(now.plus(length)), undo))
                .isPresent());
    }

    @Override
    public void release(WorkspaceId workspace, Scope scope, long token, Instant now) {
        stores.operation(undo -> owned(workspace, scope, token)
                .map(row -> put(rows, new Key(workspace, scope), row.until(now), undo))
                .isPresent());
    }

    @Override
    public boolean finishLeased(WorkspaceId workspace, Scope scope, long token, Result result) {
        return stores.operation(undo -> {
            check(workspace, scope);
            if (owned(workspace, scope, token).isEmpty()) {
                return false;
            }
            store(new Key(workspace, scope), token, result, undo);
            return true;
        });
    }

    @Override
    public Once once(
            WorkspaceId workspace, String what, @Nullable UserId user, String subject, UUID effectId, Instant at) {
        return stores.operation(undo -> {
            if (user == null) {
                tenancy.check(workspace);
            } else {
                tenancy.check(workspace, user);
            }
            var key = new OnceKey(workspace, what, Optional.ofNullable(user), subject);
            UUID first = once.get(key);
            if (first != null) {
                return new Once(false, first);
            }
            put(once, key, effectId, undo);
            return new Once(true, effectId);
        });
    }

    @Override
    public long removeExpired(Instant now) {
        return stores.operation(undo -> {
            int before = rows.size();
            rows.values().removeIf(row -> !row.expiresAt().isAfter(now));
            return (long) before - rows.size();
        });
    }

    @Override
    public long remove(BiPredicate<WorkspaceId, @Nullable UserId> whose) {
        long before = rows.size() + log.size() + once.size();
        rows.keySet()
                .removeIf(key -> whose.test(
                        key.workspace(), key.scope().principal().user().orElse(null)));
        log.keySet().removeIf(key -> whose.test(key.workspace(), null));
        once.keySet().removeIf(key -> whose.test(key.workspace(), key.user().orElse(null)));
        return before - (rows.size() + log.size() + once.size());
    }

    private void check(WorkspaceId workspace, Scope scope) {
        if (scope.principal().user().isPresent()) {
            tenancy.check(workspace, scope.principal().user().get());
        } else {
            tenancy.check(workspace);
        }
    }

    private boolean isClaimedByAnother(Key key) {
        Thread owner = claimed.get(key);
        return owner != null && owner != Thread.currentThread();
    }

    private Claim seen(Key key, boolean logged, Instant now) {
        Row row = rows.get(key);
        if (row != null && row.finished() != null) {
            return row.finished();
        }
        if (logged && log.containsKey(key)) {
            return log.get(key);
        }
        if (row == null) {
            return Claim.Free.UNTRIED;
        }
        return row.isHeld(now)
                ? new Claim.Busy(Optional.of(row.request()), Duration.between(now, row.leasedUntil()))
                : new Claim.Free(Optional.of(row.effectId()), Optional.of(row.request()));
    }

    private Optional<Row> owned(WorkspaceId workspace, Scope scope, long token) {
        return Optional.ofNullable(rows.get(new Key(workspace, scope)))
                .filter(row -> row.token() == token && row.finished() == null);
    }

    private void store(Key key, long token, Result result, List<Runnable> undo) {
        var finished = new Claim.Finished(result.request(), result.effectId(), result.json());
        put(
                rows,
                key,
                new Row(
                        result.request(),
                        result.effectId(),
                        token,
                        result.at(),
                        finished,
                        result.at().plus(result.retention())),
                undo);
        if (result.financial()) {
            put(log, key, new Claim.Finished(result.request(), result.effectId(), null), undo);
        }
    }

    private static <K, V> V put(Map<K, V> map, K key, V value, List<Runnable> undo) {
        V before = map.put(key, value);
        undo.add(before == null ? () -> map.remove(key) : () -> map.put(key, before));
        return value;
    }

    private record Key(WorkspaceId workspace, Scope scope) {}

    private record OnceKey(WorkspaceId workspace, String what, Optional<UserId> user, String subject) {}

    private record Row(
            Fingerprint request,
            UUID effectId,
            long token,
            Instant leasedUntil,
            Claim.@Nullable Finished finished,
            Instant expiresAt) {

        boolean isHeld(Instant now) {
            return finished == null && leasedUntil.isAfter(now);
        }

        Row until(Instant end) {
            Duration retention = Duration.between(leasedUntil, expiresAt);
            return new Row(request, effectId, token, end, finished, end.plus(retention));
        }
    }
}
