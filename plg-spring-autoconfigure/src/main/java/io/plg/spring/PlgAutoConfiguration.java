package io.plg.spring;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Import;

/**
 * Sets plg up. The order of the imports matters: in memory is what remains.
 *
 * <p>Spring Boot's own auto-configurations have moved between 3.x and 4.x, hence both names of each.
 */
@AutoConfiguration(
        afterName = {
            "org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration",
            "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration",
            "org.springframework.boot.actuate.autoconfigure.metrics.CompositeMeterRegistryAutoConfiguration",
            "org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration"
        })
@EnableConfigurationProperties(PlgProperties.class)
@Import({JdbcConfiguration.class, InMemoryConfiguration.class, MetricsConfiguration.class, EndpointConfiguration.class})
class PlgAutoConfiguration {}
