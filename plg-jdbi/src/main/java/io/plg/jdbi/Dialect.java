package io.plg.jdbi;

import io.plg.ChangeFeed;
import io.plg.OperatorStore;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.ActivationStore;
import io.plg.activation.ActivationTally;
import io.plg.activation.Cohort;
import io.plg.gate.UsageStore;
import io.plg.idempotency.IdempotencyStore;
import io.plg.prompt.PromptStore;
import io.plg.referral.ReferralStore;
import io.plg.reward.RewardStore;
import io.plg.tenancy.TenancyStore;
import io.plg.virality.ViralCounts;
import io.plg.virality.ViralityStore;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/** The one place where the databases differ. A store that needs a second text for H2 has a second class, chosen here. */
enum Dialect {
    POSTGRESQL {
        @Override
        ActivationStore activation(Session session) {
            return new PostgresActivationStore(session);
        }

        @Override
        IdempotencyStore idempotency(Session session) {
            return new PostgresIdempotencyStore(session);
        }

        @Override
        UsageStore usage(Session session) {
            return new PostgresUsageStore(session);
        }

        @Override
        PromptStore prompts(Session session) {
            return new PostgresPromptStore(session);
        }

        @Override
        ReferralStore referrals(Session session) {
            return new PostgresReferralStore(session);
        }

        @Override
        RewardStore rewards(Session session) {
            return new PostgresRewardStore(session);
        }

        @Override
        ViralityStore virality(Session session) {
            return new PostgresViralityStore(session);
        }

        @Override
        TenancyStore tenancy(Session session) {
            return new PostgresTenancyStore(session);
        }

        @Override
        OperatorStore operator(Session session) {
            return reading(
                    new PostgresTenancyStore(session)::workspacesAfter,
                    new PostgresActivationStore(session)::tally,
                    new PostgresViralityStore(session)::sums);
        }

        @Override
        ChangeFeed changes(Session session) {
            return new PostgresChangeFeed(session);
        }

        @Override
        String unlessErased(String user) {
            return "case when plg_directory.refusal(null, " + user + ") is null then " + user + " end";
        }

        @Override
        void check(Handle handle, WorkspaceId workspace, @Nullable UserId user) {
            Refusal.check(
                    handle.createQuery(REFUSAL)
                            .bind("workspace", workspace.value())
                            .bindByType("user", user == null ? null : user.value(), String.class)
                            .mapTo(String.class)
                            .one(),
                    workspace,
                    user);
        }

        @Override
        <T extends @Nullable Object> T bound(Handle handle, WorkspaceId workspace, Session.Call<T> call)
                throws SQLException {
            String binding = handle.createQuery(BIND)
                    .bind("workspace", workspace.value())
                    .mapTo(String.class)
                    .one();
            T result = call.on(handle);
            // After a failure it is the rollback that restores the binding, also one to a savepoint.
            handle.createQuery(RESTORE)
                    .bind("binding", binding)
                    .mapTo(String.class)
                    .one();
            return result;
        }

        @Override
        void bind(Handle handle, @Nullable WorkspaceId workspace) {
            handle.createQuery(BIND)
                    .bind("workspace", workspace == null ? "" : workspace.value())
                    .mapTo(String.class)
                    .one();
        }

        @Override
        String transaction(Handle handle) {
            return handle.createQuery("select pg_current_xact_id()::text")
                    .mapTo(String.class)
                    .one();
        }

        @Override
        Map<String, Fate> fates(Handle handle, Collection<String> transactions) {
            var fates = new HashMap<String, Fate>();
            handle.createQuery(FATES)
                    .bind("ids", transactions.toArray(String[]::new))
                    .map((rs, ctx) -> Map.entry(rs.getString("id"), Fate.valueOf(rs.getString("fate"))))
                    .forEach(fate -> fates.put(fate.getKey(), fate.getValue()));
            return fates;
        }
    },

    H2 {
        @Override
        ActivationStore activation(Session session) {
            return new H2ActivationStore(session);
        }

        @Override
        IdempotencyStore idempotency(Session session) {
            return new H2IdempotencyStore(session);
        }

        @Override
        UsageStore usage(Session session) {
            return new H2UsageStore(session);
        }

        @Override
        PromptStore prompts(Session session) {
            return new H2PromptStore(session);
        }

        @Override
        ReferralStore referrals(Session session) {
            return new H2ReferralStore(session);
        }

        @Override
        RewardStore rewards(Session session) {
            return new H2RewardStore(session);
        }

        @Override
        ViralityStore virality(Session session) {
            return new H2ViralityStore(session);
        }

        @Override
        TenancyStore tenancy(Session session) {
            return new H2TenancyStore(session);
        }

        @Override
        OperatorStore operator(Session session) {
            return reading(
                    new H2TenancyStore(session)::workspacesAfter,
                    new H2ActivationStore(session)::tally,
                    new H2ViralityStore(session)::sums);
        }

        @Override
        ChangeFeed changes(Session session) {
            return new H2ChangeFeed(session);
        }

        @Override
        String unlessErased(String user) {
            return "case when not exists (select 1 from plg_directory.erased_user e where e.user_hash = hash('SHA-256', "
                    + user + ")) then " + user + " end";
        }

        @Override
        void check(Handle handle, WorkspaceId workspace, @Nullable UserId user) {
            H2TenancyStore.check(handle, workspace, user == null ? List.of() : List.of(user));
        }

        @Override
        <T extends @Nullable Object> T bound(Handle handle, WorkspaceId workspace, Session.Call<T> call)
                throws SQLException {
            return call.on(handle);
        }

        @Override
        void bind(Handle handle, @Nullable WorkspaceId workspace) {}

        @Override
        String transaction(Handle handle) {
            return handle.createQuery("select session_id()").mapTo(String.class).one();
        }

        @Override
        Map<String, Fate> fates(Handle handle, Collection<String> transactions) {
            boolean seesAll = handle.createQuery(H2_SEES_ALL_SESSIONS)
                    .mapTo(Boolean.class)
                    .findOne()
                    .orElse(false);
            var fates = new HashMap<String, Fate>();
            for (String id : transactions) {
                boolean open = !seesAll
                        || handle.createQuery(H2_UNCOMMITTED)
                                .bind("id", Integer.parseInt(id))
                                .mapTo(Boolean.class)
                                .findOne()
                                .orElse(false);
                fates.put(id, open ? Fate.RUNNING : Fate.ENDED);
            }
            return fates;
        }
    };

    private static final String BIND = """
            with before as materialized (select coalesce(current_setting('plg.workspace_id', true), '') as binding)
            select binding, set_config('plg.workspace_id', :workspace, true) from before
            """;
    private static final String REFUSAL = "select plg_directory.refusal(:workspace, :user)";
    private static final String RESTORE = "select set_config('plg.workspace_id', :binding, true)";
    private static final String FATES = """
            select id,
                   case pg_xact_status(cast(id as xid8))
                       when 'in progress' then 'RUNNING' when 'committed' then 'COMMITTED' when 'aborted' then 'ROLLED_BACK'
                       else 'ENDED' end as fate
            from unnest(cast(:ids as text[])) as id
            """;
    private static final String H2_SEES_ALL_SESSIONS =
            "select is_admin from information_schema.users where user_name = current_user";
    private static final String H2_UNCOMMITTED =
            "select contains_uncommitted from information_schema.sessions where session_id = :id";

    private static OperatorStore reading(Workspaces workspaces, Tallies tallies, Sums sums) {
        return new OperatorStore() {
            @Override
            public List<WorkspaceId> workspacesAfter(@Nullable WorkspaceId last, int limit) {
                return workspaces.after(last, limit);
            }

            @Override
            public ActivationTally activation(WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort) {
                return tallies.of(workspace, funnel, cohort);
            }

            @Override
            public ViralCounts virality(
                    WorkspaceId workspace, ViralityStore.Loop loop, Instant from, Instant to, Duration window) {
                return sums.of(workspace, loop, from, to, window);
            }
        };
    }

    private interface Workspaces {
        List<WorkspaceId> after(@Nullable WorkspaceId last, int limit);
    }

    private interface Tallies {
        ActivationTally of(WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort);
    }

    private interface Sums {
        ViralCounts of(WorkspaceId workspace, ViralityStore.Loop loop, Instant from, Instant to, Duration window);
    }

    abstract ActivationStore activation(Session session);

    abstract IdempotencyStore idempotency(Session session);

    abstract UsageStore usage(Session session);

    abstract PromptStore prompts(Session session);

    abstract ReferralStore referrals(Session session);

    abstract RewardStore rewards(Session session);

    abstract ViralityStore virality(Session session);

    abstract TenancyStore tenancy(Session session);

    abstract OperatorStore operator(Session session);

    abstract ChangeFeed changes(Session session);

    /** An expression in SQL: the user, or null for one who was erased. */
    abstract String unlessErased(String user);

    /** Throws if the workspace or the user is gone. */
    abstract void check(Handle handle, WorkspaceId workspace, @Nullable UserId user);

    /** Runs statements bound to a workspace, unless it or the user is gone. */
    <T extends @Nullable Object> T inWorkspace(
            Session session, String what, WorkspaceId workspace, @Nullable UserId user, Session.Call<T> call) {
        return session.atomically(what, handle -> {
            check(handle, workspace, user);
            return bound(handle, workspace, call);
        });
    }

    /** Runs statements bound to a workspace, inside a transaction, and leaves the binding as it was. */
    abstract <T extends @Nullable Object> T bound(Handle handle, WorkspaceId workspace, Session.Call<T> call)
            throws SQLException;

    /** Binds the transaction to a workspace, or to none, until its end. */
    abstract void bind(Handle handle, @Nullable WorkspaceId workspace);

    /** What identifies the transaction of a handle for other connections. */
    abstract String transaction(Handle handle);

    /** How transactions have ended so far. */
    abstract Map<String, Fate> fates(Handle handle, Collection<String> transactions);

    /** What has become of a transaction. */
    enum Fate {
        RUNNING,
        COMMITTED,
        ROLLED_BACK,
        /** It is over or cannot be told from a later one; what it wrote is there or not. */
        ENDED
    }
}
