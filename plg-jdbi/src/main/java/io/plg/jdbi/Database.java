package io.plg.jdbi;

import io.plg.OutcomeUnknown;
import io.plg.StoreFailure;
import io.plg.StoreUnreachable;
import io.plg.TransactionConflict;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransientConnectionException;
import java.util.Objects;
import java.util.Set;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Handles;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;

/** The host's database: gives handles in the right state, and says in plg's words what went wrong. */
final class Database {
    private static final Set<String> NO_SCHEMA =
            Set.of("3F000", "42P01", "42883" /* PostgreSQL */, "90079", "42S02", "42S03", "42S04" /* H2 */);
    private static final Set<String> NO_RIGHT = Set.of("42501" /* PostgreSQL */, "90096" /* H2 */);

    private static final int MOST_CAUSES = 100;

    /** What H2 says where PostgreSQL says 40001. */
    private static final String CONCURRENT_UPDATE = "90131";

    private static final Set<String> BROKEN_H2 = Set.of("90067", "90098", "90121");
    private static final Set<String> LOST_TO_ANOTHER = Set.of(
            "40001",
            "40P01" /* a deadlock */,
            "55P03" /* lock_timeout of PostgreSQL */,
            "HYT00" /* of H2 */,
            CONCURRENT_UPDATE);

    private final Jdbi jdbi;
    private final HostTransactions host;
    private volatile @Nullable Dialect dialect;

    Database(DataSource dataSource, HostTransactions host) {
        this.jdbi = Jdbi.create(dataSource);
        this.host = host;
        // A handle may be closed inside the host's transaction, which is not plg's to end.
        jdbi.getConfig(Handles.class).setForceEndTransactions(false);
    }

    HostTransactions host() {
        return host;
    }

    Dialect dialect() {
        Dialect known = dialect;
        if (known == null) {
            try (Handle handle = open("connect to the database")) {
                known = dialect(handle);
            }
        }
        return known;
    }

    Dialect dialect(Handle handle) {
        Dialect known = dialect;
        if (known == null) {
            known = dialectOf(handle);
            dialect = known;
        }
        return known;
    }

    /** A handle on a connection of the pool: in autocommit mode, or the one of the transaction that the host has bound to this thread. */
    Handle open(String what) {
        Handle handle;
        try {
            handle = jdbi.open();
        } catch (JdbiException e) {
            StoreFailure failure = failure(what, e);
            throw failure instanceof StoreUnreachable ? failure : unreachable(failure);
        }
        try {
            boolean autoCommit = handle.getConnection().getAutoCommit();
            if (autoCommit == host.active()) {
                throw new IllegalStateException(
                        autoCommit
                                ? "the host's transaction is active on this thread, but the DataSource gave a connection outside of it; give"
                                        + " plg the DataSource that hands out the transaction's connection (with Spring a"
                                        + " TransactionAwareDataSourceProxy)"
                                : "the DataSource gave a connection with autocommit off and no transaction is active, so nothing would ever be"
                                        + " committed; switch autocommit on in the pool (its default), or join your transaction with"
                                        + " plg.in(handle) or plg.in(connection)");
            }
            return handle;
        } catch (SQLException e) {
            handle.close();
            throw failure(what, e);
        } catch (RuntimeException e) {
            handle.close();
            throw e;
        }
    }

    private static StoreUnreachable unreachable(StoreFailure failure) {
        return new StoreUnreachable(
                Objects.requireNonNull(failure.getMessage()), Objects.requireNonNull(failure.getCause()));
    }

    private static Dialect dialectOf(Handle handle) {
        try {
            String product = handle.getConnection().getMetaData().getDatabaseProductName();
            return switch (product) {
                case "PostgreSQL" -> Dialect.POSTGRESQL;
                case "H2" -> Dialect.H2;
                default ->
                    throw new IllegalStateException(
                            "plg works on PostgreSQL and H2, the DataSource leads to " + product);
            };
        } catch (SQLException e) {
            throw failure("connect to the database", e);
        }
    }

    /** Whether doing it all again may succeed: the database ended the transaction to let another one go on. */
    static boolean lostToAnother(Throwable failure) {
        int left = MOST_CAUSES; // a chain of causes may be a circle
        for (Throwable t = failure; t != null && left > 0; t = t.getCause(), left--) {
            if (t instanceof TransactionConflict
                    || t instanceof SQLException sql
                            && !isNoConnection(sql)
                            && sql.getSQLState() != null
                            && LOST_TO_ANOTHER.contains(sql.getSQLState())) {
                return true;
            }
        }
        return false;
    }

    /** As {@link #failure}, of a statement with which a transaction was to end: if the connection broke, nobody knows whether it did. */
    static StoreFailure interrupted(String what, Exception e) {
        StoreFailure failure = failure(what, e);
        return failure.getCause() instanceof SQLException sql && isBroken(sql.getSQLState())
                ? new OutcomeUnknown(
                        failure.getMessage()
                                + "; the connection broke, so it may be stored or not: repeating the call is safe and tells",
                        sql)
                : failure;
    }

    /** What the host's commit threw: as it is, unless it is plg's to say what it means. */
    static RuntimeException ended(String what, RuntimeException e) {
        return lostToAnother(e) || interrupted(what, e) instanceof OutcomeUnknown ? interrupted(what, e) : e;
    }

    private static boolean isBroken(@Nullable String state) {
        return state != null && (state.startsWith("08") || state.startsWith("57P") || BROKEN_H2.contains(state));
    }

    /** Whether it is the database that cannot answer, and not the statement that it will not run. */
    private static boolean isOutOfReach(Throwable cause) {
        return cause instanceof SQLException sql
                && (isNoConnection(sql)
                        || isBroken(sql.getSQLState())
                        || sql.getSQLState() != null && sql.getSQLState().startsWith("53"));
    }

    /** What a pool and drivers throw when they have none to give, with whatever state the last attempt had. */
    private static boolean isNoConnection(SQLException e) {
        return e instanceof SQLTransientConnectionException || e instanceof SQLNonTransientConnectionException;
    }

    /** The driver's exception without Jdbi's around it, whose message repeats the bound values. */
    static StoreFailure failure(String what, Exception e) {
        Throwable cause = e;
        int left = MOST_CAUSES;
        for (Throwable t = e; t != null && left > 0; t = t.getCause(), left--) {
            if (t instanceof SQLException) {
                cause = t;
                break;
            }
        }
        String message = "could not " + what + ": " + cause.getMessage() + hint(cause);
        if (lostToAnother(cause)) {
            return new TransactionConflict(message, cause);
        }
        return isOutOfReach(cause) ? new StoreUnreachable(message, cause) : new StoreFailure(message, cause);
    }

    private static String hint(Throwable cause) {
        if (!(cause instanceof SQLException sql) || sql.getSQLState() == null) {
            return "";
        }
        if (NO_SCHEMA.contains(sql.getSQLState())) {
            return "; if plg's tables are not there yet, run PlgSchema.on(dataSource).migrate() or the script of PlgSchema";
        }
        if (NO_RIGHT.contains(sql.getSQLState())) {
            return "; make the login a member of plg_app (grant plg_app to my_login), a role that PlgSchema.postgresqlRoles() makes";
        }
        return "";
    }
}
