package io.plg.virality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class MeanIntervalTest {

    @Test
    void theQuantilesAreStudents() {
        // from printed tables; between them, from the incomplete beta function
        assertThat(MeanInterval.studentQuantile(1)).isEqualTo(12.706, within(0.001));
        double[][] table = {{2, 4.303}, {2.5, 3.575}, {3, 3.182}, {4, 2.776}, {5, 2.571}, {10, 2.228}, {30, 2.042}};
        for (double[] row : table) {
            assertThat(MeanInterval.studentQuantile(row[0])).isCloseTo(row[1], withinPercentage(0.8));
        }
        assertThat(MeanInterval.studentQuantile(120)).isEqualTo(1.9799, within(0.0001));
        assertThat(MeanInterval.studentQuantile(1e15)).isEqualTo(1.959964, within(0.000001));
    }

    @Test
    void theIntervalIsTheFormulas() {
        // computed apart with SciPy, whose quantiles are exact
        isAbout(MeanInterval.of(1_000, 700, 1_190), 0.649864, 0.754004);
        isAbout(MeanInterval.of(500, 350, 900), 0.605750, 0.808915);
        isAbout(MeanInterval.of(100, 10, 10), 0.052100, 0.191940);
    }

    private static void isAbout(MeanInterval interval, double low, double high) {
        assertThat(interval.low()).isEqualTo(low, within(0.00001));
        assertThat(interval.high()).isEqualTo(high, within(0.00001));
    }

    @Test
    void nobodyLeavesRoomForWhatWouldRarelyStayUnseen() {
        MeanInterval interval = MeanInterval.of(100, 0, 0);
        assertThat(interval.low()).isZero();
        assertThat(Math.exp(-100 * interval.high())).isEqualTo(0.025, within(1e-12));
    }

    @Test
    void equalMembersAndASingleOneLeaveDoubtToo() {
        MeanInterval equal = MeanInterval.of(30, 30, 30);
        assertThat(equal.low()).isBetween(0.9, 0.95);
        assertThat(equal.high()).isBetween(1.05, 1.1);
        MeanInterval single = MeanInterval.of(1, 2, 4);
        assertThat(single.low()).isBetween(0.0, 0.1);
        assertThat(single.high()).isBetween(100.0, 200.0);
    }

    @Property
    void theIntervalHoldsTheMean(@ForAll @Size(min = 1, max = 50) List<@LongRange(max = 1_000_000) Long> numbers) {
        ViralCounts counts =
                ViralCounts.ofMembers(numbers.stream().mapToLong(each -> each).toArray());
        MeanInterval interval = MeanInterval.of(counts.members(), counts.converted(), counts.squares());
        double mean = (double) counts.converted() / counts.members();
        assertThat(interval.low()).isBetween(0.0, mean);
        assertThat(interval.high()).isGreaterThan(mean).isFinite();
    }

    @Property
    void theSameSumFromFewerMembersIsLessCertain(
            @ForAll @LongRange(min = 4, max = 1_000_000) long members, @ForAll @LongRange(min = 2, max = 4) long each) {
        long contributors = members / 4;
        MeanInterval many = MeanInterval.of(members, contributors * each, contributors * each);
        MeanInterval few = MeanInterval.of(members, contributors * each, contributors * each * each);
        assertThat(few.low()).isLessThan(many.low());
        assertThat(few.high()).isGreaterThan(many.high());
    }

    @Test
    void hugeSumsLoseNoDigitsThatMatter() {
        MeanInterval interval = MeanInterval.of(1e18, 1e18, 2e18);
        assertThat(interval.low()).isEqualTo(1 - 1.96e-9, within(1e-11));
        assertThat(interval.high()).isEqualTo(1 + 1.96e-9, within(1e-11));
    }
}
