package io.plg.spring;

import java.time.Duration;
import java.util.List;
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
 * @param isolation What keeps workspaces apart in the database.
 * @param operator Reports over all workspaces.
 * @param removeExpiredEvery How often what has outlived its retention, such as idempotency keys, is removed. Never if zero.
 * @param settleRewardsEvery How often rewards whose hold has ended are issued, and those that are given outside are handed on. Never if zero.
 */
@ConfigurationProperties(PlgProperties.PREFIX)
record PlgProperties(
        @DefaultValue("auto") Store store,
        @Nullable String dataSource,
        @DefaultValue Schema schema,
        @DefaultValue Isolation isolation,
        @DefaultValue Operator operator,
        @DefaultValue("1h") Duration removeExpiredEvery,
        @DefaultValue("10s") Duration settleRewardsEvery) {

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

    /**
     * What keeps workspaces apart in the database.
     *
     * @param audit What happens at the start if the database does not keep workspaces apart as it should. With "strict" the application does
     *     not start.
     * @param probe Whether the audit also tries it out, in a transaction that is rolled back.
     * @param watch How often to look whether it changed, at most every 60 seconds. Not watched if missing.
     * @param tables Tables of the application that are audited too, each as SCHEMA.TABLE:TENANT_COLUMN.
     * @param schemas Schemas of the application of which every table is audited, each as SCHEMA:TENANT_COLUMN.
     * @param shared Tables in these schemas that all tenants share, each as SCHEMA.TABLE. They are left out.
     */
    record Isolation(
            @DefaultValue("warn") Audit audit,
            @DefaultValue("true") boolean probe,
            @Nullable Duration watch,
            @DefaultValue List<String> tables,
            @DefaultValue List<String> schemas,
            @DefaultValue List<String> shared) {

        /** What happens at the start. */
        enum Audit {
            OFF,
            WARN,
            STRICT
        }
    }

    /**
     * Reports over all workspaces.
     *
     * @param dataSource Name of the DataSource bean that logs in as a member of plg_operator. Operator reports are off if missing.
     */
    record Operator(@Nullable String dataSource) {}
}
