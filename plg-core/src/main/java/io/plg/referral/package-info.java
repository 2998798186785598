/**
 * Referrals: which users came by the recommendation of another one.
 *
 * <p>In reading order: a {@link io.plg.referral.ReferralProgram} says which {@link io.plg.referral.Touch} counts, for how long, and which rewards
 * there are; a {@link io.plg.referral.ProgramCatalog} has every program and every campaign, in code or in JSON, and a
 * {@link io.plg.referral.ProgramSource} is for those that change while the application runs.
 */
@NullMarked
package io.plg.referral;

import org.jspecify.annotations.NullMarked;
