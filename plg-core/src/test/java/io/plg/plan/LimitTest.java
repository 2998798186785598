package io.plg.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LimitTest {

    @Test
    void byDefaultMoreIsDeniedAndTheHostIsToldAtEightyPercent() {
        Limit limit = Limit.of(300);
        assertThat(limit.amount()).isEqualTo("300");
        assertThat(limit.isUnlimited()).isFalse();
        assertThat(limit.overLimit()).isEqualTo(OverLimit.BLOCK);
        assertThat(limit.grace()).isZero();
        assertThat(limit.windows()).isEmpty();
        assertThat(limit.perMember()).isNull();
        assertThat(limit.thresholds()).containsExactly(80);
        assertThat(limit.preservesOverage()).isFalse();
        assertThat(Limit.unlimited().isUnlimited()).isTrue();
        assertThat(Limit.unlimited().amount()).isNull();
        assertThat(Limit.of(0).isUnlimited()).isFalse();
    }

    @Test
    void eachSettingKeepsTheOthers() {
        Limit limit = Limit.of(300)
                .grace(Duration.ofDays(3))
                .atMost(50, Every.DAY)
                .atMost(new BigDecimal("120"), Every.WEEK)
                .perMember(10)
                .thresholds(50, 80, 100)
                .preservingOverage();
        assertThat(limit)
                .isEqualTo(new Limit(
                        new BigDecimal(300),
                        OverLimit.GRACE,
                        Duration.ofDays(3),
                        List.of(
                                new Limit.Window(new BigDecimal(50), Every.DAY),
                                new Limit.Window(new BigDecimal(120), Every.WEEK)),
                        new BigDecimal(10),
                        List.of(50, 80, 100),
                        true));
        assertThat(limit.windows().get(0)).hasToString("50 every day");
        assertThat(limit.warn().overLimit()).isEqualTo(OverLimit.WARN);
        assertThat(limit.warn().grace()).isZero();
        assertThat(limit.warn().windows()).hasSize(2);
        assertThat(limit.block().overLimit()).isEqualTo(OverLimit.BLOCK);
        assertThat(limit.block().grace()).isZero();
        assertThat(limit.thresholds().size()).isEqualTo(3);
        assertThat(limit.withoutThresholds().thresholds()).isEmpty();
        assertThat(limit.withoutThresholds().preservesOverage()).isTrue();
    }

    @Test
    void equalAmountsAreEqualWhateverZerosTheyEndIn() {
        assertThat(Limit.of(new BigDecimal("300.000"))).isEqualTo(Limit.of(300)).hasSameHashCodeAs(Limit.of(300));
        assertThat(Limit.of(new BigDecimal("3E+2"))).isEqualTo(Limit.of(300)).hasSameHashCodeAs(Limit.of(300));
        assertThat(Limit.of(new BigDecimal("1.50"))).isEqualTo(Limit.of(new BigDecimal("1.5")));
        assertThat(Limit.of(1).perMember(new BigDecimal("2.0")))
                .isEqualTo(Limit.of(1).perMember(2));
        assertThat(Limit.of(9).atMost(new BigDecimal("2.0"), Every.DAY))
                .isEqualTo(Limit.of(9).atMost(2, Every.DAY));
        assertThat(Limit.of(new BigDecimal("0.000"))).isEqualTo(Limit.of(0));
    }

    @Test
    void amountsOutOfRangeAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Limit.of(-3))
                .withMessage("limit must not be negative, was -3");
        assertThat(Limit.of(1_000_000_000_000_000_000L).amount()).isEqualTo("1000000000000000000");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Limit.of(1_000_000_000_000_000_001L))
                .withMessage("limit must be at most 10^18, was 1000000000000000001");
        assertThatIllegalArgumentException().isThrownBy(() -> Limit.of(new BigDecimal("1E+1000000000")));
        assertThatIllegalArgumentException().isThrownBy(() -> Limit.of(new BigDecimal("1E-1000000000")));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Limit.of(new BigDecimal("0.0000001")))
                .withMessage("limit must have at most 6 decimals, was 1E-7");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Limit.of(1).perMember(0))
                .withMessage("perMember must be positive, was 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Limit.of(1).atMost(0, Every.DAY))
                .withMessage("amount of a window must be positive, was 0");
    }

    @Test
    void aGraceIsPositiveAndOnlyForGrace() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Limit.of(1).grace(Duration.ZERO))
                .withMessage("grace must be positive, was PT0S");
        assertThatIllegalArgumentException().isThrownBy(() -> Limit.of(1).grace(Duration.ofDays(-1)));
        assertThatIllegalArgumentException().isThrownBy(() -> Limit.of(1).grace(Duration.ofDays(36_501)));
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> new Limit(null, OverLimit.WARN, Duration.ofDays(1), List.of(), null, List.of(), false))
                .withMessage("grace must be zero unless overLimit is GRACE, was PT24H");
    }

    @Test
    void windowsOfTheSameIntervalAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        Limit.of(9).atMost(2, Every.DAY).atMost(3, Every.HOUR).atMost(3, Every.DAY))
                .withMessage("windows must have different intervals, \"day\" is there twice");
    }

    @Test
    void thresholdsAscendFromOneToAThousand() {
        assertThat(Limit.of(1).thresholds(1, 1000).thresholds()).containsExactly(1, 1000);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Limit.of(1).thresholds(0, 80))
                .withMessage("thresholds must be 1 to 1000 percent, was 0");
        assertThatIllegalArgumentException().isThrownBy(() -> Limit.of(1).thresholds(1001));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Limit.of(1).thresholds(80, 50))
                .withMessage("thresholds must be ascending and distinct, 50 comes after 80");
        assertThatIllegalArgumentException().isThrownBy(() -> Limit.of(1).thresholds(80, 80));
    }

    @Test
    void whatIsGivenIsCopied() {
        var thresholds = new ArrayList<>(List.of(50));
        Limit limit = new Limit(null, OverLimit.BLOCK, Duration.ZERO, List.of(), null, thresholds, false);
        thresholds.add(80);
        assertThat(limit.thresholds()).containsExactly(50);
    }
}
