package io.plg.internal;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Scheduler;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.idempotency.IdempotencyStore.Claim.Finished;
import io.plg.idempotency.Scope;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The shield in front of the store: of the simultaneous calls of this node with one key one asks the store, the others wait for it, and those
 * that come a moment later are answered from memory. It spares statements and decides nothing: what it remembers is final.
 */
final class Flights {
    private static final long MOST_REMEMBERED = 16L << 20;
    private static final int LOOK_UPS_AFTER_A_REPLAY = 4;
    private static final Duration REMEMBERED_FOR = Duration.ofSeconds(2);

    private final ConcurrentMap<Key, Flight> flying = new ConcurrentHashMap<>();
    private final Cache<Key, Finished> landed = Caffeine.newBuilder()
            .maximumWeight(MOST_REMEMBERED)
            .<Key, Finished>weigher((key, result) ->
                    500 + (result.json() == null ? 0 : result.json().length()))
            .expireAfterWrite(REMEMBERED_FOR)
            .scheduler(Scheduler.systemScheduler()) // results may be sensitive: they go also when nobody asks any more
            .build();
    private final ThreadLocal<Set<Key>> ofThisThread = ThreadLocal.withInitial(HashSet::new);
    private final Cache<String, AtomicInteger> replays =
            Caffeine.newBuilder().maximumSize(1_000).build();
    private final boolean remembers;

    /** A store that is memory itself is asked each time. */
    Flights(boolean remembers) {
        this.remembers = remembers;
    }

    /** Notes that this thread is about to have an effect; refuses if it already is. */
    void enter(Key key) {
        if (!ofThisThread.get().add(key)) {
            throw new IllegalStateException(
                    "the effect of " + key.scope() + " asks for the same key again; an effect cannot contain itself");
        }
    }

    void leave(Key key) {
        Set<Key> mine = ofThisThread.get();
        mine.remove(key);
        if (mine.isEmpty()) {
            ofThisThread.remove();
        }
    }

    /** What is remembered for a key. */
    Optional<Finished> landed(Key key) {
        return Optional.ofNullable(landed.getIfPresent(key));
    }

    /** The flight of another thread, or null if it is the given one that flies now. */
    @Nullable
    Flight join(Key key, Flight mine) {
        return flying.putIfAbsent(key, mine);
    }

    /**
     * Whether to look a key up before claiming it. Looking it up is the one round trip of a replay; claiming is what an effect needs anyway. So
     * it is worth it while the last calls of the operation were replays.
     */
    boolean looksUpFirst(String operation) {
        AtomicInteger left = replays.getIfPresent(operation);
        return !remembers || left != null && left.get() > 0;
    }

    /** Notes that the store had the result. */
    void replayed(String operation) {
        replays.get(operation, name -> new AtomicInteger()).set(LOOK_UPS_AFTER_A_REPLAY);
    }

    /** Notes that the store did not have it. */
    void executed(String operation) {
        AtomicInteger left = replays.getIfPresent(operation);
        if (left != null && left.get() > 0) {
            left.decrementAndGet();
        }
    }

    /** Ends a flight; with its result if there is one, so that those who wait need not ask. */
    void land(Key key, Flight flight, @Nullable Finished result) {
        if (result != null && remembers) {
            landed.put(key, result);
        }
        flying.remove(key, flight);
        flight.complete(Optional.ofNullable(result));
    }

    void forget(WorkspaceId workspace) {
        forget(key -> key.workspace().equals(workspace));
    }

    void forget(UserId user) {
        forget(key -> key.scope().principal().user().filter(user::equals).isPresent());
    }

    void forgetAll() {
        landed.invalidateAll();
    }

    private void forget(Predicate<Key> which) {
        landed.asMap().keySet().removeIf(which);
    }

    record Key(WorkspaceId workspace, Scope scope) {}

    /** Empty if there was no result: then one of those who wait tries for itself. */
    static final class Flight extends CompletableFuture<Optional<Finished>> {}
}
