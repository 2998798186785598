package io.plg.spring;

import io.plg.Plg;
import io.plg.PlgListener;
import io.plg.activation.ActivationFunnel;
import io.plg.audit.IsolationAudit;
import io.plg.jdbi.IsolationMode;
import io.plg.jdbi.JdbiPlg;
import io.plg.jdbi.PlgSchema;
import javax.sql.DataSource;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.util.ClassUtils;

/** Plg in the application's database and transactions. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnClass(JdbiPlg.class)
@Conditional(OnJdbcStore.class)
@ConditionalOnMissingBean(Plg.class)
class JdbcConfiguration {
    /** Without it there can be no transactions of Spring on a DataSource. */
    private static final boolean SPRING_JDBC = ClassUtils.isPresent(
            "org.springframework.jdbc.datasource.DataSourceUtils", JdbcConfiguration.class.getClassLoader());

    /** To be replaced where the tables belong to another role than the one that the application logs in as. */
    @Bean
    @ConditionalOnMissingBean
    PlgSchema plgSchema(PlgProperties properties, ListableBeanFactory beans) {
        return PlgSchema.on(DataSources.choose(beans, properties.dataSource()));
    }

    @Bean(destroyMethod = "close")
    @DependsOnDatabaseInitialization
    JdbiPlg plg(
            PlgProperties properties,
            PlgSchema schema,
            ListableBeanFactory beans,
            ObjectProvider<ActivationFunnel> funnels,
            ObjectProvider<PlgListener> listeners) {
        DataSource dataSource = DataSources.choose(beans, properties.dataSource());
        if (properties.schema().migrate()) {
            schema.migrate();
        }
        var builder = SPRING_JDBC ? SpringTransactions.join(dataSource, beans) : JdbiPlg.on(dataSource);
        isolation(properties.isolation(), builder);
        if (properties.operator().dataSource() != null) {
            builder.operator(DataSources.choose(beans, properties.operator().dataSource()));
        }
        return Product.describe(builder, properties, beans, funnels, listeners).build();
    }

    private static void isolation(PlgProperties.Isolation isolation, JdbiPlg.Builder builder) {
        builder.isolation(IsolationMode.valueOf(isolation.audit().name())).audited(audit -> audited(isolation, audit));
        if (isolation.watch() != null) {
            builder.watchIsolation(isolation.watch());
        }
    }

    private static IsolationAudit audited(PlgProperties.Isolation isolation, IsolationAudit audit) {
        IsolationAudit changed = isolation.probe() ? audit : audit.withoutProbe();
        for (String table : isolation.tables()) {
            int colon = table.lastIndexOf(':');
            if (colon < 0 || table.lastIndexOf('.', colon) < 0) {
                throw new PlgSetupFailure(
                        "plg.isolation.tables has \"" + table
                                + "\", which does not name a table and its tenant column.",
                        "Write it as SCHEMA.TABLE:TENANT_COLUMN, for example app.project:tenant_id.");
            }
            changed = changed.table(table.substring(0, colon), table.substring(colon + 1));
        }
        for (String each : isolation.schemas()) {
            int colon = each.lastIndexOf(':');
            if (colon < 0) {
                throw new PlgSetupFailure(
                        "plg.isolation.schemas has \"" + each
                                + "\", which does not name a schema and its tenant column.",
                        "Write it as SCHEMA:TENANT_COLUMN, for example app:tenant_id.");
            }
            String schema = each.substring(0, colon);
            changed = changed.schema(
                    schema,
                    each.substring(colon + 1),
                    isolation.shared().stream()
                            .filter(table -> table.startsWith(schema + "."))
                            .map(table -> table.substring(schema.length() + 1))
                            .toArray(String[]::new));
        }
        return changed;
    }
}
