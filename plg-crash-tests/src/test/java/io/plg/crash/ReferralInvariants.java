package io.plg.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.UserId;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What must hold of referrals and rewards after each case, in the workspaces of the case: that each activation of somebody who was referred is rewarded once for each rule and
 * party, and that rewards, ledger, grants, events, edges and the directory say the same.
 */
final class ReferralInvariants {
    /** How many rewards there are for each activation. */
    private static final String REWARDS = """
            select 'referral ' || e.rid || ' in ' || e.program || ' has ' || n.at_all || ' rewards, ' || n.each || ' of them different and ' || n.right_place || ' in the right place'
            from (select r.*, coalesce(r.referral_id, r.id) as rid from plg.referral r where r.workspace_id = any (?) and r.parent_id is not null) e
            join (values ('at-once', 4), ('held', 3), ('claimed', 2), ('plain', 0)) as p (program, due) on p.program = e.program
            left join plg_directory.referral d on d.program = e.program and d.user_hash = sha256(convert_to(e.actor_id, 'UTF8'))
            cross join lateral (
                select count(*) as at_all, count(distinct (o.rule, o.party)) as each,
                       count(*) filter (where o.workspace_id = case o.party when 'REFERRER' then e.workspace_id else d.referred_workspace_id end) as right_place
                from plg.reward o where o.program = e.program and o.event = 'activation:' || e.rid) n
            cross join lateral (select case when e.stages ?? 'activation' then p.due else 0 end as due) x
            where n.at_all <> x.due or n.each <> x.due or n.right_place <> x.due
            """;

    private static final String WITHOUT_REFERRAL = """
            select 'reward ' || o.id || ' is for no referral' from plg.reward o
            where o.workspace_id = any (?) and o.party <> 'CLAIMANT'
              and not exists (select from plg.referral r
                              where r.program = o.program and r.parent_id is not null and 'activation:' || coalesce(r.referral_id, r.id) = o.event)
            """;
    private static final String LEDGER = """
            select 'reward ' || o.id || ' is ' || o.state || ' with ' || e.given || ' entries that give and a sum of ' || e.sum
            from plg.reward o
            cross join lateral (
                select count(*) filter (where x.kind = 'issued') as given, coalesce(sum(x.amount), 0) as sum
                from plg.reward_entry x where x.workspace_id = o.workspace_id and x.reward_id = o.id and x.actor_id = o.actor_id) e
            where o.workspace_id = any (?)
              and (e.given <> (o.state in ('ISSUED', 'CLAWED_BACK'))::integer
                   or e.sum <> case when o.state = 'ISSUED' then case o.benefit::jsonb ->> 'kind'
                                   when 'account_credit' then split_part(o.benefit::jsonb ->> 'money', ' ', 2)::numeric * 100
                                   when 'credit' then (o.benefit::jsonb ->> 'amount')::numeric
                                   else (o.benefit::jsonb ->> 'percent')::numeric * (o.benefit::jsonb ->> 'months')::numeric end
                               else 0 end)
            """;
    private static final String ENTRIES = """
            select 'entry ' || e.id || ' is of no reward' from plg.reward_entry e
            where e.workspace_id = any (?)
              and not exists (select from plg.reward o where o.workspace_id = e.workspace_id and o.id = e.reward_id)
            """;
    private static final String REWARD_EVENTS = """
            select 'reward ' || o.id || ' is ' || o.state || ', and its events say ' || coalesce(g.states, 'nothing')
            from plg.reward o
            cross join lateral (
                select string_agg(x.data ->> 'state', ',' order by x.data ->> 'state') as states, count(*) as at_all,
                       count(distinct x.data ->> 'state') as each, coalesce(bool_or(x.data ->> 'state' = lower(o.state)), false) as told
                from plg.growth_event x
                where x.workspace_id = o.workspace_id and x.type = 'plg.reward.state_changed' and x.data ->> 'rewardId' = o.id::text) g
            where o.workspace_id = any (?) and (not g.told or g.at_all <> g.each)
            """;
    private static final String EDGE_EVENTS = """
            select 'referral ' || coalesce(e.id::text, g.id) || ': ' || coalesce(e.n, 0) || ' edges, ' || coalesce(g.n, 0) || ' events'
            from (select coalesce(r.referral_id, r.id) as id, count(*) as n from plg.referral r
                  where r.workspace_id = any (?) and r.parent_id is not null group by 1) e
            full join (select x.data ->> 'referralId' as id, count(*) as n from plg.growth_event x
                       where x.workspace_id = any (?) and x.type = 'plg.referral.attributed' group by 1) g on g.id = e.id::text
            where coalesce(e.n, 0) <> 1 or coalesce(g.n, 0) <> 1
            """;
    private static final String GRANTS = """
            select 'grant ' || coalesce(g.id, o.provision) || ' and reward ' || coalesce(o.id::text, 'none') || ', ' || coalesce(o.state, 'none') || ', do not fit'
            from (select * from plg.entitlement where workspace_id = any (?)) g
            full join (select * from plg.reward where workspace_id = any (?) and benefit::jsonb ->> 'kind' = 'credit' and state in ('ISSUED', 'CLAWED_BACK')) o
                on o.workspace_id = g.workspace_id and o.provision = g.id
            where o.id is null or g.id is null or (o.state = 'ISSUED') <> (g.ends_at is null)
            """;
    private static final String DIRECTORY = """
            select 'directory and graph of ' || coalesce(e.program, d.program) || ' differ about ' || coalesce(e.actor_id, encode(d.user_hash, 'hex'))
            from (select r.workspace_id, r.program, r.actor_id, sha256(convert_to(r.actor_id, 'UTF8')) as user_hash,
                         sha256(convert_to(p.actor_id, 'UTF8')) as referrer_hash
                  from plg.referral r
                  left join plg.referral p on p.workspace_id = r.workspace_id and p.program = r.program and p.id = r.parent_id
                  where r.workspace_id = any (?) and r.parent_id is not null) e
            full join (select * from plg_directory.referral where workspace_id = any (?)) d
                on d.workspace_id = e.workspace_id and d.program = e.program and d.user_hash = e.user_hash and d.referrer_hash = e.referrer_hash
            where e.program is null or d.program is null
            """;
    private static final String ACTIVATIONS = """
            select 'referral of ' || r.actor_id || ' and the activation differ'
            from plg.referral r
            where r.workspace_id = any (?) and r.parent_id is not null
              and (r.stages ?? 'activation') <> exists (select from plg.activation_step s where s.user_id = r.actor_id and s.step = 'exported')
            """;
    private static final String HOST = """
            select 'the host has ' || coalesce(s.user_id, 'nobody') || ', the graph ' || coalesce(e.actor_id, 'nobody')
            from (select * from host.sign_up where workspace_id = any (?)) s
            full join (select * from plg.referral where workspace_id = any (?) and parent_id is not null) e on e.actor_id = s.user_id
            where s.user_id is null or e.actor_id is null
            """;
    private static final List<String> ALL = List.of(
            REWARDS, WITHOUT_REFERRAL, LEDGER, ENTRIES, REWARD_EVENTS, EDGE_EVENTS, GRANTS, DIRECTORY, ACTIVATIONS);
    private static final String BALANCES = """
            select o.workspace_id, o.actor_id, coalesce(sum(e.amount) filter (where e.unit = 'USD'), 0)
            from plg.reward o left join plg.reward_entry e on e.workspace_id = o.workspace_id and e.reward_id = o.id
            where o.workspace_id = any (?) group by 1, 2
            """;

    /** Those who are above themselves. */
    private static final String LOOPS = """
            with recursive up (workspace_id, start, at, steps) as (
                select r.workspace_id, r.id, r.parent_id, 1 from plg.referral r where r.program = ? and r.parent_id is not null
                union all
                select u.workspace_id, u.start, r.parent_id, u.steps + 1
                from up u join plg.referral r on r.workspace_id = u.workspace_id and r.program = ? and r.id = u.at
                where r.parent_id is not null and u.steps < 20 and u.at <> u.start)
            select 'in the graph ' || u.start || ' is above itself' from up u where u.at = u.start
            """;

    private static final String LOOPS_OF_DIRECTORY = """
            with recursive up (start, at, steps) as (
                select r.user_hash, r.referrer_hash, 1 from plg_directory.referral r where r.program = ? and r.referrer_hash is not null
                union all
                select u.start, r.referrer_hash, u.steps + 1
                from up u join plg_directory.referral r on r.program = ? and r.user_hash = u.at
                where r.referrer_hash is not null and u.steps < 20 and u.at <> u.start)
            select 'in the directory ' || encode(u.start, 'hex') || ' is above itself' from up u where u.at = u.start
            """;

    /** Of each reward, in what order the other system was called. */
    private static final String CALLS = """
            select string_agg(case when t.key like 'plg-give-%' then 'give ' else 'back ' end || t.what, ', ' order by t.n)
            from host.told t
            join plg.reward o on t.key in ('plg-give-' || o.id, 'plg-take-back-' || o.id)
            where o.workspace_id = ? group by o.id
            """;

    private static final String UNDER_WAY =
            "select count(*) from pg_stat_activity where usename = 'app' and xact_start is not null";

    /** A node that has done nothing. */
    private static final Node STRANGER = Node.on(CrashServer.app(), 2);

    private ReferralInvariants() {}

    static void hold(String... workspaces) throws SQLException {
        assertThat(violations(workspaces)).isEmpty();
    }

    /** And each row of the host is of somebody who is bound. */
    static void holdWithRows(String... workspaces) throws SQLException {
        hold(workspaces);
        assertThat(unlikeRows(workspaces)).isEmpty();
    }

    static List<String> unlikeRows(String... workspaces) throws SQLException {
        return lines(HOST, (Object) workspaces);
    }

    static List<String> violations(String... workspaces) throws SQLException {
        var violations = new ArrayList<String>();
        for (String each : ALL) {
            violations.addAll(lines(each, (Object) workspaces));
        }
        try (Connection connection = CrashServer.superuser().getConnection();
                PreparedStatement statement = connection.prepareStatement(BALANCES)) {
            statement.setObject(1, workspaces);
            ResultSet rows = statement.executeQuery();
            while (rows.next()) {
                BigDecimal answer = BigDecimal.valueOf(STRANGER.plg()
                        .workspace(rows.getString(1))
                        .rewards()
                        .balanceOf(UserId.of(rows.getString(2)))
                        .money("USD")
                        .minorUnits());
                if (answer.compareTo(rows.getBigDecimal(3)) != 0) {
                    violations.add(rows.getString(2) + " is told " + answer + ", the entries of the rewards add up to "
                            + rows.getBigDecimal(3));
                }
            }
        }
        return violations;
    }

    /** Those who are above themselves in a program, in the graph or in the directory. */
    static List<String> loops(String program) throws SQLException {
        List<String> loops = new ArrayList<>(lines(LOOPS, program));
        loops.addAll(lines(LOOPS_OF_DIRECTORY, program));
        return loops;
    }

    /** Of each reward about which another system was told, in what order. */
    static List<String> calls(String workspace) throws SQLException {
        return lines(CALLS, workspace);
    }

    /** Waits until the server has noticed that a process is gone, and has ended its transactions. */
    static void ended() {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (CrashServer.count(UNDER_WAY) > 0) {
            assertThat(System.nanoTime()).as("transactions of the process").isLessThan(until);
            Invariants.pause(10);
        }
    }

    /** What a query finds, with the same value for each of its parameters. */
    private static List<String> lines(String sql, Object value) throws SQLException {
        try (Connection connection = CrashServer.superuser().getConnection();
                PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 1; i <= statement.getParameterMetaData().getParameterCount(); i++) {
                statement.setObject(i, value);
            }
            var lines = new ArrayList<String>();
            ResultSet rows = statement.executeQuery();
            while (rows.next()) {
                lines.add(rows.getString(1));
            }
            return lines;
        }
    }
}
