package io.plg.benchmarks;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** The tables of a host that has effects and, where plg does not do it, keeps keys: what all peers write, by prepared statements. */
final class HostTables {
    static final String SCHEMA = """
            create schema host;
            create table host.effect (
                workspace_id text not null, id uuid not null, user_id text not null, reward text not null,
                amount integer not null, made_at timestamptz not null default now(), primary key (workspace_id, id));
            create table host.used_key (
                workspace_id text not null, request_key text not null, user_id text not null, fingerprint text not null,
                effect_id uuid not null, response text not null, finished_at timestamptz not null default now(),
                primary key (workspace_id, request_key));
            create table host.reward_limit (
                workspace_id text not null, id text not null, used integer not null, max integer not null,
                primary key (workspace_id, id)) with (fillfactor = 50);
            create table host.reward_grant (
                workspace_id text not null, id uuid not null, limit_id text not null, user_id text not null,
                made_at timestamptz not null default now(), primary key (workspace_id, id));
            grant usage on schema host to plg_bench;
            grant select, insert, update, delete on all tables in schema host to plg_bench;
            """;

    private static final String EFFECT =
            "insert into host.effect (workspace_id, id, user_id, reward, amount) values (?, ?, ?, ?, ?)";
    private static final String KEY = """
            insert into host.used_key (workspace_id, request_key, user_id, fingerprint, effect_id, response)
            values (?, ?, ?, ?, ?, ?)
            """;
    private static final String STORED =
            "select fingerprint, response from host.used_key where workspace_id = ? and request_key = ?";
    private static final String USE =
            "update host.reward_limit set used = used + 1 where workspace_id = ? and id = ? and used < max";
    private static final String GRANT =
            "insert into host.reward_grant (workspace_id, id, limit_id, user_id) values (?, ?, ?, ?)";

    private HostTables() {}

    /** The result of an effect. */
    record Granted(String id, String reward, int amount) {
        static Granted of(UUID id) {
            return new Granted(id.toString(), "welcome", 500);
        }

        /** Written by hand, which is faster than any library. */
        String json() {
            return "{\"id\":\"" + id + "\",\"reward\":\"" + reward + "\",\"amount\":" + amount + "}";
        }
    }

    /** What is stored for a key. */
    record Stored(String fingerprint, String response) {}

    static Granted effect(Connection connection, String workspace, UUID id, String user) throws SQLException {
        Granted granted = Granted.of(id);
        try (PreparedStatement statement = connection.prepareStatement(EFFECT)) {
            statement.setString(1, workspace);
            statement.setObject(2, id);
            statement.setString(3, user);
            statement.setString(4, granted.reward());
            statement.setInt(5, granted.amount());
            statement.executeUpdate();
        }
        return granted;
    }

    static void key(
            Connection connection, String workspace, String key, String user, String fingerprint, UUID id, String json)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(KEY)) {
            statement.setString(1, workspace);
            statement.setString(2, key);
            statement.setString(3, user);
            statement.setString(4, fingerprint);
            statement.setObject(5, id);
            statement.setString(6, json);
            statement.executeUpdate();
        }
    }

    static @Nullable Stored stored(Connection connection, String workspace, String key) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(STORED)) {
            statement.setString(1, workspace);
            statement.setString(2, key);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? new Stored(row.getString(1), row.getString(2)) : null;
            }
        }
    }

    /** Uses one of a limit up and grants for it; false, and nothing is written, if the limit is reached. */
    static boolean redeem(Connection connection, String workspace, UUID id, String limit, String user)
            throws SQLException {
        try (PreparedStatement use = connection.prepareStatement(USE)) {
            use.setString(1, workspace);
            use.setString(2, limit);
            if (use.executeUpdate() == 0) {
                return false;
            }
        }
        try (PreparedStatement grant = connection.prepareStatement(GRANT)) {
            grant.setString(1, workspace);
            grant.setObject(2, id);
            grant.setString(3, limit);
            grant.setString(4, user);
            grant.executeUpdate();
        }
        return true;
    }

    /** In the order of time like plg's, so that the index is filled alike. */
    static UUID newId() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        return new UUID(
                (System.currentTimeMillis() << 16) | 0x7000L | random.nextInt(0x1000),
                (random.nextLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L);
    }

    /** Random, as clients make them. */
    static String newKey() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        return new UUID(
                        (random.nextLong() & ~0xF000L) | 0x4000L,
                        (random.nextLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L)
                .toString();
    }
}
