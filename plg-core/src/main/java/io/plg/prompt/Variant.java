package io.plg.prompt;

import io.plg.internal.Text;

/**
 * A user's part in an experiment.
 *
 * @param experiment the name of the experiment
 * @param name the name of the variant
 */
public record Variant(String experiment, String name) {

    /**
     * Checks both.
     *
     * @throws IllegalArgumentException if one is blank, longer than 128 characters, or cannot be stored
     */
    public Variant {
        Text.checkName("experiment name", experiment);
        Text.checkName("variant name", name);
    }
}
