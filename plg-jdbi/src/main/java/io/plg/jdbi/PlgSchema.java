package io.plg.jdbi;

import io.plg.StoreFailure;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;

/**
 * plg's tables: the schemas {@code plg} and {@code plg_directory}. Nothing is created or altered unless one of these methods is called.
 *
 * <p>Either {@link #migrate()} runs the scripts with Flyway, with a history of its own ({@code plg.plg_schema_history}) that has nothing to
 * do with the host's, or the host takes {@link #postgresqlScript()} into its own migrations; the text is the same. The scripts are in the
 * jar under {@code io/plg/jdbi/schema/v1}.
 *
 * <p>On PostgreSQL three roles go with them, made by {@link #postgresqlRoles()}: {@code plg_owner} owns the tables, {@code plg_app} is
 * what the application's login is a member of, and {@code plg_operator} reads for operator reports. Without these roles whoever runs the
 * scripts owns the tables and can lift row level security; an audit says so.
 */
public final class PlgSchema {
    private static final String POSTGRESQL = "io/plg/jdbi/schema/v1/postgresql/";
    private static final String H2 = "io/plg/jdbi/schema/v1/h2/";
    private static final List<String> SCRIPTS = List.of(
            "V1__workspaces.sql",
            "V2__activation.sql",
            "V3__idempotency.sql",
            "V4__gates.sql",
            "V5__prompts.sql",
            "V6__referrals.sql",
            "V7__rewards.sql",
            "V8__virality.sql");
    private static final String RIGHTS = "afterMigrate__roles.sql";

    private final DataSource dataSource;

    private PlgSchema(DataSource dataSource) {
        this.dataSource = Objects.requireNonNull(dataSource, "dataSource");
    }

    /**
     * Returns the schema of a database. Does nothing to it.
     *
     * @param dataSource connects as a role that may create schemas
     * @return its schema
     */
    public static PlgSchema on(DataSource dataSource) {
        return new PlgSchema(dataSource);
    }

    /**
     * Brings the schema up to this version of plg with Flyway. Calling it again does nothing; several nodes may call it at the same time.
     *
     * @throws IllegalStateException if Flyway is not on the classpath, or the database is neither PostgreSQL nor H2
     * @throws StoreFailure if a script fails; the cause says where
     */
    public void migrate() {
        String location;
        String schema;
        try (Connection connection = dataSource.getConnection()) {
            String product = connection.getMetaData().getDatabaseProductName();
            location = switch (product) {
                case "PostgreSQL" -> POSTGRESQL;
                case "H2" -> H2;
                default ->
                    throw new IllegalStateException(
                            "plg works on PostgreSQL and H2, the DataSource leads to " + product);
            };
            // H2 folds names to upper case unless told otherwise, and Flyway quotes them.
            schema = connection.getMetaData().storesUpperCaseIdentifiers() ? "PLG" : "plg";
        } catch (SQLException e) {
            throw Database.failure("migrate the schema of plg", e);
        }
        try {
            WithFlyway.migrate(dataSource, location, schema);
        } catch (NoClassDefFoundError e) {
            throw new IllegalStateException(
                    "PlgSchema.migrate() needs Flyway on the classpath: add org.flywaydb:flyway-core (and"
                            + " flyway-database-postgresql), or run PlgSchema.postgresqlScript() by other means",
                    e);
        }
    }

    /**
     * Returns the statements that make the schema on PostgreSQL, exactly what {@link #migrate()} runs there. To be run once, by a login
     * that may create schemas and, where there are the {@linkplain #postgresqlRoles() roles}, is a member of {@code plg_owner}.
     *
     * @return SQL that psql, Liquibase or any other tool can run
     */
    public static String postgresqlScript() {
        return script(POSTGRESQL) + '\n' + read(POSTGRESQL + RIGHTS);
    }

    /**
     * Returns the statements that make the schema on H2, exactly what {@link #migrate()} runs there. To be run once.
     *
     * @return SQL that any tool can run
     */
    public static String h2Script() {
        return script(H2);
    }

    /**
     * Returns the statements that make the three roles of plg on PostgreSQL and, if the tables are there already, hand them over and give
     * rights. To be run by an administrator, before or after the schema is made; running it again does nothing. The roles cannot log in: make
     * the application's login a member with {@code grant plg_app to my_app}, and the login that migrates one of {@code plg_owner}.
     *
     * @return SQL that any tool can run
     */
    public static String postgresqlRoles() {
        return read(POSTGRESQL + "roles.sql") + '\n' + read(POSTGRESQL + RIGHTS);
    }

    private static String script(String folder) {
        return SCRIPTS.stream().map(name -> read(folder + name)).collect(Collectors.joining("\n"));
    }

    private static String read(String resource) {
        try (InputStream in = PlgSchema.class.getClassLoader().getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException(resource + " is missing from the jar of plg-jdbi");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Apart, so that this class loads without Flyway. */
    private static final class WithFlyway {
        static void migrate(DataSource dataSource, String location, String schema) {
            try {
                Flyway.configure(PlgSchema.class.getClassLoader())
                        .dataSource(dataSource)
                        .locations("classpath:" + location)
                        .defaultSchema(schema)
                        .createSchemas(true)
                        .table("plg_schema_history")
                        .placeholderReplacement(false)
                        .load()
                        .migrate();
            } catch (FlywayException e) {
                String hint = String.valueOf(e.getMessage()).startsWith("Unsupported Database")
                        ? "; add org.flywaydb:flyway-database-postgresql to the classpath"
                        : "";
                throw new StoreFailure("could not migrate the schema of plg: " + e.getMessage() + hint, e);
            }
        }
    }
}
