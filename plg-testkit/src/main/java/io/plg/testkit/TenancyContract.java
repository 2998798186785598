package io.plg.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.Execution;
import io.plg.Plg;
import io.plg.UserErased;
import io.plg.UserId;
import io.plg.WorkspaceDeleted;
import io.plg.WorkspaceId;
import io.plg.activation.Activation;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.ActivationReport;
import io.plg.activation.Cohort;
import io.plg.activation.StepCompletion;
import io.plg.gate.Gates;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.Idempotency;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Principal;
import io.plg.prompt.UpgradePrompts;
import io.plg.referral.NewUser;
import io.plg.referral.ProgramCatalog;
import io.plg.referral.ReferralProgram;
import io.plg.referral.Referrals;
import io.plg.referral.User;
import io.plg.reward.Benefit;
import io.plg.reward.Money;
import io.plg.reward.RewardCampaign;
import io.plg.reward.RewardLedger;
import io.plg.reward.Stage;
import io.plg.tenancy.Erasure;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * How workspaces and users end on every store: all of it goes, nothing else does, and the id is refused from then on. And what an operator
 * sees of all workspaces together.
 */
@SuppressWarnings("NullAway") // what is null against expectation fails the test, as it should
public abstract class TenancyContract extends StoreContract {
    private static final String CAMPAIGN = "launch";
    private static final Instant T0 = Instant.parse("2026-03-01T00:00:00Z");

    /** Called by the adapter's test. */
    protected TenancyContract() {}

    // ---- deleting a workspace
    // ---------------------------------------------------------------------------------------------------

    @Test
    void everyCallOnADeletedWorkspaceIsANamedError() {
        Plg plg = product();
        UserId ada = user("ada");
        onboarding(plg, "acme").complete(CREATED.by(ada));

        Erasure erasure = plg.workspaces().delete(workspace("acme"));

        assertThat(erasure.rows()).isPositive();
        assertThat(erasure.complete()).isTrue();
        callsOn(plg, workspace("acme"), ada)
                .forEach((name, call) -> assertThatThrownBy(call)
                        .as(name)
                        .isInstanceOfSatisfying(
                                WorkspaceDeleted.class,
                                e -> assertThat(e.workspace()).isEqualTo(workspace("acme")))
                        .hasMessageContaining(workspace("acme").value()));
        assertThat(plg.workspaces().unfinishedDeletions()).doesNotContain(workspace("acme"));
    }

    @Test
    void aDeletionLeavesEveryOtherWorkspaceAsItWas() {
        Plg plg = plg(ONBOARDING);
        UserId ada = user("ada");
        onboarding(plg, "acme").complete(CREATED.by(ada));
        onboarding(plg, "acme2").complete(PROJECT.by(ada));

        plg.workspaces().delete(workspace("acme"));

        assertThat(onboarding(plg, "acme2").state(ada).completed()).containsOnlyKeys(PROJECT);
        onboarding(plg, "acme2").complete(CREATED.by(ada));
        assertThat(onboarding(plg, "acme2").report(Cohort.everyone()).signedUp())
                .isEqualTo(1);
    }

    @Test
    void whatWasRememberedOfADeletedWorkspaceIsForgotten() {
        Plg plg = plg(ONBOARDING);
        UserId ada = user("ada");
        onboarding(plg, "acme").complete(CREATED.by(ada));
        for (int i = 0; i < 3; i++) {
            onboarding(plg, "acme").state(ada);
        }

        plg.workspaces().delete(workspace("acme"));

        assertThatThrownBy(() -> onboarding(plg, "acme").state(ada)).isInstanceOf(WorkspaceDeleted.class);
        assertThatThrownBy(() -> onboarding(plg, "acme").complete(CREATED.by(ada)))
                .isInstanceOf(WorkspaceDeleted.class);
    }

    @Test
    void deletingAgainRemovesNothingMoreAndAWorkspaceThatNeverWasCanBeDeletedToo() {
        Plg plg = plg(ONBOARDING);
        onboarding(plg, "acme").complete(CREATED.by(user("ada")));
        plg.workspaces().delete(workspace("acme"));

        assertThat(plg.workspaces().delete(workspace("acme"))).isEqualTo(new Erasure(0, true));
        assertThat(plg.workspaces().delete(workspace("never"))).isEqualTo(new Erasure(0, true));
        assertThatThrownBy(() -> onboarding(plg, "never").state(user("ada"))).isInstanceOf(WorkspaceDeleted.class);
    }

    @Test
    void aDeletionRemovesManyRowsOfManyUsers() {
        Plg plg = plg(ONBOARDING);
        var completions = new ArrayList<StepCompletion>();
        for (int i = 0; i < 7_000; i++) {
            completions.add(CREATED.by(user("u" + i)));
            completions.add(PROJECT.by(user("u" + i)));
        }
        onboarding(plg, "acme").completeAll(completions);

        Erasure erasure = plg.workspaces().delete(workspace("acme"));

        assertThat(erasure.rows()).isGreaterThanOrEqualTo(21_000);
        assertThat(erasure.complete()).isTrue();
        inspection()
                .ifPresent(look -> assertThat(look.eventIds(workspace("acme"))).isEmpty());
    }

    @Test
    void aRefusalDoesNotEndTheTransactionThatItComesIn() {
        Plg plg = product();
        UserId ada = user("ada");
        plg.workspaces().delete(workspace("acme"));

        plg.transact(tx -> {
            onboarding(tx, "globex").complete(CREATED.by(ada));
            callsOn(tx, workspace("acme"), ada)
                    .forEach((name, call) -> assertThatThrownBy(call).as(name).isInstanceOf(WorkspaceDeleted.class));
            onboarding(tx, "globex").complete(PROJECT.by(ada));
        });

        assertThat(onboarding(plg, "globex").state(ada).completed()).containsOnlyKeys(CREATED, PROJECT);
    }

    @Test
    void nothingIsEndedInsideATransactionWhichWouldHaveToHoldItAll() {
        Plg plg = plg(ONBOARDING);
        onboarding(plg, "acme").complete(CREATED.by(user("ada")));

        plg.transact(tx -> {
            for (Plg each : List.of(tx, plg)) {
                assertThatThrownBy(() -> each.workspaces().delete(workspace("acme")))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("transaction");
                assertThatThrownBy(() -> each.users().erase(user("ada")))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("transaction");
            }
        });

        assertThat(onboarding(plg, "acme").state(user("ada")).completed()).containsOnlyKeys(CREATED);
    }

    @Test
    void ofThreadsThatWriteWhileTheWorkspaceIsDeletedNoneLeavesARow() {
        Plg plg = plg(ONBOARDING);
        var refused = new AtomicInteger();
        for (int i = 0; i < 50; i++) {
            onboarding(plg, "acme").complete(CREATED.by(user("u" + i)));
        }

        Race.of(9, number -> {
            if (number == 0) {
                assertThat(plg.workspaces().delete(workspace("acme")).complete())
                        .isTrue();
            } else {
                for (int i = 0; i < 100; i++) {
                    try {
                        onboarding(plg, "acme").complete(PROJECT.by(user("u" + (number * 37 + i) % 70)));
                    } catch (WorkspaceDeleted e) {
                        refused.incrementAndGet();
                    }
                }
            }
            return null;
        });

        assertThat(refused.get()).as("the deletion came in between").isPositive();
        inspection().ifPresent(look -> {
            assertThat(look.eventIds(workspace("acme"))).isEmpty();
            for (int i = 0; i < 70; i++) {
                assertThat(look.score(workspace("acme"), ONBOARDING, user("u" + i)))
                        .isEmpty();
            }
        });
        assertThat(plg.workspaces().delete(workspace("acme")).rows()).isZero();
    }

    // ---- erasing a user
    // ---------------------------------------------------------------------------------------------------

    @Test
    void everyCallAboutAnErasedUserIsANamedErrorInEveryWorkspace() {
        Plg plg = product();
        UserId ada = user("ada");
        onboarding(plg, "acme").complete(CREATED.by(ada));
        onboarding(plg, "globex").signedUp(ada, T0);

        Erasure erasure = plg.users().erase(ada);

        assertThat(erasure.rows()).isPositive();
        assertThat(erasure.complete()).isTrue();
        for (String each : List.of("acme", "globex", "never")) {
            Activation activation = onboarding(plg, each);
            for (ThrowingCallable call : List.<ThrowingCallable>of(
                    () -> activation.state(ada),
                    () -> activation.complete(CREATED.by(ada)),
                    () -> activation.complete(EXPORTED.by(ada)),
                    () -> activation.completeAll(List.of(CREATED.by(user("lin")), CREATED.by(ada))),
                    () -> activation.signedUp(ada, T0),
                    () -> plg.workspace(workspace(each)).gates().by(ada).consume(GateContract.EXPORTS),
                    () -> plg.workspace(workspace(each)).gates().by(ada).check(GateContract.EXPORTS),
                    () -> plg.workspace(workspace(each)).prompts().offer(ada, PromptContract.blocked("projects")),
                    () -> plg.workspace(workspace(each)).referrals().linkOf(User.of(ada)),
                    () -> plg.workspace(workspace(each)).referrals().reached(ada, Stage.FIRST_PAYMENT),
                    () -> plg.workspace(workspace(each)).referrals().refunded(ada, Stage.FIRST_PAYMENT),
                    () -> plg.workspace(workspace(each)).referrals().recordInvitation(ada),
                    () -> plg.workspace(workspace(each)).referrals().graph().depthOf(ada),
                    () -> plg.workspace(workspace(each)).rewards().balanceOf(ada),
                    () -> plg.workspace(workspace(each)).rewards().claim(CAMPAIGN, ada),
                    () -> plg.workspace(workspace(each)).rewards().spend(ada, Money.of(1, "USD")),
                    () -> plg.signUps().attribute(codeOf(plg, "lin"), NewUser.of(User.of(ada))))) {
                assertThatThrownBy(call)
                        .as(each)
                        .isInstanceOfSatisfying(
                                UserErased.class, e -> assertThat(e.user()).isEqualTo(ada));
            }
            assertThat(activation.report(Cohort.everyone()).signedUp())
                    .as("nothing is left, and nothing of the refused import came in")
                    .isZero();
        }
        assertThat(plg.users().unfinishedErasures()).doesNotContain(ada);
    }

    @Test
    void anErasureLeavesEveryOtherUserAsHeWas() {
        Plg plg = plg(ONBOARDING);
        UserId ada = user("ada");
        UserId lin = user("lin");
        onboarding(plg, "acme").completeAll(List.of(CREATED.by(ada), CREATED.by(lin), EXPORTED.by(lin)));
        for (int i = 0; i < 3; i++) {
            onboarding(plg, "acme").state(ada);
        }

        plg.users().erase(ada);

        assertThatThrownBy(() -> onboarding(plg, "acme").state(ada)).isInstanceOf(UserErased.class);
        assertThat(onboarding(plg, "acme").state(lin).completed()).containsOnlyKeys(CREATED, EXPORTED);
        assertThat(onboarding(plg, "acme").report(Cohort.everyone()).signedUp()).isEqualTo(1);
        assertThat(plg.users().erase(ada)).isEqualTo(new Erasure(0, true));
        assertThat(plg.users().erase(user("never")).complete()).isTrue();
    }

    // ---- what an operator sees
    // ---------------------------------------------------------------------------------------------------

    @Test
    void operatorReportsAreTheReportOnAllUsersOfAllWorkspacesTogether() {
        Assumptions.assumeTrue(stores().operator().isPresent(), "this adapter was built without operator reports");
        var funnel = ActivationFunnel.named("all-" + UUID.randomUUID())
                .step(CREATED)
                .step(PROJECT)
                .aha(EXPORTED)
                .build();
        Plg plg = plg(funnel);
        var random = new Random(7);
        var together = new ArrayList<StepCompletion>();
        for (int w = 0; w < 5; w++) {
            var completions = new ArrayList<StepCompletion>();
            for (int u = 0; u < 20; u++) {
                UserId who = user("w" + w + "u" + u);
                completions.add(CREATED.by(who).at(T0.plusSeconds(random.nextInt(1_000))));
                if (random.nextBoolean()) {
                    completions.add(PROJECT.by(who).at(T0.plusSeconds(random.nextInt(5_000))));
                }
                if (random.nextBoolean()) {
                    completions.add(EXPORTED.by(who).at(T0.plusSeconds(2_000L + random.nextInt(90_000))));
                }
            }
            plg.workspace(workspace("w" + w)).activation(funnel).completeAll(completions);
            together.addAll(completions);
        }
        plg.workspace(workspace("read only")).activation(funnel).state("nobody");
        ActivationReport all = plg.operator().activationReport(funnel, Cohort.everyone());
        Cohort early = Cohort.signedUpBetween(T0, T0.plusSeconds(500));
        ActivationReport some = plg.operator().activationReport(funnel, early);
        plg.workspaces().delete(workspace("w0"));
        ActivationReport without = plg.operator().activationReport(funnel, Cohort.everyone());

        Activation one = plg.workspace(workspace("together")).activation(funnel);
        one.completeAll(together);
        assertThat(all).isEqualTo(one.report(Cohort.everyone()));
        assertThat(some).isEqualTo(one.report(early));
        assertThat(without.signedUp()).isEqualTo(80);
    }

    @Test
    void operatorReportsAreOffUnlessTheyWereTurnedOn() {
        Plg off = Plg.inMemory().funnel(ONBOARDING).build();

        assertThatThrownBy(off::operator)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("operator");
        off.close();
    }

    private Activation onboarding(Plg plg, String workspace) {
        return plg.workspace(workspace(workspace)).activation(ONBOARDING);
    }

    /** With a program and a campaign, so that every call can be made. */
    private Plg product() {
        return plg(builder -> builder.plans(GateContract.PLANS)
                .funnel(ONBOARDING)
                .programs(ProgramCatalog.builder()
                        .program(ReferralProgram.named("friends").build())
                        .campaign(RewardCampaign.named(CAMPAIGN)
                                .gives(Benefit.accountCredit(5, "USD"))
                                .build())
                        .build())
                .settleRewardsEvery(Duration.ZERO)
                .listener(heard()));
    }

    private String codeOf(Plg plg, String user) {
        return plg.workspace(workspace("initech"))
                .referrals()
                .linkOf(User.of(user(user)))
                .code();
    }

    private Map<String, ThrowingCallable> callsOn(Plg plg, WorkspaceId workspace, UserId user) {
        Activation activation = plg.workspace(workspace).activation(ONBOARDING);
        var calls = new LinkedHashMap<String, ThrowingCallable>();
        calls.put("state", () -> activation.state(user));
        calls.put("a repeat", () -> activation.complete(CREATED.by(user)));
        calls.put("a completion", () -> activation.complete(EXPORTED.by(user)));
        calls.put("an import", () -> activation.completeAll(List.of(PROJECT.by(user))));
        calls.put("sign-up", () -> activation.signedUp(user, T0));
        calls.put("report", () -> activation.report(Cohort.everyone()));
        calls.put("report by", () -> activation.reportBy(Cohort.everyone(), "company"));
        Idempotency<Execution> idempotency = plg.workspace(workspace).idempotency();
        Operation<String> operation = Operation.of("redeem", String.class);
        Principal by = Principal.by(user);
        calls.put(
                "an effect",
                () -> idempotency.execute(operation, by, IdempotencyKey.of("k"), Fingerprint.of("r"), tx -> "done"));
        calls.put(
                "once",
                () -> plg.transact(tx -> {
                    tx.workspace(workspace).idempotency().once("welcome", user);
                }));
        UpgradePrompts prompts = plg.workspace(workspace).prompts();
        Gates gates = plg.workspace(workspace).gates();
        calls.put("a gate", () -> gates.check(GateContract.EXPORTS));
        calls.put("a flag", () -> gates.allows(GateContract.API));
        calls.put("a consumption", () -> gates.by(user).consume(GateContract.EXPORTS));
        calls.put("a refund", () -> gates.refund(GateContract.EXPORTS));
        calls.put("a reservation", () -> gates.reserve(GateContract.EXPORTS, 1, Duration.ofMinutes(1)));
        calls.put("a settlement", () -> gates.confirm(UUID.randomUUID()));
        calls.put("all gates", gates::checkAll);
        calls.put("a plan", () -> plg.workspace(workspace).entitlements().assignPlan("starter"));
        calls.put("a prompt", () -> prompts.offer(user, PromptContract.blocked("projects")));
        calls.put("what became of a prompt", () -> prompts.clicked(UUID.randomUUID()));
        calls.put("a snooze", () -> prompts.snooze(UUID.randomUUID(), Duration.ofDays(1)));
        calls.put("conversions", () -> prompts.conversions(T0, T0));
        Referrals referrals = plg.workspace(workspace).referrals();
        calls.put("a link", () -> referrals.linkOf(User.of(user)));
        calls.put("a shared link", () -> referrals.share(User.of(user), "board"));
        calls.put("what is shared", referrals::shared);
        calls.put("the end of a code", () -> referrals.deactivate("ABCDEFGH"));
        calls.put("an invitation", () -> referrals.recordInvitation(user));
        calls.put("referrals", () -> referrals.referralsOf(user, 10));
        calls.put("a stage", () -> referrals.reached(user, Stage.FIRST_PAYMENT));
        calls.put("held referrals", () -> referrals.held(10));
        calls.put("a release", () -> referrals.release(UUID.randomUUID()));
        calls.put("a rejection", () -> referrals.reject(UUID.randomUUID(), "no"));
        calls.put("a depth", () -> referrals.graph().depthOf(user));
        calls.put("a size", () -> referrals.graph().subtreeSizeOf(user));
        calls.put("ancestors", () -> referrals.graph().ancestorsOf(user));
        calls.put("figures", () -> referrals.graph().figures());
        calls.put("generations", () -> referrals.graph().generations());
        calls.put("subtrees", () -> referrals.graph().largestSubtrees(10));
        String code = codeOf(plg, "lin");
        calls.put(
                "a sign-up for it",
                () -> plg.signUps().attribute(code, NewUser.of(User.of(user)).in(workspace)));
        RewardLedger rewards = plg.workspace(workspace).rewards();
        calls.put("a balance", () -> rewards.balanceOf(user));
        calls.put("rewards", () -> rewards.of(user));
        calls.put("a reward", () -> rewards.find(UUID.randomUUID()));
        calls.put("entries", () -> rewards.entriesOf(user));
        calls.put("a redemption", () -> rewards.redeem(UUID.randomUUID()));
        calls.put("a claim", () -> rewards.claim(CAMPAIGN, user));
        calls.put("a payment", () -> rewards.spend(user, Money.of(1, "USD")));
        calls.put("flagged rewards", () -> rewards.flagged(10));
        calls.put("an approval", () -> rewards.approve(UUID.randomUUID()));
        calls.put("a refusal", () -> rewards.reject(UUID.randomUUID(), "no"));
        calls.put("a flag on a reward", () -> rewards.flag(UUID.randomUUID(), "odd"));
        calls.put("a reward taken back", () -> rewards.takeBack(UUID.randomUUID(), "no"));
        calls.put("what is due", rewards::settle);
        return calls;
    }
}
