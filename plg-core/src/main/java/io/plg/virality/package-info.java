/**
 * How fast users bring users: the viral coefficient K with its uncertainty, the length of a cycle, and what follows from the two.
 *
 * <p>Reading order: {@link io.plg.virality.ViralCounts} are the sums over a cohort that everything comes from;
 * {@link io.plg.virality.KFactor} is K with its 95 % interval and a verdict; {@link io.plg.virality.ViralCycle} says how long a
 * cycle takes; {@link io.plg.virality.GrowthModel} projects users. These are pure computation: no clock, no store, no thread.
 *
 * <p>{@link io.plg.virality.Virality} computes K and the cycle of one workspace from what was recorded, and
 * {@link io.plg.virality.ViralityStore} is what an adapter provides for it.
 */
@NullMarked
package io.plg.virality;

import org.jspecify.annotations.NullMarked;
