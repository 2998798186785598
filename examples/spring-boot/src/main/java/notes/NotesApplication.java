package notes;

import io.plg.activation.ActivationFunnel;
import io.plg.activation.Step;
import io.plg.plan.Every;
import io.plg.plan.Feature;
import io.plg.plan.PlanCatalog;
import io.plg.referral.ReferralProgram;
import io.plg.reward.Benefit;
import io.plg.reward.RewardRule;
import io.plg.reward.Stage;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** A product that grows by itself: what it is made of are beans, and the services use it inside their own transactions. */
@SpringBootApplication
public class NotesApplication {
    static final Step EXPORTED = Step.of("first_export");
    static final Feature.Quota EXPORTS = Feature.quota("exports", Every.MONTH);

    /**
     * Runs it.
     *
     * @param args not used
     */
    public static void main(String[] args) {
        SpringApplication.run(NotesApplication.class, args).close();
    }

    @Bean
    ActivationFunnel onboarding() {
        return ActivationFunnel.named("onboarding")
                .step("account_created")
                .aha(EXPORTED)
                .build();
    }

    @Bean
    PlanCatalog plans() {
        return PlanCatalog.builder()
                .plan("free", plan -> plan.limit(EXPORTS, 5))
                .plan("starter", plan -> plan.price(19, "USD").limit(EXPORTS, 50))
                .defaultPlan("free")
                .build();
    }

    @Bean
    ReferralProgram friends() {
        return ReferralProgram.named("friends")
                .link("https://notes.example.org/join")
                .reward(RewardRule.on(Stage.ACTIVATION)
                        .referrer(Benefit.credit(EXPORTS, 20))
                        .referred(Benefit.credit(EXPORTS, 10))
                        .claimed()
                        .build())
                .build();
    }
}
