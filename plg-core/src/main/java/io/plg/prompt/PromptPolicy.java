package io.plg.prompt;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.gate.Severity;
import io.plg.prompt.PromptStore.Timing;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * When a user is shown a prompt, and which variant of it. It is immutable; each method returns another policy.
 *
 * <p>A prompt about a feature is shown if all of this is so:
 *
 * <ol>
 *   <li>the decision is as severe as {@link #showFrom} says, or more: {@code APPROACHING}, that is before anybody is blocked;
 *   <li>the user has not {@linkplain UpgradePrompts#snooze snoozed} a prompt for the feature;
 *   <li>the user was shown fewer prompts than {@link #atMost} allows, of all features of the workspace: 3 in 7 days;
 *   <li>none that was as severe or more was shown for the feature within the {@link #coolDown}: 24 hours. So when it gets worse, the cool-down does
 *       not hold, and the cap does;
 *   <li>none that was as severe or more was dismissed for the feature within the time of {@link #dismissedFor}: 7 days.
 * </ol>
 *
 * <p>Who is blocked must be told why: of the last three nothing holds for {@code BLOCKED}, unless {@link #alwaysWhenBlocked} says otherwise. These
 * prompts count towards the cap of the others.
 *
 * <p>Every time runs from an instant, exclusive of its end: 24 hours after a prompt its cool-down is over. A change of the policy holds for what was
 * shown before, too.
 */
public final class PromptPolicy {
    static final Duration LONGEST = Duration.ofDays(365);

    private static final PromptPolicy STANDARD = new PromptPolicy(
            Severity.APPROACHING,
            3,
            Duration.ofDays(7),
            Duration.ofHours(24),
            Duration.ofDays(7),
            true,
            Duration.ofDays(30),
            null);

    private final Severity showFrom;
    private final int shows;
    private final Duration window;
    private final Duration coolDown;
    private final Duration dismissedFor;
    private final boolean alwaysWhenBlocked;
    private final Duration attributionWindow;
    private final @Nullable Experiment experiment;

    private PromptPolicy(
            Severity showFrom,
            int shows,
            Duration window,
            Duration coolDown,
            Duration dismissedFor,
            boolean alwaysWhenBlocked,
            Duration attributionWindow,
            @Nullable Experiment experiment) {
        this.showFrom = showFrom;
        this.shows = shows;
        this.window = window;
        this.coolDown = coolDown;
        this.dismissedFor = dismissedFor;
        this.alwaysWhenBlocked = alwaysWhenBlocked;
        this.attributionWindow = attributionWindow;
        this.experiment = experiment;
    }

    /**
     * Returns the policy that holds unless another is set: the defaults of every rule, and no experiment.
     *
     * @return the policy
     */
    public static PromptPolicy standard() {
        return STANDARD;
    }

    /**
     * Sets from which severity on prompts are shown. Default: {@code APPROACHING}.
     *
     * @param severity the least severity
     * @return the changed policy
     * @throws IllegalArgumentException if it is {@code OK}
     */
    public PromptPolicy showFrom(Severity severity) {
        Objects.requireNonNull(severity, "severity");
        if (severity == Severity.OK) {
            throw new IllegalArgumentException("showFrom must be APPROACHING or worse, was OK");
        }
        return new PromptPolicy(
                severity, shows, window, coolDown, dismissedFor, alwaysWhenBlocked, attributionWindow, experiment);
    }

    /**
     * Sets how many prompts a user of a workspace is shown in a time, of all features together. Default: 3 in 7 days.
     *
     * @param shows how many, at least 1
     * @param window in which time, more than zero and at most 365 days, rolling
     * @return the changed policy
     * @throws IllegalArgumentException if one is out of its range
     */
    public PromptPolicy atMost(int shows, Duration window) {
        if (shows < 1) {
            throw new IllegalArgumentException("shows must be 1 or more, was " + shows);
        }
        checkPositive("window", window);
        return new PromptPolicy(
                showFrom, shows, window, coolDown, dismissedFor, alwaysWhenBlocked, attributionWindow, experiment);
    }

    /**
     * Sets how long after a prompt the next one that is no worse must wait, of the same user and feature. Default: 24 hours.
     *
     * @param coolDown how long, at most 365 days, or zero for not at all
     * @return the changed policy
     * @throws IllegalArgumentException if it is out of that range
     */
    public PromptPolicy coolDown(Duration coolDown) {
        checkRange("coolDown", coolDown);
        return new PromptPolicy(
                showFrom, shows, window, coolDown, dismissedFor, alwaysWhenBlocked, attributionWindow, experiment);
    }

    /**
     * Sets how long after a dismissal the next prompt that is no worse must wait, of the same user and feature. Default: 7 days.
     *
     * @param dismissedFor how long, at most 365 days, or zero for not at all
     * @return the changed policy
     * @throws IllegalArgumentException if it is out of that range
     */
    public PromptPolicy dismissedFor(Duration dismissedFor) {
        checkRange("dismissedFor", dismissedFor);
        return new PromptPolicy(
                showFrom, shows, window, coolDown, dismissedFor, alwaysWhenBlocked, attributionWindow, experiment);
    }

    /**
     * Sets whether a user who is blocked is always told, whatever was shown or dismissed before; only a snooze keeps it back. Default: yes.
     *
     * @param always {@code false} if {@code BLOCKED} is like every other severity
     * @return the changed policy
     */
    public PromptPolicy alwaysWhenBlocked(boolean always) {
        return new PromptPolicy(showFrom, shows, window, coolDown, dismissedFor, always, attributionWindow, experiment);
    }

    /**
     * Sets how long before an upgrade a prompt may have been shown to have led to it. Default: 30 days.
     *
     * @param attributionWindow how long, more than zero and at most 365 days
     * @return the changed policy
     * @throws IllegalArgumentException if it is out of that range
     */
    public PromptPolicy attributionWindow(Duration attributionWindow) {
        checkPositive("attributionWindow", attributionWindow);
        return new PromptPolicy(
                showFrom, shows, window, coolDown, dismissedFor, alwaysWhenBlocked, attributionWindow, experiment);
    }

    /**
     * Sets an experiment: each user of each workspace gets one of its variants, the same on every node and at every time, as often as its weight
     * is of the sum of the weights. Default: none.
     *
     * <p>A variant of weight 0 gets nobody. Who raises one weight moves users to that variant only, who lowers one moves users away from it only; all
     * others stay where they are. Another name is another experiment, with users mixed anew. It is the host that shows variants differently.
     *
     * @param name the name of the experiment
     * @param weights the weight of each variant by its name, 0 to 1,000,000
     * @return the changed policy
     * @throws IllegalArgumentException if a name is blank or too long, a weight is out of range, or none is above 0
     */
    public PromptPolicy experiment(String name, Map<String, Integer> weights) {
        return new PromptPolicy(
                showFrom,
                shows,
                window,
                coolDown,
                dismissedFor,
                alwaysWhenBlocked,
                attributionWindow,
                new Experiment(name, weights));
    }

    /**
     * Tells which variant of the experiment a user gets.
     *
     * @param workspace where
     * @param user who
     * @return the variant; empty without an experiment
     */
    public Optional<Variant> variantOf(WorkspaceId workspace, UserId user) {
        Objects.requireNonNull(workspace, "workspace");
        Objects.requireNonNull(user, "user");
        return Optional.ofNullable(experiment).map(each -> each.variantOf(workspace, user));
    }

    /**
     * Tells whether prompts of a severity are shown at all.
     *
     * @param severity of a decision
     * @return {@code false} if it is less than {@link #showFrom(Severity)} says
     */
    public boolean shows(Severity severity) {
        return severity.compareTo(showFrom) >= 0;
    }

    /**
     * Returns the rules for a prompt that would be shown now, as a store needs them.
     *
     * @param severity of the decision
     * @param now the time
     * @return the rules
     */
    public Timing timing(Severity severity, Instant now) {
        return new Timing(
                alwaysWhenBlocked && severity == Severity.BLOCKED,
                shows,
                before(now, window),
                before(now, coolDown),
                before(now, dismissedFor));
    }

    /**
     * Returns since when a prompt must have been shown to have led to an upgrade.
     *
     * @param upgradedAt the time of the upgrade
     * @return the first instant
     */
    public Instant attributedSince(Instant upgradedAt) {
        return before(upgradedAt, attributionWindow);
    }

    private static Instant before(Instant now, Duration duration) {
        return now.minus(duration).truncatedTo(ChronoUnit.MICROS);
    }

    private static void checkPositive(String what, Duration duration) {
        Objects.requireNonNull(duration, what);
        if (duration.isNegative() || duration.isZero() || duration.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(
                    what + " must be more than zero and at most " + LONGEST.toDays() + " days, was " + duration);
        }
    }

    private static void checkRange(String what, Duration duration) {
        Objects.requireNonNull(duration, what);
        if (duration.isNegative() || duration.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(
                    what + " must be zero to " + LONGEST.toDays() + " days, was " + duration);
        }
    }
}
