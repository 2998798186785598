/**
 * Fraud: whether a referral is believed, judged before anything of it is written.
 *
 * <p>In reading order: {@link io.plg.fraud.FraudCase} is one referral to be judged, with the facts that the store found
 * ({@link io.plg.fraud.FraudHistory}); each {@link io.plg.fraud.FraudEvaluator} answers with {@link io.plg.fraud.FraudSignal}s, ready-made
 * ones are in {@link io.plg.fraud.FraudEvaluators}; a {@link io.plg.fraud.FraudPolicy} asks them and makes a
 * {@link io.plg.fraud.FraudJudgement} with a {@link io.plg.fraud.FraudVerdict}. {@link io.plg.fraud.EmailAddress} knows when two addresses are
 * one mailbox, {@link io.plg.fraud.DomainList} which domains are of a kind, or says {@link io.plg.fraud.DomainListUnavailable}.
 *
 * <p>No judgement waits longer than the policy's timeout for evaluators that answer later. One that fails or is late means HOLD.
 */
@NullMarked
package io.plg.fraud;

import org.jspecify.annotations.NullMarked;
