package io.plg.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.Plg;
import io.plg.PlgBuilder;
import io.plg.PlgStores;
import io.plg.UserErased;
import io.plg.WorkspaceDeleted;
import io.plg.WorkspaceId;
import io.plg.event.GrowthEvent.ThresholdReached;
import io.plg.gate.Entitlements;
import io.plg.gate.GateDecision;
import io.plg.gate.Gates;
import io.plg.gate.Grant;
import io.plg.gate.LeasedQuota;
import io.plg.gate.LimitReached;
import io.plg.gate.PlanPreview;
import io.plg.gate.Reason;
import io.plg.gate.Reservation;
import io.plg.gate.Settlement;
import io.plg.gate.Severity;
import io.plg.gate.Source;
import io.plg.gate.UnknownFeature;
import io.plg.gate.UnknownPlan;
import io.plg.gate.UsageStore.Entry;
import io.plg.gate.UsageStore.Kind;
import io.plg.gate.UsageStore.MeterKey;
import io.plg.plan.Every;
import io.plg.plan.Feature;
import io.plg.plan.Limit;
import io.plg.plan.PlanCatalog;
import io.plg.plan.PlanVersion;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.Period;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The contract of {@link io.plg.gate.UsageStore} and of {@link Gates} on it: limits are never exceeded, a refused call changes nothing, what is rolled back was
 * not used, and the ledger adds up.
 */
public abstract class GateContract extends StoreContract {
    private static final Feature.Cap PROJECTS = Feature.cap("projects");
    private static final Feature.Cap SEATS = Feature.cap("team_members");
    private static final Feature.Cap STORAGE = Feature.cap("storage_gb").withDecimals(3);
    static final Feature.Quota EXPORTS = Feature.quota("exports", Every.MONTH);
    private static final Feature.Quota CALLS = Feature.quota("api_calls", Every.MONTH);
    static final Feature.Flag API = Feature.flag("api_access");
    private static final Feature.Flag SUPPORT = Feature.flag("priority_support");

    static final PlanCatalog PLANS = PlanCatalog.builder()
            .plan(
                    "free",
                    p -> p.limit(PROJECTS, 3)
                            .limit(SEATS, 2)
                            .limit(EXPORTS, Limit.of(5))
                            .limit(STORAGE, new BigDecimal("1.5"))
                            .limit(CALLS, Limit.of(100).thresholds(50, 80, 100)))
            .plan(
                    "starter",
                    p -> p.price(19, "USD")
                            .trial(Duration.ofDays(14))
                            .limit(PROJECTS, 10)
                            .limit(SEATS, 5)
                            .limit(EXPORTS, Limit.of(50).atMost(10, Every.DAY))
                            .limit(STORAGE, 20)
                            .limit(CALLS, Limit.of(1000).warn())
                            .allow(API))
            .plan(
                    "growth",
                    p -> p.price(99, "USD")
                            .unlimited(PROJECTS)
                            .limit(SEATS, Limit.of(20).grace(Duration.ofDays(3)))
                            .limit(EXPORTS, Limit.of(500).perMember(20))
                            .unlimited(STORAGE)
                            .unlimited(CALLS)
                            .allow(API, SUPPORT))
            .addOn("extra_exports", a -> a.limit(EXPORTS, 100))
            .addOn("support", a -> a.allow(SUPPORT))
            .build();

    /** For adapters. */
    protected GateContract() {}

    private Plg plg() {
        return plg(builder -> builder.plans(PLANS).listener(heard()));
    }

    private WorkspaceId acme() {
        return workspace("acme");
    }

    private List<Entry> ledger(Feature.Metered feature) {
        return stores().usage().entries(acme(), new MeterKey(feature.name(), feature.decimals(), null));
    }

    private long inLedger(Feature.Metered feature) {
        return ledger(feature).stream().mapToLong(Entry::amount).sum();
    }

    @Test
    void aQuotaIsDeniedWhenItIsUsedUpAndRefillsWithTheNextPeriod() {
        Gates gates = plg().workspace(acme()).gates();

        gates.consumeOrThrow(EXPORTS, 5);
        GateDecision denied = gates.consume(EXPORTS);

        assertThat(denied.allowed()).isFalse();
        assertThat(denied.reason()).isEqualTo(Reason.LIMIT_REACHED);
        assertThat(denied.severity()).isEqualTo(Severity.BLOCKED);
        assertThat(denied.used()).isEqualTo(5);
        assertThat(denied.remaining()).isZero();
        assertThat(denied.resetsAt()).contains(Instant.parse("2026-05-01T00:00:00Z"));
        assertThat(denied.upgrade().plan()).contains("starter");
        assertThat(denied.message()).isEqualTo("You have used all 5 exports this month.");
        assertThat(denied.receipt()).isEmpty();
        assertThat(inLedger(EXPORTS)).isEqualTo(5);

        clock().advance(Period.ofMonths(1));
        GateDecision next = gates.consume(EXPORTS);
        assertThat(next.allowed()).isTrue();
        assertThat(next.used()).isEqualTo(1);
        assertThat(next.resetsAt()).contains(Instant.parse("2026-06-01T00:00:00Z"));
    }

    @Test
    void theAnswerTellsHowCloseTheLimitIs() {
        Gates gates = plg().workspace(acme()).gates();

        assertThat(gates.check(EXPORTS).severity()).isEqualTo(Severity.OK);
        assertThat(gates.consume(EXPORTS, 3).severity()).isEqualTo(Severity.OK);
        assertThat(gates.consume(EXPORTS).severity()).isEqualTo(Severity.APPROACHING);
        GateDecision check = gates.check(EXPORTS);
        assertThat(check.allowed()).isTrue();
        assertThat(check.severity()).isEqualTo(Severity.APPROACHING);
        assertThat(check.message()).isEqualTo("You have used 4 of 5 exports this month.");
        assertThat(check.upgrade().plan()).contains("starter");
        assertThat(gates.check(EXPORTS, 2).severity()).isEqualTo(Severity.BLOCKED);
        assertThat(gates.consume(EXPORTS).severity()).isEqualTo(Severity.AT_LIMIT);
        assertThat(gates.check(EXPORTS).severity()).isEqualTo(Severity.BLOCKED);
        assertThat(gates.check(EXPORTS).planVersion()).contains(new PlanVersion("free", 1));
        assertThat(gates.check(EXPORTS).source()).isEqualTo(Source.PLAN);
    }

    @Test
    void aRefusedCallChangesNothing() {
        Gates gates = plg().workspace(acme()).gates();
        gates.consumeOrThrow(EXPORTS, 4);
        List<Entry> before = ledger(EXPORTS);

        for (int i = 0; i < 5; i++) {
            assertThat(gates.consume(EXPORTS, 2).allowed()).isFalse();
            assertThatThrownBy(() -> gates.consumeOrThrow(EXPORTS, 2))
                    .isInstanceOfSatisfying(
                            LimitReached.class,
                            e -> assertThat(e.decision().remaining()).isEqualTo(1));
            assertThat(gates.reserve(EXPORTS, 2, Duration.ofMinutes(1))).isInstanceOf(Reservation.Denied.class);
        }

        assertThat(ledger(EXPORTS)).isEqualTo(before);
        assertThat(gates.check(EXPORTS).used()).isEqualTo(4);
        assertThat(gates.consume(EXPORTS).allowed()).isTrue();
    }

    @Test
    void aRollbackGivesTheUnitsBack() {
        Plg plg = plg();
        Gates gates = plg.workspace(acme()).gates();
        gates.consumeOrThrow(EXPORTS, 1);

        assertThatThrownBy(() -> plg.transact(tx -> {
                    tx.workspace(acme()).gates().consumeOrThrow(EXPORTS, 4);
                    assertThat(tx.workspace(acme()).gates().check(EXPORTS).used())
                            .isEqualTo(5);
                    throw new IllegalStateException("the host's own failure");
                }))
                .hasMessage("the host's own failure");

        assertThat(gates.check(EXPORTS).used()).isEqualTo(1);
        assertThat(inLedger(EXPORTS)).isEqualTo(1);
        assertThat(gates.consume(EXPORTS, 4).allowed()).isTrue();
    }

    @Test
    void severalGatesInOneTransactionAreOneCommit() {
        Plg plg = plg();
        plg.transact(tx -> {
            Gates gates = tx.workspace(acme()).gates();
            gates.consumeOrThrow(PROJECTS);
            gates.consumeOrThrow(EXPORTS, 2);
            gates.consumeOrThrow(EXPORTS, 2);
            assertThat(gates.check(EXPORTS).used()).isEqualTo(4);
        });

        Gates gates = plg.workspace(acme()).gates();
        assertThat(gates.check(PROJECTS).used()).isEqualTo(1);
        assertThat(gates.check(EXPORTS).used()).isEqualTo(4);
    }

    @Test
    void manyAtOnceNeverExceedALimitAndReachIt() {
        Plg plg = plg();
        plg.workspace(acme()).entitlements().override(EXPORTS, Limit.of(40));
        var allowed = new AtomicInteger();

        Race.of(16, number -> {
            for (int i = 0; i < 5; i++) {
                if (plg.workspace(acme()).gates().consume(EXPORTS).allowed()) {
                    allowed.incrementAndGet();
                }
            }
            return number;
        });

        assertThat(allowed).hasValue(40);
        assertThat(inLedger(EXPORTS)).isEqualTo(40);
        assertThat(plg.workspace(acme()).gates().check(EXPORTS).used()).isEqualTo(40);
    }

    @Test
    void manySlotsNeverExceedALimitAndReachIt() {
        Plg plg = plg(builder -> builder.plans(PLANS).slots(EXPORTS, 8));
        plg.workspace(acme()).entitlements().override(EXPORTS, Limit.of(100).withoutThresholds());
        var allowed = new AtomicInteger();

        Race.of(12, number -> {
            for (int i = 0; i < 12; i++) {
                if (plg.workspace(acme()).gates().consume(EXPORTS).allowed()) {
                    allowed.incrementAndGet();
                }
            }
            return number;
        });

        assertThat(allowed).hasValue(100);
        assertThat(inLedger(EXPORTS)).isEqualTo(100);
        assertThat(plg.workspace(acme()).gates().check(EXPORTS).used()).isEqualTo(100);
    }

    @Test
    void transactionsThatConsumeTwiceDoNotBlockEachOther() {
        Plg plg = plg();
        plg.workspace(acme())
                .entitlements()
                .override(CALLS, Limit.of(400).thresholds(5, 10, 20, 30, 40, 60, 70, 80, 90, 100));

        Race.of(8, number -> {
            for (int i = 0; i < 20; i++) {
                plg.transact(tx -> {
                    tx.workspace(acme()).gates().consumeOrThrow(CALLS);
                    tx.workspace(acme()).gates().consumeOrThrow(CALLS);
                });
            }
            return number;
        });

        assertThat(inLedger(CALLS)).isEqualTo(320);
        assertThat(thresholds()).containsExactlyInAnyOrder(5, 10, 20, 30, 40, 60, 70, 80);
    }

    @Test
    void thresholdsAreToldInTheConsumingCommitEachOncePerPeriod() {
        Plg plg = plg();
        Gates gates = plg.workspace(acme()).gates();

        gates.consumeOrThrow(CALLS, 85);
        assertThat(thresholds()).containsExactly(50, 80);
        gates.consumeOrThrow(CALLS, 5);
        gates.refund(CALLS, 20);
        gates.consumeOrThrow(CALLS, 20);
        assertThat(thresholds()).containsExactly(50, 80);
        gates.consumeOrThrow(CALLS, 10);
        assertThat(thresholds()).containsExactly(50, 80, 100);

        clock().advance(Period.ofMonths(1));
        gates.consumeOrThrow(CALLS, 79);
        assertThat(thresholds()).containsExactly(50, 80, 100, 50);
        gates.by(user("ada")).consumeOrThrow(CALLS, 1);
        assertThat(thresholds()).containsExactly(50, 80, 100, 50, 80);
        var last = (ThresholdReached) heard().all().get(4);
        assertThat(last.user()).isEqualTo(user("ada"));
        assertThat(last.used()).isEqualByComparingTo("80");
        assertThat(last.limit()).isEqualByComparingTo("100");
    }

    @Test
    void aThresholdThatIsRolledBackIsNotToldAndIsToldLater() {
        Plg plg = plg();
        assertThatThrownBy(() -> plg.transact(tx -> {
                    tx.workspace(acme()).gates().consumeOrThrow(CALLS, 60);
                    throw new IllegalStateException("no");
                }))
                .hasMessage("no");
        assertThat(thresholds()).isEmpty();

        plg.workspace(acme()).gates().consumeOrThrow(CALLS, 60);
        assertThat(thresholds()).containsExactly(50);
    }

    @Test
    void ofACapAThresholdIsToldAgainAfterTheUseFellBelowIt() {
        Plg plg = plg();
        plg.workspace(acme()).entitlements().override(PROJECTS, Limit.of(10).thresholds(80));
        Gates gates = plg.workspace(acme()).gates();

        gates.consumeOrThrow(PROJECTS, 8);
        gates.refund(PROJECTS, 1);
        gates.consumeOrThrow(PROJECTS, 1);
        gates.consumeOrThrow(PROJECTS, 1);

        assertThat(thresholds()).containsExactly(80, 80);
    }

    @Test
    void manyAtOnceTellAThresholdOnce() {
        Plg plg = plg();
        Race.of(10, number -> {
            for (int i = 0; i < 10; i++) {
                plg.workspace(acme()).gates().consumeOrThrow(CALLS);
            }
            return number;
        });
        assertThat(thresholds()).containsExactlyInAnyOrder(50, 80, 100);
    }

    private List<Integer> thresholds() {
        return heard().all().stream()
                .map(ThresholdReached.class::cast)
                .map(ThresholdReached::threshold)
                .toList();
    }

    @Test
    void aCapCountsWhatExists() {
        Gates gates = plg().workspace(acme()).gates();

        gates.consumeOrThrow(PROJECTS, 3);
        assertThat(gates.consume(PROJECTS).allowed()).isFalse();
        assertThat(gates.refund(PROJECTS).refunded()).isEqualByComparingTo("1");
        assertThat(gates.consume(PROJECTS).allowed()).isTrue();
        clock().advance(Period.ofYears(1));
        assertThat(gates.check(PROJECTS).used()).isEqualTo(3);

        assertThat(gates.set(PROJECTS, 7).used()).isEqualTo(7);
        assertThat(gates.check(PROJECTS).overage()).isEqualTo(4);
        assertThat(gates.refund(PROJECTS, 100).refunded()).isEqualByComparingTo("7");
        assertThat(gates.check(PROJECTS).used()).isZero();
        assertThat(inLedger(PROJECTS)).isZero();
    }

    @Test
    void whatTheHostCountsIsCountedUnderTheLock() {
        Plg plg = plg();
        var rows = new AtomicInteger();

        List<Boolean> allowed = Race.of(
                12,
                number -> plg.inTransaction(tx -> {
                    boolean admitted = tx.workspace(acme())
                            .gates()
                            .admit(PROJECTS, 1, rows::get)
                            .allowed();
                    if (admitted) {
                        rows.incrementAndGet();
                    }
                    return admitted;
                }));

        assertThat(allowed.stream().filter(each -> each)).hasSize(3);
        assertThat(rows).hasValue(3);
        assertThatThrownBy(() -> plg.workspace(acme()).gates().admit(PROJECTS, 1, rows::get))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("transaction");
        assertThat(plg.workspace(acme()).gates().check(PROJECTS).used()).isEqualTo(3);
    }

    @Test
    void whatIsHeldCountsAgainstTheLimitUntilItIsSettled() {
        Gates gates = plg().workspace(acme()).gates();
        gates.consumeOrThrow(EXPORTS, 1);

        Reservation.Held held =
                gates.reserve(EXPORTS, 3, Duration.ofMinutes(10)).orThrow();
        assertThat(held.decision().held()).isEqualTo(3);
        assertThat(held.decision().remaining()).isEqualTo(1);
        assertThat(gates.consume(EXPORTS, 2).allowed()).isFalse();

        Settlement settled = gates.confirm(held.id(), 2);
        assertThat(settled.outcome()).isEqualTo(Settlement.Outcome.CONFIRMED);
        assertThat(settled.decision().orElseThrow().used()).isEqualTo(3);
        assertThat(settled.decision().orElseThrow().held()).isZero();
        assertThat(gates.confirm(held.id(), 2).outcome()).isEqualTo(Settlement.Outcome.CONFIRMED);
        assertThat(gates.release(held.id()).outcome()).isEqualTo(Settlement.Outcome.CONFIRMED);
        assertThat(gates.check(EXPORTS).used()).isEqualTo(3);
        assertThat(inLedger(EXPORTS)).isEqualTo(3);
        assertThat(ledger(EXPORTS).stream().mapToLong(Entry::held).sum()).isZero();

        Reservation.Held second =
                gates.reserve(EXPORTS, 2, Duration.ofMinutes(10)).orThrow();
        assertThat(gates.release(second.id()).outcome()).isEqualTo(Settlement.Outcome.RELEASED);
        assertThat(gates.release(second.id()).outcome()).isEqualTo(Settlement.Outcome.RELEASED);
        assertThat(gates.check(EXPORTS).remaining()).isEqualTo(2);
        assertThat(gates.confirm(UUID.randomUUID()).outcome()).isEqualTo(Settlement.Outcome.UNKNOWN);
    }

    @Test
    void whatIsHeldAndForgottenIsFreeWhenItExpires() {
        Gates gates = plg().workspace(acme()).gates();
        Reservation.Held held =
                gates.reserve(EXPORTS, 5, Duration.ofMinutes(10)).orThrow();
        assertThat(held.expiresAt()).isEqualTo(clock().instant().plus(Duration.ofMinutes(10)));
        assertThat(gates.consume(EXPORTS).allowed()).isFalse();

        clock().advance(Duration.ofMinutes(10));

        assertThat(gates.check(EXPORTS).held()).isZero();
        assertThat(gates.consume(EXPORTS, 5).allowed()).isTrue();
        assertThat(gates.confirm(held.id()).outcome()).isEqualTo(Settlement.Outcome.EXPIRED);
        assertThat(gates.check(EXPORTS).used()).isEqualTo(5);
    }

    @Test
    void moreThanWasHeldIsAskedForWhenItIsConfirmed() {
        Gates gates = plg().workspace(acme()).gates();
        Reservation.Held held =
                gates.reserve(EXPORTS, 2, Duration.ofMinutes(10)).orThrow();

        assertThat(gates.confirm(held.id(), 6).outcome()).isEqualTo(Settlement.Outcome.LIMIT_REACHED);
        assertThat(gates.check(EXPORTS).held()).isEqualTo(2);
        assertThat(gates.confirm(held.id(), 4).outcome()).isEqualTo(Settlement.Outcome.CONFIRMED);
        assertThat(gates.check(EXPORTS).used()).isEqualTo(4);
    }

    @Test
    void grantsAreUsedUpInOrderAndTakeBackWhatCameFromThem() {
        Plg plg = plg();
        Entitlements entitlements = plg.workspace(acme()).entitlements();
        Instant now = clock().instant();
        entitlements.override(EXPORTS, Limit.of(0).warn().withoutThresholds());
        UUID g1 = entitlements.grant(Grant.of(EXPORTS, 100).priority(1).until(now.plus(Duration.ofDays(30))));
        UUID g2 = entitlements.grant(Grant.of(EXPORTS, 50).priority(1).until(now.plus(Duration.ofDays(10))));
        UUID g3 = entitlements.grant(Grant.of(EXPORTS, 200).priority(2));
        Gates gates = plg.workspace(acme()).gates();

        GateDecision first = gates.consumeOrThrow(EXPORTS, 120);
        assertThat(balances(gates, g1, g2, g3)).containsExactly(30L, 0L, 200L);
        assertThat(first.source()).isEqualTo(Source.GRANT);
        assertThat(first.limit()).isEqualTo(350);
        gates.consumeOrThrow(EXPORTS, 280);
        assertThat(balances(gates, g1, g2, g3)).containsExactly(0L, 0L, 0L);
        assertThat(gates.check(EXPORTS).overage()).isEqualTo(50);

        assertThat(gates.refund(EXPORTS, 60).refunded()).isEqualByComparingTo("60");
        assertThat(balances(gates, g1, g2, g3)).containsExactly(0L, 0L, 10L);
        assertThat(gates.check(EXPORTS).overage()).isZero();
        assertThat(gates.refund(EXPORTS, first.receipt().orElseThrow()).refunded())
                .isEqualByComparingTo("120");
        assertThat(balances(gates, g1, g2, g3)).containsExactly(70L, 50L, 10L);
        assertThat(gates.refund(EXPORTS, first.receipt().orElseThrow()).refunded())
                .isEqualByComparingTo("0");
        assertThat(inLedger(EXPORTS)).isEqualTo(220);

        assertThat(entitlements.end(g3)).isTrue();
        assertThat(entitlements.end(g3)).isFalse();
        assertThat(gates.check(EXPORTS).remaining()).isEqualTo(120);
        clock().advance(Duration.ofDays(10));
        assertThat(gates.check(EXPORTS).remaining()).isEqualTo(70);
    }

    private static List<Long> balances(Gates gates, UUID... grants) {
        var allowances = gates.explain(EXPORTS).allowances();
        return Stream.of(grants)
                .map(id -> allowances.stream()
                        .filter(each -> each.id().equals(id.toString()))
                        .map(each -> each.remaining().orElseThrow().longValueExact())
                        .findFirst()
                        .orElse(-1L))
                .toList();
    }

    @Test
    void aGrantOfACapRaisesTheLimitWhileItIsActive() {
        Plg plg = plg();
        plg.workspace(acme())
                .entitlements()
                .grant(Grant.of(PROJECTS, 2).until(clock().instant().plus(Duration.ofDays(7))));
        Gates gates = plg.workspace(acme()).gates();
        gates.consumeOrThrow(PROJECTS, 5);
        assertThat(gates.consume(PROJECTS).allowed()).isFalse();

        clock().advance(Duration.ofDays(7));

        GateDecision after = gates.check(PROJECTS);
        assertThat(after.limit()).isEqualTo(3);
        assertThat(after.overage()).isEqualTo(2);
        assertThat(after.allowed()).isFalse();
    }

    @Test
    void aPlanChangeHoldsForTheNextConsumption() {
        Plg plg = plg();
        Gates gates = plg.workspace(acme()).gates();
        Entitlements entitlements = plg.workspace(acme()).entitlements();
        gates.consumeOrThrow(EXPORTS, 5);
        assertThat(gates.allows(API)).isFalse();
        assertThat(entitlements.plan()).isEqualTo(new PlanVersion("free", 1));

        entitlements.assignPlan("starter");
        assertThat(gates.allows(API)).isTrue();
        assertThat(gates.consume(EXPORTS).allowed()).isTrue();
        assertThat(gates.check(EXPORTS).limit()).isEqualTo(50);

        entitlements.assignPlan("free");
        assertThat(gates.allows(API)).isFalse();
        GateDecision denied = gates.consume(EXPORTS);
        assertThat(denied.allowed()).isFalse();
        assertThat(denied.used()).isEqualTo(6);
        assertThat(denied.overage()).isEqualTo(1);
    }

    @Test
    void aPlanCanBeAssignedFromATimeOnAndTriedForATime() {
        Plg plg = plg();
        Gates gates = plg.workspace(acme()).gates();
        Entitlements entitlements = plg.workspace(acme()).entitlements();
        entitlements.assignPlan(
                PlanVersion.latestOf("growth"), clock().instant().plus(Duration.ofDays(20)));
        assertThat(gates.allows(API)).isFalse();

        entitlements.startTrial("starter");
        assertThat(gates.allows(API)).isTrue();
        assertThat(gates.check(EXPORTS).source()).isEqualTo(Source.TRIAL);
        clock().advance(Duration.ofDays(14));
        assertThat(gates.allows(API)).isFalse();
        assertThat(gates.check(EXPORTS).source()).isEqualTo(Source.PLAN);
        clock().advance(Duration.ofDays(6));
        assertThat(gates.allows(API)).isTrue();
        assertThat(entitlements.plan().plan()).isEqualTo("growth");

        assertThatThrownBy(() -> entitlements.assignPlan("gold"))
                .isInstanceOf(UnknownPlan.class)
                .hasMessageContaining("gold");
        assertThatThrownBy(() -> entitlements.startTrial("free")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void addOnsOverridesAndUnlocksSayWhereTheyComeFrom() {
        Plg plg = plg();
        Gates gates = plg.workspace(acme()).gates();
        Entitlements entitlements = plg.workspace(acme()).entitlements();

        UUID addOn = entitlements.addOn("extra_exports", 2);
        assertThat(gates.check(EXPORTS).limit()).isEqualTo(205);
        assertThat(gates.check(EXPORTS).source()).isEqualTo(Source.ADD_ON);
        UUID override = entitlements.override(EXPORTS, Limit.of(7));
        assertThat(gates.check(EXPORTS).limit()).isEqualTo(7);
        assertThat(gates.check(EXPORTS).source()).isEqualTo(Source.OVERRIDE);
        entitlements.end(override);
        entitlements.end(addOn);
        assertThat(gates.check(EXPORTS).limit()).isEqualTo(5);

        entitlements.unlock(SUPPORT, Duration.ofDays(2));
        assertThat(gates.check(SUPPORT).source()).isEqualTo(Source.GRANT);
        assertThat(gates.allows(SUPPORT)).isTrue();
        clock().advance(Duration.ofDays(2));
        assertThat(gates.allows(SUPPORT)).isFalse();
        entitlements.addOn("support", 1);
        assertThat(gates.allows(SUPPORT)).isTrue();
        entitlements.override(SUPPORT, false);
        assertThat(gates.allows(SUPPORT)).isFalse();
        assertThat(gates.explain(SUPPORT).steps()).anyMatch(step -> step.contains("override of priority_support: off"));

        assertThatThrownBy(() -> entitlements.addOn("gold", 1)).isInstanceOf(UnknownFeature.class);
        assertThatThrownBy(() -> entitlements.addOn("support", 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> entitlements.grant(Grant.of(Feature.cap("unheard_of"), 1)))
                .isInstanceOf(UnknownFeature.class);
    }

    @Test
    void whatTheCatalogDoesNotKnowIsDenied() {
        Gates gates = plg().workspace(acme()).gates();
        Feature.Quota unknown = Feature.quota("unheard_of", Every.DAY);
        Feature.Quota otherPeriod = Feature.quota("exports", Every.DAY);

        for (Feature.Quota each : List.of(unknown, otherPeriod)) {
            assertThat(gates.allows(each)).isFalse();
            assertThat(gates.check(each).reason()).isEqualTo(Reason.FEATURE_NOT_FOUND);
            assertThat(gates.consume(each).reason()).isEqualTo(Reason.FEATURE_NOT_FOUND);
            assertThat(gates.reserve(each, 1, Duration.ofMinutes(1)).decision().reason())
                    .isEqualTo(Reason.FEATURE_NOT_FOUND);
            assertThat(gates.refund(each, 1).refunded()).isEqualByComparingTo("0");
        }
        assertThat(gates.allows(Feature.flag("unheard_of"))).isFalse();
        assertThat(gates.check(API).reason()).isEqualTo(Reason.NOT_IN_PLAN);
    }

    @Test
    void aShorterWindowLimitsToo() {
        Plg plg = plg();
        plg.workspace(acme()).entitlements().assignPlan("starter");
        Gates gates = plg.workspace(acme()).gates();

        gates.consumeOrThrow(EXPORTS, 10);
        GateDecision denied = gates.consume(EXPORTS);
        assertThat(denied.reason()).isEqualTo(Reason.WINDOW_LIMIT_REACHED);
        assertThat(denied.resetsAt()).contains(Instant.parse("2026-04-13T00:00:00Z"));
        clock().advance(Duration.ofDays(1));
        for (int day = 0; day < 4; day++) {
            gates.consumeOrThrow(EXPORTS, 10);
            clock().advance(Duration.ofDays(1));
        }
        assertThat(gates.consume(EXPORTS).reason()).isEqualTo(Reason.LIMIT_REACHED);
    }

    @Test
    void aLimitThatWarnsCountsTheOverage() {
        Plg plg = plg();
        plg.workspace(acme()).entitlements().assignPlan("starter");
        Gates gates = plg.workspace(acme()).gates();

        GateDecision over = gates.consume(CALLS, 1200);
        assertThat(over.allowed()).isTrue();
        assertThat(over.reason()).isEqualTo(Reason.OVER_LIMIT);
        assertThat(over.severity()).isEqualTo(Severity.GRACE);
        assertThat(over.overage()).isEqualTo(200);
        assertThat(gates.consume(CALLS, 5).overage()).isEqualTo(205);
        assertThat(gates.consume(CALLS, 5).overage()).isEqualTo(210);
        clock().advance(Period.ofMonths(1));
        assertThat(gates.check(CALLS).overage()).isZero();
    }

    @Test
    void aLimitWithGraceMayBeExceededForATime() {
        Plg plg = plg();
        plg.workspace(acme()).entitlements().assignPlan("growth");
        Gates gates = plg.workspace(acme()).gates();
        gates.consumeOrThrow(SEATS, 20);
        assertThat(gates.check(SEATS).graceEndsAt()).isEmpty();

        GateDecision over = gates.consume(SEATS);
        Instant end = clock().instant().plus(Duration.ofDays(3));
        assertThat(over.reason()).isEqualTo(Reason.WITHIN_GRACE);
        assertThat(over.severity()).isEqualTo(Severity.GRACE);
        assertThat(over.graceEndsAt()).contains(end);
        clock().advance(Duration.ofDays(2));
        assertThat(gates.consume(SEATS).graceEndsAt()).contains(end);
        clock().advance(Duration.ofDays(1));
        assertThat(gates.consume(SEATS).reason()).isEqualTo(Reason.GRACE_ENDED);
        gates.refund(SEATS, 3);
        assertThat(gates.consume(SEATS).reason()).isEqualTo(Reason.WITHIN_LIMIT);
    }

    @Test
    void aMemberHasALimitWithinTheWorkspace() {
        Plg plg = plg();
        plg.workspace(acme()).entitlements().assignPlan("growth");
        Gates ada = plg.workspace(acme()).gates().by(user("ada"));
        Gates bob = plg.workspace(acme()).gates().by(user("bob"));

        ada.consumeOrThrow(EXPORTS, 20);
        GateDecision denied = ada.consume(EXPORTS);
        assertThat(denied.reason()).isEqualTo(Reason.MEMBER_LIMIT_REACHED);
        assertThat(denied.limit()).isEqualTo(20);
        assertThat(ada.allows(EXPORTS)).isFalse();
        assertThat(bob.consume(EXPORTS).allowed()).isTrue();
        assertThat(plg.workspace(acme()).gates().consume(EXPORTS, 30).used()).isEqualTo(51);
        ada.refund(EXPORTS, 1);
        assertThat(ada.check(EXPORTS).remaining()).isEqualTo(1);
        clock().advance(Period.ofMonths(1));
        assertThat(ada.consume(EXPORTS).allowed()).isTrue();
    }

    @Test
    void amountsWithDecimalsAreExact() {
        Gates gates = plg().workspace(acme()).gates();

        for (int i = 0; i < 15; i++) {
            assertThat(gates.consume(STORAGE, new BigDecimal("0.1")).allowed()).isTrue();
        }
        GateDecision full = gates.check(STORAGE, new BigDecimal("0.001"));
        assertThat(full.allowed()).isFalse();
        assertThat(full.decimal().used()).isEqualByComparingTo("1.5");
        assertThat(full.decimal().limit().orElseThrow()).isEqualByComparingTo("1.5");
        assertThatThrownBy(full::used).isInstanceOf(IllegalStateException.class).hasMessageContaining("decimal()");
        assertThat(gates.refund(STORAGE, new BigDecimal("0.25")).refunded()).isEqualByComparingTo("0.25");
        GateDecision one = gates.consume(STORAGE, new BigDecimal("0.125"));
        assertThat(gates.refund(STORAGE, one.receipt().orElseThrow()).refunded())
                .isEqualByComparingTo("0.125");
        assertThat(inLedger(STORAGE)).isEqualTo(1250);
    }

    @Test
    void badAmountsAreRefusedAndNothingIsCounted() {
        Gates gates = plg().workspace(acme()).gates();

        for (long amount : new long[] {0, -1, Long.MIN_VALUE}) {
            assertThatThrownBy(() -> gates.consume(EXPORTS, amount))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(Long.toString(amount));
            assertThatThrownBy(() -> gates.check(EXPORTS, amount)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> gates.refund(EXPORTS, amount)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> gates.reserve(EXPORTS, amount, Duration.ofMinutes(1)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        for (String amount : List.of("0.0001", "1e18", "1e999999999", "-0.5")) {
            assertThatThrownBy(() -> gates.consume(STORAGE, new BigDecimal(amount)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("storage_gb");
        }
        assertThatThrownBy(() -> gates.consume(EXPORTS, new BigDecimal("0.5")))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> gates.set(PROJECTS, -1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> gates.reserve(EXPORTS, 1, Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> gates.refund(EXPORTS, new io.plg.gate.Receipt("nonsense")))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(ledger(EXPORTS)).isEmpty();
        assertThat(ledger(STORAGE)).isEmpty();
    }

    @Test
    void periodsFollowTheWorkspacesAnchorAndZone() {
        Plg plg = plg();
        plg.workspace(acme())
                .entitlements()
                .periodsFrom(Instant.parse("2026-01-31T10:00:00Z"), ZoneId.of("Europe/Berlin"));
        Gates gates = plg.workspace(acme()).gates();

        // 11:00 in Berlin, in winter and in summer.
        assertThat(gates.consume(EXPORTS).resetsAt()).contains(Instant.parse("2026-04-30T09:00:00Z"));
        clock().set(Instant.parse("2026-04-30T08:59:59Z"));
        assertThat(gates.consume(EXPORTS).used()).isEqualTo(2);
        clock().set(Instant.parse("2026-04-30T09:00:00Z"));
        assertThat(gates.consume(EXPORTS).used()).isEqualTo(1);
        assertThat(gates.check(EXPORTS).resetsAt()).contains(Instant.parse("2026-05-31T09:00:00Z"));

        Entitlements entitlements = plg.workspace(acme()).entitlements();
        assertThatThrownBy(() -> entitlements.periodsFrom(Instant.parse("2400-01-01T00:00:00Z"), ZoneId.of("UTC")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("anchor");
    }

    @Test
    void aNewAnchorEndsTheRunningPeriodWithoutClearingIt() {
        Plg plg = plg();
        Gates gates = plg.workspace(acme()).gates();
        gates.consumeOrThrow(EXPORTS, 4);

        plg.workspace(acme()).entitlements().periodsFrom(Instant.parse("2026-04-20T00:00:00Z"), ZoneId.of("UTC"));

        assertThat(gates.check(EXPORTS).used()).isEqualTo(4);
        assertThat(gates.check(EXPORTS).resetsAt()).contains(Instant.parse("2026-04-20T00:00:00Z"));
        clock().set(Instant.parse("2026-04-21T00:00:00Z"));
        assertThat(gates.check(EXPORTS).used()).isZero();
        assertThat(gates.check(EXPORTS).resetsAt()).contains(Instant.parse("2026-05-20T00:00:00Z"));
    }

    @Test
    void aPreviewTellsWhatADowngradeWouldPutOverTheLimit() {
        Plg plg = plg();
        plg.workspace(acme()).entitlements().assignPlan("growth");
        Gates gates = plg.workspace(acme()).gates();
        gates.consumeOrThrow(PROJECTS, 8);
        gates.consumeOrThrow(SEATS, 2);

        PlanPreview preview = gates.previewPlan("free");

        assertThat(preview.from().plan()).isEqualTo("growth");
        assertThat(preview.overLimit()).singleElement().satisfies(change -> {
            assertThat(change.feature()).isEqualTo(PROJECTS);
            assertThat(change.excess()).isEqualByComparingTo("5");
        });
        assertThat(preview.changes()).extracting(PlanPreview.Change::feature).contains(API, SUPPORT, EXPORTS, SEATS);
        assertThat(gates.check(PROJECTS).unlimited()).isTrue();
        assertThatThrownBy(() -> gates.previewPlan("gold")).isInstanceOf(UnknownPlan.class);
    }

    @Test
    void allGatesAreAnsweredAtOnce() {
        Gates gates = plg().workspace(acme()).gates();
        gates.consumeOrThrow(EXPORTS, 2);

        List<GateDecision> all = gates.checkAll();

        assertThat(all).extracting(GateDecision::feature).containsExactlyElementsOf(PLANS.features());
        assertThat(all)
                .filteredOn(each -> each.feature().equals(EXPORTS))
                .singleElement()
                .satisfies(each -> {
                    assertThat(each.used()).isEqualTo(2);
                    assertThat(each.allowed()).isTrue();
                });
    }

    @Test
    void aResolverTellsThePlanAtOnce() {
        var plan = new String[] {"free"};
        Plg plg = plg(builder ->
                builder.plans(PLANS).planResolver(workspace -> java.util.Optional.of(PlanVersion.latestOf(plan[0]))));
        Gates gates = plg.workspace(acme()).gates();
        gates.consumeOrThrow(EXPORTS, 5);
        assertThat(gates.consume(EXPORTS).allowed()).isFalse();

        plan[0] = "growth";
        assertThat(gates.consume(EXPORTS).limit()).isEqualTo(500);
        plan[0] = "free";
        assertThat(gates.consume(EXPORTS).allowed()).isFalse();
        plan[0] = "gone";
        GateDecision flagged = gates.consume(EXPORTS);
        assertThat(flagged.allowed()).isFalse();
        assertThat(flagged.source()).isEqualTo(Source.FALLBACK);
        assertThat(flagged.planVersion()).contains(new PlanVersion("free", 1));
        assertThatThrownBy(() -> plg.workspace(acme()).entitlements().assignPlan("growth"))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void afterTheDeletionOfAWorkspaceEveryCallSaysSo() {
        Plg plg = plg();
        Gates gates = plg.workspace(acme()).gates();
        gates.consumeOrThrow(EXPORTS, 2);
        gates.consumeOrThrow(EXPORTS, 1);

        plg.workspaces().delete(acme());

        List<Runnable> calls = new ArrayList<>(List.of(
                () -> gates.consume(EXPORTS),
                () -> gates.check(EXPORTS),
                () -> gates.allows(API),
                gates::checkAll,
                () -> gates.reserve(EXPORTS, 1, Duration.ofMinutes(1)),
                () -> gates.refund(EXPORTS, 1),
                () -> gates.confirm(UUID.randomUUID()),
                () -> plg.workspace(acme()).entitlements().assignPlan("growth"),
                () -> plg.workspace(acme()).entitlements().facts()));
        for (Runnable call : calls) {
            assertThatThrownBy(call::run).isInstanceOf(WorkspaceDeleted.class);
        }
    }

    @Test
    void theLedgerKeepsItsBalanceWhenAUserIsErased() {
        Plg plg = plg();
        plg.workspace(acme()).entitlements().assignPlan("growth");
        Gates ada = plg.workspace(acme()).gates().by(user("ada"));
        ada.consumeOrThrow(EXPORTS, 3);
        ada.consumeOrThrow(CALLS, 7);
        ada.consumeOrThrow(CALLS, 7);
        assertThat(ledger(EXPORTS)).extracting(Entry::actor).containsExactly(user("ada"));

        plg.users().erase(user("ada"));

        assertThat(inLedger(EXPORTS)).isEqualTo(3);
        assertThat(inLedger(CALLS)).isEqualTo(14);
        assertThat(ledger(EXPORTS)).extracting(Entry::actor).containsOnlyNulls();
        assertThat(ledger(CALLS)).extracting(Entry::actor).containsOnlyNulls();
        assertThat(plg.workspace(acme()).gates().check(EXPORTS).used()).isEqualTo(3);
        assertThatThrownBy(() -> ada.consume(EXPORTS)).isInstanceOf(UserErased.class);
        assertThatThrownBy(() -> ada.consume(CALLS)).isInstanceOf(UserErased.class);
    }

    @Test
    void workspacesDoNotShareLimits() {
        Plg plg = plg();
        plg.workspace(acme()).gates().consumeOrThrow(EXPORTS, 5);

        GateDecision other = plg.workspace(workspace("globex")).gates().consume(EXPORTS, 5);

        assertThat(other.allowed()).isTrue();
        assertThat(other.used()).isEqualTo(5);
    }

    @Test
    void anUpgradeIsCreditedToThePromptThatWasShown() {
        Plg plg = plg();
        Gates gates = plg.workspace(acme()).gates();
        gates.consumeOrThrow(EXPORTS, 5);
        var prompts = plg.workspace(acme()).prompts();
        assertThat(prompts.offer(user("ada"), gates.check(EXPORTS))).isPresent();

        plg.workspace(acme()).entitlements().assignPlan("starter");

        Instant now = clock().instant();
        assertThat(prompts.conversions(now.minusSeconds(1), now.plusSeconds(1)))
                .singleElement()
                .satisfies(each -> assertThat(each.upgraded()).isEqualTo(1));
    }

    @Test
    void aConsumptionIsTakenBackFromTheMemberWhoseItWas() {
        Plg plg = plg();
        plg.workspace(acme()).entitlements().assignPlan("growth");
        Gates gates = plg.workspace(acme()).gates();
        Gates ada = gates.by(user("ada"));
        GateDecision lastMonth = ada.consumeOrThrow(EXPORTS, 8);
        clock().advance(Period.ofMonths(1));
        GateDecision now = ada.consumeOrThrow(EXPORTS, 9);
        gates.consumeOrThrow(EXPORTS, 5);

        ada.refund(EXPORTS, lastMonth.receipt().orElseThrow());
        assertThat(ada.check(EXPORTS).remaining()).as("of a month that is over").isEqualTo(11);
        assertThat(gates.check(EXPORTS).used()).isEqualTo(14);

        gates.refund(EXPORTS, now.receipt().orElseThrow());
        assertThat(ada.check(EXPORTS).remaining())
                .as("given back by somebody else")
                .isEqualTo(20);
        assertThat(gates.check(EXPORTS).used()).isEqualTo(5);

        ada.consumeOrThrow(EXPORTS, 2);
        assertThat(ada.refund(EXPORTS, 10).refunded()).as("no more than hers").isEqualByComparingTo("2");
        assertThat(gates.check(EXPORTS).used()).isEqualTo(5);
    }

    @Test
    void aReceiptOfAnotherFeatureIsRefused() {
        Gates gates = plg().workspace(acme()).gates();
        GateDecision exports = gates.consumeOrThrow(EXPORTS, 1);
        gates.consumeOrThrow(CALLS, 70);

        assertThatThrownBy(() -> gates.refund(CALLS, exports.receipt().orElseThrow()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("api_calls");
        assertThat(gates.check(CALLS).used()).isEqualTo(70);
    }

    @Test
    void anUpgradeIsOfferedOnlyIfItWouldHelp() {
        Plg plg = plg();
        Gates gates = plg.workspace(acme()).gates();
        gates.consumeOrThrow(EXPORTS, 5);
        assertThat(gates.check(EXPORTS, 5).upgrade().plan()).contains("starter");
        assertThat(gates.check(EXPORTS, 12).upgrade().plan())
                .as("starter allows ten a day")
                .contains("growth");
        assertThat(gates.reserve(CALLS, 90, Duration.ofMinutes(1))
                        .decision()
                        .upgrade()
                        .plan())
                .as("what is held is not counted twice")
                .contains("starter");

        plg.workspace(acme()).entitlements().override(EXPORTS, Limit.of(5));
        assertThat(gates.check(EXPORTS).upgrade().plan())
                .as("an override holds on every plan")
                .isEmpty();
    }

    @Test
    void nearTheLimitOfAWindowOrOfAShareIsApproaching() {
        Plg plg = plg();
        Entitlements entitlements = plg.workspace(acme()).entitlements();
        entitlements.override(EXPORTS, Limit.of(1000).atMost(10, Every.DAY).perMember(100));
        Gates gates = plg.workspace(acme()).gates();

        assertThat(gates.consume(EXPORTS, 7).severity()).isEqualTo(Severity.OK);
        assertThat(gates.consume(EXPORTS).severity()).isEqualTo(Severity.APPROACHING);
        assertThat(gates.consume(EXPORTS).severity()).isEqualTo(Severity.APPROACHING);
        assertThat(gates.consume(EXPORTS).severity()).isEqualTo(Severity.AT_LIMIT);

        entitlements.override(EXPORTS, Limit.of(1000).perMember(10));
        Gates ada = gates.by(user("ada"));
        assertThat(ada.consume(EXPORTS, 7).severity()).isEqualTo(Severity.OK);
        assertThat(ada.consume(EXPORTS).severity()).isEqualTo(Severity.APPROACHING);
    }

    @Test
    void anUnlimitedFeatureWithAWindowIsLimitedByIt() {
        Plg plg = plg();
        plg.workspace(acme()).entitlements().override(CALLS, Limit.unlimited().atMost(10, Every.DAY));
        Gates gates = plg.workspace(acme()).gates();
        assertThat(gates.allows(CALLS)).isTrue();

        assertThat(gates.consume(CALLS, 4).remaining()).isEqualTo(6);
        assertThat(gates.consume(CALLS, 3).remaining()).isEqualTo(3);
        assertThat(gates.consume(CALLS, 3).remaining()).isZero();

        assertThat(gates.allows(CALLS)).isFalse();
        assertThat(gates.consume(CALLS).reason()).isEqualTo(Reason.WINDOW_LIMIT_REACHED);
        gates.refund(CALLS, 1);
        assertThat(gates.allows(CALLS)).isTrue();
    }

    @Test
    void boughtDuringATrialIsAnUpgradeTooAndAPlanAssignedAgainEndsTheOneBefore() {
        Plg plg = plg();
        Gates gates = plg.workspace(acme()).gates();
        Entitlements entitlements = plg.workspace(acme()).entitlements();
        gates.consumeOrThrow(EXPORTS, 5);
        var prompts = plg.workspace(acme()).prompts();
        prompts.offer(user("ada"), gates.check(EXPORTS));
        entitlements.startTrial("starter");
        entitlements.assignPlan("starter");

        Instant now = clock().instant();
        assertThat(prompts.conversions(now.minusSeconds(1), now.plusSeconds(1)))
                .singleElement()
                .satisfies(each -> assertThat(each.upgraded()).isEqualTo(1));
        entitlements.assignPlan(new PlanVersion("free", 1));
        entitlements.assignPlan(PlanVersion.latestOf("starter"), now.minusSeconds(60));
        assertThat(entitlements.plan().plan()).isEqualTo("starter");
        assertThat(entitlements.facts())
                .filteredOn(fact -> fact.kind().equals("plan") && fact.endsAt().isEmpty())
                .hasSize(1);
    }

    @Test
    void anAmountOfAnySizeIsRefusedInAMoment() {
        Gates gates = plg().workspace(acme()).gates();
        for (String amount : List.of("-1e999999999", "0E-999999999", "1E2147483647", "1e-999999999")) {
            assertThatThrownBy(() -> gates.consume(STORAGE, new BigDecimal(amount)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> Grant.of(STORAGE, new BigDecimal("-1e999999999")))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aLeasedSliceAnswersFromMemoryAndReturnsWhatWasNotUsed() {
        Plg plg = plg();
        Gates gates = plg.workspace(acme()).gates();
        gates.consumeOrThrow(CALLS, 10);

        try (LeasedQuota slice = gates.lease(CALLS, 40)) {
            for (int i = 0; i < 12; i++) {
                assertThat(slice.tryConsume()).isTrue();
            }
            GateDecision seen = gates.check(CALLS);
            assertThat(seen.used())
                    .as("what is opened is counted before it is given out")
                    .isBetween(22L, 50L);
            assertThat(seen.held()).as("the rest of the slice is held").isPositive();
            assertThat(gates.consume(CALLS, 60).allowed())
                    .as("what is leased is not there for others")
                    .isFalse();
        }

        GateDecision after = gates.check(CALLS);
        assertThat(after.used()).isEqualTo(22);
        assertThat(after.held()).isZero();
        assertThat(inLedger(CALLS)).isEqualTo(22);
    }

    @Test
    void severalSlicesAndOthersNeverExceedALimitAndReachIt() {
        Plg plg = plg();
        Gates gates = plg.workspace(acme()).gates();
        var used = new AtomicInteger();

        try (LeasedQuota one = gates.lease(CALLS, 30);
                LeasedQuota other = gates.lease(CALLS, 30)) {
            Race.of(8, number -> {
                for (int i = 0; i < 20; i++) {
                    boolean got = number % 3 == 0
                            ? gates.consume(CALLS).allowed()
                            : (number % 3 == 1 ? one : other).tryConsume();
                    if (got) {
                        used.incrementAndGet();
                    }
                }
                return number;
            });
            assertThat(used.get()).isBetween(50, 100);
        }
        while (gates.consume(CALLS).allowed()) {
            used.incrementAndGet();
        }

        assertThat(used).hasValue(100);
        assertThat(inLedger(CALLS)).isEqualTo(100);
    }

    @Test
    void aSliceEndsWithItsPeriod() {
        Plg plg = plg();
        Gates gates = plg.workspace(acme()).gates();
        try (LeasedQuota slice = gates.lease(CALLS, 100)) {
            for (int i = 0; i < 100; i++) {
                assertThat(slice.tryConsume()).isTrue();
            }
            assertThat(slice.tryConsume()).isFalse();
            clock().advance(Period.ofMonths(1));
            assertThat(slice.tryConsume(90)).isTrue();
            assertThat(slice.tryConsume(20)).isFalse();
        }
        assertThat(gates.check(CALLS).used()).isEqualTo(90);
    }

    @Test
    void aSliceIsForTheWorkspaceAndOutsideOfTransactions() {
        Plg plg = plg();
        Gates gates = plg.workspace(acme()).gates();
        assertThatThrownBy(() -> gates.by(user("ada")).lease(CALLS, 10)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> plg.transact(tx -> {
                    tx.workspace(acme()).gates().lease(CALLS, 10);
                }))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> gates.lease(CALLS, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> gates.lease(Feature.quota("unheard_of", Every.DAY), 1))
                .isInstanceOf(UnknownFeature.class);
        LeasedQuota closed = gates.lease(CALLS, 10);
        closed.close();
        closed.close();
        assertThatThrownBy(closed::tryConsume).isInstanceOf(IllegalStateException.class);
        assertThat(gates.check(CALLS).remaining()).isEqualTo(100);
    }

    @Test
    void everyEntryOfTheLedgerSaysWhatItWas() {
        Plg plg = plg();
        Gates gates = plg.workspace(acme()).gates();
        gates.consumeOrThrow(EXPORTS, 2);
        Reservation.Held held = gates.reserve(EXPORTS, 2, Duration.ofMinutes(1)).orThrow();
        gates.confirm(held.id(), 1);
        gates.refund(EXPORTS, 1);
        gates.set(PROJECTS, 2);

        assertThat(ledger(EXPORTS).stream()
                        .sorted(java.util.Comparator.comparing(Entry::sequence))
                        .map(Entry::kind))
                .containsExactly(Kind.CONSUME, Kind.HOLD, Kind.CONFIRM, Kind.REFUND);
        assertThat(ledger(PROJECTS)).extracting(Entry::kind).containsExactly(Kind.SET);
    }

    @Test
    void aCatalogOfFlagsAloneKnowsATrialToo() {
        Plg plg = plg(builder -> builder.plans(PlanCatalog.builder()
                .plan("free", p -> {})
                .plan("pro", p -> p.trial(Duration.ofDays(14)).allow(API))
                .build()));
        plg.workspace(acme()).entitlements().startTrial("pro");

        assertThat(plg.workspace(acme()).gates().checkAll()).singleElement().satisfies(flag -> {
            assertThat(flag.allowed()).isTrue();
            assertThat(flag.source()).isEqualTo(Source.TRIAL);
        });
        assertThat(plg.workspace(acme()).gates().previewPlan("free").changes()).hasSize(1);
        clock().advance(Duration.ofDays(14));
        assertThat(plg.workspace(acme()).gates().checkAll())
                .extracting(GateDecision::allowed)
                .containsExactly(false);
    }

    @Test
    void whoConsumesForTheWorkspaceAndThenAsAMemberIsInNobodysWay() {
        Plg plg = plg();
        Plg setup = another();
        for (int round = 0; round < 4; round++) {
            WorkspaceId workspace = workspace("round" + round);
            setup.workspace(workspace)
                    .entitlements()
                    .override(EXPORTS, Limit.of(500).perMember(400));
            if (round % 2 == 1) {
                plg.workspace(workspace).gates().by(user("ada")).consumeOrThrow(EXPORTS);
            }
            Race.of(6, number -> {
                for (int i = 0; i < 8; i++) {
                    plg.transact(tx -> {
                        Gates gates = tx.workspace(workspace).gates();
                        if (number % 2 == 0) {
                            gates.consumeOrThrow(EXPORTS);
                        }
                        gates.by(user("ada")).consumeOrThrow(EXPORTS);
                    });
                }
                return number;
            });
            assertThat(plg.workspace(workspace).gates().check(EXPORTS).used()).isEqualTo(72 + round % 2);
        }
    }

    @Test
    void aWindowOfWhatIsOtherwiseUnlimitedIsCountedDown() {
        Plg plg = plg();
        plg.workspace(acme()).entitlements().override(EXPORTS, Limit.unlimited().atMost(10, Every.DAY));
        Gates gates = plg.workspace(acme()).gates();

        for (int left = 9; left >= 0; left--) {
            assertThat(gates.consume(EXPORTS).remaining()).isEqualTo(left);
        }
        assertThat(gates.consume(EXPORTS).allowed()).isFalse();
    }

    @Test
    void nodesThatSpreadAQuotaDifferentlyCountTheSame() {
        Plg wide = plg(builder -> builder.plans(PLANS).slots(EXPORTS, 8));
        Plg narrow = another();
        wide.workspace(acme()).entitlements().override(EXPORTS, Limit.of(60).withoutThresholds());

        for (int used = 1; used <= 60; used++) {
            Plg plg = used % 3 == 0 ? narrow : wide;
            // On another thread each, because that is what decides about the slot.
            long counted = Race.of(
                            1,
                            number -> plg.workspace(acme())
                                    .gates()
                                    .consume(EXPORTS)
                                    .used())
                    .get(0);
            assertThat(counted).isEqualTo(used);
        }
        for (Plg plg : List.of(wide, narrow)) {
            GateDecision denied = plg.workspace(acme()).gates().consume(EXPORTS);
            assertThat(denied.allowed()).isFalse();
            assertThat(denied.used()).isEqualTo(60);
        }
        assertThat(inLedger(EXPORTS)).isEqualTo(60);
    }

    private Plg another() {
        return new AnotherNode().clock(clock()).plans(PLANS).over(stores());
    }

    private static final class AnotherNode extends PlgBuilder<AnotherNode> {
        @Override
        protected AnotherNode self() {
            return this;
        }

        Plg over(PlgStores stores) {
            return assemble(stores);
        }
    }
}
