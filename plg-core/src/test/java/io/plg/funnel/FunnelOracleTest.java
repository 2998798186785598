package io.plg.funnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.funnel.FunnelQuery.Order;
import io.plg.funnel.Scenario.Feature;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** The engines against {@link FunnelOracle}, which tries everything, on random queries and histories. */
class FunnelOracleTest {

    private static final int TRIES = 1500;

    @Property(tries = TRIES)
    void aPlainOrderedFunnelMeansWhatTheOracleSays(@ForAll Random random) {
        check(
                random,
                Order.ORDERED,
                List.of(Feature.SHARED_EVENTS, Feature.CONDITIONS, Feature.FIRST_EVER, Feature.DATE_RANGE));
    }

    @Property(tries = TRIES)
    void anOrderedFunnelWithExclusionsMeansWhatTheOracleSays(@ForAll Random random) {
        check(random, Order.ORDERED, List.of(Feature.SHARED_EVENTS, Feature.DATE_RANGE, Feature.EXCLUSIONS));
    }

    @Property(tries = TRIES)
    void anOrderedFunnelWithHeldPropertyMeansWhatTheOracleSays(@ForAll Random random) {
        check(random, Order.ORDERED, List.of(Feature.SHARED_EVENTS, Feature.FIRST_EVER, Feature.HOLD));
    }

    @Property(tries = TRIES)
    void anOrderedFunnelWithWindowsPerStepMeansWhatTheOracleSays(@ForAll Random random) {
        check(random, Order.ORDERED, List.of(Feature.SHARED_EVENTS, Feature.STEP_WINDOWS));
    }

    @Property(tries = TRIES)
    void anOrderedFunnelWithOptionalStepsMeansWhatTheOracleSays(@ForAll Random random) {
        check(random, Order.ORDERED, List.of(Feature.SHARED_EVENTS, Feature.OPTIONAL));
    }

    @Property(tries = TRIES)
    void anOrderedFunnelWithEverythingMeansWhatTheOracleSays(@ForAll Random random) {
        check(random, Order.ORDERED, someOf(random));
    }

    @Property(tries = TRIES)
    void aPlainStrictFunnelMeansWhatTheOracleSays(@ForAll Random random) {
        check(random, Order.STRICT, List.of(Feature.SHARED_EVENTS));
    }

    @Property(tries = TRIES)
    void aStrictFunnelWithEverythingMeansWhatTheOracleSays(@ForAll Random random) {
        check(random, Order.STRICT, someOf(random));
    }

    @Property(tries = TRIES)
    void aPlainFunnelInAnyOrderMeansWhatTheOracleSays(@ForAll Random random) {
        check(random, Order.ANY, List.of());
    }

    @Property(tries = TRIES)
    void aFunnelInAnyOrderWithEverythingMeansWhatTheOracleSays(@ForAll Random random) {
        List<Feature> features = someOf(random);
        features.removeAll(List.of(Feature.OPTIONAL, Feature.STEP_WINDOWS));
        check(random, Order.ANY, features);
    }

    @Property(tries = TRIES)
    void theTimesOfAnOrderedFunnelAreThoseOfTheLatestEntry(@ForAll Random random) {
        Scenario scenario = Scenario.random(
                random, Order.ORDERED, List.of(Feature.SHARED_EVENTS, Feature.CONDITIONS, Feature.DATE_RANGE));
        Map<String, SubjectPath> paths = paths(scenario);
        for (String subject : scenario.subjects()) {
            List<Instant> expected = LatestEntry.times(scenario.query(), scenario.eventsOf(subject));
            List<Instant> actual = paths.containsKey(subject)
                    ? List.copyOf(paths.get(subject).times().values())
                    : List.of();
            assertThat(actual).as("subject %s of %s", subject, scenario).isEqualTo(expected);
        }
    }

    private static List<Feature> someOf(Random random) {
        List<Feature> features = new ArrayList<>(EnumSet.allOf(Feature.class));
        features.removeIf(feature -> random.nextInt(5) < 2);
        return features;
    }

    private static Map<String, SubjectPath> paths(Scenario scenario) {
        return scenario.analysis().paths().collect(Collectors.toMap(SubjectPath::subject, Function.identity()));
    }

    private static void check(Random random, Order order, List<Feature> features) {
        Scenario scenario = Scenario.random(random, order, features);
        Map<String, SubjectPath> paths = paths(scenario);
        Map<Integer, Long> reached = new HashMap<>();
        for (String subject : scenario.subjects()) {
            FunnelOracle.Answer expected = new FunnelOracle(scenario.query(), scenario.eventsOf(subject)).answer();
            SubjectPath actual = paths.get(subject);
            assertThat(actual == null ? 0 : actual.depth())
                    .as("depth of subject %s in %s", subject, scenario)
                    .isEqualTo(expected.depth());
            if (actual != null) {
                List<Object> times = new ArrayList<>();
                new LinkedHashMap<>(actual.times()).forEach((step, time) -> times.addAll(List.of(step, time)));
                assertThat(expected.possibleTimes())
                        .as("times of subject %s in %s", subject, scenario)
                        .contains(times);
                reached.merge(actual.depth(), 1L, Long::sum);
            }
        }
        FunnelReport report = scenario.analysis().report();
        assertThat(report.entered()).isEqualTo(paths.size());
        assertThat(report.converted())
                .isEqualTo(reached.getOrDefault(scenario.query().steps().size(), 0L));
    }
}
