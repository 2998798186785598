package io.plg.fraud;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.UserId;
import io.plg.fraud.FraudSignal.Kind;
import io.plg.fraud.FraudVerdict.Action;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class FraudPolicyTest {
    private static final FraudCase PLAIN = fraudCase("jo@example.com", FraudHistory.none());

    private static FraudCase fraudCase(String email, FraudHistory history) {
        return new FraudCase(
                "friends",
                UserId.of("referrer"),
                UserId.of("newcomer"),
                Optional.ofNullable(email),
                history,
                Instant.parse("2026-03-01T00:00:00Z"));
    }

    private static FraudSignal signal(Kind kind) {
        return new FraudSignal(kind, "test", "a reason");
    }

    private static FraudEvaluator later(String name, Supplier<CompletionStage<List<FraudSignal>>> stage) {
        return new FraudEvaluator() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public CompletionStage<List<FraudSignal>> evaluate(FraudCase fraudCase) {
                return stage.get();
            }
        };
    }

    private static FraudJudgement judge(FraudEvaluator... evaluators) {
        FraudPolicy.Builder builder = FraudPolicy.builder().timeout(Duration.ofMillis(50));
        Arrays.stream(evaluators).forEach(builder::evaluator);
        return builder.build().judge(PLAIN);
    }

    private static void assertFailed(FraudJudgement judgement, String detail) {
        assertThat(judgement.pending()).isEmpty();
        assertThat(judgement.verdict())
                .isEqualTo(
                        new FraudVerdict(Action.HOLD, List.of(new FraudSignal(Kind.EVALUATOR_FAILED, "test", detail))));
    }

    private static Action standard(FraudHistory history) {
        return FraudPolicy.standard()
                .judge(fraudCase("jo@example.com", history))
                .verdict()
                .action();
    }

    private static Action standard(FraudHistory.Builder history) {
        return standard(history.build());
    }

    @Test
    void anOrdinaryReferralIsAllowedWithoutASignal() {
        assertThat(FraudPolicy.standard().judge(PLAIN))
                .isEqualTo(new FraudJudgement(new FraudVerdict(Action.ALLOW, List.of()), Optional.empty()));
        assertThat(FraudPolicy.standard()
                        .judge(fraudCase(null, FraudHistory.none()))
                        .verdict()
                        .signals())
                .isEmpty();
    }

    @Test
    void theStandardRejectsSelfReferrals() {
        assertThat(standard(FraudHistory.builder().sameUser(true))).isEqualTo(Action.REJECT);
        assertThat(standard(FraudHistory.builder().sameEmail(true))).isEqualTo(Action.REJECT);
        assertThat(standard(FraudHistory.builder().sameDevice(true))).isEqualTo(Action.REJECT);
        var oneself = new FraudCase(
                "friends", UserId.of("a"), UserId.of("a"), Optional.empty(), FraudHistory.none(), Instant.EPOCH);
        assertThat(FraudPolicy.standard().judge(oneself).verdict().action()).isEqualTo(Action.REJECT);
    }

    @Test
    void theStandardHoldsWhatIsAboveALimitAndNotWhatIsAtIt() {
        assertThat(standard(FraudHistory.builder().accountsOnDevice(2))).isEqualTo(Action.ALLOW);
        assertThat(standard(FraudHistory.builder().accountsOnDevice(3))).isEqualTo(Action.HOLD);
        assertThat(standard(FraudHistory.builder().accountsOnIp(20).sameIp(true)))
                .isEqualTo(Action.ALLOW);
        assertThat(standard(FraudHistory.builder().accountsOnIp(21))).isEqualTo(Action.HOLD);
        assertThat(standard(FraudHistory.builder().byReferrerLastHour(19))).isEqualTo(Action.ALLOW);
        assertThat(standard(FraudHistory.builder().byReferrerLastHour(20))).isEqualTo(Action.HOLD);
        assertThat(standard(FraudHistory.builder().byReferrerLastDay(99))).isEqualTo(Action.ALLOW);
        assertThat(standard(FraudHistory.builder().byReferrerLastDay(100))).isEqualTo(Action.HOLD);
        assertThat(standard(FraudHistory.builder().byDeviceLastDay(2))).isEqualTo(Action.ALLOW);
        assertThat(standard(FraudHistory.builder().byDeviceLastDay(3))).isEqualTo(Action.HOLD);
        assertThat(standard(FraudHistory.builder().chainOnDevice(1).chainOnIp(10)))
                .isEqualTo(Action.ALLOW);
        assertThat(standard(FraudHistory.builder().chainOnDevice(2))).isEqualTo(Action.HOLD);
        assertThat(standard(FraudHistory.builder().chainOnIp(11))).isEqualTo(Action.HOLD);
    }

    @Test
    void theStandardHoldsThrowAwayAndInvalidAddresses() {
        FraudVerdict thrownAway = FraudPolicy.standard()
                .judge(fraudCase("secretname@Mailinator.com", FraudHistory.none()))
                .verdict();
        assertThat(thrownAway.action()).isEqualTo(Action.HOLD);
        assertThat(thrownAway.signals()).extracting(FraudSignal::kind).containsExactly(Kind.DISPOSABLE_DOMAIN);
        assertThat(thrownAway.explain())
                .isEqualTo("HOLD: mailinator.com gives out throw-away addresses (disposable domain)");
        FraudVerdict invalid = FraudPolicy.standard()
                .judge(fraudCase("secretname@", FraudHistory.none()))
                .verdict();
        assertThat(invalid.action()).isEqualTo(Action.HOLD);
        assertThat(invalid.signals()).extracting(FraudSignal::kind).containsExactly(Kind.INVALID_EMAIL);
        assertThat(invalid.toText()).doesNotContain("secretname");
    }

    @Test
    void freeAndCommonDomainsAreNoticedAndAllowed() {
        FraudHistory history = FraudHistory.builder().sameDomain(true).build();
        FraudVerdict free =
                FraudPolicy.standard().judge(fraudCase("jo@gmail.com", history)).verdict();
        assertThat(free.action()).isEqualTo(Action.ALLOW);
        assertThat(free.signals()).extracting(FraudSignal::kind).containsExactly(Kind.FREE_DOMAIN);
        FraudVerdict common = FraudPolicy.standard()
                .judge(fraudCase("jo@example.com", history))
                .verdict();
        assertThat(common.action()).isEqualTo(Action.ALLOW);
        assertThat(common.signals()).extracting(FraudSignal::kind).containsExactly(Kind.SAME_DOMAIN);
    }

    @Test
    void aHostIsFoundUnderItsOtherNames() {
        var evaluator = FraudEvaluators.freeDomain(DomainList.of(List.of("gmail.com")));
        assertThat(evaluator
                        .evaluate(fraudCase("jo@googlemail.com", FraudHistory.none()))
                        .toCompletableFuture()
                        .join())
                .hasSize(1);
    }

    @Test
    void requiredDomainsAreRequired() {
        FraudPolicy policy = FraudPolicy.builder()
                .evaluator(FraudEvaluators.requiredDomains(DomainList.of(List.of("example.com"))))
                .action(Kind.OTHER_DOMAIN, Action.REJECT)
                .build();
        assertThat(policy.judge(PLAIN).verdict().action()).isEqualTo(Action.ALLOW);
        for (String email : new String[] {"jo@example.org", "jo@sub.example.com", "jo", null}) {
            assertThat(policy.judge(fraudCase(email, FraudHistory.none()))
                            .verdict()
                            .action())
                    .as("%s", email)
                    .isEqualTo(Action.REJECT);
        }
    }

    @Property
    void theWorstActionWins(@ForAll List<Kind> kinds) {
        FraudPolicy policy = FraudPolicy.standard();
        List<FraudSignal> signals = kinds.stream().map(FraudPolicyTest::signal).toList();
        Action expected = kinds.contains(Kind.SELF_REFERRAL)
                ? Action.REJECT
                : kinds.stream().allMatch(kind -> kind == Kind.FREE_DOMAIN || kind == Kind.SAME_DOMAIN)
                        ? Action.ALLOW
                        : Action.HOLD;
        assertThat(policy.verdict(signals)).isEqualTo(new FraudVerdict(expected, signals));
        FraudVerdict verdict = policy.verdict(signals);
        assertThat(FraudVerdict.parse(verdict.toText())).isEqualTo(verdict);
    }

    @Test
    void anEvaluatorThatFailsInAnyWayHolds() {
        assertFailed(
                judge(FraudEvaluator.of("test", c -> {
                    throw new IllegalStateException("jo@example.com");
                })),
                "failed with java.lang.IllegalStateException");
        assertFailed(judge(later("test", () -> null)), "failed with java.lang.NullPointerException");
        assertFailed(
                judge(later("test", () -> CompletableFuture.completedFuture(null))),
                "failed with java.lang.NullPointerException");
        assertFailed(
                judge(FraudEvaluator.of("test", c -> Arrays.asList(signal(Kind.CUSTOM), null))),
                "failed with java.lang.NullPointerException");
        assertFailed(
                judge(later("test", () -> CompletableFuture.failedFuture(new java.io.IOException("jo@example.com")))),
                "failed with java.io.IOException");
        assertFailed(
                judge(later(
                        "test",
                        () -> CompletableFuture.supplyAsync(() -> {
                            throw new IllegalArgumentException("jo@example.com");
                        }))),
                "failed with java.lang.IllegalArgumentException");
    }

    @Test
    void aListThatIsNotThereHolds() {
        DomainList gone = domain -> {
            throw new DomainListUnavailable("test", null);
        };
        FraudJudgement judgement = judge(FraudEvaluators.disposableDomain(gone));
        assertThat(judgement.verdict().action()).isEqualTo(Action.HOLD);
        assertThat(judgement.verdict().signals()).extracting(FraudSignal::kind).containsExactly(Kind.EVALUATOR_FAILED);
    }

    @Test
    void aListThatIsStillBeingReadDoesNotKeepTheSignUp() throws Exception {
        var text = new CompletableFuture<byte[]>();
        var list = new RefreshedDomains("test", () -> text, Duration.ofHours(1), () -> Instant.EPOCH);
        FraudJudgement judgement = judge(FraudEvaluators.disposableDomain(list));
        assertThat(judgement.verdict().action()).isEqualTo(Action.HOLD);
        text.complete("other.example".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        assertThat(judgement
                        .pending()
                        .orElseThrow()
                        .toCompletableFuture()
                        .get(10, TimeUnit.SECONDS)
                        .action())
                .isEqualTo(Action.ALLOW);
    }

    @Test
    void anErrorIsThrownAsItIs() {
        var error = new OutOfMemoryError("test");
        assertThatThrownBy(() -> judge(FraudEvaluator.of("test", c -> {
                    throw error;
                })))
                .isSameAs(error);
        assertThatThrownBy(() -> judge(later("test", () -> CompletableFuture.failedFuture(error))))
                .isSameAs(error);
        assertThatThrownBy(() ->
                        judge(later("test", () -> CompletableFuture.failedFuture(new CompletionException(error)))))
                .isSameAs(error);
    }

    @Test
    void oneThatIsLateHoldsUntilItAnswers() throws Exception {
        var late = new CompletableFuture<List<FraudSignal>>();
        FraudJudgement judgement =
                judge(FraudEvaluator.of("first", c -> List.of(signal(Kind.FREE_DOMAIN))), later("test", () -> late));
        assertThat(judgement.verdict())
                .isEqualTo(new FraudVerdict(
                        Action.HOLD,
                        List.of(
                                signal(Kind.FREE_DOMAIN),
                                new FraudSignal(Kind.EVALUATOR_FAILED, "test", "no answer within 50 ms"))));
        CompletableFuture<FraudVerdict> last = judgement.pending().orElseThrow().toCompletableFuture();
        assertThat(last).isNotDone();
        late.complete(List.of());
        assertThat(last.get(10, TimeUnit.SECONDS))
                .isEqualTo(new FraudVerdict(Action.ALLOW, List.of(signal(Kind.FREE_DOMAIN))));
    }

    @Test
    void oneThatIsLateAndFailsHoldsForGood() throws Exception {
        var late = new CompletableFuture<List<FraudSignal>>();
        FraudJudgement judgement = judge(later("test", () -> late));
        late.completeExceptionally(new IllegalStateException());
        assertThat(judgement
                        .pending()
                        .orElseThrow()
                        .toCompletableFuture()
                        .get(10, TimeUnit.SECONDS)
                        .action())
                .isEqualTo(Action.HOLD);
    }

    @Test
    void allThatAreLateShareOneTimeout() {
        FraudPolicy.Builder builder = FraudPolicy.builder().timeout(Duration.ofMillis(100));
        for (int i = 0; i < 50; i++) {
            builder.evaluator(later("late " + i, CompletableFuture::new));
        }
        long start = System.nanoTime();
        FraudVerdict verdict = builder.build().judge(PLAIN).verdict();
        assertThat(Duration.ofNanos(System.nanoTime() - start))
                .isBetween(Duration.ofMillis(100), Duration.ofMillis(2_500));
        assertThat(verdict.signals()).hasSize(50);
    }

    @Test
    void oneThatAnswersInTimeIsWaitedFor() {
        FraudPolicy policy = FraudPolicy.builder()
                .timeout(Duration.ofMinutes(1))
                .evaluator(later(
                        "test",
                        () -> CompletableFuture.supplyAsync(
                                () -> List.of(signal(Kind.SELF_REFERRAL)),
                                CompletableFuture.delayedExecutor(30, TimeUnit.MILLISECONDS))))
                .build();
        assertThat(policy.judge(PLAIN))
                .isEqualTo(new FraudJudgement(
                        new FraudVerdict(Action.REJECT, List.of(signal(Kind.SELF_REFERRAL))), Optional.empty()));
    }

    @Test
    void anInterruptedThreadDoesNotWaitAndStaysInterrupted() {
        Thread.currentThread().interrupt();
        FraudJudgement judgement = judge(later("test", CompletableFuture::new));
        assertThat(Thread.interrupted()).isTrue();
        assertThat(judgement.verdict().action()).isEqualTo(Action.HOLD);
    }

    @Test
    void aFailureCannotBeAllowed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> FraudPolicy.builder().action(Kind.EVALUATOR_FAILED, Action.ALLOW));
        FraudPolicy strict = FraudPolicy.builder()
                .action(Kind.EVALUATOR_FAILED, Action.REJECT)
                .build();
        assertThat(strict.verdict(List.of(signal(Kind.EVALUATOR_FAILED))).action())
                .isEqualTo(Action.REJECT);
    }

    @Test
    void aPolicyIsChangedByBuildingAnother() {
        FraudPolicy.Builder builder = FraudPolicy.standard().toBuilder();
        FraudPolicy before = builder.build();
        FraudPolicy after = builder.without("self-referral")
                .evaluator(FraudEvaluators.sharedDevice(0))
                .action(Kind.SHARED_DEVICE, Action.REJECT)
                .timeout(Duration.ofMillis(7))
                .build();
        FraudCase shared = fraudCase(
                null, FraudHistory.builder().sameUser(true).accountsOnDevice(1).build());
        assertThat(before.judge(shared).verdict().signals())
                .extracting(FraudSignal::kind)
                .containsExactly(Kind.SELF_REFERRAL);
        assertThat(after.judge(shared).verdict().signals())
                .extracting(FraudSignal::kind)
                .containsExactly(Kind.SHARED_DEVICE);
        assertThat(after.judge(shared).verdict().action()).isEqualTo(Action.REJECT);
        assertThat(before.timeout()).isEqualTo(Duration.ofMillis(100));
        assertThat(after.timeout()).isEqualTo(Duration.ofMillis(7));
    }

    @Test
    void wrongSettingsFailWhereTheyAreSet() {
        FraudPolicy.Builder builder = FraudPolicy.builder();
        assertThatIllegalArgumentException().isThrownBy(() -> builder.timeout(Duration.ZERO));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.timeout(Duration.ofHours(1)));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.without("nobody"));
        assertThatIllegalArgumentException().isThrownBy(() -> FraudEvaluator.of(" ", c -> List.of()));
        assertThatIllegalArgumentException().isThrownBy(() -> FraudEvaluators.sharedDevice(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> FraudEvaluators.ring(0, -1));
        assertThatIllegalArgumentException().isThrownBy(() -> FraudEvaluators.deviceVelocity(0));
        assertThatIllegalArgumentException().isThrownBy(() -> FraudEvaluators.inviterVelocity(10, 9));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> FraudHistory.builder().chainOnIp(-1))
                .withMessage("chainOnIp must not be negative, was -1");
    }

    @Test
    void aSignalHoldsNoAddressAndOneLine() {
        for (String detail : List.of("", " ", "jo@example.com is bad", "two\nlines", "x".repeat(501))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new FraudSignal(Kind.CUSTOM, "test", detail))
                    .withMessageNotContaining("jo@");
        }
    }

    @Test
    void aVerdictIsExplainedOnOneLine() {
        assertThat(new FraudVerdict(Action.ALLOW, List.of()).explain()).isEqualTo("ALLOW: nothing was noticed");
        assertThat(new FraudVerdict(Action.HOLD, List.of(signal(Kind.SHARED_IP), signal(Kind.CUSTOM))).explain())
                .isEqualTo("HOLD: a reason (shared ip); a reason (custom, test)");
    }

    @Test
    void aVerdictIsKeptAsText() {
        var verdict =
                new FraudVerdict(Action.HOLD, List.of(new FraudSignal(Kind.CUSTOM, "risk \"x\"", "Ünïcode \\ 😀")));
        assertThat(FraudVerdict.parse(verdict.toText())).isEqualTo(verdict);
        assertThat(verdict.toText()).doesNotContain("\n");
        for (String text : List.of(
                "",
                "[]",
                "{}",
                "{\"action\":\"HOLD\"}",
                "{\"action\":\"NO\",\"signals\":[]}",
                "{\"action\":\"HOLD\",\"signals\":[1]}",
                "{\"action\":\"HOLD\",\"signals\":[{\"kind\":\"CUSTOM\"}]}")) {
            assertThatIllegalArgumentException().isThrownBy(() -> FraudVerdict.parse(text));
        }
    }

    @Test
    void aVerdictKeepsItsOwnSignals() {
        var signals = new ArrayList<>(List.of(signal(Kind.RING)));
        var verdict = new FraudVerdict(Action.HOLD, signals);
        signals.clear();
        assertThat(verdict.signals()).hasSize(1);
    }

    @Test
    void aCaseDoesNotShowTheAddress() {
        assertThat(PLAIN.toString()).contains("email=given").doesNotContain("jo", "example.com");
    }
}
