package io.plg.testkit;

import io.plg.StoreFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;

/** A folder of migrations, run on a database in which there is nothing to lose. */
final class ScratchMigration {
    private static final Pattern FLYWAY = Pattern.compile("V[0-9]+(?:[._][0-9]+)*(?:__.*)?\\.sql");

    /**
     * A table that says this is not a scratch database. The catalog shows tables to everybody, and their size tells of rows that no policy lets
     * be seen. Two of plg's own tables have rows from the start.
     */
    private static final String TABLE_IN_USE = """
            select n.nspname || '.' || c.relname as name, n.nspname in ('plg', 'plg_directory') as plg
            from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            where c.relkind in ('r', 'p', 'f', 'm')
              and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
              and not exists (select from pg_catalog.pg_depend d
                              where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')
              and (n.nspname not in ('plg', 'plg_directory')
                   or c.relname not in ('plg_schema_history', 'change_feed_trimmed') and pg_catalog.pg_relation_size(c.oid) > 0)
            order by 2, 1
            limit 1""";

    private ScratchMigration() {}

    static void run(DataSource dataSource, Path folder) {
        List<Path> scripts = scripts(folder);
        refuseUnlessScratch(dataSource, folder);
        if (scripts.stream().anyMatch(each -> FLYWAY.matcher(name(each)).matches())) {
            try {
                WithFlyway.migrate(dataSource, folder);
            } catch (NoClassDefFoundError e) {
                throw new IllegalStateException(
                        "the migrations in " + folder + " are named as Flyway's, which needs Flyway on the class path:"
                                + " add org.flywaydb:flyway-core and flyway-database-postgresql",
                        e);
            }
        } else {
            scripts.forEach(each -> execute(dataSource, each));
        }
    }

    private static List<Path> scripts(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new IllegalArgumentException("folder must be a folder of migrations, was " + folder.toAbsolutePath());
        }
        try (Stream<Path> files = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
            List<Path> scripts = files.filter(Files::isRegularFile)
                    .filter(each -> name(each).endsWith(".sql"))
                    .sorted()
                    .toList();
            if (scripts.isEmpty()) {
                throw new IllegalArgumentException("no .sql file in " + folder.toAbsolutePath());
            }
            return scripts;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void refuseUnlessScratch(DataSource dataSource, Path folder) {
        try (Connection connection = dataSource.getConnection()) {
            String product = connection.getMetaData().getDatabaseProductName();
            if (!product.equals("PostgreSQL")) {
                throw new IllegalStateException(
                        "migrations are run on PostgreSQL only, which alone can keep tenants apart; the DataSource leads to "
                                + product);
            }
            try (Statement statement = connection.createStatement();
                    ResultSet table = statement.executeQuery(TABLE_IN_USE)) {
                if (table.next()) {
                    throw new IllegalStateException("will not run the migrations of " + folder + " on database "
                            + connection.getCatalog() + ", which is in use: there "
                            + (table.getBoolean("plg") ? "are rows in " : "is a table ") + table.getString("name")
                            + "; give an empty database, made for the test");
                }
            }
        } catch (SQLException e) {
            throw new StoreFailure("could not see whether the database is empty: " + e.getMessage(), e);
        }
    }

    private static void execute(DataSource dataSource, Path script) {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.execute(Files.readString(script));
            // A pool would hand the script's settings to the next script and to the audit.
            statement.execute("reset session authorization; reset role; reset all");
            if (!connection.getAutoCommit()) {
                connection.commit();
            }
        } catch (SQLException e) {
            throw new StoreFailure("migration " + name(script) + " failed: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String name(Path file) {
        return String.valueOf(file.getFileName());
    }

    /** Apart, so that this class loads without Flyway. */
    private static final class WithFlyway {
        static void migrate(DataSource dataSource, Path folder) {
            try {
                Flyway.configure(ScratchMigration.class.getClassLoader())
                        .dataSource(dataSource)
                        .locations("filesystem:" + folder.toAbsolutePath())
                        .validateMigrationNaming(true)
                        .load()
                        .migrate();
            } catch (FlywayException e) {
                throw new StoreFailure("the migrations of " + folder + " failed: " + e.getMessage(), e);
            }
        }
    }
}
