package io.plg.benchmarks;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * What plg writes for a referral and for a redemption, written by hand: prepared statements in one transaction, on tables of the same columns and indexes
 * without row level security. It looks at nothing but the code: not for loops, fraud, erased users or deleted workspaces.
 */
final class BareReferrals {
    static final String SCHEMA = """
            create schema bare;
            create table bare.code (like plg.referral_code including all);
            create unique index on bare.code (code);
            create table bare.edge (like plg.referral including all) with (fillfactor = 75);
            create table bare.place (like plg_directory.referral including all) with (fillfactor = 75);
            create table bare.trace (like plg.referral_trace including all);
            create table bare.reward (like plg.reward including all) with (fillfactor = 75);
            create table bare.entry (like plg.reward_entry including all);
            create table bare.event (like plg.growth_event including all);
            create table bare.stock (id text primary key, used bigint not null, most bigint not null) with (fillfactor = 50);
            create table bare.hot (user_id text primary key, size bigint not null) with (fillfactor = 50);
            create table bare.used_key (
                request_key text primary key, user_id text not null, fingerprint text not null, response text not null,
                finished_at timestamptz not null default now());
            grant usage on schema bare to plg_bench;
            grant select, insert, update on all tables in schema bare to plg_bench;
            """;

    /** The codes of plg, and the referrers' places in the graph. */
    static final String LIKE_CODES = """
            insert into bare.code select * from plg.referral_code;
            insert into bare.edge (workspace_id, program, id, actor_id, jump_length, size, counted, stages, standing)
            select workspace_id, program, gen_random_uuid(), user_id, 0, 1, true, '{}', 0 from plg.referral_code;
            insert into bare.place (program, user_hash, jump_length)
            select program, sha256(convert_to(user_id, 'UTF8')), 0 from plg.referral_code;
            insert into bare.hot select user_id, 1 from plg.referral_code on conflict do nothing
            """;

    private static final String CODE =
            "select workspace_id, program, user_id, active, created_at from bare.code where code = ?";
    private static final String EDGE = """
            insert into bare.edge
                (workspace_id, program, id, actor_id, parent_id, jump_id, jump_length, size, counted, version, code, artefact, signed_up_at, bound_at, stages,
                 standing, verdict)
            select r.workspace_id, r.program, ?, ?, r.id, r.id, 1, 1, false, 1, ?, '', ?, ?, '{"sign_up": 1}', 0, ''
            from bare.edge r where r.workspace_id = ? and r.program = ? and r.actor_id = ?
            """;
    private static final String PLACE = """
            insert into bare.place (program, user_hash, referrer_hash, workspace_id, jump_hash, jump_length)
            values (?, sha256(convert_to(?, 'UTF8')), sha256(convert_to(?, 'UTF8')), ?, sha256(convert_to(?, 'UTF8')), 1)
            """;
    private static final String TRACE = """
            insert into bare.trace (workspace_id, user_id, email_hash, domain_hash, device_hash, bound_at) values (?, ?, ?, ?, ?, ?)
            """;
    private static final String REWARDS = """
            insert into bare.reward
                (workspace_id, id, program, rule, event, party, actor_id, state, benefit, terms, decided_at, issued_at, claw_back_until, reason, taken,
                 fulfilment, refunded)
            values (?, ?, ?, 'sign_up', ?, 'REFERRER', ?, 'ISSUED', ?, ?, ?, ?, ?, '', '[]', 0, 0),
                   (?, ?, ?, 'sign_up', ?, 'REFERRED', ?, 'ISSUED', ?, ?, ?, ?, ?, '', '[]', 0, 0)
            """;
    private static final String REWARD = """
            insert into bare.reward
                (workspace_id, id, program, rule, event, party, actor_id, state, benefit, terms, decided_at, issued_at, claw_back_until, reason, taken,
                 fulfilment, refunded)
            values (?, ?, ?, 'claim', ?, 'CLAIMANT', ?, 'ISSUED', ?, ?, ?, ?, ?, '', '[]', 0, 0)
            """;
    private static final String ENTRY = """
            insert into bare.entry (workspace_id, id, reward_id, actor_id, unit, amount, kind, recorded_at) values (?, ?, ?, ?, 'USD', ?, 'issued', ?)
            """;
    private static final String ENTRIES = ENTRY.strip() + ", (?, ?, ?, ?, 'USD', ?, 'issued', ?)";
    private static final String EVENT = """
            insert into bare.event (workspace_id, id, type, version, occurred_at, user_id, data) values (?, ?, ?, 1, ?, ?, cast(? as jsonb))
            """;
    private static final String EVENTS =
            EVENT.strip() + ", (?, ?, ?, 1, ?, ?, cast(? as jsonb)), (?, ?, ?, 1, ?, ?, cast(? as jsonb))";
    private static final String GROW = "update bare.hot set size = size + 1 where user_id = ?";
    private static final String TAKE = "update bare.stock set used = used + 1 where id = ? and used < most";
    private static final String ISSUE = """
            update bare.reward set state = 'ISSUED', issued_at = ?, claw_back_until = ? where workspace_id = ? and id = ? and state = 'APPROVED'
            returning actor_id
            """;
    private static final String KEY =
            "insert into bare.used_key (request_key, user_id, fingerprint, response) values (?, ?, ?, ?)";

    private static final String BENEFIT = "{\"kind\":\"account_credit\",\"amount\":\"20.00 USD\"}";
    private static final String TERMS =
            "{\"on\":\"sign_up\",\"name\":\"sign_up\",\"referrer\":{\"kind\":\"account_credit\",\"amount\":\"20.00 USD\"},"
                    + "\"referred\":{\"kind\":\"account_credit\",\"amount\":\"10.00 USD\"}}";
    private static final String CHANGED =
            "{\"reward\":\"%s\",\"program\":\"friends\",\"rule\":\"sign_up\",\"state\":\"issued\",\"unit\":\"USD\",\"amount\":2000}";
    private static final String SIXTY_FOUR = "0123456789abcdef".repeat(4).substring(20);

    private final DataSource dataSource;

    BareReferrals(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** How much of what plg writes for a referral. */
    enum Extent {
        /** The edge, two rewards and two entries of the ledger. */
        LEAST,
        /** The same, and a counter of the referrer. */
        LEAST_AND_COUNTER,
        /** Also the place across workspaces, what the person may be recognised by, and three events. */
        ALL
    }

    private interface Work {
        void run(Connection connection) throws SQLException;
    }

    private void inTransaction(Work work) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                work.run(connection);
                connection.commit();
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        }
    }

    void attribute(Extent extent, String code, String user, String workspace) throws SQLException {
        inTransaction(connection -> {
            String from;
            String program;
            String referrer;
            try (PreparedStatement find = connection.prepareStatement(CODE)) {
                find.setString(1, code);
                try (ResultSet row = find.executeQuery()) {
                    row.next();
                    from = row.getString(1);
                    program = row.getString(2);
                    referrer = row.getString(3);
                }
            }
            OffsetDateTime now = OffsetDateTime.now(ZoneOffset.UTC);
            if (extent == Extent.LEAST_AND_COUNTER) {
                execute(connection, GROW, referrer);
            }
            UUID id = HostTables.newId();
            execute(connection, EDGE, id, user, code, now, now, from, program, referrer);
            UUID first = HostTables.newId();
            UUID second = HostTables.newId();
            String event = "sign_up:" + id;
            OffsetDateTime until = now.plusDays(90);
            execute(
                    connection,
                    REWARDS,
                    from,
                    first,
                    program,
                    event,
                    referrer,
                    BENEFIT,
                    TERMS,
                    now,
                    now,
                    until,
                    workspace,
                    second,
                    program,
                    event,
                    user,
                    BENEFIT,
                    TERMS,
                    now,
                    now,
                    until);
            execute(
                    connection,
                    ENTRIES,
                    from,
                    HostTables.newId(),
                    first,
                    referrer,
                    2_000,
                    now,
                    workspace,
                    HostTables.newId(),
                    second,
                    user,
                    1_000,
                    now);
            if (extent == Extent.ALL) {
                execute(connection, PLACE, program, user, referrer, from, referrer);
                execute(connection, TRACE, from, user, user + SIXTY_FOUR, user + SIXTY_FOUR, user + SIXTY_FOUR, now);
                execute(
                        connection,
                        EVENTS,
                        from,
                        HostTables.newId(),
                        "referral_attributed",
                        now,
                        referrer,
                        "{\"program\":\"" + program + "\",\"referral\":\"" + id + "\"}",
                        from,
                        HostTables.newId(),
                        "reward_state_changed",
                        now,
                        referrer,
                        CHANGED.formatted(first),
                        workspace,
                        HostTables.newId(),
                        "reward_state_changed",
                        now,
                        user,
                        CHANGED.formatted(second));
            }
        });
    }

    /** Takes one of a stock and gives it; with a key if there is one. */
    void claim(String workspace, String stock, String user, @Nullable String key) throws SQLException {
        inTransaction(connection -> {
            if (execute(connection, TAKE, stock) != 1) {
                throw new IllegalStateException("there must be enough left of " + stock);
            }
            OffsetDateTime now = OffsetDateTime.now(ZoneOffset.UTC);
            UUID id = HostTables.newId();
            execute(
                    connection,
                    REWARD,
                    workspace,
                    id,
                    stock,
                    user + SIXTY_FOUR,
                    user,
                    BENEFIT,
                    TERMS,
                    now,
                    now,
                    now.plusDays(90));
            given(connection, workspace, id, user, key, now);
        });
    }

    /** Gives a reward that is approved; with a key if there is one. */
    void redeem(String workspace, UUID reward, @Nullable String key) throws SQLException {
        inTransaction(connection -> {
            OffsetDateTime now = OffsetDateTime.now(ZoneOffset.UTC);
            String user;
            try (PreparedStatement issue = connection.prepareStatement(ISSUE)) {
                issue.setObject(1, now);
                issue.setObject(2, now.plusDays(90));
                issue.setString(3, workspace);
                issue.setObject(4, reward);
                try (ResultSet row = issue.executeQuery()) {
                    if (!row.next()) {
                        throw new IllegalStateException("reward " + reward + " must be approved");
                    }
                    user = row.getString(1);
                }
            }
            given(connection, workspace, reward, user, key, now);
        });
    }

    private static void given(
            Connection connection, String workspace, UUID reward, String user, @Nullable String key, OffsetDateTime now)
            throws SQLException {
        execute(connection, ENTRY, workspace, HostTables.newId(), reward, user, 2_000, now);
        execute(
                connection,
                EVENT,
                workspace,
                HostTables.newId(),
                "reward_state_changed",
                now,
                user,
                CHANGED.formatted(reward));
        if (key != null) {
            execute(
                    connection,
                    KEY,
                    key,
                    user,
                    SIXTY_FOUR,
                    "{\"status\":\"REDEEMED\",\"rewardId\":\"" + reward + "\"}");
        }
    }

    /** Whether there is such a code. */
    boolean isCode(String code) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement find = connection.prepareStatement(CODE)) {
            find.setString(1, code);
            try (ResultSet row = find.executeQuery()) {
                return row.next();
            }
        }
    }

    private static int execute(Connection connection, String sql, Object... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                if (values[i] instanceof Integer number) {
                    statement.setBigDecimal(i + 1, java.math.BigDecimal.valueOf(number));
                } else {
                    statement.setObject(i + 1, values[i]);
                }
            }
            return statement.executeUpdate();
        }
    }
}
