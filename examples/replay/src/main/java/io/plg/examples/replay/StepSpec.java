package io.plg.examples.replay;

import io.plg.funnel.FunnelStep;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A step as it is written on the command line: {@code NAME}, {@code NAME=EVENT|EVENT} or {@code NAME=@FILE|@FILE}.
 *
 * @param name the step's name
 * @param sources what counts as the step, any of them
 */
record StepSpec(String name, List<Source> sources) {

    /**
     * An event by name, or all rows of a file, which then are events called like the file with an {@code @} before it.
     *
     * @param event the name of the event
     * @param file the file, if it is one
     */
    record Source(String event, Optional<Path> file) {

        static Source of(String text) {
            if (!text.startsWith("@")) {
                return new Source(text, Optional.empty());
            }
            Path file = Path.of(text.substring(1));
            return new Source("@" + file.normalize(), Optional.of(file));
        }
    }

    static StepSpec parse(String text) {
        int equals = text.indexOf('=');
        String name = (equals < 0 ? text : text.substring(0, equals)).strip();
        String sources = equals < 0 ? name : text.substring(equals + 1);
        List<String> each =
                Arrays.stream(sources.split("\\|", -1)).map(String::strip).toList();
        if (name.isEmpty() || each.stream().anyMatch(source -> source.isEmpty() || source.equals("@"))) {
            throw new BadInput("--step must be NAME, NAME=EVENT, NAME=EVENT|EVENT or NAME=@FILE, was \"" + text + "\"");
        }
        return new StepSpec(name, each.stream().map(Source::of).distinct().toList());
    }

    List<String> events() {
        return sources.stream().map(Source::event).toList();
    }

    FunnelStep toStep() {
        return FunnelStep.of(name).events(events().toArray(String[]::new));
    }
}
