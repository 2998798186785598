package io.plg.idempotency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.TransactionConflict;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.idempotency.IdempotencyStore.Claim;
import io.plg.idempotency.IdempotencyStore.Claim.Busy;
import io.plg.idempotency.IdempotencyStore.Claim.Finished;
import io.plg.idempotency.IdempotencyStore.Claim.Free;
import io.plg.idempotency.IdempotencyStore.Claim.Leased;
import io.plg.idempotency.IdempotencyStore.Result;
import io.plg.memory.InMemoryStores;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * Three workers do what comes to their minds with a few keys, and the store must answer as a model does that is written from the state diagram in
 * {@link IdempotencyStore} and shares no code with it.
 */
class IdempotencyModelTest {
    private static final int SEQUENCES = 100_000;
    private static final int STEPS = 30;

    private static final List<WorkspaceId> WORKSPACES = List.of(WorkspaceId.of("acme"), WorkspaceId.of("globex"));
    private static final List<Scope> SCOPES = List.of(
            new Scope(Principal.by("ada"), "redeem", IdempotencyKey.of("k")),
            new Scope(Principal.by("ada"), "invite", IdempotencyKey.of("k")),
            new Scope(Principal.service("ada"), "redeem", IdempotencyKey.of("k")));
    private static final List<Fingerprint> REQUESTS =
            List.of(Fingerprint.of("one"), Fingerprint.of("one"), Fingerprint.of("one"), Fingerprint.of("other"));
    private static final Duration LEASE = Duration.ofSeconds(30);
    private static final Duration RETENTION = Duration.ofDays(1);
    private static final List<Duration> PASSING = List.of(
            Duration.ofSeconds(1),
            Duration.ofSeconds(29),
            Duration.ofSeconds(30),
            Duration.ofSeconds(31),
            Duration.ofHours(23),
            RETENTION,
            RETENTION.plus(LEASE));

    @Test
    void theStoreAnswersAsTheModelInEverySequence() {
        var reached = new HashMap<String, Integer>();
        for (int seed = 0; seed < SEQUENCES; seed++) {
            new Sequence(seed, store -> store, null, reached).run();
        }
        assertThat(reached)
                .as("how often the sequences came where it is interesting")
                .containsOnlyKeys(
                        "claimed what was leased",
                        "finished with a late lease",
                        "refused a late owner",
                        "refused to finish what is not free",
                        "found in the log only",
                        "removed what expired",
                        "stole a lease",
                        "would not steal for another request",
                        "undid a part",
                        "rolled back a result",
                        "second time of what may happen once")
                .allSatisfy((where, times) -> assertThat(times).as(where).isGreaterThan(1_000));
    }

    @Test
    void whileATransactionHasClaimedAKeyOtherThreadsFindItBusyAndAfterwardsAsTheModelSays() {
        ExecutorService another = Executors.newSingleThreadExecutor();
        try {
            for (int seed = 0; seed < 2_000; seed++) {
                new Sequence(seed, store -> store, another, new HashMap<>()).run();
            }
        } finally {
            another.shutdownNow();
        }
    }

    @Test
    void aStoreThatDoesNotLookAtTheTokenIsFound() {
        assertFound(real -> new Changed(real) {
            private final Map<List<Object>, Long> last = new HashMap<>();

            @Override
            public Claim lease(
                    WorkspaceId workspace,
                    Scope scope,
                    Fingerprint request,
                    UUID effectId,
                    Duration length,
                    Duration retention,
                    boolean logged,
                    Instant now) {
                Claim claim = super.lease(workspace, scope, request, effectId, length, retention, logged, now);
                if (claim instanceof Leased leased) {
                    last.put(List.of(workspace, scope), leased.token());
                }
                return claim;
            }

            @Override
            public boolean renew(WorkspaceId workspace, Scope scope, long token, Duration length, Instant now) {
                return super.renew(workspace, scope, last.getOrDefault(List.of(workspace, scope), token), length, now);
            }

            @Override
            public boolean finishLeased(WorkspaceId workspace, Scope scope, long token, Result result) {
                return super.finishLeased(
                        workspace, scope, last.getOrDefault(List.of(workspace, scope), token), result);
            }
        });
    }

    @Test
    void aStoreThatLetsAnybodyGiveALeaseBackIsFound() {
        assertFound(real -> new Changed(real) {
            @Override
            public void release(WorkspaceId workspace, Scope scope, long token, Instant now) {
                for (long each = token; each < token + 3; each++) {
                    super.release(workspace, scope, each, now);
                }
            }
        });
    }

    @Test
    void aStoreThatForgetsItsLogIsFound() {
        assertFound(real -> new Changed(real) {
            @Override
            public Claim claim(WorkspaceId workspace, Scope scope, boolean logged, Duration wait, Instant now) {
                return super.claim(workspace, scope, false, wait, now);
            }
        });
    }

    @Test
    void aStoreThatGivesALeaseAwayASecondTooEarlyIsFound() {
        assertFound(real -> new Changed(real) {
            @Override
            public Claim lease(
                    WorkspaceId workspace,
                    Scope scope,
                    Fingerprint request,
                    UUID effectId,
                    Duration length,
                    Duration retention,
                    boolean logged,
                    Instant now) {
                return super.lease(
                        workspace,
                        scope,
                        request,
                        effectId,
                        length.minusSeconds(1),
                        retention.plusSeconds(1),
                        logged,
                        now);
            }
        });
    }

    @Test
    void aStoreWhoseKeysAreNotThoseOfOneWorkspaceIsFound() {
        assertFound(real -> new Changed(real) {
            @Override
            public Claim find(WorkspaceId workspace, Scope scope, boolean logged, Instant now) {
                return super.find(WORKSPACES.get(0), scope, logged, now);
            }
        });
    }

    private static void assertFound(UnaryOperator<IdempotencyStore> mistake) {
        assertThatThrownBy(() -> {
                    for (int seed = 0; seed < 1_000; seed++) {
                        run(seed, mistake);
                    }
                })
                .isInstanceOf(AssertionError.class)
                .hasMessageStartingWith("sequence ");
    }

    private static void run(int seed, UnaryOperator<IdempotencyStore> mistake) {
        new Sequence(seed, mistake, null, new HashMap<>()).run();
    }

    /** One sequence of steps, reproduced by its seed. */
    private static final class Sequence {
        private final int seed;
        private final Random random;
        private final ExecutorService another;
        private final Map<String, Integer> reached;
        private final InMemoryStores stores = InMemoryStores.create();
        private final IdempotencyStore store;
        private Model model = new Model();
        private final List<List<Held>> leasesOf = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        private final List<Object> steps = new ArrayList<>();
        private final Map<Place, Integer> effects = new HashMap<>();
        private Instant now = Instant.parse("2026-04-12T08:00:00Z");
        private long ids;

        Sequence(
                int seed,
                UnaryOperator<IdempotencyStore> mistake,
                ExecutorService another,
                Map<String, Integer> reached) {
            this.seed = seed;
            this.random = new Random(seed);
            this.another = another;
            this.reached = reached;
            this.store = mistake.apply(stores.idempotency());
        }

        void run() {
            try {
                for (int i = 0; i < STEPS; i++) {
                    step();
                }
                lookAtEverything();
            } catch (Exception e) {
                throw new AssertionError("sequence " + seed + " failed after " + steps, e);
            }
        }

        private void step() throws Exception {
            int worker = random.nextInt(3);
            Place place = place();
            int kind = random.nextInt(20);
            if (kind < 3) {
                now = now.plus(PASSING.get(random.nextInt(PASSING.size())));
                note(now);
            } else if (kind < 7) {
                lease(worker, place);
            } else if (kind < 9) {
                renew(worker);
            } else if (kind < 11) {
                release(worker);
            } else if (kind < 12) {
                long expected = model.removeExpired(now);
                same(List.of("removeExpired"), store.removeExpired(now), expected);
                reached(expected > 0, "removed what expired");
            } else if (kind < 13) {
                same(List.of("find", place), find(place), model.seen(place, place.logged(), now));
            } else if (kind < 14) {
                once();
            } else {
                transaction(worker);
            }
        }

        /** Some steps of one worker in a transaction, some of them in a part of it, that commit or roll back. */
        private void transaction(int worker) {
            Model before = model.copy();
            var ended = new ArrayList<Place>();
            try {
                stores.<Void, Rollback>transact(tx -> {
                    note("begin");
                    int size = 1 + random.nextInt(3);
                    for (int i = 0; i < size; i++) {
                        if (random.nextInt(4) == 0) {
                            part(worker, ended);
                        } else {
                            inTransaction(worker, ended);
                        }
                    }
                    if (random.nextInt(3) == 0) {
                        throw new Rollback();
                    }
                    return null;
                });
                note("commit");
                ended.forEach(place -> effects.merge(place, 1, Integer::sum));
            } catch (Rollback e) {
                note("rollback");
                reached(!ended.isEmpty(), "rolled back a result");
                model = before;
            }
            for (var each : effects.entrySet()) {
                if (each.getKey().logged() && each.getValue() > 1) {
                    throw diverged(each.getKey() + " had " + each.getValue() + " effects");
                }
            }
        }

        private void part(int worker, List<Place> ended) {
            Model before = model.copy();
            int mark = ended.size();
            try {
                stores.<Void, Rollback>transact(tx -> {
                    note("part");
                    inTransaction(worker, ended);
                    if (random.nextBoolean()) {
                        throw new Rollback();
                    }
                    return null;
                });
            } catch (Rollback e) {
                note("undo the part");
                reached(ended.size() > mark, "undid a part");
                model = before;
                ended.subList(mark, ended.size()).clear();
            }
        }

        private void inTransaction(int worker, List<Place> ended) {
            int kind = random.nextInt(8);
            if (kind < 5) {
                claim(place(), ended);
            } else if (kind < 7) {
                finishLeased(worker, ended);
            } else {
                once();
            }
        }

        private void claim(Place place, List<Place> ended) {
            Claim expected = model.seen(place, place.logged(), now);
            same(
                    List.of("claim", place),
                    store.claim(place.workspace(), place.scope(), place.logged(), Duration.ZERO, now),
                    expected);
            if (expected instanceof Free owned) {
                reached(owned.effectId().isPresent(), "claimed what was leased");
                probe(place);
            }
            reached(model.states.get(place) == null && expected instanceof Finished, "found in the log only");
            boolean finishes = expected instanceof Free ? random.nextInt(5) > 0 : random.nextInt(5) == 0;
            if (!finishes) {
                return;
            }
            UUID id = expected instanceof Free free ? free.effectId().orElseGet(this::newId) : newId();
            Result result = result(place, request(), id);
            boolean stored;
            try {
                store.finish(place.workspace(), place.scope(), result);
                stored = true;
            } catch (TransactionConflict e) {
                stored = false;
            }
            same(List.of("finish", place), stored, model.finish(place, result));
            reached(!stored, "refused to finish what is not free");
            if (stored) {
                ended.add(place);
            }
        }

        /** What another thread sees of a key that this one has claimed. */
        private void probe(Place place) {
            if (another == null) {
                return;
            }
            try {
                Claim found = another.submit(() -> find(place)).get(5, TimeUnit.SECONDS);
                Claim claimed = another.submit(
                                () -> store.claim(place.workspace(), place.scope(), place.logged(), Duration.ZERO, now))
                        .get(5, TimeUnit.SECONDS);
                same(List.of("find by another"), found, Busy.UNKNOWN);
                same(List.of("claim by another"), claimed, Busy.UNKNOWN);
            } catch (Exception e) {
                throw new AssertionError(
                        "sequence " + seed + ": another thread waited for " + place + " after " + steps, e);
            }
        }

        private void lease(int worker, Place place) {
            Fingerprint request = request();
            UUID id = newId();
            Claim claim =
                    store.lease(place.workspace(), place.scope(), request, id, LEASE, RETENTION, place.logged(), now);
            same(List.of("lease", place, "by", worker), claim, model.lease(place, request, id, now));
            reached(claim instanceof Busy busy && busy.left().isZero(), "would not steal for another request");
            if (claim instanceof Leased leased) {
                reached(!leased.effectId().equals(id), "stole a lease");
                leasesOf.get(worker).add(new Held(place, request, leased));
            }
        }

        private void renew(int worker) {
            Held held = held(worker);
            if (held != null) {
                Place at = held.place();
                same(
                        List.of("renew", held),
                        store.renew(at.workspace(), at.scope(), held.lease().token(), LEASE, now),
                        model.renew(at, held.lease().token(), now));
            }
        }

        private void release(int worker) {
            Held held = held(worker);
            if (held != null) {
                Place at = held.place();
                store.release(at.workspace(), at.scope(), held.lease().token(), now);
                model.release(at, held.lease().token(), now);
                same(List.of("release", held), find(at), model.seen(at, at.logged(), now));
            }
        }

        private void finishLeased(int worker, List<Place> ended) {
            Held held = held(worker);
            if (held != null) {
                Place at = held.place();
                Result result = result(at, held.request(), held.lease().effectId());
                boolean late = model.seen(at, false, now) instanceof Free;
                boolean stored = store.finishLeased(
                        at.workspace(), at.scope(), held.lease().token(), result);
                same(
                        List.of("finishLeased", held),
                        stored,
                        model.finishLeased(at, held.lease().token(), result));
                reached(!stored, "refused a late owner");
                reached(stored && late, "finished with a late lease");
                if (stored) {
                    ended.add(at);
                }
            }
        }

        private void once() {
            WorkspaceId workspace = WORKSPACES.get(random.nextInt(2));
            boolean user = random.nextBoolean();
            UUID id = newId();
            Once answer = store.once(workspace, "welcome", user ? UserId.of("ada") : null, "ada", id, now);
            same(
                    List.of("once", workspace, user ? "for a user" : "for a thing"),
                    answer,
                    model.once(workspace, user, id));
            reached(!answer.first(), "second time of what may happen once");
        }

        private void lookAtEverything() {
            for (WorkspaceId workspace : WORKSPACES) {
                for (Scope scope : SCOPES) {
                    var place = new Place(workspace, scope);
                    for (boolean logged : new boolean[] {true, false}) {
                        same(
                                List.of("find", place, logged ? "with its log" : "without"),
                                store.find(workspace, scope, logged, now),
                                model.seen(place, logged, now));
                    }
                }
            }
        }

        private Claim find(Place place) {
            return store.find(place.workspace(), place.scope(), place.logged(), now);
        }

        private Place place() {
            return new Place(WORKSPACES.get(random.nextInt(4) == 0 ? 1 : 0), SCOPES.get(random.nextInt(SCOPES.size())));
        }

        private Fingerprint request() {
            return REQUESTS.get(random.nextInt(REQUESTS.size()));
        }

        /** A lease that a worker was given, also long ago. */
        private Held held(int worker) {
            List<Held> leases = leasesOf.get(worker);
            return leases.isEmpty() ? null : leases.get(random.nextInt(leases.size()));
        }

        private Result result(Place place, Fingerprint request, UUID id) {
            String json = random.nextInt(5) == 0 ? null : Long.toString(ids++);
            return new Result(request, id, json, RETENTION, place.logged(), now);
        }

        private UUID newId() {
            return new UUID(0, ++ids);
        }

        private void same(List<Object> what, Object actual, Object expected) {
            steps.add(what);
            steps.add(actual);
            if (!actual.equals(expected)) {
                throw diverged(what + " is " + actual + " and should be " + expected);
            }
        }

        private AssertionError diverged(String how) {
            return new AssertionError("sequence " + seed + ": " + how + " after " + steps);
        }

        private void reached(boolean really, String where) {
            if (really) {
                reached.merge(where, 1, Integer::sum);
            }
        }

        private void note(Object step) {
            steps.add(step);
        }
    }

    /** A key in a workspace; those of the operation that is called redeem are financial. */
    private record Place(WorkspaceId workspace, Scope scope) {
        boolean logged() {
            return scope.operation().equals("redeem");
        }
    }

    private record Held(Place place, Fingerprint request, Leased lease) {}

    private static final class Rollback extends Exception {}

    /** The state diagram, on immutable states, so that going back is keeping the old ones. */
    private static final class Model {
        private final Map<Place, State> states;
        private final Map<Place, Finished> log;
        private final Map<List<Object>, UUID> once;

        Model() {
            this(new HashMap<>(), new HashMap<>(), new HashMap<>());
        }

        private Model(Map<Place, State> states, Map<Place, Finished> log, Map<List<Object>, UUID> once) {
            this.states = states;
            this.log = log;
            this.once = once;
        }

        Model copy() {
            return new Model(new HashMap<>(states), new HashMap<>(log), new HashMap<>(once));
        }

        Claim seen(Place place, boolean logged, Instant now) {
            State state = states.get(place);
            if (state instanceof Done done) {
                return done.what();
            }
            if (state instanceof Tried tried) {
                return tried.until().compareTo(now) > 0
                        ? new Busy(Optional.of(tried.request()), Duration.between(now, tried.until()))
                        : new Free(Optional.of(tried.effectId()), Optional.of(tried.request()));
            }
            return logged && log.containsKey(place) ? log.get(place) : Free.UNTRIED;
        }

        boolean finish(Place place, Result result) {
            if (!(seen(place, place.logged(), result.at()) instanceof Free)) {
                return false;
            }
            done(place, result);
            return true;
        }

        Claim lease(Place place, Fingerprint request, UUID id, Instant now) {
            Claim seen = seen(place, place.logged(), now);
            if (!(seen instanceof Free)) {
                return seen;
            }
            if (!(states.get(place) instanceof Tried before)) {
                long first = now.toEpochMilli();
                states.put(place, new Tried(request, id, first, now.plus(LEASE)));
                return new Leased(first, id);
            }
            if (!before.request().equals(request)) {
                return new Busy(Optional.of(before.request()), Duration.ZERO);
            }
            states.put(place, new Tried(request, before.effectId(), before.token() + 1, now.plus(LEASE)));
            return new Leased(before.token() + 1, before.effectId());
        }

        boolean renew(Place place, long token, Instant now) {
            return until(place, token, now.plus(LEASE));
        }

        void release(Place place, long token, Instant now) {
            until(place, token, now);
        }

        private boolean until(Place place, long token, Instant end) {
            if (!isOwner(place, token)) {
                return false;
            }
            Tried tried = (Tried) states.get(place);
            states.put(place, new Tried(tried.request(), tried.effectId(), token, end));
            return true;
        }

        boolean finishLeased(Place place, long token, Result result) {
            if (!isOwner(place, token)) {
                return false;
            }
            done(place, result);
            return true;
        }

        private boolean isOwner(Place place, long token) {
            return states.get(place) instanceof Tried tried && tried.token() == token;
        }

        private void done(Place place, Result result) {
            states.put(place, new Done(new Finished(result.request(), result.effectId(), result.json()), result.at()));
            if (result.financial()) {
                log.put(place, new Finished(result.request(), result.effectId(), null));
            }
        }

        Once once(WorkspaceId workspace, boolean user, UUID id) {
            UUID earlier = once.putIfAbsent(List.of(workspace, user), id);
            return earlier == null ? new Once(true, id) : new Once(false, earlier);
        }

        long removeExpired(Instant now) {
            int before = states.size();
            states.values().removeIf(state -> !now.isBefore(state.since().plus(RETENTION)));
            return before - states.size();
        }

        /** No state at all is free, or logged. */
        private sealed interface State {
            /** From when on nobody has worked on it. */
            Instant since();
        }

        private record Tried(Fingerprint request, UUID effectId, long token, Instant until) implements State {
            @Override
            public Instant since() {
                return until;
            }
        }

        private record Done(Finished what, Instant since) implements State {}
    }

    /** A store with a mistake. */
    private abstract static class Changed implements IdempotencyStore {
        private final IdempotencyStore real;

        Changed(IdempotencyStore real) {
            this.real = real;
        }

        @Override
        public Claim find(WorkspaceId workspace, Scope scope, boolean logged, Instant now) {
            return real.find(workspace, scope, logged, now);
        }

        @Override
        public Claim claim(WorkspaceId workspace, Scope scope, boolean logged, Duration wait, Instant now) {
            return real.claim(workspace, scope, logged, wait, now);
        }

        @Override
        public void finish(WorkspaceId workspace, Scope scope, Result result) {
            real.finish(workspace, scope, result);
        }

        @Override
        public Claim lease(
                WorkspaceId workspace,
                Scope scope,
                Fingerprint request,
                UUID effectId,
                Duration length,
                Duration retention,
                boolean logged,
                Instant now) {
            return real.lease(workspace, scope, request, effectId, length, retention, logged, now);
        }

        @Override
        public boolean renew(WorkspaceId workspace, Scope scope, long token, Duration length, Instant now) {
            return real.renew(workspace, scope, token, length, now);
        }

        @Override
        public void release(WorkspaceId workspace, Scope scope, long token, Instant now) {
            real.release(workspace, scope, token, now);
        }

        @Override
        public boolean finishLeased(WorkspaceId workspace, Scope scope, long token, Result result) {
            return real.finishLeased(workspace, scope, token, result);
        }

        @Override
        public Once once(WorkspaceId workspace, String what, UserId user, String subject, UUID effectId, Instant at) {
            return real.once(workspace, what, user, subject, effectId, at);
        }

        @Override
        public long removeExpired(Instant now) {
            return real.removeExpired(now);
        }
    }
}
