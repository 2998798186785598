package io.plg.examples.quickstart;

import static io.plg.idempotency.Principal.by;

import io.plg.Plg;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.Step;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.Operation;
import io.plg.jdbi.JdbiPlg;
import io.plg.jdbi.PlgSchema;
import io.plg.plan.Every;
import io.plg.plan.Feature;
import io.plg.plan.PlanCatalog;
import io.plg.referral.NewUser;
import io.plg.referral.ReferralProgram;
import io.plg.referral.User;
import io.plg.reward.Benefit;
import io.plg.reward.Redemption;
import io.plg.reward.RewardRule;
import io.plg.reward.Stage;
import org.h2.jdbcx.JdbcDataSource;

/** A product that grows by itself, from the first sign-up to K: read it from top to bottom. */
public final class Quickstart {
    // The product, described once; every mistake is found when it is built.
    static final Step EXPORTED = Step.of("first_export");
    static final ActivationFunnel ONBOARDING = ActivationFunnel.named("onboarding")
            .step("account_created")
            .step("first_project")
            .aha(EXPORTED)
            .build();

    static final Feature.Quota EXPORTS = Feature.quota("exports", Every.MONTH);
    static final PlanCatalog PLANS = PlanCatalog.builder()
            .plan("free", plan -> plan.limit(EXPORTS, 5))
            .plan("starter", plan -> plan.price(19, "USD").limit(EXPORTS, 50))
            .defaultPlan("free")
            .build();

    static final ReferralProgram FRIENDS = ReferralProgram.named("friends")
            .link("https://app.example.org/join")
            .reward(RewardRule.on(Stage.ACTIVATION)
                    .referrer(Benefit.credit(EXPORTS, 20))
                    .referred(Benefit.credit(EXPORTS, 10))
                    .claimed() // each redeems it when it suits them
                    .build())
            .build();

    static final Operation<Redemption> REDEEM =
            Operation.financial("redeem-reward", Redemption.class).retryableWhen(Redemption::mayComeLater);

    private Quickstart() {}

    /**
     * Runs it.
     *
     * @param args not used
     */
    public static void main(String[] args) {
        var database = new JdbcDataSource(); // PostgreSQL in production
        database.setURL("jdbc:h2:mem:quickstart;DB_CLOSE_DELAY=-1");
        PlgSchema.on(database).migrate();

        try (Plg plg = JdbiPlg.on(database)
                .funnel(ONBOARDING)
                .plans(PLANS)
                .program(FRIENDS)
                .build()) {
            var acme = plg.workspace("acme");
            var globex = plg.workspace("globex");

            // tag::heart[]
            // Ada signs up and finds out what the product is for.
            acme.activation(ONBOARDING).complete("ada", "account_created");
            var ada = acme.activation(ONBOARDING).complete("ada", EXPORTED);
            System.out.println("Ada is activated: " + ada.activated() + ", score " + ada.score());

            // She uses what her plan has, and the gate says what would help.
            acme.gates().consumeOrThrow(EXPORTS, 5);
            var sixth = acme.gates().consume(EXPORTS);
            System.out.println(sixth.message() + " " + sixth.upgrade().message());

            // She refers Lin, who signs up for another workspace; her own second address does not count.
            var link = acme.referrals().linkOf(User.of("ada").email("ada@example.org"));
            var herself =
                    plg.signUps().attribute(link.code(), NewUser.of("ada2").email("Ada+1@example.org"));
            var lin = plg.signUps().attribute(link.code(), NewUser.of("lin").email("lin@example.org"));
            System.out.println(link.uri() + " herself: " + herself.attributed() + ", Lin: " + lin.attributed());

            // Lin is activated, and in the same commit both have earned something.
            globex.activation(ONBOARDING).complete("lin", EXPORTED);
            var reward = acme.rewards().of("ada").get(0);

            // Ada redeems it, and her browser asks twice.
            for (int i = 0; i < 2; i++) {
                var outcome = acme.idempotency()
                        .execute(
                                REDEEM,
                                by("ada"),
                                IdempotencyKey.of("8e03978e-40d5-43e8"),
                                Fingerprint.of(reward.id()),
                                tx -> tx.rewards().redeem(reward.id()));
                System.out.println(
                        outcome.orThrow().status() + ": " + outcome.orThrow().message());
            }
            System.out.println(acme.gates().check(EXPORTS).message());

            // Is it growing?
            acme.virality()
                    .kOfGraph()
                    .ifPresent(k -> System.out.printf(
                            "K = %.2f (95 %% interval %.2f to %.2f, n = %d), %s%n",
                            k.value(), k.low(), k.high(), k.n(), k.verdict()));
            // end::heart[]
        }
    }
}
