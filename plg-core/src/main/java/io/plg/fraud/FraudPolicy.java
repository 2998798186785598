package io.plg.fraud;

import io.plg.fraud.FraudSignal.Kind;
import io.plg.fraud.FraudVerdict.Action;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which evaluators look at a referral, what follows from their signals, and how long they may take. The worst action wins.
 *
 * <p>Immutable and safe for use by many threads, as far as its evaluators are.
 */
public final class FraudPolicy {
    private static final Logger LOG = LoggerFactory.getLogger(FraudPolicy.class);
    private static final Duration MAX_TIMEOUT = Duration.ofMinutes(1);

    private final Map<String, FraudEvaluator> evaluators;
    private final Map<Kind, Action> actions;
    private final Duration timeout;

    private FraudPolicy(Builder builder) {
        this.evaluators = new LinkedHashMap<>(builder.evaluators);
        this.actions = new EnumMap<>(builder.actions);
        this.timeout = builder.timeout;
    }

    /**
     * Returns the policy that plg starts with. It rejects self-referrals and holds throw-away and invalid e-mail addresses, more than 2 other accounts on a device or
     * 20 on a network address, more than 20 referrals of one referrer in an hour or 100 in a day, more than 3 newcomers on a device in a day, and rings (more than
     * 1 person around the referrer on the device or 10 on the network address). Free-mail and common domains are noticed and allowed.
     *
     * @return the policy, with {@link DomainList#disposable()} and {@link DomainList#free()}
     */
    public static FraudPolicy standard() {
        return builder()
                .evaluator(FraudEvaluators.selfReferral())
                .evaluator(FraudEvaluators.validEmail())
                .evaluator(FraudEvaluators.disposableDomain(DomainList.disposable()))
                .evaluator(FraudEvaluators.freeDomain(DomainList.free()))
                .evaluator(FraudEvaluators.sameDomain(DomainList.free()))
                .evaluator(FraudEvaluators.sharedDevice(2))
                .evaluator(FraudEvaluators.sharedIp(20))
                .evaluator(FraudEvaluators.inviterVelocity(20, 100))
                .evaluator(FraudEvaluators.deviceVelocity(3))
                .evaluator(FraudEvaluators.ring(1, 10))
                .build();
    }

    /**
     * Returns a builder without evaluators, with the actions and the timeout of {@link #standard()}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Returns a builder that starts with this policy.
     *
     * @return the builder
     */
    public Builder toBuilder() {
        var builder = new Builder();
        builder.evaluators.putAll(evaluators);
        builder.actions.putAll(actions);
        builder.timeout = timeout;
        return builder;
    }

    /**
     * Returns what follows from signals: the worst of their actions, ALLOW if there are none.
     *
     * @param signals what was noticed
     * @return the verdict with these signals
     */
    public FraudVerdict verdict(List<FraudSignal> signals) {
        Action worst = Action.ALLOW;
        for (FraudSignal signal : signals) {
            Action action = action(signal.kind());
            if (action.compareTo(worst) > 0) {
                worst = action;
            }
        }
        return new FraudVerdict(worst, signals);
    }

    /**
     * Asks all evaluators and waits for them together, no longer than the timeout. The evaluators are called on this thread. One that throws an exception,
     * fails, returns {@code null} or is late gives a signal {@link Kind#EVALUATOR_FAILED}, so that the verdict is at least HOLD. If this thread is interrupted, what
     * is not there yet counts as late and the thread stays interrupted. An {@link Error} of an evaluator is thrown as it is.
     *
     * @param fraudCase the referral
     * @return the verdict, and if an evaluator was late the one to come
     */
    public FraudJudgement judge(FraudCase fraudCase) {
        Objects.requireNonNull(fraudCase, "fraudCase");
        long deadline = System.nanoTime() + timeout.toNanos();
        List<Answer> answers = new ArrayList<>(evaluators.size());
        evaluators.forEach((name, evaluator) -> answers.add(ask(name, evaluator, fraudCase)));
        CompletableFuture<Void> all =
                CompletableFuture.allOf(answers.stream().map(Answer::signals).toArray(CompletableFuture[]::new));
        if (!all.isDone()) {
            await(all, deadline);
        }
        boolean late = false;
        List<FraudSignal> signals = new ArrayList<>();
        for (Answer answer : answers) {
            if (answer.signals().isDone()) {
                signals.addAll(get(answer));
            } else {
                late = true;
                signals.add(failed(answer.evaluator(), "no answer within " + timeout.toMillis() + " ms"));
            }
        }
        return new FraudJudgement(
                verdict(signals),
                late
                        ? Optional.of(all.thenApply(done -> verdict(answers.stream()
                                        .flatMap(answer -> get(answer).stream())
                                        .toList()))
                                .minimalCompletionStage())
                        : Optional.empty());
    }

    private record Answer(String evaluator, CompletableFuture<List<FraudSignal>> signals) {}

    /** Asks one. The answer fails with an {@link Error} only. */
    private static Answer ask(String name, FraudEvaluator evaluator, FraudCase fraudCase) {
        var answer = new CompletableFuture<List<FraudSignal>>();
        try {
            CompletionStage<List<FraudSignal>> stage =
                    Objects.requireNonNull(evaluator.evaluate(fraudCase), "the evaluator returned null");
            stage.whenComplete((signals, failure) -> settle(name, answer, signals, failure));
        } catch (Exception e) {
            settle(name, answer, null, e);
        }
        return new Answer(name, answer);
    }

    private static void settle(
            String name,
            CompletableFuture<List<FraudSignal>> answer,
            @Nullable List<FraudSignal> signals,
            @Nullable Throwable failure) {
        Throwable cause = failure;
        List<FraudSignal> noticed = List.of();
        if (cause == null) {
            try {
                noticed = List.copyOf(Objects.requireNonNull(signals, "the evaluator's stage completed with null"));
            } catch (Throwable e) { // an error, too, must complete the answer: somebody waits for it
                cause = e;
            }
        }
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause == null) {
            answer.complete(noticed);
        } else if (cause instanceof Error) {
            answer.completeExceptionally(cause);
        } else {
            // Without its message, which may have the person in it.
            LOG.warn(
                    "the fraud evaluator {} failed with {}; the referral is held",
                    name,
                    cause.getClass().getName());
            answer.complete(
                    List.of(failed(name, "failed with " + cause.getClass().getName())));
        }
    }

    private static FraudSignal failed(String name, String detail) {
        return new FraudSignal(Kind.EVALUATOR_FAILED, name, detail.length() > 500 ? detail.substring(0, 500) : detail);
    }

    private static void await(CompletableFuture<Void> all, long deadline) {
        try {
            all.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (TimeoutException | ExecutionException e) {
            // What is there and what is not is asked of each answer.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static List<FraudSignal> get(Answer answer) {
        try {
            return answer.signals().join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw e;
        }
    }

    /**
     * Returns what follows from a signal of a kind.
     *
     * @param kind the kind
     * @return the action
     */
    public Action action(Kind kind) {
        return Objects.requireNonNull(actions.get(Objects.requireNonNull(kind, "kind")));
    }

    /**
     * Returns how long a judgement waits.
     *
     * @return the timeout
     */
    public Duration timeout() {
        return timeout;
    }

    /** Returns the evaluators, the actions and the timeout. */
    @Override
    public String toString() {
        return "FraudPolicy[evaluators=" + evaluators.keySet() + ", actions=" + actions + ", timeout=" + timeout + "]";
    }

    /** Collects the settings. Not for use by several threads. */
    public static final class Builder {
        private final Map<String, FraudEvaluator> evaluators = new LinkedHashMap<>();
        private final Map<Kind, Action> actions = new EnumMap<>(Kind.class);
        private Duration timeout = Duration.ofMillis(100);

        private Builder() {
            for (Kind kind : Kind.values()) {
                actions.put(
                        kind,
                        switch (kind) {
                            case SELF_REFERRAL -> Action.REJECT;
                            case FREE_DOMAIN, SAME_DOMAIN -> Action.ALLOW;
                            default -> Action.HOLD;
                        });
            }
        }

        /**
         * Adds an evaluator. One with the same name is replaced, and keeps its place.
         *
         * @param evaluator the evaluator
         * @return this
         * @throws IllegalArgumentException if its name is blank, longer than 128 characters, or has control characters
         */
        public Builder evaluator(FraudEvaluator evaluator) {
            evaluators.put(FraudSignal.checkEvaluator(evaluator.name()), evaluator);
            return this;
        }

        /**
         * Leaves out an evaluator.
         *
         * @param name its name
         * @return this
         * @throws IllegalArgumentException if there is none with that name
         */
        public Builder without(String name) {
            if (evaluators.remove(Objects.requireNonNull(name, "name")) == null) {
                throw new IllegalArgumentException(
                        "name must be an evaluator of " + evaluators.keySet() + ", was \"" + name + "\"");
            }
            return this;
        }

        /**
         * Sets what follows from a signal. Default: REJECT for a self-referral, ALLOW for free-mail and common domains, HOLD for the rest.
         *
         * @param kind the kind of signal
         * @param action what follows
         * @return this
         * @throws IllegalArgumentException if {@link Kind#EVALUATOR_FAILED} is to be allowed: what nobody has looked at is held at least
         */
        public Builder action(Kind kind, Action action) {
            Objects.requireNonNull(kind, "kind");
            Objects.requireNonNull(action, "action");
            if (kind == Kind.EVALUATOR_FAILED && action == Action.ALLOW) {
                throw new IllegalArgumentException("the action for EVALUATOR_FAILED must be HOLD or REJECT, was ALLOW; "
                        + "leave the evaluator out if its answer does not matter");
            }
            actions.put(kind, action);
            return this;
        }

        /**
         * Sets how long a judgement waits for evaluators that answer later, all together. Default: 100 ms.
         *
         * @param timeout 1 millisecond to 1 minute; somebody waits for the sign-up
         * @return this
         * @throws IllegalArgumentException if it is out of that range
         */
        public Builder timeout(Duration timeout) {
            if (timeout.compareTo(Duration.ofMillis(1)) < 0 || timeout.compareTo(MAX_TIMEOUT) > 0) {
                throw new IllegalArgumentException("timeout must be PT0.001S to " + MAX_TIMEOUT + ", was " + timeout);
            }
            this.timeout = timeout;
            return this;
        }

        /**
         * Returns the policy.
         *
         * @return the policy
         */
        public FraudPolicy build() {
            return new FraudPolicy(this);
        }
    }
}
