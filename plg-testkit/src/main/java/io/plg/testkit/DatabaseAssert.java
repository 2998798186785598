package io.plg.testkit;

import io.plg.StoreFailure;
import io.plg.audit.IsolationAudit;
import io.plg.audit.TenantBinding;
import io.plg.tenancy.AuditReport;
import io.plg.tenancy.Finding;
import java.nio.file.Path;
import java.util.Objects;
import javax.sql.DataSource;
import org.assertj.core.api.AbstractAssert;

/**
 * An assertion about a database: first say what to look at, in the words of {@link IsolationAudit}, then {@link #isIsolated()}. Made by
 * {@link IsolationAssertions#assertThatDatabase}. plg's own tables are always looked at, where there are any.
 */
public final class DatabaseAssert extends AbstractAssert<DatabaseAssert, DataSource> {
    private IsolationAudit audit;

    DatabaseAssert(DataSource dataSource) {
        super(Objects.requireNonNull(dataSource, "dataSource"), DatabaseAssert.class);
        audit = IsolationAudit.of(dataSource);
    }

    /**
     * Says which role to audit. Default: the one that the DataSource logs in as.
     *
     * @param role the role that the application's statements run as, such as {@code plg_app}
     * @return this assertion
     * @throws IllegalArgumentException if the name is empty
     * @see IsolationAudit#role
     */
    public DatabaseAssert asRole(String role) {
        audit = audit.role(role);
        return this;
    }

    /**
     * Adds a table of the host's.
     *
     * @param table its name with its schema, such as {@code app.project}
     * @param tenantColumn the column that says whose row it is
     * @return this assertion
     * @throws IllegalArgumentException if a name is empty or the schema is missing
     * @see IsolationAudit#table
     */
    public DatabaseAssert table(String table, String tenantColumn) {
        audit = audit.table(table, tenantColumn);
        return this;
    }

    /**
     * Adds all tables of a schema of the host's, also those that a later migration makes.
     *
     * @param schema the name of the schema
     * @param tenantColumn the column that says whose row it is
     * @param shared the names of tables in it that all tenants share
     * @return this assertion
     * @throws IllegalArgumentException if a name is empty
     * @see IsolationAudit#schema
     */
    public DatabaseAssert schema(String schema, String tenantColumn, String... shared) {
        audit = audit.schema(schema, tenantColumn, shared);
        return this;
    }

    /**
     * Says how a transaction tells the host's tables whose turn it is. Default: the setting {@code plg.workspace_id}.
     *
     * @param binding the setting or the claim
     * @return this assertion
     * @see IsolationAudit#boundBy
     */
    public DatabaseAssert boundBy(TenantBinding binding) {
        audit = audit.boundBy(binding);
        return this;
    }

    /**
     * Leaves the active probe out.
     *
     * @return this assertion
     * @see IsolationAudit#withoutProbe
     */
    public DatabaseAssert withoutProbe() {
        audit = audit.withoutProbe();
        return this;
    }

    /**
     * Migrates the database, at once, so that what is asserted is what the migrations make. If a file in the folder or below is named as
     * Flyway's versioned migrations are ({@code V1__x.sql}), Flyway runs them, with its defaults, and refuses files named otherwise; it must be
     * on the class path. Otherwise every {@code *.sql} file is run over JDBC, in the order of their names, each as one script in a session
     * as fresh as a new one. What neither of them can do, do before the assertion, and leave this out.
     *
     * <p>The database must be empty, or a mistaken DataSource would migrate production. It is refused if there is a table in any schema, whoever
     * owns it, but for those of extensions and plg's own, and plg's own must never have held a row of any workspace. Roles belong to the
     * whole server: a migration that makes or alters roles needs a server of its own.
     *
     * @param folder the folder with the migrations
     * @return this assertion
     * @throws IllegalArgumentException if there is no such folder, or no {@code .sql} file in it
     * @throws IllegalStateException if the database is not empty or not PostgreSQL, or Flyway is needed and missing
     * @throws StoreFailure if a migration fails; the message says which
     */
    public DatabaseAssert afterMigrating(Path folder) {
        ScratchMigration.run(actual, folder);
        return this;
    }

    /**
     * Verifies that nobody can reach the rows of another tenant.
     *
     * @return this assertion
     * @throws AssertionError if the audit found anything; the message has every finding with its remedy, the worst first
     * @throws IllegalArgumentException if the role to audit does not exist
     * @throws StoreFailure if the database cannot be asked
     */
    public DatabaseAssert isIsolated() {
        AuditReport report = audit.run();
        if (!report.isolated()) {
            failWithMessage("%s", message(report));
        }
        return this;
    }

    private static String message(AuditReport report) {
        var message = new StringBuilder();
        int count = report.findings().size();
        message.append("Expected tenants to be kept apart on ")
                .append(report.database())
                .append(" for role ")
                .append(report.role())
                .append(", but there ")
                .append(count == 1 ? "is 1 finding:\n" : "are " + count + " findings:\n");
        for (Finding each : report.findings()) {
            message.append("\n%s %s: %s (%s)\n".formatted(each.severity(), each.object(), each.problem(), each.check()))
                    .append(each.remedy().indent(4));
        }
        report.notProbed()
                .forEach(each -> message.append("\nnot probed: ").append(each).append('\n'));
        return message.toString();
    }
}
