package io.plg.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.plg.Plg;
import io.plg.PlgListener;
import io.plg.event.GrowthEvent;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@DisplayName("Micrometer")
class MetricsTest {
    private final ApplicationContextRunner plg = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(PlgAutoConfiguration.class))
            .withUserConfiguration(PlgAutoConfigurationTest.OneFunnel.class);
    private final ApplicationContextRunner measured = plg.withBean(MeterRegistry.class, SimpleMeterRegistry::new);

    @Test
    void countsEventsByTypeAndByNothingElse() {
        measured.run(context -> {
            var activation = context.getBean(Plg.class).workspace("acme").activation("onboarding");
            activation.complete("ada", "account_created");
            activation.complete("ada", "first_export");
            activation.complete("ada", "first_export");
            activation.complete("lin", "account_created");

            var registry = context.getBean(MeterRegistry.class);
            assertThat(registry.get("plg.events")
                            .tag("type", GrowthEvent.StepCompleted.TYPE)
                            .counter()
                            .count())
                    .isEqualTo(3);
            assertThat(registry.get("plg.events")
                            .tag("type", GrowthEvent.UserActivated.TYPE)
                            .counter()
                            .count())
                    .isEqualTo(1);
            assertThat(registry.getMeters())
                    .extracting(Meter::getId)
                    .allSatisfy(id ->
                            assertThat(id.getTags()).extracting(Tag::getKey).containsExactly("type"));
        });
    }

    @Test
    void isNotNeeded() {
        plg.run(context -> assertThat(context).hasSingleBean(Plg.class).doesNotHaveBean(PlgListener.class));
        plg.withClassLoader(new FilteredClassLoader("io.micrometer"))
                .run(context -> assertThat(context).hasSingleBean(Plg.class).doesNotHaveBean(PlgListener.class));
    }

    @Test
    void countsNothingIfThereAreTwoRegistriesAndNoneIsPrimary() {
        measured.withBean("other", MeterRegistry.class, SimpleMeterRegistry::new)
                .run(context -> assertThat(context).hasSingleBean(Plg.class).doesNotHaveBean(PlgListener.class));
    }

    @Test
    void givesWayToAMeterOfTheApplication() {
        measured.withUserConfiguration(OwnMeter.class).run(context -> {
            PlgAutoConfigurationTest.complete(context.getBean(Plg.class));
            assertThat(context).hasSingleBean(PlgListener.class);
            assertThat(context.getBean(MeterRegistry.class).getMeters()).isEmpty();
        });
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnMeter {
        @Bean
        PlgListener plgEventMeter() {
            return PlgListener.NO_OP;
        }
    }
}
