package io.plg.examples.replay;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Answers who referred whom, how many users one brings, and how long that takes. */
@Command(
        name = "referrals",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Who referred whom: generations, K, cycle time. With --edges, or with --members and codes.")
final class ReferralsCommand implements Callable<Integer> {
    private static final int MOST_LARGEST = 10_000;

    @ParentCommand
    private @Nullable Replay replay;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--edges",
            paramLabel = "FILE",
            arity = "1..*",
            description = {
                "Files with one invitation per row, plain or gzipped; together they are one log.",
                "Somebody who was in an earlier row, on either side, is not referred any more."
            })
    private List<Path> edges = new ArrayList<>();

    @Option(names = "--inviter-column", paramLabel = "COLUMN", description = "Who invited. Needed with --edges.")
    private @Nullable String inviterColumn;

    @Option(names = "--invitee-column", paramLabel = "COLUMN", description = "Who was invited. Needed with --edges.")
    private @Nullable String inviteeColumn;

    @Option(
            names = "--members",
            paramLabel = "FILE",
            arity = "1..*",
            description = {
                "Files with one member per row, plain or gzipped. All codes are read before the first one is redeemed;",
                "a code that several members have is the first one's."
            })
    private List<Path> members = new ArrayList<>();

    @Option(names = "--member-column", paramLabel = "COLUMN", description = "Who. Needed with --members.")
    private @Nullable String memberColumn;

    @Option(
            names = "--redeemed-column",
            paramLabel = "COLUMN",
            description = "The code that the member came with; empty, NA, NULL or \\N for none. Needed with --members.")
    private @Nullable String redeemedColumn;

    @Option(
            names = "--issued-column",
            paramLabel = "COLUMN",
            arity = "1..*",
            description = "The codes that the member was given, one or several columns. Needed with --members.")
    private List<String> issuedColumns = new ArrayList<>();

    @Option(
            names = "--time-column",
            paramLabel = "COLUMN",
            description = {
                "When: ISO-8601, yyyy-MM-dd[ HH:mm:ss] (UTC) or Unix seconds. Rows are taken in this order;",
                "without it, and at one instant, in the order of the files."
            })
    private @Nullable String timeColumn;

    @Option(
            names = "--period",
            paramLabel = "PERIOD",
            description =
                    "Report K also by week or month in which members were first seen (UTC, ISO weeks). The table and the page do so by month anyway.")
    private @Nullable EntryPeriods period;

    @Option(
            names = "--largest",
            paramLabel = "N",
            defaultValue = "10",
            description = "How many of the largest subtrees to tell. Default: 10")
    private int largest;

    @Mixin
    private FormatOptions format = new FormatOptions();

    @Option(
            names = "--skip-bad-rows",
            description = "Always so here: rows that cannot be read are among the rejected ones.")
    private boolean skipBadRows;

    @Mixin
    private StoreOptions store = new StoreOptions();

    @Mixin
    private AnswerOptions answer = new AnswerOptions();

    @Override
    public Integer call() {
        CommandSpec command = Objects.requireNonNull(spec);
        PrintWriter err = command.commandLine().getErr();
        answer.check();
        check();
        var rejected = new RejectedRows();
        ReferralRows rows = read(rejected);
        ReferralsAnswer found = find(rows, rejected, err);
        rejected.tell(err);
        answer.print(
                command.commandLine().getOut(),
                () -> ReferralsText.of(found),
                () -> JsonAnswer.print(ReferralsJson.of(found)));
        answer.writePage(err, () -> ReferralsPage.of(found));
        return 0;
    }

    private void check() {
        if (edges.isEmpty() == members.isEmpty()) {
            throw new BadInput(
                    edges.isEmpty()
                            ? "either --edges FILE or --members FILE is needed, there is neither"
                            : "--edges and --members exclude each other, both are there");
        }
        boolean byCode = edges.isEmpty();
        column("--inviter-column", inviterColumn, !byCode);
        column("--invitee-column", inviteeColumn, !byCode);
        column("--member-column", memberColumn, byCode);
        column("--redeemed-column", redeemedColumn, byCode);
        column("--issued-column", issuedColumns.isEmpty() ? null : issuedColumns.get(0), byCode);
        if (period != null && timeColumn == null) {
            throw new BadInput("--period needs --time-column");
        }
        if (largest < 1 || largest > MOST_LARGEST) {
            throw new BadInput("--largest must be 1 to " + MOST_LARGEST + ", was " + largest);
        }
    }

    private void column(String option, @Nullable String given, boolean wanted) {
        String here = edges.isEmpty() ? "--members" : "--edges";
        if (wanted && given == null) {
            throw new BadInput(here + " needs " + option);
        }
        if (!wanted && given != null) {
            throw new BadInput(
                    option + " belongs to " + (edges.isEmpty() ? "--edges" : "--members") + ", not to " + here);
        }
    }

    private ReferralRows read(RejectedRows rejected) {
        List<Path> files = files();
        try (Progress progress =
                Progress.over(files, Objects.requireNonNull(replay).onTerminal())) {
            var reader = new ReferralFiles(files, format.format(), Optional.ofNullable(timeColumn), rejected, progress);
            return edges.isEmpty()
                    ? reader.members(
                            Objects.requireNonNull(memberColumn), Objects.requireNonNull(redeemedColumn), issuedColumns)
                    : reader.edges(Objects.requireNonNull(inviterColumn), Objects.requireNonNull(inviteeColumn));
        }
    }

    private ReferralsAnswer find(ReferralRows rows, RejectedRows rejected, PrintWriter err) {
        var log = new ReferralLog("replay-" + UUID.randomUUID(), rows, rejected);
        try (PlgStore plg = store.plg(log::describe)) {
            plg.plg().transact(log::replay);
            store.tellWorkspace(err, log.workspace());
            return log.answer(
                    plg.plg(), largest, Optional.ofNullable(period), store.name(), SimulateCommand.wrote(files()));
        }
    }

    private List<Path> files() {
        return edges.isEmpty() ? members : edges;
    }
}
