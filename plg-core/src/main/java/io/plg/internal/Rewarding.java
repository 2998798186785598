package io.plg.internal;

import io.plg.UserErased;
import io.plg.UserId;
import io.plg.WorkspaceDeleted;
import io.plg.WorkspaceId;
import io.plg.event.GrowthEvent;
import io.plg.plan.Every;
import io.plg.referral.ReferralProgram;
import io.plg.referral.ReferralStore.Edge;
import io.plg.referral.ReferralStore.Reached;
import io.plg.referral.ReferralStore.Standing;
import io.plg.reward.Benefit;
import io.plg.reward.Money;
import io.plg.reward.Party;
import io.plg.reward.RewardCampaign;
import io.plg.reward.RewardCap;
import io.plg.reward.RewardRule;
import io.plg.reward.RewardState;
import io.plg.reward.RewardStore;
import io.plg.reward.RewardStore.Decided;
import io.plg.reward.RewardStore.Entry;
import io.plg.reward.RewardStore.Fulfilment;
import io.plg.reward.RewardStore.Key;
import io.plg.reward.RewardStore.Row;
import io.plg.reward.RewardStore.Take;
import io.plg.reward.Stage;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Decides rewards and lets them go on, all in one transaction. */
final class Rewarding {
    private static final Logger LOG = LoggerFactory.getLogger(Rewarding.class);
    static final String ISSUED = "issued";
    static final String TAKEN_BACK = "taken_back";
    static final String REFUNDED = "refunded";
    static final String SPENT = "spent";

    private static final String NEEDS_APPROVAL = "needs approval";
    private static final String CLAIM = "claim";
    private static final String STOCK = "stock";
    private static final String MILESTONE = "milestone:";
    private static final String QUALIFIED = "qualified:";
    private static final String DEBITS = "debits";
    private static final String BEING_LOOKED_AT = "the referral is being looked at";

    /** Three thirds are the whole, however they were rounded. */
    private static final BigDecimal NEARLY_ALL = new BigDecimal("0.999");

    private static final Duration CAMPAIGN_CLAW_BACK = Duration.ofDays(90);
    private static final int MOST_REASON = 200;

    private final PlgRuntime tx;
    private final RewardStore store;
    private final Instant now;

    /** In a transaction that is under way. */
    Rewarding(PlgRuntime tx) {
        this.tx = tx;
        this.store = tx.stores().rewards();
        this.now = tx.now();
    }

    /** A user has reached a stage: notes it with those who referred the user, and decides what is earned by it. */
    boolean reached(List<String> programs, UserId user, @Nullable WorkspaceId in, Stage stage, Instant at) {
        List<Reached> referrals = tx.stores().referrals().reach(programs, user, in, stage, at);
        for (Reached referral : referrals) {
            UserId referrer = referral.referral().referrer();
            if (stage.equals(Stage.ACTIVATION) && referrer != null) {
                tx.stores().virality().changed(referral.workspace(), List.of(referrer));
            }
            reward(referral, user, in, stage);
        }
        return !referrals.isEmpty();
    }

    private void reward(Reached reached, UserId user, @Nullable WorkspaceId in, Stage stage) {
        Edge edge = reached.referral();
        if (edge.standing() == Standing.REJECTED) {
            return;
        }
        ReferralProgram program = tx.programs().program(edge.program()).orElse(null);
        if (program == null) {
            return;
        }
        String why = edge.standing() == Standing.HELD
                ? shortened("referral held: " + ReferralsView.explain(edge.verdict()))
                : "";
        for (RewardRule rule : program.rewards()) {
            if (rule.stage().equals(stage)) {
                String event = event(stage, edge.id());
                Runnable referrers = () -> rewardReferrer(reached, program, rule, event, why);
                Runnable referreds = () -> {
                    if (in != null && rule.referred().isPresent()) {
                        // The referred user's workspace does not learn what is held against the referrer.
                        String said = why.isEmpty() ? "" : BEING_LOOKED_AT;
                        decide(
                                in,
                                user,
                                program.name(),
                                rule,
                                event,
                                Party.REFERRED,
                                rule.referred().get(),
                                said);
                    }
                };
                // Always in one order, because two workspaces may refer users to each other at the same time.
                boolean referredFirst =
                        in != null && in.value().compareTo(reached.workspace().value()) < 0;
                (referredFirst ? referreds : referrers).run();
                (referredFirst ? referrers : referreds).run();
            }
        }
    }

    private void rewardReferrer(Reached reached, ReferralProgram program, RewardRule rule, String event, String why) {
        UserId referrer = reached.referral().referrer();
        if (referrer == null) {
            return;
        }
        try {
            rewardReferrer(reached.workspace(), referrer, program, rule, event, why);
        } catch (UserErased | WorkspaceDeleted e) {
            // Gone since it was read: the other side is not to suffer from it.
            LOG.debug("the referrer of referral {} is gone", reached.referral().id(), e);
        }
    }

    private void rewardReferrer(
            WorkspaceId workspace,
            UserId referrer,
            ReferralProgram program,
            RewardRule rule,
            String event,
            String why) {
        if (!why.isEmpty() && isCounted(rule)) {
            return; // what is held is not counted; it is decided when it is released
        }
        if (!isCounted(rule)) {
            rule.referrer()
                    .ifPresent(benefit ->
                            decide(workspace, referrer, program.name(), rule, event, Party.REFERRER, benefit, why));
            return;
        }
        long nth = store.count(workspace, program.name(), QUALIFIED + rule.name(), referrer);
        rule.referrer(nth)
                .ifPresent(benefit ->
                        decide(workspace, referrer, program.name(), rule, event, Party.REFERRER, benefit, why));
        rule.milestone(nth)
                .ifPresent(benefit -> decide(
                        workspace, referrer, program.name(), rule, MILESTONE + event, Party.REFERRER, benefit, why));
    }

    private static boolean isCounted(RewardRule rule) {
        return !rule.tiers().isEmpty() || !rule.milestones().isEmpty();
    }

    /** A referral that was held is fine: decides what is decided by the number of referrals, and was not while it was held. */
    void released(Reached reached, Stage stage) {
        tx.programs()
                .program(reached.referral().program())
                .ifPresent(program -> program.rewards().stream()
                        .filter(rule -> rule.stage().equals(stage) && isCounted(rule))
                        .forEach(rule -> rewardReferrer(
                                reached,
                                program,
                                rule,
                                event(stage, reached.referral().id()),
                                "")));
    }

    static String event(Stage stage, UUID referral) {
        return stage.name() + ":" + referral;
    }

    /** The events at which rewards are decided when a referral reaches a stage: no referral is two milestones of one rule. */
    static List<String> events(Stage stage, UUID referral) {
        String event = event(stage, referral);
        return List.of(event, MILESTONE + event);
    }

    private void decide(
            WorkspaceId workspace,
            UserId user,
            String program,
            RewardRule rule,
            String event,
            Party party,
            Benefit benefit,
            String why) {
        var terms = RewardTerms.of(rule);
        Row row = new Row(
                tx.newId(),
                new Key(program, rule.name(), event, party),
                user,
                RewardState.PENDING,
                benefit,
                rule.toText(),
                now,
                null,
                null,
                null,
                "",
                takes(program, rule, party, user, benefit),
                null,
                Fulfilment.NONE,
                BigDecimal.ZERO);
        Row decided = !why.isEmpty()
                ? row.to(RewardState.FLAGGED, null, why)
                : rule.needsApproval() ? row.to(RewardState.FLAGGED, null, NEEDS_APPROVAL) : afterFlag(row, terms);
        Decided outcome = store(workspace, decided);
        if (outcome.outcome() == Decided.Outcome.CAPPED) {
            store(
                    workspace,
                    row.to(RewardState.REJECTED, null, "cap " + outcome.cap() + " is reached")
                            .untaken());
        }
    }

    /** Stores what was decided, and gives it if it is issued. */
    private Decided store(WorkspaceId workspace, Row row) {
        GrowthEvent event = event(workspace, row);
        Decided outcome = store.decide(
                workspace,
                row,
                row.taken(),
                row.state() == RewardState.ISSUED
                        ? List.of(entry(row, row.benefit().amount(), ISSUED))
                        : List.of(),
                List.of(event));
        if (outcome.outcome() == Decided.Outcome.STORED) {
            given(workspace, row);
            tell(row, event);
        }
        return outcome;
    }

    private void given(WorkspaceId workspace, Row row) {
        UserId user = row.user();
        if (row.state() == RewardState.ISSUED && user != null && row.provision() != null) {
            Benefits.provide(tx, workspace, user, RewardsView.view(row), row.provision());
        }
    }

    private void tell(Row row, GrowthEvent event) {
        PlgRuntime plg = tx.root();
        boolean due = row.dueAt() != null;
        tx.stores().afterCommit(() -> {
            plg.publish(List.of(event));
            if (due) {
                plg.settleNowAndThen();
            }
        });
    }

    /** Claims from a campaign. */
    Decided claim(WorkspaceId workspace, RewardCampaign campaign, UserId user) {
        List<Take> takes = campaign.stock().isEmpty()
                ? List.of()
                : List.of(new Take(
                        campaign.name(),
                        STOCK,
                        RewardCap.Scope.PROGRAM,
                        null,
                        Instant.EPOCH,
                        1,
                        0,
                        campaign.stock().getAsLong(),
                        -1));
        Row row = new Row(
                tx.newId(),
                new Key(campaign.name(), CLAIM, hashed(user), Party.CLAIMANT),
                user,
                RewardState.APPROVED,
                campaign.benefit(),
                campaign.toText(),
                now,
                null,
                null,
                null,
                "",
                takes,
                null,
                Fulfilment.NONE,
                BigDecimal.ZERO);
        return store(workspace, issued(row, RewardTerms.of(campaign)));
    }

    /** Not the id itself: the row stays when the user is erased. */
    private static String hashed(UserId user) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256")
                            .digest(user.value().getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }

    /** Lets a locked reward go on if it is due; returns it as it is then. */
    Row advance(WorkspaceId workspace, Row row) {
        if (row.dueAt() == null || row.dueAt().isAfter(now)) {
            return row;
        }
        return switch (row.state()) {
            case PENDING -> update(workspace, row, afterFlag(row, RewardTerms.parse(row)));
            case APPROVED -> update(workspace, row, row.to(RewardState.CANCELED, null, "not redeemed in time"));
            default -> row;
        };
    }

    /** Gives a locked reward that is approved. */
    Row issue(WorkspaceId workspace, Row row) {
        return update(workspace, row, issued(row, RewardTerms.parse(row)));
    }

    Row approve(WorkspaceId workspace, Row row) {
        return update(workspace, row, afterFlag(row, RewardTerms.parse(row)));
    }

    /** Lets a locked reward go on that was flagged because its referral was held; the rule may still want it looked at. */
    Row release(WorkspaceId workspace, Row row) {
        return RewardTerms.parse(row).needsApproval()
                ? update(workspace, row, row.to(RewardState.FLAGGED, null, NEEDS_APPROVAL))
                : approve(workspace, row);
    }

    Row reject(WorkspaceId workspace, Row row, String why) {
        return update(workspace, row, row.to(RewardState.REJECTED, null, why));
    }

    Row flag(WorkspaceId workspace, Row row, String why) {
        return update(workspace, row, row.to(RewardState.FLAGGED, null, why));
    }

    /**
     * Takes a locked reward back, or a part of it.
     *
     * @param part of the whole; parts add up
     * @return the reward as it is then, or empty if nothing of it can be taken back
     */
    Optional<Row> takeBack(WorkspaceId workspace, Row row, BigDecimal part, String why) {
        if (row.state().isFinal()) {
            return Optional.empty();
        }
        BigDecimal sum = row.refunded().add(part);
        boolean all = sum.compareTo(NEARLY_ALL) >= 0;
        BigDecimal refunded = all ? BigDecimal.ONE : sum;
        if (row.state() != RewardState.ISSUED) {
            Row after = all ? row.to(RewardState.CANCELED, null, why) : row;
            return Optional.of(update(workspace, row, after.refunded(refunded)));
        }
        if (row.clawBackUntil() == null || now.isAfter(row.clawBackUntil())) {
            return Optional.empty();
        }
        BigDecimal amount =
                Benefits.part(row.benefit(), refunded).subtract(Benefits.part(row.benefit(), row.refunded()));
        if (amount.signum() == 0 && !all) {
            return Optional.of(update(workspace, row, row.refunded(refunded)));
        }
        UserId user = row.user();
        if (user != null && !RewardTerms.parse(row).mayGoNegative()) {
            amount = amount.min(available(workspace, user, row.benefit().unit()));
        }
        Row after = (all ? row.to(RewardState.CLAWED_BACK, row.dueAt(), why) : row).refunded(refunded);
        if (all && row.fulfilment() != Fulfilment.NONE) {
            after = after.fulfilment(Fulfilment.TO_REVOKE, now);
        }
        List<Entry> entries =
                amount.signum() > 0 ? List.of(entry(row, amount.negate(), all ? TAKEN_BACK : REFUNDED)) : List.of();
        GrowthEvent event = event(workspace, after);
        store.update(workspace, after, List.of(), entries, all ? List.of(event) : List.of());
        if (all) {
            if (row.provision() != null) {
                Benefits.takeBack(tx, workspace, RewardsView.view(row), row.provision());
            }
            tell(after, event);
        }
        return Optional.of(after);
    }

    /** Takes from what a user has; returns whether there was enough. */
    boolean spend(WorkspaceId workspace, UserId user, Money money) {
        String unit = money.currency().getCurrencyCode();
        BigDecimal amount = BigDecimal.valueOf(money.minorUnits());
        if (available(workspace, user, unit).compareTo(amount) < 0) {
            return false;
        }
        store.append(workspace, List.of(new Entry(tx.newId(), null, user, unit, amount.negate(), SPENT, now)));
        return true;
    }

    /** What a user has of a unit; until the transaction ends nobody else takes of it. */
    private BigDecimal available(WorkspaceId workspace, UserId user, String unit) {
        store.count(workspace, "", DEBITS, user);
        return store.balances(workspace, user)
                .getOrDefault(unit, BigDecimal.ZERO)
                .max(BigDecimal.ZERO);
    }

    /** Somebody outside was told. */
    void told(WorkspaceId workspace, Row row) {
        Fulfilment next = switch (row.fulfilment()) {
            case TO_FULFIL -> Fulfilment.FULFILLED;
            case TO_REVOKE -> Fulfilment.REVOKED;
            default -> row.fulfilment();
        };
        store.update(workspace, row.fulfilment(next, null), List.of(), List.of(), List.of());
    }

    /** Somebody outside is to be told later. */
    void tellLater(WorkspaceId workspace, Row row, Instant at) {
        store.update(workspace, row.fulfilment(row.fulfilment(), at), List.of(), List.of(), List.of());
    }

    private Row update(WorkspaceId workspace, Row before, Row after) {
        boolean news = before.state() != after.state();
        boolean returns = after.state() == RewardState.CANCELED || after.state() == RewardState.REJECTED;
        List<Take> returned = returns ? before.taken() : List.of();
        Row stored = returns ? after.untaken() : after;
        GrowthEvent event = event(workspace, stored);
        List<Entry> entries = new ArrayList<>();
        if (news && stored.state() == RewardState.ISSUED) {
            entries.add(entry(stored, stored.benefit().amount(), ISSUED));
            BigDecimal back = Benefits.part(stored.benefit(), stored.refunded());
            if (back.signum() > 0) {
                entries.add(entry(stored, back.negate(), REFUNDED));
            }
        }
        store.update(workspace, stored, returned, entries, news ? List.of(event) : List.of());
        if (news) {
            given(workspace, stored);
            tell(stored, event);
        }
        return stored;
    }

    /** As nothing flags it: held for the rest of its hold, else approved, else given. */
    private Row afterFlag(Row row, RewardTerms terms) {
        Instant holdEnds = row.decidedAt().plus(terms.hold());
        if (holdEnds.isAfter(now)) {
            return row.to(RewardState.PENDING, holdEnds, "");
        }
        if (!terms.claimed()) {
            return issued(row, terms);
        }
        // The time to redeem begins with the approval, by the end of the hold or by somebody who looked at it.
        Instant approvedAt = row.state() == RewardState.FLAGGED ? now : holdEnds;
        Instant until = terms.claimWithin() == null ? null : approvedAt.plus(terms.claimWithin());
        return until != null && !until.isAfter(now)
                ? row.to(RewardState.CANCELED, null, "not redeemed in time")
                : row.to(RewardState.APPROVED, until, "");
    }

    private Row issued(Row row, RewardTerms terms) {
        if (row.user() == null) {
            return row.to(RewardState.CANCELED, null, "the user was erased");
        }
        Optional<String> problem = Benefits.problem(tx, row.benefit());
        if (problem.isPresent()) {
            return row.to(RewardState.FLAGGED, null, shortened("cannot be given: " + problem.get()));
        }
        boolean outside = Benefits.handledOutside(tx, row.benefit());
        return new Row(
                row.id(),
                row.key(),
                row.user(),
                RewardState.ISSUED,
                row.benefit(),
                row.terms(),
                row.decidedAt(),
                outside ? now : null,
                now,
                now.plus(terms.clawBackWithin()),
                "",
                row.taken(),
                provided(row.benefit()) ? tx.newId() : null,
                outside ? Fulfilment.TO_FULFIL : Fulfilment.NONE,
                row.refunded());
    }

    private static boolean provided(Benefit benefit) {
        return !(benefit instanceof Benefit.AccountCredit || benefit instanceof Benefit.Discount);
    }

    private List<Take> takes(String program, RewardRule rule, Party party, UserId user, Benefit benefit) {
        Optional<Money> money = benefit.money();
        return rule.caps().stream()
                .filter(cap -> party == Party.REFERRER || cap.scope() == RewardCap.Scope.PROGRAM)
                .filter(cap -> cap.count().isPresent()
                        || cap.money()
                                .filter(most -> money.isPresent()
                                        && most.currency().equals(money.get().currency()))
                                .isPresent())
                .sorted(Comparator.comparing(RewardCap::scope).thenComparing(RewardCap::name))
                .map(cap -> new Take(
                        program,
                        rule.name() + "/" + cap.name(),
                        cap.scope(),
                        cap.scope() == RewardCap.Scope.REFERRER ? user : null,
                        cap.per().map(this::periodStart).orElse(Instant.EPOCH),
                        cap.count().isPresent() ? 1 : 0,
                        cap.money().isPresent() ? money.map(Money::minorUnits).orElse(0L) : 0,
                        cap.count().orElse(-1),
                        cap.money().map(Money::minorUnits).orElse(-1L)))
                .toList();
    }

    private Instant periodStart(Every every) {
        return every.periodAt(now, null, ZoneOffset.UTC).start();
    }

    private Entry entry(Row row, BigDecimal amount, String kind) {
        return new Entry(tx.newId(), row.id(), row.user(), row.benefit().unit(), amount, kind, now);
    }

    private GrowthEvent event(WorkspaceId workspace, Row row) {
        return new GrowthEvent.RewardStateChanged(
                tx.newId(),
                now,
                workspace,
                row.user(),
                row.id(),
                row.key().program(),
                row.key().rule(),
                row.state().name().toLowerCase(Locale.ROOT),
                row.benefit().unit(),
                row.benefit().amount());
    }

    static String shortened(String text) {
        if (text.length() <= MOST_REASON) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(MOST_REASON - 2)) ? MOST_REASON - 2 : MOST_REASON - 1;
        return text.substring(0, end) + "…";
    }

    /** What of a rule or a campaign matters after the decision. */
    private record RewardTerms(
            Duration hold,
            boolean claimed,
            @Nullable Duration claimWithin,
            Duration clawBackWithin,
            boolean mayGoNegative,
            boolean needsApproval) {

        static RewardTerms of(RewardRule rule) {
            return new RewardTerms(
                    rule.hold(),
                    rule.isClaimed(),
                    rule.claimWithin().orElse(null),
                    rule.clawBackWithin(),
                    rule.mayGoNegative(),
                    rule.needsApproval());
        }

        static RewardTerms of(RewardCampaign campaign) {
            Objects.requireNonNull(campaign, "campaign");
            return new RewardTerms(Duration.ZERO, false, null, CAMPAIGN_CLAW_BACK, false, false);
        }

        /** The rule that a reward was made under, whatever the program says now. */
        static RewardTerms parse(Row row) {
            return row.key().party() == Party.CLAIMANT
                    ? of(RewardCampaign.parse(row.terms()))
                    : of(RewardRule.parse(row.terms()));
        }
    }
}
