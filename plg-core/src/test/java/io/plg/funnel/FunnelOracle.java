package io.plg.funnel;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a funnel means, by trying everything: all chains of one subject are enumerated, and nothing is remembered cleverly. Shares
 * no code with the engines.
 */
final class FunnelOracle {

    /** One event with the steps (from 0) it matches. */
    record Fact(Instant time, Set<Integer> steps, Set<FunnelQuery.Exclusion> violated, String held, int arrival) {}

    /** Positions in the sequence by step. */
    record Try(LinkedHashMap<Integer, Integer> positions) {
        int lastStep() {
            return positions.keySet().stream().reduce(-1, (a, b) -> b);
        }

        int lastPosition() {
            return positions.values().stream().reduce(-1, (a, b) -> b);
        }

        int first() {
            return positions.values().iterator().next();
        }
    }

    /** The answer for one subject. */
    record Answer(int depth, Set<List<Object>> possibleTimes) {}

    private final FunnelQuery query;
    private final List<Fact> sequence = new ArrayList<>();
    private final int steps;

    FunnelOracle(FunnelQuery query, List<FunnelEvent> eventsOfSubject) {
        this.query = query;
        this.steps = query.steps().size();
        Set<Integer> done = new HashSet<>();
        int arrival = 0;
        for (FunnelEvent event : eventsOfSubject) {
            Set<Integer> matched = new HashSet<>();
            Set<FunnelQuery.Exclusion> violated = new LinkedHashSet<>();
            query.exclusions().stream()
                    .filter(exclusion -> exclusion.event().equals(event.name()))
                    .forEach(violated::add);
            for (int i = 0; i < steps; i++) {
                FunnelStep step = query.steps().get(i);
                boolean name = step.eventNames().isEmpty() || step.eventNames().contains(event.name());
                boolean fits = name
                        && violated.isEmpty()
                        && step.conditions().entrySet().stream()
                                .allMatch(condition -> condition
                                        .getValue()
                                        .equals(event.properties().get(condition.getKey())));
                if (fits && (!step.isFirstEver() || done.add(i))) {
                    matched.add(i);
                }
            }
            String held = query.heldConstant()
                    .map(key -> event.properties().getOrDefault(key, ""))
                    .orElse("*");
            if (held.isEmpty()) {
                matched.clear();
            }
            sequence.add(new Fact(event.time(), matched, violated, held, arrival++));
        }
        sequence.sort(Comparator.comparing(Fact::time)
                .thenComparing(
                        fact -> fact.steps().stream().mapToInt(i -> i).min().orElse(99))
                .thenComparing(Fact::arrival));
    }

    Answer answer() {
        return query.order() == FunnelQuery.Order.ANY ? anyOrder() : inOrder();
    }

    private Instant time(int position) {
        return sequence.get(position).time();
    }

    private boolean isEntry(int position) {
        Instant time = time(position);
        return query.from().map(from -> !time.isBefore(from)).orElse(true)
                && query.to().map(time::isBefore).orElse(true);
    }

    private boolean isInside(int entry, int position) {
        return query.window()
                .map(window -> Duration.between(time(entry), time(position)).compareTo(window) <= 0)
                .orElse(true);
    }

    private Answer inOrder() {
        List<Try> all = new ArrayList<>();
        for (int i = 0; i < sequence.size(); i++) {
            if (sequence.get(i).steps().contains(0) && isEntry(i)) {
                LinkedHashMap<Integer, Integer> start = new LinkedHashMap<>();
                start.put(0, i);
                extend(new Try(start), all);
            }
        }
        int deepest = all.stream().mapToInt(each -> each.lastStep() + 1).max().orElse(0);
        int clean = 0;
        Instant reached = Instant.MIN;
        Set<List<Object>> times = new HashSet<>();
        for (int step = 0; step < steps; step++) {
            for (int end = 0; end < sequence.size(); end++) {
                int depth = step;
                int last = end;
                String held = sequence.get(end).held();
                List<Try> here = all.stream()
                        .filter(each -> each.lastStep() == depth && each.lastPosition() == last)
                        .filter(each -> !isTaintedBefore(each))
                        .toList();
                Optional<Instant> latest =
                        here.stream().map(each -> time(each.first())).max(Comparator.naturalOrder());
                List<Try> ofLatest = here.stream()
                        .filter(each -> time(each.first()).equals(latest.orElseThrow()))
                        .filter(each -> !isTaintedAfter(each))
                        .toList();
                if (!ofLatest.isEmpty() && step + 1 > clean) {
                    clean = step + 1;
                    times.clear();
                    reached = time(end);
                }
                if (step + 1 == clean && time(end).equals(reached)) {
                    ofLatest.forEach(each -> times.add(timesOf(each.positions())));
                }
            }
        }
        return clean < deepest ? new Answer(0, Set.of()) : new Answer(clean, times);
    }

    private void extend(Try chain, List<Try> all) {
        all.add(chain);
        int lastStep = chain.lastStep();
        int from = chain.lastPosition() + 1;
        int to = query.order() == FunnelQuery.Order.STRICT ? Math.min(from + 1, sequence.size()) : sequence.size();
        for (int next = lastStep + 1; next < steps; next++) {
            for (int i = from; i < to; i++) {
                int position = i;
                boolean near = query.steps()
                        .get(next)
                        .window()
                        .map(window -> Duration.between(time(chain.lastPosition()), time(position))
                                        .compareTo(window)
                                <= 0)
                        .orElse(true);
                if (sequence.get(i).steps().contains(next)
                        && near
                        && isInside(chain.first(), i)
                        && sequence.get(i)
                                .held()
                                .equals(sequence.get(chain.first()).held())) {
                    LinkedHashMap<Integer, Integer> longer = new LinkedHashMap<>(chain.positions());
                    longer.put(next, i);
                    extend(new Try(longer), all);
                }
            }
            if (!query.steps().get(next).isOptional()) {
                break;
            }
        }
    }

    /** Whether an unwanted event lies between two steps of the chain. */
    private boolean isTaintedBefore(Try chain) {
        List<Map.Entry<Integer, Integer>> parts = List.copyOf(chain.positions().entrySet());
        for (int i = 0; i + 1 < parts.size(); i++) {
            for (int x = parts.get(i).getValue() + 1; x < parts.get(i + 1).getValue(); x++) {
                if (taints(x, parts.get(i).getKey() + 1, chain.first())) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Whether an unwanted event comes after the chain's last step, in time and where it is unwanted. */
    private boolean isTaintedAfter(Try chain) {
        for (int x = chain.lastPosition() + 1; x < sequence.size(); x++) {
            if (taints(x, chain.lastStep() + 1, chain.first())) {
                return true;
            }
        }
        return false;
    }

    private boolean taints(int position, int depth, int entry) {
        return isInside(entry, position)
                && sequence.get(position).violated().stream()
                        .anyMatch(exclusion -> exclusion.fromStep() <= depth && depth < exclusion.toStep());
    }

    private List<Object> timesOf(Map<Integer, Integer> positions) {
        List<Object> times = new ArrayList<>();
        positions.entrySet().stream()
                .sorted(Comparator.comparing((Map.Entry<Integer, Integer> part) -> part.getValue()))
                .forEach(part -> {
                    times.add(query.steps().get(part.getKey()).name());
                    times.add(time(part.getValue()));
                });
        return times;
    }

    private Answer anyOrder() {
        int best = 0;
        Instant reached = Instant.MAX;
        Set<List<Object>> times = new HashSet<>();
        for (String held : sequence.stream().map(Fact::held).distinct().toList()) {
            for (int end = 0; end < sequence.size(); end++) {
                int start = end; // the events up to here, back to the last unwanted one
                while (start > 0 && sequence.get(start - 1).violated().isEmpty()) {
                    start--;
                }
                for (int size = Math.max(best, 1); size <= steps; size++) {
                    List<LinkedHashMap<Integer, Integer>> passes = new ArrayList<>();
                    for (int entry = end; entry >= start && passes.isEmpty(); entry--) {
                        if (isEntry(entry) && isInside(entry, end)) {
                            collect(entry, end, held, new LinkedHashMap<>(), 0, size, passes);
                        }
                    }
                    if (!passes.isEmpty() && !isVoided(first(passes.get(0)), end, size)) {
                        if (size > best || time(end).isBefore(reached)) {
                            best = size;
                            reached = time(end);
                            times.clear();
                        }
                        if (time(end).equals(reached)) {
                            passes.forEach(pass -> times.add(timesOf(pass)));
                        }
                    }
                }
            }
        }
        return new Answer(best, times);
    }

    private static int first(Map<Integer, Integer> pass) {
        return pass.values().stream().mapToInt(i -> i).min().orElseThrow();
    }

    private boolean isVoided(int entry, int end, int size) {
        if (size == steps) {
            return false;
        }
        for (int x = end + 1; x < sequence.size(); x++) {
            if (!sequence.get(x).violated().isEmpty() && isInside(entry, x)) {
                return true;
            }
        }
        return false;
    }

    /** All ways to do {@code size} steps with events from {@code entry} to {@code end}, both among them. */
    private void collect(
            int entry,
            int end,
            String held,
            LinkedHashMap<Integer, Integer> pass,
            int step,
            int size,
            List<LinkedHashMap<Integer, Integer>> passes) {
        if (pass.size() == size) {
            if (pass.containsValue(entry) && pass.containsValue(end)) {
                passes.add(new LinkedHashMap<>(pass));
            }
            return;
        }
        if (step == steps) {
            return;
        }
        collect(entry, end, held, pass, step + 1, size, passes);
        for (int i = entry; i <= end; i++) {
            if (sequence.get(i).steps().contains(step)
                    && sequence.get(i).held().equals(held)
                    && !pass.containsValue(i)) {
                pass.put(step, i);
                collect(entry, end, held, pass, step + 1, size, passes);
                pass.remove(step);
            }
        }
    }
}
