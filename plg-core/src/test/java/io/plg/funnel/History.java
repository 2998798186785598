package io.plg.funnel;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Events of one subject in shorthand: {@code "A0 B10(p=1) x12"} is A at minute 0, B at minute 10 with a property, x at minute 12. */
final class History {

    static final String SUBJECT = "ada";

    private static final Pattern EVENT = Pattern.compile("([A-Za-z]+)(\\d+)(?:\\((\\w+)=(\\w+)\\))?");

    private History() {}

    static List<FunnelEvent> of(String shorthand) {
        return of(SUBJECT, shorthand);
    }

    static List<FunnelEvent> of(String subject, String shorthand) {
        List<FunnelEvent> events = new ArrayList<>();
        for (String word : shorthand.split(" ")) {
            Matcher matcher = EVENT.matcher(word);
            if (!matcher.matches()) {
                throw new AssertionError("not an event: " + word);
            }
            Map<String, String> properties =
                    matcher.group(3) == null ? Map.of() : Map.of(matcher.group(3), matcher.group(4));
            events.add(
                    new FunnelEvent(subject, matcher.group(1), minute(Integer.parseInt(matcher.group(2))), properties));
        }
        return events;
    }

    static Instant minute(int minute) {
        return Instant.EPOCH.plus(Duration.ofMinutes(minute));
    }

    /** The subject's path, empty if it did not enter. */
    static Optional<SubjectPath> path(FunnelQuery.Builder query, String shorthand) {
        return analysis(query, shorthand).paths().findFirst();
    }

    static FunnelAnalysis analysis(FunnelQuery.Builder query, String shorthand) {
        FunnelAnalysis analysis = FunnelAnalysis.of(query.build());
        EventSource.of(of(shorthand)).read(analysis);
        return analysis;
    }

    static int depth(FunnelQuery.Builder query, String shorthand) {
        return path(query, shorthand).map(SubjectPath::depth).orElse(0);
    }

    /** The minutes of the steps of the reported chain, in the order in which they were done. */
    static List<Long> minutes(FunnelQuery.Builder query, String shorthand) {
        return path(query, shorthand).orElseThrow().times().values().stream()
                .map(time -> Duration.between(Instant.EPOCH, time).toMinutes())
                .toList();
    }
}
