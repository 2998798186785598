package io.plg.activation;

import io.plg.UserId;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;

/**
 * The activation of one workspace's users along one funnel: who has done what, who is activated, and how long it takes.
 *
 * <p>Obtained from {@link io.plg.Workspace#activation(ActivationFunnel)}. Each operation is a transaction of its own, or part of
 * the one it is called in. Safe to use from many threads. Any operation may throw {@link io.plg.StoreFailure}.
 */
public interface Activation {

    /**
     * Returns the funnel.
     *
     * @return the funnel that this view was made for
     */
    ActivationFunnel funnel();

    /**
     * Records that a user completed a step. The first completion of a step to arrive wins, also when many arrive at once and also
     * when a later one tells an earlier time: a repeat changes nothing and makes no event. Steps may be completed in any order.
     *
     * <p>The completion, the score kept beside it and the growth events ({@code plg.activation.step_completed}, and
     * {@code plg.activation.activated} for the aha step) are one commit.
     *
     * @param completion who completed what, and when if it is not now
     * @return the state after it
     * @throws UnknownStep if the funnel has no such step
     */
    ActivationState complete(StepCompletion completion);

    /**
     * Records that a user completed a step now, see {@link #complete(StepCompletion)}.
     *
     * @param user who completed it
     * @param step what was completed
     * @return the state after it
     * @throws UnknownStep if the funnel has no such step
     */
    default ActivationState complete(UserId user, Step step) {
        return complete(StepCompletion.of(user, step));
    }

    /**
     * Records that a user completed a step now, see {@link #complete(StepCompletion)}.
     *
     * @param userId who completed it
     * @param step what was completed
     * @return the state after it
     * @throws IllegalArgumentException if the id is not well-formed, see {@link UserId}
     * @throws UnknownStep if the funnel has no such step
     */
    default ActivationState complete(String userId, Step step) {
        return complete(UserId.of(userId), step);
    }

    /**
     * Records that a user completed a step now, see {@link #complete(StepCompletion)}.
     *
     * @param user who completed it
     * @param stepName what was completed
     * @return the state after it
     * @throws UnknownStep if the funnel has no such step
     */
    default ActivationState complete(UserId user, String stepName) {
        return complete(user, funnel().step(stepName));
    }

    /**
     * Records that a user completed a step now, see {@link #complete(StepCompletion)}.
     *
     * @param userId who completed it
     * @param stepName what was completed
     * @return the state after it
     * @throws IllegalArgumentException if the id is not well-formed, see {@link UserId}
     * @throws UnknownStep if the funnel has no such step
     */
    default ActivationState complete(String userId, String stepName) {
        return complete(UserId.of(userId), stepName);
    }

    /**
     * Records many completions as one transaction, for imports and back-filling. Each counts as if {@link #complete(StepCompletion)}
     * had been called with it, in the order of the collection.
     *
     * @param completions what was completed by whom; if one is wrong nothing is recorded
     * @return how many of them were the first of their user and step
     * @throws UnknownStep if the funnel has no such step
     */
    int completeAll(Collection<StepCompletion> completions);

    /**
     * Records when a user signed up, for hosts whose sign-up is not the funnel's first step. The first time to arrive wins. It takes
     * precedence over the first step's.
     *
     * @param user who signed up
     * @param at when; kept in microseconds
     * @return the state after it
     * @throws IllegalArgumentException if the time is outside the years 1 to 9999
     */
    ActivationState signedUp(UserId user, Instant at);

    /**
     * Records when a user signed up, see {@link #signedUp(UserId, Instant)}.
     *
     * @param userId who signed up
     * @param at when; kept in microseconds
     * @return the state after it
     * @throws IllegalArgumentException if the id is not well-formed, or the time is outside the years 1 to 9999
     */
    default ActivationState signedUp(String userId, Instant at) {
        return signedUp(UserId.of(userId), at);
    }

    /**
     * Returns how far a user has come. Outside a transaction it is answered from memory where possible: what this node committed is seen at
     * once, what another node committed within two seconds. Inside a transaction it is read from the store and sees what that
     * transaction wrote.
     *
     * @param user whom to look up
     * @return the state; for a user who was never heard of, nothing is completed
     */
    ActivationState state(UserId user);

    /**
     * Returns how far a user has come, see {@link #state(UserId)}.
     *
     * @param userId whom to look up
     * @return the state; for a user who was never heard of, nothing is completed
     * @throws IllegalArgumentException if the id is not well-formed, see {@link UserId}
     */
    default ActivationState state(String userId) {
        return state(UserId.of(userId));
    }

    /**
     * Reports how a cohort has come along, from the stored completions: how many completed each step, in any order, how many were
     * activated, and how long that took.
     *
     * @param cohort whose sign-ups to look at
     * @return the report; all counts are zero if nobody belongs to the cohort
     */
    ActivationReport report(Cohort cohort);

    /**
     * Reports how a cohort has come along, split by a property of its users: the value of a metadata entry of the completion of the
     * funnel's first step.
     *
     * @param cohort whose sign-ups to look at
     * @param metadataKey the key of the metadata entry, such as {@code company}
     * @return a report for each value in ascending order; users without the entry are found under the empty text
     * @throws IllegalArgumentException if the key is blank or too long
     */
    Map<String, ActivationReport> reportBy(Cohort cohort, String metadataKey);
}
