package io.plg.internal;

import io.plg.IdSource;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.UUID;

/** Version 7 UUIDs (RFC 9562 §5.7): 48 bits of Unix milliseconds, then random bits from a secure source. */
final class UuidV7 implements IdSource {
    private final InstantSource clock;
    private final SecureRandom random;

    UuidV7(InstantSource clock, SecureRandom random) {
        this.clock = clock;
        this.random = random;
    }

    @Override
    public UUID next() {
        long randomHigh = random.nextLong();
        long high = (clock.millis() << 16) | 0x7000L | (randomHigh & 0x0FFFL);
        long low = (random.nextLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L;
        return new UUID(high, low);
    }
}
