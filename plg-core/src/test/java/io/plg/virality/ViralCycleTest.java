package io.plg.virality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ViralCycleTest {
    private static final long HOUR = 3_600_000_000L;

    @Test
    void theCycleTimeIsTheMedian() {
        ViralCycle cycle = ViralCycle.ofMicros(9 * HOUR, HOUR, 3 * HOUR).orElseThrow();
        assertThat(cycle).isEqualTo(new ViralCycle(3, 0, Duration.ofHours(3), Duration.ofMinutes(468)));
    }

    @Test
    void percentilesAreInterpolated() {
        ViralCycle cycle = ViralCycle.ofMicros(4 * HOUR, 2 * HOUR).orElseThrow();
        assertThat(cycle.p50()).isEqualTo(Duration.ofHours(3));
        assertThat(cycle.p90()).isEqualTo(Duration.ofMinutes(228));
    }

    @Test
    void negativeTimesAreKeptAndCounted() {
        ViralCycle cycle =
                ViralCycle.ofMicros(2 * HOUR, -HOUR, 0, -5 * HOUR, HOUR).orElseThrow();
        assertThat(cycle.n()).isEqualTo(5);
        assertThat(cycle.negative()).isEqualTo(2);
        assertThat(cycle.p50()).isZero();
        assertThat(ViralCycle.ofMicros(-1).orElseThrow().negative()).isEqualTo(1);
    }

    @Test
    void noReferralsHaveNoCycle() {
        assertThat(ViralCycle.ofMicros()).isEmpty();
    }

    @Test
    void theCallersTimesStayInTheirOrder() {
        long[] micros = {3, 1, 2};
        assertThat(ViralCycle.ofMicros(micros)).isPresent();
        assertThat(micros).containsExactly(3, 1, 2);
    }

    @Test
    void impossibleFiguresAreRefused() {
        Duration hour = Duration.ofHours(1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ViralCycle(0, 0, hour, hour))
                .withMessageContaining("n must be positive, was 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ViralCycle(1, 2, hour, hour))
                .withMessageContaining("negative must be from 0 to n = 1, was 2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ViralCycle(1, -1, hour, hour))
                .withMessageContaining("was -1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ViralCycle(1, 0, hour, Duration.ZERO))
                .withMessageContaining("p90 must not be below p50 = PT1H, was PT0S");
    }
}
