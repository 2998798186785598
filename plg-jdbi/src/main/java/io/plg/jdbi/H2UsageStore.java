package io.plg.jdbi;

import io.plg.ChangeFeed.Change;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.event.GrowthEvent;
import io.plg.gate.UsageStore;
import io.plg.internal.Json;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.jdbi.v3.core.statement.Query;
import org.jdbi.v3.core.statement.Update;
import org.jspecify.annotations.Nullable;

/** What workspaces have and use, on H2, by statements in one transaction. There are no lanes: each consumption locks its meter. */
final class H2UsageStore implements UsageStore {
    private static final String DUPLICATE = "23505";
    private static final String CONFLICT = "40001";

    private static final String VERSION = "select version from plg.entitlement_version where workspace_id = :workspace";
    private static final String FACTS = """
            select id, kind, feature, effective_at, ends_at, stated_at, version, body from plg.entitlement
            where workspace_id = :workspace and (ends_at is null or ends_at > :endedAfter)
            """;
    private static final String NEW_VERSION =
            "insert into plg.entitlement_version (workspace_id, version) values (:workspace, 0)";
    private static final String RAISE_VERSION =
            "update plg.entitlement_version set version = version + 1 where workspace_id = :workspace";
    private static final String END = """
            update plg.entitlement set ends_at = :at
            where workspace_id = :workspace and id = :id and (ends_at is null or ends_at > :at)
            """;
    private static final String ADD = """
            insert into plg.entitlement (workspace_id, id, kind, feature, effective_at, ends_at, stated_at, version, body)
            select :workspace, :id, :kind, :feature, :effectiveAt, :endsAt, :statedAt, v.version, :body
            from plg.entitlement_version v where v.workspace_id = :workspace
            """;
    private static final String METER = """
            select state, as_of from plg.usage_meter where workspace_id = :workspace and feature = :feature and user_id = :user
            """;
    private static final String LOCK = """
            select state, as_of from plg.usage_meter where workspace_id = :workspace and feature = :feature and user_id = :user for update
            """;
    private static final String NEW_METER =
            "insert into plg.usage_meter (workspace_id, feature, user_id) values (:workspace, :feature, :user)";
    private static final String STORE = """
            update plg.usage_meter set state = :state, used = :used, held = :held, as_of = :asOf
            where workspace_id = :workspace and feature = :feature and user_id = :user
            """;
    private static final String ENTRY = """
            insert into plg.usage_entry
                (workspace_id, feature, slot, seq, kind, amount, held, parts, recorded_at, period_start, actor_id, hold_id, refers_to)
            values (:workspace, :feature, :slot, :seq, :kind, :amount, :held, :parts, :at, :period, :actor, :hold, :refers)
            """;
    private static final String EVENT = """
            insert into plg.growth_event (workspace_id, id, type, version, occurred_at, user_id, data)
            values (:workspace, :id, :type, :version, :at, :user, :data format json)
            """;
    private static final String NOTE_CHANGE = """
            insert into plg_directory.change_feed (workspace_id, kind, subject, noted_at)
            values (:workspace, :kind, :workspace, current_timestamp(6))
            """;
    private static final String AT_PLACE = """
            select * from plg.usage_entry
            where workspace_id = :workspace and feature = :feature and (slot = :slot and seq = :seq or refers_to = :place)
            """;
    private static final String OF_HOLD = """
            select * from plg.usage_entry where workspace_id = :workspace and hold_id = :hold order by slot, seq
            """;
    private static final String OF_FEATURE = """
            select * from plg.usage_entry where workspace_id = :workspace and feature = :feature order by slot, seq
            """;

    private final Session session;

    H2UsageStore(Session session) {
        this.session = session;
    }

    @Override
    public Facts facts(WorkspaceId workspace, Instant endedAfter) {
        return session.atomically("read what a workspace has", handle -> {
            H2TenancyStore.check(handle, workspace, List.of());
            return facts(handle, workspace, endedAfter);
        });
    }

    private static Facts facts(Handle handle, WorkspaceId workspace, @Nullable Instant endedAfter) {
        long version = handle.createQuery(VERSION)
                .bind("workspace", workspace.value())
                .mapTo(Long.class)
                .findOne()
                .orElse(0L);
        return new Facts(
                version,
                handle.createQuery(FACTS)
                        .bind("workspace", workspace.value())
                        .bind(
                                "endedAfter",
                                time(endedAfter == null ? Instant.EPOCH.minusSeconds(62_135_596_800L) : endedAfter))
                        .map((rs, ctx) -> {
                            OffsetDateTime ends = rs.getObject("ends_at", OffsetDateTime.class);
                            return new Fact(
                                    rs.getObject("id", UUID.class),
                                    rs.getString("kind"),
                                    rs.getString("feature"),
                                    rs.getObject("effective_at", OffsetDateTime.class)
                                            .toInstant(),
                                    ends == null ? null : ends.toInstant(),
                                    rs.getObject("stated_at", OffsetDateTime.class)
                                            .toInstant(),
                                    rs.getLong("version"),
                                    rs.getString("body"));
                        })
                        .list());
    }

    @Override
    public int change(WorkspaceId workspace, List<Fact> added, List<UUID> ended, Instant at) {
        return session.atomically("change what a workspace has", handle -> {
            H2TenancyStore.admit(handle, workspace, List.of());
            inserted(handle.createUpdate(NEW_VERSION).bind("workspace", workspace.value()));
            seen(
                    handle.createUpdate(RAISE_VERSION)
                            .bind("workspace", workspace.value())
                            .execute(),
                    "what the workspace has");
            int ends = 0;
            for (UUID id : ended) {
                ends += handle.createUpdate(END)
                        .bind("workspace", workspace.value())
                        .bind("id", id)
                        .bind("at", time(at))
                        .execute();
            }
            for (Fact fact : added) {
                handle.createUpdate(ADD)
                        .bind("workspace", workspace.value())
                        .bind("id", fact.id())
                        .bind("kind", fact.kind())
                        .bindByType("feature", fact.feature(), String.class)
                        .bind("effectiveAt", time(fact.effectiveAt()))
                        .bindByType("endsAt", fact.endsAt() == null ? null : time(fact.endsAt()), OffsetDateTime.class)
                        .bind("statedAt", time(fact.statedAt()))
                        .bind("body", fact.body())
                        .execute();
            }
            note(handle, workspace);
            return ends;
        });
    }

    @Override
    public Take take(WorkspaceId workspace, Wish wish) {
        return Take.Undecided.UNDECIDED;
    }

    @Override
    public Opened open(WorkspaceId workspace, @Nullable UserId actor, List<MeterKey> keys, boolean lock) {
        return session.atomically(lock ? "lock what a workspace uses" : "read what a workspace uses", handle -> {
            List<UserId> users = actor == null ? List.of() : List.of(actor);
            if (lock) {
                H2TenancyStore.admit(handle, workspace, users);
            } else {
                H2TenancyStore.check(handle, workspace, users);
            }
            var meters = new ArrayList<Meter>();
            Instant since = Instant.MAX;
            for (MeterKey key : keys) {
                Stored stored = read(handle, workspace, key, lock);
                meters.add(new Meter(key, stored.state(), 0));
                since = stored.asOf() == null ? Instant.MIN : stored.asOf().isBefore(since) ? stored.asOf() : since;
            }
            return new Opened(
                    facts(handle, workspace, since.equals(Instant.MIN) || since.equals(Instant.MAX) ? null : since),
                    meters,
                    handle.createQuery("select current_timestamp(6)")
                            .mapTo(OffsetDateTime.class)
                            .one()
                            .toInstant());
        });
    }

    private static Stored read(Handle handle, WorkspaceId workspace, MeterKey key, boolean lock) throws SQLException {
        if (lock) {
            inserted(handle.createUpdate(NEW_METER)
                    .bind("workspace", workspace.value())
                    .bind("feature", key.feature())
                    .bind("user", StoredUsage.user(key)));
        }
        Optional<Stored> stored = handle.createQuery(lock ? LOCK : METER)
                .bind("workspace", workspace.value())
                .bind("feature", key.feature())
                .bind("user", StoredUsage.user(key))
                .map((rs, ctx) -> {
                    OffsetDateTime asOf = rs.getObject("as_of", OffsetDateTime.class);
                    return new Stored(rs.getString("state"), asOf == null ? null : asOf.toInstant());
                })
                .findOne();
        if (lock) {
            seen(stored.isPresent() ? 1 : 0, "the meter of \"" + key.feature() + "\"");
        }
        return stored.orElse(Stored.NOTHING);
    }

    /** A transaction that sees only what was committed before it began finds no row, although there is one. */
    static void seen(int rows, String what) throws SQLException {
        if (rows != 1) {
            throw new SQLException(
                    what + " was stored by another transaction, which this one cannot see; begin it again", CONFLICT);
        }
    }

    /** Inserts a row and tells whether its key was free; on H2 a statement that fails leaves the transaction usable. */
    static boolean inserted(Update insert) {
        try {
            insert.execute();
            return true;
        } catch (JdbiException e) {
            if (!(e.getCause() instanceof SQLException sql && DUPLICATE.equals(sql.getSQLState()))) {
                throw e;
            }
            return false;
        }
    }

    @Override
    public void store(WorkspaceId workspace, Changes changes) {
        session.atomically("store what a workspace uses", handle -> {
            for (MeterChange each : changes.meters()) {
                int stored = handle.createUpdate(STORE)
                        .bind("workspace", workspace.value())
                        .bind("feature", each.key().feature())
                        .bind("user", StoredUsage.user(each.key()))
                        .bind("state", each.state())
                        .bind("used", StoredUsage.shown(each.key(), each.used()))
                        .bind("held", StoredUsage.shown(each.key(), each.held()))
                        .bind("asOf", time(each.asOf()))
                        .execute();
                seen(stored, "the meter of \"" + each.key().feature() + "\"");
            }
            for (Entry entry : changes.entries()) {
                handle.createUpdate(ENTRY)
                        .bind("workspace", workspace.value())
                        .bind("feature", entry.key().feature())
                        .bind("slot", entry.slot())
                        .bind("seq", entry.sequence())
                        .bind("kind", entry.kind().name())
                        .bind("amount", StoredUsage.shown(entry.key(), entry.amount()))
                        .bind("held", StoredUsage.shown(entry.key(), entry.held()))
                        .bind("parts", entry.parts())
                        .bind("at", time(entry.at()))
                        .bindByType(
                                "period",
                                entry.periodStart() == null ? null : time(entry.periodStart()),
                                OffsetDateTime.class)
                        .bindByType(
                                "actor",
                                entry.actor() == null ? null : entry.actor().value(),
                                String.class)
                        .bindByType("hold", entry.hold(), UUID.class)
                        .bindByType("refers", entry.refersTo(), String.class)
                        .execute();
            }
            changes.events().forEach(event -> store(handle, workspace, event));
            if (changes.noted()) {
                note(handle, workspace);
            }
            return changes;
        });
        StoredUsage.told(workspace, changes.events()).ifPresent(session::stored);
    }

    static void store(Handle handle, WorkspaceId workspace, GrowthEvent event) {
        UserId user = event.user();
        handle.createUpdate(EVENT)
                .bind("workspace", workspace.value())
                .bind("id", event.id())
                .bind("type", event.type())
                .bind("version", event.version())
                .bind("at", time(event.time()))
                .bindByType("user", user == null ? null : user.value(), String.class)
                .bind("data", Json.write(event.data()))
                .execute();
    }

    private static void note(Handle handle, WorkspaceId workspace) {
        handle.createUpdate(NOTE_CHANGE)
                .bind("workspace", workspace.value())
                .bind("kind", Change.GATES)
                .execute();
    }

    @Override
    public List<Entry> entry(WorkspaceId workspace, MeterKey key, int slot, long sequence) {
        return entries(
                workspace,
                key,
                handle -> handle.createQuery(AT_PLACE)
                        .bind("feature", key.feature())
                        .bind("slot", slot)
                        .bind("seq", sequence)
                        .bind("place", slot + "." + sequence));
    }

    @Override
    public List<Entry> entriesOf(WorkspaceId workspace, UUID hold) {
        return entries(workspace, null, handle -> handle.createQuery(OF_HOLD).bind("hold", hold));
    }

    @Override
    public List<Entry> entries(WorkspaceId workspace, MeterKey key) {
        return entries(workspace, key, handle -> handle.createQuery(OF_FEATURE).bind("feature", key.feature()));
    }

    private List<Entry> entries(WorkspaceId workspace, @Nullable MeterKey key, Session.Call<Query> query) {
        return session.atomically("read the ledger", handle -> {
            H2TenancyStore.check(handle, workspace, List.of());
            return query.on(handle)
                    .bind("workspace", workspace.value())
                    .map((rs, ctx) -> {
                        OffsetDateTime period = rs.getObject("period_start", OffsetDateTime.class);
                        return StoredUsage.entry(
                                key,
                                rs.getString("feature"),
                                rs.getInt("slot"),
                                rs.getLong("seq"),
                                rs.getString("kind"),
                                rs.getBigDecimal("amount").stripTrailingZeros(),
                                rs.getBigDecimal("held").stripTrailingZeros(),
                                rs.getString("parts"),
                                rs.getObject("recorded_at", OffsetDateTime.class)
                                        .toInstant(),
                                period == null ? null : period.toInstant(),
                                rs.getString("actor_id"),
                                rs.getObject("hold_id", UUID.class),
                                rs.getString("refers_to"));
                    })
                    .list();
        });
    }

    private static OffsetDateTime time(Instant time) {
        return time.atOffset(ZoneOffset.UTC);
    }

    private record Stored(@Nullable String state, @Nullable Instant asOf) {
        static final Stored NOTHING = new Stored(null, null);
    }
}
