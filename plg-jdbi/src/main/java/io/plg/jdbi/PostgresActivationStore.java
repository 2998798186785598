package io.plg.jdbi;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.ActivationReport;
import io.plg.activation.ActivationReport.StepCount;
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
import io.plg.stats.DurationSummary;
import io.plg.stats.Rate;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.locator.ClasspathSqlLocator;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/** Completions on PostgreSQL: what is frequent is one call of a function that ships with the schema. */
final class PostgresActivationStore implements ActivationStore {
    private static final int MOST_AT_ONCE = 10_000;

    private static final String COMPLETE = """
            select refused, xact, host_signed_up_at, step_names, step_times, step_metadata
            from plg.complete_step(:workspace, :funnel, :user, :step, cast(:at as timestamptz), cast(:metadata as jsonb),
                                   cast(:recordedAt as timestamptz), cast(:steps as text[]), cast(:events as jsonb))
            """;
    private static final String COMPLETE_ALL = """
            select refused, erased_user, firsts, xact
            from plg.complete_steps(:workspace, :funnel, cast(:steps as text[]), cast(:users as text[]),
                                    cast(:userSteps as text[]), cast(:at as timestamptz[]), cast(:metadata as jsonb[]),
                                    cast(:recordedAt as timestamptz[]), cast(:events as jsonb))
            """;
    private static final String SIGN_UP = """
            select refused, xact, host_signed_up_at, step_names, step_times, step_metadata
            from plg.sign_up(:workspace, :funnel, :user, cast(:at as timestamptz))
            """;
    private static final String FIND = """
            select refused, host_signed_up_at, step_names, step_times, step_metadata
            from plg.activation_of(:workspace, :funnel, :user)
            """;
    private static final String EVENT_STORED = """
            select exists (select from plg.growth_event where workspace_id = :workspace and id = :id)
            """;
    private static final String STEP_STORED = """
            select exists (select from plg.activation_step
                           where workspace_id = :workspace and funnel = :funnel and user_id = :user and step = :step)
            """;
    private static final String SIGN_UP_STORED = """
            select exists (select from plg.activation_user
                           where workspace_id = :workspace and funnel = :funnel and user_id = :user
                             and host_signed_up_at = cast(:at as timestamptz))
            """;
    private static final String NESTED_LOOPS_OFF = """
            with before as materialized (select current_setting('enable_nestloop') as loops)
            select loops, set_config('enable_nestloop', 'off', true) from before
            """;
    private static final String NESTED_LOOPS = "select set_config('enable_nestloop', :before, true)";
    private static final String REPORT =
            ClasspathSqlLocator.removingComments().getResource("io/plg/jdbi/activation/report-postgresql.sql");

    private static final String TALLY =
            ClasspathSqlLocator.removingComments().getResource("io/plg/jdbi/activation/tally-postgresql.sql");
    private static final String REFUSAL = "select plg_directory.refusal(:workspace, null)";

    private final Session session;

    PostgresActivationStore(Session session) {
        this.session = session;
    }

    @Override
    public Recorded complete(
            WorkspaceId workspace, ActivationFunnel funnel, StepCompletion completion, List<GrowthEvent> events) {
        Instant at = completion.time().orElseThrow();
        return session.call(
                "complete step \"" + completion.step() + "\"",
                handle -> handle.createQuery(COMPLETE)
                        .bind("workspace", workspace.value())
                        .bind("funnel", funnel.name())
                        .bind("user", completion.user().value())
                        .bind("step", completion.step().name())
                        .bind("at", at.toString())
                        .bind("metadata", Json.write(completion.metadata()))
                        .bind("recordedAt", recordedAt(completion, events).toString())
                        .bind("steps", names(funnel))
                        .bind("events", json(events))
                        .map((rs, ctx) -> {
                            admitted(rs, workspace, completion.user());
                            Map<Step, CompletedStep> completed = completed(rs);
                            String transaction = rs.getString("xact");
                            if (transaction != null) {
                                session.stored(stored(transaction, workspace, funnel, completion, events));
                                completed.put(
                                        completion.step(),
                                        new CompletedStep(completion.step(), at, completion.metadata()));
                            }
                            return new Recorded(
                                    transaction != null,
                                    new ActivationState(funnel, completion.user(), completed, hostSignUp(rs)));
                        })
                        .one());
    }

    @Override
    public List<Boolean> completeAll(WorkspaceId workspace, ActivationFunnel funnel, List<WithEvents> completions) {
        String what = "complete " + completions.size() + " steps";
        return completions.size() <= MOST_AT_ONCE
                ? session.call(what, handle -> completeSome(handle, workspace, funnel, completions))
                : session.atomically(what, handle -> {
                    var first = new ArrayList<Boolean>(completions.size());
                    for (int from = 0; from < completions.size(); from += MOST_AT_ONCE) {
                        int to = Math.min(completions.size(), from + MOST_AT_ONCE);
                        first.addAll(completeSome(handle, workspace, funnel, completions.subList(from, to)));
                    }
                    return first;
                });
    }

    private List<Boolean> completeSome(
            Handle handle, WorkspaceId workspace, ActivationFunnel funnel, List<WithEvents> some) {
        var users = new String[some.size()];
        var steps = new String[some.size()];
        var at = new String[some.size()];
        var metadata = new String[some.size()];
        var recordedAt = new String[some.size()];
        var events = new StringBuilder("[");
        for (int i = 0; i < some.size(); i++) {
            StepCompletion completion = some.get(i).completion();
            users[i] = completion.user().value();
            steps[i] = completion.step().name();
            at[i] = completion.time().orElseThrow().toString();
            metadata[i] = Json.write(completion.metadata());
            recordedAt[i] = recordedAt(completion, some.get(i).events()).toString();
            for (GrowthEvent event : some.get(i).events()) {
                events.append(events.length() == 1 ? "" : ",")
                        .append("{\"n\":")
                        .append(i + 1)
                        .append(",\"event\":")
                        .append(event.toJson())
                        .append('}');
            }
        }
        return handle.createQuery(COMPLETE_ALL)
                .bind("workspace", workspace.value())
                .bind("funnel", funnel.name())
                .bind("steps", names(funnel))
                .bind("users", users)
                .bind("userSteps", steps)
                .bind("at", at)
                .bind("metadata", metadata)
                .bind("recordedAt", recordedAt)
                .bind("events", events.append(']').toString())
                .map((rs, ctx) -> {
                    String erased = rs.getString("erased_user");
                    admitted(rs, workspace, erased == null ? null : UserId.of(erased));
                    var first = new Boolean[some.size()];
                    Arrays.fill(first, false);
                    Integer[] firsts = (Integer[]) rs.getArray("firsts").getArray();
                    for (int n : firsts) {
                        first[n - 1] = true;
                    }
                    if (firsts.length > 0) {
                        WithEvents one = some.get(firsts[0] - 1);
                        session.stored(stored(rs.getString("xact"), workspace, funnel, one.completion(), one.events()));
                    }
                    return List.of(first);
                })
                .one();
    }

    @Override
    public ActivationState signUp(WorkspaceId workspace, ActivationFunnel funnel, UserId user, Instant at) {
        return session.call(
                "store a sign-up",
                handle -> handle.createQuery(SIGN_UP)
                        .bind("workspace", workspace.value())
                        .bind("funnel", funnel.name())
                        .bind("user", user.value())
                        .bind("at", at.toString())
                        .map((rs, ctx) -> {
                            admitted(rs, workspace, user);
                            String transaction = rs.getString("xact");
                            if (transaction != null) {
                                session.stored(new Stored(
                                        transaction,
                                        workspace,
                                        h -> h.createQuery(SIGN_UP_STORED)
                                                .bind("workspace", workspace.value())
                                                .bind("funnel", funnel.name())
                                                .bind("user", user.value())
                                                .bind("at", at.toString())
                                                .mapTo(Boolean.class)
                                                .one()));
                            }
                            return state(funnel, user, rs);
                        })
                        .one());
    }

    @Override
    public ActivationState find(WorkspaceId workspace, ActivationFunnel funnel, UserId user) {
        return session.read(
                "read the state of a user",
                handle -> handle.createQuery(FIND)
                        .bind("workspace", workspace.value())
                        .bind("funnel", funnel.name())
                        .bind("user", user.value())
                        .map((rs, ctx) -> {
                            admitted(rs, workspace, user);
                            return state(funnel, user, rs);
                        })
                        .one());
    }

    @Override
    public ActivationReport report(WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort) {
        ActivationReport report = reports(workspace, funnel, cohort, null).get("");
        return report != null ? report : new Rows(funnel).report();
    }

    @Override
    public Map<String, ActivationReport> reportBy(
            WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort, String metadataKey) {
        return reports(workspace, funnel, cohort, metadataKey);
    }

    private Map<String, ActivationReport> reports(
            WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort, @Nullable String metadataKey) {
        var groups = new TreeMap<String, Rows>();
        session.atomically(
                "report on activation",
                handle -> Dialect.POSTGRESQL.bound(
                        admitted(handle, workspace),
                        workspace,
                        h -> withoutNestedLoops(
                                h,
                                () -> cohort(h.createQuery(REPORT), workspace, funnel, cohort)
                                        .bind("key", metadataKey)
                                        .map((rs, ctx) -> groups.computeIfAbsent(
                                                        rs.getString("value"), v -> new Rows(funnel))
                                                .add(rs))
                                        .list())));
        var reports = new LinkedHashMap<String, ActivationReport>();
        groups.forEach((value, rows) -> reports.put(value, rows.report()));
        return Collections.unmodifiableMap(reports);
    }

    /** The same tables as a report, without its percentiles: those of several workspaces do not add up. */
    ActivationTally tally(WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort) {
        var counts = new HashMap<String, Long>();
        var rest = new Object() {
            long signedUp;
            long[] micros = new long[0];
        };
        session.atomically(
                "report on activation",
                handle -> Dialect.POSTGRESQL.bound(
                        handle,
                        workspace,
                        h -> withoutNestedLoops(
                                h,
                                () -> cohort(h.createQuery(TALLY), workspace, funnel, cohort)
                                        .map((rs, ctx) -> {
                                            rest.signedUp = rs.getLong("signed_up");
                                            java.sql.Array micros = rs.getArray("micros");
                                            if (micros != null) {
                                                rest.micros = Arrays.stream((Long[]) micros.getArray())
                                                        .mapToLong(Long::longValue)
                                                        .toArray();
                                            }
                                            String step = rs.getString("step");
                                            return step == null ? null : counts.put(step, rs.getLong("completed"));
                                        })
                                        .list())));
        return new ActivationTally(rest.signedUp, counts, rest.micros);
    }

    private static Query cohort(Query query, WorkspaceId workspace, ActivationFunnel funnel, Cohort cohort) {
        return query.bind("workspace", workspace.value())
                .bind("funnel", funnel.name())
                .bind("first_step", funnel.steps().get(0).name())
                .bind("aha", funnel.aha().name())
                .bind("from_time", cohort.from().map(Instant::toString).orElse("-infinity"))
                .bind("to_time", cohort.to().map(Instant::toString).orElse("infinity"));
    }

    /**
     * Every join of a report is of many rows with many. Of tables that were just filled the planner knows nothing, takes them for
     * tiny, and would join them by nested loops.
     */
    private static <T> T withoutNestedLoops(Handle handle, Supplier<T> query) {
        String before = handle.createQuery(NESTED_LOOPS_OFF).mapTo(String.class).one();
        T result = query.get();
        handle.createQuery(NESTED_LOOPS)
                .bind("before", before)
                .mapTo(String.class)
                .one();
        return result;
    }

    private static Stored stored(
            @Nullable String transaction,
            WorkspaceId workspace,
            ActivationFunnel funnel,
            StepCompletion completion,
            List<GrowthEvent> events) {
        return new Stored(
                transaction,
                workspace,
                handle -> events.isEmpty()
                        ? handle.createQuery(STEP_STORED)
                                .bind("workspace", workspace.value())
                                .bind("funnel", funnel.name())
                                .bind("user", completion.user().value())
                                .bind("step", completion.step().name())
                                .mapTo(Boolean.class)
                                .one()
                        : handle.createQuery(EVENT_STORED)
                                .bind("workspace", workspace.value())
                                .bind("id", events.get(0).id())
                                .mapTo(Boolean.class)
                                .one());
    }

    private static Handle admitted(Handle handle, WorkspaceId workspace) {
        Refusal.check(
                handle.createQuery(REFUSAL)
                        .bind("workspace", workspace.value())
                        .mapTo(String.class)
                        .one(),
                workspace,
                null);
        return handle;
    }

    private static void admitted(ResultSet rs, WorkspaceId workspace, @Nullable UserId user) throws SQLException {
        Refusal.check(rs.getString("refused"), workspace, user);
    }

    static Instant recordedAt(StepCompletion completion, List<GrowthEvent> events) {
        return events.isEmpty()
                ? completion.time().orElseThrow()
                : events.get(0).time();
    }

    private static String[] names(ActivationFunnel funnel) {
        return funnel.steps().stream().map(Step::name).toArray(String[]::new);
    }

    private static String json(List<GrowthEvent> events) {
        var json = new StringBuilder("[");
        for (GrowthEvent event : events) {
            json.append(json.length() == 1 ? "" : ",").append(event.toJson());
        }
        return json.append(']').toString();
    }

    private static ActivationState state(ActivationFunnel funnel, UserId user, ResultSet rs) throws SQLException {
        return new ActivationState(funnel, user, completed(rs), hostSignUp(rs));
    }

    private static Optional<Instant> hostSignUp(ResultSet rs) throws SQLException {
        long signUp = rs.getLong("host_signed_up_at");
        return rs.wasNull() ? Optional.empty() : Optional.of(instant(signUp));
    }

    private static Map<Step, CompletedStep> completed(ResultSet rs) throws SQLException {
        var completed = new HashMap<Step, CompletedStep>();
        java.sql.Array names = rs.getArray("step_names");
        if (names != null) {
            String[] steps = (String[]) names.getArray();
            Long[] times = (Long[]) rs.getArray("step_times").getArray();
            String[] metadata = (String[]) rs.getArray("step_metadata").getArray();
            for (int i = 0; i < steps.length; i++) {
                Step step = Step.of(steps[i]);
                completed.put(step, new CompletedStep(step, instant(times[i]), metadata(metadata[i])));
            }
        }
        return completed;
    }

    private static Map<String, String> metadata(String json) {
        return json.equals("{}") ? Map.of() : Json.readTextMap(json);
    }

    private static Instant instant(long micros) {
        return Instant.ofEpochSecond(Math.floorDiv(micros, 1_000_000L), Math.floorMod(micros, 1_000_000L) * 1_000);
    }

    /** The rows of one group: its members' counts and times in each, and one step with its count. */
    private static final class Rows {
        private final ActivationFunnel funnel;
        private final Map<String, Long> counts = new HashMap<>();
        private long signedUp;
        private long activated;
        private Optional<DurationSummary> times = Optional.empty();

        Rows(ActivationFunnel funnel) {
            this.funnel = funnel;
        }

        Rows add(ResultSet rs) throws SQLException {
            signedUp = rs.getLong("signed_up");
            activated = rs.getLong("activated");
            if (activated > 0) {
                times = Optional.of(new DurationSummary(
                        activated,
                        duration(rs, "mean_ns"),
                        duration(rs, "p50_ns"),
                        duration(rs, "p75_ns"),
                        duration(rs, "p90_ns")));
            }
            String step = rs.getString("step");
            if (step != null) {
                counts.put(step, rs.getLong("completed"));
            }
            return this;
        }

        ActivationReport report() {
            var steps = new ArrayList<StepCount>();
            for (Step step : funnel.steps()) {
                long n = counts.getOrDefault(step.name(), 0L);
                steps.add(new StepCount(step, n, new Rate(n, signedUp)));
            }
            return new ActivationReport(signedUp, steps, activated, times);
        }

        private static Duration duration(ResultSet rs, String label) throws SQLException {
            BigDecimal[] parts = rs.getBigDecimal(label).divideAndRemainder(BigDecimal.valueOf(1_000_000_000));
            return Duration.ofSeconds(parts[0].longValueExact(), parts[1].longValueExact());
        }
    }
}
