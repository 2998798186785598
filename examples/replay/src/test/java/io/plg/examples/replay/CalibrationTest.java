package io.plg.examples.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.Plg;
import io.plg.activation.ActivationReport;
import io.plg.examples.replay.SimulatedProduct.Happening;
import io.plg.examples.replay.SimulatedProduct.Source;
import io.plg.funnel.Correlation;
import io.plg.funnel.EventSource;
import io.plg.funnel.FunnelAnalysis;
import io.plg.funnel.FunnelQuery;
import io.plg.funnel.FunnelReport;
import io.plg.stats.Rate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Calibration: the simulator's true figures against the library's 95 % intervals")
class CalibrationTest {
    private static final int PRODUCTS = 300;
    private static final int VISITORS = 1_000;
    private static final Instant MUCH_LATER = Instant.parse("2027-01-01T00:00:00Z");

    private static final FunnelQuery FUNNEL = FunnelQuery.builder()
            .step(SimulatedProduct.STEPS.get(0))
            .step(SimulatedProduct.STEPS.get(1))
            .step(SimulatedProduct.STEPS.get(2))
            .step(SimulatedProduct.STEPS.get(3))
            .breakdownBy("source")
            .build();

    private final Map<String, Integer> covered = new TreeMap<>();

    @Test
    @DisplayName("every interval covers the truth in 92 to 98 % of 300 products")
    void intervalsCoverTheTruth() {
        for (int seed = 1; seed <= PRODUCTS; seed++) {
            var product =
                    new SimulatedProduct(seed, VISITORS, Duration.ofDays(60), SimulatedProduct.LONGEST_WAY.plusDays(1));
            SimulatedProduct.History history = product.run();
            EventSource visitors = visitors(history.events());
            check(FunnelAnalysis.run(FUNNEL, visitors, MUCH_LATER));
            check(FunnelAnalysis.correlate(FUNNEL, visitors));
            check(activation(history));
        }

        assertThat(covered).hasSizeGreaterThanOrEqualTo(20);
        assertThat(covered)
                .allSatisfy((figure, times) -> assertThat(times)
                        .as("%s: covered in %d of %d", figure, times, PRODUCTS)
                        .isBetween(PRODUCTS * 92 / 100, PRODUCTS * 98 / 100));
    }

    /** Of those who were invited there are more or fewer by chance; everybody else comes from each source with a known weight. */
    private static EventSource visitors(List<Happening> events) {
        return sink -> {
            for (Happening event : events) {
                if (event.source() != Source.INVITE) {
                    sink.add(
                            event.user(),
                            event.name(),
                            event.micros(),
                            key -> key.equals("source") ? event.source().label() : null);
                }
            }
        };
    }

    private void check(FunnelReport report) {
        assertThat(report.inProgress()).isZero();
        check("funnel conversion", report.conversion(), truth(4));
        check("funnel conversion of finished", report.conversionOfFinished(), truth(4));
        for (int step = 2; step <= 4; step++) {
            FunnelReport.Step line = report.steps().get(step - 1);
            check("funnel step " + step + " of start", line.rateFromStart(), truth(step));
            check("funnel step " + step + " of previous", line.rateFromPrevious(), truth(step) / truth(step - 1));
        }
        report.breakdown().forEach((label, each) -> {
            Source source = Source.valueOf(label.toUpperCase(java.util.Locale.ROOT));
            check("funnel conversion of " + label, each.conversion(), source.truth(4));
            check("funnel step 2 of " + label, each.steps().get(1).rateFromStart(), source.truth(2));
        });
    }

    private void check(Correlation correlation) {
        Correlation.Behaviour tour = correlation.behaviours().stream()
                .filter(each -> each.event().equals(SimulatedProduct.TOUR))
                .findFirst()
                .orElseThrow();
        double truth = odds(SimulatedProduct.truth(source -> source.truth(true)))
                / odds(SimulatedProduct.truth(source -> source.truth(false)));
        count("odds ratio of the tour", tour.low() <= truth && truth <= tour.high());
    }

    private void check(ActivationAnswer answer) {
        answer.by().forEach((label, report) -> {
            Source source = Source.valueOf(label.toUpperCase(java.util.Locale.ROOT));
            check("activation of " + label, report.activationRate(), source.truth(3));
        });
        ActivationReport everybody = answer.report();
        check("activation", everybody.activationRate(), truth(3));
        check("activation step", everybody.steps().get(1).rate(), truth(3));
    }

    private static ActivationAnswer activation(SimulatedProduct.History history) {
        try (Plg plg = Plg.inMemory().funnel(ActivationLog.FUNNEL).build()) {
            var log = new ActivationLog("simulated", Optional.empty());
            log.begin(plg);
            history.users().stream()
                    .filter(user -> user.source() != Source.INVITE)
                    .forEach(user -> log.add(
                            user.id(),
                            user.signedUpAt(),
                            user.activatedAt(),
                            user.source().label()));
            log.end();
            return log.answer(plg, Optional.of("source"), "memory", true);
        }
    }

    private static double truth(int step) {
        return SimulatedProduct.truth(source -> source.truth(step));
    }

    private static double odds(double share) {
        return share / (1 - share);
    }

    private void check(String figure, Rate rate, double truth) {
        count(figure, rate.low() <= truth && truth <= rate.high());
    }

    private void count(String figure, boolean covers) {
        covered.merge(figure, covers ? 1 : 0, Integer::sum);
    }
}
