package io.plg.funnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.plg.stats.DurationSummary;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Real event logs with known answers, read from the directory that {@code -Dplg.data} names; skipped without it. */
class RealFunnelsTest {

    private Path data = Path.of(".");

    @BeforeEach
    void findData() {
        String directory = System.getProperty("plg.data");
        assumeTrue(directory != null, "no -Dplg.data: the funnels of real event logs are not checked");
        data = Path.of(directory);
    }

    private record Action(long actor, String name, long micros) {}

    private EventSource mathOverflow() throws IOException {
        List<Action> actions = new ArrayList<>();
        for (String name : List.of("a2q", "c2q", "c2a")) {
            lines("snap-mathoverflow/sx-mathoverflow-" + name + ".txt.gz").forEach(line -> {
                String[] parts = line.split(" ");
                actions.add(new Action(Long.parseLong(parts[0]), name, Long.parseLong(parts[2]) * 1_000_000));
            });
        }
        actions.sort(Comparator.comparingLong(Action::micros));
        return sink -> actions.forEach(
                action -> sink.add(action.actor(), action.name(), action.micros(), EventSource.PropertyLookup.NONE));
    }

    private List<String> lines(String file) throws IOException {
        Path path = data.resolve(file);
        try (InputStream raw = Files.newInputStream(path);
                BufferedReader reader = new BufferedReader(new InputStreamReader(
                        file.endsWith(".gz") ? new GZIPInputStream(raw) : raw, StandardCharsets.UTF_8))) {
            return reader.lines().toList();
        }
    }

    private static FunnelQuery.Builder steps(String... events) {
        FunnelQuery.Builder query = FunnelQuery.builder();
        for (int i = 0; i < events.length; i++) {
            query.step(FunnelStep.of(i + 1 + ". " + events[i]).events(events[i]));
        }
        return query;
    }

    @Test
    void theFunnelsOfMathOverflowHaveTheKnownAnswers() throws IOException {
        EventSource source = mathOverflow();
        FunnelQuery.Builder query = steps("c2q", "a2q", "c2a");
        FunnelReport forever = FunnelAnalysis.run(query.noWindow().build(), source);
        assertThat(forever.counts()).containsExactly(11_653L, 4_118L, 3_351L);

        FunnelReport week = FunnelAnalysis.run(query.window(Duration.ofDays(7)).build(), source);
        assertThat(week.counts()).containsExactly(11_653L, 2_855L, 1_934L);
        DurationSummary times = week.timeToConvert().orElseThrow();
        assertThat(times.n()).isEqualTo(1_934);
        assertThat(times.p50()).isEqualTo(Duration.ofMillis(155_917_500));
        assertThat(times.p75()).isEqualTo(Duration.ofMillis(328_897_500));
        assertThat(times.p90()).isEqualTo(Duration.ofMillis(480_241_800));

        FunnelReport again = FunnelAnalysis.run(
                steps("a2q", "a2q", "a2q").window(Duration.ofDays(30)).build(), source);
        assertThat(again.counts()).containsExactly(10_379L, 3_635L, 2_245L);
        assertThat(again.timeToConvert().orElseThrow().p50()).isEqualTo(Duration.ofSeconds(633_096));
    }

    @Test
    void theShopFunnelHasThePublishedAnswers() throws IOException {
        Map<String, String[]> users = new HashMap<>();
        lines("ecommerce-funnel/user_table.csv.gz").stream().skip(1).forEach(line -> {
            String[] parts = line.replace("\"", "").split(",");
            users.put(parts[0], parts);
        });
        List<String> pages = List.of("home_page", "search_page", "payment_page", "payment_confirmation_page");
        List<FunnelEvent> events = new ArrayList<>();
        for (String file : List.of(
                "home_page_table.csv.gz",
                "search_page_table.csv",
                "payment_page_table.csv",
                "payment_confirmation_table.csv")) {
            lines("ecommerce-funnel/" + file).stream().skip(1).forEach(line -> {
                String[] parts = line.replace("\"", "").split(",");
                String[] user = users.get(parts[0]);
                Instant time = LocalDate.parse(user[1]).atStartOfDay().toInstant(ZoneOffset.UTC);
                events.add(new FunnelEvent(parts[0], parts[1], time, Map.of("device", user[2])));
            });
        }
        for (FunnelQuery.Order order : FunnelQuery.Order.values()) {
            FunnelReport report = FunnelAnalysis.run(
                    steps(pages.toArray(String[]::new))
                            .order(order)
                            .breakdownBy("device")
                            .every(FunnelQuery.EntryPeriod.MONTH)
                            .build(),
                    EventSource.sorted(events));
            assertThat(report.counts()).containsExactly(90_400L, 45_200L, 6_030L, 452L);
            assertThat(report.breakdown().keySet()).containsExactly("Desktop", "Mobile");
            FunnelReport mobile = report.breakdown().get("Mobile");
            assertThat(mobile.counts()).containsExactly(30_200L, 15_100L, 3_020L, 302L);
            assertThat(report.periods().stream().map(period -> period.report().counts()))
                    .containsExactly(
                            List.of(22_600L, 13_554L, 2_390L, 189L),
                            List.of(22_600L, 13_687L, 2_412L, 173L),
                            List.of(22_600L, 8_879L, 631L, 44L),
                            List.of(22_600L, 9_080L, 597L, 46L));
            assertThat(mobile.periods().get(1).report().counts()).containsExactly(7_550L, 6_055L, 1_221L, 119L);
        }
    }
}
