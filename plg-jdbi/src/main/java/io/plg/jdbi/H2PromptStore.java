package io.plg.jdbi;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.prompt.PromptConversion;
import io.plg.prompt.PromptStore;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.jdbi.v3.core.statement.SqlStatement;

/** Prompts on H2: the same steps as the functions on PostgreSQL, as statements in one transaction. */
final class H2PromptStore implements PromptStore {
    private static final String DUPLICATE = "23505";
    private static final String CONFLICT = "40001";

    private static final String SEEN = """
            select count(*) filter (where shown_at > :window) as recent,
                   count(*) filter (where feature = :feature and severity >= :severity
                                      and (shown_at > :coolDown or dismissed_at > :dismissed)) as holding_back,
                   count(*) filter (where feature = :feature and snoozed_until > :at) as snoozed
            from plg.prompt where workspace_id = :workspace and user_id = :user
            """;
    private static final String SAME = """
            select id, shown_at from plg.prompt
            where workspace_id = :workspace and user_id = :user and shown_at > :coolDown and feature = :feature
              and severity = :severity and upgraded_at is null and offered_plan is not distinct from :plan
              and experiment is not distinct from :experiment and variant is not distinct from :variant
            order by shown_at desc, id desc fetch first 1 row only
            """;
    private static final String LOCK_USER = """
            update plg.prompt_user set offers = offers + 1 where workspace_id = :workspace and user_id = :user
            """;
    private static final String INSERT_USER = """
            insert into plg.prompt_user (workspace_id, user_id, offers) values (:workspace, :user, 1)
            """;
    private static final String INSERT = """
            insert into plg.prompt (workspace_id, id, user_id, feature, severity, offered_plan, experiment, variant, shown_at)
            values (:workspace, :id, :user, :feature, :severity, :plan, :experiment, :variant, :at)
            """;
    private static final String CLICKED = """
            update plg.prompt set clicked_at = :at
            where workspace_id = :workspace and id = :id and clicked_at is null and upgraded_at is null
            """;
    private static final String DISMISSED = """
            update plg.prompt set dismissed_at = :at
            where workspace_id = :workspace and id = :id and dismissed_at is null and upgraded_at is null
            """;
    private static final String UPGRADED = """
            update plg.prompt set upgraded_at = :at where workspace_id = :workspace and id = :id and upgraded_at is null
            """;
    private static final String SNOOZED = """
            update plg.prompt set snoozed_until = :at
            where workspace_id = :workspace and id = :id and (snoozed_until is null or snoozed_until < :at) and upgraded_at is null
            """;
    private static final String MARK_UPGRADED = """
            update plg.prompt p set upgraded_at = :at
            where p.workspace_id = :workspace and p.shown_at >= :since and p.offered_plan is not null and p.upgraded_at is null
              and not exists (
                  select 1 from plg.prompt o
                  where o.workspace_id = p.workspace_id and o.user_id = p.user_id
                    and (o.upgraded_at >= p.shown_at
                         or o.offered_plan is not null
                            and (o.shown_at > p.shown_at or o.shown_at = p.shown_at and o.id > p.id)))
            """;
    private static final String CONVERSIONS = """
            select feature, offered_plan, experiment, variant, count(*) as shown, count(clicked_at) as clicked,
                   count(dismissed_at) as dismissed, count(upgraded_at) as upgraded
            from plg.prompt where workspace_id = :workspace and shown_at >= :from and shown_at < :to
            group by feature, offered_plan, experiment, variant
            """;

    private final Session session;

    H2PromptStore(Session session) {
        this.session = session;
    }

    @Override
    public Optional<Shown> show(WorkspaceId workspace, Candidate candidate) {
        List<UserId> user = List.of(candidate.user());
        return session.atomically("offer a prompt", handle -> {
            H2TenancyStore.check(handle, workspace, user);
            for (boolean locked = false; ; locked = true) {
                Seen seen = seen(handle, workspace, candidate);
                if (!candidate.timing().allows(seen)) {
                    return Optional.empty();
                }
                if (seen.same().isPresent()) {
                    return seen.same();
                }
                if (locked) {
                    described(handle.createUpdate(INSERT), workspace, candidate)
                            .bind("id", candidate.id())
                            .bind("at", time(candidate.at()))
                            .execute();
                    return Optional.of(new Shown(candidate.id(), candidate.at()));
                }
                // The next look sees what those stored who had the lock before.
                H2TenancyStore.admit(handle, workspace, user);
                lockUser(handle, workspace, candidate.user());
            }
        });
    }

    @Override
    public boolean mark(WorkspaceId workspace, UUID prompt, Outcome outcome, Instant at) {
        return mark(
                switch (outcome) {
                    case CLICKED -> CLICKED;
                    case DISMISSED -> DISMISSED;
                    case UPGRADED -> UPGRADED;
                },
                workspace,
                prompt,
                at);
    }

    @Override
    public boolean snooze(WorkspaceId workspace, UUID prompt, Instant until) {
        return mark(SNOOZED, workspace, prompt, until);
    }

    private boolean mark(String statement, WorkspaceId workspace, UUID prompt, Instant at) {
        return session.atomically("note what became of a prompt", handle -> {
            H2TenancyStore.check(handle, workspace, List.of());
            return handle.createUpdate(statement)
                            .bind("workspace", workspace.value())
                            .bind("id", prompt)
                            .bind("at", time(at))
                            .execute()
                    > 0;
        });
    }

    @Override
    public long markUpgraded(WorkspaceId workspace, Instant shownSince, Instant at) {
        return session.<Long>atomically("note which prompts led to an upgrade", handle -> {
            H2TenancyStore.check(handle, workspace, List.of());
            return (long) handle.createUpdate(MARK_UPGRADED)
                    .bind("workspace", workspace.value())
                    .bind("since", time(shownSince))
                    .bind("at", time(at))
                    .execute();
        });
    }

    @Override
    public List<PromptConversion> conversions(WorkspaceId workspace, Instant from, Instant to) {
        return session.atomically("count prompts", handle -> {
            H2TenancyStore.check(handle, workspace, List.of());
            return handle.createQuery(CONVERSIONS)
                    .bind("workspace", workspace.value())
                    .bind("from", time(from))
                    .bind("to", time(to))
                    .map((rs, ctx) -> StoredPrompts.conversion(rs))
                    .list();
        });
    }

    private static Seen seen(Handle handle, WorkspaceId workspace, Candidate candidate) {
        Timing timing = candidate.timing();
        Optional<Shown> same = timing.always()
                ? described(handle.createQuery(SAME), workspace, candidate)
                        .bind("coolDown", time(timing.coolDownStart()))
                        .map((rs, ctx) -> new Shown(
                                rs.getObject("id", UUID.class),
                                rs.getObject("shown_at", OffsetDateTime.class).toInstant()))
                        .findOne()
                : Optional.empty();
        return handle.createQuery(SEEN)
                .bind("workspace", workspace.value())
                .bind("user", candidate.user().value())
                .bind("feature", candidate.feature())
                .bind("severity", StoredPrompts.code(candidate.severity()))
                .bind("at", time(candidate.at()))
                .bind("window", time(timing.windowStart()))
                .bind("coolDown", time(timing.coolDownStart()))
                .bind("dismissed", time(timing.dismissedStart()))
                .map((rs, ctx) ->
                        new Seen(rs.getLong("recent"), rs.getLong("holding_back") > 0, rs.getLong("snoozed") > 0, same))
                .one();
    }

    private static void lockUser(Handle handle, WorkspaceId workspace, UserId user) throws SQLException {
        if (!locked(handle, workspace, user)
                && !inserted(handle, workspace, user)
                && !locked(handle, workspace, user)) {
            throw new SQLException(
                    "another transaction has shown a prompt, which this one cannot see; begin it again", CONFLICT);
        }
    }

    private static boolean locked(Handle handle, WorkspaceId workspace, UserId user) {
        return handle.createUpdate(LOCK_USER)
                        .bind("workspace", workspace.value())
                        .bind("user", user.value())
                        .execute()
                > 0;
    }

    /** False if the row is there already; on H2 a statement that fails leaves the transaction usable. */
    private static boolean inserted(Handle handle, WorkspaceId workspace, UserId user) {
        try {
            handle.createUpdate(INSERT_USER)
                    .bind("workspace", workspace.value())
                    .bind("user", user.value())
                    .execute();
            return true;
        } catch (JdbiException e) {
            if (e.getCause() instanceof SQLException sql && DUPLICATE.equals(sql.getSQLState())) {
                return false;
            }
            throw e;
        }
    }

    private static <S extends SqlStatement<S>> S described(S statement, WorkspaceId workspace, Candidate candidate) {
        return statement
                .bind("workspace", workspace.value())
                .bind("user", candidate.user().value())
                .bind("feature", candidate.feature())
                .bind("severity", StoredPrompts.code(candidate.severity()))
                .bindByType("plan", candidate.plan().orElse(null), String.class)
                .bindByType("experiment", StoredPrompts.experiment(candidate), String.class)
                .bindByType("variant", StoredPrompts.variant(candidate), String.class);
    }

    private static OffsetDateTime time(Instant instant) {
        return instant.atOffset(ZoneOffset.UTC);
    }
}
