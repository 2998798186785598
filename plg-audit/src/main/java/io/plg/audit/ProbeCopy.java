package io.plg.audit;

import io.plg.audit.ProbeRows.Tenant;
import io.plg.audit.ProbeScript.Attempt;
import io.plg.audit.ProbeScript.From;
import io.plg.audit.ProbeScript.Kind;
import io.plg.audit.ProbeScript.Outcome;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;
import org.postgresql.copy.CopyOut;

/** The attempts by COPY, which need the driver's own interface. Nothing else does, and the driver may be missing or hidden. */
final class ProbeCopy {
    private static final String REFUSED = "42501";
    private static final String NOT_SUPPORTED = "0A000";

    private final CopyManager copy;

    private ProbeCopy(CopyManager copy) {
        this.copy = copy;
    }

    static ProbeCopy on(Connection connection) throws SQLException {
        return new ProbeCopy(connection.unwrap(PGConnection.class).getCopyAPI());
    }

    /**
     * Reads what it is given, or only one row if a query has shown already that nothing holds it: there may be a great many.
     */
    Attempt out(ProbeRows.Pair pair, From from, boolean readable) {
        String table = pair.sqlName();
        String column = pair.tenantColumn();
        String own = from == From.ANOTHER ? pair.id(Tenant.B) : "";
        String source;
        if (readable) {
            String foreign = own.isEmpty() ? "" : " where " + column + " <> " + pair.tenant(Tenant.B);
            source = "(select " + column + " from " + table + foreign + " limit 1)";
        } else {
            source = pair.plain() ? table + " (" + column + ")" : "(select " + column + " from " + table + ")";
        }
        Outcome outcome = Outcome.HELD;
        try {
            CopyOut rows = copy.copyOut("copy " + source + " to stdout");
            for (byte[] row = rows.readFromCopy(); row != null; row = rows.readFromCopy()) {
                String id = new String(row, StandardCharsets.UTF_8).stripTrailing();
                // Rows without a tenant are nobody's.
                if (!id.equals(own) && !id.equals("\\N")) {
                    outcome = Outcome.LEAKED;
                }
            }
        } catch (SQLException e) {
            outcome = outcome(from, e);
        }
        return new Attempt(pair.table().qualified(), Kind.COPY_TO, from, outcome);
    }

    Attempt in(ProbeRows.Pair pair, From from) throws SQLException {
        String table = pair.sqlName();
        Outcome outcome;
        try {
            var line = new ArrayList<String>();
            for (@Nullable String value : pair.another(Tenant.A)) {
                line.add(escaped(value));
            }
            copy.copyIn(
                    "copy " + table + " (" + pair.columnList() + ") from stdin",
                    new StringReader(String.join("\t", line) + "\n"));
            outcome = Outcome.LEAKED;
        } catch (SQLException e) {
            outcome = outcome(from, e);
        } catch (IOException e) {
            throw new SQLException("could not send a row", e);
        }
        return new Attempt(pair.table().qualified(), Kind.COPY_FROM, from, outcome);
    }

    private static Outcome outcome(From from, SQLException e) {
        String state = String.valueOf(e.getSQLState());
        if (state.equals(REFUSED) || state.equals(NOT_SUPPORTED)) {
            return Outcome.HELD; // PostgreSQL does not support COPY FROM where row level security holds
        }
        if (state.startsWith("23")) {
            return Outcome.LEAKED;
        }
        return from == From.NOBODY && state.startsWith("22") ? Outcome.HELD : Outcome.UNDECIDED;
    }

    private static String escaped(@Nullable String value) {
        return value == null
                ? "\\N"
                : value.replace("\\", "\\\\")
                        .replace("\t", "\\t")
                        .replace("\n", "\\n")
                        .replace("\r", "\\r");
    }
}
