package io.plg.prompt;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.gate.Severity;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/**
 * Keeps the prompts of every workspace. Applications use {@link UpgradePrompts}; this is what an adapter implements, and its contract test is
 * {@code PromptContract} of plg-testkit.
 *
 * <pre>
 * per (workspace, prompt):   absent ──show──▶ shown ──mark──▶ and clicked, and dismissed, in any order, each once
 *                                               └──snooze──▶ and snoozed until, which only grows
 *                                               └──mark, markUpgraded──▶ upgraded      (final: nothing is noted any more)
 * </pre>
 *
 * <p>Rules for implementers: whether a prompt may be shown is decided, and the prompt stored, under a lock on the user of the workspace that lasts
 * until the end of the transaction, so that no two calls count the same prompts; to find that it may not be shown needs no lock, because
 * nothing that keeps a prompt back goes away at the same instant. Each call keeps to the workspace that it is handed, and is refused with
 * {@link io.plg.WorkspaceDeleted}, or with {@link io.plg.UserErased} where it names a user, for what was ended. Times are kept to the microsecond.
 */
public interface PromptStore {

    /**
     * Stores a prompt if it may be shown now, as {@link Timing#allows} says.
     *
     * @param workspace where
     * @param candidate the prompt
     * @return the prompt as it is stored: the candidate, or of {@link Seen#same} what was shown before; empty if it may not be shown
     */
    Optional<Shown> show(WorkspaceId workspace, Candidate candidate);

    /**
     * Notes what became of a prompt, unless that is noted or the prompt is upgraded.
     *
     * @param workspace where
     * @param prompt its id
     * @param outcome what became of it
     * @param at when
     * @return whether it is noted now and was not before; {@code false} if there is no such prompt
     */
    boolean mark(WorkspaceId workspace, UUID prompt, Outcome outcome, Instant at);

    /**
     * Notes until when a prompt is snoozed, unless it is for longer or is upgraded.
     *
     * @param workspace where
     * @param prompt its id
     * @param until the first instant at which it no longer is
     * @return whether it is noted now; {@code false} if there is no such prompt
     */
    boolean snooze(WorkspaceId workspace, UUID prompt, Instant until);

    /**
     * Notes that a workspace was upgraded: of each user the latest prompt that offered a plan, by {@code shownAt} and then id, if it was shown since
     * an instant, is not upgraded, and was shown after every upgrade that is noted for a prompt of the user.
     *
     * @param workspace where
     * @param shownSince the earliest that it may have been shown
     * @param at when the upgrade was
     * @return of how many prompts it is noted now
     */
    long markUpgraded(WorkspaceId workspace, Instant shownSince, Instant at);

    /**
     * Counts the prompts that were shown in a time by feature, plan and variant.
     *
     * @param workspace where
     * @param from the first instant
     * @param to the first instant after
     * @return the counts, in any order
     */
    List<PromptConversion> conversions(WorkspaceId workspace, Instant from, Instant to);

    /** What can become of a prompt. */
    enum Outcome {
        /** The user followed it. */
        CLICKED,
        /** The user closed it. */
        DISMISSED,
        /** It led to an upgrade. */
        UPGRADED
    }

    /**
     * A prompt that may be shown.
     *
     * @param id its id, if it is stored
     * @param user who would see it
     * @param feature the name of the feature
     * @param severity how severe the decision is
     * @param plan the plan that it offers
     * @param variant the user's part in an experiment
     * @param at now
     * @param timing the rules
     */
    record Candidate(
            UUID id,
            UserId user,
            String feature,
            Severity severity,
            Optional<String> plan,
            Optional<Variant> variant,
            Instant at,
            Timing timing) {

        /** Checks that nothing is missing. */
        public Candidate {
            Objects.requireNonNull(id, "id");
            Objects.requireNonNull(user, "user");
            Objects.requireNonNull(feature, "feature");
            Objects.requireNonNull(severity, "severity");
            Objects.requireNonNull(plan, "plan");
            Objects.requireNonNull(variant, "variant");
            Objects.requireNonNull(at, "at");
            Objects.requireNonNull(timing, "timing");
        }
    }

    /**
     * The rules for one prompt.
     *
     * @param always whether only a snooze keeps it back
     * @param atMost how many prompts of the user, of all features, may have been shown after {@code windowStart}, this one included
     * @param windowStart exclusive
     * @param coolDownStart none for the feature that is as severe or more may have been shown after it
     * @param dismissedStart none for the feature that is as severe or more may have been dismissed after it
     */
    record Timing(boolean always, int atMost, Instant windowStart, Instant coolDownStart, Instant dismissedStart) {

        /** Checks that nothing is missing. */
        public Timing {
            Objects.requireNonNull(windowStart, "windowStart");
            Objects.requireNonNull(coolDownStart, "coolDownStart");
            Objects.requireNonNull(dismissedStart, "dismissedStart");
        }

        /**
         * Tells whether a prompt may be shown.
         *
         * @param seen what is stored of the user
         * @return whether it may
         */
        public boolean allows(Seen seen) {
            return !seen.snoozed() && (always || (seen.recent() < atMost && !seen.heldBack()));
        }
    }

    /**
     * What is stored of a user, as a candidate asks for it.
     *
     * @param recent how many prompts were shown after {@code windowStart}
     * @param heldBack whether one for the feature that was as severe or more was shown after {@code coolDownStart} or dismissed after
     *     {@code dismissedStart}
     * @param snoozed whether one for the feature is snoozed until after now
     * @param same if the timing says {@code always}, the latest that differs from the candidate in its id only, was shown after
     *     {@code coolDownStart}, and is not upgraded
     */
    record Seen(long recent, boolean heldBack, boolean snoozed, Optional<Shown> same) {

        /** Checks that nothing is missing. */
        public Seen {
            Objects.requireNonNull(same, "same");
        }
    }

    /**
     * A prompt that is stored.
     *
     * @param id its id
     * @param at since when it counts as shown
     */
    record Shown(UUID id, Instant at) {

        /** Checks that nothing is missing. */
        public Shown {
            Objects.requireNonNull(id, "id");
            Objects.requireNonNull(at, "at");
        }
    }
}
