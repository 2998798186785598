package io.plg.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class StatsTest {

    @Test
    void a_rate_has_the_wilson_interval() {
        // Published worked values: 15 of 148 and 0 of 20 (R. G. Newcombe, Statistics in Medicine 17, 1998, table I,
        // method 3: 81 of
        // 263, 15 of 148, 0 of 20).
        assertThat(new Rate(81, 263).low()).isCloseTo(0.2553, within(0.00005));
        assertThat(new Rate(81, 263).high()).isCloseTo(0.3662, within(0.00005));
        assertThat(new Rate(15, 148).low()).isCloseTo(0.0624, within(0.00005));
        assertThat(new Rate(15, 148).high()).isCloseTo(0.1605, within(0.00005));
        assertThat(new Rate(0, 20).low()).isZero();
        assertThat(new Rate(0, 20).high()).isCloseTo(0.1611, within(0.00005));
        assertThat(new Rate(20, 20).high()).isEqualTo(1);
    }

    @Test
    void a_rate_of_nothing_is_unknown() {
        Rate none = new Rate(0, 0);

        assertThat(none.isDefined()).isFalse();
        assertThat(none.value()).isNaN();
        assertThat(none.low()).isZero();
        assertThat(none.high()).isOne();
        assertThat(none).hasToString("unknown (n = 0)");
    }

    @Test
    void a_rate_that_cannot_be_is_refused() {
        assertThatThrownBy(() -> new Rate(3, 2)).hasMessageContaining("3").hasMessageContaining("2");
        assertThatThrownBy(() -> new Rate(-1, 2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Rate(0, -1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void percentiles_are_interpolated() {
        DurationSummary summary = DurationSummary.ofMicros(4_000_000, 1_000_000, 2_000_000, 3_000_000)
                .orElseThrow();

        assertThat(summary.n()).isEqualTo(4);
        assertThat(summary.mean()).isEqualTo(Duration.ofMillis(2_500));
        assertThat(summary.p50()).isEqualTo(Duration.ofMillis(2_500));
        assertThat(summary.p75()).isEqualTo(Duration.ofMillis(3_250));
        assertThat(summary.p90()).isEqualTo(Duration.ofMillis(3_700));
        assertThat(DurationSummary.ofMicros()).isEmpty();
        assertThat(DurationSummary.ofMicros(7).orElseThrow().p90()).isEqualTo(Duration.ofNanos(7_000));
    }

    @Test
    void percentiles_hold_for_any_times() {
        var random = new Random(17);
        for (int round = 0; round < 200; round++) {
            long[] micros = random.longs(1 + random.nextInt(40), -5_000_000_000L, 5_000_000_000L)
                    .toArray();
            DurationSummary summary = DurationSummary.ofMicros(micros).orElseThrow();

            long[] sorted = micros.clone();
            Arrays.sort(sorted);
            double position = 0.9 * (sorted.length - 1);
            int below = (int) Math.floor(position);
            int above = Math.min(below + 1, sorted.length - 1);
            double expected = sorted[below] + (position - below) * (sorted[above] - sorted[below]);
            assertThat(summary.p90().toNanos() / 1_000.0).isCloseTo(expected, within(0.01));
            assertThat(summary.mean().toNanos() / 1_000.0)
                    .isCloseTo(LongStream.of(micros).average().orElseThrow(), within(0.01));
        }
    }

    @Test
    void a_histogram_has_as_many_bins_as_the_cube_root_of_n() {
        assertThat(bins(LongStream.rangeClosed(1, 8).toArray())).containsExactly(4L, 4L);
        assertThat(bins(LongStream.rangeClosed(1, 9).toArray())).containsExactly(3L, 3L, 3L);
        assertThat(bins(2_220, 3_600, 82_800)).containsExactly(2L, 1L);
        assertThat(bins(LongStream.rangeClosed(1, 1_000_000).toArray())).hasSize(60);
    }

    @Test
    void the_last_bin_is_closed_and_empty_bins_are_there() {
        Histogram histogram = Histogram.ofMicros(0, 0, 0, 0, 0, 0, 0, 0, 100).orElseThrow();

        assertThat(histogram.bins()).extracting(Histogram.Bin::count).containsExactly(8L, 0L, 1L);
        assertThat(histogram.bins().get(0).from()).isZero();
        assertThat(histogram.bins().get(2).to()).isEqualTo(Duration.ofNanos(100_000));
    }

    @Test
    void equal_times_make_one_bin() {
        assertThat(bins(5, 5, 5, 5, 5, 5, 5, 5, 5)).containsExactly(9L);
        assertThat(Histogram.ofMicros()).isEmpty();
    }

    private static List<Long> bins(long... micros) {
        return Histogram.ofMicros(micros).orElseThrow().bins().stream()
                .map(Histogram.Bin::count)
                .toList();
    }
}
