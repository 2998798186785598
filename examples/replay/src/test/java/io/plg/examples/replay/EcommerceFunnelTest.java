package io.plg.examples.replay;

import static io.plg.examples.replay.RealData.counts;
import static io.plg.examples.replay.RealData.numbers;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

@DisplayName("ecommerce-funnel: 90,400 users, one file per page, no time of day")
class EcommerceFunnelTest {
    private static final String DATA_SET = "ecommerce-funnel";

    @ParameterizedTest(name = "on {0}")
    @EnumSource
    @DisplayName("gives the published counts, by device and by month")
    void countsByDeviceAndMonth(Store store) {
        JsonNode expected = RealData.expected(DATA_SET);
        JsonNode report = replay(store, "--breakdown device --entered-column date --period month");

        assertThat(counts(report)).containsExactly(numbers(expected.get("counts")));
        assertThat(report.get("entered").asLong()).isEqualTo(90_400);
        assertThat(report.get("converted").asLong()).isEqualTo(452);
        assertShares(report, expected);
        expected.get("by_device")
                .properties()
                .forEach(device -> assertThat(counts(report.get("breakdown").get(device.getKey())))
                        .containsExactly(numbers(device.getValue())));
        assertThat(report.get("breakdown").size()).isEqualTo(2);
        assertPeriods(report, expected.get("by_month"), "");
        assertPeriods(report.get("breakdown").get("Desktop"), expected.get("by_device_month"), "Desktop ");
        assertPeriods(report.get("breakdown").get("Mobile"), expected.get("by_device_month"), "Mobile ");
    }

    @ParameterizedTest(name = "on {0}")
    @EnumSource(names = {"MEMORY", "POSTGRES"})
    @DisplayName("gives the counts by sex")
    void countsBySex(Store store) {
        JsonNode report = replay(store, "--breakdown sex");

        RealData.expected(DATA_SET)
                .get("by_sex")
                .properties()
                .forEach(sex -> assertThat(counts(report.get("breakdown").get(sex.getKey())))
                        .containsExactly(numbers(sex.getValue())));
    }

    @ParameterizedTest(name = "on {0}")
    @EnumSource(names = "MEMORY")
    @DisplayName("gives every ISO week, which add up to the whole")
    void weeksAddUp(Store store) {
        JsonNode report = replay(store, "--entered-column date --period week");

        assertThat(report.get("periods").get(0).get("start").asString()).isEqualTo("2014-12-29");
        assertThat(report.get("periods")
                        .valueStream()
                        .mapToLong(week -> week.get("entered").asLong())
                        .sum())
                .isEqualTo(90_400);
        assertThat(report.get("periods")
                        .valueStream()
                        .mapToLong(week -> week.get("converted").asLong())
                        .sum())
                .isEqualTo(452);
    }

    @ParameterizedTest(name = "on {0}")
    @EnumSource(names = {"MEMORY", "POSTGRES"})
    @DisplayName("counts only entries between --from and --to, by the users file")
    void dateRange(Store store) {
        JsonNode report = replay(store, "--entered-column date --from 2015-02-01 --to 2015-03-01");

        assertThat(counts(report))
                .containsExactly(
                        numbers(RealData.expected(DATA_SET).get("by_month").get("2015-02")));
    }

    private static JsonNode replay(Store store, String more) {
        Path data = RealData.directory(DATA_SET);
        return Run.of("""
                        funnel --user-column user_id --order any --json
                        --step home=@{}/home_page_table.csv.gz --step search=@{}/search_page_table.csv
                        --step payment=@{}/payment_page_table.csv --step confirmation=@{}/payment_confirmation_table.csv
                        --users {}/user_table.csv.gz
                        """ + more + " " + store.options(), data, data, data, data, data)
                .json();
    }

    private static void assertShares(JsonNode report, JsonNode expected) {
        for (int i = 0; i < 4; i++) {
            JsonNode step = report.get("steps").get(i);
            assertThat(100 * step.get("rateFromStart").asDouble())
                    .isCloseTo(
                            expected.get("pct_of_first").get(i).asDouble(), org.assertj.core.data.Offset.offset(5e-5));
            assertThat(100 * step.get("rateFromPrevious").asDouble())
                    .isCloseTo(
                            expected.get("pct_of_previous").get(i).asDouble(),
                            org.assertj.core.data.Offset.offset(5e-5));
        }
    }

    private static void assertPeriods(JsonNode report, JsonNode expected, String prefix) {
        assertThat(report.get("periods").size()).isEqualTo(4);
        report.get("periods").forEach(period -> {
            String month = period.get("start").asString().substring(0, 7);
            assertThat(period.get("start").asString()).endsWith("-01");
            assertThat(counts(period)).as(prefix + month).containsExactly(numbers(expected.get(prefix + month)));
        });
    }
}
