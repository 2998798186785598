package io.plg.gate;

import io.plg.plan.Price;
import java.util.Objects;
import java.util.Optional;

/**
 * What to offer to somebody who is at a limit, as plain text and never HTML.
 *
 * @param plan the cheapest plan that would allow what was asked for on top of what is used; empty if none would, or nothing need be offered
 * @param price what that plan costs, if it says so
 * @param message what to say about it; empty if nothing is offered
 * @param url where to go; empty if the host has not said
 */
public record UpgradePrompt(Optional<String> plan, Optional<Price> price, String message, Optional<String> url) {

    /** Nothing to offer. */
    public static final UpgradePrompt NONE =
            new UpgradePrompt(Optional.empty(), Optional.empty(), "", Optional.empty());

    /** Checks that nothing is missing. */
    public UpgradePrompt {
        Objects.requireNonNull(plan, "plan");
        Objects.requireNonNull(price, "price");
        Objects.requireNonNull(message, "message");
        Objects.requireNonNull(url, "url");
    }
}
