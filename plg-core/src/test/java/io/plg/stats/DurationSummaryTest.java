package io.plg.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class DurationSummaryTest {

    private static Duration micros(long micros) {
        return Duration.ofNanos(micros * 1_000);
    }

    @Test
    void percentilesAreInterpolatedLikePostgresDoes() {
        // select percentile_cont(p) within group (order by v) from (values (10), (20), (30), (40), (50), (100)) t(v)
        DurationSummary summary =
                DurationSummary.ofMicros(100, 10, 30, 20, 50, 40).orElseThrow();
        assertThat(summary.n()).isEqualTo(6);
        assertThat(summary.p50()).isEqualTo(micros(35));
        assertThat(summary.p75()).isEqualTo(Duration.ofNanos(47_500));
        assertThat(summary.p90()).isEqualTo(micros(75));
        assertThat(summary.mean()).isEqualTo(Duration.ofNanos(41_666));
    }

    @Test
    void timesMayBeNegative() {
        DurationSummary summary =
                DurationSummary.ofMicros(-3_000_000, 1, 1_500_000).orElseThrow();
        assertThat(summary.mean()).isEqualTo(Duration.ofNanos(-499_999_666));
        assertThat(summary.p75()).isEqualTo(Duration.ofNanos(750_000_500));
    }

    @Test
    void oneTimeIsItsOwnSummary() {
        Duration time = micros(7);
        assertThat(DurationSummary.ofMicros(7)).contains(new DurationSummary(1, time, time, time, time));
    }

    @Test
    void noTimesHaveNoSummary() {
        assertThat(DurationSummary.ofMicros()).isEmpty();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new DurationSummary(0, Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ZERO))
                .withMessageContaining("was 0");
    }

    @Test
    void theGivenTimesStayAsTheyAre() {
        long[] times = {3, 1, 2};
        DurationSummary.ofMicros(times);
        assertThat(times).containsExactly(3, 1, 2);
    }

    @Test
    void longTimesDoNotOverflow() {
        long[] times = new long[1_000];
        java.util.Arrays.fill(times, 1L << 61);
        times[0] = 0;
        DurationSummary summary = DurationSummary.ofMicros(times).orElseThrow();
        assertThat(summary.p50()).isEqualTo(Duration.of(1L << 61, java.time.temporal.ChronoUnit.MICROS));
        assertThat(summary.mean())
                .isEqualTo(Duration.of(1L << 61, java.time.temporal.ChronoUnit.MICROS)
                        .multipliedBy(999)
                        .dividedBy(1000));
    }
}
