package io.plg.stats;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class HistogramTest {

    private static Duration micros(long micros) {
        return Duration.ofNanos(micros * 1_000);
    }

    @Test
    void binsAreOfEqualWidthAndTheLastIsClosed() {
        assertThat(Histogram.ofMicros(10, 0, 5).orElseThrow().bins())
                .containsExactly(
                        new Histogram.Bin(micros(0), micros(5), 1), new Histogram.Bin(micros(5), micros(10), 2));
    }

    @Test
    void emptyBinsAreIncluded() {
        long[] times = new long[27];
        times[26] = 3;
        assertThat(Histogram.ofMicros(times).orElseThrow().bins())
                .extracting(Histogram.Bin::count)
                .containsExactly(26L, 0L, 1L);
    }

    @Test
    void equalTimesMakeOneBin() {
        assertThat(Histogram.ofMicros(4, 4, 4, 4, 4, 4, 4, 4, 4).orElseThrow().bins())
                .containsExactly(new Histogram.Bin(micros(4), micros(4), 9));
    }

    @Test
    void noTimesHaveNoHistogram() {
        assertThat(Histogram.ofMicros()).isEmpty();
    }

    @Test
    void thereAreAsManyBinsAsTheCubeRootAndAtMostSixty() {
        assertThat(binsOf(1)).isEqualTo(1);
        assertThat(binsOf(2)).isEqualTo(2);
        assertThat(binsOf(8)).isEqualTo(2);
        assertThat(binsOf(9)).isEqualTo(3);
        assertThat(binsOf(125)).isEqualTo(5);
        assertThat(binsOf(126)).isEqualTo(6);
        assertThat(binsOf(60 * 60 * 60)).isEqualTo(60);
        assertThat(binsOf(60 * 60 * 60 + 1)).isEqualTo(60);
    }

    private static int binsOf(int n) {
        long[] times = LongStream.range(0, n).toArray();
        return Histogram.ofMicros(times).orElseThrow().bins().size();
    }

    @Property
    void everyTimeIsInTheBinWhoseEdgesSaySo(
            @ForAll @Size(min = 1, max = 100) List<@LongRange(max = 1L << 61) Long> values) {
        long[] times = values.stream().mapToLong(Long::longValue).toArray();
        List<Histogram.Bin> bins = Histogram.ofMicros(times).orElseThrow().bins();
        long min = Arrays.stream(times).min().orElseThrow();
        BigInteger range = BigInteger.valueOf(Arrays.stream(times).max().orElseThrow() - min);
        for (int i = 0; i < bins.size(); i++) {
            BigInteger size = BigInteger.valueOf(bins.size());
            BigInteger edge = range.multiply(BigInteger.valueOf(i))
                    .add(size.subtract(BigInteger.ONE))
                    .divide(size)
                    .add(BigInteger.valueOf(min));
            Histogram.Bin bin = bins.get(i);
            assertThat(bin.from()).isEqualTo(Duration.of(edge.longValue(), java.time.temporal.ChronoUnit.MICROS));
            boolean last = i == bins.size() - 1;
            assertThat(bin.count())
                    .isEqualTo(values.stream()
                            .map(value -> Duration.of(value, java.time.temporal.ChronoUnit.MICROS))
                            .filter(time -> time.compareTo(bin.from()) >= 0
                                    && (time.compareTo(bin.to()) < 0 || last && time.equals(bin.to())))
                            .count());
        }
    }
}
