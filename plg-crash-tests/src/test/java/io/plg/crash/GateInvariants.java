package io.plg.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.gate.GateDecision;
import io.plg.gate.Severity;
import io.plg.plan.Feature;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** What must hold of a workspace's meters after each case: that they are what the ledger adds up to, read from the tables and by a node that has used nothing. */
final class GateInvariants {
    private static final String LEDGER = """
            select e.feature, sum(e.amount), sum(e.held), count(distinct e.period_start), max(e.period_start)
            from plg.usage_entry e where e.workspace_id = ? group by e.feature
            """;

    /** All is of one period, and the features of these cases have no decimals. */
    private static final String UNLIKE_METER = """
            select m.feature || ': the meter has ' || (coalesce(m.used, 0) + m.taken) || ' used and ' || coalesce(m.held, 0)
                   || ' held, its ledger ' || coalesce(e.used, 0) || ' and ' || coalesce(e.held, 0)
            from (select u.feature, u.used, u.held,
                         coalesce((select sum(l.taken) from plg.usage_lane l
                                   where l.workspace_id = u.workspace_id and l.feature = u.feature), 0) as taken
                  from plg.usage_meter u where u.workspace_id = ? and u.user_id = '') m
            full join (select x.feature, sum(x.amount) as used, sum(x.held) as held
                       from plg.usage_entry x where x.workspace_id = ? group by x.feature) e on e.feature = m.feature
            where coalesce(m.used, 0) + m.taken is distinct from coalesce(e.used, 0)
               or coalesce(m.held, 0) is distinct from coalesce(e.held, 0)
            """;

    private static final String GAPS = """
            select e.feature || ': ' || count(*) || ' entries of slot ' || e.slot || ' are numbered ' || min(e.seq) || ' to ' || max(e.seq)
            from plg.usage_entry e where e.workspace_id = ? group by e.feature, e.slot having count(*) <> max(e.seq) - min(e.seq) + 1
            """;
    private static final String TOLD_TWICE = """
            select g.data ->> 'feature' || ': threshold ' || (g.data ->> 'threshold') || ' was told ' || count(*) || ' times'
            from plg.growth_event g where g.workspace_id = ? and g.type = 'plg.gate.threshold_reached'
            group by g.data ->> 'feature', g.data ->> 'threshold', g.data ->> 'periodStart' having count(*) > 1
            """;
    private static final String UNLIKE_ROWS = """
            select 'the host has ' || h.rows || ' rows, the ledger ' || e.used
            from (select count(*) as rows from host.export where workspace_id = ?) h,
                 (select coalesce(sum(amount), 0) as used from plg.usage_entry where workspace_id = ?) e
            where h.rows <> e.used
            """;
    private static final String STORED = """
            select concat_ws(E'\\n',
                (select string_agg(m::text, E'\\n' order by m.feature, m.user_id) from plg.usage_meter m where m.workspace_id = ?),
                (select string_agg(l::text, E'\\n' order by l.feature, l.slot) from plg.usage_lane l where l.workspace_id = ?),
                (select string_agg(e::text, E'\\n' order by e.feature, e.slot, e.seq) from plg.usage_entry e where e.workspace_id = ?),
                (select string_agg(g::text, E'\\n' order by g.id) from plg.growth_event g where g.workspace_id = ?))
            """;

    /** A node that has used nothing. */
    private static final Node STRANGER = Node.on(CrashServer.app(), 2);

    private GateInvariants() {}

    /** Everything that holds without leases or reservations that have ended by themselves. */
    static void hold(String workspace) throws SQLException {
        assertThat(violations(workspace)).isEmpty();
    }

    /** And each row of the host is one that was used. */
    static void holdWithRows(String workspace) throws SQLException {
        hold(workspace);
        assertThat(unlikeRows(workspace)).isEmpty();
    }

    static List<String> unlikeRows(String workspace) throws SQLException {
        try (Connection connection = CrashServer.superuser().getConnection()) {
            return lines(connection, UNLIKE_ROWS, workspace, workspace);
        }
    }

    static List<String> violations(String workspace) throws SQLException {
        var violations = new ArrayList<String>();
        try (Connection connection = CrashServer.superuser().getConnection()) {
            violations.addAll(lines(connection, UNLIKE_METER, workspace, workspace));
            violations.addAll(lines(connection, GAPS, workspace));
            violations.addAll(lines(connection, TOLD_TWICE, workspace));
            try (PreparedStatement ledger = connection.prepareStatement(LEDGER)) {
                ledger.setString(1, workspace);
                ResultSet row = ledger.executeQuery();
                while (row.next()) {
                    Feature.Metered feature = Exports.named(row.getString(1));
                    // In a transaction, where nothing is answered from memory.
                    GateDecision answer = STRANGER.plg()
                            .inTransaction(tx -> Exports.gates(tx, workspace).check(feature));
                    violations.addAll(unlikeAnswer(answer, row.getBigDecimal(2), row.getBigDecimal(3)));
                    if (row.getInt(4) > 1) {
                        violations.add(row.getString(1) + ": entries of more than one period");
                    }
                }
            }
        }
        return violations;
    }

    private static List<String> unlikeAnswer(GateDecision answer, BigDecimal used, BigDecimal held) {
        var violations = new ArrayList<String>();
        String name = answer.feature().name();
        if (used.compareTo(answer.decimal().used()) != 0
                || held.compareTo(answer.decimal().held()) != 0) {
            violations.add(name + ": the answer is " + answer.amounts() + ", the ledger adds up to " + used
                    + " used and " + held + " held");
        }
        if (!answer.unlimited()
                && answer.limit() != answer.used() + answer.held() - answer.overage() + answer.remaining()) {
            violations.add(name + ": the numbers do not fit together: " + answer.amounts());
        }
        if (answer.overage() > 0 || answer.allowed() == (answer.severity() == Severity.BLOCKED)) {
            violations.add(name + ": " + answer);
        }
        return violations;
    }

    static long used(String workspace) {
        return CrashServer.count("select coalesce(sum(amount), 0)::bigint from plg.usage_entry where workspace_id = '"
                + workspace + "'");
    }

    /** Everything that is stored about what a workspace uses, in text. */
    static String stored(String workspace) throws SQLException {
        try (Connection connection = CrashServer.superuser().getConnection()) {
            return lines(connection, STORED, workspace, workspace, workspace, workspace)
                    .get(0);
        }
    }

    private static List<String> lines(Connection connection, String sql, String... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setString(i + 1, values[i]);
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
