package io.plg.examples.replay;

import java.nio.file.Path;

/** Commands to copy, on the files that {@code replay simulate} writes. */
final class Suggestions {

    private Suggestions() {}

    static String on(Path directory) {
        String events = quoted(directory.resolve(SimulateCommand.EVENTS));
        String users = quoted(directory.resolve(SimulateCommand.USERS));
        return """
                  java -jar replay.jar funnel --events %1$s \\
                      --user-column user --event-column event --time-column time \\
                      --step signed_up --step project_created --step report_shared --step subscribed \\
                      --window P14D --breakdown source --period week --html funnel.html

                  java -jar replay.jar activation --users %2$s \\
                      --user-column user --signed-up-column signed_up_at --activated-column activated_at \\
                      --by source --period month --store h2 --json
                """.formatted(events, users);
    }

    private static String quoted(Path path) {
        String text = path.toString();
        return text.matches("[\\w./:\\\\-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
    }
}
