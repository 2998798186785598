package io.plg.benchmarks;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import javax.sql.DataSource;

/**
 * What plg writes for a consumption, written by hand: a counter that is updated and a line in a ledger, in tables of the same columns and indexes without row
 * level security. Each call is a transaction of its own.
 */
final class BareUsage {
    static final String SCHEMA = """
            create table host.counter (like plg.usage_lane including all) with (fillfactor = 50);
            create table host.ledger (like plg.usage_entry including all);
            create function host.take(p_workspace text, p_feature text, p_amount bigint, p_shown numeric, p_now timestamptz, p_actor text) returns bigint
            language plpgsql volatile as $$
            declare
                v_counter host.counter;
            begin
                update host.counter c set taken = c.taken + p_amount, seq = c.seq + 1
                where c.workspace_id = p_workspace and c.feature = p_feature and c.slot = 0 and c.amount - c.taken >= p_amount
                returning c.* into v_counter;
                if not found then
                    return null;
                end if;
                insert into host.ledger (workspace_id, feature, slot, seq, kind, amount, held, parts, recorded_at, period_start, actor_id)
                values (p_workspace, p_feature, 0, v_counter.seq, 'CONSUME', p_shown, 0, v_counter.bucket || '=' || p_amount, p_now,
                        v_counter.period_start, p_actor);
                return v_counter.seq;
            end
            $$;
            create table host.bucket (id bigint primary key, state bytea);
            grant usage on schema host to plg_bench;
            grant select, insert, update, delete on all tables in schema host to plg_bench;
            """;

    /** Counters like the lanes of plg, with nothing taken. */
    static final String LIKE_LANES = """
            insert into host.counter select workspace_id, feature, slot, slots, amount, 0, 0, basis, version, until, denies, 0, held, lim, lim, overage,
                   period_start, period_end, bucket
            from plg.usage_lane where slot = 0
            """;

    private static final String TAKE = "select host.take(?, ?, ?, ?, ?, ?)";
    private static final String UPDATE = """
            update host.counter set taken = taken + ?, seq = seq + 1
            where workspace_id = ? and feature = ? and slot = 0 and amount - taken >= ?
            """;
    private static final String UPDATE_RETURNING = UPDATE + " returning seq, bucket, period_start";
    private static final String INSERT = """
            insert into host.ledger (workspace_id, feature, slot, seq, kind, amount, held, parts, recorded_at, period_start, actor_id)
            values (?, ?, 0, ?, 'CONSUME', ?, 0, ?, ?, ?, ?)
            """;
    private static final String BOTH = """
            with taken as (
                update host.counter set taken = taken + ?, seq = seq + 1
                where workspace_id = ? and feature = ? and slot = 0 and amount - taken >= ?
                returning workspace_id, feature, seq, bucket, period_start)
            insert into host.ledger (workspace_id, feature, slot, seq, kind, amount, held, parts, recorded_at, period_start, actor_id)
            select workspace_id, feature, 0, seq, 'CONSUME', ?, 0, bucket || '=1', ?, period_start, ? from taken
            """;

    private final DataSource dataSource;

    BareUsage(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** As one function, in one round trip. */
    boolean byFunction(String workspace, String feature) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement take = connection.prepareStatement(TAKE)) {
            take.setString(1, workspace);
            take.setString(2, feature);
            take.setLong(3, 1);
            take.setBigDecimal(4, BigDecimal.ONE);
            take.setObject(5, now());
            take.setString(6, null);
            try (ResultSet row = take.executeQuery()) {
                row.next();
                row.getLong(1);
                return !row.wasNull();
            }
        }
    }

    /** As one statement with a common table expression, in one round trip. */
    boolean byStatement(String workspace, String feature) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement both = connection.prepareStatement(BOTH)) {
            both.setLong(1, 1);
            both.setString(2, workspace);
            both.setString(3, feature);
            both.setLong(4, 1);
            both.setBigDecimal(5, BigDecimal.ONE);
            both.setObject(6, now());
            both.setString(7, null);
            return both.executeUpdate() == 1;
        }
    }

    /** BEGIN with the UPDATE, INSERT and COMMIT, a round trip each. */
    boolean byTransaction(String workspace, String feature) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                boolean taken = joined(connection, workspace, feature);
                connection.commit();
                return taken;
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        }
    }

    /** In the transaction of a connection, a round trip for each of the two. */
    static boolean joined(Connection connection, String workspace, String feature) throws SQLException {
        long sequence;
        String bucket;
        OffsetDateTime period;
        try (PreparedStatement update = connection.prepareStatement(UPDATE_RETURNING)) {
            update.setLong(1, 1);
            update.setString(2, workspace);
            update.setString(3, feature);
            update.setLong(4, 1);
            try (ResultSet row = update.executeQuery()) {
                if (!row.next()) {
                    return false;
                }
                sequence = row.getLong(1);
                bucket = row.getString(2);
                period = row.getObject(3, OffsetDateTime.class);
            }
        }
        try (PreparedStatement insert = connection.prepareStatement(INSERT)) {
            insert.setString(1, workspace);
            insert.setString(2, feature);
            insert.setLong(3, sequence);
            insert.setBigDecimal(4, BigDecimal.ONE);
            insert.setString(5, bucket + "=1");
            insert.setObject(6, now());
            insert.setObject(7, period);
            insert.setString(8, null);
            insert.executeUpdate();
        }
        return true;
    }

    /** The counter alone. */
    boolean counted(String workspace, String feature) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement update = connection.prepareStatement(UPDATE)) {
            update.setLong(1, 1);
            update.setString(2, workspace);
            update.setString(3, feature);
            update.setLong(4, 1);
            return update.executeUpdate() == 1;
        }
    }

    private static OffsetDateTime now() {
        return OffsetDateTime.now(ZoneOffset.UTC);
    }
}
