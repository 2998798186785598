package io.plg.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.gate.Severity;
import io.plg.prompt.PromptStore.Seen;
import io.plg.prompt.PromptStore.Shown;
import io.plg.prompt.PromptStore.Timing;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class PromptPolicyTest {
    private static final Instant NOW = Instant.parse("2026-04-12T08:00:00Z");
    private static final Seen NOTHING = new Seen(0, false, false, Optional.empty());
    private static final PromptPolicy STANDARD = PromptPolicy.standard();

    @Test
    void whatIsNotSetIsAsDocumented() {
        assertThat(STANDARD.shows(Severity.OK)).isFalse();
        assertThat(STANDARD.shows(Severity.APPROACHING)).isTrue();
        assertThat(STANDARD.shows(Severity.BLOCKED)).isTrue();
        assertThat(STANDARD.timing(Severity.GRACE, NOW))
                .isEqualTo(new Timing(
                        false,
                        3,
                        NOW.minus(Duration.ofDays(7)),
                        NOW.minus(Duration.ofHours(24)),
                        NOW.minus(Duration.ofDays(7))));
        assertThat(STANDARD.timing(Severity.BLOCKED, NOW).always()).isTrue();
        assertThat(STANDARD.attributedSince(NOW)).isEqualTo(NOW.minus(Duration.ofDays(30)));
        assertThat(STANDARD.variantOf(WorkspaceId.of("acme"), UserId.of("ada"))).isEmpty();
    }

    @Test
    void eachSettingChangesItselfAndNothingElse() {
        PromptPolicy all = STANDARD.showFrom(Severity.GRACE)
                .atMost(5, Duration.ofDays(1))
                .coolDown(Duration.ofDays(2))
                .dismissedFor(Duration.ofDays(3))
                .alwaysWhenBlocked(false)
                .attributionWindow(Duration.ofDays(4))
                .experiment("x", Map.of("a", 1));

        for (PromptPolicy each : List.of(
                all,
                all.showFrom(Severity.GRACE),
                all.atMost(5, Duration.ofDays(1)),
                all.coolDown(Duration.ofDays(2)),
                all.dismissedFor(Duration.ofDays(3)),
                all.alwaysWhenBlocked(false),
                all.attributionWindow(Duration.ofDays(4)),
                all.experiment("x", Map.of("a", 1)))) {
            assertThat(each.shows(Severity.AT_LIMIT)).isFalse();
            assertThat(each.shows(Severity.GRACE)).isTrue();
            assertThat(each.timing(Severity.BLOCKED, NOW))
                    .isEqualTo(new Timing(
                            false,
                            5,
                            NOW.minus(Duration.ofDays(1)),
                            NOW.minus(Duration.ofDays(2)),
                            NOW.minus(Duration.ofDays(3))));
            assertThat(each.attributedSince(NOW)).isEqualTo(NOW.minus(Duration.ofDays(4)));
            assertThat(each.variantOf(WorkspaceId.of("acme"), UserId.of("ada"))).contains(new Variant("x", "a"));
        }
        assertThat(STANDARD.timing(Severity.BLOCKED, NOW).atMost()).isEqualTo(3);
    }

    @Test
    void aValueOutOfItsRangeIsRefusedByItsSetter() {
        for (ThrowingCallable wrong : List.<ThrowingCallable>of(
                () -> STANDARD.showFrom(Severity.OK),
                () -> STANDARD.atMost(0, Duration.ofDays(1)),
                () -> STANDARD.atMost(1, Duration.ZERO),
                () -> STANDARD.atMost(1, Duration.ofDays(366)),
                () -> STANDARD.coolDown(Duration.ofDays(-1)),
                () -> STANDARD.coolDown(Duration.ofDays(366)),
                () -> STANDARD.dismissedFor(Duration.ofDays(-1)),
                () -> STANDARD.attributionWindow(Duration.ZERO),
                () -> STANDARD.experiment("x", Map.of()))) {
            assertThatThrownBy(wrong).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> STANDARD.atMost(0, Duration.ofDays(1))).hasMessage("shows must be 1 or more, was 0");
        STANDARD.coolDown(Duration.ZERO).dismissedFor(Duration.ZERO);
    }

    @Test
    void aPromptIsHeldBackByTheCapByAnotherOneAndByASnoozeAndWhoIsBlockedByASnoozeOnly() {
        Timing grace = STANDARD.timing(Severity.GRACE, NOW);
        Timing blocked = STANDARD.timing(Severity.BLOCKED, NOW);
        var full = new Seen(3, false, false, Optional.empty());
        var heldBack = new Seen(0, true, false, Optional.empty());
        var snoozed = new Seen(0, false, true, Optional.of(new Shown(new UUID(1, 1), NOW)));

        assertThat(grace.allows(NOTHING)).isTrue();
        assertThat(grace.allows(new Seen(2, false, false, Optional.empty()))).isTrue();
        assertThat(grace.allows(full)).isFalse();
        assertThat(grace.allows(heldBack)).isFalse();
        assertThat(grace.allows(snoozed)).isFalse();
        assertThat(blocked.allows(full)).isTrue();
        assertThat(blocked.allows(heldBack)).isTrue();
        assertThat(blocked.allows(snoozed)).isFalse();
    }

    @Test
    void timesAreKeptToTheMicrosecond() {
        Timing timing = STANDARD.coolDown(Duration.ofNanos(1_500)).timing(Severity.GRACE, NOW);

        assertThat(timing.coolDownStart()).isEqualTo(NOW.minusNanos(2_000));
    }

    @Test
    void countsThatExceedWhatWasShownAreRefused() {
        assertThatThrownBy(() -> new PromptConversion("exports", Optional.empty(), Optional.empty(), 1, 2, 0, 0))
                .hasMessage("clicked must be from 0 to shown = 1, was 2");
        assertThat(new PromptConversion("exports", Optional.empty(), Optional.empty(), 4, 2, 0, 1)
                        .upgradeRate()
                        .value())
                .isEqualTo(0.25);
    }
}
