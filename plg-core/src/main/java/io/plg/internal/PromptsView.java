package io.plg.internal;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.gate.GateDecision;
import io.plg.gate.UpgradePrompt;
import io.plg.prompt.Prompt;
import io.plg.prompt.PromptConversion;
import io.plg.prompt.PromptPolicy;
import io.plg.prompt.PromptStore;
import io.plg.prompt.PromptStore.Candidate;
import io.plg.prompt.PromptStore.Outcome;
import io.plg.prompt.UpgradePrompts;
import io.plg.prompt.Variant;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/** The prompts of one workspace. */
final class PromptsView implements UpgradePrompts {
    private static final Duration LONGEST_SNOOZE = Duration.ofDays(365);
    private static final Instant FIRST = Instant.parse("0001-01-01T00:00:00Z");
    private static final Instant LAST = Instant.parse("9999-12-31T00:00:00Z");
    private static final Comparator<PromptConversion> ORDER = Comparator.comparing(PromptConversion::feature)
            .thenComparing(each -> each.plan().orElse(""))
            .thenComparing(each -> each.variant().map(Variant::experiment).orElse(""))
            .thenComparing(each -> each.variant().map(Variant::name).orElse(""));

    private final PlgRuntime plg;
    private final WorkspaceId workspace;

    PromptsView(PlgRuntime plg, WorkspaceId workspace) {
        this.plg = plg;
        this.workspace = workspace;
    }

    @Override
    public Optional<Prompt> offer(UserId user, GateDecision decision) {
        Objects.requireNonNull(user, "user");
        Objects.requireNonNull(decision, "decision");
        PromptPolicy policy = plg.promptPolicy();
        UpgradePrompt offer = decision.upgrade();
        if (!policy.shows(decision.severity())
                || (offer.plan().isEmpty() && offer.message().isEmpty())) {
            return Optional.empty();
        }
        Instant now = plg.now();
        var candidate = new Candidate(
                plg.newId(),
                user,
                decision.feature().name(),
                decision.severity(),
                offer.plan(),
                policy.variantOf(workspace, user),
                now,
                policy.timing(decision.severity(), now));
        return store().show(workspace, candidate)
                .map(shown -> new Prompt(
                        shown.id(),
                        user,
                        candidate.feature(),
                        candidate.severity(),
                        candidate.variant(),
                        offer,
                        decision.message(),
                        shown.at()));
    }

    @Override
    public boolean clicked(UUID prompt) {
        return mark(prompt, Outcome.CLICKED);
    }

    @Override
    public boolean dismissed(UUID prompt) {
        return mark(prompt, Outcome.DISMISSED);
    }

    @Override
    public boolean upgraded(UUID prompt) {
        return mark(prompt, Outcome.UPGRADED);
    }

    @Override
    public boolean snooze(UUID prompt, Duration howLong) {
        Objects.requireNonNull(prompt, "prompt");
        Objects.requireNonNull(howLong, "howLong");
        if (howLong.isZero() || howLong.isNegative() || howLong.compareTo(LONGEST_SNOOZE) > 0) {
            throw new IllegalArgumentException(
                    "howLong must be more than zero and at most " + LONGEST_SNOOZE.toDays() + " days, was " + howLong);
        }
        return store().snooze(workspace, prompt, ceiling(plg.now().plus(howLong)));
    }

    @Override
    public List<PromptConversion> conversions(Instant from, Instant to) {
        Objects.requireNonNull(from, "from");
        Objects.requireNonNull(to, "to");
        if (to.isBefore(from)) {
            throw new IllegalArgumentException("to must not be before from = " + from + ", was " + to);
        }
        return store().conversions(workspace, withinReason(from), withinReason(to)).stream()
                .sorted(ORDER)
                .toList();
    }

    private boolean mark(UUID prompt, Outcome outcome) {
        Objects.requireNonNull(prompt, "prompt");
        return store().mark(workspace, prompt, outcome, plg.now());
    }

    private PromptStore store() {
        return plg.stores().prompts();
    }

    /** What is stored is exact to the microsecond, so nothing lies between the instant and this one; and databases know fewer years. */
    private static Instant withinReason(Instant instant) {
        return instant.isBefore(FIRST) ? FIRST : instant.isAfter(LAST) ? LAST : ceiling(instant);
    }

    private static Instant ceiling(Instant instant) {
        Instant floor = instant.truncatedTo(ChronoUnit.MICROS);
        return floor.equals(instant) ? floor : floor.plus(1, ChronoUnit.MICROS);
    }
}
