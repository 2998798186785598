package io.plg.idempotency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class OperationTest {
    private static final Operation<String> REDEEM = Operation.of("redeem", String.class);

    @Test
    void whatIsNotSetIsAsDocumented() {
        assertThat(REDEEM.name()).isEqualTo("redeem");
        assertThat(REDEEM.type()).isEqualTo(String.class);
        assertThat(REDEEM.isFinancial()).isFalse();
        assertThat(REDEEM.waitAtMost()).isEqualTo(Duration.ofSeconds(10));
        assertThat(REDEEM.lease()).isEqualTo(Duration.ofSeconds(30));
        assertThat(REDEEM.retention()).isEqualTo(Duration.ofDays(30));
        assertThat(REDEEM.maxStoredBytes()).isEqualTo(2 * 1024 * 1024);
        assertThat(REDEEM.isRetryable("limit reached")).isFalse();
        assertThat(REDEEM.stored("result")).isEqualTo("result");
        assertThat(REDEEM).hasToString("operation redeem");
        assertThat(Operation.financial("redeem", String.class).isFinancial()).isTrue();
        assertThat(Operation.of("redeem").type()).isEqualTo(Void.class);
    }

    @Test
    void eachSettingChangesItselfAndNothingElse() {
        Operation<String> all = Operation.financial("redeem", String.class)
                .waitAtMost(Duration.ofSeconds(1))
                .lease(Duration.ofSeconds(2))
                .retention(Duration.ofDays(3))
                .maxStoredBytes(4)
                .retryableWhen("retry"::equals)
                .storing(text -> "secret");

        for (Operation<String> each : List.of(
                all,
                all.waitAtMost(Duration.ofSeconds(1)),
                all.lease(Duration.ofSeconds(2)),
                all.retention(Duration.ofDays(3)),
                all.maxStoredBytes(4),
                all.retryableWhen("retry"::equals),
                all.storing(text -> "secret"))) {
            assertThat(each.name()).isEqualTo("redeem");
            assertThat(each.type()).isEqualTo(String.class);
            assertThat(each.isFinancial()).isTrue();
            assertThat(each.waitAtMost()).isEqualTo(Duration.ofSeconds(1));
            assertThat(each.lease()).isEqualTo(Duration.ofSeconds(2));
            assertThat(each.retention()).isEqualTo(Duration.ofDays(3));
            assertThat(each.maxStoredBytes()).isEqualTo(4);
            assertThat(each.isRetryable("retry")).isTrue();
            assertThat(each.isRetryable("other")).isFalse();
            assertThat(each.stored("result")).isEqualTo("secret");
        }
    }

    @Test
    void aSettingMakesAnotherOperation() {
        Operation<String> other = REDEEM.failFast().retention(Duration.ofDays(1));

        assertThat(other.waitAtMost()).isZero();
        assertThat(REDEEM.waitAtMost()).isEqualTo(Duration.ofSeconds(10));
        assertThat(REDEEM.retention()).isEqualTo(Duration.ofDays(30));
    }

    @Test
    void eachSettingHasBoundsAndReachesThem() {
        Duration bit = Duration.ofNanos(1);
        assertThat(REDEEM.waitAtMost(Duration.ofMinutes(10)).waitAtMost()).isEqualTo(Duration.ofMinutes(10));
        assertThat(REDEEM.lease(Duration.ofSeconds(1)).lease()).isEqualTo(Duration.ofSeconds(1));
        assertThat(REDEEM.lease(Duration.ofDays(1)).lease()).isEqualTo(Duration.ofDays(1));
        assertThat(REDEEM.retention(Duration.ofDays(1)).retention()).isEqualTo(Duration.ofDays(1));
        assertThat(REDEEM.retention(Duration.ofDays(36_500)).retention()).isEqualTo(Duration.ofDays(36_500));
        assertThat(REDEEM.maxStoredBytes(0).maxStoredBytes()).isZero();
        assertThat(REDEEM.maxStoredBytes(64 << 20).maxStoredBytes()).isEqualTo(64 << 20);

        assertRefused(() -> REDEEM.waitAtMost(bit.negated()), "waitAtMost must be PT0S to PT10M, was PT-0.000000001S");
        assertRefused(() -> REDEEM.waitAtMost(Duration.ofMinutes(10).plus(bit)), "was PT10M0.000000001S");
        assertRefused(
                () -> REDEEM.lease(Duration.ofSeconds(1).minus(bit)),
                "lease must be PT1S to PT24H, was PT0.999999999S");
        assertRefused(() -> REDEEM.lease(Duration.ofDays(1).plus(bit)), "was PT24H0.000000001S");
        assertRefused(
                () -> REDEEM.retention(Duration.ofDays(1).minus(bit)),
                "retention must be PT24H to PT876000H, was PT23H59M59.999999999S");
        assertRefused(() -> REDEEM.retention(Duration.ofDays(36_500).plus(bit)), "was PT876000H0.000000001S");
        assertRefused(() -> REDEEM.maxStoredBytes(-1), "maxStoredBytes must be 0 to 67108864, was -1");
        assertRefused(() -> REDEEM.maxStoredBytes((64 << 20) + 1), "was 67108865");
    }

    @Test
    void aNameIsNotBlankAndCanBeStored() {
        assertThat(Operation.of("x".repeat(128)).name()).hasSize(128);
        assertRefused(() -> Operation.of(""), "operation must have 1 to 128 characters, was empty");
        assertRefused(() -> Operation.of(" "), "operation must not be blank, was \" \"");
        assertRefused(
                () -> Operation.financial("x".repeat(129), String.class), "operation must have 1 to 128 characters");
        assertRefused(() -> Operation.of("a\u0000", String.class), "operation must not contain the character U+0000");
    }

    @Test
    void nullIsRefusedAtOnce() {
        assertThatThrownBy(() -> Operation.of(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> Operation.of("a", null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("type");
        assertThatThrownBy(() -> REDEEM.waitAtMost(null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("waitAtMost");
        assertThatThrownBy(() -> REDEEM.lease(null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("lease");
        assertThatThrownBy(() -> REDEEM.retention(null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("retention");
        assertThatThrownBy(() -> REDEEM.retryableWhen(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> REDEEM.storing(null)).isInstanceOf(NullPointerException.class);
    }

    private static void assertRefused(ThrowingCallable call, String message) {
        assertThatIllegalArgumentException().isThrownBy(call).withMessageContaining(message);
    }
}
