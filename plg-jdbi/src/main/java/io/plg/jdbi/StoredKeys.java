package io.plg.jdbi;

import io.plg.UserId;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.IdempotencyStore.Claim;
import io.plg.idempotency.Principal;
import io.plg.idempotency.Scope;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** How keys look in the tables of both databases. */
final class StoredKeys {
    private StoredKeys() {}

    static @Nullable String user(Scope scope) {
        return scope.principal().user().map(UserId::value).orElse(null);
    }

    static @Nullable String service(Scope scope) {
        return scope.principal().kind() == Principal.Kind.SERVICE
                ? scope.principal().name()
                : null;
    }

    static byte[] bytes(Fingerprint fingerprint) {
        return HexFormat.of().parseHex(fingerprint.hex());
    }

    static long micros(Duration duration) {
        return duration.getSeconds() * 1_000_000 + duration.getNano() / 1_000;
    }

    /** By which transactions exclude each other. Two scopes with one number wait for each other without need, and that is all. */
    static long lock(String workspace, Scope scope) {
        MessageDigest digest = sha256();
        digest.update("plg.idempotency".getBytes(StandardCharsets.UTF_8));
        digest.update(workspace.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
        return ByteBuffer.wrap(digest.digest(scope.hash())).getLong();
    }

    static byte[] subject(@Nullable UserId user, String subject) {
        return sha256().digest(((user == null ? "thing" : "user") + '\0' + subject).getBytes(StandardCharsets.UTF_8));
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** Reads finished, fingerprint, effect_id, result and left_micros; no or an empty fingerprint if nobody has used the key. */
    static Claim read(ResultSet rs) throws SQLException {
        byte[] request = rs.getBytes("fingerprint");
        if (request == null || request.length == 0) {
            return Claim.Free.UNTRIED;
        }
        var fingerprint = new Fingerprint(HexFormat.of().formatHex(request));
        UUID effect = rs.getObject("effect_id", UUID.class);
        if (rs.getBoolean("finished")) {
            return new Claim.Finished(fingerprint, effect, rs.getString("result"));
        }
        long left = rs.getLong("left_micros");
        return left > 0
                ? new Claim.Busy(Optional.of(fingerprint), Duration.ofNanos(left * 1_000))
                : new Claim.Free(Optional.of(effect), Optional.of(fingerprint));
    }
}
