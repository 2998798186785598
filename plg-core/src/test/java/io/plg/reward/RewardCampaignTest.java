package io.plg.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.time.Instant;
import java.util.stream.Stream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RewardCampaignTest {
    private static final Instant START = Instant.parse("2026-12-01T00:00:00Z");
    private static final Instant END = Instant.parse("2027-01-01T00:00:00Z");

    private static RewardCampaign.Builder launch() {
        return RewardCampaign.named("launch").gives(Benefit.trialDays(60));
    }

    @Test
    void everythingElseHasADefault() {
        RewardCampaign campaign = launch().build();
        assertThat(campaign.name()).isEqualTo("launch");
        assertThat(campaign.version()).isEqualTo(1);
        assertThat(campaign.benefit()).isEqualTo(Benefit.trialDays(60));
        assertThat(campaign.stock()).isEmpty();
        assertThat(campaign.startsAt()).isEmpty();
        assertThat(campaign.endsAt()).isEmpty();
        assertThat(campaign.isOpenAt(Instant.MIN)).isTrue();
        assertThat(campaign.isOpenAt(Instant.MAX)).isTrue();
    }

    @Test
    void everythingCanBeWritten() {
        RewardCampaign campaign =
                launch().version(2).stock(500).from(START).until(END).build();
        assertThat(campaign.stock()).hasValue(500);
        String json =
                "{\"name\":\"launch\",\"version\":2,\"gives\":{\"kind\":\"trial_days\",\"days\":60},\"stock\":500,"
                        + "\"from\":\"2026-12-01T00:00:00Z\",\"until\":\"2027-01-01T00:00:00Z\"}";
        assertThat(campaign.toText()).isEqualTo(json);
        assertThat(campaign).hasToString(json);
        assertThat(RewardCampaign.parse(json)).isEqualTo(campaign).hasSameHashCodeAs(campaign);
    }

    @Test
    void everySettingMakesAnotherCampaign() {
        assertThat(Stream.of(
                                launch(),
                                RewardCampaign.named("x").gives(Benefit.trialDays(60)),
                                launch().gives(Benefit.trialDays(61)),
                                launch().version(2),
                                launch().stock(1),
                                launch().from(START),
                                launch().until(START))
                        .map(RewardCampaign.Builder::build))
                .doesNotHaveDuplicates();
    }

    @Property
    void whatIsWrittenIsRead(@ForAll("campaigns") RewardCampaign campaign) {
        assertThat(RewardCampaign.parse(campaign.toText())).isEqualTo(campaign);
    }

    @Provide
    Arbitrary<RewardCampaign> campaigns() {
        return AnyRewards.campaigns();
    }

    @Test
    void theStartIsPartOfItAndTheEndIsNot() {
        RewardCampaign campaign = launch().from(START).until(END).build();
        assertThat(campaign.isOpenAt(START.minusNanos(1))).isFalse();
        assertThat(campaign.isOpenAt(START)).isTrue();
        assertThat(campaign.isOpenAt(END.minusNanos(1))).isTrue();
        assertThat(campaign.isOpenAt(END)).isFalse();
    }

    @Test
    void whatIsWrongIsSaid() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RewardCampaign.named(" "))
                .withMessage("name must not be blank, was \" \"");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> launch().version(0))
                .withMessage("version must be positive, was 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> launch().stock(0))
                .withMessage("stock must be positive, was 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> launch().from(START).until(START))
                .withMessage("until must be later than from, which is 2026-12-01T00:00:00Z, was 2026-12-01T00:00:00Z");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> launch().until(START).from(END))
                .withMessage("until must be later than from, which is 2027-01-01T00:00:00Z, was 2026-12-01T00:00:00Z");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> launch().until(Instant.MAX))
                .withMessage("until must be of the years 0001 to 9999, was " + Instant.MAX);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> launch().from(Instant.MIN))
                .withMessage("from must be of the years 0001 to 9999, was " + Instant.MIN);
        assertThatIllegalStateException()
                .isThrownBy(() -> RewardCampaign.named("launch").build())
                .withMessage("campaign \"launch\" must give something; say what with gives(…)");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"gives\":G}|name is missing",
                "{\"name\":\"\",\"gives\":G}|name must have 1 to 128 characters, was empty",
                "{\"name\":\"x\"}|gives is missing",
                "{\"name\":\"x\",\"gives\":G,\"version\":0}|version must be positive, was 0",
                "{\"name\":\"x\",\"gives\":G,\"stock\":0}|stock must be positive, was 0",
                "{\"name\":\"x\",\"gives\":G,\"from\":\"2027\"}|from must be an instant in UTC such as \"2027-01-31T00:00:00Z\", was \"2027\"",
                "{\"name\":\"x\",\"gives\":G,\"from\":\"2027-01-01T00:00:00Z\",\"until\":\"2027-01-01T00:00:00Z\"}|until must be later than from, which is 2027-01-01T00:00:00Z, was 2027-01-01T00:00:00Z",
                "{\"name\":\"x\",\"gives\":G,\"limit\":1}|limit is unknown; known here are name, version, gives, stock, from, until"
            })
    void aBadTextIsRefusedWithThePath(String json, String message) {
        String whole = json.replace(":G", ":{\"kind\":\"trial_days\",\"days\":1}");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RewardCampaign.parse(whole))
                .withMessage(message);
    }
}
