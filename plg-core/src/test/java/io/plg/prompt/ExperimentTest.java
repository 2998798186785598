package io.plg.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.plg.UserId;
import io.plg.WorkspaceId;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExperimentTest {
    private static final WorkspaceId ACME = WorkspaceId.of("acme");
    private static final int USERS = 100_000;

    /** Computed apart from this code, from the description of {@link Experiment}. */
    @ParameterizedTest
    @CsvSource({
        "wording, acme, ada, plain",
        "wording, acme, lin, bold",
        "wording, acme, u1, bold",
        "wording, acme, u2, photo",
        "wording, globex, ada, bold",
        "colour, acme, ada, plain",
        "wording, acme, ädä€😀, plain",
        "wording, ac, meada, photo",
        "wording, acme, u5, plain"
    })
    void aUserHasTheVariantThatTheDescriptionSays(String name, String workspace, String user, String variant) {
        var experiment = new Experiment(name, Map.of("bold", 1, "plain", 1, "photo", 2));

        assertThat(experiment.variantOf(WorkspaceId.of(workspace), UserId.of(user)))
                .isEqualTo(new Variant(name, variant));
    }

    @Test
    void variantsAreAsFrequentAsTheirWeights() {
        var experiment = new Experiment("wording", Map.of("a", 50, "b", 30, "c", 15, "d", 5, "off", 0));
        var counts = new TreeMap<String, Integer>();
        for (int i = 0; i < USERS; i++) {
            counts.merge(experiment.variantOf(ACME, UserId.of("user-" + i)).name(), 1, Integer::sum);
        }

        assertThat(counts).containsOnlyKeys("a", "b", "c", "d");
        assertThat(share(counts, "a")).isCloseTo(0.50, within(0.01));
        assertThat(share(counts, "b")).isCloseTo(0.30, within(0.01));
        assertThat(share(counts, "c")).isCloseTo(0.15, within(0.01));
        assertThat(share(counts, "d")).isCloseTo(0.05, within(0.01));
    }

    @Test
    void twoExperimentsMixTheSameUsersIndependently() {
        var one = new Experiment("one", Map.of("a", 1, "b", 1));
        var two = new Experiment("two", Map.of("a", 1, "b", 1));
        var both = new TreeMap<String, Integer>();
        for (int i = 0; i < USERS; i++) {
            UserId user = UserId.of("user-" + i);
            both.merge(
                    one.variantOf(ACME, user).name() + two.variantOf(ACME, user).name(), 1, Integer::sum);
        }

        assertThat(both).hasSize(4);
        both.keySet().forEach(each -> assertThat(share(both, each)).isCloseTo(0.25, within(0.01)));
    }

    @Test
    void movingTenOfAHundredBetweenTwoVariantsMovesATenthOfTheUsersAndNobodyBack() {
        var before = new Experiment("wording", Map.of("a", 50, "b", 50));
        var after = new Experiment("wording", Map.of("a", 60, "b", 40));
        var moves = new TreeMap<String, Integer>();
        for (int i = 0; i < USERS; i++) {
            UserId user = UserId.of("user-" + i);
            moves.merge(
                    before.variantOf(ACME, user).name()
                            + after.variantOf(ACME, user).name(),
                    1,
                    Integer::sum);
        }

        assertThat(moves).containsOnlyKeys("aa", "ba", "bb");
        assertThat(share(moves, "ba")).isCloseTo(0.10, within(0.01));
    }

    @Property(tries = 200)
    void whoMovesWhenOneWeightChangesMovesToItIfItGrewAndAwayFromItIfItShrank(
            @ForAll @Size(min = 2, max = 5) Map<@IntRange(max = 9) Integer, @IntRange(min = 1, max = 50) Integer> some,
            @ForAll @IntRange(max = 100) int changed) {
        var weights = new HashMap<String, Integer>();
        some.forEach((n, weight) -> weights.put("v" + n, weight));
        String which = weights.keySet().iterator().next();
        int old = weights.get(which);
        Assume.that(changed != old);
        var before = new Experiment("x", weights);
        weights.put(which, changed);
        var after = new Experiment("x", weights);

        for (int i = 0; i < 200; i++) {
            String from = before.variantOf(ACME, UserId.of("u" + i)).name();
            String to = after.variantOf(ACME, UserId.of("u" + i)).name();
            if (!from.equals(to)) {
                assertThat(changed > old ? to : from).isEqualTo(which);
            }
        }
    }

    @Test
    void theOrderOfTheVariantsAndTheUnitOfTheWeightsDoNotMatter() {
        var forth = new LinkedHashMap<String, Integer>();
        var back = new LinkedHashMap<String, Integer>();
        for (int i = 0; i < 5; i++) {
            forth.put("v" + i, 1 + i);
            back.put("v" + (4 - i), 8 * (5 - i));
        }
        for (int i = 0; i < 1_000; i++) {
            UserId user = UserId.of("u" + i);
            assertThat(new Experiment("x", forth).variantOf(ACME, user))
                    .isEqualTo(new Experiment("x", back).variantOf(ACME, user));
        }
    }

    @Test
    void anExperimentNobodyCouldTakePartInIsRefused() {
        for (Map<String, Integer> wrong : java.util.List.of(
                Map.<String, Integer>of(), Map.of("a", 0), Map.of("a", -1), Map.of("a", 1_000_001), Map.of(" ", 1))) {
            assertThatThrownBy(() -> new Experiment("x", wrong))
                    .as(wrong.toString())
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> new Experiment("", Map.of("a", 1))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Experiment("x", Map.of("a", -1)))
                .hasMessage("weight of \"a\" must be 0 to 1000000, was -1");
    }

    @Test
    void laterChangesOfTheMapChangeNothing() {
        var weights = new HashMap<String, Integer>(Map.of("a", 1));
        var experiment = new Experiment("x", weights);
        weights.put("b", 1_000_000);

        assertThat(experiment.weights()).containsOnlyKeys("a");
    }

    private static double share(Map<String, Integer> counts, String which) {
        return (double) counts.get(which) / USERS;
    }
}
