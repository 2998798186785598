package io.plg.examples.replay;

import de.siegmar.fastcsv.writer.CsvWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Writes the files of a simulated product, to try the other commands on. */
@Command(
        name = "simulate",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Writes simulated-events.csv and simulated-users.csv of a made-up product.")
final class SimulateCommand implements Callable<Integer> {
    private static final String SIMULATED = "simulated-";

    static final String EVENTS = SIMULATED + "events.csv";
    static final String USERS = SIMULATED + "users.csv";

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "42",
            description = "The same seed makes the same files. Default: 42")
    private long seed;

    @Option(
            names = "--users",
            paramLabel = "N",
            defaultValue = "5000",
            description = "How many sign up without invitation. Default: 5000")
    private int users;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "DIR",
            description = "Where to write; made if it is not there.")
    private Path directory = Path.of(".");

    /** Whether one of the files is called like those that this command writes, so that nobody takes them for real. */
    static boolean wrote(Collection<Path> files) {
        return files.stream()
                .map(Path::getFileName)
                .anyMatch(name -> name != null && name.toString().startsWith(SIMULATED));
    }

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        SimulatedProduct.History history = SimulatedProduct.example(seed, users).run();
        try {
            Files.createDirectories(directory);
            write(EVENTS, csv -> {
                csv.writeRecord("user", "event", "time", "source", "plan");
                history.events()
                        .forEach(event -> csv.writeRecord(
                                event.user(),
                                event.name(),
                                Micros.toInstant(event.micros()).toString(),
                                event.source().label(),
                                event.plan()));
            });
            write(USERS, csv -> {
                csv.writeRecord("user", "signed_up_at", "activated_at", "source");
                history.users()
                        .forEach(user -> csv.writeRecord(
                                user.id(),
                                Micros.toInstant(user.signedUpAt()).toString(),
                                user.activatedAt().isPresent()
                                        ? Micros.toInstant(user.activatedAt().getAsLong())
                                                .toString()
                                        : "",
                                user.source().label()));
            });
        } catch (IOException e) {
            throw new BadInput("--out " + directory + ": cannot be written: " + e.getMessage(), e);
        }
        out.println("Wrote " + Words.count(history.events().size(), "simulated event") + " and "
                + Words.count(history.users().size(), "simulated user") + ". Try:");
        out.println();
        out.print(Suggestions.on(directory));
        out.flush();
        return 0;
    }

    private void write(String name, Consumer<CsvWriter> content) throws IOException {
        Path unfinished = directory.resolve("." + name + "-" + UUID.randomUUID());
        try {
            try (CsvWriter csv = CsvWriter.builder().build(unfinished, StandardCharsets.UTF_8)) {
                content.accept(csv);
            }
            Files.move(unfinished, directory.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(unfinished);
        }
    }
}
