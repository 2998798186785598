package io.plg.spring;

import io.plg.spring.PlgProperties.Store;
import javax.sql.DataSource;
import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.ConfigurationCondition;
import org.springframework.core.type.AnnotatedTypeMetadata;

/** Matches if the properties ask for the database, or leave it to plg and there is a DataSource. */
final class OnJdbcStore extends SpringBootCondition implements ConfigurationCondition {

    @Override
    public ConfigurationPhase getConfigurationPhase() {
        return ConfigurationPhase.REGISTER_BEAN;
    }

    @Override
    public ConditionOutcome getMatchOutcome(ConditionContext context, AnnotatedTypeMetadata metadata) {
        var message = ConditionMessage.forCondition("plg store");
        PlgProperties properties =
                Binder.get(context.getEnvironment()).bindOrCreate(PlgProperties.PREFIX, PlgProperties.class);
        if (properties.store() != Store.AUTO) {
            return new ConditionOutcome(
                    properties.store() == Store.JDBC, message.because("plg.store is " + properties.store()));
        }
        if (properties.dataSource() != null) {
            return ConditionOutcome.match(message.because("plg.data-source is set"));
        }
        return DataSources.names(context.getBeanFactory()).isEmpty()
                ? ConditionOutcome.noMatch(message.didNotFind("bean").items(DataSource.class))
                : ConditionOutcome.match(message.foundExactly("a DataSource"));
    }
}
