/**
 * Gates: what a workspace may do, and the counting of what it does, inside the host's transaction.
 *
 * <p>In reading order: {@link io.plg.gate.Gates} answers with a {@link io.plg.gate.GateDecision}, whose {@link io.plg.gate.Reason}, {@link
 * io.plg.gate.Severity} and {@link io.plg.gate.UpgradePrompt} tell the rest, or throws {@link io.plg.gate.LimitReached}; a {@link
 * io.plg.gate.Reservation} holds an amount until its {@link io.plg.gate.Settlement}; a {@link io.plg.gate.Refund} gives back. {@link
 * io.plg.gate.Entitlements} says who has what, above all by {@link io.plg.gate.Grant}s. {@link io.plg.gate.GateMessages} are the words. {@link
 * io.plg.gate.UsageStore} is for those who write an adapter. What plans and features are stands in {@code io.plg.plan}.
 */
@NullMarked
package io.plg.gate;

import org.jspecify.annotations.NullMarked;
