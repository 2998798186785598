package io.plg.internal;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.fraud.EmailAddress;
import io.plg.fraud.FraudVerdict;
import io.plg.referral.Referral;
import io.plg.referral.ReferralGraph;
import io.plg.referral.ReferralLink;
import io.plg.referral.ReferralProgram;
import io.plg.referral.ReferralStore;
import io.plg.referral.ReferralStore.Edge;
import io.plg.referral.ReferralStore.Reached;
import io.plg.referral.ReferralStore.Standing;
import io.plg.referral.ReferralStore.Traces;
import io.plg.referral.Referrals;
import io.plg.referral.User;
import io.plg.reward.Party;
import io.plg.reward.RewardState;
import io.plg.reward.RewardStore.Row;
import io.plg.reward.Stage;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The referrals of one workspace in one program. */
final class ReferralsView implements Referrals {
    private static final int TRIES = 20;

    private final PlgRuntime plg;
    private final WorkspaceId workspace;
    private final String program;

    ReferralsView(PlgRuntime plg, WorkspaceId workspace, String program) {
        this.plg = plg;
        this.workspace = workspace;
        this.program = program;
    }

    static ReferralProgram known(PlgRuntime plg, String name) {
        return plg.programs()
                .program(Objects.requireNonNull(name, "program"))
                .orElseThrow(
                        () -> new IllegalArgumentException("there is no referral program \"" + name + "\"; known are "
                                + plg.programs().programs().stream()
                                        .map(ReferralProgram::name)
                                        .toList()));
    }

    @Override
    public ReferralProgram program() {
        return known(plg, program);
    }

    @Override
    public ReferralLink linkOf(User user) {
        return link(user, "");
    }

    @Override
    public ReferralLink share(User user, String artefact) {
        Text.checkName("artefact", artefact);
        return link(user, artefact);
    }

    private ReferralLink link(User user, String artefact) {
        ReferralProgram known = program();
        Traces traces = traces(plg.pepper(workspace), user);
        for (int left = TRIES; left > 0; left--) {
            Optional<ReferralStore.Code> code = plg.stores()
                    .referrals()
                    .code(
                            workspace,
                            new ReferralStore.Wish(
                                    program, user.id(), artefact, ReferralCodes.next(plg.random()), traces, plg.now()));
            if (code.isPresent()) {
                return new ReferralLink(
                        program,
                        user.id(),
                        code.get().code(),
                        Optional.of(artefact).filter(text -> !text.isEmpty()),
                        code.get().active(),
                        known.link());
            }
        }
        throw new IllegalStateException("no free code was found in " + TRIES + " tries");
    }

    /** By what a user may be recognised, as hashes. */
    static Traces traces(Pepper pepper, User user) {
        if (user.email().isEmpty() && user.device().isEmpty() && user.ip().isEmpty()) {
            return Traces.NONE;
        }
        Optional<EmailAddress> address = user.email().flatMap(EmailAddress::parse);
        return new Traces(
                address.map(pepper::email).orElse(null),
                address.map(each -> pepper.hash("domain", each.domain())).orElse(null),
                user.device().map(pepper::device).orElse(null),
                user.ip().flatMap(pepper::ip).orElse(null));
    }

    @Override
    public List<Shared> shared() {
        return plg.stores().referrals().shares(workspace, program).stream()
                .map(each -> new Shared(
                        each.user(),
                        each.artefact(),
                        each.code(),
                        each.views(),
                        each.signUps(),
                        each.activated(),
                        each.paid()))
                .toList();
    }

    @Override
    public boolean deactivate(String code) {
        return ReferralCodes.normalize(code)
                .filter(normal -> plg.stores().referrals().deactivate(workspace, normal))
                .isPresent();
    }

    @Override
    public UUID recordInvitation(UserId sender) {
        UUID id = plg.newId();
        recordInvitation(sender, id, plg.now());
        return id;
    }

    @Override
    public boolean recordInvitation(UserId sender, UUID invitation, Instant at) {
        Objects.requireNonNull(sender, "sender");
        Objects.requireNonNull(invitation, "invitation");
        Instant now = plg.now();
        if (at.isAfter(now)) {
            throw new IllegalArgumentException("an invitation cannot be in the future, was at " + at + ", and now is "
                    + now + "; is it in milliseconds instead of seconds?");
        }
        return plg.<Boolean>atomically(tx -> {
            boolean first = tx.stores()
                    .referrals()
                    .invited(workspace, program, sender, invitation, at.truncatedTo(ChronoUnit.MICROS));
            if (first) {
                tx.stores().virality().changed(workspace, List.of(sender));
            }
            return first;
        });
    }

    @Override
    public List<Referral> referralsOf(UserId referrer, int most) {
        Objects.requireNonNull(referrer, "referrer");
        return views(plg.stores().referrals().referrals(workspace, program, referrer, RewardsView.checkMost(most)));
    }

    @Override
    public ReferralGraph graph() {
        return new GraphView(plg, workspace, program);
    }

    @Override
    public boolean reached(UserId user, Stage stage) {
        Objects.requireNonNull(user, "user");
        Objects.requireNonNull(stage, "stage");
        return plg.<Boolean>atomically(tx -> {
            requireThere(tx);
            return new Rewarding(tx).reached(List.of(program), user, workspace, stage, tx.now());
        });
    }

    @Override
    public int refunded(UserId user, Stage stage) {
        return refunded(user, stage, BigDecimal.ONE);
    }

    @Override
    public int refunded(UserId user, Stage stage, BigDecimal part) {
        Objects.requireNonNull(user, "user");
        Objects.requireNonNull(stage, "stage");
        if (part.signum() <= 0 || part.compareTo(BigDecimal.ONE) > 0) {
            throw new IllegalArgumentException("part must be above 0 and at most 1, was " + part);
        }
        return plg.<Integer>atomically(tx -> {
            requireThere(tx);
            return refunded(tx, user, stage, part);
        });
    }

    /** Refuses a workspace that was deleted, although nothing of it is asked for. */
    private void requireThere(PlgRuntime tx) {
        tx.stores().rewards().decidedAt(workspace, program, "");
    }

    private int refunded(PlgRuntime tx, UserId user, Stage stage, BigDecimal part) {
        return tx.stores()
                .referrals()
                .referralOf(program, user)
                .map(reached -> each(
                        tx,
                        reached,
                        workspace,
                        stage,
                        (rewarding, row) -> rewarding.takeBack(row.workspace(), row.row(), part, stage + " is undone")))
                .orElse(0);
    }

    /** Changes the rewards of both sides that were decided at an event; returns how many did change. */
    private static int each(
            PlgRuntime tx,
            Reached reached,
            @Nullable WorkspaceId in,
            Stage stage,
            BiFunction<Rewarding, Located, Optional<Row>> what) {
        var rewarding = new Rewarding(tx);
        var places = new LinkedHashSet<WorkspaceId>();
        places.add(reached.workspace());
        if (reached.referredIn() != null) {
            places.add(reached.referredIn());
        }
        if (in != null) {
            // The user may have reached this stage elsewhere than the first one.
            places.add(in);
        }
        int changed = 0;
        for (WorkspaceId at : places) {
            for (String event : Rewarding.events(stage, reached.referral().id())) {
                for (Row found :
                        tx.stores().rewards().decidedAt(at, reached.referral().program(), event)) {
                    Optional<Row> locked = tx.stores().rewards().lock(at, found.id());
                    if (locked.isPresent()
                            && what.apply(rewarding, new Located(at, rewarding.advance(at, locked.get())))
                                    .isPresent()) {
                        changed++;
                    }
                }
            }
        }
        return changed;
    }

    private record Located(WorkspaceId workspace, Row row) {}

    @Override
    public List<Referral> held(int most) {
        return views(plg.stores().referrals().held(workspace, program, RewardsView.checkMost(most)));
    }

    @Override
    public boolean release(UUID referral) {
        return judge(plg, workspace, program, referral, Standing.FINE, "");
    }

    @Override
    public boolean reject(UUID referral, String why) {
        RewardsView.checkReason(why);
        return judge(plg, workspace, program, referral, Standing.REJECTED, why);
    }

    /** Decides about a referral that is held, and so about what it has earned meanwhile. */
    static boolean judge(
            PlgRuntime plg, WorkspaceId workspace, String program, UUID referral, Standing standing, String why) {
        Objects.requireNonNull(referral, "referral");
        return plg.<Boolean>atomically(tx -> {
            if (!tx.stores().referrals().judge(workspace, program, referral, standing, why)) {
                return false;
            }
            tx.stores().referrals().find(workspace, program, referral).ifPresent(reached -> {
                for (String stage : reached.referral().stages().keySet()) {
                    each(tx, reached, null, Stage.of(stage), (rewarding, row) -> judged(rewarding, row, standing, why));
                    if (standing == Standing.FINE) {
                        new Rewarding(tx).released(reached, Stage.of(stage));
                    }
                }
            });
            return true;
        });
    }

    private static Optional<Row> judged(Rewarding rewarding, Located at, Standing standing, String why) {
        boolean flagged = at.row().state() == RewardState.FLAGGED;
        if (standing == Standing.FINE) {
            return flagged ? Optional.of(rewarding.release(at.workspace(), at.row())) : Optional.empty();
        }
        // The referred user's workspace does not learn what is said about the referral.
        String said = at.row().key().party() == Party.REFERRED
                ? "the referral was not accepted"
                : Rewarding.shortened(explain(why));
        return flagged
                ? Optional.of(rewarding.reject(at.workspace(), at.row(), said))
                : rewarding.takeBack(at.workspace(), at.row(), BigDecimal.ONE, said);
    }

    private static List<Referral> views(List<Edge> edges) {
        return edges.stream().map(ReferralsView::view).toList();
    }

    static Referral view(Edge edge) {
        return new Referral(
                edge.id(),
                edge.program(),
                edge.version(),
                Optional.ofNullable(edge.referrer()),
                Optional.ofNullable(edge.user()),
                edge.code(),
                Optional.of(edge.artefact()).filter(text -> !text.isEmpty()),
                edge.signedUpAt(),
                edge.boundAt(),
                edge.stages().entrySet().stream()
                        .collect(Collectors.toMap(each -> Stage.of(each.getKey()), each -> each.getValue())),
                edge.standing() == Standing.HELD,
                edge.standing() == Standing.REJECTED,
                explain(edge.verdict()));
    }

    /** In words: what a verdict says, or what somebody said who looked at it. */
    static String explain(@Nullable String verdict) {
        if (verdict == null || !verdict.startsWith("{")) {
            return verdict == null ? "" : verdict;
        }
        try {
            return FraudVerdict.parse(verdict).explain();
        } catch (IllegalArgumentException e) {
            return verdict; // somebody's words, or a newer node's
        }
    }

    @Override
    public String toString() {
        return "referrals of workspace " + workspace + " in program " + program;
    }
}
