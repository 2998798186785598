package io.plg.crash;

import io.plg.Execution;
import io.plg.UserId;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Outcome;
import io.plg.idempotency.Principal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.UUID;

/** The host's code: a reward is a row among the grants and a step of the workspace's limit. */
final class Rewards {
    static final Operation<Granted> REDEEM = Operation.financial("redeem", Granted.class);
    static final Principal SHOP = Principal.service("shop");

    private static final String GRANT =
            "insert into host.grants (workspace_id, id, key, beneficiary) values (?, ?, ?, ?)";
    private static final String COUNT = "update host.limit_row set used = used + 1 where workspace_id = ?";

    private Rewards() {}

    /** The result; refused if there is no id. */
    record Granted(String id) {}

    /** What is asked for under a key. */
    static Fingerprint request(String key) {
        return Fingerprint.ofJson("{\"reward\": \"R\", \"for\": \"" + key + "\"}");
    }

    static Granted grant(Execution tx, String key) throws SQLException {
        return grant(tx, key, "user of " + key);
    }

    /** Gives a user the reward the first time, under whatever key. */
    static Granted grantOnce(Execution tx, String key, String user) throws SQLException {
        return tx.idempotency().once("reward R", UserId.of(user)).first() ? grant(tx, key, user) : new Granted(null);
    }

    private static Granted grant(Execution tx, String key, String user) throws SQLException {
        return grant(tx.unwrap(Connection.class), tx.id().value(), tx.effectId(), key, user);
    }

    static Granted grant(Connection connection, String workspace, UUID id, String key, String user)
            throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(GRANT);
                PreparedStatement update = connection.prepareStatement(COUNT)) {
            insert.setString(1, workspace);
            insert.setObject(2, id);
            insert.setString(3, key);
            insert.setString(4, user);
            insert.executeUpdate();
            update.setString(1, workspace);
            if (update.executeUpdate() != 1) {
                throw new SQLException("no limit for " + workspace);
            }
        }
        return new Granted(id.toString());
    }

    /** What came of a call, in a line that another process can read. */
    static String line(Outcome<Granted> outcome) {
        return outcome.fold(
                executed -> "executed " + executed.value().id(),
                replayed -> "replayed " + replayed.value().id(),
                inFlight -> "inFlight -",
                mismatch -> "mismatch -");
    }
}
