package io.plg.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("docs/reference/isolation-audit.md")
class AuditDocumentationTest {
    private static final Pattern CHECK = Pattern.compile("(?m)^\\| `([a-z-]+)` \\| (?:CRITICAL|HIGH|MEDIUM)");
    private static final Pattern OPTION = Pattern.compile("(?m)^\\| `(--[a-z-]+)");

    @Test
    void names_every_check_once() throws IOException {
        assertThat(found(CHECK))
                .containsExactlyInAnyOrderElementsOf(
                        Stream.of(Check.values()).map(Check::id).toList());
    }

    @Test
    void names_every_option_once() throws IOException {
        var command = PlgAudit.commandLine(
                new PrintWriter(new StringWriter()), new PrintWriter(new StringWriter()), Map.of());

        assertThat(found(OPTION))
                .containsExactlyInAnyOrderElementsOf(command.getCommandSpec().options().stream()
                        .map(option -> option.longestName())
                        .toList());
    }

    private static List<String> found(Pattern pattern) throws IOException {
        String text =
                Files.readString(Path.of(System.getProperty("plg.root", ".."), "docs/reference/isolation-audit.md"));
        return pattern.matcher(text).results().map(each -> each.group(1)).toList();
    }
}
