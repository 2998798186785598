/**
 * Activation: the steps that lead a new user to the value of the product, and who has taken them.
 *
 * <p>In reading order: {@link io.plg.activation.ActivationFunnel} describes the way as {@link io.plg.activation.Step}s;
 * {@link io.plg.activation.Activation} records {@link io.plg.activation.StepCompletion}s and answers with an
 * {@link io.plg.activation.ActivationState} for one user or an {@link io.plg.activation.ActivationReport} for a
 * {@link io.plg.activation.Cohort}. {@link io.plg.activation.ActivationStore} is for those who write an adapter.
 */
@NullMarked
package io.plg.activation;

import org.jspecify.annotations.NullMarked;
