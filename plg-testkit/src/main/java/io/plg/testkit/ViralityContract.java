package io.plg.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.Plg;
import io.plg.PlgBuilder;
import io.plg.UserId;
import io.plg.WorkspaceDeleted;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationFunnel;
import io.plg.fraud.FraudPolicy;
import io.plg.referral.NewUser;
import io.plg.referral.ProgramCatalog;
import io.plg.referral.ReferralProgram;
import io.plg.referral.User;
import io.plg.reward.Stage;
import io.plg.virality.KFactor;
import io.plg.virality.ViralCounts;
import io.plg.virality.ViralCycle;
import io.plg.virality.Virality;
import io.plg.virality.ViralityStore;
import java.time.Duration;
import java.time.Instant;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What K and its parts are on every store, and that sums which a store keeps always equal the facts. */
@SuppressWarnings("NullAway") // what is null against expectation fails the test, as it should
public abstract class ViralityContract extends StoreContract {
    private static final Duration MICRO = Duration.ofNanos(1_000);
    private static final Duration WEEK = Duration.ofDays(7);
    private static final Instant MONDAY = Instant.parse("2026-01-05T00:00:00Z");
    private static final Instant FEBRUARY = Instant.parse("2026-02-01T00:00:00Z");
    private static final ReferralProgram PROGRAM =
            ReferralProgram.named("friends").withoutRewards().build();
    private static final ReferralProgram OTHER =
            ReferralProgram.named("partners").withoutRewards().build();

    /** Called by the adapter's test. */
    protected ViralityContract() {}

    // ---- what counts
    // ---------------------------------------------------------------------------------------------------

    @Test
    void whoSentNothingCountsInKAndNotInTheVariantPerSender() {
        Plg plg = product();
        activate(plg, "acme", "ada", MONDAY);
        activate(plg, "acme", "ben", MONDAY.plusSeconds(60));
        activate(plg, "acme", "cid", MONDAY.plus(Duration.ofDays(3)));
        activate(plg, "acme", "dot", MONDAY.plus(Duration.ofDays(3)));
        for (int i = 0; i < 4; i++) {
            invite(plg, "acme", "ada", MONDAY.plusSeconds(i));
        }
        invite(plg, "acme", "ben", MONDAY.plusSeconds(61));
        refer(plg, "acme", "ada", "eve");
        refer(plg, "acme", "ada", "fay");
        refer(plg, "acme", "ben", "gus");
        activate(plg, "acme", "eve", FEBRUARY.minus(MICRO)); // late: more than a week after
        activate(plg, "globex", "fay", MONDAY.plus(Duration.ofDays(2)));
        activate(plg, "globex", "gus", MONDAY.plus(Duration.ofDays(7)));

        KFactor k = k(plg, "acme", MONDAY, MONDAY.plus(WEEK)).orElseThrow();

        assertThat(k.counts()).isEqualTo(counts(4, 5, 2, 2, 2));
        assertThat(k.value()).isEqualTo(0.5);
        assertThat(k.invitationsPerMember()).isEqualTo(OptionalDouble.of(1.25));
        assertThat(k.conversion()).isEqualTo(OptionalDouble.of(0.4));
        assertThat(k.perSender()).isEqualTo(OptionalDouble.of(1));
        assertThat(k.window()).contains(WEEK);
        assertThat(k.mature()).isTrue();
        assertThat(counted(plg, "acme", MONDAY, FEBRUARY, Duration.ofDays(60)))
                .as("eve is a member now, and in time")
                .isEqualTo(counts(5, 5, 2, 3, 5));
    }

    @Test
    void theWindowRunsFromTheMembersOwnActivationAndIncludesBothEnds() {
        Plg plg = product();
        Instant activated = MONDAY.plusSeconds(1_234).plus(MICRO);
        Instant end = activated.plus(WEEK);
        activate(plg, "acme", "ada", activated);
        for (Instant at : List.of(activated.minus(MICRO), activated, end, end.plus(MICRO))) {
            invite(plg, "acme", "ada", at);
            String friend = "friend-" + at;
            refer(plg, "acme", "ada", friend);
            activate(plg, "acme", friend, at);
        }

        assertThat(counted(plg, "acme", activated, activated.plus(MICRO), WEEK))
                .as("ada, and the friend who was activated in the same moment")
                .isEqualTo(counts(2, 2, 1, 2, 4));
        assertThat(counted(plg, "acme", activated, activated.plus(MICRO), WEEK.minus(MICRO)))
                .isEqualTo(counts(2, 1, 1, 1, 1));
        assertThat(counted(plg, "acme", activated, activated.plus(MICRO), WEEK.plus(MICRO)))
                .isEqualTo(counts(2, 3, 1, 3, 9));
    }

    @Test
    void theCohortIsWhoWasActivatedFromTheStartUntilBeforeTheEnd() {
        Plg plg = product();
        Instant from = MONDAY.plusSeconds(3_600);
        Instant to = MONDAY.plus(Duration.ofDays(3)).plusSeconds(7);
        List<Instant> times = List.of(
                from.minus(MICRO),
                from,
                MONDAY.plus(Duration.ofDays(1)).minus(MICRO),
                MONDAY.plus(Duration.ofDays(1)),
                MONDAY.plus(Duration.ofDays(3)),
                to.minus(MICRO),
                to);
        times.forEach(at -> activate(plg, "acme", "at " + at, at));

        assertThat(counted(plg, "acme", from, to, WEEK)).isEqualTo(ViralCounts.ofMembers(0, 0, 0, 0, 0));
        assertThat(counted(plg, "acme", from, from.plus(MICRO), WEEK)).isEqualTo(ViralCounts.ofMembers(0));
        assertThat(counted(plg, "acme", from.plus(MICRO), from.plus(MICRO).plus(MICRO), WEEK))
                .isEqualTo(ViralCounts.none());
        assertThat(k(plg, "acme", from.plus(MICRO), from.plus(MICRO).plus(MICRO)))
                .as("nobody has no K")
                .isEmpty();
        assertThat(virality(plg, "acme").k(YearMonth.of(2026, 1), WEEK).map(KFactor::n))
                .contains(7L);
        assertThat(virality(plg, "acme").k(YearMonth.of(2025, 12), WEEK)).isEmpty();
        assertThat(counted(
                        plg,
                        "acme",
                        Instant.parse("0001-01-01T00:00:00Z"),
                        Instant.parse("9999-12-31T23:59:59Z"),
                        Duration.ofDays(36_500)))
                .isEqualTo(ViralCounts.ofMembers(0, 0, 0, 0, 0, 0, 0));
    }

    @Test
    void whatHasToDoWithInvitationsIsUnknownUntilOneIsRecordedInTheProgram() {
        Plg plg = product();
        activate(plg, "acme", "ada", MONDAY);
        refer(plg, "acme", "ada", "eve");
        activate(plg, "globex", "eve", MONDAY.plusSeconds(1));

        KFactor before = k(plg, "acme", MONDAY, FEBRUARY).orElseThrow();
        plg.workspace(workspace("acme")).referrals("partners").recordInvitation(user("ada"));
        KFactor otherProgram = k(plg, "acme", MONDAY, FEBRUARY).orElseThrow();
        invite(plg, "acme", "nobody", MONDAY);
        KFactor after = k(plg, "acme", MONDAY, FEBRUARY).orElseThrow();

        assertThat(before.counts()).isEqualTo(ViralCounts.ofMembers(1));
        assertThat(before.invitationsPerMember()).isEmpty();
        assertThat(before.perSender()).isEmpty();
        assertThat(otherProgram).isEqualTo(before);
        assertThat(after.counts())
                .as("one was recorded, of somebody who is no member")
                .isEqualTo(counts(1, 0, 0, 1, 1));
    }

    @Test
    void aCohortIsMatureFromTheMomentAtWhichTheWindowOfItsLastMemberMayBeOver() {
        Plg plg = product();
        activate(plg, "acme", "ada", MONDAY);
        Instant to = clock().instant().minus(WEEK);

        assertThat(k(plg, "acme", MONDAY, to).orElseThrow().mature()).isTrue();
        assertThat(k(plg, "acme", MONDAY, to.plus(MICRO)).orElseThrow().mature())
                .isFalse();
        clock().advance(MICRO);
        assertThat(k(plg, "acme", MONDAY, to.plus(MICRO)).orElseThrow().mature())
                .isTrue();
    }

    @Test
    void whoIsBoundAfterTheActivationCountsAsOfTheActivation() {
        Plg plg = product();
        activate(plg, "acme", "ada", MONDAY);
        activate(plg, "globex", "eve", MONDAY.plus(Duration.ofDays(2)));
        assertThat(counted(plg, "acme", MONDAY, FEBRUARY, WEEK)).isEqualTo(ViralCounts.ofMembers(0));

        String code = plg.workspace(workspace("acme"))
                .referrals()
                .linkOf(User.of(user("ada")))
                .code();
        assertThat(plg.signUps()
                        .attribute(code, NewUser.of(User.of(user("eve"))).in(workspace("globex")))
                        .attributed())
                .isTrue();

        assertThat(counted(plg, "acme", MONDAY, FEBRUARY, WEEK)).isEqualTo(ViralCounts.ofMembers(1));
    }

    @Test
    void aMemberWhoIsActivatedLastBringsInWhatWasDoneBeforeAndIsInTime() {
        Plg plg = product();
        refer(plg, "acme", "ada", "eve");
        refer(plg, "acme", "ada", "fay");
        activate(plg, "acme", "eve", MONDAY.plusSeconds(5));
        activate(plg, "acme", "fay", MONDAY.minusSeconds(5));
        invite(plg, "acme", "ada", MONDAY.plusSeconds(1));
        invite(plg, "acme", "ada", MONDAY.minusSeconds(1));
        assertThat(counted(plg, "acme", MONDAY, FEBRUARY, WEEK)).isEqualTo(counts(1, 0, 0, 0, 0));

        activate(plg, "acme", "ada", MONDAY);

        assertThat(counted(plg, "acme", MONDAY, FEBRUARY, WEEK)).isEqualTo(counts(2, 1, 1, 1, 1));
    }

    @Test
    void onlyTheAhaStepOfTheProgramsFunnelMakesAMemberAndItsFirstCompletionStays() {
        ActivationFunnel team = ActivationFunnel.named("team")
                .step(PROJECT)
                .aha(EXPORTED)
                .step(CREATED)
                .build();
        Plg plg = plg(builder -> builder.funnel(ONBOARDING)
                .funnel(team)
                .fraud(FraudPolicy.builder().build())
                .program(ReferralProgram.named("friends")
                        .funnel("team")
                        .withoutRewards()
                        .build()));
        activate(plg, "acme", "ada", MONDAY);
        plg.workspace(workspace("acme"))
                .activation(team)
                .completeAll(List.of(
                        PROJECT.by(user("ben")).at(MONDAY),
                        CREATED.by(user("ben")).at(MONDAY),
                        EXPORTED.by(user("cid")).at(MONDAY.plusSeconds(1)),
                        EXPORTED.by(user("cid")).at(MONDAY.minusSeconds(1))));
        assertThat(k(plg, "acme", MONDAY, FEBRUARY).map(KFactor::n)).contains(1L);
        plg.workspace(workspace("acme"))
                .activation(team)
                .complete(EXPORTED.by(user("cid")).at(MONDAY.minusSeconds(1)));
        assertThat(k(plg, "acme", MONDAY, FEBRUARY).map(KFactor::n)).contains(1L);
        assertThat(k(plg, "acme", MONDAY.minusSeconds(9), MONDAY)).isEmpty();
    }

    @Test
    void anInvitationThatIsToldAgainCountsOnce() {
        Plg plg = product();
        activate(plg, "acme", "ada", MONDAY);
        UUID id = UUID.randomUUID();
        for (int i = 0; i < 2; i++) {
            plg.workspace(workspace("acme")).referrals().recordInvitation(user("ada"), id, MONDAY.plusSeconds(i));
        }

        assertThat(counted(plg, "acme", MONDAY, FEBRUARY, WEEK)).isEqualTo(counts(1, 1, 1, 0, 0));
    }

    @Test
    void workspacesAndProgramsDoNotMix() {
        Plg plg = product();
        activate(plg, "acme", "ada", MONDAY);
        activate(plg, "globex", "ada", MONDAY);
        refer(plg, "acme", "ada", "eve");
        activate(plg, "globex", "eve", MONDAY.plusSeconds(1));
        invite(plg, "acme", "ada", MONDAY.plusSeconds(1));

        assertThat(counted(plg, "acme", MONDAY, MONDAY.plus(MICRO), WEEK)).isEqualTo(counts(1, 1, 1, 1, 1));
        assertThat(counted(plg, "globex", MONDAY, MONDAY.plus(MICRO), WEEK)).isEqualTo(ViralCounts.ofMembers(0));
        assertThat(plg.workspace(workspace("acme"))
                        .virality("partners")
                        .k(MONDAY, MONDAY.plus(MICRO), WEEK)
                        .map(KFactor::counts))
                .contains(ViralCounts.ofMembers(0));
        assertThatThrownBy(() -> plg.workspace(workspace("acme")).virality("enemies"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("enemies");
    }

    @Test
    void withoutAWindowKIsReferralsByMembersOfTheGraph() {
        Plg plg = product();
        assertThat(virality(plg, "acme").kOfGraph()).isEmpty();
        refer(plg, "acme", "ada", "ben");
        refer(plg, "acme", "ada", "cid");
        refer(plg, "acme", "ada", "dot");
        refer(plg, "acme", "cid", "eve");
        refer(plg, "acme", "fay", "gus");
        refer(plg, "globex", "hal", "ida");

        KFactor k = virality(plg, "acme").kOfGraph().orElseThrow();

        assertThat(k.counts()).isEqualTo(ViralCounts.ofMembers(3, 1, 1, 0, 0, 0, 0));
        assertThat(k.window()).isEmpty();
        plg.users().erase(user("ada"));
        assertThat(virality(plg, "acme").kOfGraph())
                .as("the shape of the graph stays")
                .contains(k);
    }

    @Test
    void theCycleTimeIsTheMedianBetweenTheTwoActivationsOfThoseWhoWereBroughtInTime() {
        Plg plg = product();
        assertThat(virality(plg, "acme").cycleTime(MONDAY, FEBRUARY)).isEmpty();
        activate(plg, "acme", "ada", MONDAY);
        activate(plg, "acme", "ben", MONDAY.plus(Duration.ofDays(1)));
        brought(plg, "ada", "one", MONDAY.plus(Duration.ofDays(2)));
        brought(plg, "ada", "two", MONDAY.plus(Duration.ofDays(10)));
        brought(plg, "ben", "three", MONDAY); // before ben
        brought(plg, "ben", "four", FEBRUARY); // not in the range
        brought(plg, "ben", "five", MONDAY.minus(MICRO)); // not in the range
        brought(plg, "nobody", "six", MONDAY.plus(WEEK)); // the referrer is not activated
        refer(plg, "acme", "ada", "seven"); // not activated

        ViralCycle cycle = virality(plg, "acme").cycleTime(MONDAY, FEBRUARY).orElseThrow();

        assertThat(cycle)
                .isEqualTo(ViralCycle.ofMicros(
                                micros(Duration.ofDays(2)), micros(Duration.ofDays(10)), micros(Duration.ofDays(-1)))
                        .orElseThrow());
        assertThat(cycle.p50()).isEqualTo(Duration.ofDays(2));
        assertThat(virality(plg, "acme").cycleTime(FEBRUARY, FEBRUARY.plus(MICRO)))
                .isEqualTo(ViralCycle.ofMicros(micros(Duration.ofDays(26))));
    }

    @Test
    void whatMakesNoSenseIsRefusedWithItsValue() {
        Plg plg = product();
        Virality virality = virality(plg, "acme");

        assertThatThrownBy(() -> virality.k(MONDAY, MONDAY, WEEK))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("from must be before to")
                .hasMessageContaining(MONDAY.toString());
        assertThatThrownBy(() -> virality.k(Instant.MIN, MONDAY, WEEK))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("from must be between");
        assertThatThrownBy(() -> virality.k(MONDAY, FEBRUARY, Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("window must be positive");
        assertThatThrownBy(() -> virality.k(MONDAY, FEBRUARY, Duration.ofNanos(1_500)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("microseconds");
        assertThatThrownBy(() -> virality.k(YearMonth.of(2026, 1), Duration.ofDays(36_501)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("36501");
        assertThatThrownBy(() -> virality.cycleTime(FEBRUARY, MONDAY)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void withoutProgramsOrFunnelsThereIsNothingToMeasure() {
        Plg noPrograms = Plg.inMemory().funnel(ONBOARDING).build();
        Plg noFunnels = Plg.inMemory().program(PROGRAM).build();

        assertThatThrownBy(() -> noPrograms.workspace("acme").virality())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("program");
        assertThatThrownBy(() -> noFunnels.workspace("acme").virality().k(MONDAY, FEBRUARY, WEEK))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("funnel");
        assertThat(noFunnels.workspace("acme").virality().kOfGraph()).isEmpty();
        noPrograms.close();
        noFunnels.close();
    }

    // ---- transactions and ends
    // ---------------------------------------------------------------------------------------------------

    @Test
    void aTransactionCountsWhatItHasWrittenAndARollbackTakesItBack() {
        Plg plg = product();
        activate(plg, "acme", "ada", MONDAY);
        ViralCounts before = counted(plg, "acme", MONDAY, FEBRUARY, WEEK);

        assertThatThrownBy(() -> plg.transact(tx -> {
                    invite(tx, "acme", "ada", MONDAY.plusSeconds(1));
                    activate(tx, "acme", "ben", MONDAY.plusSeconds(2));
                    assertThat(counted(tx, "acme", MONDAY, FEBRUARY, WEEK)).isEqualTo(counts(2, 1, 1, 0, 0));
                    throw new IllegalStateException("undone");
                }))
                .hasMessage("undone");

        assertThat(counted(plg, "acme", MONDAY, FEBRUARY, WEEK)).isEqualTo(before);
        invite(plg, "acme", "ada", MONDAY.plusSeconds(1));
        assertThat(counted(plg, "acme", MONDAY, FEBRUARY, WEEK)).isEqualTo(counts(1, 1, 1, 0, 0));
    }

    @Test
    void aPartOfATransactionThatIsUndoneDoesNotCount() {
        Plg plg = product();
        activate(plg, "acme", "ada", MONDAY);
        counted(plg, "acme", MONDAY, FEBRUARY, WEEK);

        plg.transact(tx -> {
            invite(tx, "acme", "ada", MONDAY.plusSeconds(1));
            assertThatThrownBy(() -> tx.transact(part -> {
                        invite(part, "acme", "ada", MONDAY.plusSeconds(2));
                        assertThat(counted(part, "acme", MONDAY, FEBRUARY, WEEK))
                                .isEqualTo(counts(1, 2, 1, 0, 0));
                        throw new IllegalStateException("undone");
                    }))
                    .hasMessage("undone");
            assertThat(counted(tx, "acme", MONDAY, FEBRUARY, WEEK)).isEqualTo(counts(1, 1, 1, 0, 0));
        });

        assertThat(counted(plg, "acme", MONDAY, FEBRUARY, WEEK)).isEqualTo(counts(1, 1, 1, 0, 0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"invitation", "activation", "referral"})
    void whatIsCommittedAfterSomebodyHasCountedIsCountedNextTime(String late) throws Exception {
        Plg plg = product();
        refer(plg, "acme", "ada", "eve");
        if (!late.equals("activation")) {
            activate(plg, "acme", "zoe", MONDAY); // so that the day is kept
        }
        var other = new ArrayList<Future<?>>();

        plg.transact(tx -> {
            switch (late) {
                case "invitation" -> invite(tx, "acme", "ada", MONDAY.plusSeconds(1));
                case "referral" -> activate(tx, "globex", "eve", MONDAY.plusSeconds(1));
                default -> activate(tx, "acme", "ada", MONDAY);
            }
            // Meanwhile somebody who cannot see that makes the rest true, and counts.
            Future<?> others = Race.inBackground(() -> {
                if (late.equals("activation")) {
                    invite(plg, "acme", "ada", MONDAY.plusSeconds(1));
                    activate(plg, "acme", "zoe", MONDAY);
                } else {
                    activate(plg, "acme", "ada", MONDAY);
                }
                return counted(plg, "acme", MONDAY, FEBRUARY, WEEK);
            });
            other.add(others);
            Race.giveTimeTo(others);
        });
        Race.resultOf(other.get(0));

        assertThat(counted(plg, "acme", MONDAY, MONDAY.plus(MICRO), WEEK))
                .isEqualTo(late.equals("referral") ? ViralCounts.ofMembers(1, 0) : counts(2, 1, 1, 0, 0));
        assertKeptEqualsFacts(plg, "acme", MONDAY, FEBRUARY);
    }

    @Test
    void anErasedUserIsNoMemberAndStillCountsForWhoBroughtTheUser() {
        Plg plg = product();
        activate(plg, "acme", "ada", MONDAY);
        activate(plg, "acme", "ben", MONDAY);
        brought(plg, "ada", "eve", MONDAY.plusSeconds(1));
        brought(plg, "ben", "fay", MONDAY.plusSeconds(1));
        invite(plg, "acme", "ada", MONDAY);
        invite(plg, "acme", "ben", MONDAY);
        assertThat(counted(plg, "acme", MONDAY, MONDAY.plus(WEEK), WEEK)).isEqualTo(counts(4, 2, 2, 2, 2));
        assertThat(counted(plg, "acme", MONDAY, MONDAY.plus(WEEK), MICRO)).isEqualTo(counts(4, 2, 2, 0, 0));

        plg.users().erase(user("ada"));
        plg.users().erase(user("fay"));

        assertThat(counted(plg, "acme", MONDAY, MONDAY.plus(WEEK), WEEK)).isEqualTo(counts(2, 1, 1, 1, 1));
        assertThat(counted(plg, "acme", MONDAY, MONDAY.plus(WEEK), MICRO)).isEqualTo(counts(2, 1, 1, 0, 0));
        assertThat(virality(plg, "acme").cycleTime(MONDAY, FEBRUARY).map(ViralCycle::n))
                .as("with nobody as the referrer there is no start")
                .contains(1L);
    }

    @Test
    void aDeletedWorkspaceIsRefusedAndOthersStayAsTheyAre() {
        Plg plg = product();
        activate(plg, "acme", "ada", MONDAY);
        activate(plg, "globex", "ben", MONDAY);
        counted(plg, "acme", MONDAY, FEBRUARY, WEEK);
        ViralCounts globex = counted(plg, "globex", MONDAY, FEBRUARY, WEEK);

        assertThat(plg.workspaces().delete(workspace("acme")).complete()).isTrue();

        Virality virality = virality(plg, "acme");
        for (ThrowingCallable call : List.<ThrowingCallable>of(
                () -> virality.k(MONDAY, FEBRUARY, WEEK),
                () -> virality.k(YearMonth.of(2026, 1), WEEK),
                virality::kOfGraph,
                () -> virality.cycleTime(MONDAY, FEBRUARY),
                () -> stores().virality().recomputed(workspace("acme"), loop(plg), MONDAY, FEBRUARY, WEEK))) {
            assertThatThrownBy(call).isInstanceOf(WorkspaceDeleted.class);
        }
        assertThat(counted(plg, "globex", MONDAY, FEBRUARY, WEEK)).isEqualTo(globex);
        assertThat(plg.workspaces().delete(workspace("acme")).rows())
                .as("nothing is left")
                .isZero();
    }

    // ---- kept sums and facts
    // ---------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void whatIsKeptEqualsTheFactsAfterAnyHistory(long seed) {
        Plg plg = product();
        Plg inMemory = settings(Plg.inMemory()).clock(clock()).build();
        var history = new Histories(plg, new Random(seed));
        var same = new Histories(inMemory, new Random(seed));
        for (int i = 0; i < 60; i++) {
            history.step();
            same.step();
            if (i % 6 == 0) {
                Instant from = history.time();
                same.time();
                assertKeptEqualsFacts(plg, "acme", from, FEBRUARY);
                assertThat(counted(plg, "acme", from, FEBRUARY, WEEK))
                        .isEqualTo(counted(inMemory, "acme", from, FEBRUARY, WEEK));
            }
        }
        ViralCounts all = counted(plg, "acme", MONDAY, FEBRUARY, WEEK);
        assertThat(all).isEqualTo(counted(inMemory, "acme", MONDAY, FEBRUARY, WEEK));
        assertThat(virality(plg, "acme").cycleTime(MONDAY, FEBRUARY))
                .isEqualTo(virality(inMemory, "acme").cycleTime(MONDAY, FEBRUARY));
        assertThat(virality(plg, "acme").kOfGraph())
                .isEqualTo(virality(inMemory, "acme").kOfGraph());
        assertThat(all.converted()).as("somebody has brought somebody").isPositive();
        inMemory.close();
    }

    @Test
    void whatIsKeptEqualsTheFactsAfterManyHaveWrittenAndCountedAtTheSameTime() {
        Plg plg = product();
        var writing = new AtomicBoolean(true);

        Race.of(6, number -> {
            var history = new Histories(plg, new Random(number));
            if (number >= 4) {
                while (writing.get()) {
                    counted(plg, "acme", MONDAY, FEBRUARY, number == 4 ? WEEK : Duration.ofDays(1));
                }
                return 0;
            }
            for (int i = 0; i < 40; i++) {
                history.step();
            }
            if (number == 0) {
                writing.set(false);
            }
            return 0;
        });

        assertKeptEqualsFacts(plg, "acme", MONDAY, FEBRUARY);
        assertThat(counted(plg, "acme", MONDAY, FEBRUARY, WEEK).members())
                .as("something was counted")
                .isPositive();
    }

    // ---- what an operator sees
    // ---------------------------------------------------------------------------------------------------

    @Test
    void anOperatorSeesTheSumOverAllWorkspaces() {
        Assumptions.assumeTrue(stores().operator().isPresent(), "this adapter was built without operator reports");
        String unique = UUID.randomUUID().toString();
        ActivationFunnel funnel =
                ActivationFunnel.named("all-" + unique).aha(EXPORTED).build();
        ReferralProgram program =
                ReferralProgram.named("all-" + unique).withoutRewards().build();
        Plg plg = plg(builder -> builder.funnel(funnel)
                .program(program)
                .fraud(FraudPolicy.builder().build()));
        for (int w = 0; w < 3; w++) {
            for (int u = 0; u <= w; u++) {
                activate(plg, "w" + w, "w" + w + "u" + u, MONDAY.plusSeconds(u));
            }
            invite(plg, "w" + w, "w" + w + "u0", MONDAY.plusSeconds(1));
        }
        refer(plg, "w1", "w1u0", "w2u1");
        refer(plg, "w1", "w1u0", "w2u2");
        counted(plg, "w1", MONDAY, FEBRUARY, WEEK);
        activate(plg, "w0", "late", MONDAY.plusSeconds(9));
        plg.workspace(workspace("w1")).referrals().reached(user("w2u1"), Stage.ACTIVATION); // now, which is too late

        Optional<KFactor> all = plg.operator().virality(program.name(), MONDAY, FEBRUARY, WEEK);

        assertThat(all.map(KFactor::counts)).contains(counts(7, 3, 3, 0, 0));
        assertThat(plg.operator()
                        .virality(program.name(), MONDAY, FEBRUARY, Duration.ofDays(300))
                        .map(KFactor::counts))
                .contains(counts(7, 3, 3, 1, 1));
        assertThat(all.orElseThrow().mature()).isTrue();
        activate(plg, "w3", "without", MONDAY);
        assertThat(plg.operator()
                        .virality(program.name(), MONDAY, FEBRUARY, WEEK)
                        .map(KFactor::counts))
                .as("of w3 nobody knows whether anybody was invited")
                .contains(ViralCounts.ofMembers(0, 0, 0, 0, 0, 0, 0, 0));
        plg.workspaces().delete(workspace("w3"));
        plg.workspaces().delete(workspace("w2"));
        assertThat(plg.operator()
                        .virality(program.name(), MONDAY, FEBRUARY, WEEK)
                        .map(KFactor::counts))
                .contains(counts(4, 2, 2, 0, 0));
        assertThat(plg.operator().virality(program.name(), FEBRUARY, FEBRUARY.plus(MICRO), WEEK))
                .isEmpty();
        assertThatThrownBy(() -> plg.operator().virality("enemies", MONDAY, FEBRUARY, WEEK))
                .isInstanceOf(IllegalArgumentException.class);
    }

    // ---- words
    // ---------------------------------------------------------------------------------------------------

    private Plg product() {
        return plg(ViralityContract::settings);
    }

    private static <B extends PlgBuilder<?>> B settings(B builder) {
        builder.funnel(ONBOARDING)
                .programs(ProgramCatalog.of(PROGRAM, OTHER))
                .fraud(FraudPolicy.builder().build());
        return builder;
    }

    private Virality virality(Plg plg, String workspace) {
        return plg.workspace(workspace(workspace)).virality();
    }

    private Optional<KFactor> k(Plg plg, String workspace, Instant from, Instant to) {
        return virality(plg, workspace).k(from, to, WEEK);
    }

    private ViralCounts counted(Plg plg, String workspace, Instant from, Instant to, Duration window) {
        return virality(plg, workspace).k(from, to, window).map(KFactor::counts).orElse(ViralCounts.none());
    }

    private static ViralCounts counts(long members, long invitations, long senders, long converted, long squares) {
        return new ViralCounts(members, OptionalLong.of(invitations), OptionalLong.of(senders), converted, squares);
    }

    private void activate(Plg plg, String workspace, String user, Instant at) {
        plg.workspace(workspace(workspace))
                .activation(plg.funnels().get(0))
                .complete(EXPORTED.by(user(user)).at(at));
    }

    private void invite(Plg plg, String workspace, String user, Instant at) {
        plg.workspace(workspace(workspace)).referrals().recordInvitation(user(user), UUID.randomUUID(), at);
    }

    private boolean refer(Plg plg, String workspace, String referrer, String user) {
        String code = plg.workspace(workspace(workspace))
                .referrals()
                .linkOf(User.of(user(referrer)))
                .code();
        return plg.signUps().attribute(code, NewUser.of(User.of(user(user)))).attributed();
    }

    /** Of the workspace "acme". */
    private void brought(Plg plg, String referrer, String user, Instant activated) {
        refer(plg, "acme", referrer, user);
        activate(plg, "acme", user, activated);
    }

    private static long micros(Duration duration) {
        return duration.toSeconds() * 1_000_000;
    }

    private static ViralityStore.Loop loop(Plg plg) {
        return new ViralityStore.Loop("friends", plg.funnels().get(0).name(), EXPORTED.name());
    }

    private void assertKeptEqualsFacts(Plg plg, String workspace, Instant from, Instant to) {
        WorkspaceId where = workspace(workspace);
        for (Duration window : List.of(WEEK, Duration.ofDays(1))) {
            for (int again = 0; again < 2; again++) {
                assertThat(stores().virality().counts(where, loop(plg), from, to, window))
                        .isEqualTo(stores().virality().recomputed(where, loop(plg), from, to, window));
            }
        }
    }

    /** Anything that users do in January, in any order. */
    private final class Histories {
        private final Plg plg;
        private final Random random;

        Histories(Plg plg, Random random) {
            this.plg = plg;
            this.random = random;
        }

        void step() {
            switch (random.nextInt(5)) {
                case 0 -> activate(plg, "acme", anybody(), time());
                case 1 -> activate(plg, "globex", anybody(), time());
                case 2 -> refer(plg, "acme", anybody(), anybody());
                case 3 -> invite(plg, "acme", anybody(), time());
                default ->
                    plg.workspace(workspace("acme"))
                            .activation(ONBOARDING)
                            .completeAll(List.of(
                                    CREATED.by(someone()).at(time()),
                                    EXPORTED.by(someone()).at(time()),
                                    EXPORTED.by(someone()).at(time())));
            }
        }

        private String anybody() {
            return "user" + random.nextInt(25);
        }

        private UserId someone() {
            return user(anybody());
        }

        Instant time() {
            return MONDAY.plusSeconds(random.nextInt(20 * 86_400));
        }
    }
}
