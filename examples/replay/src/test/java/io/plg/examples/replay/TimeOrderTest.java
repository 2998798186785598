package io.plg.examples.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The order of time")
class TimeOrderTest {

    @Test
    @DisplayName("is that of a stable sort, whatever was in order before")
    void likeAStableSort() {
        var random = new SplittableRandom(1);
        for (int round = 0; round < 500; round++) {
            int size = random.nextInt(200);
            int values = 1 + random.nextInt(50);
            int runs = 1 + random.nextInt(5);
            long[] times = random.longs(size, 0, values).toArray();
            if (round % 2 == 0) {
                for (int run = 0; run < runs; run++) {
                    java.util.Arrays.sort(times, size * run / runs, size * (run + 1) / runs);
                }
            }

            int[] expected = IntStream.range(0, size)
                    .boxed()
                    .sorted(Comparator.comparingLong(i -> times[i]))
                    .mapToInt(i -> i)
                    .toArray();
            assertThat(TimeOrder.of(times, size)).containsExactly(expected);
        }
    }
}
