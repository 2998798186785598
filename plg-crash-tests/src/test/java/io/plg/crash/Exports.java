package io.plg.crash;

import io.plg.Plg;
import io.plg.WorkspaceId;
import io.plg.gate.Gates;
import io.plg.plan.Every;
import io.plg.plan.Feature;
import io.plg.plan.Limit;
import io.plg.plan.PlanCatalog;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.UUID;

/** The host's plans, and its code: an export is a row of the host and one of what the plan gives. No period ends while a case is run. */
final class Exports {
    /** A hundred of them, counted in one row. */
    static final Feature.Quota HUNDRED = quota("hundred");

    /** A hundred of them, counted in sixteen rows. */
    static final Feature.Quota SPREAD = quota("spread");

    /** A hundred of them, with thresholds on the way. */
    static final Feature.Quota MARKED = quota("marked");

    static final Feature.Quota THOUSAND = quota("thousand");
    static final Feature.Quota MILLIONS = quota("millions");
    static final Feature.Cap SEATS = Feature.cap("seats");
    static final Feature.Flag API = Feature.flag("api");

    static final int SLOTS = 16;
    static final long LIMIT_OF_MILLIONS = 2_000_000;

    static final PlanCatalog PLANS = PlanCatalog.builder()
            .plan(
                    "large",
                    p -> p.limit(HUNDRED, 100)
                            .limit(SPREAD, 100)
                            .limit(MARKED, Limit.of(100).thresholds(50, 80, 100))
                            .limit(THOUSAND, 1_000)
                            .limit(MILLIONS, LIMIT_OF_MILLIONS)
                            .limit(SEATS, 100)
                            .allow(API))
            .plan("small", p -> p.limit(HUNDRED, 10).limit(SEATS, 5))
            .defaultPlan("large")
            .build();

    private static final String INSERT = "insert into host.export (workspace_id, id) values (?, ?)";

    private Exports() {}

    private static Feature.Quota quota(String name) {
        return Feature.quota(name, Every.years(100));
    }

    static Feature.Metered named(String name) {
        return (Feature.Metered) PLANS.feature(name).orElseThrow();
    }

    static Gates gates(Plg plg, String workspace) {
        return plg.workspace(WorkspaceId.of(workspace)).gates();
    }

    /** The row of the host. */
    static void insert(Connection connection, String workspace, UUID id) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(INSERT)) {
            insert.setString(1, workspace);
            insert.setObject(2, id);
            insert.executeUpdate();
        }
    }

    /** The wrong way to keep a limit: counts the rows, and inserts one if there is room. Nothing keeps others from doing so at the same time. */
    static boolean countThenInsert(Connection connection, String workspace, long limit) throws SQLException {
        try (PreparedStatement count = connection.prepareStatement(
                "select count(*), pg_sleep(0.02) from host.export where workspace_id = ?")) {
            count.setString(1, workspace);
            try (var row = count.executeQuery()) {
                row.next();
                if (row.getLong(1) >= limit) {
                    return false;
                }
            }
        }
        insert(connection, workspace, UUID.randomUUID());
        return true;
    }
}
