package io.plg.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Another JVM, which does what it is told until it is killed. See {@link ChildMain}. */
final class Child implements AutoCloseable {
    private static final int SIGKILLED = 128 + 9;
    private static final long LONGEST_SECONDS = 60;

    private final Process process;
    private final PrintStream commands;
    private final Path errors;
    private final Thread reader;
    private final ConcurrentHashMap<String, BlockingQueue<String>> answers = new ConcurrentHashMap<>();
    private final AtomicInteger calls = new AtomicInteger();

    private Child(String url, int pool) throws IOException {
        errors = Files.createTempFile("plg-crash-child", ".log");
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx64m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"));
        command.add("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");
        command.add("-Dorg.slf4j.simpleLogger.log.com.zaxxer.hikari=off");
        command.addAll(List.of("-cp", classPath(), ChildMain.class.getName(), url, String.valueOf(pool)));
        process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
        commands = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        reader = new Thread(this::read, "child " + process.pid());
        reader.setDaemon(true);
        reader.start();
    }

    /** Starts some at the same time and waits until they are ready. */
    static List<Child> start(int howMany, int pool, String... settings) {
        var children = new ArrayList<Child>();
        try {
            for (int i = 0; i < howMany; i++) {
                children.add(new Child(CrashServer.url(CrashServer.port(), settings), pool));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        children.forEach(each -> assertThat(each.next("0")).isEqualTo("ready"));
        return children;
    }

    static Child start(String... settings) {
        return start(1, 10, settings).get(0);
    }

    /** Gives it something to do. */
    Call call(String... words) {
        String id = String.valueOf(calls.incrementAndGet());
        commands.println(id + " " + String.join(" ", words));
        return new Call(id);
    }

    /** What it was told to do. */
    final class Call {
        private final String id;

        private Call(String id) {
            this.id = id;
        }

        /** The next line of its answer. */
        String next() {
            return Child.this.next(id);
        }

        /** What is left of the answer of one that was killed. */
        List<String> rest() {
            try {
                reader.join(TimeUnit.SECONDS.toMillis(LONGEST_SECONDS));
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            assertThat(reader.isAlive()).isFalse();
            var rest = new ArrayList<String>();
            answers(id).drainTo(rest);
            return rest;
        }

        void reaches(String point) {
            assertThat(next()).isEqualTo("AT " + point);
        }

        /** Lets it go on from where it has stopped. */
        void goOn() {
            commands.println(id + " go");
        }
    }

    /** {@code kill -9}. */
    void kill() {
        process.destroyForcibly();
        try {
            assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        assertThat(process.exitValue()).isEqualTo(SIGKILLED);
    }

    void pause() {
        signal("-STOP");
    }

    void resume() {
        signal("-CONT");
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor(10, TimeUnit.SECONDS);
            Files.deleteIfExists(errors);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void signal(String which) {
        try {
            assertThat(new ProcessBuilder("kill", which, String.valueOf(process.pid()))
                            .start()
                            .waitFor())
                    .isZero();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private String next(String id) {
        try {
            String answer = answers(id).poll(LONGEST_SECONDS, TimeUnit.SECONDS);
            if (answer == null) {
                throw new AssertionError("no answer from the child; it said: " + Files.readString(errors));
            }
            return answer;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void read() {
        try (var lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                int space = line.indexOf(' ');
                answers(line.substring(0, space)).add(line.substring(space + 1));
            }
        } catch (IOException e) {
            // It was killed.
        }
    }

    private BlockingQueue<String> answers(String id) {
        return answers.computeIfAbsent(id, i -> new LinkedBlockingQueue<>());
    }

    private static String classPath() {
        // Surefire hands its own jar to the JVM and the class path in a property.
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }
}
