package io.plg.crash;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;

/** Four ways to keep idempotency keys that look right. Each must fail a case, or the cases are worth nothing. */
final class WrongKeys {
    private final DataSource pool;
    private final String workspace;

    WrongKeys(DataSource pool, String workspace) {
        this.pool = pool;
        this.workspace = workspace;
    }

    /** Looks first and inserts afterwards, and nothing makes the key unique. */
    String checkThenInsert(String key, Runnable between) throws SQLException {
        return inTransaction(connection -> {
            Optional<String> known = reply(
                    connection,
                    "select reply from host.unguarded_key where workspace_id = ? and key = ?",
                    workspace,
                    key);
            if (known.isPresent()) {
                return known.get();
            }
            between.run();
            String reply = grant(connection, key);
            update(connection, "insert into host.unguarded_key values (?, ?, ?)", workspace, key, reply);
            return reply;
        });
    }

    /** Takes a lease of some milliseconds, unless somebody has one. Nothing says later whose it is. */
    boolean lease(String key, long millis) throws SQLException {
        return inTransaction(connection -> update(connection, """
                        insert into host.unfenced_key as k (workspace_id, key, leased_until)
                        values (?, ?, clock_timestamp() + ?::interval)
                        on conflict (workspace_id, key) do update set leased_until = excluded.leased_until
                        where k.reply is null and k.leased_until <= clock_timestamp()
                        """, workspace, key, millis + " milliseconds") == 1);
    }

    /** Completes what was leased. */
    String complete(String key) throws SQLException {
        return inTransaction(connection -> {
            String reply = grant(connection, key);
            update(
                    connection,
                    "update host.unfenced_key set reply = ? where workspace_id = ? and key = ?",
                    reply,
                    workspace,
                    key);
            return reply;
        });
    }

    /** The key is unique, but among all workspaces. Empty if neither the key nor a reply was there. */
    Optional<String> sharedKey(String key) throws SQLException {
        return inTransaction(connection -> {
            if (update(connection, "insert into host.shared_key values (?, ?) on conflict do nothing", key, workspace)
                    == 0) {
                return reply(connection, "select reply from host.shared_key where key = ?", key);
            }
            String reply = grant(connection, key);
            update(connection, "update host.shared_key set reply = ? where key = ?", reply, key);
            return Optional.of(reply);
        });
    }

    /** The effect is one transaction, its reply another. */
    String inTwoTransactions(String key, Runnable between) throws SQLException {
        String select = "select reply from host.unfenced_key where workspace_id = ? and key = ?";
        Optional<String> known = inTransaction(connection -> reply(connection, select, workspace, key));
        if (known.isPresent()) {
            return known.get();
        }
        String reply = inTransaction(connection -> grant(connection, key));
        between.run();
        inTransaction(connection -> update(
                connection,
                "insert into host.unfenced_key (workspace_id, key, reply) values (?, ?, ?) on conflict do nothing",
                workspace,
                key,
                reply));
        return reply;
    }

    private String grant(Connection connection, String key) throws SQLException {
        return Rewards.grant(connection, workspace, UUID.randomUUID(), key, "user of " + key)
                .id();
    }

    private <T> T inTransaction(Work<T> work) throws SQLException {
        try (Connection connection = pool.getConnection()) {
            connection.setAutoCommit(false);
            try {
                reply(connection, "select set_config('plg.workspace_id', ?, true)", workspace);
                T result = work.on(connection);
                connection.commit();
                return result;
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        }
    }

    private static Optional<String> reply(Connection connection, String sql, String... values) throws SQLException {
        try (PreparedStatement statement = prepare(connection, sql, values);
                ResultSet rows = statement.executeQuery()) {
            return rows.next() ? Optional.ofNullable(rows.getString(1)) : Optional.empty();
        }
    }

    private static int update(Connection connection, String sql, String... values) throws SQLException {
        try (PreparedStatement statement = prepare(connection, sql, values)) {
            return statement.executeUpdate();
        }
    }

    private static PreparedStatement prepare(Connection connection, String sql, String... values) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        for (int i = 0; i < values.length; i++) {
            statement.setString(i + 1, values[i]);
        }
        return statement;
    }

    private interface Work<T> {
        T on(Connection connection) throws SQLException;
    }
}
