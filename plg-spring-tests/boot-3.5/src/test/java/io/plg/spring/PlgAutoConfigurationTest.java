package io.plg.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.plg.IdSource;
import io.plg.Plg;
import io.plg.PlgListener;
import io.plg.SettableClock;
import io.plg.StoreFailure;
import io.plg.activation.ActivationFunnel;
import io.plg.event.GrowthEvent;
import io.plg.gate.Source;
import io.plg.jdbi.JdbiPlg;
import io.plg.jdbi.PlgSchema;
import io.plg.plan.PlanCatalog;
import io.plg.plan.PlanResolver;
import io.plg.plan.PlanSource;
import io.plg.plan.PlanVersion;
import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;
import org.springframework.core.annotation.Order;
import org.springframework.core.io.support.SpringFactoriesLoader;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.mock.env.MockEnvironment;
import org.springframework.util.ClassUtils;

@DisplayName("The auto-configuration")
class PlgAutoConfigurationTest {
    static final ActivationFunnel ONBOARDING = ActivationFunnel.named("onboarding")
            .step("account_created")
            .aha("first_export")
            .build();

    private final ApplicationContextRunner empty =
            new ApplicationContextRunner().withConfiguration(AutoConfigurations.of(PlgAutoConfiguration.class));
    private final ApplicationContextRunner noDatabase = empty.withUserConfiguration(OneFunnel.class);
    private final ApplicationContextRunner database = noDatabase
            .withConfiguration(dataSources())
            .withPropertyValues("spring.datasource.url=" + h2(), "plg.schema.migrate=true");

    /** Spring Boot's own, which has another name in each generation. */
    static AutoConfigurations dataSources() {
        for (String generation : List.of("autoconfigure.jdbc", "jdbc.autoconfigure")) {
            String name = "org.springframework.boot." + generation + ".DataSourceAutoConfiguration";
            if (ClassUtils.isPresent(name, null)) {
                return AutoConfigurations.of(ClassUtils.resolveClassName(name, null));
            }
        }
        throw new AssertionError("no DataSourceAutoConfiguration");
    }

    static String h2() {
        return "jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1";
    }

    // --- which store ---

    @Test
    void keepsEverythingInMemoryWithoutADataSource() {
        noDatabase.run(context -> {
            assertThat(context).hasSingleBean(Plg.class).doesNotHaveBean(JdbiPlg.class);
            assertThat(complete(context.getBean(Plg.class))).isEqualTo(50);
        });
    }

    @Test
    void keepsEverythingInTheDatabaseIfThereIsOne() {
        database.run(context -> {
            assertThat(context).hasSingleBean(Plg.class).hasSingleBean(JdbiPlg.class);
            assertThat(complete(context.getBean(Plg.class))).isEqualTo(50);
        });
    }

    @Test
    void keepsEverythingInMemoryIfAskedTo() {
        database.withPropertyValues("plg.store=memory")
                .run(context -> assertThat(context).hasSingleBean(Plg.class).doesNotHaveBean(JdbiPlg.class));
    }

    @Test
    void takesPlansAndTheirResolverFromBeans() {
        noDatabase
                .withBean(PlanCatalog.class, () -> SpringTransactionsContract.PLANS)
                .run(context -> assertThat(context.getBean(Plg.class)
                                .workspace("acme")
                                .gates()
                                .check(SpringTransactionsContract.PROJECTS)
                                .limit())
                        .isEqualTo(3));
        noDatabase
                .withBean(PlanSource.class, () -> PlanSource.of(SpringTransactionsContract.PLANS))
                .withBean(PlanResolver.class, () -> workspace -> Optional.of(PlanVersion.latestOf("gone")))
                .run(context -> assertThat(context.getBean(Plg.class)
                                .workspace("acme")
                                .gates()
                                .check(SpringTransactionsContract.PROJECTS)
                                .source())
                        .isEqualTo(Source.FALLBACK));
    }

    @Test
    void keepsEverythingInMemoryWithoutPlgJdbi() {
        database.withClassLoader(new FilteredClassLoader("io.plg.jdbi"))
                .run(context -> assertThat(context).hasSingleBean(Plg.class).doesNotHaveBean(JdbiPlg.class));
    }

    @Test
    void failsIfTheDatabaseIsAskedForAndPlgJdbiIsMissing() {
        database.withPropertyValues("plg.store=jdbc")
                .withClassLoader(new FilteredClassLoader("io.plg.jdbi"))
                .run(context -> assertThat(analysis(context.getStartupFailure()))
                        .isEqualTo("plg.store is \"jdbc\", but plg-jdbi is not on the class path."
                                + " Add the dependency io.plg:plg-jdbi, or set plg.store to \"memory\"."));
    }

    @Test
    void failsIfTheDatabaseIsAskedForAndThereIsNoDataSource() {
        noDatabase
                .withPropertyValues("plg.store=jdbc")
                .run(context -> assertThat(analysis(context.getStartupFailure()))
                        .startsWith("plg.store is \"jdbc\", but there is no DataSource bean. Configure one"));
    }

    @Test
    void failsIfThereAreTwoDataSourcesAndNothingTellsWhichToUse() {
        noDatabase
                .withUserConfiguration(TwoDataSources.class)
                .run(context -> assertThat(analysis(context.getStartupFailure()))
                        .isEqualTo(
                                "plg needs to know which DataSource to use: there are [orders, reports], and none of them"
                                        + " is primary. Set plg.data-source to the name of one of them, mark one as @Primary, or set"
                                        + " plg.store to \"memory\"."));
    }

    @Test
    void usesTheDataSourceThatIsNamed() {
        noDatabase
                .withUserConfiguration(TwoDataSources.class)
                .withPropertyValues("plg.data-source=reports", "plg.schema.migrate=true")
                .run(context -> {
                    assertThat(complete(context.getBean(Plg.class))).isEqualTo(50);
                    assertThat(plgTables(context.getBean("reports", DataSource.class)))
                            .isPositive();
                    assertThat(plgTables(context.getBean("orders", DataSource.class)))
                            .isZero();
                });
    }

    @Test
    void failsIfTheNamedDataSourceDoesNotExist() {
        noDatabase
                .withUserConfiguration(TwoDataSources.class)
                .withPropertyValues("plg.data-source=report")
                .run(context -> assertThat(analysis(context.getStartupFailure()))
                        .startsWith("plg.data-source is \"report\", but the DataSource beans are [orders, reports]."));
    }

    @Test
    void usesThePrimaryDataSource() {
        noDatabase
                .withUserConfiguration(PrimaryDataSource.class)
                .withPropertyValues("plg.schema.migrate=true")
                .run(context -> assertThat(plgTables(context.getBean("first", DataSource.class)))
                        .isPositive());
    }

    @Test
    void doesNotUseADataSourceForNothing() {
        noDatabase
                .withUserConfiguration(TwoDataSources.class)
                .withPropertyValues("plg.store=memory")
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(JdbiPlg.class));
    }

    @Test
    void createsNoTableUnlessAsked() {
        database.withPropertyValues("plg.schema.migrate=false").run(context -> {
            assertThat(plgTables(context.getBean(DataSource.class))).isZero();
            assertThatThrownBy(() -> complete(context.getBean(Plg.class)))
                    .isInstanceOf(StoreFailure.class)
                    .hasMessageContaining("PlgSchema");
        });
    }

    @Test
    void createsTheTablesByTheSchemaOfTheApplication() {
        database.withUserConfiguration(OwnSchema.class).run(context -> {
            assertThat(context).hasSingleBean(PlgSchema.class);
            assertThat(plgTables(context.getBean(OwnSchema.class).owner)).isPositive();
            assertThat(plgTables(context.getBean(DataSource.class))).isZero();
        });
    }

    @Test
    void givesWayToAPlgOfTheApplication() {
        database.withUserConfiguration(OwnPlg.class)
                .run(context -> assertThat(context)
                        .hasSingleBean(Plg.class)
                        .doesNotHaveBean(JdbiPlg.class)
                        .hasBean("ownPlg"));
    }

    @Test
    void reportsAnUnknownStoreWithTheOnesThereAre() {
        noDatabase
                .withPropertyValues("plg.store=mysql")
                .run(context -> assertThat(analysis(context.getStartupFailure()))
                        .contains("plg.store", "mysql", "AUTO", "JDBC", "MEMORY"));
    }

    @Test
    void reportsAWrongSwitch() {
        noDatabase
                .withPropertyValues("plg.schema.migrate=perhaps")
                .run(context -> assertThat(analysis(context.getStartupFailure()))
                        .contains("plg.schema.migrate", "perhaps", "boolean"));
    }

    @Test
    void closesPlgWithTheContext() {
        noDatabase.run(context -> assertThat(
                        context.getBeanFactory().getBeanDefinition("plg").getDestroyMethodName())
                .isEqualTo("close"));
        database.run(context -> assertThat(
                        context.getBeanFactory().getBeanDefinition("plg").getDestroyMethodName())
                .isEqualTo("close"));
    }

    // --- the product ---

    @Test
    void hasNoFunnelWithoutAFunnelBean() {
        empty.run(context -> assertThat(context.getBean(Plg.class).funnels()).isEmpty());
    }

    @Test
    void takesTheFunnelBeansInTheirOrder() {
        empty.withUserConfiguration(OrderedFunnels.class)
                .run(context -> assertThat(context.getBean(Plg.class).funnels())
                        .extracting(ActivationFunnel::name)
                        .containsExactly("first", "second"));
    }

    @Test
    void failsIfTwoFunnelsHaveTheSameName() {
        noDatabase
                .withUserConfiguration(SameFunnel.class)
                .run(context -> assertThat(context.getStartupFailure())
                        .rootCause()
                        .hasMessage("funnel names must be unique, \"onboarding\" was added before"));
    }

    @Test
    void takesTimeFromTheOnlyInstantSource() {
        noDatabase
                .withUserConfiguration(OneClock.class)
                .run(context ->
                        assertThat(completedAt(context.getBean(Plg.class))).isEqualTo("2026-04-12T08:00:00Z"));
    }

    @Test
    void takesTimeFromTheOnlyClock() {
        noDatabase
                .withUserConfiguration(JavaClock.class)
                .run(context ->
                        assertThat(completedAt(context.getBean(Plg.class))).isEqualTo("2001-02-03T04:05:06Z"));
    }

    @Test
    void takesTimeFromTheSystemIfThereAreSeveralClocks() {
        noDatabase
                .withUserConfiguration(OneClock.class, JavaClock.class)
                .run(context ->
                        assertThat(completedAt(context.getBean(Plg.class))).isAfter("2026-04-13T00:00:00Z"));
    }

    @Test
    void takesIdsFromTheOnlyIdSource() {
        noDatabase.withUserConfiguration(OneIdSource.class, Recorders.class).run(context -> {
            complete(context.getBean(Plg.class));
            assertThat(context.getBean(Recorders.class).heard)
                    .containsExactly("first " + new UUID(0, 7), "second " + new UUID(0, 7));
        });
    }

    // --- listeners ---

    @Test
    void tellsTheListenersInTheirOrder() {
        noDatabase.withUserConfiguration(Recorders.class).run(context -> {
            complete(context.getBean(Plg.class));
            complete(context.getBean(Plg.class)); // a repeat is no event
            assertThat(context.getBean(Recorders.class).heard)
                    .extracting(heard -> heard.substring(0, heard.indexOf(' ')))
                    .containsExactly("first", "second");
        });
    }

    @Test
    void tellsTheOtherListenersIfOneFails() {
        noDatabase.withUserConfiguration(Recorders.class, Failing.class).run(context -> {
            complete(context.getBean(Plg.class));
            assertThat(context.getBean(Recorders.class).heard).hasSize(2);
        });
    }

    @Test
    void allowsAListenerThatNeedsPlgItself() {
        noDatabase.withUserConfiguration(NeedsPlg.class).run(context -> {
            complete(context.getBean(Plg.class));
            assertThat(context.getBean(Plg.class)
                            .workspace("acme")
                            .activation("onboarding")
                            .state("ada")
                            .activated())
                    .isTrue();
        });
    }

    @Test
    void passesEveryKindOfNewsOnToTheListenerBeans() {
        assertThat(Arrays.stream(PlgListener.class.getMethods()).map(method -> method.getName()))
                .isSubsetOf(Arrays.stream(ListenerBeans.class.getDeclaredMethods())
                        .map(method -> method.getName())
                        .toList());
    }

    // --- helpers ---

    static int complete(Plg plg) {
        return plg.workspace("acme")
                .activation("onboarding")
                .complete("ada", "account_created")
                .score();
    }

    private static Instant completedAt(Plg plg) {
        complete(plg);
        return plg.workspace("acme")
                .activation("onboarding")
                .state("ada")
                .signedUpAt()
                .orElseThrow();
    }

    private static int plgTables(DataSource dataSource) {
        return new JdbcTemplate(dataSource)
                .queryForObject(
                        "SELECT count(*) FROM information_schema.tables WHERE lower(table_schema) = 'plg'",
                        Integer.class);
    }

    /** What Spring Boot would print: the description and the action of the first analyzer that knows the failure. */
    static String analysis(Throwable failure) {
        assertThat(failure).isNotNull();
        for (FailureAnalyzer analyzer : SpringFactoriesLoader.forDefaultResourceLocation()
                .load(
                        FailureAnalyzer.class,
                        SpringFactoriesLoader.ArgumentResolver.of(
                                org.springframework.core.env.Environment.class, new MockEnvironment()),
                        (type, name, e) -> {})) {
            FailureAnalysis analysis = analyzer.analyze(failure);
            if (analysis != null) {
                return analysis.getDescription() + " " + analysis.getAction();
            }
        }
        throw new AssertionError("no analysis", failure);
    }

    @Configuration(proxyBeanMethods = false)
    static class OneFunnel {
        @Bean
        ActivationFunnel onboarding() {
            return ONBOARDING;
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class SameFunnel {
        @Bean
        ActivationFunnel onboardingAgain() {
            return ActivationFunnel.named("onboarding").step("other").build();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OrderedFunnels {
        @Bean
        @Order(2)
        ActivationFunnel b() {
            return ActivationFunnel.named("second").step("other").build();
        }

        @Bean
        @Order(1)
        ActivationFunnel c() {
            return ActivationFunnel.named("first").step("other").build();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class TwoDataSources {
        @Bean
        DataSource orders() {
            return dataSource();
        }

        @Bean
        DataSource reports() {
            return dataSource();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class PrimaryDataSource {
        @Bean
        @Primary
        DataSource first() {
            return dataSource();
        }

        @Bean
        DataSource second() {
            return dataSource();
        }
    }

    private static DataSource dataSource() {
        var dataSource = new HikariDataSource();
        dataSource.setJdbcUrl(h2());
        return dataSource;
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnPlg {
        @Bean
        Plg ownPlg() {
            return Plg.inMemory().build();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnSchema {
        final DataSource owner = dataSource();

        @Bean
        PlgSchema ownSchema() {
            return PlgSchema.on(owner);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OneClock {
        @Bean
        SettableClock settableClock() {
            return SettableClock.at("2026-04-12T08:00:00Z");
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class JavaClock {
        @Bean
        InstantSource clock() {
            return Clock.fixed(Instant.parse("2001-02-03T04:05:06Z"), ZoneOffset.UTC);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OneIdSource {
        @Bean
        IdSource ids() {
            return () -> new UUID(0, 7);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Recorders {
        final List<String> heard = new ArrayList<>();

        @Bean
        @Order(2)
        PlgListener a() {
            return recorder("second");
        }

        @Bean
        @Order(1)
        PlgListener b() {
            return recorder("first");
        }

        private PlgListener recorder(String name) {
            return new PlgListener() {
                @Override
                public void onEvent(GrowthEvent event) {
                    heard.add(name + " " + event.id());
                }
            };
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Failing {
        @Bean
        @Order(0)
        PlgListener failing() {
            return new PlgListener() {
                @Override
                public void onEvent(GrowthEvent event) {
                    throw new AssertionError("meant to fail");
                }
            };
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class NeedsPlg {
        @Bean
        PlgListener exporter(Plg plg) {
            return new PlgListener() {
                @Override
                public void onEvent(GrowthEvent event) {
                    plg.workspace(event.workspace()).activation(ONBOARDING).complete(event.user(), ONBOARDING.aha());
                }
            };
        }
    }
}
