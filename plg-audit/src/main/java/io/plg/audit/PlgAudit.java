package io.plg.audit;

import io.plg.tenancy.AuditReport;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command: audits the database behind a JDBC URL. */
@Command(
        name = "plg-audit",
        sortOptions = false,
        description = "Asks a PostgreSQL database whether one tenant could reach the rows of another.",
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:nothing was found", "1:there are findings", "2:the audit could not run"})
final class PlgAudit implements Callable<Integer> {
    private static final int COULD_NOT_RUN = 2;
    private static final String PASSWORD = "PGPASSWORD";

    /** Kept, because a logger that nobody holds forgets its level. */
    private static final Logger DRIVER = Logger.getLogger("org.postgresql");

    private final Map<String, String> environment;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--jdbc-url", paramLabel = "URL", required = true, description = "The database.")
    private String url = "";

    @Option(names = "--user", paramLabel = "USER", description = "Who logs in. Default: what the driver chooses.")
    private @Nullable String user;

    @Option(
            names = "--password-env",
            paramLabel = "NAME",
            description = "The environment variable with the password. Default: " + PASSWORD + ".")
    private @Nullable String passwordEnv;

    @Option(
            names = "--role",
            paramLabel = "ROLE",
            description = "The role to audit: the one that the application's statements run as. Default: who logs in.")
    private @Nullable String role;

    @Option(
            names = "--table",
            paramLabel = "SCHEMA.TABLE:COLUMN",
            description = "A table of yours and its tenant column, as the database stores the names.")
    private List<String> tables = new ArrayList<>();

    @Option(
            names = "--schema",
            paramLabel = "SCHEMA:COLUMN[:SHARED,SHARED]",
            description = "All tables of a schema and their tenant column, except the shared ones.")
    private List<String> schemas = new ArrayList<>();

    @ArgGroup
    private Binding binding = new Binding();

    @Option(names = "--no-probe", description = "Only read the catalog; write nothing, not even for a moment.")
    private boolean noProbe;

    @ArgGroup
    private Output output = new Output();

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this text.")
    private boolean help;

    /** How a transaction says whose turn it is. */
    static final class Binding {
        @Option(
                names = "--setting",
                paramLabel = "NAME",
                description = "The setting with the tenant's id. Default: plg.workspace_id.")
        private @Nullable String setting;

        @Option(
                names = "--jwt-claim",
                paramLabel = "PATH",
                description = "The claim of request.jwt.claims with the tenant's id, such as app_metadata.org_id.")
        private @Nullable String claim;
    }

    /** What is printed instead of text for people. */
    static final class Output {
        @Option(names = "--json", description = "Print one JSON document.")
        private boolean json;

        @Option(names = "--sql", description = "Print the remedies as a script.")
        private boolean sql;
    }

    private PlgAudit(Map<String, String> environment) {
        this.environment = environment;
    }

    /**
     * Runs the command and exits.
     *
     * @param args the command line
     */
    public static void main(String[] args) {
        // It prints URLs that it does not understand, with the password in them.
        DRIVER.setLevel(Level.OFF);
        System.exit(commandLine(utf8(FileDescriptor.out), utf8(FileDescriptor.err), System.getenv())
                .execute(args));
    }

    /** The command as an object, for tests too: it neither exits nor writes anywhere else. */
    static CommandLine commandLine(PrintWriter out, PrintWriter err, Map<String, String> environment) {
        return new CommandLine(new PlgAudit(environment))
                .setOut(out)
                .setErr(err)
                .setUnmatchedOptionsAllowedAsOptionParameters(false)
                .setParameterExceptionHandler((error, args) -> refuse(err, usage(error, args)))
                .setExecutionExceptionHandler((error, command, parsed) -> refuse(err, reason(error)));
    }

    @Override
    public Integer call() {
        JdbcUrl database = new JdbcUrl(url, user, password());
        AuditReport report;
        try {
            report = audit(database).run();
        } catch (RuntimeException e) {
            throw new CouldNotRun(database.withoutSecrets(reason(e)), e);
        }
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        out.print(output.json ? ReportText.json(report) : output.sql ? report.remedies() : ReportText.text(report));
        out.flush();
        return report.isolated() ? 0 : 1;
    }

    private IsolationAudit audit(JdbcUrl database) {
        IsolationAudit audit = IsolationAudit.of(database);
        for (String each : tables) {
            String[] parts = parts("--table", each, "SCHEMA.TABLE:COLUMN", 2, 2);
            audit = audit.table(parts[0], parts[1]);
        }
        for (String each : schemas) {
            String[] parts = parts("--schema", each, "SCHEMA:COLUMN or SCHEMA:COLUMN:SHARED,SHARED", 2, 3);
            audit = audit.schema(parts[0], parts[1], parts.length == 3 ? parts[2].split(",") : new String[0]);
        }
        if (role != null) {
            audit = audit.role(role);
        }
        if (binding.setting != null) {
            audit = audit.boundBy(TenantBinding.setting(binding.setting));
        }
        if (binding.claim != null) {
            audit = audit.boundBy(TenantBinding.jwtClaim(binding.claim));
        }
        return noProbe ? audit.withoutProbe() : audit;
    }

    private static String[] parts(String option, String value, String form, int least, int most) {
        String[] parts = value.split(":", -1);
        if (parts.length < least || parts.length > most || List.of(parts).contains("")) {
            throw new IllegalArgumentException(option + " must be " + form + ", was \"" + value + "\"");
        }
        return parts;
    }

    private @Nullable String password() {
        if (passwordEnv == null) {
            return environment.get(PASSWORD);
        }
        String password = environment.get(passwordEnv);
        if (password == null) {
            throw new CouldNotRun("--password-env " + passwordEnv + ": there is no such environment variable", null);
        }
        return password;
    }

    private static int refuse(PrintWriter err, String reason) {
        err.println("plg-audit: " + reason.strip().replaceAll("\\s*\\R\\s*", " "));
        return COULD_NOT_RUN;
    }

    /** Not what was typed, if it may be a password. */
    private static String usage(ParameterException error, String[] args) {
        for (String each : args) {
            if (each.matches("(?i)--?(password|pass|pw)([=:].*)?")) {
                return "a password is not taken from the command line: set the environment variable " + PASSWORD
                        + ", or name another with --password-env";
            }
        }
        String message = String.valueOf(error.getMessage());
        for (String each : args) {
            message = new JdbcUrl(each, null, null).withoutSecrets(message);
        }
        return message;
    }

    private static String reason(Throwable error) {
        if (error instanceof CouldNotRun || error instanceof IllegalArgumentException) {
            return String.valueOf(error.getMessage());
        }
        var reason = new StringBuilder(message(error));
        // The driver's own "The connection attempt failed." does not say why; its cause does.
        for (Throwable cause = error.getCause(); cause != null; cause = cause.getCause()) {
            String message = message(cause);
            if (reason.indexOf(message) < 0) {
                String name = cause instanceof IOException ? cause.getClass().getSimpleName() + " " : "";
                if (reason.charAt(reason.length() - 1) == '.') {
                    reason.setLength(reason.length() - 1);
                }
                reason.append(": ").append(name).append(message);
            }
        }
        return reason.toString();
    }

    private static String message(Throwable error) {
        return error.getMessage() == null || error.getMessage().isBlank() ? error.toString() : error.getMessage();
    }

    /** What Java takes for the encoding of the streams cannot print every name where no locale is set. */
    private static PrintWriter utf8(FileDescriptor stream) {
        return new PrintWriter(new OutputStreamWriter(new FileOutputStream(stream), StandardCharsets.UTF_8), true);
    }

    /** Its message is for the user and has no secrets in it. */
    private static final class CouldNotRun extends RuntimeException {
        private static final long serialVersionUID = 1L;

        CouldNotRun(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }
}
