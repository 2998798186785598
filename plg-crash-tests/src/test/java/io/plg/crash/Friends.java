package io.plg.crash;

import io.plg.Plg;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.Step;
import io.plg.referral.Attribution;
import io.plg.referral.NewUser;
import io.plg.referral.ProgramCatalog;
import io.plg.referral.ReferralProgram;
import io.plg.reward.Benefit;
import io.plg.reward.RewardCampaign;
import io.plg.reward.RewardRule;
import io.plg.reward.Stage;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;

/** The host's programs, and its code: whoever signs up is a row of the host, is bound to a referrer and is activated. */
final class Friends {
    static final Step EXPORTED = Step.of("exported");
    static final ActivationFunnel ONBOARDING =
            ActivationFunnel.named("onboarding").step("signed_up").aha(EXPORTED).build();

    /** Both get money, and something for the gates, at once: four rewards. */
    static final String AT_ONCE = "at-once";

    /** Both get money and the referrer a discount, which is given outside, after a hold: three rewards. */
    static final String HELD = "held";

    /** Both have to redeem money: two rewards. */
    static final String CLAIMED = "claimed";

    /** Nobody gets anything. */
    static final String PLAIN = "plain";

    static final Duration HOLD = Duration.ofDays(14);
    static final long CENTS = 2_000;
    static final long STOCK = 100;

    /** Campaigns that have a stock; each is for one case. */
    static final int STOCKED = 20;

    static final String ENDLESS = "endless";

    static final ProgramCatalog PROGRAMS = programs();

    private static final String INSERT =
            "insert into host.sign_up (workspace_id, user_id) values (?, ?) on conflict do nothing";

    private Friends() {}

    private static ProgramCatalog programs() {
        Benefit money = Benefit.accountCredit(20, "USD");
        Benefit exports = Benefit.credit(Exports.MILLIONS, 10);
        ProgramCatalog.Builder all = ProgramCatalog.builder()
                .program(program(AT_ONCE)
                        .reward(rule("money").referrer(money).referred(money).build())
                        .reward(rule("exports")
                                .referrer(exports)
                                .referred(exports)
                                .build())
                        .build())
                .program(program(HELD)
                        .reward(rule("money")
                                .referrer(money)
                                .referred(money)
                                .hold(HOLD)
                                .build())
                        .reward(rule("coupon")
                                .referrer(Benefit.discount(20, 3))
                                .hold(HOLD)
                                .build())
                        .build())
                .program(program(CLAIMED)
                        .reward(rule("money")
                                .referrer(money)
                                .referred(money)
                                .claimed()
                                .build())
                        .build())
                .program(program(PLAIN).withoutRewards().build())
                .campaign(RewardCampaign.named(ENDLESS).gives(money).build());
        for (int i = 0; i < STOCKED; i++) {
            all.campaign(
                    RewardCampaign.named(stocked(i)).gives(money).stock(STOCK).build());
        }
        return all.build();
    }

    static String stocked(int which) {
        return "stocked-" + which;
    }

    private static ReferralProgram.Builder program(String name) {
        return ReferralProgram.named(name).link("https://app.example.org/join");
    }

    private static RewardRule.Builder rule(String name) {
        return RewardRule.on(Stage.ACTIVATION).named(name);
    }

    static String code(Plg plg, String workspace, String program, String user) {
        return plg.workspace(workspace).referrals(program).linkOf(user).code();
    }

    /** Signs up, is bound and is activated, in one transaction of the host, or if it was done before changes nothing. */
    static void join(Node node, String code, String workspace, String user) throws SQLException {
        try (Connection connection = node.connections().getConnection()) {
            connection.setAutoCommit(false);
            insert(connection, workspace, user);
            Plg plg = node.plg().in(connection);
            attribute(plg, code, workspace, user);
            activate(plg, workspace, user);
            connection.commit();
            connection.setAutoCommit(true);
        }
    }

    /** The same in three transactions, the first of the host and the others of plg. */
    static void joinBySteps(Node node, String code, String workspace, String user) throws SQLException {
        try (Connection connection = node.connections().getConnection()) {
            insert(connection, workspace, user);
        }
        attribute(node.plg(), code, workspace, user);
        activate(node.plg(), workspace, user);
    }

    private static void insert(Connection connection, String workspace, String user) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(INSERT)) {
            insert.setString(1, workspace);
            insert.setString(2, user);
            insert.executeUpdate();
        }
    }

    static Attribution attribute(Plg plg, String code, String workspace, String user) {
        return plg.signUps().attribute(code, NewUser.of(user).in(workspace));
    }

    static void activate(Plg plg, String workspace, String user) {
        plg.workspace(workspace).activation(ONBOARDING).complete(user, EXPORTED);
    }
}
