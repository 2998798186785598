package io.plg.gate;

import io.plg.plan.Plan;
import java.util.Optional;

/**
 * The words of the gates, for the host to replace and to translate. What it returns is plain text and is shown as such. If one of its methods throws, plg's own
 * words are used.
 */
public interface GateMessages {

    /**
     * Says how things stand, such as "You have used 4 of 5 exports this month."
     *
     * @param decision the answer, still without message and upgrade
     * @return plain text
     */
    String message(GateDecision decision);

    /**
     * Says what a plan would bring, such as "Upgrade to starter for 50 exports a month."
     *
     * @param decision the answer, still without message and upgrade
     * @param plan the cheapest plan that would allow what was asked for
     * @return plain text
     */
    String upgrade(GateDecision decision, Plan plan);

    /**
     * Says where to upgrade.
     *
     * @param decision the answer, still without message and upgrade
     * @param plan the plan that is offered
     * @return the address, or empty
     */
    Optional<String> upgradeUrl(GateDecision decision, Plan plan);
}
