package io.plg.activation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CohortTest {
    private static final Instant FROM = Instant.parse("2026-03-01T00:00:00Z");
    private static final Instant TO = Instant.parse("2026-04-01T00:00:00Z");

    @Test
    void itHoldsItsStartAndNotItsEnd() {
        Cohort march = Cohort.signedUpBetween(FROM, TO);

        assertThat(march.contains(FROM)).isTrue();
        assertThat(march.contains(FROM.minusNanos(1))).isFalse();
        assertThat(march.contains(TO.minusNanos(1))).isTrue();
        assertThat(march.contains(TO)).isFalse();
        assertThat(march.contains(TO.plusNanos(999))).isFalse();
    }

    @Test
    void aMissingBoundIsNoBound() {
        assertThat(Cohort.everyone().contains(Instant.MIN)).isTrue();
        assertThat(Cohort.everyone().contains(Instant.parse("9999-12-31T23:59:59.999999Z")))
                .isTrue();
        assertThat(new Cohort(Optional.of(FROM), Optional.empty()).contains(FROM.minusSeconds(1)))
                .isFalse();
        assertThat(new Cohort(Optional.of(FROM), Optional.empty()).contains(TO)).isTrue();
        assertThat(new Cohort(Optional.empty(), Optional.of(TO)).contains(TO)).isFalse();
        assertThat(new Cohort(Optional.empty(), Optional.of(TO)).contains(FROM)).isTrue();
    }

    @Test
    void itsBoundsAreKeptInMicroseconds() {
        Cohort cohort = Cohort.signedUpBetween(FROM.plusNanos(1_999), TO.plusNanos(999));

        assertThat(cohort).isEqualTo(Cohort.signedUpBetween(FROM.plusNanos(1_000), TO));
    }

    @Test
    void itsStartIsBeforeItsEnd() {
        assertThatThrownBy(() -> Cohort.signedUpBetween(TO, FROM))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("from must be before to, was 2026-04-01T00:00:00Z and to was 2026-03-01T00:00:00Z");
        assertThatThrownBy(() -> Cohort.signedUpBetween(FROM, FROM)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Cohort.signedUpBetween(FROM, FROM.plusNanos(999)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Cohort.signedUpBetween(Instant.MIN, FROM))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Cohort.signedUpBetween(FROM, Instant.MAX))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
