package io.plg;

import io.plg.activation.ActivationFunnel;
import io.plg.internal.PlgRuntime;
import io.plg.tenancy.IsolationDrift;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * What every builder of a {@link Plg} has in common: the description of the product. Each mistake is reported by the setter that
 * made it.
 *
 * @param <B> the type of the builder itself
 */
public abstract class PlgBuilder<B extends PlgBuilder<B>> {
    private final Map<String, ActivationFunnel> funnels = new LinkedHashMap<>();
    private final List<PlgListener> listeners = new ArrayList<>();
    private InstantSource clock = InstantSource.system();
    private IdSource ids = PlgRuntime.systemIds();
    private JsonCodec json = PlgRuntime.jackson();
    private Duration removeExpiredEvery = Duration.ofHours(1);

    /** For adapters. */
    protected PlgBuilder() {}

    /**
     * Returns this builder.
     *
     * @return this
     */
    protected abstract B self();

    /**
     * Adds an activation funnel.
     *
     * @param funnel the funnel
     * @return this builder
     * @throws IllegalArgumentException if a funnel of that name was added before
     */
    public B funnel(ActivationFunnel funnel) {
        Objects.requireNonNull(funnel, "funnel");
        if (funnels.putIfAbsent(funnel.name(), funnel) != null) {
            throw new IllegalArgumentException(
                    "funnel names must be unique, \"" + funnel.name() + "\" was added before");
        }
        return self();
    }

    /**
     * Adds a listener. Listeners are called in the order in which they were added.
     *
     * @param listener whom to tell
     * @return this builder
     */
    public B listener(PlgListener listener) {
        listeners.add(Objects.requireNonNull(listener, "listener"));
        return self();
    }

    /**
     * Sets where business time comes from: the time of completions, periods and events. Default: the system's clock.
     *
     * @param clock the clock, {@link SettableClock} in tests
     * @return this builder
     */
    public B clock(InstantSource clock) {
        this.clock = Objects.requireNonNull(clock, "clock");
        return self();
    }

    /**
     * Sets where the ids of plg's own records come from. Default: random version 7 UUIDs.
     *
     * @param ids the source of ids
     * @return this builder
     */
    public B ids(IdSource ids) {
        this.ids = Objects.requireNonNull(ids, "ids");
        return self();
    }

    /**
     * Sets how results of the host are written and read as JSON. Default: Jackson 3 as it comes.
     *
     * @param json the codec
     * @return this builder
     */
    public B json(JsonCodec json) {
        this.json = Objects.requireNonNull(json, "json");
        return self();
    }

    /**
     * Sets how often {@link Plg#removeExpired()} runs by itself, on a thread of plg, from the first use of what can expire. Default: every hour. On
     * several nodes it may run on each: they share the work.
     *
     * @param interval how often, 1 second to 1 day, or zero for never
     * @return this builder
     * @throws IllegalArgumentException if the interval is out of that range
     */
    public B removeExpiredEvery(Duration interval) {
        Objects.requireNonNull(interval, "interval");
        if (!interval.isZero()
                && (interval.compareTo(Duration.ofSeconds(1)) < 0 || interval.compareTo(Duration.ofDays(1)) > 0)) {
            throw new IllegalArgumentException("interval must be zero or PT1S to PT24H, was " + interval);
        }
        this.removeExpiredEvery = interval;
        return self();
    }

    /**
     * For adapters: builds the {@code Plg} on a set of stores.
     *
     * @param stores the adapter's stores; closed when the {@code Plg} is closed
     * @return the {@code Plg}
     */
    protected final Plg assemble(PlgStores stores) {
        return PlgRuntime.assemble(
                Objects.requireNonNull(stores, "stores"),
                new PlgRuntime.Settings(
                        List.copyOf(funnels.values()), listeners, clock, ids, json, removeExpiredEvery));
    }

    /**
     * For adapters: tells the listeners added so far that the isolation of the database changed. What one of them throws is logged.
     *
     * @return what to tell
     */
    protected final Consumer<IsolationDrift> toldOfDrift() {
        return PlgRuntime.toldOfDrift(List.copyOf(listeners));
    }

    /**
     * For adapters: returns a {@code Plg} like the given one that works on stores which are bound to a transaction of the host.
     * Its reads see what that transaction wrote, nothing it reads enters a cache, and listeners hear of its events after the
     * commit, as {@link PlgStores#afterCommit(Runnable)} of the bound stores tells.
     *
     * @param plg what {@link #assemble(PlgStores)} returned
     * @param bound stores for which {@link PlgStores#inTransaction()} is true
     * @return the bound view
     */
    protected static Plg bind(Plg plg, PlgStores bound) {
        return PlgRuntime.bind(plg, bound);
    }
}
