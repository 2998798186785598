package io.plg.jdbi;

import io.plg.PlgStores;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.referral.ReferralStore.NewReferral;
import io.plg.referral.ReferralStore.Standing;
import io.plg.referral.ReferralStore.Traces;
import io.plg.referral.ReferralStore.Wish;
import io.plg.reward.Benefit;
import io.plg.reward.Party;
import io.plg.reward.RewardCap;
import io.plg.reward.RewardState;
import io.plg.reward.RewardStore.Entry;
import io.plg.reward.RewardStore.Fulfilment;
import io.plg.reward.RewardStore.Key;
import io.plg.reward.RewardStore.Row;
import io.plg.reward.RewardStore.Take;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/** Referrals and rewards of a program, as an engine would store them. */
final class Referred {
    static final String PROGRAM = "friends";
    static final Instant NOW = Instant.parse("2026-03-01T10:20:30Z");
    static final Traces TRACES = new Traces("e", "d", "dev", "ip");

    private Referred() {}

    static NewReferral by(String program, String referrer, String user) {
        return new NewReferral(
                UUID.randomUUID(),
                UUID.randomUUID(),
                program,
                1,
                UserId.of(referrer),
                UserId.of(user),
                "CODE2345",
                "",
                NOW,
                NOW,
                Standing.FINE,
                "",
                TRACES);
    }

    static Row reward(String event, String user, List<Take> taken) {
        return new Row(
                UUID.randomUUID(),
                new Key(PROGRAM, "standard", event, Party.REFERRER),
                UserId.of(user),
                RewardState.PENDING,
                Benefit.trialDays(30),
                "{}",
                NOW,
                NOW,
                null,
                null,
                "",
                taken,
                null,
                Fulfilment.NONE,
                BigDecimal.ZERO);
    }

    static Take cap(RewardCap.Scope scope, String user, long most) {
        return new Take(
                PROGRAM,
                scope + ":count",
                scope,
                scope == RewardCap.Scope.REFERRER ? UserId.of(user) : null,
                Instant.EPOCH,
                1,
                0,
                most,
                -1);
    }

    static Entry entry(Row reward) {
        return new Entry(UUID.randomUUID(), reward.id(), reward.user(), "USD", BigDecimal.TEN, "ISSUED", NOW);
    }

    /** A row in every table: ada refers, and gets a reward. */
    static void inEveryTable(PlgStores stores, WorkspaceId workspace, String code, String referrer, String user) {
        stores.referrals().secret(workspace, new byte[] {1});
        stores.referrals().code(workspace, new Wish(PROGRAM, UserId.of(referrer), "deck", code, Traces.NONE, NOW));
        stores.referrals().find(code, true);
        stores.referrals().bind(workspace, by(PROGRAM, referrer, user), List.of());
        stores.referrals().invited(workspace, PROGRAM, UserId.of(referrer), UUID.randomUUID(), NOW);
        Row reward = reward(user, referrer, List.of(cap(RewardCap.Scope.REFERRER, referrer, 5)));
        stores.rewards().decide(workspace, reward, reward.taken(), List.of(entry(reward)), List.of());
    }
}
