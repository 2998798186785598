package io.plg.activation;

import io.plg.internal.Text;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What it means to be activated: a named, ordered list of steps, one of which is the <em>aha</em> step, the moment a user
 * has got the value of the product. Immutable.
 *
 * <pre>{@code
 * static final ActivationFunnel ONBOARDING = ActivationFunnel.named("onboarding")
 *         .step("account_created")
 *         .step("first_project_created")
 *         .aha("first_export_completed")
 *         .build();
 * }</pre>
 *
 * <p>Changing a funnel later is safe: states and reports are computed from the stored completions and the funnel as it is now.
 * Completions of a step that is no longer part of it are kept and ignored.
 */
public final class ActivationFunnel {
    private final String name;
    private final List<Step> steps;
    private final Step aha;

    private ActivationFunnel(String name, List<Step> steps, Step aha) {
        this.name = name;
        this.steps = steps;
        this.aha = aha;
    }

    /**
     * Starts describing a funnel.
     *
     * @param name its name, 1 to 128 characters, under which completions are stored
     * @return a builder
     * @throws IllegalArgumentException if the name is blank, too long or not storable
     */
    public static Builder named(String name) {
        return new Builder(name);
    }

    /**
     * Returns the name under which completions are stored.
     *
     * @return the name
     */
    public String name() {
        return name;
    }

    /**
     * Returns the steps.
     *
     * @return the steps in order, at least one; cannot be modified
     */
    public List<Step> steps() {
        return steps;
    }

    /**
     * Returns the step whose completion activates a user.
     *
     * @return the aha step, by default the last
     */
    public Step aha() {
        return aha;
    }

    /**
     * Returns the step with the given name.
     *
     * @param stepName the name of a step
     * @return the step
     * @throws UnknownStep if this funnel has no such step
     */
    public Step step(String stepName) {
        Objects.requireNonNull(stepName, "stepName");
        for (Step step : steps) {
            if (step.name().equals(stepName)) {
                return step;
            }
        }
        throw new UnknownStep(name, stepName, steps);
    }

    /** Two funnels are equal if their name, their steps and their aha step are. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ActivationFunnel that
                && name.equals(that.name)
                && steps.equals(that.steps)
                && aha.equals(that.aha);
    }

    @Override
    public int hashCode() {
        return Objects.hash(name, steps, aha);
    }

    /** Returns the name and the steps, the aha step marked with a star. */
    @Override
    public String toString() {
        var text = new StringBuilder(name).append(':');
        for (Step step : steps) {
            text.append(' ').append(step.name()).append(step.equals(aha) ? "*" : "");
        }
        return text.toString();
    }

    /** Describes a funnel step by step, in order. */
    public static final class Builder {
        private static final int MAX_STEPS = 100;

        private final String name;
        private final List<Step> steps = new ArrayList<>();
        private @Nullable Step aha;

        private Builder(String name) {
            Text.checkName("funnel", name);
            this.name = name;
        }

        /**
         * Adds a step at the end.
         *
         * @param stepName its name, 1 to 128 characters
         * @return this builder
         * @throws IllegalArgumentException if the name is not well-formed, was added before, or is one more than 100
         */
        public Builder step(String stepName) {
            return step(Step.of(stepName));
        }

        /**
         * Adds a step at the end.
         *
         * @param step the step
         * @return this builder
         * @throws IllegalArgumentException if the step was added before, or is one more than 100
         */
        public Builder step(Step step) {
            Objects.requireNonNull(step, "step");
            if (steps.contains(step)) {
                throw new IllegalArgumentException(
                        "step names of funnel \"" + name + "\" must be unique, \"" + step + "\" was added before");
            }
            if (steps.size() == MAX_STEPS) {
                throw new IllegalArgumentException("funnel \"" + name + "\" may have at most " + MAX_STEPS
                        + " steps, \"" + step + "\" is one more");
            }
            steps.add(step);
            return this;
        }

        /**
         * Adds a step at the end and makes it the aha step.
         *
         * @param stepName its name, 1 to 128 characters
         * @return this builder
         * @throws IllegalArgumentException if the name is not well-formed or was added before, or there is an aha step
         */
        public Builder aha(String stepName) {
            return aha(Step.of(stepName));
        }

        /**
         * Adds a step at the end and makes it the aha step.
         *
         * @param step the step
         * @return this builder
         * @throws IllegalArgumentException if the step was added before, or there is an aha step
         */
        public Builder aha(Step step) {
            if (aha != null) {
                throw new IllegalArgumentException("funnel \"" + name + "\" has one aha step, \"" + aha + "\"; \""
                        + step + "\" cannot be another");
            }
            step(step);
            aha = step;
            return this;
        }

        /**
         * Builds the funnel.
         *
         * @return the funnel; its aha step is the last one unless another was named
         * @throws IllegalStateException if it has no step
         */
        public ActivationFunnel build() {
            if (steps.isEmpty()) {
                throw new IllegalStateException("funnel \"" + name + "\" needs at least one step");
            }
            return new ActivationFunnel(name, List.copyOf(steps), aha != null ? aha : steps.get(steps.size() - 1));
        }
    }
}
