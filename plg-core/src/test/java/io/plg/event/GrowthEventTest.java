package io.plg.event;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.event.GrowthEvent.ReferralAttributed;
import io.plg.event.GrowthEvent.RewardStateChanged;
import io.plg.event.GrowthEvent.StepCompleted;
import io.plg.event.GrowthEvent.ThresholdReached;
import io.plg.event.GrowthEvent.UserActivated;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The JSON of every event is a contract with receivers that we do not know. To write the golden files anew, run this test with
 * {@code -Dplg.golden.update=true} and look at the difference: within a version fields are only added.
 */
class GrowthEventTest {
    private static final UUID ID = UUID.fromString("0195f3a1-7c00-7abc-8def-0123456789ab");
    private static final UUID REFERRAL = UUID.fromString("0195f3a1-7c00-7abc-8def-0123456789ac");
    private static final UUID REWARD = UUID.fromString("0195f3a1-7c00-7abc-8def-0123456789ad");
    private static final Instant TIME = Instant.parse("2026-04-12T08:00:00.000001Z");
    private static final Instant LONG_AGO = Instant.parse("0001-01-01T00:00:00Z");
    private static final WorkspaceId WORKSPACE = WorkspaceId.of("acme \"Möbel\" \\ 'Söhne'");
    private static final UserId USER = UserId.of("o'hara/🦄\n\u2028</script>\u0001");

    static List<GrowthEvent> events() {
        return List.of(
                new StepCompleted(ID, TIME, WORKSPACE, USER, "onboarding \"1\"", "первый шаг", LONG_AGO),
                new UserActivated(ID, TIME, WORKSPACE, USER, "onboarding \"1\"", "第一步 {}", TIME.plusSeconds(1)),
                new ThresholdReached(
                        ID,
                        TIME,
                        WORKSPACE,
                        null,
                        "exports \"1\"",
                        80,
                        new BigDecimal("40"),
                        new BigDecimal("50"),
                        LONG_AGO),
                new ReferralAttributed(ID, TIME, WORKSPACE, USER, "friends \"1\"", REFERRAL),
                new RewardStateChanged(
                        ID,
                        TIME,
                        WORKSPACE,
                        null,
                        REWARD,
                        "friends \"1\"",
                        "первый платёж",
                        "clawed_back",
                        "USD",
                        new BigDecimal("2000")));
    }

    @Test
    void aRewardWithDecimalsIsTextAndOneOfAnErasedUserHasNoUser() {
        GrowthEvent event = new RewardStateChanged(
                ID,
                TIME,
                WORKSPACE,
                null,
                REWARD,
                "friends",
                "activation",
                "issued",
                "credit:storage_gb",
                new BigDecimal("1.5"));
        assertThat(event.user()).isNull();
        assertThat(event.data()).containsEntry("amount", "1.5").containsEntry("rewardId", REWARD.toString());
        assertThat(event.toJson()).contains("\"userId\":null");
    }

    @Test
    void amountsWithDecimalsAreTextAndACapHasNoPeriod() {
        GrowthEvent event = new ThresholdReached(
                ID, TIME, WORKSPACE, USER, "storage_gb", 100, new BigDecimal("1.500"), new BigDecimal("1.5"), null);
        assertThat(event.data())
                .containsEntry("used", "1.500")
                .containsEntry("limit", "1.5")
                .containsEntry("threshold", 100)
                .doesNotContainKey("periodStart");
    }

    @ParameterizedTest
    @MethodSource("events")
    void theJsonOfEveryEventIsTheOneThatWasPromised(GrowthEvent event) throws IOException {
        String file = "golden/" + event.type() + ".json";
        String command = "mvn -pl plg-core test -Dtest=GrowthEventTest -Dplg.golden.update=true";
        if (Boolean.getBoolean("plg.golden.update")) {
            Path golden = Path.of(System.getProperty("plg.root"), "plg-core/src/test/resources", file);
            Files.createDirectories(golden.getParent());
            Files.writeString(golden, event.toJson() + "\n");
            return;
        }
        try (InputStream golden = getClass().getClassLoader().getResourceAsStream(file)) {
            assertThat(golden)
                    .as("%s is missing; write it with %s", file, command)
                    .isNotNull();
            assertThat(event.toJson() + "\n")
                    .as(
                            "%s tells what receivers rely on. Fields may only be added; then update it with %s",
                            file, command)
                    .isEqualTo(new String(golden.readAllBytes(), UTF_8));
        }
    }

    @Test
    void everyTypeOfEventHasAGoldenFile() {
        assertThat(events().stream().map(Object::getClass))
                .containsExactlyInAnyOrder(GrowthEvent.class.getPermittedSubclasses());
        assertThat(events().stream().map(GrowthEvent::type)).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @MethodSource("events")
    void anEventIsOneLineThatIsAlwaysTheSame(GrowthEvent event) {
        assertThat(event.toJson()).doesNotContain("\n").isEqualTo(event.toJson());
        assertThat(event.version()).isEqualTo(1);
        assertThatThrownBy(() -> event.data().put("more", 1)).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void nothingOfAnEventMayBeMissing() {
        for (int missing = 0; missing < 7; missing++) {
            Object[] all = {ID, TIME, WORKSPACE, USER, "funnel", "step", TIME};
            all[missing] = null;
            Stream.<ThrowingCallable>of(
                            () -> new StepCompleted(
                                    (UUID) all[0],
                                    (Instant) all[1],
                                    (WorkspaceId) all[2],
                                    (UserId) all[3],
                                    (String) all[4],
                                    (String) all[5],
                                    (Instant) all[6]),
                            () -> new UserActivated(
                                    (UUID) all[0],
                                    (Instant) all[1],
                                    (WorkspaceId) all[2],
                                    (UserId) all[3],
                                    (String) all[4],
                                    (String) all[5],
                                    (Instant) all[6]))
                    .forEach(made -> assertThatThrownBy(made).isInstanceOf(NullPointerException.class));
        }
    }
}
