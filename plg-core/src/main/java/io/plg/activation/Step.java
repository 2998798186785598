package io.plg.activation;

import io.plg.UserId;
import io.plg.internal.Text;

/**
 * A step of an activation funnel, known by its name. Steps that application code completes are worth a constant, so that a typo
 * does not compile: {@code static final Step EXPORTED = Step.of("first_export_completed");}
 *
 * @param name the name, 1 to 128 characters, unique within a funnel
 */
public record Step(String name) {

    /**
     * Checks the name.
     *
     * @throws IllegalArgumentException if {@code name} is empty, blank, longer than 128 characters or not storable
     */
    public Step {
        Text.checkName("step", name);
    }

    /**
     * Returns the step with the given name.
     *
     * @param name the name, 1 to 128 characters
     * @return the step
     * @throws IllegalArgumentException if {@code name} is empty, blank, longer than 128 characters or not storable
     */
    public static Step of(String name) {
        return new Step(name);
    }

    /**
     * Returns the completion of this step by a user, now.
     *
     * @param user who completed it
     * @return the completion, which can be given a time and metadata
     */
    public StepCompletion by(UserId user) {
        return StepCompletion.of(user, this);
    }

    /**
     * Returns the completion of this step by a user, now.
     *
     * @param userId who completed it
     * @return the completion, which can be given a time and metadata
     * @throws IllegalArgumentException if the id is not well-formed, see {@link UserId}
     */
    public StepCompletion by(String userId) {
        return by(UserId.of(userId));
    }

    /** Returns the name. */
    @Override
    public String toString() {
        return name;
    }
}
