package io.plg.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.Plg;
import io.plg.PlgListener;
import io.plg.SettableClock;
import io.plg.event.GrowthEvent;
import io.plg.plan.Every;
import io.plg.plan.Feature;
import io.plg.plan.Limit;
import io.plg.plan.PlanCatalog;
import io.plg.plan.PlanVersion;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each rule of the semantics of gates, as a case that can be read. */
class GateVectorsTest {
    private static final Feature.Quota EXPORTS = Feature.quota("exports", Every.MONTH);
    private static final Feature.Quota CALLS = Feature.quota("calls", Every.DAY);
    private static final Feature.Cap PROJECTS = Feature.cap("projects");
    private static final Feature.Flag API = Feature.flag("api");
    private static final Instant NEXT_MONTH = Instant.parse("2026-04-01T00:00:00Z");
    private static final PlanCatalog PLANS = PlanCatalog.builder()
            .plan(
                    "free",
                    p -> p.limit(EXPORTS, Limit.of(100).thresholds(50, 80, 100))
                            .limit(PROJECTS, Limit.of(10).thresholds(50, 80, 100)))
            .plan("starter", p -> p.price(19, "USD").limit(EXPORTS, 1_000).limit(PROJECTS, 20))
            .plan("team", p -> p.price(49, "USD").limit(EXPORTS, 5_000).limit(PROJECTS, 50))
            .plan(
                    "growth",
                    p -> p.price(99, "USD")
                            .unlimited(EXPORTS)
                            .unlimited(PROJECTS)
                            .allow(API))
            .addOn("thousands", a -> a.limit(EXPORTS, 1_000_000_000_000_000L))
            .features(CALLS)
            .defaultPlan("free")
            .build();

    private final SettableClock clock = SettableClock.at("2026-03-10T12:00:00Z");
    private final List<Integer> told = new ArrayList<>();
    private final Plg plg = Plg.inMemory()
            .plans(PLANS)
            .clock(clock)
            .listener(new PlgListener() {
                @Override
                public void onEvent(GrowthEvent event) {
                    told.add(((GrowthEvent.ThresholdReached) event).threshold());
                }
            })
            .build();
    private final Gates gates = plg.workspace("acme").gates();
    private final Entitlements has = plg.workspace("acme").entitlements();

    private Instant in(int days) {
        return clock.instant().plus(Duration.ofDays(days));
    }

    private void planGivesNothing() {
        has.override(EXPORTS, Limit.of(0).warn().withoutThresholds());
    }

    private List<Long> left(UUID... grants) {
        List<Explanation.Allowance> allowances = gates.explain(EXPORTS).allowances();
        return Stream.of(grants)
                .map(id -> allowances.stream()
                        .filter(each -> each.id().equals(id.toString()))
                        .findFirst()
                        .map(each -> each.remaining().orElseThrow().longValueExact())
                        .orElse(0L))
                .toList();
    }

    // --- the answer

    @Test
    void allowedAndNowFullIsAtTheLimitAndTheNextUnitIsBlocked() {
        assertThat(gates.consume(EXPORTS, 100).severity()).isEqualTo(Severity.AT_LIMIT);
        GateDecision next = gates.consume(EXPORTS);
        assertThat(next.allowed()).isFalse();
        assertThat(next.reason()).isEqualTo(Reason.LIMIT_REACHED);
        assertThat(next.severity()).isEqualTo(Severity.BLOCKED);
        assertThat(next.amounts()).isEqualTo(new GateDecision.Amounts(1, 100, 0, 100, 0, 0));
        assertThat(next.resetsAt()).contains(NEXT_MONTH);
        assertThat(next.planVersion()).contains(new PlanVersion("free", 1));
        assertThat(next.evaluatedAt()).isEqualTo(clock.instant());
        assertThat(gates.allows(EXPORTS)).isFalse();
    }

    @Test
    void allOfTheAmountIsAllowedOrNothingOfIt() {
        gates.consume(EXPORTS, 60);
        assertThat(gates.consume(EXPORTS, 41).allowed()).isFalse();
        assertThat(gates.check(EXPORTS).used()).isEqualTo(60);
        assertThat(gates.consume(EXPORTS, 40).allowed()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"79, OK", "80, APPROACHING", "99, APPROACHING", "100, AT_LIMIT"})
    void fromEightyPercentOnTheLimitIsApproaching(int used, Severity severity) {
        assertThat(gates.consume(EXPORTS, used).severity()).isEqualTo(severity);
    }

    @Test
    void beyondALimitWithGraceTheTimeBeginsWithTheFirstUnitBeyond() {
        has.override(EXPORTS, Limit.of(5).grace(Duration.ofDays(3)));
        assertThat(gates.consume(EXPORTS, 5).graceEndsAt()).isEmpty();
        clock.advance(Duration.ofDays(1));
        GateDecision beyond = gates.consume(EXPORTS);
        assertThat(beyond.allowed()).isTrue();
        assertThat(beyond.severity()).isEqualTo(Severity.GRACE);
        assertThat(beyond.overage()).isEqualTo(1);
        assertThat(beyond.graceEndsAt()).contains(in(3));
        clock.advance(Duration.ofDays(3).minusMillis(1));
        assertThat(gates.consume(EXPORTS).graceEndsAt())
                .contains(clock.instant().plusMillis(1));
        clock.advance(Duration.ofMillis(1));
        assertThat(gates.consume(EXPORTS).reason()).isEqualTo(Reason.GRACE_ENDED);
        assertThat(gates.check(EXPORTS).used()).isEqualTo(7);
        gates.refund(EXPORTS, 2);
        assertThat(gates.check(EXPORTS).graceEndsAt()).isEmpty();
        assertThat(gates.consume(EXPORTS).graceEndsAt()).contains(in(3));
    }

    @Test
    void aLimitThatWarnsNeverBlocksAndCountsWhatIsOver() {
        has.override(EXPORTS, Limit.of(5).warn());
        GateDecision decision = gates.consume(EXPORTS, 12);
        assertThat(decision.allowed()).isTrue();
        assertThat(decision.reason()).isEqualTo(Reason.OVER_LIMIT);
        assertThat(decision.amounts()).isEqualTo(new GateDecision.Amounts(12, 12, 0, 5, 0, 7));
    }

    @Test
    void whatNobodyKnowsIsDeniedAndNeverUnlimited() {
        GateDecision decision = gates.consume(Feature.quota("imports", Every.MONTH));
        assertThat(decision.allowed()).isFalse();
        assertThat(decision.reason()).isEqualTo(Reason.FEATURE_NOT_FOUND);
        assertThat(decision.limit()).isZero();
        assertThat(gates.allows(Feature.flag("imports"))).isFalse();
        // The name alone does not make it the same feature.
        assertThat(gates.check(Feature.cap("exports")).reason()).isEqualTo(Reason.FEATURE_NOT_FOUND);
    }

    @Test
    void whatThePlanDoesNotHaveIsDenied() {
        assertThat(gates.consume(CALLS).reason()).isEqualTo(Reason.NOT_IN_PLAN);
        assertThat(gates.check(API).reason()).isEqualTo(Reason.NOT_IN_PLAN);
    }

    @Test
    void inPlaceOfAnUnknownPlanTheDefaultPlanHoldsAndTheAnswerSaysSo() {
        Plg resolved = Plg.inMemory()
                .plans(PLANS)
                .clock(clock)
                .planResolver(workspace -> Optional.of(PlanVersion.latestOf("gold")))
                .build();
        GateDecision decision = resolved.workspace("acme").gates().check(EXPORTS);
        assertThat(decision.limit()).isEqualTo(100);
        assertThat(decision.source()).isEqualTo(Source.FALLBACK);
        assertThat(decision.planVersion()).contains(new PlanVersion("free", 1));
    }

    @Test
    void withoutALimitEverythingIsAllowedAndCounted() {
        has.assignPlan("growth");
        GateDecision decision = gates.consume(EXPORTS, 1_000_000_000_000L);
        assertThat(decision.reason()).isEqualTo(Reason.UNLIMITED);
        assertThat(decision.limit()).isEqualTo(GateDecision.UNLIMITED);
        assertThat(decision.remaining()).isEqualTo(GateDecision.UNLIMITED);
        assertThat(decision.used()).isEqualTo(1_000_000_000_000L);
        assertThat(decision.severity()).isEqualTo(Severity.OK);
        assertThat(told).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "79, 1, none",
        "100, 1, starter",
        "99, 901, starter",
        "99, 902, team",
        "99, 4901, team",
        "99, 4902, growth"
    })
    void theCheapestPlanThatWouldAllowWhatIsUsedAndAskedForIsOffered(int used, int asked, String plan) {
        gates.consume(EXPORTS, used);
        assertThat(gates.check(EXPORTS, asked).upgrade().plan().orElse("none")).isEqualTo(plan);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -1, Long.MIN_VALUE})
    void anAmountMustBePositive(long amount) {
        assertThatThrownBy(() -> gates.consume(EXPORTS, amount))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("exports")
                .hasMessageContaining(Long.toString(amount));
    }

    @Test
    void decimalsAreExact() {
        Feature.Quota hours = Feature.quota("hours", Every.MONTH).withDecimals(6);
        PlanCatalog one = PlanCatalog.builder()
                .plan("free", p -> p.limit(hours, BigDecimal.ONE))
                .build();
        Gates exact =
                Plg.inMemory().plans(one).clock(clock).build().workspace("acme").gates();
        for (int i = 0; i < 10; i++) {
            assertThat(exact.consume(hours, new BigDecimal("0.1")).allowed()).isTrue();
        }
        GateDecision decision = exact.consume(hours, new BigDecimal("0.000001"));
        assertThat(decision.allowed()).isFalse();
        assertThat(decision.decimal().used()).isEqualByComparingTo("1");
    }

    // --- reservations

    @Test
    void whatIsHeldCountsAgainstTheLimitAndConfirmingSettlesTheDifference() {
        UUID id = gates.reserve(EXPORTS, 60, Duration.ofHours(1)).orThrow().id();
        GateDecision decision = gates.check(EXPORTS, 41);
        assertThat(decision.allowed()).isFalse();
        assertThat(decision.amounts()).isEqualTo(new GateDecision.Amounts(41, 0, 60, 100, 40, 0));
        assertThat(gates.confirm(id, 25).outcome()).isEqualTo(Settlement.Outcome.CONFIRMED);
        assertThat(gates.check(EXPORTS).amounts()).isEqualTo(new GateDecision.Amounts(1, 25, 0, 100, 75, 0));
        assertThat(gates.confirm(id).outcome()).isEqualTo(Settlement.Outcome.CONFIRMED);
        assertThat(gates.release(id).outcome()).isEqualTo(Settlement.Outcome.CONFIRMED);
        assertThat(gates.check(EXPORTS).used()).isEqualTo(25);
    }

    @Test
    void aReservationExpiresWhenSomebodyLooksAndConfirmingItThenIsAnOutcome() {
        UUID id = gates.reserve(EXPORTS, 100, Duration.ofHours(1)).orThrow().id();
        clock.advance(Duration.ofHours(1).minusMillis(1));
        assertThat(gates.allows(EXPORTS)).isFalse();
        clock.advance(Duration.ofMillis(1));
        assertThat(gates.allows(EXPORTS)).isTrue();
        assertThat(gates.consume(EXPORTS, 100).allowed()).isTrue();
        assertThat(gates.confirm(id).outcome()).isEqualTo(Settlement.Outcome.EXPIRED);
        assertThat(gates.check(EXPORTS).used()).isEqualTo(100);
        assertThat(gates.confirm(new UUID(1, 1)).outcome()).isEqualTo(Settlement.Outcome.UNKNOWN);
    }

    @Test
    void ofACapWhatIsHeldBeyondTheLimitIsOverageToo() {
        has.override(PROJECTS, Limit.of(10).warn());
        gates.consume(PROJECTS, 8);
        GateDecision decision = gates.reserve(PROJECTS, 5, Duration.ofHours(1)).decision();
        assertThat(decision.amounts()).isEqualTo(new GateDecision.Amounts(5, 8, 5, 10, 0, 3));
    }

    // --- grants

    @Test
    void grantsAreUsedUpByPriorityThenExpiryAndTheNextOnePaysTheOverageFirst() {
        planGivesNothing();
        UUID g1 = has.grant(Grant.of(EXPORTS, 100).priority(1).until(in(30)));
        UUID g2 = has.grant(Grant.of(EXPORTS, 50).priority(1).until(in(10)));
        UUID g3 = has.grant(Grant.of(EXPORTS, 200).priority(2));
        gates.consume(EXPORTS, 120);
        assertThat(left(g2, g1, g3)).containsExactly(0L, 30L, 200L);
        gates.consume(EXPORTS, 280);
        assertThat(left(g1, g2, g3)).containsExactly(0L, 0L, 0L);
        assertThat(gates.check(EXPORTS).overage()).isEqualTo(50);
        UUID next = has.grant(Grant.of(EXPORTS, 70));
        assertThat(gates.check(EXPORTS).overage()).isZero();
        assertThat(left(next)).containsExactly(20L);
    }

    @Test
    void ofTwoAlikeTheOneThatWasGivenFirstIsUsedUpFirst() {
        planGivesNothing();
        UUID first = has.grant(Grant.of(EXPORTS, 10));
        clock.advance(Duration.ofSeconds(1));
        UUID second = has.grant(Grant.of(EXPORTS, 10).from(in(-5)));
        gates.consume(EXPORTS, 4);
        assertThat(left(first, second)).containsExactly(6L, 10L);
    }

    @Test
    void aReleaseAndARefundReturnToExactlyTheBucketsTheyCameFrom() {
        has.override(EXPORTS, Limit.of(10));
        UUID early = has.grant(Grant.of(EXPORTS, 5).priority(1));
        UUID late = has.grant(Grant.of(EXPORTS, 20).priority(200));
        UUID hold = gates.reserve(EXPORTS, 18, Duration.ofHours(1)).orThrow().id();
        assertThat(left(early, late)).containsExactly(0L, 17L);
        GateDecision consumed = gates.consume(EXPORTS, 2);
        gates.release(hold);
        assertThat(left(early, late)).containsExactly(5L, 18L);
        gates.refund(EXPORTS, consumed.receipt().orElseThrow());
        assertThat(left(early, late)).containsExactly(5L, 20L);
        assertThat(gates.check(EXPORTS).remaining()).isEqualTo(35);
    }

    @Test
    void aRefundByReceiptGivesBackOnlyWhatIsStillUsedAndOnlyOnce() {
        has.override(EXPORTS, Limit.of(10));
        UUID grant = has.grant(Grant.of(EXPORTS, 20).priority(200));
        Receipt first = gates.consume(EXPORTS, 10).receipt().orElseThrow();
        Receipt second = gates.consume(EXPORTS, 5).receipt().orElseThrow();
        gates.refund(EXPORTS, 5);
        // What the second took from the grant is back already, and the first took nothing from it.
        assertThat(gates.refund(EXPORTS, second).refunded()).isEqualByComparingTo("0");
        assertThat(gates.check(EXPORTS).amounts()).isEqualTo(new GateDecision.Amounts(1, 10, 0, 30, 20, 0));
        gates.refund(EXPORTS, 4);
        assertThat(gates.refund(EXPORTS, first).refunded()).isEqualByComparingTo("6");
        gates.consume(EXPORTS, 9);
        assertThat(gates.refund(EXPORTS, first).refunded()).isEqualByComparingTo("0");
        assertThat(gates.check(EXPORTS).used()).isEqualTo(9);
        assertThat(left(grant)).containsExactly(20L);
    }

    @Test
    void aGrantBeginsInclusiveAndEndsExclusive() {
        planGivesNothing();
        has.grant(Grant.of(EXPORTS, 10).from(in(1)).until(in(2)));
        assertThat(gates.check(EXPORTS).remaining()).isZero();
        clock.advance(Duration.ofDays(1));
        assertThat(gates.check(EXPORTS).remaining()).isEqualTo(10);
        clock.advance(Duration.ofDays(1).minusMillis(1));
        assertThat(gates.check(EXPORTS).remaining()).isEqualTo(10);
        clock.advance(Duration.ofMillis(1));
        assertThat(gates.check(EXPORTS).remaining()).isZero();
    }

    @Test
    void endingAGrantTakesNothingBackThatWasUsed() {
        planGivesNothing();
        UUID grant = has.grant(Grant.of(EXPORTS, 10));
        gates.consume(EXPORTS, 6);
        has.end(grant);
        assertThat(gates.check(EXPORTS).amounts()).isEqualTo(new GateDecision.Amounts(1, 6, 0, 6, 0, 0));
        gates.consume(EXPORTS, 1);
        assertThat(gates.check(EXPORTS).overage()).isEqualTo(1);
    }

    @Test
    void aRecurringGrantReturnsToItsFullAmountAndIsNotAddedUp() {
        planGivesNothing();
        UUID grant = has.grant(Grant.of(EXPORTS, 10).recurring(Every.days(3)));
        gates.consume(EXPORTS, 4);
        clock.advance(Duration.ofDays(3).minusMillis(1));
        assertThat(left(grant)).containsExactly(6L);
        clock.advance(Duration.ofMillis(1));
        assertThat(left(grant)).containsExactly(10L);
        clock.advance(Duration.ofDays(9));
        assertThat(left(grant)).containsExactly(10L);
    }

    @ParameterizedTest
    @CsvSource({"30, 0, 20, 20", "5, 10, 100, 10", "0, 100, 100, 100", "70, 0, 0, 0"})
    void aResetKeepsOfAGrantWhatItsRolloverSays(int before, int min, int max, int after) {
        planGivesNothing();
        UUID grant = has.grant(Grant.of(EXPORTS, 200).rollover(min, max));
        gates.consume(EXPORTS, 200 - before);
        clock.set(NEXT_MONTH);
        assertThat(left(grant)).containsExactly((long) after);
    }

    @Test
    void aRefundReachesAlsoWhatRolledOverBeyondTheAmount() {
        planGivesNothing();
        UUID grant = has.grant(Grant.of(EXPORTS, 50).rollover(100, 100));
        clock.set(NEXT_MONTH);
        gates.consume(EXPORTS, 10);
        gates.refund(EXPORTS, 10);
        assertThat(left(grant)).containsExactly(100L);
    }

    @Test
    void aGrantSurvivesResetsAndThePlansAllowanceDoesNot() {
        UUID grant = has.grant(Grant.of(EXPORTS, 50).priority(1));
        gates.consume(EXPORTS, 30);
        clock.set(NEXT_MONTH);
        assertThat(gates.check(EXPORTS).amounts()).isEqualTo(new GateDecision.Amounts(1, 0, 0, 120, 120, 0));
        assertThat(left(grant)).containsExactly(20L);
    }

    /** Whether anybody had used anything before must not matter. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aGrantThatIsGivenForThePastBeginsInFullWhenItIsGiven(boolean known) {
        planGivesNothing();
        if (known) {
            gates.consume(EXPORTS, 1);
        }
        clock.set(Instant.parse("2026-05-05T00:00:00Z"));
        UUID grant = has.grant(Grant.of(EXPORTS, 100).rollover(0, 20).from(Instant.parse("2026-03-10T12:00:00Z")));
        clock.advance(Duration.ofDays(1));
        assertThat(left(grant)).containsExactly(100L);
        clock.set(Instant.parse("2026-06-01T00:00:00Z"));
        assertThat(left(grant)).containsExactly(20L);
    }

    @Test
    void aGrantForTheFirstDayOfTimeIsAsGoodAsAnyOther() {
        planGivesNothing();
        has.grant(Grant.of(EXPORTS, 7).from(Instant.parse("0001-01-01T00:00:00Z")));
        assertThat(gates.consume(EXPORTS, 7).overage()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"false, 100", "true, 95"})
    void overageIsDroppedAtTheResetUnlessItIsPreserved(boolean preserved, int remaining) {
        Limit limit = Limit.of(100).warn();
        has.override(EXPORTS, preserved ? limit.preservingOverage() : limit);
        gates.consume(EXPORTS, 105);
        clock.set(NEXT_MONTH);
        GateDecision decision = gates.check(EXPORTS);
        assertThat(decision.used()).isZero();
        assertThat(decision.overage()).isZero();
        assertThat(decision.remaining()).isEqualTo(remaining);
    }

    // --- thresholds

    @ParameterizedTest
    @CsvSource({"85, 50 80", "79 1, 50 80", "80 1, 50 80", "100, 50 80 100", "49, ''", "49 1, 50"})
    void thresholdsAreToldWhenTheyAreReachedAscending(String amounts, String expected) {
        for (String amount : amounts.split(" ", -1)) {
            gates.consume(EXPORTS, Integer.parseInt(amount));
        }
        assertThat(told)
                .isEqualTo(Arrays.stream(expected.split(" ", -1))
                        .filter(each -> !each.isEmpty())
                        .map(Integer::valueOf)
                        .toList());
    }

    @Test
    void aThresholdIsToldByTheCallThatReachesItAndOncePerPeriod() {
        gates.consume(EXPORTS, 79);
        assertThat(told).containsExactly(50);
        gates.consume(EXPORTS, 1);
        assertThat(told).containsExactly(50, 80);
        gates.refund(EXPORTS, 40);
        gates.consume(EXPORTS, 45);
        assertThat(told).containsExactly(50, 80);
        clock.set(NEXT_MONTH);
        gates.consume(EXPORTS, 85);
        assertThat(told).containsExactly(50, 80, 50, 80);
    }

    @Test
    void ofACapAThresholdIsArmedAgainBelowIt() {
        gates.consume(PROJECTS, 8);
        assertThat(told).containsExactly(50, 80);
        gates.refund(PROJECTS, 1);
        gates.consume(PROJECTS, 1);
        assertThat(told).containsExactly(50, 80, 80);
        gates.set(PROJECTS, 10);
        assertThat(told).containsExactly(50, 80, 80, 100);
    }

    @Test
    void nothingIsToldByARefundOrADenialAlsoAfterTheLimitWasLowered() {
        gates.consume(EXPORTS, 45);
        gates.reserve(EXPORTS, 5, Duration.ofMinutes(1)).orThrow();
        has.override(EXPORTS, Limit.of(50).thresholds(80));
        gates.refund(EXPORTS, 1);
        clock.advance(Duration.ofMinutes(1));
        assertThat(gates.consume(EXPORTS, 100).allowed()).isFalse();
        assertThat(told).isEmpty();
        gates.consume(EXPORTS, 1);
        assertThat(told).containsExactly(80);
    }

    // --- several limits

    @Test
    void ofSeveralLimitsTheSmallestHeadroomDecides() {
        has.override(EXPORTS, Limit.of(100).atMost(10, Every.DAY).atMost(4, Every.HOUR));
        assertThat(gates.check(EXPORTS).remaining()).isEqualTo(4);
        gates.consume(EXPORTS, 4);
        GateDecision denied = gates.check(EXPORTS);
        assertThat(denied.reason()).isEqualTo(Reason.WINDOW_LIMIT_REACHED);
        assertThat(denied.resetsAt()).contains(Instant.parse("2026-03-10T13:00:00Z"));
        clock.advance(Duration.ofHours(1));
        gates.consume(EXPORTS, 4);
        clock.advance(Duration.ofHours(1));
        assertThat(gates.check(EXPORTS).remaining()).isEqualTo(2);
    }

    @Test
    void editingALimitNeverClearsItsCounter() {
        gates.consume(EXPORTS, 60);
        has.assignPlan("starter");
        assertThat(gates.check(EXPORTS).used()).isEqualTo(60);
        UUID override = has.override(EXPORTS, Limit.of(10));
        assertThat(gates.check(EXPORTS).used()).isEqualTo(60);
        assertThat(gates.check(EXPORTS).allowed()).isFalse();
        has.end(override);
        assertThat(gates.check(EXPORTS).remaining()).isEqualTo(940);
    }

    @Test
    void norTheCounterOfAWindow() {
        UUID override = has.override(EXPORTS, Limit.of(100).atMost(10, Every.DAY));
        gates.consume(EXPORTS, 10);
        has.end(override);
        assertThat(gates.consume(EXPORTS, 5).allowed()).isTrue();
        has.override(EXPORTS, Limit.of(100).atMost(12, Every.DAY));
        assertThat(gates.check(EXPORTS).reason()).isEqualTo(Reason.WINDOW_LIMIT_REACHED);
        has.calendarPeriods(ZoneId.of("Asia/Kathmandu"));
        assertThat(gates.check(EXPORTS).reason()).isEqualTo(Reason.WINDOW_LIMIT_REACHED);
        clock.advance(Duration.ofDays(2));
        assertThat(gates.check(EXPORTS).remaining()).isEqualTo(12);
    }

    @Test
    void aRefundOfEarlierDaysFreesNothingOfWhatIsHeldToday() {
        has.override(EXPORTS, Limit.of(100).atMost(10, Every.DAY));
        gates.consume(EXPORTS, 10);
        clock.advance(Duration.ofDays(1));
        gates.reserve(EXPORTS, 10, Duration.ofHours(1)).orThrow();
        gates.refund(EXPORTS, 10);
        assertThat(gates.consume(EXPORTS, 1).reason()).isEqualTo(Reason.WINDOW_LIMIT_REACHED);
    }

    @Test
    void manyOfABigAddOnDoNotOverflow() {
        has.addOn("thousands", 1_000_000);
        has.addOn("thousands", 1_000_000);
        GateDecision decision = gates.consume(EXPORTS, 101);
        assertThat(decision.allowed()).isTrue();
        assertThat(decision.source()).isEqualTo(Source.ADD_ON);
    }

    // --- periods

    @Test
    void withoutAnythingSaidPeriodsAreMonthsOfTheCalendarInUtc() {
        assertThat(gates.check(EXPORTS).resetsAt()).contains(NEXT_MONTH);
    }

    @ParameterizedTest
    @CsvSource({
        "Europe/Berlin, 2026-01-31T10:00, 2026-02-28T10:00, 2026-03-31T10:00, 2026-04-30T10:00, 2026-05-31T10:00",
        "America/New_York, 2026-01-31T01:30, 2026-02-28T01:30, 2026-03-31T01:30, 2026-04-30T01:30, 2026-05-31T01:30",
        "Asia/Kathmandu, 2028-01-31T00:00, 2028-02-29T00:00, 2028-03-31T00:00, 2028-04-30T00:00, 2028-05-31T00:00",
        "Pacific/Apia, 2026-01-30T23:59, 2026-02-28T23:59, 2026-03-30T23:59, 2026-04-30T23:59, 2026-05-30T23:59",
        // Apia left out the whole of December 30 in 2011: what would have begun then begins a day later.
        "Pacific/Apia, 2011-09-30T12:00, 2011-10-30T12:00, 2011-11-30T12:00, 2011-12-31T12:00, 2012-01-30T12:00",
        // 02:30 does not exist on March 29 in Berlin: the period begins at 03:30.
        "Europe/Berlin, 2026-01-29T02:30, 2026-02-28T02:30, 2026-03-29T03:30, 2026-04-29T02:30, 2026-05-29T02:30"
    })
    void countingFollowsTheAnchorToTheEndsOfMonths(
            ZoneId zone, String anchor, String second, String third, String fourth, String fifth) {
        SettableClock time = SettableClock.at(at(anchor, zone));
        Plg other = Plg.inMemory().plans(PLANS).clock(time).build();
        other.workspace("acme").entitlements().periodsFrom(at(anchor, zone), zone);
        Gates counted = other.workspace("acme").gates();
        for (String end : List.of(second, third, fourth, fifth)) {
            assertThat(counted.consume(EXPORTS, 7).resetsAt()).as(end).contains(at(end, zone));
            time.set(at(end, zone).minusMillis(1));
            assertThat(counted.check(EXPORTS).used()).as("just before " + end).isEqualTo(7);
            time.set(at(end, zone));
            assertThat(counted.check(EXPORTS).used()).as(end).isZero();
        }
    }

    private static Instant at(String local, ZoneId zone) {
        return LocalDateTime.parse(local).atZone(zone).toInstant();
    }

    @ParameterizedTest
    @CsvSource({
        "Europe/Berlin, 2026-03-29, 1380",
        "Europe/Berlin, 2026-10-25, 1500",
        "America/New_York, 2026-03-08, 1380",
        "America/New_York, 2026-11-01, 1500",
        "Asia/Kathmandu, 2026-03-29, 1440",
        "Australia/Lord_Howe, 2026-04-05, 1470"
    })
    void aDayHasAsManyMinutesAsItHas(ZoneId zone, LocalDate day, int minutes) {
        Instant start = day.atStartOfDay(zone).toInstant();
        Instant end = start.plus(Duration.ofMinutes(minutes));
        SettableClock time = SettableClock.at(start);
        Plg other = Plg.inMemory().plans(PLANS).clock(time).build();
        other.workspace("acme").entitlements().calendarPeriods(zone);
        other.workspace("acme").entitlements().override(CALLS, Limit.of(5));
        Gates counted = other.workspace("acme").gates();
        assertThat(counted.consume(CALLS, 5).resetsAt()).contains(end);
        time.set(end.minusMillis(1));
        assertThat(counted.consume(CALLS).allowed()).isFalse();
        time.set(end);
        assertThat(counted.consume(CALLS).allowed()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"})
    void whoSleepsForThreeYearsEqualsWhoIsAskedEveryHour(String zone) {
        Gates asleep = begun("asleep", zone);
        Gates awake = begun("awake", zone);
        Instant end = in(3 * 366);
        while (clock.instant().isBefore(end)) {
            clock.advance(Duration.ofHours(1));
            // No consumption has this place: the meter is brought to the present and stored, and nothing else is done.
            awake.refund(EXPORTS, new Receipt("-1.999999." + Integer.toHexString("exports".hashCode())));
        }
        assertThat(asleep.check(EXPORTS)).isEqualTo(awake.check(EXPORTS));
        assertThat(remaining(asleep)).isEqualTo(remaining(awake)).hasSize(3);
        assertThat(asleep.consume(EXPORTS, 77).amounts())
                .isEqualTo(awake.consume(EXPORTS, 77).amounts());
        assertThat(remaining(asleep)).isEqualTo(remaining(awake));
    }

    private Gates begun(String workspace, String zone) {
        Entitlements given = plg.workspace(workspace).entitlements();
        given.periodsFrom(Instant.parse("2026-01-31T05:30:00Z"), ZoneId.of(zone));
        given.override(
                EXPORTS,
                Limit.of(10).warn().preservingOverage().atMost(5, Every.DAY).thresholds(50));
        given.grant(Grant.of(EXPORTS, 40).recurring(Every.days(10)).rollover(0, 15));
        given.grant(Grant.of(EXPORTS, 100).from(in(200)).until(in(400)).priority(7));
        given.grant(Grant.of(EXPORTS, 90).from(in(500)).rollover(20, 30).priority(150));
        given.assignPlan(new PlanVersion("starter", 1), in(300));
        Gates used = plg.workspace(workspace).gates();
        used.consume(EXPORTS, 500);
        used.reserve(EXPORTS, 12, Duration.ofDays(20));
        return used;
    }

    private static List<String> remaining(Gates gates) {
        return gates.explain(EXPORTS).allowances().stream()
                .map(each -> each.amount() + " " + each.remaining())
                .toList();
    }
}
