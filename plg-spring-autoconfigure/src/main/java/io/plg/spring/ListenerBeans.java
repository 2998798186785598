package io.plg.spring;

import io.plg.Plg;
import io.plg.PlgListener;
import io.plg.event.GrowthEvent;
import io.plg.tenancy.IsolationDrift;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;

/**
 * Passes on to the listener beans, in their order. They are looked up when the first event comes, because most listeners need {@link Plg}
 * itself, directly or through what they call: looked up earlier they would be a circular reference.
 */
final class ListenerBeans implements PlgListener {
    private static final Logger LOG = LoggerFactory.getLogger(Plg.class);

    private final ObjectProvider<PlgListener> beans;
    private volatile @Nullable List<PlgListener> found;

    ListenerBeans(ObjectProvider<PlgListener> beans) {
        this.beans = beans;
    }

    @Override
    public void onEvent(GrowthEvent event) {
        tell(listener -> listener.onEvent(event), "event " + event.type() + " " + event.id());
    }

    @Override
    public void onIsolationDrift(IsolationDrift drift) {
        tell(listener -> listener.onIsolationDrift(drift), "a change of the database's isolation");
    }

    private void tell(Consumer<PlgListener> what, String about) {
        for (PlgListener listener : listeners()) {
            try {
                what.accept(listener);
            } catch (Throwable t) { // As everywhere in plg: it harms neither the operation nor the other listeners.
                LOG.warn("listener {} failed on {}", listener.getClass().getName(), about, t);
            }
        }
    }

    private List<PlgListener> listeners() {
        List<PlgListener> known = found;
        if (known == null) {
            known = beans.orderedStream().toList();
            found = known;
        }
        return known;
    }
}
