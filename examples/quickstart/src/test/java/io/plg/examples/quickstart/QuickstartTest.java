package io.plg.examples.quickstart;

import static io.plg.examples.quickstart.Quickstart.EXPORTED;
import static io.plg.examples.quickstart.Quickstart.EXPORTS;
import static io.plg.examples.quickstart.Quickstart.FRIENDS;
import static io.plg.examples.quickstart.Quickstart.ONBOARDING;
import static io.plg.examples.quickstart.Quickstart.PLANS;
import static io.plg.examples.quickstart.Quickstart.REDEEM;
import static io.plg.idempotency.Principal.by;
import static org.assertj.core.api.Assertions.assertThat;

import io.plg.Plg;
import io.plg.SettableClock;
import io.plg.Workspace;
import io.plg.gate.GateDecision;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.Outcome;
import io.plg.referral.NewUser;
import io.plg.referral.ReferralLink;
import io.plg.referral.User;
import io.plg.reward.Redemption;
import io.plg.reward.Reward;
import io.plg.virality.KFactor;
import java.time.Duration;
import java.time.Period;
import java.time.YearMonth;
import org.junit.jupiter.api.Test;

/** The same in a unit test: no database, and time in your hand. */
class QuickstartTest {
    @Test
    void fromTheFirstSignUpToK() {
        var clock = SettableClock.at("2026-04-12T08:00:00Z");
        try (Plg plg = Plg.inMemory()
                .funnel(ONBOARDING)
                .plans(PLANS)
                .program(FRIENDS)
                .clock(clock)
                .build()) {
            Workspace acme = plg.workspace("acme");
            Workspace globex = plg.workspace("globex");

            acme.activation(ONBOARDING).complete("ada", "account_created");
            assertThat(acme.activation(ONBOARDING).complete("ada", EXPORTED).activated())
                    .isTrue();

            acme.gates().consumeOrThrow(EXPORTS, 5);
            GateDecision sixth = acme.gates().consume(EXPORTS);
            assertThat(sixth.allowed()).isFalse();
            assertThat(sixth.upgrade().plan()).contains("starter");

            ReferralLink link = acme.referrals().linkOf(User.of("ada").email("ada@example.org"));
            assertThat(plg.signUps()
                            .attribute(link.code(), NewUser.of("ada2").email("Ada+1@example.org"))
                            .attributed())
                    .isFalse();
            assertThat(plg.signUps()
                            .attribute(link.code(), NewUser.of("lin").email("lin@example.org"))
                            .attributed())
                    .isTrue();

            clock.advance(Duration.ofHours(30));
            globex.activation(ONBOARDING).complete("lin", EXPORTED);
            Reward reward = acme.rewards().of("ada").get(0);

            for (int i = 0; i < 2; i++) {
                Outcome<Redemption> outcome = acme.idempotency()
                        .execute(
                                REDEEM,
                                by("ada"),
                                IdempotencyKey.of("8e03978e-40d5-43e8"),
                                Fingerprint.of(reward.id()),
                                tx -> tx.rewards().redeem(reward.id()));
                assertThat(outcome.orThrow().redeemed()).isTrue();
            }
            assertThat(acme.gates().check(EXPORTS).remaining()).isEqualTo(20);

            clock.advance(Period.ofMonths(1));
            KFactor april =
                    acme.virality().k(YearMonth.of(2026, 4), Duration.ofDays(7)).orElseThrow();
            assertThat(april.value()).isEqualTo(1.0);
            assertThat(april.mature()).isTrue();
            assertThat(acme.virality()
                            .cycleTime(april(1), april(30))
                            .orElseThrow()
                            .p50())
                    .isEqualTo(Duration.ofHours(30));
        }
    }

    private static java.time.Instant april(int day) {
        return java.time.LocalDate.of(2026, 4, day)
                .atStartOfDay(java.time.ZoneOffset.UTC)
                .toInstant();
    }
}
