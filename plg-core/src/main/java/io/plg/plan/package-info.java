/**
 * Plans: what a product sells, as data.
 *
 * <p>In reading order: a {@link io.plg.plan.Feature} is what plans differ in; a {@link io.plg.plan.PlanCatalog} describes every
 * {@link io.plg.plan.Plan} and {@link io.plg.plan.AddOn} once, in code or in JSON or YAML, with a {@link io.plg.plan.Limit} for each feature that is
 * counted and a {@link io.plg.plan.Price}. {@link io.plg.plan.Every} says how often counting begins anew, in {@link io.plg.plan.UsagePeriod}s;
 * {@link io.plg.plan.OverLimit} what happens beyond the limit, and {@link io.plg.plan.Fallback} what happens if nobody can tell. A
 * {@link io.plg.plan.PlanVersion} names what a workspace is on. {@link io.plg.plan.PlanSource} is for plans that change while the application runs,
 * and {@link io.plg.plan.PlanResolver} for hosts that keep themselves who is on which.
 */
@NullMarked
package io.plg.plan;

import org.jspecify.annotations.NullMarked;
