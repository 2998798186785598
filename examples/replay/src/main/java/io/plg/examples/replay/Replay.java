package io.plg.examples.replay;

import io.plg.PlgException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The program: replays an exported event log through the library. */
@Command(
        name = "replay",
        mixinStandardHelpOptions = true,
        subcommands = {
            FunnelCommand.class,
            ActivationCommand.class,
            ReferralsCommand.class,
            SimulateCommand.class,
            HelpCommand.class
        },
        description = "Replays an exported event log through plg. Without a command it shows a simulated product.")
public final class Replay implements Callable<Integer> {
    private final boolean onTerminal;

    @Spec
    private @Nullable CommandSpec spec;

    private Replay(boolean onTerminal) {
        this.onTerminal = onTerminal;
    }

    /**
     * Runs the program.
     *
     * @param args the command line
     */
    public static void main(String[] args) {
        int exitCode = commandLine(utf8(FileDescriptor.out), utf8(FileDescriptor.err), Progress.onTerminal())
                .execute(args);
        if (exitCode != CommandLine.ExitCode.OK) {
            System.exit(exitCode);
        }
    }

    /** The program as an object, for tests too: it neither exits nor writes anywhere else. */
    static CommandLine commandLine(PrintWriter out, PrintWriter err, boolean onTerminal) {
        return new CommandLine(new Replay(onTerminal))
                .setOut(out)
                .setErr(err)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUnmatchedOptionsAllowedAsOptionParameters(false)
                .setExecutionExceptionHandler((error, command, parsed) -> explain(error, command.getErr()));
    }

    private static int explain(Exception error, PrintWriter err) {
        if (error instanceof BadInput) {
            err.println("replay: " + error.getMessage());
            return CommandLine.ExitCode.USAGE;
        }
        if (error instanceof PlgException || error instanceof DatabaseFailure) {
            err.println("replay: " + error.getMessage());
        } else {
            error.printStackTrace(err);
        }
        return CommandLine.ExitCode.SOFTWARE;
    }

    /** What Java takes for the encoding of the streams has no bars in it where no locale is set. */
    private static PrintWriter utf8(FileDescriptor stream) {
        return new PrintWriter(new OutputStreamWriter(new FileOutputStream(stream), StandardCharsets.UTF_8), true);
    }

    boolean onTerminal() {
        return onTerminal;
    }

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        out.print(Demo.show());
        out.flush();
        return 0;
    }
}
