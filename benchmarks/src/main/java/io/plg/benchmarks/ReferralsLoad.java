package io.plg.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import io.plg.Plg;
import io.plg.Workspace;
import io.plg.benchmarks.BareReferrals.Extent;
import io.plg.benchmarks.Turns.Peer;
import io.plg.fraud.FraudPolicy;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Outcome;
import io.plg.idempotency.Principal;
import io.plg.jdbi.JdbiPlg;
import io.plg.referral.Attribution;
import io.plg.referral.NewUser;
import io.plg.referral.ProgramCatalog;
import io.plg.referral.ReferralProgram;
import io.plg.referral.Visitor;
import io.plg.reward.Benefit;
import io.plg.reward.Redemption;
import io.plg.reward.RewardCampaign;
import io.plg.reward.RewardCap;
import io.plg.reward.RewardRule;
import io.plg.reward.Stage;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongFunction;
import javax.sql.DataSource;

/**
 * Referrals and rewards on PostgreSQL: sign-ups by code that earn something for both sides, claims and redemptions, the look for a code, and the graph of a
 * million members. Beside them the same writes by hand, and recursive queries.
 */
final class ReferralsLoad {
    static final Set<String> OPTIONS = Set.of(
            "rounds",
            "millis",
            "threads",
            "referrers",
            "campaigns",
            "rewards",
            "members",
            "generations",
            "looks",
            "pending");

    private static final int POOL = 8;
    private static final int TEAMS = 1_000;
    private static final int HOMES = 50;
    private static final int TRIPS = 50;
    private static final long PLENTY = 1_000_000_000L;
    private static final double AIM_MANY = 1_000;
    private static final double AIM_ONE = 400;

    private static final ReferralProgram FRIENDS = program("friends", rule());
    private static final ReferralProgram CAPPED = program("capped", rule().cap(RewardCap.perReferrer(PLENTY)));
    private static final ReferralProgram CLAIMED =
            program("claimed", rule().cap(RewardCap.perReferrer(PLENTY)).claimed());

    /** Without the two evaluators that notice many sign-ups in a short time: a load is nothing else. */
    private static final FraudPolicy FRAUD = FraudPolicy.standard().toBuilder()
            .without("inviter-velocity")
            .without("device-velocity")
            .build();

    private static final Operation<Redemption> REDEEM = Operation.financial("redeem", Redemption.class);
    private static final Fingerprint REQUEST =
            Fingerprint.ofBytes("{\"claim\":\"welcome\"}".getBytes(StandardCharsets.UTF_8));

    private static final String HOT_HOME = "home_hot";
    private static final String SHOP = "shop";

    private static final String OURS = "plg: transact(attribute)";
    private static final String ALONE = "plg: attribute";
    private static final String OURS_CAPPED = "plg: transact(attribute), the referrer's rewards capped";
    private static final String ALL = "bare: the same rows";
    private static final String LEAST = "bare: edge, 2 rewards, 2 entries";
    private static final String COUNTER = "bare: edge, 2 rewards, 2 entries, UPDATE of the referrer's size";

    private static final String CLAIM = "plg: claim";
    private static final String CLAIM_ONCE = "plg: execute, financial, of claim";
    private static final String BARE_CLAIM = "bare claim: UPDATE of the stock, reward, entry, event";
    private static final String BARE_CLAIM_ONCE = "bare claim, and a row for the key";
    private static final String GIVE = "plg: redeem";
    private static final String GIVE_ONCE = "plg: execute, financial, of redeem";
    private static final String BARE_GIVE = "bare redemption: UPDATE of the reward, entry, event";
    private static final String BARE_GIVE_ONCE = "bare redemption, and a row for the key";
    private static final String VISIT = "plg: visit";

    private final PrintStream out;
    private final PostgresServer server;
    private final HikariDataSource pool;
    private final JdbiPlg plg;
    private final BareReferrals bare;
    private final Turns turns;
    private final int rounds;
    private final int millis;
    private final int most;
    private final int campaigns;
    private final int looks;
    private final int rewards;
    private final List<String> codes = new ArrayList<>();
    private final AtomicLong nextUser = new AtomicLong();
    private final AtomicLong nextClaimant = new AtomicLong();
    private final AtomicLong nextReward = new AtomicLong();
    private final AtomicLong nextBareReward = new AtomicLong();
    private String hotCode = "";
    private String hotCappedCode = "";

    private ReferralsLoad(PrintStream out, Options options, PostgresServer server, HikariDataSource pool, JdbiPlg plg) {
        this.out = out;
        this.server = server;
        this.pool = pool;
        this.plg = plg;
        this.bare = new BareReferrals(pool);
        this.rounds = options.count("rounds", 3);
        this.millis = options.count("millis", 500);
        this.most = options.count("threads", POOL);
        this.campaigns = options.count("campaigns", 1_000);
        this.rewards = options.count("rewards", 60_000);
        this.looks = options.count("looks", 2_000);
        this.turns = new Turns(rounds, millis);
        int referrers = options.count("referrers", 1_000);
        for (int i = 0; i < referrers; i++) {
            codes.add(code(home(i), FRIENDS, "referrer_" + i));
        }
    }

    static void run(String[] args, PrintStream out, PostgresServer.Source servers) throws Exception {
        Options options = Options.parse(args, OPTIONS);
        out.println("## Referrals and rewards\n");
        out.println(Machine.line() + "\n");
        try (PostgresServer server = servers.open()) {
            server.createPlgSchema();
            server.execute(BareReferrals.SCHEMA);
            try (HikariDataSource pool = server.pool(POOL);
                    JdbiPlg plg = node(pool, options)) {
                var load = new ReferralsLoad(out, options, server, pool, plg);
                load.prepare();
                load.roundTrips(options);
                load.attributions();
                load.underOneRoot();
                load.attributionsAreStored();
                load.claims(true);
                load.claims(false);
                load.redemptions();
                load.redemptionsAreStored();
                load.codes();
                new ReferralGraphLoad(
                                out,
                                options,
                                server,
                                workspace -> plg.workspace(workspace)
                                        .referrals(FRIENDS.name())
                                        .graph())
                        .run();
            }
        }
    }

    private static RewardRule.Builder rule() {
        return RewardRule.on(Stage.SIGN_UP)
                .referrer(Benefit.accountCredit(20, "USD"))
                .referred(Benefit.accountCredit(10, "USD"));
    }

    private static ReferralProgram program(String name, RewardRule.Builder rule) {
        return ReferralProgram.named(name).reward(rule.build()).build();
    }

    private static JdbiPlg node(DataSource dataSource, Options options) {
        ProgramCatalog.Builder programs =
                ProgramCatalog.builder().program(FRIENDS).program(CAPPED).program(CLAIMED);
        for (int i = 0; i < options.count("campaigns", 1_000); i++) {
            programs.campaign(RewardCampaign.named(campaign(i))
                    .gives(Benefit.accountCredit(20, "USD"))
                    .stock(PLENTY)
                    .build());
        }
        return JdbiPlg.on(dataSource).programs(programs.build()).fraud(FRAUD).build();
    }

    private void prepare() throws SQLException {
        hotCode = code(HOT_HOME, FRIENDS, "root");
        hotCappedCode = code(HOT_HOME, CAPPED, "root");
        attribute(plg, code(SHOP, CLAIMED, "seller"), "bought");
        server.execute(
                BareReferrals.LIKE_CODES,
                """
                insert into plg.reward (workspace_id, id, program, rule, event, party, actor_id, state, benefit, terms, decided_at, reason, taken, fulfilment,
                    refunded)
                select r.workspace_id, cast('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0') as uuid), r.program, r.rule, 'sign_up:' || n, r.party,
                       'usr_' || n, r.state, r.benefit, r.terms, r.decided_at, r.reason, r.taken, r.fulfilment, r.refunded
                from plg.reward r, generate_series(0, %d) n
                where r.workspace_id = '%s' and r.program = 'claimed' and r.party = 'REFERRER' and r.state = 'APPROVED'
                """.formatted(rewards - 1, SHOP),
                "insert into bare.reward select * from plg.reward where workspace_id = '" + SHOP + "'",
                "insert into bare.stock select 'stock_' || n, 0, " + PLENTY + " from generate_series(0, "
                        + (campaigns - 1) + ") n",
                "vacuum analyze");
    }

    private String code(String workspace, ReferralProgram program, String user) {
        return plg.workspace(workspace).referrals(program.name()).linkOf(user).code();
    }

    // ---- sign-ups

    private static Attribution attribute(Plg by, String code, String user) {
        Attribution made = by.signUps()
                .attribute(
                        code,
                        NewUser.of(user)
                                .email("somebody@" + user.replace('_', '-') + ".example")
                                .device("device of " + user)
                                .in(team(user)));
        require(
                made instanceof Attribution.Attributed attributed && !attributed.held(),
                "somebody new must be attributed, was " + made);
        return made;
    }

    private Peer transacted(String name, Plg by, LongFunction<String> code) {
        return new Peer(name, number -> {
            String user = newUser();
            by.transact(tx -> attribute(tx, code.apply(number), user));
        });
    }

    private Peer byHand(String name, BareReferrals by, Extent extent, LongFunction<String> code) {
        return new Peer(name, number -> {
            String user = newUser();
            by.attribute(extent, code.apply(number), user, team(user));
        });
    }

    private List<Peer> attributing(DataSource dataSource, Plg by) {
        var byHand = new BareReferrals(dataSource);
        LongFunction<String> code = number -> codes.get((int) (number % codes.size()));
        return List.of(
                transacted(OURS, by, code),
                new Peer(ALONE, number -> attribute(by, code.apply(number), newUser())),
                byHand(ALL, byHand, Extent.ALL, code),
                byHand(LEAST, byHand, Extent.LEAST, code));
    }

    private void roundTrips(Options options) throws Exception {
        var counter = new StatementCounter(pool);
        try (JdbiPlg node = node(counter.dataSource(), options)) {
            List<Peer> peers = new ArrayList<>(attributing(counter.dataSource(), node));
            peers.addAll(claiming(counter.dataSource(), node, false));
            peers.addAll(redeeming(counter.dataSource(), node));
            peers.add(visits(node));
            Table table = new Table("one call", "round trips");
            for (Peer peer : peers) {
                for (int number = 0; number < Math.max(HOMES, TRIPS); number++) {
                    peer.call().run(number); // the first look at each workspace
                }
                long before = counter.sent();
                for (int number = 0; number < TRIPS; number++) {
                    peer.call().run(number);
                }
                double each = (counter.sent() - before) / (double) TRIPS;
                require(!peer.name().equals(VISIT) || each <= 1, "a code must be found in one round trip, was " + each);
                table.row(peer.name(), Samples.number(each, 2));
            }
            table.print(out);
        }
    }

    private void attributions() throws Exception {
        out.println("Sign-ups: by the codes of " + codes.size() + " referrers in " + HOMES
                + " workspaces in turn, users of "
                + TEAMS
                + " other workspaces, each with an address and a device of their own; fraud policy standard without the evaluators of velocity; "
                + rounds + " rounds of " + millis + " ms per peer after five to warm up; HikariCP with " + POOL
                + " connections. " + server.version() + ", " + server.durability()
                + "; client and server on this machine; 8 kB written and synced by Java: " + server.syncMicros()
                + " µs (median).\n");
        List<Peer> peers = attributing(pool, plg);
        warmUp(peers);
        Map<Integer, Samples> perThreads = turns.of(peers, 1, most);
        perThreads.forEach((threads, samples) -> print("sign-ups, threads: " + threads, samples, OURS));
        Samples samples = Objects.requireNonNull(perThreads.get(most));
        aim(
                "sign-ups over " + codes.size() + " referrers, per second",
                samples.of(OURS).median(),
                AIM_MANY);
        out.println();
    }

    private void underOneRoot() throws Exception {
        LongFunction<String> code = number -> hotCode;
        List<Peer> peers = List.of(
                transacted(OURS, plg, code),
                transacted(OURS_CAPPED, plg, number -> hotCappedCode),
                byHand(ALL, bare, Extent.ALL, code),
                byHand(LEAST, bare, Extent.LEAST, code),
                byHand(COUNTER, bare, Extent.LEAST_AND_COUNTER, code));
        Samples samples = Objects.requireNonNull(turns.of(peers, most).get(most));
        print("sign-ups under one root, threads: " + most, samples, OURS);
        aim("sign-ups under one root, per second", samples.of(OURS).median(), AIM_ONE);
        aim("the same with a cap, whose row all want", samples.of(OURS_CAPPED).median(), AIM_ONE);
        out.println();
    }

    private void attributionsAreStored() throws SQLException {
        long made = count("plg.referral where parent_id is not null");
        long edges = count("bare.edge where parent_id is not null");
        require(
                made + edges == nextUser.get() + 1,
                "every sign-up must be stored, were " + (nextUser.get() + 1) + " and are " + made + " of plg and "
                        + edges + " others");
        long decided = count("plg.reward where workspace_id <> '" + SHOP + "' and program <> 'claimed'");
        long entries = count("plg.reward_entry where workspace_id <> '" + SHOP + "'");
        require(
                decided == 2 * (made - 1) && entries == decided,
                "each sign-up must have two rewards and two entries, are " + made + ", " + decided + " and " + entries);
        out.println("Sign-ups by plg, stored with two rewards and two entries each: " + made + ".\n");
    }

    // ---- claims

    private List<Peer> claiming(DataSource dataSource, Plg by, boolean one) {
        var byHand = new BareReferrals(dataSource);
        Workspace shop = by.workspace(SHOP);
        LongFunction<String> stock = number -> campaign(one ? 0 : (int) (number % campaigns));
        return List.of(
                new Peer(CLAIM, number -> given(shop.rewards().claim(stock.apply(number), newClaimant()))),
                new Peer(CLAIM_ONCE, number -> {
                    String user = newClaimant();
                    given(once(shop, user, tx -> tx.rewards().claim(stock.apply(number), user)));
                }),
                new Peer(BARE_CLAIM, number -> byHand.claim(SHOP, stock.apply(number), newClaimant(), null)),
                new Peer(
                        BARE_CLAIM_ONCE,
                        number -> byHand.claim(SHOP, stock.apply(number), newClaimant(), HostTables.newKey())));
    }

    private interface Redeeming {
        Redemption run(Workspace tx);
    }

    private static Redemption once(Workspace workspace, String user, Redeeming what) {
        Outcome<Redemption> outcome = workspace
                .idempotency()
                .execute(REDEEM, Principal.by(user), IdempotencyKey.of(HostTables.newKey()), REQUEST, what::run);
        require(outcome instanceof Outcome.Executed, "a new key must be executed");
        return ((Outcome.Executed<Redemption>) outcome).value();
    }

    private static void given(Redemption redemption) {
        require(redemption.redeemed(), "it must be given, was " + redemption);
    }

    private void claims(boolean one) throws Exception {
        List<Peer> peers = claiming(pool, plg, one);
        String what = one ? "claims of one stock row" : "claims of " + campaigns + " stock rows";
        if (one) {
            warmUp(peers);
        }
        Map<Integer, Samples> perThreads = one ? turns.of(peers, 1, most) : turns.of(peers, most);
        perThreads.forEach((threads, samples) -> print(what + ", threads: " + threads, samples, CLAIM));
        Samples samples = Objects.requireNonNull(perThreads.get(most));
        for (String ours : List.of(CLAIM, CLAIM_ONCE)) {
            aim(what + ", " + ours, samples.of(ours).median(), one ? AIM_ONE : AIM_MANY);
        }
        out.println();
    }

    // ---- redemptions

    private List<Peer> redeeming(DataSource dataSource, Plg by) {
        var byHand = new BareReferrals(dataSource);
        Workspace shop = by.workspace(SHOP);
        return List.of(
                new Peer(GIVE, number -> given(shop.rewards().redeem(reward(nextReward)))),
                new Peer(GIVE_ONCE, number -> {
                    UUID reward = reward(nextReward);
                    given(once(shop, "usr_redeems", tx -> tx.rewards().redeem(reward)));
                }),
                new Peer(BARE_GIVE, number -> byHand.redeem(SHOP, reward(nextBareReward), null)),
                new Peer(BARE_GIVE_ONCE, number -> byHand.redeem(SHOP, reward(nextBareReward), HostTables.newKey())));
    }

    private UUID reward(AtomicLong next) {
        long number = next.getAndIncrement();
        require(number < rewards, "there must be more rewards to redeem, say --rewards=" + 2 * rewards);
        return new UUID(0x7000L, 0x8000_0000_0000_0000L | number);
    }

    private void redemptions() throws Exception {
        List<Peer> peers = redeeming(pool, plg);
        warmUp(peers);
        Map<Integer, Samples> perThreads = turns.of(peers, 1, most);
        perThreads.forEach(
                (threads, samples) -> print("redemptions of distinct rewards, threads: " + threads, samples, GIVE));
        Samples samples = Objects.requireNonNull(perThreads.get(most));
        for (String ours : List.of(GIVE, GIVE_ONCE)) {
            aim("redemptions, " + ours, samples.of(ours).median(), AIM_MANY);
        }
        out.println();
    }

    private void redemptionsAreStored() throws SQLException {
        long taken = Long.parseLong(server.text("select sum(taken) from plg_directory.reward_cap"));
        long claimed = count("plg.reward where party = 'CLAIMANT' and state = 'ISSUED'");
        long redeemed = count("plg.reward where program = 'claimed' and state = 'ISSUED'");
        long entries = count("plg.reward_entry where workspace_id = '" + SHOP + "'");
        require(
                taken == claimed && redeemed == nextReward.get() && entries == claimed + redeemed,
                "all that was given must be taken from the stock and be in the ledger once, are " + taken + " taken, "
                        + claimed + " claimed, " + redeemed + " redeemed and " + entries + " entries");
        out.println("Given by plg, taken of the stock and in the ledger: " + claimed + " claims and " + redeemed
                + " redemptions.\n");
    }

    // ---- codes

    private Peer visits(Plg by) {
        return new Peer(
                VISIT,
                number -> require(
                        by.signUps()
                                .visit(codes.get((int) (number % codes.size())), Visitor.unknown())
                                .touch()
                                .isPresent(),
                        "a code must be found"));
    }

    private void codes() throws Exception {
        Table table = new Table("a code, threads: 1", "median, ms", "p99, ms");
        List<Peer> peers = List.of(
                visits(plg),
                new Peer(
                        "bare: one select by code",
                        number -> require(
                                bare.isCode(codes.get((int) (number % codes.size()))), "a code must be found")));
        for (Peer peer : peers) {
            Latency latency = Latency.of(looks, number -> peer.call().run(number));
            table.row(peer.name(), latency.medianText(), latency.p99Text());
        }
        table.print(out);
    }

    // ---- what all have in common

    private long count(String what) throws SQLException {
        return Long.parseLong(server.text("select count(*) from " + what));
    }

    /** A call of plg is much more code than one by hand, and is slow until the JVM has compiled it. */
    private void warmUp(List<Peer> peers) throws Exception {
        new Turns(0, 4 * millis).of(peers, most);
    }

    private void print(String title, Samples samples, String ours) {
        Table table = new Table(title, "per second (min–max)", ours + " ÷ it (min–max)");
        for (String peer : samples.peers()) {
            table.row(peer, samples.of(peer).text(0), samples.ratio(ours, peer).percent());
        }
        table.print(out);
    }

    private void aim(String what, double was, double least) {
        out.println("- " + what + ": " + Samples.number(was, 0) + ", aim ≥ " + Samples.number(least, 0)
                + (was >= least ? "" : " — MISSED"));
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalStateException(otherwise);
        }
    }

    private String newUser() {
        return "new_" + nextUser.getAndIncrement();
    }

    private String newClaimant() {
        return "claimant_" + nextClaimant.getAndIncrement();
    }

    private static String home(int number) {
        return "home_" + number % HOMES;
    }

    private static String team(String user) {
        return "team_" + Math.floorMod(user.hashCode(), TEAMS);
    }

    private static String campaign(int number) {
        return "stock_" + number;
    }
}
