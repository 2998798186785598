package io.plg.reward;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.Plg;
import io.plg.SettableClock;
import io.plg.UserId;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.Step;
import io.plg.plan.Every;
import io.plg.plan.Feature;
import io.plg.plan.PlanCatalog;
import io.plg.referral.Attribution;
import io.plg.referral.NewUser;
import io.plg.referral.ProgramCatalog;
import io.plg.referral.ReferralLink;
import io.plg.referral.ReferralProgram;
import io.plg.referral.User;
import io.plg.referral.Visitor;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ReferralToRewardTest {
    static final Step EXPORTED = Step.of("first_export_completed");
    static final ActivationFunnel ONBOARDING = ActivationFunnel.named("onboarding")
            .step("account_created")
            .aha(EXPORTED)
            .build();
    static final Feature.Quota EXPORTS = Feature.quota("exports", Every.MONTH);
    static final PlanCatalog PLANS = PlanCatalog.builder()
            .plan("free", p -> p.limit(EXPORTS, 5))
            .plan("starter", p -> p.price(19, "USD").limit(EXPORTS, 50))
            .defaultPlan("free")
            .build();
    static final ReferralProgram FRIENDS = ReferralProgram.named("friends")
            .link("https://app.example.org/join")
            .reward(RewardRule.on(Stage.ACTIVATION)
                    .referrer(Benefit.accountCredit(20, "USD"))
                    .referred(Benefit.trialDays(14))
                    .build())
            .reward(RewardRule.on(Stage.FIRST_PAYMENT)
                    .referrer(Benefit.credit(EXPORTS, 10))
                    .hold(Duration.ofDays(14))
                    .build())
            .build();

    final SettableClock clock = SettableClock.at("2026-04-12T08:00:00Z");
    final Plg plg = Plg.inMemory()
            .funnel(ONBOARDING)
            .plans(PLANS)
            .programs(ProgramCatalog.builder()
                    .program(FRIENDS)
                    .campaign(RewardCampaign.named("launch")
                            .gives(Benefit.accountCredit(5, "USD"))
                            .stock(1)
                            .build())
                    .build())
            .clock(clock)
            .build();

    @Test
    void bothAreRewardedInTheCommitOfTheActivation() {
        var acme = plg.workspace("acme");
        var globex = plg.workspace("globex");
        ReferralLink link = acme.referrals().linkOf(User.of("ada").email("ada@example.org"));
        assertThat(acme.referrals().linkOf("ada")).isEqualTo(link);
        assertThat(link.uri("/welcome").toString())
                .isEqualTo("https://app.example.org/join?ref=" + link.code() + "&next=%2Fwelcome");

        assertThat(plg.signUps()
                        .attribute(link.code(), NewUser.of("eve").email("a.da+1@EXAMPLE.org"))
                        .attributed())
                .isTrue();
        assertThat(plg.signUps()
                        .attribute(link.code(), NewUser.of("eve2").email("ada+1@EXAMPLE.org"))
                        .reason())
                .contains(Attribution.Reason.SELF_REFERRAL);
        Attribution lin = plg.signUps().attribute(link.code(), NewUser.of("lin").email("lin@example.org"));
        assertThat(lin.attributed()).isTrue();
        assertThat(acme.rewards().balanceOf("ada").amounts()).isEmpty();

        globex.activation(ONBOARDING).complete("lin", EXPORTED);
        globex.activation(ONBOARDING).complete("lin", EXPORTED);
        assertThat(acme.rewards().balanceOf("ada").money("USD")).isEqualTo(Money.of(20, "USD"));
        assertThat(globex.rewards().of("lin")).hasSize(1);
        assertThat(globex.entitlements().plan().plan()).isEqualTo("starter");
        assertThat(acme.referrals().graph().depthOf(UserId.of("lin"))).isEqualTo(OptionalInt.of(1));
        assertThat(acme.referrals().graph().subtreeSizeOf(UserId.of("ada"))).isEqualTo(OptionalLong.of(3));

        assertThat(globex.referrals().reached("lin", Stage.FIRST_PAYMENT)).isTrue();
        assertThat(globex.referrals().reached("lin", Stage.FIRST_PAYMENT)).isFalse();
        acme.gates().consumeOrThrow(EXPORTS, 5);
        assertThat(acme.gates().allows(EXPORTS)).isFalse();
        clock.advance(Duration.ofDays(14));
        assertThat(acme.rewards().of("ada").get(0).state()).isEqualTo(RewardState.ISSUED);
        assertThat(acme.gates().allows(EXPORTS)).isTrue();

        assertThat(globex.referrals().refunded(UserId.of("lin"), Stage.ACTIVATION))
                .isEqualTo(2);
        assertThat(acme.rewards().balanceOf("ada").money("USD").signum()).isZero();
        assertThat(globex.entitlements().plan().plan()).isEqualTo("free");

        assertThat(acme.rewards().claim("launch", "ada").redeemed()).isTrue();
        assertThat(acme.rewards().claim("launch", "ada").status()).isEqualTo(Redemption.Status.ALREADY_REDEEMED);
        assertThat(acme.rewards().claim("launch", "bob").status()).isEqualTo(Redemption.Status.LIMIT_REACHED);
    }

    @Test
    void whatAVisitorBringsBackIsSigned() {
        var acme = plg.workspace("acme");
        ReferralLink link = acme.referrals().linkOf("ada");
        String touch = plg.signUps()
                .visit(" " + link.code().toLowerCase(java.util.Locale.ROOT), Visitor.from("203.0.113.7"))
                .touch()
                .orElseThrow();
        assertThat(plg.signUps()
                        .attributeTouch(touch.substring(0, touch.length() - 1) + "_", NewUser.of("x"))
                        .reason())
                .contains(Attribution.Reason.FORGED);
        assertThat(plg.signUps().attributeTouch(touch, NewUser.of("lin")).attributed())
                .isTrue();
    }
}
