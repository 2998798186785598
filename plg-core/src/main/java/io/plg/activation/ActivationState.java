package io.plg.activation;

import io.plg.UserId;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * How far a user has come in a funnel, as of one moment: a value, which does not change afterwards.
 *
 * @param funnel the funnel
 * @param user the user; one who was never heard of has completed nothing
 * @param completed the completed steps of the funnel in its order
 * @param hostSignUp the sign-up time that the host gave by {@link Activation#signedUp(UserId, Instant)}, if it did
 */
public record ActivationState(
        ActivationFunnel funnel, UserId user, Map<Step, CompletedStep> completed, Optional<Instant> hostSignUp) {

    /** Puts the completed steps into the funnel's order and leaves out what is no longer a step of it. */
    public ActivationState {
        Objects.requireNonNull(funnel, "funnel");
        Objects.requireNonNull(user, "user");
        Objects.requireNonNull(hostSignUp, "hostSignUp");
        var inOrder = new LinkedHashMap<Step, CompletedStep>();
        for (Step step : funnel.steps()) {
            CompletedStep done = completed.get(step);
            if (done != null) {
                inOrder.put(step, done);
            }
        }
        completed = Collections.unmodifiableMap(inOrder);
    }

    /**
     * Returns the first step, in the funnel's order, that is not completed.
     *
     * @return the step to lead the user to, or empty if all are completed
     */
    public Optional<Step> nextStep() {
        return funnel.steps().stream()
                .filter(step -> !completed.containsKey(step))
                .findFirst();
    }

    /**
     * Returns the share of completed steps in percent: 100 · completed ÷ steps, halves rounded up.
     *
     * @return 0 to 100
     */
    public int score() {
        return score(completed.size(), funnel.steps().size());
    }

    /**
     * Tells whether the aha step is completed, whatever else is missing.
     *
     * @return {@code true} if the user is activated
     */
    public boolean activated() {
        return completed.containsKey(funnel.aha());
    }

    /**
     * Returns when the user was activated.
     *
     * @return the time of the aha step, or empty if it is not completed
     */
    public Optional<Instant> activatedAt() {
        return Optional.ofNullable(completed.get(funnel.aha())).map(CompletedStep::at);
    }

    /**
     * Returns when the user signed up: the time that the host gave, else that of the funnel's first step.
     *
     * @return the time, or empty if neither is known
     */
    public Optional<Instant> signedUpAt() {
        return hostSignUp.or(
                () -> Optional.ofNullable(completed.get(funnel.steps().get(0))).map(CompletedStep::at));
    }

    static int score(int completed, int steps) {
        return (200 * completed + steps) / (2 * steps);
    }
}
