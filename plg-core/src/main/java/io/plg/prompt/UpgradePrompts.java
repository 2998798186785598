package io.plg.prompt;

import io.plg.UserId;
import io.plg.gate.GateDecision;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * The upgrade prompts of one workspace: which of its users is shown what a gate offers, when, and what came of it.
 *
 * <pre>{@code
 * GateDecision decision = acme.gates().consume(EXPORTS, 1);
 * acme.prompts().offer("ada", decision).ifPresent(prompt -> show(prompt));
 * …
 * acme.prompts().clicked(promptId);
 * }</pre>
 *
 * <p>{@link #offer} asks the {@link PromptPolicy} that {@code Plg} was built with. What it returns counts as shown. In the host's transaction all
 * of this becomes true when that commits, and never if it rolls back.
 *
 * <p>What became of a prompt is noted forward only: each of clicked, dismissed and upgraded once, with its time, and nothing any more after
 * upgraded. A repeat changes nothing and returns {@code false}. So does an id that is unknown in this workspace, because it comes from outside and
 * late: its user may have been erased in between.
 *
 * <p>Every method throws {@link io.plg.WorkspaceDeleted} if the workspace was deleted, and {@link io.plg.StoreFailure} if the store cannot be
 * reached.
 */
public interface UpgradePrompts {

    /**
     * Returns the prompt that a user is to be shown now because of a decision, if there is one, and counts it as shown. Of many calls at the same
     * time, on whatever node, no more are answered with a prompt than the policy allows.
     *
     * <p>There is none, without a question to the store, if the decision is less severe than {@link PromptPolicy#showFrom(Severity) what the policy
     * shows from} or offers nothing: neither a plan nor a message.
     *
     * <p>A user who is blocked by the same feature again is, within the cool-down, told so by the prompt of before, with its id and its time: it
     * counts once, however often it is seen.
     *
     * @param user who would see it
     * @param decision what the gate said
     * @return the prompt, or empty if this is not the time
     * @throws io.plg.UserErased if the user was erased
     */
    Optional<Prompt> offer(UserId user, GateDecision decision);

    /**
     * As {@link #offer(UserId, GateDecision)}, by the user's id.
     *
     * @param userId who would see it
     * @param decision what the gate said
     * @return the prompt, or empty if this is not the time
     * @throws IllegalArgumentException if {@code userId} is no id
     * @throws io.plg.UserErased if the user was erased
     */
    default Optional<Prompt> offer(String userId, GateDecision decision) {
        return offer(UserId.of(userId), decision);
    }

    /**
     * Notes that the user followed a prompt.
     *
     * @param prompt its id
     * @return whether this is news
     */
    boolean clicked(UUID prompt);

    /**
     * Notes that the user closed a prompt. For {@link PromptPolicy#dismissedFor(Duration)} none that is as severe or less follows for its feature.
     *
     * @param prompt its id
     * @return whether this is news
     */
    boolean dismissed(UUID prompt);

    /**
     * Keeps all prompts for the feature of this one from its user for a while, those that say that the user is blocked too. Of several, the one
     * that lasts longest holds.
     *
     * @param prompt its id
     * @param howLong more than zero and at most 365 days, counted from now
     * @return whether that is longer than before
     * @throws IllegalArgumentException if {@code howLong} is out of that range
     */
    boolean snooze(UUID prompt, Duration howLong);

    /**
     * Notes that a prompt led to an upgrade. Where plg knows the plan of the workspace it does so by itself: when that moves to a plan of higher
     * rank, the latest prompt of each user that offered a plan is noted, if it was shown within
     * {@link PromptPolicy#attributionWindow(Duration)} and after the last upgrade that is noted for the user.
     *
     * @param prompt its id
     * @return whether this is news
     */
    boolean upgraded(UUID prompt);

    /**
     * Returns what became of the prompts that were first shown in a time, however late: one line for each feature, offered plan and variant, ordered
     * by these.
     *
     * @param from the first instant
     * @param to the first instant after, not before {@code from}
     * @return the lines; empty if nothing was shown
     * @throws IllegalArgumentException if {@code to} is before {@code from}
     */
    List<PromptConversion> conversions(Instant from, Instant to);
}
