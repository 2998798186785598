package io.plg.examples.replay;

import io.plg.PlgBuilder;
import java.io.PrintWriter;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** Where the data lies while the library works on it. */
final class StoreOptions {

    /** The stores that need nothing but this program. */
    enum Kind {
        MEMORY,
        H2,
        POSTGRES
    }

    @ArgGroup
    private Choice choice = new Choice();

    /** One of them. */
    static final class Choice {
        @Option(
                names = "--store",
                paramLabel = "STORE",
                description = "memory (default), or a database that is made for the run: h2 or postgres.")
        private @Nullable Kind kind;

        @Option(
                names = "--jdbc-url",
                paramLabel = "URL",
                description =
                        "A PostgreSQL or H2 database of yours to work in. funnel leaves nothing there; activation and referrals migrate schema plg.")
        private @Nullable String jdbcUrl;
    }

    EventStore events(Predicate<String> relevant) {
        if (isMemory()) {
            return new MemoryEvents(relevant);
        }
        Databases database = database();
        try {
            return new DatabaseEvents(database);
        } catch (RuntimeException e) {
            database.close();
            throw e;
        }
    }

    PlgStore plg(Consumer<PlgBuilder<?>> product) {
        if (isMemory()) {
            return PlgStore.inMemory(product);
        }
        Databases database = database();
        try {
            return PlgStore.in(database, product);
        } catch (RuntimeException e) {
            database.close();
            throw e;
        }
    }

    private boolean isMemory() {
        return choice.jdbcUrl == null && (choice.kind == null || choice.kind == Kind.MEMORY);
    }

    private Databases database() {
        if (choice.jdbcUrl != null) {
            return Databases.at(choice.jdbcUrl);
        }
        return choice.kind == Kind.H2 ? Databases.h2() : Databases.postgres();
    }

    /** Says where the facts stay, if they stay. */
    void tellWorkspace(PrintWriter err, String workspace) {
        if (choice.jdbcUrl != null) {
            err.println("replay: stored in schema plg, workspace " + workspace);
        }
    }

    String name() {
        if (choice.jdbcUrl != null) {
            return choice.jdbcUrl.startsWith("jdbc:h2:") ? "your H2" : "your PostgreSQL";
        }
        return switch (choice.kind == null ? Kind.MEMORY : choice.kind) {
            case MEMORY -> "memory";
            case H2 -> "H2";
            case POSTGRES -> "PostgreSQL";
        };
    }
}
