package io.plg.funnel;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The rule about times of an ordered funnel, word by word, on the sorted events of one subject. Keeps every chain in full. */
final class LatestEntry {

    private LatestEntry() {}

    static List<Instant> times(FunnelQuery query, List<FunnelEvent> events) {
        int steps = query.steps().size();
        List<FunnelEvent> sequence = events.stream()
                .sorted(Comparator.comparing(FunnelEvent::time)
                        .thenComparing(event -> stepsOf(query, event).stream()
                                .mapToInt(step -> step)
                                .min()
                                .orElse(steps)))
                .toList();
        List<List<Instant>> chains = new ArrayList<>();
        for (int i = 0; i < steps; i++) {
            chains.add(List.of());
        }
        List<Instant> best = List.of();
        for (FunnelEvent event : sequence) {
            List<Integer> matched = stepsOf(query, event);
            matched.sort(Comparator.reverseOrder());
            for (int step : matched) {
                if (best.size() == steps) {
                    return best;
                }
                List<Instant> chain = null;
                if (step == 0) {
                    boolean inside = query.from()
                                    .map(from -> !event.time().isBefore(from))
                                    .orElse(true)
                            && query.to().map(event.time()::isBefore).orElse(true);
                    chain = inside ? List.of(event.time()) : null;
                } else if (!chains.get(step - 1).isEmpty()) {
                    Instant entry = chains.get(step - 1).get(0);
                    boolean inWindow = query.window()
                            .map(window -> Duration.between(entry, event.time()).compareTo(window) <= 0)
                            .orElse(true);
                    boolean isNew = chains.get(step).isEmpty()
                            || !chains.get(step).get(0).equals(entry);
                    if (inWindow && isNew) {
                        chain = new ArrayList<>(chains.get(step - 1));
                        chain.add(event.time());
                    }
                }
                if (chain != null) {
                    chains.set(step, chain);
                    best = chain.size() > best.size() ? chain : best;
                }
            }
        }
        return best;
    }

    private static List<Integer> stepsOf(FunnelQuery query, FunnelEvent event) {
        List<Integer> matched = new ArrayList<>();
        for (int i = 0; i < query.steps().size(); i++) {
            FunnelStep step = query.steps().get(i);
            boolean fits = step.conditions().entrySet().stream()
                    .allMatch(condition ->
                            condition.getValue().equals(event.properties().get(condition.getKey())));
            if (fits && (step.eventNames().isEmpty() || step.eventNames().contains(event.name()))) {
                matched.add(i);
            }
        }
        return matched;
    }
}
