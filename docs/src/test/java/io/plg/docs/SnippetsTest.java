package io.plg.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Every Java block in our documents is a tagged region of a test that passes. To take over what changed in the tests, run this test
 * with {@code -Dplg.docs.update=true}.
 */
class SnippetsTest {
    private static final Path ROOT = Path.of(System.getProperty("plg.root", ".."));
    private static final Pattern BLOCK =
            Pattern.compile("(?:<!-- snippet: (\\S+)#(\\S+) -->\\n)?```java\\n(.*?)```\\n", Pattern.DOTALL);

    @Test
    void every_java_block_in_the_documents_is_a_region_of_a_passing_test() {
        var wrong = new ArrayList<String>();
        int blocks = 0;
        for (Path document : documents()) {
            String text = read(document);
            var updated = new StringBuilder();
            Matcher block = BLOCK.matcher(text);
            while (block.find()) {
                blocks++;
                String where = ROOT.relativize(document) + ", line "
                        + (text.substring(0, block.start()).lines().count() + 1);
                String replacement = block.group();
                if (block.group(1) == null) {
                    wrong.add(where + ": no region named above the block, as <!-- snippet: FILE#REGION -->");
                } else {
                    String region = region(ROOT.resolve(block.group(1)), block.group(2));
                    if (!region.equals(block.group(3))) {
                        wrong.add(where + ": differs from " + block.group(1) + "#" + block.group(2) + ", which is\n"
                                + region);
                        replacement = "<!-- snippet: " + block.group(1) + "#" + block.group(2) + " -->\n```java\n"
                                + region + "```\n";
                    }
                }
                block.appendReplacement(updated, Matcher.quoteReplacement(replacement));
            }
            block.appendTail(updated);
            if (Boolean.getBoolean("plg.docs.update")) {
                write(document, updated.toString());
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(blocks).as("Java blocks found").isPositive();
    }

    @Test
    void every_link_between_the_documents_leads_somewhere() {
        Pattern link = Pattern.compile("\\]\\(([^)#\\s]+)(#[^)]*)?\\)");
        var broken = new ArrayList<String>();
        for (Path document : documents()) {
            Matcher links = link.matcher(read(document));
            while (links.find()) {
                String target = links.group(1);
                if (!target.contains("://")
                        && !Files.exists(document.resolveSibling(target).normalize())) {
                    broken.add(ROOT.relativize(document) + " → " + target);
                }
            }
        }
        assertThat(broken).isEmpty();
    }

    private static String region(Path file, String name) {
        List<String> lines = read(file).lines().toList();
        int from = lines.indexOf(lines.stream()
                .filter(line -> line.strip().equals("// tag::" + name + "[]"))
                .findFirst()
                .orElseThrow(() -> new AssertionError(file + " has no region " + name)));
        var region = new ArrayList<String>();
        for (String line : lines.subList(from + 1, lines.size())) {
            if (line.strip().equals("// end::" + name + "[]")) {
                return String.join("\n", dedented(region)) + "\n";
            }
            if (!line.strip().matches("// (tag|end)::.*")) {
                region.add(line);
            }
        }
        throw new AssertionError(file + " does not end its region " + name);
    }

    private static List<String> dedented(List<String> lines) {
        int indent = lines.stream()
                .filter(line -> !line.isBlank())
                .mapToInt(line -> line.length() - line.stripLeading().length())
                .min()
                .orElse(0);
        return lines.stream()
                .map(line -> line.isBlank() ? "" : line.substring(indent))
                .toList();
    }

    private static List<Path> documents() {
        try (Stream<Path> files = Files.walk(ROOT.resolve("docs"))) {
            return Stream.concat(
                            Stream.of(ROOT.resolve("README.md"), ROOT.resolve("CONTRIBUTING.md")),
                            files.filter(file -> file.toString().endsWith(".md")))
                    .filter(file -> !file.toString().contains("/target/"))
                    .filter(Files::exists)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
