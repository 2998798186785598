package io.plg.jdbi;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.tenancy.Erasure;
import io.plg.tenancy.TenancyStore;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The end of workspaces and users on PostgreSQL. The mark is committed first; a transaction that begins after that sees it. One that was
 * open then may not, so it is waited for before the last look.
 */
final class PostgresTenancyStore implements TenancyStore {
    private static final int ROWS = 5_000;
    private static final int WORKSPACES = 200;
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final long INTERVAL = TimeUnit.MILLISECONDS.toNanos(50);

    private static final String BEGIN_DELETION = "select plg_directory.begin_deletion(:id, now())";
    private static final String END_LANES = "select plg_directory.end_lanes(:id)";
    private static final String DELETE_SOME = "select plg_directory.delete_some(:id, :limit)";
    private static final String END_DELETION = "select plg_directory.end_deletion(:id)";
    private static final String BEGIN_ERASURE = "select plg_directory.begin_erasure(:id, now())";
    private static final String ERASE_SOME = """
            select last_workspace, removed from plg_directory.erase_some(:id, :after, :limit)
            """;
    private static final String END_ERASURE = "select plg_directory.end_erasure(:id)";
    private static final String UNFINISHED_DELETIONS = "select id from plg_directory.unfinished_deletions() as id";
    private static final String UNFINISHED_ERASURES = "select id from plg_directory.unfinished_erasures() as id";
    private static final String WORKSPACES_AFTER = """
            select id from plg_directory.workspaces_after(:after, :limit) as id
            """;

    /** Every transaction of a client holds the lock on its own virtual id until it ends or is prepared. */
    private static final String OPEN_TRANSACTIONS = """
            select l.virtualxid
            from pg_locks l
            join pg_stat_activity a on a.pid = l.pid
            where l.locktype = 'virtualxid' and l.granted and l.pid <> pg_backend_pid() and a.usesysid is not null
              and a.datid = (select d.oid from pg_database d where d.datname = current_database())
            """;

    /** What was prepared lets go of its virtual id and may still be committed, whenever it began. */
    private static final String PREPARED_TRANSACTIONS = """
            select p.transaction::text from pg_prepared_xacts p where p.database = current_database()
            """;

    private final Session session;
    private final Duration patience;

    PostgresTenancyStore(Session session) {
        this(session, PATIENCE);
    }

    /** With another time to wait for transactions that were open already. */
    PostgresTenancyStore(Session session, Duration patience) {
        this.session = session;
        this.patience = patience;
    }

    @Override
    public Erasure delete(WorkspaceId workspace) {
        String id = workspace.value();
        run("begin the deletion of a workspace", BEGIN_DELETION, id);
        if (!ask("end what a deleted workspace may use", END_LANES, id)) {
            return new Erasure(0, false);
        }
        Set<String> older = transactions(OPEN_TRANSACTIONS);
        long rows = deleteRows(id);
        boolean complete = ended(older);
        rows += deleteRows(id);
        return new Erasure(rows, complete && ask("end the deletion of a workspace", END_DELETION, id));
    }

    @Override
    public Erasure erase(UserId user) {
        String id = user.value();
        run("begin the erasure of a user", BEGIN_ERASURE, id);
        Set<String> older = transactions(OPEN_TRANSACTIONS);
        long rows = eraseRows(id);
        boolean complete = ended(older);
        rows += eraseRows(id);
        if (complete) {
            run("end the erasure of a user", END_ERASURE, id);
        }
        return new Erasure(rows, complete);
    }

    @Override
    public List<WorkspaceId> unfinishedDeletions() {
        return session.read(
                "read unfinished deletions",
                handle -> handle.createQuery(UNFINISHED_DELETIONS)
                        .map((rs, ctx) -> WorkspaceId.of(rs.getString("id")))
                        .list());
    }

    @Override
    public List<UserId> unfinishedErasures() {
        return session.read(
                "read unfinished erasures",
                handle -> handle.createQuery(UNFINISHED_ERASURES)
                        .map((rs, ctx) -> UserId.of(rs.getString("id")))
                        .list());
    }

    List<WorkspaceId> workspacesAfter(@Nullable WorkspaceId last, int limit) {
        return session.read(
                "list workspaces",
                handle -> handle.createQuery(WORKSPACES_AFTER)
                        .bind("after", last == null ? null : last.value())
                        .bind("limit", limit)
                        .map((rs, ctx) -> WorkspaceId.of(rs.getString("id")))
                        .list());
    }

    private long deleteRows(String workspace) {
        long rows = 0;
        int removed;
        do {
            removed = session.call(
                    "delete a workspace",
                    handle -> handle.createQuery(DELETE_SOME)
                            .bind("id", workspace)
                            .bind("limit", ROWS)
                            .mapTo(Integer.class)
                            .one());
            rows += removed;
        } while (removed > 0);
        return rows;
    }

    private boolean ask(String what, String statement, String workspace) {
        return session.call(
                what,
                handle -> handle.createQuery(statement)
                        .bind("id", workspace)
                        .mapTo(Boolean.class)
                        .one());
    }

    private long eraseRows(String user) {
        long rows = 0;
        String after = null;
        do {
            String last = after;
            Erased some = session.call(
                    "erase a user",
                    handle -> handle.createQuery(ERASE_SOME)
                            .bind("id", user)
                            .bind("after", last)
                            .bind("limit", WORKSPACES)
                            .map((rs, ctx) -> new Erased(rs.getString("last_workspace"), rs.getLong("removed")))
                            .one());
            rows += some.removed();
            after = some.lastWorkspace();
        } while (after != null);
        return rows;
    }

    private Set<String> transactions(String query) {
        return session.read(
                "ask which transactions are open",
                handle -> new HashSet<>(
                        handle.createQuery(query).mapTo(String.class).list()));
    }

    /** Waits until all of these transactions have ended, and no prepared one is left; not for ever. */
    private boolean ended(Set<String> transactions) {
        var open = new HashSet<>(transactions);
        long giveUp = System.nanoTime() + patience.toNanos();
        while (true) {
            // First those that run: what is prepared in between is then seen as prepared.
            open.retainAll(transactions(OPEN_TRANSACTIONS));
            if (open.isEmpty() && transactions(PREPARED_TRANSACTIONS).isEmpty()) {
                return true;
            }
            if (System.nanoTime() - giveUp > 0 || Thread.currentThread().isInterrupted()) {
                return false;
            }
            LockSupport.parkNanos(this, INTERVAL);
        }
    }

    private void run(String what, String statement, String id) {
        session.call(
                what,
                handle -> handle.createQuery(statement)
                        .bind("id", id)
                        .map((rs, ctx) -> true)
                        .one());
    }

    private record Erased(@Nullable String lastWorkspace, long removed) {}
}
