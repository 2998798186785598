package io.plg.examples.replay;

import io.plg.Plg;
import io.plg.funnel.FunnelQuery;
import io.plg.funnel.FunnelQuery.Order;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The simulated product, shown when the program is started without a command. */
final class Demo {
    private static final long SEED = 42;
    private static final int VISITORS = 5_000;

    private Demo() {}

    static String show() {
        SimulatedProduct.History history =
                SimulatedProduct.example(SEED, VISITORS).run();
        return "\n  A simulated product, made up with seed " + SEED + ": none of these users exists.\n"
                + FunnelText.of(funnel(history, Optional.of("source"), Optional.of(EntryPeriods.WEEK)))
                + ActivationText.of(activation(history))
                + "  Try it on files. This writes the same product as CSV:\n\n  java -jar replay.jar simulate --out demo\n\n"
                + "  and these read them:\n\n"
                + Suggestions.on(Path.of("demo"))
                + "\n  java -jar replay.jar help funnel    says what else there is.\n\n";
    }

    static FunnelAnswer funnel(
            SimulatedProduct.History history, Optional<String> breakdown, Optional<EntryPeriods> period) {
        var question = new FunnelQuestion(
                SimulatedProduct.STEPS.stream().map(StepSpec::parse).toList(),
                Order.ORDERED,
                Optional.of(FunnelQuery.DEFAULT_WINDOW),
                Optional.empty(),
                Optional.empty(),
                breakdown,
                period,
                true,
                false);
        List<SimulatedProduct.Happening> events = history.events();
        try (var log = new MemoryEvents(SimulatedProduct.STEPS::contains)) {
            events.forEach(event -> log.add(
                    event.user(), event.name(), event.micros(), event.source().label(), null));
            long latest = events.get(events.size() - 1).micros();
            return new FunnelAnswer(
                    question, question.ask(log.events(), Micros.toInstant(latest)), events.size(), "memory", true);
        }
    }

    static ActivationAnswer activation(SimulatedProduct.History history) {
        try (Plg plg = Plg.inMemory().funnel(ActivationLog.FUNNEL).build()) {
            var log = new ActivationLog("simulated", Optional.of(EntryPeriods.MONTH));
            log.begin(plg);
            history.users()
                    .forEach(user -> log.add(
                            user.id(),
                            user.signedUpAt(),
                            user.activatedAt(),
                            user.source().label()));
            log.end();
            return log.answer(plg, Optional.of("source"), "memory", true);
        }
    }
}
