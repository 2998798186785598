package io.plg.virality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.plg.virality.GrowthModel.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Figures that others have published, as constants and from the file that {@code -Dplg.data} names the directory of. */
class PublishedExamplesTest {

    @Test
    void tenUsersWithKTwoAndACycleOfTwoDays() {
        // forentrepreneurs.com, "Lessons Learned - Viral Marketing", quoted by innojazz.com/2013/01
        assertThat(new GrowthModel(10, 2).users(Duration.ofDays(20), Duration.ofDays(2)))
                .isEqualTo(20_470);
    }

    @Test
    void tenUsersWithKTwoAndACycleOfOneDay() {
        // the same source, which rounds to 21 million
        assertThat(new GrowthModel(10, 2).users(Duration.ofDays(20), Duration.ofDays(1)))
                .isEqualTo(20_971_510);
    }

    @Test
    void newUsersDoubleWithKTwo() {
        // kevinlawler.com/viral; the totals are derived
        assertThat(new GrowthModel(10, 2).steps(5))
                .containsExactly(
                        new Step(0, 10, 10),
                        new Step(1, 20, 30),
                        new Step(2, 40, 70),
                        new Step(3, 80, 150),
                        new Step(4, 160, 310),
                        new Step(5, 320, 630));
    }

    @Test
    void theTotalPerSeedIsThatOfTheSeries() {
        // morganbrown.co/gallery/plates/eq-viral.html: 3.5 invitations, 20 %, 1 + 0.70 + 0.49 + 0.34 + ... -> 3.33
        KFactor k = kFactor(3.5, 0.2);
        assertThat(k.value()).isEqualTo(0.7);
        assertThat(new GrowthModel(1, k.value()).ceiling().orElseThrow()).isEqualTo(3.3333, within(0.00005));
    }

    @Test
    void threeInvitationsAtFifteenPerCent() {
        // GitHub khangnguyen0912/loto_vietnam, referral-program/sub-skills/key-metrics.md
        assertThat(kFactor(3, 0.15).value()).isEqualTo(0.45);
    }

    @Test
    void withKOneGrowthIsLinear() {
        // derived: the limit of the formula for K -> 1
        var model = new GrowthModel(10, 1);
        assertThat(model.users(0)).isEqualTo(10);
        assertThat(model.users(1)).isEqualTo(20);
        assertThat(model.users(5)).isEqualTo(60);
    }

    @Test
    void theFileSaysTheSame() throws IOException {
        String directory = System.getProperty("plg.data");
        assumeTrue(directory != null, "no -Dplg.data: the file of published examples is not checked");
        JsonNode examples = JsonMapper.shared()
                .readTree(Files.readString(Path.of(directory, "growth-worked-examples.json")))
                .get("viral");
        int figures = 0;
        for (JsonNode example : examples) {
            int checked = figuresOf(example);
            assertThat(checked).as(example.toString()).isPositive();
            figures += checked;
        }
        assertThat(figures).isGreaterThanOrEqualTo(20);
    }

    private static int figuresOf(JsonNode example) {
        if (example.has("invites_per_user")) {
            return factors(example);
        }
        var model =
                new GrowthModel(example.get("u0").asDouble(), example.get("k").asDouble());
        if (example.has("expected_users")) {
            assertThat(model.users(days(example, "t_days"), days(example, "cycle_days")))
                    .isEqualTo(example.get("expected_users").asDouble());
            return 1;
        }
        double[] cycles = numbers(example, "cycles");
        double[] news = numbers(example, "expected_new_users");
        double[] totals = numbers(example, "expected_total_users");
        for (int i = 0; i < cycles.length; i++) {
            if (news.length > 0) {
                assertThat(model.newUsers((long) cycles[i])).isEqualTo(news[i]);
            }
            if (totals.length > 0) {
                assertThat(model.users((long) cycles[i])).isEqualTo(totals[i]);
            }
        }
        return news.length + totals.length;
    }

    private static int factors(JsonNode example) {
        KFactor k = kFactor(
                example.get("invites_per_user").asDouble(),
                example.get("conversion").asDouble());
        assertThat(k.value()).isEqualTo(example.get("expected_k").asDouble(), within(1e-9));
        if (!example.has("expected_total_per_seed_user")) {
            return 1;
        }
        assertThat(new GrowthModel(1, k.value()).ceiling().orElseThrow())
                .isEqualTo(example.get("expected_total_per_seed_user").asDouble(), within(0.00005));
        return 2;
    }

    /** Of 10,000 members who all did the same on average. */
    private static KFactor kFactor(double invitationsPerMember, double conversion) {
        long invitations = Math.round(10_000 * invitationsPerMember);
        long converted = Math.round(invitations * conversion);
        var counts =
                new ViralCounts(10_000, OptionalLong.of(invitations), OptionalLong.of(10_000), converted, converted);
        return KFactor.ofCohort(counts, Duration.ofDays(14), true).orElseThrow();
    }

    private static Duration days(JsonNode example, String field) {
        return Duration.ofMinutes(Math.round(example.get(field).asDouble() * 24 * 60));
    }

    private static double[] numbers(JsonNode example, String field) {
        return example.has(field)
                ? StreamSupport.stream(example.get(field).spliterator(), false)
                        .mapToDouble(JsonNode::asDouble)
                        .toArray()
                : new double[0];
    }
}
