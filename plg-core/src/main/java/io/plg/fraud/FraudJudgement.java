package io.plg.fraud;

import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * What a {@link FraudPolicy} says in time, and what it may say later.
 *
 * @param verdict the verdict to act on now; if an evaluator was late it is HOLD or worse
 * @param pending if an evaluator was late, completes with the verdict of all of them when the last has answered, and never if one never does; fails only with an
 *     {@link Error} of an evaluator
 */
public record FraudJudgement(FraudVerdict verdict, Optional<CompletionStage<FraudVerdict>> pending) {

    /** Checks the judgement. */
    public FraudJudgement {
        Objects.requireNonNull(verdict, "verdict");
        Objects.requireNonNull(pending, "pending");
    }
}
