package io.plg.internal;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Keeps strangers from trying codes until one fits: a source that tried too many that do not exist is not answered for a while, on this node. */
final class Guesses {
    private static final int MOST = 20;
    private static final int MOST_OF_NOWHERE = 1_000;
    private static final String NOWHERE = "";

    private final Cache<String, AtomicInteger> misses;

    Guesses(InstantSource clock) {
        this.misses = Caffeine.newBuilder()
                .expireAfterWrite(Duration.ofMinutes(1))
                .maximumSize(100_000)
                .ticker(() -> TimeUnit.MILLISECONDS.toNanos(clock.millis()))
                .build();
    }

    /** From where somebody comes: the network of the address, else the device, else nowhere. */
    static String source(Optional<String> ip, Optional<String> device) {
        return ip.flatMap(Pepper::network).or(() -> device).orElse(NOWHERE);
    }

    boolean tooMany(String source) {
        AtomicInteger count = misses.getIfPresent(source);
        return count != null && count.get() >= (source.equals(NOWHERE) ? MOST_OF_NOWHERE : MOST);
    }

    void missed(String source) {
        misses.get(source, key -> new AtomicInteger()).incrementAndGet();
    }
}
