package io.plg.examples.replay;

import io.plg.funnel.FunnelQuery;
import io.plg.funnel.FunnelQuery.Order;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.Period;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Answers how far the users of an event log came in a funnel. */
@Command(
        name = "funnel",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "How far users come in a funnel, how fast, and where they stop.")
final class FunnelCommand implements Callable<Integer> {

    @ParentCommand
    private @Nullable Replay replay;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--events",
            paramLabel = "FILE",
            arity = "1..*",
            description = "Files with one event per row, plain or gzipped; together they are one log.")
    private List<Path> events = new ArrayList<>();

    @Option(names = "--user-column", required = true, paramLabel = "COLUMN", description = "Who did it.")
    private String userColumn = "";

    @Option(names = "--event-column", paramLabel = "COLUMN", description = "What was done. Needed with --events.")
    private @Nullable String eventColumn;

    @Option(
            names = "--time-column",
            paramLabel = "COLUMN",
            description =
                    "When: ISO-8601, yyyy-MM-dd[ HH:mm:ss] (UTC) or Unix seconds. Only --order any can do without.")
    private @Nullable String timeColumn;

    @Option(
            names = "--step",
            required = true,
            paramLabel = "STEP",
            description = {
                "A step of the funnel, in order: NAME for the event of that name, NAME=EVENT or NAME=EVENT|EVENT for others,",
                "NAME=@FILE for a file whose every row is the step. One file may serve several steps."
            })
    private List<String> steps = new ArrayList<>();

    @Option(
            names = "--order",
            paramLabel = "ORDER",
            defaultValue = "ordered",
            description = "ordered (default), strict (nothing in between) or any.")
    private Order order = Order.ORDERED;

    @Option(
            names = "--window",
            paramLabel = "TIME",
            description =
                    "Longest time from the first step to the last: PT30M, P7D, none. Default: P14D; none if there are no times.")
    private @Nullable String window;

    @Option(names = "--from", paramLabel = "TIME", description = "Count only entries from this time on.")
    private @Nullable String from;

    @Option(names = "--to", paramLabel = "TIME", description = "Count only entries before this time.")
    private @Nullable String to;

    @Option(
            names = "--now",
            paramLabel = "TIME",
            description = "As of when users are still in progress. Default: the latest time in the input.")
    private @Nullable String now;

    @Option(
            names = "--users",
            paramLabel = "FILE",
            arity = "1..*",
            description =
                    "A file with one row per user, joined by --user-column, for --breakdown and --entered-column.")
    private List<Path> users = new ArrayList<>();

    @Option(
            names = "--entered-column",
            paramLabel = "COLUMN",
            description =
                    "When the user entered, a column of the users file, for --period, --from and --to instead of the first step's time.")
    private @Nullable String enteredColumn;

    @Option(
            names = "--breakdown",
            paramLabel = "COLUMN",
            description =
                    "Report also by the values of a column of the users file, or else of the events (first touch).")
    private @Nullable String breakdown;

    @Option(
            names = "--period",
            paramLabel = "PERIOD",
            description = "Report also by week or month of entry (UTC, ISO weeks).")
    private @Nullable EntryPeriods period;

    @Option(
            names = "--allow-empty-steps",
            description = "Accept events that never occur, which otherwise are taken for typing errors.")
    private boolean allowEmptySteps;

    @Mixin
    private InputOptions input = new InputOptions();

    @Mixin
    private StoreOptions store = new StoreOptions();

    @Mixin
    private AnswerOptions answer = new AnswerOptions();

    @Override
    public Integer call() {
        CommandSpec command = Objects.requireNonNull(spec);
        PrintWriter err = command.commandLine().getErr();
        answer.check();
        FunnelQuestion question = question();
        EventFiles files = files(question);
        BadRows badRows = input.badRows();
        FunnelAnswer found = find(question, files, badRows);
        badRows.tell(err);
        answer.print(
                command.commandLine().getOut(),
                () -> FunnelText.of(found),
                () -> JsonAnswer.print(FunnelJson.of(found)));
        answer.writePage(err, () -> FunnelPage.of(found));
        return 0;
    }

    private FunnelAnswer find(FunnelQuestion question, EventFiles files, BadRows badRows) {
        try (EventStore log = store.events(relevant(question))) {
            EventFiles.Found found = read(question, files, badRows, log);
            if (!allowEmptySteps) {
                checkOccurrence(question, found.names());
            }
            Instant asOf = now != null
                    ? time("--now", now)
                    : Micros.toInstant(found.latest().orElse(0));
            return new FunnelAnswer(
                    question,
                    question.ask(log.events(), asOf),
                    found.rows(),
                    store.name(),
                    SimulateCommand.wrote(files.all()));
        }
    }

    private EventFiles.Found read(FunnelQuestion question, EventFiles files, BadRows badRows, EventStore log) {
        var all = new ArrayList<>(users);
        all.addAll(files.all());
        try (Progress progress =
                Progress.over(all, Objects.requireNonNull(replay).onTerminal())) {
            UserFacts facts = UserFacts.read(
                    users,
                    input.format(),
                    userColumn,
                    Optional.ofNullable(enteredColumn),
                    question.breakdown(),
                    badRows,
                    progress);
            return files.read(log, question, facts, badRows, progress);
        }
    }

    private FunnelQuestion question() {
        List<StepSpec> parsed = parseSteps();
        boolean timed = timeColumn != null;
        if (!timed && order != Order.ANY) {
            throw new BadInput(
                    "--order " + lower(order) + " needs --time-column; without times only --order any has an answer");
        }
        if (!timed && now != null) {
            throw new BadInput("--now needs --time-column");
        }
        boolean enteredByUsersFile = enteredColumn != null;
        if (enteredByUsersFile && users.isEmpty()) {
            throw new BadInput(
                    "--entered-column " + enteredColumn + " is a column of the users file and needs --users");
        }
        if (!timed && !enteredByUsersFile && (period != null || from != null || to != null)) {
            throw new BadInput((period != null ? "--period" : from != null ? "--from" : "--to")
                    + " needs --time-column, or --users with --entered-column");
        }
        var question = new FunnelQuestion(
                parsed,
                order,
                windowOf(timed),
                Optional.ofNullable(from).map(text -> time("--from", text)),
                Optional.ofNullable(to).map(text -> time("--to", text)),
                Optional.ofNullable(breakdown),
                Optional.ofNullable(period),
                timed,
                enteredByUsersFile);
        if (question.from().isPresent()
                && question.to().isPresent()
                && !question.from().get().isBefore(question.to().get())) {
            throw new BadInput("--from must be before --to, was " + from + " and --to was " + to);
        }
        try {
            question.query();
        } catch (IllegalArgumentException e) {
            throw new BadInput(String.valueOf(e.getMessage()), e);
        }
        return question;
    }

    private List<StepSpec> parseSteps() {
        List<StepSpec> parsed = steps.stream().map(StepSpec::parse).toList();
        var names = new HashSet<String>();
        for (StepSpec step : parsed) {
            if (!names.add(step.name())) {
                throw new BadInput("--step names must differ, \"" + step.name()
                        + "\" is there twice; to ask for an event twice write --step again="
                        + step.sources().get(0).event());
            }
        }
        return parsed;
    }

    private EventFiles files(FunnelQuestion question) {
        Map<String, Path> stepFiles = new LinkedHashMap<>();
        boolean byName = false;
        for (StepSpec step : question.steps()) {
            for (StepSpec.Source source : step.sources()) {
                source.file().ifPresent(file -> stepFiles.putIfAbsent(source.event(), file));
                byName |= source.file().isEmpty();
            }
        }
        if (byName && events.isEmpty()) {
            throw new BadInput(
                    "a step that names an event needs --events FILE; a step can also be a file, as in --step NAME=@FILE");
        }
        if (!events.isEmpty() && eventColumn == null) {
            throw new BadInput("--events needs --event-column, the column with the event's name");
        }
        return new EventFiles(
                events,
                stepFiles,
                input.format(),
                userColumn,
                Optional.ofNullable(eventColumn),
                Optional.ofNullable(timeColumn));
    }

    private Optional<Duration> windowOf(boolean timed) {
        if (window == null) {
            return timed ? Optional.of(FunnelQuery.DEFAULT_WINDOW) : Optional.empty();
        }
        if (window.equalsIgnoreCase("none")) {
            return Optional.empty();
        }
        if (!timed) {
            throw new BadInput("--window " + window + " needs --time-column");
        }
        return Optional.of(duration(window));
    }

    private static Duration duration(String text) {
        Duration duration;
        try {
            duration = text.matches("(?i)P\\d+W")
                    ? Duration.ofDays(Period.parse(text).getDays())
                    : Duration.parse(text);
        } catch (DateTimeException e) {
            throw new BadInput("--window must be a time such as PT30M, P7D or none, was \"" + text + "\"", e);
        }
        if (duration.isZero() || duration.isNegative()) {
            throw new BadInput("--window must be positive or none, was " + text);
        }
        return duration;
    }

    private static Instant time(String option, String text) {
        try {
            return Micros.toInstant(Timestamps.parse(text));
        } catch (IllegalArgumentException e) {
            throw new BadInput(option + " " + e.getMessage(), e);
        }
    }

    /** Only a strict funnel cares about events that are no step of it. */
    private static Predicate<String> relevant(FunnelQuestion question) {
        if (question.order() == Order.STRICT) {
            return event -> true;
        }
        Set<String> wanted = question.steps().stream()
                .flatMap(step -> step.events().stream())
                .collect(Collectors.toCollection(HashSet::new));
        return wanted::contains;
    }

    private static void checkOccurrence(FunnelQuestion question, Set<String> names) {
        for (StepSpec step : question.steps()) {
            for (StepSpec.Source source : step.sources()) {
                if (!names.contains(source.event())) {
                    throw new BadInput(neverOccurs(step, source, names));
                }
            }
        }
    }

    private static String neverOccurs(StepSpec step, StepSpec.Source source, Set<String> names) {
        if (source.file().isPresent()) {
            return source.file().get() + ": expected rows for step \"" + step.name()
                    + "\", found none; --allow-empty-steps accepts that";
        }
        return "step \"" + step.name() + "\": no event \"" + source.event() + "\" in the input, "
                + SimilarNames.describe(source.event(), names) + "; --allow-empty-steps accepts that";
    }

    private static String lower(Order order) {
        return order.name().toLowerCase(Locale.ROOT);
    }
}
