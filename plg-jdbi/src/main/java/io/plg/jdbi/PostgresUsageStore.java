package io.plg.jdbi;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.gate.UsageStore;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What workspaces have and use, on PostgreSQL: each call is one function that ships with the schema. */
final class PostgresUsageStore implements UsageStore {
    private static final String FACTS = "select refused, version, facts from plg.entitlements_of(?, ?)";
    private static final String CHANGE = """
            select refused, ended from plg.change_entitlements(:workspace, cast(:facts as jsonb), cast(:ended as uuid[]), cast(:at as timestamptz))
            """;
    private static final String TAKE = "select plg.usage_take(?, ?, ?, ?, ?, ?, ?, ?)";
    private static final String OPEN = """
            select refused, version, facts, states, taken, database_micros from plg.usage_open(?, ?, ?, ?, ?)
            """;
    private static final String STORE =
            "select plg.usage_store(?, cast(? as jsonb), cast(? as jsonb), cast(? as jsonb), ?)";
    private static final String ENTRIES = """
            select feature, slot, seq, kind, amount, held, parts, recorded_at, period_start, actor_id, hold_id, refers_to, refused
            from plg.usage_entries(:workspace, cast(:hold as uuid), :feature, :slot, :seq)
            """;

    private final Session session;

    PostgresUsageStore(Session session) {
        this.session = session;
    }

    @Override
    public Facts facts(WorkspaceId workspace, Instant endedAfter) {
        return session.read("read what a workspace has", handle -> {
            try (PreparedStatement facts = handle.getConnection().prepareStatement(FACTS)) {
                facts.setString(1, workspace.value());
                facts.setObject(2, time(endedAfter));
                try (ResultSet rs = facts.executeQuery()) {
                    rs.next();
                    Refusal.check(rs.getString("refused"), workspace, null);
                    return StoredUsage.facts(rs.getLong("version"), rs.getString("facts"));
                }
            }
        });
    }

    @Override
    public int change(WorkspaceId workspace, List<Fact> added, List<UUID> ended, Instant at) {
        return session.call(
                "change what a workspace has",
                handle -> handle.createQuery(CHANGE)
                        .bind("workspace", workspace.value())
                        .bind("facts", StoredUsage.json(added))
                        .bind("ended", ended.stream().map(UUID::toString).toArray(String[]::new))
                        .bind("at", at.toString())
                        .map((rs, ctx) -> {
                            Refusal.check(rs.getString("refused"), workspace, null);
                            return rs.getInt("ended");
                        })
                        .one());
    }

    @Override
    public Take take(WorkspaceId workspace, Wish wish) {
        int slot = wish.slots() == 1 ? 0 : (int) (Thread.currentThread().getId() % wish.slots());
        String result = session.call("consume \"" + wish.key().feature() + "\"", handle -> {
            try (PreparedStatement take = handle.getConnection().prepareStatement(TAKE)) {
                take.setString(1, workspace.value());
                take.setString(2, wish.key().feature());
                take.setInt(3, slot);
                take.setLong(4, wish.amount());
                take.setBigDecimal(5, StoredUsage.shown(wish.key(), wish.amount()));
                take.setLong(6, wish.basis());
                take.setObject(7, time(wish.now()));
                take.setString(8, wish.actor() == null ? null : wish.actor().value());
                try (ResultSet rs = take.executeQuery()) {
                    rs.next();
                    return rs.getString(1);
                }
            }
        });
        if (result.equals("U")) {
            return Take.Undecided.UNDECIDED;
        }
        if (result.startsWith("R;")) {
            Refusal.check(result.substring(2), workspace, wish.actor());
        }
        return decided(workspace, wish, slot, result);
    }

    private Take decided(WorkspaceId workspace, Wish wish, int slot, String result) {
        String[] parts = result.split(";", -1);
        long taken = Long.parseLong(parts[7]);
        long limit = Long.parseLong(parts[4]);
        long remaining = Long.parseLong(parts[5]);
        boolean quota = parts.length > 10;
        long sequence = Long.parseLong(parts[1]);
        if (parts[0].equals("T")) {
            session.stored(new Session.Stored(parts[9], workspace, null));
        }
        boolean over = parts[8].equals("over");
        return new Take.Decided(
                parts[0].equals("T"),
                slot,
                sequence,
                new Lane(
                        wish.basis(),
                        0,
                        wish.now(),
                        0,
                        parts[8],
                        true,
                        Long.parseLong(parts[2]) + taken,
                        Long.parseLong(parts[3]),
                        limit,
                        remaining == Long.MAX_VALUE ? remaining : Math.max(0, remaining - taken),
                        Long.parseLong(parts[6]) + (over ? taken : 0),
                        quota ? StoredUsage.time(Long.parseLong(parts[10])) : null,
                        quota ? StoredUsage.time(Long.parseLong(parts[11])) : null));
    }

    @Override
    public Opened open(WorkspaceId workspace, @Nullable UserId actor, List<MeterKey> keys, boolean lock) {
        Session.Call<Opened> open = handle -> {
            try (PreparedStatement statement = handle.getConnection().prepareStatement(OPEN)) {
                statement.setString(1, workspace.value());
                statement.setString(2, actor == null ? null : actor.value());
                statement.setArray(
                        3,
                        handle.getConnection()
                                .createArrayOf(
                                        "text",
                                        keys.stream().map(MeterKey::feature).toArray()));
                statement.setArray(
                        4,
                        handle.getConnection()
                                .createArrayOf(
                                        "text",
                                        keys.stream().map(StoredUsage::user).toArray()));
                statement.setBoolean(5, lock);
                try (ResultSet rs = statement.executeQuery()) {
                    rs.next();
                    Refusal.check(rs.getString("refused"), workspace, actor);
                    return opened(keys, rs);
                }
            }
        };
        return lock
                ? session.call("lock what a workspace uses", open)
                : session.read("read what a workspace uses", open);
    }

    private static Opened opened(List<MeterKey> keys, ResultSet rs) throws SQLException {
        Array stateArray = rs.getArray("states");
        var states = (@Nullable String[]) stateArray.getArray();
        var taken = (Long[]) rs.getArray("taken").getArray();
        var meters = new ArrayList<Meter>();
        for (int i = 0; i < keys.size(); i++) {
            meters.add(new Meter(keys.get(i), states[i], taken[i]));
        }
        return new Opened(
                StoredUsage.facts(rs.getLong("version"), rs.getString("facts")),
                meters,
                StoredUsage.time(rs.getLong("database_micros")));
    }

    @Override
    public void store(WorkspaceId workspace, Changes changes) {
        String meters = StoredUsage.meters(changes.meters());
        String entries = StoredUsage.entries(changes.entries());
        String events = StoredUsage.events(changes.events());
        session.store("store what a workspace uses", new Session.Write(STORE, store -> {
            store.setString(1, workspace.value());
            store.setString(2, meters);
            setText(store, 3, entries);
            setText(store, 4, events);
            store.setBoolean(5, changes.noted());
        }));
        StoredUsage.told(workspace, changes.events()).ifPresent(session::stored);
    }

    private static void setText(PreparedStatement statement, int index, @Nullable String text) throws SQLException {
        if (text == null) {
            statement.setNull(index, Types.VARCHAR);
        } else {
            statement.setString(index, text);
        }
    }

    @Override
    public List<Entry> entry(WorkspaceId workspace, MeterKey key, int slot, long sequence) {
        return entries(workspace, key, null, slot, sequence);
    }

    @Override
    public List<Entry> entriesOf(WorkspaceId workspace, UUID hold) {
        return entries(workspace, null, hold, null, null);
    }

    @Override
    public List<Entry> entries(WorkspaceId workspace, MeterKey key) {
        return entries(workspace, key, null, null, null);
    }

    private List<Entry> entries(
            WorkspaceId workspace,
            @Nullable MeterKey key,
            @Nullable UUID hold,
            @Nullable Integer slot,
            @Nullable Long sequence) {
        return session.read(
                "read the ledger",
                handle -> handle.createQuery(ENTRIES)
                        .bind("workspace", workspace.value())
                        .bindByType("hold", hold == null ? null : hold.toString(), String.class)
                        .bindByType("feature", key == null ? null : key.feature(), String.class)
                        .bindByType("slot", slot, Integer.class)
                        .bindByType("seq", sequence, Long.class)
                        .map((rs, ctx) -> {
                            Refusal.check(rs.getString("refused"), workspace, null);
                            long period = rs.getLong("period_start");
                            boolean cap = rs.wasNull();
                            return StoredUsage.entry(
                                    key,
                                    rs.getString("feature"),
                                    rs.getInt("slot"),
                                    rs.getLong("seq"),
                                    rs.getString("kind"),
                                    rs.getBigDecimal("amount"),
                                    rs.getBigDecimal("held"),
                                    rs.getString("parts"),
                                    StoredUsage.time(rs.getLong("recorded_at")),
                                    cap ? null : StoredUsage.time(period),
                                    rs.getString("actor_id"),
                                    rs.getObject("hold_id", UUID.class),
                                    rs.getString("refers_to"));
                        })
                        .list());
    }

    private static OffsetDateTime time(Instant time) {
        return time.atOffset(ZoneOffset.UTC);
    }
}
