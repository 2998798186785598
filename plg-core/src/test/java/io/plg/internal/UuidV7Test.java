package io.plg.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.IdSource;
import io.plg.SettableClock;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class UuidV7Test {
    private final SettableClock clock = SettableClock.at("2026-04-12T08:00:00.123999Z");
    private final UuidV7 ids = new UuidV7(clock, new SecureRandom());

    @Test
    void theyHaveVersion7AndTheVariantOfTheRfc() {
        for (int i = 0; i < 1_000; i++) {
            UUID id = ids.next();
            assertThat(id.version()).isEqualTo(7);
            assertThat(id.variant()).isEqualTo(2);
        }
    }

    @Test
    void theyBeginWithTheMillisecondsSince1970() {
        assertThat(ids.next().getMostSignificantBits() >>> 16)
                .isEqualTo(Instant.parse("2026-04-12T08:00:00.123Z").toEpochMilli());
        // The example of RFC 9562, appendix A.6.
        clock.set(Instant.ofEpochMilli(0x017F22E279B0L));
        assertThat(ids.next()).asString().startsWith("017f22e2-79b0-7");
    }

    @Test
    void theySortByTheMillisecondOfTheirMaking() {
        var made = new ArrayList<String>();
        for (int i = 0; i < 1_000; i++) {
            made.add(ids.next().toString());
            clock.advance(Duration.ofMillis(i % 2 == 0 ? 1 : 86_400_001));
        }
        assertThat(made).isSorted();
    }

    @Test
    void everyOtherBitIsRandomAndNoTwoAreTheSame() {
        var seen = new HashSet<UUID>();
        long everSetHigh = 0;
        long everSetLow = 0;
        long alwaysSetHigh = -1;
        long alwaysSetLow = -1;
        for (int i = 0; i < 10_000; i++) {
            UUID id = ids.next();
            assertThat(seen.add(id)).isTrue();
            everSetHigh |= id.getMostSignificantBits();
            everSetLow |= id.getLeastSignificantBits();
            alwaysSetHigh &= id.getMostSignificantBits();
            alwaysSetLow &= id.getLeastSignificantBits();
        }
        assertThat(everSetHigh & 0xFFF).isEqualTo(0xFFF);
        assertThat(alwaysSetHigh & 0xFFF).isZero();
        assertThat(everSetLow).isEqualTo(0xBFFF_FFFF_FFFF_FFFFL);
        assertThat(alwaysSetLow).isEqualTo(0x8000_0000_0000_0000L);
    }

    @Test
    void theDefaultSourceMakesThemOnManyThreads() {
        IdSource system = PlgRuntime.systemIds();

        var made = Stream.generate(system::next).parallel().limit(20_000).toList();

        assertThat(made).doesNotHaveDuplicates().allMatch(id -> id.version() == 7);
        long millis = made.get(0).getMostSignificantBits() >>> 16;
        assertThat(Duration.between(Instant.ofEpochMilli(millis), Instant.now()).abs())
                .isLessThan(Duration.ofMinutes(1));
    }
}
