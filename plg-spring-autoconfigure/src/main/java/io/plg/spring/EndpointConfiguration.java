package io.plg.spring;

import io.plg.Plg;
import io.plg.jdbi.JdbiPlg;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.util.ClassUtils;

/** The Actuator endpoint, where Actuator is and exposes it. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnClass({Endpoint.class, ConditionalOnAvailableEndpoint.class})
class EndpointConfiguration {
    private static final boolean JDBI =
            ClassUtils.isPresent("io.plg.jdbi.JdbiPlg", EndpointConfiguration.class.getClassLoader());

    @Bean
    @ConditionalOnAvailableEndpoint
    @ConditionalOnSingleCandidate(Plg.class)
    @ConditionalOnMissingBean
    PlgEndpoint plgEndpoint(Plg plg) {
        return new PlgEndpoint(plg, JDBI && plg instanceof JdbiPlg ? "jdbc" : "memory");
    }

    /** Apart, so that the rest works without plg-jdbi. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(JdbiPlg.class)
    static class Isolation {

        @Bean
        @ConditionalOnAvailableEndpoint
        @ConditionalOnSingleCandidate(JdbiPlg.class)
        @ConditionalOnMissingBean
        PlgIsolationEndpoint plgIsolationEndpoint(JdbiPlg plg) {
            return new PlgIsolationEndpoint(plg.isolationAudit());
        }
    }
}
