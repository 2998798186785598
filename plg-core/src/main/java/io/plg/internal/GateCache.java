package io.plg.internal;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.plg.WorkspaceId;
import io.plg.gate.GateDecision;
import io.plg.plan.Feature;
import io.plg.plan.PlanCatalog;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
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
        if (feed == null || !feed.upToDate()) {
            return -1;
        }
        Known known = certain.getIfPresent(workspace);
        return known == null || known.catalog != catalog ? -1 : known.clear(feature, clock);
    }

    /** What is certain about a workspace, read if need be. A change that comes while it is being read waits and then removes it. */
    Known known(WorkspaceId workspace, PlanCatalog catalog, Function<WorkspaceId, WorkspaceFacts> read) {
        Known known = certain.get(workspace, id -> new Known(read.apply(id), catalog));
        if (known.catalog == catalog) {
            return known;
        }
        certain.asMap().remove(workspace, known);
        return certain.get(workspace, id -> new Known(read.apply(id), catalog));
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
        certain.invalidate(workspace);
    }

    /** For good. */
    void forget(WorkspaceId workspace) {
        certain.invalidate(workspace);
        seen.invalidate(workspace);
    }

    void dropAll() {
        certain.invalidateAll();
    }

    /** What is certain about one workspace. */
    static final class Known {
        final WorkspaceFacts facts;
        final PlanCatalog catalog;
        private final Map<Feature, Look> looks = new ConcurrentHashMap<>();
        private final AtomicLong epoch = new AtomicLong();
        private volatile Clear[] clear = new Clear[0];

        Known(WorkspaceFacts facts, PlanCatalog catalog) {
            this.facts = facts;
            this.catalog = catalog;
        }

        int clear(Feature feature, InstantSource clock) {
            for (Clear each : clear) {
                // Features are constants, so that it is nearly always the same object.
                if (each.feature == feature || each.feature.equals(feature)) {
                    return each.untilMillis != Long.MAX_VALUE && clock.millis() >= each.untilMillis
                                    || each.untilNanos != Long.MAX_VALUE && System.nanoTime() - each.untilNanos >= 0
                            ? -1
                            : each.allowed ? 1 : 0;
                }
            }
            return -1;
        }

        /**
         * Remembers a clear answer.
         *
         * @param until until when it holds
         * @param brief whether it must be asked anew within two seconds
         */
        synchronized void remember(Feature feature, boolean allowed, Instant until, boolean brief) {
            long untilNanos = brief ? System.nanoTime() + LOOK_LASTS : Long.MAX_VALUE;
            Clear[] kept = Arrays.stream(clear)
                    .filter(each -> !each.feature.equals(feature))
                    .toArray(Clear[]::new);
            Clear[] all = Arrays.copyOf(kept, kept.length + 1);
            all[kept.length] = new Clear(feature, allowed, millis(until), untilNanos);
            clear = all;
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
        void remember(Feature feature, GateDecision decision, Instant until, long epoch) {
            looks.put(feature, new Look(decision, until, System.nanoTime() + LOOK_LASTS, epoch));
        }

        void forgetLook(Feature feature) {
            epoch.incrementAndGet();
            looks.remove(feature);
        }
    }

    private static final class Clear {
        final Feature feature;
        final boolean allowed;
        final long untilMillis;
        final long untilNanos;

        Clear(Feature feature, boolean allowed, long untilMillis, long untilNanos) {
            this.feature = feature;
            this.allowed = allowed;
            this.untilMillis = untilMillis;
            this.untilNanos = untilNanos;
        }
    }

    private record Look(GateDecision decision, Instant until, long untilNanos, long epoch) {}
}
