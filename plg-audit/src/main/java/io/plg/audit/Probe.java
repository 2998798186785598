package io.plg.audit;

import io.plg.StoreFailure;
import io.plg.audit.ProbeScript.Attempt;
import io.plg.tenancy.Finding;
import io.plg.tenancy.Severity;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Tries, in a transaction that is rolled back, what the catalog says cannot be done: two synthetic tenants each write a row into every
 * table, and then the second, and nobody, reach for the row of the first.
 *
 * <p>A table costs two round trips and those of COPY: its two rows, and one block that runs all other attempts inside the server.
 */
final class Probe {
    private static final String REMEDY = "-- mend the other findings of %s; if there are none, look at its policies";

    private static final String SAVEPOINT = "savepoint plg_probe;";
    private static final String RELEASE = "release savepoint plg_probe";

    private final Connection connection;
    private final List<TenantTable> tables;
    private final List<String> notProbed = new ArrayList<>();
    private final List<Attempt> attempts = new ArrayList<>();

    private Probe(Connection connection, List<TenantTable> tables) {
        this.connection = connection;
        this.tables = tables;
    }

    /**
     * Probes tables as a role. Whatever it wrote is rolled back; a transaction that the connection was in stays as it was.
     *
     * @throws StoreFailure if the database cannot be asked
     */
    static Result run(Connection connection, String role, List<TenantTable> tables) {
        var probe = new Probe(connection, tables);
        try {
            boolean own = connection.getAutoCommit();
            Savepoint before = null;
            if (own) {
                connection.setAutoCommit(false);
            } else {
                before = connection.setSavepoint();
            }
            Throwable failure = null;
            try {
                probe.run(role);
            } catch (SQLException | RuntimeException | Error e) {
                failure = e;
                throw e;
            } finally {
                end(connection, before, failure);
            }
        } catch (SQLException e) {
            throw new StoreFailure("could not probe the database: " + e.getMessage(), e);
        }
        return new Result(probe.findings(), List.copyOf(probe.notProbed), List.copyOf(probe.attempts));
    }

    private static void end(Connection connection, @Nullable Savepoint before, @Nullable Throwable failure)
            throws SQLException {
        try {
            if (before == null) {
                connection.rollback();
                connection.setAutoCommit(true);
            } else {
                connection.rollback(before);
                connection.releaseSavepoint(before);
            }
        } catch (SQLException e) {
            if (failure == null) {
                throw e;
            }
            failure.addSuppressed(e);
        }
    }

    private void run(String role) throws SQLException {
        if (!mayWrite() || !takeOn(role)) {
            return;
        }
        // Whoever holds a lock on a table must not hold up the audit, nor the audit whoever waits behind it.
        execute("set local lock_timeout = '3s'");
        var rows = new ProbeRows(ProbeCatalog.read(connection, tables), tables);
        for (ProbeRows.Pair pair : rows.inOrder()) {
            write(rows, pair);
        }
        Optional<ProbeCopy> copy = copying();
        for (ProbeRows.Pair pair : rows.inOrder()) {
            if (pair.probed()) {
                if (pair.whyNot().isEmpty()) {
                    attack(rows, pair, copy);
                } else {
                    notProbed.add(pair.table().qualified() + ": " + pair.whyNot());
                }
            }
        }
    }

    /** A standby, or a session that was told so, writes nothing, and without rows there is nothing to reach for. */
    private boolean mayWrite() throws SQLException {
        if (text("show transaction_read_only").equals("on")) {
            notProbed.add("the server takes no writes, so that nothing can be tried on it");
            return false;
        }
        return true;
    }

    private boolean takeOn(String role) throws SQLException {
        if (text("select current_user").equals(role)) {
            return true;
        }
        try {
            execute("set local role " + ProbeCatalog.quoted(role));
            return true;
        } catch (SQLException e) {
            notProbed.add("the login may not take on the role " + role + ": " + message(e));
            return false;
        }
    }

    private Optional<ProbeCopy> copying() {
        try {
            return Optional.of(ProbeCopy.on(connection));
        } catch (SQLException | LinkageError e) {
            notProbed.add("COPY: the connection is not one of the PostgreSQL driver");
            return Optional.empty();
        }
    }

    private void write(ProbeRows rows, ProbeRows.Pair pair) throws SQLException {
        if (!pair.whyNot().isEmpty()) {
            return;
        }
        Optional<String> insert = rows.insert(pair);
        if (insert.isEmpty()) {
            return;
        }
        try (Statement statement = statement()) {
            boolean isResult = statement.execute(SAVEPOINT + insert.get() + RELEASE);
            var written = new ArrayList<List<@Nullable String>>();
            while (isResult || statement.getUpdateCount() >= 0) {
                if (isResult) {
                    read(statement.getResultSet(), pair.columns().size(), written);
                }
                isResult = statement.getMoreResults();
            }
            pair.written(written);
        } catch (SQLException e) {
            undo();
            pair.failed("no row could be written: " + message(e));
        }
    }

    /** Only rows as wide as the table's: the others are the answers to set_config. */
    private static void read(ResultSet result, int columns, List<List<@Nullable String>> written) throws SQLException {
        while (result.next()) {
            if (result.getMetaData().getColumnLabel(1).equals("plg_row")) {
                var row = new ArrayList<@Nullable String>();
                for (int i = 2; i <= columns + 1; i++) {
                    row.add(result.getString(i));
                }
                written.add(row);
            }
        }
    }

    private void attack(ProbeRows rows, ProbeRows.Pair pair, Optional<ProbeCopy> copy) throws SQLException {
        var script = new ProbeScript(rows, pair);
        try (Statement statement = statement()) {
            String answer = "";
            boolean isResult = statement.execute(SAVEPOINT + script.text() + RELEASE);
            while (isResult || statement.getUpdateCount() >= 0) {
                if (isResult) {
                    try (ResultSet result = statement.getResultSet()) {
                        result.next();
                        answer = result.getString(1);
                    }
                }
                isResult = statement.getMoreResults();
            }
            script.answered(answer, attempts, notProbed);
        } catch (SQLException e) {
            undo();
            notProbed.add(pair.table().qualified() + ": " + message(e));
            return;
        }
        if (copy.isPresent()) {
            for (ProbeScript.From from : ProbeScript.From.values()) {
                execute(SAVEPOINT + rows.bind(pair.table(), from.tenant()));
                attempts.add(copy.get().out(pair, from, reads(pair, from)));
                undo();
                execute(SAVEPOINT + rows.bind(pair.table(), from.tenant()));
                attempts.add(copy.get().in(pair, from));
                undo();
            }
        }
    }

    private boolean reads(ProbeRows.Pair pair, ProbeScript.From from) {
        return attempts.contains(
                new Attempt(pair.table().qualified(), ProbeScript.Kind.SELECT, from, ProbeScript.Outcome.LEAKED));
    }

    private List<Finding> findings() {
        var leaks = new LinkedHashMap<String, List<Attempt>>();
        for (Attempt attempt : attempts) {
            if (attempt.outcome() == ProbeScript.Outcome.LEAKED) {
                leaks.computeIfAbsent(attempt.table() + ' ' + attempt.kind(), key -> new ArrayList<>())
                        .add(attempt);
            }
        }
        var findings = new ArrayList<Finding>();
        for (Map.Entry<String, List<Attempt>> leak : leaks.entrySet()) {
            Attempt first = leak.getValue().get(0);
            findings.add(new Finding(
                    Severity.CRITICAL,
                    "probe-" + first.kind().text(),
                    first.table(),
                    who(leak.getValue()) + " can " + first.kind().can(),
                    REMEDY.formatted(first.table())));
        }
        return List.copyOf(findings);
    }

    private static String who(List<Attempt> leaks) {
        if (leaks.size() > 1) {
            return "another tenant, or none,";
        }
        return leaks.get(0).from() == ProbeScript.From.ANOTHER ? "another tenant" : "a transaction without a tenant";
    }

    private void undo() throws SQLException {
        execute("rollback to savepoint plg_probe;" + RELEASE);
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = statement()) {
            statement.execute(sql);
        }
    }

    private String text(String sql) throws SQLException {
        try (Statement statement = statement();
                ResultSet result = statement.executeQuery(sql)) {
            result.next();
            return result.getString(1);
        }
    }

    private Statement statement() throws SQLException {
        Statement statement = connection.createStatement();
        statement.setEscapeProcessing(false);
        return statement;
    }

    private static String message(SQLException e) {
        return String.valueOf(e.getMessage()).replaceFirst("^ERROR: ", "").replaceFirst("(?s)\\R.*", "");
    }

    /**
     * What the probe found.
     *
     * @param findings one for each table and kind of statement that reached a foreign row
     * @param notProbed what could not be tried, and why
     * @param attempts everything that was tried
     */
    record Result(List<Finding> findings, List<String> notProbed, List<Attempt> attempts) {}
}
