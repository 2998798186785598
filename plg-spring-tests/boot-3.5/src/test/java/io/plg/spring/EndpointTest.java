package io.plg.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.Plg;
import io.plg.spring.PlgEndpoint.Funnel;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

@DisplayName("The Actuator endpoint")
class EndpointTest {
    private final ApplicationContextRunner plg = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(PlgAutoConfiguration.class))
            .withUserConfiguration(PlgAutoConfigurationTest.OneFunnel.class);
    private final ApplicationContextRunner exposed =
            plg.withPropertyValues("management.endpoints.web.exposure.include=plg");

    @Test
    void showsHowPlgIsSetUp() {
        exposed.run(context -> {
            var setup = context.getBean(PlgEndpoint.class).setup();
            assertThat(setup.version()).matches("\\d+\\.\\d+\\.\\d+.*");
            assertThat(setup.store()).isEqualTo("memory");
            assertThat(setup.funnels())
                    .containsExactly(
                            new Funnel("onboarding", List.of("account_created", "first_export"), "first_export"));
        });
    }

    @Test
    void showsThatTheStoreIsADatabase() {
        exposed.withConfiguration(PlgAutoConfigurationTest.dataSources())
                .withPropertyValues("spring.datasource.url=" + PlgAutoConfigurationTest.h2(), "plg.schema.migrate=true")
                .run(context -> assertThat(
                                context.getBean(PlgEndpoint.class).setup().store())
                        .isEqualTo("jdbc"));
    }

    @Test
    void isNotThereUnlessExposed() {
        plg.run(context -> assertThat(context).hasSingleBean(Plg.class).doesNotHaveBean(PlgEndpoint.class));
    }

    @Test
    void isNotThereWithoutActuator() {
        exposed.withClassLoader(new FilteredClassLoader("org.springframework.boot.actuate"))
                .run(context -> assertThat(context).hasSingleBean(Plg.class).doesNotHaveBean(PlgEndpoint.class));
    }

    @Test
    void isNotThereIfItCannotTellWhichPlgIsMeant() {
        exposed.withBean("one", Plg.class, () -> Plg.inMemory().build())
                .withBean("two", Plg.class, () -> Plg.inMemory().build())
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(PlgEndpoint.class));
    }

    @Test
    void givesWayToAnEndpointOfTheApplication() {
        exposed.withBean(
                        "own",
                        PlgEndpoint.class,
                        () -> new PlgEndpoint(Plg.inMemory().build(), "own"))
                .run(context ->
                        assertThat(context).hasSingleBean(PlgEndpoint.class).hasBean("own"));
    }
}
