package io.plg.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class RateTest {

    @Test
    void theIntervalIsWilsons() {
        Rate rate = new Rate(15, 50); // a textbook case: 0.1910 to 0.4375
        assertThat(rate.value()).isEqualTo(0.3);
        assertThat(rate.low()).isEqualTo(0.1910, within(0.0001));
        assertThat(rate.high()).isEqualTo(0.4375, within(0.0001));
    }

    @Test
    void theIntervalIsThatOfPublishedExamples() {
        // R. G. Newcombe, Statistics in Medicine 17, 1998, table I, method 3
        assertThat(new Rate(81, 263).low()).isEqualTo(0.2553, within(0.00005));
        assertThat(new Rate(81, 263).high()).isEqualTo(0.3662, within(0.00005));
        assertThat(new Rate(15, 148).low()).isEqualTo(0.0624, within(0.00005));
        assertThat(new Rate(15, 148).high()).isEqualTo(0.1605, within(0.00005));
        assertThat(new Rate(0, 20).high()).isEqualTo(0.1611, within(0.00005));
    }

    @Test
    void nobodyAndEverybodyHaveAnIntervalToo() {
        assertThat(new Rate(0, 10).low()).isZero();
        assertThat(new Rate(0, 10).high()).isEqualTo(0.2775, within(0.0001));
        assertThat(new Rate(10, 10).low()).isEqualTo(0.7225, within(0.0001));
        assertThat(new Rate(10, 10).high()).isEqualTo(1);
    }

    @Test
    void withoutTrialsNothingIsKnown() {
        Rate rate = new Rate(0, 0);
        assertThat(rate.isDefined()).isFalse();
        assertThat(rate.value()).isNaN();
        assertThat(rate.low()).isZero();
        assertThat(rate.high()).isEqualTo(1);
        assertThat(rate).hasToString("unknown (n = 0)");
        assertThat(new Rate(0, 1).isDefined()).isTrue();
    }

    @Test
    void theTextNamesTheSampleSize() {
        assertThat(new Rate(15, 50)).hasToString("30.0 % (19.1–43.8 %, n = 50)");
    }

    @Test
    void impossibleCountsAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Rate(0, -1)).withMessageContaining("was -1");
        assertThatIllegalArgumentException().isThrownBy(() -> new Rate(3, 2)).withMessageContaining("was 3");
        assertThatIllegalArgumentException().isThrownBy(() -> new Rate(-3, 2)).withMessageContaining("was -3");
    }

    @Property
    void theIntervalHoldsTheValue(
            @ForAll @LongRange(max = 1_000_000_000_000L) long a, @ForAll @LongRange(max = 1_000_000_000_000L) long b) {
        Rate rate = new Rate(Math.min(a, b), Math.max(1, Math.max(a, b)));
        assertThat(rate.low()).isBetween(0.0, rate.value());
        assertThat(rate.high()).isBetween(rate.value(), 1.0);
    }
}
