package io.plg.audit;

import io.plg.StoreFailure;
import io.plg.tenancy.AuditReport;
import io.plg.tenancy.Finding;
import io.plg.tenancy.IsolationDrift;
import io.plg.tenancy.Severity;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import javax.sql.DataSource;

/**
 * Audits a database: is there any way in which one tenant could read, change or count the rows of another?
 *
 * <pre>{@code
 * AuditReport audit = IsolationAudit.of(dataSource).run();
 * audit.findings(); // [CRITICAL plg.invite: row level security is not forced → ALTER TABLE plg.invite FORCE ROW LEVEL SECURITY]
 * }</pre>
 *
 * <p>It reads the catalog, and then tries: an active probe writes synthetic rows of two synthetic tenants in a transaction that is always
 * rolled back, and lets each reach for the other's with every kind of statement. The probe fires the triggers of the tables it writes
 * to and takes numbers from their sequences; nothing else of it remains. The DataSource must log in as the role that the application
 * uses, unless {@link #role(String)} names another. Only PostgreSQL can keep tenants apart; of any other database the report says so in one
 * finding.
 *
 * <p>An audit is a value: each method returns another one. It is safe to use from many threads.
 */
public final class IsolationAudit {
    private static final String POSTGRESQL = "PostgreSQL";

    private final DataSource dataSource;
    private final Scope scope;

    private IsolationAudit(DataSource dataSource, Scope scope) {
        this.dataSource = Objects.requireNonNull(dataSource, "dataSource");
        this.scope = scope;
    }

    /**
     * Returns an audit of plg's own tables, where there are any, and of every role, function and view around them.
     *
     * @param dataSource connects as the application does
     * @return the audit
     */
    public static IsolationAudit of(DataSource dataSource) {
        return new IsolationAudit(dataSource, Scope.PLG);
    }

    /**
     * Adds a table of the host's.
     *
     * @param table its name with its schema, such as {@code app.project}, as the database stores it
     * @param tenantColumn the column that says whose row it is
     * @return the audit with that table
     * @throws IllegalArgumentException if a name is empty or the schema is missing
     */
    public IsolationAudit table(String table, String tenantColumn) {
        int dot = table.indexOf('.');
        if (dot <= 0 || dot == table.length() - 1) {
            throw new IllegalArgumentException("table must be SCHEMA.TABLE, was \"" + table + "\"");
        }
        var tables = new ArrayList<>(scope.tables());
        tables.add(new Scope.NamedTable(
                table.substring(0, dot), table.substring(dot + 1), named("tenantColumn", tenantColumn)));
        return with(new Scope(tables, scope.schemas(), scope.role(), scope.binding(), scope.probe()));
    }

    /**
     * Adds all tables of a schema of the host's, also those that come later; a table without the column is a finding.
     *
     * @param schema the name of the schema
     * @param tenantColumn the column that says whose row it is
     * @param shared the names of tables in it that all tenants share, which are left out
     * @return the audit with that schema
     * @throws IllegalArgumentException if a name is empty
     */
    public IsolationAudit schema(String schema, String tenantColumn, String... shared) {
        var schemas = new ArrayList<>(scope.schemas());
        schemas.add(
                new Scope.NamedSchema(named("schema", schema), named("tenantColumn", tenantColumn), List.of(shared)));
        return with(new Scope(scope.tables(), schemas, scope.role(), scope.binding(), scope.probe()));
    }

    /**
     * Says which role to audit, where the DataSource logs in as another one: a migration's, or an administrator's. The probe then takes on
     * that role, if it may.
     *
     * @param role the role that the application's statements run as, such as {@code plg_app}
     * @return the audit for that role
     * @throws IllegalArgumentException if the name is empty
     */
    public IsolationAudit role(String role) {
        return with(new Scope(
                scope.tables(), scope.schemas(), Optional.of(named("role", role)), scope.binding(), scope.probe()));
    }

    /**
     * Says how a transaction tells the host's tables whose turn it is. Default: the setting {@code plg.workspace_id}, which always binds
     * plg's own tables.
     *
     * @param binding the setting or the claim
     * @return the audit with that binding
     */
    public IsolationAudit boundBy(TenantBinding binding) {
        return with(new Scope(
                scope.tables(),
                scope.schemas(),
                scope.role(),
                Objects.requireNonNull(binding, "binding"),
                scope.probe()));
    }

    /**
     * Leaves the active probe out, so that nothing is written, not even for a moment.
     *
     * @return the audit of the catalog alone
     */
    public IsolationAudit withoutProbe() {
        return with(new Scope(scope.tables(), scope.schemas(), scope.role(), scope.binding(), false));
    }

    /**
     * Audits the database now, on one connection. Nothing is written by reading the catalog, which is one transaction of its own with one
     * snapshot, or, where the connection is in a transaction already, a savepoint of it that is rolled back to. A database without plg's
     * tables and without tables of the host's is a finding, as is any database but PostgreSQL.
     *
     * @return what was found
     * @throws IllegalArgumentException if the role to audit does not exist
     * @throws StoreFailure if the database cannot be asked
     */
    public AuditReport run() {
        try (Connection connection = dataSource.getConnection()) {
            return run(connection);
        } catch (SQLException e) {
            throw new StoreFailure("could not audit the database: " + e.getMessage(), e);
        }
    }

    /**
     * Returns the SQL that puts the tables which this audit names, not plg's, under the guard: row level security on and forced, the
     * permissive policy {@code workspace} and the restrictive policy {@code workspace_only}, and an index led by the tenant column
     * where there is none. To be run by the owner of the tables or an administrator; running it again does nothing more. Tables that do
     * not exist are left out; one without the tenant column becomes a comment. Nothing is changed by asking.
     *
     * @return statements that any tool can run, empty if the audit names no table of the host
     * @throws IllegalArgumentException if the role to audit does not exist
     * @throws IllegalStateException if the database is not PostgreSQL
     * @throws StoreFailure if the database cannot be asked
     */
    public String guardScript() {
        try (Connection connection = dataSource.getConnection()) {
            String product = connection.getMetaData().getDatabaseProductName();
            if (!product.equals(POSTGRESQL)) {
                throw new IllegalStateException("only PostgreSQL can guard tables, the DataSource leads to " + product);
            }
            return reading(connection, () -> CatalogChecks.guardScript(connection, scope));
        } catch (SQLException e) {
            throw new StoreFailure("could not read the tables to guard: " + e.getMessage(), e);
        }
    }

    /**
     * Keeps looking, on a thread of its own, and tells of each change: of policies, tables, grants and roles. A look is one statement; the
     * whole audit, without the probe, runs only when something changed. A look that fails is logged and made up for by the next.
     *
     * @param every how often to look; 60 seconds at most, so that drift is heard of within a minute
     * @param listener is told of each change; what it throws is logged
     * @return the watch, to be closed
     * @throws IllegalArgumentException if {@code every} is not positive or longer than 60 seconds
     */
    public IsolationWatch watch(Duration every, Consumer<IsolationDrift> listener) {
        if (every.isNegative() || every.isZero() || every.compareTo(Duration.ofSeconds(60)) > 0) {
            throw new IllegalArgumentException("every must be positive and at most 60 seconds, was " + every);
        }
        return Watch.start(dataSource, this, scope, every, Objects.requireNonNull(listener, "listener"));
    }

    private AuditReport run(Connection connection) throws SQLException {
        DatabaseMetaData server = connection.getMetaData();
        String product = server.getDatabaseProductName();
        String database = product + " " + server.getDatabaseProductVersion().replaceAll("\\s.*", "");
        if (!product.equals(POSTGRESQL)) {
            var finding = new Finding(
                    Severity.CRITICAL,
                    Check.NO_ROW_LEVEL_SECURITY.id(),
                    product,
                    product + " has no row level security, so nothing but the WHERE clauses of statements keeps"
                            + " tenants apart",
                    "-- run on PostgreSQL 15 or later");
            String role = scope.role().orElse(Objects.requireNonNullElse(server.getUserName(), ""));
            return new AuditReport(database, role, List.of(), List.of(finding), List.of());
        }
        CatalogChecks.Result catalog = reading(connection, () -> CatalogChecks.run(connection, scope));
        var findings = new ArrayList<>(catalog.findings());
        List<String> notProbed = List.of();
        if (scope.probe()) {
            Probe.Result probe = Probe.run(connection, catalog.current(), catalog.tables());
            findings.addAll(together(probe.findings()));
            notProbed = probe.notProbed();
        }
        return new AuditReport(
                database,
                catalog.role(),
                catalog.tables().stream().map(TenantTable::qualified).toList(),
                findings,
                notProbed);
    }

    /** A table that is open is open to most kinds of statements: one finding says it all. */
    private static List<Finding> together(List<Finding> probed) {
        var byTable = new LinkedHashMap<String, List<Finding>>();
        probed.forEach(finding -> byTable.computeIfAbsent(finding.object(), table -> new ArrayList<>())
                .add(finding));
        return byTable.entrySet().stream()
                .map(each -> each.getValue().size() == 1
                        ? each.getValue().get(0)
                        : new Finding(
                                Severity.CRITICAL,
                                "probe",
                                each.getKey(),
                                "tried, and got through as another tenant or as none: "
                                        + each.getValue().stream()
                                                .map(finding -> finding.check().replaceFirst("^probe-", ""))
                                                .collect(Collectors.joining(", ")),
                                each.getValue().get(0).remedy()))
                .toList();
    }

    /** In one snapshot, leaving the connection as it was found, whoever else works on it. */
    private static <T> T reading(Connection connection, Reading<T> reading) throws SQLException {
        if (!connection.getAutoCommit()) {
            Savepoint before = connection.setSavepoint();
            try {
                return reading.read();
            } finally {
                connection.rollback(before);
                connection.releaseSavepoint(before);
            }
        }
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("set transaction isolation level repeatable read read only");
            return reading.read();
        } finally {
            connection.rollback();
            connection.setAutoCommit(true);
        }
    }

    @FunctionalInterface
    private interface Reading<T> {
        T read() throws SQLException;
    }

    private IsolationAudit with(Scope changed) {
        return new IsolationAudit(dataSource, changed);
    }

    private static String named(String what, String name) {
        if (name.isBlank()) {
            throw new IllegalArgumentException(what + " must be a name, was \"" + name + "\"");
        }
        return name;
    }
}
