package io.plg.jdbi;

import io.plg.WorkspaceId;
import io.plg.prompt.PromptConversion;
import io.plg.prompt.PromptStore;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Prompts on PostgreSQL: what is frequent is one call of a function that ships with the schema. */
final class PostgresPromptStore implements PromptStore {
    private static final String OFFER = """
            select refused, prompt_id, prompt_at
            from plg.offer_prompt(:workspace, :user, :id, :feature, :severity, :plan, :experiment, :variant, cast(:at as timestamptz),
                                  :always, :most, cast(:window as timestamptz), cast(:coolDown as timestamptz),
                                  cast(:dismissed as timestamptz))
            """;
    private static final String MARK = """
            select refused, marked from plg.mark_prompt(:workspace, :id, :what, cast(:at as timestamptz))
            """;
    private static final String MARK_UPGRADED = """
            select refused, marked
            from plg.mark_prompts_upgraded(:workspace, cast(:since as timestamptz), cast(:at as timestamptz))
            """;
    private static final String CONVERSIONS = """
            select feature, offered_plan, experiment, variant, count(*) as shown, count(clicked_at) as clicked,
                   count(dismissed_at) as dismissed, count(upgraded_at) as upgraded
            from plg.prompt
            where workspace_id = :workspace and shown_at >= cast(:from as timestamptz) and shown_at < cast(:to as timestamptz)
            group by feature, offered_plan, experiment, variant
            """;
    private static final String REFUSAL = "select plg_directory.refusal(:workspace, null)";

    private final Session session;

    PostgresPromptStore(Session session) {
        this.session = session;
    }

    @Override
    public Optional<Shown> show(WorkspaceId workspace, Candidate candidate) {
        Timing timing = candidate.timing();
        return session.call(
                "offer a prompt",
                handle -> handle.createQuery(OFFER)
                        .bind("workspace", workspace.value())
                        .bind("user", candidate.user().value())
                        .bind("id", candidate.id())
                        .bind("feature", candidate.feature())
                        .bind("severity", StoredPrompts.code(candidate.severity()))
                        .bindByType("plan", candidate.plan().orElse(null), String.class)
                        .bindByType("experiment", StoredPrompts.experiment(candidate), String.class)
                        .bindByType("variant", StoredPrompts.variant(candidate), String.class)
                        .bind("at", candidate.at().toString())
                        .bind("always", timing.always())
                        .bind("most", timing.atMost())
                        .bind("window", timing.windowStart().toString())
                        .bind("coolDown", timing.coolDownStart().toString())
                        .bind("dismissed", timing.dismissedStart().toString())
                        .map((rs, ctx) -> {
                            Refusal.check(rs.getString("refused"), workspace, candidate.user());
                            UUID id = rs.getObject("prompt_id", UUID.class);
                            return id == null
                                    ? Optional.<Shown>empty()
                                    : Optional.of(new Shown(id, StoredPrompts.instant(rs.getLong("prompt_at"))));
                        })
                        .one());
    }

    @Override
    public boolean mark(WorkspaceId workspace, UUID prompt, Outcome outcome, Instant at) {
        return mark(workspace, prompt, StoredPrompts.code(outcome), at);
    }

    @Override
    public boolean snooze(WorkspaceId workspace, UUID prompt, Instant until) {
        return mark(workspace, prompt, "snoozed", until);
    }

    private boolean mark(WorkspaceId workspace, UUID prompt, String what, Instant at) {
        return session.call(
                "note what became of a prompt",
                handle -> handle.createQuery(MARK)
                        .bind("workspace", workspace.value())
                        .bind("id", prompt)
                        .bind("what", what)
                        .bind("at", at.toString())
                        .map((rs, ctx) -> {
                            Refusal.check(rs.getString("refused"), workspace, null);
                            return rs.getBoolean("marked");
                        })
                        .one());
    }

    @Override
    public long markUpgraded(WorkspaceId workspace, Instant shownSince, Instant at) {
        return session.call(
                "note which prompts led to an upgrade",
                handle -> handle.createQuery(MARK_UPGRADED)
                        .bind("workspace", workspace.value())
                        .bind("since", shownSince.toString())
                        .bind("at", at.toString())
                        .map((rs, ctx) -> {
                            Refusal.check(rs.getString("refused"), workspace, null);
                            return rs.getLong("marked");
                        })
                        .one());
    }

    @Override
    public List<PromptConversion> conversions(WorkspaceId workspace, Instant from, Instant to) {
        return session.atomically("count prompts", handle -> {
            Refusal.check(
                    handle.createQuery(REFUSAL)
                            .bind("workspace", workspace.value())
                            .mapTo(String.class)
                            .one(),
                    workspace,
                    null);
            return Dialect.POSTGRESQL.bound(
                    handle,
                    workspace,
                    h -> h.createQuery(CONVERSIONS)
                            .bind("workspace", workspace.value())
                            .bind("from", from.toString())
                            .bind("to", to.toString())
                            .map((rs, ctx) -> StoredPrompts.conversion(rs))
                            .list());
        });
    }
}
