package io.plg.virality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.plg.virality.GrowthModel.Step;
import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Duration;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class GrowthModelTest {
    private static final Duration DAY = Duration.ofDays(1);
    private static final double ALL_DIGITS = 1e-10; // per cent, so 12 digits

    @Provide
    Arbitrary<Double> ks() {
        return Arbitraries.oneOf(
                Arbitraries.doubles().between(0, 10),
                Arbitraries.doubles().between(0.99, 1.01).ofScale(8),
                Arbitraries.integers().between(-1_000, 1_000).map(ulps -> 1 + ulps * Math.ulp(1.0)),
                Arbitraries.integers().between(1, 17).map(digits -> 1 + Math.pow(10, -digits)),
                Arbitraries.integers().between(1, 17).map(digits -> 1 - Math.pow(10, -digits)),
                Arbitraries.of(0.0, Double.MIN_VALUE, 0.5, 1.0, 2.0));
    }

    @Property
    void aProjectionIsTheSumOfTheCycles(@ForAll("ks") double k, @ForAll @IntRange(max = 300) int cycles) {
        BigDecimal power = BigDecimal.ONE;
        BigDecimal sum = BigDecimal.ONE;
        for (int i = 0; i < cycles; i++) {
            power = power.multiply(new BigDecimal(k), new MathContext(60));
            sum = sum.add(power, new MathContext(60));
        }
        var model = new GrowthModel(10, k);
        assertThat(model.users(cycles)).isCloseTo(10 * sum.doubleValue(), withinPercentage(ALL_DIGITS));
        assertThat(model.newUsers(cycles)).isCloseTo(10 * power.doubleValue(), withinPercentage(ALL_DIGITS));
    }

    @Test
    void nearOneManyCyclesAreExactToo() {
        // e - 1 and its neighbours: (1 + 1/n)^n with n = 2^40
        double d = Math.scalb(1.0, -40);
        long n = 1L << 40;
        BigDecimal power = new BigDecimal(1 + d);
        for (int i = 0; i < 40; i++) {
            power = power.multiply(power, new MathContext(60));
        }
        double expected = power.subtract(BigDecimal.ONE)
                .divide(new BigDecimal(d), new MathContext(60))
                .doubleValue();
        assertThat(new GrowthModel(1, 1 + d).users(n - 1)).isCloseTo(expected, withinPercentage(ALL_DIGITS));
    }

    @Property
    void aProjectionAtTheEndOfACycleIsThatOfItsNumber(
            @ForAll("ks") double k, @ForAll @IntRange(max = 100) int cycles, @ForAll @IntRange(min = 1) int seconds) {
        var model = new GrowthModel(7, k);
        Duration cycle = Duration.ofSeconds(seconds);
        assertThat(model.users(cycle.multipliedBy(cycles), cycle)).isEqualTo(model.users(cycles));
    }

    @Test
    void usersGrowBetweenTheEndsOfCyclesToo() {
        assertThat(new GrowthModel(10, 2).users(Duration.ofHours(36), DAY))
                .isCloseTo(10 * (Math.pow(2, 2.5) - 1), withinPercentage(ALL_DIGITS));
        assertThat(new GrowthModel(10, 1).users(Duration.ofHours(36), DAY)).isEqualTo(25);
        assertThat(new GrowthModel(10, 0.25).users(Duration.ofMillis(500), Duration.ofSeconds(1)))
                .isCloseTo(10 * (1 - Math.pow(0.25, 1.5)) / 0.75, withinPercentage(ALL_DIGITS));
        assertThat(new GrowthModel(10, 3).users(Duration.ZERO, DAY)).isEqualTo(10);
    }

    @Test
    void stepsAreTheCyclesFromTheSeedsOn() {
        assertThat(new GrowthModel(10, 2).steps(2))
                .containsExactly(new Step(0, 10, 10), new Step(1, 20, 30), new Step(2, 40, 70));
        assertThat(new GrowthModel(10, 2).steps(0)).containsExactly(new Step(0, 10, 10));
        assertThat(new GrowthModel(10, 0).steps(1)).containsExactly(new Step(0, 10, 10), new Step(1, 0, 10));
    }

    @Test
    void belowOneThereIsACeiling() {
        var model = new GrowthModel(100, 0.75);
        assertThat(model.ceiling()).hasValue(400);
        assertThat(model.users(10)).isLessThan(400);
        assertThat(model.users(10_000)).isEqualTo(400);
        assertThat(new GrowthModel(100, 0).ceiling()).hasValue(100);
        assertThat(new GrowthModel(100, 1).ceiling()).isEmpty();
        assertThat(new GrowthModel(100, 2).ceiling()).isEmpty();
    }

    @Test
    void whatExceedsADoubleIsAnErrorAndNotInfinity() {
        var model = new GrowthModel(1, 2);
        assertThat(model.users(1022)).isEqualTo(Math.scalb(1.0, 1023)); // less one, which a double does not see
        assertThat(model.newUsers(1023)).isEqualTo(Math.scalb(1.0, 1023));
        assertThatExceptionOfType(ArithmeticException.class)
                .isThrownBy(() -> model.users(1023))
                .withMessageContaining("k = 2.0")
                .withMessageContaining("1023.0 cycles");
        assertThatExceptionOfType(ArithmeticException.class).isThrownBy(() -> model.newUsers(1024));
        assertThatExceptionOfType(ArithmeticException.class).isThrownBy(() -> model.steps(1024));
        assertThatExceptionOfType(ArithmeticException.class)
                .isThrownBy(() -> model.users(Duration.ofSeconds(Long.MAX_VALUE), Duration.ofNanos(1)));
        assertThatExceptionOfType(ArithmeticException.class)
                .isThrownBy(() -> new GrowthModel(1e308, 0.99).ceiling())
                .withMessageContaining("ceiling");
        assertThat(new GrowthModel(1, 1e200).users(1)).isEqualTo(1e200);
        assertThat(new GrowthModel(3, 1).users(Long.MAX_VALUE)).isEqualTo(3 * 0x1p63);
    }

    @Test
    void badInputIsRefusedWithItsValue() {
        refused(() -> new GrowthModel(0, 1), "seeds must be positive, was 0");
        refused(() -> new GrowthModel(-1, 1), "seeds", "was -1");
        refused(() -> new GrowthModel(Double.NaN, 1), "seeds", "was NaN");
        refused(() -> new GrowthModel(1, -0.5), "k must", "was -0.5");
        refused(() -> new GrowthModel(1, Double.POSITIVE_INFINITY), "k must", "was Infinity");
        var model = new GrowthModel(1, 1);
        refused(() -> model.users(-1), "cycles must not be negative, was -1");
        refused(() -> model.newUsers(-2), "cycle must not be negative, was -2");
        refused(() -> model.steps(-3), "cycles must be 0 to 100000, was -3");
        refused(() -> model.steps(100_001), "was 100001");
        refused(() -> model.users(DAY.negated(), DAY), "elapsed must not be negative, was PT-24H");
        refused(() -> model.users(DAY, Duration.ZERO), "cycle must be positive, was PT0S");
        refused(() -> model.users(DAY, DAY.negated()), "cycle must be positive, was PT-24H");
    }

    private static void refused(Runnable call, String... words) {
        assertThatIllegalArgumentException().isThrownBy(call::run).withMessageContainingAll(words);
    }
}
