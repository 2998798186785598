package io.plg.fraud;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/**
 * Looks at a referral from one side and says what it notices. Ready-made ones are in {@link FraudEvaluators}; a host adds its own, such as a question to a
 * risk service.
 *
 * <p>{@link #evaluate} is called on the thread of the sign-up and must return at once. What has to wait belongs into the stage, which may complete on any
 * thread: the {@link FraudPolicy} waits for all stages together no longer than its timeout. An exception, a failed stage, {@code null} and a stage that is late
 * all count as {@link FraudSignal.Kind#EVALUATOR_FAILED}. Evaluators are called by many threads.
 */
public interface FraudEvaluator {

    /**
     * Returns the name, which stands in its signals.
     *
     * @return 1 to 128 characters, different from the other evaluators of a policy and always the same
     */
    String name();

    /**
     * Looks at a case.
     *
     * @param fraudCase the referral
     * @return what it notices, in any order; an empty list if there is nothing
     */
    CompletionStage<List<FraudSignal>> evaluate(FraudCase fraudCase);

    /**
     * Returns an evaluator that only calculates.
     *
     * @param name its name, 1 to 128 characters
     * @param function looks at a case without waiting for anything
     * @return the evaluator
     * @throws IllegalArgumentException if the name is blank, longer than 128 characters, or has control characters
     */
    static FraudEvaluator of(String name, Function<FraudCase, List<FraudSignal>> function) {
        FraudSignal.checkEvaluator(name);
        Objects.requireNonNull(function, "function");
        return new FraudEvaluator() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public CompletionStage<List<FraudSignal>> evaluate(FraudCase fraudCase) {
                return CompletableFuture.completedFuture(function.apply(fraudCase));
            }

            @Override
            public String toString() {
                return name;
            }
        };
    }
}
