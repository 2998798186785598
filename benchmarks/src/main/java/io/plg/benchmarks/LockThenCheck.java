package io.plg.benchmarks;

import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.SetArgs;
import io.lettuce.core.api.sync.RedisCommands;
import io.plg.benchmarks.HostTables.Stored;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Idempotency keys as guides recommend them: a lock with a time limit in Redis, then a look whether the key was used, then the effect. This is the version
 * that keeps the key in a table too, in the effect's transaction: then a lock that ends too early costs an error and not a second effect.
 *
 * <p>One entry of Redis serves as lock and as answer: {@code SET NX PX} writes a token, and the answer replaces it, or the owner deletes it where answers are
 * kept in the table only. Whoever does not get the lock reads the entry, and answers 409 if it is not an answer yet.
 */
final class LockThenCheck {
    private static final long LOCK_MILLIS = 30_000;
    private static final long ANSWER_MILLIS = 86_400_000;
    private static final String LOCK = "lock ";

    /** Takes the lock away only from its owner. */
    private static final String UNLOCK =
            "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

    private final DataSource dataSource;
    private final RedisCommands<String, String> redis;
    private final boolean answersInRedis;

    LockThenCheck(DataSource dataSource, RedisProcess redis, boolean answersInRedis) {
        this.dataSource = dataSource;
        this.answersInRedis = answersInRedis;
        this.redis = redis.connection().sync();
    }

    /** The statuses that a web layer would answer with. */
    enum Status {
        EXECUTED,
        REPLAYED,
        CONFLICT,
        MISMATCH
    }

    /** What came of it; the response is null unless the effect was had. */
    record Answer(Status status, @Nullable String response) {}

    Answer execute(String workspace, String user, String key, String fingerprint) throws SQLException {
        String entry = workspace + ':' + key;
        String lock = LOCK + HostTables.newKey();
        if (redis.set(entry, lock, SetArgs.Builder.nx().px(LOCK_MILLIS)) == null) {
            return remembered(redis.get(entry), fingerprint);
        }
        Answer answer;
        try {
            answer = checkAndExecute(workspace, user, key, fingerprint);
        } catch (SQLException | RuntimeException e) {
            redis.eval(UNLOCK, ScriptOutputType.INTEGER, new String[] {entry}, lock);
            throw e;
        }
        if (answer.response() == null || !answersInRedis) {
            redis.eval(UNLOCK, ScriptOutputType.INTEGER, new String[] {entry}, lock);
        } else {
            redis.set(entry, fingerprint + ' ' + answer.response(), SetArgs.Builder.px(ANSWER_MILLIS));
        }
        return answer;
    }

    private static Answer remembered(@Nullable String value, String fingerprint) {
        if (value == null || value.startsWith(LOCK)) {
            return new Answer(Status.CONFLICT, null);
        }
        int space = value.indexOf(' ');
        return replay(new Stored(value.substring(0, space), value.substring(space + 1)), fingerprint);
    }

    private static Answer replay(Stored stored, String fingerprint) {
        return stored.fingerprint().equals(fingerprint)
                ? new Answer(Status.REPLAYED, stored.response())
                : new Answer(Status.MISMATCH, null);
    }

    private Answer checkAndExecute(String workspace, String user, String key, String fingerprint) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            Stored stored = HostTables.stored(connection, workspace, key);
            if (stored != null) {
                return replay(stored, fingerprint);
            }
            return new Answer(Status.EXECUTED, inOneTransaction(connection, workspace, user, key, fingerprint));
        }
    }

    /** The effect and its key; also what the bare peer does, without anything else. */
    static String inOneTransaction(Connection connection, String workspace, String user, String key, String fingerprint)
            throws SQLException {
        UUID id = HostTables.newId();
        connection.setAutoCommit(false);
        try {
            String json = HostTables.effect(connection, workspace, id, user).json();
            HostTables.key(connection, workspace, key, user, fingerprint, id, json);
            connection.commit();
            return json;
        } catch (SQLException | RuntimeException e) {
            connection.rollback();
            throw e;
        } finally {
            connection.setAutoCommit(true);
        }
    }
}
