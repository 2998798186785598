package io.plg.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.plg.gate.Source;
import io.plg.internal.Terms.GrantTerms;
import io.plg.internal.Terms.Schedule;
import io.plg.plan.Every;
import io.plg.plan.Feature;
import io.plg.plan.OverLimit;
import io.plg.plan.PlanVersion;
import io.plg.plan.UsagePeriod;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Published scenarios of grants that are used up, as facts: grants, usage and resets in, balances out. They come from OpenMeter (Apache-2.0), and the file says from
 * where; it stands among the resources, and the file of the directory that {@code -Dplg.data} names is checked too.
 *
 * <p>What has no counterpart here is reported as skipped, with the reason.
 */
class BurnDownCasesTest {
    private static final String FILE = "openmeter-burndown-cases.json";
    private static final Feature.Quota FEATURE = Feature.quota("credits", Every.MONTH);
    private static final Instant LONG_AGO = Instant.parse("2000-01-01T00:00:00Z");
    private static final Instant FAR_OFF = Instant.parse("2100-01-01T00:00:00Z");

    /** Cases without a counterpart, and why. */
    private static final Map<String, String> NO_COUNTERPART = Map.of(
            "starting balance for a grant that does not exist is an error",
            "nobody hands in starting balances: a grant that is gone is forgotten with its balance",
            "missing starting balance for a grant is an error",
            "nobody hands in starting balances: a grant that is not known yet has its full amount");

    /** What a case may expect that has no counterpart. */
    private static final List<String> OF_ITS_HISTORY =
            List.of("segments", "segment_usage", "segment_balance_at_start", "segment_overage_at_start");

    private static final List<String> EXPECTATIONS = Stream.concat(
                    OF_ITS_HISTORY.stream(),
                    Stream.of(
                            "balances",
                            "balances_rule",
                            "overage",
                            "usage_since_reset",
                            "usage_since",
                            "usage_in_period",
                            "balance",
                            "total_available",
                            "error"))
            .toList();

    private static JsonNode kept() {
        try (InputStream in = Objects.requireNonNull(BurnDownCasesTest.class.getResourceAsStream(FILE))) {
            return JsonMapper.shared().readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode given() {
        String data = System.getProperty("plg.data");
        assumeTrue(data != null, "no -Dplg.data: only the cases among the resources are checked");
        try {
            return JsonMapper.shared().readTree(Files.readString(Path.of(data, FILE)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void allCasesAreThere() {
        assertThat(kept().get("cases").size()).isEqualTo(25);
        assertThat(kept().get("ordering_cases").size()).isEqualTo(1);
        assertThat(StreamSupport.stream(kept().get("cases").spliterator(), false)
                        .map(each -> each.get("name").asString()))
                .containsAll(NO_COUNTERPART.keySet());
    }

    @TestFactory
    Stream<DynamicTest> everyCaseHasItsPublishedAnswer() {
        return tests(kept());
    }

    @TestFactory
    Stream<DynamicTest> everyCaseOfTheDataDirectoryHasItsPublishedAnswer() {
        return tests(given());
    }

    @TestFactory
    Stream<DynamicTest> theBurnOrderIsThePublishedOne() {
        return StreamSupport.stream(kept().get("ordering_cases").spliterator(), false)
                .map(each -> DynamicTest.dynamicTest(each.get("name").asString(), () -> checkOrder(each)));
    }

    private static Stream<DynamicTest> tests(JsonNode file) {
        return StreamSupport.stream(file.get("cases").spliterator(), false).flatMap(each -> {
            String name = each.get("name").asString();
            JsonNode expected = each.get("expected");
            assertThat(EXPECTATIONS).as(name).containsAll(expected.propertyNames());
            var tests = new ArrayList<DynamicTest>();
            if (NO_COUNTERPART.containsKey(name)) {
                tests.add(DynamicTest.dynamicTest(name, () -> abort(Objects.requireNonNull(NO_COUNTERPART.get(name)))));
                return tests.stream();
            }
            if (!OF_ITS_HISTORY.containsAll(expected.propertyNames())) {
                tests.add(DynamicTest.dynamicTest(name, () -> check(each)));
            }
            if (OF_ITS_HISTORY.stream().anyMatch(expected::has)) {
                tests.add(DynamicTest.dynamicTest(
                        name + ": its segments",
                        () -> abort("a meter keeps no segments of its history; the ledger has the entries")));
            }
            return tests.stream();
        });
    }

    private static void check(JsonNode each) {
        Meter meter = run(each);
        JsonNode expected = each.get("expected");
        Map<String, Long> balances = meter.balances();
        if (expected.has("balances")) {
            for (Map.Entry<String, JsonNode> balance : expected.get("balances").properties()) {
                assertThat(balances.getOrDefault(balance.getKey(), 0L))
                        .as("what is left of %s", balance.getKey())
                        .isEqualTo(balance.getValue().asLong());
            }
        }
        if (expected.has("balances_rule")) {
            assertThat(expected.get("balances_rule").asString()).isEqualTo("grant-0 has 1; every other grant has 100");
            assertThat(balances).hasSize(100_000).containsEntry("grant-0", 1L);
            assertThat(balances.entrySet().stream()
                            .filter(entry -> !entry.getKey().equals("grant-0")))
                    .allMatch(entry -> entry.getValue() == 100);
        }
        number(expected, "overage")
                .ifPresent(overage -> assertThat(meter.overage()).as("overage").isEqualTo(overage));
        number(expected, "usage_since_reset")
                .ifPresent(used -> assertThat(meter.used()).isEqualTo(used));
        number(expected, "usage_in_period")
                .ifPresent(used -> assertThat(meter.used()).isEqualTo(used));
        number(expected, "balance")
                .ifPresent(left -> assertThat(meter.remaining()).isEqualTo(left));
        number(expected, "total_available")
                .ifPresent(limit -> assertThat(meter.limit()).isEqualTo(limit));
        if (expected.has("usage_since")) {
            assertThat(meter.periodStart())
                    .isEqualTo(Instant.parse(expected.get("usage_since").asString()));
        }
    }

    private static Optional<Long> number(JsonNode expected, String name) {
        return expected.has(name) ? Optional.of(expected.get(name).asLong()) : Optional.empty();
    }

    /** Consumes what the case says, each time with the meter read anew from what was stored. */
    private static Meter run(JsonNode each) {
        var conditions = new Case(each);
        Instant start = Instant.parse(each.get("start").get("at").asString());
        Instant until = Instant.parse(each.get("until").asString());
        String state = begin(each, conditions, start);
        List<JsonNode> usage = StreamSupport.stream(each.get("usage").spliterator(), false)
                .sorted(Comparator.comparing(
                        (JsonNode use) -> Instant.parse(use.get("at").asString())))
                .toList();
        for (JsonNode use : usage) {
            Instant at = Instant.parse(use.get("at").asString());
            long amount = amount(use.get("amount"));
            if (!at.isBefore(start) && at.isBefore(until) && amount > 0) {
                Meter meter = Meter.of(FEATURE, conditions, state, 0, at);
                assertThat(meter.ask(amount).allows()).isTrue();
                meter.consume(amount);
                state = meter.state();
            }
        }
        return Meter.of(FEATURE, conditions, state, 0, until);
    }

    private static String begin(JsonNode each, Case conditions, Instant start) {
        var state = new MeterState();
        state.asOf = start;
        UsagePeriod first = conditions.period(conditions.at(start), start);
        state.periodStart = first.start();
        state.periodEnd = first.end();
        boolean given = !each.has("level");
        for (GrantTerms grant : conditions.grants()) {
            JsonNode balance = each.get("start").get("balances").get(grant.id());
            if (given && balance != null && grant.activeAt(start)) {
                state.grants.put(grant.id(), new MeterState.Balance(amount(balance)));
            }
        }
        assertThat(amount(each.get("start").get("overage"))).isZero();
        if (each.has("start_usage")) {
            long used = amount(each.get("start_usage").get("usage"));
            state.used = used;
            state.stack.add(new MeterState.Run("a grant of before", used));
        }
        return state.json();
    }

    private static long amount(JsonNode number) {
        return new BigDecimal(number.asString()).longValueExact();
    }

    private static void checkOrder(JsonNode each) {
        Instant base = Instant.parse(each.get("base").asString());
        var buckets = new ArrayList<Meter.Bucket>();
        for (JsonNode grant : each.get("grants")) {
            Instant until = grant.has("expires_after_h")
                    ? base.plusMillis(new BigDecimal(
                                            grant.get("effective_offset_s").asString())
                                    .movePointRight(3)
                                    .longValueExact())
                            .plus(Duration.ofHours(grant.get("expires_after_h").asLong()))
                    : null;
            buckets.add(new Meter.Bucket(
                    grant.get("id").asString(),
                    grant.get("priority").asInt(),
                    until,
                    base.plus(Duration.ofHours(grant.get("created_at_offset_h").asLong())),
                    1,
                    null));
        }
        List<String> expected = StreamSupport.stream(each.get("expected_order").spliterator(), false)
                .map(JsonNode::asString)
                .toList();
        for (int seed = 0; seed < 100; seed++) {
            Collections.shuffle(buckets, new Random(seed));
            assertThat(buckets.stream().sorted(Meter.Bucket.BURN_ORDER).map(Meter.Bucket::id))
                    .containsExactlyElementsOf(expected);
        }
    }

    /** A case as a meter sees it: a plan that gives nothing and blocks nothing, periods from reset to reset, and the grants. */
    private static final class Case implements Meter.Conditions {
        private final boolean preservesOverage;
        private final TreeSet<Instant> resets = new TreeSet<>();
        private final Map<String, GrantTerms> byId = new HashMap<>();
        private final List<GrantTerms> grants;

        Case(JsonNode each) {
            preservesOverage =
                    each.has("preserve_overage") && each.get("preserve_overage").asBoolean();
            if (each.has("resets")) {
                each.get("resets").forEach(reset -> resets.add(Instant.parse(reset.asString())));
            }
            var all = new ArrayList<GrantTerms>();
            each.get("grants").forEach(grant -> all.add(grant(grant)));
            if (each.has("grant_generator")) {
                all.addAll(generated(each.get("grant_generator")));
            }
            // What is deleted before it begins is no grant.
            all.removeIf(grant -> grant.until() != null && !grant.until().isAfter(grant.from()));
            grants = List.copyOf(all);
            grants.forEach(grant -> byId.put(grant.id(), grant));
        }

        private static GrantTerms grant(JsonNode grant) {
            Instant from = Instant.parse(grant.get("effective_at").asString());
            Instant begins = from;
            Optional<Every> every = Optional.empty();
            if (grant.has("recurrence")) {
                every = Optional.of(
                        Every.parse(grant.get("recurrence").get("interval").asString()));
                // Ours are counted from the begin of the grant: one that was to begin at its anchor and was given later
                // does the same.
                from = every.get()
                        .periodAt(
                                from,
                                Instant.parse(
                                        grant.get("recurrence").get("anchor").asString()),
                                ZoneOffset.UTC)
                        .start();
            }
            Instant until = Stream.of("expires_at", "deleted_at", "voided_at")
                    .filter(grant::has)
                    .map(end -> Instant.parse(grant.get(end).asString()))
                    .min(Comparator.naturalOrder())
                    .orElse(null);
            return new GrantTerms(
                    grant.get("id").asString(),
                    amount(grant.get("amount")),
                    grant.get("priority").asInt(),
                    from,
                    until,
                    begins,
                    every,
                    grant.has("reset_min_rollover") ? amount(grant.get("reset_min_rollover")) : 0,
                    grant.has("reset_max_rollover") ? amount(grant.get("reset_max_rollover")) : Ticks.UNLIMITED,
                    until);
        }

        private static List<GrantTerms> generated(JsonNode generator) {
            Instant from = Instant.parse(generator.get("effective_at").asString());
            List<GrantTerms> all =
                    new ArrayList<>(LongStream.range(0, generator.get("count").asLong())
                            .mapToObj(i -> {
                                String id = generator.get("id").asString().replace("{i}", Long.toString(i));
                                JsonNode own = generator.get("override").get(id);
                                JsonNode days = (own == null ? generator : own).get("expires_days");
                                return new GrantTerms(
                                        id,
                                        amount(generator.get("amount")),
                                        generator.get("priority").asInt(),
                                        from,
                                        from.plus(Duration.ofDays(days.asLong())),
                                        from,
                                        Optional.empty(),
                                        0,
                                        Ticks.UNLIMITED,
                                        from.plus(Duration.ofDays(days.asLong())));
                            })
                            .toList());
            Collections.shuffle(all, new Random(1));
            return all;
        }

        @Override
        public Terms at(Instant time) {
            return new Terms(
                    FEATURE,
                    false,
                    0,
                    OverLimit.WARN,
                    Duration.ZERO,
                    List.of(),
                    Ticks.UNLIMITED,
                    List.of(),
                    preservesOverage,
                    Source.PLAN,
                    new PlanVersion("free", 1),
                    new Schedule(null, ZoneOffset.UTC, Instant.MIN),
                    Instant.MAX);
        }

        @Override
        public List<GrantTerms> grants() {
            return grants;
        }

        @Override
        public @Nullable GrantTerms byId(String id) {
            return byId.get(id);
        }

        @Override
        public UsagePeriod period(Terms terms, Instant at) {
            Instant start = resets.floor(at);
            Instant end = resets.higher(at);
            return new UsagePeriod(start == null ? LONG_AGO : start, end == null ? FAR_OFF : end);
        }
    }
}
