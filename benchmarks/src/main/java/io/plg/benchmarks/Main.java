package io.plg.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Starts a program: {@code java -jar benchmarks.jar NAME [--option=number …]}. Without a name it says which there are; {@code all} runs
 * them one after the other, each in a JVM of its own with the heap it wants; {@code jmh} hands the rest to JMH.
 */
public final class Main {

    private static final Map<String, Entry> PROGRAMS = new LinkedHashMap<>();

    static {
        PROGRAMS.put(
                "funnel",
                new Entry(
                        (args, out) -> FunnelLoad.run(args, out, PostgresServer::start), List.of("-Xms6g", "-Xmx6g")));
        PROGRAMS.put(
                "complete",
                new Entry(
                        (args, out) -> CompleteLoad.run(args, out, PostgresServer::start),
                        List.of("-Xms512m", "-Xmx512m")));
        PROGRAMS.put(
                "isolation",
                new Entry((args, out) -> IsolationLoad.run(args, out, PostgresServer::start), List.of("-Xmx512m")));
        PROGRAMS.put(
                "idempotency",
                new Entry((args, out) -> IdempotencyLoad.run(args, out, PostgresServer::start), List.of("-Xmx512m")));
        PROGRAMS.put(
                "gates",
                new Entry((args, out) -> GatesLoad.run(args, out, PostgresServer::start), List.of("-Xmx512m")));
        PROGRAMS.put(
                "referrals",
                new Entry((args, out) -> ReferralsLoad.run(args, out, PostgresServer::start), List.of("-Xmx512m")));
        PROGRAMS.put(
                "gates-memory",
                new Entry((args, out) -> GatesMemoryLoad.run(args, out, PostgresServer::start), List.of()));
        PROGRAMS.put("state", new Entry(StateLoad::run, List.of()));
        PROGRAMS.put(
                "staleness", new Entry((args, out) -> StalenessLoad.run(args, out, PostgresServer::start), List.of()));
        PROGRAMS.put(
                "event-source",
                new Entry((args, out) -> EventSourceLoad.run(args, out, PostgresServer::start), List.of("-Xmx128m")));
    }

    private Main() {}

    /** Prints Markdown; throws if what it measured breaks a promise or peers disagree. */
    interface Program {
        void run(String[] args, PrintStream out) throws Exception;
    }

    /** A program and the options of the JVM it is meant for. */
    private record Entry(Program program, List<String> jvm) {}

    /**
     * Starts the program.
     *
     * @param args its name, then its options
     * @throws Exception whatever makes the program fail
     */
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        String name = args.length == 0 ? "" : args[0];
        String[] rest = Arrays.copyOfRange(args, Math.min(1, args.length), args.length);
        Entry entry = PROGRAMS.get(name);
        if (entry != null) {
            entry.program().run(rest, out);
        } else if (name.equals("jmh")) {
            org.openjdk.jmh.Main.main(rest);
        } else if (name.equals("all")) {
            runAll();
        } else {
            out.println("usage: java -jar benchmarks.jar NAME [--option=number ...]");
            PROGRAMS.forEach((program, each) ->
                    out.println("  " + String.join(" ", command("java", each, "-jar", "benchmarks.jar", program))));
            out.println("  java -jar benchmarks.jar all");
            out.println("  java -jar benchmarks.jar jmh [JMH options]");
            System.exit(name.isEmpty() ? 0 : 2);
        }
    }

    private static void runAll() throws IOException, InterruptedException {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        boolean failed = false;
        for (Map.Entry<String, Entry> each : PROGRAMS.entrySet()) {
            List<String> command = command(
                    java.toString(),
                    each.getValue(),
                    "-cp",
                    System.getProperty("java.class.path"),
                    Main.class.getName(),
                    each.getKey());
            failed |= new ProcessBuilder(command).inheritIO().start().waitFor() != 0;
        }
        if (failed) {
            throw new IllegalStateException("a program failed, see above");
        }
    }

    private static List<String> command(String java, Entry entry, String... rest) {
        List<String> command = new ArrayList<>(List.of(java));
        command.addAll(entry.jvm());
        command.addAll(List.of(rest));
        return command;
    }
}
