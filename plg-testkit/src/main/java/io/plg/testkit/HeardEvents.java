package io.plg.testkit;

import io.plg.PlgListener;
import io.plg.event.GrowthEvent;
import io.plg.event.GrowthEvent.StepCompleted;
import io.plg.event.GrowthEvent.UserActivated;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;

/** Remembers what it heard. */
final class HeardEvents implements PlgListener {
    private final List<GrowthEvent> events = new CopyOnWriteArrayList<>();

    @Override
    public void onEvent(GrowthEvent event) {
        events.add(event);
    }

    List<GrowthEvent> all() {
        return List.copyOf(events);
    }

    List<UUID> ids() {
        return events.stream().map(GrowthEvent::id).toList();
    }

    /** Each event in short, such as {@code ada completed first_project_created}. */
    List<String> inShort() {
        return events.stream().map(HeardEvents::inShort).toList();
    }

    static String inShort(GrowthEvent event) {
        if (event instanceof StepCompleted completed) {
            return completed.user() + " completed " + completed.step();
        }
        if (event instanceof UserActivated activated) {
            return activated.user() + " activated by " + activated.step();
        }
        return event.user() + " " + event.type();
    }
}
