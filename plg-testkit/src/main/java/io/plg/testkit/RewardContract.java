package io.plg.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.Plg;
import io.plg.PlgBuilder;
import io.plg.UserErased;
import io.plg.event.GrowthEvent;
import io.plg.event.GrowthEvent.RewardStateChanged;
import io.plg.fraud.FraudEvaluators;
import io.plg.fraud.FraudPolicy;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Principal;
import io.plg.plan.Every;
import io.plg.referral.NewUser;
import io.plg.referral.ProgramCatalog;
import io.plg.referral.ReferralProgram;
import io.plg.referral.User;
import io.plg.reward.Benefit;
import io.plg.reward.Money;
import io.plg.reward.Party;
import io.plg.reward.Redemption;
import io.plg.reward.Redemption.Status;
import io.plg.reward.Reward;
import io.plg.reward.RewardCampaign;
import io.plg.reward.RewardCap;
import io.plg.reward.RewardFulfilment;
import io.plg.reward.RewardLedger;
import io.plg.reward.RewardLedger.Entry;
import io.plg.reward.RewardProvider;
import io.plg.reward.RewardRule;
import io.plg.reward.RewardState;
import io.plg.reward.Stage;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What is given for what happened, how often, and how it is taken back, on every store. */
@SuppressWarnings("NullAway") // what is null against expectation fails the test, as it should
public abstract class RewardContract extends StoreContract {
    private static final Duration MICRO = Duration.ofNanos(1_000);
    private static final Duration TWO_WEEKS = Duration.ofDays(14);
    private static final Stage PAID = Stage.FIRST_PAYMENT;
    private static final Operation<Redemption> REDEEM = Operation.financial("redeem-reward", Redemption.class);

    /** Called by the adapter's test. */
    protected RewardContract() {}

    // ---- what is earned
    // ---------------------------------------------------------------------------------------------------

    @Test
    void bothPartiesAreRewardedInTheCommitOfTheActivation() {
        Plg plg = product(rule(Stage.ACTIVATION).referred(dollars(5)));
        refer(plg, "ada", "lin");

        assertThatThrownBy(() -> plg.transact(tx -> {
                    activate(tx, "lin");
                    assertThat(tx.workspace(workspace("acme"))
                                    .rewards()
                                    .balanceOf(user("ada"))
                                    .money("USD"))
                            .isEqualTo(Money.of(20, "USD"));
                    throw new IllegalStateException("no");
                }))
                .hasMessage("no");
        assertThat(plg.workspace(workspace("globex"))
                        .activation(ONBOARDING)
                        .state(user("lin"))
                        .activated())
                .isFalse();
        assertThat(balance(plg, "ada")).isZero();
        assertThat(rewardsOf(plg, "lin")).isEmpty();

        activate(plg, "lin");
        activate(plg, "lin");

        assertThat(only(plg, "ada"))
                .satisfies(each -> assertThat(each.party()).isEqualTo(Party.REFERRER))
                .satisfies(each -> assertThat(each.state()).isEqualTo(RewardState.ISSUED))
                .satisfies(each -> assertThat(each.issuedAt()).contains(clock().instant()));
        assertThat(balance(plg, "ada")).isEqualTo(2_000);
        assertThat(balance(plg, "lin")).isEqualTo(500);
        assertThat(rewardsOf(plg, "lin"))
                .singleElement()
                .satisfies(each -> assertThat(each.party()).isEqualTo(Party.REFERRED));
    }

    @Test
    void ofThreadsThatTellOneActivationOneRewardComes() {
        Plg plg = product(rule(PAID).referred(dollars(5)));
        refer(plg, "ada", "lin");

        List<Boolean> news = Race.of(16, number -> reached(plg, "lin", PAID));

        assertThat(news).containsOnlyOnce(true);
        assertThat(balance(plg, "ada")).isEqualTo(2_000);
        assertThat(balance(plg, "lin")).isEqualTo(500);
    }

    @Test
    void eachPartyIsRewardedOnItsOwn() {
        Plg plg = product(
                rule(Stage.ACTIVATION).referred(dollars(5)).cap(RewardCap.perReferrer(1)),
                RewardRule.on(PAID).referred(dollars(3)));
        refer(plg, "ada", "lin");
        refer(plg, "ada", "eve");
        activate(plg, "lin");
        activate(plg, "eve");
        reached(plg, "eve", PAID);

        assertThat(balance(plg, "ada")).isEqualTo(2_000);
        assertThat(states(plg, "ada")).containsExactlyInAnyOrder(RewardState.ISSUED, RewardState.REJECTED);
        assertThat(rewardsOf(plg, "ada").stream()
                        .filter(each -> each.state() == RewardState.REJECTED)
                        .map(Reward::reason))
                .singleElement()
                .satisfies(reason -> assertThat(reason).contains("cap").contains("referrer:count"));
        assertThat(balance(plg, "lin")).isEqualTo(500);
        assertThat(balance(plg, "eve")).isEqualTo(800);
    }

    @Test
    void withoutRulesThirtyDaysGoToTheReferrerAndFourteenToTheReferred() {
        Plg plg = product();
        refer(plg, "ada", "lin");
        activate(plg, "lin");

        assertThat(plg.workspace(workspace("acme")).entitlements().plan().plan())
                .isEqualTo("starter");
        clock().advance(Duration.ofDays(14).minus(MICRO));
        assertThat(plg.workspace(workspace("globex")).entitlements().plan().plan())
                .isEqualTo("starter");
        clock().advance(MICRO);
        assertThat(plg.workspace(workspace("globex")).entitlements().plan().plan())
                .isEqualTo("free");
        clock().advance(Duration.ofDays(16).minus(MICRO));
        assertThat(plg.workspace(workspace("acme")).entitlements().plan().plan())
                .isEqualTo("starter");
        clock().advance(MICRO);
        assertThat(plg.workspace(workspace("acme")).entitlements().plan().plan())
                .isEqualTo("free");
    }

    @Test
    void eachStageEarnsItsOwnRewardOnce() {
        Stage wrote = Stage.of("wrote_a_review");
        Plg plg = product(
                RewardRule.on(Stage.SIGN_UP).referrer(dollars(1)).referred(dollars(2)),
                RewardRule.on(PAID).referrer(dollars(4)),
                RewardRule.on(wrote).referrer(dollars(8)));
        plg.signUps()
                .attribute(
                        code(plg, "acme", "ada"),
                        NewUser.of(User.of(user("lin"))).in(workspace("globex")));
        assertThat(balance(plg, "ada")).isEqualTo(100);
        assertThat(balance(plg, "lin")).isEqualTo(200);

        activate(plg, "lin");
        assertThat(balance(plg, "ada")).isEqualTo(100);
        for (int i = 0; i < 2; i++) {
            assertThat(reached(plg, "lin", PAID)).isEqualTo(i == 0);
            assertThat(reached(plg, "lin", wrote)).isEqualTo(i == 0);
        }
        assertThat(reached(plg, "nobody", PAID)).isFalse();
        assertThat(balance(plg, "ada")).isEqualTo(1_300);
    }

    @Test
    void tiersAndMilestonesGoByTheNumberOfTheReferral() {
        Plg plg = product(RewardRule.on(PAID)
                .referrer(dollars(1))
                .tier(3, dollars(10))
                .milestone(2, dollars(100))
                .milestone(4, dollars(1_000)));
        var balances = new ArrayList<Long>();
        for (int i = 0; i < 5; i++) {
            refer(plg, "ada", "u" + i);
            reached(plg, "u" + i, PAID);
            reached(plg, "u" + i, PAID);
            balances.add(balance(plg, "ada") / 100);
        }

        assertThat(balances).containsExactly(1L, 102L, 112L, 1_122L, 1_132L);
        assertThat(refunded(plg, "u1", PAID)).as("its reward and the milestone").isEqualTo(2);
        assertThat(balance(plg, "ada")).isEqualTo(103_100);
        assertThat(balance(plg, "bob")).isZero();
    }

    // ---- when it is given
    // ---------------------------------------------------------------------------------------------------

    @Test
    void aRewardIsHeldToTheMicrosecond() {
        Plg plg = product(rule(PAID).hold(TWO_WEEKS));
        refer(plg, "ada", "lin");
        reached(plg, "lin", PAID);
        Instant end = clock().instant().plus(TWO_WEEKS);

        clock().set(end.minus(MICRO));
        assertThat(only(plg, "ada"))
                .satisfies(each -> assertThat(each.state()).isEqualTo(RewardState.PENDING))
                .satisfies(each -> assertThat(each.dueAt()).contains(end));
        assertThat(balance(plg, "ada")).isZero();
        assertThat(ledger(plg, "acme").settle()).isZero();
        assertThat(ledger(plg, "acme").redeem(only(plg, "ada").id()).status()).isEqualTo(Status.NOT_YET);
        clock().set(end);
        assertThat(ledger(plg, "acme").settle()).isEqualTo(1);
        assertThat(only(plg, "ada").state()).isEqualTo(RewardState.ISSUED);
        assertThat(only(plg, "ada").issuedAt()).contains(end);
        assertThat(balance(plg, "ada")).isEqualTo(2_000);
        assertThat(ledger(plg, "acme").settle()).isZero();
        assertThat(ledger(plg, "acme").entriesOf(user("ada"))).hasSize(1);
    }

    @Test
    void whatIsDueIsGivenBeforeAnythingIsAnswered() {
        Plg plg = product(rule(PAID).hold(TWO_WEEKS));
        for (int i = 0; i < 250; i++) {
            refer(plg, "r" + i % 5, "u" + i);
            reached(plg, "u" + i, PAID);
        }
        clock().advance(TWO_WEEKS);

        assertThat(ledger(plg, "acme").spend(user("r0"), Money.of(1_000, "USD")))
                .isTrue();
        for (int i = 1; i < 5; i++) {
            assertThat(balance(plg, "r" + i)).isEqualTo(100_000);
        }
    }

    @Test
    void aRewardThatNeedsApprovalWaitsForItAndThenForTheRestOfItsHold() {
        Plg plg = product(rule(PAID).needsApproval().hold(TWO_WEEKS));
        for (String each : List.of("u1", "u2", "u3")) {
            refer(plg, "ada", each);
            reached(plg, each, PAID);
            clock().advance(Duration.ofMinutes(1));
        }
        List<UUID> flagged =
                ledger(plg, "acme").flagged(10).stream().map(Reward::id).toList();
        assertThat(flagged).hasSize(3);

        clock().advance(Duration.ofDays(1));
        assertThat(ledger(plg, "acme").approve(flagged.get(0)).orElseThrow().state())
                .isEqualTo(RewardState.PENDING);
        assertThat(ledger(plg, "acme").approve(flagged.get(0))).isEmpty();
        assertThat(ledger(plg, "acme").reject(flagged.get(1), "a farm").orElseThrow())
                .satisfies(each -> assertThat(each.state()).isEqualTo(RewardState.REJECTED))
                .satisfies(each -> assertThat(each.reason()).isEqualTo("a farm"));
        assertThat(ledger(plg, "acme").approve(flagged.get(1))).isEmpty();
        clock().advance(Duration.ofDays(20));
        assertThat(ledger(plg, "acme").approve(flagged.get(2)).orElseThrow().state())
                .isEqualTo(RewardState.ISSUED);
        assertThat(balance(plg, "ada")).isEqualTo(4_000);
        assertThatThrownBy(() -> ledger(plg, "acme").reject(flagged.get(2), "x".repeat(201)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("201");
    }

    @Test
    void aHeldRewardCanBeFlaggedAndLetGoOn() {
        Plg plg = product(rule(PAID).hold(TWO_WEEKS));
        refer(plg, "ada", "lin");
        reached(plg, "lin", PAID);
        UUID id = only(plg, "ada").id();

        assertThat(ledger(plg, "acme").flag(id, "odd").orElseThrow().state()).isEqualTo(RewardState.FLAGGED);
        assertThat(ledger(plg, "acme").flag(id, "odd")).isEmpty();
        clock().advance(TWO_WEEKS);
        assertThat(balance(plg, "ada")).isZero();
        assertThat(ledger(plg, "acme").approve(id).orElseThrow().state()).isEqualTo(RewardState.ISSUED);
        assertThat(ledger(plg, "acme").flag(id, "late")).isEmpty();
    }

    @Test
    void aRewardToRedeemIsGivenOnceAndInTime() {
        Plg plg = product(rule(PAID).hold(TWO_WEEKS).claimed(Duration.ofDays(7)));
        refer(plg, "ada", "lin");
        refer(plg, "ada", "eve");
        reached(plg, "lin", PAID);
        reached(plg, "eve", PAID);
        List<UUID> ids = rewardsOf(plg, "ada").stream().map(Reward::id).toList();
        RewardLedger acme = ledger(plg, "acme");

        assertThat(acme.redeem(ids.get(0)).status()).isEqualTo(Status.NOT_YET);
        clock().advance(TWO_WEEKS);
        assertThat(states(plg, "ada")).containsOnly(RewardState.APPROVED);
        assertThat(balance(plg, "ada")).isZero();
        assertThat(ledger(plg, "globex").redeem(ids.get(0)).status())
                .as("by another workspace")
                .isEqualTo(Status.UNKNOWN);
        assertThat(acme.redeem(UUID.randomUUID()).status()).isEqualTo(Status.UNKNOWN);
        clock().advance(Duration.ofDays(7).minus(MICRO));
        Redemption redeemed = acme.redeem(ids.get(0)).orThrow();
        assertThat(redeemed.rewardId()).isEqualTo(ids.get(0));
        assertThat(acme.redeem(ids.get(0)).status()).isEqualTo(Status.ALREADY_REDEEMED);
        clock().advance(MICRO);
        assertThat(acme.redeem(ids.get(1)).status()).isEqualTo(Status.EXPIRED);
        assertThat(states(plg, "ada")).containsExactlyInAnyOrder(RewardState.ISSUED, RewardState.CANCELED);
        assertThat(balance(plg, "ada")).isEqualTo(2_000);
        refunded(plg, "lin", PAID);
        refunded(plg, "eve", PAID);
        assertThat(acme.redeem(ids.get(0)).status().equals(Status.WITHDRAWN)
                        || acme.redeem(ids.get(1)).status().equals(Status.WITHDRAWN))
                .isTrue();
    }

    @Test
    void theTimeToRedeemBeginsWithTheApproval() {
        Plg plg = product(rule(PAID).needsApproval().claimed(Duration.ofDays(7)));
        refer(plg, "ada", "lin");
        reached(plg, "lin", PAID);
        UUID id = only(plg, "ada").id();
        clock().advance(Duration.ofDays(30));

        assertThat(ledger(plg, "acme").redeem(id).status()).isEqualTo(Status.NOT_YET);
        assertThat(ledger(plg, "acme").approve(id).orElseThrow())
                .satisfies(each -> assertThat(each.state()).isEqualTo(RewardState.APPROVED))
                .satisfies(each ->
                        assertThat(each.dueAt()).contains(clock().instant().plus(Duration.ofDays(7))));
        assertThat(ledger(plg, "acme").redeem(id).redeemed()).isTrue();
    }

    // ---- campaigns
    // ---------------------------------------------------------------------------------------------------

    @Test
    void aCampaignGivesEachUserOnceAndNoMoreThanThereIs() {
        Instant end = clock().instant().plus(Duration.ofDays(1));
        Plg plg = plg(withCampaign(campaign -> campaign.stock(3).until(end)));

        for (int i = 0; i < 5; i++) {
            String workspace = i % 2 == 0 ? "acme" : "globex";
            assertThat(ledger(plg, workspace)
                            .claim(name("launch"), user("u" + i))
                            .status())
                    .as("u%d", i)
                    .isEqualTo(i < 3 ? Status.REDEEMED : Status.LIMIT_REACHED);
            assertThat(ledger(plg, workspace)
                            .claim(name("launch"), user("u" + i))
                            .status())
                    .as("u%d again", i)
                    .isEqualTo(i < 3 ? Status.ALREADY_REDEEMED : Status.LIMIT_REACHED);
        }
        assertThat(balance(plg, "acme", "u0")).isEqualTo(500);
        assertThat(rewards(plg, "acme", "u0").get(0).party()).isEqualTo(Party.CLAIMANT);
        clock().set(end);
        assertThat(ledger(plg, "acme").claim(name("launch"), user("late")).status())
                .isEqualTo(Status.EXPIRED);
        assertThatThrownBy(() -> ledger(plg, "acme").claim("nothing", user("u0")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("nothing");
    }

    @Test
    void aClaimOfWhatCannotBeGivenAtPresentIsNotToldToBeGiven() {
        RewardCampaign.Builder launch =
                RewardCampaign.named(name("launch")).gives(dollars(5)).stock(1);
        var catalog = new AtomicReference<>(
                ProgramCatalog.builder().campaign(launch.build()).build());
        Plg plg = plg(builder -> settings(builder, catalog.get()).programs(catalog::get));
        catalog.set(ProgramCatalog.builder()
                .campaign(launch.gives(Benefit.custom("t-shirt", Map.of())).build())
                .build());

        assertThat(ledger(plg, "acme").claim(name("launch"), user("ada")).status())
                .isEqualTo(Status.NOT_YET);
        assertThat(ledger(plg, "acme").claim(name("launch"), user("ada")).status())
                .isEqualTo(Status.NOT_YET);
        assertThat(states(plg, "ada")).containsExactly(RewardState.FLAGGED);
        assertThat(only(plg, "ada").reason()).contains("t-shirt");
        assertThat(ledger(plg, "acme").entriesOf(user("ada"))).isEmpty();
    }

    @Test
    void ofThousandKeysOfOneBeneficiaryOneGrants() {
        Plg plg = plg(withCampaign(campaign -> campaign.stock(500)));

        List<Integer> redeemed = Race.of(20, number -> {
            int mine = 0;
            for (int i = 0; i < 50; i++) {
                Redemption redemption = plg.workspace(workspace("acme"))
                        .idempotency()
                        .execute(
                                REDEEM,
                                Principal.by(user("ada")),
                                IdempotencyKey.of("k" + number + "-" + i),
                                Fingerprint.of("launch"),
                                tx -> tx.rewards().claim(name("launch"), user("ada")))
                        .orThrow();
                mine += redemption.redeemed() ? 1 : 0;
            }
            return mine;
        });

        assertThat(redeemed.stream().mapToInt(Integer::intValue).sum()).isEqualTo(1);
        assertThat(balance(plg, "acme", "ada")).isEqualTo(500);
        assertThat(ledger(plg, "acme").entriesOf(user("ada"))).hasSize(1);
    }

    @Test
    void ofManyWhoRedeemOneRewardWithOneKeyOrWithManyOneDoes() {
        Plg plg = product(rule(PAID).claimed());
        for (boolean oneKey : new boolean[] {true, false}) {
            String who = oneKey ? "lin" : "eve";
            refer(plg, "ada", who);
            reached(plg, who, PAID);
            UUID id = rewardsOf(plg, "ada").stream()
                    .filter(each -> each.state() == RewardState.APPROVED)
                    .findFirst()
                    .orElseThrow()
                    .id();
            List<Redemption> redemptions = Race.of(
                    32,
                    number -> plg.workspace(workspace("acme"))
                            .idempotency()
                            .execute(
                                    REDEEM,
                                    Principal.by(user("ada")),
                                    IdempotencyKey.of(who + (oneKey ? "" : number)),
                                    Fingerprint.of(id.toString()),
                                    tx -> tx.rewards().redeem(id))
                            .orThrow());

            assertThat(redemptions.stream().filter(Redemption::redeemed))
                    .as(oneKey ? "the stored answer each time" : "one answer")
                    .hasSize(oneKey ? 32 : 1);
            assertThat(redemptions).extracting(Redemption::rewardId).containsOnly(id);
        }
        assertThat(balance(plg, "ada")).isEqualTo(4_000);
    }

    // ---- caps
    // ---------------------------------------------------------------------------------------------------

    @Test
    void aCapCountsForWhomItIsAndInItsPeriod() {
        clock().set(Instant.parse("2026-04-30T23:59:59.999999Z"));
        Plg plg = product(rule(PAID).cap(RewardCap.perReferrer(1, Every.MONTH)));
        pay(plg, "acme", "ada", "u1");
        pay(plg, "acme", "ada", "u2");
        pay(plg, "acme", "bob", "u3");
        pay(plg, "globex", "ada", "u4");
        assertThat(balance(plg, "acme", "ada")).isEqualTo(2_000);
        assertThat(balance(plg, "acme", "bob")).isEqualTo(2_000);
        assertThat(balance(plg, "globex", "ada")).isEqualTo(2_000);

        clock().advance(MICRO);
        pay(plg, "acme", "ada", "u5");
        pay(plg, "acme", "ada", "u6");
        assertThat(balance(plg, "acme", "ada")).as("another month").isEqualTo(4_000);
    }

    @Test
    void aCapOfAWorkspaceOrAProgramCountsOverAllReferrers() {
        Plg plg = product(rule(PAID).cap(RewardCap.perWorkspace(2)).cap(RewardCap.perProgram(3)));
        pay(plg, "acme", "ada", "u1");
        pay(plg, "acme", "bob", "u2");
        pay(plg, "acme", "kim", "u3");
        assertThat(balance(plg, "acme", "kim")).isZero();
        pay(plg, "globex", "eve", "u4");
        pay(plg, "globex", "eve", "u5");

        assertThat(balance(plg, "globex", "eve"))
                .as("what the workspace refused took nothing of the program")
                .isEqualTo(2_000);
        assertThat(rewards(plg, "globex", "eve").stream()
                        .filter(each -> each.state() == RewardState.REJECTED)
                        .map(Reward::reason))
                .singleElement()
                .satisfies(reason -> assertThat(reason).contains("program:count"));
    }

    @Test
    void aCapOfMoneyIsNeverExceededByTheLastOne() {
        Plg plg = product(rule(PAID).cap(RewardCap.perReferrer(Money.of(50, "USD"))));
        for (int i = 0; i < 4; i++) {
            pay(plg, "acme", "ada", "u" + i);
        }

        assertThat(balance(plg, "ada")).isEqualTo(4_000);
    }

    @Test
    void whatIsCanceledOrRefusedGivesItsCapBack() {
        Plg plg = product(rule(PAID)
                .needsApproval()
                .cap(RewardCap.perReferrer(1))
                .cap(RewardCap.perProgram(Money.of(20, "USD"))));
        pay(plg, "acme", "ada", "u1");
        pay(plg, "acme", "ada", "u2");
        assertThat(states(plg, "ada")).containsExactlyInAnyOrder(RewardState.FLAGGED, RewardState.REJECTED);

        assertThat(refunded(plg, "u1", PAID)).isEqualTo(1);
        pay(plg, "acme", "ada", "u3");
        ledger(plg, "acme").reject(flagged(plg), "no");
        pay(plg, "acme", "ada", "u4");
        ledger(plg, "acme").approve(flagged(plg));
        pay(plg, "acme", "ada", "u5");

        assertThat(balance(plg, "ada")).isEqualTo(2_000);
        var counts = new EnumMap<RewardState, Integer>(RewardState.class);
        states(plg, "ada").forEach(state -> counts.merge(state, 1, Integer::sum));
        assertThat(counts).isEqualTo(Map.of(RewardState.CANCELED, 1, RewardState.REJECTED, 3, RewardState.ISSUED, 1));
    }

    @Test
    void whatWasTakenBackDoesNotGiveItsCapBack() {
        Plg plg = product(rule(PAID).cap(RewardCap.perReferrer(1)));
        pay(plg, "acme", "ada", "u1");
        refunded(plg, "u1", PAID);
        pay(plg, "acme", "ada", "u2");

        assertThat(balance(plg, "ada")).isZero();
    }

    @Test
    void howeverManyComeAtTheSameTimeNoCapIsExceeded() {
        Plg plg = plg(builder -> settings(
                builder,
                ProgramCatalog.builder()
                        .program(program(
                                rule(PAID).cap(RewardCap.perReferrer(5)),
                                rule(PAID)
                                        .named("money")
                                        .referrer(dollars(3))
                                        .cap(RewardCap.perProgram(Money.of(10, "USD")))))
                        .campaign(RewardCampaign.named(name("launch"))
                                .gives(dollars(5))
                                .stock(7)
                                .build())
                        .build()));
        for (int i = 0; i < 64; i++) {
            refer(plg, "ada", "u" + i);
        }

        List<Status> claims = Race.of(64, number -> {
            reached(plg, "u" + number, PAID);
            return ledger(plg, "globex")
                    .claim(name("launch"), user("u" + number))
                    .status();
        });

        assertThat(balance(plg, "ada")).isEqualTo(5 * 2_000 + 3 * 300);
        assertThat(claims.stream().filter(Status.REDEEMED::equals)).hasSize(7);
        assertThat(claims.stream().filter(Status.LIMIT_REACHED::equals)).hasSize(57);
        long given = 0;
        for (int i = 0; i < 64; i++) {
            given += balance(plg, "globex", "u" + i);
        }
        assertThat(given).isEqualTo(7 * 500);
    }

    // ---- what is taken back
    // ---------------------------------------------------------------------------------------------------

    @Test
    void aRefundBeforeTheRewardIsGivenCancelsIt() {
        Plg plg = product(rule(PAID).referred(dollars(5)).hold(TWO_WEEKS));
        refer(plg, "ada", "lin");
        reached(plg, "lin", PAID);

        assertThat(refunded(plg, "lin", PAID)).isEqualTo(2);
        assertThat(refunded(plg, "lin", PAID)).isZero();
        clock().advance(TWO_WEEKS.multipliedBy(2));

        assertThat(states(plg, "ada")).containsExactly(RewardState.CANCELED);
        assertThat(states(plg, "lin")).containsExactly(RewardState.CANCELED);
        assertThat(balance(plg, "ada")).isZero();
        assertThat(ledger(plg, "acme").entriesOf(user("ada"))).isEmpty();
        assertThat(ledger(plg, "acme").redeem(only(plg, "ada").id()).status()).isEqualTo(Status.WITHDRAWN);
        assertThat(reached(plg, "lin", PAID))
                .as("it counts once, refunded or not")
                .isFalse();
    }

    @Test
    void aRefundAfterwardsWritesANegativeEntryUntilItIsTooLate() {
        Plg plg = product(rule(PAID).clawBackWithin(Duration.ofDays(10)));
        refer(plg, "ada", "lin");
        refer(plg, "ada", "eve");
        reached(plg, "lin", PAID);
        reached(plg, "eve", PAID);
        List<Entry> before = ledger(plg, "acme").entriesOf(user("ada"));
        clock().advance(Duration.ofDays(10));

        assertThat(refunded(plg, "lin", PAID)).isEqualTo(1);
        assertThat(refunded(plg, "lin", PAID)).isZero();
        List<Entry> after = ledger(plg, "acme").entriesOf(user("ada"));
        assertThat(after).hasSize(3).startsWith(before.toArray(Entry[]::new));
        assertThat(after.get(2).amount()).isEqualByComparingTo("-2000");
        assertThat(after.get(2).kind()).isEqualTo("taken_back");
        assertThat(after.get(2).at()).isEqualTo(clock().instant());
        clock().advance(MICRO);
        assertThat(refunded(plg, "eve", PAID)).isZero();
        assertThat(balance(plg, "ada")).isEqualTo(2_000);
        assertThat(states(plg, "ada")).containsExactlyInAnyOrder(RewardState.CLAWED_BACK, RewardState.ISSUED);
    }

    @Test
    void aRefundTakesBackWhatWasEarnedInTheWorkspaceThatTellsIt() {
        Plg plg = product(
                RewardRule.on(Stage.SIGN_UP).referrer(dollars(1)), rule(PAID).referred(dollars(5)));
        plg.signUps()
                .attribute(
                        code(plg, "acme", "ada"),
                        NewUser.of(User.of(user("lin"))).in(workspace("globex")));
        var initech = plg.workspace(workspace("initech")).referrals();
        initech.reached(user("lin"), PAID);
        assertThat(balance(plg, "initech", "lin")).isEqualTo(500);

        assertThat(initech.refunded(user("lin"), PAID)).isEqualTo(2);
        assertThat(balance(plg, "initech", "lin")).isZero();
        assertThat(balance(plg, "ada")).isEqualTo(100);
    }

    @Test
    void partsOfARefundAddUp() {
        Plg plg = product(rule(PAID).referrer(Benefit.accountCredit(Money.minor("USD", 1_001))));
        refer(plg, "ada", "lin");
        reached(plg, "lin", PAID);
        BigDecimal third = new BigDecimal("0.333333");

        refunded(plg, "lin", PAID, third);
        assertThat(balance(plg, "ada")).isEqualTo(1_001 - 334);
        refunded(plg, "lin", PAID, third);
        assertThat(balance(plg, "ada")).isEqualTo(1_001 - 667);
        assertThat(states(plg, "ada")).containsExactly(RewardState.ISSUED);
        assertThat(refunded(plg, "lin", PAID, new BigDecimal("0.9"))).isEqualTo(1);
        assertThat(balance(plg, "ada")).as("no more than all of it").isZero();
        assertThat(states(plg, "ada")).containsExactly(RewardState.CLAWED_BACK);
        assertThat(refunded(plg, "lin", PAID, third)).isZero();
        for (String wrong : List.of("0", "-0.1", "1.000001")) {
            assertThatThrownBy(() -> refunded(plg, "lin", PAID, new BigDecimal(wrong)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(wrong);
        }
    }

    @Test
    void aPartThatIsRefundedWhileTheRewardIsHeldIsTakenOffWhenItIsGiven() {
        Plg plg = product(rule(PAID).hold(TWO_WEEKS));
        refer(plg, "ada", "lin");
        reached(plg, "lin", PAID);

        assertThat(refunded(plg, "lin", PAID, new BigDecimal("0.25"))).isEqualTo(1);
        assertThat(states(plg, "ada")).containsExactly(RewardState.PENDING);
        clock().advance(TWO_WEEKS);
        assertThat(balance(plg, "ada")).isEqualTo(1_500);
        assertThat(ledger(plg, "acme").entriesOf(user("ada"))).hasSize(2);
        refunded(plg, "lin", PAID, new BigDecimal("0.75"));
        assertThat(balance(plg, "ada")).isZero();
    }

    @Test
    void aBalanceIsNotTakenBelowZeroUnlessTheRuleSaysSo() {
        Plg plg = product(
                rule(PAID), rule(Stage.of("strict")).referrer(dollars(10)).mayGoNegative());
        refer(plg, "ada", "lin");
        reached(plg, "lin", PAID);
        reached(plg, "lin", Stage.of("strict"));
        assertThat(ledger(plg, "acme").spend(user("ada"), Money.of(25, "USD"))).isTrue();
        assertThat(ledger(plg, "acme").spend(user("ada"), Money.of(6, "USD"))).isFalse();

        assertThat(refunded(plg, "lin", PAID)).isEqualTo(1);
        assertThat(balance(plg, "ada")).isZero();
        assertThat(refunded(plg, "lin", Stage.of("strict"))).isEqualTo(1);
        assertThat(balance(plg, "ada")).isEqualTo(-1_000);
        assertThat(ledger(plg, "acme").spend(user("ada"), Money.minor("USD", 1)))
                .isFalse();
        assertSums(plg, "acme", "ada");
    }

    @Test
    void howeverManySpendAtTheSameTimeNothingIsOverdrawn() {
        Plg plg = product(rule(PAID));
        for (int i = 0; i < 3; i++) {
            pay(plg, "acme", "ada", "u" + i);
        }

        List<Integer> spent = Race.of(16, number -> {
            if (number == 0) {
                return refunded(plg, "u0", PAID) * 0;
            }
            int mine = 0;
            for (int i = 0; i < 5; i++) {
                mine += ledger(plg, "acme").spend(user("ada"), Money.of(3, "USD")) ? 3 : 0;
            }
            return mine;
        });

        long sum = spent.stream().mapToInt(Integer::intValue).sum();
        assertThat(balance(plg, "ada")).isNotNegative().isLessThan(300);
        assertThat(sum).isBetween(39L, 60L);
        assertSums(plg, "acme", "ada");
        assertThatThrownBy(() -> ledger(plg, "acme").spend(user("ada"), Money.of(0, "USD")))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aTakeBackIsWhatARefundOfOneRewardIs() {
        Plg plg = product(rule(PAID).referred(dollars(5)));
        refer(plg, "ada", "lin");
        reached(plg, "lin", PAID);
        UUID id = only(plg, "ada").id();

        assertThat(ledger(plg, "globex").takeBack(id, "x")).isEmpty();
        assertThat(ledger(plg, "acme").takeBack(id, "a mistake").orElseThrow())
                .satisfies(each -> assertThat(each.state()).isEqualTo(RewardState.CLAWED_BACK))
                .satisfies(each -> assertThat(each.reason()).isEqualTo("a mistake"));
        assertThat(ledger(plg, "acme").takeBack(id, "again")).isEmpty();
        assertThat(balance(plg, "ada")).isZero();
        assertThat(balance(plg, "lin")).isEqualTo(500);
    }

    // ---- what is given
    // ---------------------------------------------------------------------------------------------------

    @Test
    void creditAndUnlockedFeaturesArePartOfWhatAWorkspaceHasUntilTheyAreTakenBack() {
        Plg plg = product(
                RewardRule.on(PAID).referrer(Benefit.credit(GateContract.EXPORTS, 10)),
                RewardRule.on(PAID).named("unlock").referrer(Benefit.unlock(GateContract.API, Duration.ofDays(3))));
        var gates = plg.workspace(workspace("acme")).gates();
        assertThat(gates.check(GateContract.EXPORTS, 15).allowed()).isFalse();
        pay(plg, "acme", "ada", "lin");

        assertThat(gates.check(GateContract.EXPORTS, 15).allowed()).isTrue();
        assertThat(gates.check(GateContract.EXPORTS, 16).allowed()).isFalse();
        assertThat(gates.allows(GateContract.API)).isTrue();
        assertThat(plg.workspace(workspace("globex")).gates().allows(GateContract.API))
                .isFalse();
        assertThat(refunded(plg, "lin", PAID, new BigDecimal("0.5"))).isEqualTo(2);
        assertThat(gates.check(GateContract.EXPORTS, 15).allowed())
                .as("a part of a refund takes no part of it")
                .isTrue();
        assertThat(refunded(plg, "lin", PAID, new BigDecimal("0.5"))).isEqualTo(2);
        assertThat(gates.check(GateContract.EXPORTS, 6).allowed()).isFalse();
        assertThat(gates.check(GateContract.EXPORTS, 5).allowed()).isTrue();
        assertThat(gates.allows(GateContract.API)).isFalse();

        pay(plg, "acme", "ada", "eve");
        clock().advance(Duration.ofDays(3).minus(MICRO));
        assertThat(gates.allows(GateContract.API)).isTrue();
        clock().advance(MICRO);
        assertThat(gates.allows(GateContract.API)).isFalse();
    }

    @Test
    void trialDaysExtendATrialThatIsRunning() {
        Plg plg = product(RewardRule.on(PAID).referrer(Benefit.trialDays(10)));
        var entitlements = plg.workspace(workspace("acme")).entitlements();
        entitlements.startTrial("starter", Duration.ofDays(5));
        pay(plg, "acme", "ada", "u1");
        pay(plg, "acme", "bob", "u2");
        clock().advance(Duration.ofDays(25).minus(MICRO));
        assertThat(entitlements.plan().plan()).isEqualTo("starter");
        clock().advance(MICRO);
        assertThat(entitlements.plan().plan()).isEqualTo("free");

        pay(plg, "acme", "ada", "u3");
        assertThat(entitlements.plan().plan()).isEqualTo("starter");
        refunded(plg, "u3", PAID);
        assertThat(entitlements.plan().plan()).isEqualTo("free");
    }

    @Test
    void aRewardOfTheHostsOwnIsGivenInTheTransactionAndWhatItThrowsUndoesAll() {
        var given = new CopyOnWriteArrayList<String>();
        var fails = new AtomicInteger();
        Plg plg = plg(builder -> settings(
                builder.rewardProvider("t-shirt", new RewardProvider() {
                    @Override
                    public void provide(Given gift) {
                        if (fails.getAndDecrement() > 0) {
                            throw new IllegalStateException("out of shirts");
                        }
                        given.add(gift.workspace() + " gives " + gift.user() + " "
                                + gift.benefit().details());
                    }

                    @Override
                    public void takeBack(Given gift) {
                        given.add(gift.workspace() + " takes " + gift.user() + " "
                                + gift.benefit().details());
                    }
                }),
                ProgramCatalog.of(program(RewardRule.on(PAID)
                        .referrer(Benefit.custom("t-shirt", Map.of("size", "M")))
                        .referred(dollars(5))))));
        refer(plg, "ada", "lin");

        fails.set(1);
        assertThatThrownBy(() -> reached(plg, "lin", PAID)).hasMessage("out of shirts");
        assertThat(rewardsOf(plg, "lin")).isEmpty();
        assertThat(rewardsOf(plg, "ada")).isEmpty();
        assertThat(changes()).isEmpty();
        assertThat(reached(plg, "lin", PAID)).as("nothing of it had happened").isTrue();
        assertThat(only(plg, "ada").state()).isEqualTo(RewardState.ISSUED);
        assertThat(balance(plg, "lin")).isEqualTo(500);
        refunded(plg, "lin", PAID);

        assertThat(given)
                .containsExactly(
                        workspace("acme") + " gives " + user("ada") + " {size=M}",
                        workspace("acme") + " takes " + user("ada") + " {size=M}");
    }

    @Test
    void aRewardThatCannotBeGivenAtTheEndOfItsHoldKeepsNobodyElseWaiting() {
        var fails = new AtomicInteger(1_000_000);
        Plg plg = plg(builder -> settings(
                builder.rewardProvider("t-shirt", gift -> {
                    if (fails.getAndDecrement() > 0) {
                        throw new IllegalStateException("out of shirts");
                    }
                }),
                ProgramCatalog.of(program(
                        RewardRule.on(PAID)
                                .referrer(Benefit.custom("t-shirt", Map.of()))
                                .hold(TWO_WEEKS),
                        RewardRule.on(Stage.ACTIVATION).referrer(dollars(20)).hold(TWO_WEEKS)))));
        for (int i = 0; i < 120; i++) {
            refer(plg, "ada", "u" + i);
            reached(plg, "u" + i, PAID);
        }
        clock().advance(Duration.ofMinutes(1));
        refer(plg, "bob", "lin");
        activate(plg, "lin");
        clock().advance(TWO_WEEKS);

        assertThat(balance(plg, "bob")).isEqualTo(2_000);
        assertThat(states(plg, "ada")).hasSize(120).containsOnly(RewardState.PENDING);
        fails.set(0);
        assertThat(ledger(plg, "acme").settle()).isEqualTo(120);
        assertThat(states(plg, "ada")).containsOnly(RewardState.ISSUED);
    }

    @Test
    void whatIsGivenOutsideIsToldAfterTheCommitOnceAndAgainAfterAFailure() {
        var outside = new Outside();
        Plg plg = plg(builder -> settings(
                builder.fulfilment(outside),
                ProgramCatalog.of(program(rule(PAID).referred(Benefit.discount(10, 3))))));
        refer(plg, "ada", "lin");
        plg.transact(tx -> {
            reached(tx, "lin", PAID);
            ledger(tx, "acme").settle();
            assertThat(outside.told).as("nothing before the commit").isEmpty();
        });
        UUID id = only(plg, "ada").id();
        outside.failures.set(1);

        ledger(plg, "acme").settle();
        assertThat(outside.told).containsExactly("failed to give " + id);
        ledger(plg, "acme").settle();
        assertThat(outside.told).as("not at once").hasSize(1);
        clock().advance(Duration.ofHours(1));
        for (int i = 0; i < 3; i++) {
            ledger(plg, "acme").settle();
        }
        assertThat(outside.told).containsExactly("failed to give " + id, "gave " + id);
        assertThat(outside.keys).as("the same key").hasSize(1);
        assertThat(only(plg, "ada").state()).isEqualTo(RewardState.ISSUED);

        refunded(plg, "lin", PAID);
        for (int i = 0; i < 3; i++) {
            ledger(plg, "acme").settle();
            ledger(plg, "globex").settle();
            clock().advance(Duration.ofHours(1));
        }
        assertThat(outside.told)
                .as("and what it does not handle is not its business")
                .containsExactly("failed to give " + id, "gave " + id, "took " + id);
        assertThat(outside.keys).hasSize(2);
        assertThat(only(plg, "ada").state()).isEqualTo(RewardState.CLAWED_BACK);
    }

    @Test
    void whatIsToBeToldOutsideDoesNotHideWhatIsDue() {
        var outside = new Outside();
        outside.failures.set(1_000_000);
        Plg plg = plg(builder -> settings(
                builder.fulfilment(outside),
                ProgramCatalog.of(program(
                        rule(PAID),
                        RewardRule.on(Stage.of("late"))
                                .referrer(Benefit.discount(10, 1))
                                .hold(TWO_WEEKS)))));
        clock().advance(Duration.ofSeconds(1));
        refer(plg, "bob", "lin");
        reached(plg, "lin", Stage.of("late"));
        for (int i = 0; i < 130; i++) {
            pay(plg, "acme", "ada", "u" + i);
        }
        clock().advance(TWO_WEEKS);

        assertThat(only(plg, "bob").state()).isEqualTo(RewardState.ISSUED);
    }

    @Test
    void aRewardKeepsTheRuleThatItWasMadeUnder() {
        var catalog = new AtomicReference<>(
                ProgramCatalog.of(program(rule(PAID).hold(TWO_WEEKS).mayGoNegative())));
        Plg plg = plg(builder -> settings(builder, catalog.get()).programs(catalog::get));
        refer(plg, "ada", "lin");
        reached(plg, "lin", PAID);
        catalog.set(ProgramCatalog.of(
                program(RewardRule.on(PAID).named("other").referrer(dollars(99)).clawBackWithin(Duration.ZERO))));
        clock().advance(TWO_WEEKS);

        assertThat(balance(plg, "ada")).isEqualTo(2_000);
        ledger(plg, "acme").spend(user("ada"), Money.of(20, "USD"));
        clock().advance(Duration.ofDays(1));
        assertThat(refunded(plg, "lin", PAID)).isEqualTo(1);
        assertThat(balance(plg, "ada")).isEqualTo(-2_000);
        pay(plg, "acme", "bob", "eve");
        assertThat(balance(plg, "bob")).isEqualTo(9_900);
    }

    // ---- what is told and kept
    // ---------------------------------------------------------------------------------------------------

    @Test
    void everyChangeIsToldOnceAfterItsCommit() {
        Plg plg = product(rule(PAID).referred(dollars(5)).hold(TWO_WEEKS));
        refer(plg, "ada", "lin");
        plg.transact(tx -> {
            reached(tx, "lin", PAID);
            assertThat(changes()).isEmpty();
        });
        assertThatThrownBy(() -> plg.transact(tx -> {
                    refunded(tx, "lin", PAID);
                    throw new IllegalStateException("no");
                }))
                .hasMessage("no");
        clock().advance(TWO_WEEKS);
        balance(plg, "ada");
        balance(plg, "lin");
        refunded(plg, "lin", PAID);
        balance(plg, "ada");

        assertThat(changes().stream()
                        .filter(each -> each.workspace().equals(workspace("acme")))
                        .map(RewardStateChanged::state))
                .containsExactly("pending", "issued", "clawed_back");
        assertThat(changes().stream()
                        .filter(each -> each.workspace().equals(workspace("globex")))
                        .map(RewardStateChanged::state))
                .containsExactly("pending", "issued", "clawed_back");
        assertThat(heard().ids()).doesNotHaveDuplicates();
        assertThat(changes().get(0).amount()).isEqualByComparingTo("2000");
        assertThat(changes().get(0).unit()).isEqualTo("USD");
    }

    @Test
    void theLedgerIsOnlyAddedTo() {
        Plg plg = product(rule(PAID));
        List<Entry> seen = List.of();
        for (int i = 0; i < 6; i++) {
            pay(plg, "acme", "ada", "u" + i);
            if (i % 2 == 0) {
                ledger(plg, "acme").spend(user("ada"), Money.of(7, "USD"));
            } else {
                refunded(plg, "u" + i, PAID, new BigDecimal("0.1"));
                ledger(plg, "acme").takeBack(rewardsOf(plg, "ada").get(0).id(), "");
            }
            List<Entry> now = ledger(plg, "acme").entriesOf(user("ada"));
            assertThat(now).hasSizeGreaterThan(seen.size());
            assertThat(now.subList(0, seen.size())).isEqualTo(seen);
            seen = now;
            assertSums(plg, "acme", "ada");
        }
    }

    @Test
    void whatWasHeldForSomebodyWhoIsErasedIsNotGiven() {
        Plg plg = product(rule(PAID).referred(dollars(5)).hold(TWO_WEEKS).cap(RewardCap.perProgram(1)));
        refer(plg, "ada", "lin");
        reached(plg, "lin", PAID);
        UUID id = only(plg, "ada").id();

        plg.users().erase(user("ada"));
        clock().advance(TWO_WEEKS);
        ledger(plg, "acme").settle();

        assertThat(ledger(plg, "acme").find(id).orElseThrow())
                .satisfies(each -> assertThat(each.state()).isEqualTo(RewardState.CANCELED))
                .satisfies(each -> assertThat(each.user()).isEmpty());
        assertThatThrownBy(() -> ledger(plg, "acme").claim(name("launch"), user("ada")))
                .isInstanceOfAny(UserErased.class, IllegalArgumentException.class);
    }

    // ---- in short
    // ---------------------------------------------------------------------------------------------------

    private static final class Outside implements RewardFulfilment {
        final List<String> told = new CopyOnWriteArrayList<>();
        final java.util.Set<String> keys = java.util.concurrent.ConcurrentHashMap.newKeySet();
        final AtomicInteger failures = new AtomicInteger();

        @Override
        public boolean handles(Benefit benefit) {
            return benefit.money().isPresent();
        }

        @Override
        public void fulfil(Reward reward, String idempotencyKey) throws Exception {
            keys.add(idempotencyKey);
            if (failures.getAndDecrement() > 0) {
                told.add("failed to give " + reward.id());
                throw new java.io.IOException("away");
            }
            told.add("gave " + reward.id());
        }

        @Override
        public void takeBack(Reward reward, String idempotencyKey) {
            keys.add(idempotencyKey);
            told.add("took " + reward.id());
        }
    }

    private static Benefit dollars(long units) {
        return Benefit.accountCredit(units, "USD");
    }

    /** Twenty dollars to the referrer. */
    private static RewardRule.Builder rule(Stage stage) {
        return RewardRule.on(stage).referrer(dollars(20));
    }

    private ReferralProgram program(RewardRule.Builder... rules) {
        ReferralProgram.Builder program = ReferralProgram.named(name("friends"));
        for (RewardRule.Builder rule : rules) {
            program.reward(rule.build());
        }
        return program.build();
    }

    private Plg product(RewardRule.Builder... rules) {
        return plg(builder -> settings(builder, ProgramCatalog.of(program(rules))));
    }

    private Consumer<PlgBuilder<?>> withCampaign(Consumer<RewardCampaign.Builder> terms) {
        RewardCampaign.Builder campaign = RewardCampaign.named(name("launch")).gives(dollars(5));
        terms.accept(campaign);
        return builder -> settings(
                builder, ProgramCatalog.builder().campaign(campaign.build()).build());
    }

    private PlgBuilder<?> settings(PlgBuilder<?> builder, ProgramCatalog catalog) {
        return builder.funnel(ONBOARDING)
                .plans(GateContract.PLANS)
                .programs(catalog)
                .fraud(FraudPolicy.builder()
                        .evaluator(FraudEvaluators.selfReferral())
                        .build())
                .settleRewardsEvery(Duration.ZERO)
                .listener(heard());
    }

    private String name(String what) {
        return workspace(what).value();
    }

    private RewardLedger ledger(Plg plg, String workspace) {
        return plg.workspace(workspace(workspace)).rewards();
    }

    private String code(Plg plg, String workspace, String user) {
        return plg.workspace(workspace(workspace))
                .referrals()
                .linkOf(User.of(user(user)))
                .code();
    }

    private void refer(Plg plg, String referrer, String user) {
        assertThat(plg.signUps()
                        .attribute(code(plg, "acme", referrer), NewUser.of(User.of(user(user))))
                        .attributed())
                .isTrue();
    }

    private void activate(Plg plg, String user) {
        plg.workspace(workspace("globex")).activation(ONBOARDING).complete(EXPORTED.by(user(user)));
    }

    private boolean reached(Plg plg, String user, Stage stage) {
        return plg.workspace(workspace("globex")).referrals().reached(user(user), stage);
    }

    private void pay(Plg plg, String workspace, String referrer, String user) {
        plg.signUps().attribute(code(plg, workspace, referrer), NewUser.of(User.of(user(user))));
        assertThat(reached(plg, user, PAID)).isTrue();
    }

    private int refunded(Plg plg, String user, Stage stage) {
        return plg.workspace(workspace("globex")).referrals().refunded(user(user), stage);
    }

    private int refunded(Plg plg, String user, Stage stage, BigDecimal part) {
        return plg.workspace(workspace("globex")).referrals().refunded(user(user), stage, part);
    }

    private List<Reward> rewards(Plg plg, String workspace, String user) {
        return ledger(plg, workspace).of(user(user));
    }

    /** Of a referrer in the one workspace or of a referred user in the other. */
    private List<Reward> rewardsOf(Plg plg, String user) {
        List<Reward> rewards = new ArrayList<>(rewards(plg, "acme", user));
        rewards.addAll(rewards(plg, "globex", user));
        return rewards;
    }

    private Reward only(Plg plg, String referrer) {
        List<Reward> rewards = rewards(plg, "acme", referrer);
        assertThat(rewards).hasSize(1);
        return rewards.get(0);
    }

    private List<RewardState> states(Plg plg, String user) {
        return rewardsOf(plg, user).stream().map(Reward::state).toList();
    }

    private UUID flagged(Plg plg) {
        List<Reward> flagged = ledger(plg, "acme").flagged(10);
        assertThat(flagged).hasSize(1);
        return flagged.get(0).id();
    }

    private long balance(Plg plg, String workspace, String user) {
        return ledger(plg, workspace).balanceOf(user(user)).money("USD").minorUnits();
    }

    /** In both workspaces together. */
    private long balance(Plg plg, String user) {
        return balance(plg, "acme", user) + balance(plg, "globex", user);
    }

    private void assertSums(Plg plg, String workspace, String user) {
        BigDecimal sum = ledger(plg, workspace).entriesOf(user(user)).stream()
                .filter(each -> each.unit().equals("USD"))
                .map(Entry::amount)
                .reduce(BigDecimal.ZERO, BigDecimal::add);
        assertThat(ledger(plg, workspace).balanceOf(user(user)).of("USD")).isEqualByComparingTo(sum);
    }

    private List<RewardStateChanged> changes() {
        return heard().all().stream()
                .map(GrowthEvent.class::cast)
                .filter(RewardStateChanged.class::isInstance)
                .map(RewardStateChanged.class::cast)
                .toList();
    }
}
