package io.plg.examples.replay;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Answers how many users of a file were activated and how fast. */
@Command(
        name = "activation",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "How many of those who signed up were activated, and how fast.")
final class ActivationCommand implements Callable<Integer> {

    @ParentCommand
    private @Nullable Replay replay;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--users",
            required = true,
            paramLabel = "FILE",
            arity = "1..*",
            description =
                    "Files with one user per row, plain or gzipped. Of several rows on one user the first counts.")
    private List<Path> users = new ArrayList<>();

    @Option(names = "--user-column", required = true, paramLabel = "COLUMN", description = "Who.")
    private String userColumn = "";

    @Option(
            names = "--signed-up-column",
            required = true,
            paramLabel = "COLUMN",
            description = "When the user signed up: ISO-8601, yyyy-MM-dd[ HH:mm:ss] (UTC) or Unix seconds.")
    private String signedUpColumn = "";

    @Option(
            names = "--activated-column",
            required = true,
            paramLabel = "COLUMN",
            description = "When the user was activated; empty, NA, NULL or \\N if not.")
    private String activatedColumn = "";

    @Option(names = "--by", paramLabel = "COLUMN", description = "Report also by the values of this column.")
    private @Nullable String by;

    @Option(
            names = "--period",
            paramLabel = "PERIOD",
            description = "Report also by week or month of sign-up (UTC, ISO weeks).")
    private @Nullable EntryPeriods period;

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
        BadRows badRows = input.badRows();
        ActivationAnswer found = find(badRows, err);
        badRows.tell(err);
        answer.print(
                command.commandLine().getOut(),
                () -> ActivationText.of(found),
                () -> JsonAnswer.print(ActivationJson.of(found)));
        answer.writePage(err, () -> ActivationPage.of(found));
        return 0;
    }

    private ActivationAnswer find(BadRows badRows, PrintWriter err) {
        String workspace = "replay-" + UUID.randomUUID();
        var log = new ActivationLog(workspace, Optional.ofNullable(period));
        try (PlgStore plg = store.plg(product -> product.funnel(ActivationLog.FUNNEL))) {
            plg.plg().transact(tx -> {
                log.begin(tx);
                read(log, badRows);
                log.end();
            });
            if (log.repeated() > 0) {
                err.println("replay: ignored " + Words.count(log.repeated(), "row")
                        + " about users who had been there before; the first row of a user counts");
            }
            store.tellWorkspace(err, workspace);
            return log.answer(plg.plg(), Optional.ofNullable(by), store.name(), SimulateCommand.wrote(users));
        }
    }

    private void read(ActivationLog log, BadRows badRows) {
        boolean onTerminal = Objects.requireNonNull(replay).onTerminal();
        try (Progress progress = Progress.over(users, onTerminal)) {
            for (Path file : users) {
                try (Table table = Table.open(file, input.format(), progress)) {
                    Column user = table.column("--user-column", userColumn);
                    Column signedUp = table.column("--signed-up-column", signedUpColumn);
                    Column activated = table.column("--activated-column", activatedColumn);
                    Column value = by == null ? null : table.column("--by", by);
                    table.forEachRow(badRows, row -> {
                        String who = row.text(user);
                        long signedUpAt = row.time(signedUp);
                        OptionalLong activatedAt = row.optionalTime(activated);
                        String told =
                                value == null ? null : row.optionalText(value).orElse(null);
                        try {
                            log.add(who, signedUpAt, activatedAt, told);
                        } catch (IllegalArgumentException e) {
                            throw row.bad(String.valueOf(e.getMessage()));
                        }
                    });
                }
            }
        }
    }
}
