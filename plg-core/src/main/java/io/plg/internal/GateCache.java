package io.plg.internal;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.plg.WorkspaceId;
import io.plg.gate.GateDecision;
import io.plg.plan.Feature;
import io.plg.plan.PlanCatalog;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What is remembered about gates. What is certain is used only while the feed of changes is known to be read. Clear answers last until something is said about the
 * workspace or half of a limit is used, which whoever does it notes in the feed; full answers last a second.
 *
 * <p>Beside it stands what was seen last, whatever has become of it: enough to guess under which limit a consumption will be decided, which the store then
 * verifies.
 */
final class GateCache {
    private static final int MAX_WORKSPACES = 100_000;
    private static final long LOOK_LASTS = TimeUnit.SECONDS.toNanos(1);

    private final Cache<WorkspaceId, Known> certain =
            Caffeine.newBuilder().maximumSize(MAX_WORKSPACES).build();
    private final Cache<WorkspaceId, WorkspaceFacts> seen =
            Caffeine.newBuilder().maximumSize(MAX_WORKSPACES).build();
    private final @Nullable FeedReader reader;
    private final InstantSource clock;
    private volatile @Nullable Places places;

    /** How often something was dropped. */
    private final AtomicLong drops = new AtomicLong();

    GateCache(@Nullable FeedReader reader, InstantSource clock) {
        this.reader = reader;
        this.clock = clock;
    }

    /** Whether anything may be remembered at all. */
    boolean remembers() {
        return reader != null && reader.upToDate();
    }

    /** The clear answer that is remembered, without any I/O: 1 for yes, 0 for no, -1 for none. */
    int clear(WorkspaceId workspace, Feature feature, PlanCatalog catalog) {
        FeedReader feed = reader;
        if (feed == null || !feed.isFresh()) {
            return -1;
        }
        Known known = certain.getIfPresent(workspace);
        return known == null || known.catalog != catalog ? -1 : known.clear(feature, clock);
    }

    /** What is certain about a workspace, read if need be. It is not kept if a change of any workspace came while it was being read. */
    Known known(WorkspaceId workspace, PlanCatalog catalog, Function<WorkspaceId, WorkspaceFacts> read) {
        Known known = certain.getIfPresent(workspace);
        if (known != null && known.catalog == catalog) {
            return known;
        }
        // Not read under the cache's lock, where whoever drops something would wait for a connection.
        long before = drops.get();
        var made = new Known(read.apply(workspace), catalog, places(catalog));
        certain.asMap().compute(workspace, (id, other) -> drops.get() == before ? made : other);
        return made;
    }

    /** The features of a catalog in its order, the same array for all workspaces. */
    private Feature[] places(PlanCatalog catalog) {
        Places known = places;
        if (known == null || known.catalog != catalog) {
            known = new Places(catalog, catalog.features().toArray(Feature[]::new));
            places = known;
        }
        return known.features;
    }

    @Nullable
    WorkspaceFacts seen(WorkspaceId workspace) {
        return seen.getIfPresent(workspace);
    }

    void saw(WorkspaceId workspace, WorkspaceFacts facts) {
        seen.put(workspace, facts);
    }

    /** Something of a feature was used by this node. */
    void used(WorkspaceId workspace, Feature feature) {
        Known known = certain.getIfPresent(workspace);
        if (known != null) {
            known.forgetLook(feature);
        }
    }

    void drop(WorkspaceId workspace) {
        drops.incrementAndGet();
        certain.asMap().remove(workspace);
    }

    /** For good. */
    void forget(WorkspaceId workspace) {
        drop(workspace);
        seen.invalidate(workspace);
    }

    void dropAll() {
        drops.incrementAndGet();
        certain.invalidateAll();
    }

    /** What is certain about one workspace. Clear answers are bits at the feature's place in the catalog, because they are asked for in nanoseconds. */
    static final class Known {
        private static final int MAX_PLACES = 64;

        final WorkspaceFacts facts;
        final PlanCatalog catalog;
        private final Feature[] places;
        private long yes;
        private volatile long untilMillis = Long.MAX_VALUE;
        private volatile long untilNanos = Long.MAX_VALUE;

        /** Which places have an answer; written last and read first. */
        private volatile long answered;

        private final Map<Feature, Look> looks = new ConcurrentHashMap<>();
        private final AtomicLong epoch = new AtomicLong();

        Known(WorkspaceFacts facts, PlanCatalog catalog, Feature[] places) {
            this.facts = facts;
            this.catalog = catalog;
            this.places = places;
        }

        int clear(Feature feature, InstantSource clock) {
            int place = place(feature);
            if (place < 0 || (answered & 1L << place) == 0) {
                return -1;
            }
            if (untilMillis != Long.MAX_VALUE && clock.millis() >= untilMillis
                    || untilNanos != Long.MAX_VALUE && System.nanoTime() - untilNanos >= 0) {
                return -1;
            }
            return (yes & 1L << place) == 0 ? 0 : 1;
        }

        private int place(Feature feature) {
            for (int i = 0; i < places.length && i < MAX_PLACES; i++) {
                if (places[i] == feature) { // features are constants
                    return i;
                }
            }
            for (int i = 0; i < places.length && i < MAX_PLACES; i++) {
                if (places[i].equals(feature)) {
                    return i;
                }
            }
            return -1;
        }

        /**
         * Remembers a clear answer, together with the others until one of them is over.
         *
         * @param until until when it holds
         * @param brief whether it must be asked anew within two seconds
         * @param askedAt when reading it began, in nanoseconds
         */
        synchronized void remember(
                Feature feature, boolean allowed, Instant until, Instant now, boolean brief, long askedAt) {
            int place = place(feature);
            if (place < 0) {
                return;
            }
            long millis = millis(now);
            if (millis >= untilMillis || untilNanos != Long.MAX_VALUE && System.nanoTime() - untilNanos >= 0) {
                answered = 0;
                untilMillis = Long.MAX_VALUE;
                untilNanos = Long.MAX_VALUE;
            }
            long before = answered;
            answered = before & ~(1L << place);
            yes = allowed ? yes | 1L << place : yes & ~(1L << place);
            untilMillis = Math.min(untilMillis, millis(until));
            if (brief && untilNanos == Long.MAX_VALUE) {
                untilNanos = askedAt + LOOK_LASTS;
            }
            answered = before | 1L << place;
        }

        private static long millis(Instant until) {
            try {
                return until.toEpochMilli();
            } catch (ArithmeticException farAway) {
                return Long.MAX_VALUE;
            }
        }

        long epoch() {
            return epoch.get();
        }

        /** A full answer that is not older than a second and holds at a time. */
        @Nullable
        GateDecision look(Feature feature, Instant now) {
            Look look = looks.get(feature);
            return look == null
                            || look.epoch != epoch.get()
                            || System.nanoTime() - look.untilNanos >= 0
                            || !now.isBefore(look.until)
                            || now.isBefore(look.decision.evaluatedAt())
                    ? null
                    : look.decision;
        }

        /** Remembers a full answer that was read since {@code epoch} was asked for. */
        void remember(Feature feature, GateDecision decision, Instant until, long epoch, long askedAt) {
            looks.put(feature, new Look(decision, until, askedAt + LOOK_LASTS, epoch));
        }

        void forgetLook(Feature feature) {
            epoch.incrementAndGet();
            looks.remove(feature);
        }
    }

    private record Places(PlanCatalog catalog, Feature[] features) {}

    private record Look(GateDecision decision, Instant until, long untilNanos, long epoch) {}
}
