package io.plg.internal;

import io.plg.IdSource;
import io.plg.Plg;
import io.plg.PlgListener;
import io.plg.PlgStores;
import io.plg.TransactionWork;
import io.plg.Workspace;
import io.plg.WorkspaceId;
import io.plg.activation.Activation;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.UnknownFunnel;
import io.plg.event.GrowthEvent;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The {@link Plg} on a set of stores. A view that is bound to a transaction is another instance on bound stores; both share
 * everything else.
 */
public final class PlgRuntime implements Plg {
    private static final Logger LOG = LoggerFactory.getLogger(Plg.class);

    private final Shared shared;
    private final @Nullable PlgStores bound;
    private volatile boolean ended;

    private PlgRuntime(Shared shared, @Nullable PlgStores bound) {
        this.shared = shared;
        this.bound = bound;
    }

    /**
     * Builds a {@code Plg}.
     *
     * @param stores where it keeps things
     * @param funnels the product's funnels
     * @param listeners who hears of events
     * @param clock business time
     * @param ids ids of events
     * @return the {@code Plg}
     */
    public static Plg assemble(
            PlgStores stores,
            List<ActivationFunnel> funnels,
            List<PlgListener> listeners,
            InstantSource clock,
            IdSource ids) {
        return new PlgRuntime(new Shared(stores, funnels, listeners, clock, ids), null);
    }

    /**
     * Returns a view on stores that are bound to a transaction of the host.
     *
     * @param plg made by {@link #assemble}
     * @param bound the bound stores
     * @return the view
     */
    public static Plg bind(Plg plg, PlgStores bound) {
        return new PlgRuntime(((PlgRuntime) plg).shared, bound);
    }

    /**
     * The default source of ids.
     *
     * @return a source of random version 7 UUIDs
     */
    public static IdSource systemIds() {
        return new UuidV7(InstantSource.system(), new SecureRandom());
    }

    @Override
    public Workspace workspace(WorkspaceId id) {
        Objects.requireNonNull(id, "id");
        return new WorkspaceView(id);
    }

    @Override
    public <T extends @Nullable Object, X extends Exception> T inTransaction(TransactionWork<Plg, T, X> work) throws X {
        Objects.requireNonNull(work, "work");
        return stores().transact(tx -> {
            PlgStores outer = shared.current.get();
            var view = new PlgRuntime(shared, tx);
            shared.current.set(tx);
            try {
                return work.run(view);
            } finally {
                view.ended = true;
                if (outer == null) {
                    shared.current.remove();
                } else {
                    shared.current.set(outer);
                }
            }
        });
    }

    @Override
    public List<ActivationFunnel> funnels() {
        return shared.funnels;
    }

    @Override
    public void close() {
        if (bound == null) {
            shared.close();
        }
    }

    /** The stores that a call made now works on. */
    PlgStores stores() {
        if (bound != null) {
            if (ended) {
                throw new IllegalStateException(
                        "this Plg was bound to a transaction that has ended; use the Plg that began it");
            }
            return bound;
        }
        PlgStores current = shared.current.get();
        return current != null ? current : shared.root;
    }

    ActivationCache activationCache() {
        return shared.activations;
    }

    Instant now() {
        return shared.clock.instant().truncatedTo(ChronoUnit.MICROS);
    }

    UUID newId() {
        return shared.ids.next();
    }

    /** Tells the listeners; call it after the commit. */
    void publish(List<GrowthEvent> events) {
        for (GrowthEvent event : events) {
            for (PlgListener listener : shared.listeners) {
                try {
                    listener.onEvent(event);
                } catch (Throwable t) { // An error in a listener must not look like a failed commit either.
                    LOG.warn(
                            "listener {} failed on event {} {}",
                            listener.getClass().getName(),
                            event.type(),
                            event.id(),
                            t);
                }
            }
        }
    }

    private static final class Shared {
        final PlgStores root;
        final List<ActivationFunnel> funnels;
        final List<PlgListener> listeners;
        final InstantSource clock;
        final IdSource ids;
        final ActivationCache activations;
        final ThreadLocal<@Nullable PlgStores> current = new ThreadLocal<>();

        Shared(
                PlgStores root,
                List<ActivationFunnel> funnels,
                List<PlgListener> listeners,
                InstantSource clock,
                IdSource ids) {
            this.root = root;
            this.funnels = funnels;
            this.listeners = listeners;
            this.clock = clock;
            this.ids = ids;
            this.activations = ActivationCache.over(root, funnels);
        }

        void close() {
            activations.close();
            root.close();
        }
    }

    private final class WorkspaceView implements Workspace {
        private final WorkspaceId id;

        WorkspaceView(WorkspaceId id) {
            this.id = id;
        }

        @Override
        public WorkspaceId id() {
            return id;
        }

        @Override
        public Activation activation(ActivationFunnel funnel) {
            Objects.requireNonNull(funnel, "funnel");
            ActivationFunnel known = find(funnel.name());
            if (!known.equals(funnel)) {
                throw new IllegalArgumentException("funnel \"" + funnel.name()
                        + "\" differs from the one that Plg was built with: " + funnel + " instead of " + known);
            }
            return new ActivationView(PlgRuntime.this, id, known);
        }

        @Override
        public Activation activation(String funnelName) {
            return new ActivationView(PlgRuntime.this, id, find(Objects.requireNonNull(funnelName, "funnelName")));
        }

        private ActivationFunnel find(String name) {
            for (ActivationFunnel funnel : shared.funnels) {
                if (funnel.name().equals(name)) {
                    return funnel;
                }
            }
            throw new UnknownFunnel(
                    name, shared.funnels.stream().map(ActivationFunnel::name).toList());
        }

        @Override
        public String toString() {
            return "workspace " + id;
        }
    }
}
