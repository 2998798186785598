package io.plg.examples.replay;

import io.plg.funnel.FunnelQuery.Order;
import io.plg.funnel.FunnelReport;
import java.util.stream.Collectors;

/**
 * A question about a funnel with its answer.
 *
 * @param question what was asked
 * @param report what the library answered
 * @param events how many events were read
 * @param store where they lay
 * @param simulated whether the events were made up by the simulator
 */
record FunnelAnswer(FunnelQuestion question, FunnelReport report, long events, String store, boolean simulated) {

    String title() {
        return question.steps().stream().map(StepSpec::name).collect(Collectors.joining(anyOrder() ? ", " : " → "));
    }

    /**
     * What the number of a step's line counts: the step, or how many of the steps if their order does not matter.
     *
     * @param number from 1
     */
    String label(int number) {
        int steps = question.steps().size();
        return anyOrder() && steps > 1
                ? "any " + number + " of " + steps
                : question.steps().get(number - 1).name();
    }

    /** How the steps must follow each other, in words. */
    String rule() {
        return switch (question.order()) {
                    case ORDERED -> "in this order";
                    case STRICT -> "in this order, nothing in between";
                    case ANY -> "in any order";
                }
                + question.window()
                        .map(window -> ", within " + Words.duration(window))
                        .orElse(", without a window");
    }

    /** What was looked at. */
    String input() {
        return Words.count(events, "event")
                + (simulated ? ", simulated" : "")
                + " · " + store
                + question.from()
                        .map(from -> " · entries from " + Words.time(from))
                        .orElse("")
                + question.to()
                        .map(to -> (question.from().isEmpty() ? " · entries before " : " to ") + Words.time(to))
                        .orElse("")
                + report.asOf().map(now -> " · as of " + Words.time(now)).orElse("");
    }

    boolean anyOrder() {
        return question.order() == Order.ANY;
    }
}
