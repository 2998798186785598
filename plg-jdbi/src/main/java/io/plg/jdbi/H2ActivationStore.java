package io.plg.jdbi;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.ActivationReport;
import io.plg.activation.ActivationState;
import io.plg.activation.ActivationStore;
import io.plg.activation.ActivationTally;
import io.plg.activation.Cohort;
import io.plg.activation.CompletedStep;
import io.plg.activation.Step;
import io.plg.activation.StepCompletion;
import io.plg.event.GrowthEvent;
import io.plg.internal.Json;
import io.plg.jdbi.Session.Stored;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.jdbi.v3.core.statement.SqlStatement;
import org.jspecify.annotations.Nullable;

/** Completions on H2: the same steps as the functions on PostgreSQL, as statements in one transaction. */
final class H2ActivationStore implements ActivationStore {
    private static final String DUPLICATE = "23505";

    private static final String LOCK_USER = """
            select completed from plg.activation_user
            where workspace_id = :workspace and funnel = :funnel and user_id = :user for update
            """;
    private static final String INSERT_USER = """
            insert into plg.activation_user (workspace_id, funnel, user_id, completed, score)
            values (:workspace, :funnel, :user, 0, 0)
            """;
    private static final String STEP_STORED = """
            select exists (select 1 from plg.activation_step
                           where workspace_id = :workspace and funnel = :funnel and user_id = :user and step = :step)
            """;
    private static final String INSERT_STEP = """
            insert into plg.activation_step (workspace_id, funnel, user_id, step, completed_at, metadata, recorded_at)
            values (:workspace, :funnel, :user, :step, :at, :metadata, :recordedAt)
            """;
    private static final String STEPS = """
            select step, completed_at, metadata from plg.activation_step
            where workspace_id = :workspace and funnel = :funnel and user_id = :user
            """;
    private static final String UPDATE_SCORE = """
            update plg.activation_user set completed = completed + 1, score = :score
            where workspace_id = :workspace and funnel = :funnel and user_id = :user
            """;
    private static final String INSERT_EVENT = """
            insert into plg.growth_event (workspace_id, id, type, version, occurred_at, user_id, data)
            values (:workspace, :id, :type, :version, :at, :user, :data)
            """;
    private static final String EVENT_STORED = """
            select exists (select 1 from plg.growth_event where workspace_id = :workspace and id = :id)
            """;
    private static final String NOTE_CHANGE = """
            insert into plg_directory.change_feed (workspace_id, kind, subject, noted_at)
            values (:workspace, 'activation', :user, current_timestamp(6))
            """;
    private static final String SIGN_UP = """
            update plg.activation_user set host_signed_up_at = :at
            where workspace_id = :workspace and funnel = :funnel and user_id = :user and host_signed_up_at is null
            """;
    private static final String HOST_SIGN_UP = """
            select host_signed_up_at from plg.activation_user
            where workspace_id = :workspace and funnel = :funnel and user_id = :user
            """;
    private static final String MEMBERS = """
            select u.user_id, coalesce(u.host_signed_up_at, f.completed_at) as signed_up_at, f.metadata as first_metadata,
                   s.step, s.completed_at
            from plg.activation_user u
            left join plg.activation_step f
                   on f.workspace_id = u.workspace_id and f.funnel = u.funnel and f.user_id = u.user_id
                  and f.step = :firstStep
            left join plg.activation_step s
                   on s.workspace_id = u.workspace_id and s.funnel = u.funnel and s.user_id = u.user_id
            where u.workspace_id = :workspace and u.funnel = :funnel
              and coalesce(u.host_signed_up_at, f.completed_at) >= :from
              and coalesce(u.host_signed_up_at, f.completed_at) < :to
            order by u.user_id
            """;

    private static final OffsetDateTime BEFORE_ALL = OffsetDateTime.parse("0000-01-01T00:00:00Z");
    private static final OffsetDateTime AFTER_ALL = OffsetDateTime.parse("+10001-01-01T00:00:00Z");

    private final Session session;

    H2ActivationStore(Session session) {
        this.session = session;
    }

    @Override
    public Recorded complete(
            WorkspaceId workspace, ActivationFunnel funnel, StepCompletion completion, List<GrowthEvent> events) {
        return session.atomically("complete step \"" + completion.step() + "\"", handle -> {
            H2TenancyStore.admit(handle, workspace, List.of(completion.user()));
            var one = new WithEvents(completion, events);
            boolean first = store(handle, workspace, funnel, one);
            if (first) {
                session.stored(completed(workspace, funnel, one));
            }
            return new Recorded(first, read(handle, workspace, funnel, completion.user()));
        });
    }

    @Override
    public List<Boolean> completeAll(WorkspaceId workspace, ActivationFunnel funnel, List<WithEvents> completions) {
        return session.atomically("complete " + completions.size() + " steps", handle -> {
            H2TenancyStore.admit(
                    handle,
                    workspace,
                    completions.stream().map(each -> each.completion().user()).toList());
            // All locks in one order, so that imports do not wait for each other in a circle.
            completions.stream()
                    .map(WithEvents::completion)
                    .filter(completion -> !stepStored(handle, workspace, funnel, completion))
                    .map(completion -> completion.user().value())
                    .distinct()
                    .sorted()
                    .forEach(user -> lockUser(handle, workspace, funnel, UserId.of(user)));
            var first = new ArrayList<Boolean>(completions.size());
            for (WithEvents each : completions) {
                boolean isFirst = store(handle, workspace, funnel, each);
                first.add(isFirst);
                if (isFirst) {
                    session.stored(completed(workspace, funnel, each));
                }
            }
            return first;
        });
    }

    @Override
    public ActivationState signUp(WorkspaceId workspace, ActivationFunnel funnel, UserId user, Instant at) {
        return session.atomically("store a sign-up", handle -> {
            H2TenancyStore.admit(handle, workspace, List.of(user));
            lockUser(handle, workspace, funnel, user);
            int changed = of(handle.createUpdate(SIGN_UP), workspace, funnel, user)
                    .bind("at", time(at))
                    .execute();
            if (changed > 0) {
                noteChange(handle, workspace, user);
                session.stored(new Stored(
                        null,
                        workspace,
                        h -> hostSignUp(h, workspace, funnel, user).equals(Optional.of(at))));
            }
            return read(handle, workspace, funnel, user);
        });
    }

    @Override
    public ActivationState find(WorkspaceId workspace, ActivationFunnel funnel, UserId user) {
        return session.atomically("read the state of a user", handle -> {
            H2TenancyStore.check(handle, workspace, List.of(user));
            return read(handle, workspace, funnel, user);
        });
    }

    @Override
    public ActivationReport report(WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort) {
        return tally(members(workspace, funnel, cohort, null, true)).report(funnel);
    }

    @Override
    public Map<String, ActivationReport> reportBy(
            WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort, String metadataKey) {
        var groups = new TreeMap<String, List<Member>>();
        members(workspace, funnel, cohort, metadataKey, true)
                .forEach(member -> groups.computeIfAbsent(member.value, v -> new ArrayList<>())
                        .add(member));
        var reports = new LinkedHashMap<String, ActivationReport>();
        groups.forEach((value, group) -> reports.put(value, tally(group).report(funnel)));
        return Collections.unmodifiableMap(reports);
    }

    /** What reports over several workspaces are made of. */
    ActivationTally tally(WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort) {
        return tally(members(workspace, funnel, cohort, null, false));
    }

    private Collection<Member> members(
            WorkspaceId workspace,
            ActivationFunnel funnel,
            Cohort cohort,
            @Nullable String key,
            boolean unlessDeleted) {
        var members = new LinkedHashMap<String, Member>();
        session.atomically("report on activation", handle -> {
            if (unlessDeleted) {
                H2TenancyStore.check(handle, workspace, List.of());
            }
            return handle.createQuery(MEMBERS)
                    .bind("workspace", workspace.value())
                    .bind("funnel", funnel.name())
                    .bind("firstStep", funnel.steps().get(0).name())
                    .bind("from", cohort.from().map(H2ActivationStore::time).orElse(BEFORE_ALL))
                    .bind("to", cohort.to().map(H2ActivationStore::time).orElse(AFTER_ALL))
                    .map((rs, ctx) -> members.computeIfAbsent(
                                    rs.getString("user_id"),
                                    user -> new Member(funnel.aha().name()))
                            .add(rs, key))
                    .list();
        });
        return members.values();
    }

    private static ActivationTally tally(Collection<Member> members) {
        var completed = new HashMap<String, Long>();
        members.forEach(member -> member.steps.keySet().forEach(step -> completed.merge(step, 1L, Long::sum)));
        long[] micros = members.stream()
                .flatMap(member -> Optional.ofNullable(member.steps.get(member.aha))
                        .map(at -> micros(Duration.between(member.signedUpAt, at)))
                        .stream())
                .mapToLong(Long::longValue)
                .toArray();
        return new ActivationTally(members.size(), completed, micros);
    }

    private static boolean store(Handle handle, WorkspaceId workspace, ActivationFunnel funnel, WithEvents told) {
        StepCompletion completion = told.completion();
        UserId user = completion.user();
        if (stepStored(handle, workspace, funnel, completion)) {
            return false;
        }
        // The lock comes first: whoever completes another step of the same user waits here, and then counts ours too.
        lockUser(handle, workspace, funnel, user);
        boolean first = stored(of(handle.createUpdate(INSERT_STEP), workspace, funnel, user)
                .bind("step", completion.step().name())
                .bind("at", time(completion.time().orElseThrow()))
                .bind("metadata", Json.write(completion.metadata()))
                .bind("recordedAt", time(PostgresActivationStore.recordedAt(completion, told.events()))));
        if (!first) {
            return false;
        }
        ActivationState state = read(handle, workspace, funnel, user);
        of(handle.createUpdate(UPDATE_SCORE), workspace, funnel, user)
                .bind("score", state.score())
                .execute();
        for (GrowthEvent event : told.events()) {
            handle.createUpdate(INSERT_EVENT)
                    .bind("workspace", workspace.value())
                    .bind("id", event.id())
                    .bind("type", event.type())
                    .bind("version", event.version())
                    .bind("at", time(event.time()))
                    .bind("user", completion.user().value())
                    .bind("data", Json.write(event.data()))
                    .execute();
        }
        noteChange(handle, workspace, user);
        return true;
    }

    private static void lockUser(Handle handle, WorkspaceId workspace, ActivationFunnel funnel, UserId user) {
        if (!locked(handle, workspace, funnel, user)
                && !stored(of(handle.createUpdate(INSERT_USER), workspace, funnel, user))) {
            locked(handle, workspace, funnel, user);
        }
    }

    private static boolean locked(Handle handle, WorkspaceId workspace, ActivationFunnel funnel, UserId user) {
        return of(handle.createQuery(LOCK_USER), workspace, funnel, user)
                .mapTo(Integer.class)
                .findOne()
                .isPresent();
    }

    /** Inserts a row unless its key is there; on H2 a statement that fails leaves the transaction usable. */
    private static boolean stored(org.jdbi.v3.core.statement.Update insert) {
        try {
            insert.execute();
            return true;
        } catch (JdbiException e) {
            if (e.getCause() instanceof SQLException sql && DUPLICATE.equals(sql.getSQLState())) {
                return false;
            }
            throw e;
        }
    }

    private static void noteChange(Handle handle, WorkspaceId workspace, UserId user) {
        handle.createUpdate(NOTE_CHANGE)
                .bind("workspace", workspace.value())
                .bind("user", user.value())
                .execute();
    }

    private static ActivationState read(Handle handle, WorkspaceId workspace, ActivationFunnel funnel, UserId user) {
        var completed = new HashMap<Step, CompletedStep>();
        of(handle.createQuery(STEPS), workspace, funnel, user)
                .map((rs, ctx) -> new CompletedStep(
                        Step.of(rs.getString("step")),
                        instant(rs, "completed_at"),
                        Json.readTextMap(rs.getString("metadata"))))
                .forEach(step -> completed.put(step.step(), step));
        return new ActivationState(funnel, user, completed, hostSignUp(handle, workspace, funnel, user));
    }

    private static Optional<Instant> hostSignUp(
            Handle handle, WorkspaceId workspace, ActivationFunnel funnel, UserId user) {
        return of(handle.createQuery(HOST_SIGN_UP), workspace, funnel, user)
                .map((rs, ctx) -> Optional.ofNullable(rs.getObject(1, OffsetDateTime.class))
                        .map(OffsetDateTime::toInstant))
                .findOne()
                .flatMap(at -> at);
    }

    private static boolean stepStored(
            Handle handle, WorkspaceId workspace, ActivationFunnel funnel, StepCompletion completion) {
        return of(handle.createQuery(STEP_STORED), workspace, funnel, completion.user())
                .bind("step", completion.step().name())
                .mapTo(Boolean.class)
                .one();
    }

    private static Stored completed(WorkspaceId workspace, ActivationFunnel funnel, WithEvents told) {
        return new Stored(
                null,
                workspace,
                handle -> told.events().isEmpty()
                        ? stepStored(handle, workspace, funnel, told.completion())
                        : handle.createQuery(EVENT_STORED)
                                .bind("workspace", workspace.value())
                                .bind("id", told.events().get(0).id())
                                .mapTo(Boolean.class)
                                .one());
    }

    private static <S extends SqlStatement<S>> S of(
            S statement, WorkspaceId workspace, ActivationFunnel funnel, UserId user) {
        return statement
                .bind("workspace", workspace.value())
                .bind("funnel", funnel.name())
                .bind("user", user.value());
    }

    private static OffsetDateTime time(Instant instant) {
        return instant.atOffset(ZoneOffset.UTC);
    }

    private static Instant instant(ResultSet rs, String label) throws SQLException {
        return rs.getObject(label, OffsetDateTime.class).toInstant();
    }

    private static long micros(Duration duration) {
        return duration.getSeconds() * 1_000_000 + duration.getNano() / 1_000;
    }

    /** One user of a cohort. */
    private static final class Member {
        private final String aha;
        private final Map<String, Instant> steps = new HashMap<>();
        private Instant signedUpAt = Instant.EPOCH;
        private String value = "";

        Member(String aha) {
            this.aha = aha;
        }

        Member add(ResultSet rs, @Nullable String key) throws SQLException {
            signedUpAt = instant(rs, "signed_up_at");
            String first = rs.getString("first_metadata");
            if (key != null && first != null) {
                value = Json.readTextMap(first).getOrDefault(key, "");
            }
            String step = rs.getString("step");
            if (step != null) {
                steps.put(step, instant(rs, "completed_at"));
            }
            return this;
        }
    }
}
