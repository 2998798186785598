package io.plg.virality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whether the 95 % interval of K covers the truth as often as it says, in products of which the truth is known. */
class CoverageTest {
    private static final int PRODUCTS = 300;

    @Test
    void theIntervalCoversTheTruthOfProductsOfAllKinds() {
        Offspring[] kinds = Offspring.values();
        int covered = 0;
        for (int seed = 1; seed <= PRODUCTS; seed++) {
            covered += covers(kinds[seed % kinds.length], seed) ? 1 : 0;
        }
        assertThat(covered).isBetween(PRODUCTS * 92 / 100, PRODUCTS * 98 / 100);
    }

    @ParameterizedTest
    @EnumSource
    void theIntervalCoversTheTruthOfProductsOfEachKind(Offspring kind) {
        int covered = 0;
        for (int seed = 1001; seed <= 1000 + PRODUCTS; seed++) {
            covered += covers(kind, seed) ? 1 : 0;
        }
        assertThat(covered).isBetween(PRODUCTS * 92 / 100, PRODUCTS * 98 / 100);
    }

    /** Of many small cohorts, where approximations fail first; the bounds are wider, as few senders can all be missing. */
    @ParameterizedTest
    @EnumSource
    void theIntervalCoversTheTruthOfSmallProducts(Offspring kind) {
        var random = new SplittableRandom(20);
        int covered = 0;
        for (int i = 0; i < 3_000; i++) {
            covered += covers(kind, random, 0.5, 30) ? 1 : 0;
        }
        assertThat(covered / 3_000.0).isBetween(0.90, 0.98);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.1, 0.5, 1, 1.5})
    void theSimulatedProductsHaveTheMeanThatTheyShould(double k) {
        for (Offspring kind : Offspring.values()) {
            var random = new SplittableRandom(3);
            double sum = 0;
            for (long each : kind.draw(random, k, 100_000)) {
                sum += each;
            }
            assertThat(sum / 100_000).as(kind.name()).isEqualTo(k, within(0.05 * Math.sqrt(k)));
        }
    }

    private static boolean covers(Offspring kind, int seed) {
        var random = new SplittableRandom(seed);
        double k = 0.1 + 1.4 * random.nextDouble();
        int members = (int) Math.round(30 * Math.pow(5_000 / 30.0, random.nextDouble())); // as many small as large ones
        return covers(kind, random, k, members);
    }

    private static boolean covers(Offspring kind, SplittableRandom random, double k, int members) {
        KFactor estimate = KFactor.ofGraph(ViralCounts.ofMembers(kind.draw(random, k, members)))
                .orElseThrow();
        return estimate.low() <= k && k <= estimate.high();
    }
}
