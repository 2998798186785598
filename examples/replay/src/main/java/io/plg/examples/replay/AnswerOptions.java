package io.plg.examples.replay;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of every command that answers. */
final class AnswerOptions {

    @Option(names = "--json", description = "Print the answer as JSON instead of a table.")
    private boolean json;

    @Option(
            names = "--html",
            paramLabel = "FILE",
            description = "Also write the answer as a page that needs no network.")
    private @Nullable Path html;

    /** Fails before the work is done rather than after it. */
    void check() {
        if (html == null) {
            return;
        }
        Path directory = directory(html);
        if (!Files.isDirectory(directory)) {
            throw new BadInput("--html " + html + ": there is no directory " + directory);
        }
        if (Files.isDirectory(html)) {
            throw new BadInput("--html " + html + ": expected a file, is a directory");
        }
    }

    void print(PrintWriter out, Supplier<String> asText, Supplier<String> asJson) {
        out.print(json ? asJson.get() : asText.get());
        out.flush();
    }

    /** Writes the page beside its place and moves it there, so that it is there whole or not at all. */
    void writePage(PrintWriter err, Supplier<String> page) {
        if (html == null) {
            return;
        }
        try {
            Path unfinished = directory(html).resolve(".replay-" + UUID.randomUUID() + ".html");
            try {
                Files.writeString(unfinished, page.get(), StandardCharsets.UTF_8);
                Files.move(unfinished, html, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(unfinished);
            }
        } catch (IOException e) {
            throw new BadInput("--html " + html + ": cannot be written: " + e.getMessage(), e);
        }
        err.println("replay: wrote " + html);
    }

    private static Path directory(Path file) {
        Path parent = file.toAbsolutePath().getParent();
        return parent == null ? Path.of(".") : parent;
    }
}
