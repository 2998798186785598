package io.plg.reward;

import io.plg.plan.Every;
import io.plg.reward.RewardCap.Scope;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.Currency;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** Whatever rewards there can be. */
public final class AnyRewards {
    private static final long MAX = 1_000_000_000_000_000_000L;
    private static final long CENTURY = 36_500L * 86_400;

    private AnyRewards() {}

    public static Arbitrary<String> names() {
        return Arbitraries.oneOf(
                Arbitraries.of(
                        "friends", "a", "t-shirt", "Größe L", "😀", "\"quoted\\'", "$", "line\nbreak", "x y.z[0]"),
                Arbitraries.strings().ofMinLength(1).ofMaxLength(20).filter(AnyRewards::isName));
    }

    private static boolean isName(String text) {
        return !text.isBlank()
                && text.chars().noneMatch(c -> c == 0)
                && text.codePoints().noneMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
    }

    public static Arbitrary<Duration> lengths() {
        return Arbitraries.oneOf(
                Arbitraries.integers().between(1, 36_500).map(Duration::ofDays),
                Arbitraries.longs().between(1, CENTURY).map(Duration::ofSeconds),
                Arbitraries.longs().between(1, Long.MAX_VALUE / 4).map(Duration::ofNanos));
    }

    public static Arbitrary<Instant> instants() {
        return Combinators.combine(
                        Arbitraries.longs().between(-62_135_596_800L, 253_402_300_799L),
                        Arbitraries.integers().between(0, 999_999_999))
                .as(Instant::ofEpochSecond);
    }

    static Arbitrary<Money> monies() {
        Arbitrary<Currency> currencies =
                Arbitraries.of("USD", "EUR", "JPY", "KWD", "CLF", "XXX").map(Currency::getInstance);
        return Combinators.combine(Arbitraries.longs().between(-MAX, MAX), currencies)
                .as(Money::new);
    }

    static Arbitrary<Money> positiveMonies() {
        return monies().filter(money -> money.signum() > 0);
    }

    public static Arbitrary<Benefit> benefits() {
        Arbitrary<BigDecimal> amounts = Arbitraries.bigDecimals()
                .between(new BigDecimal("0.000001"), BigDecimal.valueOf(MAX))
                .ofScale(6);
        Arbitrary<Map<String, String>> details = Arbitraries.maps(
                        names(), Arbitraries.oneOf(names(), Arbitraries.just("")))
                .ofMaxSize(3);
        return Arbitraries.oneOf(
                Combinators.combine(names().optional(), Arbitraries.integers().between(1, 36_500))
                        .as(Benefit.TrialDays::new),
                Combinators.combine(names(), amounts, lengths().optional()).as(Benefit.Credit::new),
                Combinators.combine(
                                names(), Arbitraries.longs().between(1, CENTURY).map(Duration::ofSeconds))
                        .as(Benefit.Unlock::new),
                Combinators.combine(
                                Arbitraries.integers().between(1, 100),
                                Arbitraries.integers().between(1, 1200))
                        .as(Benefit.Discount::new),
                positiveMonies().map(Benefit.AccountCredit::new),
                Combinators.combine(names(), details).as(Benefit.Custom::new));
    }

    static Arbitrary<Optional<Every>> intervals() {
        return Arbitraries.of(Every.HOUR, Every.days(7), Every.WEEK, Every.MONTH, Every.months(3), Every.years(1000))
                .optional();
    }

    public static Arbitrary<RewardRule> rules() {
        Arbitrary<Map<Long, Benefit>> steps = Arbitraries.maps(
                        Arbitraries.longs().between(2, Long.MAX_VALUE), benefits())
                .ofMaxSize(3);
        Arbitrary<Map<String, RewardCap>> counts = Combinators.combine(
                        Arbitraries.of(Scope.values()),
                        intervals(),
                        Arbitraries.longs().between(1, Long.MAX_VALUE))
                .as((scope, per, count) -> RewardCap.of(scope, per, OptionalLong.of(count), Optional.empty()))
                .list()
                .ofMaxSize(3)
                .map(AnyRewards::byName);
        Arbitrary<Map<String, RewardCap>> sums = Combinators.combine(
                        Arbitraries.of(Scope.values()), intervals(), positiveMonies())
                .as((scope, per, money) -> RewardCap.of(scope, per, OptionalLong.empty(), Optional.of(money)))
                .list()
                .ofMaxSize(2)
                .map(AnyRewards::byName);
        Arbitrary<RewardRule.Builder> given = Combinators.combine(
                        Arbitraries.oneOf(
                                Arbitraries.of(Stage.SIGN_UP, Stage.ACTIVATION, Stage.FIRST_PAYMENT),
                                names().map(Stage::of)),
                        names().optional(),
                        benefits().list().ofMinSize(1).ofMaxSize(2),
                        steps,
                        steps,
                        counts,
                        sums)
                .as((stage, name, parties, tiers, milestones, byCount, byMoney) -> {
                    RewardRule.Builder rule = RewardRule.on(stage).referrer(parties.get(0));
                    name.ifPresent(rule::named);
                    parties.stream().skip(1).forEach(rule::referred);
                    tiers.forEach(rule::tier);
                    milestones.forEach(rule::milestone);
                    byCount.values().forEach(rule::cap);
                    byMoney.values().forEach(cap -> {
                        rule.cap(cap);
                        // what is capped must be given
                        rule.milestone(
                                -cap.name().hashCode() & Integer.MAX_VALUE | 1L << 40,
                                Benefit.accountCredit(cap.money().orElseThrow()));
                    });
                    return rule;
                });
        return Combinators.combine(
                        given,
                        lengths().optional(),
                        Arbitraries.of(true, false),
                        Arbitraries.of(0, 1, 2),
                        lengths(),
                        Arbitraries.oneOf(lengths(), Arbitraries.just(Duration.ZERO))
                                .optional(),
                        Arbitraries.of(true, false))
                .as((rule, hold, approval, claim, within, clawBack, negative) -> {
                    hold.ifPresent(rule::hold);
                    if (approval) {
                        rule.needsApproval();
                    }
                    if (claim == 1) {
                        rule.claimed();
                    } else if (claim == 2) {
                        rule.claimed(within);
                    }
                    clawBack.ifPresent(rule::clawBackWithin);
                    if (negative) {
                        rule.mayGoNegative();
                    }
                    return rule.build();
                });
    }

    private static Map<String, RewardCap> byName(List<RewardCap> caps) {
        var all = new LinkedHashMap<String, RewardCap>();
        caps.forEach(cap -> all.put(cap.name(), cap));
        return all;
    }

    public static Arbitrary<RewardCampaign> campaigns() {
        return Combinators.combine(
                        names(),
                        Arbitraries.integers().between(1, Integer.MAX_VALUE),
                        benefits(),
                        Arbitraries.longs().between(1, Long.MAX_VALUE).optional(),
                        instants().list().ofMaxSize(2).uniqueElements(),
                        Arbitraries.of(true, false))
                .as((name, version, benefit, stock, times, first) -> {
                    RewardCampaign.Builder campaign =
                            RewardCampaign.named(name).version(version).gives(benefit);
                    stock.ifPresent(campaign::stock);
                    List<Instant> sorted = times.stream().sorted().toList();
                    if (sorted.size() == 2 || sorted.size() == 1 && first) {
                        campaign.from(sorted.get(0));
                    }
                    if (sorted.size() == 2 || sorted.size() == 1 && !first) {
                        campaign.until(sorted.get(sorted.size() - 1));
                    }
                    return campaign.build();
                });
    }
}
