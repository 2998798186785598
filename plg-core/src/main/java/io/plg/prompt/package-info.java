/**
 * Upgrade prompts: when to show a user what a gate offers, and what came of it.
 *
 * <p>In reading order: {@link io.plg.prompt.UpgradePrompts} turns the decision of a gate into a {@link io.plg.prompt.Prompt}, if its time has come
 * by the {@link io.plg.prompt.PromptPolicy}, and notes what the user did; a {@link io.plg.prompt.Variant} is the user's part in an experiment;
 * {@link io.plg.prompt.PromptConversion} says which prompt converts. {@link io.plg.prompt.PromptStore} is for those who write an adapter.
 */
@NullMarked
package io.plg.prompt;

import org.jspecify.annotations.NullMarked;
