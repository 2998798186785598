/**
 * Rewards: what is given for a referral, to whom, when, and how often at most.
 *
 * <p>In reading order: a {@link io.plg.reward.Benefit} is what somebody gets, {@link io.plg.reward.Money} what some of them are counted in; a
 * {@link io.plg.reward.RewardRule} says which {@link io.plg.reward.Party} gets which benefit when a referral reaches a
 * {@link io.plg.reward.Stage}, within its {@link io.plg.reward.RewardCap}s; a {@link io.plg.reward.RewardCampaign} is a benefit that many users
 * claim from one stock.
 */
@NullMarked
package io.plg.reward;

import org.jspecify.annotations.NullMarked;
