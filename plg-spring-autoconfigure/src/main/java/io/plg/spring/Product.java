package io.plg.spring;

import io.plg.IdSource;
import io.plg.JsonCodec;
import io.plg.PlgBuilder;
import io.plg.PlgListener;
import io.plg.activation.ActivationFunnel;
import io.plg.fraud.FraudPolicy;
import io.plg.gate.GateMessages;
import io.plg.plan.PlanCatalog;
import io.plg.plan.PlanResolver;
import io.plg.plan.PlanSource;
import io.plg.prompt.PromptPolicy;
import io.plg.referral.ProgramCatalog;
import io.plg.referral.ProgramSource;
import io.plg.referral.ReferralProgram;
import io.plg.reward.RewardFulfilment;
import java.time.InstantSource;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.ObjectProvider;

/** The description of the product, taken from the beans of the application. */
final class Product {
    private Product() {}

    static <B extends PlgBuilder<B>> B describe(
            B builder,
            PlgProperties properties,
            BeanFactory beans,
            ObjectProvider<ActivationFunnel> funnels,
            ObjectProvider<PlgListener> listeners) {
        funnels.orderedStream().forEach(builder::funnel);
        // Not injected, because then one of several would be chosen if its name happened to be that of the parameter.
        beans.getBeanProvider(InstantSource.class).ifUnique(builder::clock);
        beans.getBeanProvider(IdSource.class).ifUnique(builder::ids);
        beans.getBeanProvider(JsonCodec.class).ifUnique(builder::json);
        beans.getBeanProvider(PlanCatalog.class).ifUnique(builder::plans);
        beans.getBeanProvider(PlanSource.class).ifUnique(builder::plans);
        beans.getBeanProvider(PlanResolver.class).ifUnique(builder::planResolver);
        beans.getBeanProvider(GateMessages.class).ifUnique(builder::gateMessages);
        beans.getBeanProvider(PromptPolicy.class).ifUnique(builder::prompts);
        beans.getBeanProvider(ProgramSource.class).ifUnique(builder::programs);
        beans.getBeanProvider(ProgramCatalog.class).ifUnique(builder::programs);
        beans.getBeanProvider(ReferralProgram.class).ifUnique(builder::program);
        beans.getBeanProvider(FraudPolicy.class).ifUnique(builder::fraud);
        beans.getBeanProvider(RewardFulfilment.class).ifUnique(builder::fulfilment);
        builder.removeExpiredEvery(properties.removeExpiredEvery());
        builder.settleRewardsEvery(properties.settleRewardsEvery());
        return builder.listener(new ListenerBeans(listeners));
    }
}
