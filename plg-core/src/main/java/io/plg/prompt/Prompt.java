package io.plg.prompt;

import io.plg.UserId;
import io.plg.gate.Severity;
import io.plg.gate.UpgradePrompt;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/**
 * A prompt that a user is to be shown.
 *
 * @param id by which is noted what became of it
 * @param user who is to see it
 * @param feature the name of the feature that it is about
 * @param severity how severe it was when the prompt was offered
 * @param variant the user's part in the policy's experiment; empty without one
 * @param offer what to offer
 * @param message how things stand, such as "You have used 4 of 5 exports this month."; plain text, never HTML
 * @param shownAt since when it counts as shown
 */
public record Prompt(
        UUID id,
        UserId user,
        String feature,
        Severity severity,
        Optional<Variant> variant,
        UpgradePrompt offer,
        String message,
        Instant shownAt) {

    /** Checks that nothing is missing. */
    public Prompt {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(user, "user");
        Objects.requireNonNull(feature, "feature");
        Objects.requireNonNull(severity, "severity");
        Objects.requireNonNull(variant, "variant");
        Objects.requireNonNull(offer, "offer");
        Objects.requireNonNull(message, "message");
        Objects.requireNonNull(shownAt, "shownAt");
    }
}
