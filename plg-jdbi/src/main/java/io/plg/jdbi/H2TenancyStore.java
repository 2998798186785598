package io.plg.jdbi;

import io.plg.ChangeFeed.Change;
import io.plg.UserErased;
import io.plg.UserId;
import io.plg.WorkspaceDeleted;
import io.plg.WorkspaceId;
import io.plg.tenancy.Erasure;
import io.plg.tenancy.TenancyStore;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * The end of workspaces and users on H2, by statements. H2 tells only an administrator which sessions have written something, and nobody
 * which are about to: so the last look comes a moment after the mark, and after those sessions if they can be seen. Whatever an older
 * transaction writes later still stays until the deletion is repeated.
 */
final class H2TenancyStore implements TenancyStore {
    private static final int BATCH = 10_000;
    private static final long MOMENT = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int MOMENTS = 100;
    private static final String OTHERS_WRITE = """
            select exists (select 1 from information_schema.sessions where contains_uncommitted and session_id <> session_id())
            """;
    private static final String KNOWN = """
            select exists (select 1 from plg_directory.workspace where workspace_id = :workspace)
            """;
    private static final String DELETED = """
            select exists (select 1 from plg_directory.deleted_workspace where workspace_id = :workspace)
            """;
    private static final String NOTE = "insert into plg_directory.workspace (workspace_id) values (:workspace)";
    private static final String ERASED = """
            select exists (select 1 from plg_directory.erased_user where user_hash = :hash)
            """;
    private static final String BEGIN_DELETION = """
            merge into plg_directory.deleted_workspace t using (values (cast(:workspace as varchar(256)))) s (id)
            on t.workspace_id = s.id
            when not matched then insert (workspace_id, deleted_at) values (s.id, current_timestamp(6))
            """;
    private static final String BEGIN_ERASURE = """
            merge into plg_directory.erased_user t using (values (cast(:hash as varbinary(32)), cast(:user as varchar(256)))) s (h, id)
            on t.user_hash = s.h
            when not matched then insert (user_hash, user_id, erased_at) values (s.h, s.id, current_timestamp(6))
            """;
    private static final String NOTE_CHANGE = """
            insert into plg_directory.change_feed (workspace_id, kind, subject, noted_at)
            values (:workspace, :kind, :subject, current_timestamp(6))
            """;
    private static final List<String> DELETE = List.of(
            "delete from plg.referral_secret where workspace_id = :workspace fetch first :batch rows only",
            "delete from plg.referral_code where workspace_id = :workspace fetch first :batch rows only",
            "delete from plg.share_view where workspace_id = :workspace fetch first :batch rows only",
            "delete from plg.referral_trace where workspace_id = :workspace fetch first :batch rows only",
            "delete from plg.referral where workspace_id = :workspace fetch first :batch rows only",
            "delete from plg.referral_invitation where workspace_id = :workspace fetch first :batch rows only",
            "delete from plg.reward where workspace_id = :workspace fetch first :batch rows only",
            "delete from plg.reward_entry where workspace_id = :workspace fetch first :batch rows only",
            "delete from plg.reward_cap where workspace_id = :workspace fetch first :batch rows only",
            "update plg_directory.referral set workspace_id = null where workspace_id = :workspace fetch first :batch rows only",
            "update plg_directory.referral set referred_workspace_id = null where referred_workspace_id = :workspace fetch first :batch rows only",
            "delete from plg.prompt where workspace_id = :workspace fetch first :batch rows only",
            "delete from plg.prompt_user where workspace_id = :workspace fetch first :batch rows only",
            "delete from plg.idempotency_key where workspace_id = :workspace fetch first :batch rows only",
            "delete from plg.idempotency_log where workspace_id = :workspace fetch first :batch rows only",
            "delete from plg.idempotency_once where workspace_id = :workspace fetch first :batch rows only",
            "delete from plg.usage_entry where workspace_id = :workspace fetch first :batch rows only",
            "delete from plg.usage_meter where workspace_id = :workspace fetch first :batch rows only",
            "delete from plg.entitlement where workspace_id = :workspace fetch first :batch rows only",
            "delete from plg.entitlement_version where workspace_id = :workspace fetch first :batch rows only",
            "delete from plg.activation_step where workspace_id = :workspace fetch first :batch rows only",
            "delete from plg.activation_user where workspace_id = :workspace fetch first :batch rows only",
            "delete from plg.growth_event where workspace_id = :workspace fetch first :batch rows only");
    private static final List<String> ERASE = List.of(
            "delete from plg.referral_code where user_id = :user fetch first :batch rows only",
            "delete from plg.share_view where user_id = :user fetch first :batch rows only",
            "delete from plg.referral_trace where user_id = :user fetch first :batch rows only",
            "delete from plg.referral_invitation where user_id = :user fetch first :batch rows only",
            "delete from plg.reward_cap where user_id = :user fetch first :batch rows only",
            "update plg.referral set actor_id = null where actor_id = :user fetch first :batch rows only",
            "update plg.reward set actor_id = null where actor_id = :user fetch first :batch rows only",
            "update plg.reward set cap_actor_id = null where cap_actor_id = :user fetch first :batch rows only",
            "update plg.reward_entry set actor_id = null where actor_id = :user fetch first :batch rows only",
            "delete from plg.prompt where user_id = :user fetch first :batch rows only",
            "delete from plg.prompt_user where user_id = :user fetch first :batch rows only",
            "delete from plg.idempotency_key where user_id = :user fetch first :batch rows only",
            "delete from plg.idempotency_once where user_id = :user fetch first :batch rows only",
            "delete from plg.usage_meter where user_id = :user fetch first :batch rows only",
            "update plg.usage_entry set actor_id = null where actor_id = :user fetch first :batch rows only",
            "delete from plg.activation_step where user_id = :user fetch first :batch rows only",
            "delete from plg.activation_user where user_id = :user fetch first :batch rows only",
            "delete from plg.growth_event where user_id = :user fetch first :batch rows only");
    private static final String END_DELETION =
            "update plg_directory.deleted_workspace set complete = true where workspace_id = :workspace";
    private static final String END_ERASURE =
            "update plg_directory.erased_user set user_id = null where user_hash = :hash";
    private static final String UNFINISHED_DELETIONS = """
            select workspace_id from plg_directory.deleted_workspace where not complete
            order by workspace_id fetch first 1000 rows only
            """;
    private static final String UNFINISHED_ERASURES = """
            select user_id from plg_directory.erased_user where user_id is not null order by user_id fetch first 1000 rows only
            """;
    private static final String WORKSPACES_AFTER = """
            select distinct w.workspace_id from plg_directory.workspace w
            where w.workspace_id > :last
              and not exists (select 1 from plg_directory.deleted_workspace d where d.workspace_id = w.workspace_id)
            order by w.workspace_id fetch first :limit rows only
            """;

    private final Session session;

    H2TenancyStore(Session session) {
        this.session = session;
    }

    /** Before something is stored: makes the workspace known, and throws if it or one of the users is gone. */
    static void admit(Handle handle, WorkspaceId workspace, Collection<UserId> users) {
        if (!is(handle, KNOWN, workspace)) {
            handle.createUpdate(NOTE).bind("workspace", workspace.value()).execute();
        }
        check(handle, workspace, users);
    }

    /** Throws if the workspace or one of the users is gone. */
    static void check(Handle handle, WorkspaceId workspace, Collection<UserId> users) {
        if (is(handle, DELETED, workspace)) {
            throw new WorkspaceDeleted(workspace);
        }
        for (UserId user : new LinkedHashSet<>(users)) {
            check(handle, user);
        }
    }

    /** Throws if the user is gone. */
    static void check(Handle handle, UserId user) {
        if (handle.createQuery(ERASED)
                .bind("hash", hash(user))
                .mapTo(Boolean.class)
                .one()) {
            throw new UserErased(user);
        }
    }

    @Override
    public Erasure delete(WorkspaceId workspace) {
        session.atomically("begin the deletion of a workspace", handle -> {
            handle.createUpdate(BEGIN_DELETION)
                    .bind("workspace", workspace.value())
                    .execute();
            return note(handle, workspace.value(), Change.WORKSPACE, workspace.value());
        });
        long rows = removeAll("delete a workspace", DELETE, "workspace", workspace.value());
        boolean complete = othersEnded();
        rows += removeAll("delete a workspace", DELETE, "workspace", workspace.value());
        if (complete) {
            session.call(
                    "end the deletion of a workspace",
                    handle -> handle.createUpdate(END_DELETION)
                            .bind("workspace", workspace.value())
                            .execute());
        }
        return new Erasure(rows, complete);
    }

    @Override
    public Erasure erase(UserId user) {
        session.atomically("begin the erasure of a user", handle -> {
            handle.createUpdate(BEGIN_ERASURE)
                    .bind("hash", hash(user))
                    .bind("user", user.value())
                    .execute();
            return note(handle, "*", Change.USER, user.value());
        });
        long rows = removeAll("erase a user", ERASE, "user", user.value());
        boolean complete = othersEnded();
        rows += removeAll("erase a user", ERASE, "user", user.value());
        if (complete) {
            session.call(
                    "end the erasure of a user",
                    handle -> handle.createUpdate(END_ERASURE)
                            .bind("hash", hash(user))
                            .execute());
        }
        return new Erasure(rows, complete);
    }

    @Override
    public List<WorkspaceId> unfinishedDeletions() {
        return session.read(
                "read unfinished deletions",
                handle -> handle.createQuery(UNFINISHED_DELETIONS)
                        .map((rs, ctx) -> WorkspaceId.of(rs.getString(1)))
                        .list());
    }

    @Override
    public List<UserId> unfinishedErasures() {
        return session.read(
                "read unfinished erasures",
                handle -> handle.createQuery(UNFINISHED_ERASURES)
                        .map((rs, ctx) -> UserId.of(rs.getString(1)))
                        .list());
    }

    List<WorkspaceId> workspacesAfter(@Nullable WorkspaceId last, int limit) {
        return session.read(
                "list workspaces",
                handle -> handle.createQuery(WORKSPACES_AFTER)
                        .bind("last", last == null ? "" : last.value())
                        .bind("limit", limit)
                        .map((rs, ctx) -> WorkspaceId.of(rs.getString(1)))
                        .list());
    }

    private long removeAll(String what, List<String> statements, String name, String value) {
        long rows = 0;
        for (String statement : statements) {
            int removed = BATCH;
            while (removed == BATCH) {
                removed = session.call(
                        what,
                        handle -> handle.createUpdate(statement)
                                .bind(name, value)
                                .bind("batch", BATCH)
                                .execute());
                rows += removed;
            }
        }
        return rows;
    }

    private boolean othersEnded() {
        for (int i = 0; i < MOMENTS; i++) {
            LockSupport.parkNanos(this, MOMENT);
            if (!session.read(
                    "ask which sessions have written",
                    handle -> handle.createQuery(OTHERS_WRITE)
                            .mapTo(Boolean.class)
                            .one())) {
                return true;
            }
        }
        return false;
    }

    private static int note(Handle handle, String workspace, String kind, String subject) {
        return handle.createUpdate(NOTE_CHANGE)
                .bind("workspace", workspace)
                .bind("kind", kind)
                .bind("subject", subject)
                .execute();
    }

    private static boolean is(Handle handle, String question, WorkspaceId workspace) {
        return handle.createQuery(question)
                .bind("workspace", workspace.value())
                .mapTo(Boolean.class)
                .one();
    }

    static byte[] hash(UserId user) {
        return StoredKeys.sha256().digest(user.value().getBytes(StandardCharsets.UTF_8));
    }
}
