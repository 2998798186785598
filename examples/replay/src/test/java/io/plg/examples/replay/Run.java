package io.plg.examples.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One run of the program inside the test.
 *
 * @param exitCode what it returned
 * @param out what it printed
 * @param err what it said on the side
 */
record Run(int exitCode, String out, String err) {
    private static final JsonMapper JSON = new JsonMapper();

    static Run args(String... args) {
        var out = new StringWriter();
        var err = new StringWriter();
        int exitCode = Replay.commandLine(new PrintWriter(out, true), new PrintWriter(err, true), false)
                .execute(args);
        return new Run(exitCode, out.toString(), err.toString());
    }

    /** Runs a command line written as one text, without quoting, in which {@code {}} stands for the given values in turn. */
    static Run of(String commandLine, Object... values) {
        var next = Arrays.asList(values).iterator();
        return args(Stream.of(commandLine.strip().split("\\s+"))
                .map(word -> {
                    String filled = word;
                    while (filled.contains("{}")) {
                        filled = filled.replaceFirst(
                                "\\{}",
                                String.valueOf(next.next())
                                        .replace("\\", "\\\\")
                                        .replace("$", "\\$"));
                    }
                    return filled;
                })
                .toArray(String[]::new));
    }

    Run succeeds() {
        assertThat(err).doesNotContain("Exception");
        assertThat(exitCode).as(err).isZero();
        return this;
    }

    /** It must have said exactly one line, printed nothing, and returned 2. */
    void failsSaying(String line) {
        assertThat(err.strip()).isEqualTo("replay: " + line);
        assertThat(out).isEmpty();
        assertThat(exitCode).isEqualTo(2);
    }

    JsonNode json() {
        succeeds();
        return json(out);
    }

    static JsonNode json(String text) {
        return JSON.readTree(text);
    }

    static Path write(Path directory, String name, String content) throws java.io.IOException {
        return Files.write(directory.resolve(name), content.getBytes(StandardCharsets.UTF_8));
    }
}
