package io.plg.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.Plg;
import io.plg.PlgBuilder;
import io.plg.PlgListener;
import io.plg.SettableClock;
import io.plg.WorkspaceId;
import io.plg.event.GrowthEvent;
import io.plg.gate.Entitlements;
import io.plg.gate.Explanation;
import io.plg.gate.GateDecision;
import io.plg.gate.Gates;
import io.plg.gate.Grant;
import io.plg.gate.Reason;
import io.plg.gate.Receipt;
import io.plg.gate.Refund;
import io.plg.gate.Reservation;
import io.plg.gate.Settlement;
import io.plg.gate.UsageStore.Entry;
import io.plg.gate.UsageStore.Kind;
import io.plg.gate.UsageStore.Lane;
import io.plg.gate.UsageStore.MeterKey;
import io.plg.internal.NaiveMeter.Gift;
import io.plg.internal.NaiveMeter.Rule;
import io.plg.memory.InMemoryStores;
import io.plg.plan.Every;
import io.plg.plan.Feature;
import io.plg.plan.Limit;
import io.plg.plan.Plan;
import io.plg.plan.PlanCatalog;
import io.plg.plan.PlanVersion;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Random histories through the gates against {@link NaiveMeter}, which is written from the semantics and shares no code with the engine. */
class MeterOracleTest {
    private static final int STEPS = 30;
    private static final int START =
            (int) (Instant.parse("2026-03-01T00:00:00Z").getEpochSecond() / 1800);
    private static final Feature.Quota QUOTA = Feature.quota("exports", Every.days(NaiveMeter.PERIOD / 48));
    private static final Feature.Cap CAP = Feature.cap("projects");
    private static final WorkspaceId ACME = WorkspaceId.of("acme");

    @Property(tries = 1_000)
    void aQuotaCountsAsTheOracleDoes(@ForAll Random random) {
        compare(random, false, "");
    }

    @Property(tries = 300)
    void aCapCountsAsTheOracleDoes(@ForAll Random random) {
        compare(random, true, "");
    }

    private static void compare(Random random, boolean cap, String mistake) {
        List<Rule> plans = List.of(rule(random, cap), rule(random, cap), rule(random, cap));
        var real = new Real(cap, plans);
        var naive = new Naive(cap, plans);
        naive.meter.mistake = mistake;
        var said = new ArrayList<String>();
        for (Step step : history(random, cap)) {
            String expected = naive.does(step);
            said.add(step + " -> " + expected);
            assertThat(real.does(step))
                    .as(() -> plans + "\n" + String.join("\n", said))
                    .isEqualTo(expected);
            real.checkTheLedger();
            real.checkThatTheStateSurvivesStoring();
        }
    }

    @Test
    void anOracleThatBeginsAPeriodOnARefundIsFound() {
        assertThat(isFound("a refund begins a period")).isTrue();
    }

    @Test
    void anOracleWithoutAMistakeIsNotFound() {
        assertThat(isFound("")).isFalse();
    }

    private static boolean isFound(String mistake) {
        for (int seed = 0; seed < 50; seed++) {
            try {
                compare(new Random(seed), false, mistake);
            } catch (AssertionError found) {
                return true;
            }
        }
        return false;
    }

    @Property(tries = 300)
    void whoAsksInBetweenChangesNoLaterAnswer(@ForAll Random random, @ForAll boolean cap) {
        List<Rule> plans = List.of(rule(random, cap), rule(random, cap), rule(random, cap));
        var asleep = new Real(cap, plans);
        var asked = new Real(cap, plans);
        var said = new ArrayList<String>();
        for (Step step : history(random, cap)) {
            said.add(step + " at " + asked.clock.instant());
            if (step.what.equals("advance")) {
                int first = 2 * random.nextInt(step.a / 2 + 1);
                asked.later(first);
                asked.gates.check(asked.feature);
                if (random.nextBoolean()) {
                    // Reads and stores the meter, and does nothing.
                    asked.gates.refund(
                            asked.feature,
                            new Receipt("-1.999999."
                                    + Integer.toHexString(asked.feature.name().hashCode())));
                }
                asked.later(step.a - first);
                asleep.later(step.a);
                assertThat(asked.stands())
                        .as(() -> plans + "\n" + String.join("\n", said))
                        .isEqualTo(asleep.stands());
            } else {
                assertThat(asked.does(step))
                        .as(() -> plans + "\n" + String.join("\n", said))
                        .isEqualTo(asleep.does(step));
            }
        }
    }

    /** Where nothing is ever over, expires or returns, the parts of the entries add up to what each bucket gave. */
    @Property(tries = 300)
    void ofALedgerWithoutOverageThePartsTellWhatEachBucketGave(@ForAll Random random) {
        var plain = new Rule(5 + random.nextInt(20), "BLOCK", 0, NaiveMeter.UNLIMITED, false, List.of());
        var real = new Real(false, List.of(plain, plain, plain));
        // Who gives back without saying which and later says which gives back twice: the ledger cannot tell what the
        // first was about.
        String other = random.nextBoolean() ? "refund" : "refundReceipt";
        for (Step step : history(random, false)) {
            if (step.what.equals(other)) {
                continue;
            }
            switch (step.what) {
                case "plan", "override", "endOverride", "end" -> {
                    continue;
                }
                case "grant" ->
                    real.does(new Step("grant", step.a, step.b, step.c, NaiveMeter.EVER, 0, 0, -1, 0, null));
                default -> real.does(step);
            }
            real.touch();
            var given = new TreeMap<String, Long>();
            for (Entry entry : real.ledger()) {
                int sign = switch (entry.kind()) {
                    case CONSUME, HOLD -> 1;
                    // What was held is taken from the buckets already; a part that was not needed goes back.
                    case CONFIRM -> 0;
                    default -> -1;
                };
                MeterState.parts(entry.parts()).forEach((bucket, part) -> {
                    if (!bucket.equals(Meter.PLAN) || Objects.equals(entry.periodStart(), real.periodStart())) {
                        given.merge(bucket, sign * part, Long::sum);
                    }
                });
            }
            addBackWhatConfirmedLess(real, given);
            for (Explanation.Allowance each : real.gates.explain(QUOTA).allowances()) {
                assertThat(given.getOrDefault(each.id(), 0L))
                        .as("%s after %s", each, step)
                        .isEqualTo(each.amount()
                                .orElseThrow()
                                .subtract(each.remaining().orElseThrow())
                                .longValueExact());
            }
        }
    }

    private static void addBackWhatConfirmedLess(Real real, Map<String, Long> given) {
        List<Entry> ledger = real.ledger();
        for (Entry confirmed : ledger) {
            if (confirmed.kind() == Kind.CONFIRM) {
                Entry held = ledger.stream()
                        .filter(each -> each.kind() == Kind.HOLD && Objects.equals(each.hold(), confirmed.hold()))
                        .findFirst()
                        .orElseThrow();
                Map<String, Long> kept = MeterState.parts(confirmed.parts());
                MeterState.parts(held.parts()).forEach((bucket, part) -> {
                    if (!bucket.equals(Meter.PLAN) || Objects.equals(held.periodStart(), real.periodStart())) {
                        given.merge(bucket, kept.getOrDefault(bucket, 0L) - part, Long::sum);
                    }
                });
            }
        }
    }

    @Test
    void tenThousandOperationsAddUpInTheLedger() {
        var random = new Random(5);
        List<Rule> plans = List.of(
                new Rule(40, "BLOCK", 0, NaiveMeter.UNLIMITED, false, List.of(80)),
                new Rule(60, "WARN", 0, NaiveMeter.UNLIMITED, false, List.of(50, 100)),
                new Rule(20, "GRACE", 20, NaiveMeter.UNLIMITED, true, List.of()));
        for (boolean cap : new boolean[] {false, true}) {
            var real = new Real(cap, plans);
            int done = 0;
            while (done < 10_000) {
                for (Step step : history(random, cap)) {
                    // Facts and holds would only pile up.
                    if (done < 2_000 || !List.of("grant", "override", "plan").contains(step.what)) {
                        real.does(step);
                        done++;
                    }
                    if (done % 250 == 0) {
                        real.checkTheLedger();
                    }
                }
            }
            real.touch();
            real.checkTheLedger();
            assertThat(real.ledger()).hasSizeGreaterThan(1_000);
            assertThat(real.ledger().stream().map(Entry::place)).doesNotHaveDuplicates();
        }
    }

    /** What is taken from a lane leaves the meter as it would be after the same consumptions, and the answers are the same. */
    @Property(tries = 300)
    void aLaneIsAShortWayAndNothingElse(@ForAll Random random, @ForAll boolean cap) {
        shortWay(random, cap, lane -> lane);
    }

    /** A grant was used up, and the plan does not have the feature: while the grant is there the limit is reached, and then there is no feature. */
    @Test
    void aLaneDeniesForTheReasonThatTheMeterHas() {
        var nothing = new Rule(0, "BLOCK", 0, NaiveMeter.UNLIMITED, false, List.of());
        var real = new Real(false, List.of(nothing, nothing, nothing));
        Meter.Conditions included = real.conditions();
        Instant start = real.clock.instant();
        var grant = new Terms.GrantTerms(
                "g", 5, 100, start, start.plus(length(2)), start, Optional.empty(), 0, Ticks.UNLIMITED, null);
        var conditions = new Meter.Conditions() {
            @Override
            public Terms at(Instant time) {
                Terms terms = included.at(time);
                return new Terms(
                        terms.feature(),
                        false,
                        0,
                        terms.overLimit(),
                        terms.grace(),
                        terms.windows(),
                        terms.memberLimit(),
                        terms.thresholds(),
                        false,
                        terms.source(),
                        terms.plan(),
                        terms.schedule(),
                        terms.until());
            }

            @Override
            public List<Terms.GrantTerms> grants() {
                return List.of(grant);
            }
        };
        Meter meter = Meter.of(QUOTA, conditions, null, 0, start);
        meter.consume(5);
        assertThat(meter.ask(1)).isEqualTo(Reason.LIMIT_REACHED);
        assertThat(meter.lane(1, 1, 80).denies()).isTrue();
        Meter later = Meter.of(QUOTA, conditions, meter.state(), 0, start.plus(length(2)));
        assertThat(later.ask(1)).isEqualTo(Reason.NOT_IN_PLAN);
        // A lane with a limit of 5 would say that it is reached.
        assertThat(later.lane(1, 1, 80).denies()).isFalse();
        assertThat(later.lane(1, 1, 80).limit()).isEqualTo(5);
    }

    @Test
    void aLaneThatIsOneUnitTooLongIsFound() {
        assertThat(isFoundInLanes(lane -> new Lane(
                        lane.basis(),
                        lane.version(),
                        lane.until(),
                        lane.left() + 1,
                        lane.bucket(),
                        lane.denies(),
                        lane.used(),
                        lane.held(),
                        lane.limit(),
                        lane.remaining(),
                        lane.overage(),
                        lane.periodStart(),
                        lane.periodEnd())))
                .isTrue();
        assertThat(isFoundInLanes(lane -> lane)).isFalse();
    }

    private static boolean isFoundInLanes(UnaryOperator<Lane> mistake) {
        for (int seed = 0; seed < 50; seed++) {
            try {
                shortWay(new Random(seed), seed % 2 == 0, mistake);
            } catch (AssertionError found) {
                return true;
            }
        }
        return false;
    }

    private static void shortWay(Random random, boolean cap, UnaryOperator<Lane> mistake) {
        var real = new Real(cap, List.of(rule(random, cap), rule(random, cap), rule(random, cap)));
        for (Step step : history(random, cap)) {
            real.does(step);
            if (random.nextInt(4) == 0) {
                real.touch();
                shortWay(random, real, mistake);
            }
        }
    }

    private static void shortWay(Random random, Real real, UnaryOperator<Lane> mistake) {
        Meter.Conditions conditions = real.conditions();
        Instant now = real.clock.instant();
        Meter from = Meter.of(real.feature, conditions, real.state(), 0, now);
        Lane lane = mistake.apply(from.lane(1, 1, 80));
        String start = from.state();
        String state = start;
        long taken = 0;
        boolean clear = from.isClear();
        assertThat(lane.until()).isAfter(now);
        for (int i = 0; i < 4 && lane.left() > taken; i++) {
            long most = Math.min(lane.left() - taken, 20);
            long portion = random.nextBoolean() ? most : 1 + random.nextInt((int) most);
            Instant later = now.plus(length(random.nextInt(20)));
            now = later.isBefore(lane.until()) ? later : now;
            Meter step = Meter.of(real.feature, conditions, state, 0, now);
            Reason reason = step.ask(portion);
            assertThat(reason.allows()).isTrue();
            step.consume(portion);
            taken += portion;
            var decisions = new Decisions(real.catalog, Decisions.english(), now);
            Plan plan = real.catalog.defaultPlan();
            assertThat(decisions.lane(step.terms(), after(lane, taken), true, portion, plan, "0.1", each -> false))
                    .as("what the lane answers")
                    .isEqualTo(decisions.metered(step, null, reason, portion, plan, "0.1", each -> false));
            assertThat(step.crossed()).as("thresholds inside of a lane").isEmpty();
            assertThat(step.isClear())
                    .as("whether little is used, inside of a lane")
                    .isEqualTo(clear);
            step.lane(1, 1, 80);
            state = step.state();
        }
        Meter slow = Meter.of(real.feature, conditions, state, 0, now);
        Meter quick = Meter.of(real.feature, conditions, start, taken, now);
        assertThat(withoutSequence(quick.state())).isEqualTo(withoutSequence(slow.state()));
        assertThat(quick.ask(1)).isEqualTo(slow.ask(1));
        if (lane.denies() && lane.remaining() != Ticks.UNLIMITED) {
            long amount = lane.remaining() - taken + 1 + random.nextInt(3);
            Reason reason = slow.ask(amount);
            assertThat(reason.allows()).isFalse();
            var decisions = new Decisions(real.catalog, Decisions.english(), now);
            Plan plan = real.catalog.defaultPlan();
            assertThat(decisions.lane(slow.terms(), after(lane, taken), false, amount, plan, null, each -> false))
                    .as("what the lane answers")
                    .isEqualTo(decisions.metered(slow, null, reason, amount, plan, null, each -> false));
        }
    }

    /** As its description says. */
    private static Lane after(Lane lane, long taken) {
        boolean over = lane.bucket().equals(Meter.OVER);
        return new Lane(
                lane.basis(),
                lane.version(),
                lane.until(),
                lane.left() - taken,
                lane.bucket(),
                lane.denies(),
                lane.used() + taken,
                lane.held(),
                lane.limit(),
                over || lane.remaining() == Ticks.UNLIMITED ? lane.remaining() : lane.remaining() - taken,
                over ? lane.overage() + taken : lane.overage(),
                lane.periodStart(),
                lane.periodEnd());
    }

    private static String withoutSequence(String state) {
        MeterState parsed = MeterState.parse(state, QUOTA);
        parsed.sequence = 0;
        parsed.laneBucket = "";
        return parsed.json();
    }

    // --- histories

    private static Rule rule(Random random, boolean cap) {
        String policy = List.of("BLOCK", "BLOCK", "WARN", "GRACE").get(random.nextInt(4));
        return new Rule(
                random.nextInt(10) == 0 ? NaiveMeter.UNLIMITED : random.nextInt(13),
                policy,
                policy.equals("GRACE") ? 2 * (1 + random.nextInt(30)) : 0,
                cap || random.nextInt(3) > 0 ? NaiveMeter.UNLIMITED : 1 + random.nextInt(8),
                !cap && random.nextInt(3) == 0,
                List.of(List.of(50, 80, 100), List.<Integer>of(), List.of(80, 120))
                        .get(random.nextInt(3)));
    }

    private static List<Step> history(Random random, boolean cap) {
        var steps = new ArrayList<Step>();
        // From the first call on there is a meter, and it knows the windows that are limited.
        steps.add(new Step("touch"));
        for (int i = 0; i < STEPS; i++) {
            int amount = 1 + random.nextInt(6);
            int which = random.nextInt(1_000);
            Step fact = null;
            switch (random.nextInt(22)) {
                case 0, 1, 2, 3, 4, 5 -> steps.add(new Step("consume", amount));
                case 6, 7 -> steps.add(new Step("refund", amount));
                case 8, 9 -> steps.add(new Step("refundReceipt", which));
                case 10, 11 -> steps.add(new Step("reserve", amount, 2 * (1 + random.nextInt(40))));
                case 12 -> steps.add(new Step("release", which));
                case 13 -> steps.add(new Step("confirm", which, random.nextInt(3) == 0 ? -1 : random.nextInt(8)));
                case 14 -> {
                    boolean recurs = !cap && random.nextInt(3) == 0;
                    boolean rolls = !cap && random.nextInt(3) == 0;
                    int min = rolls ? random.nextInt(4) : 0;
                    fact = new Step(
                            "grant",
                            1 + random.nextInt(9),
                            List.of(1, 100, 100, 200).get(random.nextInt(4)),
                            List.of(recurs ? -1 : 0, recurs ? -1 : 0, -61, -131, 41)
                                    .get(random.nextInt(5)),
                            random.nextBoolean() ? NaiveMeter.EVER : 43 + 2 * random.nextInt(80),
                            recurs ? 2 * (5 + random.nextInt(30)) : 0,
                            min,
                            rolls ? min + random.nextInt(6) : -1,
                            0,
                            null);
                }
                case 15 -> fact = new Step("end", which);
                case 16 -> fact = new Step("override", 0, 0, 0, 0, 0, 0, 0, 0, rule(random, cap));
                case 17 -> fact = new Step("endOverride", which);
                case 18 ->
                    fact = new Step("plan", random.nextInt(3), random.nextBoolean() ? 0 : 1 + 2 * random.nextInt(60));
                case 19 -> steps.add(cap ? new Step("set", random.nextInt(15)) : new Step("consume", amount));
                default -> steps.add(new Step("advance", 2 * (1 + random.nextInt(random.nextBoolean() ? 6 : 100))));
            }
            if (fact != null) {
                // What is said has an instant of its own: who reads at one at which something is due, too, sees that
                // before or after it was said.
                steps.add(new Step("advance", 1));
                if (fact.what.equals("end")) {
                    // A grant that was ended is remembered with its new end only, by which it stands elsewhere in the
                    // order.
                    steps.add(new Step("touch"));
                }
                steps.add(fact);
                if (random.nextInt(4) == 0) {
                    steps.add(new Step("touch"));
                }
                steps.add(new Step("advance", 1 + 2 * random.nextInt(random.nextInt(4) == 0 ? 50 : 3)));
            }
        }
        return steps;
    }

    /** Something to do, with numbers that mean something for it. */
    private record Step(
            String what,
            int a,
            int b,
            int c,
            int d,
            int e,
            int f,
            int g,
            int h,
            @Nullable Rule rule) {

        Step(String what, int... numbers) {
            this(
                    what,
                    numbers.length > 0 ? numbers[0] : 0,
                    numbers.length > 1 ? numbers[1] : 0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    null);
        }
    }

    /** The oracle in the place of the gates. */
    private static final class Naive {
        final NaiveMeter meter;
        private final List<Rule> plans;
        private final List<UUID> holds = new ArrayList<>();
        private final Map<UUID, String> settled = new HashMap<>();
        private final List<Gift> gifts = new ArrayList<>();
        private int consumptions;
        private int overrides;

        Naive(boolean cap, List<Rule> plans) {
            this.plans = plans;
            this.meter = new NaiveMeter(cap, START, plans.get(0));
        }

        String does(Step step) {
            String result = "";
            List<Integer> told = List.of();
            switch (step.what) {
                case "consume" -> {
                    boolean done = meter.consume(step.a, "" + consumptions);
                    consumptions += done ? 1 : 0;
                    result = "" + done;
                    told = meter.told(done);
                }
                case "refund" -> {
                    long back = meter.refund(step.a);
                    result = "" + back;
                }
                case "refundReceipt" -> {
                    if (consumptions > 0) {
                        long back = meter.refund("" + step.a % consumptions);
                        result = "" + back;
                    }
                }
                case "reserve" -> {
                    var id = new UUID(7, holds.size());
                    boolean done = meter.reserve(id, step.a, step.b);
                    if (done) {
                        holds.add(id);
                    }
                    result = "" + done;
                }
                case "release", "confirm" -> {
                    if (!holds.isEmpty()) {
                        UUID id = holds.get(step.a % holds.size());
                        boolean there = meter.holds(id);
                        if (!there) {
                            result = settled.getOrDefault(id, "EXPIRED");
                        } else if (step.what.equals("release")) {
                            meter.release(id);
                            settled.put(id, "RELEASED");
                            result = "RELEASED";
                        } else {
                            result = meter.confirm(id, step.b < 0 ? meter.amount(id) : step.b);
                            if (result.equals("CONFIRMED")) {
                                settled.put(id, result);
                            }
                        }
                        told = meter.told(there && result.equals("CONFIRMED") && step.b != 0);
                    }
                }
                case "grant" -> {
                    var gift = new Gift(
                            String.format("gift %05d", gifts.size()),
                            step.a,
                            step.b,
                            meter.now + step.c,
                            step.d == NaiveMeter.EVER ? NaiveMeter.EVER : meter.now + step.d,
                            meter.now,
                            step.e,
                            step.f,
                            step.g);
                    gifts.add(gift);
                    meter.give(gift);
                }
                case "end" -> {
                    if (!gifts.isEmpty()) {
                        meter.end(gifts.get(step.a % gifts.size()));
                    }
                }
                case "override" -> {
                    meter.override(Objects.requireNonNull(step.rule));
                    overrides++;
                }
                case "endOverride" -> {
                    if (overrides > 0) {
                        meter.endOverride(step.a % overrides);
                    }
                }
                case "plan" -> meter.plan(plans.get(step.a), meter.now + step.b);
                case "set" -> {
                    long before = meter.used();
                    meter.set(step.a);
                    told = meter.told(meter.used() > before);
                }
                case "touch" -> {}
                default -> meter.advance(step.a);
            }
            return result + " " + told + " " + stands();
        }

        private String stands() {
            var left = new ArrayList<Integer>();
            gifts.forEach(gift -> left.add(meter.balances().getOrDefault(gift.id, -1)));
            Integer grace = meter.graceEnd();
            return standing(
                    meter.allows(1),
                    meter.used(),
                    meter.held(),
                    meter.limit(),
                    meter.remaining(),
                    meter.overage(),
                    grace == null ? "" : time(grace).toString(),
                    meter.cap ? List.of() : left);
        }
    }

    private static String standing(
            boolean allows,
            long used,
            long held,
            long limit,
            long remaining,
            long overage,
            String grace,
            List<Integer> left) {
        return (allows ? "allows" : "denies") + " used " + used + " held " + held + " limit " + limit + " remaining "
                + remaining + " overage " + overage + " grace " + grace + " grants " + left;
    }

    private static Duration length(int steps) {
        return Duration.ofMinutes(30L * steps);
    }

    private static Instant time(int step) {
        return Instant.ofEpochSecond(step * 1800L);
    }

    /** The gates. */
    private static final class Real {
        final Feature.Metered feature;
        final SettableClock clock = SettableClock.at(time(START));
        final InMemoryStores stores = InMemoryStores.create();
        final PlanCatalog catalog;
        final Gates gates;
        private final Entitlements entitlements;
        private final List<Integer> told = new ArrayList<>();
        private final List<Receipt> receipts = new ArrayList<>();
        private final List<UUID> holds = new ArrayList<>();
        private final List<UUID> grants = new ArrayList<>();
        private final List<UUID> overrides = new ArrayList<>();
        private boolean stored;

        Real(boolean cap, List<Rule> plans) {
            feature = cap ? CAP : QUOTA;
            var ids = new AtomicLong();
            catalog = PlanCatalog.builder()
                    .plan("p0", p -> p.limit(feature, limit(plans.get(0))))
                    .plan("p1", p -> p.limit(feature, limit(plans.get(1))))
                    .plan("p2", p -> p.limit(feature, limit(plans.get(2))))
                    .defaultPlan("p0")
                    .build();
            Plg plg = new OverStores()
                    .plans(catalog)
                    .clock(clock)
                    .ids(() -> new UUID(0, ids.incrementAndGet()))
                    .listener(new PlgListener() {
                        @Override
                        public void onEvent(GrowthEvent event) {
                            told.add(((GrowthEvent.ThresholdReached) event).threshold());
                        }
                    })
                    .over(stores);
            gates = plg.workspace(ACME).gates();
            entitlements = plg.workspace(ACME).entitlements();
        }

        static Limit limit(Rule rule) {
            Limit limit = rule.limit() == NaiveMeter.UNLIMITED ? Limit.unlimited() : Limit.of(rule.limit());
            if (rule.policy().equals("WARN")) {
                limit = limit.warn();
            } else if (rule.policy().equals("GRACE")) {
                limit = limit.grace(length(rule.grace()));
            }
            if (rule.window() != NaiveMeter.UNLIMITED) {
                limit = limit.atMost(rule.window(), Every.hours(NaiveMeter.WINDOW / 2));
            }
            if (rule.preserves()) {
                limit = limit.preservingOverage();
            }
            return limit.thresholds(
                    rule.thresholds().stream().mapToInt(each -> each).toArray());
        }

        void later(int steps) {
            if (steps > 0) {
                clock.advance(length(steps));
            }
        }

        void touch() {
            gates.refund(
                    feature,
                    new Receipt(
                            "-1.999999." + Integer.toHexString(feature.name().hashCode())));
            stored = true;
        }

        String does(Step step) {
            told.clear();
            stored = false;
            String result = "";
            switch (step.what) {
                case "consume" -> {
                    GateDecision decision = gates.consume(feature, step.a);
                    decision.receipt().ifPresent(receipts::add);
                    result = "" + decision.allowed();
                    stored = true;
                }
                case "refund" -> {
                    result = refunded(gates.refund(feature, step.a));
                    stored = true;
                }
                case "refundReceipt" -> {
                    if (!receipts.isEmpty()) {
                        result = refunded(gates.refund(feature, receipts.get(step.a % receipts.size())));
                        stored = true;
                    }
                }
                case "reserve" -> {
                    Reservation reservation = gates.reserve(feature, step.a, length(step.b));
                    if (reservation instanceof Reservation.Held held) {
                        holds.add(held.id());
                    }
                    result = "" + reservation.decision().allowed();
                    stored = true;
                }
                case "release", "confirm" -> {
                    if (!holds.isEmpty()) {
                        UUID id = holds.get(step.a % holds.size());
                        Settlement settlement = step.what.equals("release")
                                ? gates.release(id)
                                : step.b < 0 ? gates.confirm(id) : gates.confirm(id, step.b);
                        result = settlement.outcome().name();
                        stored = true;
                    }
                }
                case "grant" -> {
                    Grant grant = Grant.of(feature, step.a).priority(step.b);
                    if (step.c != 0) {
                        grant = grant.from(clock.instant().plus(length(step.c)));
                    }
                    if (step.d != NaiveMeter.EVER) {
                        grant = grant.until(clock.instant().plus(length(step.d)));
                    }
                    if (step.e > 0) {
                        grant = grant.recurring(Every.hours(step.e / 2));
                    }
                    if (step.g >= 0) {
                        grant = grant.rollover(step.f, step.g);
                    }
                    grants.add(entitlements.grant(grant));
                }
                case "end" -> {
                    if (!grants.isEmpty()) {
                        entitlements.end(grants.get(step.a % grants.size()));
                    }
                }
                case "override" ->
                    overrides.add(entitlements.override(feature, limit(Objects.requireNonNull(step.rule))));
                case "endOverride" -> {
                    if (!overrides.isEmpty()) {
                        entitlements.end(overrides.get(step.a % overrides.size()));
                    }
                }
                case "plan" ->
                    entitlements.assignPlan(
                            new PlanVersion("p" + step.a, 1), clock.instant().plus(length(step.b)));
                case "set" -> {
                    gates.set(CAP, step.a);
                    stored = true;
                }
                case "touch" -> touch();
                default -> later(step.a);
            }
            return result + " " + told + " " + stands();
        }

        private static String refunded(Refund refund) {
            return refund.refunded().toPlainString();
        }

        String stands() {
            GateDecision decision = gates.check(feature);
            Map<String, BigDecimal> remaining = gates.explain(feature).allowances().stream()
                    .filter(each -> each.remaining().isPresent())
                    .collect(Collectors.toMap(
                            Explanation.Allowance::id,
                            each -> each.remaining().orElseThrow(),
                            (a, b) -> a,
                            LinkedHashMap::new));
            var left = new ArrayList<Integer>();
            grants.forEach(id -> left.add(remaining
                    .getOrDefault(id.toString(), BigDecimal.ONE.negate())
                    .intValueExact()));
            return standing(
                    decision.allowed(),
                    decision.used(),
                    decision.held(),
                    decision.limit(),
                    decision.remaining(),
                    decision.overage(),
                    decision.graceEndsAt().map(Instant::toString).orElse(""),
                    feature instanceof Feature.Cap ? List.of() : left);
        }

        private MeterKey key() {
            return new MeterKey(feature.name(), 0, null);
        }

        List<Entry> ledger() {
            return stores.usage().entries(ACME, key());
        }

        @Nullable
        Instant periodStart() {
            return feature instanceof Feature.Quota quota
                    ? quota.every()
                            .periodAt(clock.instant(), null, java.time.ZoneOffset.UTC)
                            .start()
                    : null;
        }

        /** What is used and held is what stands in the ledger; only after the meter was stored, since what expires is written then. */
        void checkTheLedger() {
            if (!stored) {
                return;
            }
            long used = 0;
            long held = 0;
            for (Entry entry : ledger()) {
                if (Objects.equals(entry.periodStart(), periodStart())) {
                    used += entry.amount();
                    held += entry.held();
                }
                if (feature instanceof Feature.Quota) {
                    assertThat(MeterState.parts(entry.parts()).values().stream()
                                    .mapToLong(part -> part)
                                    .sum())
                            .as("parts of %s", entry)
                            .isEqualTo(Math.abs(
                                    entry.kind() == Kind.CONFIRM || entry.amount() != 0
                                            ? entry.amount()
                                            : entry.held()));
                }
            }
            GateDecision decision = gates.check(feature);
            assertThat(used).as("used by the ledger").isEqualTo(decision.used());
            assertThat(held).as("held by the ledger").isEqualTo(decision.held());
        }

        @Nullable
        String state() {
            return stores.usage()
                    .open(ACME, null, List.of(key()), false)
                    .meters()
                    .get(0)
                    .state();
        }

        Meter.Conditions conditions() {
            var facts = new WorkspaceFacts(stores.usage().facts(ACME, Instant.MIN));
            List<Terms.GrantTerms> all = facts.grants(feature);
            return new Meter.Conditions() {
                @Override
                public Terms at(Instant time) {
                    return facts.terms(feature, time, catalog, facts.standing(time, catalog, Optional.empty(), false));
                }

                @Override
                public List<Terms.GrantTerms> grants() {
                    return all;
                }
            };
        }

        void checkThatTheStateSurvivesStoring() {
            String state = state();
            if (state != null) {
                assertThat(MeterState.parse(state, QUOTA).json()).isEqualTo(state);
            }
        }
    }

    private static final class OverStores extends PlgBuilder<OverStores> {
        @Override
        protected OverStores self() {
            return this;
        }

        Plg over(InMemoryStores stores) {
            return assemble(stores);
        }
    }
}
