package io.plg.docs;

import static io.plg.idempotency.Principal.by;
import static org.assertj.core.api.Assertions.assertThat;

import io.plg.Plg;
import io.plg.SettableClock;
import io.plg.UserId;
import io.plg.Workspace;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.Step;
import io.plg.fraud.DomainList;
import io.plg.fraud.FraudEvaluator;
import io.plg.fraud.FraudEvaluators;
import io.plg.fraud.FraudPolicy;
import io.plg.fraud.FraudSignal;
import io.plg.fraud.FraudVerdict;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Outcome;
import io.plg.plan.Every;
import io.plg.plan.Feature;
import io.plg.plan.PlanCatalog;
import io.plg.referral.Attribution;
import io.plg.referral.NewUser;
import io.plg.referral.ProgramCatalog;
import io.plg.referral.Referral;
import io.plg.referral.ReferralGraph;
import io.plg.referral.ReferralLink;
import io.plg.referral.ReferralProgram;
import io.plg.referral.User;
import io.plg.referral.Visit;
import io.plg.referral.Visitor;
import io.plg.reward.Benefit;
import io.plg.reward.Money;
import io.plg.reward.Redemption;
import io.plg.reward.Reward;
import io.plg.reward.RewardCampaign;
import io.plg.reward.RewardCap;
import io.plg.reward.RewardRule;
import io.plg.reward.RewardState;
import io.plg.reward.Stage;
import io.plg.virality.GrowthModel;
import io.plg.virality.KFactor;
import java.math.BigDecimal;
import java.net.URI;
import java.time.Duration;
import java.time.YearMonth;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReferralsTest {
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

    // tag::program[]
    static final ReferralProgram FRIENDS = ReferralProgram.named("friends")
            .link("https://app.example.org/join")
            .window(Duration.ofDays(30)) // from the click to the sign-up
            .reward(RewardRule.on(Stage.ACTIVATION)
                    .referrer(Benefit.accountCredit(20, "USD"))
                    .referred(Benefit.trialDays(14))
                    .cap(RewardCap.perReferrer(10, Every.MONTH))
                    .cap(RewardCap.perProgram(Money.of(50_000, "USD")))
                    .build())
            .reward(RewardRule.on(Stage.FIRST_PAYMENT)
                    .referrer(Benefit.credit(EXPORTS, 100))
                    .tier(5, Benefit.credit(EXPORTS, 150)) // from the fifth on
                    .milestone(10, Benefit.accountCredit(100, "USD"))
                    .hold(Duration.ofDays(14)) // as long as the payment may be taken back
                    .build())
            .build();
    // end::program[]

    final SettableClock clock = SettableClock.at("2026-04-12T08:00:00Z");
    // tag::build[]
    final Plg plg = Plg.inMemory()
            .funnel(ONBOARDING)
            .plans(PLANS)
            .program(FRIENDS)
            .clock(clock)
            .build();
    // end::build[]
    final Workspace acme = plg.workspace("acme");
    final Workspace globex = plg.workspace("globex");

    @AfterEach
    void close() {
        plg.close();
    }

    @Test
    void referralToReward() {
        // tag::heart[]
        ReferralLink link = acme.referrals().linkOf(User.of("ada").email("ada@example.org")); // always the same for Ada
        plg.signUps().attribute(link.code(), NewUser.of("lin").email("lin@example.org")); // once, never to herself

        globex.activation(ONBOARDING).complete("lin", EXPORTED); // both are rewarded, in this commit

        assertThat(acme.rewards().balanceOf("ada").money("USD")).isEqualTo(Money.of(20, "USD"));
        assertThat(globex.entitlements().plan().plan()).isEqualTo("starter"); // for 14 days
        // end::heart[]

        // tag::payment[]
        globex.referrals().reached("lin", Stage.FIRST_PAYMENT); // in the transaction that stores the payment
        assertThat(acme.rewards().of("ada").get(0).state()).isEqualTo(RewardState.PENDING);

        clock.advance(Duration.ofDays(14));
        assertThat(acme.rewards().of("ada").get(0).state()).isEqualTo(RewardState.ISSUED);
        assertThat(acme.gates().check(EXPORTS).remaining()).isEqualTo(105);
        // end::payment[]

        // tag::refund[]
        globex.referrals().refunded(UserId.of("lin"), Stage.FIRST_PAYMENT);
        assertThat(acme.gates().check(EXPORTS).remaining()).isEqualTo(5);

        globex.referrals().refunded(UserId.of("lin"), Stage.ACTIVATION, new BigDecimal("0.25"));
        assertThat(acme.rewards().balanceOf("ada").money("USD")).isEqualTo(Money.of(15, "USD"));
        // end::refund[]

        // tag::graph[]
        ReferralGraph graph = acme.referrals().graph();
        assertThat(graph.depthOf(UserId.of("lin"))).hasValue(1);
        assertThat(graph.subtreeSizeOf(UserId.of("ada"))).hasValue(2);
        assertThat(graph.generations()).hasSize(2);
        // end::graph[]
    }

    @Test
    void fromTheLinkToTheSignUp() {
        ReferralLink link = acme.referrals().linkOf("ada");
        String ref = link.code();
        // tag::visit[]
        // GET /join?ref=…&next=…
        Visit visit = plg.signUps().visit(ref, Visitor.from("203.0.113.7"));
        String cookie = visit.touch().orElse(""); // leave it with the visitor
        String next = ReferralLink.safeNext("//evil.example", "/welcome"); // never leads off the site

        // the sign-up, days later
        Attribution attribution =
                plg.signUps().attributeTouch(cookie, NewUser.of("lin").ip("203.0.113.7"));
        // end::visit[]
        assertThat(visit.isKnown()).isTrue();
        assertThat(next).isEqualTo("/welcome");
        assertThat(attribution.attributed()).isTrue();

        // tag::late[]
        Attribution late = plg.signUps()
                .attribute(
                        " " + ref.toLowerCase(java.util.Locale.ROOT), // entered by hand in the settings
                        NewUser.of("eve").in("hooli").signedUpAt(clock.instant().minus(Duration.ofDays(3))));
        // end::late[]
        assertThat(late.attributed()).isTrue();
        // tag::reasons[]
        String told = plg.signUps()
                .attribute("NOSUCH22", NewUser.of("bob"))
                .fold(attributed -> "welcome", not -> "welcome"); // a stranger learns nothing from it
        // end::reasons[]
        assertThat(told).isEqualTo("welcome");
    }

    @Test
    void whatUsersShare() {
        // tag::share[]
        ReferralLink template = acme.referrals().share("ada", "template-42");
        plg.signUps().visit(template.code(), Visitor.unknown());
        plg.signUps().attribute(template.code(), NewUser.of("lin"));

        assertThat(acme.referrals().shared()).singleElement().satisfies(shared -> {
            assertThat(shared.views()).isEqualTo(1);
            assertThat(shared.signUps()).isEqualTo(1);
        });
        // end::share[]
    }

    @Test
    void redeemOnce() {
        // tag::claim[]
        ReferralProgram claimed = ReferralProgram.named("friends")
                .reward(RewardRule.on(Stage.ACTIVATION)
                        .referrer(Benefit.credit(EXPORTS, 20))
                        .claimed(Duration.ofDays(60)) // the user redeems it, within 60 days
                        .build())
                .build();
        // end::claim[]
        try (Plg plg = Plg.inMemory()
                .funnel(ONBOARDING)
                .plans(PLANS)
                .programs(ProgramCatalog.builder()
                        .program(claimed)
                        .campaign(RewardCampaign.named("launch")
                                .gives(Benefit.accountCredit(5, "USD"))
                                .stock(500)
                                .build())
                        .build())
                .clock(clock)
                .build()) {
            Workspace acme = plg.workspace("acme");
            String code = acme.referrals().linkOf("ada").code();
            plg.signUps().attribute(code, NewUser.of("lin"));
            plg.workspace("globex").activation(ONBOARDING).complete("lin", EXPORTED);
            Reward reward = acme.rewards().of("ada").get(0);
            String header = "\"8e03978e-40d5-43e8-bc93-6894a57f9324\"";
            // tag::redeem[]
            Operation<Redemption> redeem =
                    Operation.financial("redeem-reward", Redemption.class).retryableWhen(Redemption::mayComeLater);

            Outcome<Redemption> outcome = acme.idempotency()
                    .execute(
                            redeem,
                            by("ada"),
                            IdempotencyKey.parse(header),
                            Fingerprint.of(reward.id()),
                            tx -> tx.rewards().redeem(reward.id()));

            assertThat(outcome.orThrow().redeemed()).isTrue();
            // end::redeem[]
            assertThat(acme.rewards().redeem(reward.id()).status()).isEqualTo(Redemption.Status.ALREADY_REDEEMED);
            // tag::campaign[]
            Redemption launch = acme.rewards().claim("launch", "ada"); // once per user, 500 in all
            // end::campaign[]
            assertThat(launch.redeemed()).isTrue();
        }
    }

    @Test
    void fraud() {
        // tag::fraud[]
        FraudPolicy policy = FraudPolicy.standard().toBuilder()
                .evaluator(FraudEvaluators.sameDomain(DomainList.free())) // colleagues are no referral here
                .action(FraudSignal.Kind.SAME_DOMAIN, FraudVerdict.Action.REJECT)
                .evaluator(
                        new FraudEvaluator() { // a model or a vendor, asked while others are
                            @Override
                            public String name() {
                                return "vendor";
                            }

                            @Override
                            public CompletableFuture<List<FraudSignal>> evaluate(io.plg.fraud.FraudCase referral) {
                                return CompletableFuture.completedFuture(List.of());
                            }
                        })
                .build();
        // end::fraud[]
        try (Plg plg = Plg.inMemory()
                .funnel(ONBOARDING)
                .plans(PLANS)
                .program(FRIENDS)
                .fraud(policy)
                .clock(clock)
                .build()) {
            Workspace acme = plg.workspace("acme");
            String code = acme.referrals()
                    .linkOf(User.of("ada").email("ada@example.org"))
                    .code();
            assertThat(plg.signUps()
                            .attribute(code, NewUser.of("bob").email("bob@example.org"))
                            .reason())
                    .contains(Attribution.Reason.FRAUD);
            plg.signUps().attribute(code, NewUser.of("eve").email("eve@mailinator.com"));
            // tag::review[]
            for (Referral held : acme.referrals().held(100)) {
                System.out.println(held.verdict());
                acme.referrals().release(held.id()); // or reject(held.id(), "…")
            }
            // end::review[]
            assertThat(acme.referrals().held(100)).isEmpty();
        }
        // tag::domains[]
        DomainList disposable = DomainList.url(
                URI.create("https://lists.example.org/disposable.txt"),
                Duration.ofDays(1),
                java.time.InstantSource.system());
        FraudPolicy withList = FraudPolicy.builder()
                .evaluator(FraudEvaluators.selfReferral())
                .evaluator(FraudEvaluators.disposableDomain(disposable))
                .build();
        // end::domains[]
        assertThat(withList).isNotNull();
    }

    @Test
    void growth() {
        // tag::growth[]
        GrowthModel model = new GrowthModel(1_000, 0.7); // a thousand users, each brings 0.7
        assertThat(model.ceiling()).hasValue(1_000 / (1 - 0.7));
        assertThat(Math.round(model.users(3))).isEqualTo(2_533); // after three cycles
        // end::growth[]
    }

    @Test
    void k() {
        acme.activation(ONBOARDING).complete("ada", EXPORTED);
        acme.activation(ONBOARDING).complete("bob", EXPORTED);
        String code = acme.referrals().linkOf("ada").code();
        // tag::invitation[]
        acme.referrals().recordInvitation("ada"); // whenever somebody invites somebody, by whatever means
        // end::invitation[]
        plg.signUps().attribute(code, NewUser.of("lin"));
        clock.advance(Duration.ofDays(2));
        globex.activation(ONBOARDING).complete("lin", EXPORTED);
        clock.advance(Duration.ofDays(60));
        // tag::k[]
        KFactor april = acme.virality()
                .k(YearMonth.of(2026, 4), Duration.ofDays(14)) // who was activated in April, and the 14 days after it
                .orElseThrow();

        assertThat(april.value()).isEqualTo(0.5);
        assertThat(april.n()).isEqualTo(2);
        assertThat(april.mature()).isTrue();
        assertThat(april.verdict()).isEqualTo(KFactor.Verdict.UNCERTAIN); // of two people nothing is certain
        // end::k[]
        assertThat(april.invitationsPerMember()).hasValue(0.5);
    }
}
