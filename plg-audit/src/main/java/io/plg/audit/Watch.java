package io.plg.audit;

import io.plg.StoreFailure;
import io.plg.tenancy.AuditReport;
import io.plg.tenancy.Finding;
import io.plg.tenancy.IsolationDrift;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks at what an audit depends on, as lines of text, and audits again when a line came or went. */
final class Watch implements IsolationWatch {
    private static final Logger LOG = LoggerFactory.getLogger(IsolationWatch.class);
    private static final String FINGERPRINT = Resources.read("fingerprint.sql");

    private final DataSource dataSource;
    private final IsolationAudit audit;
    private final Scope scope;
    private final Duration every;
    private final Consumer<IsolationDrift> listener;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread thread;

    private @Nullable SortedSet<String> lines;
    private List<Finding> findings = List.of();

    private Watch(
            DataSource dataSource,
            IsolationAudit audit,
            Scope scope,
            Duration every,
            Consumer<IsolationDrift> listener) {
        this.dataSource = dataSource;
        this.audit = audit;
        this.scope = scope;
        this.every = every;
        this.listener = listener;
        this.thread = new Thread(this::run, "plg-isolation");
        this.thread.setDaemon(true);
    }

    /** The state that changes are told against is the one when this returns, if the database can be asked then. */
    static Watch start(
            DataSource dataSource,
            IsolationAudit audit,
            Scope scope,
            Duration every,
            Consumer<IsolationDrift> listener) {
        var watch = new Watch(dataSource, audit.withoutProbe(), scope, every, listener);
        watch.lookAndTell(false);
        watch.thread.start();
        return watch;
    }

    @Override
    public void close() {
        closed.countDown();
        if (Thread.currentThread() != thread) {
            try {
                thread.join(TimeUnit.SECONDS.toMillis(5));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void run() {
        boolean failing = false;
        try {
            while (!closed.await(every.toMillis(), TimeUnit.MILLISECONDS)) {
                failing = lookAndTell(failing);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Returns whether the look failed; a series of failures is logged once. */
    private boolean lookAndTell(boolean failing) {
        try {
            look();
            return false;
        } catch (RuntimeException | SQLException e) {
            if (!failing && closed.getCount() > 0) {
                LOG.warn("the isolation of the database cannot be watched; trying again", e);
            }
            return true;
        }
    }

    private void look() throws SQLException {
        SortedSet<String> before = lines;
        SortedSet<String> now = fingerprint();
        if (now.equals(before)) {
            return;
        }
        AuditReport report = audit.run();
        // What changed while the audit ran may or may not be in its findings: they must be those of the lines.
        for (SortedSet<String> after = fingerprint();
                !after.equals(now) && closed.getCount() > 0;
                after = fingerprint()) {
            now = after;
            report = audit.run();
        }
        List<Finding> known = findings;
        lines = now;
        findings = report.findings();
        if (before == null) {
            return;
        }
        var drift = new IsolationDrift(
                Stream.concat(
                                minus(before, now).stream().map(line -> "- " + line),
                                minus(now, before).stream().map(line -> "+ " + line))
                        .toList(),
                minus(report.findings(), known),
                minus(known, report.findings()),
                report);
        try {
            listener.accept(drift);
        } catch (Throwable t) { // What a listener throws must not end the watch.
            LOG.warn("the listener failed on a change of the database's isolation: {}", drift.changes(), t);
        }
    }

    private static <T> List<T> minus(Collection<T> from, Collection<T> what) {
        var left = new ArrayList<T>();
        for (T each : from) {
            if (!what.contains(each)) {
                left.add(each);
            }
        }
        return left;
    }

    private SortedSet<String> fingerprint() throws SQLException {
        var seen = new TreeSet<String>();
        try (Connection connection = dataSource.getConnection()) {
            if (!connection.getMetaData().getDatabaseProductName().equals("PostgreSQL")) {
                return seen;
            }
            try (PreparedStatement statement = connection.prepareStatement(FINGERPRINT)) {
                statement.setArray(
                        1,
                        connection.createArrayOf(
                                "text",
                                Stream.concat(
                                                Stream.of("plg", "plg_directory"),
                                                scope.schemas().stream().map(Scope.NamedSchema::schema))
                                        .toArray()));
                statement.setArray(
                        2,
                        connection.createArrayOf(
                                "text",
                                scope.tables().stream()
                                        .map(Scope.NamedTable::schema)
                                        .toArray()));
                statement.setArray(
                        3,
                        connection.createArrayOf(
                                "text",
                                scope.tables().stream()
                                        .map(Scope.NamedTable::table)
                                        .toArray()));
                statement.setString(4, scope.role().orElse(null));
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        seen.add(rows.getString(1));
                    }
                }
            } finally {
                if (!connection.getAutoCommit()) {
                    connection.rollback();
                }
            }
        } catch (SQLException e) {
            throw new StoreFailure("could not look at the isolation of the database: " + e.getMessage(), e);
        }
        return seen;
    }
}
