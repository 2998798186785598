package io.plg.examples.replay;

import static io.plg.examples.replay.RealData.numbers;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

@DisplayName("replay referrals on real data")
class ReferralsDataTest {

    @ParameterizedTest(name = "on {0}")
    @EnumSource
    @DisplayName("rds-nyjazz: 264 members who were recruited by coupons gives the known forest")
    void coupons(Store store) {
        Path data = RealData.directory("rds-nyjazz");

        JsonNode answer = Run.of(
                        "referrals --members {}/nyjazz.csv --member-column id --redeemed-column own.coupon --issued-column"
                                + " coupon.1 coupon.2 coupon.3 coupon.4 coupon.5 coupon.6 coupon.7 --largest 264 --json "
                                + store.options(),
                        data)
                .json();

        JsonNode known = RealData.expected("rds-nyjazz");
        assertForest(answer, known);
        assertThat(answer.get("cycleTimeSeconds").isNull()).isTrue();
        assertThat(answer.get("rejected")).isEqualTo(Run.json("{\"UNKNOWN_CODE\": 3}"));
        assertThat(known.get("redeemed_unknown_code").size()).isEqualTo(3);
        known.get("subtree_size_incl_self_by_root")
                .properties()
                .forEach(root -> assertThat(size(answer, root.getKey()))
                        .as("subtree of %s", root.getKey())
                        .isEqualTo(root.getValue().asLong()));
        assertThat(answer.get("largestSubtrees")
                        .valueStream()
                        .mapToLong(each -> each.get("size").asLong())
                        .sum())
                .isEqualTo(known.get("sum_of_subtree_sizes_incl_self").asLong());
    }

    @ParameterizedTest(name = "on {0}")
    @EnumSource
    @DisplayName("snap-collegemsg: 59,835 messages give the known forest of first contacts")
    void messages(Store store) {
        Path data = RealData.directory("snap-collegemsg");
        var args = new ArrayList<>(List.of(
                "referrals", "--edges", data.resolve("CollegeMsg.txt.gz").toString(), "--delimiter", " "));
        Collections.addAll(
                args,
                "--no-header --inviter-column 1 --invitee-column 2 --time-column 3 --largest 5 --json".split(" "));
        Collections.addAll(args, store.options().split(" "));

        JsonNode answer = Run.args(args.toArray(String[]::new)).json();

        JsonNode known = RealData.expected("snap-collegemsg");
        assertForest(answer, known.get("first_contact_forest"));
        for (JsonNode largest : known.get("largest_subtrees_incl_self")) {
            assertThat(size(answer, largest.get(1).asString()))
                    .isEqualTo(largest.get(0).asLong());
        }
        JsonNode times = known.get("join_gap_hours(child join - parent join)");
        JsonNode cycle = answer.get("cycleTimeSeconds");
        assertThat(cycle.get("n").asLong()).isEqualTo(times.get("n").asLong());
        assertThat(cycle.get("p50").asDouble() / 3_600)
                .isCloseTo(times.get("p50_linear").asDouble(), Offset.offset(0.000501));
        assertThat(cycle.get("p90").asDouble() / 3_600)
                .isCloseTo(times.get("p90_linear").asDouble(), Offset.offset(0.000501));
        long rejected = known.get("rows").asLong() - answer.get("edges").asLong();
        assertThat(answer.get("rejected")).isEqualTo(Run.json("{\"ALREADY_SEEN\": " + rejected + "}"));
    }

    private static void assertForest(JsonNode answer, JsonNode known) {
        assertThat(answer.get("members").asLong()).isEqualTo(known.get("nodes").asLong());
        assertThat(answer.get("roots").asLong()).isEqualTo(known.get("roots").asLong());
        assertThat(answer.get("edges").asLong()).isEqualTo(known.get("edges").asLong());
        assertThat(answer.get("maxDepth").asLong())
                .isEqualTo(known.get("max_depth").asLong());
        assertThat(numbers(answer.get("membersByDepth"))).containsExactly(numbers(known.get("nodes_by_depth")));
        JsonNode k = answer.get("k");
        double value = k.get("value").asDouble();
        assertThat(value).isCloseTo(known.get("k_all_members = edges/nodes").asDouble(), Offset.offset(0.000000501));
        assertThat(k.get("low").asDouble()).isPositive().isLessThan(value);
        assertThat(k.get("high").asDouble()).isGreaterThan(value);
        assertThat(k.get("definition").asString()).isEqualTo("edges ÷ members");
    }

    private static long size(JsonNode answer, String member) {
        return answer.get("largestSubtrees")
                .valueStream()
                .filter(each -> each.get("member").asString().equals(member))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no subtree of " + member))
                .get("size")
                .asLong();
    }
}
