package io.plg.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.OutcomeUnknown;
import io.plg.Plg;
import io.plg.PlgStores;
import io.plg.SettableClock;
import io.plg.StoreUnreachable;
import io.plg.TransactionConflict;
import io.plg.WorkspaceDeleted;
import io.plg.WorkspaceId;
import io.plg.gate.Gates;
import io.plg.gate.LeasedQuota;
import io.plg.memory.InMemoryStores;
import io.plg.plan.Every;
import io.plg.plan.Fallback;
import io.plg.plan.Feature;
import io.plg.plan.PlanCatalog;
import io.plg.prompt.PromptPolicy;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Period;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a slice does beside transactions, at the end of a period, and without its store. */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LeasedSliceTest {
    private static final Feature.Quota CALLS = Feature.quota("calls", Every.MONTH);
    private static final Feature.Quota PINGS = Feature.quota("pings", Every.MONTH);
    private static final PlanCatalog PLANS = PlanCatalog.builder()
            .plan("free", p -> p.limit(CALLS, 100).limit(PINGS, 100))
            .whenUnreachable(PINGS, Fallback.OPEN)
            .build();
    private static final WorkspaceId ACME = WorkspaceId.of("acme");

    private final SettableClock clock = SettableClock.at("2026-04-12T08:00:00Z");
    private final AtomicInteger transactions = new AtomicInteger();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final ExecutorService others = Executors.newCachedThreadPool();
    private volatile Runnable before = () -> {};
    private final Plg plg = PlgRuntime.assemble(
            stores(),
            new PlgRuntime.Settings(
                    List.of(),
                    List.of(),
                    clock,
                    PlgRuntime.systemIds(),
                    PlgRuntime.jackson(),
                    Duration.ZERO,
                    () -> PLANS,
                    null,
                    PlgRuntime.english(),
                    Map.of(),
                    PromptPolicy.standard(),
                    new PlgRuntime.RewardSettings(
                            null, io.plg.fraud.FraudPolicy.standard(), Map.of(), null, Duration.ZERO)));
    private final Gates gates = plg.workspace(ACME).gates();

    @AfterEach
    void end() {
        before = () -> {};
        others.shutdownNow();
        plg.close();
    }

    // --- transactions

    @Test
    void whatIsGivenOutInTransactionsThatRollBackIsCounted() throws Exception {
        int given = 0;
        try (LeasedQuota slice = gates.lease(CALLS, 40)) {
            for (int i = 0; i < 150; i++) {
                given += rolledBack(slice) ? 1 : 0;
                Thread.sleep(1);
            }
            assertThat(given).isPositive();
            while (slice.tryConsume()) {
                given++;
            }
        }
        assertThat(given).isEqualTo(100);
        assertThat(gates.check(CALLS).used()).isEqualTo(100);
    }

    private boolean rolledBack(LeasedQuota slice) {
        boolean[] had = {false};
        assertThatThrownBy(() -> plg.transact(tx -> {
                    had[0] = slice.tryConsume();
                    throw new IllegalArgumentException("roll back");
                }))
                .hasMessage("roll back");
        return had[0];
    }

    @Test
    void aSliceIsReadyForTransactionsAtOnceAndFilledUpForTheNext() throws Exception {
        try (LeasedQuota slice = gates.lease(CALLS, 40)) {
            plg.transact(tx -> {
                for (int i = 0; i < 5; i++) {
                    assertThat(slice.tryConsume()).isTrue();
                }
                assertThat(slice.tryConsume())
                        .as("nothing is opened inside of a transaction")
                        .isFalse();
            });
            await(() -> gates.check(CALLS).used() == 10);
            plg.transact(tx -> {
                assertThat(slice.tryConsume(5)).isTrue();
            });
        }
    }

    @Test
    void aTransactionThatHoldsTheStoreDoesNotWaitForWhoeverWaitsForTheStore() throws Exception {
        try (LeasedQuota slice = gates.lease(CALLS, 8)) {
            assertThat(slice.tryConsume()).isTrue();
            var asking = new Future<?>[1];
            plg.transact(tx -> {
                asking[0] = others.submit(() -> slice.tryConsume(20));
                Thread.sleep(300);
                long start = System.nanoTime();
                slice.tryConsume(30);
                assertThat(millisSince(start)).isLessThan(250);
            });
            assertThat(asking[0].get(10, TimeUnit.SECONDS)).isEqualTo(true);
        }
    }

    @Test
    void whoeverWaitsForTheStoreDoesNotWaitForEver() throws Exception {
        try (LeasedQuota slice = gates.lease(PINGS, 8)) {
            plg.transact(tx -> {
                Future<Boolean> asking = others.submit(() -> slice.tryConsume(20));
                assertThat(asking.get(5, TimeUnit.SECONDS))
                        .as("who is kept waiting by a lock is not without a store")
                        .isFalse();
            });
        }
    }

    @Test
    void aSliceThatIsClosedInATransactionIsReturnedAlsoIfThatRollsBack() throws Exception {
        LeasedQuota slice = gates.lease(CALLS, 40);
        slice.tryConsume(3);
        assertThatThrownBy(() -> plg.transact(tx -> {
                    slice.close();
                    throw new IllegalArgumentException("roll back");
                }))
                .hasMessage("roll back");
        await(() -> gates.check(CALLS).used() == 3 && gates.check(CALLS).held() == 0);
        assertThatIllegalStateException().isThrownBy(slice::tryConsume).withMessageContaining("closed");
    }

    // --- periods

    @Test
    void whatIsLeftOfAPeriodIsNotGivenOutInTheNextOne() throws Exception {
        int given = 0;
        try (LeasedQuota slice = gates.lease(CALLS, 64)) {
            // So little is left that more is opened, but when that begins the next period has begun.
            plg.transact(tx -> {
                for (int i = 0; i < 5; i++) {
                    assertThat(slice.tryConsume()).isTrue();
                }
                Thread.sleep(100);
                clock.advance(Period.ofMonths(1));
            });
            await(() -> gates.check(CALLS).used() > 0);
            while (slice.tryConsume()) {
                given++;
            }
            assertThat(given).isEqualTo(100);
        }
        assertThat(gates.check(CALLS).used()).isEqualTo(100);
    }

    @Test
    void whatIsLeftOfAPeriodIsNotReturnedToTheNextOne() throws Exception {
        try (LeasedQuota slice = gates.lease(CALLS, 64)) {
            assertThat(slice.tryConsume(2)).isTrue();
            clock.advance(Period.ofMonths(1));
            assertThat(slice.tryConsume(7)).isTrue();
        }
        assertThat(gates.check(CALLS).used()).isEqualTo(7);
        LeasedQuota old = gates.lease(CALLS, 64);
        clock.advance(Period.ofMonths(1));
        gates.consumeOrThrow(CALLS, 50);
        old.close();
        assertThat(gates.check(CALLS).used()).isEqualTo(50);
    }

    // --- the end

    @Test
    void noSliceKeepsTheOthersOrAnythingElseFromBeingClosed() {
        var slices = new ArrayList<LeasedQuota>();
        for (int i = 0; i < 3; i++) {
            slices.add(gates.lease(CALLS, 8));
        }
        before = () -> {
            throw new IllegalArgumentException("of the host");
        };
        slices.get(0).close();
        plg.close();
        assertThat(closed).isTrue();
        for (LeasedQuota each : slices) {
            assertThatIllegalStateException().isThrownBy(each::tryConsume);
        }
    }

    @Test
    void aDeletedWorkspaceEndsItsSlice() throws Exception {
        LeasedQuota slice = gates.lease(CALLS, 8);
        plg.workspaces().delete(ACME);
        assertThat(slice.tryConsume()).as("what was opened before is given out").isTrue();
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(slice::tryConsume).isInstanceOf(WorkspaceDeleted.class);
        }
        assertThatThrownBy(() -> gates.lease(CALLS, 8)).isInstanceOf(WorkspaceDeleted.class);
        int asked = transactions.get();
        Thread.sleep(2_300);
        slice.close();
        assertThat(transactions).as("nobody asks for it any longer").hasValue(asked);
    }

    // --- without the store

    @Test
    void withoutTheStoreNobodyQueuesUpForIt() throws Exception {
        LeasedQuota calls = gates.lease(CALLS, 8);
        LeasedQuota pings = gates.lease(PINGS, 8);
        calls.tryConsume();
        pings.tryConsume();
        await(() -> gates.check(CALLS).used() == 2 && gates.check(PINGS).used() == 2);
        before = () -> {
            sleep(400);
            throw new StoreUnreachable("no connection", new IllegalStateException("away"));
        };
        assertThat(calls.tryConsume()).as("what is open is given out").isTrue();
        assertThat(pings.tryConsume()).isTrue();
        int asked = transactions.get();
        long start = System.nanoTime();
        var answers = new ArrayList<Future<Boolean>>();
        for (int i = 0; i < 10; i++) {
            answers.add(others.submit(() -> calls.tryConsume()));
            answers.add(others.submit(() -> pings.tryConsume()));
        }
        for (int i = 0; i < answers.size(); i++) {
            assertThat(answers.get(i).get(10, TimeUnit.SECONDS)).isEqualTo(i % 2 == 1);
        }
        assertThat(millisSince(start)).isLessThan(1_500);
        assertThat(transactions.get() - asked).isLessThanOrEqualTo(4);

        // A minute of calls, as it were, asks seldom and seldom waits.
        asked = transactions.get();
        start = System.nanoTime();
        long slow = 0;
        int had = 0;
        while (millisSince(start) < 3_000) {
            long call = System.nanoTime();
            had += pings.tryConsume() ? 0 : 1;
            slow += millisSince(call) > 50 ? 1 : 0;
        }
        assertThat(had).as("the catalog says that all are allowed").isZero();
        assertThat(transactions.get() - asked).isBetween(1, 8);
        assertThat(slow).isLessThanOrEqualTo(6);

        before = () -> {};
        await(calls::tryConsume);
        pings.close();
        calls.close();
        assertThat(gates.check(CALLS).used()).isEqualTo(3);
        assertThat(gates.check(PINGS).held()).isZero();
    }

    @Test
    void aStoreThatLosesAConflictOrItsAnswerIsNotOutOfReach() {
        try (LeasedQuota slice = gates.lease(PINGS, 8)) {
            before = () -> {
                throw new TransactionConflict("lost", new IllegalStateException());
            };
            assertThat(slice.tryConsume(50)).isFalse();
            before = () -> {
                throw new OutcomeUnknown("who knows", new IllegalStateException());
            };
            sleep(150);
            assertThat(slice.tryConsume(50)).isFalse();
            before = () -> {};
            await(() -> slice.tryConsume(50));
        }
        assertThat(gates.check(PINGS).used()).isEqualTo(50);
    }

    @Test
    void moreIsOpenedAlsoWhileThereIsALotToTidy() throws Exception {
        var tidied = new CountDownLatch(1);
        try (LeasedQuota slice = gates.lease(CALLS, 40)) {
            ((PlgRuntime) plg).soon("tidy", root -> {
                try {
                    tidied.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            assertThat(slice.tryConsume(4)).isTrue();
            await(() -> gates.check(CALLS).used() == 10);
        } finally {
            tidied.countDown();
        }
    }

    @Test
    void aFlagOfInterruptionStaysAndIsNoReasonNotToAnswer() {
        try (LeasedQuota slice = gates.lease(CALLS, 8)) {
            Thread.currentThread().interrupt();
            assertThat(slice.tryConsume(50)).isTrue();
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void manyThreadsInAndOutsideOfTransactionsUseExactlyWhatThereIs() throws Exception {
        var given = new AtomicInteger();
        try (LeasedQuota slice = gates.lease(CALLS, 16)) {
            var all = new ArrayList<Future<?>>();
            for (int t = 0; t < 6; t++) {
                boolean inTransaction = t % 2 == 0;
                all.add(others.submit(() -> {
                    for (int i = 0; i < 60; i++) {
                        if (inTransaction ? rolledBack(slice) : slice.tryConsume()) {
                            given.incrementAndGet();
                        }
                    }
                    return null;
                }));
            }
            for (Future<?> each : all) {
                each.get(20, TimeUnit.SECONDS);
            }
        }
        assertThat(given.get()).isLessThanOrEqualTo(100);
        assertThat(gates.check(CALLS).used()).isEqualTo(given.get());
    }

    // --- what it stands on

    /** In memory, with something before each transaction that is not a part of another one. */
    private PlgStores stores() {
        InMemoryStores target = InMemoryStores.create();
        return (PlgStores) Proxy.newProxyInstance(
                PlgStores.class.getClassLoader(), new Class<?>[] {PlgStores.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("transact") && !target.inTransaction()) {
                        transactions.incrementAndGet();
                        before.run();
                    }
                    if (method.getName().equals("close")) {
                        closed.set(true);
                    }
                    try {
                        return method.invoke(target, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private static void await(BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertThat(millisSince(start)).isLessThan(10_000);
            sleep(5);
        }
    }

    private static long millisSince(long nanoTime) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanoTime);
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
