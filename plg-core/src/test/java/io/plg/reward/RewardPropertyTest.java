package io.plg.reward;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.Plg;
import io.plg.SettableClock;
import io.plg.UserId;
import io.plg.referral.NewUser;
import io.plg.referral.ProgramCatalog;
import io.plg.referral.ReferralProgram;
import io.plg.reward.RewardLedger.Entry;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;

/** Whatever happens in whatever order, the ledger is that of a model which does it all in the plainest way. */
class RewardPropertyTest {
    private static final Stage PAID = Stage.FIRST_PAYMENT;
    private static final int REFERRERS = 2;
    private static final int USERS = 6;
    private static final Duration CLAW_BACK = Duration.ofDays(10);

    @Property(tries = 400)
    void theLedgerIsThatOfANaiveModel(@ForAll("terms") Terms terms, @ForAll("histories") List<Step> history) {
        SettableClock clock = SettableClock.at("2026-04-12T08:00:00Z");
        RewardRule.Builder rule = RewardRule.on(PAID)
                .referrer(Benefit.accountCredit(Money.minor("USD", terms.cents)))
                .cap(RewardCap.perReferrer(terms.cap))
                .hold(Duration.ofDays(terms.holdDays))
                .clawBackWithin(CLAW_BACK);
        if (terms.mayGoNegative) {
            rule.mayGoNegative();
        }
        if (terms.needsApproval) {
            rule.needsApproval();
        }
        try (Plg plg = Plg.inMemory()
                .programs(ProgramCatalog.builder()
                        .program(ReferralProgram.named("friends")
                                .reward(rule.build())
                                .build())
                        .campaign(RewardCampaign.named("launch")
                                .gives(Benefit.accountCredit(Money.minor("USD", 77)))
                                .stock(1)
                                .build())
                        .build())
                .fraud(io.plg.fraud.FraudPolicy.builder().build())
                .settleRewardsEvery(Duration.ZERO)
                .clock(clock)
                .build()) {
            var model = new Model(terms, clock);
            for (Step step : history) {
                model.goOn();
                step.kind.both(plg, model, step, clock);
                model.goOn();
                compare(plg, model);
            }
        }
    }

    private static void compare(Plg plg, Model model) {
        RewardLedger ledger = plg.workspace("acme").rewards();
        for (int r = 0; r < REFERRERS; r++) {
            UserId referrer = referrer(r);
            assertThat(ledger.balanceOf(referrer).of("USD").longValueExact())
                    .as("balance of %s", referrer)
                    .isEqualTo(model.balances[r]);
            List<Entry> entries = ledger.entriesOf(referrer);
            assertThat(entries.stream().map(Entry::amount).reduce(BigDecimal.ZERO, BigDecimal::add))
                    .isEqualByComparingTo(ledger.balanceOf(referrer).of("USD"));
            List<Entry> seen = model.seen.getOrDefault(r, List.of());
            assertThat(entries.subList(0, seen.size())).isEqualTo(seen);
            model.seen.put(r, entries);
            if (!model.terms.mayGoNegative) {
                assertThat(model.balances[r]).isNotNegative();
            }
            List<Reward> rewards = ledger.of(referrer).stream()
                    .filter(each -> each.party() == Party.REFERRER)
                    .toList();
            assertThat(rewards.stream()
                            .filter(each ->
                                    each.state() != RewardState.CANCELED && each.state() != RewardState.REJECTED)
                            .count())
                    .as("the cap")
                    .isLessThanOrEqualTo(model.terms.cap);
            int number = r;
            assertThat(rewards.stream().map(Reward::state).sorted())
                    .containsExactlyElementsOf(model.rewards.values().stream()
                            .filter(each -> each.referrer == number)
                            .map(each -> each.state)
                            .sorted()
                            .toList());
            assertThat(new HashSet<>(rewards.stream().map(Reward::id).toList())).hasSize(rewards.size());
        }
    }

    private static UserId referrer(int number) {
        return UserId.of("referrer" + number);
    }

    private static UserId user(int number) {
        return UserId.of("user" + number);
    }

    @Provide
    Arbitrary<Terms> terms() {
        return Combinators.combine(
                        Arbitraries.longs().between(1, 3_001),
                        Arbitraries.integers().between(1, 4),
                        Arbitraries.of(0, 0, 3),
                        Arbitraries.of(true, false),
                        Arbitraries.of(true, false))
                .as(Terms::new);
    }

    @Provide
    Arbitrary<List<Step>> histories() {
        return Combinators.combine(
                        Arbitraries.of(Kind.values()),
                        Arbitraries.integers().between(0, USERS - 1),
                        Arbitraries.integers().between(0, REFERRERS - 1),
                        Arbitraries.integers().between(1, 1_000))
                .as(Step::new)
                .list()
                .ofMinSize(5)
                .ofMaxSize(40);
    }

    record Terms(long cents, int cap, int holdDays, boolean mayGoNegative, boolean needsApproval) {}

    record Step(Kind kind, int user, int referrer, int number) {}

    /** What happens, to the library and to the model. */
    enum Kind {
        REACH {
            @Override
            void both(Plg plg, Model model, Step step, SettableClock clock) {
                boolean bound = plg.signUps()
                        .attribute(
                                plg.workspace("acme")
                                        .referrals()
                                        .linkOf(referrer(step.referrer).value())
                                        .code(),
                                NewUser.of(user(step.user).value()))
                        .attributed();
                assertThat(bound).isEqualTo(!model.rewards.containsKey(step.user));
                assertThat(plg.workspace("globex").referrals().reached(user(step.user), PAID))
                        .isEqualTo(bound);
                model.reached(step.user, step.referrer);
                plg.workspace("acme").rewards().of(referrer(step.referrer)).stream()
                        .filter(each -> each.party() == Party.REFERRER)
                        .forEach(each -> model.ids.putIfAbsent(each.id(), step.user));
            }
        },
        REFUND {
            @Override
            void both(Plg plg, Model model, Step step, SettableClock clock) {
                BigDecimal part = BigDecimal.valueOf(step.number, 3);
                assertThat(plg.workspace("globex").referrals().refunded(user(step.user), PAID, part))
                        .isEqualTo(model.takeBack(step.user, part) ? 1 : 0);
            }
        },
        TAKE_BACK {
            @Override
            void both(Plg plg, Model model, Step step, SettableClock clock) {
                List<Reward> of = plg.workspace("acme").rewards().of(referrer(step.referrer));
                for (Reward each : of) {
                    if (model.isOf(each, step.user)) {
                        assertThat(plg.workspace("acme")
                                        .rewards()
                                        .takeBack(each.id(), "x")
                                        .isPresent())
                                .isEqualTo(model.takeBack(step.user, BigDecimal.ONE));
                    }
                }
            }
        },
        JUDGE {
            @Override
            void both(Plg plg, Model model, Step step, SettableClock clock) {
                List<Reward> flagged = plg.workspace("acme").rewards().flagged(100);
                boolean approves = step.number % 3 != 0;
                for (Reward each : flagged) {
                    if (model.isOf(each, step.user)) {
                        if (approves) {
                            plg.workspace("acme").rewards().approve(each.id());
                        } else {
                            plg.workspace("acme").rewards().reject(each.id(), "no");
                        }
                        model.judge(step.user, approves);
                    }
                }
            }
        },
        SPEND {
            @Override
            void both(Plg plg, Model model, Step step, SettableClock clock) {
                assertThat(plg.workspace("acme")
                                .rewards()
                                .spend(referrer(step.referrer), Money.minor("USD", step.number)))
                        .isEqualTo(model.spend(step.referrer, step.number));
            }
        },
        WAIT {
            @Override
            void both(Plg plg, Model model, Step step, SettableClock clock) {
                clock.advance(Duration.ofHours(step.number % 100));
            }
        },
        CLAIM {
            @Override
            void both(Plg plg, Model model, Step step, SettableClock clock) {
                Redemption.Status status = plg.workspace("acme")
                        .rewards()
                        .claim("launch", referrer(step.referrer))
                        .status();
                assertThat(status)
                        .isEqualTo(
                                model.claimedBy == null
                                        ? Redemption.Status.REDEEMED
                                        : model.claimedBy == step.referrer
                                                ? Redemption.Status.ALREADY_REDEEMED
                                                : Redemption.Status.LIMIT_REACHED);
                if (model.claimedBy == null) {
                    model.claimedBy = step.referrer;
                    model.balances[step.referrer] += 77;
                }
            }
        };

        abstract void both(Plg plg, Model model, Step step, SettableClock clock);
    }

    private static final class Model {
        final Terms terms;
        final SettableClock clock;
        final long[] balances = new long[REFERRERS];
        final Map<Integer, One> rewards = new HashMap<>();
        final Map<Integer, List<Entry>> seen = new HashMap<>();

        final Map<UUID, Integer> ids = new HashMap<>();

        @Nullable
        Integer claimedBy;

        Model(Terms terms, SettableClock clock) {
            this.terms = terms;
            this.clock = clock;
        }

        boolean isOf(Reward reward, int user) {
            return Objects.equals(ids.get(reward.id()), user);
        }

        void reached(int user, int referrer) {
            if (rewards.containsKey(user)) {
                return;
            }
            var one = new One(referrer, clock.instant());
            long taken = rewards.values().stream()
                    .filter(each -> each.referrer == referrer)
                    .filter(each -> each.state != RewardState.CANCELED && each.state != RewardState.REJECTED)
                    .count();
            rewards.put(user, one);
            one.state = taken >= terms.cap
                    ? RewardState.REJECTED
                    : terms.needsApproval ? RewardState.FLAGGED : RewardState.PENDING;
            goOn();
        }

        void goOn() {
            for (One one : rewards.values()) {
                if (one.state == RewardState.PENDING
                        && !one.decidedAt.plus(Duration.ofDays(terms.holdDays)).isAfter(clock.instant())) {
                    one.state = RewardState.ISSUED;
                    one.issuedAt = clock.instant();
                    balances[one.referrer] += terms.cents - part(one.refunded);
                }
            }
        }

        void judge(int user, boolean approves) {
            One one = Objects.requireNonNull(rewards.get(user));
            one.state = approves ? RewardState.PENDING : RewardState.REJECTED;
            goOn();
        }

        boolean takeBack(int user, BigDecimal part) {
            One one = rewards.get(user);
            if (one == null || one.state.isFinal()) {
                return false;
            }
            BigDecimal refunded = one.refunded.add(part).min(BigDecimal.ONE);
            boolean all = refunded.compareTo(BigDecimal.ONE) == 0;
            if (one.state == RewardState.ISSUED) {
                if (clock.instant().isAfter(Objects.requireNonNull(one.issuedAt).plus(CLAW_BACK))) {
                    return false;
                }
                long amount = part(refunded) - part(one.refunded);
                if (!terms.mayGoNegative) {
                    amount = Math.min(amount, Math.max(balances[one.referrer], 0));
                }
                balances[one.referrer] -= amount;
                if (all) {
                    one.state = RewardState.CLAWED_BACK;
                }
            } else if (all) {
                one.state = RewardState.CANCELED;
            }
            one.refunded = refunded;
            return true;
        }

        boolean spend(int referrer, long cents) {
            if (balances[referrer] < cents) {
                return false;
            }
            balances[referrer] -= cents;
            return true;
        }

        private long part(BigDecimal refunded) {
            return BigDecimal.valueOf(terms.cents)
                    .multiply(refunded)
                    .setScale(0, RoundingMode.HALF_UP)
                    .longValueExact();
        }
    }

    private static final class One {
        final int referrer;
        final Instant decidedAt;
        RewardState state = RewardState.PENDING;
        BigDecimal refunded = BigDecimal.ZERO;

        @Nullable
        Instant issuedAt;

        One(int referrer, Instant decidedAt) {
            this.referrer = referrer;
            this.decidedAt = decidedAt;
        }
    }
}
