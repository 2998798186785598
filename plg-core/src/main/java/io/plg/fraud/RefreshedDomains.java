package io.plg.fraud;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Domains that are read again from time to time, when somebody asks. */
final class RefreshedDomains implements DomainList {
    private static final Logger LOG = LoggerFactory.getLogger(RefreshedDomains.class);
    private static final Duration MAX_REFRESH = Duration.ofDays(365);
    private static final Duration RETRY = Duration.ofMinutes(1);
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private final String name;
    private final ListSource source;
    private final Duration refreshEvery;
    private final InstantSource clock;
    private final AtomicReference<@Nullable CompletableFuture<Set<String>>> reading = new AtomicReference<>();
    private volatile @Nullable Set<String> good;
    private volatile Instant due = Instant.MIN;
    private volatile int reported;

    RefreshedDomains(String name, ListSource source, Duration refreshEvery, InstantSource clock) {
        if (refreshEvery.compareTo(Duration.ofSeconds(1)) < 0 || refreshEvery.compareTo(MAX_REFRESH) > 0) {
            throw new IllegalArgumentException(
                    "refreshEvery must be 1 second to 365 days (PT1S to PT8760H), was " + refreshEvery);
        }
        this.name = name;
        this.source = source;
        this.refreshEvery = refreshEvery;
        this.clock = Objects.requireNonNull(clock, "clock");
    }

    @Override
    public boolean contains(String domain) {
        String wanted = Domains.normalize(Objects.requireNonNull(domain, "domain"));
        Set<String> domains = good;
        if (domains == null || isDue()) {
            var mine = new CompletableFuture<Set<String>>();
            CompletableFuture<Set<String>> running = start(mine);
            // Who started it waits for it; the others only if there is nothing else.
            if (domains == null || running == mine) {
                domains = await(running);
            }
        }
        return wanted != null && domains.contains(wanted);
    }

    /** The domains, without waiting: those that are known, or else those that are being read. */
    CompletionStage<Set<String>> latest() {
        Set<String> known = good;
        if (known != null && !isDue()) {
            return CompletableFuture.completedFuture(known);
        }
        CompletableFuture<Set<String>> running = start(new CompletableFuture<>());
        return known == null ? running : CompletableFuture.completedFuture(known);
    }

    private boolean isDue() {
        return good == null || !clock.instant().isBefore(due);
    }

    /** Reads the list, unless somebody else does: then returns what that one waits for. */
    private CompletableFuture<Set<String>> start(CompletableFuture<Set<String>> mine) {
        CompletableFuture<Set<String>> running = reading.compareAndExchange(null, mine);
        if (running != null) {
            return running;
        }
        Set<String> known = good;
        if (known != null && !isDue()) { // somebody has finished it between the caller's look and now
            reading.set(null);
            mine.complete(known);
            return mine;
        }
        Instant now = clock.instant();
        CompletableFuture<byte[]> text;
        try {
            text = source.read();
        } catch (RuntimeException e) {
            text = CompletableFuture.failedFuture(e);
        }
        text.thenApply(DomainText::read).whenComplete((read, failure) -> finish(mine, now, read, failure));
        return mine;
    }

    private void finish(
            CompletableFuture<Set<String>> mine,
            Instant start,
            @Nullable DomainText read,
            @Nullable Throwable failure) {
        if (read != null) {
            report(read);
            good = read.domains();
            due = start.plus(refreshEvery);
            reading.set(null);
            mine.complete(read.domains());
            return;
        }
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        Set<String> known = good;
        if (known != null) {
            due = start.plus(refreshEvery.compareTo(RETRY) < 0 ? refreshEvery : RETRY);
            LOG.warn(
                    "the domain list {} could not be read again; the {} domains of last time stay",
                    name,
                    known.size(),
                    cause);
        }
        reading.set(null);
        mine.completeExceptionally(cause instanceof Error ? cause : new DomainListUnavailable(name, cause));
    }

    private void report(DomainText read) {
        if (read.skipped() > 0 && read.skipped() != reported) {
            LOG.warn(
                    "{} lines of the domain list {} are no domain and are skipped; the first is line {}",
                    read.skipped(),
                    name,
                    read.firstSkipped());
        }
        reported = read.skipped();
    }

    private Set<String> await(CompletableFuture<Set<String>> running) {
        Throwable failure;
        try {
            return running.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            failure =
                    e.getCause() instanceof DomainListUnavailable ? e.getCause().getCause() : e.getCause();
        } catch (TimeoutException e) {
            failure = e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            failure = e;
        }
        Set<String> known = good;
        if (known == null) {
            throw new DomainListUnavailable(name, failure);
        }
        return known;
    }

    @Override
    public String toString() {
        return "the domains of " + name;
    }
}
