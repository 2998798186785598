package io.plg.spring;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The properties of plg.
 *
 * @param store Where plg keeps its data. With "auto" that is the application's database if there is a DataSource and plg-jdbi is
 *     on the class path, otherwise the memory of this process.
 * @param dataSource Name of the DataSource bean to use. Needed only if there are several and none is primary.
 * @param schema The tables of plg.
 */
@ConfigurationProperties(PlgProperties.PREFIX)
record PlgProperties(
        @DefaultValue("auto") Store store,
        @Nullable String dataSource,
        @DefaultValue Schema schema) {

    static final String PREFIX = "plg";

    /** Where the data is. */
    enum Store {
        AUTO,
        JDBC,
        MEMORY
    }

    /**
     * The tables of plg.
     *
     * @param migrate Whether to create or update the tables of plg when the application starts.
     */
    record Schema(@DefaultValue("false") boolean migrate) {}
}
