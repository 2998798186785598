package io.plg.examples.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("docs/reference/replay.md")
class DocumentationTest {
    private static final Pattern BLOCK = Pattern.compile("(?ms)^```(\\w+) ?([\\w.]*)\\n(.*?)^```$");
    private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");
    private static final Pattern FILE = Pattern.compile("(.*@)?([\\w-]+\\.(csv|txt|html))");

    @TempDir
    Path directory;

    @Test
    @DisplayName("shows files, commands and what they print")
    void examplesRun() throws IOException {
        String text = Files.readString(Path.of(System.getProperty("plg.root", "../.."), "docs/reference/replay.md"));
        int commands = 0;
        for (MatchResult block : BLOCK.matcher(text).results().toList()) {
            if (block.group(1).equals("console")) {
                check(block.group(3).replace("\\\n", ""));
                commands++;
            } else {
                Run.write(directory, block.group(2), block.group(3));
            }
        }
        assertThat(commands).isEqualTo(5);
    }

    private void check(String example) {
        int end = example.indexOf('\n');
        String command = example.substring(0, end);
        String printed = example.substring(end + 1);
        assertThat(command).startsWith("$ java -jar replay.jar ");

        Run run =
                Run.args(words(command).stream().skip(4).map(this::inDirectory).toArray(String[]::new));

        String pattern =
                Pattern.compile("…").splitAsStream(printed).map(Pattern::quote).collect(Collectors.joining("(?s:.*)"));
        assertThat(run.exitCode() == 0 ? run.out() : run.err()).matches(Pattern.compile(pattern));
    }

    private static List<String> words(String command) {
        var words = new ArrayList<String>();
        WORD.matcher(command)
                .results()
                .forEach(word -> words.add(word.group(1) != null ? word.group(1) : word.group(2)));
        return words;
    }

    private String inDirectory(String word) {
        var file = FILE.matcher(word);
        return file.matches() ? (file.group(1) == null ? "" : file.group(1)) + directory.resolve(file.group(2)) : word;
    }
}
