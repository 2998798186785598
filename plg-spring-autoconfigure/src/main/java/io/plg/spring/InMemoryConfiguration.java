package io.plg.spring;

import io.plg.Plg;
import io.plg.PlgListener;
import io.plg.activation.ActivationFunnel;
import io.plg.spring.PlgProperties.Store;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Plg in memory: asked for, or all that is left. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnMissingBean(Plg.class)
class InMemoryConfiguration {
    private static final Logger LOG = LoggerFactory.getLogger(Plg.class);

    @Bean(destroyMethod = "close")
    Plg plg(
            PlgProperties properties,
            ListableBeanFactory beans,
            ObjectProvider<ActivationFunnel> funnels,
            ObjectProvider<PlgListener> listeners) {
        if (properties.store() == Store.JDBC) {
            throw new PlgSetupFailure(
                    "plg.store is \"jdbc\", but plg-jdbi is not on the class path.",
                    "Add the dependency io.plg:plg-jdbi, or set plg.store to \"memory\".");
        }
        if (properties.store() == Store.AUTO) {
            LOG.warn(
                    "plg keeps its data in memory and will forget it, because {}; if that is intended, set plg.store to \"memory\"",
                    DataSources.names(beans).isEmpty()
                            ? "there is no DataSource bean"
                            : "plg-jdbi is not on the class path");
        }
        return Product.describe(Plg.inMemory(), properties, beans, funnels, listeners)
                .build();
    }
}
