package io.plg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.Period;
import java.time.format.DateTimeParseException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SettableClockTest {
    private final SettableClock clock = SettableClock.at("2026-01-31T23:00:00.000001Z");

    @Test
    void itStandsStillUntilItIsMoved() {
        assertThat(clock.instant()).isEqualTo(clock.instant()).isEqualTo("2026-01-31T23:00:00.000001Z");
        assertThat(clock.millis()).isEqualTo(clock.instant().toEpochMilli());
        assertThat(clock).hasToString("2026-01-31T23:00:00.000001Z");
    }

    @Test
    void itMovesByDurationsAndByTheCalendar() {
        clock.advance(Duration.ofMillis(1));
        assertThat(clock.instant()).isEqualTo("2026-01-31T23:00:00.001001Z");
        clock.advance(Period.ofMonths(1));
        assertThat(clock.instant()).isEqualTo("2026-02-28T23:00:00.001001Z");
        clock.advance(Period.ofYears(2));
        assertThat(clock.instant()).isEqualTo("2028-02-28T23:00:00.001001Z");
        clock.advance(Period.ofDays(1));
        assertThat(clock.instant()).isEqualTo("2028-02-29T23:00:00.001001Z");
        clock.advance(Duration.ofDays(-1).negated());
        assertThat(clock.instant()).isEqualTo("2028-03-01T23:00:00.001001Z");
        clock.advance(Duration.ofDays(-1));
        assertThat(clock.instant()).isEqualTo("2028-02-29T23:00:00.001001Z");
    }

    @Test
    void itCanBeSetToAnyTime() {
        clock.set(Instant.EPOCH);
        assertThat(clock.instant()).isEqualTo(Instant.EPOCH);
        assertThat(SettableClock.at(Instant.MAX).instant()).isEqualTo(Instant.MAX);
    }

    @Test
    void whatIsNoTimeIsRefusedAndLeavesItAsItWas() {
        Instant before = clock.instant();

        assertThatThrownBy(() -> SettableClock.at("yesterday")).isInstanceOf(DateTimeParseException.class);
        assertThatThrownBy(() -> clock.advance(Duration.ofSeconds(Long.MAX_VALUE)))
                .isInstanceOfAny(DateTimeException.class, ArithmeticException.class);
        assertThatThrownBy(() -> clock.advance(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> clock.set(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> SettableClock.at((Instant) null)).isInstanceOf(NullPointerException.class);

        assertThat(clock.instant()).isEqualTo(before);
    }

    @Test
    void noMoveIsLostWhenManyThreadsMoveIt() {
        IntStream.range(0, 10_000).parallel().forEach(i -> clock.advance(Duration.ofSeconds(1)));

        assertThat(clock.instant())
                .isEqualTo(Instant.parse("2026-01-31T23:00:00.000001Z").plusSeconds(10_000));
    }
}
